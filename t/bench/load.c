
/*
 * load MODE PORT [-c connections] [-k flight] [-t seconds] [-p path]
 *      [-s text] [-d text] [-r] [-f]
 *
 *   call      each connection keeps k requests "s" in flight; an answer is a
 *             message that contains "d".  Prints count, rate, and the time
 *             from request to answer (exact for k = 1).
 *   session   connect, upgrade, wait for a message that contains "d" (without
 *             -d: none), close handshake, again.  With -e: wait until the
 *             server closes instead.
 *   output    each connection sends "s" once and reads to the end of the
 *             command, in text or binary messages: process.completed (its
 *             stdout_bytes must be what came), or, with -b, the end of the
 *             connection.  Counts bytes of payload.  -n: one for each message
 *             more, a newline that was cut off.  -x: the payload must be the
 *             alphabet, again and again.
 *   idle      opens the connections, sends "s" if it is given, prints "ready"
 *             and does not read any more; ends with its standard input.
 *
 *   -r  no WebSocket: bytes over TCP, an answer has the length of a request
 *   -a  an answer ends with "d": its frames are not looked at
 *   -m  the WebSocket's subprotocol is mcp
 *   -h  no WebSocket: each request is a POST on the same connection; like -a
 *   -H  a header of it
 *   -f  real-time priority, so that others do not make our own reading late
 *
 * One thread, one epoll; requests are made before the clock starts.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "bench.h"
#include "ngx_cc_packet.h"
#include "ngx_cc_ws_frame.h"


#define LOAD_BUFFER   (1024 * 1024)
#define LOAD_FLIGHT   256
#define LOAD_EVENTS   64


typedef struct {
    int        fd;
    unsigned   open:1;           /* the handshake is over */
    unsigned   closing:1;        /* our close frame is sent */
    unsigned   done:1;
    uint8_t   *buf;              /* LOAD_BUFFER; NULL in mode idle */
    size_t     len;
    uint64_t   sent[LOAD_FLIGHT];
    unsigned   first;            /* in "sent": the oldest */
    uint64_t   bytes;            /* of payload */
} load_conn_t;


static void load_options(int argc, char **argv);
static void load_prepare(void);
static void load_connect(load_conn_t *c);
static void load_handshake(load_conn_t *c);
static void load_idle(void);
static void load_call(void);
static void load_begin(load_conn_t *c, uint64_t now);
static void load_loop(void (*take)(load_conn_t *c));
static int load_receive(load_conn_t *c);
static int load_frame(load_conn_t *c, size_t *at, uint8_t *opcode,
    uint8_t **p, size_t *n);
static void load_take_call(load_conn_t *c);
static void load_take_session(load_conn_t *c);
static void load_take_output(load_conn_t *c);
static int load_output(load_conn_t *c, uint8_t *p, size_t n);
static void load_packet(load_conn_t *c, const uint8_t *p, size_t n);
static void load_fail(const char *what);


static const char    *load_mode, *load_path = "/ws/mcp", *load_text,
                     *load_header, *load_done;
static int            load_port, load_n = 1, load_flight = 1, load_raw,
                      load_any, load_mcp, load_post, load_fifo, load_plain,
                      load_newline, load_exact, load_wait, load_left,
                      load_epoll;
static double         load_seconds = 0.5;
static uint64_t       load_start, load_end, load_count;
static load_conn_t   *load_conns;
static uint8_t       *load_request, *load_batch;
static size_t         load_size;
static char           load_head[512], load_alphabet[65536 + 26];
static const uint8_t  load_mask[4] = { 0x37, 0xfa, 0x21, 0x3d };


