
/*
 * MCP's Streamable HTTP (specification 2025-11-25 and 2026-07-28,
 * "Transports"): one message in a POST, over HTTP/1 or HTTP/2.  The body is
 * pushed into the dialect as it comes in and never stored.  A quick answer is
 * plain JSON; from the first notification, or after some silence, the response
 * is an event stream.
 *
 * No session is kept between requests: none is minted, and the end of the
 * response stream ends its command.
 */

#ifndef _NGX_CC_STREAMABLE_H_INCLUDED_
#define _NGX_CC_STREAMABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
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
    ngx_int_t             rc;            /* of a refusal */

    ngx_buf_t             out;           /* is being sent */
    u_char               *start;         /* its memory, "size" bytes */
    size_t                size;
    off_t                 sent;          /* by the connection, when we last
                                            began to wait for the client */

    ngx_event_t           event;         /* posted: proceed soon */
    ngx_event_t           silence;       /* timer: nothing was said */
    ngx_cc_ping_t         ping;          /* is the client there? */

    unsigned              body:1;        /* the message is complete */
    unsigned              streaming:1;   /* the response is an event stream */
    unsigned              unfinished:1;  /* a message in it is */
    unsigned              comment:1;     /* is due */
} ngx_cc_streamable_t;


/*
 * Handles a POST that access rules let in; what it returns is what a content
 * handler returns.  Refused at once: 415 (no JSON), 406 (the client does not
 * take JSON), 413, 503 with Retry-After (sessions).
 */
ngx_int_t ngx_cc_streamable(ngx_http_request_t *r);

/* the session is over: its commands are abandoned, its slot is free */
void ngx_cc_streamable_forget(ngx_cc_streamable_t *st);

/* the same, and the request is finalized with rc; "st" is not valid any more */
void ngx_cc_streamable_end(ngx_cc_streamable_t *st, ngx_int_t rc);


#endif /* _NGX_CC_STREAMABLE_H_INCLUDED_ */
