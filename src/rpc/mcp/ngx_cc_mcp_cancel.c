
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_cancel.h"
#include "ngx_cc_message.h"


#define NGX_CC_MCP_CANCEL_PRIMES  20251125   /* the first version whose clients
                                                know an event without data */


static void ngx_cc_mcp_cancel(void *data);
static void ngx_cc_mcp_cancel_drop(void *data);
static void ngx_cc_mcp_cancel_twice(ngx_cc_mcp_call_t *call);


/*
 * The command ends with its whole tree and nothing is answered.  Unknown ids
 * are ignored: the answer may have been faster.
 */

ngx_int_t
ngx_cc_mcp_cancelled(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_str_t           id;
    ngx_queue_t        *q;
    ngx_cc_value_t     *v;
    ngx_cc_mcp_call_t  *call;

    v = ngx_cc_request_member(params, "requestId");

    if (v == NULL
        || (v->type != NGX_CC_VALUE_STRING && v->type != NGX_CC_VALUE_NUMBER))
    {
        return NGX_OK;
    }

    if (s->session.known) {
        return ngx_cc_mcp_session_cancel(&s->session, s->methods.reply.pool,
                                         v);
    }

    if (ngx_cc_message_text(v, s->methods.reply.pool, &id) != NGX_OK) {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);

        if (!call->begun && call->id.len == id.len
            && ngx_memcmp(call->id.data, id.data, id.len) == 0)
        {
            call->session = s;
            ngx_cc_mcp_cancel(call);
            return NGX_OK;
        }
    }

    ngx_cc_mcp_jobs_cancel(&s->jobs, &id);
    ngx_cc_mcp_tasks_cancel(&s->tasks, &id);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_cancelled_there(ngx_cc_mcp_t *s, ngx_cc_request_t *rq)
{
    ngx_cc_mcp_reply_t  *rp;

    rp = &s->methods.reply;

    if (rp->post->peer == NULL || rq->id
        || ngx_strcmp(rq->method.data, "notifications/cancelled") != 0
        || !ngx_cc_mcp_session_known(&s->session, rp,
                                     s->base.transport->owner))
    {
        return NGX_OK;
    }

    return ngx_cc_mcp_cancelled(s, rq->params);
}


void
ngx_cc_mcp_cancel_join(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call,
    const ngx_cc_legacy_call_t *name)
{
    call->session = s;
    call->gone = ngx_cc_mcp_cancel_drop;
    call->legacy = *name;
    call->legacy.data = call;
    call->legacy.end = ngx_cc_mcp_cancel;
    ngx_cc_legacy_join(&call->legacy);
}


void
ngx_cc_mcp_cancel_reached(void *data, ngx_cc_mcp_reach_e what)
{
    ngx_cc_mcp_call_t  *call = data;

    switch (what) {

    case NGX_CC_MCP_REACH_OPEN:
        ngx_cc_mcp_cancel_prime(call->session, call->reach.trail->nonce,
                                &call->reach.request);
        return;

    case NGX_CC_MCP_REACH_CLOSED:
        call->wake(call->data);
        return;

    case NGX_CC_MCP_REACH_TWICE:
        ngx_cc_mcp_cancel_twice(call);
        return;

    default:
        ngx_cc_mcp_cancel(call);
    }
}


void
ngx_cc_mcp_cancel_prime(ngx_cc_mcp_t *s, uint64_t nonce,
    const ngx_str_t *request)
{
    u_char              *p;
    ngx_cc_transport_t  *transport;
    ngx_cc_mcp_post_t   *post;

    transport = s->base.transport;
    post = transport->post;

    if (post->plain
        || s->session.legacy.id.version < NGX_CC_MCP_CANCEL_PRIMES)
    {
        return;
    }

    p = ngx_pnalloc(transport->pool, 2 * NGX_CC_MCP_TRAIL_EVENT);

    if (p == NULL) {
        /* it cannot be taken up, and that is all */
        return;
    }

    post->prime.data = p;
    post->prime.len = ngx_cc_mcp_trail_event(p, nonce,
                                             NGX_CC_MCP_TRAIL_PRIMING, request)
                      - p;

    p += NGX_CC_MCP_TRAIL_EVENT;
    post->answer.data = p;
    post->answer.len = ngx_cc_mcp_trail_event(p, nonce,
                                              NGX_CC_MCP_TRAIL_ANSWER, request)
                       - p;

    post->stream = 1;
    transport->wake(transport->data);
}


/* of one call, whoever wants it: an answer that was begun goes on */

static void
ngx_cc_mcp_cancel(void *data)
{
    ngx_cc_mcp_call_t  *call = data;

    ngx_cc_mcp_t        *s;
    ngx_cc_transport_t  *transport;

    if (call->begun) {
        return;
    }

    s = call->session;
    transport = s->base.transport;

    ngx_log_error(NGX_LOG_INFO, transport->log, 0,
                  "cc_executor: call canceled execution=%*s session=%*s",
                  (size_t) NGX_CC_HANDLE_NAME, call->cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, transport->session_id);

    (void) ngx_cc_command_cancel(call->cmd);
    ngx_cc_mcp_cancel_drop(call);
}


/* nothing is said of it any more */

static void
ngx_cc_mcp_cancel_drop(void *data)
{
    ngx_cc_mcp_call_t  *call = data;

    ngx_cc_mcp_t        *s;
    ngx_cc_transport_t  *transport;

    s = call->session;
    transport = s->base.transport;

    if (transport->post) {
        transport->post->canceled = 1;
    }

    s->base.handlers->forget(s, &call->queue);
    transport->wake(transport->data);
}


/* another worker has begun one of this id just before */

static void
ngx_cc_mcp_cancel_twice(ngx_cc_mcp_call_t *call)
{
    ngx_cc_mcp_t        *s;
    ngx_cc_transport_t  *transport;

    s = call->session;
    transport = s->base.transport;

    ngx_cc_message_refuse(&s->base.answers, &call->id, NGX_CC_ERROR_REQUEST,
                          ngx_cc_text(NGX_CC_MCP_SESSION_TWICE));
    transport->post->status = 400;

    (void) ngx_cc_command_cancel(call->cmd);
    s->base.handlers->forget(s, &call->queue);
    transport->wake(transport->data);
}
