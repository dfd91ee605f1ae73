
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_watch.h"


static void ngx_cc_native_watch_late(ngx_event_t *ev);


void
ngx_cc_native_watch_limit(ngx_cc_native_command_t *ps, uint64_t window)
{
    ps->window = window;

    if (window) {
        /* whatever of it is free is enough for one message, or for none */
        ngx_cc_native_output_limit(&ps->output, window / 4);
    }
}


ngx_uint_t
ngx_cc_native_watch_open(ngx_cc_native_command_t *ps)
{
    uint64_t                        flying;
    ngx_uint_t                      i;
    ngx_cc_native_output_stream_t  *st;

    if (ps->window == 0) {
        return 1;
    }

    flying = 0;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        st = &ps->output.stream[i];
        flying += st->offset - ps->credit[i] - (st->gaps - ps->gaps[i]);

        if (st->gaps != ps->seen[i]) {
            ps->seen[i] = st->gaps;
            ps->gap_end[i] = st->offset;
        }
    }

    return ps->window - ngx_min(flying, ps->window) >= ps->output.most;
}


size_t
ngx_cc_native_watch_attached(ngx_cc_native_command_t *ps, u_char *p,
    size_t room)
{
    const char         *state;
    ngx_cc_json_t       w;
    ngx_cc_command_t   *cmd = ps->cmd;
    ngx_cc_attached_t  *a = &cmd->attached;

    if (a->flags & NGX_CC_ATTACHED_OVER) {
        state = cmd->unknown ? "lost" : "exited";

    } else {
        state = (a->flags & NGX_CC_ATTACHED_PAUSED) ? "paused" : "running";
    }

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_message_answer(&w, &ps->asked.id);
    ngx_cc_json_lit(&w, "\"result\":{\"state\":");
    ngx_cc_json_cstring(&w, state);

    if (a->flags & NGX_CC_ATTACHED_ENDING) {
        ngx_cc_json_lit(&w, ",\"ending\":true");
    }

    ngx_cc_json_lit(&w, ",\"pid\":");
    ngx_cc_json_int(&w, cmd->pid);
    ngx_cc_json_lit(&w, ",\"started\":");
    ngx_cc_json_seconds(&w, cmd->start * 1000);
    ngx_cc_json_lit(&w, ",\"execution_id\":\"");
    ngx_cc_message_execution(&w, cmd->id, cmd->named);
    ngx_cc_json_lit(&w, "\",\"mode\":");
    ngx_cc_json_cstring(&w, (a->flags & NGX_CC_ATTACH_WRITE) ? "write"
                                                            : "read");
    ngx_cc_json_lit(&w, ",\"flow\":");
    ngx_cc_json_cstring(&w, (a->flags & NGX_CC_ATTACH_LOSSY) ? "lossy"
                                                            : "lossless");
    ngx_cc_json_lit(&w, ",\"stdin_offset\":");
    ngx_cc_json_uint(&w, a->accepted);
    ngx_cc_json_lit(&w, ",\"stdin_open\":");
    ngx_cc_json_bool(&w, (a->flags & NGX_CC_ATTACHED_STDIN) != 0);
    ngx_cc_native_watch_both(&w, "from", a->from);
    ngx_cc_native_watch_both(&w, "held", a->held);
    ngx_cc_native_watch_both(&w, "head", a->bytes);
    ngx_cc_json_lit(&w, ",\"exit_code\":");

    if ((a->flags & NGX_CC_ATTACHED_OVER) && !cmd->unknown) {
        ngx_cc_json_int(&w, ngx_cc_names_exit_code(a->status));

    } else {
        ngx_cc_json_lit(&w, "null");
    }

    ngx_cc_json_lit(&w, ",\"tty\":");

    if (a->flags & NGX_CC_ATTACHED_TTY) {
        ngx_cc_json_lit(&w, "{\"cols\":");
        ngx_cc_json_uint(&w, a->cols);
        ngx_cc_json_lit(&w, ",\"rows\":");
        ngx_cc_json_uint(&w, a->rows);
        ngx_cc_json_lit(&w, "}");

    } else {
        ngx_cc_json_lit(&w, "null");
    }

    ngx_cc_json_lit(&w, ",\"watchers\":");
    ngx_cc_json_uint(&w, a->watchers);
    ngx_cc_json_raw(&w, ps->asked.more.data, ps->asked.more.len);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


size_t
ngx_cc_native_watch_detached(ngx_cc_native_command_t *ps, u_char *p,
    size_t room)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.detached\","
                        "\"params\":{\"reason\":");
    ngx_cc_json_cstring(&w, ps->detached);
    ngx_cc_native_watch_both(&w, "next", (uint64_t[]) {
        ps->output.stream[NGX_CC_STDOUT].offset,
        ps->output.stream[NGX_CC_STDERR].offset
    });
    ngx_cc_json_lit(&w, ",\"execution_id\":\"");
    ngx_cc_message_execution(&w, ps->cmd->id, ps->cmd->named);
    ngx_cc_json_lit(&w, "\"}}");

    return w.pos - p;
}


