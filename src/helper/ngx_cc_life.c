
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_child.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_life.h"
#include "ngx_cc_place.h"


#define NGX_CC_LIFE_TELL      5          /* ms that STARTED is held back */
#define NGX_CC_LIFE_TICK      20         /* ms between looks at a tree that is
                                            being ended */
#define NGX_CC_LIFE_DROP      20         /* ms that an empty TMPDIR is kept for
                                            the next command */
#define NGX_CC_LIFE_RELUCTANT 10000      /* ms; what lives longer under KILL
                                            is stuck in the kernel */
#define NGX_CC_LIFE_RETRY     1000       /* ms between looks at such a one */
#define NGX_CC_LIFE_BATCH     16         /* reads, then poll */


static int ngx_cc_life_remake(const ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *strings, int err);
static void ngx_cc_life_leave(ngx_cc_life_t *life)
    __attribute__((noreturn));
static int ngx_cc_life_fence(ngx_cc_life_t *life,
    const ngx_cc_confine_t *confine, const char **paths);
static void ngx_cc_life_traced(ngx_cc_life_t *life, pid_t pid, int signo);
static void ngx_cc_life_sweep(ngx_cc_life_t *life);
static void ngx_cc_life_finish(ngx_cc_life_t *life);
static uint64_t ngx_cc_life_clock(clockid_t id);


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
    life->nobody = 1;
    life->fence = -1;

    ngx_cc_life_woke(life);

    return 0;
}


void
ngx_cc_life_start(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const char **vector)
{
    int                     i, fds[3];
    pid_t                   pid;
    ngx_cc_child_t          child;
    ngx_cc_child_result_t   result;
    ngx_cc_wire_strings_t   strings;

    life->run = start->head.run;

    ngx_cc_wire_start_unpack(start, &strings, vector);

    child.cwd = strings.cwd;
    child.beneath = strings.beneath;
    child.program = strings.program;
    child.argv = strings.argv;
    child.env = strings.env;
    child.confine = &start->confine;
    child.search = start->head.flags & NGX_CC_START_SEARCH;
    child.exact = start->head.flags & NGX_CC_START_EXACT;

    ngx_cc_tmpdir_give(&life->tmp, &strings);

    child.direct = ngx_cc_direct_start(start, &strings);

    life->stdin_open = (start->head.flags & NGX_CC_START_STDIN) ? 1 : 0;

    ngx_cc_wire_init(&life->exited, NGX_CC_WIRE_EXITED, life->run,
                     sizeof(life->exited));

    life->born = ngx_cc_life_clock(CLOCK_MONOTONIC);
    life->now = life->born / 1000;

    if (ngx_cc_life_fence(life, &start->confine, strings.paths) == -1
        && (!ngx_cc_life_remake(start, &strings, errno)
            || ngx_cc_life_fence(life, &start->confine, strings.paths) == -1))
    {
        result.stage = NGX_CC_STAGE_FENCE;
        result.error = errno;
        pid = -1;

    } else if (ngx_cc_pump_open(&life->pump, life->stdin_open, start->window,
                                fds)
               == -1)
    {
        result.stage = NGX_CC_STAGE_PIPE;
        result.error = errno;
        pid = -1;

    } else {
        child.fence = life->fence;
        child.filter = life->filter.set ? &life->filter : NULL;
        child.in = fds[0];
        child.out = fds[1];
        child.err = fds[2];

        pid = ngx_cc_child_start(&child, &result);

        if (pid == -1 && result.stage == NGX_CC_STAGE_CHDIR
            && ngx_cc_life_remake(start, &strings, result.error))
        {
            pid = ngx_cc_child_start(&child, &result);
        }

        for (i = 0; i < 3; i++) {
            if (fds[i] != -1) {
                (void) close(fds[i]);
            }
        }
    }

    if (pid == -1) {
        ngx_cc_pump_close(&life->pump);
        ngx_cc_tmpdir_done(&life->tmp);
        life->drop_at = life->now + NGX_CC_LIFE_DROP;

        ngx_cc_wire_init(&life->failed, NGX_CC_WIRE_FAILED, life->run,
                         sizeof(life->failed));
        life->failed.stage = result.stage;
        life->failed.error = result.error;
        life->tell = NGX_CC_TELL_FAILED;
        return;
    }

    life->pump.max = start->max_output;

    life->state = NGX_CC_LIFE_RUNNING;
    life->pid = pid;
    life->exited.pid = pid;
    life->exited.start = ngx_cc_life_clock(CLOCK_REALTIME);
    life->nobody = 0;
    life->paused = 0;
    life->ended = 0;
    life->tell = NGX_CC_TELL_STARTED;
    life->tell_at = life->now + NGX_CC_LIFE_TELL;
    life->grace = start->grace;
    life->linger = start->linger;
    life->silence = start->silence;
    life->quiet_since = life->now;
    life->limit_at = start->run_limit ? life->now + start->run_limit
                                   : NGX_CC_LIFE_NEVER;
    life->ladder_at = NGX_CC_LIFE_NEVER;
    life->tick_at = NGX_CC_LIFE_NEVER;
}


