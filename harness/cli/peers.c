/* SPDX-License-Identifier: MIT */
/* Counting addresses by getaddrinfo(3). */
#include "cli/peers.h"

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/units.h"
#include "os/clock.h"

#define SETTLED_NS (3 * LP_SEC)
#define PATIENCE_NS (60 * LP_SEC)
#define ASK_NS (250 * LP_MS)

static unsigned addresses_of(const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    unsigned count = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return 0;
    for (const struct addrinfo *at = found; at; at = at->ai_next)
        count++;
    freeaddrinfo(found);
    return count;
}

/* A name server tells nobody when an address is added: it is asked again and again. */
int lp_peers_count(const char *host, unsigned *count, struct lp_err *err)
{
    uint64_t begin_ns = lp_clock_ns(), since_ns = begin_ns;
    *count = 0;
    for (;;) {
        unsigned now = addresses_of(host);
        uint64_t now_ns = lp_clock_ns();
        if (now != *count)
            since_ns = now_ns;
        *count = now;
        if (now > 0 && now_ns - since_ns >= SETTLED_NS)
            return 0;
        if (now_ns - begin_ns >= PATIENCE_NS)
            return lp_err_set(err, LP_ERR_USAGE, "option '--peers': '%s' has no address", host);
        lp_clock_sleep_until(now_ns + ASK_NS);
    }
}

int lp_peers_check(const char *listen, const char *secret, const char *peers,
                   struct lp_overrides *overrides, struct lp_err *err)
{
    if (overrides->placement != LP_PLACE_REMOTE)
        return peers ? lp_err_set(err, LP_ERR_USAGE, "option '--peers' needs '--placement remote'")
                     : 0;
    if (!listen || !secret)
        return lp_err_set(err, LP_ERR_USAGE,
                          "placement remote needs '--listen' and '--secret-file'");
    return peers ? lp_peers_count(peers, &overrides->containers, err) : 0;
}
