
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_call.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_index.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_zone.h"


#define NGX_CC_CALL_PATIENCE  10000      /* ms that a helper has to answer, and,
                                            beyond the grace, to end it */


struct ngx_cc_call_s {
    ngx_cc_index_place_t     place;
    ngx_cc_wire_reach_t     *message;    /* LISTEN, until it is sent */
    ngx_event_t              timer;

    ngx_cc_helper_handle_t  *helper;

    /* when there is no object any more */
    ngx_cc_slot_t            slot;
    pid_t                    pid;        /* of the command */
    uint64_t                 start;      /* ms since 1970 */
    ngx_cc_cause_e           cause;      /* of ABANDON */
    ngx_msec_t               grace;

    unsigned                 observed:1; /* nothing is told of it, and it ends
                                            with its object */
    unsigned                 listening:1;
    unsigned                 indexed:1;  /* the place is the helper's */
    unsigned                 free:1;     /* its helper is */
    unsigned                 delivered:1;
    unsigned                 exited:1;
    unsigned                 delivered_due:1;
    unsigned                 leave_due:1;    /* ATTACH MONITOR */
    unsigned                 abandon_due:1;
    unsigned                 abandoned:1;
};


static ngx_cc_index_room_e ngx_cc_call_reserve(ngx_cc_call_t *call,
    const ngx_cc_command_conf_t *conf);
static void ngx_cc_call_drop(ngx_cc_command_link_t *cl);
static ngx_int_t ngx_cc_call_listening(ngx_cc_call_t *call,
    ngx_cc_command_link_t *cl, const ngx_cc_wire_reached_t *msg);
static void ngx_cc_call_index(ngx_cc_call_t *call, pid_t pid, uint64_t start);
static void ngx_cc_call_taken(ngx_cc_command_link_t *cl);
static void ngx_cc_call_late(ngx_event_t *ev);
static void ngx_cc_call_leave(ngx_cc_command_link_t *cl);
static void ngx_cc_call_abandon(ngx_cc_call_t *call, ngx_cc_cause_e cause);
static void ngx_cc_call_patience(ngx_cc_call_t *call);
static void ngx_cc_call_settled(ngx_cc_call_t *call, int error);
static void ngx_cc_call_heard(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_call_writable(void *data);
static ngx_int_t ngx_cc_call_say(ngx_cc_call_t *call, void *msg);
static void ngx_cc_call_lost(void *data);
static void ngx_cc_call_stuck(ngx_event_t *ev);
static void ngx_cc_call_over(ngx_cc_call_t *call, ngx_uint_t reusable);
static void ngx_cc_call_free(ngx_cc_call_t *call);
static void ngx_cc_call_forget(ngx_cc_call_t *call);


static const ngx_cc_helper_handle_user_t  ngx_cc_call_user = {
    ngx_cc_call_heard,
    ngx_cc_call_writable,
    ngx_cc_call_lost
};


ngx_cc_start_e
ngx_cc_command_listen(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec)
{
    ngx_cc_call_t          *call;
    ngx_cc_index_room_e     rc;
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (!ngx_cc_command_handover_may(cl)) {
        return NGX_CC_START_UNAVAILABLE;
    }

    call = ngx_calloc(sizeof(ngx_cc_call_t), ngx_cycle->log);

    if (call == NULL) {
        return NGX_CC_START_UNAVAILABLE;
    }

    cl->call = call;
    call->helper = cl->helper;
    call->message = ngx_cc_command_handover_message(cl, spec,
                                                    NGX_CC_WIRE_LISTEN);
    if (call->message == NULL) {
        ngx_cc_call_drop(cl);
        return NGX_CC_START_UNAVAILABLE;
    }

    call->observed = spec->observed;
    call->message->resume = call->observed ? 0 : cl->conf->keep.resume;
    call->message->keep.flags |= NGX_CC_KEEP_DROP;

    rc = ngx_cc_call_reserve(call, cl->conf);

    if (rc != NGX_CC_INDEX_OK) {
        ngx_cc_call_drop(cl);
        return rc == NGX_CC_INDEX_OWNER_FULL ? NGX_CC_START_KEPT_OWNER
                                             : NGX_CC_START_KEPT;
    }

    call->timer.handler = ngx_cc_call_late;
    call->timer.data = cl;
    call->timer.log = ngx_cycle->log;

    if (!call->observed) {
        /* whom nobody waits for is not lost for that */
        ngx_add_timer(&call->timer, NGX_CC_CALL_PATIENCE);
    }

    ngx_cc_command_send(cl);

    return NGX_CC_START_OK;
}


static ngx_cc_index_room_e
ngx_cc_call_reserve(ngx_cc_call_t *call, const ngx_cc_command_conf_t *conf)
{
    const ngx_cc_wire_reach_t  *msg = call->message;

    if (call->observed) {
        return ngx_cc_index_reserve_observed(conf->slots, msg->handle.byte,
                                             msg->owner, conf->max_commands,
                                             &call->place);
    }

    return ngx_cc_index_reserve_call(conf->slots, msg->handle.byte, msg->owner,
                                     conf->keep.max_calls, conf->keep.observed,
                                     &call->place);
}


void
ngx_cc_command_delivered(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_OVER) {
        return;
    }

    if (cl->call) {
        cl->call->delivered = 1;
    }

    if (cl->watch) {
        cl->watch->delivered = 1;
    }
}


