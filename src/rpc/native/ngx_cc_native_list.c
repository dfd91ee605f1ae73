
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_list.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_zone.h"


#define NGX_CC_NATIVE_LIST_MOST   100    /* of one answer */
#define NGX_CC_NATIVE_LIST_ASKS   16     /* at a time */
#define NGX_CC_NATIVE_LIST_TIME   200    /* ms */
#define NGX_CC_NATIVE_LIST_SHOWN  256    /* bytes of a command line */
#define NGX_CC_NATIVE_LIST_ROW    (6 * (NGX_CC_WIRE_MAX_LABEL                 \
                                        + NGX_CC_NATIVE_LIST_SHOWN) + 640)


typedef struct ngx_cc_native_list_s  ngx_cc_native_list_t;


typedef struct {
    ngx_cc_native_list_t  *list;
    ngx_cc_index_told_t   index;
    ngx_cc_ask_t          *ask;
    ngx_cc_wire_entry_t    entry;
    u_char                *text;         /* label and shown of it, or NULL */
    unsigned               heard:1;
    unsigned               gone:1;
} ngx_cc_native_list_row_t;


struct ngx_cc_native_list_s {
    ngx_queue_t                queue;    /* of the session */
    ngx_cc_native_t           *session;
    ngx_event_t                timer;
    ngx_uint_t                 n;        /* rows */
    ngx_uint_t                 next;     /* to be asked */
    ngx_uint_t                 open;
    ngx_str_t                  label;    /* wanted; behind this, too */
    unsigned                   more:1;   /* there are more than these */
    unsigned                   partial:1;
    ngx_cc_asked_t             asked;
    ngx_cc_native_list_row_t   row[NGX_CC_NATIVE_LIST_MOST];
};


static ngx_int_t ngx_cc_native_list_gather(ngx_cc_native_t *s,
    ngx_cc_native_list_t *list, ngx_cc_value_t *params, ngx_uint_t limit);
