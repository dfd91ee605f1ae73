
/*
 * The spawner: one per worker, forked in init_process, or by the executor
 * service for a worker that has connected to it.  It forks helpers ahead of
 * demand and kills them when told to, nothing else; commands are vforked by
 * the helpers.  It is the subreaper of what a killed helper leaves behind and
 * sweeps that.  Between it and its parent stands its keeper (ngx_cc_keeper),
 * who does the same when the spawner is killed, too.
 *
 * After the fork only async-signal-safe calls are made (the worker may have
 * threads), memory comes from mmap, and it leaves by _exit(2) with status 0.
 */

#ifndef _NGX_CC_SPAWNER_H_INCLUDED_
#define _NGX_CC_SPAWNER_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>
#include "ngx_cc_user.h"


#define NGX_CC_SPAWNER_OOM  200      /* added to oom_score_adj */
#define NGX_CC_SPAWNER_MAX  32768    /* helpers, those of kept commands
                                        counted: more are not made */

/* spawners that one executor service has at a time, each for one worker and one
   user of commands; those of one peer's uid, where there may be others */

#define NGX_CC_SPAWNER_SERVED  128
#define NGX_CC_SPAWNER_SHARE   96


/* a piece of memory to unmap at birth: shared zones of the worker */

typedef struct {
    void           *addr;
    size_t          size;
} ngx_cc_spawner_map_t;


typedef struct {
    int             socket;      /* towards the worker */
    int             deathwatch;  /* read end: end of file = no master.  -1 =
                                    none */
    size_t          ring;        /* bytes of each helper's ring */
    int             nice;        /* absolute */
    const char     *tmp;         /* where directories of commands are made
                                    (ngx_cc_tmpdir.h), or NULL */
    unsigned        seccomp;     /* what every command of every helper is
                                    denied (ngx_cc_seccomp.h), 0 = nothing */
    int             enclosed;    /* see ngx_cc_helper_conf_t */
    int             raised;      /* oom_score_adj is what it shall be */
    const ngx_cc_user_t  *user;  /* commands run as, or NULL: as we do.  Then
                                    the deathwatch is the service's */
    int             cgroup;      /* directory of control groups
                                    (ngx_cc_cgroup.h), -1 = none */
    const char     *program;     /* titles begin with it */
    const ngx_cc_spawner_map_t  *maps;
    size_t          nmaps;
    char          **argv;        /* memory of the process title, or NULL */
    size_t          title_room;  /* bytes from argv[0] that a title may use */
} ngx_cc_spawner_conf_t;


/*
 * To be called in the new process.  Its birth, in this order: 0, 1, 2 to
 * /dev/null; all other descriptors but the two closed; default signals, empty
 * mask; affinity, scheduling class, nice, timer slack back; oom_score_adj +
 * 200, then not dumpable; session of its own; subreaper; core size 0, 1024
 * descriptors; umask 077; no_new_privs; the user's rights on files; maps
 * unmapped; then it splits into keeper and spawner.  When it lacks something
 * to be one, it says so by a NOFORK, and leaves.
 *
 * Obeys SUPPLY and KILL, sends HELPER, GONE and NOFORK; after a failed fork,
 * or a helper that failed within its first 100 ms (not one that left because
 * the worker did not want it), it tries again after 100 ms, 1 s, 5 s.  Ends
 * when the worker has closed its socket or has sent SUPPLY 0, or the keeper
 * has died, and the last helper and all that it left are gone.
 */
void ngx_cc_spawner_run(const ngx_cc_spawner_conf_t *conf)
    __attribute__((noreturn));


#endif /* _NGX_CC_SPAWNER_H_INCLUDED_ */
