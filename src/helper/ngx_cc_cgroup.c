
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_cgroup.h"
#include "ngx_cc_dirent.h"
#include "ngx_cc_user.h"


/* by number, for headers that do not have them */

#define NGX_CC_CGROUP_CLONE3  435
#define NGX_CC_CGROUP_INTO    0x200000000ULL     /* CLONE_INTO_CGROUP */
#define NGX_CC_CGROUP_VM      0x00000100ULL      /* CLONE_VM */
#define NGX_CC_CGROUP_VFORK   0x00004000ULL      /* CLONE_VFORK */

#define NGX_CC_CGROUP_OPEN    (O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)
#define NGX_CC_CGROUP_TRIES   10         /* a sweep may be there between */
#define NGX_CC_CGROUP_PAUSE   1000000    /* ns until it has gone */
#define NGX_CC_CGROUP_PERIOD  "100000"   /* us, of cpu.max */
#define NGX_CC_CGROUP_PERCENT 1000ULL    /* us, of that */
#define NGX_CC_CGROUP_TEXT    1024       /* of a file that is read */


/* struct clone_args of Linux 5.7 */

typedef struct {
    uint64_t        flags;
    uint64_t        pidfd;
    uint64_t        child_tid;
    uint64_t        parent_tid;
    uint64_t        exit_signal;
    uint64_t        stack;
    uint64_t        stack_size;
    uint64_t        tls;
    uint64_t        set_tid;
    uint64_t        set_tid_size;
    uint64_t        cgroup;
} ngx_cc_cgroup_clone_t;


static int ngx_cc_cgroup_try(ngx_cc_cgroup_t *cg,
    const ngx_cc_wire_cgroup_t *limits);
static int ngx_cc_cgroup_files(ngx_cc_cgroup_t *cg);
static int ngx_cc_cgroup_limits(const ngx_cc_cgroup_t *cg,
    const ngx_cc_wire_cgroup_t *limits);
static int ngx_cc_cgroup_limit(const ngx_cc_cgroup_t *cg, unsigned flags,
    const char *file, const char *format, unsigned long long limit)
    __attribute__((format(printf, 4, 0)));
static long ngx_cc_cgroup_clone3(ngx_cc_cgroup_clone_t *args,
    int (*start)(void *), void *data);
static uint64_t ngx_cc_cgroup_number(int dir, const char *file,
    const char *key);
static int ngx_cc_cgroup_open(int dir, const char *file, int flags);
static void ngx_cc_cgroup_close(ngx_cc_cgroup_t *cg);
static int ngx_cc_cgroup_ours(const char *name);
static int ngx_cc_cgroup_discard(int base, const char *name);


void
ngx_cc_cgroup_init(ngx_cc_cgroup_t *cg, int base)
{
    cg->base = base;
    cg->dir = -1;
    cg->procs = -1;
    cg->kill = -1;
    cg->freeze = -1;
    cg->events = -1;
}


int
ngx_cc_cgroup_make(ngx_cc_cgroup_t *cg, const ngx_cc_wire_cgroup_t *limits)
{
    int              i, rc, err;
    uid_t            was;
    struct timespec  pause = { 0, NGX_CC_CGROUP_PAUSE };

    if (cg->base == -1) {
        errno = ENOTSUP;
        return -1;
    }

    (void) snprintf(cg->name, sizeof(cg->name), "c%d", (int) getpid());

    was = ngx_cc_user_own();
    rc = -1;
    err = 0;

    for (i = 0; i < NGX_CC_CGROUP_TRIES; i++) {
        rc = ngx_cc_cgroup_try(cg, limits);
        err = errno;

        if (rc == 0) {
            break;
        }

        ngx_cc_cgroup_close(cg);
        (void) ngx_cc_cgroup_discard(cg->base, cg->name);

        if (err != EEXIST && err != EWOULDBLOCK && err != ENOENT) {
            break;
        }

        (void) nanosleep(&pause, NULL);
    }

    ngx_cc_user_back(was);
    errno = err;

    return rc;
}


static int
ngx_cc_cgroup_try(ngx_cc_cgroup_t *cg, const ngx_cc_wire_cgroup_t *limits)
{
    if (mkdirat(cg->base, cg->name, 0755) == -1) {
        return -1;
    }

    cg->dir = openat(cg->base, cg->name, NGX_CC_CGROUP_OPEN);

    /* whatever the umask: programs look into their group for its limits */

    if (cg->dir == -1 || flock(cg->dir, LOCK_EX|LOCK_NB) == -1
        || fchmod(cg->dir, 0755) == -1
        || ngx_cc_cgroup_files(cg) == -1)
    {
        return -1;
    }

    return ngx_cc_cgroup_limits(cg, limits);
}


/* they are written and read later, by whoever has them */

static int
ngx_cc_cgroup_files(ngx_cc_cgroup_t *cg)
{
    cg->procs = ngx_cc_cgroup_open(cg->dir, "cgroup.procs", O_WRONLY);
    cg->kill = ngx_cc_cgroup_open(cg->dir, "cgroup.kill", O_WRONLY);
    cg->freeze = ngx_cc_cgroup_open(cg->dir, "cgroup.freeze", O_WRONLY);
    cg->events = ngx_cc_cgroup_open(cg->dir, "cgroup.events", O_RDONLY);

    return cg->procs == -1 ? -1 : 0;
}


