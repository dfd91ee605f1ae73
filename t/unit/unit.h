
/*
 * What every unit test program shares: one suite, TAP on standard output.
 */

#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#include <check.h>
#include <stdlib.h>


/* as ck_assert(), for hot loops: that one writes to a pipe every time */

#define unit_assert(cond)                                                     \
    do {                                                                      \
        if (!(cond)) {                                                        \
            ck_abort_msg("failed: %s", #cond);                                \
        }                                                                     \
    } while (0)


/*
 * Runs the suite (each test in a process of its own unless CK_FORK=no),
 * prints TAP, frees it.  Returns what main() returns.
 */

static inline int
unit_run(Suite *suite)
{
    int       failed;
    SRunner  *runner;

    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}


#endif /* _UNIT_H_INCLUDED_ */
