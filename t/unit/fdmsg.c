
/* messages with descriptors: every way in which the kernel says "no" */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_fdmsg.h"


static int
open_descriptors(void)
{
    int             n;
    DIR            *dir;

    dir = opendir("/proc/self/fd");

    for (n = 0; readdir(dir); n++) { /* void */ }

    closedir(dir);

    return n;
}


START_TEST(plain)
{
    int   s[2], n;
    char  buf[64];

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert(fcntl(s[0], F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(s[1], F_GETFL) & O_NONBLOCK);

    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 64, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);

    /* borders of messages are kept */

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "one", 3, NULL, 0), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "three", 5, NULL, 0), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 64, NULL, NULL), 3);
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 64, NULL, NULL), 5);

    /* one that is too long is not half a message */

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "three", 5, NULL, 0), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 4, NULL, NULL), -1);
    ck_assert_int_eq(errno, EMSGSIZE);

    /* full: nothing is sent, nothing is waited for */

    for (n = 0; ngx_cc_fdmsg_send(s[0], buf, 64, NULL, 0) == 0; n++) {
        ck_assert_int_lt(n, 100000);
    }

    ck_assert_int_eq(errno, EAGAIN);

    /* the end of file, after what was sent */

    (void) close(s[0]);

    while (n--) {
        ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 64, NULL, NULL), 64);
    }

    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 64, NULL, NULL), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_send(s[1], "x", 1, NULL, 0), -1);
    ck_assert_int_eq(errno, EPIPE);              /* and no signal */
    (void) close(s[1]);
}
END_TEST


START_TEST(descriptors)
{
    int   s[2], p[2], fds[4], nfds, before;
    char  buf[8];

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe(p), 0);
    before = open_descriptors();

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "two", 3, p, 2), 0);
    nfds = 4;
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 8, fds, &nfds), 3);
    ck_assert_int_eq(nfds, 2);
    ck_assert(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(read(p[0], buf, 8), 1);
    (void) close(fds[0]);
    (void) close(fds[1]);

    /* without any */

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "none", 4, NULL, 0), 0);
    nfds = 4;
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 8, fds, &nfds), 4);
    ck_assert_int_eq(nfds, 0);

    /* more than expected, or none expected: told, and none leaks */

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "two", 3, p, 2), 0);
    nfds = 1;
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 8, fds, &nfds), 3);
    ck_assert_int_eq(nfds, -1);

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "two", 3, p, 2), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 8, NULL, NULL), -1);
    ck_assert_int_eq(errno, EMFILE);

    /* a truncated message with descriptors leaks none either */

    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "two", 3, p, 2), 0);
    nfds = 4;
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 1, fds, &nfds), -1);
    ck_assert_int_eq(errno, EMSGSIZE);

    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST


/* the receiver has no descriptor left: the kernel drops them */

START_TEST(exhausted)
{
    int            s[2], p[2], fds[4], nfds, before, top;
    char           buf[8];
    struct rlimit  rl;

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe(p), 0);
    ck_assert_int_eq(ngx_cc_fdmsg_send(s[0], "two", 3, p, 2), 0);

    before = open_descriptors();
    top = dup(0);
    (void) close(top);

    (void) getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = top + 1;               /* room for one of the two */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);

    nfds = 4;
    ck_assert_int_eq(ngx_cc_fdmsg_recv(s[1], buf, 8, fds, &nfds), 3);
    ck_assert_int_eq(nfds, -1);
    ck_assert_int_eq(memcmp(buf, "two", 3), 0);

    rl.rlim_cur = 1024;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("fdmsg");
    Suite  *s = suite_create("fdmsg");

    tcase_add_test(tc, plain);
    tcase_add_test(tc, descriptors);
    tcase_add_test(tc, exhausted);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
