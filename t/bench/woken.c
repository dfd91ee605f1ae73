
/*
 * woken PORT PATH PROTOCOL CONNECTIONS FIFO ANSWER
 *
 * Many who wait, and what they wait for comes at one moment.  Opens WebSockets
 * (PROTOCOL "-": without one), sends the lines of its standard input, which end
 * with an empty one, over one connection after the other, and prints "ready".
 * With the end of its input it opens FIFO to write and closes it, which wakes
 * all who read it, and reads until ANSWER has come as often as there were
 * lines.  Prints the ms from then to the first and to the last of them, the
 * bytes of each, and the us of its own CPU that each took.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"
#include "ngx_cc_ws_frame.h"


#define WOKEN_LINE     4096
#define WOKEN_BUFFER   (1024 * 1024)
#define WOKEN_MOST     4096              /* connections */
#define WOKEN_PATIENCE 30000             /* ms */


static int woken_open(int port, const char *path, const char *protocol);
static size_t woken_head(int fd, char *buf);
static void woken_send(int fd, char *line);
static unsigned woken_read(int i);
static double woken_cpu(void);


static int       woken_fd[WOKEN_MOST];
static unsigned  woken_len[WOKEN_MOST];  /* bytes kept in woken_rest */
static char      woken_rest[WOKEN_MOST][64];
static char      woken_buf[WOKEN_BUFFER + 64];
static char     *woken_answer;
static uint64_t  woken_bytes;


int
main(int argc, char **argv)
{
    int                 i, n, fd, epoll, conns;
    char                line[WOKEN_LINE];
    double              cpu;
    uint64_t            begun, first;
    unsigned            asked, answered;
    struct epoll_event  ee, events[64];

    if (argc != 7 || strlen(argv[6]) >= 64) {
        fprintf(stderr, "usage: %s port path protocol connections fifo "
                "answer\n", argv[0]);
        return 2;
    }

    conns = atoi(argv[4]);
    woken_answer = argv[6];
    epoll = epoll_create1(EPOLL_CLOEXEC);

    if (conns < 1 || conns > WOKEN_MOST || epoll == -1) {
        bench_die("connections");
    }

    for (i = 0; i < conns; i++) {
        woken_fd[i] = woken_open(atoi(argv[1]), argv[2], argv[3]);
        ee.events = EPOLLIN;
        ee.data.u32 = i;
        epoll_ctl(epoll, EPOLL_CTL_ADD, woken_fd[i], &ee);
    }

    for (asked = 0; fgets(line, sizeof(line), stdin) && line[0] != '\n';
         asked++)
    {
        woken_send(woken_fd[asked % conns], line);
    }

    puts("ready");
    fflush(stdout);

    while (fgets(line, sizeof(line), stdin)) { /* void */ }

    fd = open(argv[5], O_WRONLY|O_CLOEXEC);

    if (fd == -1) {
        bench_die(argv[5]);
    }

    cpu = woken_cpu();
    begun = bench_now();
    first = 0;
    close(fd);

    for (answered = 0; answered < asked; /* void */ ) {
        n = epoll_wait(epoll, events, 64, WOKEN_PATIENCE);

        if (n < 1) {
            fprintf(stderr, "%u of %u were answered\n", answered, asked);
            return 1;
        }

        if (first == 0) {
            first = bench_now();
        }

        for (i = 0; i < n; i++) {
            answered += woken_read(events[i].data.u32);
        }
    }

    printf("ms=%.2f first=%.2f bytes=%.1f cpu=%.2f\n",
           (bench_now() - begun) / 1e6, (first - begun) / 1e6,
           (double) woken_bytes / asked, (woken_cpu() - cpu) / asked);

    return 0;
}


static int
woken_open(int port, const char *path, const char *protocol)
{
    int   fd;
    char  buf[WOKEN_LINE];

    fd = bench_connect(port);

    snprintf(buf, sizeof(buf),
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
             "Upgrade: websocket\r\nConnection: Upgrade\r\n%s%s%s"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
             path, port,
             protocol[0] == '-' ? "" : "Sec-WebSocket-Protocol: ",
             protocol[0] == '-' ? "" : protocol,
             protocol[0] == '-' ? "" : "\r\n");

    if (bench_write(fd, buf, strlen(buf)) == -1
        || woken_head(fd, buf) == 0
        || strncmp(buf, "HTTP/1.1 101", 12) != 0)
    {
        bench_die("the handshake was refused");
    }

    return fd;
}


/* a response's head, byte by byte: what follows is read later */

static size_t
woken_head(int fd, char *buf)
{
    size_t  n;

    for (n = 0; n < WOKEN_LINE - 1; n++) {

        if (n >= 4 && memcmp(buf + n - 4, "\r\n\r\n", 4) == 0) {
            return n;
        }

        if (read(fd, buf + n, 1) != 1) {
            break;
        }
    }

    return 0;
}


/* one masked frame */

static void
woken_send(int fd, char *line)
{
    size_t   n;
    uint8_t  frame[WOKEN_LINE + 16], *p;

    static const uint8_t  mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

    n = strcspn(line, "\n");
    p = ngx_cc_ws_header(frame, NGX_CC_WS_TEXT, n);
    frame[1] |= 0x80;
    memcpy(p, mask, 4);
    p += 4;
    memcpy(p, line, n);
    (void) ngx_cc_ws_unmask(p, n, mask, 0);

    if (bench_write(fd, frame, p + n - frame) == -1) {
        bench_die("send");
    }
}


/* how many answers came; the beginning of one more is kept */

static unsigned
woken_read(int i)
{
    char      *p, *next;
    size_t     len, keep;
    ssize_t    n;
    unsigned   found;

    memcpy(woken_buf, woken_rest[i], woken_len[i]);
    n = read(woken_fd[i], woken_buf + woken_len[i], WOKEN_BUFFER);

    if (n <= 0) {
        errno = n ? errno : ECONNRESET;
        bench_die("a connection has ended");
    }

    woken_bytes += n;
    len = woken_len[i] + n;
    found = 0;

    for (p = woken_buf;
         (next = memmem(p, woken_buf + len - p, woken_answer,
                        strlen(woken_answer)))
         != NULL;
         p = next + strlen(woken_answer))
    {
        found++;
    }

    keep = woken_buf + len - p;

    if (keep >= strlen(woken_answer)) {
        keep = strlen(woken_answer) - 1;
    }

    memcpy(woken_rest[i], woken_buf + len - keep, keep);
    woken_len[i] = keep;

    return found;
}


/* us */

static double
woken_cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}
