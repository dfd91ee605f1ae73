
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_pool.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_helpers.h"
#include "ngx_cc_zone.h"


static void ngx_cc_pool_give(ngx_cc_helper_handle_t *h);
static void ngx_cc_pool_next(void *data);
static void ngx_cc_pool_ready(void *data);
static void ngx_cc_pool_made(void *data, pid_t pid, int *fds, size_t size);
static void ngx_cc_pool_stopped(void *data, pid_t pid);
static void ngx_cc_pool_ended(void *data, pid_t pid);
static void ngx_cc_pool_refused(void *data, ngx_cc_stage_e stage,
    ngx_err_t err);
static void ngx_cc_pool_orphaned(void *data);
static void ngx_cc_pool_exiting(void *data);
static void ngx_cc_pool_message(void *data, ngx_cc_wire_msg_t *msg, int *fds,
    int nfds);
static void ngx_cc_pool_writable(void *data);
static void ngx_cc_pool_broken(void *data);


static const ngx_cc_spawner_client_handlers_t  ngx_cc_pool_spawner = {
    ngx_cc_pool_ready,
    ngx_cc_pool_made,
    ngx_cc_pool_stopped,
    ngx_cc_pool_ended,
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


void
ngx_cc_pool_start(ngx_cc_pool_t *pool, ngx_cycle_t *cycle,
    const ngx_cc_pools_conf_t *conf,
    const ngx_cc_service_client_conf_t *service)
{
    ngx_core_conf_t        *ccf;
    ngx_cc_spawner_conf_t   spawner;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    pool->log = cycle->log;
    pool->started = 1;
    pool->exiting = conf->exiting;

    ngx_cc_line_init(&pool->line, ccf->worker_processes, ngx_cc_pool_next,
                     pool, cycle->log);
    ngx_cc_helpers_init(&pool->helpers, conf->min, conf->max, &pool->line,
                        cycle->log);

    ngx_memzero(&spawner, sizeof(spawner));
    spawner.ring = conf->ring;
    spawner.nice = conf->nice;
    spawner.tmp = conf->tmp;
    spawner.cgroup = -1;

    /* a single process keeps its helpers when the configuration changes */

    if (ngx_process != NGX_PROCESS_SINGLE) {
        spawner.seccomp = conf->seccomp;
        spawner.enclosed = !conf->unfenced;
    }

    ngx_cc_spawner_client_start(&pool->helpers.spawner, &spawner,
                                service, &ngx_cc_pool_spawner, pool,
                                cycle->log);
}


void
ngx_cc_pool_stop(ngx_cc_pool_t *pool)
{
    ngx_queue_t             *q;
    ngx_cc_helper_handle_t  *h;

    if (!pool->started) {
        return;
    }

    pool->started = 0;
    pool->helpers.exiting = 1;

    ngx_cc_spawner_client_stop(&pool->helpers.spawner);
    ngx_cc_helpers_close_idle(&pool->helpers, pool->helpers.nidle);

    /* their commands have not been closed: the process is about to end */

    for (q = ngx_queue_head(&pool->helpers.busy);
         q != ngx_queue_sentinel(&pool->helpers.busy);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_helper_handle_t, queue);
        ngx_cc_channel_close(&h->channel);
    }
}


ngx_uint_t
ngx_cc_pool_await(ngx_cc_pool_t *pool, struct pollfd *fds,
    ngx_cc_helper_handle_t **h)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    for (q = ngx_queue_head(&pool->helpers.busy);
         q != ngx_queue_sentinel(&pool->helpers.busy);
         q = ngx_queue_next(q))
    {
        h[n] = ngx_queue_data(q, ngx_cc_helper_handle_t, queue);

        if (h[n]->channel.connection) {
            fds[n].fd = h[n]->channel.connection->fd;
            fds[n].events = POLLIN;
            fds[n].revents = 0;
            n++;
        }
    }

    return n;
}


ngx_cc_helper_handle_t *
ngx_cc_pool_get(ngx_cc_pool_t *pool, ngx_cc_line_wait_t *wait)
{
    ngx_cc_helper_handle_t  *h;

    wait->pool = pool;

    if (pool->helpers.nidle == 0) {
        ngx_cc_zone_count(NGX_CC_TOTAL_WAITS, 1);

    } else if (pool->line.nwaiting == 0 && ngx_cc_line_open(&pool->line)) {
        h = ngx_cc_helpers_take(&pool->helpers);
        ngx_cc_line_begin(&pool->line, &h->birth);
        ngx_cc_helpers_order(&pool->helpers, 0);
        return h;
    }

    ngx_cc_line_join(&pool->line, wait);
    ngx_cc_helpers_tell();
    ngx_cc_helpers_order(&pool->helpers, 0);
    ngx_cc_spawner_client_hurry(&pool->helpers.spawner);

    return NULL;
}


