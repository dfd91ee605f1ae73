
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_peer.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_zone.h"


#define NGX_CC_KEPT_LOOK   1000          /* ms between looks */


struct ngx_cc_kept_s {
    ngx_queue_t              queue;
    ngx_cc_index_place_t     place;
    ngx_cc_helper_handle_t  *helper;     /* of the starter: control socket */
    ngx_cc_command_link_t   *link;       /* its first reader, or NULL */
    ngx_cc_record_t          record;     /* of who started it */
    ngx_cc_peer_t            peer;       /* else */

    unsigned                 minded:1;   /* it is in the queue */
    unsigned                 connected:1;    /* "peer" is open */
    unsigned                 told:1;
    unsigned                 ack_due:1;
    unsigned                 told_due:1;
    unsigned                 cancel_due:1;
};


static void ngx_cc_kept_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_kept_writable(void *data);
static void ngx_cc_kept_lost(void *data);
static ngx_int_t ngx_cc_kept_say(ngx_cc_kept_t *kept, ngx_uint_t type,
    ngx_uint_t flags);
static void ngx_cc_kept_mind(ngx_cc_kept_t *kept);
static void ngx_cc_kept_peer_ready(void *data);
static void ngx_cc_kept_peer_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_kept_peer_writable(void *data);
static void ngx_cc_kept_peer_gone(void *data, ngx_cc_peer_gone_e why);
static void ngx_cc_kept_unpassed(ngx_cc_kept_t *kept,
    const ngx_cc_wire_unpassed_t *msg);
static void ngx_cc_kept_ended(ngx_cc_kept_t *kept, ngx_cc_wire_msg_t *msg);
static void ngx_cc_kept_end(ngx_cc_kept_t *kept,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause);
static void ngx_cc_kept_free(ngx_cc_kept_t *kept);
static void ngx_cc_kept_look(ngx_event_t *ev);


static const ngx_cc_helper_handle_user_t  ngx_cc_kept_user = {
    ngx_cc_kept_message,
    ngx_cc_kept_writable,
    ngx_cc_kept_lost
};


static const ngx_cc_peer_handlers_t  ngx_cc_kept_peer = {
    ngx_cc_kept_peer_ready,
    ngx_cc_kept_peer_message,
    ngx_cc_kept_peer_writable,
    ngx_cc_kept_peer_gone
};


static ngx_queue_t  ngx_cc_kept_queue = {
    &ngx_cc_kept_queue, &ngx_cc_kept_queue
};

static ngx_uint_t        ngx_cc_kept_connections;
static ngx_event_t       ngx_cc_kept_timer;
static ngx_connection_t  ngx_cc_kept_nobody = { .fd = (ngx_socket_t) -1 };
static ngx_cc_kept_heard_pt  ngx_cc_kept_heard;


void
ngx_cc_kept_start(ngx_cc_kept_heard_pt heard, ngx_log_t *log)
{
    ngx_event_t  *ev = &ngx_cc_kept_timer;

    ngx_cc_kept_heard = heard;

    ev->handler = ngx_cc_kept_look;
    ev->data = &ngx_cc_kept_nobody;
    ev->log = log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_CC_KEPT_LOOK);
}


void
ngx_cc_kept_stop(void)
{
    ngx_queue_t    *q;
    ngx_cc_kept_t  *kept;

    if (ngx_cc_kept_timer.timer_set) {
        ngx_del_timer(&ngx_cc_kept_timer);
    }

    for (q = ngx_queue_head(&ngx_cc_kept_queue);
         q != &ngx_cc_kept_queue;
         q = ngx_queue_next(q))
    {
        kept = ngx_queue_data(q, ngx_cc_kept_t, queue);
        ngx_cc_index_unmind(&kept->place);
    }
}


ngx_cc_start_e
ngx_cc_kept_reserve(ngx_cc_command_conf_t *conf,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_kept_t **kept)
{
    ngx_cc_kept_t        *k;
    ngx_cc_index_room_e   rc;
    ngx_cc_index_told_t   oldest;

    static const uint8_t  nobody[NGX_CC_INDEX_NAME];

    k = ngx_calloc(sizeof(ngx_cc_kept_t), ngx_cycle->log);

    if (k == NULL) {
        return NGX_CC_START_UNAVAILABLE;
    }

    for ( ;; ) {
        rc = ngx_cc_index_reserve(conf->slots, name, owner, conf->keep.max,
                                  conf->keep.max_per_owner, &k->place,
                                  &oldest);
        if (rc == NGX_CC_INDEX_OK) {
            break;
        }

        if (ngx_memcmp(oldest.name, nobody, NGX_CC_INDEX_NAME) == 0) {
            ngx_free(k);
            return rc == NGX_CC_INDEX_OWNER_FULL ? NGX_CC_START_KEPT_OWNER
                                                 : NGX_CC_START_KEPT;
        }

        /* the oldest that ended and was read makes room */

        ngx_cc_index_evict(oldest.name);
        ngx_cc_ask_remove(oldest.name);
    }

    *kept = k;

    return NGX_CC_START_OK;
}


