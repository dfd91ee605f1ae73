
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_birth.h"
#include "ngx_cc_cgroup.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_close_except.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper.h"
#include "ngx_cc_keeper.h"
#include "ngx_cc_oom.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_sweep.h"
#include "ngx_cc_tmpdir.h"
#include "ngx_cc_wire.h"


#define NGX_CC_SPAWNER_NOFILE   1024      /* descriptors of a command */
#define NGX_CC_SPAWNER_EARLY    100      /* ms; dead sooner: not viable */
#define NGX_CC_SPAWNER_CALM     10000    /* ms; later it is another failure */
#define NGX_CC_SPAWNER_WAKE     1000     /* ms until helpers are woken that were
                                            stopped and should leave */


typedef struct {
    const ngx_cc_spawner_conf_t  *conf;
    ngx_cc_proc_t         proc;
    ngx_cc_tmpdir_t       tmp;           /* what dead helpers have left there */
    int                   signals;       /* signalfd of SIGCHLD */
    int                   socket;        /* -1: the worker is gone */
    size_t                wanted;
    ngx_cc_keeper_list_t *list;          /* of helpers, shared with the
                                            keeper */
    int                   keeper;        /* end of file: the keeper is gone */
    uint64_t              born[NGX_CC_SPAWNER_MAX];  /* ms */
    size_t                failures;      /* forks that failed in a row, and
                                            helpers that died at once */
    uint64_t              failed_at;     /* ms; the last of them */
    uint64_t              retry_at;      /* ms; 0 = at once */
    uint64_t              now;           /* ms */
    int                   childless;
    int                   quitting;      /* makes no more helpers */
    int                   orphaned;      /* worker or master is gone */
    uint64_t              wake_at;       /* ms; 0 = not until one is stopped */
    int                   full;          /* the socket takes no message */
} ngx_cc_spawner_t;


