
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_text.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_names.h"
#include "ngx_cc_shown.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_MCP_JOB_TEXT_MARK  64     /* bytes of a mark between pieces */


/* the forms of output */

enum {
    NGX_CC_MCP_JOB_FORM_TEXT = 0,    /* for the text, with marks */
    NGX_CC_MCP_JOB_FORM_OUTPUT,
    NGX_CC_MCP_JOB_FORM_STDOUT,
    NGX_CC_MCP_JOB_FORM_STDERR
};


static void ngx_cc_mcp_job_text_cut(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told);
static ngx_int_t ngx_cc_mcp_job_text_forms(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *forms, ngx_log_t *log);
static void ngx_cc_mcp_job_text_form(ngx_cc_mcp_job_told_t *told,
    ngx_uint_t form, ngx_str_t *out);
static size_t ngx_cc_mcp_job_text_mark(ngx_cc_gather_piece_t *piece,
    ngx_uint_t changed, u_char *text, size_t pos);
static void ngx_cc_mcp_job_text_content(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *form);
static u_char *ngx_cc_mcp_job_text_end(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *form, u_char *p, u_char *last);
static u_char *ngx_cc_mcp_job_text_wait(ngx_cc_mcp_job_told_t *told,
    u_char *p, u_char *last);
static void ngx_cc_mcp_job_text_escape(ngx_cc_mcp_job_text_t *t, u_char *p,
    u_char *last);
static void ngx_cc_mcp_job_text_structure(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *forms);
static void ngx_cc_mcp_job_text_execute(ngx_cc_mcp_job_told_t *told,
    ngx_cc_json_t *w);
static void ngx_cc_mcp_job_text_cursor(ngx_cc_json_t *w,
    const uint64_t at[NGX_CC_STREAMS]);
static size_t ngx_cc_mcp_job_text_bytes(ngx_cc_mcp_job_told_t *told);


static const char  *ngx_cc_mcp_job_text_waited[] = {
    "none", "event", "timeout", "reloading"
};


void
ngx_cc_mcp_job_text_read(ngx_cc_mcp_job_told_t *told,
    const ngx_cc_ask_answer_t *answer, ngx_uint_t streams)
{
    ngx_uint_t  i;

    told->output = answer->output;
    ngx_cc_mcp_job_view_entry(&told->view, answer->entry);
    ngx_memcpy(told->from, answer->attached.from, sizeof(told->from));

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        told->more |= ((streams & (1u << i))
                       && told->output->next[i] < told->view.bytes[i]);
    }
}


