
/* the kernel's tcp_info: libc's own lacks the field that we need */

#include <linux/tcp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ngx_cc_tcp.h"


#define NGX_CC_TCP_PROBES   20


uint64_t
ngx_cc_tcp_acked(int fd)
{
    socklen_t        len;
    struct tcp_info  info;

    len = sizeof(info);
    memset(&info, 0, sizeof(info));

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1) {
        return 0;
    }

    return info.tcpi_bytes_acked;
}


uint64_t
ngx_cc_tcp_taken(int fd, uint64_t sent)
{
    uint64_t  taken;

    taken = ngx_cc_tcp_acked(fd);

    if (taken == 0) {
        /* a unix socket counts more than the bytes: never below 0 */
        taken = sent + UINT32_MAX - ngx_cc_tcp_queued(fd);
    }

    return taken;
}


int
ngx_cc_tcp_state(int fd, ngx_cc_tcp_state_t *state)
{
    socklen_t        len;
    struct tcp_info  info;

    len = sizeof(info);
    memset(&info, 0, sizeof(info));

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1) {
        return -1;
    }

    state->acked = info.tcpi_bytes_acked;
    state->silent = info.tcpi_last_ack_recv;
    state->awaited = info.tcpi_probes || ngx_cc_tcp_queued(fd);

    return 0;
}


void
ngx_cc_tcp_probe(int fd, uint64_t idle, uint64_t interval)
{
    int  on, first, next, count;

    on = 1;
    first = idle / 1000 ? idle / 1000 : 1;
    next = interval / 1000 ? interval / 1000 : 1;
    count = NGX_CC_TCP_PROBES;

    /* what the kernel refuses stays as it is, and is less exact */

    (void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &first, sizeof(int));
    (void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &next, sizeof(int));
    (void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(int));
    (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(int));
}


uint64_t
ngx_cc_tcp_queued(int fd)
{
    int  queued;

    queued = 0;

    return ioctl(fd, SIOCOUTQ, &queued) == 0 ? (uint64_t) queued : 0;
}
