
/* what can be done from inside a fence, in every form that this kernel has */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_fence.h"


/* errno of each attempt, 0 = it worked; -1 = not tried */

enum {
    ENTER = 0, MEMORY, ENVIRON, DESCRIPTOR, PTRACE, KILL, ABSTRACT, CONNECT,
    BIND, RENAME, LINK, OWN_KILL, OWN_PTRACE,
    READ_A, READ_B, READ_OUT, WRITE_A, WRITE_B, TRUNCATE_A, MOVE_B, MAKE_OUT,
    EXEC_OUT, DEV_NULL, ATTEMPTS
};


static volatile int        *got;             /* shared with the child */
static char                 dir[64];
static pid_t                victim;
static struct sockaddr_un   abstract;
static socklen_t            abstract_len;
static struct sockaddr_in   tcp;
static int                  servers[2];


/*
 * Both sides are somebody without capabilities: root may look at environments
 * by CAP_PERFMON, fence or not.
 */

static void
drop(void)
{
    if (geteuid() == 0) {
        ck_assert_int_eq(setgid(65534), 0);
        ck_assert_int_eq(setuid(65534), 0);
    }

    (void) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}


static void
setup(void)
{
    int        ready[2];
    char       command[512];
    socklen_t  len;

    (void) snprintf(dir, sizeof(dir), "/tmp/cc_fence_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void) snprintf(command, sizeof(command),
                    "cd %s && mkdir a b b/sub out free free/x free/y"
                    " && echo text | tee a/file b/file out/file free/x/file"
                    " > /dev/null && cp /bin/true out/true"
                    " && chmod -R a+rwX .", dir);
    ck_assert_int_eq(system(command), 0);

    got = mmap(NULL, ATTEMPTS * sizeof(int), PROT_READ|PROT_WRITE,
               MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne((void *) got, MAP_FAILED);

    abstract.sun_family = AF_UNIX;
    abstract_len = offsetof(struct sockaddr_un, sun_path) + 1
                   + sprintf(abstract.sun_path + 1, "%s", dir);
    servers[0] = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(servers[0], (struct sockaddr *) &abstract,
                          abstract_len), 0);
    ck_assert_int_eq(listen(servers[0], 64), 0);

    tcp.sin_family = AF_INET;
    tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(tcp);
    servers[1] = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(servers[1], (struct sockaddr *) &tcp, len), 0);
    ck_assert_int_eq(listen(servers[1], 64), 0);
    ck_assert_int_eq(getsockname(servers[1], (struct sockaddr *) &tcp, &len),
                     0);

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    victim = fork();
    ck_assert_int_ne(victim, -1);

    if (victim == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        drop();
        (void) !write(ready[1], "", 1);

        for ( ;; ) {
            (void) pause();
        }
    }

    ck_assert_int_eq(read(ready[0], command, 1), 1);
    (void) close(ready[0]);
    (void) close(ready[1]);
}


