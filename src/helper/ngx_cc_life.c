
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_launch.h"
#include "ngx_cc_life.h"
#include "ngx_cc_remote.h"


#define NGX_CC_LIFE_TELL      5          /* ms that STARTED is held back */
#define NGX_CC_LIFE_DROP      20         /* ms that an empty TMPDIR is kept for
                                            the next command */


static void ngx_cc_life_traced(ngx_cc_life_t *life, pid_t pid, int signo);
static void ngx_cc_life_gone(ngx_cc_life_t *life, pid_t pid, int status,
    const struct rusage *ru);


int
ngx_cc_life_init(ngx_cc_life_t *life, uint8_t *ring, size_t size)
{
    sigset_t  set;

    /* SIGPIPE stays default for commands; here a broken stdin is an errno */

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    life->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    sigaddset(&set, SIGPIPE);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    if (life->signals == -1 || ngx_cc_tree_init(&life->tree) == -1
        || ngx_cc_pump_init(&life->pump) == -1)
    {
        return -1;
    }

    life->pump.ring.base = ring;
    life->pump.ring.size = size;

    life->tell_at = NGX_CC_LIFE_NEVER;
    life->limit_at = NGX_CC_LIFE_NEVER;
    life->ladder_at = NGX_CC_LIFE_NEVER;
    life->tick_at = NGX_CC_LIFE_NEVER;
    life->signal_at = NGX_CC_LIFE_NEVER;
    life->childless = 1;
    life->fence = -1;
    life->script = -1;
    ngx_cc_cgroup_init(&life->cgroup, -1);

    ngx_cc_life_woke(life);

    return 0;
}


void
ngx_cc_life_start(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const char **vector)
{
    pid_t                  pid;
    ngx_cc_child_result_t  result;

    life->run = start->head.run;

    pid = ngx_cc_launch(life, start, vector, &result);

    if (pid == -1) {
        ngx_cc_life_refuse(life, life->run, result.stage, result.error);
        return;
    }

    life->state = NGX_CC_LIFE_RUNNING;
    life->pid = pid;
    life->childless = 0;
    life->paused = 0;
    life->freezing = 0;
    life->ended = 0;
    life->stdin_open = (start->head.flags & NGX_CC_START_STDIN) ? 1 : 0;
    life->pump.max = start->max_output;

    ngx_cc_wire_init(&life->exited, NGX_CC_WIRE_EXITED, life->run,
                     sizeof(life->exited));
    life->exited.pid = pid;

    /* where "elapsed" begins: both together say when it ended */

    life->exited.start = ngx_cc_clock_real_us()
                         - (ngx_cc_clock_us() - life->born);

    life->nunpassed = 0;
    life->told = 0;

    life->tell = NGX_CC_TELL_STARTED;
    life->tell_at = life->now + NGX_CC_LIFE_TELL;

    life->grace = start->grace;
    life->linger = start->linger;
    life->silence = start->silence;

    life->run_limit = start->run_limit;
    life->quiet_since = life->now;
    life->limit_at = start->run_limit ? life->now + start->run_limit
                                      : NGX_CC_LIFE_NEVER;
    life->ladder_at = NGX_CC_LIFE_NEVER;
    life->tick_at = NGX_CC_LIFE_NEVER;
}


void
ngx_cc_life_limit(ngx_cc_life_t *life, uint64_t run_limit)
{
    if (life->state != NGX_CC_LIFE_RUNNING) {
        /* its end has begun */
        return;
    }

    if (run_limit == 0) {
        life->limit_at = NGX_CC_LIFE_NEVER;

    } else if (life->limit_at == NGX_CC_LIFE_NEVER) {
        life->limit_at = life->born / 1000 + run_limit;

    } else {
        life->limit_at += run_limit - life->run_limit;
    }

    life->run_limit = run_limit;
}


void
ngx_cc_life_refuse(ngx_cc_life_t *life, uint32_t run, ngx_cc_stage_e stage,
    int error)
{
    life->run = run;

    ngx_cc_life_clear(life);

    ngx_cc_wire_init(&life->failed, NGX_CC_WIRE_FAILED, life->run,
                     sizeof(life->failed));
    life->failed.stage = stage;
    life->failed.error = error;

    life->tell = NGX_CC_TELL_FAILED;
}


void
ngx_cc_life_woke(ngx_cc_life_t *life)
{
    uint64_t  before;

    before = life->now;
    life->now = ngx_cc_clock_ms();

    if (life->paused || !ngx_cc_pump_room(&life->pump)) {
        /* silence that is not the command's fault does not count */
        life->quiet_since += life->now - before;
    }

    if (life->paused && life->limit_at != NGX_CC_LIFE_NEVER) {
        /* nor does the time that its client has stopped it for */
        life->limit_at += life->now - before;
    }
}


