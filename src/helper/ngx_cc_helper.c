
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_child.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper.h"
#include "ngx_cc_pump.h"
#include "ngx_cc_sweep.h"


#define NGX_CC_HELPER_TELL      5        /* ms that STARTED is held back */
#define NGX_CC_HELPER_TICK      20       /* ms between looks at a tree that is
                                            being ended */
#define NGX_CC_HELPER_RELUCTANT 10000    /* ms; what lives longer under KILL
                                            is stuck in the kernel */
#define NGX_CC_HELPER_RETRY     1000     /* ms between looks at such a one */
#define NGX_CC_HELPER_BATCH     16       /* messages or reads, then poll */

#define NGX_CC_HELPER_NEVER     UINT64_MAX


typedef enum {
    NGX_CC_HELPER_IDLE = 0,
    NGX_CC_HELPER_RUNNING,
    NGX_CC_HELPER_LINGER,
    NGX_CC_HELPER_ENDING,
    NGX_CC_HELPER_SWEEPING,
    NGX_CC_HELPER_DRAINING
} ngx_cc_helper_state_e;


/* what has to be told to the worker; each is sent when the socket takes it */

#define NGX_CC_TELL_STARTED     0x01
#define NGX_CC_TELL_INPUT       0x02
#define NGX_CC_TELL_FAILED      0x04
#define NGX_CC_TELL_EXITED      0x08


typedef struct {
    const ngx_cc_helper_conf_t  *conf;
    ngx_cc_wire_start_t   *start;        /* the START, in the receive buffer */
    uint8_t               *buffer;       /* room for any message */
    const char           **vector;       /* argv and env of START */
    int                    signals;      /* signalfd of SIGCHLD */
    ngx_cc_sweep_t         sweep;
    ngx_cc_pump_t          pump;

    ngx_cc_helper_state_e  state;
    uint32_t               run;
    pid_t                  pid;          /* = pgid; 0 once it is reaped */
    ngx_cc_wire_exited_t   exited;       /* gathered while it lives */
    ngx_cc_wire_failed_t   failed;
    ngx_cc_wire_input_t    input_done;
    unsigned               tell;
    uint64_t               told;         /* head of the last OUTPUT */
    uint64_t               grace;        /* ms, of START */
    uint64_t               linger;       /* ms */
    uint64_t               silence;      /* ms, 0 = none */

    /* moments in ms of the monotonic clock; NEVER = not awaited */
    uint64_t               now;
    uint64_t               born;         /* in us */
    uint64_t               tell_at;      /* STARTED is held back until then */
    uint64_t               limit_at;     /* run limit */
    uint64_t               quiet_since;  /* last output */
    uint64_t               ladder_at;    /* TERM or linger has had its time */
    uint64_t               tick_at;      /* the next look at the tree */
    uint64_t               reluctant_at; /* no more patience with it */

    unsigned               armed:1;      /* the worker awaits an OUTPUT */
    unsigned               paused:1;
    unsigned               nobody:1;     /* no child is left */
    unsigned               alone:1;      /* worker or master is gone */
    unsigned               full:1;       /* the socket takes no message */
    unsigned               stdin_open:1;
} ngx_cc_helper_t;


static void ngx_cc_helper_birth(ngx_cc_helper_t *h);
static void ngx_cc_helper_close_others(const ngx_cc_helper_conf_t *conf);
static void ngx_cc_helper_wait(ngx_cc_helper_t *h);
static uint64_t ngx_cc_helper_next(ngx_cc_helper_t *h);
static void ngx_cc_helper_receive(ngx_cc_helper_t *h);
static void ngx_cc_helper_obey(ngx_cc_helper_t *h, ngx_cc_wire_type_e type);
static void ngx_cc_helper_start(ngx_cc_helper_t *h);
static void ngx_cc_helper_signal(ngx_cc_helper_t *h, int signo);
static void ngx_cc_helper_ladder(ngx_cc_helper_t *h, ngx_cc_cause_e cause);
static void ngx_cc_helper_alone(ngx_cc_helper_t *h);
static void ngx_cc_helper_reap(ngx_cc_helper_t *h);
static int ngx_cc_helper_pump(ngx_cc_helper_t *h);
static void ngx_cc_helper_advance(ngx_cc_helper_t *h);
static void ngx_cc_helper_sweep(ngx_cc_helper_t *h);
static void ngx_cc_helper_finish(ngx_cc_helper_t *h);
static void ngx_cc_helper_tell(ngx_cc_helper_t *h);
static int ngx_cc_helper_send(ngx_cc_helper_t *h, const void *msg);
static uint64_t ngx_cc_helper_clock(clockid_t id);


