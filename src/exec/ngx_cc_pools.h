
/*
 * The pools of this worker: one for each user that commands have, or a single
 * one where they have the worker's.
 */

#ifndef _NGX_CC_POOLS_H_INCLUDED_
#define _NGX_CC_POOLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ancestry.h"
#include "ngx_cc_helper_handle.h"
#include "ngx_cc_service_client.h"


#define NGX_CC_POOLS_USERS  16


typedef struct {
    const char      *name;
    unsigned         required;   /* as in ngx_cc_service_client_conf_t */
    unsigned         used:1;     /* by a location; else it has no helpers */
} ngx_cc_pools_user_t;


typedef struct {
    ngx_uint_t       min;        /* idle helpers to keep, for each user */
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
    const char      *service;    /* where they come from: path, as in
                                    ngx_cc_service_client_conf_t */
    ngx_cc_pools_user_t  user[NGX_CC_POOLS_USERS];   /* of a service */
    ngx_uint_t       nusers;
} ngx_cc_pools_conf_t;


/*
 * In init_process of a worker: begins to make helpers.  What fails is logged
 * and tried again.
 */
void ngx_cc_pools_start(ngx_cycle_t *cycle, const ngx_cc_pools_conf_t *conf);

/*
 * In the master, for those who are made later: commands have this uid.  Some of
 * them may live on when a configuration has it no more.
 */
void ngx_cc_pools_know(uid_t uid);

/*
 * The uids of commands, as the master knows and the executor service has said;
 * behind them 0.  None: commands have the uid of this worker.
 */
void ngx_cc_pools_uids(uid_t uids[NGX_CC_ANCESTRY_USERS]);

/*
 * In exit_process, where no event comes any more: waits at most "timeout" ms
 * for messages of busy helpers and passes them on.  Returns how many helpers
 * are busy.
 */
ngx_uint_t ngx_cc_pools_wait(ngx_msec_t timeout);

/* in exit_process: closes everything, so all helpers leave */
void ngx_cc_pools_stop(void);

/* ngx_cc_pool_get() for conf->user[user], or, without a service, for anybody */
ngx_cc_helper_handle_t *ngx_cc_pools_get(ngx_uint_t user,
    ngx_cc_line_wait_t *wait);


#endif /* _NGX_CC_POOLS_H_INCLUDED_ */
