
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_pool.h"


static ngx_cc_pool_t *ngx_cc_pools_of(ngx_uint_t user);
static void ngx_cc_pools_exiting(void);
static ngx_uint_t ngx_cc_pools_busy(void);


/* by users; without a service the first one */

static ngx_cc_pool_t  ngx_cc_pools[NGX_CC_POOLS_USERS];

/* of commands since the master began, by its configurations; the last ones */

#define NGX_CC_POOLS_KNOWN  (NGX_CC_ANCESTRY_USERS - NGX_CC_POOLS_USERS)

static uid_t          ngx_cc_pools_known[NGX_CC_POOLS_KNOWN];
static ngx_uint_t     ngx_cc_pools_nknown;

/* conf->exiting, until it has been called */

static void         (*ngx_cc_pools_left)(void);


void
ngx_cc_pools_start(ngx_cycle_t *cycle, const ngx_cc_pools_conf_t *conf)
{
    ngx_uint_t                    i;
    ngx_cc_pools_conf_t           each;
    ngx_cc_service_client_conf_t  service;

    ngx_cc_pools_left = conf->exiting;

    each = *conf;
    each.exiting = ngx_cc_pools_exiting;

    ngx_memzero(&service, sizeof(service));
    service.path = conf->service;

    if (conf->service == NULL) {
        ngx_cc_pool_start(&ngx_cc_pools[0], cycle, &each, &service);
        return;
    }

    for (i = 0; i < conf->nusers; i++) {
        service.user = conf->user[i].name;
        service.required = conf->user[i].required;

        if (conf->user[i].used) {
            ngx_cc_pool_start(ngx_cc_pools_of(i), cycle, &each, &service);
        }
    }
}


/* a single process has one user's, and keeps them when that changes */

static ngx_cc_pool_t *
ngx_cc_pools_of(ngx_uint_t user)
{
    return &ngx_cc_pools[ngx_process == NGX_PROCESS_SINGLE ? 0 : user];
}


/* each pool says so */

static void
ngx_cc_pools_exiting(void)
{
    void  (*left)(void);

    left = ngx_cc_pools_left;
    ngx_cc_pools_left = NULL;

    if (left) {
        left();
    }
}


void
ngx_cc_pools_know(uid_t uid)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CC_POOLS_KNOWN; i++) {
        if (ngx_cc_pools_known[i] == uid) {
            return;
        }
    }

    ngx_cc_pools_known[ngx_cc_pools_nknown++ % NGX_CC_POOLS_KNOWN] = uid;
}


void
ngx_cc_pools_uids(uid_t uids[NGX_CC_ANCESTRY_USERS])
{
    ngx_uint_t  i, n;

    ngx_memzero(uids, NGX_CC_ANCESTRY_USERS * sizeof(uid_t));
    n = 0;

    for (i = 0; i < NGX_CC_POOLS_KNOWN && ngx_cc_pools_known[i]; i++) {
        uids[n++] = ngx_cc_pools_known[i];
    }

    for (i = 0; i < NGX_CC_POOLS_USERS; i++) {
        if (ngx_cc_pools[i].helpers.spawner.uid) {
            uids[n++] = ngx_cc_pools[i].helpers.spawner.uid;
        }
    }
}


ngx_uint_t
ngx_cc_pools_wait(ngx_msec_t timeout)
{
    ngx_uint_t                i, n;
    ngx_event_t              *rev;
    ngx_cc_helper_handle_t  **h;
    struct pollfd            *fds;

    n = ngx_cc_pools_busy();

    if (n == 0) {
        return 0;
    }

    fds = ngx_alloc(n * (sizeof(struct pollfd)
                         + sizeof(ngx_cc_helper_handle_t *)),
                    ngx_cycle->log);

    if (fds == NULL) {
        return 0;
    }

    h = (ngx_cc_helper_handle_t **) (fds + n);
    n = 0;

    for (i = 0; i < NGX_CC_POOLS_USERS; i++) {
        if (ngx_cc_pools[i].started) {
            n += ngx_cc_pool_await(&ngx_cc_pools[i], fds + n, h + n);
        }
    }

    if (n && poll(fds, n, timeout) > 0) {

        /* none of these is freed by what another one says */

        for (i = 0; i < n; i++) {
            if (fds[i].revents) {
                rev = h[i]->channel.connection->read;
                rev->handler(rev);
            }
        }
    }

    ngx_free(fds);

    return n ? ngx_cc_pools_busy() : 0;
}


static ngx_uint_t
ngx_cc_pools_busy(void)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < NGX_CC_POOLS_USERS; i++) {
        n += ngx_cc_pools[i].started ? ngx_cc_pools[i].helpers.nbusy : 0;
    }

    return n;
}


void
ngx_cc_pools_stop(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CC_POOLS_USERS; i++) {
        if (ngx_cc_pools[i].started) {
            ngx_cc_pool_stop(&ngx_cc_pools[i]);
        }
    }
}


ngx_cc_helper_handle_t *
ngx_cc_pools_get(ngx_uint_t user, ngx_cc_line_wait_t *wait)
{
    return ngx_cc_pool_get(ngx_cc_pools_of(user), wait);
}
