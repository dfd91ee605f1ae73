
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_command_handover.h"
#include "ngx_cc_command_keep.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_watch.h"


#define NGX_CC_COMMAND_HANDOVER_PATIENCE  10000  /* ms that its helper has */


/* everything that KEPT needs is there before KEEP goes out */

struct ngx_cc_handover_s {
    ngx_cc_kept_t        *kept;          /* its place */
    ngx_cc_watch_t       *watch;
    ngx_cc_wire_reach_t  *message;       /* KEEP, until it is sent */
    ngx_msec_t            timeout;
    ngx_event_t           timer;
};


static void ngx_cc_command_handover_kept(ngx_cc_command_link_t *cl);
static void ngx_cc_command_handover_late(ngx_event_t *ev);


ngx_cc_start_e
ngx_cc_command_handover(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec)
{
    ngx_cc_start_e          rc;
    ngx_cc_handover_t      *ho;
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (!ngx_cc_command_handover_may(cl)) {
        return NGX_CC_START_UNAVAILABLE;
    }

    ho = ngx_calloc(sizeof(ngx_cc_handover_t), ngx_cycle->log);

    if (ho == NULL) {
        return NGX_CC_START_UNAVAILABLE;
    }

    cl->handover = ho;

    ho->timer.handler = ngx_cc_command_handover_late;
    ho->timer.data = cl;
    ho->timer.log = ngx_cycle->log;
    ho->timeout = spec->timeout;

    ho->watch = ngx_cc_watch_heir();
    ho->message = ngx_cc_command_handover_message(cl, spec,
                                                  NGX_CC_WIRE_KEEP);

    rc = NGX_CC_START_UNAVAILABLE;

    if (ho->watch && ho->message) {
        rc = ngx_cc_kept_reserve(cl->conf, ho->message->handle.byte,
                                 ho->message->owner, &ho->kept);
    }

    if (rc != NGX_CC_START_OK) {
        ngx_cc_command_handover_end(cl);
        return rc;
    }

    ngx_add_timer(&ho->timer, NGX_CC_COMMAND_HANDOVER_PATIENCE);
    ngx_cc_command_send(cl);

    return NGX_CC_START_OK;
}


ngx_uint_t
ngx_cc_command_handover_may(const ngx_cc_command_link_t *cl)
{
    const ngx_cc_command_t  *cmd = &cl->public;

    return cl->keepable && cl->watch == NULL && cl->handover == NULL
           && cl->call == NULL && cl->helper && !cl->helper->dead
           && cmd->state == NGX_CC_COMMAND_RUNNING && !cmd->canceling
           && !cmd->truncated;
}


ngx_cc_wire_reach_t *
ngx_cc_command_handover_message(ngx_cc_command_link_t *cl,
    const ngx_cc_handover_spec_t *spec, ngx_uint_t type)
{
    u_char               *p;
    size_t                label, shown;
    ngx_cc_wire_reach_t  *msg;

    label = ngx_strlen(spec->label);
    shown = ngx_strlen(spec->shown);

    if (label > NGX_CC_WIRE_MAX_LABEL || shown > NGX_CC_WIRE_MAX_SHOWN) {
        return NULL;
    }

    msg = ngx_alloc(sizeof(ngx_cc_wire_reach_t) + label + shown,
                    ngx_cycle->log);

    if (msg == NULL) {
        return NULL;
    }

    ngx_cc_wire_init(msg, type, 0, sizeof(ngx_cc_wire_reach_t));
    msg->head.size += label + shown;
    msg->run_limit = (type == NGX_CC_WIRE_KEEP) ? spec->timeout : 0;
    msg->label = label;
    msg->shown = shown;

    p = ngx_cpymem((u_char *) (msg + 1), spec->label, label);
    ngx_memcpy(p, spec->shown, shown);

    ngx_memcpy(msg->owner, spec->owner, NGX_CC_OWNER_SIZE);
    msg->keep.flags = spec->drop ? NGX_CC_KEEP_DROP : 0;
    msg->keep.output = cl->conf->keep.output;

    if (spec->handle) {
        msg->handle = *spec->handle;

    } else if (ngx_cc_handle_parse((char *) cl->public.id,
                                   sizeof(cl->public.id), &msg->handle)
               != 0)
    {
        ngx_free(msg);
        return NULL;
    }

    if (ngx_cc_command_keep_fill(cl->conf, &msg->handle, spec->ttl,
                                 &msg->keep)
        != NGX_OK)
    {
        ngx_cc_command_handover_forget(&msg);

    } else if (type != NGX_CC_WIRE_KEEP && !cl->conf->keep.observed) {
        /* nobody else sees a bound one here */
        ngx_memzero(msg->keep.realm, sizeof(msg->keep.realm));
    }

    return msg;
}


