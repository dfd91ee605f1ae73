
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask_group.h"


#define NGX_CC_ASK_GROUP_TABLE  64   /* a power of 2 */
#define NGX_CC_ASK_GROUP_IDLE   100  /* ms that it stays without anybody */
#define NGX_CC_ASK_GROUP_MARKS  4096 /* bytes of them in one message */


/* a message for which its socket had no room */

typedef struct {
    ngx_queue_t                    queue;
    size_t                         len;
    /* and its bytes */
} ngx_cc_ask_group_unsent_t;


struct ngx_cc_ask_group_s {
    ngx_queue_t                    queue;        /* of its place in the table */
    ngx_cc_peer_t                  peer;
    ngx_cc_wire_attach_t           attach;       /* as whom it came */
    ngx_cc_wire_attached_t         attached;     /* and what it was told */
    ngx_queue_t                    asks;
    ngx_queue_t                    unsent;
    ngx_cc_ask_t                  *reading;      /* whose ATTACHED, DATA and
                                                    ENTRY come now, or NULL */
    uint32_t                       serial;       /* of the last one */
    ngx_cc_wire_head_t            *marks;        /* a BUNDLE that is to be
                                                    sent, or NULL */
    ngx_event_t                    flush;        /* when it is */
    ngx_event_t                    timer;        /* nobody is there */
    ngx_uint_t                     ready;        /* "attached" is set */
};


static ngx_uint_t ngx_cc_ask_group_merge(ngx_cc_wire_head_t *marks,
    const ngx_cc_wire_mark_t *mark);
static ngx_uint_t ngx_cc_ask_group_unsay(ngx_cc_ask_group_t *group,
    uint32_t serial);
static ngx_queue_t *ngx_cc_ask_group_place(const ngx_cc_handle_t *handle);
static ngx_cc_ask_group_t *ngx_cc_ask_group_find(
    const ngx_cc_wire_attach_t *attach);
static ngx_cc_ask_group_t *ngx_cc_ask_group_create(
    const ngx_cc_wire_attach_t *attach);
static void ngx_cc_ask_group_free(ngx_cc_ask_group_t *group);
static void ngx_cc_ask_group_sent(ngx_cc_ask_group_t *group);
static void ngx_cc_ask_group_idle(ngx_event_t *ev);
static void ngx_cc_ask_group_flush(ngx_event_t *ev);
static void ngx_cc_ask_group_ready(void *data);
static void ngx_cc_ask_group_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_ask_group_attached(ngx_cc_ask_group_t *group,
    const ngx_cc_wire_attached_t *msg);
static void ngx_cc_ask_group_woke(ngx_cc_ask_group_t *group,
    ngx_cc_wire_woke_t *msg);
static void ngx_cc_ask_group_tell(ngx_cc_ask_group_t *group,
    ngx_cc_wire_msg_t *msg);
static void ngx_cc_ask_group_writable(void *data);
static void ngx_cc_ask_group_gone(void *data, ngx_cc_peer_gone_e why);


static const ngx_cc_peer_handlers_t  ngx_cc_ask_group_peer_handlers = {
    ngx_cc_ask_group_ready,
    ngx_cc_ask_group_message,
    ngx_cc_ask_group_writable,
    ngx_cc_ask_group_gone
};


/* all of this worker, by the name of their command */

static ngx_queue_t  ngx_cc_ask_group_table[NGX_CC_ASK_GROUP_TABLE];


ngx_int_t
ngx_cc_ask_group_join(ngx_cc_ask_t *ask)
{
    ngx_cc_ask_group_t    *group;
    ngx_cc_wire_attach_t   attach;

    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.head.flags = NGX_CC_ATTACH_LOSSY
                        | (ask->spec.realm ? NGX_CC_ATTACH_OBSERVER : 0);
    attach.handle = ask->spec.handle;
    ngx_memcpy(attach.owner, ask->owner, NGX_CC_OWNER_SIZE);
    ngx_memcpy(attach.realm, ask->realm, NGX_CC_OWNER_SIZE);

    group = ngx_cc_ask_group_find(&attach);

    if (group == NULL) {
        group = ngx_cc_ask_group_create(&attach);

        if (group == NULL) {
            return NGX_ERROR;
        }
    }

    if (group->timer.timer_set) {
        ngx_del_timer(&group->timer);
    }

    if (++group->serial == 0) {
        group->serial = 1;
    }

    ask->group = group;
    ask->serial = group->serial;
    ngx_queue_insert_tail(&group->asks, &ask->member);

    if (group->ready) {
        /* from the mark that there is by now */
        ngx_cc_ask_group_flush(&group->flush);
        ask->peer.handlers->message(ask,
                                (ngx_cc_wire_msg_t *) &group->attached);
    }

    return NGX_OK;
}


