
/*
 * A WebSocket connection: frames in, frames out, pings, the close handshake.
 * What is said in the messages is the business of a dialect.
 *
 * The connection keeps its request (for the access log, variables and the
 * pool) but none of the request's event handlers.  One function moves it,
 * proceed(): write what is pending, pull messages while there is room, read
 * while the dialect can take it, arm events at the bottom.
 */

#ifndef _NGX_CC_WS_H_INCLUDED_
#define _NGX_CC_WS_H_INCLUDED_


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
    ngx_str_t                in;         /* received, not yet decoded; memory
                                            of "in_start" or header_in */
    u_char                  *in_start;   /* to be freed, or NULL */
    ngx_str_t                out;        /* rendered, not yet sent */
    u_char                  *out_start;  /* to be freed, or NULL */

    u_char                   control[NGX_CC_WS_MAX_CONTROL];
    uint8_t                  control_len;
    u_char                   pong[NGX_CC_WS_MAX_CONTROL];
    uint8_t                  pong_len;

    ngx_cc_ping_t            ping;
    ngx_cc_idle_watch_t      wait;
    ngx_event_t              linger;     /* how long a close may take */
    ngx_event_t              post;       /* proceed() soon */

    const char              *reason;     /* of our close frame */

    unsigned                 unfinished:1;    /* a message of ours is */
    unsigned                 ping_due:1;
    unsigned                 ping_out:1;      /* is in what is sent now */
    unsigned                 pong_due:1;
    unsigned                 close_due:1;     /* a frame has to be written */
    unsigned                 close_sent:1;
    unsigned                 close_received:1;
    unsigned                 half_closed:1;
    unsigned                 leaving:1;       /* "linger" runs, or has run,
                                                 before our close frame */
    unsigned                 ended:1;         /* nothing is decoded any more */
    unsigned                 eof:1;           /* the client sends no more */
} ngx_cc_ws_t;


/*
 * Prepares the connection of r, before the 101 is sent.  "name": static, for
 * the log.  Returns NULL when memory or randomness is missing; the refusal of
 * ws->session says why there is no place for one more.
 */
ngx_cc_ws_t *ngx_cc_ws_create(ngx_http_request_t *r,
    const ngx_cc_dialect_t *dialect, const char *name);

/* takes over after the 101; the caller has raised r->main->count */
void ngx_cc_ws_begin(ngx_cc_ws_t *ws);

/*
 * Ends the session and lets a close frame be the last thing that we say; only
 * the first call counts.  The commands end now, not when TCP does: some
 * clients never hang up.
 */
void ngx_cc_ws_shut(ngx_cc_ws_t *ws, ngx_uint_t code, const char *reason);


#endif /* _NGX_CC_WS_H_INCLUDED_ */