ngx_int_t
ngx_cc_call_send(ngx_cc_command_link_t *cl)
{
    ngx_cc_wire_reach_t  *msg = cl->call->message;

    if (msg == NULL) {
        return NGX_OK;
    }

    /* as a CREDIT would say; what is read later has its own */

    msg->head.run = cl->helper->run;
    msg->tail = cl->reader.pos;

    if (ngx_cc_channel_send(&cl->helper->channel, msg, msg->head.size)
        == NGX_AGAIN)
    {
        return NGX_AGAIN;
    }

    cl->credited = cl->reader.pos;
    ngx_cc_command_handover_forget(&cl->call->message);

    return NGX_OK;
}


ngx_int_t
ngx_cc_call_message(ngx_cc_command_link_t *cl, const ngx_cc_wire_msg_t *msg)
{
    ngx_int_t       rc;
    ngx_uint_t      observed;
    ngx_cc_call_t  *call = cl->call;

    switch (msg->head.type) {

    case NGX_CC_WIRE_LISTENING:
        if (call->listening || call->message) {
            return NGX_OK;
        }

        observed = call->observed;
        rc = ngx_cc_call_listening(call, cl,
                                   (const ngx_cc_wire_reached_t *) msg);
        if (rc != NGX_OK) {
            cl->public.error = ((const ngx_cc_wire_reached_t *) msg)->error;
            ngx_cc_call_drop(cl);
        }

        if (observed) {
            return NGX_OK;
        }

        (void) ngx_cc_command_link_tell(cl, rc == NGX_OK
                                            ? NGX_CC_COMMAND_LISTENING
                                            : NGX_CC_COMMAND_UNKEPT);
        return NGX_OK;

    case NGX_CC_WIRE_DETACHED:
        if (cl->public.state != NGX_CC_COMMAND_OVER || call->exited) {
            ngx_cc_call_taken(cl);
        }

        return NGX_OK;

    case NGX_CC_WIRE_FREE:
        /* somebody else has delivered it, or it was canceled */
        call->free = 1;
        ngx_cc_call_forget(call);
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/* NGX_OK; NGX_DECLINED: it cannot be reached */

static ngx_int_t
ngx_cc_call_listening(ngx_cc_call_t *call, ngx_cc_command_link_t *cl,
    const ngx_cc_wire_reached_t *msg)
{
    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (msg->error) {
        return NGX_DECLINED;
    }

    call->listening = 1;

    ngx_cc_call_index(call, cl->public.pid, cl->public.start);

    return NGX_OK;
}


/* without an entry it is found by its handle all the same */

static void
ngx_cc_call_index(ngx_cc_call_t *call, pid_t pid, uint64_t start)
{
    call->indexed = ngx_cc_index_hand_over(&call->place, call->helper->pid,
                                           pid, start * 1000)
                    == NGX_OK;
}


static void
ngx_cc_call_late(ngx_event_t *ev)
{
    ngx_cc_command_link_lose(ev->data, "its helper does not listen");
}


/* by another connection: this one reads nothing any more, and says so */

static void
ngx_cc_call_taken(ngx_cc_command_link_t *cl)
{
    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.detached = NGX_CC_COMMAND_TAKEN;
    cl->head = cl->reader.pos;

    cl->call->slot = cl->slot;
    ngx_memzero(&cl->slot, sizeof(ngx_cc_slot_t));

    cl->call->leave_due = 1;
    ngx_cc_call_leave(cl);
    ngx_cc_command_link_over(cl);

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_DETACHED);
}


void
ngx_cc_call_exited(ngx_cc_command_link_t *cl)
{
    if (cl->call == NULL) {
        return;
    }

    cl->call->exited = 1;

    if (!cl->call->listening) {
        ngx_cc_call_drop(cl);
    }
}


ngx_uint_t
ngx_cc_call_holds(const ngx_cc_command_link_t *cl)
{
    return cl->call && cl->call->listening && !cl->helper->dead;
}


void
ngx_cc_call_close(ngx_cc_command_link_t *cl)
{
    ngx_uint_t         over;
    ngx_cc_call_t     *call = cl->call;
    ngx_cc_command_t  *cmd = &cl->public;

    if (call == NULL) {
        return;
    }

    over = (cmd->state == NGX_CC_COMMAND_OVER && call->exited);

    if (cl->helper == NULL || cl->helper->dead || call->message
        || (call->free && over))
    {
        ngx_cc_call_drop(cl);
        return;
    }

    call->slot = cl->slot;
    ngx_memzero(&cl->slot, sizeof(ngx_cc_slot_t));

    if (over && (call->delivered || call->observed || cmd->canceling)) {
        call->delivered_due = 1;

    } else if (call->observed || cmd->canceling
               || (cmd->state == NGX_CC_COMMAND_OVER && !over))
    {
        ngx_cc_call_abandon(call, cmd->canceling ? cl->ends
                                                 : NGX_CC_CAUSE_DISCONNECT);

    } else if (call->listening) {
        call->leave_due = 1;
    }

    /* else it is not known yet whether it goes on */

    ngx_cc_call_leave(cl);
}


/* it goes on without an object: the helper is the call's from here on */

static void
ngx_cc_call_leave(ngx_cc_command_link_t *cl)
{
    ngx_cc_call_t  *call = cl->call;

    call->pid = cl->public.pid;
    call->start = cl->public.start;
    call->grace = cl->conf->kill_grace;
    cl->helper = NULL;
    cl->call = NULL;

    ngx_cc_pool_use(call->helper, &ngx_cc_call_user, call);

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->exited) {
        ngx_cc_zone_free(&call->slot);
    }

    if (!call->leave_due) {
        ngx_cc_call_patience(call);
    }

    ngx_cc_call_writable(call);
}


