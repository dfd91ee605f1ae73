
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_names.h"
#include "ngx_cc_words.h"


static u_char *ngx_cc_words_builtin(u_char *p, u_char *last,
    ngx_cc_command_t *cmd, ngx_cc_spec_conf_t *conf);


u_char *
ngx_cc_words_why(u_char *p, u_char *last, ngx_cc_command_t *cmd,
    ngx_cc_spec_conf_t *conf)
{
    if (cmd->cause == NGX_CC_CAUSE_SHUTDOWN) {
        return ngx_slprintf(p, last, "%s", ngx_cc_words_unknown(cmd));
    }

    if (cmd->stage == NGX_CC_STAGE_NONE) {
        return ngx_slprintf(p, last,
                            "the process could not be started in time");
    }

    if (cmd->stage == NGX_CC_STAGE_TERMINAL && cmd->error == ENOSPC) {
        return ngx_slprintf(p, last, "no terminal can be opened: too many are "
                            "in use on this machine (kernel.pty.max)");
    }

    if (cmd->stage == NGX_CC_STAGE_CGROUP && cmd->error == ENOTSUP) {
        return ngx_slprintf(p, last, "the control group that it requires "
                            "cannot be made: the executor service has none, "
                            "or one without these limits");
    }

    p = ngx_slprintf(p, last, "%s: ", ngx_cc_names_stage(cmd->stage));
    p = ngx_strerror(cmd->error, p, last - p);

    if (cmd->stage == NGX_CC_STAGE_EXEC && *cmd->program) {
        p = ngx_slprintf(p, last, ": '%s'", cmd->program);

        if (cmd->error == NGX_ENOENT) {
            p = ngx_cc_words_builtin(p, last, cmd, conf);
        }
    }

    if (!conf->error_detail) {
        return p;
    }

    p = ngx_slprintf(p, last, " (error %d; cwd %s; PATH %s", cmd->error,
                     conf->command.cwd, conf->path ? conf->path : "-");

    if (conf->shell) {
        p = ngx_slprintf(p, last, "; shell %s", conf->shell);
    }

    return ngx_slprintf(p, last, ")");
}


u_char *
ngx_cc_words_limit(u_char *p, u_char *last, ngx_cc_command_t *cmd)
{
    const char  *limit;

    limit = ngx_cc_names_limit(cmd->cause);

    if (limit == NULL) {
        return p;
    }

    p = ngx_slprintf(p, last, "%s", limit);

    if (cmd->cause != NGX_CC_CAUSE_OOM || cmd->memory_limit == 0) {
        return p;
    }

    return (cmd->memory_limit % 1048576)
           ? ngx_slprintf(p, last, " (%uL bytes)", cmd->memory_limit)
           : ngx_slprintf(p, last, " (%uL MiB)", cmd->memory_limit / 1048576);
}


/* a word that only a shell knows, and what helps instead */

static u_char *
ngx_cc_words_builtin(u_char *p, u_char *last, ngx_cc_command_t *cmd,
    ngx_cc_spec_conf_t *conf)
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

    p = ngx_slprintf(p, last, " is a shell builtin");

    if (conf->shell) {
        return ngx_slprintf(p, last, ": give it in command, for the shell");
    }

    p = ngx_slprintf(p, last, ", and commands run without a shell here");

    if (i > 0) {
        return p;
    }

    return ngx_slprintf(p, last, conf->client_cwd
                                 ? ": choose the directory with cwd"
                                 : ": each starts in the same directory");
}


const char *
ngx_cc_words_unknown(ngx_cc_command_t *cmd)
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


void
ngx_cc_words_log_started(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_INFO, log, 0,
                  "cc_executor: command started pid=%P execution=%*s "
                  "session=%*s", cmd->pid, (size_t) NGX_CC_HANDLE_NAME,
                  cmd->id, (size_t) NGX_CC_UUID_TEXT, session_id);
}


void
ngx_cc_words_log_failed(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_INFO, log, cmd->error,
                  "cc_executor: command not started, stage %s execution=%*s "
                  "session=%*s", ngx_cc_names_stage(cmd->stage),
                  (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, session_id);
}


void
ngx_cc_words_log_ended(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log)
{
    u_char       status[64], *p, *last;
    const char  *signal;

    last = status + sizeof(status);

    /* as in process.completed: the exit code, or minus the signal */

    if (cmd->unknown) {
        p = ngx_slprintf(status, last, "-");

    } else {
        p = ngx_slprintf(status, last, "%d",
                         ngx_cc_names_exit_code(cmd->status));

        signal = ngx_cc_names_exit_signal(cmd->status);

        if (signal) {
            p = ngx_slprintf(p, last, " signal=%s", signal);
        }
    }

    ngx_log_error(NGX_LOG_INFO, log, 0,
                  "cc_executor: command ended cause=%s status=%*s pid=%P "
                  "execution=%*s session=%*s",
                  ngx_cc_names_cause(cmd->cause),
                  (size_t) (p - status), status, cmd->pid,
                  (size_t) NGX_CC_HANDLE_NAME, cmd->id,
                  (size_t) NGX_CC_UUID_TEXT, session_id);
}
