
/*
 * What every request of ours keeps, first in its own struct: for the log
 * variables, which are read when the request is over.
 */

#ifndef _NGX_CC_CTX_H_INCLUDED_
#define _NGX_CC_CTX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_dialect.h"


typedef struct {
    ngx_cc_transport_t  transport;
    const char         *name;        /* of the dialect */
    off_t               bytes_out;   /* of messages */
    ngx_uint_t          code;        /* of a WebSocket's close; 0: open, or
                                        no WebSocket */
} ngx_cc_ctx_t;


#endif /* _NGX_CC_CTX_H_INCLUDED_ */
