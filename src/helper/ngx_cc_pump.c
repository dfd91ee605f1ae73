
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ngx_cc_pump.h"


#define NGX_CC_PUMP_RETRIES    8        /* of a read or write that fails */
#define NGX_CC_PUMP_SCRATCH   65536
#define NGX_CC_PUMP_PIPE      65536          /* what a pipe holds at birth */
#define NGX_CC_PUMP_PAGE      4096           /* what a terminal hands out */
#define NGX_CC_PUMP_PAGES     8
#define NGX_CC_PUMP_WIDE      (256 * 1024)   /* and when it was full */


static size_t ngx_cc_pump_place(ngx_cc_pump_t *pump, uint8_t **p);
static ssize_t ngx_cc_pump_take(const ngx_cc_pump_t *pump, int stream,
    uint8_t *p, size_t room);
static int ngx_cc_pump_spent(const ngx_cc_pump_t *pump, uint64_t *left);
static void ngx_cc_pump_begin(ngx_cc_pump_t *pump, size_t window);
static int ngx_cc_pump_type(ngx_cc_pump_t *pump, uint64_t now);
static int ngx_cc_pump_pipe(int *ours, int *theirs, int write);
static void ngx_cc_pump_close_one(int *fd);


int
ngx_cc_pump_init(ngx_cc_pump_t *pump)
{
    void  *p;

    p = mmap(NULL, NGX_CC_WIRE_MAX_INPUT + NGX_CC_PUMP_SCRATCH,
             PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return -1;
    }

    pump->input = p;
    pump->scratch = pump->input + NGX_CC_WIRE_MAX_INPUT;
    pump->in = -1;
    pump->out[NGX_CC_STDOUT] = -1;
    pump->out[NGX_CC_STDERR] = -1;
    pump->pty.master = -1;
    pump->pty.slave = -1;

    return 0;
}


int
ngx_cc_pump_open(ngx_cc_pump_t *pump, unsigned how, size_t window,
    int child[3])
{
    int  i, err;

    child[0] = child[1] = child[2] = -1;

    if (ngx_cc_pump_pipe(&pump->out[NGX_CC_STDOUT], &child[1], 0) == -1
        || (!(how & NGX_CC_PUMP_MERGE)
            && ngx_cc_pump_pipe(&pump->out[NGX_CC_STDERR], &child[2], 0) == -1)
        || ((how & NGX_CC_PUMP_IN)
            && ngx_cc_pump_pipe(&pump->in, &child[0], 1) == -1))
    {
        err = errno;

        for (i = 0; i < 3; i++) {
            ngx_cc_pump_close_one(&child[i]);
        }

        ngx_cc_pump_close(pump);
        errno = err;
        return -1;
    }

    ngx_cc_pump_begin(pump, window);

    return 0;
}


int
ngx_cc_pump_terminal(ngx_cc_pump_t *pump, unsigned cols, unsigned rows,
    int echo, size_t window)
{
    if (ngx_cc_pty_open(&pump->pty, cols, rows, echo) == -1) {
        return -1;
    }

    pump->out[NGX_CC_STDOUT] = pump->pty.master;

    ngx_cc_pump_begin(pump, window);

    return 0;
}


static void
ngx_cc_pump_begin(ngx_cc_pump_t *pump, size_t window)
{
    ngx_cc_ring_reset(&pump->ring, window);

    memset(pump->bytes, 0, sizeof(pump->bytes));
    pump->eof = pump->out[NGX_CC_STDERR] == -1 ? NGX_CC_EOF_STDERR : 0;
    pump->failures = 0;
    pump->wide = 0;
    pump->discard = 0;
    pump->max = 0;
    pump->over = 0;
    pump->input_busy = 0;
    pump->input_eof = 0;
    pump->accepted = 0;
    pump->input_long = 0;
}


