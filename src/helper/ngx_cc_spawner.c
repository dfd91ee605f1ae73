
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
#include <time.h>
#include <unistd.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper.h"
#include "ngx_cc_oom.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_sweep.h"
#include "ngx_cc_tmpdir.h"
#include "ngx_cc_wire.h"


#define NGX_CC_SPAWNER_MAX      1024     /* helpers */
#define NGX_CC_SPAWNER_NOFILE  1024      /* descriptors of a command */
#define NGX_CC_SPAWNER_OOM      200      /* added to oom_score_adj */
#define NGX_CC_SPAWNER_EARLY    100      /* ms; dead sooner: not viable */
#define NGX_CC_SPAWNER_CALM     10000    /* ms; later it is another failure */
#define NGX_CC_SPAWNER_WAKE     1000     /* ms; how often helpers are woken
                                            that should leave */


typedef struct {
    const ngx_cc_spawner_conf_t  *conf;
    ngx_cc_sweep_t        sweep;
    ngx_cc_tmpdir_t       tmp;           /* what dead helpers have left there */
    int                   signals;       /* signalfd of SIGCHLD */
    int                   socket;        /* -1: the worker is gone */
    size_t                wanted;
    size_t                alive;
    pid_t                 pid[NGX_CC_SPAWNER_MAX];   /* alive of them */
    uint64_t              born[NGX_CC_SPAWNER_MAX];  /* ms */
    size_t                failures;      /* forks that failed in a row, and
                                            helpers that died at once */
    uint64_t              failed_at;     /* ms; the last of them */
    uint64_t              retry_at;      /* ms; 0 = at once */
    uint64_t              now;           /* ms */
    int                   quitting;      /* makes no more helpers */
    int                   alone;         /* worker or master is gone */
    int                   full;          /* the socket takes no message */
} ngx_cc_spawner_t;