void
ngx_cc_ask_group_leave(ngx_cc_ask_t *ask)
{
    ngx_cc_wire_woke_t   unwait;
    ngx_cc_ask_group_t  *group;

    group = ask->group;

    if (group == NULL) {
        return;
    }

    ask->group = NULL;
    ngx_queue_remove(&ask->member);

    if (group->reading == ask) {
        group->reading = NULL;

    } else if (ask->spec.what == NGX_CC_ASK_WAIT
               && ask->answer.woke.serial == 0
               && !ngx_cc_ask_group_unsay(group, ask->serial))
    {
        ngx_cc_wire_init(&unwait, NGX_CC_WIRE_UNWAIT, 0, sizeof(unwait));
        unwait.serial = ask->serial;
        ngx_cc_ask_group_send(group, &unwait, sizeof(unwait));
    }

    if (ngx_queue_empty(&group->asks)) {
        ngx_add_timer(&group->timer, NGX_CC_ASK_GROUP_IDLE);
    }
}


void
ngx_cc_ask_group_send(ngx_cc_ask_group_t *group, const void *msg, size_t n)
{
    ngx_cc_ask_group_unsent_t  *unsent;

    if (!group->ready
        || (ngx_queue_empty(&group->unsent)
            && ngx_cc_peer_send(&group->peer, msg, n) != NGX_AGAIN))
    {
        return;
    }

    unsent = ngx_alloc(sizeof(*unsent) + n, ngx_cycle->log);

    if (unsent) {
        unsent->len = n;
        ngx_memcpy(unsent + 1, msg, n);
        ngx_queue_insert_tail(&group->unsent, &unsent->queue);
    }
}


void
ngx_cc_ask_group_mark(ngx_cc_ask_group_t *group, const ngx_cc_wire_mark_t *mark)
{
    ngx_cc_wire_head_t  *marks;

    if (group->marks && ngx_cc_ask_group_merge(group->marks, mark)) {
        return;
    }

    if (group->marks
        && group->marks->size + sizeof(*mark) > NGX_CC_ASK_GROUP_MARKS)
    {
        ngx_cc_ask_group_flush(&group->flush);
    }

    if (group->marks == NULL) {
        marks = ngx_alloc(NGX_CC_ASK_GROUP_MARKS, ngx_cycle->log);

        if (marks == NULL) {
            ngx_cc_ask_group_send(group, mark, sizeof(*mark));
            return;
        }

        ngx_cc_wire_init(marks, NGX_CC_WIRE_BUNDLE, 0, sizeof(*marks));
        group->marks = marks;
        ngx_post_event(&group->flush, &ngx_posted_events);
    }

    ngx_memcpy((u_char *) group->marks + group->marks->size, mark,
               sizeof(*mark));
    group->marks->size += sizeof(*mark);
}


/* 1: it is the reader of the last one, who has got further */

