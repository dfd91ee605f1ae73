
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "ngx_cc_fdmsg.h"


typedef union {
    struct cmsghdr  align;
    char            space[CMSG_SPACE(NGX_CC_FDMSG_MAX * sizeof(int))];
} ngx_cc_fdmsg_control_t;


int
ngx_cc_fdmsg_pair(int fd[2])
{
    int  i, size;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0, fd)
        == -1)
    {
        return -1;
    }

    /* the kernel doubles it; where wmem_max is smaller, that counts */

    size = NGX_CC_FDMSG_BUFFER / 2;

    for (i = 0; i < 2; i++) {
        (void) setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }

    return 0;
}


int
ngx_cc_fdmsg_send(int s, const void *msg, size_t n, const int *fds, int nfds)
{
    ssize_t                 rc;
    struct iovec            iov;
    struct msghdr           hdr;
    struct cmsghdr         *cmsg;
    ngx_cc_fdmsg_control_t  control;

    memset(&hdr, 0, sizeof(hdr));

    iov.iov_base = (void *) msg;
    iov.iov_len = n;
    hdr.msg_iov = &iov;
    hdr.msg_iovlen = 1;

    if (nfds) {
        memset(&control, 0, sizeof(control));

        hdr.msg_control = &control;
        hdr.msg_controllen = CMSG_SPACE(nfds * sizeof(int));

        cmsg = CMSG_FIRSTHDR(&hdr);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
    }

    do {
        rc = sendmsg(s, &hdr, MSG_NOSIGNAL|MSG_DONTWAIT);
    } while (rc == -1 && errno == EINTR);

    if (rc == -1 && (errno == ETOOMANYREFS || errno == ENOBUFS)) {
        errno = EAGAIN;
    }

    return rc == -1 ? -1 : 0;
}


ssize_t
ngx_cc_fdmsg_recv(int s, void *msg, size_t room, int *fds, int *nfds)
{
    int                     i, n, max, err, got[NGX_CC_FDMSG_MAX];
    ssize_t                 rc;
    struct iovec            iov;
    struct msghdr           hdr;
    struct cmsghdr         *cmsg;
    ngx_cc_fdmsg_control_t  control;

    memset(&hdr, 0, sizeof(hdr));

    iov.iov_base = msg;
    iov.iov_len = room;
    hdr.msg_iov = &iov;
    hdr.msg_iovlen = 1;
    hdr.msg_control = &control;
    hdr.msg_controllen = sizeof(control);

    do {
        rc = recvmsg(s, &hdr, MSG_CMSG_CLOEXEC|MSG_DONTWAIT);
    } while (rc == -1 && errno == EINTR);

    if (rc == -1) {
        return -1;
    }

    n = 0;

    for (cmsg = CMSG_FIRSTHDR(&hdr); cmsg; cmsg = CMSG_NXTHDR(&hdr, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(got, CMSG_DATA(cmsg), n * sizeof(int));
        }
    }

    max = nfds ? *nfds : 0;
    err = 0;

    if (hdr.msg_flags & MSG_TRUNC) {
        err = EMSGSIZE;

    } else if ((hdr.msg_flags & MSG_CTRUNC) || n > max) {
        err = EMFILE;
    }

    if (err) {
        for (i = 0; i < n; i++) {
            (void) close(got[i]);
        }

        if (err == EMFILE && nfds) {
            *nfds = -1;
            return rc;
        }

        errno = err;
        return -1;
    }

    for (i = 0; i < n; i++) {
        fds[i] = got[i];
    }

    if (nfds) {
        *nfds = n;
    }

    return rc;
}
