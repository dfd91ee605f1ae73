
/*
 * How a Streamable HTTP request comes to its end.
 */

#ifndef _NGX_CC_STREAMABLE_CLOSE_H_INCLUDED_
#define _NGX_CC_STREAMABLE_CLOSE_H_INCLUDED_


#include "ngx_cc_streamable_state.h"


/* the session is over: its commands are abandoned, its slot is free */
void ngx_cc_streamable_forget(ngx_cc_streamable_t *st);

/* and the request is finalized with rc; "st" is not valid any more */
void ngx_cc_streamable_end(ngx_cc_streamable_t *st, ngx_int_t rc);

/* the other side has vanished without a word ("dead" of ngx_cc_ping) */
void ngx_cc_streamable_dead(void *data);


#endif /* _NGX_CC_STREAMABLE_CLOSE_H_INCLUDED_ */