static ngx_uint_t
ngx_cc_ask_group_merge(ngx_cc_wire_head_t *marks,
    const ngx_cc_wire_mark_t *mark)
{
    ngx_uint_t           i;
    ngx_cc_wire_mark_t  *last;

    last = (ngx_cc_wire_mark_t *) ((u_char *) marks + marks->size
                                   - sizeof(*mark));

    if (ngx_memcmp(last->reader, mark->reader, NGX_CC_WIRE_READER) != 0) {
        return 0;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {

        if (mark->next[i] != UINT64_MAX
            && (last->next[i] == UINT64_MAX || mark->next[i] > last->next[i]))
        {
            last->next[i] = mark->next[i];
        }
    }

    return 1;
}


/* a WAIT that was not even sent need not be withdrawn: 1 when it was there */

static ngx_uint_t
ngx_cc_ask_group_unsay(ngx_cc_ask_group_t *group, uint32_t serial)
{
    ngx_queue_t                *q;
    ngx_cc_wire_wait_t         *wait;
    ngx_cc_ask_group_unsent_t  *unsent;

    for (q = ngx_queue_head(&group->unsent);
         q != &group->unsent;
         q = ngx_queue_next(q))
    {
        unsent = ngx_queue_data(q, ngx_cc_ask_group_unsent_t, queue);
        wait = (ngx_cc_wire_wait_t *) (unsent + 1);

        if (wait->head.type == NGX_CC_WIRE_WAIT && wait->serial == serial) {
            ngx_queue_remove(q);
            ngx_free(unsent);
            return 1;
        }
    }

    return 0;
}


static ngx_queue_t *
ngx_cc_ask_group_place(const ngx_cc_handle_t *handle)
{
    ngx_queue_t  *place;

    place = &ngx_cc_ask_group_table[handle->byte[0]
                                    & (NGX_CC_ASK_GROUP_TABLE - 1)];

    if (place->next == NULL) {
        ngx_queue_init(place);
    }

    return place;
}


static ngx_cc_ask_group_t *
ngx_cc_ask_group_find(const ngx_cc_wire_attach_t *attach)
{
    ngx_queue_t         *q, *place;
    ngx_cc_ask_group_t  *group;

    place = ngx_cc_ask_group_place(&attach->handle);

    for (q = ngx_queue_head(place); q != place; q = ngx_queue_next(q)) {
        group = ngx_queue_data(q, ngx_cc_ask_group_t, queue);

        if (ngx_memcmp(&group->attach, attach, sizeof(*attach)) == 0) {
            return group;
        }
    }

    return NULL;
}


static ngx_cc_ask_group_t *
ngx_cc_ask_group_create(const ngx_cc_wire_attach_t *attach)
{
    ngx_cc_ask_group_t  *group;

    group = ngx_calloc(sizeof(ngx_cc_ask_group_t), ngx_cycle->log);

    if (group == NULL) {
        return NULL;
    }

    group->attach = *attach;
    ngx_queue_init(&group->asks);
    ngx_queue_init(&group->unsent);
    ngx_queue_insert_tail(ngx_cc_ask_group_place(&attach->handle),
                          &group->queue);

    group->flush.handler = ngx_cc_ask_group_flush;
    group->flush.data = group;
    group->flush.log = ngx_cycle->log;

    group->timer.handler = ngx_cc_ask_group_idle;
    group->timer.data = group;
    group->timer.log = ngx_cycle->log;
    group->timer.cancelable = 1;

    group->peer.handlers = &ngx_cc_ask_group_peer_handlers;
    group->peer.data = group;
    group->peer.log = ngx_cycle->log;
    ngx_cc_peer_open(&group->peer, attach->handle.byte);

    return group;
}


static void
ngx_cc_ask_group_free(ngx_cc_ask_group_t *group)
{
    if (group->timer.timer_set) {
        ngx_del_timer(&group->timer);
    }

    ngx_cc_ask_group_flush(&group->flush);
    ngx_cc_peer_close(&group->peer);

    while (!ngx_queue_empty(&group->unsent)) {
        ngx_cc_ask_group_sent(group);
    }

    ngx_free(group);
}


/* the first of what was not sent has been, or will not be */

static void
ngx_cc_ask_group_sent(ngx_cc_ask_group_t *group)
{
    ngx_queue_t  *q;

    q = ngx_queue_head(&group->unsent);
    ngx_queue_remove(q);
    ngx_free(ngx_queue_data(q, ngx_cc_ask_group_unsent_t, queue));
}


static void
ngx_cc_ask_group_idle(ngx_event_t *ev)
{
    ngx_cc_ask_group_t  *group = ev->data;

    if (ngx_queue_empty(&group->asks)) {
        ngx_queue_remove(&group->queue);
        ngx_cc_ask_group_free(group);
    }
}


static void
ngx_cc_ask_group_flush(ngx_event_t *ev)
{
    ngx_cc_ask_group_t  *group = ev->data;

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (group->marks) {
        ngx_cc_ask_group_send(group, group->marks, group->marks->size);
        ngx_free(group->marks);
        group->marks = NULL;
    }
}


static void
ngx_cc_ask_group_ready(void *data)
{
    ngx_cc_ask_group_t  *group = data;

    (void) ngx_cc_peer_send(&group->peer, &group->attach,
                            sizeof(group->attach));
}


static void
ngx_cc_ask_group_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_ask_t            *ask;
    ngx_cc_ask_group_t      *group = data;
    ngx_cc_wire_kept_msg_t  *kept;

    kept = (ngx_cc_wire_kept_msg_t *) msg;

    switch (msg->head.type) {

    case NGX_CC_WIRE_ATTACHED:
        if (!group->ready) {
            ngx_cc_ask_group_attached(group, &kept->attached);
            return;
        }

        break;

    case NGX_CC_WIRE_WOKE:
        ngx_cc_ask_group_woke(group, &kept->woke);
        return;

    case NGX_CC_WIRE_DATA:
        break;

    case NGX_CC_WIRE_ENTRY:
        ask = group->reading;
        group->reading = NULL;

        if (ask) {
            ask->peer.handlers->message(ask, msg);
        }

        return;

    case NGX_CC_WIRE_DETACHED:
        ngx_cc_ask_group_tell(group, msg);
        return;

    default:
        return;
    }

    if (group->reading) {
        group->reading->peer.handlers->message(group->reading, msg);
    }
}


