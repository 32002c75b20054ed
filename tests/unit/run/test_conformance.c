/* SPDX-License-Identifier: MIT */
/*
 * What drivers/driver.h demands of every driver, asked of every driver there is: the built-in ones,
 * the plug-ins of this build (their servers started privately, or left out where the program is
 * missing), and drivers/skeleton.c. Each is played by clients in processes of their own, and again
 * by clients in one thread where its owner allows that, since exploring rests on it.
 *
 * A lock that excludes nobody must not pass: broken-noop is asked too.
 */
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/stat.h>
#include "base/units.h"
#include "os/alarm.h"
#include "os/clock.h"
#include "run/server.h"
#include "tests/unit/drivers/actor.h"

#define A 0
#define B 1
#define C 2
#define ACTORS 3
#define START 5
/* Not every double is a whole number from here on: a backend that stores one shows it. */
#define LARGE 9007199254740993
#define WAIT_NS (30 * LP_MS)
#define PATIENCE_NS (20 * LP_SEC)

/* A plug-in finds this in the program that loads it; nothing else here would link it in. */
__attribute__((used)) static const void *const offered_to_plugins = (const void *)lp_fail;

static struct lp_registry registry;

struct world {
    const struct lp_driver *driver;
    unsigned role;
    bool own_process;
    const char *url;
    const char *settings[16];
    char texts[16][160];
    struct actor actors[ACTORS];
    char complaint[512];
};

/* ---- alarms, for drivers that wait in a system call ---- */

static struct lp_alarm alarm_of_process;
static pid_t alarm_owner;

static void start_alarm(uint64_t deadline_ns)
{
    struct lp_err err;
    if (alarm_owner != getpid()) {
        memset(&alarm_of_process, 0, sizeof alarm_of_process);
        ck_assert_int_eq(lp_alarm_init(&alarm_of_process, &err), 0);
        alarm_owner = getpid();
    }
    lp_alarm_arm(&alarm_of_process, deadline_ns);
}

static void stop_alarm(void)
{
    lp_alarm_disarm(&alarm_of_process);
}

/* ---- a world: three clients of one object that nobody has used before ---- */

/* Something for each parameter that has no default: a new name each time. */
static void world_settings(struct world *world)
{
    static unsigned number;
    size_t count = 0;
    number++;
    for (size_t i = 0; i < world->driver->param_count; i++) {
        const struct lp_param *param = &world->driver->params[i];
        char *text = world->texts[count];
        if (param->initial || !(param->roles & world->role))
            continue;
        ck_assert_uint_lt(count, LP_ARRAY_LEN(world->texts));
        switch (param->type) {
        case LP_PARAM_PATH:
            snprintf(text, sizeof world->texts[0], "%s=%s/o%u", param->name, scratch, number);
            break;
        case LP_PARAM_TEXT:
            snprintf(text, sizeof world->texts[0], "%s=lp-%d-%u", param->name, (int)getpid(),
                     number);
            break;
        case LP_PARAM_BOOL:
            snprintf(text, sizeof world->texts[0], "%s=yes", param->name);
            break;
        case LP_PARAM_NUMBER:
            snprintf(text, sizeof world->texts[0], "%s=1", param->name);
            break;
        case LP_PARAM_DURATION:
            snprintf(text, sizeof world->texts[0], "%s=10s", param->name);
            break;
        case LP_PARAM_CHOICE:
            snprintf(text, sizeof world->texts[0], "%s=%s", param->name, param->choices[0]);
            break;
        }
        world->settings[count++] = text;
    }
    world->settings[count] = NULL;
}