static ngx_uint_t ngx_cc_native_list_state(const ngx_cc_index_told_t *entry);
static void ngx_cc_native_list_ask(ngx_cc_native_list_t *list);
static void ngx_cc_native_list_heard(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_native_list_late(ngx_event_t *ev);
static void ngx_cc_native_list_answer(ngx_cc_native_list_t *list);
static void ngx_cc_native_list_write(ngx_cc_native_list_row_t *row,
    ngx_cc_json_t *w);
static void ngx_cc_native_list_free(ngx_cc_native_list_t *list);


static const char  *ngx_cc_native_list_states[] = {
    "running", "exited", "lost", "paused"
};


ngx_int_t
ngx_cc_native_list(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    u_char                *p;
    int64_t                limit;
    ngx_int_t              rc;
    ngx_cc_native_list_t  *list;

    limit = NGX_CC_NATIVE_LIST_MOST;

    if (ngx_cc_native_read_number(s, params, "limit", 1,
                                  NGX_CC_NATIVE_LIST_MOST, &limit)
        == NGX_ERROR)
    {
        return NGX_OK;
    }

    list = ngx_calloc(sizeof(ngx_cc_native_list_t) + s->asked.id.len
                      + s->asked.more.len + NGX_CC_WIRE_MAX_LABEL + 1,
                      s->base.transport->log);

    if (list == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_cc_native_list_gather(s, list, params, limit);

    if (rc != NGX_OK) {
        ngx_free(list);
        return NGX_OK;
    }

    ngx_cc_asked_copy(&list->asked, &s->asked, (u_char *) (list + 1));

    if (list->label.data) {
        list->label.len = ngx_min(list->label.len, NGX_CC_WIRE_MAX_LABEL + 1);
        p = (u_char *) (list + 1) + s->asked.id.len + s->asked.more.len;
        ngx_memcpy(p, list->label.data, list->label.len);
        list->label.data = p;
    }

    list->session = s;
    list->timer.handler = ngx_cc_native_list_late;
    list->timer.data = list;
    list->timer.log = s->base.transport->log;
    list->timer.cancelable = 1;

    ngx_queue_insert_tail(&s->lists, &list->queue);
    ngx_add_timer(&list->timer, NGX_CC_NATIVE_LIST_TIME);

    ngx_cc_native_list_ask(list);

    if (list->open == 0) {
        ngx_cc_native_list_answer(list);
    }

    return NGX_OK;
}


/* the rows, as the index has them: NGX_OK, or NGX_ERROR (answered) */

static ngx_int_t
ngx_cc_native_list_gather(ngx_cc_native_t *s, ngx_cc_native_list_t *list,
    ngx_cc_value_t *params, ngx_uint_t limit)
{
    u_char               name[NGX_CC_HANDLE_NAME];
    uint64_t             walk;
    ngx_int_t            has_after, has_state;
    ngx_str_t            after, state;
    ngx_uint_t           i, passed;
    ngx_cc_index_told_t  entry;

    if (ngx_cc_native_read_string(s, params, "label", &list->label)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    has_after = ngx_cc_native_read_string(s, params, "after", &after);

    if (has_after == NGX_ERROR) {
        return NGX_ERROR;
    }

    has_state = ngx_cc_native_read_string(s, params, "state", &state);

    if (has_state == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (has_state == NGX_OK) {

        for (i = 0; i < 3; i++) {
            if (ngx_strcmp(state.data, ngx_cc_native_list_states[i]) == 0) {
                break;
            }
        }

        if (i == 3) {
            ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                "params.state must be \"running\", \"exited\" "
                                "or \"lost\"");
            return NGX_ERROR;
        }

        has_state = i;

    } else {
        has_state = -1;
    }

    walk = 0;
    passed = (has_after != NGX_OK);

    while (ngx_cc_index_next(&walk, s->base.transport->owner, &entry)
           == NGX_OK)
    {
        if (!passed) {
            (void) ngx_hex_dump(name, entry.name, NGX_CC_INDEX_NAME);
            passed = (after.len >= NGX_CC_HANDLE_NAME
                      && ngx_memcmp(after.data, name, NGX_CC_HANDLE_NAME)
                         == 0);
            continue;
        }

        if (has_state != -1
            && ngx_cc_native_list_state(&entry) != (ngx_uint_t) has_state)
        {
            continue;
        }

        if (list->n == limit) {
            list->more = 1;
            break;
        }

        list->row[list->n].list = list;
        list->row[list->n++].index = entry;
    }

    if (!passed) {
        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS,
                            NGX_CC_NATIVE_WATCH_UNKNOWN);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_cc_native_list_state(const ngx_cc_index_told_t *entry)
{
    if (entry->state == NGX_CC_INDEX_RUNNING) {
        return 0;
    }

    return entry->cause == NGX_CC_CAUSE_LOST ? 2 : 1;
}


static void
ngx_cc_native_list_ask(ngx_cc_native_list_t *list)
{
    ngx_cc_ask_spec_t          spec;
    ngx_cc_native_list_row_t  *row;

    while (list->next < list->n && list->open < NGX_CC_NATIVE_LIST_ASKS) {

        row = &list->row[list->next++];

        if (!row->index.alive) {
            row->heard = 1;
            row->gone = 1;
            continue;
        }

        ngx_memzero(&spec, sizeof(spec));
        spec.what = NGX_CC_ASK_ENTRY;
        spec.named = 1;
        ngx_memcpy(spec.handle.byte, row->index.name, NGX_CC_INDEX_NAME);
        spec.owner = list->session->base.transport->owner;

        row->ask = ngx_cc_ask(&spec, ngx_cc_native_list_heard, row);

        if (row->ask) {
            list->open++;

        } else {
            list->partial = 1;
        }
    }
}


static void
ngx_cc_native_list_heard(void *data, const ngx_cc_ask_answer_t *answer)
{
    size_t                     size;
    ngx_cc_native_list_t      *list;
    ngx_cc_native_list_row_t  *row = data;

    list = row->list;
    row->ask = NULL;
    list->open--;

    switch (answer->result) {

    case NGX_CC_ASKED_OK:
        size = answer->entry->label + answer->entry->shown;
        row->entry = *answer->entry;
        row->text = ngx_alloc(size + 1, list->timer.log);

        if (row->text) {
            ngx_memcpy(row->text, answer->entry + 1, size);
            row->heard = 1;
        }

        break;

    case NGX_CC_ASKED_GONE:
        row->index = *answer->index;
        row->heard = 1;
        row->gone = 1;
        break;

    default:
        list->partial = 1;
        break;
    }

    ngx_cc_native_list_ask(list);

    if (list->open == 0) {
        ngx_cc_native_list_answer(list);
    }
}


static void
ngx_cc_native_list_late(ngx_event_t *ev)
{
    ngx_cc_native_list_t  *list = ev->data;

    list->partial = 1;
    ngx_cc_native_list_answer(list);
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

    most = list->asked.id.len + list->asked.more.len + 512;
    size = most + list->n * NGX_CC_NATIVE_LIST_ROW;
    size = ngx_min(size, NGX_CC_DIALECT_MAX_MESSAGE);

    buf = ngx_alloc(size, list->timer.log);

    if (buf == NULL) {
        s->base.answers.no_memory = 1;
        ngx_cc_native_list_free(list);
        return;
    }

    ngx_cc_message_writer(&w, buf, size);
    ngx_cc_message_answer(&w, &list->asked.id);
    ngx_cc_json_lit(&w, "\"result\":{\"commands\":[");

    for (i = 0; i < list->n; i++) {

        if ((size_t) (w.end - w.pos)
            < NGX_CC_NATIVE_LIST_ROW + list->asked.more.len + 160)
        {
            list->more = 1;
            break;
        }

        /* its helper knows the label, if there is one */

        if (list->label.data
            && (list->row[i].text == NULL
                || list->row[i].entry.label != list->label.len
                || ngx_memcmp(list->row[i].text, list->label.data,
                              list->label.len)
                   != 0))
        {
            continue;
        }

        if (n++) {
            ngx_cc_json_lit(&w, ",");
        }

        ngx_cc_native_list_write(&list->row[i], &w);
    }

    ngx_cc_json_lit(&w, "],\"more\":");
    ngx_cc_json_bool(&w, list->more);

    if (list->more && i) {
        /* the last one that was looked at, whether it has the label or not */
        last = ngx_hex_dump(name, list->row[i - 1].index.name,
                            NGX_CC_INDEX_NAME);
        ngx_cc_json_lit(&w, ",\"next\":\"");
        ngx_cc_json_raw(&w, name, last - name);
        ngx_cc_json_lit(&w, "\"");
    }

    if (list->partial) {
        ngx_cc_json_lit(&w, ",\"partial\":true");
    }

    ngx_cc_json_raw(&w, list->asked.more.data, list->asked.more.len);
    ngx_cc_json_lit(&w, "}}");

    (void) ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);

    ngx_free(buf);
    ngx_cc_native_list_free(list);

    s->base.transport->wake(s->base.transport->data);
}


static void
ngx_cc_native_list_write(ngx_cc_native_list_row_t *row, ngx_cc_json_t *w)
{
    char                        id[NGX_CC_HANDLE_TEXT];
    u_char                     *p;
    size_t                      nlabel, nshown;
    uint64_t                    bytes;
    ngx_int_t                   over, lost;
    const char                 *state;
    const ngx_cc_index_told_t  *x = &row->index;
    ngx_cc_wire_entry_t        *e = &row->entry;

    lost = 0;
    nlabel = 0;
    nshown = 0;

    if (row->text) {
        over = (e->head.flags & NGX_CC_ATTACHED_OVER) != 0;
        nlabel = e->label;
        nshown = e->shown;
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
    nshown = ngx_min(nshown, NGX_CC_NATIVE_LIST_SHOWN);

    state = lost ? "lost" : over ? "exited"
            : (row->text && (e->head.flags & NGX_CC_ATTACHED_PAUSED))
              ? "paused" : "running";

    /* where only the index is left, nobody knows the rest of the id */

    if (row->text) {
        ngx_cc_json_lit(w, "{\"execution_id\":\"");
        ngx_cc_json_raw(w, id, NGX_CC_HANDLE_TEXT);
        ngx_cc_json_lit(w, "\"");

    } else {
        ngx_cc_json_lit(w, "{\"execution_id\":null");
    }

    ngx_cc_json_lit(w, ",\"name\":\"");
    p = ngx_hex_dump((u_char *) id, (u_char *) x->name, NGX_CC_INDEX_NAME);
    ngx_cc_json_raw(w, id, p - (u_char *) id);
    ngx_cc_json_lit(w, "\",\"label\":");
    p = row->text ? row->text : (u_char *) "";
    ngx_cc_json_string(w, p, nlabel);
    ngx_cc_json_lit(w, ",\"command\":");
    p += nlabel;
    ngx_cc_json_string(w, p, ngx_cc_utf8_cut(p, nshown));
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
    ngx_cc_json_lit(w, ",\"watchers\":");
    ngx_cc_json_uint(w, e->watchers);
    ngx_cc_json_lit(w, ",\"expires_in\":");

    if (over) {
        ngx_cc_json_seconds(w, e->expires * 1000);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, "}");
}


static void
ngx_cc_native_list_free(ngx_cc_native_list_t *list)
{
    ngx_uint_t  i;

    for (i = 0; i < list->n; i++) {
        if (list->row[i].ask) {
            ngx_cc_ask_close(list->row[i].ask);
        }

        if (list->row[i].text) {
            ngx_free(list->row[i].text);
        }
    }

    if (list->timer.timer_set) {
        ngx_del_timer(&list->timer);
    }

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
