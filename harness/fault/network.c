/* SPDX-License-Identifier: MIT */
/* Namespaces by unshare(2), links by ip(8), dropping by nft(8), narrowing by tc(8). */
#include "fault/network.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/tool.h"
#include "os/process.h"

static const char hub_rules[] =
    "table ip lockproof {\n chain forward { type filter hook forward priority 0; policy accept; }\n"
    "}\n";

static int ip_batch(const char *text, int net_fd, struct lp_err *err)
{
    static const char *const argv[] = {"ip", "-batch", "-", NULL};
    return lp_tool_run(argv, text, net_fd, NULL, err);
}

static int nft(const char *text, struct lp_str *output, struct lp_err *err)
{
    static const char *const argv[] = {"nft", "-f", "-", NULL};
    return lp_tool_run(argv, text, -1, output, err);
}

static int allow_forwarding(struct lp_err *err)
{
    int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
    bool done = fd != -1 && write(fd, "1", 1) == 1;
    int failed = errno;
    if (fd != -1)
        close(fd);
    return done ? 0 : lp_err_sys(err, LP_ERR_NEED, failed, "unable to forward packets");
}

static int make_hub(struct lp_err *err)
{
    if (unshare(CLONE_NEWNET) == -1)
        return lp_err_sys(err, LP_ERR_NEED, errno, "unable to make a network");
    if (ip_batch("link set lo up\n", -1, err) == -1 || allow_forwarding(err) == -1)
        return -1;
    return nft(hub_rules, NULL, err);
}

/* Two nodes, a rule between them: whatever the kernel lacks shows here. */
static int try_all(struct lp_err *err)
{
    struct lp_network network = {.count = 0};
    unsigned cut;
    int result = -1;
    if (lp_network_init(&network, err) == 0 && lp_network_add(&network, err) == 0 &&
        lp_network_add(&network, err) == 0)
        result = lp_network_cut(&network, 0, 1, LP_CUT_BOTH, &cut, err);
    lp_network_release(&network);
    return result;
}

