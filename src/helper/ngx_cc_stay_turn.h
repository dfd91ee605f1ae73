
/*
 * One turn of the loop of a kept command's helper: what has happened is told,
 * clocks are looked at, and it is settled up to where output may be dropped.
 */

#ifndef _NGX_CC_STAY_TURN_H_INCLUDED_
#define _NGX_CC_STAY_TURN_H_INCLUDED_


#include "ngx_cc_stay.h"


/*
 * Once a turn, before the helper sleeps: tells whoever has to be told, looks at
 * the clocks.  When the state of "life" is OVER the process has to leave.
 */
void ngx_cc_stay_turn(ngx_cc_stay_t *stay);


#endif /* _NGX_CC_STAY_TURN_H_INCLUDED_ */
