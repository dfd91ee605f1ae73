
/*
 * bare [-s DIRECTORY] PARENTS FLIGHT SECONDS PROGRAM [ARG ...]
 *
 * What the machine itself can do: so many parents, each with so many children
 * alive at a time, start the program by vfork and execve, and wait for it.
 * Nothing else: no pipe, no group, no set-up.  Prints count, rate, times from
 * vfork to the end (us), and CPU of parents and children (us for each).
 *
 * With -s each child has the set-up that a command of ours has in a location
 * with a fence and without limits (ngx_cc_launch, ngx_cc_child): two pipes,
 * its group, scheduling class, the directory, no_new_privs, Landlock, mask and
 * umask, a directory for TMPDIR below that one, which is looked at before and
 * behind it, and the wait that finds no child left.  It inherits the filter for
 * system calls, as where all locations have a fence.  Nothing is read from the
 * pipes: for programs that write nothing.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"
#include "bench.h"


#define BARE_FLIGHT  256


typedef struct {
    pid_t     pid;
    uint64_t  start;
    int       out[2];
    int       err[2];
    int       tmp;               /* its directory for TMPDIR */
    char      path[PATH_MAX];
} bare_child_t;


static void bare_parent(int flight, uint64_t end, char **argv, size_t *count);
static pid_t bare_start(bare_child_t *child, char **argv);
static void bare_exec(const bare_child_t *child, char **argv);
static void bare_ended(const bare_child_t *child);
static void bare_equip(int flight);
static void bare_pipe(int *fds);
static uint64_t bare_cpu(int who);


extern char  **environ;

static bare_child_t       bare_child[BARE_FLIGHT];

static const char        *bare_directory;    /* NULL: no set-up */
static int                bare_fence = -1;


