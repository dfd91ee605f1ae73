
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_kept_list.h"
#include "ngx_cc_message.h"
#include "ngx_cc_native_list.h"
#include "ngx_cc_native_list_row.h"
#include "ngx_cc_native_listed.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_zone.h"


typedef struct {
    ngx_queue_t                queue;    /* of the session */
    ngx_cc_native_t           *session;
    ngx_cc_kept_list_t        *list;
    uint64_t                   changes;  /* of the index, before */
    ngx_uint_t                 watch;    /* changes are to be told */
    ngx_cc_asked_t             asked;    /* its text stands behind this */
} ngx_cc_native_list_t;


static ngx_int_t ngx_cc_native_list_params(ngx_cc_native_t *s,
    ngx_cc_value_t *params, ngx_cc_kept_list_spec_t *spec, ngx_str_t *after,
    ngx_str_t *label);
static ngx_int_t ngx_cc_native_list_watch(ngx_cc_native_t *s,
    ngx_cc_value_t *params, ngx_cc_kept_list_spec_t *spec, ngx_uint_t *watch);
static void ngx_cc_native_list_done(void *data);
static void ngx_cc_native_list_answer(ngx_cc_native_list_t *list);
static void ngx_cc_native_list_free(ngx_cc_native_list_t *list);


static const char  *ngx_cc_native_list_states[] = {
    "running", "exited", "lost", "paused"
};


static const char  *ngx_cc_native_list_scopes[] = {
    "session", "owner", "realm"
};


ngx_int_t
ngx_cc_native_list_scope(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_native_list_e *scope)
{
    ngx_int_t   rc;
    ngx_str_t   word;
    ngx_uint_t  i, n;

    *scope = NGX_CC_NATIVE_LIST_SESSION;
    n = s->base.transport->observe ? NGX_CC_NATIVE_LIST_SCOPES
                                   : NGX_CC_NATIVE_LIST_REALM;

    rc = ngx_cc_native_read_string(s, params, "scope", &word);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_strcmp(word.data, ngx_cc_native_list_scopes[i]) == 0) {
            *scope = i;
            return NGX_OK;
        }
    }

    ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                        "params.scope must be \"session\" or \"owner\"%s",
                        n == NGX_CC_NATIVE_LIST_SCOPES ? " or \"realm\"" : "");

    return NGX_ERROR;
}


ngx_int_t
ngx_cc_native_list(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_native_list_e scope)
{
    uint64_t                  changes;
    ngx_int_t                 rc;
    ngx_str_t                 after, label;
    ngx_uint_t                watch;
    ngx_cc_native_list_t     *list;
    ngx_cc_kept_list_spec_t   spec;

    ngx_memzero(&spec, sizeof(spec));
    watch = 0;

    if (ngx_cc_native_list_params(s, params, &spec, &after, &label) != NGX_OK
        || ngx_cc_native_list_watch(s, params, &spec, &watch) != NGX_OK)
    {
        return NGX_OK;
    }

    changes = ngx_cc_index_changes();

    list = ngx_calloc(sizeof(ngx_cc_native_list_t) + s->asked.id.len
                      + s->asked.more.len, s->base.transport->log);

    if (list == NULL) {
        return NGX_ERROR;
    }

    spec.owner = s->base.transport->owner;
    spec.bound = 1;

    if (scope == NGX_CC_NATIVE_LIST_REALM) {
        spec.observe = s->base.transport->observe;
    }

    spec.log = s->base.transport->log;
    spec.done = ngx_cc_native_list_done;
    spec.data = list;

    rc = ngx_cc_kept_list(&spec, &list->list);

    if (rc != NGX_OK) {
        ngx_free(list);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS,
                            NGX_CC_NATIVE_WATCH_UNKNOWN);
        return NGX_OK;
    }

    ngx_cc_asked_copy(&list->asked, &s->asked, (u_char *) (list + 1));
    list->session = s;
    list->changes = changes;
    list->watch = watch;
    ngx_queue_insert_tail(&s->lists, &list->queue);

    if (spec.observe) {
        ngx_cc_record_observer(s->base.transport->recorder,
                               NGX_CC_RECORD_OBSERVED, NULL, 0, "list");
    }

    return NGX_OK;
}


/* NGX_OK, or NGX_ERROR (answered) */

