
/* what the kernel knows about the other side */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_tcp.h"


/* only differences count: more is taken when the other side reads */

START_TEST(unix_socket)
{
    int       s[2];
    char      buf[4096];
    uint64_t  taken, sent;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    memset(buf, 'x', sizeof(buf));

    for (sent = 0; send(s[0], buf, sizeof(buf), MSG_DONTWAIT) > 0;
         sent += sizeof(buf))
    {
        /* void */
    }

    taken = ngx_cc_tcp_taken(s[0], sent);
    ck_assert_uint_eq(ngx_cc_tcp_taken(s[0], sent), taken);

    ck_assert_int_eq(read(s[1], buf, sizeof(buf)), sizeof(buf));
    ck_assert_uint_gt(ngx_cc_tcp_taken(s[0], sent), taken);

    (void) close(s[0]);
    (void) close(s[1]);
}
END_TEST


START_TEST(counts)
{
    int                 i, s, a, b, small;
    char                buf[65536];
    ssize_t             n, sent;
    uint64_t            acked;
    socklen_t           len;
    struct sockaddr_in  sin;

    s = socket(AF_INET, SOCK_STREAM, 0);
    small = 4096;
    ck_assert_int_eq(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small,
                                sizeof(small)), 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);
    ck_assert_int_eq(bind(s, (struct sockaddr *) &sin, len), 0);
    ck_assert_int_eq(listen(s, 1), 0);
    ck_assert_int_eq(getsockname(s, (struct sockaddr *) &sin, &len), 0);
    a = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(a, (struct sockaddr *) &sin, len), 0);
    b = accept(s, NULL, NULL);

    /* all of it is taken */

    acked = ngx_cc_tcp_acked(a);
    ck_assert_int_eq(write(a, "hello", 5), 5);

    for (i = 0; i < 5000 && ngx_cc_tcp_queued(a); i++) {
        (void) usleep(1000);
    }

    ck_assert_uint_eq(ngx_cc_tcp_acked(a), acked + 5);
    ck_assert_uint_eq(ngx_cc_tcp_queued(a), 0);

    /* a reader that has stopped: something stays queued, and is told */

    memset(buf, 'x', sizeof(buf));
    sent = 5;

    while ((n = send(a, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
        sent += n;
    }

    ck_assert_uint_gt(ngx_cc_tcp_queued(a), 0);
    ck_assert_uint_lt(ngx_cc_tcp_acked(a), acked + sent);

    while (sent > 0) {
        n = read(b, buf, sizeof(buf));
        ck_assert_int_gt(n, 0);
        sent -= n;
    }

    for (i = 0; i < 5000 && ngx_cc_tcp_queued(a); i++) {
        (void) usleep(1000);
    }

    ck_assert_uint_eq(ngx_cc_tcp_queued(a), 0);

    (void) close(a);
    (void) close(b);
    (void) close(s);
}
END_TEST


START_TEST(others)
{
    int  p[2];

    ck_assert_int_eq(pipe(p), 0);
    ck_assert_uint_eq(ngx_cc_tcp_acked(p[0]), 0);
    ck_assert_uint_eq(ngx_cc_tcp_acked(-1), 0);
    ck_assert_uint_eq(ngx_cc_tcp_queued(-1), 0);
    (void) close(p[0]);
    (void) close(p[1]);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("tcp");
    Suite  *s = suite_create("tcp");

    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, counts);
    tcase_add_test(tc, unix_socket);
    tcase_add_test(tc, others);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