/* Prepared twice, as by two containers; clients opened. */
static const char *world_open(struct world *world)
{
    world_settings(world);
    world->complaint[0] = '\0';
    for (int i = 0; i < 2; i++) {
        struct lp_client *client =
            one_client(world->driver, world->settings, world->url, 100 + (uint64_t)i);
        enum lp_outcome outcome = world->driver->prepare(client, world->role, START);
        ck_assert_msg(outcome == LP_OK, "%s: prepare, time %d: %s", world->driver->name, i + 1,
                      client->error);
        one_client_free(client);
    }
    for (int i = 0; i < ACTORS; i++) {
        actor_init(&world->actors[i], world->driver, world->settings, world->url, world->role,
                   (uint64_t)i, world->own_process);
        struct answer answer = act(&world->actors[i], ACT_OPEN, 0);
        ck_assert_msg(answer.outcome == LP_OK, "%s: open: %s", world->driver->name, answer.error);
    }
    return NULL;
}

static void world_close(struct world *world)
{
    for (int i = 0; i < ACTORS; i++)
        if (world->actors[i].client)
            actor_release(&world->actors[i]);
    memset(world->actors, 0, sizeof world->actors);
}

static void world_kill(struct world *world, int who)
{
    struct actor *actor = &world->actors[who];
    lp_process_kill(&actor->child, SIGKILL);
    lp_process_wait(&actor->child);
    close(actor->fd);
    one_client_free(actor->client); /* our copy, which was never opened */
    memset(actor, 0, sizeof *actor);
}

__attribute__((format(printf, 2, 3))) static const char *complain(struct world *world,
                                                                  const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(world->complaint, sizeof world->complaint, fmt, args);
    va_end(args);
    return world->complaint;
}

#define WANT(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return complain(world, __VA_ARGS__);                                                   \
    } while (0)

