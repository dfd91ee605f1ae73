
/*
 * For "make coverage": included before every file.  Spawner and helper leave by
 * _exit(2), which does not write what was counted.
 */

#ifndef _COVERAGE_EXIT_H_INCLUDED_
#define _COVERAGE_EXIT_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <unistd.h>


void __gcov_dump(void);
void __gcov_reset(void);


/* not in the child of a vfork, which has another's memory: 127 */

#define _exit(n)                                                              \
    do {                                                                      \
        if ((n) != 127) {                                                     \
            __gcov_dump();                                                    \
            __gcov_reset();                                                   \
        }                                                                     \
                                                                              \
        (_exit)(n);                                                           \
    } while (0)


#endif /* _COVERAGE_EXIT_H_INCLUDED_ */
