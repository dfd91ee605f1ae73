
/*
 * Is the client still there?  A peer that neither sends a byte nor takes one
 * of ours is asked by a ping and, silent for some more time, called dead.  "To
 * take" is what its TCP has acknowledged, so neither a slow reader nor a full
 * socket buffer deceives.
 *
 * Where there is no ping (HTTP), TCP is asked: the kernel sends probes, and a
 * peer that acknowledges neither them nor our bytes is called dead after the
 * same time.  One that is there but does not read is the business of
 * send_timeout.
 */

#ifndef _NGX_CC_PING_H_INCLUDED_
#define _NGX_CC_PING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct {
    void             (*ask)(void *data);     /* send a ping; NULL: there are
                                                none */
    void             (*dead)(void *data);    /* give it up; last call */
} ngx_cc_ping_handlers_t;


typedef struct {
    ngx_connection_t  *connection;
    ngx_event_t        timer;        /* cancelable: a quitting worker does not
                                        wait for it */
    ngx_msec_t         interval;
    ngx_msec_t         timeout;
    ngx_msec_t         heard;        /* the last sign of life, when it came,
                                        not when it was noticed */
    uint64_t           taken;        /* bytes acknowledged, when last seen */
    const ngx_cc_ping_handlers_t  *handlers;
    void              *data;
    unsigned           asked:1;      /* without a ping: by a probe */
} ngx_cc_ping_t;


/*
 * Begins to watch a connection: after "interval" ms of silence ask() is
 * called, "timeout" ms later dead().  handlers and data are set by the
 * caller.  Without ask() a connection that is not TCP is not watched.
 */
void ngx_cc_ping_start(ngx_cc_ping_t *ping, ngx_connection_t *c,
    ngx_msec_t interval, ngx_msec_t timeout);

/* the client has sent something */
void ngx_cc_ping_heard(ngx_cc_ping_t *ping);

/*
 * The ping, and whatever goes with it, has just been given to the socket, as
 * far as that took it: that the peer's kernel acknowledges it, or anything
 * before it, proves nothing about the peer.
 */
void ngx_cc_ping_sent(ngx_cc_ping_t *ping);

/* stops watching; harmless when not started */
void ngx_cc_ping_stop(ngx_cc_ping_t *ping);


#endif /* _NGX_CC_PING_H_INCLUDED_ */
