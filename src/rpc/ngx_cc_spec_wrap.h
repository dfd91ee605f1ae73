
/*
 * A command that is started by another program (cc_executor_wrapper), and
 * perhaps reached by a third one (cc_executor_control).
 */

#ifndef _NGX_CC_SPEC_WRAP_H_INCLUDED_
#define _NGX_CC_SPEC_WRAP_H_INCLUDED_


#include "ngx_cc_spec.h"


/* what the public digits of a command's id stand for in words of both */

#define NGX_CC_SPEC_WRAP_ID      "%{id}"

/* the signal that is due, in words of the control program */

#define NGX_CC_SPEC_WRAP_SIGNAL  "%{signal}"


/*
 * Puts the wrapper's words before those of the checked command in "spec", and
 * the control program's beside them; there is a wrapper.  Where the words have
 * the id in them the command gets its handle here.  Memory is of "pool".
 * NGX_OK, or NGX_ERROR: no memory, no randomness.
 */
ngx_int_t ngx_cc_spec_wrap(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_pool_t *pool);


#endif /* _NGX_CC_SPEC_WRAP_H_INCLUDED_ */
