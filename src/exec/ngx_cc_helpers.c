
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ring.h"
#include "ngx_cc_helpers.h"
#include "ngx_cc_zone.h"


#define NGX_CC_HELPERS_TRIM     5000   /* ms between looks at a surplus */
#define NGX_CC_HELPERS_RELIEF   1000   /* ms without growth after a shortage */


static ngx_uint_t ngx_cc_helpers_need(const ngx_cc_helpers_t *stock);
static ngx_uint_t ngx_cc_helpers_orphans(const ngx_cc_helpers_t *stock);
static void ngx_cc_helpers_relief(ngx_event_t *ev);
static void ngx_cc_helpers_trim(ngx_event_t *ev);


void
ngx_cc_helpers_init(ngx_cc_helpers_t *stock, ngx_uint_t min, ngx_uint_t max,
    const ngx_cc_line_t *line, ngx_log_t *log)
{
    ngx_memzero(stock, sizeof(ngx_cc_helpers_t));

    ngx_queue_init(&stock->idle);
    ngx_queue_init(&stock->busy);

    stock->line = line;
    stock->min = min;
    stock->max = max;

    stock->trim.handler = ngx_cc_helpers_trim;
    stock->relief.handler = ngx_cc_helpers_relief;

    stock->trim.log = stock->relief.log = log;
    stock->trim.data = stock->relief.data = stock;
    stock->trim.cancelable = 1;
    stock->relief.cancelable = 1;

    ngx_cc_helpers_tell(stock);
}


void
ngx_cc_helpers_add(ngx_cc_helpers_t *stock, ngx_cc_helper_handle_t *h)
{
    h->spawner = stock->supply.generation;

    ngx_queue_insert_tail(&stock->busy, &h->queue);
    stock->nbusy++;
    stock->denied = 0;
}


ngx_cc_helper_handle_t *
ngx_cc_helpers_take(ngx_cc_helpers_t *stock)
{
    ngx_cc_helper_handle_t  *h;

    h = ngx_queue_data(ngx_queue_head(&stock->idle), ngx_cc_helper_handle_t,
                       queue);

    ngx_queue_remove(&h->queue);
    ngx_queue_insert_tail(&stock->busy, &h->queue);
    h->idle = 0;
    stock->nidle--;
    stock->nbusy++;

    ngx_cc_helpers_tell(stock);

    return h;
}


void
ngx_cc_helpers_idle(ngx_cc_helpers_t *stock, ngx_cc_helper_handle_t *h)
{
    ngx_queue_remove(&h->queue);
    stock->nbusy--;

    ngx_queue_insert_head(&stock->idle, &h->queue);
    h->idle = 1;
    stock->nidle++;
    ngx_cc_helpers_tell(stock);

    if (stock->exiting && stock->line->nwaiting == 0) {
        ngx_cc_helpers_close_idle(stock, stock->nidle);
        ngx_cc_helpers_order(stock, 0);
        return;
    }

    if (!stock->trim.timer_set) {
        ngx_add_timer(&stock->trim, NGX_CC_HELPERS_TRIM);
    }
}


void
ngx_cc_helpers_drop(ngx_cc_helpers_t *stock, ngx_cc_helper_handle_t *h)
{
    ngx_queue_remove(&h->queue);

    if (h->idle) {
        stock->nidle--;

    } else {
        stock->nbusy--;
    }

    ngx_cc_helpers_tell(stock);

    if (h->deadline.timer_set) {
        ngx_del_timer(&h->deadline);
    }

    ngx_cc_channel_close(&h->channel);
    ngx_cc_ring_unmap(h->ring, h->ring_size);
    ngx_free(h);
}


void
ngx_cc_helpers_close_idle(ngx_cc_helpers_t *stock, ngx_uint_t n)
{
    ngx_queue_t  *q;

    while (n-- && stock->nidle) {
        q = ngx_queue_last(&stock->idle);
        ngx_cc_helpers_drop(stock, ngx_queue_data(q, ngx_cc_helper_handle_t,
                                                  queue));
    }
}


ngx_uint_t
ngx_cc_helpers_orphaned(const ngx_cc_helpers_t *stock,
    const ngx_cc_helper_handle_t *h)
{
    return h->spawner != stock->supply.generation;
}


