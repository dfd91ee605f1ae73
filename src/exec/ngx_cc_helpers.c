
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ring.h"
#include "ngx_cc_helpers.h"
#include "ngx_cc_zone.h"


#define NGX_CC_HELPERS_TRIM     5000   /* ms between looks at a surplus */
#define NGX_CC_HELPERS_RELIEF   1000   /* ms without growth after a shortage */


/* a helper that hosts a kept command */

typedef struct {
    ngx_queue_t  queue;
    pid_t        pid;
} ngx_cc_helpers_kept_t;


static ngx_uint_t ngx_cc_helpers_need(const ngx_cc_helpers_t *helpers);
static ngx_uint_t ngx_cc_helpers_orphans(const ngx_cc_helpers_t *helpers);
static void ngx_cc_helpers_relief(ngx_event_t *ev);
static void ngx_cc_helpers_trim(ngx_event_t *ev);


/* of this worker, one for each user of commands */

static ngx_cc_helpers_t  *ngx_cc_helpers_all;


void
ngx_cc_helpers_init(ngx_cc_helpers_t *helpers, ngx_uint_t min, ngx_uint_t max,
    const ngx_cc_line_t *line, ngx_log_t *log)
{
    ngx_memzero(helpers, sizeof(ngx_cc_helpers_t));

    ngx_queue_init(&helpers->idle);
    ngx_queue_init(&helpers->busy);
    ngx_queue_init(&helpers->kept);

    helpers->line = line;
    helpers->min = min;
    helpers->max = max;

    helpers->trim.handler = ngx_cc_helpers_trim;
    helpers->relief.handler = ngx_cc_helpers_relief;

    helpers->trim.log = helpers->relief.log = log;
    helpers->trim.data = helpers->relief.data = helpers;
    helpers->trim.cancelable = 1;
    helpers->relief.cancelable = 1;

    helpers->next = ngx_cc_helpers_all;
    ngx_cc_helpers_all = helpers;

    ngx_cc_helpers_tell();
}


void
ngx_cc_helpers_add(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h)
{
    h->spawner = helpers->spawner.generation;

    ngx_queue_insert_tail(&helpers->busy, &h->queue);
    helpers->nbusy++;
    helpers->denied = 0;
}


ngx_cc_helper_handle_t *
ngx_cc_helpers_take(ngx_cc_helpers_t *helpers)
{
    ngx_cc_helper_handle_t  *h;

    h = ngx_queue_data(ngx_queue_head(&helpers->idle), ngx_cc_helper_handle_t,
                       queue);

    ngx_queue_remove(&h->queue);
    ngx_queue_insert_tail(&helpers->busy, &h->queue);
    h->idle = 0;
    helpers->nidle--;
    helpers->nbusy++;

    ngx_cc_helpers_tell();

    return h;
}


void
ngx_cc_helpers_idle(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h)
{
    ngx_queue_remove(&h->queue);
    helpers->nbusy--;

    ngx_queue_insert_head(&helpers->idle, &h->queue);
    h->idle = 1;
    helpers->nidle++;
    ngx_cc_helpers_tell();

    if (helpers->exiting && helpers->line->nwaiting == 0) {
        ngx_cc_helpers_close_idle(helpers, helpers->nidle);
        ngx_cc_helpers_order(helpers, 0);
        return;
    }

    if (!helpers->trim.timer_set) {
        ngx_add_timer(&helpers->trim, NGX_CC_HELPERS_TRIM);
    }
}


void
ngx_cc_helpers_drop(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h)
{
    ngx_queue_remove(&h->queue);

    if (h->idle) {
        helpers->nidle--;

    } else {
        helpers->nbusy--;
    }

    ngx_cc_helpers_tell();

    if (h->deadline.timer_set) {
        ngx_del_timer(&h->deadline);
    }

    ngx_cc_channel_close(&h->channel);
    ngx_cc_ring_unmap(h->ring, h->ring_size);
    ngx_free(h);
}


ngx_int_t
ngx_cc_helpers_leave(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h)
{
    ngx_cc_helpers_kept_t  *kept;

    if (!ngx_cc_helpers_orphaned(helpers, h)) {
        kept = ngx_alloc(sizeof(ngx_cc_helpers_kept_t), ngx_cycle->log);

        if (kept == NULL) {
            return NGX_ERROR;
        }

        kept->pid = h->pid;
        ngx_queue_insert_tail(&helpers->kept, &kept->queue);
        helpers->nkept++;
    }

    ngx_queue_remove(&h->queue);
    helpers->nbusy--;

    ngx_cc_ring_unmap(h->ring, h->ring_size);
    h->ring = NULL;

    ngx_cc_helpers_tell();
    ngx_cc_helpers_order(helpers, 0);

    return NGX_OK;
}


void
ngx_cc_helpers_gone(ngx_cc_helpers_t *helpers, pid_t pid)
{
    ngx_queue_t            *q;
    ngx_cc_helpers_kept_t  *kept;

    for (q = ngx_queue_head(&helpers->kept);
         q != ngx_queue_sentinel(&helpers->kept);
         q = ngx_queue_next(q))
    {
        kept = ngx_queue_data(q, ngx_cc_helpers_kept_t, queue);

        if (kept->pid == pid) {
            ngx_queue_remove(q);
            ngx_free(kept);
            helpers->nkept--;
            ngx_cc_helpers_order(helpers, 1);
            return;
        }
    }
}


