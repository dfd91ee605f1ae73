
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_mcp_progress.h"
#include "ngx_cc_message.h"
#include "ngx_cc_readable.h"
#include "ngx_cc_utf8.h"


static void ngx_cc_mcp_progress_handler(ngx_event_t *ev);
static ngx_str_t ngx_cc_mcp_progress_text(ngx_cc_mcp_newest_t *newest);


void
ngx_cc_mcp_progress_init(ngx_cc_mcp_progress_t *progress, ngx_str_t *token,
    void (*wake)(void *data), void *data, ngx_log_t *log)
{
    progress->token = *token;
    progress->start = ngx_current_msec;
    progress->last = ngx_current_msec - NGX_CC_MCP_PROGRESS_LEAST
                     + NGX_CC_MCP_PROGRESS_FIRST;
    progress->wake = wake;
    progress->data = data;

    progress->timer.handler = ngx_cc_mcp_progress_handler;
    progress->timer.data = progress;
    progress->timer.log = log;
    progress->timer.cancelable = 1;

    if (token->len) {
        ngx_add_timer(&progress->timer, NGX_CC_MCP_PROGRESS_SILENCE);
    }
}


void
ngx_cc_mcp_progress_output(ngx_cc_mcp_progress_t *progress, ngx_uint_t stream,
    const u_char *p, size_t n)
{
    size_t                keep;
    ngx_msec_int_t        wait;
    ngx_cc_mcp_newest_t  *newest;

    if (progress->token.len == 0) {
        return;
    }

    newest = &progress->newest[stream];
    progress->stream = stream;

    if (n >= NGX_CC_MCP_PROGRESS_TEXT) {
        p += n - NGX_CC_MCP_PROGRESS_TEXT;
        n = NGX_CC_MCP_PROGRESS_TEXT;
        newest->len = 0;
        newest->cut = 1;
    }

    keep = ngx_min(newest->len, NGX_CC_MCP_PROGRESS_TEXT - n);

    if (keep < newest->len) {
        ngx_memmove(newest->text, newest->text + newest->len - keep, keep);
        newest->cut = 1;
    }

    ngx_memcpy(newest->text + keep, p, n);
    newest->len = keep + n;

    if (progress->fresh) {
        return;
    }

    progress->fresh = 1;
    wait = (ngx_msec_int_t) (progress->last + NGX_CC_MCP_PROGRESS_LEAST
                             - ngx_current_msec);

    ngx_add_timer(&progress->timer, wait > 0 ? wait : 0);
}


size_t
ngx_cc_mcp_progress_pull(ngx_cc_mcp_progress_t *progress, u_char *p,
    size_t room)
{
    ngx_str_t          text;
    ngx_msec_t         elapsed;
    ngx_cc_json_t      w;
    ngx_cc_readable_t  readable;

    if (!progress->due) {
        return 0;
    }

    elapsed = ngx_max(ngx_current_msec - progress->start, progress->told + 1);
    text = ngx_cc_mcp_progress_text(&progress->newest[progress->stream]);

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"notifications/progress\",\"params\":"
                        "{\"progressToken\":");
    ngx_cc_json_raw(&w, progress->token.data, progress->token.len);
    ngx_cc_json_lit(&w, ",\"progress\":");
    ngx_cc_json_seconds(&w, (uint64_t) elapsed * 1000);
    ngx_cc_json_lit(&w, ",\"message\":");

    if (text.len) {
        ngx_memzero(&readable, sizeof(ngx_cc_readable_t));

        ngx_cc_json_lit(&w, "\"");
        (void) ngx_cc_readable_escape(&readable, &w.pos, w.end, text.data,
                                      text.len, &(int) { 0 });
        ngx_cc_json_lit(&w, "\"");

    } else {
        ngx_cc_json_lit(&w, "\"running, no output yet\"");
    }

    ngx_cc_json_lit(&w, "}}");

    progress->told = elapsed;
    progress->last = ngx_current_msec;
    progress->due = 0;
    progress->fresh = 0;

    ngx_add_timer(&progress->timer, NGX_CC_MCP_PROGRESS_SILENCE);

    return w.pos - p;
}


void
ngx_cc_mcp_progress_stop(ngx_cc_mcp_progress_t *progress)
{
    progress->due = 0;
    progress->token.len = 0;

    if (progress->timer.timer_set) {
        ngx_del_timer(&progress->timer);
    }
}


static void
ngx_cc_mcp_progress_handler(ngx_event_t *ev)
{
    ngx_cc_mcp_progress_t  *progress = ev->data;

    progress->due = 1;
    progress->wake(progress->data);
}


/* the whole lines of what is kept, or all of it when there is none */

static ngx_str_t
ngx_cc_mcp_progress_text(ngx_cc_mcp_newest_t *newest)
{
    u_char     *p, *last, *nl;
    ngx_str_t   text;

    p = newest->text;
    last = p + newest->len;

    while (last > p && last[-1] != '\n') {
        last--;
    }

    if (last == p) {
        last = p + ngx_cc_utf8_cut(p, newest->len);
    }

    while (last > p && (last[-1] == '\n' || last[-1] == '\r')) {
        last--;
    }

    if (newest->cut) {
        nl = ngx_strlchr(p, last, '\n');

        if (nl) {
            p = nl + 1;
        }

        while (p < last && (*p & 0xc0) == 0x80) {
            p++;
        }
    }

    text.data = p;
    text.len = last - p;

    return text;
}
