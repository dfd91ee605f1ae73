
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_launch.h"
#include "ngx_cc_place.h"


/* START, taken apart */

typedef struct {
    const ngx_cc_wire_start_t  *start;
    ngx_cc_wire_strings_t       strings;
    ngx_cc_child_t              child;
    char                        home[sizeof("HOME=") + NGX_CC_USER_HOME];
} ngx_cc_launch_t;


static void ngx_cc_launch_unpack(ngx_cc_launch_t *launch, ngx_cc_life_t *life,
    const ngx_cc_wire_start_t *start, const char **vector);
static void ngx_cc_launch_home(ngx_cc_launch_t *launch);
static int ngx_cc_launch_group(ngx_cc_child_t *child, ngx_cc_life_t *life,
    const ngx_cc_wire_cgroup_t *limits);
static int ngx_cc_launch_equip(ngx_cc_launch_t *launch, ngx_cc_life_t *life,
    ngx_cc_child_result_t *result);
static pid_t ngx_cc_launch_start(ngx_cc_launch_t *launch,
    ngx_cc_child_result_t *result);
static void ngx_cc_launch_filter(ngx_cc_life_t *life,
    const ngx_cc_confine_t *confine);
static int ngx_cc_launch_fence(ngx_cc_life_t *life,
    const ngx_cc_confine_t *confine, const char **paths, int tty);
static int ngx_cc_launch_terminal(ngx_cc_child_t *child, ngx_cc_pump_t *pump,
    const ngx_cc_wire_start_t *start);
static int ngx_cc_launch_pipes(ngx_cc_child_t *child, ngx_cc_pump_t *pump,
    const ngx_cc_wire_start_t *start);
static int ngx_cc_launch_remade(ngx_cc_launch_t *launch, int err);


pid_t
ngx_cc_launch(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const char **vector, ngx_cc_child_result_t *result)
{
    ngx_cc_launch_t  launch;

    ngx_cc_launch_unpack(&launch, life, start, vector);

    life->born = ngx_cc_clock_us();
    life->now = life->born / 1000;

    if (ngx_cc_launch_equip(&launch, life, result) == -1) {
        return -1;
    }

    return ngx_cc_launch_start(&launch, result);
}


static void
ngx_cc_launch_unpack(ngx_cc_launch_t *launch, ngx_cc_life_t *life,
    const ngx_cc_wire_start_t *start, const char **vector)
{
    ngx_cc_child_t         *child;
    ngx_cc_wire_strings_t  *strings;

    launch->start = start;

    strings = &launch->strings;
    child = &launch->child;

    ngx_cc_wire_start_unpack(start, strings, vector);

    child->user = life->user;
    child->home = life->user && (start->head.flags & NGX_CC_START_WORK);

    if (child->home) {
        ngx_cc_launch_home(launch);
    }

    child->cwd = strings->cwd;
    child->beneath = strings->beneath;
    child->program = strings->program;
    child->argv = strings->argv;
    child->env = strings->env;
    child->confine = &start->confine;
    child->script = life->script;
    child->search = start->head.flags & NGX_CC_START_SEARCH;
    child->exact = start->head.flags & NGX_CC_START_EXACT;

    /* TMPDIR first: what is executed without a shell gets it, too */

    ngx_cc_tmpdir_give(&life->tmp, strings);

    child->direct = ngx_cc_direct_start(start, strings);
}


/*
 * nginx's own directory for commands belongs to nginx's user: those of another
 * one start at home, and where HOME was that directory it is the home, too.
 */

static void
ngx_cc_launch_home(ngx_cc_launch_t *launch)
{
    uint32_t                i;
    const char             *home;
    ngx_cc_wire_strings_t  *strings;

    strings = &launch->strings;
    home = launch->child.user->home;

    for (i = 0; i < strings->envc; i++) {
        if (strncmp(strings->env[i], "HOME=", 5) == 0
            && strcmp(strings->env[i] + 5, strings->cwd) == 0)
        {
            (void) snprintf(launch->home, sizeof(launch->home), "HOME=%s",
                            home);
            strings->env[i] = launch->home;
        }
    }

    strings->cwd = home;
}


/* 0, or -1 with "result" */

static int
ngx_cc_launch_equip(ngx_cc_launch_t *launch, ngx_cc_life_t *life,
    ngx_cc_child_result_t *result)
{
    int                         rc;
    ngx_cc_child_t             *child;
    const ngx_cc_wire_start_t  *start;

    start = launch->start;
    child = &launch->child;

    if (ngx_cc_launch_group(child, life, &start->confine.cgroup) == -1) {
        result->stage = NGX_CC_STAGE_CGROUP;
        result->error = errno;
        return -1;
    }

    ngx_cc_launch_filter(life, &start->confine);

    if (ngx_cc_launch_terminal(child, &life->pump, start) == -1) {
        result->stage = NGX_CC_STAGE_TERMINAL;
        result->error = errno;
        return -1;
    }

    rc = ngx_cc_launch_fence(life, &start->confine, launch->strings.paths,
                             child->tty);

    if (rc == -1 && ngx_cc_launch_remade(launch, errno)) {
        rc = ngx_cc_launch_fence(life, &start->confine, launch->strings.paths,
                                 child->tty);
    }

    if (rc == -1) {
        result->stage = NGX_CC_STAGE_FENCE;
        result->error = errno;
        return -1;
    }

    if (ngx_cc_launch_pipes(child, &life->pump, start) == -1) {
        result->stage = NGX_CC_STAGE_PIPE;
        result->error = errno;
        return -1;
    }

    child->fence = life->fence;
    child->filter = life->filter.set ? &life->filter : NULL;

    if (launch->strings.ncontrol) {
        life->control = ngx_cc_control_create(child, &launch->strings);

        if (life->control == NULL) {
            result->stage = NGX_CC_STAGE_FORK;
            result->error = errno;
            return -1;
        }
    }

    return 0;
}