void
ngx_cc_helpers_forget(ngx_cc_helpers_t *helpers)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&helpers->kept)) {
        q = ngx_queue_head(&helpers->kept);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_cc_helpers_kept_t, queue));
    }

    helpers->nkept = 0;
}


void
ngx_cc_helpers_close_idle(ngx_cc_helpers_t *helpers, ngx_uint_t n)
{
    ngx_queue_t  *q;

    while (n-- && helpers->nidle) {
        q = ngx_queue_last(&helpers->idle);
        ngx_cc_helpers_drop(helpers, ngx_queue_data(q, ngx_cc_helper_handle_t,
                                                  queue));
    }
}


ngx_uint_t
ngx_cc_helpers_orphaned(const ngx_cc_helpers_t *helpers,
    const ngx_cc_helper_handle_t *h)
{
    return h->spawner != helpers->spawner.generation;
}


void
ngx_cc_helpers_order(ngx_cc_helpers_t *helpers, ngx_uint_t lower)
{
    ngx_uint_t  want, orphans;

    if (helpers->exiting && helpers->line->nwaiting == 0) {
        ngx_cc_spawner_client_want(&helpers->spawner, 0);
        return;
    }

    want = ngx_min(helpers->max, helpers->nbusy + ngx_cc_helpers_need(helpers));

    if (helpers->shortage) {
        want = ngx_min(want, helpers->nbusy + helpers->nidle);
    }

    orphans = ngx_cc_helpers_orphans(helpers);
    want = (want > orphans ? want - orphans : 1) + helpers->nkept;

    if (want <= helpers->spawner.wanted && !lower) {
        return;
    }

    ngx_cc_spawner_client_want(&helpers->spawner, want);
}


/*
 * How many idle helpers would be right now.  A long line needs no more than
 * can be started together.
 */

static ngx_uint_t
ngx_cc_helpers_need(const ngx_cc_helpers_t *helpers)
{
    ngx_uint_t  need;

    need = ngx_min(helpers->line->nwaiting, helpers->line->max);
    need = ngx_max(helpers->min, need);

    return ngx_max(need, helpers->nbusy / 4);
}


ngx_uint_t
ngx_cc_helpers_awaits(const ngx_cc_helpers_t *helpers)
{
    return helpers->spawner.wanted + ngx_cc_helpers_orphans(helpers)
           > helpers->nbusy + helpers->nidle + helpers->nkept;
}


/* helpers of earlier spawners, which do not count for this one */

static ngx_uint_t
ngx_cc_helpers_orphans(const ngx_cc_helpers_t *helpers)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    if (helpers->spawner.generation > 1) {
        for (q = ngx_queue_head(&helpers->busy);
             q != ngx_queue_sentinel(&helpers->busy);
             q = ngx_queue_next(q))
        {
            n += ngx_cc_helpers_orphaned(helpers, ngx_queue_data(q,
                                                   ngx_cc_helper_handle_t,
                                                   queue));
        }
    }

    return n;
}


void
ngx_cc_helpers_short(ngx_cc_helpers_t *helpers)
{
    helpers->shortage = 1;
    helpers->denied = 1;
    ngx_cc_helpers_tell();
    ngx_cc_helpers_order(helpers, 1);

    if (!helpers->relief.timer_set) {
        ngx_add_timer(&helpers->relief, NGX_CC_HELPERS_RELIEF);
    }
}


static void
ngx_cc_helpers_relief(ngx_event_t *ev)
{
    ngx_cc_helpers_t  *helpers = ev->data;

    helpers->shortage = 0;
    ngx_cc_helpers_order(helpers, 0);
}


/*
 * Every few seconds half of the surplus leaves, and rings that have been used
 * give their memory back.
 */

static void
ngx_cc_helpers_trim(ngx_event_t *ev)
{
    ngx_uint_t               need;
    ngx_queue_t             *q;
    ngx_cc_helper_handle_t  *h;
    ngx_cc_helpers_t        *helpers = ev->data;
    ngx_cc_wire_head_t       msg;

    need = ngx_cc_helpers_need(helpers);

    if (helpers->nidle > need) {
        ngx_cc_helpers_close_idle(helpers, (helpers->nidle - need + 1) / 2);
        ngx_cc_helpers_order(helpers, 1);
    }

    for (q = ngx_queue_head(&helpers->idle);
         q != ngx_queue_sentinel(&helpers->idle);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_helper_handle_t, queue);

        if (h->run) {
            ngx_cc_wire_init(&msg, NGX_CC_WIRE_RELEASE, h->run, sizeof(msg));
            (void) ngx_cc_channel_send(&h->channel, &msg, sizeof(msg));
        }
    }

    if (helpers->nidle > need) {
        ngx_add_timer(&helpers->trim, NGX_CC_HELPERS_TRIM);
    }
}


/*
 * A worker that leaves needs no helpers any more, so it does not miss them.
 * One that cannot start commands of one user is not well.
 */

void
ngx_cc_helpers_tell(void)
{
    const ngx_cc_helpers_t   *h;
    ngx_cc_totals_helpers_t   told;

    ngx_memzero(&told, sizeof(told));
    told.cgroup = 1;

    for (h = ngx_cc_helpers_all; h; h = h->next) {
        told.idle += h->nidle;
        told.busy += h->nbusy;
        told.waiting += h->line->nwaiting;

        if (!h->exiting && h->nidle == 0 && (h->denied || h->nbusy == 0)) {
            told.denied = 1;
        }

        if (!(h->spawner.cgroup & NGX_CC_CGROUP_GROUPS)) {
            told.cgroup = 0;
        }
    }

    ngx_cc_zone_helpers(&told);
}