uint64_t
ngx_cc_life_next(ngx_cc_life_t *life)
{
    uint64_t  next, at;

    next = life->tell_at;

    at = (life->paused && life->limit_at != NGX_CC_LIFE_NEVER)
         ? life->look_at : life->limit_at;

    if (at < next) {
        next = at;
    }

    if (life->ladder_at < next) {
        next = life->ladder_at;
    }

    if (life->tick_at < next) {
        next = life->tick_at;
    }

    if (life->signal_at < next) {
        next = life->signal_at;
    }

    if (life->control && ngx_cc_remote_next(life) < next) {
        next = ngx_cc_remote_next(life);
    }

    if (life->pump.input_busy && life->pump.pty.master != -1
        && life->pump.pty.retry_at < next)
    {
        next = life->pump.pty.retry_at;
    }

    if (life->tmp.kept && life->drop_at < next) {
        next = life->drop_at;
    }

    if (life->tmp.dirty) {
        next = life->now;
    }

    if (life->state == NGX_CC_LIFE_RUNNING && life->silence && !life->paused
        && ngx_cc_pump_room(&life->pump)
        && life->quiet_since + life->silence < next)
    {
        next = life->quiet_since + life->silence;
    }

    return next;
}


void
ngx_cc_life_orphan(ngx_cc_life_t *life)
{
    life->orphaned = 1;
    life->tell = 0;
    life->tell_at = NGX_CC_LIFE_NEVER;

    if (life->state == NGX_CC_LIFE_IDLE) {
        life->state = NGX_CC_LIFE_OVER;
        return;
    }

    life->pump.discard = 1;
    ngx_cc_ladder_begin(life, NGX_CC_CAUSE_DISCONNECT);
}


void
ngx_cc_life_reap(ngx_cc_life_t *life)
{
    int                      status;
    pid_t                    pid;
    ssize_t                  n;
    struct rusage            ru;
    struct signalfd_siginfo  info;

    /* they do not queue: what comes later wakes us up again */

    n = read(life->signals, &info, sizeof(info));
    (void) n;

    for ( ;; ) {
        pid = wait4(-1, &status, WNOHANG, &ru);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            life->childless = (pid == -1);
            return;
        }

        if (WIFSTOPPED(status)) {
            ngx_cc_life_traced(life, pid, WSTOPSIG(status));
            continue;
        }

        ngx_cc_life_gone(life, pid, status, &ru);
    }
}


/*
 * It has asked its parent to trace it (PTRACE_TRACEME), which we do not: it is
 * let go for good, and gets what it was stopped for.  Only a SIGTRAP (an exec)
 * and a SIGSTOP of its own, in wait for its tracer, are not for it.
 */

static void
ngx_cc_life_traced(ngx_cc_life_t *life, pid_t pid, int signo)
{
    if (signo == SIGTRAP || (signo == SIGSTOP && !life->paused)) {
        signo = 0;
    }

    (void) ptrace(PTRACE_DETACH, pid, NULL, (void *) (intptr_t) signo);
}


/* a descendant: what it has used counts, too */

static void
ngx_cc_life_gone(ngx_cc_life_t *life, pid_t pid, int status,
    const struct rusage *ru)
{
    ngx_cc_wire_exited_t  *exited;

    if (life->control && ngx_cc_remote_gone(life, pid, status)) {
        return;
    }

    exited = &life->exited;

    exited->user += ru->ru_utime.tv_sec * 1000000ULL + ru->ru_utime.tv_usec;
    exited->system += ru->ru_stime.tv_sec * 1000000ULL + ru->ru_stime.tv_usec;

    if ((uint64_t) ru->ru_maxrss > exited->max_rss) {
        exited->max_rss = ru->ru_maxrss;
    }

    if (pid == life->pid) {
        life->pid = 0;
        life->paused = 0;
        exited->status = life->control ? ngx_cc_remote_status(status)
                                       : status;
        exited->elapsed = ngx_cc_clock_us() - life->born;

    } else if (life->state == NGX_CC_LIFE_SWEEPING) {
        exited->swept += (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}


int
ngx_cc_life_pump(ngx_cc_life_t *life, int out, int err)
{
    if (out) {
        out = ngx_cc_pump_read(&life->pump, NGX_CC_STDOUT);
    }

    if (err) {
        err = ngx_cc_pump_read(&life->pump, NGX_CC_STDERR);
    }

    if (out == 1 || err == 1) {
        life->quiet_since = life->now;
    }

    if (life->pump.over) {
        ngx_cc_ladder_begin(life, NGX_CC_CAUSE_OUTPUT);
    }

    if (out == -1 || err == -1) {
        return -1;
    }

    return out || err;
}


void
ngx_cc_life_shrink(ngx_cc_life_t *life)
{
    ngx_cc_pump_shrink(&life->pump);

    if (life->fence != -1) {
        (void) close(life->fence);
        life->fence = -1;
    }
}


void
ngx_cc_life_clear(ngx_cc_life_t *life)
{
    ngx_cc_control_free(life->control);
    life->control = NULL;
    ngx_cc_cgroup_remove(&life->cgroup);
    ngx_cc_pump_close(&life->pump);
    ngx_cc_tmpdir_done(&life->tmp);
    life->drop_at = life->now + NGX_CC_LIFE_DROP;
}


const ngx_cc_wire_unpassed_t *
ngx_cc_life_unpassed(const ngx_cc_life_t *life, uint32_t *told)
{
    if (*told == life->nunpassed) {
        return NULL;
    }

    if (life->nunpassed - *told > NGX_CC_LIFE_UNPASSED) {
        *told = life->nunpassed - NGX_CC_LIFE_UNPASSED;
    }

    return &life->unpassed[*told % NGX_CC_LIFE_UNPASSED];
}
