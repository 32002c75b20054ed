/* SPDX-License-Identifier: MIT */
/*
 * The Redis plug-in against a real server: who may release what, leases that end, replies that are
 * lost. Skipped, with the reason, where the plug-in or redis-server is missing.
 */
#include "tests/unit/unit.h"

#include "tests/unit/drivers/redis_world.h"

static struct lp_client *a, *b;

static struct lp_client *make(const char *const *settings, const char *url, unsigned role,
                              uint64_t worker)
{
    struct lp_client *client = one_client(redis, settings, url, worker);
    ck_assert_msg(redis->open(client, role) == LP_OK, "%s", client->error);
    return client;
}

static void make_both(unsigned role, const char *setting1, const char *setting2)
{
    const char *settings[] = {"key=k", setting1, setting2, NULL};
    a = make(settings, server.url, role, 1);
    b = make(settings, server.url, role, 2);
}

static void free_both(void)
{
    one_hooks = (struct one_hooks){.now_ns = NULL};
    one_client_free(b);
    one_client_free(a);
}

static enum lp_outcome try_lock(struct lp_client *client)
{
    struct lp_grant grant = {.token = 0};
    return redis->lock->acquire_try(client, LP_EXCLUSIVE, &grant);
}

static const struct {
    const char *acquire, *release;
} kinds[] = {
    {"acquire=set", "release=compare"},         {"acquire=set", "release=get-delete"},
    {"acquire=set", "release=delete"},          {"acquire=setnx-expire", "release=compare"},
    {"acquire=setnx-expire", "release=delete"},
};

START_TEST(a_key_excludes_until_it_is_released)
{
    make_both(LP_ROLE_LOCK, kinds[_i].acquire, kinds[_i].release);
    struct lp_grant grant = {.token = 0}, other = {.token = 0};
    ck_assert_int_eq(redis->lock->acquire_try(a, LP_EXCLUSIVE, &grant), LP_OK);
    ck_assert_uint_eq(grant.ttl_ns, UINT64_C(10000000000));
    ck_assert_int_eq(try_lock(b), LP_BUSY);
    ck_assert_int_eq(try_lock(b), LP_BUSY);
    ck_assert_int_eq(redis->lock->still_held(a), LP_HELD_YES);
    ck_assert_int_eq(redis->lock->still_held(b), LP_HELD_NO);
    ck_assert_int_eq(redis->lock->release(a), LP_OK);
    ck_assert_int_eq(redis->lock->still_held(a), LP_HELD_NO);
    ck_assert_int_eq(redis->lock->release(a), LP_FAIL);
    ck_assert_int_eq(redis->lock->acquire_try(b, LP_EXCLUSIVE, &other), LP_OK);
    ck_assert(grant.identity.domain == other.identity.domain);
    ck_assert(grant.identity.object == other.identity.object);
    ck_assert_int_eq(redis->lock->acquire_try(a, LP_SHARED, &other), LP_FAIL);
    free_both();
}
END_TEST

static const struct foreign_case {
    const char *release;
    enum lp_outcome want;
    bool deletes;
} foreign_cases[] = {
    {"release=compare", LP_FAIL, false},
    {"release=get-delete", LP_FAIL, false},
    {"release=delete", LP_OK, true},
};

START_TEST(only_a_plain_delete_takes_a_foreign_lock_away)
{
    const struct foreign_case *one = &foreign_cases[_i];
    make_both(LP_ROLE_LOCK, "acquire=set", one->release);
    ck_assert_int_eq(try_lock(a), LP_OK);
    ask("DEL k"); /* a's lease has ended */
    ck_assert_int_eq(try_lock(b), LP_OK);
    ck_assert_int_eq(redis->lock->still_held(a), LP_HELD_NO);
    ck_assert_int_eq(redis->lock->release(a), one->want);
    ck_assert_int_eq(redis->lock->still_held(b), one->deletes ? LP_HELD_NO : LP_HELD_YES);
    ck_assert_int_eq(redis->lock->release(b), one->deletes ? LP_FAIL : LP_OK);
    free_both();
}
END_TEST

