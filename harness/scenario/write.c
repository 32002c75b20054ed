/* SPDX-License-Identifier: MIT */
/*
 * A scenario as YAML, by the same table of keys that reads it: what a key can say is written, in
 * the table's order, defaults included. Reading it back gives an equal scenario; so times are
 * written exactly, and texts in double quotes with everything escaped that YAML would fold or
 * refuse.
 */
#include <inttypes.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "scenario/parse.h"

/* Length of the UTF-8 character at `s` and its code point; the text is known to be valid. */
static size_t decode(const char *s, uint32_t *code)
{
    const unsigned char first = (unsigned char)s[0];
    const size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    *code = len == 1 ? first : first & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        *code = *code << 6 | ((unsigned char)s[i] & 0x3fu);
    return len;
}

/* May it stand in double quotes as it is? Not line breaks (folded), not what YAML calls unprintable
   (YAML 1.1, section 5.1), not the byte order mark. */
static bool stands_as_is(uint32_t code)
{
    if (code == '"' || code == '\\' || code == 0x2028 || code == 0x2029 || code == 0xfeff)
        return false;
    return (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) ||
           (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
}

void lp_write_quoted(struct lp_str *out, const char *text)
{
    uint32_t code;

    lp_str_add(out, "\"");
    for (size_t len; *text; text += len) {
        len = decode(text, &code);
        if (stands_as_is(code))
            lp_str_add_bytes(out, text, len);
        else if (code == '"' || code == '\\')
            lp_str_addf(out, "\\%c", (char)code);
        else if (code == '\n')
            lp_str_add(out, "\\n");
        else
            lp_str_addf(out, "\\u%04x", code); /* all of these have at most 16 bits */
    }
    lp_str_add(out, "\"");
}

/* Names stay readable; anything else is quoted. */
static void write_word(struct lp_str *out, const char *text)
{
    size_t len = 0;

    while (isascii(text[len]) && (isalnum((unsigned char)text[len]) ||
                                  (len > 0 && text[len] && strchr("_-.", text[len]))))
        len++;
    if (len > 0 && !text[len])
        lp_str_add(out, text);
    else
        lp_write_quoted(out, text);
}

/* Exactly: in the largest unit that divides it. */
static void write_time(struct lp_str *out, uint64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{60 * LP_SEC, "m"}, {LP_SEC, "s"}, {LP_MS, "ms"}, {LP_US, "us"}, {1, "ns"}};
    size_t i = 0;

    if (ns == 0) {
        lp_str_add(out, "0");
        return;
    }
    while (ns % units[i].ns != 0)
        i++;
    lp_str_addf(out, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
}

static void write_range(struct lp_str *out, const struct lp_range *range)
{
    write_time(out, range->min_ns);
    if (range->max_ns != range->min_ns) {
        lp_str_add(out, "..");
        write_time(out, range->max_ns);
    }
}

static void write_key(struct lp_str *out, int indent, const char *name)
{
    lp_str_addf(out, "%*s%s: ", indent, "", name);
}

/* The value alone; false and nothing written when it was not given. */
static bool write_value(const struct lp_key *key, const void *member, struct lp_str *out)
{
    switch (key->type) {
    case LP_KEY_LINE:
    case LP_KEY_TEXT: {
        const char *text = *(const char *const *)member;
        if (!text || !*text)
            return false;
        lp_write_quoted(out, text);
        return true;
    }
    case LP_KEY_NAME:
        if (!*(const char *const *)member)
            return false;
        write_word(out, *(const char *const *)member);
        return true;
    case LP_KEY_COUNT:
        if (*(const unsigned *)member < (uint64_t)key->min)
            return false;
        lp_str_addf(out, "%u", *(const unsigned *)member);
        return true;
    case LP_KEY_INDEX:
        if (*(const int *)member < key->min)
            return false;
        lp_str_addf(out, "%d", *(const int *)member);
        return true;
    case LP_KEY_SIGNED:
        lp_str_addf(out, "%" PRId64, *(const int64_t *)member);
        return true;
    case LP_KEY_SEED:
        lp_str_addf(out, "%" PRIu64, *(const uint64_t *)member);
        return true;
    case LP_KEY_DURATION:
        if (*(const uint64_t *)member < (uint64_t)key->min)
            return false;
        write_time(out, *(const uint64_t *)member);
        return true;
    case LP_KEY_RANGE:
        write_range(out, member);
        return true;
    case LP_KEY_CHOICE:
        lp_str_add(out, key->choices[*(const unsigned *)member]);
        return true;
    case LP_KEY_BOOL:
        lp_str_add(out, *(const bool *)member ? "true" : "false");
        return true;
    case LP_KEY_CUSTOM:
        break;
    }
    LP_BUG("a key of no type");
}

void lp_write_members(const struct lp_scenario *scenario, unsigned place, const void *base,
                      int indent, struct lp_str *out)
{
    for (size_t i = 0; i < lp_key_count; i++) {
        const struct lp_key *key = &lp_keys[i];
        if (!(key->places & place))
            continue;
        if (key->type == LP_KEY_CUSTOM) {
            key->write(scenario, base, indent, out);
            continue;
        }
        const size_t before = out->len;
        write_key(out, indent, key->name);
        if (write_value(key, (const char *)base + key->offset, out)) {
            lp_str_add(out, "\n");
        } else {
            out->len = before;
            out->ptr[before] = '\0';
        }
    }
}

void lp_scenario_write(const struct lp_scenario *scenario, struct lp_str *out)
{
    lp_write_members(scenario, LP_KEY_ROOT, scenario, 0, out);
}

void lp_write_cause(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)base;
    if (!scenario->cause)
        return;
    write_key(out, indent, "cause");
    write_word(out, scenario->cause);
    lp_str_add(out, "\n");
}

