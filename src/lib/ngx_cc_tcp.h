
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

/* what is known of the other side just now */

typedef struct {
    uint64_t   acked;        /* as above */
    uint64_t   silent;       /* ms since its TCP has acknowledged anything,
                                even a probe */
    unsigned   awaited:1;    /* bytes, or a probe, are not acknowledged yet */
} ngx_cc_tcp_state_t;


/* returns 0, or -1 for a descriptor that is not TCP */
int ngx_cc_tcp_state(int fd, ngx_cc_tcp_state_t *state);

/*
 * Lets the kernel send probes (SO_KEEPALIVE) after "idle" ms without a packet
 * and then every "interval" ms, at least a second each.  They are only there
 * to be acknowledged: the caller gives the connection up, before the kernel
 * does.
 */
void ngx_cc_tcp_probe(int fd, uint64_t idle, uint64_t interval);

/* bytes written that it has not acknowledged yet (SIOCOUTQ), or 0 */
uint64_t ngx_cc_tcp_queued(int fd);


#endif /* _NGX_CC_TCP_H_INCLUDED_ */
