
/*
 * Whose process is at the other end?  The test plays the worker; what it forks
 * are commands, its own connections and those of a process whose parent is not
 * it are somebody else's.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_ancestry.h"


#define THEY  65500


#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD  77
#endif


static int                      listener;
static socklen_t                length;
static struct sockaddr_storage  address;
static ngx_cc_ancestry_t        our;


static void
serve(int family)
{
    struct sockaddr_in   *in = (struct sockaddr_in *) &address;
    struct sockaddr_in6  *in6 = (struct sockaddr_in6 *) &address;

    memset(&address, 0, sizeof(address));
    address.ss_family = family;
    length = sizeof(address);

    if (family == AF_INET) {
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    } else if (family == AF_INET6) {
        in6->sin6_addr = in6addr_loopback;

    } else {
        length = sizeof(sa_family_t);    /* the kernel finds a name */
    }

    listener = socket(family, SOCK_STREAM|SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *) &address, length), 0);
    ck_assert_int_eq(listen(listener, 8), 0);

    length = sizeof(address);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *) &address,
                                 &length), 0);

    memset(&our, 0, sizeof(our));
    our.self = getpid();
}


static int
dial(void)
{
    int  fd;

    fd = socket(address.ss_family, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *) &address, length) != 0) {
        _exit(1);
    }

    return fd;
}


static pid_t
child(void)
{
    pid_t  pid;

    pid = fork();
    ck_assert_int_ne(pid, -1);

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }

    return pid;
}


static ngx_cc_ancestry_e
look(int fd)
{
    ngx_cc_ancestry_e  rc;

    rc = ngx_cc_ancestry(&our, fd);
    ck_assert_int_eq(close(fd), 0);

    return rc;
}


static int
next(void)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}


static void
end(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}


static const int  families[] = { AF_INET, AF_INET6, AF_UNIX };


/* a child, a grandchild */

START_TEST(test_command)
{
    int    i, deep;
    pid_t  pid;

    for (i = 0; i < 3; i++) {
        for (deep = 0; deep < 2; deep++) {
            serve(families[i]);
            pid = child();

            if (pid == 0) {
                if (!deep || child() == 0) {
                    (void) dial();
                }

                pause();
                _exit(0);
            }

            ck_assert_int_eq(look(next()), NGX_CC_ANCESTRY_COMMAND);
            end(pid);
            close(listener);
        }
    }
}
END_TEST


/* ourselves; and a sibling, when the test's parent is the master */

START_TEST(test_foreign)
{
    int    i, fd;
    pid_t  pid;

    for (i = 0; i < 3; i++) {
        serve(families[i]);
        fd = dial();
        ck_assert_int_eq(look(next()), NGX_CC_ANCESTRY_FOREIGN);
        close(fd);

        /* a worker of the same master */

        our.self = 0x7ffffff0;
        our.master = getpid();
        pid = child();

        if (pid == 0) {
            (void) dial();
            pause();
            _exit(0);
        }

        fd = next();
        ck_assert_int_eq(ngx_cc_ancestry(&our, fd), NGX_CC_ANCESTRY_FOREIGN);

        /* found once, found quickly: its descriptors and ours are few */

        our.looked = 0;
        ck_assert_int_eq(look(fd), NGX_CC_ANCESTRY_FOREIGN);
        ck_assert_uint_lt(our.looked, 40);

        end(pid);

        /* below another worker, or one of the master before */

        pid = child();

        if (pid == 0) {
            if (child() == 0) {
                (void) dial();
            }

            pause();
            _exit(0);
        }

        fd = next();
        ck_assert_int_eq(ngx_cc_ancestry(&our, fd), NGX_CC_ANCESTRY_COMMAND);

        our.elder = our.master;
        our.master = 0x7ffffff1;
        ck_assert_int_eq(look(fd), NGX_CC_ANCESTRY_COMMAND);

        end(pid);
        close(listener);
    }
}
END_TEST


/* not below us, but of the user that an executor service starts commands as */

START_TEST(test_user)
{
    int    i, fd;
    pid_t  pid;

    if (geteuid() != 0) {
        return;
    }

    for (i = 0; i < 3; i++) {
        serve(families[i]);
        our.self = 0x7ffffff0;
        our.master = 0x7ffffff1;
        pid = child();

        if (pid == 0) {
            if (setuid(THEY) == -1) {
                _exit(1);
            }

            (void) dial();
            pause();
            _exit(0);
        }

        fd = next();
        ck_assert_int_eq(ngx_cc_ancestry(&our, fd), NGX_CC_ANCESTRY_FOREIGN);

        our.commands[0] = THEY + 1;
        ck_assert_int_eq(ngx_cc_ancestry(&our, fd), NGX_CC_ANCESTRY_FOREIGN);

        our.commands[1] = THEY;
        ck_assert_int_eq(look(fd), NGX_CC_ANCESTRY_COMMAND);

        end(pid);
        close(listener);
    }
}
END_TEST


/* whoever connected has gone, or has let go of the socket */

START_TEST(test_unseen)
{
    int    i, fd, pair[2];
    char   control[CMSG_SPACE(sizeof(int))], byte;
    pid_t  pid;

    struct iovec     iov = { &byte, 1 };
    struct msghdr    msg = { .msg_iov = &iov, .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control) };
    struct cmsghdr  *cmsg;

    for (i = 0; i < 3; i++) {
        serve(families[i]);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        pid = child();

        if (pid == 0) {
            fd = dial();
            cmsg = CMSG_FIRSTHDR(&msg);
            cmsg->cmsg_level = SOL_SOCKET;
            cmsg->cmsg_type = SCM_RIGHTS;
            cmsg->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));

            if (sendmsg(pair[0], &msg, 0) != 1) {
                _exit(1);
            }

            _exit(0);
        }

        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

        /* it is in the pair now, and nowhere else */

        ck_assert_int_eq(look(next()), NGX_CC_ANCESTRY_UNSEEN);

        close(pair[0]);
        close(pair[1]);

        /* and closed, after it had asked */

        fd = dial();
        ck_assert_int_eq(write(fd, "x", 1), 1);

        if (families[i] != AF_UNIX) {
            close(fd);
            ck_assert_int_eq(look(next()), NGX_CC_ANCESTRY_UNSEEN);
        }

        close(listener);
    }
}
END_TEST


/* what is no stream is not told */

START_TEST(test_silent)
{
    int  fd;

    memset(&our, 0, sizeof(our));
    our.self = getpid();

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(look(fd), NGX_CC_ANCESTRY_SILENT);
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("ancestry");
    tc = tcase_create("all");
    tcase_add_test(tc, test_command);
    tcase_add_test(tc, test_foreign);
    tcase_add_test(tc, test_user);
    tcase_add_test(tc, test_unseen);
    tcase_add_test(tc, test_silent);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
