
/*
 * How long do we wait for a client that is there but gets nothing done?  A
 * message that was begun has to be finished, and a session without a command
 * ends at some time.  Whether anybody is there at all is ngx_cc_ping's
 * business.
 *
 * An unfinished message (or control frame) may take frame_timeout, and as much
 * again for each NGX_CC_IDLE_WATCH_BYTES that have come of it: slow lines may
 * send large messages, but a byte now and then does not hold a connection open.
 */

#ifndef _NGX_CC_IDLE_WATCH_H_INCLUDED_
#define _NGX_CC_IDLE_WATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_conf.h"


#define NGX_CC_IDLE_WATCH_BYTES   (64 * 1024)


typedef struct {
    void                  (*slow)(void *data);   /* give it up */
    void                  (*idle)(void *data);   /* the same */
} ngx_cc_idle_watch_handlers_t;


typedef struct {
    ngx_event_t             timer;       /* cancelable: a quitting worker does
                                            not wait for it */
    ngx_cc_conf_session_t  *conf;
    ngx_msec_t              active;      /* when there last was something */
    ngx_msec_t              begun;       /* when the message began */
    size_t                  size;        /* bytes of it so far */
    const ngx_cc_idle_watch_handlers_t  *handlers;
    void                   *data;
    unsigned                unfinished:1;
} ngx_cc_idle_watch_t;


/* begins to watch; handlers and data are set by the caller */
void ngx_cc_idle_watch_start(ngx_cc_idle_watch_t *wait,
    ngx_cc_conf_session_t *conf, ngx_log_t *log);

/* something useful happens: a whole message came, a command runs */
void ngx_cc_idle_watch_active(ngx_cc_idle_watch_t *wait);

/* the message (or control frame) that was begun is finished */
void ngx_cc_idle_watch_finished(ngx_cc_idle_watch_t *wait);

/* n bytes have come and were looked at; is a message unfinished now? */
void ngx_cc_idle_watch_heard(ngx_cc_idle_watch_t *wait, size_t n,
    ngx_uint_t unfinished);

/* from slow or idle: it is not the client's fault, count from now on */
void ngx_cc_idle_watch_again(ngx_cc_idle_watch_t *wait);

/* stops watching; harmless when not started */
void ngx_cc_idle_watch_stop(ngx_cc_idle_watch_t *wait);


#endif /* _NGX_CC_IDLE_WATCH_H_INCLUDED_ */
