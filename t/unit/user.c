
/* the user that commands of a service run as; most of it as root only */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_user.h"
#include "unit.h"


#define CAPS  ((1U << CAP_SETUID)|(1U << CAP_SETGID)|(1U << CAP_CHOWN))


static ngx_cc_user_t  user;


/* whether a function says 0 in a process of its own, or else its errno */

static int
apart(int (*run)(void))
{
    int    status;
    pid_t  pid;

    pid = fork();
    ck_assert_int_ne(pid, -1);

    if (pid == 0) {
        _exit(run() == 0 ? 0 : errno);
    }

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));

    return WEXITSTATUS(status);
}


/* an ordinary user who may become another one, as an executor service is */

static int
service(void)
{
    struct passwd                   *pw;
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[2];

    memset(&head, 0, sizeof(head));
    memset(caps, 0, sizeof(caps));
    head.version = _LINUX_CAPABILITY_VERSION_3;
    caps[0].permitted = caps[0].effective = caps[0].inheritable = CAPS;

    pw = getpwnam("games");

    return (pw == NULL || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1
            || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1
            || setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1
            || syscall(SYS_capset, &head, caps) == -1
            || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0)
               == -1) ? -1 : 0;
}


static int
become(void)
{
    return ngx_cc_user_become(&user);
}


static int
become_by_service(void)
{
    int    n;
    gid_t  groups[8];

    if (service() == -1 || ngx_cc_user_become(&user) == -1) {
        return -1;
    }

    n = getgroups(8, groups);

    if (n != user.ngroups || (n > 0 && groups[0] != user.groups[0])
        || setresuid(-1, 0, -1) != -1 || setgroups(0, NULL) != -1
        || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SETUID, 0, 0) != 0)
    {
        errno = EDOM;
        return -1;
    }

    return 0;
}


/* without a privilege there is no other user */

static int
become_by_nobody(void)
{
    return setresuid(65534, 65534, 65534) == -1 ? 0
                                                : ngx_cc_user_become(&user);
}


/* what is made is the user's, the process is not */

static int
files(void)
{
    int          fd[2];
    struct stat  st;

    if (service() == -1 || ngx_cc_user_files(&user) == -1
        || pipe2(fd, O_CLOEXEC) == -1 || fstat(fd[0], &st) == -1)
    {
        return -1;
    }

    if (st.st_uid != user.uid || st.st_gid != user.gid
        || geteuid() == user.uid || getuid() == user.uid)
    {
        errno = EDOM;
        return -1;
    }

    return 0;
}


/* of the service's capabilities those stay that a helper needs */

static int
files_reduce(void)
{
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[2];

    memset(&head, 0, sizeof(head));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (service() == -1 || ngx_cc_user_files(&user) == -1
        || syscall(SYS_capget, &head, caps) == -1)
    {
        return -1;
    }

    if (caps[0].permitted != (CAPS & ~(1U << CAP_CHOWN))
        || caps[0].effective != caps[0].permitted
        || (caps[0].inheritable & (1U << CAP_CHOWN)))
    {
        errno = EDOM;
        return -1;
    }

    return 0;
}


/*
 * As in a container: keyctl() fails with EPERM, all of it (what < 0) or that
 * one operation
 */

static int
files_filtered(int what)
{
    struct sock_filter  rules[] = {
        BPF_STMT(BPF_LD|BPF_W|BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, SYS_keyctl, 0, 3),
        BPF_STMT(BPF_LD|BPF_W|BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, what, 0, what < 0 ? 0 : 1),
        BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|EPERM),
        BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW)
    };
    struct sock_fprog   prog = { sizeof(rules) / sizeof(rules[0]), rules };

    if (service() == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == -1)
    {
        errno = ENOTSUP;
        return -1;
    }

    return ngx_cc_user_files(&user);
}


static int
files_without_keys(void)
{
    return files_filtered(-1);
}


/* commands could ask for the service's keys: no */

static int
files_without_join(void)
{
    return files_filtered(1);
}


static int
files_by_nobody(void)
{
    return setresuid(65534, 65534, 65534) == -1 ? 0
                                                : ngx_cc_user_files(&user);
}


START_TEST(find)
{
    ck_assert_int_eq(ngx_cc_user_find(&user, "no-such-user"), -1);
    ck_assert_int_eq(errno, ENOENT);

    ck_assert_int_eq(ngx_cc_user_find(&user, "root"), 0);
    ck_assert_uint_eq(user.uid, 0);
    ck_assert_int_ge(user.ngroups, 1);

    ck_assert_int_eq(ngx_cc_user_find(&user, "backup"), 0);
    ck_assert_uint_ne(user.uid, 0);
    ck_assert_int_eq(*user.home, '/');
}
END_TEST


START_TEST(other)
{
    if (geteuid() != 0) {
        return;
    }

    ck_assert_int_eq(ngx_cc_user_find(&user, "backup"), 0);
    ck_assert_int_eq(apart(become), 0);
    ck_assert_int_eq(apart(become_by_service), 0);
    ck_assert_int_eq(apart(become_by_nobody), EPERM);
    ck_assert_int_eq(apart(files), 0);
    ck_assert_int_eq(apart(files_by_nobody), EPERM);
    ck_assert_int_eq(apart(files_reduce), 0);
    ck_assert_int_eq(apart(files_without_keys), 0);
    ck_assert_int_eq(apart(files_without_join), EPERM);
}
END_TEST


/* who may go back to root is found out */

START_TEST(back)
{
    if (geteuid() != 0) {
        return;
    }

    ck_assert_int_eq(ngx_cc_user_find(&user, "root"), 0);
    ck_assert_int_eq(apart(become), EPERM);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("user");
    Suite  *s = suite_create("user");

    tcase_add_test(tc, find);
    tcase_add_test(tc, other);
    tcase_add_test(tc, back);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
