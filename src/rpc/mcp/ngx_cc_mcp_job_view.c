
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_view.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"


static ngx_cc_mcp_job_status_e ngx_cc_mcp_job_view_how(ngx_cc_cause_e cause,
    int status);
static void ngx_cc_mcp_job_view_null(ngx_cc_json_t *w, ngx_uint_t known,
    uint64_t n);


static const char  *ngx_cc_mcp_job_view_names[] = {
    "running", "paused", "exited", "signaled", "timed_out", "canceled", "lost"
};


void
ngx_cc_mcp_job_view_entry(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_wire_entry_t *entry)
{
    ngx_memzero(view, sizeof(ngx_cc_mcp_job_view_t));

    (void) ngx_cc_handle_format(&entry->handle, (char *) view->id);
    view->known = 1;
    view->nlabel = entry->label;
    ngx_memcpy(view->label, entry + 1, entry->label);

    view->flags = entry->head.flags;
    view->pid = entry->pid;
    view->start = entry->start;
    view->idle = entry->idle;
    view->expires = entry->expires;
    view->bytes[NGX_CC_STDOUT] = entry->bytes[NGX_CC_STDOUT];
    view->bytes[NGX_CC_STDERR] = entry->bytes[NGX_CC_STDERR];

    if (entry->head.flags & NGX_CC_ATTACHED_OVER) {
        view->cause = entry->cause;
        view->exit = entry->status;
        view->ended = entry->ended;
        view->status = ngx_cc_mcp_job_view_how(entry->cause, entry->status);

    } else if (entry->head.flags & NGX_CC_ATTACHED_PAUSED) {
        view->status = NGX_CC_MCP_JOB_PAUSED;
    }
}


void
ngx_cc_mcp_job_view_index(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_index_told_t *told, const u_char *id)
{
    ngx_memzero(view, sizeof(ngx_cc_mcp_job_view_t));

    if (id) {
        ngx_memcpy(view->id, id, NGX_CC_HANDLE_TEXT);
        view->known = 1;

    } else {
        (void) ngx_hex_dump(view->id, (u_char *) told->name,
                            NGX_CC_INDEX_NAME);
    }

    view->pid = told->pid;
    view->start = told->start;
    view->ended = told->ended ? told->ended : told->start;
    view->bytes[NGX_CC_STDOUT] = told->bytes[NGX_CC_STDOUT];
    view->bytes[NGX_CC_STDERR] = told->bytes[NGX_CC_STDERR];
    view->flags = NGX_CC_ATTACHED_OVER;

    if (told->state != NGX_CC_INDEX_ENDED) {
        view->cause = NGX_CC_CAUSE_LOST;
        view->status = NGX_CC_MCP_JOB_LOST;
        return;
    }

    view->cause = told->cause;
    view->exit = told->status;
    view->status = ngx_cc_mcp_job_view_how(told->cause, told->status);
}


void
ngx_cc_mcp_job_view_command(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_command_t *cmd, const char *label)
{
    ngx_time_t  *now;

    ngx_memzero(view, sizeof(ngx_cc_mcp_job_view_t));

    ngx_memcpy(view->id, cmd->id, NGX_CC_HANDLE_TEXT);
    view->known = 1;
    view->nlabel = ngx_min(ngx_strlen(label), NGX_CC_WIRE_MAX_LABEL);
    ngx_memcpy(view->label, label, view->nlabel);

    view->pid = cmd->pid;
    view->start = cmd->start * 1000;
    view->flags = cmd->attached.flags;

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        now = ngx_timeofday();
        view->ended = ((uint64_t) now->sec * 1000 + now->msec) * 1000;
        view->flags |= NGX_CC_ATTACHED_OVER;
        view->cause = cmd->cause;
        view->exit = cmd->status;
        view->status = cmd->unknown ? NGX_CC_MCP_JOB_LOST
                                    : ngx_cc_mcp_job_view_how(cmd->cause,
                                                              cmd->status);
    } else if (cmd->paused) {
        view->status = NGX_CC_MCP_JOB_PAUSED;
    }
}


static ngx_cc_mcp_job_status_e
ngx_cc_mcp_job_view_how(ngx_cc_cause_e cause, int status)
{
    switch (cause) {

    case NGX_CC_CAUSE_EXIT:
        return ngx_cc_names_exit_signal(status) ? NGX_CC_MCP_JOB_SIGNALED
                                                : NGX_CC_MCP_JOB_EXITED;

    case NGX_CC_CAUSE_TIMEOUT:
        return NGX_CC_MCP_JOB_TIMED_OUT;

    case NGX_CC_CAUSE_CANCEL:
        return NGX_CC_MCP_JOB_CANCELED;

    case NGX_CC_CAUSE_LOST:
        return NGX_CC_MCP_JOB_LOST;

    default:
        return NGX_CC_MCP_JOB_SIGNALED;
    }
}


ngx_uint_t
ngx_cc_mcp_job_view_over(const ngx_cc_mcp_job_view_t *view)
{
    return view->status > NGX_CC_MCP_JOB_PAUSED;
}


const char *
ngx_cc_mcp_job_view_status(const ngx_cc_mcp_job_view_t *view)
{
    return ngx_cc_mcp_job_view_names[view->status];
}


uint64_t
ngx_cc_mcp_job_view_ran(const ngx_cc_mcp_job_view_t *view)
{
    uint64_t     now;
    ngx_time_t  *tp;

    now = view->ended;

    if (now == 0) {
        tp = ngx_timeofday();
        now = ((uint64_t) tp->sec * 1000 + tp->msec) * 1000;
    }

    return (view->start && now > view->start) ? (now - view->start) / 1000 : 0;
}


