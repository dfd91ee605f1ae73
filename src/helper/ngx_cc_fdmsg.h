
/*
 * One message, with or without descriptors, over a SOCK_SEQPACKET socket:
 * sendmsg(2) and recvmsg(2) with every flag looked at.
 */

#ifndef _NGX_CC_FDMSG_H_INCLUDED_
#define _NGX_CC_FDMSG_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>


#define NGX_CC_FDMSG_MAX      4      /* descriptors of one message */


/*
 * What a socket of a pair takes, whatever net.core.wmem_default says: the
 * largest message of ngx_cc_wire and what the kernel adds.  It is Linux' own
 * default, and should not be less.
 */
#define NGX_CC_FDMSG_BUFFER   212992

/*
 * Makes a connected pair of non-blocking, close-on-exec sockets.  Returns 0,
 * or -1 with errno.
 */
int ngx_cc_fdmsg_pair(int fd[2]);

/*
 * Sends n > 0 bytes and nfds descriptors (which stay the caller's) as one
 * message, never raising SIGPIPE, retrying EINTR.  Returns 0, or -1 with
 * errno; EAGAIN also stands for ETOOMANYREFS and ENOBUFS: nothing was sent,
 * try again later.
 */
int ngx_cc_fdmsg_send(int s, const void *msg, size_t n, const int *fds,
    int nfds);

/*
 * Receives one message of at most "room" bytes without waiting.  *nfds: in,
 * the number of descriptors that fds has room for; out, how many came
 * (close-on-exec, now the caller's), or -1: some were lost because this process
 * may not open more, or there were more than expected; those that did come are
 * closed, the message is good.  nfds may be NULL: none are expected.
 *
 * Returns the length of the message, 0 at the end of file, or -1 with errno:
 * EAGAIN; EMSGSIZE when it was longer than "room", EMFILE when descriptors came
 * that were not expected at all (the message is gone then, they are closed);
 * others as from recvmsg(2).
 */
ssize_t ngx_cc_fdmsg_recv(int s, void *msg, size_t room, int *fds, int *nfds);


#endif /* _NGX_CC_FDMSG_H_INCLUDED_ */
