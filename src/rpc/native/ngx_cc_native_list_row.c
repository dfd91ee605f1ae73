
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_list_row.h"
#include "ngx_cc_utf8.h"


static void ngx_cc_native_list_row_owner(ngx_cc_kept_list_row_t *row,
    ngx_cc_json_t *w);


void
ngx_cc_native_list_row(ngx_cc_kept_list_row_t *row, ngx_cc_json_t *w)
{
    char                        id[NGX_CC_HANDLE_TEXT];
    u_char                     *p;
    ngx_str_t                   label, shown;
    uint64_t                    bytes;
    ngx_int_t                   over, lost;
    const char                 *state;
    const ngx_cc_index_told_t  *x = &row->index;
    ngx_cc_wire_entry_t        *e = &row->entry;

    lost = 0;
    ngx_cc_kept_list_texts(row, &label, &shown);

    if (row->text) {
        over = (e->head.flags & NGX_CC_ATTACHED_OVER) != 0;
        (void) ngx_cc_handle_format(&e->handle, id);

    } else {
        over = (x->state == NGX_CC_INDEX_ENDED) || row->gone;
        lost = over && (x->state != NGX_CC_INDEX_ENDED
                        || x->cause == NGX_CC_CAUSE_LOST);
        e->status = x->status;
        e->cause = lost ? NGX_CC_CAUSE_LOST : x->cause;
        e->start = x->start;
        e->ended = x->ended;
        e->bytes[NGX_CC_STDOUT] = x->bytes[NGX_CC_STDOUT];
        e->bytes[NGX_CC_STDERR] = x->bytes[NGX_CC_STDERR];
    }

    bytes = e->bytes[NGX_CC_STDOUT] + e->bytes[NGX_CC_STDERR];

    state = lost ? "lost" : over ? "exited"
            : (row->text && (e->head.flags & NGX_CC_ATTACHED_PAUSED))
              ? "paused" : "running";

    /* where only the index is left, nobody knows the rest of the id */

    if (row->text) {
        ngx_cc_json_lit(w, "{\"execution_id\":\"");
        ngx_cc_message_execution(w, (u_char *) id, 1);
        ngx_cc_json_lit(w, "\"");

    } else {
        ngx_cc_json_lit(w, "{\"execution_id\":null");
    }

    ngx_cc_json_lit(w, ",\"name\":\"");
    p = ngx_hex_dump((u_char *) id, (u_char *) x->name, NGX_CC_INDEX_NAME);
    ngx_cc_json_raw(w, id, p - (u_char *) id);
    ngx_cc_json_lit(w, "\",\"label\":");
    ngx_cc_json_string(w, label.data, label.len);
    ngx_cc_json_lit(w, ",\"command\":");
    ngx_cc_json_string(w, shown.data,
                       ngx_cc_utf8_cut(shown.data,
                                       ngx_min(shown.len,
                                               NGX_CC_NATIVE_LIST_SHOWN)));
    ngx_cc_json_lit(w, ",\"kept\":");
    ngx_cc_json_bool(w, !x->call);
    ngx_cc_json_lit(w, ",\"state\":");
    ngx_cc_json_cstring(w, state);

    if (row->text && (e->head.flags & NGX_CC_ATTACHED_ENDING)) {
        ngx_cc_json_lit(w, ",\"ending\":true");
    }

    ngx_cc_json_lit(w, ",\"pid\":");
    ngx_cc_json_int(w, x->pid);
    ngx_cc_json_lit(w, ",\"started\":");
    ngx_cc_json_seconds(w, e->start);
    ngx_cc_json_lit(w, ",\"ended\":");

    if (over && e->ended) {
        ngx_cc_json_seconds(w, e->ended);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"exit_code\":");

    if (over && !lost) {
        ngx_cc_json_int(w, ngx_cc_names_exit_code(e->status));

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"cause\":");

    if (over || lost) {
        ngx_cc_json_cstring(w, ngx_cc_names_cause(e->cause));

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"bytes\":");
    ngx_cc_json_uint(w, bytes);
    ngx_cc_json_lit(w, ",\"cpu_time\":");
    ngx_cc_json_seconds(w, e->user + e->system);
    ngx_cc_json_lit(w, ",\"memory\":");
    ngx_cc_json_uint(w, e->max_rss * 1024);

    if (e->memory_peak) {
        ngx_cc_json_lit(w, ",\"memory_peak\":");
        ngx_cc_json_uint(w, e->memory_peak);
    }

    if (e->pids_peak) {
        ngx_cc_json_lit(w, ",\"pids_peak\":");
        ngx_cc_json_uint(w, e->pids_peak);
    }

    ngx_cc_json_lit(w, ",\"watchers\":");
    ngx_cc_json_uint(w, e->watchers);
    ngx_cc_json_lit(w, ",\"expires_in\":");

    if (over && !x->call) {
        ngx_cc_json_seconds(w, e->expires * 1000);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    if (row->list->spec.observe) {
        ngx_cc_native_list_row_owner(row, w);
    }

    ngx_cc_json_lit(w, "}");
}


/* whose it is: the name of a token of this location */

static void
ngx_cc_native_list_row_owner(ngx_cc_kept_list_row_t *row, ngx_cc_json_t *w)
{
    const ngx_str_t                *name;
    const ngx_cc_kept_list_spec_t  *spec = &row->list->spec;

    name = ngx_cc_observe_owner(spec->observe, row->index.owner);

    ngx_cc_json_lit(w, ",\"owner\":");

    if (name) {
        ngx_cc_json_string(w, name->data, name->len);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"own\":");
    ngx_cc_json_bool(w, ngx_memcmp(row->index.owner, spec->owner,
                                   NGX_CC_INDEX_OWNER)
                        == 0);
}
