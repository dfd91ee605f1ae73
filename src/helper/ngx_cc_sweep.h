
/*
 * Ends every descendant of the calling process, wherever it went (own group,
 * own session, double fork): a subreaper inherits every orphan, so killing and
 * waiting for own children until there are none reaches the whole tree, one
 * generation a round.  Only own unreaped children are signalled: a pid cannot
 * have been given to a stranger meanwhile.
 */

#ifndef _NGX_CC_SWEEP_H_INCLUDED_
#define _NGX_CC_SWEEP_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


typedef struct {
    int             children;    /* descriptor of /proc/self/task/TID/children,
                                    or -1: /proc is scanned */
    int             proc;        /* descriptor of /proc */
    pid_t           self;
} ngx_cc_sweep_t;


/*
 * Opens what a sweep needs.  Returns 0, or -1 with errno: without /proc there
 * is no sweep.
 */
int ngx_cc_sweep_init(ngx_cc_sweep_t *sweep);

/*
 * Sends SIGKILL to every own child except the n pids of "spare" (sorted not
 * required).  Returns the number of children signalled, 0 = there is none, or
 * -1 with errno when the list could not be read.  Never waits.
 */
int ngx_cc_sweep_kill(ngx_cc_sweep_t *sweep, const pid_t *spare, size_t n);

/*
 * 1 when a living own child belongs to this process group, 0 when none does
 * or the list cannot be read.
 */
int ngx_cc_sweep_group(ngx_cc_sweep_t *sweep, pid_t pgid);


#endif /* _NGX_CC_SWEEP_H_INCLUDED_ */
