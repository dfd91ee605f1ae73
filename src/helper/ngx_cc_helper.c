
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_close_except.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper_tell.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_life_states.h"
#include "ngx_cc_script.h"


static void ngx_cc_helper_birth(ngx_cc_helper_t *h);
static void ngx_cc_helper_wait(ngx_cc_helper_t *h);
static void ngx_cc_helper_receive(ngx_cc_helper_t *h);
static int ngx_cc_helper_script(ngx_cc_helper_t *h, ngx_cc_wire_type_e type,
    int fd, int nfds);
static void ngx_cc_helper_obey(ngx_cc_helper_t *h, ngx_cc_wire_type_e type);
static void ngx_cc_helper_start(ngx_cc_helper_t *h);
static void ngx_cc_helper_shutdown(ngx_cc_helper_t *h);
static int ngx_cc_helper_closed(const ngx_cc_helper_t *h);
static int ngx_cc_helper_keep(ngx_cc_helper_t *h);
static void ngx_cc_helper_reach(ngx_cc_helper_t *h);
static int ngx_cc_helper_credit(ngx_cc_helper_t *h, uint64_t tail);


void
ngx_cc_helper_run(const ngx_cc_helper_conf_t *conf)
{
    ngx_cc_helper_t  *h;

    h = mmap(NULL, sizeof(ngx_cc_helper_t), PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (h == MAP_FAILED) {
        _exit(1);
    }

    h->conf = conf;
    ngx_cc_helper_birth(h);

    for ( ;; ) {
        ngx_cc_helper_tell(h);

        if (h->life.state == NGX_CC_LIFE_OVER || ngx_cc_helper_closed(h)) {
            break;
        }

        ngx_cc_helper_wait(h);
        ngx_cc_life_states_advance(&h->life);
    }

    ngx_cc_cgroup_remove(&h->life.cgroup);
    ngx_cc_tmpdir_leave(&h->life.tmp);
    _exit(0);
}


static void
ngx_cc_helper_birth(ngx_cc_helper_t *h)
{
    int                          keep[4];
    size_t                       size;
    uint8_t                     *ring;
    struct sched_param           param;
    const ngx_cc_helper_conf_t  *conf;

    conf = h->conf;

    /*
     * An elder sibling's socket in here would keep it from ever reading an end
     * of file: close-on-exec does not act on fork.
     */

    keep[0] = conf->socket;
    keep[1] = conf->ring;
    keep[2] = conf->deathwatch;
    keep[3] = conf->cgroup;

    if (ngx_cc_close_except(keep, 4) == -1) {
        _exit(1);
    }

    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);

    /*
     * When it wakes up, it does not take the processor from a running process:
     * a command that writes goes on writing, one that ends has ended when it
     * is looked at.  Commands themselves are ordinary processes
     * (ngx_cc_child).
     */

    memset(&param, 0, sizeof(param));
    (void) sched_setscheduler(0, SCHED_BATCH, &param);

    ring = ngx_cc_ring_map(conf->ring, conf->ring_size, 1);
    (void) close(conf->ring);

    size = NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT
           + (NGX_CC_WIRE_MAX_STRINGS + 5) * sizeof(char *);

    h->buffer = mmap(NULL, size, PROT_READ|PROT_WRITE,
                     MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (ring == NULL || h->buffer == MAP_FAILED
        || ngx_cc_life_init(&h->life, ring, conf->ring_size) == -1)
    {
        _exit(1);
    }

    h->life.user = conf->user;
    ngx_cc_cgroup_init(&h->life.cgroup, conf->cgroup);
    ngx_cc_tmpdir_init(&h->life.tmp, conf->tmp);

    if (conf->user) {
        h->life.tmp.owner = conf->user->uid;
    }

    (void) ngx_cc_tmpdir_open(&h->life.tmp);

    /*
     * A filter costs 50 us to make and nothing to inherit.  It denies nothing
     * that a helper does.
     */

    if (conf->seccomp) {
        ngx_cc_seccomp_make(&h->life.filter, conf->seccomp);

        if (ngx_cc_seccomp_enter(&h->life.filter) == 0) {
            h->life.inherits = conf->seccomp;
        }
    }

    if (conf->enclosed) {
        (void) ngx_cc_tree_enclose(&h->life.tree);
    }

    h->start = (ngx_cc_wire_start_t *) h->buffer;
    h->vector = (const char **) (h->buffer + NGX_CC_WIRE_MAX_START
                                 + NGX_CC_WIRE_MAX_INPUT);
}


/*
 * Sleeps until something happens and takes it in.  The exit source stands
 * before the pipes: "exited" and "pipe is empty" of one poll are final.
 */

static void
ngx_cc_helper_wait(ngx_cc_helper_t *h)
{
    int              i, room;
    uint64_t         next;
    struct pollfd    fds[8];
    struct timespec  ts, *timeout;

    room = ngx_cc_pump_room(&h->life.pump);

    fds[0].fd = h->life.signals;
    fds[0].events = POLLIN;
    fds[1].fd = (h->life.orphaned || h->stay) ? -1 : h->conf->socket;
    fds[1].events = h->full ? POLLIN|POLLOUT : POLLIN;
    fds[2].fd = (h->life.orphaned || h->life.masterless)
                ? -1 : h->conf->deathwatch;
    fds[2].events = POLLIN;
    fds[3].fd = room ? h->life.pump.out[NGX_CC_STDOUT] : -1;
    fds[3].events = POLLIN;
    fds[4].fd = room ? h->life.pump.out[NGX_CC_STDERR] : -1;
    fds[4].events = POLLIN;
    fds[5].fd = ngx_cc_pump_writable(&h->life.pump);
    fds[5].events = POLLOUT;
    fds[6].fd = (h->stay && !h->life.orphaned) ? h->stay->epoll : -1;
    fds[6].events = POLLIN;
    fds[7].fd = h->life.freezing ? h->life.cgroup.events : -1;
    fds[7].events = POLLPRI;

    next = ngx_cc_life_next(&h->life);

    if (h->stay && ngx_cc_stay_next(h->stay) < next) {
        next = ngx_cc_stay_next(h->stay);
    }

    timeout = NULL;

    if (next != NGX_CC_LIFE_NEVER) {
        next = (next > h->life.now) ? next - h->life.now : 0;
        ts.tv_sec = next / 1000;
        ts.tv_nsec = next % 1000 * 1000000;
        timeout = &ts;
    }

    if (ppoll(fds, 8, timeout, NULL) == -1) {
        return;
    }

    ngx_cc_life_woke(&h->life);

    if (h->life.tmp.dirty) {
        ngx_cc_tmpdir_step(&h->life.tmp);
    }

    if (fds[0].revents) {
        ngx_cc_life_reap(&h->life);
    }

    if (fds[1].revents & POLLOUT) {
        h->full = 0;
    }

    if (fds[1].revents & ~POLLOUT) {
        ngx_cc_helper_receive(h);
    }

    if (fds[6].revents) {
        ngx_cc_stay_receive(h->stay);
    }

    if (fds[2].revents && h->stay) {
        ngx_cc_stay_dead(h->stay);

    } else if (fds[2].revents) {
        ngx_cc_helper_shutdown(h);
    }

    if (fds[7].revents && h->life.freezing) {
        h->life.signal_at = h->life.now;
    }

    /* closed by all writers, and empty: there is nothing to read */

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        if (fds[3 + i].revents == POLLHUP) {
            ngx_cc_pump_end(&h->life.pump, i);
            fds[3 + i].revents = 0;
        }
    }

    if ((fds[3].revents || fds[4].revents)
        && h->life.state != NGX_CC_LIFE_DRAINING)
    {
        (void) ngx_cc_life_pump(&h->life, fds[3].revents, fds[4].revents);
    }
}


