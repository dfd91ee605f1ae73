
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp.h"
#include "ngx_cc_mcp_cancel.h"
#include "ngx_cc_mcp_node.h"
#include "ngx_cc_mcp_resume.h"
#include "ngx_cc_mcp_tools.h"
#include "ngx_cc_mcp_sent.h"
#include "ngx_cc_message.h"
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_spec_place.h"
#include "ngx_cc_zone.h"


#define NGX_CC_MCP_PIECE         65536   /* most bytes pulled at once */
#define NGX_CC_MCP_ARGUMENTS     "params.arguments."


static void *ngx_cc_mcp_open(ngx_cc_transport_t *transport);
static size_t ngx_cc_mcp_pull(void *session, u_char *p, size_t room,
    ngx_uint_t *more);
static ngx_uint_t ngx_cc_mcp_busy(void *session);
static void ngx_cc_mcp_close(void *session);
static ngx_cc_command_t *ngx_cc_mcp_of(ngx_queue_t *q);
static void ngx_cc_mcp_forget(void *session, ngx_queue_t *q);

static size_t ngx_cc_mcp_next(ngx_cc_mcp_t *s, u_char *p, size_t room,
    ngx_uint_t *more);
static ngx_int_t ngx_cc_mcp_serve(void *session);
static ngx_int_t ngx_cc_mcp_refused(ngx_cc_mcp_t *s);
static ngx_int_t ngx_cc_mcp_broken(ngx_cc_mcp_t *s, const char *error);
static ngx_int_t ngx_cc_mcp_dispatch(ngx_cc_mcp_t *s);

static ngx_int_t ngx_cc_mcp_call(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_call_refused(ngx_cc_mcp_t *s,
    ngx_cc_spec_t *spec, ngx_uint_t job);
static ngx_int_t ngx_cc_mcp_trace(ngx_cc_mcp_t *s, ngx_cc_spec_t *spec,
    ngx_cc_trace_t *room);
static void ngx_cc_mcp_name(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call,
    const ngx_cc_legacy_call_t *name, const ngx_cc_mcp_execute_t *ex);
static void ngx_cc_mcp_again(void *data);


const ngx_cc_dialect_t  ngx_cc_mcp = {
    "mcp",
    sizeof(ngx_cc_mcp_t),
    ngx_cc_mcp_open,
    ngx_cc_dialogue_push,
    NULL,
    ngx_cc_dialogue_drop,
    ngx_cc_mcp_pull,
    NULL,
    NULL,
    ngx_cc_dialogue_pending,
    ngx_cc_mcp_busy,
    ngx_cc_dialogue_shutdown,
    ngx_cc_mcp_close
};


static const ngx_cc_dialogue_handlers_t  ngx_cc_mcp_handlers = {
    ngx_cc_mcp_serve,
    ngx_cc_mcp_of,
    ngx_cc_mcp_forget
};


static void *
ngx_cc_mcp_open(ngx_cc_transport_t *transport)
{
    ngx_cc_mcp_t  *s;

    s = ngx_cc_dialogue_open(transport, sizeof(ngx_cc_mcp_t),
                             &ngx_cc_mcp_handlers);

    if (s == NULL) {
        return NULL;
    }

    s->session.again = ngx_cc_mcp_again;
    s->session.data = s;
    ngx_queue_init(&s->sent);
    ngx_cc_mcp_jobs_init(&s->jobs, transport, &s->sent);
    ngx_cc_mcp_tasks_init(&s->tasks, transport, &s->jobs);
    s->methods.reply.answers = &s->base.answers;
    s->methods.reply.post = transport->post;
    s->methods.conf = transport->conf;
    s->methods.log = NGX_CC_MCP_LOG_OFF;

    return s;
}


static size_t
ngx_cc_mcp_pull(void *session, u_char *p, size_t room, ngx_uint_t *more)
{
    size_t              n;
    ngx_cc_mcp_t       *s = session;
    ngx_cc_mcp_post_t  *post;

    ngx_cc_mcp_sent_check(&s->sent, s->base.transport->rounds);

    n = ngx_cc_mcp_next(s, p, room, more);
    post = s->base.transport->post;

    if (post && s->served && ngx_cc_mcp_busy(s) == 0 && s->resume.ask == NULL
        && s->base.answers.pos == s->base.answers.last)
    {
        post->over = 1;
        post->hold = !ngx_queue_empty(&s->sent);
        post->acked = s->session.known;
    }

    return n;
}


static ngx_uint_t
ngx_cc_mcp_busy(void *session)
{
    ngx_cc_mcp_t  *s = session;

    return s->base.ncommands + s->jobs.n + s->tasks.n
           + (s->session.ask != NULL);
}


static void
ngx_cc_mcp_close(void *session)
{
    ngx_cc_mcp_t  *s = session;

    ngx_cc_mcp_sent_close(&s->sent, s->base.transport->rounds);

    ngx_cc_mcp_session_close(&s->session);
    ngx_cc_mcp_resume_close(&s->resume);
    ngx_cc_mcp_jobs_close(&s->jobs);
    ngx_cc_mcp_tasks_close(&s->tasks);
    ngx_cc_dialogue_close(session);
}


static ngx_cc_command_t *
ngx_cc_mcp_of(ngx_queue_t *q)
{
    ngx_cc_mcp_call_t  *call;

    call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);

    return call->cmd;
}


