/* SPDX-License-Identifier: MIT */
/* The coordinator's side of containers on other hosts: one loop over all connections. */
#include "run/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "run/relay_peer.h"
#include "run/told.h"

/* A stranger that connects and says nothing is let go. */
#define JOIN_NS (5 * LP_SEC)
#define PING_NS (100 * LP_MS)
/* An agent that does not even answer pings any more is lost, before TCP would say so. */
#define SILENCE_NS (10 * LP_SEC)
/* Operations that a lost host leaves waiting are not waited for longer than this. */
#define GRACE_NS (2 * LP_SEC)
#define STRANGERS_MAX 64

/* ---- in the command ---- */

int lp_relay_init(struct lp_relay *relay, const char *listen, const char *key_file,
                  const char *run_dir, struct lp_err *err)
{
    *relay = (struct lp_relay){.used = true, .listen_fd = -1};
    snprintf(relay->log, sizeof relay->log, "%s/joins.log", run_dir);
    int made = key_file ? lp_link_key_read(&relay->key, key_file, err)
                        : lp_link_key_make(&relay->key, err);
    if (made == -1 || !(relay->role = lp_link_server(&relay->key, err)))
        return -1;
    relay->listen_fd = lp_link_listen(listen, &relay->port, err);
    return relay->listen_fd == -1 ? -1 : 0;
}

void lp_relay_release(struct lp_relay *relay)
{
    lp_link_role_free(relay->role);
    if (relay->used && relay->listen_fd != -1)
        close(relay->listen_fd);
    *relay = (struct lp_relay){.listen_fd = -1};
}

/* ---- telling all ---- */

static void tell(struct lp_relaying *self, uint32_t type, const uint32_t *word)
{
    for (size_t i = 0; i < self->peer_room; i++)
        if (self->peers[i].state == LP_PEER_JOINED)
            lp_link_send(&self->peers[i].link, type, word, word ? sizeof *word : 0);
}

static void stop_all(struct lp_relaying *self)
{
    if (self->stopping_ns)
        return;
    self->stopping_ns = lp_clock_ns();
    atomic_store(&self->plan->control->stop, 1);
    tell(self, LP_FRAME_STOP, NULL);
}

static unsigned workers_of(const struct lp_relaying *self, unsigned container)
{
    unsigned count = 0, total = self->plan->control->worker_count;
    for (uint32_t i = 0; i < total; i++)
        count += lp_scenario_seat(self->plan->scenario, i).container == container;
    return count;
}

static void count_ended(struct lp_relaying *self, struct lp_peer *peer, uint32_t ended)
{
    struct lp_control *control = self->plan->control;
    if (ended <= peer->ended)
        return;
    uint32_t grown = ended - peer->ended;
    peer->ended = ended;
    if (atomic_fetch_add(&control->ended, grown) + grown >= control->worker_count) {
        atomic_store(&control->closed_ns, lp_clock_ns());
        tell(self, LP_FRAME_ALL_ENDED, NULL);
    }
    lp_futex_wake_all(&control->ended);
}

/* A burst begins when all have arrived that still have workers. */
static void release_burst(struct lp_relaying *self)
{
    uint32_t lowest = UINT32_MAX;
    for (size_t i = 0; i < self->peer_room; i++) {
        const struct lp_peer *peer = &self->peers[i];
        if (peer->state != LP_PEER_JOINED || peer->ended >= workers_of(self, peer->number))
            continue;
        lowest = peer->arrived < lowest ? peer->arrived : lowest;
    }
    if (lowest == UINT32_MAX || lowest <= self->released)
        return;
    self->released = lowest;
    tell(self, LP_FRAME_RELEASE, &lowest);
}

static void lose(struct lp_relaying *self, struct lp_peer *peer, const char *why)
{
    struct lp_err err = {0};
    lp_err_set(&err, LP_ERR_SELF, "container %u on %s was lost: %.200s", peer->number, peer->host,
               why);
    lp_trouble_set(&self->plan->control->trouble, &err);
    lp_relay_note(self, peer, err.text);
    lp_link_release(&peer->link);
    peer->state = LP_PEER_LOST;
    self->over++;
    count_ended(self, peer, workers_of(self, peer->number));
    stop_all(self);
    lp_event_tell(self->plan->event_fd);
}

/* ---- hearing one ---- */

static uint32_t word_of(const struct lp_frame *frame)
{
    uint32_t word = 0;
    if (frame->len >= sizeof word)
        memcpy(&word, frame->payload, sizeof word);
    return word;
}