/* one message; if there are more, the next poll says so */

static void
ngx_cc_helper_receive(ngx_cc_helper_t *h)
{
    int                  fd, nfds;
    ssize_t              n;
    ngx_cc_wire_type_e   type;

    nfds = 1;
    n = ngx_cc_fdmsg_recv(h->conf->socket, h->buffer,
                          NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT,
                          &fd, &nfds);

    if (n == -1 && errno == ECONNRESET) {
        nfds = 1;
        n = ngx_cc_fdmsg_recv(h->conf->socket, h->buffer,
                              NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT,
                              &fd, &nfds);
    }

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n == -1) {
        nfds = 0;
    }

    type = n > 0 ? ngx_cc_wire_check(h->buffer, n) : 0;

    if (!ngx_cc_helper_script(h, type, fd, nfds)) {
        ngx_cc_life_orphan(&h->life);

    } else {
        ngx_cc_helper_obey(h, type);
    }

    if (nfds == 1) {
        (void) close(fd);
        h->life.script = -1;
    }
}


/*
 * Has this message what it needs to be obeyed?  One descriptor, and sealed,
 * comes with a START that announces it; no other message has any.
 */

static int
ngx_cc_helper_script(ngx_cc_helper_t *h, ngx_cc_wire_type_e type, int fd,
    int nfds)
{
    if (type == NGX_CC_WIRE_START
        && (h->start->head.flags & NGX_CC_START_SCRIPT))
    {
        if (nfds != 1 || !ngx_cc_script_sealed(fd)) {
            return 0;
        }

        h->life.script = fd;

        return 1;
    }

    return type != 0 && nfds == 0;
}


