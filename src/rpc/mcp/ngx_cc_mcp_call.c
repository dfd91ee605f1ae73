
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_call.h"
#include "ngx_cc_command_keep.h"
#include "ngx_cc_mcp_call.h"
#include "ngx_cc_mcp_call_answer.h"
#include "ngx_cc_mcp_job.h"
#include "ngx_cc_message.h"
#include "ngx_cc_words.h"


#define NGX_CC_MCP_CALL_INFO     1       /* level of our log messages */

static ngx_cc_mcp_call_t *ngx_cc_mcp_call_make(ngx_cc_mcp_execute_t *ex,
    ngx_cc_transport_t *transport, ngx_str_t *id, ngx_str_t *token);
static void ngx_cc_mcp_call_begin(ngx_cc_mcp_call_t *call, ngx_uint_t input);
static void ngx_cc_mcp_call_wait(ngx_cc_mcp_call_t *call,
    ngx_cc_mcp_execute_t *ex, ngx_cc_transport_t *transport);
static void ngx_cc_mcp_call_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event);
static void ngx_cc_mcp_call_taken_up(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event);
static void ngx_cc_mcp_call_wake(void *data, ngx_cc_command_t *cmd);
static ngx_uint_t ngx_cc_mcp_call_unwanted(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_lost(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_progress(void *data);
static void ngx_cc_mcp_call_drain(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_sent(void *data, ngx_uint_t sent);
static void ngx_cc_mcp_call_tell(ngx_cc_mcp_call_t *call);


ngx_cc_mcp_call_t *
ngx_cc_mcp_call_start(ngx_cc_mcp_execute_t *ex,
    ngx_cc_transport_t *transport, ngx_str_t *id, ngx_str_t *token,
    ngx_cc_mcp_meta_t *meta, ngx_cc_answers_t *answers)
{
    ngx_cc_mcp_call_t  *call;

    call = ngx_cc_mcp_call_make(ex, transport, id, token);

    if (call == NULL) {
        return NULL;
    }

    call->answers = answers;
    call->log_level = meta->log;
    call->outcome.modern = meta->modern;

    ex->spec.command.data = call;
    ex->spec.command.event = ngx_cc_mcp_call_event;
    ex->spec.command.wake = ngx_cc_mcp_call_wake;

    call->cmd = ngx_cc_spec_start(&ex->spec, call->conf);

    if (call->cmd == NULL && ex->task && ex->background
        && ex->spec.refused == NGX_CC_REFUSED_LIMIT)
    {
        ngx_cc_mcp_execute_bound(ex, call->conf);
        call->task = 0;
        call->background = 0;
        call->outcome.timeout = ex->spec.command.timeout;
        call->cmd = ngx_cc_spec_start(&ex->spec, call->conf);
    }

    if (call->cmd == NULL) {
        ngx_free(call);
        return NULL;
    }

    ngx_cc_mcp_call_begin(call, ex->stdin_given);

    if (ex->detach) {
        ngx_cc_mcp_call_wait(call, ex, transport);
    }

    if (ex->stdin_given
        && ngx_cc_stdin_fill(&call->input, &ex->stdin_data, !ex->stdin_stays)
           != NGX_OK)
    {
        ngx_cc_mcp_call_close(call);
        return NULL;
    }

    return call;
}


/* all but what needs the command, with texts of its own */

static ngx_cc_mcp_call_t *
ngx_cc_mcp_call_make(ngx_cc_mcp_execute_t *ex, ngx_cc_transport_t *transport,
    ngx_str_t *id, ngx_str_t *token)
{
    size_t              label, shown;
    u_char             *p;
    ngx_uint_t          i;
    ngx_cc_mcp_call_t  *call;

    label = ex->keep.label ? ngx_strlen(ex->keep.label) : 0;
    shown = ex->keep.shown ? ngx_strlen(ex->keep.shown) : 0;

    call = ngx_calloc(sizeof(ngx_cc_mcp_call_t) + id->len + token->len
                      + label + 1 + shown + 1, transport->log);

    if (call == NULL) {
        return NULL;
    }

    p = (u_char *) (call + 1);

    call->id.data = p;
    call->id.len = id->len;
    p = ngx_cpymem(p, id->data, id->len);

    call->token.data = p;
    call->token.len = token->len;

    if (token->len) {
        p = ngx_cpymem(p, token->data, token->len);
    }

    call->label = (char *) p;

    if (label) {
        p = ngx_cpymem(p, ex->keep.label, label);
    }

    call->detach.spec.label = call->label;
    call->detach.spec.shown = (char *) ++p;

    if (shown) {
        ngx_memcpy(p, ex->keep.shown, shown);
    }

    call->background = ex->background;
    call->stdin_stays = ex->stdin_stays;
    call->task = ex->task;
    call->clamped = ex->clamped;
    call->sent.done = ngx_cc_mcp_call_sent;
    call->sent.data = call;
    call->conf = transport->conf;
    call->log = transport->log;
    call->session_id = transport->session_id;
    call->data = transport->data;
    call->wake = transport->wake;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        call->capture[i].limit = ex->output;
    }

    call->outcome.id = &call->id;
    call->outcome.timeout = ex->spec.command.timeout;
    call->outcome.silence = call->conf->command.silence_timeout;
    call->outcome.capture = call->capture;
    call->outcome.limit = ex->output;
    call->outcome.together = !ex->output_given;

    return call;
}


/* it has its command */

static void
ngx_cc_mcp_call_begin(ngx_cc_mcp_call_t *call, ngx_uint_t input)
{
    call->outcome.cmd = call->cmd;

    ngx_cc_mcp_progress_init(&call->progress, &call->token,
                             ngx_cc_mcp_call_progress, call, call->log);
    ngx_cc_stdin_init(&call->input, call->cmd, call->answers, NULL, input,
                      call->log);
}


/* it shall become a job when it takes longer than that */

static void
ngx_cc_mcp_call_wait(ngx_cc_mcp_call_t *call, ngx_cc_mcp_execute_t *ex,
    ngx_cc_transport_t *transport)
{
    ngx_cc_mcp_detach_t  *d = &call->detach;

    d->cmd = call->cmd;
    d->spec.owner = transport->owner;
    d->spec.ttl = ex->keep.ttl;
    d->spec.timeout = ex->run;
    d->spec.drop = ex->keep.drop;
    d->max = ex->output_given ? 2 * ex->output : ex->output;
    d->max = ngx_min(d->max, NGX_CC_MCP_JOB_MOST);
    d->data = call;
    d->read = ngx_cc_mcp_call_answer_job;

    ngx_cc_mcp_job_reader(transport, call->outcome.modern, d->reader);
    ngx_cc_mcp_detach_init(d, ex->wait, call->log);
}


/* what is said of one that others began is what its starter would have said */

ngx_cc_mcp_call_t *
ngx_cc_mcp_call_resume(ngx_cc_mcp_trail_t *trail,
    const ngx_cc_handle_t *handle, ngx_cc_transport_t *transport)
{
    ngx_cc_attach_t        attach;
    ngx_cc_mcp_call_t     *call;
    ngx_cc_mcp_execute_t   ex;

    ngx_memzero(&ex, sizeof(ngx_cc_mcp_execute_t));
    ex.output = trail->output;
    ex.output_given = !trail->together;
    ex.spec.command.timeout = trail->timeout;

    call = ngx_cc_mcp_call_make(&ex, transport, &trail->id, &trail->token);

    if (call == NULL) {
        return NULL;
    }

    call->resumed = 1;
    call->log_level = NGX_CC_MCP_LOG_OFF;

    ngx_memzero(&attach, sizeof(ngx_cc_attach_t));
    attach.handle = *handle;
    attach.owner = transport->owner;
    attach.flags = NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_EXCLUSIVE;
    attach.call = 1;
    attach.data = call;
    attach.event = ngx_cc_mcp_call_taken_up;
    attach.wake = ngx_cc_mcp_call_wake;

    call->cmd = ngx_cc_command_keep_attach(&call->conf->command, &attach);

    if (call->cmd == NULL) {
        ngx_free(call);
        return NULL;
    }

    ngx_cc_mcp_call_begin(call, 0);

    return call;
}


size_t
ngx_cc_mcp_call_pull(ngx_cc_mcp_call_t *call, u_char *p, size_t room,
    ngx_uint_t *more, ngx_uint_t *answer)
{
    size_t  n;

    *more = 0;
    *answer = 0;

    if (!call->over && call->reach.awaited) {
        return 0;
    }

    if (!call->over) {
        return ngx_cc_mcp_progress_pull(&call->progress, p, room);
    }

    *answer = 1;

    if (!call->begun) {
        /* whoever reads it may use its id again */
        call->begun = 1;
        ngx_cc_legacy_leave(&call->legacy);
    }

    n = call->job ? ngx_cc_mcp_job_answer_pull(call->job, p, room, more)
                  : ngx_cc_mcp_result_pull(call->result, p, room, more);
    call->ended = !*more;

    return n;
}


void
ngx_cc_mcp_call_close(ngx_cc_mcp_call_t *call)
{
    ngx_uint_t  i;

    /* what waits for its stdin is here, and would be lost */

    if (call->input.bytes == 0) {
        ngx_cc_mcp_reach_lost(&call->reach);
    }

    ngx_cc_mcp_reach_stop(&call->reach);
    ngx_cc_legacy_leave(&call->legacy);
    ngx_cc_mcp_progress_stop(&call->progress);
    ngx_cc_mcp_detach_stop(&call->detach);
    ngx_cc_stdin_close(&call->input);
    ngx_cc_command_close(call->cmd);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ngx_cc_capture_free(&call->capture[i]);
    }

    if (call->result) {
        ngx_free(call->result);
    }

    ngx_cc_mcp_job_answer_free(call->job);
    ngx_free(call);
}


ngx_uint_t
ngx_cc_mcp_call_goes_on(ngx_cc_mcp_call_t *call)
{
    return call->job != NULL || call->reach.open || call->resumed;
}


/* the client has the answer, or never will: then a job ends */

static void
ngx_cc_mcp_call_sent(void *data, ngx_uint_t sent)
{
    ngx_cc_mcp_call_t  *call = data;

    if (sent && call->job) {
        ngx_cc_mcp_detach_sent(&call->detach, call->job->next);
        ngx_cc_command_keep_told(call->cmd);

    } else if (sent) {
        ngx_cc_command_delivered(call->cmd);
    }

    ngx_cc_mcp_call_close(call);
}


static void
ngx_cc_mcp_call_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event)
{
    ngx_cc_mcp_call_t  *call = data;

    switch (event) {

    case NGX_CC_COMMAND_STARTED:
        ngx_cc_words_log_started(cmd, call->session_id, call->log);
        ngx_cc_mcp_call_tell(call);
        ngx_cc_stdin_feed(&call->input);

        if (call->background && call->task) {
            ngx_cc_mcp_call_answer_task(call);
            return;
        }

        if (call->background) {
            ngx_cc_mcp_call_answer_job(call, NULL);
            return;
        }

        ngx_cc_mcp_detach_started(&call->detach);
        ngx_cc_mcp_call_drain(call);
        ngx_cc_mcp_reach_event(&call->reach, event);
        return;

    case NGX_CC_COMMAND_FAILED:
        ngx_cc_words_log_failed(cmd, call->session_id, call->log);

        call->outcome.error.data = call->why;
        call->outcome.error.len = ngx_cc_words_why(call->why,
                                        call->why + sizeof(call->why), cmd,
                                        call->conf)
                                  - call->why;
        ngx_cc_stdin_end(&call->input);
        ngx_cc_mcp_call_answer_result(call);
        return;

    case NGX_CC_COMMAND_EXITED:
        ngx_cc_words_log_ended(cmd, call->session_id, call->log);
        ngx_cc_stdin_end(&call->input);

        if (ngx_cc_mcp_call_unwanted(call)) {
            call->gone(call);
            return;
        }

        break;

    case NGX_CC_COMMAND_INPUT:
        ngx_cc_stdin_fed(&call->input);
        break;

    case NGX_CC_COMMAND_SIGNALLED:
    case NGX_CC_COMMAND_UNPASSED:
        break;

    case NGX_CC_COMMAND_KEPT:
        ngx_log_error(NGX_LOG_INFO, call->log, 0,
                      "cc_executor: goes on as a job execution=%*s "
                      "session=%*s", (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                      (size_t) NGX_CC_UUID_TEXT, call->session_id);
        if (call->task) {
            call->detach.kept = 1;
            ngx_cc_mcp_call_answer_task(call);
            return;
        }

        ngx_cc_mcp_detach_kept(&call->detach);
        return;

    case NGX_CC_COMMAND_LISTENING:
    case NGX_CC_COMMAND_UNKEPT:
        if (call->reach.trail) {
            ngx_cc_mcp_reach_event(&call->reach, event);
            return;
        }

        break;

    case NGX_CC_COMMAND_DETACHED:
        if (call->reach.open || call->resumed) {
            ngx_cc_mcp_call_lost(call);
            return;
        }

        break;

    case NGX_CC_COMMAND_STATE:
        break;
    }

    ngx_cc_mcp_call_drain(call);
}


/* has it been canceled from elsewhere? */

static ngx_uint_t
ngx_cc_mcp_call_unwanted(ngx_cc_mcp_call_t *call)
{
    if (!call->legacy.joined) {
        return 0;
    }

    if (call->reach.open || call->resumed) {
        return call->cmd->cause == NGX_CC_CAUSE_CANCEL;
    }

    return ngx_cc_legacy_said(&call->legacy);
}


/* somebody else has it, or it was canceled; what is being sent stays so */

static void
ngx_cc_mcp_call_lost(ngx_cc_mcp_call_t *call)
{
    if (!call->ended) {
        call->gone(call);
    }
}


/* resumed: until it is found */

static void
ngx_cc_mcp_call_taken_up(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event)
{
    uint64_t            now;
    ngx_time_t         *tp;
    ngx_cc_mcp_call_t  *call = data;

    switch (event) {

    case NGX_CC_COMMAND_STARTED:
        tp = ngx_timeofday();
        now = (uint64_t) tp->sec * 1000 + tp->msec;
        call->progress.start -= now > cmd->start ? now - cmd->start : 0;
        call->found(call, 1);
        return;

    case NGX_CC_COMMAND_FAILED:
        call->found(call, 0);
        return;

    default:
        ngx_cc_mcp_call_event(data, cmd, event);
    }
}


static void
ngx_cc_mcp_call_wake(void *data, ngx_cc_command_t *cmd)
{
    ngx_cc_mcp_call_drain(data);
}


static void
ngx_cc_mcp_call_progress(void *data)
{
    ngx_cc_mcp_call_t  *call = data;

    call->wake(call->data);
}


/* takes what the command has written; of a job others read it */

static void
ngx_cc_mcp_call_drain(ngx_cc_mcp_call_t *call)
{
    ngx_cc_ring_record_t  rec;

    if (call->detach.kept || call->job) {
        return;
    }

    while (ngx_cc_command_peek(call->cmd, &rec) == 1) {

        if (rec.len == 0) {
            /* resumed: it is not held any more */
            ngx_cc_capture_skip(&call->capture[rec.stream],
                                rec.to - rec.offset);

        } else if (ngx_cc_capture_add(&call->capture[rec.stream], rec.data,
                                      rec.len)
                   != 0)
        {
            ngx_log_error(NGX_LOG_ERR, call->log, 0,
                          "cc_executor: no memory for output execution=%*s "
                          "session=%*s", (size_t) NGX_CC_HANDLE_NAME,
                          call->cmd->id, (size_t) NGX_CC_UUID_TEXT,
                          call->session_id);
        }

        call->last = rec.stream;
        ngx_cc_mcp_progress_output(&call->progress, rec.stream, rec.data,
                                   rec.len);
        ngx_cc_command_skip(call->cmd, &rec);
    }

    if (!call->over && ngx_cc_command_finished(call->cmd)) {
        ngx_cc_mcp_call_answer_result(call);
    }
}


/* for a client that asked for log messages (specification, "Logging") */

static void
ngx_cc_mcp_call_tell(ngx_cc_mcp_call_t *call)
{
    u_char         buf[512];
    ngx_cc_json_t  w;

    if (call->log_level > NGX_CC_MCP_CALL_INFO) {
        return;
    }

    ngx_cc_message_writer(&w, buf, sizeof(buf));
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"notifications/message\",\"params\":{\"level\":"
                        "\"info\",\"logger\":\"execute\",\"data\":"
                        "{\"event\":\"started\",\"pid\":");
    ngx_cc_json_int(&w, call->cmd->pid);
    ngx_cc_json_lit(&w, "}}}");

    (void) ngx_cc_answers_put(call->answers, buf, w.pos - buf);

    call->wake(call->data);
}
