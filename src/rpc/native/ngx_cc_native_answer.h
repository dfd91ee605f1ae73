
/*
 * The answers to questions of a native session that go to the helpers of kept
 * commands (ngx_cc_native_ask).
 */

#ifndef _NGX_CC_NATIVE_ANSWER_H_INCLUDED_
#define _NGX_CC_NATIVE_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_native_methods.h"


/*
 * Asks, for the request that is served; it is answered when the helper has.
 * "spec" needs no owner; READ answers in "base64" if that is set.  Who asks for
 * what does not exist, or is not his, waits as long as for what does.  NGX_OK
 * (also when it was refused), or NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_native_answer_begin(ngx_cc_native_t *s,
    ngx_cc_ask_spec_t *spec, ngx_uint_t base64);

/* this worker leaves: whoever waits is told */
void ngx_cc_native_answer_leave(ngx_cc_native_t *s);

/* the session ends: nobody is told anything */
void ngx_cc_native_answer_close(ngx_cc_native_t *s);


#endif /* _NGX_CC_NATIVE_ANSWER_H_INCLUDED_ */
