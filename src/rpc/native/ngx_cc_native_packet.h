
/*
 * Binary messages of a native session (ngx_cc_packet.h): the channels of its
 * commands, and what the client sends to their stdin.
 */

#ifndef _NGX_CC_NATIVE_PACKET_H_INCLUDED_
#define _NGX_CC_NATIVE_PACKET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_methods.h"


/*
 * A channel that no command of the session has; it becomes a part of the
 * answer to the request that is served.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_native_packet_channel(ngx_cc_native_t *s, uint32_t *channel);

/* the command has it; the client may send binary messages from now on */
void ngx_cc_native_packet_begin(ngx_cc_native_t *s,
    ngx_cc_native_command_t *ps, uint32_t channel);

/*
 * packet() of the dialect: bytes of a binary message.  When it is whole it is
 * served as "input", or what is wrong with it is answered.
 */
ngx_int_t ngx_cc_native_packet_push(void *session, u_char *p, size_t n,
    ngx_uint_t last);

/* forgets the beginning of one */
void ngx_cc_native_packet_drop(ngx_cc_native_t *s);


#endif /* _NGX_CC_NATIVE_PACKET_H_INCLUDED_ */