void
ngx_cc_helper_run(const ngx_cc_helper_conf_t *conf)
{
    ngx_cc_helper_t  *h;

    h = mmap(NULL, sizeof(ngx_cc_helper_t), PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (h == MAP_FAILED) {
        _exit(0);
    }

    h->conf = conf;
    ngx_cc_helper_birth(h);

    for ( ;; ) {
        ngx_cc_helper_tell(h);
        ngx_cc_helper_wait(h);
        ngx_cc_helper_advance(h);
    }
}


static void
ngx_cc_helper_birth(ngx_cc_helper_t *h)
{
    size_t                       size;
    uint8_t                     *ring;
    sigset_t                     set;
    const ngx_cc_helper_conf_t  *conf;

    conf = h->conf;

    ngx_cc_helper_close_others(conf);

    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

    /* SIGPIPE stays default for commands; here a broken stdin is an errno */

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    h->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    sigaddset(&set, SIGPIPE);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    ring = ngx_cc_ring_map(conf->ring, conf->ring_size, 1);
    (void) close(conf->ring);

    size = NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT
           + (NGX_CC_WIRE_MAX_STRINGS + 2) * sizeof(char *);

    h->buffer = mmap(NULL, size, PROT_READ|PROT_WRITE,
                     MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (ring == NULL || h->buffer == MAP_FAILED || h->signals == -1
        || ngx_cc_sweep_init(&h->sweep) == -1
        || ngx_cc_pump_init(&h->pump) == -1)
    {
        _exit(0);
    }

    h->start = (ngx_cc_wire_start_t *) h->buffer;
    h->vector = (const char **) (h->buffer + NGX_CC_WIRE_MAX_START
                                 + NGX_CC_WIRE_MAX_INPUT);
    h->pump.ring.base = ring;
    h->pump.ring.size = conf->ring_size;

    h->tell_at = NGX_CC_HELPER_NEVER;
    h->limit_at = NGX_CC_HELPER_NEVER;
    h->ladder_at = NGX_CC_HELPER_NEVER;
    h->tick_at = NGX_CC_HELPER_NEVER;
    h->nobody = 1;
    h->now = ngx_cc_helper_clock(CLOCK_MONOTONIC) / 1000;
}


/*
 * An elder sibling's socket in here would keep it from ever reading an end of
 * file: close-on-exec does not act on fork.
 */

static void
ngx_cc_helper_close_others(const ngx_cc_helper_conf_t *conf)
{
    int  i, j, fd, keep[3];

    keep[0] = conf->socket;
    keep[1] = conf->ring;
    keep[2] = conf->deathwatch;

    for (i = 0; i < 2; i++) {
        for (j = i + 1; j < 3; j++) {
            if (keep[j] < keep[i]) {
                fd = keep[i];
                keep[i] = keep[j];
                keep[j] = fd;
            }
        }
    }

    fd = 3;

    for (i = 0; i < 3; i++) {
        if (keep[i] > fd) {
            (void) syscall(SYS_close_range, fd, keep[i] - 1, 0);
        }

        if (keep[i] >= fd) {
            fd = keep[i] + 1;
        }
    }

    (void) syscall(SYS_close_range, fd, ~0U, 0);
}


/*
 * Sleeps until something happens and takes it in.  The exit source stands
 * before the pipes: "exited" and "pipe is empty" of one poll are final.
 */

static void
ngx_cc_helper_wait(ngx_cc_helper_t *h)
{
    int              room;
    uint64_t         next, before;
    struct pollfd    fds[6];
    struct timespec  ts, *timeout;

    room = ngx_cc_pump_room(&h->pump);

    fds[0].fd = h->signals;
    fds[0].events = POLLIN;
    fds[1].fd = h->alone ? -1 : h->conf->socket;
    fds[1].events = h->full ? POLLIN|POLLOUT : POLLIN;
    fds[2].fd = h->alone ? -1 : h->conf->deathwatch;
    fds[2].events = POLLIN;
    fds[3].fd = room ? h->pump.out[NGX_CC_STDOUT] : -1;
    fds[3].events = POLLIN;
    fds[4].fd = room ? h->pump.out[NGX_CC_STDERR] : -1;
    fds[4].events = POLLIN;
    fds[5].fd = h->pump.input_busy ? h->pump.in : -1;
    fds[5].events = POLLOUT;

    next = ngx_cc_helper_next(h);
    timeout = NULL;

    if (next != NGX_CC_HELPER_NEVER) {
        next = (next > h->now) ? next - h->now : 0;
        ts.tv_sec = next / 1000;
        ts.tv_nsec = next % 1000 * 1000000;
        timeout = &ts;
    }

    if (ppoll(fds, 6, timeout, NULL) == -1) {
        return;
    }

    before = h->now;
    h->now = ngx_cc_helper_clock(CLOCK_MONOTONIC) / 1000;

    if (h->paused || !room) {
        /* silence that is not the command's fault does not count */
        h->quiet_since += h->now - before;
    }

    if (fds[0].revents) {
        ngx_cc_helper_reap(h);
    }

    if (fds[1].revents & POLLOUT) {
        h->full = 0;
    }

    if (fds[1].revents & ~POLLOUT) {
        ngx_cc_helper_receive(h);
    }

    if (fds[2].revents) {
        ngx_cc_helper_alone(h);
    }

    if ((fds[3].revents || fds[4].revents)
        && h->state != NGX_CC_HELPER_DRAINING)
    {
        (void) ngx_cc_helper_pump(h);
    }
}


/* the next moment at which something is due */

static uint64_t
ngx_cc_helper_next(ngx_cc_helper_t *h)
{
    uint64_t  next;

    next = h->tell_at;

    if (h->limit_at < next) {
        next = h->limit_at;
    }

    if (h->ladder_at < next) {
        next = h->ladder_at;
    }

    if (h->tick_at < next) {
        next = h->tick_at;
    }

    if (h->state == NGX_CC_HELPER_RUNNING && h->silence && !h->paused
        && ngx_cc_pump_room(&h->pump)
        && h->quiet_since + h->silence < next)
    {
        next = h->quiet_since + h->silence;
    }

    return next;
}


static void
ngx_cc_helper_receive(ngx_cc_helper_t *h)
{
    int                  i, reset;
    ssize_t              n;
    ngx_cc_wire_type_e   type;

    reset = 0;

    for (i = 0; i < NGX_CC_HELPER_BATCH; i++) {

        n = ngx_cc_fdmsg_recv(h->conf->socket, h->buffer,
                              NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT,
                              NULL, NULL);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n == -1 && errno == ECONNRESET && !reset) {
            reset = 1;
            continue;
        }

        type = n > 0 ? ngx_cc_wire_check(h->buffer, n) : 0;

        if (type == 0) {
            ngx_cc_helper_alone(h);
            return;
        }

        ngx_cc_helper_obey(h, type);

        if (h->alone) {
            return;
        }
    }
}


static void
ngx_cc_helper_obey(ngx_cc_helper_t *h, ngx_cc_wire_type_e type)
{
    ngx_cc_wire_msg_t  *msg;

    msg = (ngx_cc_wire_msg_t *) h->buffer;

    if (type == NGX_CC_WIRE_START) {

        if (h->state != NGX_CC_HELPER_IDLE || h->tell
            || msg->head.run == h->run)
        {
            ngx_cc_helper_alone(h);
            return;
        }

        ngx_cc_helper_start(h);
        return;
    }

    if (msg->head.run != h->run) {
        return;
    }

    if (type == NGX_CC_WIRE_RELEASE && h->state == NGX_CC_HELPER_IDLE) {
        ngx_cc_ring_release(&h->pump.ring);
        return;
    }

    if (h->state == NGX_CC_HELPER_IDLE) {
        return;
    }

    switch (type) {

    case NGX_CC_WIRE_CREDIT:
        if (ngx_cc_ring_credit(&h->pump.ring, msg->credit.tail) == -1) {
            ngx_cc_helper_alone(h);
            return;
        }

        h->armed = 1;
        h->told = msg->credit.seen;
        return;

    case NGX_CC_WIRE_SIGNAL:
        ngx_cc_helper_signal(h, msg->signal.signo);
        return;

    case NGX_CC_WIRE_CANCEL:
        ngx_cc_helper_ladder(h, NGX_CC_CAUSE_CANCEL);
        return;

    case NGX_CC_WIRE_ABANDON:
        h->pump.discard = 1;
        ngx_cc_helper_ladder(h, NGX_CC_CAUSE_DISCONNECT);
        return;

    case NGX_CC_WIRE_INPUT:
        if (!h->stdin_open
            || ngx_cc_pump_input(&h->pump, h->buffer + sizeof(msg->input),
                                 msg->input.len,
                                 msg->head.flags & NGX_CC_INPUT_EOF) == -1)
        {
            ngx_cc_helper_alone(h);
        }

        return;

    default:
        ngx_cc_helper_alone(h);
    }
}


static void
ngx_cc_helper_start(ngx_cc_helper_t *h)
{
    int                     i, fds[3];
    pid_t                   pid;
    struct pollfd           peer;
    ngx_cc_child_t          child;
    ngx_cc_wire_start_t    *start;
    ngx_cc_child_result_t   result;

    start = h->start;
    h->run = start->head.run;

    /* the worker may have died after it sent this: then nobody waits */

    peer.fd = h->conf->socket;
    peer.events = POLLIN;

    if (poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP|POLLERR))) {
        ngx_cc_helper_alone(h);
        return;
    }

    ngx_cc_wire_start_unpack(start, &child.cwd, &child.program, h->vector);

    child.argv = h->vector;
    child.env = h->vector + start->argc + 1;
    child.search = start->head.flags & NGX_CC_START_SEARCH;

    h->stdin_open = (start->head.flags & NGX_CC_START_STDIN) ? 1 : 0;
    result.stage = NGX_CC_STAGE_PIPE;

    ngx_cc_wire_init(&h->exited, NGX_CC_WIRE_EXITED, h->run,
                     sizeof(h->exited));

    h->born = ngx_cc_helper_clock(CLOCK_MONOTONIC);
    h->now = h->born / 1000;
    h->exited.start = ngx_cc_helper_clock(CLOCK_REALTIME) / 1000;

    if (ngx_cc_pump_open(&h->pump, h->stdin_open, start->window, fds) == -1) {
        result.error = errno;
        pid = -1;

    } else {
        child.in = fds[0];
        child.out = fds[1];
        child.err = fds[2];

        pid = ngx_cc_child_start(&child, &result);

        for (i = 0; i < 3; i++) {
            if (fds[i] != -1) {
                (void) close(fds[i]);
            }
        }
    }

    if (pid == -1) {
        ngx_cc_pump_close(&h->pump);

        ngx_cc_wire_init(&h->failed, NGX_CC_WIRE_FAILED, h->run,
                         sizeof(h->failed));
        h->failed.stage = result.stage;
        h->failed.error = result.error;
        h->tell = NGX_CC_TELL_FAILED;
        return;
    }

    h->state = NGX_CC_HELPER_RUNNING;
    h->pid = pid;
    h->exited.pid = pid;
    h->nobody = 0;
    h->paused = 0;
    h->armed = 1;
    h->told = 0;
    h->tell = NGX_CC_TELL_STARTED;
    h->tell_at = h->now + NGX_CC_HELPER_TELL;
    h->grace = start->grace;
    h->linger = start->linger;
    h->silence = start->silence;
    h->quiet_since = h->now;
    h->limit_at = start->run_limit ? h->now + start->run_limit
                                   : NGX_CC_HELPER_NEVER;
    h->ladder_at = NGX_CC_HELPER_NEVER;
    h->tick_at = NGX_CC_HELPER_NEVER;
}