static int
ngx_cc_cgroup_limits(const ngx_cc_cgroup_t *cg,
    const ngx_cc_wire_cgroup_t *limits)
{
    unsigned  flags;

    flags = limits->flags;

    /* one that is killed takes all others with it; no limit needs that */

    (void) ngx_cc_cgroup_write(cg->dir, "memory.oom.group", "1");

    return ((limits->memory
             && ngx_cc_cgroup_limit(cg, flags, "memory.max", "%llu",
                                    limits->memory) == -1)
            || ((flags & NGX_CC_CGROUP_SWAP)
                && ngx_cc_cgroup_limit(cg, flags, "memory.swap.max", "%llu",
                                       limits->swap) == -1)
            || (limits->pids
                && ngx_cc_cgroup_limit(cg, flags, "pids.max", "%llu",
                                       limits->pids) == -1)
            || (limits->cpu
                && ngx_cc_cgroup_limit(cg, flags, "cpu.max",
                                       "%llu " NGX_CC_CGROUP_PERIOD,
                                       limits->cpu * NGX_CC_CGROUP_PERCENT)
                   == -1)
            || (limits->weight
                && ngx_cc_cgroup_limit(cg, flags, "cpu.weight", "%llu",
                                       limits->weight) == -1))
           ? -1 : 0;
}


/* a file that is not there: its controller is not */

static int
ngx_cc_cgroup_limit(const ngx_cc_cgroup_t *cg, unsigned flags,
    const char *file, const char *format, unsigned long long limit)
{
    char  value[64];

    (void) snprintf(value, sizeof(value), format, limit);

    if (ngx_cc_cgroup_write(cg->dir, file, value) == 0) {
        return 0;
    }

    if (errno != ENOENT) {
        return -1;
    }

    errno = ENOTSUP;

    return (flags & NGX_CC_CGROUP_REQUIRED) ? -1 : 0;
}


pid_t
ngx_cc_cgroup_clone(const ngx_cc_cgroup_t *cg, int (*start)(void *),
    char *stack, size_t size, void *data)
{
    long                   rc;
    uid_t                  was;
    ngx_cc_cgroup_clone_t  args;

    memset(&args, 0, sizeof(args));

    args.flags = NGX_CC_CGROUP_VM|NGX_CC_CGROUP_VFORK|NGX_CC_CGROUP_INTO;
    args.exit_signal = SIGCHLD;
    args.stack = (uintptr_t) stack;
    args.stack_size = size;
    args.cgroup = cg->dir;

    /* the kernel asks whether we may write the group's cgroup.procs */

    was = ngx_cc_user_own();

    rc = ngx_cc_cgroup_clone3(&args, start, data);

    ngx_cc_user_back(was);

    if (rc >= 0) {
        return (pid_t) rc;
    }

    /* older, or a filter that does not know it: all the same here */

    errno = (rc == -EINVAL || rc == -E2BIG || rc == -EPERM || rc == -EACCES)
            ? ENOSYS : (int) -rc;

    return -1;
}


/*
 * libc has no clone3(): what begins is on another stack, and stays there.
 * Returns what the kernel does.
 */

static long
ngx_cc_cgroup_clone3(ngx_cc_cgroup_clone_t *args, int (*start)(void *),
    void *data)
{
#if defined(__x86_64__)

    long            rc;
    register int  (*fn)(void *) __asm__("r8") = start;
    register void  *arg __asm__("r9") = data;

    __asm__ volatile (
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"
        "movq %[arg], %%rdi\n\t"
        "call *%[fn]\n\t"
        "hlt\n"
        "1:"
        : "=a" (rc)
        : "0" ((long) NGX_CC_CGROUP_CLONE3), "D" (args), "S" (sizeof(*args)),
          [fn] "r" (fn), [arg] "r" (arg)
        : "rcx", "r11", "memory");

    return rc;

#else

    return -ENOSYS;

#endif
}


__attribute__((no_sanitize_address))
int
ngx_cc_cgroup_enter(const ngx_cc_cgroup_t *cg)
{
    return write(cg->procs, "0", 1) == 1 ? 0 : -1;
}


int
ngx_cc_cgroup_is(const ngx_cc_cgroup_t *cg)
{
    return cg->dir != -1;
}


int
ngx_cc_cgroup_freeze(const ngx_cc_cgroup_t *cg, int on)
{
    if (cg->freeze == -1 || cg->events == -1) {
        errno = ENOSYS;
        return -1;
    }

    return pwrite(cg->freeze, on ? "1" : "0", 1, 0) == 1 ? 0 : -1;
}


int
ngx_cc_cgroup_frozen(const ngx_cc_cgroup_t *cg)
{
    char     text[NGX_CC_CGROUP_TEXT];
    ssize_t  n;

    n = pread(cg->events, text, sizeof(text) - 1, 0);

    if (n <= 0) {
        return 0;
    }

    text[n] = '\0';

    return strstr(text, "frozen 1") != NULL;
}


