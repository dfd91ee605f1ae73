
/*
 * peer MODE PORT ...: servers to compare with, each as good as it can be made.
 *
 *   echo PORT                  what comes over TCP goes back
 *   relay PORT PROGRAM [ARG …] for each connection a program; what it writes,
 *                              escaped as JSON, goes to the client; no frames,
 *                              no limits, no life of a command
 *   terminal PORT PROGRAM [ARG …]  the same with a terminal, and nothing is
 *                              escaped: what is read from it goes to the client
 *   canned PORT TEXT           a WebSocket on which each frame of a client is
 *                              answered by TEXT: the ceiling of "load call"
 *   blast PORT BYTES           a WebSocket on which the first frame is answered
 *                              by so many bytes of output in messages of
 *                              64 KiB: the ceiling of "load output"
 *   accept PORT TEXT           as canned, for "load session": says TEXT first,
 *                              and answers a close frame
 *   hold PORT TEXT FIFO        as canned, but nothing is answered before FIFO
 *                              was opened and closed by a writer: then all is,
 *                              each by a send of its own, as by one process
 *                              that knows nothing else.  For "woken"
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_ws_frame.h"


#define PEER_READ     65536
#define PEER_EVENTS   64
#define PEER_FDS      65536


typedef struct {
    int       upgraded;
    int       waits;             /* frames that are not answered yet */
    int       client;            /* of a pipe: where it goes */
    pid_t     pid;
} peer_fd_t;


static void peer_accept(void);
static void peer_terminal(int pipe[2]);
static void peer_serve(int fd);
static void peer_echo(int fd, size_t n);
static void peer_relay(int fd, size_t n);
static void peer_canned(int fd, size_t n);
static void peer_blast(int fd);
static void peer_fifo(void);
static void peer_wake(void);
static void peer_close(int fd);


static const char  peer_switch[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: upgrade\r\n"
    "Sec-WebSocket-Accept: 0123456789012345678901234567\r\n\r\n";


extern char  **environ;

static int        peer_epoll, peer_socket, peer_go = -1;
static char       peer_mode;
static char     **peer_argv;
static uint8_t    peer_in[PEER_READ];
static uint8_t    peer_out[8 * PEER_READ];
static peer_fd_t  peer_fds[PEER_FDS];


int
main(int argc, char **argv)
{
    int                 i, n;
    struct epoll_event  ee, events[PEER_EVENTS];

    if (argc < 3 || (argc < 4 && argv[1][0] != 'e')) {
        fprintf(stderr, "usage: %s echo|relay|terminal|canned|accept|blast|"
                "hold port [argument ...]\n", argv[0]);
        return 2;
    }

    peer_mode = argv[1][0];
    peer_argv = argv + 3;
    signal(SIGPIPE, SIG_IGN);

    peer_socket = bench_listen(atoi(argv[2]));
    peer_epoll = epoll_create1(EPOLL_CLOEXEC);

    ee.events = EPOLLIN;
    ee.data.fd = peer_socket;
    epoll_ctl(peer_epoll, EPOLL_CTL_ADD, peer_socket, &ee);

    if (peer_mode == 'h') {
        peer_fifo();
    }

    for ( ;; ) {
        n = epoll_wait(peer_epoll, events, PEER_EVENTS, -1);

        for (i = 0; i < n; i++) {
            if (events[i].data.fd == peer_socket) {
                peer_accept();

            } else if (events[i].data.fd == peer_go) {
                peer_wake();

            } else {
                peer_serve(events[i].data.fd);
            }
        }
    }
}


static void
peer_accept(void)
{
    int                          on, fd, pipe[2];
    posix_spawn_file_actions_t   actions;
    struct epoll_event           ee;

    on = 1;
    fd = accept4(peer_socket, NULL, NULL, SOCK_CLOEXEC);

    if (fd == -1 || fd >= PEER_FDS) {
        bench_die("accept");
    }

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    memset(&peer_fds[fd], 0, sizeof(peer_fd_t));

    ee.events = EPOLLIN;
    ee.data.fd = fd;

    if (peer_mode == 'r' || peer_mode == 't') {

        if (peer_mode == 't') {
            peer_terminal(pipe);

        } else if (pipe2(pipe, O_CLOEXEC) == -1) {
            bench_die("pipe");
        }

        memset(&peer_fds[pipe[0]], 0, sizeof(peer_fd_t));
        peer_fds[pipe[0]].client = fd;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);

        errno = posix_spawn(&peer_fds[pipe[0]].pid, peer_argv[0], &actions,
                            NULL, peer_argv, environ);
        if (errno) {
            bench_die(peer_argv[0]);
        }

        posix_spawn_file_actions_destroy(&actions);
        close(pipe[1]);
        ee.data.fd = pipe[0];
    }

    epoll_ctl(peer_epoll, EPOLL_CTL_ADD, ee.data.fd, &ee);
}


/* master and slave, in the place of a pipe's ends */

static void
peer_terminal(int pipe[2])
{
    int  unlock = 0;

    pipe[0] = open("/dev/ptmx", O_RDWR|O_NOCTTY|O_CLOEXEC);

    if (pipe[0] == -1 || ioctl(pipe[0], TIOCSPTLCK, &unlock) == -1) {
        bench_die("/dev/ptmx");
    }

    pipe[1] = ioctl(pipe[0], _IO('T', 0x41), O_RDWR|O_NOCTTY|O_CLOEXEC);

    if (pipe[1] == -1) {
        bench_die("TIOCGPTPEER");
    }
}


