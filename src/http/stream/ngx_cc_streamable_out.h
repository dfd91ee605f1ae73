
/*
 * The response of a Streamable HTTP request: pieces of messages are pulled
 * while the client takes them, one buffer at a time, as JSON or as an event
 * stream (HTML Standard, "Server-sent events").
 */

#ifndef _NGX_CC_STREAMABLE_OUT_H_INCLUDED_
#define _NGX_CC_STREAMABLE_OUT_H_INCLUDED_


#include "ngx_cc_streamable_state.h"


/* gets the scratch memory, once per worker; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_streamable_out_prepare(void);

/* the message has been served: whatever the dialect says goes out from now */
void ngx_cc_streamable_out_begin(ngx_cc_streamable_t *st);

/* "wake" of the transport; "data" is a ngx_cc_streamable_t */
void ngx_cc_streamable_out_wake(void *data);


#endif /* _NGX_CC_STREAMABLE_OUT_H_INCLUDED_ */