int
main(int argc, char **argv)
{
    uint64_t            bytes;
    double              seconds;
    int                 i;
    struct sched_param  sp;

    load_options(argc, argv);
    load_prepare();

    if (load_fifo) {
        sp.sched_priority = 20;

        if (sched_setscheduler(0, SCHED_FIFO, &sp) == -1) {
            fprintf(stderr, "no real-time priority, times are those of "
                    "everybody\n");
        }
    }

    if (strcmp(load_mode, "idle") == 0) {
        load_idle();
        return 0;
    }

    load_left = load_n;

    if (strcmp(load_mode, "call") == 0) {
        load_call();
        load_loop(load_take_call);

    } else if (strcmp(load_mode, "output") == 0) {
        load_call();
        load_loop(load_take_output);

    } else {
        load_start = bench_now();
        load_end = load_start + load_seconds * 1e9;

        for (i = 0; i < load_n; i++) {
            load_connect(&load_conns[i]);
        }

        load_loop(load_take_session);
    }

    seconds = (bench_now() - load_start) / 1e9;
    bytes = 0;

    for (i = 0; i < load_n; i++) {
        bytes += load_conns[i].bytes;
    }

    printf("count=%llu seconds=%.4f rate=%.1f bytes=%llu mbs=%.2f ",
           (unsigned long long) load_count, seconds, load_count / seconds,
           (unsigned long long) bytes, bytes / 1e6 / seconds);
    bench_times_print();
    printf("\n");

    return 0;
}


static void
load_options(int argc, char **argv)
{
    int  ch;

    if (argc < 3) {
        fprintf(stderr, "usage: %s call|session|output|idle port [option "
                "...]\n", argv[0]);
        exit(2);
    }

    load_mode = argv[1];
    load_port = atoi(argv[2]);
    optind = 3;

    while ((ch = getopt(argc, argv, "c:k:t:p:s:d:H:ramhfbnxe")) != -1) {
        switch (ch) {
        case 'c': load_n = atoi(optarg); break;
        case 'k': load_flight = atoi(optarg); break;
        case 't': load_seconds = atof(optarg); break;
        case 'p': load_path = optarg; break;
        case 's': load_text = optarg; break;
        case 'd': load_done = optarg; break;
        case 'H': load_header = optarg; break;
        case 'r': load_raw = 1; break;
        case 'a': load_any = 1; break;
        case 'm': load_mcp = 1; break;
        case 'h': load_raw = load_any = load_post = 1; break;
        case 'f': load_fifo = 1; break;
        case 'b': load_plain = 1; break;
        case 'n': load_newline = 1; break;
        case 'x': load_exact = 1; break;
        case 'e': load_wait = 1; break;
        default: exit(2);
        }
    }

    if (load_n < 1 || load_flight < 1 || load_flight > LOAD_FLIGHT) {
        fprintf(stderr, "%s: -c or -k\n", argv[0]);
        exit(2);
    }

    if (load_any && load_done == NULL) {
        fprintf(stderr, "%s: -a and -h need -d\n", argv[0]);
        exit(2);
    }
}


static void
load_prepare(void)
{
    int             i;
    size_t          n;
    char           *post;
    uint8_t        *p;
    struct rlimit   rl;

    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);

    load_conns = calloc(load_n, sizeof(load_conn_t));
    load_epoll = epoll_create1(EPOLL_CLOEXEC);

    if (load_conns == NULL || load_epoll == -1) {
        bench_die("epoll_create1");
    }

    for (i = 0; i < (int) sizeof(load_alphabet); i++) {
        load_alphabet[i] = 'a' + i % 26;
    }

    snprintf(load_head, sizeof(load_head),
             "GET %s HTTP/1.1\r\n"
             "Host: 127.0.0.1:%d\r\n"
             "Upgrade: websocket\r\n"
             "%s"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
             load_path, load_port,
             load_mcp ? "Sec-WebSocket-Protocol: mcp\r\n" : "");

    if (load_text == NULL) {
        return;
    }

    if (load_post
        && asprintf(&post, "POST %s HTTP/1.1\r\n"
                           "Host: 127.0.0.1:%d\r\n"
                           "Content-Type: application/json\r\n"
                           "Accept: application/json, text/event-stream\r\n"
                           "%s%sContent-Length: %zu\r\n\r\n%s",
                    load_path, load_port, load_header ? load_header : "",
                    load_header ? "\r\n" : "", strlen(load_text), load_text)
           != -1)
    {
        load_text = post;
    }

    /* one masked frame, and as many as fit the flight behind each other */

    n = strlen(load_text);
    load_request = malloc(n + 16);

    if (load_request == NULL || n > 65535) {
        bench_die("request");
    }

    p = load_request;

    if (!load_raw) {
        p = ngx_cc_ws_header(p, NGX_CC_WS_TEXT, n);
        load_request[1] |= 0x80;
        memcpy(p, load_mask, 4);
        p += 4;
    }

    memcpy(p, load_text, n);

    if (!load_raw) {
        (void) ngx_cc_ws_unmask(p, n, load_mask, 0);
    }

    load_size = p + n - load_request;
    load_batch = malloc(load_size * load_flight);

    if (load_batch == NULL) {
        bench_die("malloc");
    }

    for (i = 0; i < load_flight; i++) {
        memcpy(load_batch + i * load_size, load_request, load_size);
    }
}


