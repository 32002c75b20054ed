/* SPDX-License-Identifier: MIT */
/* What comes of one connection: its clock, and its history files. */
#include "run/relay_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"

/* So many round trips one after the other, at each tick: the shortest counts. */
#define PINGS_IN_A_ROW 4
#define FILE_MAX (UINT64_C(1) << 36)

void lp_relay_ping(struct lp_peer *peer)
{
    if (peer->asked)
        return;
    uint64_t now_ns = lp_clock_ns();
    if (peer->while_ns == 0)
        peer->while_ns = peer->heard_ns = now_ns;
    peer->asked = true;
    lp_link_send(&peer->link, LP_FRAME_PING, &now_ns, sizeof now_ns);
}

/* What was known, grown by what clocks may have drifted since, and what this while says, speak for
   it and its neighbours together. Before the gate only the last while counts. */
static void end_while(struct lp_relaying *self, struct lp_peer *peer, uint64_t now_ns)
{
    uint64_t lasted_ns = now_ns - peer->while_ns;
    lp_offset_follow(&peer->current, &peer->best, lasted_ns);
    if (!self->gate_told)
        peer->all.known = false;
    lp_offset_cover(&peer->all, &peer->current, lasted_ns);
    peer->best = (struct lp_offset){0};
    peer->while_ns = now_ns;
}

void lp_relay_pong(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame)
{
    struct lp_frame_clock clock;
    uint64_t now_ns = lp_clock_ns();
    if (frame->len != sizeof clock)
        return;
    memcpy(&clock, frame->payload, sizeof clock);
    peer->asked = false;
    if (now_ns < clock.asked_ns)
        return; /* not of a ping of ours */
    uint64_t trip_ns = now_ns - clock.asked_ns;
    if (!peer->best.known || trip_ns < peer->best_trip_ns) {
        peer->best_trip_ns = trip_ns;
        peer->best = lp_offset_of(clock.asked_ns, clock.answered_ns, now_ns);
    }
    if (++peer->pings % PINGS_IN_A_ROW == 0)
        end_while(self, peer, now_ns);
    else
        lp_relay_ping(peer);
}

/* Only names that a container's agent has reason to send: nobody writes elsewhere. */
static bool is_history_name(const char *name)
{
    static const char *const kinds[] = {"worker-", "container-"};
    for (size_t i = 0; i < LP_ARRAY_LEN(kinds); i++) {
        size_t len = strlen(kinds[i]);
        if (strncmp(name, kinds[i], len) == 0 && strspn(name + len, "0123456789") >= 5 &&
            strcmp(name + len + strspn(name + len, "0123456789"), ".lph") == 0)
            return true;
    }
    return false;
}

int lp_relay_write(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame)
{
    struct lp_frame_data data;
    if (frame->len < sizeof data)
        return 0;
    memcpy(&data, frame->payload, sizeof data);
    const char *bytes = frame->payload + sizeof data;
    size_t len = frame->len - sizeof data;
    if (!memchr(data.name, '\0', sizeof data.name) || !is_history_name(data.name) ||
        data.offset > FILE_MAX)
        return 0;
    int fd = openat(self->plan->history_fd, data.name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ssize_t put = fd == -1 ? -1 : pwrite(fd, bytes, len, (off_t)data.offset);
    int failed = put < 0 ? errno : ENOSPC;
    if (fd != -1)
        close(fd);
    if (put == (ssize_t)len)
        return 0;
    struct lp_err err = {0};
    lp_err_sys(&err, LP_ERR_SELF, failed, "no room for the history of container %u", peer->number);
    lp_trouble_set(&self->plan->control->trouble, &err);
    return -1;
}

static int finish_file(struct lp_relaying *self, const struct lp_peer *peer, const char *name,
                       struct lp_err *err)
{
    if (faccessat(self->plan->history_fd, name, F_OK, 0) == -1)
        return 0; /* never heard of: its absence is told by the history itself */
    if (lp_offset_apply(&peer->all, self->plan->history_fd, name, err) == -1)
        return -1;
    if (peer->state == LP_PEER_LOST)
        lp_history_cut(self->plan->history_fd, name);
    return 0;
}

static void note_clock(const struct lp_relaying *self, const struct lp_peer *peer)
{
    char stamp[32];
    if (self->log_fd != -1)
        dprintf(self->log_fd, "%s %s clock of container %u ahead by %lld to %lld ns, %u answers\n",
                lp_clock_stamp(stamp, sizeof stamp), peer->from, peer->number,
                (long long)peer->all.low_ns, (long long)peer->all.high_ns, peer->pings);
}

int lp_relay_finish(struct lp_relaying *self, struct lp_err *err)
{
    const struct lp_scenario *scenario = self->plan->scenario;
    for (size_t i = 0; i < self->peer_room; i++) {
        struct lp_peer *peer = &self->peers[i];
        char name[32];
        if (peer->state != LP_PEER_DONE && peer->state != LP_PEER_LOST)
            continue;
        end_while(self, peer, lp_clock_ns());
        note_clock(self, peer);
        snprintf(name, sizeof name, "container-%05u.lph", peer->number);
        if (finish_file(self, peer, name, err) == -1)
            return -1;
        for (uint32_t w = 0; w < self->plan->control->worker_count; w++) {
            if (lp_scenario_seat(scenario, w).container != peer->number)
                continue;
            snprintf(name, sizeof name, "worker-%05u.lph", w);
            if (finish_file(self, peer, name, err) == -1)
                return -1;
        }
    }
    return 0;
}