static void
peer_serve(int fd)
{
    size_t   len;
    ssize_t  n;
    uint8_t *p;

    n = read(fd, peer_in, PEER_READ);

    if (n <= 0) {
        peer_close(fd);
        return;
    }

    if (peer_mode == 'e') {
        peer_echo(fd, n);
        return;
    }

    if (peer_mode == 'r') {
        peer_relay(fd, n);
        return;
    }

    if (peer_mode == 't') {
        bench_write(peer_fds[fd].client, peer_in, n);
        return;
    }

    if (!peer_fds[fd].upgraded) {
        /* the handshake comes in one piece from "load" */

        peer_fds[fd].upgraded = 1;
        memcpy(peer_out, peer_switch, sizeof(peer_switch) - 1);
        p = peer_out + sizeof(peer_switch) - 1;

        if (peer_mode == 'a') {
            len = strlen(peer_argv[0]);
            p = ngx_cc_ws_header(p, NGX_CC_WS_TEXT, len);
            memcpy(p, peer_argv[0], len);
            p += len;
        }

        bench_write(fd, peer_out, p - peer_out);
        return;
    }

    if (peer_mode == 'b') {
        peer_blast(fd);

    } else {
        peer_canned(fd, n);
    }
}


static void
peer_echo(int fd, size_t n)
{
    bench_write(fd, peer_in, n);
}


static void
peer_relay(int fd, size_t n)
{
    int       lossy;
    uint8_t  *p;

    lossy = 0;
    p = peer_out;
    ngx_cc_json_escape(&p, peer_out + sizeof(peer_out), peer_in, n, 1,
                       &lossy);

    bench_write(peer_fds[fd].client, peer_out, p - peer_out);
}


/* frames come whole from "load": it sends few bytes at a time */

static void
peer_canned(int fd, size_t n)
{
    size_t    len, text;
    uint8_t  *p, *in, *last;

    text = strlen(peer_argv[0]);
    p = peer_out;

    for (in = peer_in, last = in + n; in + 6 <= last; in += len) {

        if ((in[0] & 0x0f) == NGX_CC_WS_CLOSE) {
            p = ngx_cc_ws_close(p, 1000, NULL);
            bench_write(fd, peer_out, p - peer_out);
            peer_close(fd);
            return;
        }

        len = in[1] & 0x7f;
        len = 6 + (len == 126 ? 2 + (size_t) (in[2] << 8 | in[3]) : len);

        if (peer_mode == 'h') {
            peer_fds[fd].waits++;
            continue;
        }

        p = ngx_cc_ws_header(p, NGX_CC_WS_TEXT, text);
        memcpy(p, peer_argv[0], text);
        p += text;
    }

    bench_write(fd, peer_out, p - peer_out);
}


/* no writer has come yet: when one has, and is gone, it hangs up */

static void
peer_fifo(void)
{
    struct epoll_event  ee;

    if (peer_go != -1) {
        close(peer_go);
    }

    peer_go = open(peer_argv[1], O_RDONLY|O_NONBLOCK|O_CLOEXEC);
    ee.events = EPOLLIN;
    ee.data.fd = peer_go;

    if (peer_go == -1
        || epoll_ctl(peer_epoll, EPOLL_CTL_ADD, peer_go, &ee) == -1)
    {
        bench_die(peer_argv[1]);
    }
}


static void
peer_wake(void)
{
    int       fd;
    size_t    text;
    uint8_t  *p;

    text = strlen(peer_argv[0]);
    p = ngx_cc_ws_header(peer_out, NGX_CC_WS_TEXT, text);
    memcpy(p, peer_argv[0], text);
    p += text;

    for (fd = 0; fd < PEER_FDS; fd++) {
        for ( /* void */ ; peer_fds[fd].waits; peer_fds[fd].waits--) {
            bench_write(fd, peer_out, p - peer_out);
        }
    }

    peer_fifo();
}


static void
peer_blast(int fd)
{
    size_t    i, n, len, left, sent;
    uint8_t  *p, *message;
    char      text[128];

    if (fork() != 0) {
        peer_close(fd);
        return;
    }

    message = peer_out + 64;
    len = sprintf((char *) message, "{\"jsonrpc\":\"2.0\",\"method\":"
                  "\"process.output\",\"params\":{\"type\":\"stdout\","
                  "\"data\":\"");

    for (i = 0; i < 65536 / 64; i++) {
        memset(message + len, 'a', 63);
        memcpy(message + len + 63, "\\n", 2);
        len += 65;
    }

    len += sprintf((char *) message + len, "\",\"truncated\":false}}");

    p = message - ngx_cc_ws_header_size(len);
    (void) ngx_cc_ws_header(p, NGX_CC_WS_TEXT, len);
    n = message + len - p;
    left = strtoull(peer_argv[0], NULL, 10);
    sent = 0;

    while (sent < left && bench_write(fd, p, n) == 0) {
        sent += 65536;
    }

    len = sprintf(text, "{\"jsonrpc\":\"2.0\",\"method\":\"process.completed\","
                  "\"params\":{\"stdout_bytes\":%zu}}", sent);
    p = ngx_cc_ws_header(peer_out, NGX_CC_WS_TEXT, len);
    memcpy(p, text, len);
    bench_write(fd, peer_out, p + len - peer_out);
    _exit(0);
}


static void
peer_close(int fd)
{
    if (peer_mode == 'r' || peer_mode == 't') {
        close(peer_fds[fd].client);
        (void) waitpid(peer_fds[fd].pid, NULL, 0);
    }

    close(fd);
    while (waitpid(-1, NULL, WNOHANG) > 0) { /* void */ }
}
