
/*
 * The birth of a command: vfork, set-up, exec.  The child shares the memory of
 * the helper until exec, so the step that failed and its errno are plain
 * variables and a program that cannot be executed is an error of the caller,
 * not an exit code 127.
 */

#ifndef _NGX_CC_CHILD_H_INCLUDED_
#define _NGX_CC_CHILD_H_INCLUDED_


#include <sys/types.h>
#include "ngx_cc_cgroup.h"
#include "ngx_cc_direct.h"
#include "ngx_cc_seccomp.h"
#include "ngx_cc_user.h"
#include "ngx_cc_wire.h"


typedef struct {
    const char     *cwd;
    const char     *beneath;     /* a directory below cwd, or "" */
    const char     *program;
    const char    **argv;        /* NULL at the end */
    const char    **env;         /* NULL at the end */
    const ngx_cc_confine_t  *confine;
    const ngx_cc_cgroup_t   *cgroup;     /* to be born in, or NULL */
    const ngx_cc_user_t     *user;       /* to become, or NULL */
    int             home;        /* cwd is the user's home: without it, / */
    ngx_cc_direct_t         *direct;     /* to be tried first, or NULL */
    int             search;      /* program is a bare name: PATH of env */
    int             exact;       /* execute the very file that was opened */
    int             fence;       /* of ngx_cc_fence_make(), or -1 */
    const ngx_cc_seccomp_t  *filter;     /* to be entered with it, or NULL */
    int             script;      /* becomes NGX_CC_SCRIPT_FD; -1: none */
    int             tty;         /* a terminal: becomes 0, 1 and 2, and the
                                    one of the command's session; or -1: */
    int             in;          /* becomes 0; -1: the helper's /dev/null */
    int             out;         /* becomes 1 */
    int             err;         /* becomes 2 */
} ngx_cc_child_t;


typedef struct {
    ngx_cc_stage_e  stage;       /* NONE: it runs */
    int             error;       /* errno of the failed stage */
} ngx_cc_child_result_t;


/*
 * Starts the command: its control group, own process group (pid = pgid), on a
 * terminal also own session (pid = sid), the scheduling class of ordinary
 * processes, stdio and the script, nothing else open, the user, cwd (with the
 * user's rights), fence, umask, nice, limits, then execve().  Signals, mask,
 * no_new_privs and what "confine" leaves open are those of the helper, which
 * has set them right at birth.  The caller's descriptors stay the caller's.
 *
 * A limit above what the helper itself has is cut to that.
 *
 * "exact" opens the program, looks at what it got (a regular file) and
 * executes that by its descriptor.  A script is executed by its name all the
 * same: its interpreter will open it by name.
 *
 * A search tries every directory of PATH (empty = the cwd is not searched)
 * and, like execvp(3), goes on after ENOENT, ENOTDIR and EACCES, remembering
 * EACCES; unlike it, a file without a magic number is an error, not a script.
 *
 * Returns the pid, or -1 with "result" filled and nothing left to wait for.
 * Not reentrant (one stack).
 */
pid_t ngx_cc_child_start(const ngx_cc_child_t *child,
    ngx_cc_child_result_t *result);


#endif /* _NGX_CC_CHILD_H_INCLUDED_ */
