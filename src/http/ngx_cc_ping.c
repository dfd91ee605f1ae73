
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ping.h"
#include "ngx_cc_tcp.h"


static void ngx_cc_ping_handler(ngx_event_t *ev);


void
ngx_cc_ping_start(ngx_cc_ping_t *ping, ngx_connection_t *c,
    ngx_msec_t interval, ngx_msec_t timeout)
{
    ping->connection = c;
    ping->interval = interval;
    ping->timeout = timeout;
    ping->heard = ngx_current_msec;
    ping->taken = ngx_cc_tcp_acked(c->fd);

    ping->timer.handler = ngx_cc_ping_handler;
    ping->timer.data = ping;
    ping->timer.log = c->log;
    ping->timer.cancelable = 1;

    ngx_add_timer(&ping->timer, interval);
}


void
ngx_cc_ping_heard(ngx_cc_ping_t *ping)
{
    ping->heard = ngx_current_msec;
    ping->asked = 0;
}


void
ngx_cc_ping_sent(ngx_cc_ping_t *ping)
{
    ping->taken = ngx_cc_tcp_acked(ping->connection->fd)
                  + ngx_cc_tcp_queued(ping->connection->fd);
}


void
ngx_cc_ping_stop(ngx_cc_ping_t *ping)
{
    if (ping->timer.timer_set) {
        ngx_del_timer(&ping->timer);
    }
}


static void
ngx_cc_ping_handler(ngx_event_t *ev)
{
    uint64_t        taken;
    ngx_msec_t      silent;
    ngx_cc_ping_t  *ping;

    ping = ev->data;
    taken = ngx_cc_tcp_acked(ping->connection->fd);

    if (taken > ping->taken) {
        ping->taken = taken;
        ngx_cc_ping_heard(ping);
    }

    silent = ngx_current_msec - ping->heard;

    if (silent < ping->interval) {
        ngx_add_timer(ev, ping->interval - silent);
        return;
    }

    if (!ping->asked) {
        ping->asked = 1;
        ngx_add_timer(ev, ping->timeout);
        ping->ask(ping->data);
        return;
    }

    if (silent < ping->interval + ping->timeout) {
        ngx_add_timer(ev, ping->interval + ping->timeout - silent);
        return;
    }

    ping->dead(ping->data);
}
