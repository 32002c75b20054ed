/* SPDX-License-Identifier: MIT */
/*
 * The HTML report: whatever is in a scenario or a history, the page's markup is its own. A small
 * reader of the page looks at each '<': outside of scripts it must begin a tag that the page has,
 * inside of data there is none at all.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "reports/html.h"
#include "reports/html_markup.h"
#include "tests/unit/reports/fixture.h"

#define NONCE "0123456789abcdef"

static char *page_of(struct fixture *f, size_t count)
{
    static struct lp_page_fact fact;
    struct lp_page_entry entries[RESULTS];
    struct lp_str out;
    fact = (struct lp_page_fact){f->scenarios[0].title, f->scenarios[0].title};
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < RESULTS; i++) {
        entries[i].result = &f->results[i];
        entries[i].environment = (struct lp_page_facts){&fact, 1, 1};
        entries[i].explored = (struct lp_page_facts){&fact, 1, 1};
        entries[i].note = f->scenarios[0].title;
    }
    struct lp_page_plot plot = {f->scenarios[0].title, "<svg></svg>", 11};
    struct lp_page page = {.title = f->scenarios[0].title,
                           .version = "0",
                           .made = f->scenarios[0].title,
                           .nonce = NONCE,
                           .entries = entries,
                           .count = count,
                           .plots = &plot,
                           .plot_count = 1};
    lp_str_init(&out);
    lp_page_write(&page, &out);
    char *text = lp_str_detach(&out);
    lp_str_release(&out); /* is as after lp_str_init */
    return text;
}

static bool is_own_tag(const char *at)
{
    static const char *const tags[] = {
        "!doctype", "html",       "head",    "meta",   "link",    "title",  "style",  "body",
        "header",   "main",       "p",       "span",   "h1",      "h2",     "h3",     "section",
        "details",  "div",        "summary", "table",  "caption", "thead",  "tbody",  "tr",
        "th",       "td",         "a",       "strong", "dl",      "dt",     "dd",     "pre",
        "code",     "svg",        "path",    "text",   "rect",    "figure", "script", "noscript",
        "img",      "figcaption", "abbr",    "h4"};
    at += *at == '/';
    size_t len = strcspn(at, " >\n");
    for (size_t i = 0; i < LP_ARRAY_LEN(tags); i++)
        if (strlen(tags[i]) == len && memcmp(tags[i], at, len) == 0)
            return true;
    return false;
}

/* Quotes close inside the tag, and nothing in them opens another. */
static const char *skip_tag(const char *at)
{
    char quote = 0;
    for (; *at && (quote || *at != '>'); at++) {
        ck_assert(*at != '<');
        if (!quote && *at == '"')
            quote = '"';
        else if (quote == *at)
            quote = 0;
    }
    ck_assert_int_eq(quote, 0);
    return at;
}

/* Returns how many scripts may be run. */
static unsigned read_page(const char *page)
{
    unsigned running = 0;
    for (const char *at = strchr(page, '<'); at; at = strchr(at, '<')) {
        ck_assert_msg(is_own_tag(at + 1), "not a tag of the page: %.60s", at);
        bool script = strncmp(at, "<script", 7) == 0, style = strncmp(at, "<style", 6) == 0;
        bool data = script && strncmp(at + 7, " type", 5) == 0;
        running += script && !data;
        at = skip_tag(at + 1);
        if (!script && !style)
            continue;
        const char *end = strstr(at, script ? "</script>" : "</style>");
        ck_assert_ptr_nonnull(end);
        if (data)
            ck_assert_ptr_eq(strchr(at, '<'), end);
        at = end;
    }
    return running;
}

START_TEST(hostile_texts_stay_texts)
{
    struct fixture *f = fixture_hostile();
    for (size_t count = 0; count <= RESULTS; count++) {
        char *page = page_of(f, count);
        ck_assert_uint_eq(read_page(page), 1);
        ck_assert_ptr_nonnull(strstr(page, "script-src 'nonce-" NONCE "'"));
        free(page);
    }
    free(f);
}
END_TEST

START_TEST(what_matters_is_there)
{
    struct fixture *f = fixture_new();
    char *page = page_of(f, RESULTS);
    static const char *const wanted[] = {
        "advisory-bypass",
        "Worker 1 (rogue) read 41 and wrote 42",
        "let every writer take the lock",
        "overwrites the 42 of worker 0", /* the note of a witness */
        "apt-get install redis-server",
        "lockproof run flock-one-rogue --seed 42",
        "312 lost",
        "no-contention",
        "contradicted",
        "id=\"s1-timeline\"",
        "id=\"s1-data\"",
        "id=\"s1-o0\"",
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(wanted); i++)
        ck_assert_msg(strstr(page, wanted[i]) != NULL, "no '%s'", wanted[i]);
    /* What contradicts its expectation is told before all others. */
    ck_assert(strstr(page, "href=\"#s4\"") < strstr(page, "href=\"#s0\""));
    free(page);
    free(f);
}
END_TEST

START_TEST(one_alone_needs_no_table)
{
    struct fixture *f = fixture_new();
    char *page = page_of(f, 1);
    ck_assert_ptr_null(strstr(page, "<section class=\"summary\">"));
    ck_assert_ptr_null(strstr(page, "<details class=\"result\""));
    ck_assert_ptr_nonnull(strstr(page, "<section class=\"result\" id=\"s0\">"));
    free(page);
    free(f);
}
END_TEST

/* ---- a benchmark ---- */

#define FIGURE "{\"median\": 1500, \"low\": 1, \"high\": 2}"

