
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_grants.h"
#include "ngx_cc_names.h"
#include "ngx_cc_notify.h"
#include "ngx_cc_oom.h"
#include "ngx_cc_question.h"
#include "ngx_cc_say.h"
#include "ngx_cc_service.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_trust.h"
#include "ngx_cc_user.h"
#include "ngx_cc_version.h"
#include "ngx_cc_wire.h"


#define NGX_CC_SERVICE_RETRY    100      /* ms; when no descriptor was left */
#define NGX_CC_SERVICE_WHY      512


/* who has connected and said nothing yet */

typedef struct {
    int             fd;
    uint64_t        until;       /* ms */
} ngx_cc_service_peer_t;


/* what a worker has asked for, and what becomes of it */

typedef struct {
    ngx_cc_wire_connect_t  msg;
    struct ucred           who;      /* has sent it */
    ngx_cc_user_t          user;
    unsigned               max;      /* workers for that user, 0 = any number */
    char                   tmp[4096];
} ngx_cc_service_request_t;


typedef struct {
    const ngx_cc_service_conf_t  *conf;
    int                    signals;
    ngx_cc_takeover_t      has;
    ngx_cc_delegation_t    groups;
    ngx_cc_service_peer_t  peer[NGX_CC_SERVICE_PEERS];   /* oldest first */
    size_t                 npeers;
    uint64_t               listen_at;    /* ms; nobody is let in before */
    int                    stopping;
    pid_t                  trial;        /* of the program that takes over, 0:
                                            none */
    int                    leaving;      /* it may take over */
} ngx_cc_service_t;


static int ngx_cc_service_begin(ngx_cc_service_t *s);
static void ngx_cc_service_wait(ngx_cc_service_t *s);
static void ngx_cc_service_obey(ngx_cc_service_t *s);
static void ngx_cc_service_stop(ngx_cc_service_t *s);
static void ngx_cc_service_try(ngx_cc_service_t *s);
static void ngx_cc_service_tried(ngx_cc_service_t *s, int status);
static void ngx_cc_service_replace(ngx_cc_service_t *s);
static void ngx_cc_service_reap(ngx_cc_service_t *s);
static void ngx_cc_service_accept(ngx_cc_service_t *s);
static void ngx_cc_service_drop(ngx_cc_service_t *s, size_t i);
static void ngx_cc_service_hear(ngx_cc_service_t *s, int fd);
static ngx_cc_refusal_e ngx_cc_service_judge(ngx_cc_service_t *s,
    ngx_cc_service_request_t *r, int *error);
static ngx_cc_refusal_e ngx_cc_service_user(ngx_cc_service_request_t *r,
    int *error);
static ngx_cc_refusal_e ngx_cc_service_full(const ngx_cc_service_t *s,
    const ngx_cc_service_request_t *r);
static const char *ngx_cc_service_tmp(ngx_cc_service_t *s,
    ngx_cc_service_request_t *r);
static void ngx_cc_service_serve(ngx_cc_service_t *s, int fd,
    ngx_cc_service_request_t *r);


int
ngx_cc_service_run(const ngx_cc_service_conf_t *conf)
{
    static ngx_cc_service_t  s;

    s.conf = conf;

    if (ngx_cc_service_begin(&s) == -1) {
        return -1;
    }

    while (!s.stopping || s.has.nworkers) {
        ngx_cc_service_wait(&s);

        if (s.leaving && !s.stopping && s.npeers == 0) {
            ngx_cc_service_replace(&s);
        }
    }

    return 0;
}


static int
ngx_cc_service_begin(ngx_cc_service_t *s)
{
    sigset_t  set;

    s->has = s->conf->begin;
    s->groups = s->conf->groups;
    ngx_cc_delegation_sweep(&s->groups);

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGCHLD);

    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) {
        return -1;
    }

    s->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    if (s->signals == -1) {
        return -1;
    }

    if (!s->conf->taken) {
        return pipe2(s->has.watch, O_CLOEXEC);
    }

    ngx_cc_say("version " NGX_CC_VERSION " has taken over, workers: "
               "%zu", s->has.nworkers);

    /* who ended meanwhile has told the program before this one */

    ngx_cc_service_reap(s);

    return 0;
}


