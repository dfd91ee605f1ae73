
/*
 * What a client may choose about the surroundings of its command: a directory
 * below that of the location, environment variables of certain names.
 */

#ifndef _NGX_CC_SPEC_PLACE_H_INCLUDED_
#define _NGX_CC_SPEC_PLACE_H_INCLUDED_


#include "ngx_cc_spec.h"
#include "ngx_cc_trace.h"


/*
 * The parameters "cwd" and "env" (v may be NULL: not given) into
 * spec->command.  NGX_OK; NGX_DECLINED with a refusal; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_spec_place_cwd(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *v);
ngx_int_t ngx_cc_spec_place_env(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *v, ngx_pool_t *pool);

/*
 * TERM of a command on a terminal (static text, TERM=value), unless the
 * configuration or the client says something else; after env.  NGX_OK, or
 * NGX_ERROR.
 */
ngx_int_t ngx_cc_spec_place_term(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, const char *term, ngx_pool_t *pool);

/*
 * The same for any variable (static text, NAME=value) that is not in the
 * environment yet.
 */
ngx_int_t ngx_cc_spec_place_unset(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, const char *variable, ngx_pool_t *pool);

/*
 * The trace that asked for it, which outlives the call of _start(): TRACEPARENT
 * and TRACESTATE in the environment, whoever set them before, and what its
 * record says.  Without a state there is no TRACESTATE.  After all others;
 * NGX_OK, or NGX_ERROR.
 */
ngx_int_t ngx_cc_spec_place_trace(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, const ngx_cc_trace_t *trace, ngx_pool_t *pool);


#endif /* _NGX_CC_SPEC_PLACE_H_INCLUDED_ */
