
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_sweep.h"
#include "ngx_cc_tree.h"


/* by number, for headers that do not have them */

#define NGX_CC_TREE_PIDFD_SIGNAL  424
#define NGX_CC_TREE_PIDFD_OPEN    434

#define NGX_CC_TREE_ROUNDS    8          /* of one turn */
#define NGX_CC_TREE_TURN      200        /* ms */
#define NGX_CC_TREE_LOOKS     20         /* at those who are about to stop */
#define NGX_CC_TREE_LOOK      100000     /* ns between them */
#define NGX_CC_TREE_INDEX     (2 * NGX_CC_TREE_MAX)


/* the child lists of one process are being read */

typedef struct {
    ngx_cc_tree_t               *tree;
    const ngx_cc_tree_member_t  *parent;     /* NULL: we */
} ngx_cc_tree_visit_t;


static int ngx_cc_tree_all(const ngx_cc_tree_t *tree);
static void ngx_cc_tree_forget(ngx_cc_tree_t *tree);
static int ngx_cc_tree_stop(ngx_cc_tree_t *tree);
static int ngx_cc_tree_continue(ngx_cc_tree_t *tree);
static int ngx_cc_tree_others(ngx_cc_tree_t *tree);
static int ngx_cc_tree_round(ngx_cc_tree_t *tree);
static void ngx_cc_tree_settle(ngx_cc_tree_t *tree, uint32_t from);
static void ngx_cc_tree_meet(void *data, pid_t pid);
static ngx_cc_tree_member_t *ngx_cc_tree_member(ngx_cc_tree_t *tree,
    pid_t pid, uint64_t start);
static void ngx_cc_tree_send(ngx_cc_tree_t *tree, ngx_cc_tree_member_t *m);
static int ngx_cc_tree_send_both(ngx_cc_tree_t *tree, int fd, pid_t pid);
static int ngx_cc_tree_runs(const ngx_cc_proc_stat_t *st);
static void ngx_cc_tree_count(ngx_cc_tree_t *tree, int complete);


int
ngx_cc_tree_init(ngx_cc_tree_t *tree)
{
    int       fd;
    size_t    size;
    uint8_t  *p;

    if (ngx_cc_proc_open(&tree->proc) == -1) {
        return -1;
    }

    size = NGX_CC_TREE_MAX * (sizeof(ngx_cc_tree_member_t) + sizeof(uint16_t))
           + NGX_CC_TREE_INDEX * sizeof(uint16_t);

    /* only what is used of it costs memory */

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
             -1, 0);

    if (p == MAP_FAILED) {
        return -1;
    }

    tree->member = (ngx_cc_tree_member_t *) p;
    tree->order = (uint16_t *) (tree->member + NGX_CC_TREE_MAX);
    tree->index = tree->order + NGX_CC_TREE_MAX;

    fd = syscall(NGX_CC_TREE_PIDFD_OPEN, tree->proc.self, 0);
    tree->pidfd = (fd != -1);

    if (fd != -1) {
        (void) close(fd);
    }

    return 0;
}


/*
 * Whether it worked is seen at the parent, whom we could signal a moment ago:
 * kill(-1) must never be called on hearsay.
 */

int
ngx_cc_tree_enclose(ngx_cc_tree_t *tree)
{
    pid_t  parent;

    parent = getppid();

    if (parent <= 1 || kill(parent, 0) == -1) {
        return 0;
    }

    if (ngx_cc_fence_enclose() == -1) {
        return 0;
    }

    tree->scoped = (kill(parent, 0) == -1 && errno == EPERM
                    && getppid() == parent);

    return tree->scoped;
}


void
ngx_cc_tree_signal(ngx_cc_tree_t *tree, int signo, int then, pid_t group)
{
    ngx_cc_tree_forget(tree);

    tree->signo = signo;
    tree->then = then;
    tree->group = group;
    tree->only = 0;

    if (!tree->pidfd && !tree->scoped && group) {
        (void) kill(-group, signo);

        if (then) {
            (void) kill(-group, then);
        }
    }
}


