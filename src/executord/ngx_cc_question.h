
/*
 * What a peer of the executor service asks, and who it is: the kernel tells the
 * sender of each message, not only who has connected.
 */

#ifndef _NGX_CC_QUESTION_H_INCLUDED_
#define _NGX_CC_QUESTION_H_INCLUDED_


#include <sys/socket.h>
#include <sys/types.h>
#include "ngx_cc_wire.h"


struct ucred;                            /* sys/socket.h has it with
                                            _GNU_SOURCE only */


/*
 * Reads one message of a socket with SO_PASSCRED, without waiting.  Returns its
 * length, ngx_cc_wire_check() says whether it is a CONNECT; 0 or -1: the end,
 * an error, or something that no worker sends: descriptors (they are closed),
 * more than a CONNECT, no sender.
 */
ssize_t ngx_cc_question_receive(int fd, ngx_cc_wire_connect_t *msg,
    struct ucred *who);

/* the version that it says it has, as a log may show it: "?" if it is none */
const char *ngx_cc_question_build(const ngx_cc_wire_connect_t *msg);

/*
 * The answer to it: served, commands run as "uid" and can have control groups
 * ("groups", NGX_CC_CGROUP_GROUPS ...); or refused, with an errno or 0.
 */
void ngx_cc_question_answer(int fd, ngx_cc_refusal_e refusal, int error,
    uid_t uid, unsigned groups);


#endif /* _NGX_CC_QUESTION_H_INCLUDED_ */
