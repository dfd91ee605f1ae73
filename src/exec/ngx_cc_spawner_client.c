
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <sys/prctl.h>
#include "ngx_cc_spawner_client.h"
#include "ngx_cc_deathwatch.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_oom.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_zone.h"


#define NGX_CC_SPAWNER_CLIENT_CALM   10000   /* ms; a spawner that lived so
                                                long is stable */
#define NGX_CC_SPAWNER_CLIENT_PAUSE  10000   /* ms; longer than a spawner ever
                                                waits after a failure */
#define NGX_CC_SPAWNER_CLIENT_ANSWER 5000    /* ms that a service has */
#define NGX_CC_SPAWNER_CLIENT_YOUNG  1000    /* ms; whoever dies so soon ... */
#define NGX_CC_SPAWNER_CLIENT_HURRY  100     /* ... is not asked for again
                                                within so many */


static void ngx_cc_spawner_client_fork(ngx_event_t *ev);
static void ngx_cc_spawner_client_signal(ngx_cc_spawner_client_t *sc,
    int signo);
static ngx_int_t ngx_cc_spawner_client_spawn(ngx_cc_spawner_client_t *sc);
static void ngx_cc_spawner_client_born(ngx_cc_spawner_client_t *sc,
    pid_t pid);
static void ngx_cc_spawner_client_ask(ngx_cc_spawner_client_t *sc);
static void ngx_cc_spawner_client_answer(ngx_cc_spawner_client_t *sc,
    const ngx_cc_wire_connected_t *msg);
static void ngx_cc_spawner_client_answered(ngx_cc_spawner_client_t *sc);
static void ngx_cc_spawner_client_unserved(ngx_cc_spawner_client_t *sc,
    const ngx_cc_wire_connected_t *msg, ngx_err_t err);
static ngx_msec_t ngx_cc_spawner_client_delay(ngx_cc_spawner_client_t *sc);
static void ngx_cc_spawner_client_message(void *data, ngx_cc_wire_msg_t *msg,
    int *fds, int nfds);
static void ngx_cc_spawner_client_writable(void *data);
static void ngx_cc_spawner_client_broken(void *data);
static void ngx_cc_spawner_client_exiting(void *data);


static const ngx_cc_channel_handlers_t  ngx_cc_spawner_client_channel = {
    ngx_cc_spawner_client_message,
    ngx_cc_spawner_client_writable,
    ngx_cc_spawner_client_broken,
    ngx_cc_spawner_client_exiting
};


/* ms to wait before a spawner that died early is replaced, by deaths */

static const ngx_msec_t  ngx_cc_spawner_client_backoff[] = {
    0, 100, 1000, 5000
};


static int  ngx_cc_spawner_client_oom = -1;


void
ngx_cc_spawner_client_undumpable(ngx_log_t *log)
{
    if (ngx_cc_spawner_client_oom == -1) {
        ngx_cc_spawner_client_oom = ngx_cc_oom_open();
    }

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "cc_executor: prctl(PR_SET_DUMPABLE) failed: commands "
                      "may read the memory of this worker");
    }
}


void
ngx_cc_spawner_client_start(ngx_cc_spawner_client_t *sc,
    const ngx_cc_spawner_conf_t *conf,
    const ngx_cc_service_client_conf_t *service,
    const ngx_cc_spawner_client_handlers_t *handlers, void *data,
    ngx_log_t *log)
{
    ngx_memzero(sc, sizeof(ngx_cc_spawner_client_t));

    sc->handlers = handlers;
    sc->data = data;
    sc->log = log;
    sc->conf = *conf;
    sc->service = *service;

    sc->fork.handler = ngx_cc_spawner_client_fork;
    sc->fork.data = sc;
    sc->fork.log = log;
    sc->fork.cancelable = 1;

    ngx_cc_spawner_client_fork(&sc->fork);
}


void
ngx_cc_spawner_client_want(ngx_cc_spawner_client_t *sc, ngx_uint_t n)
{
    ngx_cc_wire_supply_t  msg;

    n = ngx_min(n, NGX_CC_SPAWNER_MAX);

    if (sc->channel.connection == NULL || sc->asking
        || (n == sc->wanted && !sc->unsent))
    {
        return;
    }

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_SUPPLY, 0, sizeof(msg));
    msg.helpers = n;

    sc->wanted = n;
    sc->unsent = (ngx_cc_channel_send(&sc->channel, &msg, sizeof(msg))
                  == NGX_AGAIN);
}


void
ngx_cc_spawner_client_kill(ngx_cc_spawner_client_t *sc,
    ngx_uint_t generation, pid_t pid)
{
    ngx_cc_wire_helper_t  msg;

    if (sc->channel.connection && generation == sc->generation) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_KILL, 0, sizeof(msg));
        msg.pid = pid;

        (void) ngx_cc_channel_send(&sc->channel, &msg, sizeof(msg));
    }
}