static void ngx_cc_spawner_birth(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_descriptors(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_signals(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_schedule(const ngx_cc_spawner_conf_t *conf);
static void ngx_cc_spawner_title(const ngx_cc_spawner_conf_t *conf,
    const char *title);
static void ngx_cc_spawner_wait(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_receive(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_wake(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_kill(ngx_cc_spawner_t *s, pid_t pid);
static void ngx_cc_spawner_reap(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_supply(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_failed(ngx_cc_spawner_t *s, int err);
static int ngx_cc_spawner_make(ngx_cc_spawner_t *s);
static void ngx_cc_spawner_gone(ngx_cc_spawner_t *s, pid_t pid, int status);
static uint64_t ngx_cc_spawner_clock(void);


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

    ngx_cc_spawner_birth(s);
    ngx_cc_tmpdir_init(&s->tmp, conf->tmp);
    s->tmp.stale = 1;
    s->now = ngx_cc_spawner_clock();

    for ( ;; ) {
        ngx_cc_spawner_supply(s);

        if (s->quitting && s->alive == 0) {
            ngx_cc_tmpdir_leave(&s->tmp);
            _exit(0);
        }

        if (s->tmp.stale) {
            ngx_cc_tmpdir_step(&s->tmp);
        }

        ngx_cc_spawner_wait(s);
    }
}


static void
ngx_cc_spawner_birth(ngx_cc_spawner_t *s)
{
    size_t         i;
    struct rlimit  limit;

    ngx_cc_spawner_descriptors(s);
    ngx_cc_spawner_signals(s);
    ngx_cc_spawner_schedule(s->conf);

    /* afterwards it would be refused */

    ngx_cc_oom_raise(NGX_CC_SPAWNER_OOM);

    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

    /* should somebody have stopped it: it has to see the worker's end */

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

    /* what the worker will give to others is not ours to know */

    ngx_cc_random_forget();

    for (i = 0; i < s->conf->nmaps; i++) {
        (void) munmap(s->conf->maps[i].addr, s->conf->maps[i].size);
    }

    ngx_cc_spawner_title(s->conf, "nginx: cc spawner");

    if (s->signals == -1 || ngx_cc_sweep_init(&s->sweep) == -1) {
        _exit(0);
    }
}


static void
ngx_cc_spawner_descriptors(ngx_cc_spawner_t *s)
{
    int  fd, low, high;

    fd = open("/dev/null", O_RDWR);

    if (fd != -1) {
        (void) dup2(fd, 0);
        (void) dup2(fd, 1);
        (void) dup2(fd, 2);
    }

    low = s->socket;
    high = s->conf->deathwatch;

    if (high == -1) {
        high = low;

    } else if (low > high) {
        low = high;
        high = s->socket;
    }

    if (low > 3) {
        (void) syscall(SYS_close_range, 3, low - 1, 0);
    }

    if (high > low + 1) {
        (void) syscall(SYS_close_range, low + 1, high - 1, 0);
    }

    (void) syscall(SYS_close_range, high + 1, ~0U, 0);
}


/*
 * Default everything: helpers and commands inherit it.  Not by sigaction(),
 * which refuses the two signals that the thread library keeps for itself; they
 * may have been ignored by whoever started nginx all the same.
 */

static void
ngx_cc_spawner_signals(ngx_cc_spawner_t *s)
{
    int       signo;
    sigset_t  set;

    /* as the kernel has it: handler (0 = default), flags, restorer, mask */

    static const unsigned long  action[8];

    for (signo = 1; signo < NSIG; signo++) {
        (void) syscall(SYS_rt_sigaction, signo, action, NULL, NSIG / 8);
    }

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);

    (void) sigprocmask(SIG_SETMASK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);
}


/*
 * worker_cpu_affinity and worker_priority are for workers; a compiler that was
 * bound to one core would be a bad surprise.
 */

static void
ngx_cc_spawner_schedule(const ngx_cc_spawner_conf_t *conf)
{
    cpu_set_t           cpus;
    struct sched_param  param;

    memset(&cpus, 0xff, sizeof(cpus));
    (void) sched_setaffinity(0, sizeof(cpus), &cpus);

    memset(&param, 0, sizeof(param));
    (void) sched_setscheduler(0, SCHED_OTHER, &param);
    (void) setpriority(PRIO_PROCESS, 0, conf->nice);
    (void) prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
}


static void
ngx_cc_spawner_title(const ngx_cc_spawner_conf_t *conf, const char *title)
{
    size_t  n;

    if (conf->argv == NULL || conf->title_room == 0) {
        return;
    }

    n = strlen(title);
    n = n < conf->title_room ? n : conf->title_room - 1;

    memcpy(conf->argv[0], title, n);
    memset(conf->argv[0] + n, 0, conf->title_room - n);
}


static void
ngx_cc_spawner_wait(ngx_cc_spawner_t *s)
{
    int            timeout;
    struct pollfd  fds[3];

    fds[0].fd = s->signals;
    fds[0].events = POLLIN;
    fds[1].fd = s->socket;
    fds[1].events = s->full ? POLLIN|POLLOUT : POLLIN;
    fds[2].fd = s->quitting ? -1 : s->conf->deathwatch;
    fds[2].events = POLLIN;

    timeout = (s->alone && s->alive) ? NGX_CC_SPAWNER_WAKE : -1;

    if (s->tmp.stale) {
        timeout = 0;

    } else if (!s->quitting && s->alive < s->wanted && !s->full) {
        timeout = s->retry_at > s->now ? (int) (s->retry_at - s->now) : 0;
    }

    if (poll(fds, 3, timeout) == 0 && s->alone) {
        ngx_cc_spawner_wake(s);
    }

    s->now = ngx_cc_spawner_clock();

    ngx_cc_spawner_reap(s);

    if (fds[1].revents & POLLOUT) {
        s->full = 0;
    }

    if (fds[1].revents & ~POLLOUT) {
        ngx_cc_spawner_receive(s);
    }

    if (fds[2].revents) {
        s->quitting = 1;
        s->alone = 1;
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
            /* the worker is gone, or speaks nonsense */
            (void) close(s->socket);
            s->socket = -1;
            s->quitting = 1;
            s->alone = 1;
            return;
        }
    }
}


/*
 * No worker, or no master: helpers see that themselves and leave, but one that
 * somebody has stopped does not.  Not at once: its own end of file may come a
 * moment after ours, and until then it would obey.
 */

static void
ngx_cc_spawner_wake(ngx_cc_spawner_t *s)
{
    size_t  i;

    for (i = 0; i < s->alive; i++) {
        (void) kill(s->pid[i], SIGCONT);
    }
}


/* only an own child that is not yet waited for: its pid is its own still */

static void
ngx_cc_spawner_kill(ngx_cc_spawner_t *s, pid_t pid)
{
    size_t  i;

    for (i = 0; i < s->alive; i++) {
        if (s->pid[i] == pid) {
            (void) kill(pid, SIGKILL);
            return;
        }
    }
}


/*
 * Whoever is not a helper of ours was left behind by one that died: it is
 * killed, and what it leaves as well.
 */

static void
ngx_cc_spawner_reap(ngx_cc_spawner_t *s)
{
    int                      status, orphans, early;
    pid_t                    pid;
    size_t                   i;
    struct signalfd_siginfo  info;

    while (read(s->signals, &info, sizeof(info)) > 0) { /* void */ }

    orphans = 0;

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            if (pid == 0 && orphans) {
                (void) ngx_cc_sweep_kill(&s->sweep, s->pid, s->alive);
            }

            return;
        }

        for (i = 0; i < s->alive; i++) {
            if (s->pid[i] == pid) {

                /* 0: the worker did not want it any more */

                early = status != 0
                        && s->now - s->born[i] < NGX_CC_SPAWNER_EARLY;

                s->alive--;
                s->pid[i] = s->pid[s->alive];
                s->born[i] = s->born[s->alive];
                ngx_cc_spawner_gone(s, pid, status);

                if (early && !s->quitting) {
                    ngx_cc_spawner_failed(s, 0);
                }

                break;
            }
        }

        /* now nobody writes there any more, or one less */

        s->tmp.stale = 1;
        orphans = 1;
    }
}


static void
ngx_cc_spawner_supply(ngx_cc_spawner_t *s)
{
    while (!s->quitting && !s->full && s->alive < s->wanted
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
 * after a pause, which becomes longer as long as it goes on like that.
 */

static void
ngx_cc_spawner_failed(ngx_cc_spawner_t *s, int err)
{
    ngx_cc_wire_failed_t  msg;

    if (s->now - s->failed_at > NGX_CC_SPAWNER_CALM) {
        s->failures = 0;
    }

    s->failed_at = s->now;
    s->retry_at = s->now
                  + ngx_cc_spawner_backoff[s->failures < 2 ? s->failures : 2];
    s->failures++;

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
        ngx_cc_spawner_title(s->conf, "nginx: cc helper");
        ngx_cc_helper_run(&conf);
    }

    err = errno;

    if (pid != -1) {
        s->born[s->alive] = s->now;
        s->pid[s->alive++] = pid;

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


/* for the worker's log only: its own end of file tells it enough */

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


static uint64_t
ngx_cc_spawner_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}
