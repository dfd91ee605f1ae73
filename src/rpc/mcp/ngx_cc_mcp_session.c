
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_session.h"
#include "ngx_cc_message.h"


static ngx_int_t ngx_cc_mcp_session_name(ngx_cc_mcp_session_t *session,
    ngx_pool_t *pool, ngx_cc_value_t *id, ngx_cc_legacy_call_t *name);


ngx_int_t
ngx_cc_mcp_session_check(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, ngx_cc_request_t *rq, const uint8_t *owner)
{
    if (rp->post == NULL || rp->post->session.data == NULL || rp->modern
        || (rq->id && rq->method.data
            && ngx_strcmp(rq->method.data, "initialize") == 0))
    {
        return NGX_OK;
    }

    session->known = (ngx_cc_legacy_check(&rp->post->session, owner,
                                          &session->legacy)
                      == NGX_OK);

    if (session->known) {
        return NGX_OK;
    }

    (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 404,
                                   "unknown session: Mcp-Session-Id is not one "
                                   "of yours here, or was ended, or is older "
                                   "than a week; initialize begins another");
    return NGX_DECLINED;
}


ngx_int_t
ngx_cc_mcp_session_call(ngx_cc_mcp_session_t *session, ngx_cc_mcp_reply_t *rp,
    ngx_cc_value_t *id, ngx_cc_legacy_call_t *name)
{
    ngx_memzero(name, sizeof(ngx_cc_legacy_call_t));

    if (!session->known) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_session_name(session, rp->pool, id, name) != NGX_OK) {
        return NGX_ERROR;
    }

    switch (ngx_cc_legacy_may(name)) {

    case NGX_CC_LEGACY_TWICE:
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 400,
                                       "a request with this id is being served "
                                       "in this session");
        return NGX_DECLINED;

    case NGX_CC_LEGACY_ENDED:
        rp->post->canceled = 1;
        return NGX_DECLINED;

    default:
        return NGX_OK;
    }
}


ngx_int_t
ngx_cc_mcp_session_cancel(ngx_cc_mcp_session_t *session, ngx_pool_t *pool,
    ngx_cc_value_t *id)
{
    ngx_cc_legacy_call_t  name;

    ngx_memzero(&name, sizeof(ngx_cc_legacy_call_t));

    if (ngx_cc_mcp_session_name(session, pool, id, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_legacy_cancel(&name);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_session_name(ngx_cc_mcp_session_t *session, ngx_pool_t *pool,
    ngx_cc_value_t *id, ngx_cc_legacy_call_t *name)
{
    ngx_str_t  text;

    if (ngx_cc_message_canonical(id, pool, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_legacy_name(&session->legacy, &text, name);

    return NGX_OK;
}
