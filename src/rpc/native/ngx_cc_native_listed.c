
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_message.h"
#include "ngx_cc_native_list_row.h"
#include "ngx_cc_native_listed.h"


#define NGX_CC_NATIVE_LISTED_TIME  250   /* ms */


/* a command that the session knows */

typedef struct {
    uint8_t                    name[NGX_CC_INDEX_NAME];
    uint8_t                    state;    /* all that is told of changes */
} ngx_cc_native_listed_known_t;


struct ngx_cc_native_listed_s {
    ngx_cc_native_t               *session;
    ngx_event_t                    timer;
    const ngx_cc_observe_t        *observe;  /* as in the list, or NULL */
    uint64_t                       changes;  /* of the index, that are told */
    uint64_t                       seen;     /* before "list" was gathered */
    ngx_cc_kept_list_t            *list;     /* it is being gathered */
    ngx_uint_t                     n;
    ngx_cc_native_listed_known_t   known[NGX_CC_KEPT_LIST_MOST];
};


static void ngx_cc_native_listed_look(ngx_event_t *ev);
static void ngx_cc_native_listed_done(void *data);
static size_t ngx_cc_native_listed_write(ngx_cc_native_listed_t *listed,
    u_char *buf, size_t size);
static ngx_uint_t ngx_cc_native_listed_gone(ngx_cc_native_listed_t *listed,
    ngx_cc_json_t *w);
static ngx_cc_native_listed_known_t *ngx_cc_native_listed_known(
    ngx_cc_native_listed_t *listed, const uint8_t name[NGX_CC_INDEX_NAME]);
static void ngx_cc_native_listed_learn(ngx_cc_native_listed_t *listed,
    ngx_cc_kept_list_t *list);
static uint8_t ngx_cc_native_listed_state(ngx_cc_kept_list_row_t *row);


ngx_int_t
ngx_cc_native_listed_begin(ngx_cc_native_t *s, ngx_cc_kept_list_t *list,
    uint64_t changes)
{
    ngx_cc_native_listed_t  *listed;

    ngx_cc_native_listed_end(s);

    listed = ngx_calloc(sizeof(ngx_cc_native_listed_t),
                        s->base.transport->log);

    if (listed == NULL) {
        return NGX_ERROR;
    }

    listed->session = s;
    listed->observe = list->spec.observe;
    listed->changes = changes;
    listed->timer.handler = ngx_cc_native_listed_look;
    listed->timer.data = listed;
    listed->timer.log = s->base.transport->log;
    listed->timer.cancelable = 1;

    ngx_cc_native_listed_learn(listed, list);
    ngx_add_timer(&listed->timer, NGX_CC_NATIVE_LISTED_TIME);

    s->listed = listed;

    return NGX_OK;
}


void
ngx_cc_native_listed_end(ngx_cc_native_t *s)
{
    ngx_cc_native_listed_t  *listed = s->listed;

    if (listed == NULL) {
        return;
    }

    if (listed->list) {
        ngx_cc_kept_list_free(listed->list);
    }

    if (listed->timer.timer_set) {
        ngx_del_timer(&listed->timer);
    }

    ngx_free(listed);
    s->listed = NULL;
}


static void
ngx_cc_native_listed_look(ngx_event_t *ev)
{
    uint64_t                 changes;
    ngx_cc_native_t         *s;
    ngx_cc_native_listed_t  *listed = ev->data;
    ngx_cc_kept_list_spec_t  spec;

    s = listed->session;
    changes = ngx_cc_index_changes();

    if (changes != listed->changes && !ngx_exiting
        && ngx_cc_answers_size(&s->base.answers)
           < NGX_CC_DIALECT_HIGH_WATER)
    {
        ngx_memzero(&spec, sizeof(spec));
        spec.owner = s->base.transport->owner;
        spec.observe = listed->observe;
        spec.bound = 1;
        spec.state = NGX_CC_KEPT_LIST_ANY;
        spec.limit = NGX_CC_KEPT_LIST_MOST;
        spec.log = s->base.transport->log;
        spec.done = ngx_cc_native_listed_done;
        spec.data = listed;

        if (ngx_cc_kept_list(&spec, &listed->list) == NGX_OK) {
            listed->seen = changes;
            return;
        }
    }

    ngx_add_timer(&listed->timer, NGX_CC_NATIVE_LISTED_TIME);
}


static void
ngx_cc_native_listed_done(void *data)
{
    u_char                  *buf;
    size_t                   size, n;
    ngx_cc_native_t         *s;
    ngx_cc_native_listed_t  *listed = data;

    s = listed->session;
    size = ngx_min(512 + NGX_CC_KEPT_LIST_MOST * (2 * NGX_CC_INDEX_NAME + 3)
                   + listed->list->n * NGX_CC_NATIVE_LIST_ROW,
                   NGX_CC_DIALECT_MAX_MESSAGE);
    buf = ngx_alloc(size, s->base.transport->log);

    if (buf) {
        n = ngx_cc_native_listed_write(listed, buf, size);

        if (n) {
            (void) ngx_cc_answers_put(&s->base.answers, buf, n);
        }

        ngx_free(buf);

        /* who has not answered is asked again */
        if (!listed->list->partial) {
            listed->changes = listed->seen;
        }

        ngx_cc_native_listed_learn(listed, listed->list);

        if (n) {
            s->base.transport->wake(s->base.transport->data);
        }
    }

    ngx_cc_kept_list_free(listed->list);
    listed->list = NULL;
    ngx_add_timer(&listed->timer, NGX_CC_NATIVE_LISTED_TIME);
}