/*
 * Only while the main process is not reaped: until then nobody else can have
 * its number.
 */

static void
ngx_cc_helper_signal(ngx_cc_helper_t *h, int signo)
{
    if (h->pid == 0) {
        return;
    }

    (void) kill(-h->pid, signo);

    if (signo == SIGSTOP) {
        h->paused = 1;

    } else if (signo == SIGCONT) {
        h->paused = 0;
    }
}


/* the first cause counts; a stopped process only gets TERM once it goes on */

static void
ngx_cc_helper_ladder(ngx_cc_helper_t *h, ngx_cc_cause_e cause)
{
    if (h->state == NGX_CC_HELPER_RUNNING) {
        h->exited.cause = cause;

        ngx_cc_helper_signal(h, SIGTERM);
        ngx_cc_helper_signal(h, SIGCONT);

        h->state = NGX_CC_HELPER_ENDING;
        h->limit_at = NGX_CC_HELPER_NEVER;
        h->ladder_at = h->now + h->grace;
        h->tick_at = h->now + NGX_CC_HELPER_TICK;

    } else if (h->state == NGX_CC_HELPER_LINGER) {
        h->ladder_at = h->now;
    }
}


/* the worker or the master is gone: nobody reads, nobody will ask again */

static void
ngx_cc_helper_alone(ngx_cc_helper_t *h)
{
    h->alone = 1;
    h->tell = 0;
    h->armed = 0;
    h->tell_at = NGX_CC_HELPER_NEVER;

    if (h->state == NGX_CC_HELPER_IDLE) {
        _exit(0);
    }

    h->pump.discard = 1;
    ngx_cc_helper_ladder(h, NGX_CC_CAUSE_DISCONNECT);
}


