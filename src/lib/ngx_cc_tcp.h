
/*
 * What the kernel knows about a TCP connection's other side.
 */

#ifndef _NGX_CC_TCP_H_INCLUDED_
#define _NGX_CC_TCP_H_INCLUDED_


#include <stdint.h>


/*
 * Bytes of ours that the peer has acknowledged so far (TCP_INFO, Linux 4.1);
 * 0 for a descriptor that is not TCP.
 */
uint64_t ngx_cc_tcp_acked(int fd);

/*
 * What the peer has taken of the bytes "sent", to be compared with an earlier
 * value only: it grows when its TCP acknowledges some, or, on a unix socket,
 * when some are read.
 */
uint64_t ngx_cc_tcp_taken(int fd, uint64_t sent);

/* bytes written that it has not acknowledged yet (SIOCOUTQ), or 0 */
uint64_t ngx_cc_tcp_queued(int fd);


#endif /* _NGX_CC_TCP_H_INCLUDED_ */
