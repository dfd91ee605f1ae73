
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_idle_watch.h"


static void ngx_cc_idle_watch_handler(ngx_event_t *ev);
static ngx_msec_t ngx_cc_idle_watch_frame(ngx_cc_idle_watch_t *wait);


void
ngx_cc_idle_watch_start(ngx_cc_idle_watch_t *wait, ngx_cc_conf_session_t *conf,
    ngx_log_t *log)
{
    wait->conf = conf;
    wait->active = ngx_current_msec;

    wait->timer.handler = ngx_cc_idle_watch_handler;
    wait->timer.data = wait;
    wait->timer.log = log;
    wait->timer.cancelable = 1;

    if (conf->idle_timeout) {
        ngx_add_timer(&wait->timer, conf->idle_timeout);
    }
}


void
ngx_cc_idle_watch_active(ngx_cc_idle_watch_t *wait)
{
    wait->active = ngx_current_msec;
}


void
ngx_cc_idle_watch_finished(ngx_cc_idle_watch_t *wait)
{
    wait->unfinished = 0;
}


void
ngx_cc_idle_watch_heard(ngx_cc_idle_watch_t *wait, size_t n,
    ngx_uint_t unfinished)
{
    if (wait->unfinished) {
        wait->size += n;
        wait->unfinished = unfinished;
        return;
    }

    if (!unfinished || wait->conf == NULL) {
        return;
    }

    wait->unfinished = 1;
    wait->begun = ngx_current_msec;
    wait->size = n;

    /* an earlier timer looks again by itself */

    if (!wait->timer.timer_set
        || (ngx_msec_int_t) (wait->timer.timer.key - ngx_current_msec)
           > (ngx_msec_int_t) ngx_cc_idle_watch_frame(wait))
    {
        ngx_add_timer(&wait->timer, ngx_cc_idle_watch_frame(wait));
    }
}


void
ngx_cc_idle_watch_again(ngx_cc_idle_watch_t *wait)
{
    wait->begun = ngx_current_msec;
    wait->active = ngx_current_msec;

    ngx_add_timer(&wait->timer, wait->unfinished ? ngx_cc_idle_watch_frame(wait)
                                                 : wait->conf->idle_timeout);
}


void
ngx_cc_idle_watch_stop(ngx_cc_idle_watch_t *wait)
{
    wait->conf = NULL;
    wait->unfinished = 0;

    if (wait->timer.timer_set) {
        ngx_del_timer(&wait->timer);
    }
}


static void
ngx_cc_idle_watch_handler(ngx_event_t *ev)
{
    ngx_msec_t            passed, limit;
    ngx_cc_idle_watch_t  *wait = ev->data;

    if (wait->unfinished) {
        passed = ngx_current_msec - wait->begun;
        limit = ngx_cc_idle_watch_frame(wait);

        if (passed >= limit) {
            wait->handlers->slow(wait->data);
            return;
        }

        ngx_add_timer(ev, limit - passed);
        return;
    }

    limit = wait->conf->idle_timeout;

    if (limit == 0) {
        return;
    }

    passed = ngx_current_msec - wait->active;

    if (passed >= limit) {
        wait->handlers->idle(wait->data);
        return;
    }

    ngx_add_timer(ev, limit - passed);
}


/* ms that the unfinished message may have taken, as it is now */

static ngx_msec_t
ngx_cc_idle_watch_frame(ngx_cc_idle_watch_t *wait)
{
    return wait->conf->frame_timeout
           * (1 + wait->size / NGX_CC_IDLE_WATCH_BYTES);
}