size_t
ngx_cc_native_watch_refused(ngx_cc_native_command_t *ps, u_char *p,
    size_t room)
{
    ngx_int_t   code;
    const char  *text;

    if (ps->detached) {
        code = NGX_CC_ERROR_INTERNAL;
        text = "the process cannot be reached now";

    } else if (ps->cmd->refused == NGX_CC_DENIED_WATCHERS) {
        code = NGX_CC_ERROR_LIMIT;
        text = "as many as may are attached to this process";

    } else {
        code = NGX_CC_ERROR_NO_PROCESS;
        text = NGX_CC_NATIVE_WATCH_UNKNOWN;
    }

    return ngx_cc_message_error(p, room, &ps->asked.id, code, text,
                                ngx_strlen(text));
}


void
ngx_cc_native_watch_both(ngx_cc_json_t *w, const char *name,
    const uint64_t n[NGX_CC_STREAMS])
{
    ngx_cc_json_lit(w, ",");
    ngx_cc_json_cstring(w, name);
    ngx_cc_json_lit(w, ":{\"stdout\":");
    ngx_cc_json_uint(w, n[NGX_CC_STDOUT]);
    ngx_cc_json_lit(w, ",\"stderr\":");
    ngx_cc_json_uint(w, n[NGX_CC_STDERR]);
    ngx_cc_json_lit(w, "}");
}


size_t
ngx_cc_native_watch_resized(ngx_cc_native_command_t *ps, u_char *p,
    size_t room)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.resized\","
                        "\"params\":{\"cols\":");
    ngx_cc_json_uint(&w, ps->cols);
    ngx_cc_json_lit(&w, ",\"rows\":");
    ngx_cc_json_uint(&w, ps->rows);
    ngx_cc_json_lit(&w, ",\"execution_id\":\"");
    ngx_cc_message_execution(&w, ps->cmd->id, ps->cmd->named);
    ngx_cc_json_lit(&w, "\"}}");

    return w.pos - p;
}


void
ngx_cc_native_watch_observed(ngx_cc_native_command_t *ps, const char *what,
    ngx_uint_t signal)
{
    if (ps->attach && (ps->cmd->attached.flags & NGX_CC_ATTACH_OBSERVER)) {
        ngx_cc_record_observer(ps->recorder,
                               signal ? NGX_CC_RECORD_SIGNALLED
                                      : NGX_CC_RECORD_OBSERVED,
                               ps->cmd->id, ps->cmd->pid, what);
    }
}


/* as late as any question about an unknown id is answered */

void
ngx_cc_native_watch_refuse(ngx_cc_native_command_t *ps)
{
    if (ps->cmd->refused != NGX_CC_DENIED_UNKNOWN) {
        ps->failed = 1;
        return;
    }

    ps->delay.handler = ngx_cc_native_watch_late;
    ps->delay.data = ps;
    ps->delay.log = ps->log;
    ps->delay.cancelable = 1;

    ngx_add_timer(&ps->delay, ngx_cc_ask_unknown(ps->begun));
}


/* who asks for what is not his, or not there, hears it after the same time */

static void
ngx_cc_native_watch_late(ngx_event_t *ev)
{
    ngx_cc_native_command_t  *ps = ev->data;

    ps->failed = 1;
    ps->wake(ps->data);
}