static void
ngx_cc_call_abandon(ngx_cc_call_t *call, ngx_cc_cause_e cause)
{
    call->abandoned = 1;
    call->abandon_due = 1;
    call->cause = cause;
}


/* it has to answer, or to end */

static void
ngx_cc_call_patience(ngx_cc_call_t *call)
{
    call->timer.handler = ngx_cc_call_stuck;
    call->timer.data = call;
    call->timer.cancelable = 1;
    ngx_add_timer(&call->timer, call->grace + NGX_CC_CALL_PATIENCE);
}


static void
ngx_cc_call_heard(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_call_t                *call = data;
    ngx_cc_helper_handle_t       *h = call->helper;
    const ngx_cc_wire_reached_t  *reached;

    switch (msg->head.type) {

    case NGX_CC_WIRE_LISTENING:
        reached = (const ngx_cc_wire_reached_t *) msg;
        ngx_cc_call_settled(call, reached->error);
        return;

    case NGX_CC_WIRE_EXITED:
        call->exited = 1;
        ngx_cc_record_exited(&h->record, &msg->exited);
        ngx_cc_zone_free(&call->slot);

        if (!call->listening) {
            ngx_cc_call_over(call, msg->head.flags & NGX_CC_EXITED_REUSABLE);
        }

        return;

    case NGX_CC_WIRE_FREE:
        ngx_cc_call_over(call, 1);
        return;

    default:
        return;
    }
}


