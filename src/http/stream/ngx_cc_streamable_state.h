
/*
 * What is known of one POST, for the parts that serve it: ngx_cc_streamable
 * (the message) calls ngx_cc_streamable_out (the response), both of them
 * ngx_cc_streamable_close.
 */

#ifndef _NGX_CC_STREAMABLE_STATE_H_INCLUDED_
#define _NGX_CC_STREAMABLE_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_delivery.h"
#include "ngx_cc_forward.h"
#include "ngx_cc_idle_watch.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_ping.h"
#include "ngx_cc_session.h"
#include "ngx_cc_utf8.h"


typedef struct {
    ngx_cc_session_t      session;       /* first */
    ngx_cc_mcp_post_t     post;
    ngx_cc_utf8_t         utf8;
    ngx_cc_idle_watch_t   wait;          /* for the body */
    size_t                received;      /* bytes of the body */
    ngx_buf_t            *copy;          /* of the body, for another node; or
                                            NULL */
    ngx_int_t             rc;            /* of a refusal */

    ngx_buf_t             out;           /* is being sent */
    u_char               *start;         /* its memory, "size" bytes */
    size_t                size;
    off_t                 sent;          /* by the connection, when we last
                                            began to wait for the client */

    ngx_event_t           event;         /* posted: proceed soon */
    ngx_event_t           silence;       /* timer: nothing was said */
    ngx_cc_delivery_t     delivery;      /* of the answer, when it matters */
    ngx_cc_ping_t         ping;          /* is the client there? */

    unsigned              body:1;        /* the message is complete */
    unsigned              streaming:1;   /* the response is an event stream */
    unsigned              unfinished:1;  /* a message in it is */
    unsigned              comment:1;     /* is due */
    unsigned              last:1;        /* nothing follows what is sent now */
} ngx_cc_streamable_t;


#endif /* _NGX_CC_STREAMABLE_STATE_H_INCLUDED_ */
