/* SPDX-License-Identifier: MIT */
/* Who knows the key is heard, who does not is refused, and frames arrive as they were sent. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "run/link.h"
#include "tests/unit/unit.h"

static struct lp_err err;
static struct lp_link ends[2]; /* server, client */
static void *roles[2];

static void connect_with(const struct lp_link_key *server, const struct lp_link_key *client)
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    roles[0] = lp_link_server(server, &err);
    roles[1] = lp_link_client(client, &err);
    ck_assert_msg(roles[0] && roles[1], "%s", err.text);
    ck_assert_int_eq(lp_link_init(&ends[0], roles[0], fds[0], true, &err), 0);
    ck_assert_int_eq(lp_link_init(&ends[1], roles[1], fds[1], false, &err), 0);
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        lp_link_release(&ends[i]);
        lp_link_role_free(roles[i]);
    }
}

/* Both sides in turn, until neither has anything to do; false when one gave up. */
static bool pump(void)
{
    for (int i = 0; i < 50; i++)
        if (lp_link_pump(&ends[i % 2], &err) == -1)
            return false;
    return true;
}

START_TEST(frames_arrive_as_they_were_sent)
{
    struct lp_link_key key;
    struct lp_frame frame;
    char *large = lp_alloc(1, 100000);
    ck_assert_int_eq(lp_link_key_make(&key, &err), 0);
    connect_with(&key, &key);
    memset(large, 'x', 100000);
    lp_link_send(&ends[1], 7, "abc", 3);
    lp_link_send(&ends[1], 8, NULL, 0);
    lp_link_send(&ends[1], 9, large, 100000);
    ck_assert_msg(pump(), "%s", err.text);
    ck_assert(ends[0].shaken && ends[1].shaken);
    ck_assert(lp_link_next(&ends[0], &frame));
    ck_assert_uint_eq(frame.type, 7);
    ck_assert_mem_eq(frame.payload, "abc", 3);
    ck_assert(lp_link_next(&ends[0], &frame));
    ck_assert_uint_eq(frame.len, 0);
    ck_assert(lp_link_next(&ends[0], &frame));
    ck_assert_uint_eq(frame.len, 100000);
    ck_assert_mem_eq(frame.payload, large, 100000);
    ck_assert(!lp_link_next(&ends[0], &frame));
    free(large);
}
END_TEST

START_TEST(another_key_is_refused_by_both)
{
    struct lp_link_key key, other;
    struct lp_frame frame;
    ck_assert_int_eq(lp_link_key_make(&key, &err), 0);
    other = key;
    other.bytes[LP_LINK_KEY - 1] ^= 1;
    connect_with(&key, &other);
    lp_link_send(&ends[1], 7, "abc", 3);
    ck_assert(!pump());
    ck_assert(!ends[0].shaken);
    ck_assert(!lp_link_next(&ends[0], &frame));
}
END_TEST

START_TEST(plain_text_is_no_handshake)
{
    struct lp_link_key key;
    int fds[2];
    ck_assert_int_eq(lp_link_key_make(&key, &err), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    roles[0] = lp_link_server(&key, &err);
    ck_assert_int_eq(lp_link_init(&ends[0], roles[0], fds[0], true, &err), 0);
    ck_assert_int_eq(write(fds[1], "GET / HTTP/1.1\r\n\r\n", 18), 18);
    ck_assert_int_eq(lp_link_pump(&ends[0], &err), -1);
    close(fds[1]);
}
END_TEST

START_TEST(keys_are_64_digits)
{
    struct lp_link_key key, read;
    char text[2 * LP_LINK_KEY + 1], file[] = "/tmp/lp-key-XXXXXX";
    int fd = mkstemp(file);
    ck_assert_int_eq(lp_link_key_make(&key, &err), 0);
    lp_link_key_text(&key, text);
    ck_assert_int_eq(write(fd, text, strlen(text)), 2 * LP_LINK_KEY);
    ck_assert_int_eq(lp_link_key_read(&read, file, &err), 0);
    ck_assert_mem_eq(&read, &key, sizeof key);
    ck_assert_int_eq(write(fd, "0", 1), 1);
    ck_assert_int_eq(lp_link_key_read(&read, file, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_int_eq(ftruncate(fd, 2 * LP_LINK_KEY), 0);
    ck_assert_int_eq(pwrite(fd, "g", 1, 5), 1);
    ck_assert_int_eq(lp_link_key_read(&read, file, &err), -1);
    close(fd);
    unlink(file);
}
END_TEST

START_TEST(an_address_has_a_port)
{
    uint16_t port = 0;
    int fd = lp_link_listen("127.0.0.1:0", &port, &err);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_gt(port, 0);
    close(fd);
    ck_assert_int_eq(lp_link_listen("127.0.0.1", &port, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("run/link");
    TCase *tcase = tcase_create("link");

    tcase_add_checked_fixture(tcase, NULL, tear_down);
#ifdef LP_HAVE_OPENSSL
    tcase_add_test(tcase, frames_arrive_as_they_were_sent);
    tcase_add_test(tcase, another_key_is_refused_by_both);
    tcase_add_test(tcase, plain_text_is_no_handshake);
#endif
    tcase_add_test(tcase, keys_are_64_digits);
    tcase_add_test(tcase, an_address_has_a_port);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