int
ngx_cc_pump_read(ngx_cc_pump_t *pump, int stream)
{
    int        spent;
    size_t     room;
    ssize_t    n;
    uint8_t   *p;
    uint64_t   left;
    unsigned   bit;

    if (pump->out[stream] == -1) {
        return 0;
    }

    bit = (stream == NGX_CC_STDOUT) ? NGX_CC_EOF_STDOUT : NGX_CC_EOF_STDERR;
    spent = ngx_cc_pump_spent(pump, &left);

    if (pump->discard || spent) {
        p = pump->scratch;
        room = NGX_CC_PUMP_SCRATCH;

    } else {
        room = ngx_cc_pump_place(pump, &p);

        if (room == 0) {
            return -1;
        }

        room = room < left ? room : left;
    }

    n = ngx_cc_pump_take(pump, stream, p, room);

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    if (n == -1 && pump->failures++ < NGX_CC_PUMP_RETRIES) {
        /* nothing may be lost because the kernel is short of memory */
        return 1;
    }

    if (n <= 0) {
        ngx_cc_pump_end(pump, stream);
        return 0;
    }

    pump->failures = 0;

    if (n == NGX_CC_PUMP_PIPE && !(pump->wide & bit)) {
        pump->wide |= bit;
        (void) fcntl(pump->out[stream], F_SETPIPE_SZ, NGX_CC_PUMP_WIDE);
    }

    if (spent) {
        pump->over = 1;
        pump->discard = 1;
    }

    if (!pump->discard) {
        if (pump->history) {
            ngx_cc_history_commit(pump->history, stream, n);

        } else {
            ngx_cc_ring_commit(&pump->ring, stream, pump->bytes[stream], n);
        }
    }

    pump->bytes[stream] += n;

    return 1;
}


/*
 * As read(); a terminal hands out a page at a time, so of one that is busy some
 * are taken at once.
 */

static ssize_t
ngx_cc_pump_take(const ngx_cc_pump_t *pump, int stream, uint8_t *p,
    size_t room)
{
    size_t   sum;
    ssize_t  n;

    for (sum = 0; sum < room; sum += n) {

        do {
            n = read(pump->out[stream], p + sum, room - sum);
        } while (n == -1 && errno == EINTR);

        if (n <= 0) {
            return sum ? (ssize_t) sum : n;
        }

        if (pump->pty.master == -1 || n < NGX_CC_PUMP_PAGE / 2
            || sum >= NGX_CC_PUMP_PAGES * NGX_CC_PUMP_PAGE)
        {
            return sum + n;
        }
    }

    return sum;
}


void
ngx_cc_pump_end(ngx_cc_pump_t *pump, int stream)
{
    if (stream == NGX_CC_STDOUT && pump->pty.master != -1) {

        if (ngx_cc_pty_revive(&pump->pty)) {
            pump->failures = 0;
            return;
        }

        ngx_cc_pty_close(&pump->pty);
        pump->out[stream] = -1;
    }

    ngx_cc_pump_close_one(&pump->out[stream]);
    pump->eof |= (stream == NGX_CC_STDOUT) ? NGX_CC_EOF_STDOUT
                                           : NGX_CC_EOF_STDERR;
}


static size_t
ngx_cc_pump_place(ngx_cc_pump_t *pump, uint8_t **p)
{
    return pump->history ? ngx_cc_history_room(pump->history, p)
                         : ngx_cc_ring_room(&pump->ring, p);
}


/* has the command written all that it may?  *left: how much it may still */

static int
ngx_cc_pump_spent(const ngx_cc_pump_t *pump, uint64_t *left)
{
    *left = UINT64_MAX;

    if (pump->max) {
        *left = pump->max - (pump->bytes[NGX_CC_STDOUT]
                             + pump->bytes[NGX_CC_STDERR]);
    }

    return *left == 0 && !pump->discard;
}


void
ngx_cc_pump_measure(const ngx_cc_pump_t *pump, uint64_t all[NGX_CC_STREAMS])
{
    int  i, n;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        n = 0;

        if (pump->out[i] != -1) {
            (void) ioctl(pump->out[i], FIONREAD, &n);
        }

        if (i == NGX_CC_STDOUT && pump->pty.master != -1) {
            /* the kernel counts only what it has moved on */
            n = NGX_CC_PTY_LEFT;
        }

        all[i] = pump->bytes[i] + n;
    }
}


int
ngx_cc_pump_held(ngx_cc_pump_t *pump)
{
    int            i;
    struct pollfd  fds[NGX_CC_STREAMS];

    if (pump->pty.master != -1) {
        return ngx_cc_pty_held(&pump->pty);
    }

    if (pump->out[NGX_CC_STDOUT] == -1 && pump->out[NGX_CC_STDERR] == -1) {
        return 0;
    }

    /* a negative descriptor is ignored, and reports nothing */

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        fds[i].fd = pump->out[i];
        fds[i].events = POLLIN;
        fds[i].revents = 0;
    }

    (void) poll(fds, NGX_CC_STREAMS, 0);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        if (fds[i].fd != -1 && !(fds[i].revents & POLLHUP)) {
            return 1;
        }
    }

    return 0;
}