/* who was not let in has no group: the next one tries for himself */

static void
ngx_cc_ask_group_attached(ngx_cc_ask_group_t *group,
    const ngx_cc_wire_attached_t *msg)
{
    ngx_cc_wire_attached_t  attached;

    attached = *msg;

    if (attached.denied) {
        ngx_queue_remove(&group->queue);
        ngx_queue_init(&group->queue);

    } else {
        group->attached = attached;
        group->ready = 1;
    }

    ngx_cc_ask_group_tell(group, (ngx_cc_wire_msg_t *) &attached);
}


/* of one that has left meanwhile: what follows is nobody's */

static void
ngx_cc_ask_group_woke(ngx_cc_ask_group_t *group, ngx_cc_wire_woke_t *msg)
{
    ngx_queue_t   *q;
    ngx_cc_ask_t  *ask;

    /* nothing follows one that is refused: it may come between others' */

    if (msg->reason != NGX_CC_WOKE_REFUSED) {
        group->reading = NULL;
    }

    for (q = ngx_queue_head(&group->asks);
         q != &group->asks;
         q = ngx_queue_next(q))
    {
        ask = ngx_queue_data(q, ngx_cc_ask_t, member);

        if (ask->serial == msg->serial) {

            if (ask->reads && msg->reason != NGX_CC_WOKE_REFUSED) {
                group->reading = ask;
            }

            ask->peer.handlers->message(ask, (ngx_cc_wire_msg_t *) msg);
            return;
        }
    }
}


/*
 * All that are there now.  Each of them may close itself and others, and others
 * may come.
 */

static void
ngx_cc_ask_group_tell(ngx_cc_ask_group_t *group, ngx_cc_wire_msg_t *msg)
{
    ngx_queue_t    asks, *q;
    ngx_cc_ask_t  *ask;

    if (ngx_queue_empty(&group->asks)) {
        return;
    }

    ngx_queue_init(&asks);
    ngx_queue_add(&asks, &group->asks);
    ngx_queue_init(&group->asks);

    while (!ngx_queue_empty(&asks)) {
        q = ngx_queue_head(&asks);
        ask = ngx_queue_data(q, ngx_cc_ask_t, member);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&group->asks, q);

        ask->peer.handlers->message(ask, msg);
    }
}


static void
ngx_cc_ask_group_writable(void *data)
{
    ngx_cc_ask_group_t         *group = data;
    ngx_cc_ask_group_unsent_t  *unsent;

    while (!ngx_queue_empty(&group->unsent)) {
        unsent = ngx_queue_data(ngx_queue_head(&group->unsent),
                                ngx_cc_ask_group_unsent_t, queue);

        if (ngx_cc_peer_send(&group->peer, unsent + 1, unsent->len)
            == NGX_AGAIN)
        {
            return;
        }

        ngx_cc_ask_group_sent(group);
    }
}


/* those who come now have another one */

static void
ngx_cc_ask_group_gone(void *data, ngx_cc_peer_gone_e why)
{
    ngx_queue_t         *q;
    ngx_cc_ask_t        *ask;
    ngx_cc_ask_group_t  *group = data;

    ngx_queue_remove(&group->queue);
    group->ready = 0;

    while (!ngx_queue_empty(&group->asks)) {
        q = ngx_queue_head(&group->asks);
        ask = ngx_queue_data(q, ngx_cc_ask_t, member);

        ngx_queue_remove(q);
        ask->group = NULL;
        ask->peer.handlers->gone(ask, why);
    }

    ngx_cc_ask_group_free(group);
}
