/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: any bytes as a scenario. Besides what the sanitizers see it demands that a
 * refusal names a place and that what was accepted survives writing and reading.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_scenario.c
 *
 * With tests/fuzz/replay_main.c instead of libFuzzer any compiler can run the corpus.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/scenario/vocabulary.h"

#define FUZZ_FILE "fuzz.yaml"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "fuzz.yaml:LINE:COL: text", neither of them 0. */
static void demand_place(const struct lp_err *err)
{
    const char *at = err->text + sizeof(FUZZ_FILE);

    if (err->kind != LP_ERR_USAGE || strncmp(err->text, FUZZ_FILE ":", sizeof(FUZZ_FILE)) != 0)
        LP_BUG("a refusal without the file's name");
    for (int number = 0; number < 2; number++) {
        char *end;
        if (strtoul(at, &end, 10) == 0 || *end != ':')
            LP_BUG("a refusal without a place");
        at = end + 1;
    }
    if (at[0] != ' ' || at[1] == '\0')
        LP_BUG("a refusal without a reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lp_scenario first, second;
    struct lp_str once, twice;
    struct lp_err err = {0};

    if (lp_scenario_parse(&first, (const char *)data, size, FUZZ_FILE, &test_vocabulary, &err) !=
        0) {
        demand_place(&err);
        return 0;
    }
    lp_str_init(&once);
    lp_str_init(&twice);
    lp_scenario_write(&first, &once);
    if (lp_scenario_parse(&second, once.ptr, once.len, FUZZ_FILE, &test_vocabulary, &err) != 0)
        LP_BUG("what was written cannot be read");
    lp_scenario_write(&second, &twice);
    if (strcmp(once.ptr, twice.ptr) != 0)
        LP_BUG("what was read back is another scenario");
    for (unsigned i = 0; i < lp_scenario_workers(&first); i++)
        if (lp_scenario_seat(&first, i).container >= first.containers)
            LP_BUG("a worker in a container that does not exist");
    lp_str_release(&twice);
    lp_str_release(&once);
    lp_scenario_release(&second);
    lp_scenario_release(&first);
    return 0;
}
