
/*
 * The line: commands of this worker that wait to be started, in order of
 * arrival, and how many may be at their birth together.
 *
 * A birth lasts from START until the helper has said anything.  Many at a time
 * only take the processors from each other: 64 callers of a short command had
 * to wait up to 100 ms for it, in a line that lets a few go at a time 35 ms,
 * and every command cost less.
 */

#ifndef _NGX_CC_LINE_H_INCLUDED_
#define _NGX_CC_LINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_wire.h"


typedef struct ngx_cc_helper_handle_s  ngx_cc_helper_handle_t;


/* a command that wants a helper; lives in the caller's object */

typedef struct {
    ngx_queue_t      queue;
    void           (*ready)(void *data, ngx_cc_helper_handle_t *h);
    void           (*failed)(void *data, ngx_cc_stage_e stage, ngx_err_t err);
    void            *data;
    unsigned         waiting:1;
    void            *pool;               /* private to ngx_cc_pool.c */
} ngx_cc_line_wait_t;


/* lives in the helper that was given */

typedef struct {
    ngx_queue_t      queue;
    ngx_msec_t       since;
    unsigned         counted:1;
} ngx_cc_line_birth_t;


typedef struct {
    ngx_queue_t      waiting;
    ngx_uint_t       nwaiting;

    ngx_uint_t       max;                /* births at a time */

    /* private */
    ngx_queue_t      births;             /* the oldest first */
    ngx_uint_t       nbirths;
    ngx_event_t      patience;
    void           (*moved)(void *data);
    void            *data;
} ngx_cc_line_t;


/*
 * An empty line of a worker, one of "workers" on this machine.  moved(data):
 * births took too long and count no more, the first in the line may go on.
 */
void ngx_cc_line_init(ngx_cc_line_t *line, ngx_uint_t workers,
    void (*moved)(void *data), void *data, ngx_log_t *log);

/* may one more begin? */
ngx_uint_t ngx_cc_line_open(ngx_cc_line_t *line);

/* to the end of the line */
void ngx_cc_line_join(ngx_cc_line_t *line, ngx_cc_line_wait_t *wait);

/* out of it, if it stands there */
void ngx_cc_line_leave(ngx_cc_line_t *line, ngx_cc_line_wait_t *wait);

/* the first one, out of the line; NULL when it is empty */
ngx_cc_line_wait_t *ngx_cc_line_first(ngx_cc_line_t *line);

/* one begins */
void ngx_cc_line_begin(ngx_cc_line_t *line, ngx_cc_line_birth_t *birth);

/* it is over, well or not; returns whether it still counted */
ngx_uint_t ngx_cc_line_end(ngx_cc_line_t *line, ngx_cc_line_birth_t *birth);


#endif /* _NGX_CC_LINE_H_INCLUDED_ */
