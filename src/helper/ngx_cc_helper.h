
/*
 * The helper: a process that hosts one command at a time (ngx_cc_life).  Here
 * is its loop: what it waits for, what it obeys, what it reports.
 */

#ifndef _NGX_CC_HELPER_H_INCLUDED_
#define _NGX_CC_HELPER_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_user.h"


typedef struct {
    int             socket;      /* control socket */
    int             deathwatch;  /* -1 = none */
    int             ring;        /* descriptor of the ring's memory, read and
                                    write */
    size_t          ring_size;
    const char     *tmp;         /* where directories of commands are made
                                    (ngx_cc_tmpdir.h), or NULL */
    unsigned        seccomp;     /* what every command is denied
                                    (ngx_cc_seccomp.h), 0 = nothing */
    int             enclosed;    /* every command that it will get has a fence
                                    that keeps signals in: the helper may stand
                                    in one of its own */
    const ngx_cc_user_t  *user;  /* commands run as, or NULL: as we do */
    int             cgroup;      /* directory of control groups
                                    (ngx_cc_cgroup.h), -1 = none */
} ngx_cc_helper_conf_t;


/*
 * To be called in the new process, which has default signals, an empty mask
 * and /dev/null as 0, 1 and 2 (the spawner sees to that).  Closes every other
 * descriptor but the four of "conf", becomes a subreaper and a batch process
 * (SCHED_BATCH, sched(7)) and serves until the control socket or the
 * deathwatch ends; with a "user" the worker, which lives on, is told how its
 * command has ended ("shutdown").  Leaves by _exit(0), or by _exit(1) when it
 * lacks what it needs to serve at all.
 */
void ngx_cc_helper_run(const ngx_cc_helper_conf_t *conf)
    __attribute__((noreturn));


#endif /* _NGX_CC_HELPER_H_INCLUDED_ */
