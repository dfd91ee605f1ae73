
/*
 * What the reader of a kept command (ngx_cc_watch.h) says to its helper.
 */

#ifndef _NGX_CC_WATCH_SEND_H_INCLUDED_
#define _NGX_CC_WATCH_SEND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_watch.h"


/*
 * Sends a message to the helper, whichever way: as ngx_cc_channel_send(), but
 * NGX_DECLINED when there is none.  head.run is filled in.
 */
ngx_int_t ngx_cc_watch_post(ngx_cc_command_link_t *cl, void *msg);

/* ATTACH, FLOW, READ, as far as they are due; NGX_AGAIN: something still is */
ngx_int_t ngx_cc_watch_send(ngx_cc_command_link_t *cl);

/* of a call that is closed: its client has the result, or nobody wants it */
void ngx_cc_watch_farewell(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_WATCH_SEND_H_INCLUDED_ */
