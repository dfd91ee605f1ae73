
#include <ngx_config.h>
#include <ngx_core.h>
#include <time.h>
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_mcp_task_text.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_shown.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_MCP_TASK_TEXT_YOUNG  60000    /* ms: asked for every second */
#define NGX_CC_MCP_TASK_TEXT_OLD    600000   /* ms: every 15 s from then on */


typedef enum {
    NGX_CC_MCP_TASK_WORKING = 0,
    NGX_CC_MCP_TASK_COMPLETED,
    NGX_CC_MCP_TASK_CANCELLED
} ngx_cc_mcp_task_status_e;


static void ngx_cc_mcp_task_text_begin(ngx_cc_mcp_job_text_t *t,
    ngx_str_t *id);
static ngx_cc_mcp_task_status_e ngx_cc_mcp_task_text_status(
    const ngx_cc_mcp_job_view_t *view);
static void ngx_cc_mcp_task_text_task(ngx_cc_json_t *w,
    const ngx_cc_mcp_job_view_t *view, const ngx_cc_mcp_task_line_t *line,
    ngx_msec_t ttl);
static void ngx_cc_mcp_task_text_message(ngx_cc_json_t *w,
    const ngx_cc_mcp_job_view_t *view, const ngx_cc_mcp_task_line_t *line);
static uint64_t ngx_cc_mcp_task_text_updated(
    const ngx_cc_mcp_job_view_t *view);
static void ngx_cc_mcp_task_text_time(ngx_cc_json_t *w, const char *name,
    uint64_t usec);
static uint64_t ngx_cc_mcp_task_text_now(void);


static const char  *ngx_cc_mcp_task_text_names[] = {
    "working", "completed", "cancelled"
};


void
ngx_cc_mcp_task_line(ngx_cc_mcp_task_line_t *line, const u_char *p, size_t n)
{
    u_char          *last;
    ngx_cc_shown_t   shown;

    if (n > NGX_CC_MCP_TASK_LAST) {
        p += n - NGX_CC_MCP_TASK_LAST;
        n = NGX_CC_MCP_TASK_LAST;
    }

    while (n && (*p & 0xc0) == 0x80) {
        p++;
        n--;
    }

    n = ngx_cc_utf8_cut(p, n);

    ngx_memzero(&shown, sizeof(shown));
    line->len = ngx_cc_shown_add(&shown, line->text, 0, p, n);

    while (line->len && line->text[line->len - 1] <= ' ') {
        line->len--;
    }

    last = line->text + line->len;

    for (p = last; p > line->text && p[-1] != '\n'; p--) { /* void */ }

    line->len = ngx_min((size_t) (last - p), NGX_CC_MCP_TASK_LINE);
    ngx_memmove(line->text, p, line->len);
    line->len = ngx_cc_utf8_cut(line->text, line->len);
}


void
ngx_cc_mcp_task_line_read(ngx_cc_mcp_task_line_t *line,
    const ngx_cc_gather_t *output)
{
    size_t       n;
    u_char       text[NGX_CC_MCP_TASK_LAST];
    ngx_uint_t   i, at, from;
    ngx_uint_t   stream;

    line->len = 0;

    if (output->n == 0) {
        return;
    }

    stream = output->piece[output->n - 1].stream;

    /* its pieces stand among those of the other one */

    for (i = 0, at = 0, n = 0; i < output->n; i++) {

        if (output->piece[i].stream == stream) {
            from = output->piece[i].len > sizeof(text)
                   ? output->piece[i].len - sizeof(text) : 0;
            from = output->piece[i].len - from;

            if (n + from > sizeof(text)) {
                ngx_memmove(text, text + n + from - sizeof(text),
                            sizeof(text) - from);
                n = sizeof(text) - from;
            }

            ngx_memcpy(text + n, output->data + at + output->piece[i].len
                                 - from, from);
            n += from;
        }

        at += output->piece[i].len;
    }

    ngx_cc_mcp_task_line(line, text, n);
}