int lp_network_usable(struct lp_err *err)
{
    struct lp_child child;
    int report[2];
    *err = (struct lp_err){.kind = LP_ERR_NEED};
    if (pipe2(report, O_CLOEXEC) == -1 || lp_process_fork(&child, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to try out a network");
    if (child.pid == 0) {
        int failed = try_all(err) == -1;
        err->kind = LP_ERR_NEED;
        if (failed && err->remedy[0] == '\0')
            snprintf(err->remedy, sizeof err->remedy, "run as root");
        _exit(failed && write(report[1], err, sizeof *err) == sizeof *err ? 1 : failed);
    }
    close(report[1]);
    struct lp_err told;
    if (read(report[0], &told, sizeof told) == sizeof told)
        *err = told;
    close(report[0]);
    int status = lp_process_wait(&child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int lp_network_init(struct lp_network *network, struct lp_err *err)
{
    *network = (struct lp_network){.made = true};
    return make_hub(err);
}

void lp_network_release(struct lp_network *network)
{
    for (unsigned i = 0; i < network->count; i++)
        close(network->nodes[i].fd);
    *network = (struct lp_network){.made = false};
}

/* It lives as long as the descriptor. */
static int make_namespace(struct lp_err *err)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own == -1 || unshare(CLONE_NEWNET) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a network namespace");
    int made = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int failed = errno;
    if (setns(own, CLONE_NEWNET) == -1)
        LP_BUG("a network namespace that cannot be left again");
    close(own);
    return made == -1 ? lp_err_sys(err, LP_ERR_SELF, failed, "unable to keep a namespace") : made;
}

/* The node's end of the link is made by a process in the node and moved out to the hub. */
static int link_node(unsigned number, int fd, const char *address, struct lp_err *err)
{
    char text[512];
    struct lp_child keeper;
    if (lp_process_fork(&keeper, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to link a node");
    if (keeper.pid == 0) { /* stands for the hub while the node's side is busy */
        for (;;)
            pause();
    }
    snprintf(text, sizeof text,
             "link set lo up\nlink add eth0 type veth peer name lp%u netns %d\n"
             "addr add %s/24 dev eth0\nlink set eth0 up\nroute add default via 10.99.%u.1\n",
             number, keeper.pid, address, number);
    int result = ip_batch(text, fd, err);
    lp_process_kill(&keeper, 9);
    lp_process_wait(&keeper);
    if (result == -1)
        return -1;
    snprintf(text, sizeof text, "addr add 10.99.%u.1/24 dev lp%u\nlink set lp%u up\n", number,
             number, number);
    return ip_batch(text, -1, err);
}

int lp_network_add(struct lp_network *network, struct lp_err *err)
{
    unsigned number = network->count;
    if (number == LP_NODES_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "more than %d containers and servers in a network",
                          LP_NODES_MAX);
    struct lp_node *node = &network->nodes[number];
    snprintf(node->address, sizeof node->address, "10.99.%u.2", number);
    node->fd = make_namespace(err);
    if (node->fd == -1)
        return -1;
    network->count++;
    return link_node(number, node->fd, node->address, err);
}

int lp_network_cut(struct lp_network *network, unsigned a, unsigned b, enum lp_cut_way way,
                   unsigned *cut, struct lp_err *err)
{
    static const char rule[] = "add rule ip lockproof cut%u ip saddr %s ip daddr %s counter drop\n";
    const char *from = network->nodes[a].address, *to = network->nodes[b].address;
    struct lp_str text;
    unsigned number = network->cuts++;
    lp_str_init(&text);
    lp_str_addf(&text, "add chain ip lockproof cut%u\n", number);
    if (way != LP_CUT_IN)
        lp_str_addf(&text, rule, number, from, to);
    if (way != LP_CUT_OUT)
        lp_str_addf(&text, rule, number, to, from);
    lp_str_addf(&text, "insert rule ip lockproof forward jump cut%u\n", number);
    int result = nft(text.ptr, NULL, err);
    lp_str_release(&text);
    *cut = number;
    return result;
}

uint64_t lp_count_of(const char *text, const char *word)
{
    uint64_t sum = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL;) {
        at += strlen(word);
        sum += strtoull(at, NULL, 10);
    }
    return sum;
}

int lp_network_dropped(unsigned cut, uint64_t *packets, struct lp_err *err)
{
    char text[64];
    struct lp_str output;
    lp_str_init(&output);
    snprintf(text, sizeof text, "list chain ip lockproof cut%u\n", cut);
    int result = nft(text, &output, err);
    *packets = result == 0 ? lp_count_of(output.ptr, "counter packets ") : 0;
    lp_str_release(&output);
    return result;
}

int lp_network_heal(unsigned cut, struct lp_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "flush chain ip lockproof cut%u\n", cut);
    return nft(text, NULL, err);
}

/* ---- slow ---- */

/* The burst is one packet; what does not fit into a second of the queue is dropped. */
static int narrow(const char *device, int net_fd, struct lp_err *err)
{
    const char *const argv[] = {"tc",   "qdisc",  "add",   "dev",  device,    "root", "tbf",
                                "rate", "64kbit", "burst", "1600", "latency", "1s",   NULL};
    return lp_tool_run(argv, NULL, net_fd, NULL, err);
}

static int widen(const char *device, int net_fd, struct lp_err *err)
{
    const char *const argv[] = {"tc", "qdisc", "del", "dev", device, "root", NULL};
    return lp_tool_run(argv, NULL, net_fd, NULL, err);
}

static int count_waits(const char *device, int net_fd, uint64_t *packets, struct lp_err *err)
{
    const char *const argv[] = {"tc", "-s", "qdisc", "show", "dev", device, NULL};
    struct lp_str output;
    lp_str_init(&output);
    int result = lp_tool_run(argv, NULL, net_fd, &output, err);
    *packets += result == 0 ? lp_count_of(output.ptr, "overlimits ") : 0;
    lp_str_release(&output);
    return result;
}

int lp_network_slow(const struct lp_network *network, unsigned node, struct lp_err *err)
{
    char device[16];
    snprintf(device, sizeof device, "lp%u", node);
    if (narrow(device, -1, err) == -1)
        return -1;
    return narrow("eth0", network->nodes[node].fd, err);
}

int lp_network_delayed(const struct lp_network *network, unsigned node, uint64_t *packets,
                       struct lp_err *err)
{
    char device[16];
    snprintf(device, sizeof device, "lp%u", node);
    *packets = 0;
    if (count_waits(device, -1, packets, err) == -1)
        return -1;
    return count_waits("eth0", network->nodes[node].fd, packets, err);
}

int lp_network_quicken(const struct lp_network *network, unsigned node, struct lp_err *err)
{
    char device[16];
    snprintf(device, sizeof device, "lp%u", node);
    if (widen(device, -1, err) == -1)
        return -1;
    return widen("eth0", network->nodes[node].fd, err);
}