/* One lock of three points, its name and colour given. */
static json_t *bench_of(const char *name, const char *color, const char *verdict)
{
    json_t *point = json_loads("{\"workers\": 2, \"acquires_per_s\": {\"median\": 4321},"
                               "\"acquire_p50_ns\": " FIGURE ", \"wait_ns_max\": 9000}",
                               0, NULL);
    json_t *lock = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:[o]}", "name", name, "color",
                             color, "verdict", verdict, "entered", 1000, "lost", 77, "intrusions",
                             78, "trouble", name, "points", point);
    return json_pack("{s:s, s:s, s:{s:[i]}, s:{s:[s]}, s:{s:s}, s:[o]}", "kind", "bench", "command",
                     name, "settings", "workers", 2, "noise", "warnings", name, "machine", "host",
                     name, "locks", lock);
}

static char *bench_page(const char *name, const char *color, const char *verdict)
{
    json_t *bench = bench_of(name, color, verdict);
    json_t *hyperfine = json_pack("{s:[{s:s, s:f, s:[f]}]}", "results", "command", name, "mean",
                                  0.25, "times", 0.25);
    struct lp_page page = {.title = name,
                           .version = "0",
                           .made = "now",
                           .nonce = NONCE,
                           .bench = bench,
                           .hyperfine = hyperfine};
    struct lp_str out;
    ck_assert_ptr_nonnull(bench);
    ck_assert_ptr_nonnull(hyperfine);
    lp_str_init(&out);
    lp_page_write(&page, &out);
    json_decref(bench);
    json_decref(hyperfine);
    char *text = lp_str_detach(&out);
    lp_str_release(&out); /* is as after lp_str_init */
    return text;
}

START_TEST(a_benchmark_stays_text)
{
    const char *name = "</script><script>alert(1)</script><b onclick='x'>\"";
    char *page = bench_page(name, "#00\"><b>", "held");
    ck_assert_uint_eq(read_page(page), 1);
    ck_assert_ptr_null(strstr(page, "class=\"dot\""));
    free(page);
}
END_TEST

START_TEST(a_lock_that_does_not_lock_is_not_fast)
{
    char *held = bench_page("mylock", "#0072b2", "held");
    char *broken = bench_page("mylock", "#0072b2", "broken");
    ck_assert_ptr_nonnull(strstr(held, "4,321"));
    ck_assert_ptr_nonnull(strstr(held, "background: #0072b2"));
    ck_assert_ptr_nonnull(strstr(held, "250ms")); /* of hyperfine */
    ck_assert_ptr_null(strstr(held, "does not lock"));
    ck_assert_ptr_null(strstr(broken, "4,321"));
    ck_assert_ptr_nonnull(strstr(broken, "does not lock: of 1,000 sections 77 updates were lost"));
    free(held);
    free(broken);
}
END_TEST

static const struct escape {
    const char *text, *html;
} escapes[] = {
    {"plain", "plain"},
    {"</script><b>", "&lt;/script&gt;&lt;b&gt;"},
    {"\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"},
    {"a\nb\x1b[31m", "a b\\x1b[31m"},
    {"\xff\xc3\xa9", "\xef\xbf\xbd\xc3\xa9"},
};

START_TEST(texts_are_escaped)
{
    struct lp_str out;
    lp_str_init(&out);
    lp_html_text(&out, escapes[_i].text);
    ck_assert_str_eq(out.ptr, escapes[_i].html);
    lp_str_release(&out);
}
END_TEST

static const struct base64 {
    const char *bytes, *text;
} base64[] = {/* RFC 4648, 10 */
              {"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};

START_TEST(base64_is_of_the_rfc)
{
    struct lp_str out;
    lp_str_init(&out);
    lp_html_base64(&out, base64[_i].bytes, strlen(base64[_i].bytes));
    ck_assert_str_eq(out.ptr, base64[_i].text);
    lp_str_release(&out);
}
END_TEST

START_TEST(json_ends_no_element)
{
    struct lp_str out;
    json_t *value = json_pack("{s:s}", "a", "</script><!--");
    lp_str_init(&out);
    lp_html_json(&out, "x", value);
    ck_assert_str_eq(out.ptr, "<script type=\"application/json\" id=\"x\">"
                              "{\"a\":\"\\u003c/script>\\u003c!--\"}</script>\n");
    lp_str_release(&out);
    json_decref(value);
}
END_TEST

START_TEST(assets_are_whole)
{
    const char *const assets[] = {lp_asset_page_css, lp_asset_page_js, lp_asset_data_js,
                                  lp_asset_timeline_js, lp_asset_table_js};
    for (size_t i = 0; i < LP_ARRAY_LEN(assets); i++) {
        size_t len = strlen(assets[i]);
        ck_assert_uint_gt(len, 100);
        ck_assert_int_eq(assets[i][len - 1], '\n');
        ck_assert_ptr_null(strstr(assets[i], "</"));
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("html");
    TCase *tests = tcase_create("html");
    tcase_add_test(tests, hostile_texts_stay_texts);
    tcase_add_test(tests, what_matters_is_there);
    tcase_add_test(tests, one_alone_needs_no_table);
    tcase_add_loop_test(tests, texts_are_escaped, 0, LP_ARRAY_LEN(escapes));
    tcase_add_loop_test(tests, base64_is_of_the_rfc, 0, LP_ARRAY_LEN(base64));
    tcase_add_test(tests, json_ends_no_element);
    tcase_add_test(tests, a_benchmark_stays_text);
    tcase_add_test(tests, a_lock_that_does_not_lock_is_not_fast);
    tcase_add_test(tests, assets_are_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
