
#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/wait.h>
#include "ngx_cc_notice.h"
#include "ngx_cc_request.h"
#include "ngx_cc_zone.h"


static size_t ngx_cc_notice_error(u_char *p, size_t room, ngx_str_t *id,
    ngx_int_t code, const void *text, size_t len);
static u_char *ngx_cc_notice_builtin(u_char *p, u_char *last,
    ngx_cc_command_t *cmd);
static void ngx_cc_notice_id(ngx_cc_command_t *cmd, ngx_cc_json_t *w);
static void ngx_cc_notice_pid(ngx_cc_command_t *cmd, ngx_cc_json_t *w);


static const char  *ngx_cc_notice_causes[] = {
    "exit", "signal", "timeout", "silence", "cancel", "disconnect",
    "output", "shutdown", "lost"
};

static const char  *ngx_cc_notice_stages[] = {
    "start", "pipe", "fork", "process group", "stdio",
    "working directory", "limits", "fence", "exec"
};


const char *
ngx_cc_notice_stage(ngx_cc_stage_e stage)
{
    return ngx_cc_notice_stages[stage];
}


const char *
ngx_cc_notice_cause(ngx_cc_cause_e cause)
{
    return ngx_cc_notice_causes[cause];
}


void
ngx_cc_notice_writer(ngx_cc_json_t *w, u_char *p, size_t room)
{
    w->pos = p;
    w->end = p + room;
    w->overflow = 0;
}


ngx_int_t
ngx_cc_notice_text(ngx_cc_value_t *v, ngx_pool_t *pool, ngx_str_t *text)
{
    size_t         size;
    ngx_cc_json_t  w;

    if (v->type == NGX_CC_VALUE_NUMBER) {
        *text = v->text;
        return NGX_OK;
    }

    size = v->text.len * NGX_CC_JSON_MAX_ESCAPE + 2;
    text->data = ngx_pnalloc(pool, size);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_notice_writer(&w, text->data, size);
    ngx_cc_json_string(&w, v->text.data, v->text.len);
    text->len = w.pos - text->data;

    return NGX_OK;
}


ngx_int_t
ngx_cc_notice_asked(ngx_cc_asked_t *asked, ngx_cc_value_t *id,
    ngx_pool_t *pool)
{
    ngx_str_null(&asked->id);
    ngx_str_null(&asked->more);

    if (id == NULL) {
        return NGX_OK;
    }

    if (id->type == NGX_CC_VALUE_NULL) {
        ngx_str_set(&asked->id, "null");
        return NGX_OK;
    }

    return ngx_cc_notice_text(id, pool, &asked->id);
}


void
ngx_cc_notice_answer(ngx_cc_json_t *w, ngx_str_t *id)
{
    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",");

    if (id) {
        ngx_cc_json_lit(w, "\"id\":");
        ngx_cc_json_raw(w, id->data, id->len);
        ngx_cc_json_lit(w, ",");
    }
}


void
ngx_cc_notice_refuse(ngx_cc_answers_t *answers, ngx_str_t *id, ngx_int_t code,
    const void *text, size_t len)
{
    size_t  n;
    u_char  buf[NGX_CC_NOTICE_SIZE];

    if (code == NGX_CC_ERROR_PARSE || code == NGX_CC_ERROR_REQUEST
        || code == NGX_CC_ERROR_METHOD || code == NGX_CC_ERROR_PARAMS)
    {
        ngx_cc_zone_refused(NGX_CC_REASON_REQUEST);
    }

    if (id == NULL || id->len) {
        n = ngx_cc_notice_error(buf, sizeof(buf), id, code, text, len);
        (void) ngx_cc_answers_put(answers, buf, n);
    }
}