void
ngx_cc_helpers_order(ngx_cc_helpers_t *stock, ngx_uint_t lower)
{
    ngx_uint_t  want, orphans;

    if (stock->exiting && stock->line->nwaiting == 0) {
        ngx_cc_spawner_client_want(&stock->supply, 0);
        return;
    }

    want = ngx_min(stock->max, stock->nbusy + ngx_cc_helpers_need(stock));

    if (stock->shortage) {
        want = ngx_min(want, stock->nbusy + stock->nidle);
    }

    if (want <= stock->supply.wanted && !lower) {
        return;
    }

    orphans = ngx_cc_helpers_orphans(stock);

    ngx_cc_spawner_client_want(&stock->supply,
                               want > orphans ? want - orphans : 1);
}


/*
 * How many idle helpers would be right now.  A long line needs no more than
 * can be started together.
 */

static ngx_uint_t
ngx_cc_helpers_need(const ngx_cc_helpers_t *stock)
{
    ngx_uint_t  need;

    need = ngx_min(stock->line->nwaiting, stock->line->max);
    need = ngx_max(stock->min, need);

    return ngx_max(need, stock->nbusy / 4);
}


ngx_uint_t
ngx_cc_helpers_awaits(const ngx_cc_helpers_t *stock)
{
    return stock->supply.wanted + ngx_cc_helpers_orphans(stock)
           > stock->nbusy + stock->nidle;
}


/* helpers of earlier spawners, which do not count for this one */

static ngx_uint_t
ngx_cc_helpers_orphans(const ngx_cc_helpers_t *stock)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    if (stock->supply.generation > 1) {
        for (q = ngx_queue_head(&stock->busy);
             q != ngx_queue_sentinel(&stock->busy);
             q = ngx_queue_next(q))
        {
            n += ngx_cc_helpers_orphaned(stock, ngx_queue_data(q,
                                                   ngx_cc_helper_handle_t,
                                                   queue));
        }
    }

    return n;
}


void
ngx_cc_helpers_short(ngx_cc_helpers_t *stock)
{
    stock->shortage = 1;
    stock->denied = 1;
    ngx_cc_helpers_tell(stock);
    ngx_cc_helpers_order(stock, 1);

    if (!stock->relief.timer_set) {
        ngx_add_timer(&stock->relief, NGX_CC_HELPERS_RELIEF);
    }
}


static void
ngx_cc_helpers_relief(ngx_event_t *ev)
{
    ngx_cc_helpers_t  *stock = ev->data;

    stock->shortage = 0;
    ngx_cc_helpers_order(stock, 0);
}


/*
 * Every few seconds half of what is too much goes, and rings that have been
 * used give their memory back.
 */

static void
ngx_cc_helpers_trim(ngx_event_t *ev)
{
    ngx_uint_t               need;
    ngx_queue_t             *q;
    ngx_cc_helper_handle_t  *h;
    ngx_cc_helpers_t        *stock = ev->data;
    ngx_cc_wire_head_t       msg;

    need = ngx_cc_helpers_need(stock);

    if (stock->nidle > need) {
        ngx_cc_helpers_close_idle(stock, (stock->nidle - need + 1) / 2);
        ngx_cc_helpers_order(stock, 1);
    }

    for (q = ngx_queue_head(&stock->idle);
         q != ngx_queue_sentinel(&stock->idle);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_helper_handle_t, queue);

        if (h->run) {
            ngx_cc_wire_init(&msg, NGX_CC_WIRE_RELEASE, h->run, sizeof(msg));
            (void) ngx_cc_channel_send(&h->channel, &msg, sizeof(msg));
        }
    }

    if (stock->nidle > need) {
        ngx_add_timer(&stock->trim, NGX_CC_HELPERS_TRIM);
    }
}


/* a worker that leaves needs no helpers any more, so it does not miss them */

void
ngx_cc_helpers_tell(const ngx_cc_helpers_t *stock)
{
    ngx_cc_totals_helpers_t  helpers;

    helpers.idle = stock->nidle;
    helpers.busy = stock->nbusy;
    helpers.waiting = stock->line->nwaiting;
    helpers.denied = !stock->exiting && stock->nidle == 0
                     && (stock->denied || stock->nbusy == 0);

    ngx_cc_zone_helpers(&helpers);
}
