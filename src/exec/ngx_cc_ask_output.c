
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask_group.h"
#include "ngx_cc_ask_output.h"


static void ngx_cc_ask_output_again(ngx_cc_ask_t *ask);
static void ngx_cc_ask_output_more(ngx_cc_ask_t *ask);
static ngx_uint_t ngx_cc_ask_output_lacks(const ngx_cc_ask_t *ask);
static void ngx_cc_ask_output_read(ngx_cc_ask_t *ask, size_t max);
static void ngx_cc_ask_output_list(ngx_cc_ask_t *ask);


void
ngx_cc_ask_output_ask(ngx_cc_ask_t *ask)
{
    ngx_cc_gather_init(&ask->gather, ask->spec.max, ask->spec.streams);

    ngx_cc_ask_output_read(ask, ask->spec.max);
    ngx_cc_ask_output_list(ask);
}


void
ngx_cc_ask_output_then(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *then,
    ngx_cc_wire_wait_t *wait)
{
    ask->reads = 1;
    ask->spec.max = then->max;
    ask->spec.streams = then->streams;

    wait->head.flags |= NGX_CC_WAIT_READ;
    wait->head.flags |= then->mark ? NGX_CC_WAIT_MARK : 0;
    wait->max = ngx_min(then->max, NGX_CC_WIRE_MAX_DATA);
    ngx_memcpy(wait->read, then->from, sizeof(wait->read));
}


/* the helper answers a READ and a LIST next */

void
ngx_cc_ask_output_woken(ngx_cc_ask_t *ask)
{
    ask->spec.what = NGX_CC_ASK_OUTPUT;
    ask->spec.wait = 0;
    ask->listing = 1;

    ngx_cc_gather_init(&ask->gather, ask->spec.max, ask->spec.streams);
}


/* from where, and how much is there now */

void
ngx_cc_ask_output(ngx_cc_ask_t *ask)
{
    ngx_memcpy(ask->gather.next, ask->answer.attached.from,
               sizeof(ask->gather.next));
}


void
ngx_cc_ask_output_data(ngx_cc_ask_t *ask, const ngx_cc_wire_data_t *data)
{
    if (ngx_cc_gather_add(&ask->gather, data, ngx_cycle->log) != NGX_OK) {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_BUSY);
        return;
    }

    ngx_cc_ask_output_more(ask);
}


void
ngx_cc_ask_output_entry(ngx_cc_ask_t *ask)
{
    ask->listing = 0;

    if (ngx_cc_ask_output_lacks(ask)) {

        if (ask->reads) {
            /* more than comes with a wait, or it was not there yet */
            ngx_cc_ask_output_again(ask);
        }

        /* else what was read before this is still to come: asked again then */
        return;
    }

    ask->answer.output = &ask->gather;
    ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
}


/* from where it has just begun */

static void
ngx_cc_ask_output_again(ngx_cc_ask_t *ask)
{
    ngx_uint_t  i;

    ngx_cc_gather_free(&ask->gather);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ask->spec.from[i] = ask->answer.attached.from[i];
    }

    ask->spec.mark = 0;
    ask->reads = 0;

    if (ask->group) {
        ngx_cc_ask_alone(ask);
        return;
    }

    /* over the same connection: whoever is attached may attach again */

    ask->peer.handlers->ready(ask);
}


/* after each DATA; behind that of a wait comes ENTRY */

static void
ngx_cc_ask_output_more(ngx_cc_ask_t *ask)
{
    if (ask->reads) {
        return;
    }

    if (ngx_cc_ask_output_lacks(ask)) {
        ngx_cc_ask_output_read(ask, ask->gather.max - ask->gather.len);
    }

    if (!ask->listing) {
        ngx_cc_ask_output_list(ask);
    }
}


/* is something of what there was at the beginning still missing? */

static ngx_uint_t
ngx_cc_ask_output_lacks(const ngx_cc_ask_t *ask)
{
    ngx_uint_t              i;
    const ngx_cc_gather_t  *g = &ask->gather;

    for (i = 0; i < NGX_CC_STREAMS; i++) {

        if (!g->full && g->len < g->max && (g->streams & (1u << i))
            && g->next[i] < ask->answer.attached.bytes[i])
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_cc_ask_output_read(ngx_cc_ask_t *ask, size_t max)
{
    ngx_cc_wire_read_t  read;

    ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));
    read.max = ngx_min(max, NGX_CC_WIRE_MAX_DATA);
    ngx_cc_ask_send(ask, &read);
}


static void
ngx_cc_ask_output_list(ngx_cc_ask_t *ask)
{
    ngx_cc_wire_list_t  list;

    ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
    ngx_memcpy(list.owner, ask->owner, NGX_CC_OWNER_SIZE);
    ngx_cc_ask_send(ask, &list);

    ask->listing = 1;
}


void
ngx_cc_ask_hold(ngx_cc_ask_t *ask)
{
    ask->hold = 1;

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }
}


void
ngx_cc_ask_mark(ngx_cc_ask_t *ask, const uint64_t next[NGX_CC_STREAMS])
{
    ngx_cc_wire_mark_t  mark;

    if (ask->lost) {
        return;
    }

    ngx_cc_wire_init(&mark, NGX_CC_WIRE_MARK, 0, sizeof(mark));
    ngx_memcpy(mark.next, next, sizeof(mark.next));
    ngx_memcpy(mark.reader, ask->spec.reader, NGX_CC_WIRE_READER);

    if (ask->group) {
        ngx_cc_ask_group_mark(ask->group, &mark);

    } else {
        ngx_cc_ask_send(ask, &mark);
    }
}
