
#include <signal.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_remote.h"


#define NGX_CC_LADDER_PATIENCE  1000     /* ms that a signal may take to
                                            reach all */
#define NGX_CC_LADDER_LOOK      400      /* ms, and up to twice as many more,
                                            between checks of a paused tree */
#define NGX_CC_LADDER_TICK      20       /* ms between checks of what is left */


static void ngx_cc_ladder_stop(ngx_cc_life_t *life);
static void ngx_cc_ladder_go_on(ngx_cc_life_t *life);
static void ngx_cc_ladder_term(ngx_cc_life_t *life);
static uint64_t ngx_cc_ladder_next(ngx_cc_life_t *life);


void
ngx_cc_ladder_signal(ngx_cc_life_t *life, const ngx_cc_wire_signal_t *signal)
{
    int  signo;

    if (life->state == NGX_CC_LIFE_RUNNING && ngx_cc_remote_is(life)) {
        ngx_cc_remote_signal(life, signal, 1);
        return;
    }

    signo = signal->signo;

    life->answers = life->asker;
    ngx_cc_wire_init(&life->signalled, NGX_CC_WIRE_SIGNALLED, life->run,
                     sizeof(life->signalled));
    life->signalled.signo = signo;
    life->signalled.serial = signal->serial;

    if (life->state != NGX_CC_LIFE_RUNNING
        && life->state != NGX_CC_LIFE_LINGERING)
    {
        /* it is being ended, and that goes on */
        life->tell |= NGX_CC_TELL_SIGNALLED;
        return;
    }

    life->answer = 1;

    if (signo == SIGSTOP) {
        ngx_cc_ladder_stop(life);

    } else {
        life->freezing = 0;

        if (signo == SIGCONT) {
            ngx_cc_ladder_go_on(life);
        }

        ngx_cc_tree_signal(&life->tree, signo, 0, life->pid);
    }

    life->signal_until = life->now + NGX_CC_LADDER_PATIENCE;
    ngx_cc_ladder_spread(life);
}


/*
 * A group stands still as a whole, and nobody but its owner can wake it: there
 * is nothing to look after.  Where signals go to another end, too, it does not
 * say that that has stopped.
 */

static void
ngx_cc_ladder_stop(ngx_cc_life_t *life)
{
    life->paused = (life->pid != 0);
    life->looked = life->now;

    life->freezing = life->control == NULL && ngx_cc_cgroup_is(&life->cgroup)
                     && ngx_cc_cgroup_freeze(&life->cgroup, 1) == 0;

    if (life->freezing) {
        ngx_cc_tree_none(&life->tree);
        life->look_at = NGX_CC_LIFE_NEVER;
        return;
    }

    life->look_at = ngx_cc_ladder_next(life);
    ngx_cc_tree_signal(&life->tree, SIGSTOP, 0, life->pid);
}


static void
ngx_cc_ladder_go_on(ngx_cc_life_t *life)
{
    life->paused = 0;
    life->freezing = 0;

    if (ngx_cc_cgroup_is(&life->cgroup)) {
        (void) ngx_cc_cgroup_freeze(&life->cgroup, 0);
    }
}


void
ngx_cc_ladder_pass(ngx_cc_life_t *life, const ngx_cc_wire_signal_t *signal)
{
    pid_t  group;

    if (life->state != NGX_CC_LIFE_RUNNING
        && life->state != NGX_CC_LIFE_LINGERING)
    {
        return;
    }

    if (ngx_cc_remote_is(life)) {
        ngx_cc_remote_signal(life, signal, 0);
        return;
    }

    group = life->pid;

    if (signal->to == NGX_CC_SIGNAL_FOREGROUND) {

        if (ngx_cc_pty_signal(&life->pump.pty, signal->signo) == 0) {
            return;
        }

        group = ngx_cc_pty_group(&life->pump.pty);
    }

    if (signal->to != NGX_CC_SIGNAL_TREE && group == 0) {
        return;
    }

    /* one that is on its way stays where it is, and that is told */

    ngx_cc_ladder_told(life);

    if (signal->to == NGX_CC_SIGNAL_TREE) {
        ngx_cc_tree_signal(&life->tree, signal->signo, 0, group);

    } else {
        ngx_cc_tree_signal_group(&life->tree, signal->signo, group);
    }

    life->signal_until = life->now + NGX_CC_LADDER_PATIENCE;
    ngx_cc_ladder_spread(life);
}


