
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include "ngx_cc_remote.h"


static void ngx_cc_remote_push(ngx_cc_life_t *life,
    const ngx_cc_control_signal_t *s);
static void ngx_cc_remote_pump(ngx_cc_life_t *life);
static void ngx_cc_remote_passed(ngx_cc_life_t *life,
    const ngx_cc_control_signal_t *s);
static void ngx_cc_remote_failed(ngx_cc_life_t *life,
    const ngx_cc_control_signal_t *s, ngx_cc_unpassed_e reason, int detail);
static void ngx_cc_remote_answer(ngx_cc_life_t *life,
    const ngx_cc_control_signal_t *s, uint32_t left);
static void ngx_cc_remote_drop(ngx_cc_life_t *life);
static void ngx_cc_remote_clear(ngx_cc_life_t *life);
static void ngx_cc_remote_last(ngx_cc_life_t *life, int signo);


int
ngx_cc_remote_is(const ngx_cc_life_t *life)
{
    return life->control != NULL && life->pid != 0;
}


void
ngx_cc_remote_signal(ngx_cc_life_t *life, const ngx_cc_wire_signal_t *signal,
    int answer)
{
    ngx_cc_control_signal_t  s;

    memset(&s, 0, sizeof(s));
    s.signo = signal->signo;
    s.serial = signal->serial;
    s.asker = life->asker;
    s.due = life->now;
    s.answer = answer;

    if (s.signo == SIGKILL) {
        ngx_cc_remote_clear(life);
        life->control->kill_at = life->now + NGX_CC_REMOTE_KILL;
    }

    if (life->control->waiting == NGX_CC_CONTROL_WAITING) {
        ngx_cc_remote_failed(life, &s, NGX_CC_UNPASSED_BUSY, 0);
        return;
    }

    ngx_cc_remote_push(life, &s);
    ngx_cc_remote_pump(life);
}


void
ngx_cc_remote_term(ngx_cc_life_t *life)
{
    int                stopped;
    ngx_cc_control_t  *c;

    c = life->control;

    if (c->pid && c->now.signo == SIGKILL) {
        return;
    }

    stopped = c->stopped;

    ngx_cc_remote_clear(life);
    ngx_cc_remote_last(life, SIGTERM);

    if (stopped) {
        /* a stopped process only gets TERM once it goes on */
        ngx_cc_remote_last(life, SIGCONT);
    }

    ngx_cc_remote_pump(life);
}


void
ngx_cc_remote_kill(ngx_cc_life_t *life)
{
    ngx_cc_control_t  *c;

    c = life->control;

    if (c->pid && c->now.signo == SIGKILL) {
        c->now.ladder = 1;
        return;
    }

    ngx_cc_remote_clear(life);
    ngx_cc_remote_last(life, SIGKILL);
    ngx_cc_remote_pump(life);
}


static void
ngx_cc_remote_last(ngx_cc_life_t *life, int signo)
{
    ngx_cc_control_signal_t  s;

    memset(&s, 0, sizeof(s));
    s.signo = signo;
    s.due = life->now;
    s.ladder = 1;

    ngx_cc_remote_push(life, &s);
}


void
ngx_cc_remote_over(ngx_cc_life_t *life)
{
    uint32_t           i;
    ngx_cc_control_t  *c;

    c = life->control;

    for (i = 0; i < c->waiting; i++) {
        ngx_cc_remote_answer(life, &c->wait[i], 0);
    }

    c->waiting = 0;
    c->kill_at = NGX_CC_LIFE_NEVER;

    if (c->pid && c->now.signo != SIGKILL) {
        ngx_cc_remote_drop(life);
        ngx_cc_remote_answer(life, &c->now, 0);
    }
}


int
ngx_cc_remote_gone(ngx_cc_life_t *life, pid_t pid, int status)
{
    ngx_cc_control_t  *c;

    c = life->control;

    if (pid == c->old) {
        c->old = 0;
        return 1;
    }

    if (pid != c->pid) {
        return 0;
    }

    c->pid = 0;
    life->tree.spare = 0;

    if (WIFSIGNALED(status)) {
        ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_SIGNAL,
                             WTERMSIG(status));

    } else if (WEXITSTATUS(status)) {
        ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_EXIT,
                             WEXITSTATUS(status));

    } else {
        ngx_cc_remote_passed(life, &c->now);
    }

    ngx_cc_remote_pump(life);

    return 1;
}


void
ngx_cc_remote_clock(ngx_cc_life_t *life)
{
    ngx_cc_control_t  *c;

    c = life->control;

    if (c->pid && life->now >= c->until) {
        ngx_cc_remote_drop(life);
        ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_TIME, 0);
        ngx_cc_remote_pump(life);
    }
}


