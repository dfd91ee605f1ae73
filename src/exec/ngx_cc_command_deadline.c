
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_command_deadline.h"
#include "ngx_cc_watch.h"


/* ms; beyond every limit, then the helper must have said something */
#define NGX_CC_COMMAND_DEADLINE_MARGIN  10000

/* ms; a signal is on its way for a second at most */
#define NGX_CC_COMMAND_DEADLINE_REPLY   10000

/* ms; only there to be a timer */
#define NGX_CC_COMMAND_DEADLINE_IDLE    3600000


static void ngx_cc_command_deadline_timer(ngx_event_t *ev);
static void ngx_cc_command_deadline_late(ngx_event_t *ev);


void
ngx_cc_command_deadline_init(ngx_cc_command_link_t *cl)
{
    cl->timer.handler = ngx_cc_command_deadline_timer;
    cl->timer.data = cl;
    cl->timer.log = ngx_cycle->log;

    cl->reply.handler = ngx_cc_command_deadline_late;
    cl->reply.data = cl;
    cl->reply.log = ngx_cycle->log;
}


void
ngx_cc_command_deadline_expect(ngx_cc_command_link_t *cl, ngx_msec_t time)
{
    cl->checked = 0;

    ngx_add_timer(&cl->timer, time + cl->conf->kill_grace + cl->conf->linger
                              + NGX_CC_COMMAND_DEADLINE_MARGIN);
}


void
ngx_cc_command_deadline_none(ngx_cc_command_link_t *cl)
{
    ngx_add_timer(&cl->timer, NGX_CC_COMMAND_DEADLINE_IDLE);
}


void
ngx_cc_command_deadline_reply(ngx_cc_command_link_t *cl)
{
    ngx_add_timer(&cl->reply, NGX_CC_COMMAND_DEADLINE_REPLY);
}


/*
 * Before STARTED: the start deadline.  Afterwards: a helper keeps the time of
 * its command itself; only one that has not kept it, has nothing left that we
 * would have to read first, and stays silent, is not trusted any more.
 */

static void
ngx_cc_command_deadline_timer(ngx_event_t *ev)
{
    ngx_uint_t              ends;
    ngx_cc_command_link_t  *cl = ev->data;

    if (cl->public.state == NGX_CC_COMMAND_WAITING) {
        if (cl->helper == NULL) {
            ngx_cc_pool_forget(&cl->wait);
            ngx_cc_pool_late(&cl->wait, cl->conf->start_timeout);
        }

        ngx_cc_command_link_lose(cl, cl->helper ? "not started in time"
                                                : "no helper in time");
        return;
    }

    ends = cl->public.truncated || cl->public.canceling
           || (cl->timeout && !cl->public.paused);

    if (ends && cl->reader.pos == cl->head
        && !cl->credit_due && cl->checked == cl->head + 1)
    {
        ngx_cc_command_link_lose(cl, "its helper does not end it");
        return;
    }

    cl->checked = cl->head + 1;          /* 0 = not looked yet */

    ngx_add_timer(&cl->timer, ends ? NGX_CC_COMMAND_DEADLINE_MARGIN
                                   : NGX_CC_COMMAND_DEADLINE_IDLE);
}


/* a helper that obeys would have said something by now */

static void
ngx_cc_command_deadline_late(ngx_event_t *ev)
{
    ngx_cc_command_link_t  *cl = ev->data;

    if (cl->watch) {
        ngx_cc_watch_unreachable(cl);
        return;
    }

    if (cl->public.state == NGX_CC_COMMAND_RUNNING) {
        ngx_cc_command_link_lose(cl, "its helper does not answer");
    }
}