void
ngx_cc_mcp_task_text_created(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    const ngx_cc_mcp_job_view_t *view, const ngx_cc_mcp_task_line_t *line)
{
    ngx_cc_json_t  *w;

    ngx_cc_mcp_task_text_begin(t, id);
    w = &t->parts.w;

    ngx_cc_json_lit(w, ",\"result\":{\"resultType\":\"task\",");
    ngx_cc_mcp_task_text_task(w, view, line, 0);
    ngx_cc_json_lit(w, ",\"_meta\":{" NGX_CC_MCP_SERVER "}}}");
    ngx_cc_mcp_parts_end(&t->parts);
}


ngx_int_t
ngx_cc_mcp_task_text_got(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, const ngx_cc_mcp_task_line_t *line,
    ngx_str_t *subscription, ngx_msec_t ttl, ngx_log_t *log)
{
    ngx_cc_json_t             *w;
    ngx_cc_mcp_task_status_e   status;

    status = ngx_cc_mcp_task_text_status(&told->view);

    told->execute = 1;
    told->error |= (told->view.status != NGX_CC_MCP_JOB_EXITED
                    || ngx_cc_names_exit_code(told->view.exit) != 0);

    if (ngx_cc_mcp_job_text_prepare(t, told, log) != NGX_OK) {
        return NGX_ERROR;
    }

    w = &t->parts.w;

    if (told->id) {
        ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"id\":");
        ngx_cc_mcp_parts_add(&t->parts, told->id->data, told->id->len,
                             NGX_CC_MCP_PART_JSON);
        ngx_cc_json_lit(w, ",\"result\":{\"resultType\":\"complete\",");

    } else {
        ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"method\":"
                           "\"notifications/tasks\",\"params\":{");
    }

    ngx_cc_mcp_task_text_task(w, &told->view, line, ttl);

    if (status == NGX_CC_MCP_TASK_COMPLETED) {
        ngx_cc_json_lit(w, ",\"result\":{\"resultType\":\"complete\",");
        ngx_cc_mcp_job_text_members(t, told);
        ngx_cc_json_lit(w, "}");
    }

    if (told->id) {
        ngx_cc_json_lit(w, ",\"_meta\":{" NGX_CC_MCP_SERVER "}}}");

    } else {
        ngx_cc_json_lit(w, ",\"_meta\":{"
                           "\"io.modelcontextprotocol/subscriptionId\":");
        ngx_cc_mcp_parts_add(&t->parts, subscription->data, subscription->len,
                             NGX_CC_MCP_PART_JSON);
        ngx_cc_json_lit(w, "}}}");
    }

    ngx_cc_mcp_parts_end(&t->parts);

    return NGX_OK;
}


void
ngx_cc_mcp_task_text_done(ngx_cc_mcp_job_text_t *t, ngx_str_t *id)
{
    ngx_cc_mcp_task_text_begin(t, id);
    ngx_cc_json_lit(&t->parts.w, ",\"result\":{\"resultType\":\"complete\","
                                 "\"_meta\":{" NGX_CC_MCP_SERVER "}}}");
    ngx_cc_mcp_parts_end(&t->parts);
}


void
ngx_cc_mcp_task_text_refuse(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    ngx_int_t code, const char *why)
{
    ngx_cc_json_t  *w;

    ngx_cc_mcp_task_text_begin(t, id);
    w = &t->parts.w;

    ngx_cc_json_lit(w, ",\"error\":{\"code\":");
    ngx_cc_json_int(w, code);
    ngx_cc_json_lit(w, ",\"message\":");
    ngx_cc_json_cstring(w, why);
    ngx_cc_json_lit(w, "}}");
    ngx_cc_mcp_parts_end(&t->parts);
}


