
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"


static int bench_socket(int port, struct sockaddr_in *sa);
static int bench_compare(const void *one, const void *two);


static uint64_t  bench_times[BENCH_TIMES];
static size_t    bench_ntimes;


uint64_t
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}


void
bench_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}


int
bench_listen(int port)
{
    int                 s, on;
    struct sockaddr_in  sa;

    on = 1;
    s = bench_socket(port, &sa);

    if (s == -1
        || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1
        || bind(s, (struct sockaddr *) &sa, sizeof(sa)) == -1
        || listen(s, 511) == -1)
    {
        bench_die("listen");
    }

    return s;
}


int
bench_connect(int port)
{
    int                 s, on;
    struct sockaddr_in  sa;

    on = 1;
    s = bench_socket(port, &sa);

    if (s == -1
        || connect(s, (struct sockaddr *) &sa, sizeof(sa)) == -1
        || setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
    {
        bench_die("connect");
    }

    return s;
}


/* -1 when there is none; "sa" is the port of loopback */

static int
bench_socket(int port, struct sockaddr_in *sa)
{
    memset(sa, 0, sizeof(*sa));
    sa->sin_family = AF_INET;
    sa->sin_port = htons(port);
    sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
}


int
bench_write(int fd, const void *p, size_t n)
{
    ssize_t  rc;

    while (n) {
        rc = write(fd, p, n);

        if (rc == -1 && errno == EINTR) {
            continue;
        }

        if (rc == -1) {
            return -1;
        }

        p = (const char *) p + rc;
        n -= rc;
    }

    return 0;
}


void
bench_time(uint64_t ns)
{
    if (bench_ntimes < BENCH_TIMES) {
        bench_times[bench_ntimes++] = ns;
    }
}


void
bench_times_print(void)
{
    size_t    n;
    uint64_t  *t;

    n = bench_ntimes;
    t = bench_times;

    if (n == 0) {
        return;
    }

    qsort(t, n, sizeof(t[0]), bench_compare);

    printf("p50=%.1f p90=%.1f p99=%.1f max=%.1f\n", t[n / 2] / 1e3,
           t[n * 9 / 10] / 1e3, t[n * 99 / 100] / 1e3, t[n - 1] / 1e3);
}


static int
bench_compare(const void *one, const void *two)
{
    const uint64_t  *a = one, *b = two;

    return *a < *b ? -1 : *a > *b;
}