/* its client was lost meanwhile: if it cannot be reached it ends */

static void
ngx_cc_call_settled(ngx_cc_call_t *call, int error)
{
    call->listening = (error == 0);

    if (call->abandoned) {
        return;
    }

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->listening) {
        ngx_cc_call_index(call, call->pid, call->start);
        call->leave_due = 1;

    } else {
        ngx_cc_call_abandon(call, NGX_CC_CAUSE_DISCONNECT);
        ngx_cc_call_patience(call);
    }

    ngx_cc_call_writable(call);
}


static void
ngx_cc_call_writable(void *data)
{
    ngx_cc_call_t  *call = data;

    union {
        ngx_cc_wire_head_t    head;
        ngx_cc_wire_attach_t  attach;
    } msg;

    if (call->leave_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_ATTACH, 0, sizeof(msg.attach));
        msg.head.flags = NGX_CC_ATTACH_MONITOR;
        ngx_memcpy(msg.attach.handle.byte, call->place.name,
                   NGX_CC_INDEX_NAME);

        call->leave_due = (ngx_cc_call_say(call, &msg) == NGX_AGAIN);
    }

    if (call->delivered_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_DELIVERED, 0, sizeof(msg.head));
        call->delivered_due = (ngx_cc_call_say(call, &msg) == NGX_AGAIN);
    }

    if (call->abandon_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_ABANDON, 0, sizeof(msg.head));
        msg.head.flags = call->cause;
        call->abandon_due = (ngx_cc_call_say(call, &msg) == NGX_AGAIN);
    }
}


static ngx_int_t
ngx_cc_call_say(ngx_cc_call_t *call, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    head->run = call->helper->run;

    return ngx_cc_channel_send(&call->helper->channel, msg, head->size);
}


static void
ngx_cc_call_lost(void *data)
{
    ngx_cc_call_t  *call = data;

    if (!call->exited) {
        ngx_cc_record_lost(&call->helper->record, NGX_CC_CAUSE_LOST);
    }

    ngx_cc_call_over(call, 0);
}


static void
ngx_cc_call_stuck(ngx_event_t *ev)
{
    ngx_cc_call_t  *call = ev->data;

    ngx_log_error(NGX_LOG_ERR, ev->log, 0,
                  "cc_executor: helper %P did not end a call, it is killed",
                  call->helper->pid);

    ngx_cc_pool_kill(call->helper);
    ngx_cc_call_lost(call);
}


static void
ngx_cc_call_over(ngx_cc_call_t *call, ngx_uint_t reusable)
{
    ngx_cc_pool_put(call->helper, reusable);
    ngx_cc_zone_free(&call->slot);
    ngx_cc_call_free(call);
}


/* it is as any bound command */

static void
ngx_cc_call_drop(ngx_cc_command_link_t *cl)
{
    ngx_cc_call_free(cl->call);
    cl->call = NULL;
}


static void
ngx_cc_call_free(ngx_cc_call_t *call)
{
    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    ngx_cc_call_forget(call);
    ngx_cc_index_release(&call->place);
    ngx_cc_command_handover_forget(&call->message);
    ngx_free(call);
}


/* once: another one may have the same name soon */

static void
ngx_cc_call_forget(ngx_cc_call_t *call)
{
    if (call->indexed) {
        call->indexed = 0;
        ngx_cc_index_withdraw(&call->place);
    }
}
