
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_pool.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_supply.h"
#include "ngx_cc_zone.h"


#define NGX_CC_POOL_TRIM      5000   /* ms between looks at what is too much */
#define NGX_CC_POOL_RELIEF    1000   /* ms without growth after a shortage */


typedef struct {
    ngx_cc_pool_conf_t  conf;
    ngx_log_t          *log;

    ngx_cc_supply_t     spawner;

    ngx_queue_t         idle;            /* last come, first served: warm */
    ngx_queue_t         busy;
    ngx_queue_t         waiting;
    ngx_uint_t          nidle;
    ngx_uint_t          nbusy;
    ngx_uint_t          nwaiting;

    ngx_event_t         trim;
    ngx_event_t         relief;

    unsigned            started:1;
    unsigned            exiting:1;
    unsigned            shortage:1;      /* of connections or memory */
    unsigned            denied:1;        /* the last one could not be made */
} ngx_cc_pool_t;


static void ngx_cc_pool_tell(void);
static void ngx_cc_pool_supply(ngx_uint_t lower);
static ngx_uint_t ngx_cc_pool_need(void);
static ngx_uint_t ngx_cc_pool_orphans(void);
static void ngx_cc_pool_ready(void *data);
static void ngx_cc_pool_made(void *data, pid_t pid, int *fds, size_t size);
static void ngx_cc_pool_refused(void *data, ngx_err_t err);
static void ngx_cc_pool_orphaned(void *data);
static void ngx_cc_pool_exiting(void *data);
static void ngx_cc_pool_short(void);
static void ngx_cc_pool_relief(ngx_event_t *ev);
static void ngx_cc_pool_trim(ngx_event_t *ev);
static void ngx_cc_pool_idle(ngx_cc_pool_helper_t *h);
static void ngx_cc_pool_close_idle(ngx_uint_t n);
static void ngx_cc_pool_detach(ngx_cc_pool_helper_t *h);
static void ngx_cc_pool_free(ngx_cc_pool_helper_t *h);
static void ngx_cc_pool_message(void *data, ngx_cc_wire_msg_t *msg, int *fds,
    int nfds);
static void ngx_cc_pool_writable(void *data);
static void ngx_cc_pool_broken(void *data);


static const ngx_cc_supply_handlers_t  ngx_cc_pool_spawner = {
    ngx_cc_pool_ready,
    ngx_cc_pool_made,
    ngx_cc_pool_refused,
    ngx_cc_pool_orphaned,
    ngx_cc_pool_exiting
};


static const ngx_cc_channel_handlers_t  ngx_cc_pool_handlers = {
    ngx_cc_pool_message,
    ngx_cc_pool_writable,
    ngx_cc_pool_broken,
    NULL
};


static ngx_cc_pool_t  ngx_cc_pool;


void
ngx_cc_pool_start(ngx_cycle_t *cycle, ngx_cc_pool_conf_t *conf)
{
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    ngx_memzero(pool, sizeof(ngx_cc_pool_t));

    pool->conf = *conf;
    pool->log = cycle->log;
    pool->started = 1;

    ngx_queue_init(&pool->idle);
    ngx_queue_init(&pool->busy);
    ngx_queue_init(&pool->waiting);

    pool->trim.handler = ngx_cc_pool_trim;
    pool->relief.handler = ngx_cc_pool_relief;

    pool->trim.log = pool->relief.log = cycle->log;
    pool->trim.data = pool->relief.data = pool;
    pool->trim.cancelable = 1;
    pool->relief.cancelable = 1;

    ngx_cc_pool_tell();

    ngx_cc_supply_start(&pool->spawner, conf->ring, conf->nice,
                        &ngx_cc_pool_spawner, pool, cycle->log);
}


void
ngx_cc_pool_stop(void)
{
    ngx_queue_t           *q;
    ngx_cc_pool_t         *pool = &ngx_cc_pool;
    ngx_cc_pool_helper_t  *h;

    if (!pool->started) {
        return;
    }

    pool->started = 0;
    pool->exiting = 1;

    ngx_cc_supply_stop(&pool->spawner);
    ngx_cc_pool_close_idle(pool->nidle);

    /* their commands have not been closed: the process is about to end */

    for (q = ngx_queue_head(&pool->busy);
         q != ngx_queue_sentinel(&pool->busy);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_pool_helper_t, queue);
        ngx_cc_channel_close(&h->channel);
    }
}