int
main(int argc, char **argv)
{
    int       i, parents, flight, had;
    pid_t     pid;
    size_t   *counts, count;
    double    seconds;
    uint64_t  start, end;

    had = argc > 2 && strcmp(argv[1], "-s") == 0 ? 2 : 0;

    if (argc < had + 5) {
        fprintf(stderr, "usage: %s [-s directory] parents flight seconds "
                "program [arg ...]\n", argv[0]);
        return 2;
    }

    bare_directory = had ? argv[2] : NULL;
    argv += had;

    parents = atoi(argv[1]);
    flight = atoi(argv[2]);
    seconds = atof(argv[3]);

    if (parents < 1 || parents > 64 || flight < 1 || flight > BARE_FLIGHT) {
        fprintf(stderr, "bare: 1 to 64 parents, 1 to %d children\n",
                BARE_FLIGHT);
        return 2;
    }

    counts = mmap(NULL, 64 * sizeof(size_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (counts == MAP_FAILED) {
        bench_die("mmap");
    }

    start = bench_now();
    end = start + seconds * 1e9;

    /* the first parent is this process: it has the times */

    for (i = 1; i < parents; i++) {
        pid = fork();

        if (pid == -1) {
            bench_die("fork");
        }

        if (pid == 0) {
            bare_parent(flight, end, argv + 4, &counts[i]);
            _exit(0);
        }
    }

    bare_parent(flight, end, argv + 4, &counts[0]);

    while (wait(NULL) != -1 || errno == EINTR) { /* void */ }

    end = bench_now();
    count = 0;

    for (i = 0; i < parents; i++) {
        count += counts[i];
    }

    printf("count=%zu rate=%.1f parent_cpu=%.1f child_cpu=%.1f ", count,
           count / ((end - start) / 1e9),
           bare_cpu(RUSAGE_SELF) / (double) counts[0],
           bare_cpu(RUSAGE_CHILDREN) / (double) count);
    bench_times_print();

    return 0;
}


static void
bare_parent(int flight, uint64_t end, char **argv, size_t *count)
{
    int       i, status, alive;
    pid_t     pid;
    uint64_t  now;

    if (bare_directory) {
        bare_equip(flight);
    }

    alive = 0;

    for ( ;; ) {
        now = bench_now();

        for (i = 0; i < flight && now < end; i++) {

            if (bare_child[i].pid) {
                continue;
            }

            bare_child[i].start = bench_now();
            bare_child[i].pid = bare_start(&bare_child[i], argv);
            alive++;
        }

        if (alive == 0) {
            break;
        }

        pid = waitpid(-1, &status, 0);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid == -1 || status != 0) {
            fprintf(stderr, "%s: status %x\n", argv[0], status);
            exit(1);
        }

        for (i = 0; i < flight; i++) {
            if (bare_child[i].pid == pid) {

                if (bare_directory) {
                    bare_ended(&bare_child[i]);
                }

                bare_child[i].pid = 0;
                bench_time(bench_now() - bare_child[i].start);
                break;
            }
        }

        alive--;
        (*count)++;
    }

    for (i = 0; bare_directory && i < flight; i++) {
        (void) rmdir(bare_child[i].path);
    }
}


/* a frame of its own, which the child cannot spoil */

__attribute__((noinline))
static pid_t
bare_start(bare_child_t *child, char **argv)
{
    pid_t        pid;
    struct stat  here, there;

    if (bare_directory) {

        if (fstat(child->tmp, &here) == -1
            || lstat(child->path, &there) == -1 || here.st_ino != there.st_ino)
        {
            bench_die(child->path);
        }

        bare_pipe(child->out);
        bare_pipe(child->err);
    }

    pid = vfork();

    if (pid == 0) {

        if (bare_directory) {
            bare_exec(child, argv);

        } else {
            execve(argv[0], argv, environ);
        }

        _exit(127);
    }

    if (pid == -1) {
        bench_die("vfork");
    }

    if (bare_directory) {
        close(child->out[1]);
        close(child->err[1]);
    }

    return pid;
}


/* the calls of ngx_cc_child, in their order; nothing of it fails silently */

__attribute__((noinline))
static void
bare_exec(const bare_child_t *child, char **argv)
{
    sigset_t            none;
    struct sched_param  param;

    param.sched_priority = 0;
    sigemptyset(&none);

    if (setpgid(0, 0) == -1
        || sched_setscheduler(0, SCHED_OTHER, &param) == -1
        || dup2(child->out[1], 1) == -1 || dup2(child->err[1], 2) == -1
        || chdir(bare_directory) == -1)
    {
        return;
    }

    if (bare_fence != -1) {

        if (syscall(SYS_close_range, 3, bare_fence - 1, 0) == -1
            || syscall(SYS_close_range, bare_fence + 1, ~0U, 0) == -1
            || ngx_cc_fence_enter(bare_fence) == -1)
        {
            return;
        }

    } else if (syscall(SYS_close_range, 3, ~0U, 0) == -1) {
        return;
    }

    umask(022);

    if (sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        execve(argv[0], argv, environ);
    }
}


static void
bare_ended(const bare_child_t *child)
{
    char         buf[512];
    struct stat  st;

    close(child->out[0]);
    close(child->err[0]);

    if (waitpid(child->pid, NULL, WNOHANG) != -1
        || fstat(child->tmp, &st) == -1
        || lseek(child->tmp, 0, SEEK_SET) == -1
        || syscall(SYS_getdents64, child->tmp, buf, sizeof(buf)) == -1
        || syscall(SYS_getdents64, child->tmp, buf, sizeof(buf)) != 0)
    {
        bench_die(child->path);
    }
}


/* what a helper has before its first command */

static void
bare_equip(int flight)
{
    int                 i;
    ngx_cc_confine_t    confine;
    ngx_cc_seccomp_t    filter;
    struct sched_param  param;

    param.sched_priority = 0;
    (void) sched_setscheduler(0, SCHED_BATCH, &param);

    memset(&confine, 0, sizeof(confine));
    confine.fence = ngx_cc_fence_abi();
    confine.flags = NGX_CC_CONFINE_SECCOMP;

    for (i = 0; i < flight; i++) {
        snprintf(bare_child[i].path, PATH_MAX, "%s/bare-XXXXXX",
                 bare_directory);

        if (mkdtemp(bare_child[i].path) == NULL) {
            bench_die(bare_directory);
        }

        bare_child[i].tmp = open(bare_child[i].path,
                                 O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    }

    if (confine.fence < NGX_CC_FENCE_MIN) {
        return;
    }

    bare_fence = ngx_cc_fence_make(&confine, NULL, -1, -1);

    if (bare_fence == -1) {
        bench_die("Landlock");
    }

    if (ngx_cc_seccomp_available()) {
        ngx_cc_seccomp_make(&filter, ngx_cc_seccomp_set(&confine));

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
            || ngx_cc_seccomp_enter(&filter) == -1)
        {
            bench_die("seccomp");
        }
    }
}


static void
bare_pipe(int *fds)
{
    if (pipe2(fds, O_CLOEXEC) == -1
        || fcntl(fds[0], F_SETFL, O_RDONLY|O_NONBLOCK) == -1)
    {
        bench_die("pipe2");
    }
}


static uint64_t
bare_cpu(int who)
{
    struct rusage  ru;

    getrusage(who, &ru);

    return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000ULL
           + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}