static void hear_trouble(struct lp_relaying *self, const struct lp_frame *frame)
{
    struct lp_err err = {0};
    if (frame->len < sizeof(uint32_t))
        return;
    enum lp_err_kind kind = word_of(frame) == LP_ERR_NEED ? LP_ERR_NEED : LP_ERR_SELF;
    lp_err_set(&err, kind, "%.*s", (int)(frame->len - sizeof(uint32_t)),
               frame->payload + sizeof(uint32_t));
    lp_trouble_set(&self->plan->control->trouble, &err);
}

static void hear_complaint(struct lp_relaying *self, const struct lp_frame *frame)
{
    struct lp_err err = {0};
    lp_err_set(&err, LP_ERR_SELF, "%.*s", (int)frame->len, frame->payload);
    lp_trouble_set(&self->plan->control->complaint, &err);
}

static void hear_rounds(struct lp_relaying *self, const struct lp_frame *frame)
{
    struct lp_control *control = self->plan->control;
    struct lp_frame_rounds rounds;
    for (size_t at = 0; at + sizeof rounds <= frame->len; at += sizeof rounds) {
        memcpy(&rounds, frame->payload + at, sizeof rounds);
        if (rounds.worker < control->worker_count)
            atomic_store(&control->slots[rounds.worker].rounds, rounds.rounds);
    }
}

static void hear(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame)
{
    struct lp_control *control = self->plan->control;
    uint32_t word = word_of(frame);
    switch (frame->type) {
    case LP_FRAME_PONG:
        lp_relay_pong(self, peer, frame);
        break;
    case LP_FRAME_PREPARED:
        word = atomic_fetch_add(&control->prepared, 1) + 1;
        lp_futex_wake_all(&control->prepared);
        tell(self, LP_FRAME_TURN, &word);
        break;
    case LP_FRAME_READY:
        atomic_fetch_add(&control->ready, word - peer->ready);
        peer->ready = word;
        break;
    case LP_FRAME_ARRIVED:
        peer->arrived = word;
        release_burst(self);
        break;
    case LP_FRAME_ENDED:
        count_ended(self, peer, word);
        release_burst(self);
        break;
    case LP_FRAME_ROUNDS:
        hear_rounds(self, frame);
        return;
    case LP_FRAME_DATA:
        if (lp_relay_write(self, peer, frame) == -1)
            stop_all(self);
        return;
    case LP_FRAME_TROUBLE:
        hear_trouble(self, frame);
        stop_all(self);
        break;
    case LP_FRAME_COMPLAINT:
        hear_complaint(self, frame);
        break;
    case LP_FRAME_DONE:
        peer->state = LP_PEER_DONE;
        self->over++;
        break;
    default:
        break;
    }
    lp_event_tell(self->plan->event_fd);
}

static void serve(struct lp_relaying *self, struct lp_peer *peer)
{
    struct lp_err err = {0};
    struct lp_frame frame;
    bool known = peer->link.shaken;
    int pumped = lp_link_pump(&peer->link, &err);
    if (!known && peer->link.shaken)
        peer->since_ns = lp_clock_ns();
    while (peer->state != LP_PEER_NONE && peer->link.fd > 0 && lp_link_next(&peer->link, &frame)) {
        peer->heard_ns = lp_clock_ns();
        if (peer->state != LP_PEER_STRANGER)
            hear(self, peer, &frame);
        else if (frame.type == LP_FRAME_HELLO)
            lp_relay_hello(self, peer, &frame);
    }
    if (pumped == 0 || peer->state == LP_PEER_NONE)
        return;
    char text[300];
    snprintf(text, sizeof text, "refused: %.250s", err.text);
    if (peer->state == LP_PEER_STRANGER)
        lp_relay_drop(self, peer, text);
    else if (peer->state == LP_PEER_JOINED)
        lose(self, peer, err.text);
    else
        lp_link_release(&peer->link);
}

/* ---- the loop ---- */

static void drain(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) == -1 && errno == EINTR)
        ;
}

static void tick(struct lp_relaying *self)
{
    uint64_t now_ns = lp_clock_ns();
    for (size_t i = 0; i < self->peer_room; i++) {
        struct lp_peer *peer = &self->peers[i];
        if (peer->state == LP_PEER_STRANGER && now_ns - peer->since_ns > JOIN_NS)
            lp_relay_drop(self, peer, "refused: said nothing");
        if (peer->state == LP_PEER_JOINED && now_ns - peer->heard_ns > SILENCE_NS)
            lose(self, peer, "it does not answer");
        if (peer->state == LP_PEER_JOINED)
            lp_relay_ping(peer);
    }
    if (self->stopping_ns && now_ns - self->stopping_ns > GRACE_NS)
        tell(self, LP_FRAME_KILL, NULL);
}

