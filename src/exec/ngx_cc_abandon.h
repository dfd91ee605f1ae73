
/*
 * Commands whose client is gone: they are told to end, and their helpers come
 * back to the pool by themselves.
 */

#ifndef _NGX_CC_ABANDON_H_INCLUDED_
#define _NGX_CC_ABANDON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_pool.h"


/*
 * Gives a helper back whose command still runs: the command is abandoned, with
 * "cause" unless it ends already, and the helper is put when it has ended, or
 * killed when it has not within "grace" ms and some seconds.
 */
void ngx_cc_abandon(ngx_cc_helper_handle_t *h, ngx_msec_t grace,
    ngx_cc_cause_e cause);


#endif /* _NGX_CC_ABANDON_H_INCLUDED_ */