/* The act of `who` ends as `want`; its answer stays in `got`. */
#define DO(who, what, arg, want)                                                                   \
    do {                                                                                           \
        got = act(&world->actors[who], what, arg);                                                 \
        WANT(got.outcome == (want), "line %d: %s of %c ended %d instead of %d: %s", __LINE__,      \
             #what, 'A' + (who), (int)got.outcome, (int)(want), got.error);                        \
    } while (0)

static bool same(const struct lp_identity *a, const struct lp_identity *b)
{
    return a->domain == b->domain && a->object == b->object;
}

/* ---- locks ---- */

static const char *excludes(struct world *world)
{
    const struct lp_driver *driver = world->driver;
    struct answer got, first;
    DO(A, ACT_TRY, 0, LP_OK);
    first = got;
    WANT(first.identity.text[0], "a grant without the text of its identity");
    WANT(!(driver->abilities & LP_TOKENS) || first.grant.token > 0, "a grant without a token");
    WANT(!(driver->abilities & LP_LEASE) || first.grant.ttl_ns > 0, "a lease without an end");
    for (int i = 0; i < 3; i++) { /* a try that failed has changed nothing */
        DO(B, ACT_TRY, 0, LP_BUSY);
        DO(C, ACT_TRY, 0, LP_BUSY);
    }
    if (driver->lock->still_held)
        WANT(act(&world->actors[A], ACT_HELD, 0).outcome != (enum lp_outcome)LP_HELD_NO,
             "still_held denies what is held");
    DO(A, ACT_RELEASE, 0, LP_OK);
    DO(B, ACT_TRY, 0, LP_OK);
    WANT(same(&got.identity, &first.identity), "one lock with two identities: %s, %s",
         first.identity.text, got.identity.text);
    WANT(!(driver->abilities & LP_TOKENS) || got.grant.token > first.grant.token,
         "the token did not grow");
    DO(A, ACT_TRY, 0, LP_BUSY);
    DO(B, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

/* Releasing what one does not hold takes nothing from who does. A name has no owner, so this can't
   be asked of it; for a mutex it is undefined (pthread_mutex_unlock(3)). */
static const char *release_of_nothing(struct world *world)
{
    struct answer got;
    if (world->driver->owner == LP_OWNER_NAME || world->driver->owner == LP_OWNER_THREAD)
        return NULL;
    DO(A, ACT_TRY, 0, LP_OK);
    got = act(&world->actors[B], ACT_RELEASE, 0);
    WANT(got.outcome == LP_OK || got.outcome == LP_FAIL, "release of nothing ended %d",
         (int)got.outcome);
    WANT(got.outcome == LP_OK || got.error[0], "a refusal without a word");
    DO(C, ACT_TRY, 0, LP_BUSY);
    DO(A, ACT_RELEASE, 0, LP_OK);
    DO(C, ACT_TRY, 0, LP_OK);
    DO(C, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

static const char *shared_mode(struct world *world)
{
    struct answer got;
    if (!(world->driver->abilities & LP_SHARED_MODE)) {
        DO(A, ACT_TRY_SHARED, 0, LP_FAIL);
        WANT(got.error[0], "a refusal without a word");
        DO(B, ACT_TRY, 0, LP_OK); /* nothing was taken */
        DO(B, ACT_RELEASE, 0, LP_OK);
        return NULL;
    }
    DO(A, ACT_TRY_SHARED, 0, LP_OK);
    DO(B, ACT_TRY_SHARED, 0, LP_OK);
    DO(C, ACT_TRY, 0, LP_BUSY);
    DO(A, ACT_RELEASE, 0, LP_OK);
    DO(C, ACT_TRY, 0, LP_BUSY);
    DO(B, ACT_RELEASE, 0, LP_OK);
    DO(C, ACT_TRY, 0, LP_OK);
    DO(A, ACT_TRY_SHARED, 0, LP_BUSY);
    DO(C, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

static const char *upgrade(struct world *world)
{
    struct answer got;
    if (!world->driver->lock->upgrade)
        return NULL;
    DO(A, ACT_TRY_SHARED, 0, LP_OK);
    DO(A, ACT_UPGRADE, WAIT_NS, LP_OK);
    DO(B, ACT_TRY_SHARED, 0, LP_BUSY);
    DO(A, ACT_RELEASE, 0, LP_OK);
    DO(B, ACT_TRY, 0, LP_OK);
    DO(B, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

/* Waiting ends at the deadline and not before it, and a free lock is granted although its deadline
   has passed or not: the last try comes after. */
static const char *waits(struct world *world)
{
    struct answer got;
    if (!world->driver->lock->acquire_wait)
        return NULL;
    DO(A, ACT_WAIT, WAIT_NS, LP_OK);
    uint64_t begun_ns = lp_clock_ns();
    DO(B, ACT_WAIT, WAIT_NS, LP_BUSY);
    WANT(lp_clock_ns() - begun_ns >= WAIT_NS, "busy before the deadline");
    DO(A, ACT_RELEASE, 0, LP_OK);
    DO(B, ACT_WAIT, WAIT_NS, LP_OK);
    DO(B, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

/* Whether the lock comes free once its holder is gone. By the kernel at once, by a server when it
   has seen the end of the connection: it is asked until then. */
static bool comes_free(struct world *world, int who)
{
    uint64_t until_ns = lp_clock_ns() + PATIENCE_NS;
    do {
        if (act(&world->actors[who], ACT_TRY, 0).outcome == LP_OK)
            return true;
        sched_yield();
    } while (lp_clock_ns() < until_ns);
    return false;
}

static bool owned_by_the_living(const struct lp_driver *driver)
{
    return driver->owner == LP_OWNER_DESCRIPTION || driver->owner == LP_OWNER_PROCESS ||
           (driver->owner == LP_OWNER_SESSION && !(driver->abilities & LP_LEASE));
}

static const char *close_gives_up(struct world *world)
{
    struct answer got;
    /* What a process owns it keeps until its end: a PID file names one that goes on living. */
    if (!owned_by_the_living(world->driver) || world->driver->owner == LP_OWNER_PROCESS)
        return NULL;
    DO(A, ACT_TRY, 0, LP_OK);
    DO(A, ACT_CLOSE, 0, LP_OK);
    WANT(comes_free(world, B), "a closed client still holds the lock");
    DO(A, ACT_OPEN, 0, LP_OK);
    DO(A, ACT_TRY, 0, LP_BUSY);
    DO(B, ACT_RELEASE, 0, LP_OK);
    DO(A, ACT_TRY, 0, LP_OK);
    DO(A, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

static const char *drop_and_reopen(struct world *world)
{
    struct answer got;
    if (!world->driver->lock->drop)
        return NULL;
    DO(A, ACT_DROP, 0, LP_OK);
    DO(A, ACT_REOPEN, 0, LP_OK);
    DO(A, ACT_TRY, 0, LP_OK);
    DO(B, ACT_TRY, 0, LP_BUSY);
    if (owned_by_the_living(world->driver) && world->driver->owner != LP_OWNER_PROCESS) {
        DO(A, ACT_DROP, 0, LP_OK);
        WANT(comes_free(world, B), "a dropped handle still holds the lock");
        DO(A, ACT_REOPEN, 0, LP_OK);
        DO(A, ACT_TRY, 0, LP_BUSY);
        DO(B, ACT_RELEASE, 0, LP_OK);
    } else {
        DO(A, ACT_RELEASE, 0, LP_OK);
    }
    return NULL;
}

static const char *death_of_the_holder(struct world *world)
{
    struct answer got;
    bool freed = owned_by_the_living(world->driver) || world->driver == &lp_driver_robust;
    if (!world->own_process || !freed)
        return NULL;
    DO(A, ACT_TRY, 0, LP_OK);
    DO(B, ACT_TRY, 0, LP_BUSY);
    world_kill(world, A);
    WANT(comes_free(world, B), "a killed client still holds the lock");
    DO(C, ACT_TRY, 0, LP_BUSY);
    DO(B, ACT_RELEASE, 0, LP_OK);
    return NULL;
}

/* ---- stores ---- */

static const char *holds_a_number(struct world *world)
{
    struct answer got, first;
    DO(A, ACT_IDENTIFY, 0, LP_OK);
    first = got;
    WANT(first.identity.text[0], "an identity without text");
    DO(A, ACT_READ, 0, LP_OK);
    WANT(got.value == START, "prepared with %lld instead of %d", (long long)got.value, START);
    static const int64_t values[] = {START + 1, 0, LARGE, 99, 100};
    for (size_t i = 0; i < LP_ARRAY_LEN(values); i++) {
        int writer = (int)i % 2;
        DO(writer, ACT_WRITE, values[i], LP_OK);
        DO(1 - writer, ACT_READ, 0, LP_OK);
        WANT(got.value == values[i], "%lld was written, %lld read", (long long)values[i],
             (long long)got.value);
    }
    DO(B, ACT_IDENTIFY, 0, LP_OK);
    WANT(same(&got.identity, &first.identity), "one store with two identities: %s, %s",
         first.identity.text, got.identity.text);
    return NULL;
}

static const char *adds(struct world *world)
{
    struct answer got;
    if (!world->driver->store->add)
        return NULL;
    DO(A, ACT_ADD, 1, LP_OK);
    WANT(got.value == START + 1, "the value after the add is %lld", (long long)got.value);
    DO(B, ACT_ADD, 3, LP_OK);
    WANT(got.value == START + 4, "the value after the add is %lld", (long long)got.value);
    DO(A, ACT_READ, 0, LP_OK);
    WANT(got.value == START + 4, "read %lld", (long long)got.value);
    return NULL;
}

static const char *compares(struct world *world)
{
    struct answer got;
    if (!world->driver->store->cas)
        return NULL;
    DO(A, ACT_CAS, START, LP_OK);
    DO(B, ACT_CAS, START, LP_BUSY);
    DO(B, ACT_READ, 0, LP_OK);
    WANT(got.value == START + 1, "a compare that did not match wrote %lld", (long long)got.value);
    DO(B, ACT_CAS, START + 1, LP_OK);
    return NULL;
}

/* Nothing is seen of a transaction before its commit, and nothing is left of one that was rolled
   back or whose client was closed. A reader may be refused meanwhile, and tries again after. */
static const char *transactions(struct world *world)
{
    struct answer got;
    if (!world->driver->store->begin)
        return NULL;
    DO(A, ACT_BEGIN, LP_BEGIN_IMMEDIATE, LP_OK);
    DO(A, ACT_READ, 0, LP_OK);
    DO(A, ACT_WRITE, 50, LP_OK);
    got = act(&world->actors[B], ACT_READ, 0);
    WANT(got.outcome == LP_BUSY || (got.outcome == LP_OK && got.value == START),
         "a read beside a transaction ended %d with %lld: %s", (int)got.outcome,
         (long long)got.value, got.error);
    DO(A, ACT_ROLLBACK, 0, LP_OK);
    DO(B, ACT_READ, 0, LP_OK);
    WANT(got.value == START, "a rollback left %lld", (long long)got.value);
    DO(A, ACT_BEGIN, LP_BEGIN_IMMEDIATE, LP_OK);
    DO(A, ACT_WRITE, 60, LP_OK);
    DO(A, ACT_COMMIT, 0, LP_OK);
    DO(B, ACT_READ, 0, LP_OK);
    WANT(got.value == 60, "a commit left %lld", (long long)got.value);
    DO(A, ACT_BEGIN, LP_BEGIN_IMMEDIATE, LP_OK);
    DO(A, ACT_WRITE, 70, LP_OK);
    DO(A, ACT_CLOSE, 0, LP_OK);
    DO(A, ACT_OPEN, 0, LP_OK);
    DO(B, ACT_READ, 0, LP_OK);
    WANT(got.value == 60, "a closed client left %lld", (long long)got.value);
    return NULL;
}

static const char *store_reopens(struct world *world)
{
    struct answer got;
    if (!world->driver->store->drop)
        return NULL;
    DO(A, ACT_WRITE, 42, LP_OK);
    DO(A, ACT_DROP, 0, LP_OK);
    DO(A, ACT_REOPEN, 0, LP_OK);
    DO(A, ACT_READ, 0, LP_OK);
    WANT(got.value == 42, "reopened, it reads %lld", (long long)got.value);
    return NULL;
}

/* ---- all of it ---- */

typedef const char *(*property)(struct world *world);

static const struct {
    const char *name;
    unsigned role;
    property holds;
} properties[] = {
    {"excludes", LP_ROLE_LOCK, excludes},
    {"release of nothing", LP_ROLE_LOCK, release_of_nothing},
    {"shared mode", LP_ROLE_LOCK, shared_mode},
    {"upgrade", LP_ROLE_LOCK, upgrade},
    {"waits", LP_ROLE_LOCK, waits},
    {"close gives up", LP_ROLE_LOCK, close_gives_up},
    {"drop and reopen", LP_ROLE_LOCK, drop_and_reopen},
    {"death of the holder", LP_ROLE_LOCK, death_of_the_holder},
    {"holds a number", LP_ROLE_STORE, holds_a_number},
    {"adds", LP_ROLE_STORE, adds},
    {"compares", LP_ROLE_STORE, compares},
    {"transactions", LP_ROLE_STORE, transactions},
    {"store reopens", LP_ROLE_STORE, store_reopens},
};

static const char *ask(struct world *world, size_t i)
{
    world_open(world);
    const char *complaint = properties[i].holds(world);
    world_close(world);
    return complaint;
}

static bool one_thread_will_do(const struct lp_driver *driver)
{
    return driver->owner == LP_OWNER_DESCRIPTION || driver->owner == LP_OWNER_SESSION ||
           driver->owner == LP_OWNER_NAME;
}

static void ask_driver(const struct lp_driver *driver, const char *url)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(properties); i++) {
        for (int own_process = 1; own_process >= 0; own_process--) {
            struct world world = {.driver = driver,
                                  .role = properties[i].role,
                                  .own_process = own_process,
                                  .url = url};
            if (!(driver->roles & properties[i].role) ||
                (!own_process && !one_thread_will_do(driver)))
                continue;
            const char *complaint = ask(&world, i);
            ck_assert_msg(!complaint, "driver %s, %s, clients in %s: %s", driver->name,
                          properties[i].name, own_process ? "processes" : "one thread", complaint);
        }
    }
}

static bool wrong_on_purpose(const struct lp_driver *driver)
{
    return strncmp(driver->name, "broken-", strlen("broken-")) == 0;
}

static void set_up(void)
{
    static char folder[4096];
    const char *given = getenv("LOCKPROOF_TEST_PLUGINS");
    if (!given) {
        ssize_t len = readlink("/proc/self/exe", folder, sizeof folder - 32);
        folder[len > 0 ? len : 0] = '\0';
        char *at = strstr(folder, "/tests/unit/");
        if (at)
            strcpy(at, "/drivers");
        given = folder;
    }
    scratch_make();
    lp_registry_init(&registry, given);
    one_hooks.alarm_start = start_alarm;
    one_hooks.alarm_stop = stop_alarm;
}

static void tear_down(void)
{
    lp_registry_release(&registry);
    scratch_remove();
}

START_TEST(embedded_drivers_conform)
{
    unsigned asked = 0;
    for (size_t i = 0; i < registry.count; i++) {
        const struct lp_driver *driver = registry.rows[i].driver;
        /* `cmd` is as good as the program that it runs; its examples have tests of their own. */
        if (!driver || driver->server || wrong_on_purpose(driver) ||
            strcmp(driver->name, "cmd") == 0)
            continue;
        ask_driver(driver, NULL);
        asked++;
    }
    ck_assert_uint_ge(asked, 12);
}
END_TEST

START_TEST(drivers_with_servers_conform)
{
    for (size_t i = 0; i < registry.count; i++) {
        const struct lp_driver *driver = registry.rows[i].driver;
        struct lp_server server;
        struct lp_err err;
        char folder[96];
        if (!driver || !driver->server)
            continue;
        snprintf(folder, sizeof folder, "%s/server-%zu", scratch, i);
        ck_assert_int_eq(mkdir(folder, 0700), 0);
        if (lp_server_start(&server, driver->server, folder, &err) == -1) {
            ck_assert_msg(err.kind == LP_ERR_NEED, "%s: %s", driver->name, err.text);
            continue;
        }
        ask_driver(driver, server.url);
        lp_server_release(&server);
    }
}
END_TEST

START_TEST(skeleton_conforms)
{
    char file[4200];
    struct lp_err err;
    ssize_t len = readlink("/proc/self/exe", file, sizeof file - 64);
    file[len > 0 ? len : 0] = '\0';
    char *at = strstr(file, "/tests/unit/");
    ck_assert_ptr_nonnull(at);
    strcpy(at, "/skeleton.so");
    ck_assert_msg(lp_registry_load(&registry, file, &err) == 0, "%s", err.text);
    const struct lp_driver_row *row = lp_registry_find(&registry, "skeleton");
    ck_assert(row && row->driver);
    ask_driver(row->driver, NULL);
}
END_TEST

START_TEST(a_lock_that_excludes_nobody_is_found_out)
{
    struct world world = {.driver = &lp_driver_broken_noop, .role = LP_ROLE_LOCK};
    ck_assert_ptr_nonnull(ask(&world, 0));
}
END_TEST

static Suite *conformance_suite(void)
{
    Suite *suite = suite_create("conformance");
    TCase *tests = tcase_create("drivers");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, embedded_drivers_conform);
    tcase_add_test(tests, drivers_with_servers_conform);
    tcase_add_test(tests, skeleton_conforms);
    tcase_add_test(tests, a_lock_that_excludes_nobody_is_found_out);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(conformance_suite)
