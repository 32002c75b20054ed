/* SPDX-License-Identifier: MIT */
/* HTTP to the engine by libcurl, JSON by jansson. */
#include "place/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#ifdef LP_HAVE_CURL
#include <curl/curl.h>

#define DEFAULT_SOCKET "/var/run/docker.sock"
#define API "http://engine/v1.41" /* of Docker 20.10; the first with jobs in a Swarm */
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)

static int no_engine(struct lp_err *err, const char *why)
{
    lp_err_set(err, LP_ERR_NEED, "no Docker engine: %s", why);
    snprintf(err->remedy, sizeof err->remedy,
             "apt-get install docker.io and start it, or set DOCKER_HOST=unix:///path/docker.sock");
    return -1;
}

static size_t collect(char *bytes, size_t size, size_t count, void *into)
{
    struct lp_str *body = into;
    if (body->len + size * count > ANSWER_MAX)
        return 0;
    lp_str_add_bytes(body, bytes, size * count);
    return size * count;
}

/* {"message": "..."} of a refusal, or the bare text. */
static void set_refusal(const struct lp_engine_call *call, long status, const char *body,
                        struct lp_err *err)
{
    json_t *root = json_loads(body, 0, NULL);
    const char *message = json_string_value(json_object_get(root, "message"));
    lp_err_set(err, LP_ERR_SELF, "docker: %.300s (%s %.60s: %ld)", message ? message : body,
               call->method, call->path, status);
    json_decref(root);
}

/* Drives one transfer; 1 done, 0 interrupted, -1 failed with *code. */
static int transfer(CURL *curl, int interrupt_fd, CURLcode *code)
{
    CURLM *multi = curl_multi_init();
    int running = 1, result = -1, left;
    curl_multi_add_handle(multi, curl);
    while (running) {
        struct curl_waitfd extra = {.fd = interrupt_fd, .events = CURL_WAIT_POLLIN};
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            break;
        if (running && curl_multi_poll(multi, &extra, interrupt_fd >= 0, 60000, NULL) != CURLM_OK)
            break;
        if (running && interrupt_fd >= 0 && extra.revents) {
            result = 0;
            break;
        }
    }
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    if (result == -1 && message && message->msg == CURLMSG_DONE) {
        *code = message->data.result;
        result = *code == CURLE_OK ? 1 : -1;
    }
    curl_multi_remove_handle(multi, curl);
    curl_multi_cleanup(multi);
    return result;
}

static int request(struct lp_engine *engine, const struct lp_engine_call *call, struct lp_str *body,
                   struct lp_err *err)
{
    CURL *curl = engine->curl;
    CURLcode code = CURLE_FAILED_INIT;
    char url[1024];
    char *sent = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    json_decref(call->body);
    snprintf(url, sizeof url, API "%s", call->path);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, engine->socket);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (strcmp(call->method, "POST") == 0)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sent ? sent : "");
    int moved = transfer(curl, call->interrupt_fd, &code);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    free(sent);
    if (moved == 0)
        return 0;
    if (moved == -1)
        return lp_err_set(err, LP_ERR_SELF, "docker does not answer at '%s': %s", engine->socket,
                          curl_easy_strerror(code));
    return (int)status;
}

int lp_engine_call(struct lp_engine *engine, const struct lp_engine_call *call, json_t **answer,
                   struct lp_err *err)
{
    struct lp_str body;
    lp_str_init(&body);
    if (answer)
        *answer = NULL;
    int status = request(engine, call, &body, err);
    if (status >= 400)
        set_refusal(call, status, body.ptr, err);
    else if (status > 0 && answer)
        *answer = json_loadb(body.ptr, body.len, JSON_DISABLE_EOF_CHECK, NULL);
    lp_str_release(&body);
    return status;
}