/* Gate and stop are words of the runner's. */
static void look_at_control(struct lp_relaying *self)
{
    uint32_t gate = atomic_load(&self->plan->control->gate);
    if (gate != LP_GATE_CLOSED && !self->gate_told) {
        self->gate_told = true;
        tell(self, LP_FRAME_GATE, &gate);
    }
    if (atomic_load(&self->plan->control->stop))
        stop_all(self);
}

static void turn(struct lp_relaying *self)
{
    nfds_t count = 0;
    struct pollfd *polled = self->polled;
    const int own[] = {self->relay->listen_fd, self->wake_fd, self->timer_fd, self->signal_fd};
    for (; count < LP_ARRAY_LEN(own); count++)
        polled[count] = (struct pollfd){.fd = own[count], .events = POLLIN};
    for (size_t i = 0; i < self->peer_room; i++) {
        struct lp_peer *peer = &self->peers[i];
        bool open = peer->state != LP_PEER_NONE && peer->link.fd > 0;
        polled[count + i] = (struct pollfd){.fd = open ? peer->link.fd : -1};
        if (open)
            polled[count + i].events = lp_link_events(&peer->link);
    }
    if (poll(polled, count + self->peer_room, -1) <= 0)
        return;
    for (size_t i = 0; i < self->peer_room; i++)
        if (polled[count + i].revents && self->peers[i].state != LP_PEER_NONE)
            serve(self, &self->peers[i]);
    if (polled[1].revents)
        drain(self->wake_fd);
    if (polled[2].revents) {
        drain(self->timer_fd);
        tick(self);
    }
    if (polled[3].revents) {
        struct signalfd_siginfo info;
        if (read(self->signal_fd, &info, sizeof info) > 0)
            tell(self, LP_FRAME_KILL, NULL);
    }
    look_at_control(self);
    if (polled[0].revents)
        lp_relay_accept(self);
}

/* Wakes the loop when one of the runner's words changes. */
struct watch {
    _Atomic uint32_t *word;
    uint32_t value;
    int wake_fd;
};

static void *watch_word(void *argument)
{
    const struct watch *watch = argument;
    lp_futex_wait(watch->word, watch->value, LP_FOREVER);
    lp_event_tell(watch->wake_fd);
    return NULL;
}

static void watch_words(struct lp_relaying *self, struct watch watches[2])
{
    struct lp_control *control = self->plan->control;
    watches[0] = (struct watch){&control->gate, LP_GATE_CLOSED, self->wake_fd};
    watches[1] = (struct watch){&control->stop, 0, self->wake_fd};
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, watch_word, &watches[i]) == 0)
            pthread_detach(thread);
    }
}

/* All are told that they may go. */
static void say_goodbye(struct lp_relaying *self)
{
    uint64_t until_ns = lp_clock_ns() + GRACE_NS;
    for (size_t i = 0; i < self->peer_room; i++)
        if (self->peers[i].state != LP_PEER_NONE && self->peers[i].link.fd > 0)
            lp_link_send(&self->peers[i].link, LP_FRAME_BYE, NULL, 0);
    for (size_t i = 0; i < self->peer_room; i++) {
        struct lp_peer *peer = &self->peers[i];
        if (peer->state == LP_PEER_NONE || peer->link.fd <= 0)
            continue;
        lp_link_finish(&peer->link, until_ns);
        lp_link_release(&peer->link);
    }
}

void lp_relay_main(const struct lp_relay *relay, const struct lp_container_plan *plan)
{
    sigset_t signals;
    struct watch watches[2];
    unsigned containers = plan->scenario->containers;
    struct lp_relaying self = {
        .relay = relay,
        .plan = plan,
        .peer_room = containers + STRANGERS_MAX,
        .wake_fd = eventfd(0, EFD_CLOEXEC),
        .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
        .log_fd = open(relay->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644),
    };
    struct itimerspec often = {{0, (long)PING_NS}, {0, (long)PING_NS}};
    struct lp_err err = {0};
    self.peers = lp_alloc(self.peer_room, sizeof *self.peers);
    self.polled = lp_alloc(4 + self.peer_room, sizeof *self.polled);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, LP_CONTAINER_KILL);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    self.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    timerfd_settime(self.timer_fd, 0, &often, NULL);
    watch_words(&self, watches);
    while (self.over < containers)
        turn(&self);
    if (lp_relay_finish(&self, &err) == -1)
        lp_trouble_set(&plan->control->trouble, &err);
    say_goodbye(&self);
    _exit(0);
}