int
ngx_cc_pump_room(ngx_cc_pump_t *pump)
{
    uint8_t   *p;
    uint64_t   left;

    if (pump->discard || ngx_cc_pump_spent(pump, &left)) {
        return 1;
    }

    return pump->history ? ngx_cc_history_open(pump->history)
                         : ngx_cc_ring_room(&pump->ring, &p) != 0;
}


int
ngx_cc_pump_input(ngx_cc_pump_t *pump, const uint8_t *p, size_t n, int eof)
{
    if (pump->input_busy) {
        return -1;
    }

    if (n) {
        memcpy(pump->input, p, n);
    }

    pump->input_len = n;
    pump->input_pos = 0;
    pump->input_eof = eof;
    pump->input_long = 0;
    pump->input_busy = 1;

    return 0;
}


int
ngx_cc_pump_write(ngx_cc_pump_t *pump, uint64_t now)
{
    ssize_t  n;

    if (pump->pty.master != -1) {
        return ngx_cc_pump_type(pump, now);
    }

    while (pump->in != -1 && pump->input_pos < pump->input_len) {

        n = write(pump->in, pump->input + pump->input_pos,
                  pump->input_len - pump->input_pos);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1 && errno == EAGAIN) {
            return 0;
        }

        if (n == -1 && errno != EPIPE
            && pump->failures++ < NGX_CC_PUMP_RETRIES)
        {
            continue;
        }

        if (n == -1) {
            ngx_cc_pump_close_one(&pump->in);
            break;
        }

        pump->failures = 0;
        pump->input_pos += n;
        pump->accepted += n;
    }

    if (pump->input_eof) {
        ngx_cc_pump_close_one(&pump->in);
    }

    pump->input_busy = 0;

    return 1;
}


/* on a terminal, which does not end */

static int
ngx_cc_pump_type(ngx_cc_pump_t *pump, uint64_t now)
{
    ssize_t  n;

    while (pump->input_pos < pump->input_len) {

        n = ngx_cc_pty_write(&pump->pty, pump->input + pump->input_pos,
                             pump->input_len - pump->input_pos, now);

        if (n == -1 && errno == EAGAIN) {
            return 0;
        }

        if (n == -1) {
            pump->input_long = (errno == EMSGSIZE);
            pump->input_busy = 0;
            return 1;
        }

        pump->input_pos += n;
        pump->accepted += n;
    }

    if (pump->input_eof && ngx_cc_pty_eof(&pump->pty, now) == -1
        && errno == EAGAIN)
    {
        return 0;
    }

    pump->input_busy = 0;

    return 1;
}


int
ngx_cc_pump_writable(const ngx_cc_pump_t *pump)
{
    if (!pump->input_busy) {
        return -1;
    }

    if (pump->pty.master != -1) {
        return ngx_cc_pty_poll(&pump->pty) ? pump->pty.master : -1;
    }

    return pump->in;
}


void
ngx_cc_pump_shrink(ngx_cc_pump_t *pump)
{
    (void) madvise(pump->input, NGX_CC_WIRE_MAX_INPUT + NGX_CC_PUMP_SCRATCH,
                   MADV_DONTNEED);
}


void
ngx_cc_pump_close(ngx_cc_pump_t *pump)
{
    if (pump->pty.master != -1) {
        ngx_cc_pty_close(&pump->pty);
        pump->out[NGX_CC_STDOUT] = -1;
    }

    ngx_cc_pump_close_one(&pump->out[NGX_CC_STDOUT]);
    ngx_cc_pump_close_one(&pump->out[NGX_CC_STDERR]);
    ngx_cc_pump_close_one(&pump->in);
}


/* our end does not block; the child's is as every program expects it */

static int
ngx_cc_pump_pipe(int *ours, int *theirs, int write)
{
    int  fd[2];

    if (pipe2(fd, O_CLOEXEC) == -1) {
        return -1;
    }

    *ours = fd[write];
    *theirs = fd[!write];

    return fcntl(*ours, F_SETFL, write ? O_WRONLY|O_NONBLOCK
                                       : O_RDONLY|O_NONBLOCK);
}


static void
ngx_cc_pump_close_one(int *fd)
{
    if (*fd != -1) {
        (void) close(*fd);
        *fd = -1;
    }
}
