/* SPDX-License-Identifier: MIT */
/* A unit test program: LP_UNIT_MAIN(suite) runs one suite of libcheck and exits. */
#ifndef LP_TESTS_UNIT_H
#define LP_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

#define LP_UNIT_MAIN(make_suite)                                                                   \
    int main(void)                                                                                 \
    {                                                                                              \
        SRunner *runner = srunner_create(make_suite());                                            \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                               \
    }

#endif