void
ngx_cc_tree_signal_group(ngx_cc_tree_t *tree, int signo, pid_t only)
{
    ngx_cc_tree_forget(tree);

    tree->signo = signo;
    tree->then = 0;
    tree->group = 0;
    tree->only = only;
}


void
ngx_cc_tree_none(ngx_cc_tree_t *tree)
{
    ngx_cc_tree_forget(tree);
    tree->signo = 0;
}


int
ngx_cc_tree_turn(ngx_cc_tree_t *tree)
{
    int  done;

    if (tree->signo == 0) {
        return 1;
    }

    tree->until = ngx_cc_clock_ms() + NGX_CC_TREE_TURN;

    switch (tree->only ? 0 : tree->signo) {

    case SIGSTOP:
        done = ngx_cc_tree_stop(tree);
        break;

    case SIGCONT:
        done = ngx_cc_tree_continue(tree);
        break;

    default:
        done = ngx_cc_tree_others(tree);
    }

    if (done) {
        tree->signo = 0;
    }

    return done;
}


int
ngx_cc_tree_kill(ngx_cc_tree_t *tree, pid_t group)
{
    tree->signo = 0;

    if (ngx_cc_tree_all(tree)) {
        (void) kill(-1, SIGKILL);

    } else if (group) {
        (void) kill(-group, SIGKILL);
    }

    return ngx_cc_sweep_kill(&tree->proc, &tree->spare, tree->spare ? 1 : 0);
}


/* is kill(-1) for all of the command, and for nobody else? */

static int
ngx_cc_tree_all(const ngx_cc_tree_t *tree)
{
    return tree->scoped && tree->spare == 0;
}


/* whom the signal before this one has reached */

static void
ngx_cc_tree_forget(ngx_cc_tree_t *tree)
{
    uint32_t  i;

    for (i = 0; i < tree->members; i++) {
        tree->index[tree->member[i].slot] = 0;
    }

    tree->members = 0;
    tree->left = 0;
    tree->awake = 0;
}


static int
ngx_cc_tree_stop(ngx_cc_tree_t *tree)
{
    int  i, complete;

    for (i = 0; i < NGX_CC_TREE_ROUNDS; i++) {
        complete = ngx_cc_tree_round(tree);

        /*
         * parents have stopped by now; a process that was just forked stops
         * here
         */

        if (ngx_cc_tree_all(tree)) {
            (void) kill(-1, SIGSTOP);
        }

        ngx_cc_tree_count(tree, complete);

        if (!complete || tree->fresh == 0) {
            return complete && tree->left == 0;
        }
    }

    return 0;
}


static int
ngx_cc_tree_continue(ngx_cc_tree_t *tree)
{
    int       i, complete;
    uint32_t  n;

    for (i = 0; i < NGX_CC_TREE_ROUNDS; i++) {
        complete = ngx_cc_tree_round(tree);

        for (n = tree->ordered; n; n--) {
            ngx_cc_tree_send(tree, &tree->member[tree->order[n - 1]]);
        }

        ngx_cc_tree_count(tree, complete);

        if (ngx_cc_tree_all(tree) && kill(-1, SIGCONT) == 0) {
            tree->left = 0;
            return 1;
        }

        if (!complete || tree->fresh == 0) {
            return complete && tree->left == 0;
        }
    }

    return 0;
}


static int
ngx_cc_tree_others(ngx_cc_tree_t *tree)
{
    int  i, complete;

    if (ngx_cc_tree_all(tree)
        && ngx_cc_tree_send_both(tree, -1, tree->only ? -tree->only : -1) == 0)
    {
        return 1;
    }

    for (i = 0; i < NGX_CC_TREE_ROUNDS; i++) {
        complete = ngx_cc_tree_round(tree);
        ngx_cc_tree_count(tree, complete);

        if (!complete || tree->fresh == 0) {
            return complete && tree->left == 0;
        }
    }

    return 0;
}


