
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_question.h"
#include "ngx_cc_version.h"


#define NGX_CC_QUESTION_HELPERS  1024    /* of one worker: a spawner's limit */


ssize_t
ngx_cc_question_receive(int fd, ngx_cc_wire_connect_t *msg, struct ucred *who)
{
    int              i, n, got[NGX_CC_FDMSG_MAX], known;
    ssize_t          rc;
    struct iovec     iov;
    struct msghdr    hdr;
    struct cmsghdr  *cmsg;

    union {
        struct cmsghdr  align;
        char            space[CMSG_SPACE(sizeof(struct ucred))
                              + CMSG_SPACE(NGX_CC_FDMSG_MAX * sizeof(int))];
    } control;

    memset(&hdr, 0, sizeof(hdr));

    iov.iov_base = msg;
    iov.iov_len = sizeof(*msg);
    hdr.msg_iov = &iov;
    hdr.msg_iovlen = 1;
    hdr.msg_control = &control;
    hdr.msg_controllen = sizeof(control);

    rc = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC|MSG_DONTWAIT);

    if (rc <= 0) {
        return rc;
    }

    n = 0;
    known = 0;

    for (cmsg = CMSG_FIRSTHDR(&hdr); cmsg; cmsg = CMSG_NXTHDR(&hdr, cmsg)) {

        if (cmsg->cmsg_level != SOL_SOCKET) {
            continue;
        }

        if (cmsg->cmsg_type == SCM_CREDENTIALS) {
            memcpy(who, CMSG_DATA(cmsg), sizeof(*who));
            known = 1;

        } else if (cmsg->cmsg_type == SCM_RIGHTS) {
            n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(got, CMSG_DATA(cmsg), n * sizeof(int));
        }
    }

    for (i = 0; i < n; i++) {
        (void) close(got[i]);
    }

    return (known && n == 0 && !(hdr.msg_flags & (MSG_TRUNC|MSG_CTRUNC)))
           ? rc : -1;
}


const char *
ngx_cc_question_build(const ngx_cc_wire_connect_t *msg)
{
    size_t  len;

    len = strspn(msg->build, "0123456789abcdefghijklmnopqrstuvwxyz.+~-");

    return (len && msg->build[len] == '\0') ? msg->build : "?";
}


void
ngx_cc_question_answer(int fd, ngx_cc_refusal_e refusal, int error, uid_t uid,
    unsigned groups)
{
    ngx_cc_wire_connected_t  msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_CONNECTED, 0, sizeof(msg));

    (void) snprintf(msg.build, sizeof(msg.build), "%s", NGX_CC_VERSION);
    msg.head.flags = groups;
    msg.refusal = refusal;
    msg.error = error;
    msg.helpers = NGX_CC_QUESTION_HELPERS;
    msg.uid = uid;

    (void) ngx_cc_fdmsg_send(fd, &msg, sizeof(msg), NULL, 0);
}