void
ngx_cc_spawner_client_doubt(ngx_cc_spawner_client_t *sc,
    ngx_msec_t patience)
{
    if (sc->channel.connection == NULL
        || ngx_current_msec - sc->heard < patience)
    {
        return;
    }

    if (sc->refusing
        && ngx_current_msec - sc->refused < NGX_CC_SPAWNER_CLIENT_PAUSE)
    {
        /* it waits before it tries again */
        return;
    }

    if (sc->service.path) {
        ngx_log_error(NGX_LOG_ERR, sc->log, 0,
                      "cc_executor: the executor service at \"%s\" does not "
                      "answer, it is connected to again", sc->service.path);

        ngx_cc_spawner_client_broken(sc);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, sc->log, 0,
                  "cc_executor: the spawner of keeper %P does not answer, it "
                  "is killed", sc->pid);

    /* by its keeper, which may have been stopped as well */

    ngx_cc_spawner_client_signal(sc, SIGTERM);
    ngx_cc_spawner_client_signal(sc, SIGCONT);
}


/*
 * The keeper is our child, but the core waits for every child as soon as it is
 * told of its end: meanwhile the pid must not be given to another process.
 */

static void
ngx_cc_spawner_client_signal(ngx_cc_spawner_client_t *sc, int signo)
{
    sigset_t   set, old;
    siginfo_t  info;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    (void) sigprocmask(SIG_BLOCK, &set, &old);

    if (waitid(P_PID, sc->pid, &info, WEXITED|WNOHANG|WNOWAIT) == 0) {
        (void) kill(sc->pid, signo);
    }

    (void) sigprocmask(SIG_SETMASK, &old, NULL);
}


void
ngx_cc_spawner_client_hurry(ngx_cc_spawner_client_t *sc)
{
    ngx_msec_t  delay;

    if (sc->service.path == NULL || sc->channel.connection || sc->stopped) {
        return;
    }

    delay = (sc->generation && ngx_current_msec - sc->born
                               < NGX_CC_SPAWNER_CLIENT_YOUNG)
            ? NGX_CC_SPAWNER_CLIENT_HURRY : 1;

    if (sc->fork.timer_set) {

        /* it is only brought forward: else who hurries often puts it off */

        if ((ngx_msec_int_t) (sc->fork.timer.key - ngx_current_msec)
            <= (ngx_msec_int_t) delay)
        {
            return;
        }

        ngx_del_timer(&sc->fork);
    }

    ngx_add_timer(&sc->fork, delay);
}


void
ngx_cc_spawner_client_retire(ngx_cc_spawner_client_t *sc)
{
    sc->stopped = 1;
}


void
ngx_cc_spawner_client_stop(ngx_cc_spawner_client_t *sc)
{
    sc->stopped = 1;

    if (sc->channel.connection) {
        ngx_cc_channel_close(&sc->channel);

        /* in case it was stopped: the keeper wakes it */

        if (sc->service.path == NULL) {
            ngx_cc_spawner_client_signal(sc, SIGCONT);
        }
    }
}


static void
ngx_cc_spawner_client_fork(ngx_event_t *ev)
{
    ngx_cc_spawner_client_t  *sc = ev->data;

    if (sc->stopped) {
        return;
    }

    if (sc->service.path) {
        ngx_cc_spawner_client_ask(sc);
        return;
    }

    if (ngx_cc_spawner_client_spawn(sc) != NGX_OK) {
        ngx_add_timer(&sc->fork,
                      ngx_max(ngx_cc_spawner_client_delay(sc), 100));
        return;
    }

    sc->wanted = 0;
    sc->unsent = 0;
    sc->handlers->ready(sc->data);
}