static void
ngx_cc_helper_reap(ngx_cc_helper_t *h)
{
    int                      status;
    pid_t                    pid;
    struct rusage            ru;
    struct signalfd_siginfo  info;

    while (read(h->signals, &info, sizeof(info)) > 0) { /* void */ }

    for ( ;; ) {
        pid = wait4(-1, &status, WNOHANG, &ru);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            h->nobody = (pid == -1);
            return;
        }

        h->exited.user += ru.ru_utime.tv_sec * 1000000ULL
                          + ru.ru_utime.tv_usec;
        h->exited.system += ru.ru_stime.tv_sec * 1000000ULL
                            + ru.ru_stime.tv_usec;

        if ((uint64_t) ru.ru_maxrss > h->exited.max_rss) {
            h->exited.max_rss = ru.ru_maxrss;
        }

        if (pid == h->pid) {
            h->pid = 0;
            h->paused = 0;
            h->exited.status = status;
            h->exited.elapsed = ngx_cc_helper_clock(CLOCK_MONOTONIC)
                                - h->born;

        } else if (h->state == NGX_CC_HELPER_SWEEPING) {
            h->exited.swept += (WIFSIGNALED(status)
                                && WTERMSIG(status) == SIGKILL);
        }
    }
}


/* a turn for each stream; returns 1 when there may be more, -1: no room */