/* a message that was begun goes on, then answers, then each call has a turn */

static size_t
ngx_cc_mcp_next(ngx_cc_mcp_t *s, u_char *p, size_t room, ngx_uint_t *more)
{
    size_t              n;
    ngx_uint_t          i, turns, answer;
    ngx_queue_t        *q;
    ngx_cc_mcp_call_t  *call;

    *more = 0;
    s->base.transport->failed |= s->base.answers.no_memory;

    if (s->jobs.current) {
        return ngx_cc_mcp_jobs_pull(&s->jobs, p, room, more);
    }

    if (s->tasks.current) {
        return ngx_cc_mcp_tasks_pull(&s->tasks, p, room, more);
    }

    if (s->current == NULL) {
        n = ngx_cc_answers_get(&s->base.answers, p, room);

        if (n) {
            if (ngx_cc_mcp_busy(s) && s->base.transport->post) {
                /* the answer is still to come */
                s->base.transport->post->stream = 1;
            }

            return n;
        }
    }

    turns = s->base.ncommands;

    for (i = 0; i < turns; i++) {

        call = s->current;

        if (call == NULL) {
            q = ngx_queue_head(&s->base.commands);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&s->base.commands, q);
            call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);
        }

        n = ngx_cc_mcp_call_pull(call, p, ngx_min(room, NGX_CC_MCP_PIECE),
                                 more, &answer);

        if (n && s->base.transport->post) {
            s->base.transport->post->stream |= !answer;
            s->base.transport->post->answers = answer;
        }

        s->current = *more ? call : NULL;

        s->base.transport->failed |= call->no_memory;

        if (call->ended && ngx_cc_mcp_call_goes_on(call)) {
            ngx_queue_remove(&call->queue);
            s->base.ncommands--;
            ngx_cc_mcp_sent_await(&s->sent, &call->sent,
                                  s->base.transport->rounds);

        } else if (call->ended || call->no_memory) {
            ngx_cc_mcp_forget(s, &call->queue);
        }

        if (n) {
            return n;
        }
    }

    n = ngx_cc_mcp_jobs_pull(&s->jobs, p, room, more);

    return n ? n : ngx_cc_mcp_tasks_pull(&s->tasks, p, room, more);
}


static void
ngx_cc_mcp_forget(void *session, ngx_queue_t *q)
{
    ngx_cc_mcp_t       *s = session;
    ngx_cc_mcp_call_t  *call;

    call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);

    ngx_queue_remove(q);
    s->base.ncommands--;

    if (s->current == call) {
        s->current = NULL;
    }

    ngx_cc_mcp_call_close(call);
}


/* a whole message is there */

