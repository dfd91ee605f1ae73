
/*
 * For the sanitizers, too; spawner and helper include it.  A process that is
 * not dumpable cannot read its own /proc/self/maps, and without it there is no
 * report.  And the library for undefined behaviour does not see its log_path
 * when that for addresses is there, so it is told here, when the module is
 * loaded: standard error of a helper is /dev/null.
 */

#include_next <sys/prctl.h>

#ifndef _ASAN_SYS_PRCTL_H_INCLUDED_
#define _ASAN_SYS_PRCTL_H_INCLUDED_


#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void __attribute__((constructor))
asan_report_path(void)
{
    void        *library;
    char         path[256];
    const char  *options;
    void       (*set)(const char *path);

    library = dlopen("libubsan.so.1", RTLD_NOW|RTLD_NOLOAD);
    options = getenv("UBSAN_OPTIONS");

    if (library == NULL || options == NULL
        || sscanf(options, "log_path=%255[^:]", path) != 1)
    {
        return;
    }

    *(void **) &set = dlsym(library, "__sanitizer_set_report_path");
    set(path);
}


#define prctl(option, ...)                                                    \
    ((option) == PR_SET_DUMPABLE ? 0 : prctl(option, __VA_ARGS__))


#endif /* _ASAN_SYS_PRCTL_H_INCLUDED_ */
