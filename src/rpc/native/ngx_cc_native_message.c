
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_message.h"
#include "ngx_cc_words.h"
#include "ngx_cc_zone.h"


static void ngx_cc_native_message_id(ngx_cc_command_t *cmd, ngx_cc_json_t *w);
static void ngx_cc_native_message_size(ngx_cc_command_t *cmd,
    ngx_cc_json_t *w);
static void ngx_cc_native_message_pid(ngx_cc_command_t *cmd, ngx_cc_json_t *w);


size_t
ngx_cc_native_message_failure(u_char *p, size_t room, ngx_str_t *id,
    ngx_cc_command_t *cmd, ngx_cc_spec_conf_t *conf, ngx_uint_t client)
{
    u_char     text[NGX_CC_WORDS_WHY];
    ngx_int_t  code;

    code = client ? NGX_CC_ERROR_PARAMS : NGX_CC_ERROR_INTERNAL;

    return ngx_cc_message_error(p, room, id, code, text,
                                ngx_cc_words_why(text, text + sizeof(text),
                                                 cmd, conf)
                                - text);
}


size_t
ngx_cc_native_message_started(u_char *p, size_t room, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_message_answer(&w, &asked->id);
    ngx_cc_json_lit(&w, "\"result\":{\"status\":");
    ngx_cc_json_cstring(&w, cmd->pid ? "started" : "canceled");
    ngx_cc_native_message_pid(cmd, &w);
    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_message_state(u_char *p, size_t room, ngx_cc_command_t *cmd,
    const char *status)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.");
    ngx_cc_json_raw(&w, status, ngx_strlen(status));
    ngx_cc_json_lit(&w, "\",\"params\":{\"status\":");
    ngx_cc_json_cstring(&w, status);
    ngx_cc_native_message_pid(cmd, &w);
    ngx_cc_json_lit(&w, ",\"exit_code\":null,\"error\":null");

    if (cmd->left && cmd->paused && ngx_strcmp(status, "paused") == 0) {
        ngx_cc_json_lit(&w, ",\"left\":");
        ngx_cc_json_uint(&w, cmd->left);
    }

    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_message_resized(u_char *p, size_t room, ngx_cc_command_t *cmd)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.resized\",\"params\":{");
    ngx_cc_native_message_size(cmd, &w);
    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_message_unpassed(u_char *p, size_t room, ngx_cc_command_t *cmd)
{
    char           why[NGX_CC_NAMES_UNPASSED];
    ngx_cc_json_t  w;

    ngx_cc_names_unpassed(why, sizeof(why), &cmd->unpassed);

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.unpassed\",\"params\":{\"signal\":");
    ngx_cc_json_cstring(&w, ngx_cc_names_signal(cmd->unpassed.signo));
    ngx_cc_json_lit(&w, ",\"error\":");
    ngx_cc_json_cstring(&w, why);
    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_message_limit(u_char *p, size_t room, ngx_cc_command_t *cmd)
{
    u_char          limit[NGX_CC_WORDS_LIMIT];
    size_t          len;
    ngx_cc_json_t   w;

    len = ngx_cc_words_limit(limit, limit + sizeof(limit), cmd) - limit;

    if (len == 0) {
        return 0;
    }

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.error\","
                        "\"params\":{\"error\":\"the command ");
    ngx_cc_json_raw(&w, limit, len);
    ngx_cc_json_lit(&w, "\",\"code\":");
    ngx_cc_json_int(&w, ngx_cc_names_timed_out(cmd->cause)
                        ? NGX_CC_ERROR_TIMEOUT : NGX_CC_ERROR_LIMIT);
    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_message_completed(u_char *p, size_t room, ngx_cc_command_t *cmd,
    uint64_t out, uint64_t err)
{
    int            lost;
    const char    *signal;
    ngx_cc_json_t  w;

    lost = cmd->unknown;
    signal = lost ? NULL : ngx_cc_names_exit_signal(cmd->status);

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.completed\",\"params\":{\"status\":");
    ngx_cc_json_cstring(&w, (!lost && cmd->status == 0) ? "completed"
                                                        : "failed");
    ngx_cc_native_message_pid(cmd, &w);
    ngx_cc_json_lit(&w, ",\"exit_code\":");

    if (lost) {
        ngx_cc_json_lit(&w, "null,\"error\":");
        ngx_cc_json_cstring(&w, ngx_cc_words_unknown(cmd));

    } else {
        ngx_cc_json_int(&w, ngx_cc_names_exit_code(cmd->status));
        ngx_cc_json_lit(&w, ",\"error\":null");
    }

    ngx_cc_native_message_id(cmd, &w);
    ngx_cc_json_lit(&w, ",\"signal\":");

    if (signal) {
        ngx_cc_json_cstring(&w, signal);

    } else {
        ngx_cc_json_lit(&w, "null");
    }

    ngx_cc_json_lit(&w, ",\"cause\":");
    ngx_cc_json_cstring(&w, ngx_cc_names_cause(cmd->cause));

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

    if (cmd->memory_peak) {
        ngx_cc_json_lit(&w, ",\"memory_peak\":");
        ngx_cc_json_uint(&w, cmd->memory_peak);
    }

    if (cmd->pids_peak) {
        ngx_cc_json_lit(&w, ",\"pids_peak\":");
        ngx_cc_json_uint(&w, cmd->pids_peak);
    }

    ngx_cc_json_lit(&w, ",\"user_time\":");
    ngx_cc_json_seconds(&w, cmd->user);
    ngx_cc_json_lit(&w, ",\"system_time\":");
    ngx_cc_json_seconds(&w, cmd->system);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


const char *
ngx_cc_native_message_word(ngx_cc_command_t *cmd)
{
    if (cmd->state == NGX_CC_COMMAND_WAITING) {
        return "starting";
    }

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        return "exited";
    }

    if (cmd->canceling) {
        return "canceling";
    }

    return cmd->paused ? "paused" : "running";
}


void
ngx_cc_native_message_describe(ngx_cc_json_t *w, ngx_cc_command_t *cmd,
    ngx_str_t *more)
{
    ngx_cc_json_lit(w, "{\"state\":");
    ngx_cc_json_cstring(w, ngx_cc_native_message_word(cmd));
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

    } else {
        ngx_cc_json_int(w, ngx_cc_names_exit_code(cmd->status));
    }

    if (cmd->cols) {
        ngx_cc_json_lit(w, ",\"tty\":{");
        ngx_cc_native_message_size(cmd, w);
        ngx_cc_json_lit(w, "}");
    }

    ngx_cc_native_message_id(cmd, w);

    if (more) {
        ngx_cc_json_raw(w, more->data, more->len);
    }

    ngx_cc_json_lit(w, "}");
}


/* null for one that was never started */

static void
ngx_cc_native_message_pid(ngx_cc_command_t *cmd, ngx_cc_json_t *w)
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
ngx_cc_native_message_size(ngx_cc_command_t *cmd, ngx_cc_json_t *w)
{
    ngx_cc_json_lit(w, "\"cols\":");
    ngx_cc_json_uint(w, cmd->cols);
    ngx_cc_json_lit(w, ",\"rows\":");
    ngx_cc_json_uint(w, cmd->rows);
}


static void
ngx_cc_native_message_id(ngx_cc_command_t *cmd, ngx_cc_json_t *w)
{
    ngx_cc_json_lit(w, ",\"execution_id\":\"");
    ngx_cc_message_execution(w, cmd->id, cmd->named);
    ngx_cc_json_lit(w, "\"");
}