ngx_cc_pool_helper_t *
ngx_cc_pool_get(ngx_cc_pool_wait_t *wait)
{
    ngx_queue_t           *q;
    ngx_cc_pool_t         *pool = &ngx_cc_pool;
    ngx_cc_pool_helper_t  *h;

    if (pool->nidle && pool->nwaiting == 0) {
        q = ngx_queue_head(&pool->idle);
        h = ngx_queue_data(q, ngx_cc_pool_helper_t, queue);

        ngx_queue_remove(&h->queue);
        ngx_queue_insert_tail(&pool->busy, &h->queue);
        h->idle = 0;
        pool->nidle--;
        pool->nbusy++;

        ngx_cc_pool_tell();
        ngx_cc_pool_supply(0);

        return h;
    }

    ngx_queue_insert_tail(&pool->waiting, &wait->queue);
    wait->waiting = 1;
    pool->nwaiting++;

    ngx_cc_zone_count(NGX_CC_TOTAL_WAITS, 1);
    ngx_cc_pool_tell();
    ngx_cc_pool_supply(0);

    return NULL;
}


void
ngx_cc_pool_forget(ngx_cc_pool_wait_t *wait)
{
    if (wait->waiting) {
        ngx_queue_remove(&wait->queue);
        wait->waiting = 0;
        ngx_cc_pool.nwaiting--;
        ngx_cc_pool_tell();
    }
}


void
ngx_cc_pool_late(ngx_msec_t patience)
{
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    if (pool->spawner.wanted + ngx_cc_pool_orphans()
        > pool->nbusy + pool->nidle)
    {
        ngx_cc_supply_doubt(&pool->spawner, patience);
    }
}


void
ngx_cc_pool_use(ngx_cc_pool_helper_t *h, const ngx_cc_pool_user_t *user,
    void *data)
{
    h->user = user;
    h->data = data;
}


void
ngx_cc_pool_put(ngx_cc_pool_helper_t *h, ngx_uint_t reusable)
{
    ngx_queue_t         *q;
    ngx_cc_pool_t       *pool = &ngx_cc_pool;
    ngx_cc_pool_wait_t  *wait;

    if (h->deadline.timer_set) {
        ngx_del_timer(&h->deadline);
    }

    h->user = NULL;
    h->abandoned = 0;

    if (!reusable || h->dead) {
        ngx_cc_pool_detach(h);
        ngx_cc_pool_free(h);
        return;
    }

    /* after its spawner's death nobody would sweep what it leaves */

    if (h->spawner != pool->spawner.generation) {
        ngx_cc_pool_detach(h);
        ngx_cc_pool_free(h);
        ngx_cc_pool_supply(0);
        return;
    }

    if (pool->nwaiting) {
        q = ngx_queue_head(&pool->waiting);
        wait = ngx_queue_data(q, ngx_cc_pool_wait_t, queue);

        ngx_cc_pool_forget(wait);

        /* one more is busy, and the idle ones shall not be fewer for it */

        ngx_cc_pool_supply(0);

        wait->ready(wait->data, h);
        return;
    }

    ngx_queue_remove(&h->queue);
    pool->nbusy--;
    ngx_cc_pool_idle(h);
}


void
ngx_cc_pool_kill(ngx_cc_pool_helper_t *h)
{
    if (h->dead) {
        return;
    }

    /*
     * The end of its socket tells a helper that still runs to leave; a
     * stopped one needs the spawner, who alone may signal it.
     */

    ngx_cc_supply_kill(&ngx_cc_pool.spawner, h->spawner, h->pid);

    ngx_cc_channel_close(&h->channel);
    h->dead = 1;
}


/*
 * What the numbers are, for whoever asks any worker.  A worker that leaves
 * needs no helpers any more, so it does not miss them.
 */

static void
ngx_cc_pool_tell(void)
{
    ngx_cc_pool_t            *pool = &ngx_cc_pool;
    ngx_cc_totals_helpers_t   helpers;

    helpers.idle = pool->nidle;
    helpers.busy = pool->nbusy;
    helpers.waiting = pool->nwaiting;
    helpers.denied = !pool->exiting && pool->nidle == 0
                     && (pool->denied || pool->nbusy == 0);

    ngx_cc_zone_helpers(&helpers);
}


/* how many idle helpers would be right now */

static ngx_uint_t
ngx_cc_pool_need(void)
{
    ngx_uint_t      need;
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    need = ngx_max(pool->conf.min, pool->nwaiting);

    return ngx_max(need, pool->nbusy / 4);
}


/*
 * Tells the spawner how many helpers shall be alive.  It does not know which
 * are busy, so the number is a total; it never ends one, so a smaller number
 * only matters ("lower") after we have closed some ourselves.
 */