static ngx_int_t
ngx_cc_native_list_params(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_kept_list_spec_t *spec, ngx_str_t *after, ngx_str_t *label)
{
    int64_t     limit;
    ngx_int_t   rc;
    ngx_str_t   state;
    ngx_uint_t  i;

    limit = NGX_CC_KEPT_LIST_MOST;

    if (ngx_cc_native_read_number(s, params, "limit", 1,
                                  NGX_CC_KEPT_LIST_MOST, &limit)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    spec->limit = limit;

    rc = ngx_cc_native_read_string(s, params, "label", label);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    spec->label = (rc == NGX_OK) ? label : NULL;

    rc = ngx_cc_native_read_string(s, params, "after", after);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    spec->after = (rc == NGX_OK) ? after : NULL;
    spec->state = NGX_CC_KEPT_LIST_ANY;

    rc = ngx_cc_native_read_string(s, params, "state", &state);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    for (i = 0; i < NGX_CC_KEPT_LIST_ANY; i++) {
        if (ngx_strcmp(state.data, ngx_cc_native_list_states[i]) == 0) {
            spec->state = i;
            return NGX_OK;
        }
    }

    ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                        "params.state must be \"running\", \"exited\" or "
                        "\"lost\"");
    return NGX_ERROR;
}


/* "watch": NGX_OK, or NGX_ERROR (answered) */

static ngx_int_t
ngx_cc_native_list_watch(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_kept_list_spec_t *spec, ngx_uint_t *watch)
{
    ngx_int_t  rc;

    rc = ngx_cc_native_read_flag(s, params, "watch", watch);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (!*watch) {
        ngx_cc_native_listed_end(s);
        return NGX_OK;
    }

    if (spec->after || spec->label || spec->state != NGX_CC_KEPT_LIST_ANY
        || spec->limit != NGX_CC_KEPT_LIST_MOST)
    {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.watch goes with the whole list, without "
                            "state, label, after and limit");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_cc_native_list_done(void *data)
{
    ngx_cc_native_list_answer(data);
}


static void
ngx_cc_native_list_answer(ngx_cc_native_list_t *list)
{
    u_char           *buf, *last, name[NGX_CC_HANDLE_NAME];
    size_t            size, most;
    ngx_uint_t        i, n;
    ngx_cc_json_t     w;
    ngx_cc_native_t  *s;

    n = 0;
    s = list->session;

    if (list->asked.id.len == 0) {
        ngx_cc_native_list_free(list);
        return;
    }

    if (list->watch
        && ngx_cc_native_listed_begin(s, list->list, list->changes) != NGX_OK)
    {
        s->base.answers.no_memory = 1;
        ngx_cc_native_list_free(list);
        return;
    }

    most = list->asked.id.len + list->asked.more.len + 512;
    size = most + list->list->n * NGX_CC_NATIVE_LIST_ROW;
    size = ngx_min(size, NGX_CC_DIALECT_MAX_MESSAGE);

    buf = ngx_alloc(size, s->base.transport->log);

    if (buf == NULL) {
        s->base.answers.no_memory = 1;
        ngx_cc_native_list_free(list);
        return;
    }

    ngx_cc_message_writer(&w, buf, size);
    ngx_cc_message_answer(&w, &list->asked.id);
    ngx_cc_json_lit(&w, "\"result\":{\"commands\":[");

    for (i = 0; i < list->list->n; i++) {

        if ((size_t) (w.end - w.pos)
            < NGX_CC_NATIVE_LIST_ROW + list->asked.more.len + 160)
        {
            list->list->more = 1;
            break;
        }

        if (!ngx_cc_kept_list_wanted(&list->list->row[i])) {
            continue;
        }

        if (n++) {
            ngx_cc_json_lit(&w, ",");
        }

        ngx_cc_native_list_row(&list->list->row[i], &w);
    }

    ngx_cc_json_lit(&w, "],\"more\":");
    ngx_cc_json_bool(&w, list->list->more);

    if (list->list->more && i) {
        /* the last one that was looked at, whether it has the label or not */
        last = ngx_hex_dump(name, list->list->row[i - 1].index.name,
                            NGX_CC_INDEX_NAME);
        ngx_cc_json_lit(&w, ",\"next\":\"");
        ngx_cc_json_raw(&w, name, last - name);
        ngx_cc_json_lit(&w, "\"");
    }

    if (list->list->partial) {
        ngx_cc_json_lit(&w, ",\"partial\":true");
    }

    if (list->watch) {
        ngx_cc_json_lit(&w, ",\"watching\":true");
    }

    ngx_cc_json_raw(&w, list->asked.more.data, list->asked.more.len);
    ngx_cc_json_lit(&w, "}}");

    (void) ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);

    ngx_free(buf);
    ngx_cc_native_list_free(list);

    s->base.transport->wake(s->base.transport->data);
}


static void
ngx_cc_native_list_free(ngx_cc_native_list_t *list)
{
    ngx_cc_kept_list_free(list->list);
    ngx_queue_remove(&list->queue);
    ngx_free(list);
}


void
ngx_cc_native_list_close(ngx_cc_native_t *s)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&s->lists)) {
        q = ngx_queue_head(&s->lists);
        ngx_cc_native_list_free(ngx_queue_data(q, ngx_cc_native_list_t,
                                               queue));
    }
}