/*
 * A command may have removed the default directory, which is no reason that
 * nobody can start there any more.  True when it was missing and is there now.
 */

static int
ngx_cc_life_remake(const ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *strings, int err)
{
    return err == ENOENT && (start->head.flags & NGX_CC_START_WORK)
           && ngx_cc_place_make(strings->cwd) == 0;
}


/*
 * Most commands have the same fence, so it is kept; one with paths is made
 * again: they may lead to other files now.
 */

static int
ngx_cc_life_fence(ngx_cc_life_t *life, const ngx_cc_confine_t *confine,
    const char **paths)
{
    unsigned  set;

    set = ngx_cc_seccomp_set(confine) & ~life->inherits;

    if (set == 0) {
        life->filter.set = 0;

    } else if (set != life->filter.set) {
        ngx_cc_seccomp_make(&life->filter, set);
    }

    if (life->fence != -1) {
        if (life->fenced.fence == confine->fence
            && life->fenced.flags == confine->flags
            && life->fenced.nread + life->fenced.nwrite == 0
            && confine->nread + confine->nwrite == 0)
        {
            return 0;
        }

        (void) close(life->fence);
        life->fence = -1;
    }

    if (confine->fence < NGX_CC_FENCE_MIN) {
        return 0;
    }

    life->fence = ngx_cc_fence_make(confine, paths, life->tmp.fd);
    life->fenced = *confine;

    return life->fence == -1 ? -1 : 0;
}


