/* SPDX-License-Identifier: MIT */
/*
 * A network of two nodes: packets pass, are dropped and counted while the link is cut, in one
 * direction or both, and pass again. Needs root, ip and nft; without them there is nothing to test
 * but that it is said.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fault/network.h"
#include "fault/tool.h"

#define PORT 4711

static struct lp_network network;
static struct lp_err err;
static int sockets[2];

/* A socket of the node: it stays there when we leave. */
static int socket_in(unsigned node)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    ck_assert_int_eq(setns(network.nodes[node].fd, CLONE_NEWNET), 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

/* What is cut is given a moment; what is not comes in its own time on a busy machine. */
enum { MOMENT_MS = 300, PATIENCE_MS = 20000 };

static bool passes_within(unsigned from, unsigned to, int wait_ms)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct pollfd arrived = {.fd = sockets[to], .events = POLLIN};
    char byte = 'x';
    inet_pton(AF_INET, network.nodes[to].address, &name.sin_addr);
    sendto(sockets[from], &byte, 1, 0, (struct sockaddr *)&name, sizeof name);
    if (poll(&arrived, 1, wait_ms) != 1)
        return false;
    return recv(sockets[to], &byte, 1, 0) == 1;
}

static bool passes(unsigned from, unsigned to)
{
    return passes_within(from, to, PATIENCE_MS);
}

static bool is_cut(unsigned from, unsigned to)
{
    return !passes_within(from, to, MOMENT_MS);
}

static void make(void)
{
    ck_assert_msg(lp_network_init(&network, &err) == 0, "%s", err.text);
    int hub = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_msg(lp_network_add(&network, &err) == 0, "%s", err.text);
        sockets[i] = socket_in(i);
        ck_assert_int_eq(setns(hub, CLONE_NEWNET), 0);
    }
    close(hub);
}

START_TEST(what_is_cut_is_dropped_and_counted)
{
    unsigned cut;
    uint64_t packets;
    if (lp_network_usable(&err) == -1) {
        ck_assert_int_eq(err.kind, LP_ERR_NEED);
        ck_assert(err.remedy[0] != '\0');
        return;
    }
    make();
    ck_assert(passes(0, 1));
    ck_assert(passes(1, 0));

    ck_assert_msg(lp_network_cut(&network, 0, 1, LP_CUT_BOTH, &cut, &err) == 0, "%s", err.text);
    ck_assert_int_eq(lp_network_dropped(cut, &packets, &err), 0);
    ck_assert_uint_eq(packets, 0);
    ck_assert(is_cut(0, 1));
    ck_assert(is_cut(1, 0));
    ck_assert_int_eq(lp_network_dropped(cut, &packets, &err), 0);
    ck_assert_uint_eq(packets, 2);
    ck_assert_int_eq(lp_network_heal(cut, &err), 0);
    ck_assert(passes(0, 1));

    ck_assert_int_eq(lp_network_cut(&network, 0, 1, LP_CUT_OUT, &cut, &err), 0);
    ck_assert(is_cut(0, 1));
    ck_assert(passes(1, 0));
    ck_assert_int_eq(lp_network_heal(cut, &err), 0);
    lp_network_release(&network);
}
END_TEST

START_TEST(counts_are_read_out_of_a_tool_s_text)
{
    ck_assert_uint_eq(lp_count_of("counter packets 3 bytes 9 drop\ncounter packets 40 bytes 1",
                                  "counter packets "),
                      43);
    ck_assert_uint_eq(lp_count_of("nothing", "counter packets "), 0);
}
END_TEST

START_TEST(a_tool_that_fails_is_quoted)
{
    const char *const bad[] = {"ip", "nonsense", NULL}, *const none[] = {"lp-no-such-tool", NULL};
    struct lp_str output;
    lp_str_init(&output);
    ck_assert_int_eq(lp_tool_run(none, NULL, -1, &output, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
    int result = lp_tool_run(bad, NULL, -1, &output, &err);
    ck_assert_int_eq(result, -1);
    ck_assert(err.kind == LP_ERR_NEED || strstr(err.text, "'ip nonsense' failed: ") != NULL);
    lp_str_release(&output);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fault/network");
    TCase *tcase = tcase_create("network");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, what_is_cut_is_dropped_and_counted);
    tcase_add_test(tcase, counts_are_read_out_of_a_tool_s_text);
    tcase_add_test(tcase, a_tool_that_fails_is_quoted);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
