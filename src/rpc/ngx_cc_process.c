
#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/wait.h>
#include "ngx_cc_process.h"


/* bytes; an id may have 4 KiB, each of which may need six */

#define NGX_CC_PROCESS_MESSAGE   (32 * 1024)


static void ngx_cc_process_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event);
static void ngx_cc_process_wake(void *data, ngx_cc_command_t *cmd);
static void ngx_cc_process_output_wake(void *data);
static void ngx_cc_process_act(ngx_cc_process_t *ps,
    ngx_cc_process_control_e type, ngx_str_t *id);
static void ngx_cc_process_feed(ngx_cc_process_t *ps);
static void ngx_cc_process_fed(ngx_cc_process_t *ps);
static void ngx_cc_process_input_end(ngx_cc_process_t *ps,
    ngx_cc_process_input_t *in);
static void ngx_cc_process_settle(ngx_cc_process_t *ps);
static size_t ngx_cc_process_begin(ngx_cc_process_t *ps, u_char *p,
    size_t room);
static size_t ngx_cc_process_failure(ngx_cc_process_t *ps, u_char *p,
    size_t room);
static void ngx_cc_process_state(ngx_cc_process_t *ps, ngx_cc_json_t *w,
    const char *method, const char *status);
static size_t ngx_cc_process_warning(ngx_cc_process_t *ps, u_char *p,
    size_t room);
static size_t ngx_cc_process_completed(ngx_cc_process_t *ps, u_char *p,
    size_t room);
static void ngx_cc_process_id(ngx_cc_process_t *ps, ngx_cc_json_t *w);
static void ngx_cc_process_writer(ngx_cc_json_t *w, u_char *p, size_t room);
static const char *ngx_cc_process_signal(int signo);


static const char  *ngx_cc_process_causes[] = {
    "exit", "signal", "timeout", "silence", "cancel", "disconnect", "lost"
};

static const char  *ngx_cc_process_done[] = {
    "paused", "resumed", "canceled"
};

static const char  *ngx_cc_process_stages[] = {
    "start", "pipe", "fork", "process group", "stdio",
    "working directory", "limits", "fence", "exec"
};


ngx_cc_process_t *
ngx_cc_process_start(ngx_cc_execute_t *ex, ngx_cc_command_conf_t *conf,
    ngx_str_t *id, ngx_cc_answers_t *answers, u_char *session_id,
    void (*wake)(void *data), void *data, ngx_log_t *log)
{
    size_t             total, longest;
    ngx_cc_start_e     rc;
    ngx_cc_process_t  *ps;

    ps = ngx_calloc(sizeof(ngx_cc_process_t) + id->len, log);

    if (ps == NULL) {
        return NULL;
    }

    ngx_queue_init(&ps->inputs);

    ps->id.data = (u_char *) (ps + 1);

    if (id->len) {
        ps->id.len = id->len;
        ngx_memcpy(ps->id.data, id->data, id->len);
    }

    ps->answers = answers;
    ps->session_id = session_id;
    ps->wake = wake;
    ps->data = data;
    ps->log = log;
    ps->shell = ex->shell;
    ps->stdin_open = ex->spec.open_stdin;

    ex->spec.data = ps;
    ex->spec.event = ngx_cc_process_event;
    ex->spec.wake = ngx_cc_process_wake;

    rc = ngx_cc_command_start(conf, &ex->spec, &ps->cmd, &total, &longest);

    switch (rc) {

    case NGX_CC_START_OK:
        break;

    case NGX_CC_START_LIMIT:
        (void) ngx_cc_execute_refuse(ex, NGX_CC_ERROR_LIMIT,
                                     "the limit of %ui commands is reached",
                                     conf->max_commands);
        break;

    case NGX_CC_START_TOO_LONG:
        (void) ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "argument list too long: %uz bytes with "
                                     "the environment, at most %d; longest "
                                     "string %uz bytes, at most %d",
                                     total, NGX_CC_WIRE_MAX_TEXT, longest,
                                     NGX_CC_WIRE_MAX_STRING);
        break;

    case NGX_CC_START_EXITING:
        (void) ngx_cc_execute_refuse(ex, NGX_CC_ERROR_INTERNAL,
                                     "server is reloading, connect again");
        break;

    default:
        (void) ngx_cc_execute_refuse(ex, NGX_CC_ERROR_INTERNAL,
                                     "no process can be started now");
        break;
    }

    if (rc != NGX_CC_START_OK) {
        ngx_free(ps);
        return NULL;
    }

    ngx_cc_output_init(&ps->output, ps->cmd, ex->chunk, ex->base64,
                       ngx_cc_process_output_wake, ps, log);

    if (ex->stdin_given
        && ngx_cc_process_input(ps, &ex->stdin_data, !ex->stdin_stays, 1, id,
                                NGX_MAX_SIZE_T_VALUE) != NGX_OK)
    {
        ngx_cc_process_close(ps);
        return NULL;
    }

    return ps;
}