void
ngx_cc_life_woke(ngx_cc_life_t *life)
{
    uint64_t  before;

    before = life->now;
    life->now = ngx_cc_life_clock(CLOCK_MONOTONIC) / 1000;

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
ngx_cc_life_alone(ngx_cc_life_t *life)
{
    life->alone = 1;
    life->tell = 0;
    life->tell_at = NGX_CC_LIFE_NEVER;

    if (life->state == NGX_CC_LIFE_IDLE) {
        ngx_cc_life_leave(life);
    }

    life->pump.discard = 1;
    ngx_cc_ladder_begin(life, NGX_CC_CAUSE_DISCONNECT);
}


void
ngx_cc_life_reap(ngx_cc_life_t *life)
{
    int                      status;
    pid_t                    pid;
    struct rusage            ru;
    struct signalfd_siginfo  info;

    /* they do not queue: what comes later wakes us up again */

    if (read(life->signals, &info, sizeof(info)) == -1) { /* void */ }

    for ( ;; ) {
        pid = wait4(-1, &status, WNOHANG, &ru);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            life->nobody = (pid == -1);
            return;
        }

        if (WIFSTOPPED(status)) {
            ngx_cc_life_traced(life, pid, WSTOPSIG(status));
            continue;
        }

        life->exited.user += ru.ru_utime.tv_sec * 1000000ULL
                          + ru.ru_utime.tv_usec;
        life->exited.system += ru.ru_stime.tv_sec * 1000000ULL
                            + ru.ru_stime.tv_usec;

        if ((uint64_t) ru.ru_maxrss > life->exited.max_rss) {
            life->exited.max_rss = ru.ru_maxrss;
        }

        if (pid == life->pid) {
            life->pid = 0;
            life->paused = 0;
            life->exited.status = status;
            life->exited.elapsed = ngx_cc_life_clock(CLOCK_MONOTONIC)
                                - life->born;

        } else if (life->state == NGX_CC_LIFE_SWEEPING) {
            life->exited.swept += (WIFSIGNALED(status)
                                && WTERMSIG(status) == SIGKILL);
        }
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


/* the state table (see the header), and stdin beside it */

void
ngx_cc_life_advance(ngx_cc_life_t *life)
{
    int  i, rc;

    if (life->pump.input_busy && (ngx_cc_pump_write(&life->pump)
                               || life->state == NGX_CC_LIFE_DRAINING))
    {
        life->pump.input_busy = 0;

        ngx_cc_wire_init(&life->input_done, NGX_CC_WIRE_INPUT_DONE, life->run,
                         sizeof(life->input_done));
        life->input_done.len = life->pump.input_pos;

        if (life->pump.in == -1 || life->state == NGX_CC_LIFE_DRAINING) {
            life->input_done.head.flags = NGX_CC_INPUT_CLOSED;
        }

        life->tell |= life->alone ? 0 : NGX_CC_TELL_INPUT;
    }

    if (life->now >= life->signal_at) {
        ngx_cc_ladder_spread(life);
    }

    if (life->paused && life->limit_at != NGX_CC_LIFE_NEVER
        && life->now >= life->look_at)
    {
        ngx_cc_ladder_look(life);
    }

    switch (life->state) {

    case NGX_CC_LIFE_IDLE:
        if (life->tmp.kept && life->now >= life->drop_at) {
            ngx_cc_tmpdir_drop(&life->tmp);
        }

        return;

    case NGX_CC_LIFE_RUNNING:
        if (life->pid == 0) {
            life->exited.cause = WIFSIGNALED(life->exited.status)
                              ? NGX_CC_CAUSE_SIGNAL : NGX_CC_CAUSE_EXIT;
            life->limit_at = NGX_CC_LIFE_NEVER;

            life->state = NGX_CC_LIFE_LINGER;
            life->ladder_at = life->now + life->linger;
            break;
        }

        if (life->now >= life->limit_at && !life->paused) {
            ngx_cc_ladder_begin(life, NGX_CC_CAUSE_TIMEOUT);

        } else if (life->silence && !life->paused
                   && life->now >= life->quiet_since + life->silence)
        {
            ngx_cc_ladder_begin(life, NGX_CC_CAUSE_SILENCE);
        }

        return;

    case NGX_CC_LIFE_ENDING:
        if (life->now < life->ladder_at && !life->nobody) {
            /* descendants of the command may still be cleaning up */
            return;
        }

        break;

    default:
        break;
    }

    if (life->state == NGX_CC_LIFE_LINGER && !life->nobody
        && life->now < life->ladder_at)
    {
        return;
    }

    if (life->state == NGX_CC_LIFE_LINGER
        || life->state == NGX_CC_LIFE_ENDING)
    {
        life->state = NGX_CC_LIFE_SWEEPING;
        life->ladder_at = NGX_CC_LIFE_NEVER;
        life->tick_at = life->now;
        ngx_cc_ladder_told(life);
        life->reluctant_at = life->now + NGX_CC_LIFE_RELUCTANT;
    }

    if (life->state == NGX_CC_LIFE_SWEEPING) {
        ngx_cc_life_sweep(life);
    }

    if (life->state == NGX_CC_LIFE_DRAINING) {

        for (i = 0; i < NGX_CC_LIFE_BATCH; i++) {
            rc = ngx_cc_life_pump(life, 1, 1);

            if (rc == 0 || (life->pump.bytes[0] >= life->all[0]
                            && life->pump.bytes[1] >= life->all[1]))
            {
                ngx_cc_life_finish(life);
                return;
            }

            if (rc == -1) {
                life->tell |= (life->alone || life->ended) ? 0
                                                       : NGX_CC_TELL_ENDED;
                life->ended = 1;
                /* the worker's CREDIT wakes us */
                life->tick_at = NGX_CC_LIFE_NEVER;
                return;
            }
        }

        life->tick_at = life->now;
    }
}


static void
ngx_cc_life_sweep(ngx_cc_life_t *life)
{
    /* who has no descendant left cannot get one */

    if (!life->nobody) {
        ngx_cc_life_reap(life);
    }

    if (life->nobody) {
        life->state = NGX_CC_LIFE_DRAINING;
        life->tick_at = NGX_CC_LIFE_NEVER;
        ngx_cc_pump_measure(&life->pump, life->all);
        return;
    }

    if (life->now < life->reluctant_at) {
        (void) ngx_cc_tree_kill(&life->tree, life->pid);
        life->tick_at = life->now + NGX_CC_LIFE_TICK;
        return;
    }

    if (life->alone) {
        /* whoever adopts it, kills it */
        ngx_cc_life_leave(life);
    }

    (void) ngx_cc_tree_kill(&life->tree, life->pid);
    life->tick_at = life->now + NGX_CC_LIFE_RETRY;
}


static void
ngx_cc_life_leave(ngx_cc_life_t *life)
{
    ngx_cc_tmpdir_leave(&life->tmp);
    _exit(0);
}


/* everybody is gone, everything is read */

static void
ngx_cc_life_finish(ngx_cc_life_t *life)
{
    if (life->alone) {
        ngx_cc_life_leave(life);
    }

    if (life->pump.over && (life->exited.cause == NGX_CC_CAUSE_EXIT
                            || life->exited.cause == NGX_CC_CAUSE_SIGNAL))
    {
        /* it was done before anybody had counted, but not all is told */
        life->exited.cause = NGX_CC_CAUSE_OUTPUT;
    }

    life->exited.head.flags = NGX_CC_EXITED_REUSABLE;

    if (ngx_cc_pump_held(&life->pump)) {
        life->exited.head.flags |= NGX_CC_EXITED_PIPES;
    }

    life->exited.pos = life->pump.ring.head;
    life->exited.bytes[NGX_CC_STDOUT] = life->pump.bytes[NGX_CC_STDOUT];
    life->exited.bytes[NGX_CC_STDERR] = life->pump.bytes[NGX_CC_STDERR];

    ngx_cc_pump_close(&life->pump);
    ngx_cc_tmpdir_done(&life->tmp);
    life->drop_at = life->now + NGX_CC_LIFE_DROP;

    life->state = NGX_CC_LIFE_IDLE;
    life->tick_at = NGX_CC_LIFE_NEVER;
    life->tell_at = NGX_CC_LIFE_NEVER;

    /* it says all that STARTED and OUTPUT would have said */

    life->tell &= ~(NGX_CC_TELL_STARTED|NGX_CC_TELL_ENDED);
    life->tell |= NGX_CC_TELL_EXITED;
}


static uint64_t
ngx_cc_life_clock(clockid_t id)
{
    struct timespec  ts;

    (void) clock_gettime(id, &ts);

    return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}
