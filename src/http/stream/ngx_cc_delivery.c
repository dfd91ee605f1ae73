
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_delivery.h"
#include "ngx_cc_tcp.h"


#define NGX_CC_DELIVERY_FIRST  5         /* ms */
#define NGX_CC_DELIVERY_MOST   200       /* ms */


static void ngx_cc_delivery_handler(ngx_event_t *ev);


ngx_int_t
ngx_cc_delivery_await(ngx_cc_delivery_t *delivery, ngx_connection_t *c)
{
    uint64_t  acked;

    if (delivery->connection == NULL) {
        acked = ngx_cc_tcp_acked(c->fd);

        delivery->connection = c;
        delivery->until = acked ? acked + ngx_cc_tcp_queued(c->fd) : 0;
        delivery->wait = NGX_CC_DELIVERY_FIRST;
        delivery->begun = ngx_current_msec;

        delivery->timer.handler = ngx_cc_delivery_handler;
        delivery->timer.data = delivery;
        delivery->timer.log = c->log;
    }

    if (ngx_cc_delivery_made(delivery)) {
        ngx_cc_delivery_stop(delivery);
        return NGX_OK;
    }

    if (ngx_current_msec - delivery->begun >= NGX_CC_DELIVERY_LAST) {
        ngx_cc_delivery_stop(delivery);
        return NGX_DECLINED;
    }

    if (!delivery->timer.timer_set) {
        ngx_add_timer(&delivery->timer, delivery->wait);
        delivery->wait = ngx_min(2 * delivery->wait, NGX_CC_DELIVERY_MOST);
    }

    return NGX_AGAIN;
}


static void
ngx_cc_delivery_handler(ngx_event_t *ev)
{
    ngx_cc_delivery_t  *delivery = ev->data;

    delivery->look(delivery->data);
}


ngx_uint_t
ngx_cc_delivery_made(const ngx_cc_delivery_t *delivery)
{
    ngx_socket_t  fd;

    if (delivery->connection == NULL) {
        return 0;
    }

    fd = delivery->connection->fd;

    return delivery->until ? ngx_cc_tcp_acked(fd) >= delivery->until
                           : ngx_cc_tcp_queued(fd) == 0;
}


void
ngx_cc_delivery_stop(ngx_cc_delivery_t *delivery)
{
    if (delivery->timer.timer_set) {
        ngx_del_timer(&delivery->timer);
    }

    delivery->connection = NULL;
}
