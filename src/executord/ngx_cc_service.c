
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
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
#include "ngx_cc_service.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_trust.h"
#include "ngx_cc_user.h"
#include "ngx_cc_version.h"
#include "ngx_cc_wire.h"


#define NGX_CC_SERVICE_HELPERS  1024     /* of one worker: a spawner's limit */
#define NGX_CC_SERVICE_RETRY    100      /* ms; when no descriptor was left */
#define NGX_CC_SERVICE_WHY      512
#define NGX_CC_SERVICE_NAME     "cc-executord: "
#define NGX_CC_SERVICE_LINE     8192     /* bytes; a path is in some */
#define NGX_CC_SERVICE_LINES    100      /* that are logged ... */
#define NGX_CC_SERVICE_QUIET    10000    /* ... in so many ms: whoever may
                                            connect can ask for ever */


/* who has connected and said nothing yet */

typedef struct {
    int             fd;
    uint64_t        until;       /* ms */
} ngx_cc_service_peer_t;


/* a worker that is served */

typedef struct {
    pid_t           keeper;
    uid_t           uid;         /* has asked for it */
} ngx_cc_service_worker_t;


/* what a worker has asked for, and what becomes of it */

typedef struct {
    ngx_cc_wire_connect_t  msg;
    struct ucred           who;      /* has sent it */
    ngx_cc_user_t          user;
    char                   tmp[4096];
} ngx_cc_service_request_t;


typedef struct {
    const ngx_cc_service_conf_t  *conf;
    int                    signals;
    int                    watch[2];     /* the deathwatch */
    ngx_cc_service_worker_t  worker[NGX_CC_SERVICE_WORKERS];
    size_t                 nworkers;
    ngx_cc_service_peer_t  peer[NGX_CC_SERVICE_PEERS];   /* oldest first */
    size_t                 npeers;
    uint64_t               listen_at;    /* ms; nobody is let in before */
    uint64_t               logged_at;    /* ms; the first of these lines */
    unsigned               logged;
    int                    stopping;
} ngx_cc_service_t;


static int ngx_cc_service_begin(ngx_cc_service_t *s);
static void ngx_cc_service_wait(ngx_cc_service_t *s);
static void ngx_cc_service_obey(ngx_cc_service_t *s);
static void ngx_cc_service_stop(ngx_cc_service_t *s);
static void ngx_cc_service_reap(ngx_cc_service_t *s);
static void ngx_cc_service_accept(ngx_cc_service_t *s);
static void ngx_cc_service_drop(ngx_cc_service_t *s, size_t i);
static void ngx_cc_service_hear(ngx_cc_service_t *s, int fd);
static ngx_cc_refusal_e ngx_cc_service_judge(ngx_cc_service_t *s,
    ngx_cc_service_request_t *r, int *error);
static ngx_cc_refusal_e ngx_cc_service_user(ngx_cc_service_request_t *r,
    int *error);
static int ngx_cc_service_full(const ngx_cc_service_t *s, uid_t uid);
static int ngx_cc_service_tells(ngx_cc_service_t *s);
static const char *ngx_cc_service_tmp(ngx_cc_service_t *s,
    ngx_cc_service_request_t *r);
static void ngx_cc_service_serve(ngx_cc_service_t *s, int fd,
    ngx_cc_service_request_t *r);
static void ngx_cc_service_answer(int fd, ngx_cc_refusal_e refusal, int error,
    uid_t uid);
static void ngx_cc_service_log(const char *format, ...)
    __attribute__((format(printf, 1, 2)));


int
ngx_cc_service_run(const ngx_cc_service_conf_t *conf)
{
    static ngx_cc_service_t  s;

    s.conf = conf;

    if (ngx_cc_service_begin(&s) == -1) {
        return -1;
    }

    while (!s.stopping || s.nworkers) {
        ngx_cc_service_wait(&s);
    }

    return 0;
}


static int
ngx_cc_service_begin(ngx_cc_service_t *s)
{
    sigset_t  set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGCHLD);

    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) {
        return -1;
    }

    s->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    return (s->signals == -1 || pipe2(s->watch, O_CLOEXEC) == -1) ? -1 : 0;
}


static void
ngx_cc_service_wait(ngx_cc_service_t *s)
{
    int            n, timeout;
    size_t         i;
    uint64_t       now, next;
    struct pollfd  fds[2 + NGX_CC_SERVICE_PEERS];

    now = ngx_cc_clock_ms();
    next = UINT64_MAX;

    fds[0].fd = s->signals;
    fds[0].events = POLLIN;
    fds[1].fd = (s->stopping || now < s->listen_at) ? -1 : s->conf->listener;
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
        if (info.ssi_signo != SIGCHLD && !s->stopping) {
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

    (void) close(s->conf->listener);
    (void) close(s->watch[1]);

    while (s->npeers) {
        ngx_cc_service_drop(s, 0);
    }

    for (i = 0; i < s->nworkers; i++) {
        (void) kill(s->worker[i].keeper, SIGCONT);
    }

    if (s->nworkers) {
        ngx_cc_service_log("stopping: what runs is ended");
    }
}


static void
ngx_cc_service_reap(ngx_cc_service_t *s)
{
    pid_t   pid;
    size_t  i;

    for ( ;; ) {
        pid = waitpid(-1, NULL, WNOHANG);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            return;
        }

        for (i = 0; i < s->nworkers; i++) {
            if (s->worker[i].keeper == pid) {
                s->worker[i] = s->worker[--s->nworkers];
                break;
            }
        }
    }
}