/*
 * The first cause counts; a stopped process only gets TERM once it goes on.
 * Who asked for a signal before this one does not wait any longer.
 */

void
ngx_cc_ladder_begin(ngx_cc_life_t *life, ngx_cc_cause_e cause)
{
    if (life->state == NGX_CC_LIFE_RUNNING) {
        life->exited.cause = cause;

    } else if (life->state != NGX_CC_LIFE_LINGERING) {
        return;
    }

    ngx_cc_ladder_told(life);

    life->state = NGX_CC_LIFE_ENDING;
    life->limit_at = NGX_CC_LIFE_NEVER;
    life->ladder_at = life->now + life->grace;

    if (ngx_cc_remote_is(life)) {
        ngx_cc_remote_term(life);

    } else {
        ngx_cc_ladder_term(life);
    }

    /* they find TERM there when they go on */

    ngx_cc_ladder_go_on(life);
}


static void
ngx_cc_ladder_term(ngx_cc_life_t *life)
{
    if (life->control) {
        life->control->termed = 1;
    }

    ngx_cc_tree_signal(&life->tree, SIGTERM, SIGCONT, life->pid);
    life->signal_until = life->now + NGX_CC_LADDER_PATIENCE;
    ngx_cc_ladder_spread(life);
}


int
ngx_cc_ladder_climb(ngx_cc_life_t *life)
{
    ngx_cc_control_t  *c;

    c = life->control;

    if (!c->termed && (life->pid == 0 || c->no_term)) {
        ngx_cc_ladder_term(life);
    }

    if (life->now < life->ladder_at && !c->no_kill) {
        return 0;
    }

    if (life->pid == 0) {
        return 1;
    }

    if (c->rung == 0) {
        ngx_cc_remote_kill(life);

    } else if (c->rung == 1 && !c->termed) {
        ngx_cc_ladder_term(life);
    }

    if (c->no_kill || c->rung == 2) {
        return 1;
    }

    c->rung++;
    life->ladder_at = life->now + NGX_CC_REMOTE_KILL / 2;

    return 0;
}


void
ngx_cc_ladder_kill(ngx_cc_life_t *life)
{
    life->control->kill_at = NGX_CC_LIFE_NEVER;

    ngx_cc_ladder_told(life);
    ngx_cc_tree_signal(&life->tree, SIGKILL, 0, life->pid);
    life->signal_until = life->now + NGX_CC_LADDER_PATIENCE;
    ngx_cc_ladder_spread(life);
}


/* a signal goes on through the tree */

void
ngx_cc_ladder_spread(ngx_cc_life_t *life)
{
    int  done;

    if (life->freezing) {
        done = ngx_cc_cgroup_frozen(&life->cgroup);
        life->tree.left = !done;

    } else {
        done = ngx_cc_tree_turn(&life->tree);
    }

    if (done || life->now >= life->signal_until) {
        ngx_cc_ladder_told(life);
        return;
    }

    /* of a group that stands still the helper hears by itself */

    life->signal_at = life->freezing ? life->signal_until
                                     : life->now + NGX_CC_LADDER_TICK;
}


/* it has reached all that it will reach: its sender is told */

void
ngx_cc_ladder_told(ngx_cc_life_t *life)
{
    life->signal_at = NGX_CC_LIFE_NEVER;

    if (life->answer && !life->orphaned) {
        life->signalled.left = life->tree.left;
        life->tell |= NGX_CC_TELL_SIGNALLED;
    }

    life->answer = 0;
    life->freezing = 0;
}


void
ngx_cc_ladder_look(ngx_cc_life_t *life)
{
    life->look_at = ngx_cc_ladder_next(life);

    if (life->signal_at != NGX_CC_LIFE_NEVER) {
        /* the one before this has not come through */
        return;
    }

    ngx_cc_tree_signal(&life->tree, SIGSTOP, 0, life->pid);
    (void) ngx_cc_tree_turn(&life->tree);

    if (life->tree.awake) {
        life->limit_at -= life->now - life->looked;
    }

    life->looked = life->now;

    if (life->now >= life->limit_at) {
        ngx_cc_ladder_begin(life, NGX_CC_CAUSE_TIMEOUT);
    }
}


/* no process can stop just for the checks: they come at random */

static uint64_t
ngx_cc_ladder_next(ngx_cc_life_t *life)
{
    return life->now + NGX_CC_LADDER_LOOK
           + ngx_cc_clock_ns() % (2 * NGX_CC_LADDER_LOOK);
}
