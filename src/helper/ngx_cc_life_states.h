
/*
 * The states of a life (see ngx_cc_life.h for the words), one function each.
 * Orphaned in any state = cause "disconnect", EXITED is not told and the life
 * is OVER at the end; stdin is fed while it is open.
 *
 *   state      entered by                   left by                to
 *   IDLE       birth, EXITED, FAILED        START                  RUNNING
 *                                           START that fails       IDLE
 *                                           orphaned               OVER
 *   RUNNING    exec succeeded               main process gone      LINGERING
 *                                           CANCEL, ABANDON, run
 *                                           or silence limit, too
 *                                           much output, orphaned  ENDING
 *   LINGERING  main process gone            linger time over,
 *                                           childless              SWEEPING
 *                                           CANCEL, ABANDON, too
 *                                           much output, orphaned  ENDING
 *   ENDING     TERM and CONT to the tree    grace time over,
 *                                           childless              SWEEPING
 *              (one that lives elsewhere has further steps,
 *              ngx_cc_remote.h)
 *   SWEEPING   KILL to the tree             childless              DRAINING
 *                                           orphaned, and KILL has
 *                                           not helped for long    OVER
 *   DRAINING   every descendant gone        what was in both pipes
 *                                           then is read (waits
 *                                           for room without
 *                                           limit, which ENDED
 *                                           tells, except after
 *                                           ABANDON or orphaned)   IDLE, OVER
 *   OVER       orphaned                     the process leaves
 */

#ifndef _NGX_CC_LIFE_STATES_H_INCLUDED_
#define _NGX_CC_LIFE_STATES_H_INCLUDED_


#include "ngx_cc_life.h"


/*
 * Feeds stdin and goes through the table, after everything else has been done.
 */
void ngx_cc_life_states_advance(ngx_cc_life_t *life);


#endif /* _NGX_CC_LIFE_STATES_H_INCLUDED_ */
