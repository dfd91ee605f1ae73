
/*
 * The helpers of this worker: who gets one, who gives one back.
 */

#ifndef _NGX_CC_POOL_H_INCLUDED_
#define _NGX_CC_POOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_helper_handle.h"
#include "ngx_cc_service_client.h"


typedef struct {
    ngx_uint_t       min;        /* idle helpers to keep */
    ngx_uint_t       max;        /* helpers, idle and busy */
    size_t           ring;       /* bytes of each ring: the greatest
                                    cc_executor_buffer */
    int              nice;
    const char      *tmp;        /* where commands get their TMPDIR */
    void           (*exiting)(void);     /* this worker begins to shut down;
                                            may be NULL */
    unsigned         seccomp;    /* what all commands of all locations are
                                    denied (ngx_cc_seccomp.h) */
    ngx_uint_t       unfenced;   /* a location's commands may signal others */
    ngx_cc_service_client_conf_t  service;   /* where helpers come from */
} ngx_cc_pool_conf_t;


/*
 * In init_process of a worker: begins to make helpers.  What fails is logged
 * and tried again.
 */
void ngx_cc_pool_start(ngx_cycle_t *cycle, ngx_cc_pool_conf_t *conf);

/*
 * The uid of commands, as the executor service said last; 0 = it has not said
 * anything yet, or commands have the uid of this worker.
 */
ngx_uid_t ngx_cc_pool_uid(void);

/*
 * In exit_process, where no event comes any more: waits at most "timeout" ms
 * for messages of busy helpers and passes them on.  Returns how many helpers
 * are busy.
 */
ngx_uint_t ngx_cc_pool_wait(ngx_msec_t timeout);

/* in exit_process: closes everything, so all helpers leave */
void ngx_cc_pool_stop(void);

/*
 * A helper at once, or NULL: then "wait" (ready, failed and data are set by the
 * caller) stands in the line, and one of its two functions is called later.
 */
ngx_cc_helper_handle_t *ngx_cc_pool_get(ngx_cc_line_wait_t *wait);

/*
 * A command left the line because no helper came within "patience" ms: checks
 * that the spawner still works.
 */
void ngx_cc_pool_late(ngx_msec_t patience);

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
