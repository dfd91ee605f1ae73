
/* the kernel's tcp_info: libc's own lacks the field that we need */

#include <linux/tcp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ngx_cc_tcp.h"


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


uint64_t
ngx_cc_tcp_queued(int fd)
{
    int  queued;

    queued = 0;

    return ioctl(fd, SIOCOUTQ, &queued) == 0 ? (uint64_t) queued : 0;
}