static size_t
ngx_cc_notice_error(u_char *p, size_t room, ngx_str_t *id, ngx_int_t code,
    const void *text, size_t len)
{
    ngx_cc_json_t  w;

    ngx_cc_notice_writer(&w, p, room);
    ngx_cc_notice_answer(&w, id);
    ngx_cc_json_lit(&w, "\"error\":{\"code\":");
    ngx_cc_json_int(&w, code);
    ngx_cc_json_lit(&w, ",\"message\":");
    ngx_cc_json_string(&w, text, len);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


void
ngx_cc_notice_stay(ngx_cc_answers_t *answers, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd, ngx_int_t code, const void *text, size_t len,
    uint64_t position)
{
    u_char         buf[NGX_CC_NOTICE_SIZE];
    ngx_cc_json_t  w;

    if (code == NGX_CC_ERROR_PARAMS) {
        ngx_cc_zone_refused(NGX_CC_REASON_REQUEST);
    }

    ngx_cc_notice_writer(&w, buf, sizeof(buf));

    if (asked->id.len) {
        ngx_cc_notice_answer(&w, &asked->id);
        ngx_cc_json_lit(&w, "\"error\":{\"code\":");
        ngx_cc_json_int(&w, code);
        ngx_cc_json_lit(&w, ",\"message\":");
        ngx_cc_json_string(&w, text, len);
        ngx_cc_json_lit(&w, ",\"data\":{\"offset\":");
        ngx_cc_json_uint(&w, position);
        ngx_cc_json_lit(&w, "}}}");

    } else {
        ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                            "\"process.error\",\"params\":{\"error\":");
        ngx_cc_json_string(&w, text, len);
        ngx_cc_json_lit(&w, ",\"code\":");
        ngx_cc_json_int(&w, code);
        ngx_cc_notice_id(cmd, &w);
        ngx_cc_json_lit(&w, ",\"offset\":");
        ngx_cc_json_uint(&w, position);
        ngx_cc_json_lit(&w, "}}");
    }

    (void) ngx_cc_answers_put(answers, buf, w.pos - buf);
}


size_t
ngx_cc_notice_failure(u_char *p, size_t room, ngx_str_t *id,
    ngx_cc_command_t *cmd, ngx_uint_t client)
{
    u_char     text[NGX_CC_NOTICE_WHY];
    ngx_int_t  code;

    code = client ? NGX_CC_ERROR_PARAMS : NGX_CC_ERROR_INTERNAL;

    return ngx_cc_notice_error(p, room, id, code, text,
                               ngx_cc_notice_why(text, text + sizeof(text),
                                                 cmd)
                               - text);
}


u_char *
ngx_cc_notice_why(u_char *p, u_char *last, ngx_cc_command_t *cmd)
{
    if (cmd->cause == NGX_CC_CAUSE_SHUTDOWN) {
        return ngx_slprintf(p, last, "%s", ngx_cc_notice_unknown(cmd));
    }

    if (cmd->stage == NGX_CC_STAGE_NONE) {
        return ngx_slprintf(p, last,
                            "the process could not be started in time");
    }

    p = ngx_slprintf(p, last, "%s: ", ngx_cc_notice_stages[cmd->stage]);
    p = ngx_strerror(cmd->error, p, last - p);

    if (cmd->stage == NGX_CC_STAGE_EXEC && *cmd->program) {
        p = ngx_slprintf(p, last, ": '%s'", cmd->program);

        if (cmd->error == NGX_ENOENT) {
            p = ngx_cc_notice_builtin(p, last, cmd);
        }
    }

    if (cmd->conf == NULL || !cmd->conf->error_detail) {
        return p;
    }

    p = ngx_slprintf(p, last, " (error %d; cwd %s; PATH %s", cmd->error,
                     cmd->conf->cwd, cmd->conf->path ? cmd->conf->path : "-");

    if (cmd->conf->shell) {
        p = ngx_slprintf(p, last, "; shell %s", cmd->conf->shell);
    }

    return ngx_slprintf(p, last, ")");
}


/* a word that only a shell knows, and what helps instead */

static u_char *
ngx_cc_notice_builtin(u_char *p, u_char *last, ngx_cc_command_t *cmd)
{
    ngx_uint_t  i;

    static const char  *builtins[] = {
        "cd", ".", ":", "alias", "bg", "break", "builtin", "case", "command",
        "continue", "declare", "dirs", "eval", "exec", "exit", "export", "fg",
        "for", "function", "getopts", "hash", "help", "history", "if", "jobs",
        "let", "local", "popd", "pushd", "read", "readonly", "return", "set",
        "shift", "shopt", "source", "times", "trap", "type", "typeset",
        "ulimit", "umask", "unalias", "unset", "until", "wait", "while"
    };

    for (i = 0; ngx_strcmp(cmd->program, builtins[i]) != 0; i++) {
        if (i == sizeof(builtins) / sizeof(char *) - 1) {
            return p;
        }
    }

    p = ngx_slprintf(p, last, " is built into shells");

    if (cmd->conf && cmd->conf->shell) {
        return ngx_slprintf(p, last, ": say it in command, which one reads");
    }

    p = ngx_slprintf(p, last, ", and commands run without one here");

    if (i > 0) {
        return p;
    }

    return ngx_slprintf(p, last, (cmd->conf && cmd->conf->client_cwd)
                                 ? ": choose the directory with cwd"
                                 : ": each starts in the same directory");
}


