/* SPDX-License-Identifier: MIT */
/*
 * The server's URL: "unix:/path", "redis://[[user]:password@]host[:port][/database]" as registered
 * with IANA, or "host:port". The password stays in the struct: every text made of it for people
 * leaves it out, and a URL that does not parse is not quoted.
 */
#include "drivers/redis/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies `len` bytes, "%41" as 'A'. -1 when it does not fit or is no such text. */
static int copy_decoded(char *to, size_t size, const char *from, size_t len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)from[i];
        if (c == '%') {
            if (len - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
                return -1;
            c = hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]);
            i += 2;
        }
        if (c == '\0' || used + 1 >= size)
            return -1;
        to[used++] = (char)c;
    }
    to[used] = '\0';
    return 0;
}

static int parse_number(const char *text, size_t len, unsigned max, unsigned *number)
{
    unsigned value = 0;
    if (len == 0 || len > 5)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *number = value;
    return value <= max ? 0 : -1;
}

/* "host", "host:port", "[v6]:port" of `len` bytes. */
static int parse_host_port(struct redis_address *address, const char *text, size_t len)
{
    const char *end = text + len;
    const char *host = text, *host_end;
    unsigned port = 6379;

    if (len > 0 && *text == '[') {
        host = text + 1;
        host_end = memchr(text, ']', len);
        if (!host_end)
            return -1;
        text = host_end + 1;
    } else {
        host_end = memchr(text, ':', len);
        if (!host_end)
            host_end = end;
        text = host_end;
    }
    if (text < end) {
        if (*text != ':' || parse_number(text + 1, (size_t)(end - text) - 1, 65535, &port) == -1)
            return -1;
    }
    if (host == host_end ||
        copy_decoded(address->host, sizeof address->host, host, (size_t)(host_end - host)) == -1)
        return -1;
    snprintf(address->port, sizeof address->port, "%u", port);
    return 0;
}

/* "[user][:password]" of `len` bytes. */
static int parse_secret(struct redis_address *address, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;

    if (copy_decoded(address->user, sizeof address->user, text, user_len) == -1)
        return -1;
    if (!colon)
        return 0;
    return copy_decoded(address->password, sizeof address->password, colon + 1, len - user_len - 1);
}

static int parse_redis_url(struct redis_address *address, const char *rest, const char **why)
{
    const char *slash = strchr(rest, '/');
    size_t authority = slash ? (size_t)(slash - rest) : strlen(rest);
    /* A password may hold a '@' that nobody encoded; the host cannot. */
    const char *at = memrchr(rest, '@', authority);

    if (at) {
        *why = "the user and password in the server's URL are too long or not encoded";
        if (parse_secret(address, rest, (size_t)(at - rest)) == -1)
            return -1;
        authority -= (size_t)(at - rest) + 1;
        rest = at + 1;
    }
    *why = "the server's URL has no valid HOST:PORT";
    if (parse_host_port(address, rest, authority) == -1)
        return -1;
    *why = "the database in the server's URL is not a number";
    if (slash && slash[1] != '\0')
        return parse_number(slash + 1, strlen(slash + 1), 99999, &address->database);
    return 0;
}

int lp_redis_address(struct redis_address *address, const char *url, const char **why)
{
    memset(address, 0, sizeof *address);
    *why = "no server was given";
    if (!url || *url == '\0')
        return -1;
    if (strncmp(url, "unix:", 5) == 0) {
        const char *path = url + 5;
        if (strncmp(path, "//", 2) == 0)
            path += 2;
        *why = "the path of a unix socket must begin with '/' and has room for 107 bytes";
        if (*path != '/' || strlen(path) >= sizeof address->path)
            return -1;
        memcpy(address->path, path, strlen(path) + 1);
        return 0;
    }
    if (strncmp(url, "redis://", 8) == 0)
        return parse_redis_url(address, url + 8, why);
    *why = "the server's URL is not unix:/PATH, redis://[:PASSWORD@]HOST:PORT/DB or HOST:PORT";
    if (strstr(url, "://"))
        return -1;
    return parse_host_port(address, url, strlen(url));
}

char *lp_redis_address_text(const struct redis_address *address, char *buf, size_t size)
{
    if (address->path[0])
        snprintf(buf, size, "unix:%s", address->path);
    else
        snprintf(buf, size, "%s:%s", address->host, address->port);
    return buf;
}