size_t
ngx_cc_process_pull(ngx_cc_process_t *ps, u_char *p, size_t room)
{
    size_t  n;

    if (ps->failed) {
        ps->ended = 1;
        return ngx_cc_process_failure(ps, p, room);
    }

    if (ps->cmd->state == NGX_CC_COMMAND_WAITING) {
        return 0;
    }

    n = ngx_cc_process_begin(ps, p, room);

    if (n) {
        return n;
    }

    n = ngx_cc_output_pull(&ps->output, p, room);

    if (n || !ngx_cc_output_done(&ps->output)) {
        return n;
    }

    if (!ps->warned) {
        ps->warned = 1;
        n = ngx_cc_process_warning(ps, p, room);

        if (n) {
            return n;
        }
    }

    ps->ended = 1;

    return ngx_cc_process_completed(ps, p, room);
}


void
ngx_cc_process_control(ngx_cc_process_t *ps, ngx_cc_process_control_e type,
    ngx_str_t *id)
{
    ngx_str_t  *copy;

    if (ps->cmd->state != NGX_CC_COMMAND_WAITING || ps->failed) {
        ngx_cc_process_act(ps, type, id);
        return;
    }

    if (ps->controls == NGX_CC_PROCESS_CONTROLS) {
        ngx_cc_process_error(ps->answers, id, NGX_CC_ERROR_LIMIT,
                             ngx_cc_text("too many control requests for a "
                                         "process that has not started"));
        return;
    }

    copy = &ps->control[ps->controls].id;
    copy->len = 0;
    copy->data = ngx_alloc(id->len + 1, ps->log);

    if (copy->data == NULL) {
        ps->answers->no_memory = 1;
        return;
    }

    ngx_memcpy(copy->data, id->data, id->len);
    copy->len = id->len;
    ps->control[ps->controls++].type = type;
}


ngx_int_t
ngx_cc_process_input(ngx_cc_process_t *ps, ngx_str_t *data, ngx_uint_t eof,
    ngx_uint_t silent, ngx_str_t *id, size_t limit)
{
    ngx_cc_process_input_t  *in;

    if (!ps->stdin_open) {
        ngx_cc_process_error(ps->answers, id, NGX_CC_ERROR_PARAMS,
                             ngx_cc_text("stdin of this process is not open "
                                         "(params.open_stdin of execute)"));
        return NGX_OK;
    }

    if (ps->ninputs == NGX_CC_PROCESS_INPUTS
        || ps->input_bytes + data->len > limit)
    {
        ngx_cc_process_error(ps->answers, id, NGX_CC_ERROR_LIMIT,
                             ngx_cc_text("too much input waits for this "
                                         "process"));
        return NGX_OK;
    }

    in = ngx_calloc(sizeof(ngx_cc_process_input_t) + data->len + id->len,
                    ps->log);

    if (in == NULL) {
        return NGX_ERROR;
    }

    in->data = (u_char *) (in + 1);
    in->len = data->len;
    in->id.data = in->data + data->len;
    in->id.len = id->len;
    in->eof = eof ? 1 : 0;
    in->silent = silent ? 1 : 0;

    ngx_memcpy(in->data, data->data, data->len);
    ngx_memcpy(in->id.data, id->data, id->len);

    ngx_queue_insert_tail(&ps->inputs, &in->queue);
    ps->ninputs++;
    ps->input_bytes += in->len;

    if (eof) {
        ps->stdin_open = 0;
    }

    ngx_cc_process_feed(ps);

    return NGX_OK;
}