/* where there are none and it is not required, a command does without */

static int
ngx_cc_launch_group(ngx_cc_child_t *child, ngx_cc_life_t *life,
    const ngx_cc_wire_cgroup_t *limits)
{
    child->cgroup = NULL;

    if (!(limits->flags & NGX_CC_CGROUP_WANTED)) {
        return 0;
    }

    if (ngx_cc_cgroup_make(&life->cgroup, limits) == -1) {
        return (errno == ENOTSUP && !(limits->flags & NGX_CC_CGROUP_REQUIRED))
               ? 0 : -1;
    }

    child->cgroup = &life->cgroup;

    return 0;
}


/* before the fence, which lets the command open it by its name, too */

static int
ngx_cc_launch_terminal(ngx_cc_child_t *child, ngx_cc_pump_t *pump,
    const ngx_cc_wire_start_t *start)
{
    int  echo;

    child->tty = -1;

    if (!(start->head.flags & NGX_CC_START_TTY)) {
        return 0;
    }

    echo = !(start->head.flags & NGX_CC_START_NOECHO);

    if (ngx_cc_pump_terminal(pump, start->cols, start->rows, echo,
                             start->window)
        == -1)
    {
        return -1;
    }

    child->tty = pump->pty.slave;

    return 0;
}


static int
ngx_cc_launch_pipes(ngx_cc_child_t *child, ngx_cc_pump_t *pump,
    const ngx_cc_wire_start_t *start)
{
    int       fds[3];
    unsigned  how;

    child->in = -1;
    child->out = -1;
    child->err = -1;

    if (child->tty != -1) {
        return 0;
    }

    how = 0;

    if (start->head.flags & NGX_CC_START_STDIN) {
        how |= NGX_CC_PUMP_IN;
    }

    if (start->head.flags & NGX_CC_START_MERGE) {
        how |= NGX_CC_PUMP_MERGE;
    }

    if (ngx_cc_pump_open(pump, how, start->window, fds) == -1) {
        return -1;
    }

    child->in = fds[STDIN_FILENO];
    child->out = fds[STDOUT_FILENO];
    child->err = (how & NGX_CC_PUMP_MERGE) ? child->out : fds[STDERR_FILENO];

    return 0;
}


static pid_t
ngx_cc_launch_start(ngx_cc_launch_t *launch, ngx_cc_child_result_t *result)
{
    pid_t            pid;
    ngx_cc_child_t  *child;

    child = &launch->child;

    pid = ngx_cc_child_start(child, result);

    if (pid == -1 && result->stage == NGX_CC_STAGE_CHDIR
        && ngx_cc_launch_remade(launch, result->error))
    {
        pid = ngx_cc_child_start(child, result);
    }

    if (child->in != -1) {
        (void) close(child->in);
    }

    if (child->err != child->out) {
        (void) close(child->err);
    }

    if (child->out != -1) {
        (void) close(child->out);
    }

    return pid;
}


/* what this process is denied already, need not be denied again */

static void
ngx_cc_launch_filter(ngx_cc_life_t *life, const ngx_cc_confine_t *confine)
{
    unsigned  set;

    set = ngx_cc_seccomp_set(confine) & ~life->inherits;

    if (set == 0) {
        life->filter.set = 0;

    } else if (set != life->filter.set) {
        ngx_cc_seccomp_make(&life->filter, set);
    }
}


/*
 * Most commands have the same fence, so it is kept; one with paths is made
 * again: they may lead to other files now.
 */

static int
ngx_cc_launch_fence(ngx_cc_life_t *life, const ngx_cc_confine_t *confine,
    const char **paths, int tty)
{
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

    life->fence = ngx_cc_fence_make(confine, paths, life->tmp.fd, tty);
    life->fenced = *confine;

    return life->fence == -1 ? -1 : 0;
}


/*
 * A command may have removed the default directory: that must not keep all
 * others from starting.  1 when it was missing and is there again, else 0.
 */

static int
ngx_cc_launch_remade(ngx_cc_launch_t *launch, int err)
{
    if (err != ENOENT || launch->child.home
        || !(launch->start->head.flags & NGX_CC_START_WORK))
    {
        return 0;
    }

    return ngx_cc_place_make(launch->strings.cwd) == 0;
}