static void
ngx_cc_pool_supply(ngx_uint_t lower)
{
    ngx_uint_t      want, orphans;
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    if (pool->exiting && pool->nwaiting == 0) {
        ngx_cc_supply_want(&pool->spawner, 0);
        return;
    }

    want = ngx_min(pool->conf.max, pool->nbusy + ngx_cc_pool_need());

    if (pool->shortage) {
        want = ngx_min(want, pool->nbusy + pool->nidle);
    }

    if (want <= pool->spawner.wanted && !lower) {
        return;
    }

    orphans = ngx_cc_pool_orphans();

    ngx_cc_supply_want(&pool->spawner, want > orphans ? want - orphans : 1);
}


/* helpers of earlier spawners, which do not count for this one */

static ngx_uint_t
ngx_cc_pool_orphans(void)
{
    ngx_uint_t             n;
    ngx_queue_t           *q;
    ngx_cc_pool_t         *pool = &ngx_cc_pool;
    ngx_cc_pool_helper_t  *h;

    n = 0;

    if (pool->spawner.generation > 1) {
        for (q = ngx_queue_head(&pool->busy);
             q != ngx_queue_sentinel(&pool->busy);
             q = ngx_queue_next(q))
        {
            h = ngx_queue_data(q, ngx_cc_pool_helper_t, queue);
            n += (h->spawner != pool->spawner.generation);
        }
    }

    return n;
}


static void
ngx_cc_pool_ready(void *data)
{
    ngx_cc_pool_supply(1);
}


static void
ngx_cc_pool_made(void *data, pid_t pid, int *fds, size_t size)
{
    ngx_int_t              rc;
    const uint8_t         *ring;
    ngx_cc_pool_t         *pool = data;
    ngx_cc_pool_helper_t  *h;

    if (fds == NULL) {
        ngx_cc_pool_short();
        return;
    }

    ring = ngx_cc_ring_map(fds[1], size, 0);
    (void) close(fds[1]);

    h = ngx_calloc(sizeof(ngx_cc_pool_helper_t), pool->log);

    if (h == NULL || ring == NULL) {
        ngx_log_error(NGX_LOG_ERR, pool->log, ngx_errno,
                      "cc_executor: no memory for a helper");
        (void) close(fds[0]);
        goto failed;
    }

    rc = ngx_cc_channel_open(&h->channel, fds[0], &ngx_cc_pool_handlers, h, 0,
                             pool->log);
    if (rc != NGX_OK) {
        if (rc == NGX_BUSY) {
            ngx_log_error(NGX_LOG_ERR, pool->log, 0,
                          "cc_executor: worker_connections are not enough "
                          "for one more helper");
        }

        goto failed;
    }

    pool->denied = 0;

    h->pid = pid;
    h->ring = ring;
    h->ring_size = size;
    h->spawner = pool->spawner.generation;

    /* counted as busy until it is put */

    ngx_queue_insert_tail(&pool->busy, &h->queue);
    pool->nbusy++;

    ngx_cc_pool_put(h, 1);

    return;

failed:

    if (ring) {
        ngx_cc_ring_unmap(ring, size);
    }

    if (h) {
        ngx_free(h);
    }

    ngx_cc_pool_short();
}


/* with any helper alive the line moves on by itself */

static void
ngx_cc_pool_refused(void *data, ngx_err_t err)
{
    ngx_queue_t         *q;
    ngx_cc_pool_t       *pool = data;
    ngx_cc_pool_wait_t  *wait;

    pool->denied = 1;
    ngx_cc_pool_tell();

    while (pool->nwaiting && pool->nbusy + pool->nidle == 0) {
        q = ngx_queue_head(&pool->waiting);
        wait = ngx_queue_data(q, ngx_cc_pool_wait_t, queue);

        ngx_cc_pool_forget(wait);
        wait->failed(wait->data, err);
    }
}


/* the spawner died: nobody would sweep what its helpers leave */

static void
ngx_cc_pool_orphaned(void *data)
{
    ngx_cc_pool_t  *pool = data;

    pool->denied = 1;
    ngx_cc_pool_close_idle(pool->nidle);
    ngx_cc_pool_tell();
}


/* the worker leaves: nothing new begins, what runs may end */

static void
ngx_cc_pool_exiting(void *data)
{
    ngx_cc_pool_t  *pool = data;

    pool->exiting = 1;
    ngx_cc_supply_retire(&pool->spawner);
    ngx_cc_pool_tell();

    if (pool->nwaiting == 0) {
        ngx_cc_pool_close_idle(pool->nidle);
    }

    ngx_cc_pool_supply(1);
}


