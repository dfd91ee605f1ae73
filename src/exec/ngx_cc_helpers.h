
/*
 * The helpers that this worker has, idle and busy, and how many it shall have.
 * Who gets one is up to ngx_cc_pool.
 */

#ifndef _NGX_CC_HELPERS_H_INCLUDED_
#define _NGX_CC_HELPERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_helper_handle.h"
#include "ngx_cc_spawner_client.h"


typedef struct ngx_cc_helpers_s  ngx_cc_helpers_t;

struct ngx_cc_helpers_s {
    ngx_queue_t              idle;       /* last come, first served: warm */
    ngx_queue_t              busy;
    ngx_queue_t              kept;       /* of the current spawner, alive, but
                                            not ours any more */
    ngx_uint_t               nkept;
    ngx_uint_t               nidle;
    ngx_uint_t               nbusy;
    ngx_cc_spawner_client_t  spawner;    /* where new ones come from */

    unsigned              exiting:1;     /* the worker leaves */
    unsigned              denied:1;      /* the last one could not be made */

    /* private to ngx_cc_helpers.c */
    ngx_cc_helpers_t     *next;          /* of this worker's others */
    const ngx_cc_line_t  *line;
    ngx_uint_t            min;
    ngx_uint_t            max;
    ngx_event_t           trim;
    ngx_event_t           relief;
    unsigned              shortage:1;    /* of connections or memory */
};


/* "min" helpers shall be idle, at most "max" be there, for those in "line" */
void ngx_cc_helpers_init(ngx_cc_helpers_t *helpers, ngx_uint_t min,
    ngx_uint_t max, const ngx_cc_line_t *line, ngx_log_t *log);

/* a new helper of the current spawner, which counts as busy for now */
void ngx_cc_helpers_add(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h);

/* the warmest idle helper, which is busy now; there has to be one */
ngx_cc_helper_handle_t *ngx_cc_helpers_take(ngx_cc_helpers_t *helpers);

/* a busy helper becomes idle, or leaves with a worker that leaves */
void ngx_cc_helpers_idle(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h);

/* the helper leaves (at the end of its socket) and is freed */
void ngx_cc_helpers_drop(ngx_cc_helpers_t *helpers, ngx_cc_helper_handle_t *h);

/*
 * A busy helper hosts a kept command from now on: it counts here no more, its
 * ring is not mapped any more, the handle is the caller's.  Of those the
 * spawner's number is told when they have ended.  NGX_OK or NGX_ERROR (no
 * memory: nothing has changed).
 */
ngx_int_t ngx_cc_helpers_leave(ngx_cc_helpers_t *helpers,
    ngx_cc_helper_handle_t *h);

/* a helper of the current spawner has ended */
void ngx_cc_helpers_gone(ngx_cc_helpers_t *helpers, pid_t pid);

/* the spawner is gone: its kept ones do not count */
void ngx_cc_helpers_forget(ngx_cc_helpers_t *helpers);

/* the same for the "n" that have been idle for longest */
void ngx_cc_helpers_close_idle(ngx_cc_helpers_t *helpers, ngx_uint_t n);

/* was it made by a spawner that has died? */
ngx_uint_t ngx_cc_helpers_orphaned(const ngx_cc_helpers_t *helpers,
    const ngx_cc_helper_handle_t *h);

/*
 * Tells the spawner how many helpers shall be alive.  It does not know which
 * are busy, so the number is a total; it never ends one, so a smaller number
 * only matters ("lower") after some have been closed here.
 */
void ngx_cc_helpers_order(ngx_cc_helpers_t *helpers, ngx_uint_t lower);

/* have fewer come than were ordered? */
ngx_uint_t ngx_cc_helpers_awaits(const ngx_cc_helpers_t *helpers);

/*
 * A helper could not be taken: until things get better the spawner shall not
 * make more than there are, else it would fork without end.
 */
void ngx_cc_helpers_short(ngx_cc_helpers_t *helpers);

/*
 * Publishes the numbers of this worker, of all users together, for the others;
 * to be called after "exiting", "denied" or the line have changed.
 */
void ngx_cc_helpers_tell(void);


#endif /* _NGX_CC_HELPERS_H_INCLUDED_ */