static int
ngx_cc_helper_pump(ngx_cc_helper_t *h)
{
    int  out, err;

    out = ngx_cc_pump_read(&h->pump, NGX_CC_STDOUT);
    err = ngx_cc_pump_read(&h->pump, NGX_CC_STDERR);

    if (out == 1 || err == 1) {
        h->quiet_since = h->now;
    }

    if (out == -1 || err == -1) {
        return -1;
    }

    return out || err;
}


/* the state table (see the header), and stdin beside it */

static void
ngx_cc_helper_advance(ngx_cc_helper_t *h)
{
    int  i, rc;

    if (h->pump.input_busy && (ngx_cc_pump_write(&h->pump)
                               || h->state == NGX_CC_HELPER_DRAINING))
    {
        h->pump.input_busy = 0;

        ngx_cc_wire_init(&h->input_done, NGX_CC_WIRE_INPUT_DONE, h->run,
                         sizeof(h->input_done));
        h->input_done.len = h->pump.input_pos;

        if (h->pump.in == -1 || h->state == NGX_CC_HELPER_DRAINING) {
            h->input_done.head.flags = NGX_CC_INPUT_CLOSED;
        }

        h->tell |= h->alone ? 0 : NGX_CC_TELL_INPUT;
    }

    switch (h->state) {

    case NGX_CC_HELPER_IDLE:
        return;

    case NGX_CC_HELPER_RUNNING:
        if (h->pid == 0) {
            h->exited.cause = WIFSIGNALED(h->exited.status)
                              ? NGX_CC_CAUSE_SIGNAL : NGX_CC_CAUSE_EXIT;
            h->limit_at = NGX_CC_HELPER_NEVER;

            h->state = NGX_CC_HELPER_LINGER;
            h->ladder_at = h->now + h->linger;
            break;
        }

        if (h->now >= h->limit_at) {
            ngx_cc_helper_ladder(h, NGX_CC_CAUSE_TIMEOUT);

        } else if (h->silence && !h->paused
                   && h->now >= h->quiet_since + h->silence)
        {
            ngx_cc_helper_ladder(h, NGX_CC_CAUSE_SILENCE);
        }

        return;

    case NGX_CC_HELPER_ENDING:
        if (h->now < h->ladder_at
            && (h->pid || ngx_cc_sweep_group(&h->sweep, h->exited.pid)))
        {
            /* children of the command may still be cleaning up */
            h->tick_at = h->now + NGX_CC_HELPER_TICK;
            return;
        }

        break;

    default:
        break;
    }

    if (h->state == NGX_CC_HELPER_LINGER && !h->nobody
        && h->now < h->ladder_at)
    {
        return;
    }

    if (h->state == NGX_CC_HELPER_LINGER || h->state == NGX_CC_HELPER_ENDING) {
        h->state = NGX_CC_HELPER_SWEEPING;
        h->ladder_at = NGX_CC_HELPER_NEVER;
        h->tick_at = h->now;
        h->reluctant_at = h->now + NGX_CC_HELPER_RELUCTANT;
        ngx_cc_helper_signal(h, SIGKILL);
    }

    if (h->state == NGX_CC_HELPER_SWEEPING) {
        ngx_cc_helper_sweep(h);
    }

    if (h->state == NGX_CC_HELPER_DRAINING) {

        for (i = 0; i < NGX_CC_HELPER_BATCH; i++) {
            rc = ngx_cc_helper_pump(h);

            if (rc == 0) {
                ngx_cc_helper_finish(h);
                return;
            }

            if (rc == -1) {
                return;
            }
        }

        h->tick_at = h->now;
    }
}