static void
teardown(void)
{
    char  command[128];

    (void) kill(victim, SIGKILL);
    (void) waitpid(victim, NULL, 0);
    (void) close(servers[0]);
    (void) close(servers[1]);
    (void) munmap((void *) got, ATTEMPTS * sizeof(int));
    (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}


static void
note(int attempt, int rc)
{
    got[attempt] = (rc == -1) ? errno : 0;

    if (rc > 2) {
        (void) close(rc);
    }
}


/* a file below dir, or of the victim */

static int
try(const char *format, const char *name, int flags)
{
    int    fd;
    char   path[256];

    if (name) {
        (void) snprintf(path, sizeof(path), format, dir, name);

    } else {
        (void) snprintf(path, sizeof(path), format, (int) victim);
    }

    fd = open(path, flags|O_CLOEXEC, 0600);

    if (fd != -1 && name == NULL && (flags & O_DIRECTORY) == 0) {
        char  byte;

        if (read(fd, &byte, 1) == -1 && errno != EIO) {
            (void) close(fd);
            return -1;
        }
    }

    return fd;
}


static int
move(int (*how)(const char *from, const char *to), const char *from,
    const char *to)
{
    char  path[2][256];

    (void) snprintf(path[0], sizeof(path[0]), "%s/%s", dir, from);
    (void) snprintf(path[1], sizeof(path[1]), "%s/%s", dir, to);

    return how(path[0], path[1]);
}


static int
reach(int family, const void *address, socklen_t len)
{
    int  fd, rc, err;

    fd = socket(family, SOCK_STREAM|SOCK_CLOEXEC, 0);
    rc = connect(fd, address, len);
    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


static void
attempts(void)
{
    int                  fd;
    char                 path[256], target[256];
    pid_t                child;
    struct sockaddr_in   any;

    note(MEMORY, try("/proc/%d/mem", NULL, O_RDONLY));
    note(ENVIRON, try("/proc/%d/environ", NULL, O_RDONLY));
    note(DESCRIPTOR, try("/proc/%d/fd", NULL, O_RDONLY|O_DIRECTORY));

    if (got[DESCRIPTOR] == 0) {
        (void) snprintf(path, sizeof(path), "/proc/%d/fd/0", (int) victim);
        note(DESCRIPTOR, readlink(path, target, sizeof(target)) == -1 ? -1 : 0);
    }

    note(PTRACE, ptrace(PTRACE_SEIZE, victim, 0, 0) == -1 ? -1 : 0);

    if (got[PTRACE] == 0) {
        (void) ptrace(PTRACE_DETACH, victim, 0, 0);
    }

    note(KILL, kill(victim, 0));
    note(ABSTRACT, reach(AF_UNIX, &abstract, abstract_len));
    note(CONNECT, reach(AF_INET, &tcp, sizeof(tcp)));

    memset(&any, 0, sizeof(any));
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
    note(BIND, bind(fd, (struct sockaddr *) &any, sizeof(any)));
    (void) close(fd);

    note(RENAME, move(rename, "free/x/file", "free/y/file"));
    note(LINK, move(link, "free/y/file", "free/x/linked"));

    child = fork();

    if (child == 0) {
        for ( ;; ) {
            (void) pause();
        }
    }

    note(OWN_PTRACE, ptrace(PTRACE_SEIZE, child, 0, 0) == -1 ? -1 : 0);
    note(OWN_KILL, kill(child, SIGKILL));
    (void) waitpid(child, NULL, __WALL);

    note(READ_A, try("%s/a/%s", "file", O_RDONLY));
    note(READ_B, try("%s/b/%s", "file", O_RDONLY));
    note(READ_OUT, try("%s/out/%s", "file", O_RDONLY));
    note(WRITE_A, try("%s/a/%s", "file", O_WRONLY));
    note(WRITE_B, try("%s/b/%s", "new", O_WRONLY|O_CREAT));
    (void) snprintf(path, sizeof(path), "%s/a/file", dir);
    note(TRUNCATE_A, truncate(path, 0));
    note(MOVE_B, move(rename, "b/new", "b/sub/new"));
    note(MAKE_OUT, try("%s/out/%s", "new", O_WRONLY|O_CREAT));
    note(DEV_NULL, open("/dev/null", O_RDWR|O_CLOEXEC));

    child = vfork();

    if (child == 0) {
        (void) snprintf(path, sizeof(path), "%s/out/true", dir);
        (void) execl(path, "true", (char *) NULL);
        got[EXEC_OUT] = errno;
        _exit(1);
    }

    if (waitpid(child, &fd, 0) == child && fd == 0) {
        got[EXEC_OUT] = 0;
    }
}


static void
inside(const ngx_cc_confine_t *confine, const char **paths)
{
    int    i, fd, status;
    pid_t  pid;

    for (i = 0; i < ATTEMPTS; i++) {
        got[i] = -1;
    }

    fd = ngx_cc_fence_make(confine, paths, -1, -1);
    ck_assert_msg(fd != -1, "form %u: %s", confine->fence, strerror(errno));
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);

    pid = fork();

    if (pid == 0) {
        drop();
        note(ENTER, ngx_cc_fence_enter(fd));
        attempts();
        _exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1);
    }

    (void) close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}


static int
refused(int attempt)
{
    return got[attempt] == EPERM || got[attempt] == EACCES
           || got[attempt] == EXDEV;
}


/* all other processes: never; signals and the like by form; files: free */

START_TEST(form)
{
    ngx_cc_confine_t  confine;

    memset(&confine, 0, sizeof(confine));
    confine.fence = _i;

    if (_i > ngx_cc_fence_abi()) {
        printf("# form %d: this kernel has Landlock %d\n", _i,
               ngx_cc_fence_abi());
        return;
    }

    inside(&confine, NULL);

    ck_assert_int_eq(got[ENTER], 0);
    ck_assert(refused(MEMORY));
    ck_assert(refused(ENVIRON));
    ck_assert(refused(DESCRIPTOR));
    ck_assert(refused(PTRACE));

    ck_assert_int_eq(refused(KILL), _i >= NGX_CC_FENCE_SIGNALS);
    ck_assert_int_eq(refused(ABSTRACT), _i >= NGX_CC_FENCE_SIGNALS);

    ck_assert_int_eq(got[OWN_KILL], 0);
    ck_assert_int_eq(got[OWN_PTRACE], 0);
    ck_assert_int_eq(got[CONNECT], 0);
    ck_assert_int_eq(got[BIND], 0);
    ck_assert_int_eq(got[RENAME], 0);
    ck_assert_int_eq(got[LINK], 0);
    ck_assert_int_eq(got[READ_OUT], 0);
    ck_assert_int_eq(got[MAKE_OUT], 0);
    ck_assert_int_eq(got[EXEC_OUT], 0);
    ck_assert_int_eq(got[DEV_NULL], 0);
}
END_TEST