START_TEST(an_expired_lease_is_not_held_and_cannot_be_released)
{
    make_both(LP_ROLE_LOCK, "ttl=30ms", kinds[_i].acquire);
    struct lp_grant grant = {.token = 0};
    ck_assert_int_eq(redis->lock->acquire_try(a, LP_EXCLUSIVE, &grant), LP_OK);
    ck_assert_uint_eq(grant.ttl_ns, 30000000);
    /* The server says when its clock has come to the end. */
    while (redis->lock->still_held(a) == LP_HELD_YES)
        ;
    ck_assert_int_eq(redis->lock->still_held(a), LP_HELD_NO);
    ck_assert_int_eq(redis->lock->release(a), LP_FAIL);
    ck_assert_ptr_nonnull(strstr(a->error, "not held"));
    ck_assert_int_eq(try_lock(b), LP_OK);
    free_both();
}
END_TEST

START_TEST(a_lock_without_time_to_live_stays)
{
    make_both(LP_ROLE_LOCK, "ttl=0", kinds[_i].acquire);
    struct lp_grant grant = {.token = 0};
    ck_assert_int_eq(redis->lock->acquire_try(a, LP_EXCLUSIVE, &grant), LP_OK);
    ck_assert_uint_eq(grant.ttl_ns, 0);
    ck_assert_str_eq(ask("PTTL k"), ":-1\r\n");
    free_both();
}
END_TEST

static int points;
static char ttl_at_point[32];

static void look_at_ttl(struct lp_client *client, const char *name)
{
    (void)client;
    (void)name;
    points++;
    snprintf(ttl_at_point, sizeof ttl_at_point, "%s", ask("PTTL k"));
}

START_TEST(setnx_and_expire_are_two_steps_and_set_is_one)
{
    bool two = strcmp(kinds[_i].acquire, "acquire=setnx-expire") == 0;
    make_both(LP_ROLE_LOCK, "ttl=10s", kinds[_i].acquire);
    one_hooks.point = look_at_ttl;
    ck_assert_int_eq(try_lock(a), LP_OK);
    ck_assert_int_eq(points, two);
    ck_assert_str_eq(ttl_at_point, two ? ":-1\r\n" : "");
    ck_assert_str_ne(ask("PTTL k"), ":-1\r\n");
    free_both();
}
END_TEST

static void another_gets_it(struct lp_client *client, const char *name)
{
    (void)client;
    (void)name;
    points++;
    ask("DEL k");
    ck_assert_int_eq(try_lock(b), LP_OK);
}

START_TEST(looking_before_deleting_leaves_a_gap)
{
    make_both(LP_ROLE_LOCK, "ttl=10s", "release=get-delete");
    ck_assert_int_eq(try_lock(a), LP_OK);
    one_hooks.point = another_gets_it;
    ck_assert_int_eq(redis->lock->release(a), LP_OK);
    ck_assert_int_eq(points, 1);
    ck_assert_int_eq(redis->lock->still_held(b), LP_HELD_NO);
    free_both();
}
END_TEST

/* A wrong hash would do no harm but be a slow and silent mistake: each release by EVAL. */
START_TEST(a_script_is_sent_as_a_text_only_to_a_server_that_does_not_know_it)
{
    make_both(LP_ROLE_LOCK, "ttl=10s", "release=compare");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(try_lock(a), LP_OK);
        ck_assert_int_eq(redis->lock->release(a), LP_OK);
    }
    ck_assert_ptr_nonnull(strstr(ask("INFO commandstats"), "cmdstat_eval:calls=1,"));
    ask("SCRIPT FLUSH");
    ck_assert_int_eq(try_lock(a), LP_OK);
    ck_assert_int_eq(redis->lock->release(a), LP_OK);
    ck_assert_ptr_nonnull(strstr(ask("INFO commandstats"), "cmdstat_eval:calls=2,"));
    free_both();
}
END_TEST

START_TEST(drop_leaves_the_key_and_reopen_can_release_it)
{
    make_both(LP_ROLE_LOCK, "ttl=10s", "release=compare");
    ck_assert_int_eq(try_lock(a), LP_OK);
    ck_assert_int_eq(redis->lock->drop(a), LP_OK);
    ck_assert_int_eq(try_lock(b), LP_BUSY);
    ck_assert_int_eq(redis->lock->reopen(a), LP_OK);
    ck_assert_int_eq(redis->lock->release(a), LP_OK);
    ck_assert_int_eq(try_lock(b), LP_OK);
    free_both();
}
END_TEST