void
ngx_cc_kept_drop(ngx_cc_kept_t *kept)
{
    ngx_cc_index_release(&kept->place);
    ngx_free(kept);
}


ngx_int_t
ngx_cc_kept_born(ngx_cc_kept_t *kept, ngx_cc_command_link_t *cl)
{
    ngx_cc_helper_handle_t  *h;

    h = cl->helper;

    if (ngx_cc_index_hand_over(&kept->place, h->pid, cl->public.pid,
                               cl->public.start * 1000)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_cc_pool_leave(h) != NGX_OK) {
        ngx_cc_index_withdraw(&kept->place);
        return NGX_ERROR;
    }

    kept->helper = h;
    kept->link = cl;
    ngx_cc_record_move(&kept->record, &h->record);

    ngx_queue_insert_tail(&ngx_cc_kept_queue, &kept->queue);
    ngx_cc_kept_connections++;
    kept->minded = 1;

    ngx_cc_pool_use(h, &ngx_cc_kept_user, kept);

    kept->ack_due = 1;
    ngx_cc_kept_writable(kept);

    return NGX_OK;
}


void
ngx_cc_kept_told(ngx_cc_kept_t *kept)
{
    if (!kept->told) {
        kept->told = 1;
        kept->told_due = 1;
        ngx_cc_kept_writable(kept);
    }
}


void
ngx_cc_kept_leave(ngx_cc_kept_t *kept)
{
    kept->link = NULL;

    if (!kept->told) {
        kept->cancel_due = 1;
        ngx_cc_kept_writable(kept);
    }

    ngx_cc_kept_mind(kept);
}


ngx_int_t
ngx_cc_kept_post(ngx_cc_kept_t *kept, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    if (kept->helper->dead) {
        return NGX_DECLINED;
    }

    head->run = kept->helper->run;

    return ngx_cc_channel_send(&kept->helper->channel, msg, head->size);
}


ngx_cc_record_t *
ngx_cc_kept_record(ngx_cc_kept_t *kept)
{
    return &kept->record;
}


/* what comes by the control socket */

static void
ngx_cc_kept_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_kept_t  *kept = data;

    if (msg->head.type == NGX_CC_WIRE_EXITED) {
        ngx_cc_kept_ended(kept, msg);
        return;
    }

    if (msg->head.type == NGX_CC_WIRE_UNPASSED) {
        ngx_cc_kept_unpassed(kept, &msg->unpassed);
    }

    if (kept->link) {
        ngx_cc_command_link_message(kept->link, msg);
    }
}


/* ACK goes before everything else, and TOLD before CANCEL */

static void
ngx_cc_kept_writable(void *data)
{
    ngx_cc_kept_t  *kept = data;

    if (kept->ack_due) {
        if (ngx_cc_kept_say(kept, NGX_CC_WIRE_ACK, 0) == NGX_AGAIN) {
            return;
        }

        kept->ack_due = 0;
    }

    if (kept->told_due) {
        if (ngx_cc_kept_say(kept, NGX_CC_WIRE_TOLD, 0) == NGX_AGAIN) {
            return;
        }

        kept->told_due = 0;
    }

    if (kept->cancel_due) {
        if (ngx_cc_kept_say(kept, NGX_CC_WIRE_CANCEL,
                            NGX_CC_CAUSE_DISCONNECT)
            == NGX_AGAIN)
        {
            return;
        }

        kept->cancel_due = 0;
    }

    if (kept->link) {
        ngx_cc_command_send(kept->link);
    }
}


static ngx_int_t
ngx_cc_kept_say(ngx_cc_kept_t *kept, ngx_uint_t type, ngx_uint_t flags)
{
    ngx_cc_wire_head_t  msg;

    ngx_cc_wire_init(&msg, type, 0, sizeof(msg));
    msg.flags = flags;

    return ngx_cc_kept_post(kept, &msg);
}


/* the control socket has ended, and EXITED did not come by it */

static void
ngx_cc_kept_lost(void *data)
{
    ngx_cc_kept_t          *kept = data;
    ngx_cc_command_link_t  *cl;

    cl = kept->link;

    ngx_cc_pool_put(kept->helper, 0);
    kept->helper = NULL;

    if (kept->connected) {
        /* whoever comes after it will know */
        return;
    }

    ngx_cc_kept_end(kept, NULL, NGX_CC_CAUSE_LOST);
    ngx_cc_kept_free(kept);

    if (cl) {
        cl->watch->kept = NULL;
        ngx_cc_watch_gone(cl);
    }
}


/* from now on by a connection like everybody's, and without output */

static void
ngx_cc_kept_mind(ngx_cc_kept_t *kept)
{
    kept->connected = 1;
    kept->peer.handlers = &ngx_cc_kept_peer;
    kept->peer.data = kept;
    kept->peer.log = ngx_cycle->log;

    ngx_cc_peer_open(&kept->peer, kept->place.name);
}


