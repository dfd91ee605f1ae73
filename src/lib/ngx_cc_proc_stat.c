
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_proc_stat.h"


/* fields by the numbers that proc_pid_stat(5) gives them */

#define NGX_CC_PROC_STAT_STATE    3
#define NGX_CC_PROC_STAT_PARENT   4
#define NGX_CC_PROC_STAT_GROUP    5
#define NGX_CC_PROC_STAT_THREADS  20
#define NGX_CC_PROC_STAT_START    22


int
ngx_cc_proc_stat(int dir, pid_t pid, ngx_cc_proc_stat_t *st)
{
    int         fd, field;
    char        path[sizeof("/proc/2147483647/stat")], buf[1024];
    ssize_t     n;
    const char *p, *field_at[NGX_CC_PROC_STAT_START + 1];

    (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);

    fd = (dir == -1) ? open(path, O_RDONLY|O_CLOEXEC)
                     : openat(dir, path + sizeof("/proc/") - 1,
                              O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    n = read(fd, buf, sizeof(buf) - 1);
    (void) close(fd);

    if (n <= 0) {
        return -1;
    }

    buf[n] = '\0';

    /* the name in field 2 may contain anything, and ends at the last ")" */

    p = strrchr(buf, ')');

    for (field = NGX_CC_PROC_STAT_STATE;
         field <= NGX_CC_PROC_STAT_START;
         field++)
    {
        p = p ? strchr(p, ' ') : NULL;

        if (p == NULL) {
            return -1;
        }

        field_at[field] = ++p;
    }

    st->state = *field_at[NGX_CC_PROC_STAT_STATE];
    st->parent = strtol(field_at[NGX_CC_PROC_STAT_PARENT], NULL, 10);
    st->group = strtol(field_at[NGX_CC_PROC_STAT_GROUP], NULL, 10);
    st->threads = strtoul(field_at[NGX_CC_PROC_STAT_THREADS], NULL, 10);
    st->start = strtoull(field_at[NGX_CC_PROC_STAT_START], NULL, 10);

    if (st->threads == 0) {
        /* a zombie */
        st->threads = 1;
    }

    return 0;
}