static ngx_int_t
ngx_cc_spawner_client_spawn(ngx_cc_spawner_client_t *sc)
{
    int                    s[2], value;
    pid_t                  pid;
    ngx_int_t              rc;
    ngx_uint_t             i, n;
    ngx_list_part_t       *part;
    ngx_shm_zone_t        *zone;
    ngx_cc_spawner_map_t  *maps;
    ngx_cc_spawner_conf_t  conf;

    n = 0;

    for (part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        n += part->nelts;
    }

    maps = ngx_alloc((n + 1) * sizeof(ngx_cc_spawner_map_t), sc->log);

    if (maps == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        zone = part->elts;

        for (i = 0; i < part->nelts; i++) {
            maps[n].addr = zone[i].shm.addr;
            maps[n].size = zone[i].shm.size;
            n++;
        }
    }

    if (ngx_cc_fdmsg_pair(s) == -1) {
        ngx_log_error(NGX_LOG_ERR, sc->log, ngx_errno,
                      "cc_executor: socketpair() failed");
        ngx_free(maps);
        return NGX_ERROR;
    }

    conf = sc->conf;
    conf.socket = s[1];
    conf.deathwatch = ngx_cc_deathwatch_fd();
    conf.maps = maps;
    conf.nmaps = n;

    /* as long as the title that the worker has now: that much is ours */

    conf.argv = ngx_os_argv;
    conf.title_room = ngx_strlen(ngx_os_argv[0]) + 1;
    conf.program = "nginx: cc";

    /* one that is born not dumpable could not do that itself */

    value = -1001;

    if (ngx_cc_spawner_client_oom != -1) {
        value = ngx_cc_oom_add(ngx_cc_spawner_client_oom, NGX_CC_SPAWNER_OOM);
        conf.raised = (value != -1001);
    }

    pid = fork();

    if (pid == 0) {
        ngx_cc_spawner_run(&conf);
    }

    if (conf.raised) {
        ngx_cc_oom_set(ngx_cc_spawner_client_oom, value);
    }

    ngx_free(maps);
    (void) close(s[1]);

    if (pid == -1) {
        ngx_log_error(NGX_LOG_ERR, sc->log, ngx_errno,
                      "cc_executor: fork() of the spawner failed");
        (void) close(s[0]);
        return NGX_ERROR;
    }

    ngx_cc_spawner_client_born(sc, pid);

    ngx_log_error(NGX_LOG_NOTICE, sc->log, 0,
                  "cc_executor: spawner started, its keeper is %P", pid);

    rc = ngx_cc_channel_open(&sc->channel, s[0],
                             &ngx_cc_spawner_client_channel, sc, 1,
                             sc->log);

    return (rc == NGX_OK) ? NGX_OK : NGX_ERROR;
}


static void
ngx_cc_spawner_client_born(ngx_cc_spawner_client_t *sc, pid_t pid)
{
    sc->generation++;
    sc->pid = pid;
    sc->born = ngx_current_msec;
    sc->heard = ngx_current_msec;
    sc->refusing = 0;
}


/* the service: connect, or give it up that has not answered */

static void
ngx_cc_spawner_client_ask(ngx_cc_spawner_client_t *sc)
{
    ngx_socket_t  s;

    if (sc->asking) {
        ngx_cc_spawner_client_unserved(sc, NULL, NGX_ETIMEDOUT);
        return;
    }

    s = ngx_cc_service_client_connect(&sc->service, &sc->conf);

    if (s == (ngx_socket_t) -1) {
        ngx_cc_spawner_client_unserved(sc, NULL, ngx_errno);
        return;
    }

    ngx_cc_spawner_client_born(sc, 0);

    if (ngx_cc_channel_open(&sc->channel, s, &ngx_cc_spawner_client_channel,
                            sc, 1, sc->log)
        != NGX_OK)
    {
        ngx_cc_spawner_client_unserved(sc, NULL, NGX_ENOMEM);
        return;
    }

    sc->asking = 1;
    ngx_add_timer(&sc->fork, NGX_CC_SPAWNER_CLIENT_ANSWER);
}


static void
ngx_cc_spawner_client_answer(ngx_cc_spawner_client_t *sc,
    const ngx_cc_wire_connected_t *msg)
{
    if (msg->head.version != NGX_CC_WIRE_VERSION
        || msg->refusal != NGX_CC_REFUSAL_NONE)
    {
        ngx_cc_spawner_client_unserved(sc, msg,
                                       ngx_cc_service_client_error(msg));
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, sc->log, 0,
                  "cc_executor: the executor service at \"%s\" starts commands "
                  "as \"%s\" (uid %uD)", sc->service.path, sc->service.user,
                  msg->uid);

    ngx_cc_spawner_client_answered(sc);

    sc->uid = msg->uid;
    sc->cgroup = msg->head.flags;
    ngx_cc_service_client_lacks(&sc->service, sc->cgroup, sc->log);
    sc->told = 0;
    sc->wanted = 0;
    sc->unsent = 0;

    sc->handlers->ready(sc->data);
}


/* the timer is that of the answer, unless this worker is about to leave */

static void
ngx_cc_spawner_client_answered(ngx_cc_spawner_client_t *sc)
{
    sc->asking = 0;

    if (sc->fork.timer_set) {
        ngx_del_timer(&sc->fork);
    }
}


/*
 * No service, or (msg) one that refuses: who waits is told why, and it is tried
 * again.  The log has one line for each reason in a row.
 */