int
ngx_cc_cgroup_kill(const ngx_cc_cgroup_t *cg)
{
    return cg->kill != -1 && pwrite(cg->kill, "1", 1, 0) == 1 ? 0 : -1;
}


int
ngx_cc_cgroup_oom(const ngx_cc_cgroup_t *cg)
{
    return cg->dir != -1
           && ngx_cc_cgroup_number(cg->dir, "memory.events", "oom_kill ") > 0;
}


void
ngx_cc_cgroup_used(const ngx_cc_cgroup_t *cg, ngx_cc_cgroup_use_t *use)
{
    memset(use, 0, sizeof(*use));

    if (cg->dir == -1) {
        return;
    }

    use->user = ngx_cc_cgroup_number(cg->dir, "cpu.stat", "user_usec ");
    use->system = ngx_cc_cgroup_number(cg->dir, "cpu.stat", "system_usec ");
    use->memory_peak = ngx_cc_cgroup_number(cg->dir, "memory.peak", "");
    use->pids_peak = ngx_cc_cgroup_number(cg->dir, "pids.peak", "");
}


void
ngx_cc_cgroup_remove(ngx_cc_cgroup_t *cg)
{
    uid_t  was;

    if (cg->dir == -1) {
        return;
    }

    was = ngx_cc_user_own();
    (void) unlinkat(cg->base, cg->name, AT_REMOVEDIR);
    ngx_cc_user_back(was);

    ngx_cc_cgroup_close(cg);
}


static void
ngx_cc_cgroup_close(ngx_cc_cgroup_t *cg)
{
    int  i, *fd[5];

    fd[0] = &cg->dir;
    fd[1] = &cg->procs;
    fd[2] = &cg->kill;
    fd[3] = &cg->freeze;
    fd[4] = &cg->events;

    for (i = 0; i < 5; i++) {
        if (*fd[i] != -1) {
            (void) close(*fd[i]);
            *fd[i] = -1;
        }
    }
}


int
ngx_cc_cgroup_sweep(int base)
{
    int               dir, left;
    long              n, pos;
    char              buf[4096] ngx_cc_dirent_aligned;
    uid_t             was;
    ngx_cc_dirent_t  *entry;

    /* with a position of its own */

    dir = openat(base, ".", NGX_CC_CGROUP_OPEN);

    if (dir == -1) {
        return 0;
    }

    left = 0;
    was = ngx_cc_user_own();

    while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
        for (pos = 0; pos < n; pos += entry->size) {
            entry = (ngx_cc_dirent_t *) (buf + pos);

            if (ngx_cc_cgroup_ours(entry->name)) {
                left += ngx_cc_cgroup_discard(base, entry->name) == -1;
            }
        }
    }

    ngx_cc_user_back(was);
    (void) close(dir);

    return left;
}


/* "c" and a number */

static int
ngx_cc_cgroup_ours(const char *name)
{
    return name[0] == 'c' && name[1] != '\0'
           && name[1 + strspn(name + 1, "0123456789")] == '\0';
}


/* -1: it is nobody's, and still there */

static int
ngx_cc_cgroup_discard(int base, const char *name)
{
    int  dir, rc;

    dir = openat(base, name, NGX_CC_CGROUP_OPEN);

    if (dir == -1) {
        return 0;
    }

    if (flock(dir, LOCK_EX|LOCK_NB) == -1) {
        (void) close(dir);
        return 0;
    }

    (void) ngx_cc_cgroup_write(dir, "cgroup.kill", "1");
    rc = unlinkat(base, name, AT_REMOVEDIR);
    (void) close(dir);

    return (rc == -1 && errno == EBUSY) ? -1 : 0;
}


int
ngx_cc_cgroup_write(int dir, const char *file, const char *value)
{
    int      fd, err;
    ssize_t  n;

    fd = ngx_cc_cgroup_open(dir, file, O_WRONLY);

    if (fd == -1) {
        return -1;
    }

    n = write(fd, value, strlen(value));
    err = errno;
    (void) close(fd);
    errno = err;

    return n == -1 ? -1 : 0;
}


/* what stands behind "key" at the beginning of a line; 0 = there is none */

static uint64_t
ngx_cc_cgroup_number(int dir, const char *file, const char *key)
{
    int          fd;
    char         text[NGX_CC_CGROUP_TEXT];
    size_t       len;
    ssize_t      n;
    const char  *line;

    fd = ngx_cc_cgroup_open(dir, file, O_RDONLY);

    if (fd == -1) {
        return 0;
    }

    n = read(fd, text, sizeof(text) - 1);
    (void) close(fd);

    text[n > 0 ? n : 0] = '\0';
    len = strlen(key);
    line = text;

    while (line && strncmp(line, key, len) != 0) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }

    return line ? strtoull(line + len, NULL, 10) : 0;
}


static int
ngx_cc_cgroup_open(int dir, const char *file, int flags)
{
    return openat(dir, file, flags|O_NOFOLLOW|O_CLOEXEC);
}