static void
ngx_cc_mcp_task_text_begin(ngx_cc_mcp_job_text_t *t, ngx_str_t *id)
{
    t->memory = NULL;
    ngx_cc_mcp_parts_init(&t->parts, t->text, NGX_CC_MCP_JOB_TEXT_SIZE);

    ngx_cc_json_lit(&t->parts.w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_mcp_parts_add(&t->parts, id->data, id->len, NGX_CC_MCP_PART_JSON);
}


/* a result that is an error, or lost, is a result; nothing is ever "failed" */

static ngx_cc_mcp_task_status_e
ngx_cc_mcp_task_text_status(const ngx_cc_mcp_job_view_t *view)
{
    if (!ngx_cc_mcp_job_view_over(view)) {
        return NGX_CC_MCP_TASK_WORKING;
    }

    return view->status == NGX_CC_MCP_JOB_CANCELED ? NGX_CC_MCP_TASK_CANCELLED
                                                   : NGX_CC_MCP_TASK_COMPLETED;
}


/* the members of a task; "ttl": of what is over, ms from its end on */

static void
ngx_cc_mcp_task_text_task(ngx_cc_json_t *w, const ngx_cc_mcp_job_view_t *view,
    const ngx_cc_mcp_task_line_t *line, ngx_msec_t ttl)
{
    uint64_t  age;

    age = ngx_cc_mcp_job_view_ran(view);

    ngx_cc_json_lit(w, "\"taskId\":\"");
    ngx_cc_message_execution(w, view->id, 1);
    ngx_cc_json_lit(w, "\",\"status\":");
    ngx_cc_json_cstring(w, ngx_cc_mcp_task_text_names[
                                         ngx_cc_mcp_task_text_status(view)]);
    ngx_cc_mcp_task_text_message(w, view, line);
    ngx_cc_mcp_task_text_time(w, ",\"createdAt\":\"", view->start);
    ngx_cc_mcp_task_text_time(w, ",\"lastUpdatedAt\":\"",
                              ngx_cc_mcp_task_text_updated(view));
    ngx_cc_json_lit(w, ",\"ttlMs\":");

    if (ngx_cc_mcp_job_view_over(view)) {
        ngx_cc_json_uint(w, age + ttl);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"pollIntervalMs\":");
    ngx_cc_json_uint(w, ngx_cc_mcp_job_view_over(view)
                        || age < NGX_CC_MCP_TASK_TEXT_YOUNG ? 1000
                        : age < NGX_CC_MCP_TASK_TEXT_OLD ? 5000 : 15000);
}


static void
ngx_cc_mcp_task_text_message(ngx_cc_json_t *w,
    const ngx_cc_mcp_job_view_t *view, const ngx_cc_mcp_task_line_t *line)
{
    ngx_cc_json_lit(w, ",\"statusMessage\":");

    if (line && line->len) {
        ngx_cc_json_string(w, line->text, line->len);
        return;
    }

    ngx_cc_json_cstring(w, ngx_cc_mcp_job_view_over(view)
                           ? ngx_cc_mcp_job_view_status(view)
                           : "running, no output yet");
}


/* when it last wrote, or ended: us since 1970 */

static uint64_t
ngx_cc_mcp_task_text_updated(const ngx_cc_mcp_job_view_t *view)
{
    uint64_t  last;

    if (view->ended) {
        return view->ended;
    }

    last = ngx_cc_mcp_task_text_now() - view->idle * 1000;

    return ngx_max(last, view->start);
}


static uint64_t
ngx_cc_mcp_task_text_now(void)
{
    ngx_time_t  *tp = ngx_timeofday();

    return ((uint64_t) tp->sec * 1000 + tp->msec) * 1000;
}


/* RFC 3339, UTC */

static void
ngx_cc_mcp_task_text_time(ngx_cc_json_t *w, const char *name, uint64_t usec)
{
    u_char      text[64], *p;
    time_t      sec;
    struct tm   tm;

    sec = usec / 1000000;
    (void) gmtime_r(&sec, &tm);

    p = ngx_slprintf(text, text + sizeof(text),
                     "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
                     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec, (int) (usec / 1000 % 1000));

    ngx_cc_json_raw(w, name, ngx_strlen(name));
    ngx_cc_json_raw(w, text, p - text);
}