static void
ngx_cc_service_accept(ngx_cc_service_t *s)
{
    int  fd, on;

    fd = accept4(s->conf->listener, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

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
        ngx_cc_service_answer(fd, refusal, error, (uid_t) -1);
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
        if (ngx_cc_service_tells(s)) {
            ngx_cc_service_log("refused uid %u (pid %d): it is version %s (%u),"
                               " this is %s (%u): upgrade both",
                               (unsigned) r->who.uid, (int) r->who.pid,
                               ngx_cc_question_build(&r->msg),
                               (unsigned) r->msg.head.version,
                               NGX_CC_VERSION, NGX_CC_WIRE_VERSION);
        }

        return NGX_CC_REFUSAL_VERSION;
    }

    refusal = s->conf->grant
              ? ngx_cc_grants_one(s->conf->grant, r->who.uid, r->msg.user)
              : ngx_cc_grants_look(s->conf->policy, r->who.uid, r->msg.user,
                                   why, sizeof(why));

    if (refusal == NGX_CC_REFUSAL_POLICY) {
        if (ngx_cc_service_tells(s)) {
            ngx_cc_service_log("policy: %s", why);
        }

        return refusal;
    }

    if (refusal == NGX_CC_REFUSAL_NONE) {
        refusal = ngx_cc_service_user(r, error);
    }

    if (refusal == NGX_CC_REFUSAL_NONE
        && ngx_cc_service_full(s, r->who.uid))
    {
        refusal = NGX_CC_REFUSAL_FULL;
    }

    if (refusal != NGX_CC_REFUSAL_NONE && ngx_cc_service_tells(s)) {
        ngx_cc_service_log("refused uid %u (pid %d): %s",
                           (unsigned) r->who.uid, (int) r->who.pid,
                           ngx_cc_names_refusal(refusal));
    }

    return refusal;
}


/* with one entry there is nobody whom it could keep out */

static int
ngx_cc_service_full(const ngx_cc_service_t *s, uid_t uid)
{
    size_t  i, n;

    if (s->nworkers == NGX_CC_SERVICE_WORKERS) {
        return 1;
    }

    n = 0;

    for (i = 0; i < s->nworkers; i++) {
        n += (s->worker[i].uid == uid);
    }

    return s->conf->grant == NULL && n >= NGX_CC_SERVICE_SHARE;
}


static int
ngx_cc_service_tells(ngx_cc_service_t *s)
{
    uint64_t  now;

    now = ngx_cc_clock_ms();

    if (now - s->logged_at > NGX_CC_SERVICE_QUIET) {
        s->logged_at = now;
        s->logged = 0;
    }

    if (s->logged == NGX_CC_SERVICE_LINES) {
        ngx_cc_service_log("more of that is not logged for %d s",
                           NGX_CC_SERVICE_QUIET / 1000);
    }

    return s->logged++ < NGX_CC_SERVICE_LINES;
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
        if (ngx_cc_service_tells(s)) {
            ngx_cc_service_log("\"%s/%s\": %s: commands have no TMPDIR of "
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
    conf.deathwatch = s->watch[0];
    conf.ring = r->msg.ring;
    conf.nice = r->msg.nice;
    conf.seccomp = r->msg.seccomp;
    conf.enclosed = r->msg.enclosed;
    conf.user = &r->user;
    conf.tmp = ngx_cc_service_tmp(s, r);
    conf.argv = s->conf->argv;
    conf.title_room = s->conf->title_room;
    conf.program = "cc-executord:";

    ngx_cc_service_answer(fd, NGX_CC_REFUSAL_NONE, 0, r->user.uid);

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
        if (ngx_cc_service_tells(s)) {
            ngx_cc_service_log("fork: %s", strerror(err));
        }

        ngx_cc_wire_init(&failed, NGX_CC_WIRE_NOFORK, 0, sizeof(failed));
        failed.error = err;
        (void) ngx_cc_fdmsg_send(fd, &failed, sizeof(failed), NULL, 0);
        return;
    }

    s->worker[s->nworkers].keeper = pid;
    s->worker[s->nworkers].uid = r->who.uid;
    s->nworkers++;

    if (ngx_cc_service_tells(s)) {
        ngx_cc_service_log("serves uid %u (pid %d): commands run as \"%s\" "
                           "(uid %u), keeper %d", (unsigned) r->who.uid,
                           (int) r->who.pid, r->msg.user,
                           (unsigned) r->user.uid, (int) pid);
    }
}


static void
ngx_cc_service_answer(int fd, ngx_cc_refusal_e refusal, int error, uid_t uid)
{
    ngx_cc_wire_connected_t  msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_CONNECTED, 0, sizeof(msg));

    (void) snprintf(msg.build, sizeof(msg.build), "%s", NGX_CC_VERSION);
    msg.refusal = refusal;
    msg.error = error;
    msg.helpers = NGX_CC_SERVICE_HELPERS;
    msg.uid = uid;

    (void) ngx_cc_fdmsg_send(fd, &msg, sizeof(msg), NULL, 0);
}


/* one write: others may write to the same file */

static void
ngx_cc_service_log(const char *format, ...)
{
    int      n;
    char     line[NGX_CC_SERVICE_LINE] = NGX_CC_SERVICE_NAME;
    size_t   len;
    ssize_t  rc;
    va_list  args;

    len = sizeof(NGX_CC_SERVICE_NAME) - 1;

    va_start(args, format);
    n = vsnprintf(line + len, sizeof(line) - len, format, args);
    va_end(args);

    if (n < 0) {
        return;
    }

    len += n;

    if (len > sizeof(line) - 1) {
        len = sizeof(line) - 1;
    }

    line[len++] = '\n';

    rc = write(STDERR_FILENO, line, len);
    (void) rc;
}
