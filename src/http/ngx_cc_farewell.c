
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_farewell.h"
#include "ngx_cc_pools.h"


#define NGX_CC_FAREWELL_MAX     1000     /* ms that a fast stop may take */
#define NGX_CC_FAREWELL_MARGIN  300      /* ms beyond the grace, for the end of
                                            a tree and its last words */
#define NGX_CC_FAREWELL_EARLY   100      /* ms before the core's timeout */


static void ngx_cc_farewell_say(ngx_cc_farewell_e what);
static ngx_uint_t ngx_cc_farewell_busy(void);
static ngx_msec_t ngx_cc_farewell_grace(void);
static void ngx_cc_farewell_ask(ngx_event_t *ev);
static void ngx_cc_farewell_last(ngx_event_t *ev);


static ngx_queue_t  ngx_cc_farewell_queue = {
    &ngx_cc_farewell_queue, &ngx_cc_farewell_queue
};

static ngx_event_t       ngx_cc_farewell_timer;
static ngx_connection_t  ngx_cc_farewell_none = { .fd = (ngx_socket_t) -1 };
static ngx_msec_t        ngx_cc_farewell_end;


void
ngx_cc_farewell_join(ngx_cc_farewell_t *f)
{
    ngx_queue_insert_tail(&ngx_cc_farewell_queue, &f->queue);
}


void
ngx_cc_farewell_leave(ngx_cc_farewell_t *f)
{
    if (f->queue.next) {
        ngx_queue_remove(&f->queue);
        f->queue.next = NULL;
    }
}


void
ngx_cc_farewell(void)
{
    ngx_msec_t  begun, limit, passed;

    ngx_cc_farewell_say(NGX_CC_FAREWELL_ASK);

    limit = ngx_min(ngx_cc_farewell_grace() + NGX_CC_FAREWELL_MARGIN,
                    NGX_CC_FAREWELL_MAX);

    ngx_time_update();
    begun = ngx_current_msec;
    passed = 0;

    while (passed < limit && ngx_cc_farewell_busy()
           && ngx_cc_pools_wait(limit - passed))
    {
        ngx_time_update();
        passed = ngx_current_msec - begun;

        ngx_cc_farewell_say(NGX_CC_FAREWELL_MOVE);
    }

    ngx_cc_farewell_say(NGX_CC_FAREWELL_LAST);
}


void
ngx_cc_farewell_exiting(void)
{
    ngx_msec_t        timeout, lead;
    ngx_event_t      *ev = &ngx_cc_farewell_timer;
    ngx_core_conf_t  *ccf;

    /* those who only watch what goes on without us go elsewhere now */

    ngx_cc_farewell_say(NGX_CC_FAREWELL_MOVE);

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    timeout = ccf->shutdown_timeout;

    if (timeout == 0 || timeout == NGX_CONF_UNSET_MSEC) {
        return;
    }

    /* half of the time, at least, is the commands' own */

    lead = ngx_cc_farewell_grace() + NGX_CC_FAREWELL_MARGIN
           + NGX_CC_FAREWELL_EARLY;
    lead = ngx_min(lead, timeout / 2);

    ngx_cc_farewell_end = ngx_current_msec + timeout
                          - ngx_min(NGX_CC_FAREWELL_EARLY, lead);

    ev->handler = ngx_cc_farewell_ask;
    ev->log = ngx_cycle->log;
    ev->data = &ngx_cc_farewell_none;
    ev->cancelable = 1;

    ngx_add_timer(ev, timeout - lead);
}


static void
ngx_cc_farewell_ask(ngx_event_t *ev)
{
    ngx_msec_int_t  left;

    ngx_cc_farewell_say(NGX_CC_FAREWELL_ASK);

    left = (ngx_msec_int_t) (ngx_cc_farewell_end - ngx_current_msec);

    ev->handler = ngx_cc_farewell_last;
    ngx_add_timer(ev, ngx_max(left, 1));
}


static void
ngx_cc_farewell_last(ngx_event_t *ev)
{
    ngx_cc_farewell_say(NGX_CC_FAREWELL_LAST);
}


static void
ngx_cc_farewell_say(ngx_cc_farewell_e what)
{
    ngx_queue_t        *q, *next;
    ngx_cc_farewell_t  *f;

    for (q = ngx_queue_head(&ngx_cc_farewell_queue);
         q != &ngx_cc_farewell_queue;
         q = next)
    {
        next = ngx_queue_next(q);
        f = ngx_queue_data(q, ngx_cc_farewell_t, queue);

        f->handlers->say(f->data, what);
    }
}


static ngx_uint_t
ngx_cc_farewell_busy(void)
{
    ngx_queue_t        *q;
    ngx_cc_farewell_t  *f;

    for (q = ngx_queue_head(&ngx_cc_farewell_queue);
         q != &ngx_cc_farewell_queue;
         q = ngx_queue_next(q))
    {
        f = ngx_queue_data(q, ngx_cc_farewell_t, queue);

        if (f->handlers->busy(f->data)) {
            return 1;
        }
    }

    return 0;
}


/* the longest of those whose commands run */

static ngx_msec_t
ngx_cc_farewell_grace(void)
{
    ngx_msec_t          grace;
    ngx_queue_t        *q;
    ngx_cc_farewell_t  *f;

    grace = 0;

    for (q = ngx_queue_head(&ngx_cc_farewell_queue);
         q != &ngx_cc_farewell_queue;
         q = ngx_queue_next(q))
    {
        f = ngx_queue_data(q, ngx_cc_farewell_t, queue);

        if (f->handlers->busy(f->data)) {
            grace = ngx_max(grace, f->handlers->grace(f->data));
        }
    }

    return grace;
}