static ngx_int_t
ngx_cc_mcp_serve(void *session)
{
    ngx_cc_mcp_t        *s = session;
    ngx_int_t            rc;
    ngx_cc_value_t      *version;
    ngx_cc_request_t    *rq;
    ngx_cc_mcp_reply_t  *rp;

    s->served = 1;

    rq = s->base.request;
    rp = &s->methods.reply;

    rp->pool = rq->pool;
    rp->modern = 0;
    ngx_str_null(&rp->id);

    if (rq->id && rq->id->type != NGX_CC_VALUE_NULL
        && ngx_cc_message_text(rq->id, rp->pool, &rp->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    version = ngx_cc_request_member(rq->root, "jsonrpc");
    rp->notification = (rq->notification && version);

    if (rq->code) {
        return ngx_cc_mcp_refused(s);
    }

    if (version == NULL) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 400,
                                       "jsonrpc must be \"2.0\"");
    }

    if (rq->id && rq->id->type == NGX_CC_VALUE_NULL) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 400,
                                       "id must not be null");
    }

    if (ngx_cc_mcp_meta_read(&s->meta, rq, s->base.transport->post) != NGX_OK) {

        if (s->meta.code == NGX_CC_MCP_UNSUPPORTED) {
            return ngx_cc_mcp_reply_unsupported(rp, &s->meta);
        }

        return ngx_cc_mcp_reply_refuse(rp, s->meta.code, 400, "%*s",
                                       s->meta.len, s->meta.text);
    }

    rp->modern = s->meta.modern;
    rc = ngx_cc_mcp_node_check(rp, rq);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : ngx_cc_mcp_cancelled_there(s, rq);
    }

    if (ngx_cc_mcp_session_check(&s->session, rp, rq, s->base.transport->owner)
        != NGX_OK)
    {
        return NGX_OK;
    }

    if (s->base.transport->post && s->base.transport->post->plain) {
        s->meta.token = NULL;
        s->meta.log = NGX_CC_MCP_LOG_OFF;
    }

    return ngx_cc_mcp_dispatch(s);
}


/* it is no request: broken, or the answer to one that we never made */

static ngx_int_t
ngx_cc_mcp_refused(ngx_cc_mcp_t *s)
{
    ngx_cc_value_t    *root;
    ngx_cc_request_t  *rq;

    rq = s->base.request;
    root = rq->root;

    s->methods.reply.modern = ngx_cc_mcp_meta_glance(rq,
                                                      s->methods.reply.post);

    if (rq->code == NGX_CC_ERROR_REQUEST && root
        && root->type == NGX_CC_VALUE_OBJECT
        && ngx_cc_request_member(root, "method") == NULL
        && (ngx_cc_request_member(root, "result")
            || ngx_cc_request_member(root, "error")))
    {
        if (ngx_cc_mcp_session_check(&s->session, &s->methods.reply, rq,
                                     s->base.transport->owner)
            == NGX_OK)
        {
            ngx_cc_mcp_reply_status(&s->methods.reply, 202);
        }

        return NGX_OK;
    }

    if (rq->code == NGX_CC_ERROR_PARAMS && rq->method.data
        && !ngx_cc_mcp_methods_known(&rq->method))
    {
        return ngx_cc_mcp_reply_refuse(&s->methods.reply, NGX_CC_ERROR_METHOD,
                                       s->methods.reply.modern ? 404 : 200,
                                       "unknown method '%V'", &rq->method);
    }

    if (rq->code == NGX_CC_ERROR_PARAMS && rq->id && rq->method.data
        && rq->id->type != NGX_CC_VALUE_NULL
        && ngx_strcmp(rq->method.data, "tools/call") == 0
        && ngx_strncmp(rq->error, NGX_CC_MCP_ARGUMENTS,
                       sizeof(NGX_CC_MCP_ARGUMENTS) - 1) == 0)
    {
        return ngx_cc_mcp_broken(s, rq->error + sizeof("params.") - 1);
    }

    return ngx_cc_mcp_reply_refuse(&s->methods.reply, rq->code, 400, "%s",
                                   rq->error);
}


/* an argument holds what no string may hold: a model can mend that */