static int ngx_cc_spawner_birth(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_wait(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_receive(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_orphaned(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_wake(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_kill(ngx_cc_spawner_t *s, pid_t pid);
static void ngx_cc_spawner_reap(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_ended(ngx_cc_spawner_t *s, size_t i, int status);
static void ngx_cc_spawner_supply(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_failed(ngx_cc_spawner_t *s, int err);
static void ngx_cc_spawner_refuse(ngx_cc_spawner_t *s, int err);
static void ngx_cc_spawner_leave(ngx_cc_spawner_t *s);
static int ngx_cc_spawner_make(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_gone(ngx_cc_spawner_t *s, pid_t pid, int status);


/* ms before the next fork after one, two, more failures in a row */

static const uint64_t  ngx_cc_spawner_backoff[] = { 100, 1000, 5000 };


void
ngx_cc_spawner_run(const ngx_cc_spawner_conf_t *conf)
{
    ngx_cc_spawner_t  *s;

    s = mmap(NULL, sizeof(ngx_cc_spawner_t), PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (s == MAP_FAILED) {
        _exit(0);
    }

    s->conf = conf;
    s->socket = conf->socket;

    if (ngx_cc_spawner_birth(s) == -1) {
        ngx_cc_spawner_refuse(s, errno);
        _exit(0);
    }

    ngx_cc_tmpdir_init(&s->tmp, conf->tmp);

    if (conf->user) {
        s->tmp.owner = conf->user->uid;
    }

    s->tmp.stale = 1;
    s->now = ngx_cc_clock_ms();

    for ( ;; ) {
        ngx_cc_spawner_supply(s);

        /* whatever a dead helper left has to be gone first */

        if (s->quitting && s->list->alive == 0 && s->childless) {
            ngx_cc_tmpdir_leave(&s->tmp);
            _exit(0);
        }

        if (s->tmp.stale) {
            ngx_cc_tmpdir_step(&s->tmp);
        }

        ngx_cc_spawner_wait(s);
    }
}


/* 0, or -1 with errno: it lacks what it needs to be one */

static int
ngx_cc_spawner_birth(ngx_cc_spawner_t *s)
{
    int            keep[3];
    size_t         i;
    struct rlimit  limit;

    keep[0] = s->socket;
    keep[1] = s->conf->deathwatch;
    keep[2] = s->conf->cgroup;

    if (ngx_cc_close_except(keep, 3) == -1 || ngx_cc_close_stdio() == -1) {
        return -1;
    }

    s->list = mmap(NULL, sizeof(ngx_cc_keeper_list_t)
                         + NGX_CC_SPAWNER_MAX * sizeof(pid_t),
                   PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (s->list == MAP_FAILED) {
        return -1;
    }

    s->signals = ngx_cc_birth_signals();
    ngx_cc_birth_schedule(s->conf->nice);

    /* afterwards it would be refused */

    if (!s->conf->raised) {
        ngx_cc_oom_raise(NGX_CC_SPAWNER_OOM);
    }

    /* it clears the death signal and may make this process dumpable */

    if (s->conf->user && ngx_cc_user_files(s->conf->user) == -1) {
        return -1;
    }

    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

    /* in case it was stopped: it has to see the worker's end */

    (void) prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);
    (void) setsid();
    (void) umask(077);

    limit.rlim_cur = 0;
    limit.rlim_max = 0;
    (void) setrlimit(RLIMIT_CORE, &limit);

    /*
     * worker_rlimit_nofile is for connections; old programs close or select()
     * over every descriptor that they may have.
     */

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0
        && limit.rlim_cur > NGX_CC_SPAWNER_NOFILE)
    {
        limit.rlim_cur = NGX_CC_SPAWNER_NOFILE;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }

    for (i = 0; i < s->conf->nmaps; i++) {
        (void) munmap(s->conf->maps[i].addr, s->conf->maps[i].size);
    }

    ngx_cc_birth_title(s->conf->argv, s->conf->title_room,
                       s->conf->program, "keeper");

    s->keeper = ngx_cc_keeper_split(s->list, s->conf->user != NULL);

    if (s->keeper == -1) {
        return -1;
    }

    /* not inherited, and one's own: helpers and commands share it */

    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void) setsid();

    ngx_cc_birth_title(s->conf->argv, s->conf->title_room,
                       s->conf->program, "spawner");

    s->childless = 1;

    return (s->signals == -1) ? -1 : ngx_cc_proc_open(&s->proc);
}


static void
ngx_cc_spawner_wait(ngx_cc_spawner_t *s)
{
    int            n, timeout;
    struct pollfd  fds[4];

    fds[0].fd = s->signals;
    fds[0].events = POLLIN;
    fds[1].fd = s->socket;
    fds[1].events = s->full ? POLLIN|POLLOUT : POLLIN;
    fds[2].fd = s->quitting ? -1 : s->conf->deathwatch;
    fds[2].events = POLLIN;
    fds[3].fd = s->keeper;
    fds[3].events = POLLIN;

    timeout = -1;

    if (s->wake_at) {
        timeout = s->wake_at > s->now ? (int) (s->wake_at - s->now) : 0;
    }

    if (s->tmp.stale) {
        timeout = 0;

    } else if (!s->quitting && s->list->alive < s->wanted && !s->full) {
        timeout = s->retry_at > s->now ? (int) (s->retry_at - s->now) : 0;
    }

    n = poll(fds, 4, timeout);

    s->now = ngx_cc_clock_ms();

    if (s->wake_at && s->now >= s->wake_at) {
        ngx_cc_spawner_wake(s);
    }

    ngx_cc_spawner_reap(s);

    if (n == -1) {
        /* the state of the descriptors is unknown */
        return;
    }

    if (fds[1].revents & POLLOUT) {
        s->full = 0;
    }

    if (fds[1].revents & ~POLLOUT) {
        ngx_cc_spawner_receive(s);
    }

    if (fds[2].revents) {
        s->quitting = 1;
        ngx_cc_spawner_orphaned(s);

        /* the worker lives on, and shall look for the next service */

        if (s->conf->user) {
            ngx_cc_spawner_leave(s);
        }
    }

    /* another one with a keeper takes over; what runs may end here */

    if (fds[3].revents) {
        (void) close(s->keeper);
        s->keeper = -1;
        ngx_cc_spawner_leave(s);
    }
}


static void
ngx_cc_spawner_receive(ngx_cc_spawner_t *s)
{
    ssize_t            n;
    ngx_cc_wire_msg_t  msg;

    for ( ;; ) {
        n = ngx_cc_fdmsg_recv(s->socket, &msg, sizeof(msg), NULL, NULL);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n == -1 && errno == ECONNRESET) {
            continue;
        }

        switch (n > 0 ? ngx_cc_wire_check(&msg, n) : 0) {

        case NGX_CC_WIRE_SUPPLY:
            s->wanted = msg.supply.helpers < NGX_CC_SPAWNER_MAX
                        ? msg.supply.helpers : NGX_CC_SPAWNER_MAX;
            s->quitting = (s->wanted == 0);
            break;

        case NGX_CC_WIRE_KILL:
            ngx_cc_spawner_kill(s, msg.helper.pid);
            break;

        default:
            /* the worker is gone, or sends nonsense */
            ngx_cc_spawner_orphaned(s);
            ngx_cc_spawner_leave(s);
            return;
        }
    }
}


/* the worker sees the end of file, and goes on without it */

static void
ngx_cc_spawner_leave(ngx_cc_spawner_t *s)
{
    if (s->socket != -1) {
        (void) close(s->socket);
        s->socket = -1;
    }

    s->quitting = 1;
}


/*
 * No worker, or no master: helpers see that themselves and leave, but a
 * stopped one does not.  Not at once: its own end of file may come a moment
 * after ours, and until then it would obey.  From then on one that is stopped
 * is told by SIGCHLD, so a kept command's helper can stay for days without
 * anybody who looks after it.
 */

static void
ngx_cc_spawner_orphaned(ngx_cc_spawner_t *s)
{
    s->orphaned = 1;
    s->wake_at = s->now + NGX_CC_SPAWNER_WAKE;
}


static void
ngx_cc_spawner_wake(ngx_cc_spawner_t *s)
{
    size_t  i;

    s->wake_at = 0;

    for (i = 0; i < s->list->alive; i++) {
        (void) kill(s->list->pid[i], SIGCONT);
    }
}


/* only an own child that is not yet waited for: its pid is its own still */

static void
ngx_cc_spawner_kill(ngx_cc_spawner_t *s, pid_t pid)
{
    size_t  i;

    for (i = 0; i < s->list->alive; i++) {
        if (s->list->pid[i] == pid) {
            (void) kill(pid, SIGKILL);
            return;
        }
    }
}


/*
 * A child that is not a helper of ours was left behind by one that died: it is
 * killed, and what it leaves as well.
 */

static void
ngx_cc_spawner_reap(ngx_cc_spawner_t *s)
{
    int                      status, orphans;
    pid_t                    pid;
    size_t                   i;
    struct signalfd_siginfo  info;

    while (read(s->signals, &info, sizeof(info)) > 0) { /* void */ }

    orphans = 0;

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG|WUNTRACED);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            s->childless = (pid == -1);
            break;
        }

        /* now there is no writer any more, or one less */

        s->tmp.stale = 1;
        orphans = 1;

        for (i = 0; i < s->list->alive; i++) {
            if (s->list->pid[i] == pid) {
                ngx_cc_spawner_ended(s, i, status);
                break;
            }
        }
    }

    if (orphans && !s->childless) {
        (void) ngx_cc_sweep_kill(&s->proc, (const pid_t *) s->list->pid,
                                 s->list->alive);
    }

    /* when the last of what a dead helper has left is gone, its group goes */

    if (orphans && s->conf->cgroup != -1) {
        (void) ngx_cc_cgroup_sweep(s->conf->cgroup);
    }
}


/* a helper has ended, or was stopped */

static void
ngx_cc_spawner_ended(ngx_cc_spawner_t *s, size_t i, int status)
{
    int     early;
    pid_t   pid;
    size_t  last;

    pid = s->list->pid[i];

    if (!WIFSTOPPED(status)) {

        /* 0: the worker did not want it any more */

        early = status != 0 && s->now - s->born[i] < NGX_CC_SPAWNER_EARLY;

        /* in this order: the keeper may have to read it at any moment */

        last = s->list->alive - 1;
        s->list->pid[i] = s->list->pid[last];
        s->born[i] = s->born[last];
        s->list->alive = last;

        if (early && !s->quitting) {
            ngx_cc_spawner_failed(s, 0);
        }

    } else if (s->orphaned) {
        ngx_cc_spawner_orphaned(s);
    }

    ngx_cc_spawner_gone(s, pid, status);
}


static void
ngx_cc_spawner_supply(ngx_cc_spawner_t *s)
{
    while (!s->quitting && !s->full && s->list->alive < s->wanted
           && s->now >= s->retry_at)
    {
        if (ngx_cc_spawner_make(s) == 0) {
            continue;
        }

        if (errno == EAGAIN && s->full) {
            return;
        }

        ngx_cc_spawner_failed(s, errno);
    }
}


/*
 * A helper could not be made (errno), or died at its birth (0): the next one
 * after a pause, which grows with each failure in a row.
 */

static void
ngx_cc_spawner_failed(ngx_cc_spawner_t *s, int err)
{
    if (s->now - s->failed_at > NGX_CC_SPAWNER_CALM) {
        s->failures = 0;
    }

    s->failed_at = s->now;
    s->retry_at = s->now
                  + ngx_cc_spawner_backoff[s->failures < 2 ? s->failures : 2];
    s->failures++;

    ngx_cc_spawner_refuse(s, err);
}


/* tells the worker why there is none */

static void
ngx_cc_spawner_refuse(ngx_cc_spawner_t *s, int err)
{
    ngx_cc_wire_failed_t  msg;

    if (s->socket != -1) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_NOFORK, 0, sizeof(msg));
        msg.error = err;

        (void) ngx_cc_fdmsg_send(s->socket, &msg, sizeof(msg), NULL, 0);
    }
}


/* 0, or -1 with errno; "full" is set when the worker's queue was */

static int
ngx_cc_spawner_make(ngx_cc_spawner_t *s)
{
    int                   err, pair[2], fds[2];
    pid_t                 pid;
    size_t                page;
    ngx_cc_wire_helper_t  msg;
    ngx_cc_helper_conf_t  conf;

    page = sysconf(_SC_PAGESIZE);
    conf.ring_size = (s->conf->ring + page - 1) / page * page;
    conf.deathwatch = s->conf->deathwatch;
    conf.tmp = s->conf->tmp;
    conf.seccomp = s->conf->seccomp;
    conf.enclosed = s->conf->enclosed;
    conf.user = s->conf->user;
    conf.cgroup = s->conf->cgroup;
    conf.ring = ngx_cc_ring_create(conf.ring_size);

    if (conf.ring == -1) {
        return -1;
    }

    fds[1] = ngx_cc_ring_reopen(conf.ring);

    if (fds[1] == -1) {
        err = errno;
        goto no_reopen;
    }

    if (ngx_cc_fdmsg_pair(pair) == -1) {
        err = errno;
        goto no_pair;
    }

    fds[0] = pair[0];
    conf.socket = pair[1];

    /*
     * Raw: libc's fork would run handlers of the worker's libraries and take
     * locks that a thread may have held.
     */

    pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == 0) {
        ngx_cc_birth_title(s->conf->argv, s->conf->title_room,
                           s->conf->program, "helper");
        ngx_cc_helper_run(&conf);
    }

    err = errno;

    if (pid != -1) {
        s->born[s->list->alive] = s->now;
        s->list->pid[s->list->alive] = pid;
        s->list->alive++;
        s->childless = 0;

        ngx_cc_wire_init(&msg, NGX_CC_WIRE_HELPER, 0, sizeof(msg));
        msg.pid = pid;
        msg.ring = conf.ring_size;
        err = 0;

        /* unsent, its socket closes below: then it leaves by itself */

        if (ngx_cc_fdmsg_send(s->socket, &msg, sizeof(msg), fds, 2) == -1) {
            err = errno;
            s->full = (err == EAGAIN);
        }
    }

    (void) close(pair[0]);
    (void) close(pair[1]);

no_pair:

    (void) close(fds[1]);

no_reopen:

    (void) close(conf.ring);

    errno = err;

    return err ? -1 : 0;
}


/* its own end of file tells the worker that it is gone; this, how it ended */

static void
ngx_cc_spawner_gone(ngx_cc_spawner_t *s, pid_t pid, int status)
{
    ngx_cc_wire_helper_t  msg;

    if (s->socket == -1) {
        return;
    }

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_GONE, 0, sizeof(msg));
    msg.pid = pid;
    msg.status = status;

    (void) ngx_cc_fdmsg_send(s->socket, &msg, sizeof(msg), NULL, 0);
}