void
ngx_cc_process_describe(ngx_cc_process_t *ps, ngx_cc_json_t *w)
{
    const char        *state;
    ngx_cc_command_t  *cmd;

    cmd = ps->cmd;

    if (cmd->state == NGX_CC_COMMAND_WAITING) {
        state = "starting";

    } else if (cmd->state == NGX_CC_COMMAND_OVER) {
        state = "exited";

    } else if (cmd->canceling) {
        state = "canceling";

    } else {
        state = cmd->paused ? "paused" : "running";
    }

    ngx_cc_json_lit(w, "{\"state\":");
    ngx_cc_json_cstring(w, state);
    ngx_cc_json_lit(w, ",\"pid\":");

    if (cmd->pid) {
        ngx_cc_json_int(w, cmd->pid);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"started\":");

    if (cmd->start) {
        ngx_cc_json_seconds(w, cmd->start * 1000);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"exit_code\":");

    if (cmd->state != NGX_CC_COMMAND_OVER || ps->failed
        || cmd->cause == NGX_CC_CAUSE_LOST)
    {
        ngx_cc_json_lit(w, "null");

    } else if (WIFSIGNALED(cmd->status)) {
        ngx_cc_json_int(w, -WTERMSIG(cmd->status));

    } else {
        ngx_cc_json_int(w, WEXITSTATUS(cmd->status));
    }

    ngx_cc_process_id(ps, w);
    ngx_cc_json_lit(w, "}");
}


void
ngx_cc_process_close(ngx_cc_process_t *ps)
{
    ngx_queue_t             *q;
    ngx_cc_process_input_t  *in;

    while (!ngx_queue_empty(&ps->inputs)) {
        q = ngx_queue_head(&ps->inputs);
        in = ngx_queue_data(q, ngx_cc_process_input_t, queue);
        ngx_queue_remove(q);
        ngx_free(in);
    }

    while (ps->controls) {
        ngx_free(ps->control[--ps->controls].id.data);
    }

    ngx_cc_output_close(&ps->output);
    ngx_cc_command_close(ps->cmd);
    ngx_free(ps);
}


void
ngx_cc_process_error(ngx_cc_answers_t *answers, ngx_str_t *id, ngx_int_t code,
    const void *text, size_t len)
{
    u_char         buf[NGX_CC_PROCESS_MESSAGE];
    ngx_cc_json_t  w;

    if (id->len == 0) {
        return;
    }

    ngx_cc_process_writer(&w, buf, sizeof(buf));
    ngx_cc_process_answer(&w, id);
    ngx_cc_json_lit(&w, "\"error\":{\"code\":");
    ngx_cc_json_int(&w, code);
    ngx_cc_json_lit(&w, ",\"message\":");
    ngx_cc_json_string(&w, text, len);
    ngx_cc_json_lit(&w, "}}");

    (void) ngx_cc_answers_put(answers, buf, w.pos - buf);
}


void
ngx_cc_process_answer(ngx_cc_json_t *w, ngx_str_t *id)
{
    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_json_raw(w, id->data, id->len);
    ngx_cc_json_lit(w, ",");
}