static ngx_int_t
ngx_cc_mcp_broken(ngx_cc_mcp_t *s, const char *error)
{
    ngx_cc_spec_t             spec;
    ngx_cc_value_t           *name;
    const ngx_cc_mcp_tool_t  *tool;

    name = ngx_cc_request_member(s->base.request->root, "params");
    name = ngx_cc_request_member(name, "name");
    tool = (name == NULL || name->text.data == NULL) ? NULL
           : ngx_cc_mcp_tools_find(&name->text, s->base.transport->conf);
    ngx_cc_spec_init(&spec, "arguments");
    (void) ngx_cc_spec_refuse(&spec, NGX_CC_REFUSED_PARAMS, "%s%s", error,
                              ngx_strncmp(error, "arguments.stdin:",
                                          sizeof("arguments.stdin:") - 1) == 0
                              ? "; bytes that are not text go into "
                                "arguments.stdin_base64" : "");

    ngx_cc_mcp_reply_status(&s->methods.reply, 200);
    return ngx_cc_mcp_call_refused(s, &spec, tool && tool->ask);
}


static ngx_int_t
ngx_cc_mcp_dispatch(ngx_cc_mcp_t *s)
{
    ngx_int_t            rc;
    ngx_cc_request_t    *rq;
    ngx_cc_mcp_reply_t  *rp;

    rq = s->base.request;
    rp = &s->methods.reply;

    if (rq->id == NULL) {
        ngx_cc_mcp_reply_status(rp, 202);

        if (ngx_strcmp(rq->method.data, "notifications/cancelled") == 0) {
            return ngx_cc_mcp_cancelled(s, rq->params);
        }

        return NGX_OK;
    }

    ngx_cc_mcp_reply_status(rp, 200);

    rc = ngx_cc_mcp_methods_serve(&s->methods, &rq->method, rq->params);

    if (rc == NGX_DONE) {
        rc = ngx_cc_mcp_tasks_serve(&s->tasks, rp, &s->meta, &rq->method,
                                    rq->params);

        return rc == NGX_DECLINED ? ngx_cc_mcp_call(s, rq->params) : rc;
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_METHOD,
                                   rp->modern ? 404 : 200,
                                   "unknown method '%V'", &rq->method);
}


static ngx_int_t
ngx_cc_mcp_call(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_int_t                 rc;
    ngx_str_t                 token;
    ngx_cc_value_t           *arguments;
    ngx_cc_mcp_call_t        *call;
    ngx_cc_mcp_reply_t       *rp;
    ngx_cc_mcp_execute_t      ex;
    ngx_cc_mcp_job_spec_t     js;
    ngx_cc_spec_conf_t       *conf;
    ngx_cc_transport_t       *transport;
    ngx_cc_legacy_call_t      named;
    ngx_cc_trace_t            trace;
    const ngx_cc_mcp_tool_t  *tool;

    transport = s->base.transport;
    conf = transport->conf;
    rp = &s->methods.reply;

    if (ngx_cc_mcp_tools_asked(rp, conf, params, &tool, &arguments) != NGX_OK) {
        return NGX_OK;
    }

    ngx_str_null(&token);

    if (s->meta.token
        && ngx_cc_message_text(s->meta.token, rp->pool, &token) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!rp->modern) {
        s->meta.log = s->methods.log;
    }

    rc = ngx_cc_mcp_tools_prepare(tool, &ex, &js, conf, arguments, rp->pool);

    if (rc == NGX_OK) {
        rc = ngx_cc_mcp_session_call(&s->session, rp, s->base.request->id,
                                     &named);
        if (rc != NGX_OK) {
            return rc == NGX_DECLINED ? NGX_OK : rc;
        }

    } else if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && tool->ask) {
        rc = ngx_cc_mcp_jobs_start(&s->jobs, &js, &rp->id, &token, rp->modern,
                                   s->session.known ? &named : NULL, &ex.spec);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (rc == NGX_OK && (ex.spec.command.keep || ex.detach)) {
        rc = ngx_cc_spec_keep_named(&ex.spec, transport->nameless);
    }

    if (rc == NGX_OK && s->meta.tasks && !transport->nameless
        && ngx_cc_mcp_execute_task(&ex, conf, rp->pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && s->base.ncommands >= conf->max_commands_per_session) {
        ngx_cc_zone_refused(NGX_CC_REASON_COMMANDS_SESSION);
        rc = ngx_cc_spec_refuse(&ex.spec, NGX_CC_REFUSED_LIMIT,
                                "%ui commands run in this session already, "
                                "which is the limit: wait for one to end",
                                s->base.ncommands);
    }

    if (conf->trace && ngx_cc_mcp_trace(s, &ex.spec, &trace) != NGX_OK) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return ngx_cc_mcp_call_refused(s, &ex.spec, tool->ask != NULL);
    }

    ex.spec.command.keepable |= (s->session.known && !ex.background);
    ex.spec.command.owner = transport->owner;
    ex.spec.command.apart = transport->apart;
    ex.spec.command.recorder = transport->recorder;

    call = ngx_cc_mcp_call_start(&ex, transport, &rp->id, &token, &s->meta,
                                 &s->base.answers);

    if (call == NULL) {
        return ex.spec.refused ? ngx_cc_mcp_call_refused(s, &ex.spec, 0)
                               : NGX_ERROR;
    }

    ngx_queue_insert_tail(&s->base.commands, &call->queue);
    s->base.ncommands++;
    transport->commands++;

    if (s->session.known) {
        ngx_cc_mcp_name(s, call, &named, &ex);
    }

    return NGX_OK;
}