void
ngx_cc_mcp_job_view_members(const ngx_cc_mcp_job_view_t *view,
    ngx_cc_json_t *w)
{
    ngx_uint_t   over, known;
    const char  *signal;

    over = ngx_cc_mcp_job_view_over(view);
    known = (over && view->status != NGX_CC_MCP_JOB_LOST);
    signal = known ? ngx_cc_names_exit_signal(view->exit) : NULL;

    ngx_cc_json_lit(w, "\"job_id\":");

    if (view->known) {
        ngx_cc_json_lit(w, "\"");
        ngx_cc_message_execution(w, view->id, 1);
        ngx_cc_json_lit(w, "\"");

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"label\":");
    ngx_cc_json_string(w, view->label, view->nlabel);
    ngx_cc_json_lit(w, ",\"status\":");
    ngx_cc_json_cstring(w, ngx_cc_mcp_job_view_status(view));
    ngx_cc_json_lit(w, ",\"cause\":");

    if (over) {
        ngx_cc_json_cstring(w, ngx_cc_names_cause(view->cause));

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"exit_code\":");

    if (known && signal == NULL) {
        ngx_cc_json_int(w, ngx_cc_names_exit_code(view->exit));

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"signal\":");

    if (signal) {
        ngx_cc_json_cstring(w, signal);

    } else {
        ngx_cc_json_lit(w, "null");
    }
}


void
ngx_cc_mcp_job_view_times(const ngx_cc_mcp_job_view_t *view, ngx_cc_json_t *w)
{
    ngx_uint_t  over;

    over = ngx_cc_mcp_job_view_over(view);

    ngx_cc_json_lit(w, "\"running_ms\":");
    ngx_cc_json_uint(w, ngx_cc_mcp_job_view_ran(view));
    ngx_cc_json_lit(w, ",\"idle_ms\":");
    ngx_cc_mcp_job_view_null(w, !over, view->idle);
    ngx_cc_json_lit(w, ",\"expires_in_ms\":");
    ngx_cc_mcp_job_view_null(w, over, view->expires);
    ngx_cc_json_lit(w, ",\"stdin\":");
    ngx_cc_json_cstring(w, over ? "closed"
                        : (view->flags & NGX_CC_ATTACHED_TTY) ? "terminal"
                        : (view->flags & NGX_CC_ATTACHED_STDIN) ? "open"
                        : "closed");
}


static void
ngx_cc_mcp_job_view_null(ngx_cc_json_t *w, ngx_uint_t known, uint64_t n)
{
    if (known) {
        ngx_cc_json_uint(w, n);

    } else {
        ngx_cc_json_lit(w, "null");
    }
}


u_char *
ngx_cc_mcp_job_view_line(const ngx_cc_mcp_job_view_t *view, u_char *p,
    u_char *last)
{
    size_t       n;
    u_char       node[NGX_CC_NODE_PREFIX];
    uint64_t     ran;
    const char  *signal;

    ran = ngx_cc_mcp_job_view_ran(view);
    signal = ngx_cc_names_exit_signal(view->exit);

    n = view->known ? ngx_cc_node_prefix(node) - node : 0;
    p = ngx_slprintf(p, last, "job %*s%*s ", n, node,
                     view->known ? NGX_CC_HANDLE_TEXT
                                 : (size_t) NGX_CC_HANDLE_NAME, view->id);

    if (view->nlabel) {
        p = ngx_slprintf(p, last, "\"%*s\" ", view->nlabel, view->label);
    }

    switch (view->status) {

    case NGX_CC_MCP_JOB_RUNNING:
    case NGX_CC_MCP_JOB_PAUSED:
        return ngx_slprintf(p, last, "%s%s %uL.%uL s, silent %uL.%uL s",
                            ngx_cc_mcp_job_view_status(view),
                            (view->flags & NGX_CC_ATTACHED_ENDING)
                            ? ", being ended," : "",
                            ran / 1000, ran / 100 % 10, view->idle / 1000,
                            view->idle / 100 % 10);

    case NGX_CC_MCP_JOB_LOST:
        return ngx_slprintf(p, last, "lost: nobody knows how it ended");

    case NGX_CC_MCP_JOB_EXITED:
        p = ngx_slprintf(p, last, "exited with code %d",
                         ngx_cc_names_exit_code(view->exit));
        break;

    case NGX_CC_MCP_JOB_TIMED_OUT:
        p = ngx_slprintf(p, last, "timed out, ended");
        break;

    case NGX_CC_MCP_JOB_CANCELED:
        p = ngx_slprintf(p, last, "canceled");
        break;

    default:
        p = ngx_slprintf(p, last, "signaled");

        if (view->cause != NGX_CC_CAUSE_EXIT
            && view->cause != NGX_CC_CAUSE_SIGNAL)
        {
            p = ngx_slprintf(p, last, " (%s)",
                             ngx_cc_names_cause(view->cause));
        }

        break;
    }

    if (view->status != NGX_CC_MCP_JOB_EXITED) {
        p = signal ? ngx_slprintf(p, last, " by %s", signal)
                   : ngx_slprintf(p, last, " with code %d",
                                  ngx_cc_names_exit_code(view->exit));
    }

    return ngx_slprintf(p, last, " after %uL.%uL s", ran / 1000,
                        ran / 100 % 10);
}
