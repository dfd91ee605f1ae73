
/*
 * Ends every descendant of the calling process, wherever it went (own group,
 * own session, double fork): a subreaper inherits every orphan, so killing and
 * waiting for own children until there are none reaches the whole tree, one
 * generation a round.  Only own unreaped children are signalled: a pid cannot
 * have been given to a stranger meanwhile.
 */

#ifndef _NGX_CC_SWEEP_H_INCLUDED_
#define _NGX_CC_SWEEP_H_INCLUDED_


#include <stddef.h>
#include "ngx_cc_proc.h"


/*
 * Sends SIGKILL to every own child except the n pids of "spare" (sorted not
 * required).  Returns the number of children signalled, 0 = there is none, or
 * -1 with errno when the list could not be read.  Never waits.
 */
int ngx_cc_sweep_kill(const ngx_cc_proc_t *proc, const pid_t *spare,
    size_t n);


#endif /* _NGX_CC_SWEEP_H_INCLUDED_ */
