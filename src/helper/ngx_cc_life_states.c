
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include "ngx_cc_ladder.h"
#include "ngx_cc_life_states.h"
#include "ngx_cc_remote.h"


#define NGX_CC_LIFE_TICK      20         /* ms between checks of a tree that
                                            is being ended */
#define NGX_CC_LIFE_RELUCTANT 10000      /* ms; what lives longer under KILL
                                            is stuck in the kernel */
#define NGX_CC_LIFE_RETRY     1000       /* ms between checks of such a one */
#define NGX_CC_LIFE_BATCH     16         /* reads, then poll */


/* what the function of a state says */

#define NGX_CC_LIFE_WAIT      0          /* for whatever happens next */
#define NGX_CC_LIFE_ON        1          /* at once, with the state it is in
                                            now */


typedef int (*ngx_cc_life_states_pt)(ngx_cc_life_t *life);


static void ngx_cc_life_states_feed(ngx_cc_life_t *life);
static int ngx_cc_life_states_idle(ngx_cc_life_t *life);
static int ngx_cc_life_states_running(ngx_cc_life_t *life);
static ngx_cc_cause_e ngx_cc_life_states_cause(ngx_cc_life_t *life);
static int ngx_cc_life_states_lingering(ngx_cc_life_t *life);
static int ngx_cc_life_states_ending(ngx_cc_life_t *life);
static int ngx_cc_life_states_sweeping(ngx_cc_life_t *life);
static int ngx_cc_life_states_draining(ngx_cc_life_t *life);
static int ngx_cc_life_states_over(ngx_cc_life_t *life);
static int ngx_cc_life_states_sweep(ngx_cc_life_t *life);
static void ngx_cc_life_states_finish(ngx_cc_life_t *life);
static void ngx_cc_life_states_used(ngx_cc_life_t *life);


/* by ngx_cc_life_state_e */

static const ngx_cc_life_states_pt  ngx_cc_life_states[] = {
    ngx_cc_life_states_idle,
    ngx_cc_life_states_running,
    ngx_cc_life_states_lingering,
    ngx_cc_life_states_ending,
    ngx_cc_life_states_sweeping,
    ngx_cc_life_states_draining,
    ngx_cc_life_states_over
};


void
ngx_cc_life_states_advance(ngx_cc_life_t *life)
{
    ngx_cc_life_states_feed(life);

    if (life->now >= life->signal_at) {
        ngx_cc_ladder_spread(life);
    }

    if (life->control) {
        ngx_cc_remote_clock(life);

        if (life->now >= life->control->kill_at) {
            ngx_cc_ladder_kill(life);
        }
    }

    if (life->paused && life->limit_at != NGX_CC_LIFE_NEVER
        && life->now >= life->look_at)
    {
        ngx_cc_ladder_look(life);
    }

    while (ngx_cc_life_states[life->state](life) == NGX_CC_LIFE_ON) {
        /* void */
    }
}


/* stdin, which only the last state deals with: it has no reader */

static void
ngx_cc_life_states_feed(ngx_cc_life_t *life)
{
    int  done, closed;

    if (!life->pump.input_busy) {
        return;
    }

    done = ngx_cc_pump_write(&life->pump, life->now);
    closed = (life->state == NGX_CC_LIFE_DRAINING);

    if (!done && !closed) {
        return;
    }

    life->pump.input_busy = 0;

    ngx_cc_wire_init(&life->input_done, NGX_CC_WIRE_INPUT_DONE, life->run,
                     sizeof(life->input_done));
    life->input_done.len = life->pump.input_pos;
    life->input_done.accepted = life->pump.accepted;

    if (closed || (life->pump.in == -1 && life->pump.pty.master == -1)) {
        life->input_done.head.flags = NGX_CC_INPUT_CLOSED;

    } else if (life->pump.input_long) {
        life->input_done.head.flags = NGX_CC_INPUT_LONG;
    }

    life->tell |= life->orphaned ? 0 : NGX_CC_TELL_INPUT;
}


static int
ngx_cc_life_states_idle(ngx_cc_life_t *life)
{
    if (life->tmp.kept && life->now >= life->drop_at) {
        ngx_cc_tmpdir_drop(&life->tmp);
    }

    return NGX_CC_LIFE_WAIT;
}


static int
ngx_cc_life_states_running(ngx_cc_life_t *life)
{
    if (life->pid == 0) {
        life->exited.cause = ngx_cc_life_states_cause(life);
        life->limit_at = NGX_CC_LIFE_NEVER;

        life->state = NGX_CC_LIFE_LINGERING;
        life->ladder_at = life->now + life->linger;
        return NGX_CC_LIFE_ON;
    }

    if (life->paused) {
        return NGX_CC_LIFE_WAIT;
    }

    if (life->now >= life->limit_at) {
        ngx_cc_ladder_begin(life, NGX_CC_CAUSE_TIMEOUT);

    } else if (life->silence
               && life->now >= life->quiet_since + life->silence)
    {
        ngx_cc_ladder_begin(life, NGX_CC_CAUSE_SILENCE);
    }

    return NGX_CC_LIFE_WAIT;
}


/* of an end that nobody here has asked for */

static ngx_cc_cause_e
ngx_cc_life_states_cause(ngx_cc_life_t *life)
{
    if (!WIFSIGNALED(life->exited.status)) {
        return NGX_CC_CAUSE_EXIT;
    }

    return (WTERMSIG(life->exited.status) == SIGKILL
            && ngx_cc_cgroup_oom(&life->cgroup))
           ? NGX_CC_CAUSE_OOM : NGX_CC_CAUSE_SIGNAL;
}


