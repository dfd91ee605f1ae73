
/*
 * One process as /proc/PID/stat shows it (proc_pid_stat(5)).  A pid alone
 * identifies nothing, it may be given to another process at any time; pid and
 * start time together identify one process.
 */

#ifndef _NGX_CC_PROC_STAT_H_INCLUDED_
#define _NGX_CC_PROC_STAT_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


typedef struct {
    char            state;       /* R S D T t Z ... */
    pid_t           parent;
    pid_t           group;
    uint32_t        threads;     /* at least 1 */
    uint64_t        start;       /* clock ticks since the machine started */
} ngx_cc_proc_stat_t;


/*
 * "dir": a descriptor of /proc, or -1: it is found by its name.  Returns 0, or
 * -1: the process is gone, or hidden from us.
 */
int ngx_cc_proc_stat(int dir, pid_t pid, ngx_cc_proc_stat_t *st);


#endif /* _NGX_CC_PROC_STAT_H_INCLUDED_ */
