
/*
 * The legacy session over HTTP that a POST belongs to: what its id decides, and
 * the names by which other workers know its calls (exec/ngx_cc_legacy.h).
 */

#ifndef _NGX_CC_MCP_SESSION_H_INCLUDED_
#define _NGX_CC_MCP_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_request.h"


#define NGX_CC_MCP_SESSION_TWICE                                              \
    "a request with this id is being served in this session"


typedef struct {
    ngx_cc_legacy_t  legacy;
    ngx_str_t        request;            /* canonical id of a call, in the pool
                                            of the request */
    ngx_cc_ask_t    *ask;                /* about an older call of that id */
    ngx_uint_t       twice;              /* it runs */
    unsigned         known:1;            /* the request names one, a good one */
    unsigned         asked:1;            /* about an older one */

    /* NGX_AGAIN was returned, and now the message can be served again */
    void           (*again)(void *data);
    void            *data;
} ngx_cc_mcp_session_t;


/*
 * NGX_OK when the message names none, or a good one of that owner (a digest);
 * NGX_DECLINED: it has been refused.  The new era does not know sessions, and
 * initialize begins one.
 */
ngx_int_t ngx_cc_mcp_session_check(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, ngx_cc_request_t *rq, const uint8_t *owner);

/* does it name a good one of that owner?  1 or 0, without a word to anybody */
ngx_uint_t ngx_cc_mcp_session_known(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, const uint8_t *owner);

/* as check() for a request without a message, which has to name one */
ngx_int_t ngx_cc_mcp_session_need(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, const uint8_t *owner);

/*
 * Names the call that a request with this id asks for ("name": all zero without
 * a session).  NGX_OK: it may begin; NGX_DECLINED: it has been refused, or was
 * canceled before it came; NGX_AGAIN: an older one has that id, again() comes
 * when it is known what becomes of it; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_session_call(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, ngx_cc_value_t *id, ngx_cc_legacy_call_t *name);

/* what was asked is not awaited any more */
void ngx_cc_mcp_session_close(ngx_cc_mcp_session_t *session);

/* the call with this id is to end, in whichever worker; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_mcp_session_cancel(ngx_cc_mcp_session_t *session,
    ngx_pool_t *pool, ngx_cc_value_t *id);


#endif /* _NGX_CC_MCP_SESSION_H_INCLUDED_ */