static void
ngx_cc_helper_obey(ngx_cc_helper_t *h, ngx_cc_wire_type_e type)
{
    ngx_cc_wire_msg_t  *msg;

    msg = (ngx_cc_wire_msg_t *) h->buffer;

    if (type == NGX_CC_WIRE_START) {

        if (h->life.state != NGX_CC_LIFE_IDLE || h->life.tell
            || msg->head.run == h->life.run)
        {
            ngx_cc_life_orphan(&h->life);
            return;
        }

        ngx_cc_helper_start(h);
        return;
    }

    if (msg->head.run != h->life.run) {
        return;
    }

    if (type == NGX_CC_WIRE_RELEASE && h->life.state == NGX_CC_LIFE_IDLE) {
        ngx_cc_ring_release(&h->life.pump.ring);
        return;
    }

    if (h->life.state == NGX_CC_LIFE_IDLE) {
        return;
    }

    switch (type) {

    case NGX_CC_WIRE_CREDIT:
        if (ngx_cc_helper_credit(h, msg->credit.tail) == -1) {
            ngx_cc_life_orphan(&h->life);
            return;
        }

        h->armed = 1;
        h->told = msg->credit.seen;
        return;

    case NGX_CC_WIRE_KEEP:
    case NGX_CC_WIRE_LISTEN:
        ngx_cc_helper_reach(h);
        return;

    case NGX_CC_WIRE_SIGNAL:
        h->life.asker = 0;

        if (msg->head.flags & NGX_CC_SIGNAL_UNTOLD) {
            ngx_cc_ladder_pass(&h->life, &msg->signal);
            return;
        }

        ngx_cc_ladder_signal(&h->life, &msg->signal);
        return;

    case NGX_CC_WIRE_RESIZE:
        ngx_cc_pty_resize(&h->life.pump.pty, msg->resize.cols,
                          msg->resize.rows);
        return;

    case NGX_CC_WIRE_CANCEL:
        ngx_cc_ladder_begin(&h->life, msg->head.flags ? msg->head.flags
                                                     : NGX_CC_CAUSE_CANCEL);
        return;

    case NGX_CC_WIRE_ABANDON:
        h->life.pump.discard = 1;
        ngx_cc_ladder_begin(&h->life, msg->head.flags
                                     ? msg->head.flags
                                     : NGX_CC_CAUSE_DISCONNECT);
        return;

    case NGX_CC_WIRE_INPUT:
        if (!h->life.stdin_open
            || ngx_cc_pump_input(&h->life.pump, h->buffer + sizeof(msg->input),
                                 msg->input.len,
                                 msg->head.flags & NGX_CC_INPUT_EOF) == -1)
        {
            ngx_cc_life_orphan(&h->life);
        }

        return;

    default:
        ngx_cc_life_orphan(&h->life);
    }
}


