
/*
 * Helpers of this worker whose commands have the same user: who gets one, who
 * gives one back.
 */

#ifndef _NGX_CC_POOL_H_INCLUDED_
#define _NGX_CC_POOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <poll.h>
#include "ngx_cc_helpers.h"
#include "ngx_cc_pools.h"
#include "ngx_cc_service_client.h"


typedef struct {
    ngx_cc_helpers_t   helpers;
    ngx_cc_line_t      line;
    ngx_log_t         *log;
    void             (*exiting)(void);   /* may be NULL */
    unsigned           started:1;
} ngx_cc_pool_t;


/*
 * In init_process of a worker: begins to make helpers, of this "service".  What
 * fails is logged and tried again.
 */
void ngx_cc_pool_start(ngx_cc_pool_t *pool, ngx_cycle_t *cycle,
    const ngx_cc_pools_conf_t *conf,
    const ngx_cc_service_client_conf_t *service);

/* in exit_process: closes everything, so all helpers leave */
void ngx_cc_pool_stop(ngx_cc_pool_t *pool);

/*
 * Busy helpers that may say something, in fds and h, which have room for all
 * of them (pool->helpers.nbusy).  Returns how many.
 */
ngx_uint_t ngx_cc_pool_await(ngx_cc_pool_t *pool, struct pollfd *fds,
    ngx_cc_helper_handle_t **h);

/*
 * A helper at once, or NULL: then "wait" (ready, failed and data are set by the
 * caller) stands in the line, and one of its two functions is called later.
 */
ngx_cc_helper_handle_t *ngx_cc_pool_get(ngx_cc_pool_t *pool,
    ngx_cc_line_wait_t *wait);

/*
 * A command left the line because no helper came within "patience" ms: checks
 * that the spawner still works.
 */
void ngx_cc_pool_late(const ngx_cc_line_wait_t *wait, ngx_msec_t patience);

/* leaves the line */
void ngx_cc_pool_forget(ngx_cc_line_wait_t *wait);

/* from now on messages of h go to this user */
void ngx_cc_pool_use(ngx_cc_helper_handle_t *h,
    const ngx_cc_helper_handle_user_t *user, void *data);

/*
 * Gives a helper back that has said EXITED or FAILED (reusable: as it said)
 * or that is lost.  Its ring must not be touched afterwards.
 */
void ngx_cc_pool_put(ngx_cc_helper_handle_t *h, ngx_uint_t reusable);

/*
 * A helper whose command is kept from now on: it does not count among those of
 * the pool any more, and its end is not the pool's matter.  Its messages still
 * go to its user; ngx_cc_pool_put() closes the socket and frees the handle.
 * NGX_OK or NGX_ERROR (no memory: nothing has changed).
 */
ngx_int_t ngx_cc_pool_leave(ngx_cc_helper_handle_t *h);

/*
 * Ends a helper that does not do what it has to (the spawner kills it and its
 * tree); it still has to be put back.
 */
void ngx_cc_pool_kill(ngx_cc_helper_handle_t *h);


#endif /* _NGX_CC_POOL_H_INCLUDED_ */
