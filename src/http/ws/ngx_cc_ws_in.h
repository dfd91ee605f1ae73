
/*
 * What the client of a WebSocket sends: received into scratch memory of the
 * worker, decoded in place, checked, pushed into the dialect; control frames
 * are noted.
 */

#ifndef _NGX_CC_WS_IN_H_INCLUDED_
#define _NGX_CC_WS_IN_H_INCLUDED_


#include "ngx_cc_ws_state.h"


/* gets the scratch memory, once per worker; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_ws_in_prepare(void);

/*
 * Receives and decodes once.  NGX_OK: more may be there; NGX_AGAIN: not now
 * (nothing came, answers pile up, or the budget, in bytes, is used up);
 * NGX_ERROR: the connection is broken, or there is no memory.
 */
ngx_int_t ngx_cc_ws_in_read(ngx_cc_ws_t *ws, size_t *budget);


#endif /* _NGX_CC_WS_IN_H_INCLUDED_ */