void
ngx_cc_pool_forget(ngx_cc_line_wait_t *wait)
{
    ngx_cc_pool_t  *pool = wait->pool;

    if (wait->waiting) {
        ngx_cc_line_leave(&pool->line, wait);
        ngx_cc_helpers_tell();
    }
}


void
ngx_cc_pool_late(const ngx_cc_line_wait_t *wait, ngx_msec_t patience)
{
    ngx_cc_pool_t  *pool = wait->pool;

    if (ngx_cc_helpers_awaits(&pool->helpers)) {
        ngx_cc_spawner_client_doubt(&pool->helpers.spawner, patience);
    }
}


void
ngx_cc_pool_use(ngx_cc_helper_handle_t *h,
    const ngx_cc_helper_handle_user_t *user, void *data)
{
    h->user = user;
    h->data = data;
}


void
ngx_cc_pool_put(ngx_cc_helper_handle_t *h, ngx_uint_t reusable)
{
    ngx_cc_pool_t  *pool = h->pool;

    if (h->kept) {
        ngx_cc_channel_close(&h->channel);
        ngx_free(h);
        return;
    }

    (void) ngx_cc_line_end(&pool->line, &h->birth);

    if (h->deadline.timer_set) {
        ngx_del_timer(&h->deadline);
    }

    h->user = NULL;
    h->abandoned = 0;

    if (!reusable || h->dead) {
        ngx_cc_helpers_drop(&pool->helpers, h);
        return;
    }

    /* after its spawner's death nothing would sweep what it leaves */

    if (ngx_cc_helpers_orphaned(&pool->helpers, h)) {
        ngx_cc_helpers_drop(&pool->helpers, h);
        ngx_cc_helpers_order(&pool->helpers, 0);
        return;
    }

    if (pool->line.nwaiting && ngx_cc_line_open(&pool->line)) {
        ngx_cc_pool_give(h);
        return;
    }

    ngx_cc_helpers_idle(&pool->helpers, h);
}


ngx_int_t
ngx_cc_pool_leave(ngx_cc_helper_handle_t *h)
{
    ngx_cc_pool_t  *pool = h->pool;

    if (ngx_cc_helpers_leave(&pool->helpers, h) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_cc_line_end(&pool->line, &h->birth);
    h->kept = 1;

    return NGX_OK;
}


void
ngx_cc_pool_kill(ngx_cc_helper_handle_t *h)
{
    ngx_cc_pool_t  *pool = h->pool;

    if (h->dead) {
        return;
    }

    /*
     * The end of its socket tells a helper that still runs to leave; a
     * stopped one needs the spawner, who alone may signal it.
     */

    ngx_cc_spawner_client_kill(&pool->helpers.spawner, h->spawner, h->pid);

    ngx_cc_channel_close(&h->channel);
    h->dead = 1;
}


/* a busy helper to the first in the line */

static void
ngx_cc_pool_give(ngx_cc_helper_handle_t *h)
{
    ngx_cc_pool_t       *pool = h->pool;
    ngx_cc_line_wait_t  *wait;

    wait = ngx_cc_line_first(&pool->line);
    ngx_cc_line_begin(&pool->line, &h->birth);
    ngx_cc_helpers_tell();

    /* one more is busy, and the idle ones shall not be fewer for it */

    ngx_cc_helpers_order(&pool->helpers, 0);

    wait->ready(wait->data, h);
}


/* births are over: who may go on? */

static void
ngx_cc_pool_next(void *data)
{
    ngx_cc_pool_t  *pool = data;

    while (pool->line.nwaiting && pool->helpers.nidle
           && ngx_cc_line_open(&pool->line))
    {
        ngx_cc_pool_give(ngx_cc_helpers_take(&pool->helpers));
    }
}


static void
ngx_cc_pool_ready(void *data)
{
    ngx_cc_pool_t  *pool = data;

    ngx_cc_helpers_order(&pool->helpers, 1);
}


static void
ngx_cc_pool_made(void *data, pid_t pid, int *fds, size_t size)
{
    ngx_int_t                rc;
    const uint8_t           *ring;
    ngx_cc_pool_t           *pool = data;
    ngx_cc_helper_handle_t  *h;

    if (fds == NULL) {
        ngx_cc_helpers_short(&pool->helpers);
        return;
    }

    ring = ngx_cc_ring_map(fds[1], size, 0);
    (void) close(fds[1]);

    h = ngx_calloc(sizeof(ngx_cc_helper_handle_t), pool->log);

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

    h->pool = pool;
    h->pid = pid;
    h->ring = ring;
    h->ring_size = size;

    ngx_cc_helpers_add(&pool->helpers, h);
    ngx_cc_pool_put(h, 1);

    return;

failed:

    if (ring) {
        ngx_cc_ring_unmap(ring, size);
    }

    if (h) {
        ngx_free(h);
    }

    ngx_cc_helpers_short(&pool->helpers);
}


/*
 * An idle helper that is stopped would only be found out by a command that
 * waits for it in vain; a busy one has its deadlines.
 */

static void
ngx_cc_pool_stopped(void *data, pid_t pid)
{
    ngx_queue_t             *q;
    ngx_cc_pool_t           *pool = data;
    ngx_cc_helper_handle_t  *h;

    for (q = ngx_queue_head(&pool->helpers.idle);
         q != ngx_queue_sentinel(&pool->helpers.idle);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_cc_helper_handle_t, queue);

        if (h->pid == pid) {
            ngx_log_error(NGX_LOG_WARN, pool->log, 0,
                          "cc_executor: helper %P was stopped by a signal, it "
                          "is replaced", pid);

            ngx_cc_pool_kill(h);
            ngx_cc_helpers_drop(&pool->helpers, h);
            ngx_cc_helpers_order(&pool->helpers, 1);
            return;
        }
    }
}


