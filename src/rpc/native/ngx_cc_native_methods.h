
/*
 * The methods of the native dialect: one table.  A session has one state, from
 * "connected" to its end, and every method is legal in it; what a command must
 * be for one is said where the method is.
 */

#ifndef _NGX_CC_NATIVE_METHODS_H_INCLUDED_
#define _NGX_CC_NATIVE_METHODS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_native_command.h"
#include "ngx_cc_request.h"
#include "ngx_cc_stdin.h"


typedef struct {
    ngx_cc_transport_t    *transport;
    ngx_cc_request_t       request;
    ngx_cc_answers_t       answers;
    ngx_cc_stdin_share_t   share;    /* what waits for all processes */
    ngx_queue_t            processes;
    ngx_uint_t             nprocesses;
    ngx_cc_asked_t         asked;    /* the request that is served */
    ngx_pool_t            *pool;     /* for it */
} ngx_cc_native_t;


/*
 * Serves the message that is whole in s->request; answers are queued.  NGX_OK,
 * or NGX_ERROR: no memory, the session cannot go on.
 */
ngx_int_t ngx_cc_native_methods_serve(ngx_cc_native_t *s);


#endif /* _NGX_CC_NATIVE_METHODS_H_INCLUDED_ */
