
/*
 * The last words to clients when nginx stops: every command ends with the cause
 * "shutdown", its client learns how, and a WebSocket is closed with 1001.
 *
 * On a fast stop (TERM) the core leaves its event loop at once, and its master
 * kills workers that are still there after a second and a half.  So this is
 * done in exit_process, without the event loop, in at most a second: what has
 * not ended by then is told as it is.  A worker that quits waits for its
 * commands as ever, but with worker_shutdown_timeout they are told in time
 * before that.
 */

#ifndef _NGX_CC_FAREWELL_H_INCLUDED_
#define _NGX_CC_FAREWELL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_CC_FAREWELL_ASK = 0,     /* its commands are to end */
    NGX_CC_FAREWELL_MOVE,        /* something may have come of it */
    NGX_CC_FAREWELL_LAST         /* say what there is, and good-bye */
} ngx_cc_farewell_e;


typedef struct {
    ngx_uint_t   (*busy)(void *data);
    ngx_msec_t   (*grace)(void *data);   /* of its commands */

    /* "data", and so what has joined, may be gone afterwards */
    void         (*say)(void *data, ngx_cc_farewell_e what);
} ngx_cc_farewell_handlers_t;


/* lives in a session; the first two are set by it */

typedef struct {
    void          *data;
    const ngx_cc_farewell_handlers_t  *handlers;
    ngx_queue_t    queue;        /* next NULL: it is not there */
} ngx_cc_farewell_t;


/* a session begins; ends (harmless when it is not there) */
void ngx_cc_farewell_join(ngx_cc_farewell_t *f);
void ngx_cc_farewell_leave(ngx_cc_farewell_t *f);

/* this worker begins to shut down: when do its commands have to end? */
void ngx_cc_farewell_exiting(void);

/* in exit_process */
void ngx_cc_farewell(void);


#endif /* _NGX_CC_FAREWELL_H_INCLUDED_ */