void
ngx_cc_command_handover_forget(ngx_cc_wire_reach_t **msg)
{
    if (*msg) {
        ngx_explicit_memzero(*msg, sizeof(ngx_cc_wire_reach_t));
        ngx_free(*msg);
        *msg = NULL;
    }
}


void
ngx_cc_command_handover_send(ngx_cc_command_link_t *cl)
{
    ngx_cc_handover_t    *ho = cl->handover;
    ngx_cc_wire_reach_t  *msg;

    msg = ho->message;

    if (msg == NULL) {
        return;
    }

    msg->head.run = cl->helper->run;
    msg->tail = cl->reader.pos;

    if (ngx_cc_channel_send(&cl->helper->channel, msg, msg->head.size)
        == NGX_AGAIN)
    {
        return;
    }

    cl->credit_due = 0;
    cl->credited = cl->reader.pos;

    ngx_cc_command_handover_forget(&ho->message);
}


void
ngx_cc_command_handover_answer(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_reached_t *msg)
{
    if (cl->handover->message) {
        /* it was not asked */
        ngx_cc_command_link_lose(cl, "an answer that nobody asked for");
        return;
    }

    if (msg->error == 0) {
        ngx_cc_command_handover_kept(cl);
        return;
    }

    ngx_cc_command_handover_end(cl);
    cl->public.error = msg->error;

    /* a CREDIT tells us again what it has told, and what is there since */

    cl->credit_due = 1;
    ngx_cc_command_send(cl);

    if (ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_UNKEPT) == 0
        && cl->reader.pos != cl->head)
    {
        cl->wake(cl->public.data, &cl->public);
    }
}


/* as at birth from here on */

static void
ngx_cc_command_handover_kept(ngx_cc_command_link_t *cl)
{
    ngx_cc_handover_t  *ho = cl->handover;

    ngx_memcpy(cl->public.attached.from, cl->reader.offset,
               sizeof(cl->reader.offset));

    cl->birth = ho->kept;
    cl->timeout = ho->timeout;
    ngx_cc_watch_inherit(cl, ho->watch);

    ho->kept = NULL;
    ho->watch = NULL;
    ngx_cc_command_handover_end(cl);

    ngx_cc_drain_end(&cl->drain);
    cl->credit_due = 0;
    cl->head = cl->reader.pos;

    if (ngx_cc_command_keep_born(cl) != NGX_OK) {
        return;
    }

    /* what had to wait */

    ngx_cc_command_send(cl);

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_KEPT);
}


static void
ngx_cc_command_handover_late(ngx_event_t *ev)
{
    ngx_cc_command_link_lose(ev->data, "its helper does not keep it");
}


void
ngx_cc_command_handover_end(ngx_cc_command_link_t *cl)
{
    ngx_cc_handover_t  *ho = cl->handover;

    if (ho == NULL) {
        return;
    }

    cl->handover = NULL;

    if (ho->timer.timer_set) {
        ngx_del_timer(&ho->timer);
    }

    if (ho->kept) {
        ngx_cc_kept_drop(ho->kept);
    }

    if (ho->watch) {
        ngx_free(ho->watch);
    }

    ngx_cc_command_handover_forget(&ho->message);
    ngx_free(ho);
}