/* loopback: it is connected at once, and a request of this size fits */

static void
load_connect(load_conn_t *c)
{
    struct epoll_event  ee;

    c->fd = bench_connect(load_port);
    c->len = 0;
    c->open = load_raw;
    c->closing = 0;

    if (c->buf == NULL && strcmp(load_mode, "idle") != 0) {
        c->buf = malloc(LOAD_BUFFER);

        if (c->buf == NULL) {
            bench_die("malloc");
        }
    }

    c->sent[0] = bench_now();

    if (!load_raw
        && bench_write(c->fd, load_head, strlen(load_head)) == -1)
    {
        bench_die("write");
    }

    if (strcmp(load_mode, "idle") == 0) {
        return;
    }

    ee.events = EPOLLIN;
    ee.data.ptr = c;

    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1
        || epoll_ctl(load_epoll, EPOLL_CTL_ADD, c->fd, &ee) == -1)
    {
        bench_die("epoll_ctl");
    }
}


/* the head of the answer, of which nothing but the status is looked at */

static void
load_handshake(load_conn_t *c)
{
    uint8_t  *end;

    end = memmem(c->buf, c->len, "\r\n\r\n", 4);

    if (end == NULL) {
        return;
    }

    if (c->len < 12 || memcmp(c->buf, "HTTP/1.1 101", 12) != 0) {
        c->buf[c->len < 200 ? c->len : 200] = '\0';
        load_fail((char *) c->buf);
    }

    end += 4;
    c->len -= end - c->buf;
    memmove(c->buf, end, c->len);
    c->open = 1;
}


static void
load_idle(void)
{
    int          i;
    char         buf[4096];
    size_t       n;
    ssize_t      rc;
    const char  *mark;

    mark = load_done ? load_done : "\r\n\r\n";

    for (i = 0; i < load_n; i++) {
        load_connect(&load_conns[i]);
        n = 0;

        do {
            rc = read(load_conns[i].fd, buf + n, sizeof(buf) - 1 - n);

            if (rc <= 0) {
                bench_die("read");
            }

            n += rc;

        } while (!memmem(buf, n, mark, strlen(mark)));

        if (n < 12 || memcmp(buf, "HTTP/1.1 101", 12) != 0) {
            load_fail("the handshake was refused");
        }

        if (load_text
            && bench_write(load_conns[i].fd, load_request, load_size) == -1)
        {
            bench_die("write");
        }
    }

    printf("ready\n");
    fflush(stdout);

    while (read(0, buf, sizeof(buf)) > 0) { /* void */ }
}


/* opens all connections, then lets them begin together */

static void
load_call(void)
{
    int                 i, n, waiting;
    load_conn_t        *c;
    struct epoll_event  events[LOAD_EVENTS];

    waiting = load_raw ? 0 : load_n;

    for (i = 0; i < load_n; i++) {
        load_connect(&load_conns[i]);
    }

    while (waiting) {
        n = epoll_wait(load_epoll, events, LOAD_EVENTS, -1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c->open) {
                (void) load_receive(c);
                continue;
            }

            if (load_receive(c) == -1) {
                load_fail("closed during the handshake");
            }

            load_handshake(c);
            waiting -= c->open;
        }
    }

    load_start = bench_now();
    load_end = load_start + load_seconds * 1e9;

    for (i = 0; i < load_n; i++) {
        load_begin(&load_conns[i], bench_now());
    }
}


static void
load_begin(load_conn_t *c, uint64_t now)
{
    int  i;

    for (i = 0; i < load_flight; i++) {
        c->sent[i] = now;
    }

    if (load_text
        && bench_write(c->fd, load_batch, load_size * load_flight) == -1)
    {
        bench_die("write");
    }
}