static void
ngx_cc_kept_peer_ready(void *data)
{
    ngx_cc_kept_t         *kept = data;
    ngx_cc_wire_attach_t   attach;

    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.head.flags = NGX_CC_ATTACH_MONITOR;
    ngx_memcpy(attach.handle.byte, kept->place.name, NGX_CC_PEER_NAME);

    /* the third message of a connection: there is room */

    (void) ngx_cc_peer_send(&kept->peer, &attach, sizeof(attach));
}


static void
ngx_cc_kept_peer_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_kept_t  *kept = data;

    switch (msg->head.type) {

    case NGX_CC_WIRE_ATTACHED:
        if (((ngx_cc_wire_attached_t *) msg)->denied) {
            ngx_cc_kept_peer_gone(kept, NGX_CC_PEER_BUSY);
            return;
        }

        /* the control socket is needed no more */

        if (kept->helper) {
            ngx_cc_pool_put(kept->helper, 0);
            kept->helper = NULL;
        }

        return;

    case NGX_CC_WIRE_UNPASSED:
        ngx_cc_kept_unpassed(kept, &msg->unpassed);
        return;

    case NGX_CC_WIRE_EXITED:
        ngx_cc_kept_ended(kept, msg);
        return;

    default:
        return;
    }
}


static void
ngx_cc_kept_peer_writable(void *data)
{
}


static void
ngx_cc_kept_peer_gone(void *data, ngx_cc_peer_gone_e why)
{
    ngx_cc_kept_t  *kept = data;

    /* one that has left has no process, or will not have for long */

    if ((why == NGX_CC_PEER_ABSENT || why == NGX_CC_PEER_LOST)
        && !ngx_cc_index_alive(&kept->place))
    {
        ngx_cc_kept_end(kept, NULL, NGX_CC_CAUSE_LOST);

    } else {
        /* the next look tries again, here or elsewhere */
        ngx_cc_index_unmind(&kept->place);
    }

    ngx_cc_kept_free(kept);
}


static void
ngx_cc_kept_unpassed(ngx_cc_kept_t *kept, const ngx_cc_wire_unpassed_t *msg)
{
    ngx_cc_index_told_t  told;

    ngx_cc_record_unpassed(&kept->record, msg);

    if (kept->record.entry == NULL && ngx_cc_kept_heard
        && ngx_cc_index_find(kept->place.name, &told) == NGX_OK)
    {
        ngx_cc_kept_heard(&told, NULL, msg);
    }
}


static void
ngx_cc_kept_ended(ngx_cc_kept_t *kept, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_command_link_t  *cl;

    cl = kept->link;

    ngx_cc_kept_end(kept, &msg->exited, msg->exited.cause);
    ngx_cc_kept_free(kept);

    if (cl) {
        cl->watch->kept = NULL;
        ngx_cc_command_link_message(cl, msg);
    }
}


/* index, totals, audit log: if nobody else has told them already */

static void
ngx_cc_kept_end(ngx_cc_kept_t *kept, const ngx_cc_wire_exited_t *exited,
    ngx_cc_cause_e cause)
{
    ngx_cc_index_told_t  told;

    if (ngx_cc_index_ended(&kept->place, exited, cause, &told) != NGX_OK) {
        return;
    }

    /* without an entry the totals are told all the same */

    if (!kept->record.started) {
        kept->record.started = 1;

        if (ngx_cc_kept_heard) {
            ngx_cc_kept_heard(&told, exited, NULL);
        }
    }

    if (exited) {
        ngx_cc_record_exited(&kept->record, exited);

    } else {
        ngx_cc_record_lost(&kept->record, cause);
    }
}


static void
ngx_cc_kept_free(ngx_cc_kept_t *kept)
{
    if (kept->minded) {
        ngx_queue_remove(&kept->queue);
        ngx_cc_kept_connections--;
    }

    if (kept->helper) {
        ngx_cc_pool_put(kept->helper, 0);
    }

    if (kept->connected) {
        ngx_cc_peer_close(&kept->peer);
    }

    ngx_cc_record_forget(&kept->record);

    ngx_free(kept);
}


/* does one run that nobody minds? */

static void
ngx_cc_kept_look(ngx_event_t *ev)
{
    ngx_uint_t             max;
    ngx_cc_kept_t         *kept;
    ngx_cc_index_place_t   place;

    if (ngx_exiting) {
        return;
    }

    max = ngx_cycle->connection_n / 4;

    while (ngx_cc_kept_connections < max
           && ngx_cc_index_mind(&place) == NGX_OK)
    {
        kept = ngx_calloc(sizeof(ngx_cc_kept_t), ngx_cycle->log);

        if (kept == NULL) {
            ngx_cc_index_unmind(&place);
            break;
        }

        kept->place = place;
        kept->minded = 1;
        kept->told = 1;

        ngx_queue_insert_tail(&ngx_cc_kept_queue, &kept->queue);
        ngx_cc_kept_connections++;

        ngx_cc_kept_mind(kept);
    }

    ngx_add_timer(ev, NGX_CC_KEPT_LOOK);
}
