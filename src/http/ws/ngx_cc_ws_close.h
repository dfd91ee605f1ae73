
/*
 * How a WebSocket comes to its end: the close frame, the half-closed socket,
 * a worker that quits.
 */

#ifndef _NGX_CC_WS_CLOSE_H_INCLUDED_
#define _NGX_CC_WS_CLOSE_H_INCLUDED_


#include "ngx_cc_ws_state.h"


/*
 * Ends the session and lets a close frame be the last thing that we say; only
 * the first call counts.  The commands end now, not when TCP does: some
 * clients never hang up.
 */
void ngx_cc_ws_shut(ngx_cc_ws_t *ws, ngx_uint_t code, const char *reason);

/* the worker quits and the session is idle: shuts it, now or soon */
void ngx_cc_ws_leave(ngx_cc_ws_t *ws);

/* why a worker quits: the static text of a close frame */
const char *ngx_cc_ws_leaving(void);

/* the close frame, which was the last byte, is out */
void ngx_cc_ws_half_close(ngx_cc_ws_t *ws);

/* the session is over: its commands are abandoned, its slot is free */
void ngx_cc_ws_forget(ngx_cc_ws_t *ws);


#endif /* _NGX_CC_WS_CLOSE_H_INCLUDED_ */
