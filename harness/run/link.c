/* SPDX-License-Identifier: MIT */
/* TLS 1.3 with an external pre-shared key by OpenSSL (SSL_CTX_set_psk_find_session_callback(3)). */
#include "run/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"

/* ---- frames ---- */

struct head {
    uint32_t type;
    uint32_t len;
};

void lp_link_send(struct lp_link *link, uint32_t type, const void *payload, size_t len)
{
    struct head head = {.type = type, .len = (uint32_t)len};
    lp_str_add_bytes(&link->out, &head, sizeof head);
    lp_str_add_bytes(&link->out, payload, len);
}

bool lp_link_next(struct lp_link *link, struct lp_frame *frame)
{
    struct head head;
    size_t left = link->in.len - link->taken;
    if (link->taken > 0 && left < link->in.len) {
        memmove(link->in.ptr, link->in.ptr + link->taken, left + 1);
        link->in.len = left;
        link->taken = 0;
    }
    if (left < sizeof head)
        return false;
    memcpy(&head, link->in.ptr, sizeof head);
    if (left - sizeof head < head.len)
        return false;
    *frame = (struct lp_frame){head.type, link->in.ptr + sizeof head, head.len};
    link->taken = sizeof head + head.len;
    return true;
}

/* Is what came so far the beginning of a frame that can be? */
static bool is_sane(const struct lp_link *link)
{
    struct head head;
    if (link->in.len - link->taken < sizeof head)
        return true;
    memcpy(&head, link->in.ptr + link->taken, sizeof head);
    return head.len <= LP_LINK_FRAME_MAX;
}

/* To close a socket with something unread in it would take back what was sent (RFC 1122,
   4.2.2.13), so it is read to its end. */
void lp_link_finish(struct lp_link *link, uint64_t deadline_ns)
{
    struct lp_err err;
    for (;;) {
        uint64_t now_ns = lp_clock_ns();
        struct pollfd polled = {.fd = link->fd};
        if (now_ns >= deadline_ns || lp_link_pump(link, &err) == -1)
            return;
        lp_str_clear(&link->in);
        link->taken = 0;
        polled.events = lp_link_events(link);
        poll(&polled, 1, (int)((deadline_ns - now_ns) / LP_MS) + 1);
    }
}

#ifdef LP_HAVE_OPENSSL

#include <openssl/err.h>
#include <openssl/ssl.h>

#define IDENTITY "lockproof"
#define CIPHER "TLS_AES_128_GCM_SHA256"
static const unsigned char cipher_id[] = {0x13, 0x01};

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text ? text : "the connection was closed";
}

/* A session that stands for the key. */
static SSL_SESSION *session_of(SSL *tls)
{
    const struct lp_link_key *key = SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls));
    const SSL_CIPHER *cipher = SSL_CIPHER_find(tls, cipher_id);
    SSL_SESSION *session = SSL_SESSION_new();
    if (!session || !cipher || !SSL_SESSION_set1_master_key(session, key->bytes, LP_LINK_KEY) ||
        !SSL_SESSION_set_cipher(session, cipher) ||
        !SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION)) {
        SSL_SESSION_free(session);
        return NULL;
    }
    return session;
}

static int find_session(SSL *tls, const unsigned char *identity, size_t len, SSL_SESSION **session)
{
    *session = NULL;
    if (len != strlen(IDENTITY) || memcmp(identity, IDENTITY, len) != 0)
        return 1; /* no such key: there is no certificate either, so the handshake fails */
    *session = session_of(tls);
    return *session != NULL;
}

static int use_session(SSL *tls, const EVP_MD *digest, const unsigned char **identity, size_t *len,
                       SSL_SESSION **session)
{
    (void)digest;
    *session = session_of(tls);
    *identity = (const unsigned char *)IDENTITY;
    *len = strlen(IDENTITY);
    return *session != NULL;
}

