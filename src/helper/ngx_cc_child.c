
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_child.h"
#include "ngx_cc_close_except.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_place.h"
#include "ngx_cc_policy.h"
#include "ngx_cc_script.h"


#define NGX_CC_CHILD_STACK   65536
#define NGX_CC_CHILD_PATH    4096


typedef struct {
    const ngx_cc_child_t            *child;
    volatile ngx_cc_child_result_t   result;
    int                              grouped;    /* it is in its group */
} ngx_cc_child_birth_t;


static pid_t ngx_cc_child_clone(ngx_cc_child_birth_t *birth);
static int ngx_cc_child_main(void *data);
static int ngx_cc_child_stdio(const ngx_cc_child_t *child);
static int ngx_cc_child_place(const ngx_cc_child_t *child);
static int ngx_cc_child_script(int fd);
static int ngx_cc_child_limits(const ngx_cc_confine_t *confine);
static int ngx_cc_child_exec(const ngx_cc_child_t *child);
static int ngx_cc_child_exec_exact(const ngx_cc_child_t *child);


/* the child runs on it while the helper stands still */

static char  ngx_cc_child_stack[NGX_CC_CHILD_STACK]
    __attribute__((aligned(64)));


pid_t
ngx_cc_child_start(const ngx_cc_child_t *child, ngx_cc_child_result_t *result)
{
    pid_t                 pid;
    ngx_cc_child_birth_t  birth;

    birth.child = child;
    birth.result.stage = NGX_CC_STAGE_NONE;
    birth.result.error = 0;
    birth.grouped = 1;

    pid = ngx_cc_child_clone(&birth);

    if (pid == -1) {
        result->stage = NGX_CC_STAGE_FORK;
        result->error = errno;
        return -1;
    }

    result->stage = birth.result.stage;
    result->error = birth.result.error;

    if (result->stage == NGX_CC_STAGE_NONE) {
        return pid;
    }

    while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) { /* void */ }

    return -1;
}


static pid_t
ngx_cc_child_clone(ngx_cc_child_birth_t *birth)
{
    int                     err;
    uid_t                   was;
    pid_t                   pid;
    const ngx_cc_cgroup_t  *cgroup;

    cgroup = birth->child->cgroup;
    was = 0;

    if (cgroup) {
        pid = ngx_cc_cgroup_clone(cgroup, ngx_cc_child_main, ngx_cc_child_stack,
                                  NGX_CC_CHILD_STACK, birth);

        if (pid != -1 || errno != ENOSYS) {
            return pid;
        }

        birth->grouped = 0;

        /* an older kernel asks who writes there, not who has opened it */

        was = ngx_cc_user_own();
    }

    pid = clone(ngx_cc_child_main, ngx_cc_child_stack + NGX_CC_CHILD_STACK,
                CLONE_VM|CLONE_VFORK|SIGCHLD, birth);

    if (cgroup) {
        err = errno;
        ngx_cc_user_back(was);
        errno = err;
    }

    return pid;
}


/*
 * In the child, in the helper's memory, on a stack of its own (of which the
 * address sanitizer knows nothing): system calls, locals, nothing else.
 */

__attribute__((no_sanitize_address))
static int
ngx_cc_child_main(void *data)
{
    int                    keep[2];
    sigset_t               none;
    ngx_cc_stage_e         stage;
    struct sched_param     param;
    ngx_cc_child_birth_t  *birth;

    birth = data;

    stage = NGX_CC_STAGE_CGROUP;

    if (!birth->grouped && ngx_cc_cgroup_enter(birth->child->cgroup) == -1) {
        goto failed;
    }

    if (birth->child->tty == -1) {
        stage = NGX_CC_STAGE_GROUP;

        if (setpgid(0, 0) == -1) {
            goto failed;
        }

    } else {

        /* the leader of a session leads a group, too: the foreground one */

        stage = NGX_CC_STAGE_TERMINAL;

        if (setsid() == -1 || ioctl(birth->child->tty, TIOCSCTTY, 0) == -1) {
            goto failed;
        }
    }

    param.sched_priority = 0;
    (void) sched_setscheduler(0, SCHED_OTHER, &param);

    stage = NGX_CC_STAGE_STDIO;

    if (ngx_cc_child_stdio(birth->child) == -1) {
        goto failed;
    }

    stage = NGX_CC_STAGE_USER;

    if (birth->child->user && ngx_cc_user_become(birth->child->user) == -1) {
        goto failed;
    }

    stage = NGX_CC_STAGE_CHDIR;

    if (ngx_cc_child_place(birth->child) == -1) {
        goto failed;
    }

    /* the list in /proc may be beyond the fence */

    stage = NGX_CC_STAGE_STDIO;

    keep[0] = birth->child->fence;
    keep[1] = birth->child->script;

    if (ngx_cc_close_except(keep, 2) == -1) {
        goto failed;
    }

    stage = NGX_CC_STAGE_FENCE;

    if (birth->child->fence != -1
        && (ngx_cc_fence_enter(birth->child->fence) == -1
            || (birth->child->filter
                && ngx_cc_seccomp_enter(birth->child->filter) == -1)))
    {
        goto failed;
    }

    /* its number may have been that of the fence, which is done with */

    stage = NGX_CC_STAGE_STDIO;

    if (birth->child->script != -1
        && ngx_cc_child_script(birth->child->script) == -1)
    {
        goto failed;
    }

    /* from here on few descriptors are in use: a low limit does no harm */

    stage = NGX_CC_STAGE_RLIMIT;

    if (ngx_cc_child_limits(birth->child->confine) == -1) {
        goto failed;
    }

    /*
     * The helper blocks what it takes by signalfd.  Its dispositions are the
     * default ones, so a signal that arrives now just ends the child.
     */

    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    if (birth->child->direct) {
        ngx_cc_direct_exec(birth->child->direct);
    }

    stage = NGX_CC_STAGE_EXEC;
    errno = ngx_cc_child_exec(birth->child);

failed:

    birth->result.error = errno;
    birth->result.stage = stage;

    _exit(127);
}