static void
ngx_cc_process_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event)
{
    ngx_uint_t         i;
    ngx_cc_process_t  *ps = data;

    switch (event) {

    case NGX_CC_COMMAND_STARTED:
        ngx_log_error(NGX_LOG_INFO, ps->log, 0,
                      "cc_executor: command started pid=%P execution=%*s "
                      "session=%*s", cmd->pid,
                      (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                      (size_t) NGX_CC_UUID_TEXT, ps->session_id);

        for (i = 0; i < ps->controls; i++) {
            ngx_cc_process_act(ps, ps->control[i].type, &ps->control[i].id);
            ngx_free(ps->control[i].id.data);
        }

        ps->controls = 0;
        ngx_cc_process_feed(ps);
        break;

    case NGX_CC_COMMAND_FAILED:
        ngx_log_error(NGX_LOG_INFO, ps->log, cmd->error,
                      "cc_executor: command not started, stage %s "
                      "execution=%*s session=%*s",
                      ngx_cc_process_stages[cmd->stage],
                      (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                      (size_t) NGX_CC_UUID_TEXT, ps->session_id);

        ps->failed = 1;
        ngx_cc_process_settle(ps);
        break;

    case NGX_CC_COMMAND_EXITED:
        ngx_log_error(NGX_LOG_INFO, ps->log, 0,
                      "cc_executor: command ended cause=%s status=%xd "
                      "pid=%P execution=%*s session=%*s",
                      ngx_cc_process_causes[cmd->cause], cmd->status,
                      cmd->pid, (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                      (size_t) NGX_CC_UUID_TEXT, ps->session_id);

        ngx_cc_process_settle(ps);
        break;

    case NGX_CC_COMMAND_INPUT:
        ngx_cc_process_fed(ps);
        break;
    }

    ps->wake(ps->data);
}


static void
ngx_cc_process_wake(void *data, ngx_cc_command_t *cmd)
{
    ngx_cc_process_t  *ps = data;

    ps->wake(ps->data);
}


static void
ngx_cc_process_output_wake(void *data)
{
    ngx_cc_process_t  *ps = data;

    ps->wake(ps->data);
}


static void
ngx_cc_process_act(ngx_cc_process_t *ps, ngx_cc_process_control_e type,
    ngx_str_t *id)
{
    u_char         buf[NGX_CC_PROCESS_MESSAGE], method[32];
    size_t         n;
    ngx_int_t      rc;
    ngx_cc_json_t  w;

    if (type == NGX_CC_PROCESS_CANCEL) {
        rc = ngx_cc_command_cancel(ps->cmd);

    } else {
        rc = ngx_cc_command_pause(ps->cmd, type == NGX_CC_PROCESS_PAUSE);
    }

    if (rc != NGX_OK) {
        ngx_cc_process_error(ps->answers, id, NGX_CC_ERROR_NO_PROCESS,
                             ngx_cc_text("the process has ended"));
        return;
    }

    /* nobody shall read "paused" before "started": answers overtake */

    while ((n = ngx_cc_process_begin(ps, buf, sizeof(buf))) != 0) {
        (void) ngx_cc_answers_put(ps->answers, buf, n);
    }

    if (id->len) {
        ngx_cc_process_writer(&w, buf, sizeof(buf));
        ngx_cc_process_answer(&w, id);
        ngx_cc_json_lit(&w, "\"result\":{\"status\":");
        ngx_cc_json_cstring(&w, ngx_cc_process_done[type]);
        ngx_cc_json_lit(&w, "}}");
        (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
    }

    (void) ngx_sprintf(method, "process.%s%Z", ngx_cc_process_done[type]);

    ngx_cc_process_writer(&w, buf, sizeof(buf));
    ngx_cc_process_state(ps, &w, (char *) method, ngx_cc_process_done[type]);
    (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
}


/* gives the command as much of the oldest input as one message takes */

static void
ngx_cc_process_feed(ngx_cc_process_t *ps)
{
    ssize_t                  n;
    ngx_queue_t             *q;
    ngx_cc_process_input_t  *in;

    while (ps->cmd->state == NGX_CC_COMMAND_RUNNING
           && !ngx_queue_empty(&ps->inputs))
    {
        q = ngx_queue_head(&ps->inputs);
        in = ngx_queue_data(q, ngx_cc_process_input_t, queue);

        if (in->flying) {
            return;
        }

        n = ngx_cc_command_input(ps->cmd, in->data + in->pos,
                                 in->len - in->pos, in->eof);

        if (n == NGX_BUSY || n == NGX_ERROR) {
            return;
        }

        if (n == NGX_DECLINED) {
            ngx_cc_process_input_end(ps, in);
            continue;
        }

        in->pos += n;
        in->flying = 1;
    }
}


/* what was in flight has been taken, or never will be */

static void
ngx_cc_process_fed(ngx_cc_process_t *ps)
{
    ngx_queue_t             *q;
    ngx_cc_process_input_t  *in;

    if (ngx_queue_empty(&ps->inputs)) {
        return;
    }

    q = ngx_queue_head(&ps->inputs);
    in = ngx_queue_data(q, ngx_cc_process_input_t, queue);

    in->flying = 0;
    in->accepted += ps->cmd->accepted;

    if (ps->cmd->stdin_closed || in->pos == in->len) {
        ngx_cc_process_input_end(ps, in);
    }

    ngx_cc_process_feed(ps);
}


static void
ngx_cc_process_input_end(ngx_cc_process_t *ps, ngx_cc_process_input_t *in)
{
    u_char         buf[NGX_CC_PROCESS_MESSAGE];
    ngx_cc_json_t  w;

    if (in->id.len && !in->silent) {
        ngx_cc_process_writer(&w, buf, sizeof(buf));
        ngx_cc_process_answer(&w, &in->id);
        ngx_cc_json_lit(&w, "\"result\":{\"accepted\":");
        ngx_cc_json_uint(&w, in->accepted);
        ngx_cc_json_lit(&w, "}}");
        (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
    }

    ngx_queue_remove(&in->queue);
    ps->ninputs--;
    ps->input_bytes -= in->len;
    ngx_free(in);
}


/* it is over: whoever still waits for something gets an answer */

static void
ngx_cc_process_settle(ngx_cc_process_t *ps)
{
    ngx_uint_t               i;
    ngx_queue_t             *q;
    ngx_cc_process_input_t  *in;

    for (i = 0; i < ps->controls; i++) {
        ngx_cc_process_error(ps->answers, &ps->control[i].id,
                             NGX_CC_ERROR_NO_PROCESS,
                             ngx_cc_text("the process could not be started"));
        ngx_free(ps->control[i].id.data);
    }

    ps->controls = 0;
    ps->stdin_open = 0;

    while (!ngx_queue_empty(&ps->inputs)) {
        q = ngx_queue_head(&ps->inputs);
        in = ngx_queue_data(q, ngx_cc_process_input_t, queue);
        ngx_cc_process_input_end(ps, in);
    }
}


/* the two messages with which it begins, one at a time */

static size_t
ngx_cc_process_begin(ngx_cc_process_t *ps, u_char *p, size_t room)
{
    ngx_cc_json_t  w;

    ngx_cc_process_writer(&w, p, room);

    if (!ps->answered) {
        ps->answered = 1;

        if (ps->id.len) {
            ngx_cc_process_answer(&w, &ps->id);
            ngx_cc_json_lit(&w, "\"result\":{\"status\":\"started\",\"pid\":");
            ngx_cc_json_int(&w, ps->cmd->pid);
            ngx_cc_json_lit(&w, ",\"pgid\":");
            ngx_cc_json_int(&w, ps->cmd->pid);
            ngx_cc_process_id(ps, &w);
            ngx_cc_json_lit(&w, "}}");

            return w.pos - p;
        }
    }

    if (!ps->notified) {
        ps->notified = 1;
        ngx_cc_process_state(ps, &w, "process.started", "started");

        return w.pos - p;
    }

    return 0;
}


static size_t
ngx_cc_process_failure(ngx_cc_process_t *ps, u_char *p, size_t room)
{
    u_char             text[256], *last;
    ngx_int_t          code;
    ngx_cc_json_t      w;
    ngx_cc_command_t  *cmd;

    cmd = ps->cmd;

    if (ps->id.len == 0) {
        return 0;
    }

    code = NGX_CC_ERROR_INTERNAL;

    if (cmd->stage == NGX_CC_STAGE_NONE) {
        last = ngx_sprintf(text, "the process could not be started in time");

    } else {
        last = ngx_sprintf(text, "%s: ", ngx_cc_process_stages[cmd->stage]);
        last = ngx_strerror(cmd->error, last, text + sizeof(text) - last);

        if (cmd->stage == NGX_CC_STAGE_EXEC && !ps->shell) {
            code = NGX_CC_ERROR_PARAMS;
        }
    }

    ngx_cc_process_writer(&w, p, room);
    ngx_cc_process_answer(&w, &ps->id);
    ngx_cc_json_lit(&w, "\"error\":{\"code\":");
    ngx_cc_json_int(&w, code);
    ngx_cc_json_lit(&w, ",\"message\":");
    ngx_cc_json_string(&w, text, last - text);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


static void
ngx_cc_process_state(ngx_cc_process_t *ps, ngx_cc_json_t *w,
    const char *method, const char *status)
{
    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"method\":");
    ngx_cc_json_cstring(w, method);
    ngx_cc_json_lit(w, ",\"params\":{\"status\":");
    ngx_cc_json_cstring(w, status);
    ngx_cc_json_lit(w, ",\"pid\":");
    ngx_cc_json_int(w, ps->cmd->pid);
    ngx_cc_json_lit(w, ",\"pgid\":");
    ngx_cc_json_int(w, ps->cmd->pid);
    ngx_cc_json_lit(w, ",\"exit_code\":null,\"error\":null");
    ngx_cc_process_id(ps, w);
    ngx_cc_json_lit(w, "}}");
}


static size_t
ngx_cc_process_warning(ngx_cc_process_t *ps, u_char *p, size_t room)
{
    ngx_cc_json_t  w;

    if (ps->cmd->cause != NGX_CC_CAUSE_TIMEOUT
        && ps->cmd->cause != NGX_CC_CAUSE_SILENCE)
    {
        return 0;
    }

    ngx_cc_process_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.error\","
                        "\"params\":{\"error\":");
    ngx_cc_json_cstring(&w, ps->cmd->cause == NGX_CC_CAUSE_TIMEOUT
                            ? "the command ran longer than its timeout"
                            : "the command was silent for too long");
    ngx_cc_json_lit(&w, ",\"code\":-32004");
    ngx_cc_process_id(ps, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


static size_t
ngx_cc_process_completed(ngx_cc_process_t *ps, u_char *p, size_t room)
{
    int                sig, lost;
    ngx_cc_json_t      w;
    ngx_cc_command_t  *cmd;

    cmd = ps->cmd;
    lost = (cmd->cause == NGX_CC_CAUSE_LOST);
    sig = (!lost && WIFSIGNALED(cmd->status)) ? WTERMSIG(cmd->status) : 0;

    ngx_cc_process_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.completed\",\"params\":{\"status\":");
    ngx_cc_json_cstring(&w, (!lost && cmd->status == 0) ? "completed"
                                                        : "failed");
    ngx_cc_json_lit(&w, ",\"pid\":");
    ngx_cc_json_int(&w, cmd->pid);
    ngx_cc_json_lit(&w, ",\"pgid\":");
    ngx_cc_json_int(&w, cmd->pid);
    ngx_cc_json_lit(&w, ",\"exit_code\":");

    if (lost) {
        ngx_cc_json_lit(&w, "null,\"error\":\"its host process was lost\"");

    } else {
        ngx_cc_json_int(&w, sig ? -sig : WEXITSTATUS(cmd->status));
        ngx_cc_json_lit(&w, ",\"error\":null");
    }

    ngx_cc_process_id(ps, &w);
    ngx_cc_json_lit(&w, ",\"signal\":");

    if (sig) {
        ngx_cc_json_cstring(&w, ngx_cc_process_signal(sig));

    } else {
        ngx_cc_json_lit(&w, "null");
    }

    ngx_cc_json_lit(&w, ",\"cause\":");
    ngx_cc_json_cstring(&w, ngx_cc_process_causes[cmd->cause]);
    ngx_cc_json_lit(&w, ",\"execution_time\":");
    ngx_cc_json_seconds(&w, cmd->elapsed);
    ngx_cc_json_lit(&w, ",\"stdout_bytes\":");
    ngx_cc_json_uint(&w, ps->output.stream[NGX_CC_STDOUT].offset);
    ngx_cc_json_lit(&w, ",\"stderr_bytes\":");
    ngx_cc_json_uint(&w, ps->output.stream[NGX_CC_STDERR].offset);
    ngx_cc_json_lit(&w, ",\"descendants_killed\":");
    ngx_cc_json_uint(&w, cmd->swept);
    ngx_cc_json_lit(&w, ",\"pipes_open\":");
    ngx_cc_json_bool(&w, cmd->pipes_open);
    ngx_cc_json_lit(&w, ",\"max_rss_kb\":");
    ngx_cc_json_uint(&w, cmd->max_rss);
    ngx_cc_json_lit(&w, ",\"user_time\":");
    ngx_cc_json_seconds(&w, cmd->user);
    ngx_cc_json_lit(&w, ",\"system_time\":");
    ngx_cc_json_seconds(&w, cmd->system);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


static void
ngx_cc_process_id(ngx_cc_process_t *ps, ngx_cc_json_t *w)
{
    ngx_cc_json_lit(w, ",\"execution_id\":\"");
    ngx_cc_json_raw(w, ps->cmd->id, NGX_CC_HANDLE_TEXT);
    ngx_cc_json_lit(w, "\"");
}


static void
ngx_cc_process_writer(ngx_cc_json_t *w, u_char *p, size_t room)
{
    w->pos = p;
    w->end = p + room;
    w->overflow = 0;
}


static const char *
ngx_cc_process_signal(int signo)
{
    ngx_uint_t  i;

    static const struct {
        int          signo;
        const char  *name;
    } signals[] = {
        { SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
        { SIGILL, "SIGILL" }, { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
        { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGKILL, "SIGKILL" },
        { SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },
        { SIGUSR2, "SIGUSR2" }, { SIGPIPE, "SIGPIPE" },
        { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
        { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
        { SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" },
        { SIGIO, "SIGIO" }, { SIGPWR, "SIGPWR" }, { SIGSYS, "SIGSYS" }
    };

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (signals[i].signo == signo) {
            return signals[i].name;
        }
    }

    return "SIGRT";
}