START_TEST(connections)
{
    ngx_cc_confine_t  confine;

    memset(&confine, 0, sizeof(confine));
    confine.fence = _i;
    confine.flags = NGX_CC_CONFINE_CONNECT;

    if (_i > ngx_cc_fence_abi()) {
        return;
    }

    inside(&confine, NULL);

    ck_assert_int_eq(refused(CONNECT), _i >= NGX_CC_FENCE_TCP);
    ck_assert_int_eq(got[BIND], 0);
    ck_assert_int_eq(got[RENAME], 0);
}
END_TEST


/* read: a and what a program needs; write: b */

START_TEST(files)
{
    char               a[80], b[80];
    const char        *paths[8] = { "/usr", "/lib", "/proc", "/tmp" };
    ngx_cc_confine_t   confine;

    (void) snprintf(a, sizeof(a), "%s/a", dir);
    (void) snprintf(b, sizeof(b), "%s/b", dir);

    memset(&confine, 0, sizeof(confine));
    confine.fence = _i;

    if (_i > ngx_cc_fence_abi()) {
        return;
    }

    /* both */

    paths[3] = a;
    paths[4] = b;
    confine.nread = 4;
    confine.nwrite = 1;
    inside(&confine, paths);

    ck_assert_int_eq(got[ENTER], 0);
    ck_assert_int_eq(got[READ_A], 0);
    ck_assert_int_eq(got[READ_B], 0);
    ck_assert_int_eq(got[READ_OUT], EACCES);
    ck_assert_int_eq(got[WRITE_A], EACCES);
    ck_assert_int_eq(got[TRUNCATE_A], _i >= 3 ? EACCES : 0);
    ck_assert_int_eq(got[WRITE_B], 0);
    ck_assert_int_eq(got[MOVE_B], 0);
    ck_assert_int_eq(got[MAKE_OUT], EACCES);
    ck_assert_int_eq(got[EXEC_OUT], EACCES);
    ck_assert_int_eq(got[DEV_NULL], 0);
    ck_assert(refused(RENAME));
    ck_assert(refused(PTRACE));

    /* read only: what is written is not our business */

    confine.nwrite = 0;
    inside(&confine, paths);
    ck_assert_int_eq(got[READ_A], 0);
    ck_assert_int_eq(got[READ_OUT], EACCES);
    ck_assert_int_eq(got[WRITE_A], 0);
    ck_assert_int_eq(got[WRITE_B], 0);
    ck_assert_int_eq(got[RENAME], 0);
    ck_assert_int_eq(got[LINK], 0);

    /* write only: everything may be read */

    confine.nread = 0;
    confine.nwrite = 1;
    paths[0] = b;
    inside(&confine, paths);
    ck_assert_int_eq(got[READ_OUT], 0);
    ck_assert_int_eq(got[EXEC_OUT], 0);
    ck_assert_int_eq(got[WRITE_B], 0);
    ck_assert_int_eq(got[WRITE_A], EACCES);
    ck_assert_int_eq(got[MAKE_OUT], EACCES);
    ck_assert_int_eq(got[DEV_NULL], 0);

    /* a single file, and one that is not there */

    (void) snprintf(b, sizeof(b), "%s/b/file", dir);
    inside(&confine, paths);
    ck_assert(refused(WRITE_B));

    (void) snprintf(b, sizeof(b), "%s/nowhere", dir);
    ck_assert_int_eq(ngx_cc_fence_make(&confine, paths, -1, -1), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST


START_TEST(impossible)
{
    int               fd;
    ngx_cc_confine_t  confine;

    /* no fence at all: what is no descriptor, and what is no fence */

    ck_assert_int_eq(ngx_cc_fence_enter(-1), -1);
    fd = open("/dev/null", O_RDONLY|O_CLOEXEC);
    ck_assert_int_eq(ngx_cc_fence_enter(fd), -1);
    (void) close(fd);

    if (ngx_cc_fence_abi() == 0) {
        memset(&confine, 0, sizeof(confine));
        confine.fence = NGX_CC_FENCE_MIN;
        ck_assert_int_eq(ngx_cc_fence_make(&confine, NULL, -1, -1), -1);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("fence");
    Suite  *s = suite_create("fence");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, form, NGX_CC_FENCE_MIN, NGX_CC_FENCE_MAX + 1);
    tcase_add_loop_test(tc, connections, NGX_CC_FENCE_MIN,
                        NGX_CC_FENCE_MAX + 1);
    tcase_add_loop_test(tc, files, NGX_CC_FENCE_MIN, NGX_CC_FENCE_MAX + 1);
    tcase_add_test(tc, impossible);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
