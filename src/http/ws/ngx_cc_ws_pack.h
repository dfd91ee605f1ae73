
/*
 * When the request of a WebSocket is packed (ngx_cc_pack): a second after its
 * session came to rest for the first time, or as soon as too many wait for
 * that.  Who comes and goes at once is never packed; of many who come at once
 * only the last are unpacked at any time.
 */

#ifndef _NGX_CC_WS_PACK_H_INCLUDED_
#define _NGX_CC_WS_PACK_H_INCLUDED_


#include "ngx_cc_pack.h"
#include "ngx_cc_ws_state.h"


/*
 * The session is at rest: no command of it runs.  Called whenever that may have
 * become so; only the first time counts, unless it turns out to be at work when
 * its time has come.  "ours": static, the clean-ups of every WebSocket.
 */
void ngx_cc_ws_pack_soon(ngx_cc_ws_t *ws, const ngx_cc_pack_ours_t *ours);

/* it is gone */
void ngx_cc_ws_pack_leave(ngx_cc_ws_t *ws);


#endif /* _NGX_CC_WS_PACK_H_INCLUDED_ */