/* what differs; 0: nothing */

static size_t
ngx_cc_native_listed_write(ngx_cc_native_listed_t *listed, u_char *buf,
    size_t size)
{
    ngx_uint_t                     i, n;
    ngx_cc_json_t                  w;
    ngx_cc_kept_list_t            *list = listed->list;
    ngx_cc_kept_list_row_t        *row;
    ngx_cc_native_listed_known_t  *known;

    n = 0;

    ngx_cc_message_writer(&w, buf, size);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"process.listed\",\"params\":{\"commands\":[");

    for (i = 0; i < list->n; i++) {
        row = &list->row[i];
        known = ngx_cc_native_listed_known(listed, row->index.name);

        if (!row->heard
            || (known && known->state == ngx_cc_native_listed_state(row)))
        {
            continue;
        }

        if ((size_t) (w.end - w.pos)
            < NGX_CC_NATIVE_LIST_ROW + 160
              + NGX_CC_KEPT_LIST_MOST * (2 * NGX_CC_INDEX_NAME + 3))
        {
            /* the rest comes next time */
            row->heard = 0;
            list->partial = 1;
            continue;
        }

        if (n++) {
            ngx_cc_json_lit(&w, ",");
        }

        ngx_cc_native_list_row(row, &w);
    }

    ngx_cc_json_lit(&w, "],\"removed\":[");
    n += ngx_cc_native_listed_gone(listed, &w);
    ngx_cc_json_lit(&w, "],\"more\":");
    ngx_cc_json_bool(&w, list->more);
    ngx_cc_json_lit(&w, "}}");

    return n ? (size_t) (w.pos - buf) : 0;
}


/* names of those that are known and not there any more; how many */

static ngx_uint_t
ngx_cc_native_listed_gone(ngx_cc_native_listed_t *listed, ngx_cc_json_t *w)
{
    u_char                         name[2 * NGX_CC_INDEX_NAME];
    ngx_uint_t                     i, k, n;
    ngx_cc_kept_list_t            *list = listed->list;
    ngx_cc_native_listed_known_t  *known;

    n = 0;

    for (k = 0; k < listed->n; k++) {
        known = &listed->known[k];

        for (i = 0; i < list->n; i++) {
            if (ngx_memcmp(known->name, list->row[i].index.name,
                           NGX_CC_INDEX_NAME)
                == 0)
            {
                break;
            }
        }

        if (i < list->n) {
            continue;
        }

        (void) ngx_hex_dump(name, known->name, NGX_CC_INDEX_NAME);

        if (n++) {
            ngx_cc_json_lit(w, ",");
        }

        ngx_cc_json_lit(w, "\"");
        ngx_cc_json_raw(w, name, sizeof(name));
        ngx_cc_json_lit(w, "\"");
    }

    return n;
}


static ngx_cc_native_listed_known_t *
ngx_cc_native_listed_known(ngx_cc_native_listed_t *listed,
    const uint8_t name[NGX_CC_INDEX_NAME])
{
    ngx_uint_t  k;

    for (k = 0; k < listed->n; k++) {
        if (ngx_memcmp(listed->known[k].name, name, NGX_CC_INDEX_NAME) == 0) {
            return &listed->known[k];
        }
    }

    return NULL;
}


/* that is what the session knows now; of who was not heard, what it knew */

static void
ngx_cc_native_listed_learn(ngx_cc_native_listed_t *listed,
    ngx_cc_kept_list_t *list)
{
    ngx_uint_t                     i, n;
    ngx_cc_kept_list_row_t        *row;
    ngx_cc_native_listed_known_t  *known;
    ngx_cc_native_listed_known_t   now[NGX_CC_KEPT_LIST_MOST];

    n = 0;

    for (i = 0; i < list->n; i++) {
        row = &list->row[i];
        known = ngx_cc_native_listed_known(listed, row->index.name);

        if (row->heard) {
            ngx_memcpy(now[n].name, row->index.name, NGX_CC_INDEX_NAME);
            now[n++].state = ngx_cc_native_listed_state(row);

        } else if (known) {
            now[n++] = *known;
        }
    }

    ngx_memcpy(listed->known, now, n * sizeof(ngx_cc_native_listed_known_t));
    listed->n = n;
}


static uint8_t
ngx_cc_native_listed_state(ngx_cc_kept_list_row_t *row)
{
    unsigned  flags;

    if (row->text == NULL) {
        return row->index.state | 0x80;
    }

    flags = row->entry.head.flags;

    return (flags & NGX_CC_ATTACHED_OVER ? 1 : 0)
           | (flags & NGX_CC_ATTACHED_PAUSED ? 2 : 0)
           | (flags & NGX_CC_ATTACHED_ENDING ? 4 : 0);
}