static void
load_loop(void (*take)(load_conn_t *c))
{
    int                 i, n;
    load_conn_t        *c;
    struct epoll_event  events[LOAD_EVENTS];

    /* what came together with the end of the handshake */

    for (i = 0; i < load_n; i++) {
        if (load_conns[i].open && load_conns[i].len) {
            take(&load_conns[i]);
        }
    }

    while (load_left) {
        n = epoll_wait(load_epoll, events, LOAD_EVENTS, 20000);

        if (n == 0) {
            load_fail("nothing came for 20 s");
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c->done) {
                continue;
            }

            if (load_receive(c) == -1) {
                close(c->fd);
                c->fd = -1;
            }

            take(c);
        }
    }
}


/* 0, or -1 at the end of the connection */

static int
load_receive(load_conn_t *c)
{
    ssize_t  n;

    if (c->len == LOAD_BUFFER) {
        load_fail("a message is too long");
    }

    n = read(c->fd, c->buf + c->len, LOAD_BUFFER - c->len);

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    if (n <= 0) {
        return -1;
    }

    c->len += n;

    return 0;
}


/* the frame at *at, which moves behind it; 0 when there is none yet */

static int
load_frame(load_conn_t *c, size_t *at, uint8_t *opcode, uint8_t **p,
    size_t *n)
{
    int       i;
    size_t    have, head;
    uint8_t  *b;

    b = c->buf + *at;
    have = c->len - *at;

    if (have < 2) {
        return 0;
    }

    *n = b[1] & 0x7f;
    head = 2;

    if (*n >= 126) {
        head = (*n == 126) ? 4 : 10;

        if (have < head) {
            return 0;
        }

        for (*n = 0, i = 2; i < (int) head; i++) {
            *n = *n << 8 | b[i];
        }
    }

    if (have < head + *n) {
        return 0;
    }

    *opcode = b[0] & 0x0f;
    *p = b + head;
    *at += head + *n;

    return 1;
}


static void
load_take_call(load_conn_t *c)
{
    int        answers;
    size_t     at, n;
    uint8_t    opcode, *p;
    uint64_t   now;

    if (c->fd == -1) {
        load_fail("the server has closed");
    }

    at = 0;
    answers = 0;
    now = bench_now();

    if (load_any) {
        n = strlen(load_done);

        while ((p = memmem(c->buf + at, c->len - at, load_done, n)) != NULL) {
            answers++;
            at = p + n - c->buf;
        }

        if (c->len - at >= n) {
            /* it is not the beginning of the next end */
            at = c->len - n + 1;
        }

    } else if (load_raw) {
        answers = c->len / load_size;
        at = answers * load_size;

    } else {
        while (load_frame(c, &at, &opcode, &p, &n)) {

            if (opcode == NGX_CC_WS_CLOSE) {
                load_fail("close frame");
            }

            if (load_done == NULL
                || memmem(p, n, load_done, strlen(load_done)))
            {
                answers++;
            }
        }
    }

    c->len -= at;
    memmove(c->buf, c->buf + at, c->len);

    if (answers == 0) {
        return;
    }

    for (n = 0; n < (size_t) answers; n++) {
        bench_time(now - c->sent[c->first]);
        c->sent[c->first] = now;
        c->first = (c->first + 1) % load_flight;
    }

    load_count += answers;

    if (now >= load_end) {
        c->done = 1;
        load_left--;
        return;
    }

    if (bench_write(c->fd, load_batch, load_size * answers) == -1) {
        bench_die("write");
    }
}


