
/*
 * Bytes on their way to the client of a WebSocket: messages are pulled and
 * gathered in scratch memory of the worker, one send writes them, and only
 * what the socket does not take is kept in memory of the connection.
 */

#ifndef _NGX_CC_WS_OUT_H_INCLUDED_
#define _NGX_CC_WS_OUT_H_INCLUDED_


#include "ngx_cc_ws_state.h"


/* gets the scratch memory, once per worker; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_ws_out_prepare(void);

/*
 * Pulls and sends until there is nothing to say (NGX_OK), no room (NGX_AGAIN)
 * or the budget, in bytes, is used up (NGX_OK).  NGX_ERROR: the connection is
 * broken.
 */
ngx_int_t ngx_cc_ws_out_write(ngx_cc_ws_t *ws, size_t *budget);

/*
 * Sends n bytes at p; the rest that does not go is kept in memory of its own
 * size (NGX_AGAIN).  NGX_OK: all went; NGX_ERROR: broken, or no memory.
 */
ngx_int_t ngx_cc_ws_out_send(ngx_cc_ws_t *ws, u_char *p, size_t n);


#endif /* _NGX_CC_WS_OUT_H_INCLUDED_ */
