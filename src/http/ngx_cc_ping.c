
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ping.h"
#include "ngx_cc_tcp.h"


#define NGX_CC_PING_LOOKS   4            /* within the timeout */


static void ngx_cc_ping_handler(ngx_event_t *ev);
static void ngx_cc_ping_look(ngx_cc_ping_t *ping);
static void ngx_cc_ping_life(ngx_cc_ping_t *ping, ngx_cc_tcp_state_t *state);


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

    if (ping->handlers->ask == NULL) {
        ngx_cc_tcp_probe(c->fd, interval, timeout / NGX_CC_PING_LOOKS);
    }

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
    ngx_msec_t           silent, left;
    ngx_cc_ping_t       *ping;
    ngx_cc_tcp_state_t   state;

    ping = ev->data;

    if (ping->handlers->ask == NULL) {
        ngx_cc_ping_look(ping);
        return;
    }

    if (ngx_cc_tcp_state(ping->connection->fd, &state) == 0
        && state.acked > ping->taken)
    {
        ping->taken = state.acked;
        ngx_cc_ping_life(ping, &state);
    }

    silent = ngx_current_msec - ping->heard;
    left = ping->interval + ping->timeout - silent;

    if (silent < ping->interval) {
        ngx_add_timer(ev, ping->interval - silent);
        return;
    }

    if (!ping->asked) {
        ping->asked = 1;
        ngx_add_timer(ev, (ngx_msec_int_t) left > 0 ? left : ping->timeout);
        ping->handlers->ask(ping->data);
        return;
    }

    if ((ngx_msec_int_t) left > 0) {
        ngx_add_timer(ev, left);
        return;
    }

    ping->handlers->dead(ping->data);
}


/*
 * Is there an answer to bytes and probes?  Looked at twice, since a probe or a
 * byte may have been sent a moment ago.
 */

static void
ngx_cc_ping_look(ngx_cc_ping_t *ping)
{
    ngx_msec_t           silent, wait;
    ngx_uint_t           asked;
    ngx_cc_tcp_state_t   state;

    if (ngx_cc_tcp_state(ping->connection->fd, &state) == -1) {
        return;
    }

    asked = ping->asked;
    ngx_cc_ping_life(ping, &state);
    ping->asked = state.awaited;

    silent = ngx_current_msec - ping->heard;

    if (silent < ping->interval) {
        ngx_add_timer(&ping->timer, ping->interval - silent);
        return;
    }

    wait = ping->timeout / NGX_CC_PING_LOOKS + 1;

    if (silent < ping->interval + ping->timeout) {
        wait = ngx_min(wait, ping->interval + ping->timeout - silent);

    } else if (asked && ping->asked) {
        ping->handlers->dead(ping->data);
        return;
    }

    ngx_add_timer(&ping->timer, wait);
}


/* it has acknowledged something, and it is known when */

static void
ngx_cc_ping_life(ngx_cc_ping_t *ping, ngx_cc_tcp_state_t *state)
{
    ngx_msec_t  heard;

    heard = ngx_current_msec - (ngx_msec_t) state->silent;

    if ((ngx_msec_int_t) (heard - ping->heard) > 0) {
        ping->heard = heard;
    }

    ping->asked = 0;
}