static void
ngx_cc_service_wait(ngx_cc_service_t *s)
{
    int            n, timeout;
    size_t         i;
    uint64_t       now, next;
    struct pollfd  fds[2 + NGX_CC_SERVICE_PEERS];

    now = ngx_cc_clock_ms();
    next = ngx_cc_delegation_next(&s->groups, now);

    fds[0].fd = s->signals;
    fds[0].events = POLLIN;
    fds[1].fd = (s->stopping || s->leaving || now < s->listen_at)
                ? -1 : s->has.listener;
    fds[1].events = POLLIN;

    if (!s->stopping && now < s->listen_at) {
        next = s->listen_at;
    }

    for (i = 0; i < s->npeers; i++) {
        fds[2 + i].fd = s->peer[i].fd;
        fds[2 + i].events = POLLIN;
        next = s->peer[i].until < next ? s->peer[i].until : next;
    }

    timeout = next == UINT64_MAX ? -1 : next > now ? (int) (next - now) : 0;

    n = poll(fds, 2 + s->npeers, timeout);

    if (n == -1) {
        return;
    }

    /* from the last to the first: whoever is dropped has been looked at */

    now = ngx_cc_clock_ms();

    for (i = s->npeers; i-- > 0; ) {
        if (fds[2 + i].revents) {
            ngx_cc_service_hear(s, s->peer[i].fd);
            ngx_cc_service_drop(s, i);

        } else if (now >= s->peer[i].until) {
            ngx_cc_service_drop(s, i);
        }
    }

    if (fds[1].revents) {
        ngx_cc_service_accept(s);
    }

    if (fds[0].revents) {
        ngx_cc_service_obey(s);
    }
}


static void
ngx_cc_service_obey(ngx_cc_service_t *s)
{
    struct signalfd_siginfo  info;

    while (read(s->signals, &info, sizeof(info)) > 0) {
        if (info.ssi_signo == SIGCHLD || s->stopping) {
            continue;
        }

        if (info.ssi_signo == SIGHUP) {
            ngx_cc_service_try(s);

        } else {
            ngx_cc_service_stop(s);
        }
    }

    ngx_cc_service_reap(s);
}


/*
 * The end of the deathwatch tells all of them.  Who was stopped has to hear it:
 * a keeper wakes its spawner, who wakes helpers.
 */

static void
ngx_cc_service_stop(ngx_cc_service_t *s)
{
    size_t  i;

    s->stopping = 1;
    ngx_cc_notify("STOPPING=1");

    (void) close(s->has.listener);
    (void) close(s->has.watch[1]);

    while (s->npeers) {
        ngx_cc_service_drop(s, 0);
    }

    for (i = 0; i < s->has.nworkers; i++) {
        (void) kill(s->has.worker[i].keeper, SIGCONT);
    }

    if (s->has.nworkers) {
        ngx_cc_say("stopping: what runs is ended");
    }
}


/* what goes on being tried is what this one is about, too */

static void
ngx_cc_service_try(ngx_cc_service_t *s)
{
    if (s->trial || s->leaving) {
        return;
    }

    ngx_cc_notify("RELOADING=1");
    s->trial = ngx_cc_takeover_try(&s->has, s->conf->program, s->conf->words);

    if (s->trial == -1) {
        ngx_cc_say("reload: fork: %s: this one goes on",
                   strerror(errno));
        s->trial = 0;
        ngx_cc_notify("READY=1");
    }
}


static void
ngx_cc_service_tried(ngx_cc_service_t *s, int status)
{
    s->trial = 0;

    if (status == 0) {
        s->leaving = 1;
        return;
    }

    ngx_cc_say("reload: \"%s\" cannot take over%s: this one goes on",
               s->conf->program, WIFSIGNALED(status) ? " (it was killed)" : "");
    ngx_cc_notify("READY=1");
}


/* everybody who had connected is served or gone */

static void
ngx_cc_service_replace(ngx_cc_service_t *s)
{
    ngx_cc_takeover_exec(&s->has, s->conf->program, s->conf->words);

    ngx_cc_say("reload: \"%s\": %s: this one goes on",
               s->conf->program, strerror(errno));
    s->leaving = 0;
    ngx_cc_notify("READY=1");
}


static void
ngx_cc_service_reap(ngx_cc_service_t *s)
{
    int     status;
    pid_t   pid;
    size_t  i;

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG|WUNTRACED);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            return;
        }

        /* its worker may go, and nobody else would tell it to go on */

        if (WIFSTOPPED(status)) {
            (void) kill(pid, SIGCONT);
            continue;
        }

        if (pid == s->trial) {
            ngx_cc_service_tried(s, status);
            continue;
        }

        for (i = 0; i < s->has.nworkers; i++) {
            if (s->has.worker[i].keeper == pid) {
                s->has.worker[i] = s->has.worker[--s->has.nworkers];
                break;
            }
        }

        /* whoever was killed has left its group */

        ngx_cc_delegation_sweep(&s->groups);
    }
}


