
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_list.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_message.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_MCP_JOB_LIST_SHOWN  256   /* bytes of a command line */

/* a row in both forms, label and command in each */

#define NGX_CC_MCP_JOB_LIST_ROW                                               \
    (2 * NGX_CC_JSON_MAX_ESCAPE                                               \
     * (NGX_CC_WIRE_MAX_LABEL + NGX_CC_MCP_JOB_LIST_SHOWN) + 1536              \
     + 2 * NGX_CC_NODE_PREFIX)

#define NGX_CC_MCP_JOB_LIST_AROUND  2048


static void ngx_cc_mcp_job_list_view(ngx_cc_kept_list_row_t *row,
    ngx_cc_mcp_job_view_t *view);
static size_t ngx_cc_mcp_job_list_shown(ngx_cc_kept_list_row_t *row,
    u_char **p);
static void ngx_cc_mcp_job_list_text(ngx_cc_kept_list_t *list,
    ngx_cc_json_t *w);
static void ngx_cc_mcp_job_list_structure(ngx_cc_kept_list_t *list,
    ngx_cc_json_t *w);


ngx_int_t
ngx_cc_mcp_job_list(ngx_cc_mcp_job_text_t *t, ngx_cc_kept_list_t *list,
    ngx_str_t *id, ngx_uint_t modern, ngx_log_t *log)
{
    size_t          size;
    ngx_cc_json_t  *w;

    size = id->len + NGX_CC_MCP_JOB_LIST_AROUND
           + list->n * NGX_CC_MCP_JOB_LIST_ROW;

    t->memory = ngx_alloc(size, log);

    if (t->memory == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_parts_init(&t->parts, t->memory, size);
    w = &t->parts.w;

    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_json_raw(w, id->data, id->len);
    ngx_cc_json_lit(w, ",\"result\":{");

    if (modern) {
        ngx_cc_json_lit(w, "\"resultType\":\"complete\",\"_meta\":{"
                           NGX_CC_MCP_SERVER "},");
    }

    ngx_cc_json_lit(w, "\"content\":[{\"type\":\"text\",\"text\":\"");
    ngx_cc_mcp_job_list_text(list, w);
    ngx_cc_json_lit(w, "\"}],\"structuredContent\":{\"jobs\":[");
    ngx_cc_mcp_job_list_structure(list, w);
    ngx_cc_json_lit(w, "],\"more\":");
    ngx_cc_json_bool(w, list->more);
    ngx_cc_json_lit(w, ",\"partial\":");
    ngx_cc_json_bool(w, list->partial);
    ngx_cc_json_lit(w, "},\"isError\":false}}");
    ngx_cc_mcp_parts_end(&t->parts);

    return NGX_OK;
}


/* what its helper said, else what the index knows */

static void
ngx_cc_mcp_job_list_view(ngx_cc_kept_list_row_t *row,
    ngx_cc_mcp_job_view_t *view)
{
    struct {
        ngx_cc_wire_entry_t  entry;
        u_char               label[NGX_CC_WIRE_MAX_LABEL];
    } said;

    if (row->text) {
        said.entry = row->entry;
        ngx_memcpy(said.label, row->text, row->entry.label);
        ngx_cc_mcp_job_view_entry(view, &said.entry);
        return;
    }

    ngx_cc_mcp_job_view_index(view, &row->index, NULL);

    if (!row->gone && row->index.state == NGX_CC_INDEX_RUNNING) {
        view->status = NGX_CC_MCP_JOB_RUNNING;
        view->flags = 0;
        view->ended = 0;
    }
}


static size_t
ngx_cc_mcp_job_list_shown(ngx_cc_kept_list_row_t *row, u_char **p)
{
    if (row->text == NULL) {
        *p = (u_char *) "";
        return 0;
    }

    *p = row->text + row->entry.label;

    return ngx_cc_utf8_cut(*p, ngx_min(row->entry.shown,
                                       NGX_CC_MCP_JOB_LIST_SHOWN));
}


static void
ngx_cc_mcp_job_list_text(ngx_cc_kept_list_t *list, ngx_cc_json_t *w)
{
    size_t                  n;
    u_char                 *shown, *p;
    ngx_uint_t              i, rows;
    ngx_cc_mcp_job_view_t   view;

    u_char  line[NGX_CC_MCP_JOB_VIEW_LINE + NGX_CC_MCP_JOB_LIST_SHOWN + 64];

    for (i = 0, rows = 0; i < list->n; i++) {

        if (!ngx_cc_kept_list_wanted(&list->row[i])) {
            continue;
        }

        ngx_cc_mcp_job_list_view(&list->row[i], &view);
        n = ngx_cc_mcp_job_list_shown(&list->row[i], &shown);

        p = ngx_slprintf(line, line + sizeof(line), rows++ ? "\n[" : "[");
        p = ngx_cc_mcp_job_view_line(&view, p, line + sizeof(line));
        p = ngx_slprintf(p, line + sizeof(line), "] %*s", n, shown);

        (void) ngx_cc_json_escape(&w->pos, w->end, line, p - line, 1,
                                  &(int) { 0 });
    }

    if (rows == 0) {
        ngx_cc_json_lit(w, "[no jobs]");
    }

    if (list->more) {
        ngx_cc_json_lit(w, "\\n[there are more]");
    }

    if (list->partial) {
        ngx_cc_json_lit(w, "\\n[some of them did not answer in time]");
    }
}


static void
ngx_cc_mcp_job_list_structure(ngx_cc_kept_list_t *list, ngx_cc_json_t *w)
{
    size_t                  n;
    u_char                 *shown;
    ngx_uint_t              i, rows;
    ngx_cc_mcp_job_view_t   view;

    for (i = 0, rows = 0; i < list->n; i++) {

        if (!ngx_cc_kept_list_wanted(&list->row[i])) {
            continue;
        }

        ngx_cc_mcp_job_list_view(&list->row[i], &view);
        n = ngx_cc_mcp_job_list_shown(&list->row[i], &shown);

        ngx_cc_json_raw(w, ",{", rows ? 2 : 0);
        ngx_cc_json_raw(w, "{", rows++ ? 0 : 1);
        ngx_cc_mcp_job_view_members(&view, w);
        ngx_cc_json_lit(w, ",\"command\":");
        ngx_cc_json_string(w, shown, n);
        ngx_cc_json_lit(w, ",\"bytes\":");
        ngx_cc_json_uint(w, view.bytes[NGX_CC_STDOUT]
                            + view.bytes[NGX_CC_STDERR]);
        ngx_cc_json_lit(w, ",");
        ngx_cc_mcp_job_view_times(&view, w);
        ngx_cc_json_lit(w, "}");
    }
}
