/* SPDX-License-Identifier: MIT */
/*
 * Sending a history while its worker writes it. A record's state is stored last, so states are read
 * first and the records after them: whatever a state of the first reading promises is in the
 * second.
 */
#include "run/agent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/link.h"

#define RECORDS_AT_ONCE 1024

static void send_bytes(const struct lp_stream *stream, struct lp_link *link, uint64_t offset,
                       const void *bytes, size_t len)
{
    struct lp_frame_data data = {.offset = offset};
    struct lp_str payload;
    memcpy(data.name, stream->name, sizeof data.name);
    lp_str_init(&payload);
    lp_str_add_bytes(&payload, &data, sizeof data);
    lp_str_add_bytes(&payload, bytes, len);
    lp_link_send(link, LP_FRAME_DATA, payload.ptr, payload.len);
    lp_str_release(&payload);
}

static void send_header(struct lp_stream *stream, struct lp_link *link)
{
    char header[LP_HISTORY_HEADER_SIZE];
    if (pread(stream->fd, header, sizeof header, 0) != sizeof header)
        return;
    if (!stream->header)
        stream->header = lp_alloc(1, sizeof header);
    else if (memcmp(stream->header, header, sizeof header) == 0)
        return;
    memcpy(stream->header, header, sizeof header);
    send_bytes(stream, link, 0, header, sizeof header);
}

/* Records from `final` on that have begun; how many of them are complete in a row from the first.
 */
static size_t send_records(struct lp_stream *stream, struct lp_link *link, size_t *begun)
{
    static struct lp_record states[RECORDS_AT_ONCE], records[RECORDS_AT_ONCE];
    off_t at = (off_t)(LP_HISTORY_HEADER_SIZE + stream->final * sizeof states[0]);
    ssize_t seen = pread(stream->fd, states, sizeof states, at);
    ssize_t got = seen > 0 ? pread(stream->fd, records, (size_t)seen, at) : 0;
    size_t room = got > 0 ? (size_t)got / sizeof records[0] : 0, complete = 0;
    for (*begun = 0; *begun < room && states[*begun].state != LP_RECORD_EMPTY; (*begun)++) {
        records[*begun].state = states[*begun].state;
        if (complete == *begun && states[*begun].state == LP_RECORD_COMPLETE)
            complete++;
    }
    if (*begun > 0)
        send_bytes(stream, link, (uint64_t)at, records, *begun * sizeof records[0]);
    return complete;
}

void lp_stream_send(struct lp_stream *stream, int folder_fd, struct lp_link *link)
{
    size_t begun, complete;
    if (stream->fd == 0) {
        int fd = openat(folder_fd, stream->name, O_RDONLY | O_CLOEXEC);
        if (fd == -1)
            return;
        stream->fd = fd;
    }
    send_header(stream, link);
    do {
        complete = send_records(stream, link, &begun);
        stream->final += complete;
    } while (complete == RECORDS_AT_ONCE);
}

void lp_stream_release(struct lp_stream *stream)
{
    if (stream->fd > 0)
        close(stream->fd);
    free(stream->header);
    *stream = (struct lp_stream){0};
}