static SSL_CTX *make_role(const struct lp_link_key *key, const SSL_METHOD *method,
                          struct lp_err *err)
{
    SSL_CTX *role = SSL_CTX_new(method);
    struct lp_link_key *kept = lp_alloc(1, sizeof *kept);
    *kept = *key;
    if (!role || !SSL_CTX_set_min_proto_version(role, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(role, CIPHER) || !SSL_CTX_set_num_tickets(role, 0)) {
        lp_err_set(err, LP_ERR_SELF, "OpenSSL does not start: %s", reason());
        SSL_CTX_free(role);
        OPENSSL_cleanse(kept, sizeof *kept);
        free(kept);
        return NULL;
    }
    SSL_CTX_set_app_data(role, kept);
    SSL_CTX_set_mode(role, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return role;
}

void *lp_link_server(const struct lp_link_key *key, struct lp_err *err)
{
    SSL_CTX *role = make_role(key, TLS_server_method(), err);
    if (role)
        SSL_CTX_set_psk_find_session_callback(role, find_session);
    return role;
}

void *lp_link_client(const struct lp_link_key *key, struct lp_err *err)
{
    SSL_CTX *role = make_role(key, TLS_client_method(), err);
    if (role)
        SSL_CTX_set_psk_use_session_callback(role, use_session);
    return role;
}

void lp_link_role_free(void *role)
{
    if (!role)
        return;
    struct lp_link_key *key = SSL_CTX_get_app_data(role);
    OPENSSL_cleanse(key, sizeof *key);
    free(key);
    SSL_CTX_free(role);
}

int lp_link_init(struct lp_link *link, void *role, int fd, bool server, struct lp_err *err)
{
    int one = 1;
    *link = (struct lp_link){.fd = fd, .tls = SSL_new(role)};
    lp_str_init(&link->in);
    lp_str_init(&link->out);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (!link->tls || !SSL_set_fd(link->tls, fd) ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1) {
        lp_err_set(err, LP_ERR_SELF, "unable to begin TLS: %s", reason());
        lp_link_release(link);
        return -1;
    }
    if (server)
        SSL_set_accept_state(link->tls);
    else
        SSL_set_connect_state(link->tls);
    return 0;
}

void lp_link_release(struct lp_link *link)
{
    if (link->tls)
        SSL_free(link->tls);
    if (link->fd > 0)
        close(link->fd);
    lp_str_release(&link->in);
    lp_str_release(&link->out);
    *link = (struct lp_link){.fd = -1};
}

/* 0: go on later; -1: over. */
static int after(struct lp_link *link, int result, const char *doing, struct lp_err *err)
{
    int why = SSL_get_error(link->tls, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return 0;
    if (why == SSL_ERROR_SYSCALL && errno)
        return lp_err_sys(err, LP_ERR_SELF, errno, "%s", doing);
    return lp_err_set(err, LP_ERR_SELF, "%s: %s", doing,
                      why == SSL_ERROR_ZERO_RETURN ? "the other side closed it" : reason());
}

static int read_all(struct lp_link *link, struct lp_err *err)
{
    char bytes[16384];
    for (;;) {
        errno = 0;
        int got = SSL_read(link->tls, bytes, sizeof bytes);
        if (got <= 0)
            return after(link, got, "reading", err);
        lp_str_add_bytes(&link->in, bytes, (size_t)got);
        if (!is_sane(link))
            return lp_err_set(err, LP_ERR_SELF, "reading: a frame that cannot be");
    }
}

static int write_all(struct lp_link *link, struct lp_err *err)
{
    size_t sent = 0;
    int result = 0;
    while (sent < link->out.len) {
        errno = 0;
        int put = SSL_write(link->tls, link->out.ptr + sent, (int)(link->out.len - sent));
        if (put <= 0) {
            result = after(link, put, "writing", err);
            break;
        }
        sent += (size_t)put;
    }
    if (sent > 0) {
        memmove(link->out.ptr, link->out.ptr + sent, link->out.len - sent + 1);
        link->out.len -= sent;
    }
    return result;
}

int lp_link_pump(struct lp_link *link, struct lp_err *err)
{
    if (!link->shaken) {
        errno = 0;
        int done = SSL_do_handshake(link->tls);
        if (done != 1)
            return after(link, done, "handshake", err);
        link->shaken = true;
    }
    if (write_all(link, err) == -1)
        return -1;
    return read_all(link, err);
}

short lp_link_events(const struct lp_link *link)
{
    bool writes = link->shaken ? link->out.len > 0 : SSL_want_write(link->tls);
    return (short)(POLLIN | (writes ? POLLOUT : 0));
}

/* Until the handshake is over: a wrong key is told by the other side's refusal. */
static int shake(struct lp_link *link, uint64_t deadline_ns, struct lp_err *err)
{
    while (!link->shaken) {
        uint64_t now_ns = lp_clock_ns();
        struct pollfd polled = {.fd = link->fd, .events = lp_link_events(link)};
        if (lp_link_pump(link, err) == -1)
            return -1;
        if (link->shaken)
            break;
        if (now_ns >= deadline_ns)
            return lp_err_set(err, LP_ERR_SELF, "handshake: no answer");
        polled.events = lp_link_events(link);
        poll(&polled, 1, (int)((deadline_ns - now_ns) / LP_MS) + 1);
    }
    return 0;
}

int lp_link_dial(struct lp_link *link, void *role, const char *address, uint64_t deadline_ns,
                 struct lp_err *err)
{
    *link = (struct lp_link){.fd = -1};
    for (;;) {
        int fd = lp_link_connect(address, err);
        if (fd != -1) {
            if (lp_link_init(link, role, fd, false, err) == -1)
                return -1;
            if (shake(link, deadline_ns, err) == 0)
                return 0;
            lp_link_release(link);
            return -1; /* somebody is there, and it is not for us */
        }
        if (lp_clock_ns() >= deadline_ns)
            return -1;
        /* Nobody tells when a port on another host begins to listen. */
        lp_clock_sleep_until(lp_clock_ns() + 200 * LP_MS);
    }
}

#else /* !LP_HAVE_OPENSSL */

static int without(struct lp_err *err)
{
    lp_err_set(err, LP_ERR_NEED, "built without OpenSSL, so no other host can be spoken to");
    snprintf(err->remedy, sizeof err->remedy, "apt-get install libssl-dev, then make");
    return -1;
}

void *lp_link_server(const struct lp_link_key *key, struct lp_err *err)
{
    (void)key;
    without(err);
    return NULL;
}

void *lp_link_client(const struct lp_link_key *key, struct lp_err *err)
{
    (void)key;
    without(err);
    return NULL;
}

void lp_link_role_free(void *role)
{
    (void)role;
}

int lp_link_init(struct lp_link *link, void *role, int fd, bool server, struct lp_err *err)
{
    (void)role, (void)fd, (void)server;
    *link = (struct lp_link){.fd = -1};
    return without(err);
}

void lp_link_release(struct lp_link *link)
{
    *link = (struct lp_link){.fd = -1};
}

int lp_link_pump(struct lp_link *link, struct lp_err *err)
{
    (void)link;
    return without(err);
}

short lp_link_events(const struct lp_link *link)
{
    (void)link;
    return POLLIN;
}

int lp_link_dial(struct lp_link *link, void *role, const char *address, uint64_t deadline_ns,
                 struct lp_err *err)
{
    (void)role, (void)deadline_ns;
    *link = (struct lp_link){.fd = -1};
    int fd = lp_link_connect(address, err);
    if (fd != -1)
        close(fd);
    return without(err);
}

#endif