static int
ngx_cc_life_states_lingering(ngx_cc_life_t *life)
{
    if (!life->childless && life->now < life->ladder_at) {
        return NGX_CC_LIFE_WAIT;
    }

    return ngx_cc_life_states_sweep(life);
}


static int
ngx_cc_life_states_ending(ngx_cc_life_t *life)
{
    int  over;

    /* when the main process is gone, its descendants may still clean up */

    over = life->childless
           || (life->control ? ngx_cc_ladder_climb(life)
                             : life->now >= life->ladder_at);

    return over ? ngx_cc_life_states_sweep(life) : NGX_CC_LIFE_WAIT;
}


static int
ngx_cc_life_states_sweep(ngx_cc_life_t *life)
{
    ngx_cc_ladder_told(life);

    if (life->control) {
        ngx_cc_remote_over(life);
    }

    life->state = NGX_CC_LIFE_SWEEPING;
    life->ladder_at = NGX_CC_LIFE_NEVER;
    life->tick_at = life->now;
    life->reluctant_at = life->now + NGX_CC_LIFE_RELUCTANT;

    return NGX_CC_LIFE_ON;
}


static int
ngx_cc_life_states_sweeping(ngx_cc_life_t *life)
{
    /* without a descendant no new one can appear */

    if (!life->childless) {
        ngx_cc_life_reap(life);
    }

    if (life->childless) {
        life->state = NGX_CC_LIFE_DRAINING;
        life->tick_at = NGX_CC_LIFE_NEVER;
        ngx_cc_pump_measure(&life->pump, life->all);
        return NGX_CC_LIFE_ON;
    }

    if (life->now >= life->reluctant_at
        && (life->orphaned || life->masterless))
    {
        /* its new parent kills it */
        life->state = NGX_CC_LIFE_OVER;
        return NGX_CC_LIFE_WAIT;
    }

    (void) ngx_cc_cgroup_kill(&life->cgroup);
    (void) ngx_cc_tree_kill(&life->tree, life->pid);

    life->tick_at = life->now + (life->now < life->reluctant_at
                                 ? NGX_CC_LIFE_TICK : NGX_CC_LIFE_RETRY);

    return NGX_CC_LIFE_WAIT;
}


static int
ngx_cc_life_states_draining(ngx_cc_life_t *life)
{
    int                   i, rc;
    const ngx_cc_pump_t  *pump;

    pump = &life->pump;

    for (i = 0; i < NGX_CC_LIFE_BATCH; i++) {
        rc = ngx_cc_life_pump(life, 1, 1);

        if (rc == 0
            || (pump->bytes[NGX_CC_STDOUT] >= life->all[NGX_CC_STDOUT]
                && pump->bytes[NGX_CC_STDERR] >= life->all[NGX_CC_STDERR]))
        {
            ngx_cc_life_states_finish(life);
            return NGX_CC_LIFE_WAIT;
        }

        if (rc == -1) {
            if (!life->orphaned && !life->ended) {
                life->tell |= NGX_CC_TELL_ENDED;
            }

            life->ended = 1;
            /* the worker's CREDIT wakes us */
            life->tick_at = NGX_CC_LIFE_NEVER;
            return NGX_CC_LIFE_WAIT;
        }
    }

    life->tick_at = life->now;

    return NGX_CC_LIFE_WAIT;
}


static int
ngx_cc_life_states_over(ngx_cc_life_t *life)
{
    return NGX_CC_LIFE_WAIT;
}


/* every descendant is gone, all of its output is read */

static void
ngx_cc_life_states_finish(ngx_cc_life_t *life)
{
    if (life->orphaned) {
        life->state = NGX_CC_LIFE_OVER;
        return;
    }

    if (life->pump.over && (life->exited.cause == NGX_CC_CAUSE_EXIT
                            || life->exited.cause == NGX_CC_CAUSE_SIGNAL))
    {
        /*
         * it had ended before its output was counted: not all of it was
         * reported
         */
        life->exited.cause = NGX_CC_CAUSE_OUTPUT;
    }

    life->exited.head.flags = life->kept ? 0 : NGX_CC_EXITED_REUSABLE;

    if (ngx_cc_pump_held(&life->pump)) {
        life->exited.head.flags |= NGX_CC_EXITED_PIPES;
    }

    life->exited.pos = life->pump.ring.head;
    life->exited.bytes[NGX_CC_STDOUT] = life->pump.bytes[NGX_CC_STDOUT];
    life->exited.bytes[NGX_CC_STDERR] = life->pump.bytes[NGX_CC_STDERR];

    ngx_cc_life_states_used(life);
    ngx_cc_life_clear(life);

    life->state = NGX_CC_LIFE_IDLE;
    life->tick_at = NGX_CC_LIFE_NEVER;
    life->tell_at = NGX_CC_LIFE_NEVER;

    /* it says all that STARTED and OUTPUT would have said, but to a starter */

    life->tell &= ~NGX_CC_TELL_ENDED;

    if (!life->kept) {
        life->tell &= ~NGX_CC_TELL_STARTED;
    }

    life->tell |= NGX_CC_TELL_EXITED;
}


/* its group knows better: who was not waited for is in there, too */

static void
ngx_cc_life_states_used(ngx_cc_life_t *life)
{
    ngx_cc_cgroup_use_t  use;

    ngx_cc_cgroup_used(&life->cgroup, &use);

    if (use.user || use.system) {
        life->exited.user = use.user;
        life->exited.system = use.system;
    }

    life->exited.memory_peak = use.memory_peak;
    life->exited.pids_peak = use.pids_peak;
}
