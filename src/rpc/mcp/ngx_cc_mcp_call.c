
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_keep.h"
#include "ngx_cc_mcp_call.h"
#include "ngx_cc_message.h"
#include "ngx_cc_words.h"


#define NGX_CC_MCP_CALL_INFO     1       /* level of our log messages */


static void ngx_cc_mcp_call_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event);
static void ngx_cc_mcp_call_wake(void *data, ngx_cc_command_t *cmd);
static void ngx_cc_mcp_call_progress(void *data);
static void ngx_cc_mcp_call_drain(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_finish(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_detach(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_sent(void *data, ngx_uint_t sent);
static void ngx_cc_mcp_call_tell(ngx_cc_mcp_call_t *call);


ngx_cc_mcp_call_t *
ngx_cc_mcp_call_start(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_str_t *id, ngx_str_t *token, ngx_cc_mcp_meta_t *meta,
    ngx_cc_answers_t *answers, u_char *session_id, void (*wake)(void *data),
    void *data, ngx_log_t *log)
{
    size_t              n;
    ngx_uint_t          i;
    ngx_cc_mcp_call_t  *call;

    n = ex->keep.label ? ngx_strlen(ex->keep.label) : 0;
    call = ngx_calloc(sizeof(ngx_cc_mcp_call_t) + id->len + token->len + n + 1,
                      log);

    if (call == NULL) {
        return NULL;
    }

    call->id.data = (u_char *) (call + 1);
    call->id.len = id->len;
    ngx_memcpy(call->id.data, id->data, id->len);

    call->token.data = call->id.data + id->len;
    call->token.len = token->len;

    if (token->len) {
        ngx_memcpy(call->token.data, token->data, token->len);
    }

    call->label.data = call->token.data + token->len;
    call->label.len = n;

    if (n) {
        ngx_memcpy(call->label.data, ex->keep.label, n);
    }

    call->background = ex->background;
    call->sent.done = ngx_cc_mcp_call_sent;
    call->sent.data = call;
    call->conf = conf;
    call->log = log;
    call->session_id = session_id;
    call->answers = answers;
    call->log_level = meta->log;
    call->data = data;
    call->wake = wake;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        call->capture[i].limit = ex->output;
    }

    call->outcome.id = &call->id;
    call->outcome.modern = meta->modern;
    call->outcome.timeout = ex->spec.command.timeout;
    call->outcome.silence = conf->command.silence_timeout;
    call->outcome.capture = call->capture;
    call->outcome.limit = ex->output;
    call->outcome.together = !ex->output_given;

    ex->spec.command.data = call;
    ex->spec.command.event = ngx_cc_mcp_call_event;
    ex->spec.command.wake = ngx_cc_mcp_call_wake;

    call->cmd = ngx_cc_spec_start(&ex->spec, conf);

    if (call->cmd == NULL) {
        ngx_free(call);
        return NULL;
    }

    call->outcome.cmd = call->cmd;

    ngx_cc_mcp_progress_init(&call->progress, &call->token,
                             ngx_cc_mcp_call_progress, call, log);
    ngx_cc_stdin_init(&call->input, call->cmd, answers, NULL, ex->stdin_given,
                      log);

    if (ex->stdin_given
        && ngx_cc_stdin_fill(&call->input, &ex->stdin_data, !ex->stdin_stays)
           != NGX_OK)
    {
        ngx_cc_mcp_call_close(call);
        return NULL;
    }

    return call;
}


size_t
ngx_cc_mcp_call_pull(ngx_cc_mcp_call_t *call, u_char *p, size_t room,
    ngx_uint_t *more, ngx_uint_t *answer)
{
    size_t  n;

    *more = 0;
    *answer = 0;

    if (!call->over) {
        return ngx_cc_mcp_progress_pull(&call->progress, p, room);
    }

    *answer = 1;
    call->begun = 1;

    n = call->job ? ngx_cc_mcp_parts_pull(&call->job->parts, p, room, more)
                  : ngx_cc_mcp_result_pull(call->result, p, room, more);
    call->ended = !*more;

    return n;
}


void
ngx_cc_mcp_call_close(ngx_cc_mcp_call_t *call)
{
    ngx_uint_t  i;

    ngx_cc_legacy_leave(&call->legacy);
    ngx_cc_mcp_progress_stop(&call->progress);
    ngx_cc_stdin_close(&call->input);
    ngx_cc_command_close(call->cmd);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ngx_cc_capture_free(&call->capture[i]);
    }

    if (call->result) {
        ngx_free(call->result);
    }

    if (call->job) {
        ngx_cc_mcp_job_text_free(call->job);
        ngx_free(call->job);
    }

    ngx_free(call);
}


ngx_uint_t
ngx_cc_mcp_call_goes_on(ngx_cc_mcp_call_t *call)
{
    return call->job != NULL;
}


/* the client has its id, or never will: then it ends */

static void
ngx_cc_mcp_call_sent(void *data, ngx_uint_t sent)
{
    ngx_cc_mcp_call_t  *call = data;

    if (sent) {
        ngx_cc_command_keep_told(call->cmd);
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

        if (call->background) {
            ngx_cc_mcp_call_detach(call);
            return;
        }

        break;

    case NGX_CC_COMMAND_FAILED:
        ngx_cc_words_log_failed(cmd, call->session_id, call->log);

        call->outcome.error.data = call->why;
        call->outcome.error.len = ngx_cc_words_why(call->why,
                                        call->why + sizeof(call->why), cmd,
                                        call->conf)
                                  - call->why;
        ngx_cc_stdin_end(&call->input);
        ngx_cc_mcp_call_finish(call);
        return;

    case NGX_CC_COMMAND_EXITED:
        ngx_cc_words_log_ended(cmd, call->session_id, call->log);
        ngx_cc_stdin_end(&call->input);
        break;

    case NGX_CC_COMMAND_INPUT:
        ngx_cc_stdin_fed(&call->input);
        break;

    case NGX_CC_COMMAND_SIGNALLED:
        break;

    case NGX_CC_COMMAND_STATE:
    case NGX_CC_COMMAND_DETACHED:
    case NGX_CC_COMMAND_KEPT:
    case NGX_CC_COMMAND_UNKEPT:
    case NGX_CC_COMMAND_LISTENING:

        /* of kept commands only */

        break;
    }

    if (call->job == NULL) {
        ngx_cc_mcp_call_drain(call);
    }
}


static void
ngx_cc_mcp_call_wake(void *data, ngx_cc_command_t *cmd)
{
    ngx_cc_mcp_call_t  *call = data;

    if (call->job == NULL) {
        ngx_cc_mcp_call_drain(call);
    }
}


static void
ngx_cc_mcp_call_progress(void *data)
{
    ngx_cc_mcp_call_t  *call = data;

    call->wake(call->data);
}


/* takes what the command has written */

static void
ngx_cc_mcp_call_drain(ngx_cc_mcp_call_t *call)
{
    ngx_cc_ring_record_t  rec;

    while (ngx_cc_command_peek(call->cmd, &rec) == 1) {

        if (ngx_cc_capture_add(&call->capture[rec.stream], rec.data, rec.len)
            != 0)
        {
            ngx_log_error(NGX_LOG_ERR, call->log, 0,
                          "cc_executor: no memory for output execution=%*s "
                          "session=%*s", (size_t) NGX_CC_HANDLE_NAME,
                          call->cmd->id, (size_t) NGX_CC_UUID_TEXT,
                          call->session_id);
        }

        ngx_cc_mcp_progress_output(&call->progress, rec.stream, rec.data,
                                   rec.len);
        ngx_cc_command_skip(call->cmd, &rec);
    }

    if (!call->over && ngx_cc_command_finished(call->cmd)) {
        ngx_cc_mcp_call_finish(call);
    }
}


static void
ngx_cc_mcp_call_finish(ngx_cc_mcp_call_t *call)
{
    ngx_cc_mcp_progress_stop(&call->progress);

    call->result = ngx_alloc(sizeof(ngx_cc_mcp_result_t), call->log);

    if (call->result) {
        ngx_cc_mcp_result_init(call->result, &call->outcome);
        call->over = 1;

    } else {
        call->no_memory = 1;
    }

    call->wake(call->data);
}


/* it is kept, whoever has its id reaches it: that is the answer */

static void
ngx_cc_mcp_call_detach(ngx_cc_mcp_call_t *call)
{
    ngx_cc_mcp_job_told_t  told;

    ngx_cc_mcp_progress_stop(&call->progress);

    ngx_memzero(&told, sizeof(told));
    told.id = &call->id;
    told.modern = call->outcome.modern;
    told.execute = 1;
    told.hint = "it goes on: job_read tells its output and its end";
    ngx_cc_mcp_job_view_command(&told.view, call->cmd,
                                (char *) call->label.data);

    call->job = ngx_alloc(sizeof(ngx_cc_mcp_job_text_t), call->log);

    if (call->job
        && ngx_cc_mcp_job_text_init(call->job, &told, call->log) == NGX_OK)
    {
        call->over = 1;

    } else {
        call->no_memory = 1;
    }

    call->wake(call->data);
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