static void
ngx_cc_service_accept(ngx_cc_service_t *s)
{
    int  fd, on;

    fd = accept4(s->has.listener, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
            || errno == ENOBUFS)
        {
            s->listen_at = ngx_cc_clock_ms() + NGX_CC_SERVICE_RETRY;
        }

        return;
    }

    /* the listener may have it since a moment ago */

    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));

    if (s->npeers == NGX_CC_SERVICE_PEERS) {
        ngx_cc_service_drop(s, 0);
    }

    s->peer[s->npeers].fd = fd;
    s->peer[s->npeers].until = ngx_cc_clock_ms() + NGX_CC_SERVICE_TIME;
    s->npeers++;
}


static void
ngx_cc_service_drop(ngx_cc_service_t *s, size_t i)
{
    (void) close(s->peer[i].fd);

    s->npeers--;
    memmove(&s->peer[i], &s->peer[i + 1],
            (s->npeers - i) * sizeof(ngx_cc_service_peer_t));
}


/* its one question; the descriptor stays the caller's */

static void
ngx_cc_service_hear(ngx_cc_service_t *s, int fd)
{
    int                              off, size, error;
    ssize_t                          n;
    ngx_cc_refusal_e                 refusal;
    static ngx_cc_service_request_t  request;

    n = ngx_cc_question_receive(fd, &request.msg, &request.who);

    if (n <= 0
        || ngx_cc_wire_check(&request.msg, n) != NGX_CC_WIRE_CONNECT)
    {
        return;
    }

    /* descriptors come in its place from now on */

    off = 0;
    size = NGX_CC_FDMSG_BUFFER / 2;
    (void) setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));

    error = 0;
    refusal = ngx_cc_service_judge(s, &request, &error);

    if (refusal != NGX_CC_REFUSAL_NONE) {
        ngx_cc_question_answer(fd, refusal, error, (uid_t) -1, 0);
        return;
    }

    ngx_cc_service_serve(s, fd, &request);
}


/* the name is in no log before the table has it: it may be anything */

static ngx_cc_refusal_e
ngx_cc_service_judge(ngx_cc_service_t *s, ngx_cc_service_request_t *r,
    int *error)
{
    char              why[NGX_CC_SERVICE_WHY];
    ngx_cc_refusal_e  refusal;

    if (r->msg.head.version != NGX_CC_WIRE_VERSION) {
        if (ngx_cc_say_more()) {
            ngx_cc_say("refused uid %u (pid %d): it is version %s (%u),"
                       " this is %s (%u): upgrade both",
                       (unsigned) r->who.uid, (int) r->who.pid,
                       ngx_cc_question_build(&r->msg),
                       (unsigned) r->msg.head.version,
                       NGX_CC_VERSION, NGX_CC_WIRE_VERSION);
        }

        return NGX_CC_REFUSAL_VERSION;
    }

    r->max = 0;

    refusal = s->conf->grant
              ? ngx_cc_grants_one(s->conf->grant, r->who.uid, r->msg.user)
              : ngx_cc_grants_look(s->conf->policy, r->who.uid, r->msg.user,
                                   &r->max, why, sizeof(why));

    if (refusal == NGX_CC_REFUSAL_POLICY) {
        if (ngx_cc_say_more()) {
            ngx_cc_say("policy: %s", why);
        }

        return refusal;
    }

    if (refusal == NGX_CC_REFUSAL_NONE) {
        refusal = ngx_cc_service_user(r, error);
    }

    if (refusal == NGX_CC_REFUSAL_NONE) {
        refusal = ngx_cc_service_full(s, r);
    }

    if (refusal != NGX_CC_REFUSAL_NONE && ngx_cc_say_more()) {
        ngx_cc_say("refused uid %u (pid %d): %s",
                   (unsigned) r->who.uid, (int) r->who.pid,
                   ngx_cc_names_refusal(refusal));
    }

    return refusal;
}


/* with one entry there is nobody whom it could keep out */

static ngx_cc_refusal_e
ngx_cc_service_full(const ngx_cc_service_t *s,
    const ngx_cc_service_request_t *r)
{
    size_t  all, of_user;

    all = ngx_cc_takeover_count(&s->has, r->who.uid, r->user.uid, &of_user);

    if (s->has.nworkers == NGX_CC_SERVICE_WORKERS
        || (s->conf->grant == NULL && all >= NGX_CC_SERVICE_SHARE))
    {
        return NGX_CC_REFUSAL_FULL;
    }

    return (r->max && of_user >= r->max) ? NGX_CC_REFUSAL_MANY
                                         : NGX_CC_REFUSAL_NONE;
}