static void write_resource(const struct lp_resource *resource, int indent, struct lp_str *out)
{
    write_key(out, indent, resource->name);
    lp_str_add(out, "{driver: ");
    write_word(out, resource->driver);
    for (size_t i = 0; i < resource->setting_count; i++) {
        lp_str_add(out, ", ");
        write_word(out, resource->settings[i].key);
        lp_str_add(out, ": ");
        lp_write_quoted(out, resource->settings[i].value);
    }
    lp_str_add(out, "}\n");
}

void lp_write_store(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)base;
    write_resource(&scenario->store, indent, out);
}

/* `lock` is the name of the only one; any other name needs the long form. */
static bool has_short_form(const struct lp_scenario *scenario)
{
    return scenario->lock_count == 1 && strcmp(scenario->locks[0].name, "lock") == 0;
}

void lp_write_lock(const struct lp_scenario *scenario, const void *base, int indent,
                   struct lp_str *out)
{
    (void)base;
    if (has_short_form(scenario))
        write_resource(&scenario->locks[0], indent, out);
}

void lp_write_locks(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)base;
    if (scenario->lock_count == 0 || has_short_form(scenario))
        return;
    lp_str_addf(out, "%*slocks:\n", indent, "");
    for (size_t i = 0; i < scenario->lock_count; i++)
        write_resource(&scenario->locks[i], indent + 2, out);
}

void lp_write_needs(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)base;
    if (scenario->placement_needed)
        lp_str_addf(out, "%*sneeds: [%s]\n", indent, "",
                    lp_placement_name(scenario->placement_needed));
}

void lp_write_explore(const struct lp_scenario *scenario, const void *base, int indent,
                      struct lp_str *out)
{
    lp_str_addf(out, "%*sexplore:\n", indent, "");
    lp_write_members(scenario, LP_KEY_EXPLORE, base, indent + 2, out);
}

void lp_write_item(const struct lp_scenario *scenario, unsigned place, const void *base, int indent,
                   struct lp_str *out)
{
    const size_t begin = out->len;

    lp_write_members(scenario, place, base, indent + 4, out);
    /* The dash goes into the indentation of the first key. */
    out->ptr[begin + (size_t)indent + 2] = '-';
}

void lp_write_groups(const struct lp_scenario *scenario, const void *base, int indent,
                     struct lp_str *out)
{
    (void)base;
    lp_str_addf(out, "%*sgroups:\n", indent, "");
    for (size_t i = 0; i < scenario->group_count; i++)
        lp_write_item(scenario, LP_KEY_GROUP, &scenario->groups[i], indent, out);
}

static void write_step(const struct lp_scenario *scenario, const struct lp_step *step,
                       struct lp_str *out)
{
    const char *target = step->target < 0 ? "store" : scenario->locks[step->target].name;

    lp_str_add(out, lp_step_name(step->kind));
    for (size_t i = 0; i < lp_step_row_count; i++) {
        if (lp_step_rows[i].kind != step->kind)
            continue;
        switch (lp_step_rows[i].arg) {
        case LP_ARG_NONE:
            break;
        case LP_ARG_LOCK:
        case LP_ARG_HANDLE:
            lp_str_addf(out, " %s", target);
            break;
        case LP_ARG_LOCK_MODE:
            lp_str_addf(out, " %s%s", target, step->mode ? " shared" : "");
            break;
        case LP_ARG_BEGIN:
            lp_str_addf(out, " %s", lp_begin_names[step->mode]);
            break;
        case LP_ARG_RANGE:
            lp_str_add(out, " ");
            write_range(out, &step->think);
            break;
        case LP_ARG_FENCE:
            if (step->fence)
                lp_str_addf(out, " fenced %s", scenario->locks[step->fence - 1].name);
            break;
        }
    }
}

void lp_write_steps(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    const struct lp_group *group = base;

    lp_str_addf(out, "%*ssteps: [", indent, "");
    for (size_t i = 0; i < group->step_count; i++) {
        lp_str_add(out, i ? ", " : "");
        write_step(scenario, &group->steps[i], out);
    }
    lp_str_add(out, "]\n");
}