/*
 * What a call belongs to stands in its message; or else in the headers, which
 * all calls of a WebSocket share.  "room": for what the message says.
 */

static ngx_int_t
ngx_cc_mcp_trace(ngx_cc_mcp_t *s, ngx_cc_spec_t *spec, ngx_cc_trace_t *room)
{
    ngx_cc_transport_t    *transport;
    const ngx_cc_trace_t  *trace;

    transport = s->base.transport;
    trace = ngx_cc_mcp_meta_trace(&s->meta, room) ? room : transport->trace;

    if (trace == NULL) {
        return NGX_OK;
    }

    ngx_memcpy(s->trace_id, ngx_cc_trace_id(trace->parent), NGX_CC_TRACE_ID);
    transport->trace_id = s->trace_id;

    return ngx_cc_spec_place_trace(spec, transport->conf, trace,
                                   s->methods.reply.pool);
}


/* others can end it, and take it up */

static void
ngx_cc_mcp_name(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call,
    const ngx_cc_legacy_call_t *name, const ngx_cc_mcp_execute_t *ex)
{
    u_char              line[NGX_CC_WIRE_MAX_SHOWN + 1];
    ngx_cc_mcp_trail_t  trail;

    ngx_cc_mcp_cancel_join(s, call, name);

    trail.output = call->outcome.limit;
    trail.together = call->outcome.together;
    trail.timeout = call->outcome.timeout;
    trail.token = call->token;
    trail.id = call->id;
    trail.line = NULL;

    if (call->conf->command.keep.observed) {
        ngx_cc_spec_keep_show(&ex->spec, line);
        trail.line = (char *) line;
    }

    call->reach.cmd = call->cmd;
    call->reach.name = &call->legacy;
    call->reach.told = ngx_cc_mcp_cancel_reached;
    call->reach.data = call;

    /* a job has an id of its own */

    ngx_cc_mcp_reach_init(&call->reach,
                          ex->background || ex->detach ? NULL : &trail,
                          &s->session.request, call->log);
}


/* an older call of its id is out of the way, or is not */

static void
ngx_cc_mcp_again(void *data)
{
    ngx_cc_dialogue_again(data);
}


/*
 * What a model can mend (arguments, policy, limits) is a result that it reads;
 * what it cannot is an error.
 */

static ngx_int_t
ngx_cc_mcp_call_refused(ngx_cc_mcp_t *s, ngx_cc_spec_t *spec, ngx_uint_t job)
{
    ngx_cc_mcp_reply_t  *rp;

    ngx_cc_spec_report(spec, s->base.transport->recorder);

    rp = &s->methods.reply;

    if (spec->refused == NGX_CC_REFUSED_SERVER) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_INTERNAL, 503, "%*s",
                                       spec->len, spec->text);
    }

    return job ? ngx_cc_mcp_job_text_refused(rp, spec)
               : ngx_cc_mcp_result_refused(rp, spec);
}