static void
ngx_cc_spawner_client_unserved(ngx_cc_spawner_client_t *sc,
    const ngx_cc_wire_connected_t *msg, ngx_err_t err)
{
    ngx_uint_t  why;

    ngx_cc_channel_close(&sc->channel);
    ngx_cc_spawner_client_answered(sc);
    sc->cgroup = 0;

    why = msg ? 0x10000 + msg->refusal : (ngx_uint_t) err;

    if (why != sc->told) {
        sc->told = why;

        if (msg) {
            ngx_cc_service_client_refused(&sc->service, msg, sc->log);

        } else {
            ngx_log_error(NGX_LOG_ERR, sc->log, err,
                          "cc_executor: no executor service at \"%s\"",
                          sc->service.path);
        }
    }

    if (!sc->stopped) {
        ngx_add_timer(&sc->fork,
                      ngx_max(ngx_cc_spawner_client_delay(sc), 100));
    }

    sc->handlers->refused(sc->data, NGX_CC_STAGE_SERVICE, err);
}


/* counts a death, and says when to try again */

static ngx_msec_t
ngx_cc_spawner_client_delay(ngx_cc_spawner_client_t *sc)
{
    ngx_msec_t  delay;

    delay = ngx_cc_spawner_client_backoff[ngx_min(sc->deaths, 3)];
    sc->deaths++;

    return delay;
}


static void
ngx_cc_spawner_client_message(void *data, ngx_cc_wire_msg_t *msg, int *fds,
    int nfds)
{
    ngx_cc_spawner_client_t  *sc = data;

    sc->heard = ngx_current_msec;

    switch (msg->head.type) {

    case NGX_CC_WIRE_CONNECTED:
        if (sc->asking) {
            ngx_cc_spawner_client_answer(sc, &msg->connected);
        }

        break;

    case NGX_CC_WIRE_HELPER:
        sc->refusing = 0;

        if (nfds == 2) {
            sc->handlers->made(sc->data, msg->helper.pid, fds,
                                   msg->helper.ring);
            return;
        }

        sc->handlers->made(sc->data, msg->helper.pid, NULL, 0);
        break;

    case NGX_CC_WIRE_GONE:
        ngx_log_debug2(NGX_LOG_DEBUG_CORE, sc->log, 0,
                       "cc_executor: helper %D ended, status %D",
                       msg->helper.pid, msg->helper.status);

        if (WIFSTOPPED(msg->helper.status)) {
            sc->handlers->stopped(sc->data, msg->helper.pid);
            break;
        }

        if (msg->helper.status) {
            ngx_cc_zone_count(NGX_CC_TOTAL_HELPERS_LOST, 1);
        }

        sc->handlers->gone(sc->data, msg->helper.pid);

        break;

    case NGX_CC_WIRE_NOFORK:
        sc->refusing = 1;
        sc->refused = ngx_current_msec;

        ngx_log_error(NGX_LOG_ERR, sc->log, msg->failed.error,
                      msg->failed.error
                      ? "cc_executor: could not make a helper"
                      : "cc_executor: a helper died at its birth");

        sc->handlers->refused(sc->data, NGX_CC_STAGE_FORK,
                              msg->failed.error ? msg->failed.error
                                                : NGX_EAGAIN);
        break;

    default:
        break;
    }

    while (nfds) {
        (void) close(fds[--nfds]);
    }
}


static void
ngx_cc_spawner_client_writable(void *data)
{
    ngx_cc_spawner_client_t  *sc = data;

    if (sc->unsent) {
        ngx_cc_spawner_client_want(sc, sc->wanted);
    }
}


static void
ngx_cc_spawner_client_broken(void *data)
{
    ngx_msec_t                delay;
    ngx_cc_spawner_client_t  *sc = data;

    if (sc->asking) {
        ngx_cc_spawner_client_unserved(sc, NULL, NGX_ECONNRESET);
        return;
    }

    ngx_cc_channel_close(&sc->channel);

    sc->wanted = 0;
    sc->unsent = 0;
    sc->generation++;                /* its helpers are orphans now */

    sc->handlers->lost(sc->data);

    if (sc->stopped) {
        return;
    }

    ngx_cc_zone_count(NGX_CC_TOTAL_SPAWNERS_LOST, 1);

    if (ngx_current_msec - sc->born > NGX_CC_SPAWNER_CLIENT_CALM) {
        sc->deaths = 0;
    }

    delay = ngx_cc_spawner_client_delay(sc);

    ngx_log_error(NGX_LOG_ERR, sc->log, 0,
                  "cc_executor: the spawner is gone, next one in %M ms",
                  delay);

    ngx_add_timer(&sc->fork, delay);
}


static void
ngx_cc_spawner_client_exiting(void *data)
{
    ngx_cc_spawner_client_t  *sc = data;

    sc->handlers->exiting(sc->data);
}