static void
ngx_cc_helper_sweep(ngx_cc_helper_t *h)
{
    ngx_cc_helper_reap(h);

    if (h->nobody) {
        h->state = NGX_CC_HELPER_DRAINING;
        h->tick_at = NGX_CC_HELPER_NEVER;
        return;
    }

    if (h->now < h->reluctant_at) {
        (void) ngx_cc_sweep_kill(&h->sweep, NULL, 0);
        h->tick_at = h->now + NGX_CC_HELPER_TICK;
        return;
    }

    if (h->alone) {
        /* whoever adopts it, kills it */
        _exit(0);
    }

    (void) ngx_cc_sweep_kill(&h->sweep, NULL, 0);
    h->tick_at = h->now + NGX_CC_HELPER_RETRY;
}


/* everybody is gone, everything is read */

static void
ngx_cc_helper_finish(ngx_cc_helper_t *h)
{
    if (h->alone) {
        _exit(0);
    }

    h->exited.head.flags = NGX_CC_EXITED_REUSABLE;

    if (h->pump.out[NGX_CC_STDOUT] != -1 || h->pump.out[NGX_CC_STDERR] != -1) {
        h->exited.head.flags |= NGX_CC_EXITED_PIPES;
    }

    h->exited.pos = h->pump.ring.head;
    h->exited.bytes[NGX_CC_STDOUT] = h->pump.bytes[NGX_CC_STDOUT];
    h->exited.bytes[NGX_CC_STDERR] = h->pump.bytes[NGX_CC_STDERR];

    ngx_cc_pump_close(&h->pump);

    h->state = NGX_CC_HELPER_IDLE;
    h->tick_at = NGX_CC_HELPER_NEVER;
    h->tell_at = NGX_CC_HELPER_NEVER;
    h->armed = 0;

    /* it says all that STARTED and OUTPUT would have said */

    h->tell &= ~NGX_CC_TELL_STARTED;
    h->tell |= NGX_CC_TELL_EXITED;
}