static void
ngx_cc_helper_start(ngx_cc_helper_t *h)
{
    struct pollfd  peer;

    /*
     * The worker may have died after it sent this: then no one waits for the
     * command.  Asked now, because the poll that brought the message may be
     * long ago.
     */

    peer.fd = h->conf->socket;
    peer.events = POLLIN;

    if (poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP|POLLERR))) {
        ngx_cc_life_orphan(&h->life);
        return;
    }

    if ((h->start->head.flags & NGX_CC_START_KEEP)
        && ngx_cc_helper_keep(h) == -1)
    {
        ngx_cc_life_refuse(&h->life, h->start->head.run,
                           NGX_CC_STAGE_LISTEN, errno);
        return;
    }

    if (h->start->head.flags & NGX_CC_START_KEEPABLE) {
        ngx_cc_history_init(&h->history, &h->life.pump.ring,
                            h->start->keep.output);
        h->life.pump.history = &h->history;
    }

    ngx_cc_life_start(&h->life, h->start, h->vector);

    if (h->stay && h->life.state == NGX_CC_LIFE_IDLE) {
        ngx_cc_stay_close(h->stay);
        h->stay = NULL;

    } else if (h->stay) {
        ngx_cc_stay_begin(h->stay);
    }

    h->armed = 1;
    h->told = 0;
}


/*
 * There is no master, and so soon no worker; or there is no service, and the
 * worker shall know how its command has ended.
 */

static void
ngx_cc_helper_shutdown(ngx_cc_helper_t *h)
{
    if (h->conf->user == NULL) {
        ngx_cc_life_orphan(&h->life);
        return;
    }

    h->life.masterless = 1;

    if (h->life.state != NGX_CC_LIFE_IDLE) {
        ngx_cc_ladder_begin(&h->life, NGX_CC_CAUSE_SHUTDOWN);
    }
}


/* the service is gone, and all is told */

static int
ngx_cc_helper_closed(const ngx_cc_helper_t *h)
{
    return h->conf->user && h->life.masterless && h->stay == NULL
           && h->life.state == NGX_CC_LIFE_IDLE && h->life.tell == 0;
}


/* its socket is there before it runs: whoever learns of it can connect */

static int
ngx_cc_helper_keep(ngx_cc_helper_t *h)
{
    ngx_cc_wire_strings_t  strings;

    ngx_cc_wire_start_unpack(h->start, &strings, h->vector);

    h->stay = ngx_cc_stay_open(&h->life, h->start, &strings, h->conf->socket,
                               h->buffer, NGX_CC_WIRE_MAX_START
                                          + NGX_CC_WIRE_MAX_INPUT);

    return h->stay ? 0 : -1;
}


/*
 * KEEP, LISTEN: what is bound is kept, or can be reached, from now on; or, if
 * it cannot be, goes on as it is.  From here on its starter is one watcher
 * among others.
 */

static void
ngx_cc_helper_reach(ngx_cc_helper_t *h)
{
    uint64_t                    run_limit;
    const ngx_cc_wire_reach_t  *reach;

    reach = (const ngx_cc_wire_reach_t *) h->buffer;
    run_limit = reach->run_limit;

    if (h->life.pump.history == NULL || h->reached.head.type
        || ngx_cc_helper_credit(h, reach->tail) == -1)
    {
        ngx_cc_life_orphan(&h->life);
        return;
    }

    h->stay = ngx_cc_stay_take_over(&h->life, reach, &h->history, h->armed,
                                    h->told, h->conf->socket, h->buffer,
                                    NGX_CC_WIRE_MAX_START
                                    + NGX_CC_WIRE_MAX_INPUT);

    if (h->stay == NULL) {
        ngx_cc_wire_init(&h->reached, reach->head.type == NGX_CC_WIRE_KEEP
                                      ? NGX_CC_WIRE_KEPT
                                      : NGX_CC_WIRE_LISTENING,
                         h->life.run, sizeof(h->reached));
        h->reached.error = errno;
        return;
    }

    if (!h->stay->call) {
        ngx_cc_life_limit(&h->life, run_limit);
    }

    ngx_cc_stay_begin(h->stay);

    /* the service had gone before: it does not stay */

    if (h->life.masterless) {
        ngx_cc_stay_dead(h->stay);
    }
}


/* the starter is done with what is before "tail": 0, or -1, that cannot be */

static int
ngx_cc_helper_credit(ngx_cc_helper_t *h, uint64_t tail)
{
    ngx_cc_pump_t  *pump;

    pump = &h->life.pump;

    return pump->history ? ngx_cc_history_credit(pump->history, tail)
                         : ngx_cc_ring_credit(&pump->ring, tail);
}