/*
 * Meets all that are there, generation by generation, and sends them the
 * signal (CONT is sent later).  Returns 0 when it had to stop half-way.
 */

static int
ngx_cc_tree_round(ngx_cc_tree_t *tree)
{
    uint32_t              i, generation;
    ngx_cc_proc_stat_t    st;
    ngx_cc_tree_visit_t   visit;
    ngx_cc_tree_member_t *m;

    tree->round++;
    tree->ordered = 0;
    tree->fresh = 0;
    tree->beyond = 0;

    visit.tree = tree;
    visit.parent = NULL;

    if (ngx_cc_proc_own(&tree->proc, ngx_cc_tree_meet, &visit) == -1) {
        return 0;
    }

    for (i = 0, generation = 0; i < tree->ordered; i++) {

        if (i == generation) {

            /* all of this generation are known: the next one follows */

            if (tree->signo == SIGSTOP && tree->only == 0) {
                ngx_cc_tree_settle(tree, i);
            }

            generation = tree->ordered;
        }

        if (ngx_cc_clock_ms() >= tree->until) {
            return 0;
        }

        m = &tree->member[tree->order[i]];

        if (ngx_cc_proc_stat(tree->proc.dir, m->pid, &st) == -1
            || st.start != m->start)
        {
            continue;
        }

        visit.parent = m;
        (void) ngx_cc_proc_children(&tree->proc, m->pid, st.threads,
                                    ngx_cc_tree_meet, &visit);
    }

    return 1;
}


/* waits a moment for those that were met from "from" on to stop */

static void
ngx_cc_tree_settle(ngx_cc_tree_t *tree, uint32_t from)
{
    int                    n, running;
    uint32_t               i;
    struct timespec        ts;
    ngx_cc_proc_stat_t     st;
    ngx_cc_tree_member_t  *m;

    for (n = 0; n < NGX_CC_TREE_LOOKS; n++) {
        running = 0;

        for (i = from; i < tree->ordered; i++) {
            m = &tree->member[tree->order[i]];

            if (m->running) {
                m->running = ngx_cc_proc_stat(tree->proc.dir, m->pid, &st) == 0
                             && st.start == m->start
                             && ngx_cc_tree_runs(&st);
                running |= m->running;
            }
        }

        if (!running || ngx_cc_clock_ms() >= tree->until) {
            return;
        }

        ts.tv_sec = 0;
        ts.tv_nsec = NGX_CC_TREE_LOOK;
        (void) nanosleep(&ts, NULL);
    }
}


/*
 * A child was listed.  It is one of ours when it is an own child, or when its
 * parent is still the one that we know, looked at after the child was: then
 * the parent was alive in between.
 */

static void
ngx_cc_tree_meet(void *data, pid_t pid)
{
    uint32_t               fresh;
    ngx_cc_proc_stat_t     st, parent;
    ngx_cc_tree_t         *tree;
    ngx_cc_tree_visit_t   *visit = data;
    ngx_cc_tree_member_t  *m;

    tree = visit->tree;

    if (pid == tree->spare) {
        return;
    }

    if (ngx_cc_proc_stat(tree->proc.dir, pid, &st) == -1) {

        if (visit->parent) {
            return;
        }

        /* hidden from us: an own child all the same */

        memset(&st, 0, sizeof(st));
        st.parent = tree->proc.self;
    }

    if (st.parent != tree->proc.self
        && (visit->parent == NULL || st.parent != visit->parent->pid
            || ngx_cc_proc_stat(tree->proc.dir, st.parent, &parent) == -1
            || parent.start != visit->parent->start))
    {
        return;
    }

    fresh = tree->fresh;
    m = ngx_cc_tree_member(tree, pid, st.start);

    if (m == NULL || m->round == tree->round) {
        return;
    }

    tree->awake += (fresh != tree->fresh
                    && (st.state == 'R' || st.state == 'S'));

    m->round = tree->round;
    m->own = (st.parent == tree->proc.self);
    m->grouped = (tree->group && st.group == tree->group);
    m->running = ngx_cc_tree_runs(&st);
    m->reached |= (tree->only && st.group != tree->only);

    tree->order[tree->ordered++] = m - tree->member;

    if (tree->signo != SIGCONT || tree->only) {
        ngx_cc_tree_send(tree, m);
    }
}