static ngx_cc_refusal_e
ngx_cc_service_user(ngx_cc_service_request_t *r, int *error)
{
    if (ngx_cc_user_find(&r->user, r->msg.user) == -1) {
        *error = (errno == ENOENT) ? 0 : errno;
        return *error ? NGX_CC_REFUSAL_SYSTEM : NGX_CC_REFUSAL_UNKNOWN;
    }

    return (r->user.uid == 0 || r->user.uid == geteuid())
           ? NGX_CC_REFUSAL_ROOT : NGX_CC_REFUSAL_NONE;
}


/* the user's directory for TMPDIRs, or NULL: commands do without */

static const char *
ngx_cc_service_tmp(ngx_cc_service_t *s, ngx_cc_service_request_t *r)
{
    int   n, dir, fd, err;
    char  name[16];

    if (s->conf->tmp == NULL) {
        return NULL;
    }

    (void) snprintf(name, sizeof(name), "%u", (unsigned) r->user.uid);
    n = snprintf(r->tmp, sizeof(r->tmp), "%s/%s", s->conf->tmp, name);

    dir = open(s->conf->tmp, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    fd = -1;

    if (dir != -1) {
        fd = ngx_cc_trust_directory(dir, name, r->user.uid, 0700);
    }

    err = (fd == -1) ? errno : ENAMETOOLONG;

    if (fd == -1 || n < 0 || (size_t) n >= sizeof(r->tmp)) {
        if (ngx_cc_say_more()) {
            ngx_cc_say("\"%s/%s\": %s: commands have no TMPDIR of "
                       "their own", s->conf->tmp, name, strerror(err));
        }

        r->tmp[0] = '\0';
    }

    if (fd != -1) {
        (void) close(fd);
    }

    if (dir != -1) {
        (void) close(dir);
    }

    return r->tmp[0] ? r->tmp : NULL;
}


/*
 * Answered before the fork: what the spawner says comes behind it.  It closes
 * what is not its own, our copy is closed by the caller.
 */

static void
ngx_cc_service_serve(ngx_cc_service_t *s, int fd, ngx_cc_service_request_t *r)
{
    int                    value, err;
    pid_t                  pid;
    ngx_cc_wire_failed_t   failed;
    ngx_cc_spawner_conf_t  conf;

    memset(&conf, 0, sizeof(conf));

    conf.socket = fd;
    conf.deathwatch = s->has.watch[0];
    conf.ring = r->msg.ring;
    conf.nice = r->msg.nice;
    conf.seccomp = r->msg.seccomp;
    conf.enclosed = r->msg.enclosed;
    conf.user = &r->user;
    conf.tmp = ngx_cc_service_tmp(s, r);
    conf.cgroup = s->groups.base;
    conf.argv = s->conf->argv;
    conf.title_room = s->conf->title_room;
    conf.program = "cc-executord:";

    ngx_cc_question_answer(fd, NGX_CC_REFUSAL_NONE, 0, r->user.uid,
                           s->groups.has);

    value = -1001;

    if (s->conf->oom != -1) {
        value = ngx_cc_oom_add(s->conf->oom, NGX_CC_SPAWNER_OOM);
    }

    conf.raised = (value != -1001);

    pid = fork();

    if (pid == 0) {
        ngx_cc_spawner_run(&conf);
    }

    err = errno;

    if (conf.raised) {
        ngx_cc_oom_set(s->conf->oom, value);
    }

    if (pid == -1) {
        if (ngx_cc_say_more()) {
            ngx_cc_say("fork: %s", strerror(err));
        }

        ngx_cc_wire_init(&failed, NGX_CC_WIRE_NOFORK, 0, sizeof(failed));
        failed.error = err;
        (void) ngx_cc_fdmsg_send(fd, &failed, sizeof(failed), NULL, 0);
        return;
    }

    s->has.worker[s->has.nworkers].keeper = pid;
    s->has.worker[s->has.nworkers].uid = r->who.uid;
    s->has.worker[s->has.nworkers].user = r->user.uid;
    s->has.nworkers++;

    if (ngx_cc_say_more()) {
        ngx_cc_say("serves uid %u (pid %d): commands run as \"%s\" "
                   "(uid %u), keeper %d", (unsigned) r->who.uid,
                   (int) r->who.pid, r->msg.user,
                   (unsigned) r->user.uid, (int) pid);
    }
}