/*
 * A helper could not be taken: until things get better the spawner shall not
 * make more than there are, else it would fork without end.
 */

static void
ngx_cc_pool_short(void)
{
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    pool->shortage = 1;
    pool->denied = 1;
    ngx_cc_pool_tell();
    ngx_cc_pool_supply(1);

    if (!pool->relief.timer_set) {
        ngx_add_timer(&pool->relief, NGX_CC_POOL_RELIEF);
    }
}


static void
ngx_cc_pool_relief(ngx_event_t *ev)
{
    ngx_cc_pool_t  *pool = ev->data;

    pool->shortage = 0;
    ngx_cc_pool_supply(0);
}


static void
ngx_cc_pool_idle(ngx_cc_pool_helper_t *h)
{
    ngx_cc_pool_t  *pool = &ngx_cc_pool;

    ngx_queue_insert_head(&pool->idle, &h->queue);
    h->idle = 1;
    pool->nidle++;
    ngx_cc_pool_tell();

    if (pool->exiting) {
        ngx_cc_pool_close_idle(1);
        ngx_cc_pool_supply(0);
        return;
    }

    if (!pool->trim.timer_set) {
        ngx_add_timer(&pool->trim, NGX_CC_POOL_TRIM);
    }
}


/*
 * Every few seconds half of what is too much goes, and rings that have been
 * used give their memory back.
 */

static void
ngx_cc_pool_trim(ngx_event_t *ev)
{
    ngx_uint_t             need;
    ngx_queue_t           *q;
    ngx_cc_pool_t         *pool = ev->data;
    ngx_cc_wire_head_t     msg;
    ngx_cc_pool_helper_t  *h;

    need = ngx_cc_pool_need();

    if (pool->nidle > need) {
        ngx_cc_pool_close_idle((pool->nidle - need + 1) / 2);
        ngx_cc_pool_supply(1);
    }

    for (q = ngx_queue_head(&pool->idle);
         q != ngx_queue_sentinel(&pool->idle);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_pool_helper_t, queue);

        if (h->run) {
            ngx_cc_wire_init(&msg, NGX_CC_WIRE_RELEASE, h->run, sizeof(msg));
            (void) ngx_cc_channel_send(&h->channel, &msg, sizeof(msg));
        }
    }

    if (pool->nidle > need) {
        ngx_add_timer(&pool->trim, NGX_CC_POOL_TRIM);
    }
}


/* closes the n coldest; they leave at the end of their socket */

static void
ngx_cc_pool_close_idle(ngx_uint_t n)
{
    ngx_queue_t           *q;
    ngx_cc_pool_t         *pool = &ngx_cc_pool;
    ngx_cc_pool_helper_t  *h;

    while (n-- && pool->nidle) {
        q = ngx_queue_last(&pool->idle);
        h = ngx_queue_data(q, ngx_cc_pool_helper_t, queue);

        ngx_cc_pool_detach(h);
        ngx_cc_pool_free(h);
    }
}


static void
ngx_cc_pool_detach(ngx_cc_pool_helper_t *h)
{
    ngx_queue_remove(&h->queue);

    if (h->idle) {
        ngx_cc_pool.nidle--;

    } else {
        ngx_cc_pool.nbusy--;
    }

    ngx_cc_pool_tell();
}


static void
ngx_cc_pool_free(ngx_cc_pool_helper_t *h)
{
    if (h->deadline.timer_set) {
        ngx_del_timer(&h->deadline);
    }

    ngx_cc_channel_close(&h->channel);
    ngx_cc_ring_unmap(h->ring, h->ring_size);
    ngx_free(h);
}


static void
ngx_cc_pool_message(void *data, ngx_cc_wire_msg_t *msg, int *fds, int nfds)
{
    ngx_cc_pool_helper_t  *h = data;

    while (nfds) {
        (void) close(fds[--nfds]);
    }

    if (h->user && msg->head.run == h->run) {
        h->user->message(h->data, msg);
    }
}


static void
ngx_cc_pool_writable(void *data)
{
    ngx_cc_pool_helper_t  *h = data;

    if (h->user) {
        h->user->writable(h->data);
    }
}


static void
ngx_cc_pool_broken(void *data)
{
    ngx_cc_pool_helper_t  *h = data;

    if (h->idle) {
        ngx_cc_pool_detach(h);
        ngx_cc_pool_free(h);
        return;
    }

    ngx_cc_pool_kill(h);
    h->user->lost(h->data);
}
