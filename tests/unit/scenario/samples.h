/* SPDX-License-Identifier: MIT */
/* Scenarios that are right, for the tests that need some; each shows another part of the form. */
#ifndef LP_TESTS_SAMPLES_H
#define LP_TESTS_SAMPLES_H

struct sample {
    const char *name;
    const char *text;
};

static const struct sample samples[] = {
    {"smallest", "store: {driver: word}\nsteps: [add]\n"},
    {"story", "title: One writer ignores the flock\n"
              "summary: |\n"
              "  flock is advisory;\n"
              "\n"
              "    a process that never asks is never stopped. \"\\ \xc3\xa9 \xf0\x9f\x94\x92\n"
              "why: \"tab\\there, bell\\a, nel\\N, c1\\u0081, bom\\ufeff, fffe\\ufffe end\"\n"
              "fix: >-\n"
              "  Lock\n"
              "  there too.\n"
              "expect: broken\n"
              "cause: advisory-bypass\n"
              "store: {driver: file, path: \"{shared}/counter\", format: plain}\n"
              "lock: {path: '{private}/{node}/{run}', driver: flock, poll: 1.5ms}\n"
              "containers: 2\n"
              "groups:\n"
              "  - {name: polite, workers: 7, steps: [lock, read, think 200us, write, unlock]}\n"
              "  - name: rogue\n"
              "    workers: 1\n"
              "    container: 1\n"
              "    pause: 0\n"
              "    on-error: continue\n"
              "    steps:\n"
              "      - read\n"
              "      - think 1500ns..1h\n"
              "      - write\n"
              "rounds: 1000\n"},
    {"all-keys",
     "title: all\nstart: -1000000000000000\nduration: 1m\nrounds: 7\ndeadline: 1us\n"
     "timeout: 24h\nmin-meetings: 1\nburst: 0\nmisuse: yes\nseed: 18446744073709551615\n"
     "explore: {workers: 3, rounds: 1}\nplacement: namespace\nneeds: [namespace]\n"
     "store: {driver: sqlite, path: x}\non-busy: retry-write\npause: 10us..1ms\nworkers: 10000\n"
     "steps: [commit, begin exclusive, read, write, begin immediate]\n"},
    {"locks",
     "store: {driver: redis, key: \"a b\", odd key: \"\"}\n"
     "locks:\n  a: {driver: flock, path: a}\n  b-1: {driver: mutex}\n  lock: {driver: redis}\n"
     "duration: 1500ms\n"
     "steps: [lock a shared, upgrade a, trylock b-1, lock lock shared, read, cas, read, write,\n"
     "  begin deferred, rollback, close lock, close a, close store, reopen a, reopen store,\n"
     "  reopen lock, unlock b-1]\n"},
    {"one-named-lock", "store: {driver: word}\nlocks: {only: {driver: flock, path: x}}\n"
                       "steps: [lock shared, read, unlock, lock only, unlock only]\n"},
    {"anchors",
     "store: &s {driver: sqlite, path: x}\nlock: *s\n"
     "groups:\n  - {steps: &t [lock, read, write, unlock]}\n  - {steps: *t, workers: 2}\n"},
    {"byte-order-mark", "\xef\xbb\xbfstore: {driver: word}\nsteps: [read, write]\n"},
};

#endif
