/* SPDX-License-Identifier: MIT */
/* Calibrating the time-stamp counter against CLOCK_MONOTONIC. */
#include "os/ticks.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define CALIBRATION_NS (20 * LP_MS)
#define LOOKS 32

static bool kernel_trusts_it(void)
{
#if defined(__x86_64__)
    char text[16] = "";
    int fd = open(CLOCKSOURCE, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return false;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    return len >= 4 && strcmp(text, "tsc\n") == 0;
#else
    return false;
#endif
}

/* Both clocks at the same moment: of several looks the one that took the least time. */
static void look(uint64_t *raw, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;
    *raw = *ns = 0;
    for (int i = 0; i < LOOKS; i++) {
        uint64_t before = lp_ticks_raw();
        uint64_t now = lp_clock_ns();
        uint64_t took = lp_ticks_raw() - before;
        if (took < best) {
            best = took;
            *raw = before + took / 2;
            *ns = now;
        }
    }
}

void lp_ticks_init(struct lp_ticks *ticks)
{
    *ticks = (struct lp_ticks){.tsc = kernel_trusts_it()};
    if (!ticks->tsc)
        return;
    uint64_t raw = 0, ns = 0;
    look(&ticks->base_tsc, &ticks->base_ns);
    lp_clock_sleep_until(ticks->base_ns + CALIBRATION_NS);
    look(&raw, &ns);
    if (raw <= ticks->base_tsc || ns <= ticks->base_ns) {
        ticks->tsc = false;
        return;
    }
    ticks->scale =
        (uint64_t)(((unsigned __int128)(ns - ticks->base_ns) << 32) / (raw - ticks->base_tsc));
}

const char *lp_ticks_name(const struct lp_ticks *ticks)
{
    return ticks->tsc ? "tsc" : "monotonic";
}