size_t
ngx_cc_notice_started(u_char *p, size_t room, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd)
{
    ngx_cc_json_t  w;

    ngx_cc_notice_writer(&w, p, room);
    ngx_cc_notice_answer(&w, &asked->id);
    ngx_cc_json_lit(&w, "\"result\":{\"status\":");
    ngx_cc_json_cstring(&w, cmd->pid ? "started" : "canceled");
    ngx_cc_notice_pid(cmd, &w);
    ngx_cc_notice_id(cmd, &w);
    ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_notice_state(u_char *p, size_t room, ngx_cc_command_t *cmd,
    const char *status)
{
    ngx_cc_json_t  w;

    ngx_cc_notice_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.");
    ngx_cc_json_raw(&w, status, ngx_strlen(status));
    ngx_cc_json_lit(&w, "\",\"params\":{\"status\":");
    ngx_cc_json_cstring(&w, status);
    ngx_cc_notice_pid(cmd, &w);
    ngx_cc_json_lit(&w, ",\"exit_code\":null,\"error\":null");

    if (cmd->left && cmd->paused && ngx_strcmp(status, "paused") == 0) {
        ngx_cc_json_lit(&w, ",\"left\":");
        ngx_cc_json_uint(&w, cmd->left);
    }

    ngx_cc_notice_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_notice_limit(u_char *p, size_t room, ngx_cc_command_t *cmd)
{
    ngx_int_t       code;
    const char     *text;
    ngx_cc_json_t   w;

    switch (cmd->cause) {

    case NGX_CC_CAUSE_TIMEOUT:
        code = NGX_CC_ERROR_TIMEOUT;
        text = "the command ran longer than its timeout";
        break;

    case NGX_CC_CAUSE_SILENCE:
        code = NGX_CC_ERROR_TIMEOUT;
        text = "the command was silent for too long";
        break;

    case NGX_CC_CAUSE_OUTPUT:
        code = NGX_CC_ERROR_LIMIT;
        text = "the command wrote more output than is allowed";
        break;

    default:
        return 0;
    }

    ngx_cc_notice_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.error\","
                        "\"params\":{\"error\":");
    ngx_cc_json_cstring(&w, text);
    ngx_cc_json_lit(&w, ",\"code\":");
    ngx_cc_json_int(&w, code);
    ngx_cc_notice_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_notice_completed(u_char *p, size_t room, ngx_cc_command_t *cmd,
    uint64_t out, uint64_t err)
{
    int            sig, lost;
    ngx_cc_json_t  w;

    lost = cmd->unknown;
    sig = (!lost && WIFSIGNALED(cmd->status)) ? WTERMSIG(cmd->status) : 0;

    ngx_cc_notice_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.completed\",\"params\":{\"status\":");
    ngx_cc_json_cstring(&w, (!lost && cmd->status == 0) ? "completed"
                                                        : "failed");
    ngx_cc_notice_pid(cmd, &w);
    ngx_cc_json_lit(&w, ",\"exit_code\":");

    if (lost) {
        ngx_cc_json_lit(&w, "null,\"error\":");
        ngx_cc_json_cstring(&w, ngx_cc_notice_unknown(cmd));

    } else {
        ngx_cc_json_int(&w, sig ? -sig : WEXITSTATUS(cmd->status));
        ngx_cc_json_lit(&w, ",\"error\":null");
    }

    ngx_cc_notice_id(cmd, &w);
    ngx_cc_json_lit(&w, ",\"signal\":");

    if (sig) {
        ngx_cc_json_cstring(&w, ngx_cc_notice_signal(sig));

    } else {
        ngx_cc_json_lit(&w, "null");
    }

    ngx_cc_json_lit(&w, ",\"cause\":");
    ngx_cc_json_cstring(&w, ngx_cc_notice_causes[cmd->cause]);

    if (cmd->truncated) {
        ngx_cc_json_lit(&w, ",\"truncated\":true");
        out = cmd->bytes[NGX_CC_STDOUT];
        err = cmd->bytes[NGX_CC_STDERR];
    }

    ngx_cc_json_lit(&w, ",\"execution_time\":");
    ngx_cc_json_seconds(&w, cmd->elapsed);
    ngx_cc_json_lit(&w, ",\"stdout_bytes\":");
    ngx_cc_json_uint(&w, out);
    ngx_cc_json_lit(&w, ",\"stderr_bytes\":");
    ngx_cc_json_uint(&w, err);
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


void
ngx_cc_notice_describe(ngx_cc_json_t *w, ngx_cc_command_t *cmd,
    ngx_str_t *more)
{
    const char  *state;

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

    if (cmd->state != NGX_CC_COMMAND_OVER || cmd->pid == 0 || cmd->unknown) {
        ngx_cc_json_lit(w, "null");

    } else if (WIFSIGNALED(cmd->status)) {
        ngx_cc_json_int(w, -WTERMSIG(cmd->status));

    } else {
        ngx_cc_json_int(w, WEXITSTATUS(cmd->status));
    }

    ngx_cc_notice_id(cmd, w);

    if (more) {
        ngx_cc_json_raw(w, more->data, more->len);
    }

    ngx_cc_json_lit(w, "}");
}


void
ngx_cc_notice_log_started(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_INFO, log, 0,
                  "cc_executor: command started pid=%P execution=%*s "
                  "session=%*s", cmd->pid, (size_t) NGX_CC_HANDLE_NAME,
                  cmd->id, (size_t) NGX_CC_UUID_TEXT, session_id);
}


void
ngx_cc_notice_log_failed(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_INFO, log, cmd->error,
                  "cc_executor: command not started, stage %s execution=%*s "
                  "session=%*s", ngx_cc_notice_stages[cmd->stage],
                  (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, session_id);
}


void
ngx_cc_notice_log_ended(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    u_char  status[64], *p, *last;

    last = status + sizeof(status);

    /* as in process.completed: the exit code, or minus the signal */

    if (cmd->unknown) {
        p = ngx_slprintf(status, last, "-");

    } else if (WIFSIGNALED(cmd->status)) {
        p = ngx_slprintf(status, last, "-%d signal=%s",
                         WTERMSIG(cmd->status),
                         ngx_cc_notice_signal(WTERMSIG(cmd->status)));

    } else {
        p = ngx_slprintf(status, last, "%d", WEXITSTATUS(cmd->status));
    }

    ngx_log_error(NGX_LOG_INFO, log, 0,
                  "cc_executor: command ended cause=%s status=%*s pid=%P "
                  "execution=%*s session=%*s",
                  ngx_cc_notice_causes[cmd->cause],
                  (size_t) (p - status), status, cmd->pid,
                  (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, session_id);
}


const char *
ngx_cc_notice_unknown(ngx_cc_command_t *cmd)
{
    switch (cmd->cause) {

    case NGX_CC_CAUSE_CANCEL:
        return "canceled before it was started";

    case NGX_CC_CAUSE_SHUTDOWN:
        return "the server is shutting down";

    default:
        return "its host process was lost";
    }
}


/* null for one that was never started */

static void
ngx_cc_notice_pid(ngx_cc_command_t *cmd, ngx_cc_json_t *w)
{
    if (cmd->pid == 0) {
        ngx_cc_json_lit(w, ",\"pid\":null,\"pgid\":null");
        return;
    }

    ngx_cc_json_lit(w, ",\"pid\":");
    ngx_cc_json_int(w, cmd->pid);
    ngx_cc_json_lit(w, ",\"pgid\":");
    ngx_cc_json_int(w, cmd->pid);
}


static void
ngx_cc_notice_id(ngx_cc_command_t *cmd, ngx_cc_json_t *w)
{
    ngx_cc_json_lit(w, ",\"execution_id\":\"");
    ngx_cc_json_raw(w, cmd->id, NGX_CC_HANDLE_TEXT);
    ngx_cc_json_lit(w, "\"");
}


const char *
ngx_cc_notice_signal(int signo)
{
    u_char      *p;
    ngx_uint_t   i;

    static u_char  text[sizeof("SIGRTMIN+") + NGX_INT_T_LEN];

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
        { SIGIO, "SIGIO" }, { SIGPWR, "SIGPWR" }, { SIGSYS, "SIGSYS" },
        { SIGSTKFLT, "SIGSTKFLT" }
    };

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (signals[i].signo == signo) {
            return signals[i].name;
        }
    }

    if (signo >= SIGRTMIN) {
        p = ngx_slprintf(text, text + sizeof(text) - 1, "SIGRTMIN+%d",
                         signo - SIGRTMIN);

    } else {
        p = ngx_slprintf(text, text + sizeof(text) - 1, "SIG%d", signo);
    }

    *p = '\0';

    return (char *) text;
}