int lp_engine_do(struct lp_engine *engine, const char *method, const char *path, json_t *body,
                 json_t **answer, struct lp_err *err)
{
    struct lp_engine_call call = {.method = method, .path = path, .body = body, .interrupt_fd = -1};
    int status = lp_engine_call(engine, &call, answer, err);
    return status >= 200 && status < 400 ? 0 : -1;
}

/* Frames of a stream: 8 bytes (stream, 0, 0, 0, length in big endian), then the text. */
static void unframe(const struct lp_str *body, char *text, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at + 8 <= body->len;) {
        const unsigned char *head = (const unsigned char *)body->ptr + at;
        size_t len = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
        at += 8;
        for (; len > 0 && at < body->len; at++, len--)
            if (used + 1 < size)
                text[used++] = body->ptr[at] == '\n' ? ' ' : body->ptr[at];
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
}

void lp_engine_logs(struct lp_engine *engine, const char *container, char *text, size_t size)
{
    char path[256];
    struct lp_err err;
    struct lp_str body;
    lp_str_init(&body);
    snprintf(path, sizeof path, "/containers/%s/logs?stdout=1&stderr=1&tail=5", container);
    struct lp_engine_call call = {.method = "GET", .path = path, .interrupt_fd = -1};
    text[0] = '\0';
    if (request(engine, &call, &body, &err) == 200)
        unframe(&body, text, size);
    lp_str_release(&body);
}

int lp_engine_open(struct lp_engine *engine, struct lp_err *err)
{
    static const char scheme[] = "unix://";
    const char *host = getenv("DOCKER_HOST");
    const char *path = DEFAULT_SOCKET;
    *engine = (struct lp_engine){0};
    if (host && *host && strncmp(host, scheme, strlen(scheme)) != 0)
        return no_engine(err, "DOCKER_HOST does not name a unix socket");
    if (host && *host)
        path = host + strlen(scheme);
    if (strlen(path) >= sizeof engine->socket)
        return no_engine(err, "the path in DOCKER_HOST is too long");
    snprintf(engine->socket, sizeof engine->socket, "%s", path);
    engine->curl = curl_easy_init();
    if (!engine->curl)
        return lp_err_set(err, LP_ERR_SELF, "libcurl does not start");
    struct lp_err reason;
    if (lp_engine_do(engine, "GET", "/_ping", NULL, NULL, &reason) == -1) {
        lp_engine_release(engine);
        return no_engine(err, reason.text);
    }
    return 0;
}

void lp_engine_release(struct lp_engine *engine)
{
    if (engine->curl)
        curl_easy_cleanup(engine->curl);
    *engine = (struct lp_engine){0};
}

#else /* !LP_HAVE_CURL */

int lp_engine_open(struct lp_engine *engine, struct lp_err *err)
{
    *engine = (struct lp_engine){0};
    lp_err_set(err, LP_ERR_NEED, "built without libcurl, so no Docker engine can be asked");
    snprintf(err->remedy, sizeof err->remedy, "apt-get install libcurl4-openssl-dev, then make");
    return -1;
}

void lp_engine_release(struct lp_engine *engine)
{
    *engine = (struct lp_engine){0};
}

int lp_engine_call(struct lp_engine *engine, const struct lp_engine_call *call, json_t **answer,
                   struct lp_err *err)
{
    (void)engine;
    json_decref(call->body);
    if (answer)
        *answer = NULL;
    return lp_err_set(err, LP_ERR_NEED, "built without libcurl");
}

int lp_engine_do(struct lp_engine *engine, const char *method, const char *path, json_t *body,
                 json_t **answer, struct lp_err *err)
{
    struct lp_engine_call call = {.method = method, .path = path, .body = body};
    return lp_engine_call(engine, &call, answer, err) < 0 ? -1 : 0;
}

void lp_engine_logs(struct lp_engine *engine, const char *container, char *text, size_t size)
{
    (void)engine, (void)container;
    if (size)
        text[0] = '\0';
}

#endif
