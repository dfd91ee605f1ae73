
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_cancel.h"
#include "ngx_cc_mcp_resume.h"
#include "ngx_cc_message.h"


static ngx_int_t ngx_cc_mcp_resume_ask(ngx_cc_mcp_t *s, ngx_str_t *request);
static void ngx_cc_mcp_resume_told(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_resume_call(ngx_cc_mcp_t *s,
    ngx_cc_mcp_trail_t *trail);
static void ngx_cc_mcp_resume_found(void *data, ngx_uint_t found);
static void ngx_cc_mcp_resume_answered(ngx_cc_mcp_t *s);
static void ngx_cc_mcp_resume_dropped(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_resume_unknown(ngx_cc_mcp_t *s);
static void ngx_cc_mcp_resume_busy(ngx_cc_mcp_t *s);


void
ngx_cc_mcp_resume(void *session)
{
    u_char                     request[NGX_CC_MCP_TRAIL_REQUEST];
    ngx_cc_mcp_t              *s = session;
    ngx_cc_mcp_reply_t        *rp;
    ngx_cc_mcp_trail_event_e   kind;

    s->served = 1;

    rp = &s->methods.reply;
    rp->pool = s->base.transport->pool;
    ngx_cc_mcp_reply_status(rp, 200);

    if (ngx_cc_mcp_session_need(&s->session, rp, s->base.transport->owner)
        != NGX_OK)
    {
        return;
    }

    s->session.request.data = request;

    if (ngx_cc_mcp_trail_event_read(&rp->post->last, &s->resume.nonce, &kind,
                                    &s->session.request)
        != NGX_OK)
    {
        ngx_cc_mcp_resume_unknown(s);
        return;
    }

    s->resume.answered = (kind == NGX_CC_MCP_TRAIL_ANSWER);

    if (ngx_cc_mcp_resume_ask(s, &s->session.request) != NGX_OK) {
        ngx_cc_mcp_resume_busy(s);
    }
}


static ngx_int_t
ngx_cc_mcp_resume_ask(ngx_cc_mcp_t *s, ngx_str_t *request)
{
    u_char             *p;
    ngx_cc_ask_spec_t   spec;

    ngx_cc_legacy_name(&s->session.legacy, request, &s->resume.name);

    /* for the ids of events */

    p = ngx_pnalloc(s->base.transport->pool, request->len);

    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, request->data, request->len);
    request->data = p;

    ngx_memzero(&spec, sizeof(ngx_cc_ask_spec_t));
    spec.what = NGX_CC_ASK_ENTRY;
    spec.handle = s->resume.name.handle;
    spec.owner = s->resume.name.owner;

    s->resume.ask = ngx_cc_ask(&spec, ngx_cc_mcp_resume_told, s);

    return s->resume.ask ? NGX_OK : NGX_ERROR;
}


static void
ngx_cc_mcp_resume_told(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_mcp_t        *s = data;
    ngx_cc_mcp_trail_t   trail;

    s->resume.ask = NULL;

    if (answer->result == NGX_CC_ASKED_BUSY) {
        ngx_cc_mcp_resume_busy(s);

    } else if (answer->result != NGX_CC_ASKED_OK
               || ngx_cc_mcp_trail_read(&trail, answer->entry) != NGX_OK
               || trail.nonce != s->resume.nonce)
    {
        ngx_cc_mcp_resume_unknown(s);

    } else if (s->resume.answered) {
        ngx_cc_mcp_resume_answered(s);

    } else {
        ngx_cc_mcp_resume_call(s, &trail);
    }

    s->base.transport->wake(s->base.transport->data);
}


static void
ngx_cc_mcp_resume_call(ngx_cc_mcp_t *s, ngx_cc_mcp_trail_t *trail)
{
    ngx_cc_mcp_call_t  *call;

    /* a worker that leaves takes up nothing: it has sent such streams away */

    call = ngx_exiting ? NULL
                       : ngx_cc_mcp_call_resume(trail, &s->resume.name.handle,
                                                s->base.transport);

    if (call == NULL) {
        ngx_cc_mcp_resume_busy(s);
        return;
    }

    ngx_queue_insert_tail(&s->base.commands, &call->queue);
    s->base.ncommands++;

    call->found = ngx_cc_mcp_resume_found;
    ngx_cc_mcp_cancel_join(s, call, &s->resume.name);
}


/* the older stream, if there is one, has ended */

static void
ngx_cc_mcp_resume_found(void *data, ngx_uint_t found)
{
    ngx_cc_mcp_call_t  *call = data;

    ngx_cc_mcp_t        *s;
    ngx_cc_transport_t  *transport;

    s = call->session;
    transport = s->base.transport;

    if (!found) {
        s->base.handlers->forget(s, &call->queue);
        ngx_cc_mcp_resume_unknown(s);
        transport->wake(transport->data);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, transport->log, 0,
                  "cc_executor: call resumed execution=%*s session=%*s",
                  (size_t) NGX_CC_HANDLE_NAME, call->cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, transport->session_id);

    ngx_cc_mcp_cancel_prime(s, s->resume.nonce, &s->session.request);
}


/* nothing follows the answer: the stream ends at once, and nobody needs it */

static void
ngx_cc_mcp_resume_answered(ngx_cc_mcp_t *s)
{
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(ngx_cc_ask_spec_t));
    spec.what = NGX_CC_ASK_REMOVE;
    spec.call = 1;
    spec.handle = s->resume.name.handle;
    spec.owner = s->resume.name.owner;

    (void) ngx_cc_ask(&spec, ngx_cc_mcp_resume_dropped, NULL);

    s->base.transport->post->canceled = 1;
}


static void
ngx_cc_mcp_resume_dropped(void *data, const ngx_cc_ask_answer_t *answer)
{
    /* else it is forgotten when its time is over */
}


static void
ngx_cc_mcp_resume_unknown(ngx_cc_mcp_t *s)
{
    (void) ngx_cc_mcp_reply_refuse(&s->methods.reply, NGX_CC_ERROR_REQUEST, 400,
                                   "unknown event: Last-Event-ID is none of "
                                   "this session's, or what followed it is "
                                   "not there any more");
}


static void
ngx_cc_mcp_resume_busy(ngx_cc_mcp_t *s)
{
    (void) ngx_cc_mcp_reply_refuse(&s->methods.reply, NGX_CC_ERROR_INTERNAL,
                                   503, "the call cannot be asked now: try "
                                   "again");
}


void
ngx_cc_mcp_resume_move(void *session)
{
    ngx_queue_t        *q, *next;
    ngx_cc_mcp_t       *s = session;
    ngx_cc_mcp_call_t  *call;

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = next)
    {
        next = ngx_queue_next(q);
        call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);

        if (call->resumed && !call->begun) {
            call->gone(call);
        }
    }
}


void
ngx_cc_mcp_resume_close(ngx_cc_mcp_resume_t *resume)
{
    if (resume->ask) {
        ngx_cc_ask_close(resume->ask);
        resume->ask = NULL;
    }
}
