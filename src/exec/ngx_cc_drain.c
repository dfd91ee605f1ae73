
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_command_link.h"
#include "ngx_cc_drain.h"


#define NGX_CC_DRAIN_LOOKS   4           /* within the timeout */


static void ngx_cc_drain_wait(ngx_cc_drain_t *drain);
static void ngx_cc_drain_handler(ngx_event_t *ev);


void
ngx_cc_drain_init(ngx_cc_drain_t *drain, void *link)
{
    drain->timer.handler = ngx_cc_drain_handler;
    drain->timer.data = link;
    drain->timer.log = ngx_cycle->log;
    drain->timer.cancelable = 1;
}


void
ngx_cc_drain_begin(ngx_cc_drain_t *drain, ngx_msec_t timeout)
{
    if (timeout == 0 || drain->taken == NULL || drain->timer.timer_set) {
        return;
    }

    drain->timeout = timeout;
    drain->since = ngx_current_msec;
    drain->last = drain->taken(drain->reader);

    ngx_cc_drain_wait(drain);
}


void
ngx_cc_drain_end(ngx_cc_drain_t *drain)
{
    if (drain->timer.timer_set) {
        ngx_del_timer(&drain->timer);
    }
}


static void
ngx_cc_drain_wait(ngx_cc_drain_t *drain)
{
    ngx_msec_t  left;

    left = drain->timeout - (ngx_current_msec - drain->since);

    ngx_add_timer(&drain->timer,
                  ngx_min(left, drain->timeout / NGX_CC_DRAIN_LOOKS + 1));
}


static void
ngx_cc_drain_handler(ngx_event_t *ev)
{
    uint64_t                taken;
    ngx_cc_command_link_t  *cl = ev->data;
    ngx_cc_drain_t         *drain = &cl->drain;

    taken = drain->taken(drain->reader);

    if (taken > drain->last) {
        drain->last = taken;
        drain->since = ngx_current_msec;
    }

    if (ngx_current_msec - drain->since >= drain->timeout) {
        ngx_cc_command_link_drop(cl);
        return;
    }

    ngx_cc_drain_wait(drain);
}
