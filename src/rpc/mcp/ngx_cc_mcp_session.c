
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_session.h"
#include "ngx_cc_message.h"


static ngx_int_t ngx_cc_mcp_session_find(ngx_cc_mcp_session_t *session,
    ngx_cc_mcp_reply_t *rp, const uint8_t *owner);
static ngx_int_t ngx_cc_mcp_session_ask(ngx_cc_mcp_session_t *session,
    const ngx_cc_legacy_call_t *name);
static void ngx_cc_mcp_session_asked(void *data,
    const ngx_cc_ask_answer_t *answer);
static ngx_int_t ngx_cc_mcp_session_twice(ngx_cc_mcp_reply_t *rp);
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

    return ngx_cc_mcp_session_find(session, rp, owner);
}


ngx_int_t
ngx_cc_mcp_session_need(ngx_cc_mcp_session_t *session, ngx_cc_mcp_reply_t *rp,
    const uint8_t *owner)
{
    if (rp->post->session.data == NULL) {
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 400,
                                       "Mcp-Session-Id is missing: whose event "
                                       "is it?");
        return NGX_DECLINED;
    }

    return ngx_cc_mcp_session_find(session, rp, owner);
}


ngx_uint_t
ngx_cc_mcp_session_known(ngx_cc_mcp_session_t *session, ngx_cc_mcp_reply_t *rp,
    const uint8_t *owner)
{
    session->known = (ngx_cc_legacy_check(&rp->post->session, owner,
                                          &session->legacy)
                      == NGX_OK);

    return session->known;
}


static ngx_int_t
ngx_cc_mcp_session_find(ngx_cc_mcp_session_t *session, ngx_cc_mcp_reply_t *rp,
    const uint8_t *owner)
{
    if (ngx_cc_mcp_session_known(session, rp, owner)) {
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

    if (session->twice) {
        return ngx_cc_mcp_session_twice(rp);
    }

    switch (ngx_cc_legacy_may(name)) {

    case NGX_CC_LEGACY_TWICE:
        return ngx_cc_mcp_session_twice(rp);

    case NGX_CC_LEGACY_OLD:
        /* once: should it go on all the same, LISTEN will find it */

        return session->asked ? NGX_OK : ngx_cc_mcp_session_ask(session, name);

    case NGX_CC_LEGACY_ENDED:
        rp->post->canceled = 1;
        return NGX_DECLINED;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_cc_mcp_session_twice(ngx_cc_mcp_reply_t *rp)
{
    (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 400,
                                   NGX_CC_MCP_SESSION_TWICE);
    return NGX_DECLINED;
}


/* a result that its client has not fetched is dropped; one that runs is not */

static ngx_int_t
ngx_cc_mcp_session_ask(ngx_cc_mcp_session_t *session,
    const ngx_cc_legacy_call_t *name)
{
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(ngx_cc_ask_spec_t));
    spec.what = NGX_CC_ASK_REMOVE;
    spec.call = 1;
    spec.handle = name->handle;
    spec.owner = name->owner;

    session->asked = 1;
    session->ask = ngx_cc_ask(&spec, ngx_cc_mcp_session_asked, session);

    return session->ask ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_cc_mcp_session_asked(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_mcp_session_t  *session = data;

    session->ask = NULL;

    /* it runs, or its client is being told the result */
    session->twice = (answer->result == NGX_CC_ASKED_DENIED);
    session->again(session->data);
}


void
ngx_cc_mcp_session_close(ngx_cc_mcp_session_t *session)
{
    if (session->ask) {
        ngx_cc_ask_close(session->ask);
        session->ask = NULL;
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

    session->request = text;
    ngx_cc_legacy_name(&session->legacy, &text, name);

    return NGX_OK;
}