ngx_int_t
ngx_cc_mcp_job_text_init(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_log_t *log)
{
    ngx_cc_json_t  *w;

    if (ngx_cc_mcp_job_text_prepare(t, told, log) != NGX_OK) {
        return NGX_ERROR;
    }

    w = &t->parts.w;

    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_mcp_parts_add(&t->parts, told->id->data, told->id->len,
                         NGX_CC_MCP_PART_JSON);
    ngx_cc_json_lit(w, ",\"result\":{");

    if (told->modern) {
        ngx_cc_json_lit(w, "\"resultType\":\"complete\",");
    }

    ngx_cc_mcp_job_text_members(t, told);

    if (told->modern) {
        ngx_cc_json_lit(w, ",\"_meta\":{" NGX_CC_MCP_SERVER "}");
    }

    ngx_cc_json_lit(w, "}}");
    ngx_cc_mcp_parts_end(&t->parts);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_job_text_prepare(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_log_t *log)
{
    t->memory = NULL;
    ngx_cc_mcp_parts_init(&t->parts, t->text, NGX_CC_MCP_JOB_TEXT_SIZE);
    ngx_memzero(t->form, sizeof(t->form));
    ngx_memcpy(t->next, told->from, sizeof(t->next));

    if (told->output == NULL) {
        return NGX_OK;
    }

    ngx_cc_mcp_job_text_cut(t, told);

    return ngx_cc_mcp_job_text_forms(t, told, t->form, log);
}


void
ngx_cc_mcp_job_text_members(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told)
{
    ngx_cc_json_t  *w = &t->parts.w;

    ngx_cc_json_lit(w, "\"content\":[{\"type\":\"text\",\"text\":\"");
    ngx_cc_mcp_job_text_content(t, told, &t->form[NGX_CC_MCP_JOB_FORM_TEXT]);
    ngx_cc_json_lit(w, "\"}],\"structuredContent\":");
    ngx_cc_mcp_job_text_structure(t, told, t->form);
    ngx_cc_json_lit(w, ",\"isError\":");
    ngx_cc_json_bool(w, told->error
                        || told->view.status == NGX_CC_MCP_JOB_LOST);
}


ngx_cc_mcp_job_text_t *
ngx_cc_mcp_job_text_begin(void)
{
    static ngx_cc_mcp_job_text_t  text;

    text.memory = NULL;

    return &text;
}


void
ngx_cc_mcp_job_text_free(ngx_cc_mcp_job_text_t *t)
{
    if (t->memory) {
        ngx_free(t->memory);
        t->memory = NULL;
    }
}


void
ngx_cc_mcp_job_text_refuse(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    ngx_uint_t modern, const char *why)
{
    ngx_cc_json_t  *w;

    t->memory = NULL;
    ngx_cc_mcp_parts_init(&t->parts, t->text, NGX_CC_MCP_JOB_TEXT_SIZE);
    w = &t->parts.w;

    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_mcp_parts_add(&t->parts, id->data, id->len, NGX_CC_MCP_PART_JSON);
    ngx_cc_json_lit(w, ",\"result\":{");

    if (modern) {
        ngx_cc_json_lit(w, "\"resultType\":\"complete\",\"_meta\":{"
                           NGX_CC_MCP_SERVER "},");
    }

    ngx_cc_json_lit(w, "\"content\":[{\"type\":\"text\",\"text\":");
    ngx_cc_json_cstring(w, why);
    ngx_cc_json_lit(w, "}],\"isError\":true}}");
    ngx_cc_mcp_parts_end(&t->parts);
}


ngx_int_t
ngx_cc_mcp_job_text_refused(ngx_cc_mcp_reply_t *rp, ngx_cc_spec_t *spec)
{
    size_t                  n;
    u_char                 *p;
    ngx_uint_t              more;
    ngx_cc_mcp_job_text_t  *t;

    n = NGX_CC_MCP_JOB_TEXT_SIZE + rp->id.len;
    p = ngx_palloc(rp->pool, n + 1);
    t = ngx_palloc(rp->pool, sizeof(ngx_cc_mcp_job_text_t));

    if (p == NULL || t == NULL) {
        return NGX_ERROR;
    }

    *ngx_cpymem(p, spec->text, spec->len) = '\0';
    ngx_cc_mcp_job_text_refuse(t, &rp->id, rp->modern, (char *) p);
    n = ngx_cc_mcp_parts_pull(&t->parts, p, n, &more);

    return ngx_cc_answers_put(rp->answers, p, n);
}


/* half of a character comes with the other half, if there will be one */

static void
ngx_cc_mcp_job_text_cut(ngx_cc_mcp_job_text_t *t, ngx_cc_mcp_job_told_t *told)
{
    size_t                  n, pos;
    ngx_uint_t              i;
    ngx_cc_gather_t        *g;
    ngx_cc_gather_piece_t  *piece, *last[NGX_CC_STREAMS];
    size_t                  at[NGX_CC_STREAMS];

    g = told->output;
    ngx_memcpy(t->next, g->next, sizeof(t->next));

    if (told->base64 || (ngx_cc_mcp_job_view_over(&told->view)
                         && !told->more))
    {
        return;
    }

    ngx_memzero(last, sizeof(last));

    for (i = 0, pos = 0; i < g->n; i++) {
        piece = &g->piece[i];
        last[piece->stream] = piece;
        at[piece->stream] = pos;
        pos += piece->len;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {

        if (last[i] && last[i]->len) {
            n = ngx_cc_utf8_cut(g->data + at[i], last[i]->len);

            if (n == 0 && g->len == last[i]->len) {
                /* then there would be nothing */
                continue;
            }

            t->next[i] -= last[i]->len - n;
            last[i]->to = last[i]->from + n;
        }
    }
}


static ngx_int_t
ngx_cc_mcp_job_text_forms(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *forms, ngx_log_t *log)
{
    u_char           *p;
    size_t            size;
    ngx_str_t         base64;
    ngx_uint_t        i;
    ngx_cc_gather_t  *g;

    g = told->output;

    /* twice the bytes: one may become two; base64 stands behind them */

    size = 2 * g->len + (g->n + 1) * NGX_CC_MCP_JOB_TEXT_MARK
           + (told->base64 ? ngx_base64_encoded_length(g->len) + 1 : 0);

    t->memory = ngx_alloc(NGX_CC_MCP_JOB_TEXT_FORMS * size, log);

    if (t->memory == NULL) {
        return NGX_ERROR;
    }

    p = t->memory;

    for (i = 0; i < NGX_CC_MCP_JOB_TEXT_FORMS; i++, p += size) {

        forms[i].data = p;
        ngx_cc_mcp_job_text_form(told, i, &forms[i]);

        if (told->base64) {
            base64.data = p + forms[i].len;
            ngx_encode_base64(&base64, &forms[i]);
            forms[i] = base64;
        }
    }

    return NGX_OK;
}


static void
ngx_cc_mcp_job_text_form(ngx_cc_mcp_job_told_t *told, ngx_uint_t form,
    ngx_str_t *out)
{
    size_t                  pos, at;
    u_char                 *data;
    ngx_uint_t              i, raw, stream;
    ngx_cc_shown_t          shown[NGX_CC_STREAMS];
    ngx_cc_gather_t        *g;
    ngx_cc_gather_piece_t  *piece;

    g = told->output;
    raw = told->base64 || (told->raw && form != NGX_CC_MCP_JOB_FORM_TEXT);
    stream = NGX_CC_STDOUT;
    ngx_memzero(shown, sizeof(shown));

    for (i = 0, at = 0, pos = 0; i < g->n; i++) {

        piece = &g->piece[i];
        data = g->data + at;
        at += piece->len;

        if ((form == NGX_CC_MCP_JOB_FORM_STDOUT
             && piece->stream != NGX_CC_STDOUT)
            || (form == NGX_CC_MCP_JOB_FORM_STDERR
                && piece->stream != NGX_CC_STDERR))
        {
            continue;
        }

        if (form == NGX_CC_MCP_JOB_FORM_TEXT && !raw) {
            pos = ngx_cc_mcp_job_text_mark(piece, piece->stream != stream,
                                           out->data, pos);
        }

        stream = piece->stream;

        if (piece->len == 0) {
            continue;
        }

        if (raw) {
            ngx_memcpy(out->data + pos, data, piece->to - piece->from);
            pos += piece->to - piece->from;
            continue;
        }

        ngx_cc_shown_from(&shown[stream], pos);
        pos = ngx_cc_shown_add(&shown[stream], out->data, pos, data,
                               piece->to - piece->from);
    }

    if (form == NGX_CC_MCP_JOB_FORM_TEXT && !raw && pos
        && out->data[pos - 1] != '\n')
    {
        out->data[pos++] = '\n';
    }

    out->len = pos;
}


/* on a line of its own: another stream begins, or something is missing */

static size_t
ngx_cc_mcp_job_text_mark(ngx_cc_gather_piece_t *piece, ngx_uint_t changed,
    u_char *text, size_t pos)
{
    u_char  *p;

    if (!changed && piece->len) {
        return pos;
    }

    p = text + pos;

    if (pos && p[-1] != '\n') {
        *p++ = '\n';
    }

    if (changed) {
        p = ngx_cpymem(p, piece->stream == NGX_CC_STDOUT ? "[stdout]\n"
                                                         : "[stderr]\n", 9);
    }

    if (piece->len == 0) {
        p = ngx_slprintf(p, text + pos + NGX_CC_MCP_JOB_TEXT_MARK,
                         "[... %uL bytes dropped ...]\n",
                        piece->to - piece->from);
    }

    return p - text;
}


static void
ngx_cc_mcp_job_text_content(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *form)
{
    u_char  state[NGX_CC_MCP_JOB_VIEW_LINE + 8], end[768], *p, *last;

    static const char  lossy[] = "[some of it is not UTF-8: U+FFFD stands for "
                                 "that; encoding base64 has it exactly]\\n";

    last = ngx_cc_mcp_job_text_end(t, told, form, end, end + sizeof(end));

    p = ngx_slprintf(state, state + sizeof(state), "[");
    p = ngx_cc_mcp_job_view_line(&told->view, p, state + sizeof(state));
    p = ngx_slprintf(p, state + sizeof(state), last == end ? "]" : "]\n");
    ngx_cc_mcp_job_text_escape(t, state, p);

    ngx_cc_mcp_parts_add(&t->parts, form->data, form->len,
                         NGX_CC_MCP_PART_EXACT);
    ngx_cc_mcp_parts_add(&t->parts, lossy, sizeof(lossy) - 1,
                         NGX_CC_MCP_PART_LOSSY);
    ngx_cc_mcp_job_text_escape(t, end, last);
}


/* what stands behind the output: no newline at its end */

static u_char *
ngx_cc_mcp_job_text_end(ngx_cc_mcp_job_text_t *t, ngx_cc_mcp_job_told_t *told,
    ngx_str_t *form, u_char *p, u_char *last)
{
    u_char  *begin = p;

    if (told->base64 && form->len) {
        p = ngx_slprintf(p, last, "\n[that is base64]\n");
    }

    p = ngx_cc_mcp_job_text_wait(told, p, last);

    if (told->hint) {
        p = ngx_slprintf(p, last, "[%s]\n", told->hint);
    }

    if (told->output) {
        return ngx_slprintf(p, last, "[%uz new bytes, %uL dropped before%s; "
                            "next_cursor c%xL-%xL]",
                            ngx_cc_mcp_job_text_bytes(told),
                            told->output->dropped,
                            told->more ? ", more is there" : "",
                            t->next[NGX_CC_STDOUT], t->next[NGX_CC_STDERR]);
    }

    return p == begin ? p : p - 1;
}


/* what came of the wait: that it is over says nothing of the job */

static u_char *
ngx_cc_mcp_job_text_wait(ngx_cc_mcp_job_told_t *told, u_char *p, u_char *last)
{
    switch (told->waited) {

    case NGX_CC_MCP_WAITED_TIMEOUT:
        p = ngx_slprintf(p, last, "[the wait is over%s]\n",
                         ngx_cc_mcp_job_view_over(&told->view)
                         ? "" : ", the job goes on");
        break;

    case NGX_CC_MCP_WAITED_RELOADING:
        p = ngx_slprintf(p, last, "[the wait was cut short: the server is "
                                  "reloading; the job goes on, ask again]\n");
        break;

    default:
        break;
    }

    if (told->matched) {
        return ngx_slprintf(p, last, "[the pattern was found]\n");
    }

    if (told->pattern && told->waited != NGX_CC_MCP_WAITED_RELOADING) {
        return ngx_slprintf(p, last, "[the pattern was not found]\n");
    }

    return p;
}


static void
ngx_cc_mcp_job_text_escape(ngx_cc_mcp_job_text_t *t, u_char *p, u_char *last)
{
    ngx_cc_json_t  *w = &t->parts.w;

    (void) ngx_cc_json_escape(&w->pos, w->end, p, last - p, 1, &(int) { 0 });
}


static size_t
ngx_cc_mcp_job_text_bytes(ngx_cc_mcp_job_told_t *told)
{
    size_t                  n;
    ngx_uint_t              i;
    ngx_cc_gather_piece_t  *piece;

    for (i = 0, n = 0; told->output && i < told->output->n; i++) {
        piece = &told->output->piece[i];
        n += piece->len ? piece->to - piece->from : 0;
    }

    return n;
}


static void
ngx_cc_mcp_job_text_structure(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_str_t *forms)
{
    ngx_uint_t      i;
    ngx_cc_json_t  *w;

    static const char  *names[] = {
        NULL, ",\"output\":\"", "\",\"stdout\":\"", "\",\"stderr\":\""
    };

    static const char  lossy[] = ",\"lossy\":true";

    w = &t->parts.w;

    ngx_cc_json_lit(w, "{");
    ngx_cc_mcp_job_view_members(&told->view, w);

    for (i = NGX_CC_MCP_JOB_FORM_OUTPUT; i < NGX_CC_MCP_JOB_TEXT_FORMS; i++) {
        ngx_cc_json_raw(w, names[i], ngx_strlen(names[i]));
        ngx_cc_mcp_parts_add(&t->parts, forms[i].data, forms[i].len,
                             NGX_CC_MCP_PART_EXACT);
    }

    ngx_cc_json_lit(w, "\",\"cursor\":");
    ngx_cc_mcp_job_text_cursor(w, told->from);
    ngx_cc_json_lit(w, ",\"next_cursor\":");
    ngx_cc_mcp_job_text_cursor(w, t->next);
    ngx_cc_json_lit(w, ",\"new_bytes\":");
    ngx_cc_json_uint(w, ngx_cc_mcp_job_text_bytes(told));
    ngx_cc_json_lit(w, ",\"dropped_bytes\":");
    ngx_cc_json_uint(w, told->output ? told->output->dropped : 0);
    ngx_cc_json_lit(w, ",\"more\":");
    ngx_cc_json_bool(w, told->more);
    ngx_cc_mcp_parts_add(&t->parts, lossy, sizeof(lossy) - 1,
                         NGX_CC_MCP_PART_LOSSY);
    ngx_cc_json_lit(w, ",\"wait\":");
    ngx_cc_json_cstring(w, ngx_cc_mcp_job_text_waited[told->waited]);
    ngx_cc_json_lit(w, ",\"matched\":");
    ngx_cc_json_bool(w, told->matched);
    ngx_cc_json_lit(w, ",");
    ngx_cc_mcp_job_view_times(&told->view, w);
    ngx_cc_json_lit(w, ",\"hint\":");
    ngx_cc_json_cstring(w, told->hint ? told->hint : "");

    if (told->execute) {
        ngx_cc_mcp_job_text_execute(told, w);
    }

    ngx_cc_json_lit(w, "}");
}


/* what results of execute have besides */

static void
ngx_cc_mcp_job_text_execute(ngx_cc_mcp_job_told_t *told, ngx_cc_json_t *w)
{
    uint64_t                dropped;
    ngx_cc_mcp_job_view_t  *view = &told->view;

    dropped = told->output ? told->output->dropped : 0;

    ngx_cc_json_lit(w, ",\"timed_out\":");
    ngx_cc_json_bool(w, ngx_cc_mcp_job_view_over(view)
                        && ngx_cc_names_timed_out(view->cause));
    ngx_cc_json_lit(w, ",\"stdout_bytes\":");
    ngx_cc_json_uint(w, view->bytes[NGX_CC_STDOUT]);
    ngx_cc_json_lit(w, ",\"stderr_bytes\":");
    ngx_cc_json_uint(w, view->bytes[NGX_CC_STDERR]);
    ngx_cc_json_lit(w, ",\"truncated\":");
    ngx_cc_json_bool(w, told->more || dropped);
    ngx_cc_json_lit(w, ",\"duration_ms\":");
    ngx_cc_json_uint(w, ngx_cc_mcp_job_view_ran(view));
    ngx_cc_json_lit(w, ",\"pid\":");
    ngx_cc_json_int(w, view->pid);
    ngx_cc_json_lit(w, ",\"pgid\":");
    ngx_cc_json_int(w, view->pid);
}


static void
ngx_cc_mcp_job_text_cursor(ngx_cc_json_t *w, const uint64_t at[NGX_CC_STREAMS])
{
    u_char  text[40], *p;

    p = ngx_slprintf(text, text + sizeof(text), "c%xL-%xL", at[NGX_CC_STDOUT],
                     at[NGX_CC_STDERR]);
    ngx_cc_json_string(w, text, p - text);
}