uint64_t
ngx_cc_remote_next(const ngx_cc_life_t *life)
{
    const ngx_cc_control_t  *c;

    c = life->control;

    return (c->pid && c->until < c->kill_at) ? c->until : c->kill_at;
}


int
ngx_cc_remote_status(int status)
{
    int  signo;

    signo = WIFEXITED(status) ? WEXITSTATUS(status) - 128 : 0;

    return (signo >= 1 && signo <= 64) ? signo : status;
}


/* there is room */

static void
ngx_cc_remote_push(ngx_cc_life_t *life, const ngx_cc_control_signal_t *s)
{
    ngx_cc_control_t  *c;

    c = life->control;
    c->wait[c->waiting++] = *s;
}


/* starts the program for the next one, if it is free */

static void
ngx_cc_remote_pump(ngx_cc_life_t *life)
{
    ngx_cc_control_t  *c;

    c = life->control;

    while (c->pid == 0 && c->waiting) {
        c->now = c->wait[0];
        c->waiting--;
        memmove(c->wait, c->wait + 1, c->waiting * sizeof(c->wait[0]));

        if (life->now > c->now.due + NGX_CC_REMOTE_PATIENCE) {
            ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_BUSY, 0);
            continue;
        }

        if (ngx_cc_control_start(c, c->now.signo, life->fence,
                                 life->filter.set ? &life->filter : NULL)
            == -1)
        {
            ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_START, errno);
            continue;
        }

        c->until = life->now + NGX_CC_REMOTE_LIMIT;
        c->stopped |= (c->now.signo == SIGSTOP);
        life->tree.spare = c->pid;
        life->childless = 0;
    }
}


static void
ngx_cc_remote_passed(ngx_cc_life_t *life, const ngx_cc_control_signal_t *s)
{
    if (s->signo == SIGCONT) {
        life->control->stopped = 0;
    }

    if (s->answer && s->signo == SIGCONT) {
        life->paused = 0;

    } else if (s->answer && s->signo == SIGSTOP) {

        /* whether it stays so cannot be seen from here */

        life->paused = ngx_cc_remote_is(life);
        life->look_at = NGX_CC_LIFE_NEVER;
    }

    ngx_cc_remote_answer(life, s, 0);
}


static void
ngx_cc_remote_failed(ngx_cc_life_t *life, const ngx_cc_control_signal_t *s,
    ngx_cc_unpassed_e reason, int detail)
{
    ngx_cc_control_t        *c;
    ngx_cc_wire_unpassed_t  *msg;

    c = life->control;

    if (s->signo == SIGTERM && s->ladder) {
        c->no_term = 1;

    } else if (s->signo == SIGKILL && s->ladder) {
        c->no_kill = 1;

    } else if (s->signo == SIGKILL) {
        c->kill_at = life->now;
    }

    if (!life->orphaned) {
        msg = &life->unpassed[life->nunpassed++ % NGX_CC_LIFE_UNPASSED];
        ngx_cc_wire_init(msg, NGX_CC_WIRE_UNPASSED, life->run, sizeof(*msg));
        msg->signo = s->signo;
        msg->reason = reason;
        msg->detail = detail;
        life->tell |= NGX_CC_TELL_UNPASSED;
    }

    ngx_cc_remote_answer(life, s, 1);
}


static void
ngx_cc_remote_answer(ngx_cc_life_t *life, const ngx_cc_control_signal_t *s,
    uint32_t left)
{
    if (!s->answer || life->orphaned) {
        return;
    }

    ngx_cc_wire_init(&life->signalled, NGX_CC_WIRE_SIGNALLED, life->run,
                     sizeof(life->signalled));
    life->signalled.signo = s->signo;
    life->signalled.serial = s->serial;
    life->signalled.left = left;
    life->answers = s->asker;
    life->tell |= NGX_CC_TELL_SIGNALLED;
}


/* the program is killed, and not heard of any more */

static void
ngx_cc_remote_drop(ngx_cc_life_t *life)
{
    ngx_cc_control_kill(life->control);
    life->tree.spare = 0;
}


/* for what cannot wait everything else is given up */

static void
ngx_cc_remote_clear(ngx_cc_life_t *life)
{
    uint32_t           i;
    ngx_cc_control_t  *c;

    c = life->control;

    if (c->pid) {
        ngx_cc_remote_drop(life);
        ngx_cc_remote_failed(life, &c->now, NGX_CC_UNPASSED_OVERTAKEN, 0);
    }

    for (i = 0; i < c->waiting; i++) {
        ngx_cc_remote_answer(life, &c->wait[i], 1);
    }

    c->waiting = 0;
}
