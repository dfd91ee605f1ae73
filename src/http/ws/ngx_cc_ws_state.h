
/*
 * What is known of one WebSocket, for the parts that serve it: ngx_cc_ws calls
 * ngx_cc_ws_in and ngx_cc_ws_out, all of them ngx_cc_ws_close.
 *
 * It lies in a pool of its own, which also has the dialect's state and the
 * caller; so the request can move (ngx_cc_ws_pack), and only session.request
 * knows where it is.  That pool goes with the request's.
 */

#ifndef _NGX_CC_WS_STATE_H_INCLUDED_
#define _NGX_CC_WS_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_idle_watch.h"
#include "ngx_cc_ping.h"
#include "ngx_cc_session.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_ws_frame.h"


typedef struct {
    ngx_cc_session_t         session;    /* first */
    ngx_connection_t        *connection;

    ngx_cc_ws_decoder_t      decoder;
    ngx_cc_utf8_t            utf8;
    uint8_t                  control_len;     /* bytes of "control" */
    uint8_t                  pong_len;        /* and of "pong" */

    unsigned                 unfinished:1;    /* a message of ours is */
    unsigned                 ping_due:1;
    unsigned                 ping_out:1;      /* is in what is sent now */
    unsigned                 pong_due:1;
    unsigned                 close_due:1;     /* a frame has to be written */
    unsigned                 close_sent:1;
    unsigned                 close_received:1;
    unsigned                 half_closed:1;
    unsigned                 leaving:1;       /* that timer runs, or has run,
                                                 before our close frame */
    unsigned                 ended:1;         /* nothing is decoded any more */
    unsigned                 eof:1;           /* the client sends no more */
    unsigned                 settling:1;      /* is in the queue */
    unsigned                 settled:1;       /* its request is packed, or
                                                 cannot be */

    ngx_str_t                in;         /* received, not yet decoded; memory
                                            of "in_start" or header_in */
    u_char                  *in_start;   /* to be freed, or NULL */
    ngx_str_t                out;        /* rendered, not yet sent */
    u_char                  *out_start;  /* to be freed, or NULL */

    u_char                  *control;    /* payload of a control frame, memory
                                            of its own, or NULL: none yet */
    u_char                  *pong;       /* that of a pong to send, likewise */

    ngx_cc_ping_t            ping;
    ngx_cc_idle_watch_t      wait;
    ngx_event_t              post;       /* proceed() soon; its timer: how long
                                            a close may take */

    const char              *reason;     /* of our close frame */

    ngx_queue_t              queue;      /* of those to be packed */
    ngx_msec_t               settle;     /* when */
} ngx_cc_ws_t;


#endif /* _NGX_CC_WS_STATE_H_INCLUDED_ */