START_TEST(the_store_reads_writes_adds_and_compares)
{
    const struct lp_store_ops *store = redis->store;
    int64_t value = 0;
    make_both(LP_ROLE_STORE, "timeout=2s", "timeout=3s");
    ck_assert_int_eq(redis->prepare(a, LP_ROLE_STORE, 5), LP_OK);
    ck_assert_int_eq(redis->prepare(b, LP_ROLE_STORE, 5), LP_OK);
    ck_assert_int_eq(redis->prepare(b, LP_ROLE_STORE, 6), LP_FAIL);
    ck_assert_ptr_nonnull(strstr(b->error, "already with 5"));
    ck_assert_int_eq(redis->open(a, LP_ROLE_STORE), LP_OK);
    ck_assert_int_eq(redis->open(b, LP_ROLE_STORE), LP_OK);
    ck_assert_int_eq(store->read(a, &value), LP_OK);
    ck_assert_int_eq(value, 5);
    ck_assert_int_eq(store->write(a, -7), LP_OK);
    ck_assert_int_eq(store->add(b, 3, &value), LP_OK);
    ck_assert_int_eq(value, -4);
    ck_assert_int_eq(store->cas(a, -4, 9), LP_OK);
    ck_assert_int_eq(store->cas(b, -4, 10), LP_BUSY);
    ck_assert_int_eq(store->read(b, &value), LP_OK);
    ck_assert_int_eq(value, 9);
    ask("SET k nine");
    ck_assert_int_eq(store->read(b, &value), LP_FAIL);
    ck_assert_int_eq(store->add(b, 1, &value), LP_FAIL);
    ck_assert_ptr_nonnull(strstr(b->error, "not an integer"));
    ask("DEL k");
    ck_assert_int_eq(store->read(b, &value), LP_FAIL);
    free_both();
}
END_TEST

START_TEST(identity_is_server_database_and_key)
{
    const char *k[] = {"key=k", NULL}, *other[] = {"key=other", NULL};
    struct lp_identity ids[5];
    struct proxy proxy;
    char in_3[80];

    proxy_init(&proxy);
    snprintf(in_3, sizeof in_3, "redis://%s/3", proxy.url);
    const struct {
        const char *const *settings;
        const char *url;
        bool same;
    } cases[] = {
        {k, server.url, true}, {k, proxy.url, true}, {k, in_3, false}, {other, server.url, false}};
    for (int i = 0; i < 4; i++) {
        struct lp_client *client = make(cases[i].settings, cases[i].url, LP_ROLE_STORE, 1);
        ck_assert_int_eq(redis->store->identify(client, &ids[i]), LP_OK);
        ck_assert_int_eq(ids[i].domain == ids[0].domain && ids[i].object == ids[0].object,
                         cases[i].same);
        one_client_free(client);
    }
    proxy_release(&proxy);

    struct lp_client *client = make(k, server.url, LP_ROLE_STORE, 1);
    server_end();
    unlink(server.socket);
    server_run();
    ck_assert_int_eq(redis->store->identify(client, &ids[4]), LP_OK);
    ck_assert_msg(ids[4].domain == ids[0].domain, "a restart makes no other lock of it");
    one_client_free(client);
    client = make(k, server.url, LP_ROLE_STORE, 1);
    ck_assert_int_eq(redis->store->identify(client, &ids[4]), LP_OK);
    ck_assert_msg(ids[4].domain != ids[0].domain, "who comes later meets another server");
    one_client_free(client);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis");
    TCase *tcase = tcase_create("redis");
    int count = (int)(sizeof kinds / sizeof kinds[0]);
    const char *missing = redis_missing();

    suite_add_tcase(suite, tcase);
    if (missing) {
        printf("test_redis: skipped: there is no %s\n", missing);
        return suite;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_make, world_release);
    tcase_add_loop_test(tcase, a_key_excludes_until_it_is_released, 0, count);
    tcase_add_loop_test(tcase, only_a_plain_delete_takes_a_foreign_lock_away, 0,
                        (int)(sizeof foreign_cases / sizeof foreign_cases[0]));
    tcase_add_loop_test(tcase, an_expired_lease_is_not_held_and_cannot_be_released, 2, 4);
    tcase_add_loop_test(tcase, a_lock_without_time_to_live_stays, 2, 4);
    tcase_add_loop_test(tcase, setnx_and_expire_are_two_steps_and_set_is_one, 2, 4);
    tcase_add_test(tcase, looking_before_deleting_leaves_a_gap);
    tcase_add_test(tcase, a_script_is_sent_as_a_text_only_to_a_server_that_does_not_know_it);
    tcase_add_test(tcase, drop_leaves_the_key_and_reopen_can_release_it);
    tcase_add_test(tcase, the_store_reads_writes_adds_and_compares);
    tcase_add_test(tcase, identity_is_server_database_and_key);
    return suite;
}

LP_UNIT_MAIN(make_suite)