/* who has that number and start time; a new one is written down, if possible */

static ngx_cc_tree_member_t *
ngx_cc_tree_member(ngx_cc_tree_t *tree, pid_t pid, uint64_t start)
{
    uint32_t               slot;
    ngx_cc_tree_member_t  *m;

    for (slot = (uint32_t) pid % NGX_CC_TREE_INDEX;
         tree->index[slot];
         slot = (slot + 1) % NGX_CC_TREE_INDEX)
    {
        m = &tree->member[tree->index[slot] - 1];

        if (m->pid == pid && m->start == start) {
            return m;
        }
    }

    if (tree->members == NGX_CC_TREE_MAX) {
        tree->beyond++;
        return NULL;
    }

    m = &tree->member[tree->members++];
    memset(m, 0, sizeof(*m));

    m->pid = pid;
    m->start = start;
    m->slot = slot;

    tree->index[slot] = tree->members;
    tree->fresh++;

    return m;
}


static void
ngx_cc_tree_send(ngx_cc_tree_t *tree, ngx_cc_tree_member_t *m)
{
    int                 fd;
    ngx_cc_proc_stat_t  st;

    if (m->reached) {
        return;
    }

    if (!tree->pidfd && m->grouped) {
        m->reached = 1;
        return;
    }

    /* only we can wait for an own child: its pid stays its own */

    if (m->own) {
        m->reached = (ngx_cc_tree_send_both(tree, -1, m->pid) == 0
                      || errno == ESRCH);
        return;
    }

    if (!tree->pidfd) {
        return;
    }

    fd = syscall(NGX_CC_TREE_PIDFD_OPEN, m->pid, 0);

    if (fd == -1) {
        m->reached = (errno == ESRCH);
        return;
    }

    if (ngx_cc_proc_stat(tree->proc.dir, m->pid, &st) == -1
        || st.start != m->start)
    {
        m->reached = 1;                  /* it is gone */

    } else {
        m->reached = (ngx_cc_tree_send_both(tree, fd, 0) == 0
                      || errno == ESRCH);
    }

    (void) close(fd);
}


/* by pidfd, or by number */

static int
ngx_cc_tree_send_both(ngx_cc_tree_t *tree, int fd, pid_t pid)
{
    if (fd == -1) {

        if (kill(pid, tree->signo) == -1) {
            return -1;
        }

        return tree->then ? kill(pid, tree->then) : 0;
    }

    if (syscall(NGX_CC_TREE_PIDFD_SIGNAL, fd, tree->signo, NULL, 0) == -1) {
        return -1;
    }

    return tree->then ? syscall(NGX_CC_TREE_PIDFD_SIGNAL, fd, tree->then, NULL,
                                0)
                      : 0;
}


static int
ngx_cc_tree_runs(const ngx_cc_proc_stat_t *st)
{
    return st->state != 'T' && st->state != 't' && st->state != 'Z'
           && st->state != 'X';
}


/* of those met in this round; of one that was not completed, at least one */

static void
ngx_cc_tree_count(ngx_cc_tree_t *tree, int complete)
{
    uint32_t               i;
    ngx_cc_tree_member_t  *m;

    tree->left = tree->beyond + !complete;

    for (i = 0; i < tree->ordered; i++) {
        m = &tree->member[tree->order[i]];

        tree->left += (tree->signo == SIGSTOP && tree->only == 0)
                      ? m->running : !m->reached;
    }
}