static void
load_take_session(load_conn_t *c)
{
    size_t     at, n;
    uint8_t    opcode, *p, frame[NGX_CC_WS_MAX_HEADER + 4];
    uint64_t   now;

    if (c->fd != -1 && !c->open) {
        load_handshake(c);

        if (c->open && load_done == NULL && !load_wait) {
            goto say_goodbye;
        }
    }

    at = 0;

    while (c->fd != -1 && c->open && load_frame(c, &at, &opcode, &p, &n)) {

        if (!load_wait && !c->closing && load_done
            && memmem(p, n, load_done, strlen(load_done)))
        {
            goto say_goodbye;
        }
    }

    if (c->fd == -1) {

        if (!c->open) {
            load_fail("closed during the handshake");
        }

        now = bench_now();
        bench_time(now - c->sent[0]);
        load_count++;

        if (now < load_end) {
            load_connect(c);

        } else {
            c->done = 1;
            load_left--;
        }

        return;
    }

    c->len -= at;
    memmove(c->buf, c->buf + at, c->len);

    return;

say_goodbye:

    p = ngx_cc_ws_close(frame, 1000, NULL);
    memmove(frame + 6, frame + 2, p - frame - 2);
    memcpy(frame + 2, load_mask, 4);
    frame[1] |= 0x80;
    (void) ngx_cc_ws_unmask(frame + 6, p - frame - 2, load_mask, 0);

    c->closing = 1;
    c->len = 0;
    (void) bench_write(c->fd, frame, p - frame + 4);
}


static void
load_take_output(load_conn_t *c)
{
    int        end;
    size_t     at, n;
    uint8_t    opcode, *p;

    at = 0;
    end = 0;

    if (load_raw) {
        c->bytes += c->len;
        at = c->len;

    } else {
        while (!end && load_frame(c, &at, &opcode, &p, &n)) {

            if (opcode == NGX_CC_WS_CLOSE) {
                end = load_plain;

                if (!end) {
                    load_fail("close frame");
                }

            } else if (load_plain) {
                c->bytes += n + load_newline;
                load_count++;

            } else if (opcode == NGX_CC_WS_BINARY) {
                load_packet(c, p, n);

            } else {
                end = load_output(c, p, n);
            }
        }
    }

    c->len -= at;
    memmove(c->buf, c->buf + at, c->len);

    if (c->fd == -1 && !end) {
        if (!load_plain && !load_raw) {
            load_fail("the server has closed");
        }

        end = 1;
    }

    if (end) {
        c->done = 1;
        load_left--;
    }
}


/*
 * One message.  The streams of the benchmark are letters and newlines, so a
 * backslash stands for one byte that became two.  1 at the end of the command.
 */

static int
load_output(load_conn_t *c, uint8_t *p, size_t n)
{
    uint8_t              *q, *last, *end;
    static const char     output[] = "{\"jsonrpc\":\"2.0\",\"method\":"
                                     "\"process.output\",\"params\":{\"type\":"
                                     "\"stdout\",\"data\":\"";
    static const char     completed[] = "{\"jsonrpc\":\"2.0\",\"method\":"
                                        "\"process.completed\"";

    last = p + n;

    if (n > sizeof(output) && memcmp(p, output, sizeof(output) - 1) == 0) {
        p += sizeof(output) - 1;
        end = memchr(p, '"', last - p);

        if (end == NULL) {
            load_fail("a message without an end");
        }

        if (load_exact
            && ((size_t) (end - p) > 65536
                || memcmp(p, load_alphabet + c->bytes % 26, end - p) != 0))
        {
            load_fail("output is not what was written");
        }

        c->bytes += end - p;
        load_count++;

        for (q = p; (q = memchr(q, '\\', end - q)) != NULL; q += 2) {
            c->bytes--;
        }

        return 0;
    }

    if (n < sizeof(completed)
        || memcmp(p, completed, sizeof(completed) - 1) != 0)
    {
        return 0;
    }

    q = memmem(p, n, "\"stdout_bytes\":", 15);

    if (q == NULL || strtoull((char *) q + 15, NULL, 10) != c->bytes) {
        load_fail("bytes were lost");
    }

    return 1;
}


/* a binary message: its bytes follow those before */

static void
load_packet(load_conn_t *c, const uint8_t *p, size_t n)
{
    ngx_cc_packet_t  packet;

    if (ngx_cc_packet_read(&packet, p, n) != NULL
        || packet.stream != NGX_CC_PACKET_STDOUT || packet.offset != c->bytes)
    {
        load_fail("a binary message that cannot be");
    }

    c->bytes += n - NGX_CC_PACKET_HEADER;
    load_count++;
}


static void
load_fail(const char *what)
{
    fprintf(stderr, "load %s: %s\n", load_mode, what);
    exit(1);
}
