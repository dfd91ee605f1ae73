
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_kept_list.h"


#define NGX_CC_KEPT_LIST_ASKS   16       /* at a time */
#define NGX_CC_KEPT_LIST_TIME   200      /* ms */


/* ngx_cc_index_next() and its like */

typedef ngx_int_t (*ngx_cc_kept_list_next_pt)(uint64_t *walk,
    const uint8_t *owner, ngx_cc_index_told_t *told);


static ngx_int_t ngx_cc_kept_list_gather(ngx_cc_kept_list_t *list);
static void ngx_cc_kept_list_walk(ngx_cc_kept_list_t *list,
    ngx_cc_kept_list_next_pt next, ngx_uint_t *passed);
static ngx_uint_t ngx_cc_kept_list_is(const ngx_cc_kept_list_spec_t *spec,
    const ngx_cc_index_told_t *entry);
static void ngx_cc_kept_list_ask(ngx_cc_kept_list_t *list);
static void ngx_cc_kept_list_heard(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_kept_list_late(ngx_event_t *ev);


ngx_int_t
ngx_cc_kept_list(const ngx_cc_kept_list_spec_t *spec,
    ngx_cc_kept_list_t **made)
{
    ngx_cc_kept_list_t  *list;

    list = ngx_calloc(sizeof(ngx_cc_kept_list_t) + NGX_CC_WIRE_MAX_LABEL + 1,
                      spec->log);

    if (list == NULL) {
        return NGX_ERROR;
    }

    list->spec = *spec;

    if (ngx_cc_kept_list_gather(list) != NGX_OK) {
        ngx_free(list);
        return NGX_DECLINED;
    }

    list->spec.after = NULL;
    list->spec.label = NULL;

    if (spec->label) {

        /* one byte too many matches nothing */

        list->label.data = (u_char *) (list + 1);
        list->label.len = ngx_min(spec->label->len, NGX_CC_WIRE_MAX_LABEL + 1);
        ngx_memcpy(list->label.data, spec->label->data, list->label.len);
    }

    list->timer.handler = ngx_cc_kept_list_late;
    list->timer.data = list;
    list->timer.log = spec->log;
    list->timer.cancelable = !ngx_exiting;

    *made = list;

    ngx_cc_kept_list_ask(list);

    /* with nobody to ask it is done, but not inside this call */

    ngx_add_timer(&list->timer, list->open ? NGX_CC_KEPT_LIST_TIME : 0);

    return NGX_OK;
}


/* the rows, as the index has them: NGX_OK, or NGX_DECLINED ("after") */

static ngx_int_t
ngx_cc_kept_list_gather(ngx_cc_kept_list_t *list)
{
    ngx_uint_t  passed;

    passed = (list->spec.after == NULL);

    ngx_cc_kept_list_walk(list, ngx_cc_index_next, &passed);

    if (list->spec.bound) {
        ngx_cc_kept_list_walk(list, ngx_cc_index_next_listed, &passed);
    }

    return passed ? NGX_OK : NGX_DECLINED;
}


/* *passed: the page before is behind us */

static void
ngx_cc_kept_list_walk(ngx_cc_kept_list_t *list, ngx_cc_kept_list_next_pt next,
    ngx_uint_t *passed)
{
    u_char                          name[NGX_CC_HANDLE_NAME];
    uint64_t                        walk;
    const uint8_t                  *owner;
    ngx_cc_index_told_t             entry;
    const ngx_cc_kept_list_spec_t  *spec = &list->spec;

    walk = 0;
    owner = spec->observe ? NULL : spec->owner;

    while (next(&walk, owner, &entry) == NGX_OK) {

        if (!*passed) {
            (void) ngx_hex_dump(name, entry.name, NGX_CC_INDEX_NAME);
            *passed = (spec->after->len >= NGX_CC_HANDLE_NAME
                       && ngx_memcmp(spec->after->data, name,
                                     NGX_CC_HANDLE_NAME)
                          == 0);
            continue;
        }

        if (!ngx_cc_kept_list_is(spec, &entry)) {
            continue;
        }

        if (list->n == spec->limit) {
            list->more = 1;
            return;
        }

        list->row[list->n].list = list;
        list->row[list->n++].index = entry;
    }
}


static ngx_uint_t
ngx_cc_kept_list_is(const ngx_cc_kept_list_spec_t *spec,
    const ngx_cc_index_told_t *entry)
{
    ngx_cc_kept_list_state_e  state;

    if (entry->call && !entry->alive) {
        return 0;
    }

    if (spec->observe
        && !ngx_cc_observe_location(spec->observe, entry->location)
        && ngx_memcmp(entry->owner, spec->owner, NGX_CC_INDEX_OWNER) != 0)
    {
        return 0;
    }

    state = (entry->state == NGX_CC_INDEX_RUNNING) ? NGX_CC_KEPT_LIST_RUNNING
            : entry->cause == NGX_CC_CAUSE_LOST ? NGX_CC_KEPT_LIST_LOST
                                                : NGX_CC_KEPT_LIST_EXITED;

    if (spec->state != NGX_CC_KEPT_LIST_ANY) {
        return state == spec->state;
    }

    return !spec->over || state != NGX_CC_KEPT_LIST_RUNNING;
}


static void
ngx_cc_kept_list_ask(ngx_cc_kept_list_t *list)
{
    ngx_cc_ask_spec_t        spec;
    ngx_cc_kept_list_row_t  *row;

    while (list->next < list->n && list->open < NGX_CC_KEPT_LIST_ASKS) {

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
        spec.owner = list->spec.owner;
        spec.realm = list->spec.observe ? list->spec.observe->realm : NULL;

        row->ask = ngx_cc_ask(&spec, ngx_cc_kept_list_heard, row);

        if (row->ask) {
            list->open++;

        } else {
            list->partial = 1;
        }
    }
}


static void
ngx_cc_kept_list_heard(void *data, const ngx_cc_ask_answer_t *answer)
{
    size_t                   size;
    ngx_cc_kept_list_t      *list;
    ngx_cc_kept_list_row_t  *row = data;

    list = row->list;
    row->ask = NULL;
    list->open--;

    switch (answer->result) {

    case NGX_CC_ASKED_OK:
        size = answer->entry->label + answer->entry->shown;
        row->entry = *answer->entry;
        row->text = ngx_alloc(size + 1, list->spec.log);

        if (row->text) {
            ngx_memcpy(row->text, answer->entry + 1, size);
            row->heard = 1;
        }

        break;

    case NGX_CC_ASKED_GONE:
        if (row->index.call) {
            row->foreign = 1;
            break;
        }

        row->index = *answer->index;
        row->heard = 1;
        row->gone = 1;
        break;

    case NGX_CC_ASKED_UNKNOWN:

        if (row->index.call) {
            /* another realm's, or about to end */
            row->foreign = 1;
            break;
        }

        if (list->spec.observe
            && ngx_memcmp(row->index.owner, list->spec.owner,
                          NGX_CC_INDEX_OWNER)
               != 0)
        {
            row->foreign = 1;
            break;
        }

        /* fall through */

    default:
        list->partial = 1;
        break;
    }

    ngx_cc_kept_list_ask(list);

    if (list->open == 0) {
        ngx_del_timer(&list->timer);
        list->spec.done(list->spec.data);
    }
}


static void
ngx_cc_kept_list_late(ngx_event_t *ev)
{
    ngx_cc_kept_list_t  *list = ev->data;

    list->partial |= (list->open != 0);
    list->spec.done(list->spec.data);
}


ngx_uint_t
ngx_cc_kept_list_wanted(ngx_cc_kept_list_row_t *row)
{
    ngx_str_t            label, shown;
    ngx_cc_kept_list_t  *list = row->list;

    if (row->foreign) {
        return 0;
    }

    ngx_cc_kept_list_texts(row, &label, &shown);

    return list->label.data == NULL
           || (row->text && label.len == list->label.len
               && ngx_memcmp(label.data, list->label.data, label.len) == 0);
}


/* of a call of a legacy session (ngx_cc_mcp_trail.h) the line stands last */

void
ngx_cc_kept_list_texts(const ngx_cc_kept_list_row_t *row, ngx_str_t *label,
    ngx_str_t *shown)
{
    u_char  *p;

    ngx_str_set(label, "");
    ngx_str_set(shown, "");

    if (row->text == NULL) {
        return;
    }

    label->data = row->text;
    label->len = row->entry.label;
    shown->data = row->text + row->entry.label;
    shown->len = row->entry.shown;

    if (!row->index.call || label->len == 0) {
        return;
    }

    p = ngx_strlchr(shown->data, shown->data + shown->len, '\n');

    label->len = 0;
    p = p ? p + 1 : shown->data + shown->len;
    shown->len -= p - shown->data;
    shown->data = p;
}


void
ngx_cc_kept_list_free(ngx_cc_kept_list_t *list)
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

    ngx_free(list);
}
