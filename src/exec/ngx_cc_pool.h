
/*
 * The helpers of this worker: how many there are, who is idle, which executes
 * wait for one, in order of arrival.
 */

#ifndef _NGX_CC_POOL_H_INCLUDED_
#define _NGX_CC_POOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_channel.h"
#include "ngx_cc_witness.h"


typedef struct {
    ngx_uint_t       min;        /* idle helpers to keep */
    ngx_uint_t       max;        /* helpers, idle and busy */
    size_t           ring;       /* bytes of each ring: the greatest
                                    cc_executor_buffer */
    int              nice;
} ngx_cc_pool_conf_t;


typedef struct ngx_cc_pool_helper_s  ngx_cc_pool_helper_t;


/* who uses a helper gets what comes from it */

typedef struct {
    void  (*message)(void *user, ngx_cc_wire_msg_t *msg);
    void  (*writable)(void *user);
    void  (*lost)(void *user);       /* it died; give it back all the same */
} ngx_cc_pool_user_t;


struct ngx_cc_pool_helper_s {
    ngx_cc_channel_t           channel;
    pid_t                      pid;
    uint32_t                   run;      /* number of the current START */
    const uint8_t             *ring;     /* mapped read-only */
    size_t                     ring_size;

    unsigned                   dead:1;   /* killed, or lost */

    /* private to ngx_cc_abandon.c; put() ends the timer */
    ngx_event_t                deadline;
    unsigned                   abandoned:1;

    /* private to ngx_cc_account.c */
    uint64_t                   asked;    /* us since 1970, its command */
    ngx_cc_witnessed_t        *witnessed;    /* or NULL */
    unsigned                   started:1;

    /* private to ngx_cc_pool.c */
    ngx_queue_t                queue;
    const ngx_cc_pool_user_t  *user;
    void                      *data;
    ngx_uint_t                 spawner;  /* generation of who made it */
    unsigned                   idle:1;
};


/* an execute that needs a helper; lives in the caller's object */

typedef struct {
    ngx_queue_t      queue;
    void           (*ready)(void *data, ngx_cc_pool_helper_t *h);
    void           (*failed)(void *data, ngx_err_t err);
    void            *data;
    unsigned         waiting:1;
} ngx_cc_pool_wait_t;


/*
 * In init_process of a worker: begins to make helpers.  What fails for now is
 * told and tried again.
 */
void ngx_cc_pool_start(ngx_cycle_t *cycle, ngx_cc_pool_conf_t *conf);

/* in exit_process: closes everything, so all helpers leave */
void ngx_cc_pool_stop(void);

/*
 * An idle helper for "user" at once, or NULL: then "wait" (ready, failed and
 * data are set by the caller) stands in the line, and one of its two functions
 * is called later.
 */
ngx_cc_pool_helper_t *ngx_cc_pool_get(ngx_cc_pool_wait_t *wait);

/*
 * Somebody left the line because no helper came within "patience" ms: is the
 * spawner still well?
 */
void ngx_cc_pool_late(ngx_msec_t patience);

/* leaves the line */
void ngx_cc_pool_forget(ngx_cc_pool_wait_t *wait);

/* from now on messages of h go to this user */
void ngx_cc_pool_use(ngx_cc_pool_helper_t *h, const ngx_cc_pool_user_t *user,
    void *data);

/*
 * Gives a helper back that has said EXITED or FAILED (reusable: as it said)
 * or that is lost.  Its ring must not be touched afterwards.
 */
void ngx_cc_pool_put(ngx_cc_pool_helper_t *h, ngx_uint_t reusable);

/*
 * Ends a helper that does not do what it has to (the spawner kills it and its
 * tree); it still has to be put back.
 */
void ngx_cc_pool_kill(ngx_cc_pool_helper_t *h);


#endif /* _NGX_CC_POOL_H_INCLUDED_ */