static void
ngx_cc_pool_ended(void *data, pid_t pid)
{
    ngx_cc_pool_t  *pool = data;

    ngx_cc_helpers_gone(&pool->helpers, pid);
}


/*
 * With any helper alive the line moves on by itself; but not without a service,
 * whose helpers end what they run and leave.
 */

static void
ngx_cc_pool_refused(void *data, ngx_cc_stage_e stage, ngx_err_t err)
{
    ngx_cc_pool_t       *pool = data;
    ngx_cc_line_wait_t  *wait;

    pool->helpers.denied = 1;
    ngx_cc_helpers_tell();

    while (pool->line.nwaiting
           && (pool->helpers.nbusy + pool->helpers.nidle == 0
               || stage == NGX_CC_STAGE_SERVICE))
    {
        wait = ngx_cc_line_first(&pool->line);
        ngx_cc_helpers_tell();

        wait->failed(wait->data, stage, err);
    }
}


/* the spawner died: nothing would sweep what its helpers leave */

static void
ngx_cc_pool_orphaned(void *data)
{
    ngx_cc_pool_t  *pool = data;

    pool->helpers.denied = 1;
    ngx_cc_helpers_forget(&pool->helpers);
    ngx_cc_helpers_close_idle(&pool->helpers, pool->helpers.nidle);
    ngx_cc_helpers_tell();
}


/* the worker leaves: nothing new begins, what runs may end */

static void
ngx_cc_pool_exiting(void *data)
{
    ngx_cc_pool_t  *pool = data;

    pool->helpers.exiting = 1;

    if (pool->exiting) {
        pool->exiting();
    }

    ngx_cc_spawner_client_retire(&pool->helpers.spawner);
    ngx_cc_helpers_tell();

    if (pool->line.nwaiting == 0) {
        ngx_cc_helpers_close_idle(&pool->helpers, pool->helpers.nidle);
    }

    ngx_cc_helpers_order(&pool->helpers, 1);
}


static void
ngx_cc_pool_message(void *data, ngx_cc_wire_msg_t *msg, int *fds, int nfds)
{
    ngx_uint_t               born;
    ngx_cc_helper_handle_t  *h = data;
    ngx_cc_pool_t           *pool = h->pool;

    while (nfds) {
        (void) close(fds[--nfds]);
    }

    if (h->user == NULL || msg->head.run != h->run) {
        return;
    }

    born = ngx_cc_line_end(&pool->line, &h->birth);

    h->user->message(h->data, msg);

    if (born) {
        ngx_cc_pool_next(pool);
    }
}


static void
ngx_cc_pool_writable(void *data)
{
    ngx_cc_helper_handle_t  *h = data;

    if (h->user) {
        h->user->writable(h->data);
    }
}


static void
ngx_cc_pool_broken(void *data)
{
    ngx_cc_helper_handle_t  *h = data;
    ngx_cc_pool_t           *pool = h->pool;

    if (h->idle) {
        ngx_cc_helpers_drop(&pool->helpers, h);
        return;
    }

    if (h->kept) {
        ngx_cc_channel_close(&h->channel);
        h->dead = 1;
        h->user->lost(h->data);
        return;
    }

    ngx_cc_pool_kill(h);
    h->user->lost(h->data);
}