/* sends what is due, in order, as far as the socket takes it */

static void
ngx_cc_helper_tell(ngx_cc_helper_t *h)
{
    ngx_cc_wire_output_t   output;
    ngx_cc_wire_started_t  started;

    if (h->alone || h->full) {
        return;
    }

    if (h->tell & NGX_CC_TELL_FAILED) {
        if (ngx_cc_helper_send(h, &h->failed) == -1) {
            return;
        }

        h->tell = 0;
    }

    if ((h->tell & NGX_CC_TELL_STARTED) && h->now >= h->tell_at) {
        ngx_cc_wire_init(&started, NGX_CC_WIRE_STARTED, h->run,
                         sizeof(started));
        started.pid = h->exited.pid;
        started.start = h->exited.start;

        if (ngx_cc_helper_send(h, &started) == -1) {
            return;
        }

        h->tell &= ~NGX_CC_TELL_STARTED;
        h->tell_at = NGX_CC_HELPER_NEVER;
    }

    if (h->tell & NGX_CC_TELL_STARTED) {
        return;
    }

    if (h->tell & NGX_CC_TELL_INPUT) {
        if (ngx_cc_helper_send(h, &h->input_done) == -1) {
            return;
        }

        h->tell &= ~NGX_CC_TELL_INPUT;
    }

    if (h->armed && h->pump.ring.head != h->told) {
        ngx_cc_wire_init(&output, NGX_CC_WIRE_OUTPUT, h->run,
                         sizeof(output));
        output.pos = h->pump.ring.head;
        output.eof = h->pump.eof;

        if (ngx_cc_helper_send(h, &output) == -1) {
            return;
        }

        h->told = output.pos;
        h->armed = 0;
    }

    if (h->tell & NGX_CC_TELL_EXITED) {
        if (ngx_cc_helper_send(h, &h->exited) == -1) {
            return;
        }

        h->tell &= ~NGX_CC_TELL_EXITED;
    }
}


static int
ngx_cc_helper_send(ngx_cc_helper_t *h, const void *msg)
{
    const ngx_cc_wire_head_t  *head = msg;

    if (ngx_cc_fdmsg_send(h->conf->socket, msg, head->size, NULL, 0) == 0) {
        return 0;
    }

    if (errno == EAGAIN) {
        h->full = 1;
        return -1;
    }

    ngx_cc_helper_alone(h);

    return -1;
}


static uint64_t
ngx_cc_helper_clock(clockid_t id)
{
    struct timespec  ts;

    (void) clock_gettime(id, &ts);

    return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}