static int
ngx_cc_child_stdio(const ngx_cc_child_t *child)
{
    if (child->tty != -1) {
        return (dup2(child->tty, 0) == -1 || dup2(child->tty, 1) == -1
                || dup2(child->tty, 2) == -1) ? -1 : 0;
    }

    if (child->in != -1 && dup2(child->in, 0) == -1) {
        return -1;
    }

    if (dup2(child->out, 1) == -1 || dup2(child->err, 2) == -1) {
        return -1;
    }

    return 0;
}


/* users of services often have a home that does not exist */

static int
ngx_cc_child_place(const ngx_cc_child_t *child)
{
    if (ngx_cc_place_enter(child->cwd, child->beneath) == 0) {
        return 0;
    }

    return (child->home && *child->beneath == '\0') ? chdir("/") : -1;
}


__attribute__((no_sanitize_address))
static int
ngx_cc_child_script(int fd)
{
    if (fd == NGX_CC_SCRIPT_FD) {
        return fcntl(fd, F_SETFD, 0);
    }

    return dup2(fd, NGX_CC_SCRIPT_FD);
}


static int
ngx_cc_child_limits(const ngx_cc_confine_t *confine)
{
    int            i;
    rlim_t         value;
    struct rlimit  limit;

    (void) umask(confine->umask);

    if (confine->nice && setpriority(PRIO_PROCESS, 0, confine->nice) == -1) {
        return -1;
    }

    for (i = 0; i < RLIM_NLIMITS; i++) {

        if (confine->limit[i] == 0) {
            continue;
        }

        if (getrlimit(i, &limit) == -1) {
            return -1;
        }

        value = confine->limit[i];

        limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;

        /* the soft limit of CPU time is a signal that can be caught */

        value += (i == RLIMIT_CPU);
        limit.rlim_max = value < limit.rlim_max ? value : limit.rlim_max;

        if (setrlimit(i, &limit) == -1) {
            return -1;
        }
    }

    return 0;
}


/* returns errno, and only when nothing could be executed */

static int
ngx_cc_child_exec(const ngx_cc_child_t *child)
{
    int           denied;
    char          file[NGX_CC_CHILD_PATH];
    size_t        len, name;
    const char   *path, *end, **env;

    if (child->exact) {
        return ngx_cc_child_exec_exact(child);
    }

    if (!child->search) {
        (void) execve(child->program, (char **) child->argv,
                      (char **) child->env);
        return errno;
    }

    path = NGX_CC_POLICY_PATH;

    for (env = child->env; *env; env++) {
        if (strncmp(*env, "PATH=", 5) == 0) {
            path = *env + 5;
        }
    }

    denied = 0;
    name = strlen(child->program);

    for ( /* void */ ; path; path = *end ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        len = end - path;

        if (len == 0 || len + 1 + name + 1 > sizeof(file)) {
            continue;
        }

        memcpy(file, path, len);
        file[len] = '/';
        memcpy(file + len + 1, child->program, name + 1);

        (void) execve(file, (char **) child->argv, (char **) child->env);

        if (errno == EACCES) {

            /* a directory that may not be entered does not count */

            if (access(file, F_OK) == 0) {
                denied = 1;
            }

        } else if (errno != ENOENT && errno != ENOTDIR) {
            return errno;
        }
    }

    return denied ? EACCES : ENOENT;
}


static int
ngx_cc_child_exec_exact(const ngx_cc_child_t *child)
{
    int          fd;
    struct stat  st;

    fd = open(child->program, O_PATH|O_CLOEXEC);

    if (fd == -1 || fstat(fd, &st) == -1) {
        return errno;
    }

    if (!S_ISREG(st.st_mode)) {
        return EACCES;
    }

    (void) syscall(SYS_execveat, fd, "", child->argv, child->env,
                   AT_EMPTY_PATH);

    /*
     * ENOENT: a script, whose interpreter would not find a descriptor that is
     * closed; ENOSYS: Linux before 3.19, or a filter that does not know it.
     */

    if (errno == ENOENT || errno == ENOSYS) {
        (void) execve(child->program, (char **) child->argv,
                      (char **) child->env);
    }

    return errno;
}
