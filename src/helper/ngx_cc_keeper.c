
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_close_except.h"
#include "ngx_cc_keeper.h"
#include "ngx_cc_sweep.h"


#define NGX_CC_KEEPER_MAX     1024       /* as many as a spawner has */
#define NGX_CC_KEEPER_WAKE    1000       /* ms until those are woken that were
                                            stopped and should leave */


typedef struct {
    const ngx_cc_keeper_list_t  *list;
    ngx_cc_proc_t  proc;
    int            signals;
    pid_t          parent;
    int            serviced;
    uint64_t       wake_at;              /* ms; 0 = not until one is stopped */
    pid_t          spawner;              /* 0: it is gone, then: */
    pid_t          spared[NGX_CC_KEEPER_MAX];
    size_t         n;
} ngx_cc_keeper_t;


static void ngx_cc_keeper_run(ngx_cc_keeper_t *k)
    __attribute__((noreturn));
static void ngx_cc_keeper_wait(ngx_cc_keeper_t *k);
static void ngx_cc_keeper_orphaned(ngx_cc_keeper_t *k);
static void ngx_cc_keeper_obey(ngx_cc_keeper_t *k);
static void ngx_cc_keeper_reap(ngx_cc_keeper_t *k);
static void ngx_cc_keeper_inherit(ngx_cc_keeper_t *k);
static void ngx_cc_keeper_wake(ngx_cc_keeper_t *k);


int
ngx_cc_keeper_split(const ngx_cc_keeper_list_t *list, int serviced)
{
    int              watch[2], keep[4];
    pid_t            pid;
    sigset_t         set, old;
    ngx_cc_keeper_t  keeper;

    if (pipe2(watch, O_CLOEXEC) == -1) {
        return -1;
    }

    keeper.list = list;
    keeper.parent = getppid();
    keeper.serviced = serviced;
    keeper.n = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCONT);
    (void) sigprocmask(SIG_SETMASK, &set, &old);

    keeper.signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    if (keeper.signals == -1 || ngx_cc_proc_open(&keeper.proc) == -1) {
        return -1;
    }

    /* raw, as in the spawner: no handlers of the worker's libraries */

    pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == -1) {
        return -1;
    }

    if (pid == 0) {
        (void) close(watch[1]);
        (void) close(keeper.signals);
        (void) close(keeper.proc.dir);

        if (keeper.proc.children != -1) {
            (void) close(keeper.proc.children);
        }

        (void) sigprocmask(SIG_SETMASK, &old, NULL);

        /* should somebody have stopped it: it has to see the keeper's end */

        (void) prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0);

        return watch[0];
    }

    keeper.spawner = pid;

    /* "watch" is the only thing that its end shall tell */

    keep[0] = watch[1];
    keep[1] = keeper.signals;
    keep[2] = keeper.proc.dir;
    keep[3] = keeper.proc.children;

    if (ngx_cc_close_except(keep, 4) == -1) {
        (void) kill(pid, SIGKILL);
    }

    ngx_cc_keeper_run(&keeper);
}


static void
ngx_cc_keeper_run(ngx_cc_keeper_t *k)
{
    /* the worker may have gone already */

    k->wake_at = 0;
    ngx_cc_keeper_orphaned(k);

    for ( ;; ) {
        ngx_cc_keeper_wait(k);
        ngx_cc_keeper_obey(k);
        ngx_cc_keeper_reap(k);
    }
}


/*
 * Whoever is stopped when the worker goes is woken soon after, whoever is
 * stopped later when SIGCHLD tells it: nobody has to look every now and then.
 */

static void
ngx_cc_keeper_wait(ngx_cc_keeper_t *k)
{
    int            timeout;
    uint64_t       now;
    struct pollfd  fd;

    fd.fd = k->signals;
    fd.events = POLLIN;
    timeout = -1;

    if (k->wake_at) {
        now = ngx_cc_clock_ms();
        timeout = k->wake_at > now ? (int) (k->wake_at - now) : 0;
    }

    (void) poll(&fd, 1, timeout);

    if (k->wake_at && ngx_cc_clock_ms() >= k->wake_at) {
        ngx_cc_keeper_wake(k);
    }
}


/*
 * Who is stopped now shall not stay so if the worker is gone.  A service's
 * keeper cannot know that: nobody stays stopped.
 */

static void
ngx_cc_keeper_orphaned(ngx_cc_keeper_t *k)
{
    if (k->serviced || getppid() != k->parent) {
        k->wake_at = ngx_cc_clock_ms() + NGX_CC_KEEPER_WAKE;
    }
}


static void
ngx_cc_keeper_obey(ngx_cc_keeper_t *k)
{
    struct signalfd_siginfo  info;

    while (read(k->signals, &info, sizeof(info)) > 0) {

        if (info.ssi_signo == SIGTERM && k->spawner) {
            (void) kill(k->spawner, SIGKILL);

        } else if (info.ssi_signo == SIGCONT) {
            ngx_cc_keeper_wake(k);
            ngx_cc_keeper_orphaned(k);
        }
    }
}


static void
ngx_cc_keeper_reap(ngx_cc_keeper_t *k)
{
    int     status;
    pid_t   pid;
    size_t  i;

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG|WUNTRACED);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid == -1) {
            _exit(0);
        }

        if (pid == 0) {
            break;
        }

        /* one that is only stopped is not gone */

        if (WIFSTOPPED(status)) {
            ngx_cc_keeper_orphaned(k);
            continue;
        }

        if (pid == k->spawner) {
            k->spawner = 0;
            ngx_cc_keeper_inherit(k);
            ngx_cc_keeper_orphaned(k);
        }

        for (i = 0; i < k->n; i++) {
            if (k->spared[i] == pid) {
                k->spared[i--] = k->spared[--k->n];
            }
        }
    }

    if (k->spawner == 0) {
        (void) ngx_cc_sweep_kill(&k->proc, k->spared, k->n);
    }
}


/* nobody writes to the list any more */

static void
ngx_cc_keeper_inherit(ngx_cc_keeper_t *k)
{
    size_t  i;

    k->n = k->list->alive;

    if (k->n > NGX_CC_KEEPER_MAX) {
        k->n = NGX_CC_KEEPER_MAX;
    }

    for (i = 0; i < k->n; i++) {
        k->spared[i] = k->list->pid[i];
    }
}


/* only own children that are not waited for yet: nobody else's numbers */

static void
ngx_cc_keeper_wake(ngx_cc_keeper_t *k)
{
    size_t  i;

    k->wake_at = 0;

    if (k->spawner) {
        (void) kill(k->spawner, SIGCONT);
        return;
    }

    for (i = 0; i < k->n; i++) {
        (void) kill(k->spared[i], SIGCONT);
    }
}
