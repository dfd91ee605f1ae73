
/*
 * The fence around a command: a Landlock domain (Linux 5.19 and later), which
 * needs no privilege.  Commands have the worker's uid; without a fence they
 * may read its memory and kill it.  What Landlock does not see, the filter for
 * system calls denies (ngx_cc_seccomp.h).
 *
 * A fence has the form of one version of Landlock's interface ("ABI"), which
 * need not be the kernel's own, newer one:
 *
 *   ABI    what a command cannot do to processes outside of its fence
 *   < 2    (no fence: version 1 would refuse every rename across directories)
 *   2..3   ptrace, read or write /proc/PID/mem, environ, fd
 *   4..5   and, if so wanted: connect by TCP to anything; bind a TCP port (a
 *          listen() without bind() still gets one that the kernel chooses)
 *   6..7   and: signals, abstract unix sockets
 *
 * Other commands are outside of it, too; what a command starts is inside.  In
 * the forms 2 to 5, and whenever files are confined, nothing can be mounted
 * inside.
 */

#ifndef _NGX_CC_FENCE_H_INCLUDED_
#define _NGX_CC_FENCE_H_INCLUDED_


#include <stdint.h>
#include "ngx_cc_wire.h"


/* flags of ngx_cc_confine_t */

#define NGX_CC_CONFINE_CONNECT  0x0001   /* no TCP connections from it */
#define NGX_CC_CONFINE_LISTEN   0x0002   /* no TCP ports of its own */
#define NGX_CC_CONFINE_SECCOMP  0x0004   /* it has a filter, too */


#define NGX_CC_FENCE_MAX      7      /* newest form */
#define NGX_CC_FENCE_MIN      2      /* oldest form that is a fence */
#define NGX_CC_FENCE_TCP      4      /* from here on: TCP can be denied */
#define NGX_CC_FENCE_SIGNALS  6      /* from here on: signals, sockets */


/* the newest form that this kernel knows, 0 = none, not even version 1 */
int ngx_cc_fence_abi(void);

/*
 * Makes the fence that "confine" describes (fence > 0); "paths" are its nread
 * and then nwrite paths.  Where files are confined, the usual devices (null,
 * zero, full, random, urandom, tty) may be used all the same, and so may "tmp"
 * (a directory's descriptor) and "tty" (a terminal's), unless they are -1.
 * What the form does not know is left out.  Returns a descriptor
 * (close-on-exec), or -1 with errno: a path that is not there, a kernel that
 * does not know this form.
 */
int ngx_cc_fence_make(const ngx_cc_confine_t *confine, const char **paths,
    int tmp, int tty);

/*
 * Goes behind the fence for good, with all that is started from now on; sets
 * no_new_privs.  Makes system calls only.  Returns 0, or -1 with errno.
 */
int ngx_cc_fence_enter(int fd);

/*
 * Puts the calling process, and all that it starts from now on, behind a fence
 * that keeps signals in and nothing else; needs no_new_privs.  Returns 0, or -1
 * with errno: this kernel does not know it.
 */
int ngx_cc_fence_enclose(void);


#endif /* _NGX_CC_FENCE_H_INCLUDED_ */
