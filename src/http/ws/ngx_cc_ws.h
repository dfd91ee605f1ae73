
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
#include "ngx_cc_ws_state.h"


/*
 * Prepares the connection of r, before the 101 is sent.  Returns NULL when
 * memory or randomness is missing; the refusal of ws->session says why there is
 * no place for one more.
 */
ngx_cc_ws_t *ngx_cc_ws_create(ngx_http_request_t *r,
    const ngx_cc_dialect_t *dialect);

/* takes over after the 101; the caller has raised r->main->count */
void ngx_cc_ws_begin(ngx_cc_ws_t *ws);


#endif /* _NGX_CC_WS_H_INCLUDED_ */
