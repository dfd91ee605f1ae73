
#include <ngx_config.h>
#include <ngx_core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include "ngx_cc_birth.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_close_except.h"
#include "ngx_cc_deathwatch.h"
#include "ngx_cc_service_keeper.h"


#define NGX_CC_SERVICE_KEEPER_BACKLOG  511
#define NGX_CC_SERVICE_KEEPER_CALM     10000    /* ms; it ran well */
#define NGX_CC_SERVICE_KEEPER_LISTEN   3        /* the first of LISTEN_FDS */


/* of the keeper's own process */

typedef struct {
    const ngx_cc_service_keeper_conf_t  *conf;
    int            listener;
    int            signals;
    int            log;              /* what the service says goes there, and
                                        how it ends; -1 = nowhere */
    pid_t          self;
    pid_t          service;          /* 0: it has to be started */
    uint64_t       born;             /* ms */
    uint64_t       next;             /* ms; not before */
    ngx_uint_t     deaths;           /* in a row, each soon after birth */
    ngx_uint_t     stopping;
} ngx_cc_service_keeper_t;


static int ngx_cc_service_keeper_listen(
    const ngx_cc_service_keeper_conf_t *conf, ngx_log_t *log);
static void ngx_cc_service_keeper_bury(void);
static void ngx_cc_service_keeper_unlisten(int s);
static ngx_uint_t ngx_cc_service_keeper_lives(
    const ngx_cc_service_keeper_conf_t *conf);
static void ngx_cc_service_keeper_silent(ngx_log_t *log);
static void ngx_cc_service_keeper_run(
    const ngx_cc_service_keeper_conf_t *conf, int listener, int lifeline,
    int log) __attribute__((noreturn));
static void ngx_cc_service_keeper_wait(ngx_cc_service_keeper_t *k);
static void ngx_cc_service_keeper_refuse(ngx_cc_service_keeper_t *k);
static void ngx_cc_service_keeper_reap(ngx_cc_service_keeper_t *k);
static void ngx_cc_service_keeper_mourn(ngx_cc_service_keeper_t *k, pid_t pid,
    int status, uint64_t delay);
static void ngx_cc_service_keeper_start(ngx_cc_service_keeper_t *k);
static void ngx_cc_service_keeper_exec(ngx_cc_service_keeper_t *k)
    __attribute__((noreturn));


/* ms to wait before a service that died early is started again, by deaths */

static const uint64_t  ngx_cc_service_keeper_backoff[] = {
    0, 100, 1000, 5000
};

static struct sockaddr_un  ngx_cc_service_keeper_addr;

/* end of file: it is dead */

static int   ngx_cc_service_keeper_lifeline = -1;

/* what it was started for */

static char  ngx_cc_service_keeper_id[NGX_MAX_PATH
                                       + NGX_CC_SERVICE_KEEPER_USERS];


const char *
ngx_cc_service_keeper(const ngx_cc_service_keeper_conf_t *conf,
    ngx_log_t *log)
{
    int    s, line[2];
    pid_t  pid;

    if (ngx_cc_service_keeper_lives(conf)) {
        return ngx_cc_service_keeper_addr.sun_path;
    }

    ngx_cc_service_keeper_bury();
    ngx_cc_service_keeper_leave();

    s = ngx_cc_service_keeper_listen(conf, log);

    if (s == -1) {
        return ngx_cc_service_keeper_addr.sun_path;
    }

    if (pipe2(line, O_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "cc_executor: pipe2() failed");
        ngx_cc_service_keeper_unlisten(s);
        return ngx_cc_service_keeper_addr.sun_path;
    }

    pid = fork();

    if (pid == 0) {
        ngx_cc_service_keeper_run(conf, s, line[1],
                                  log->file ? log->file->fd : -1);
    }

    if (pid == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "cc_executor: fork() of the service's keeper failed");
        ngx_cc_service_keeper_unlisten(s);
        (void) close(line[0]);
        (void) close(line[1]);
        return ngx_cc_service_keeper_addr.sun_path;
    }

    (void) close(s);
    (void) close(line[1]);

    ngx_cc_service_keeper_lifeline = line[0];

    (void) ngx_snprintf((u_char *) ngx_cc_service_keeper_id,
                        sizeof(ngx_cc_service_keeper_id), "%s %s%Z",
                        conf->users, conf->program);

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "cc_executor: keeper of the executor service started: %P",
                  pid);

    return ngx_cc_service_keeper_addr.sun_path;
}


void
ngx_cc_service_keeper_leave(void)
{
    if (ngx_cc_service_keeper_lifeline != -1) {
        (void) close(ngx_cc_service_keeper_lifeline);
        ngx_cc_service_keeper_lifeline = -1;
    }
}


/* one that was killed has not removed its socket */

static void
ngx_cc_service_keeper_bury(void)
{
    struct pollfd  fd;

    fd.fd = ngx_cc_service_keeper_lifeline;
    fd.events = POLLIN;

    if (fd.fd != -1 && poll(&fd, 1, 0) == 1) {
        (void) unlink(ngx_cc_service_keeper_addr.sun_path);
    }
}


static void
ngx_cc_service_keeper_unlisten(int s)
{
    (void) close(s);
    (void) unlink(ngx_cc_service_keeper_addr.sun_path);
}


static ngx_uint_t
ngx_cc_service_keeper_lives(const ngx_cc_service_keeper_conf_t *conf)
{
    u_char         id[sizeof(ngx_cc_service_keeper_id)];
    struct pollfd  fd;

    if (ngx_cc_service_keeper_lifeline == -1) {
        return 0;
    }

    (void) ngx_snprintf(id, sizeof(id), "%s %s%Z", conf->users, conf->program);

    fd.fd = ngx_cc_service_keeper_lifeline;
    fd.events = POLLIN;

    return poll(&fd, 1, 0) == 0
           && ngx_strcmp(id, ngx_cc_service_keeper_id) == 0;
}


/* in a directory of root's, so nobody else can have put anything there */

static int
ngx_cc_service_keeper_listen(const ngx_cc_service_keeper_conf_t *conf,
    ngx_log_t *log)
{
    int      s, on, rc;
    u_char  *p, *last;
    mode_t   mask;

    ngx_memzero(&ngx_cc_service_keeper_addr,
                sizeof(ngx_cc_service_keeper_addr));
    ngx_cc_service_keeper_addr.sun_family = AF_UNIX;

    p = (u_char *) ngx_cc_service_keeper_addr.sun_path;
    last = p + sizeof(ngx_cc_service_keeper_addr.sun_path) - 1;
    p = ngx_slprintf(p, last, "%s/service.%P.%xd", conf->path, ngx_getpid(),
                     (uint32_t) ngx_random());

    if (p == last) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "cc_executor: \"cc_executor_path\" is too long for the "
                      "socket of the executor service");

        /* what was cut off would be a name somewhere else */

        ngx_cc_service_keeper_addr.sun_path[0] = '\0';
        return -1;
    }

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (s == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "cc_executor: socket() failed");
        return -1;
    }

    on = 1;
    mask = umask(077);

    rc = bind(s, (struct sockaddr *) &ngx_cc_service_keeper_addr,
              sizeof(ngx_cc_service_keeper_addr));

    (void) umask(mask);

    if (rc == -1) {
        ngx_cc_service_keeper_silent(log);
        (void) close(s);
        return -1;
    }

    if (lchown(ngx_cc_service_keeper_addr.sun_path, conf->uid, -1) == -1
        || setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1
        || listen(s, NGX_CC_SERVICE_KEEPER_BACKLOG) == -1)
    {
        ngx_cc_service_keeper_silent(log);
        ngx_cc_service_keeper_unlisten(s);
        return -1;
    }

    return s;
}


static void
ngx_cc_service_keeper_silent(ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                  "cc_executor: no socket for the executor service at \"%s\"",
                  ngx_cc_service_keeper_addr.sun_path);
}


/* the keeper's process: it is root and runs nothing of nginx any more */

static void
ngx_cc_service_keeper_run(const ngx_cc_service_keeper_conf_t *conf,
    int listener, int lifeline, int log)
{
    int                      keep[5];
    sigset_t                 set;
    ngx_cc_service_keeper_t  k;

    ngx_memzero(&k, sizeof(k));
    k.conf = conf;
    k.listener = listener;
    k.self = ngx_getpid();

    /* it may be stderr, which becomes /dev/null */

    k.log = (log == -1) ? -1 : fcntl(log, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    /* a ^C, or a TERM for the whole group, is not for us */

    (void) setsid();
    k.signals = ngx_cc_birth_signals();

    sigfillset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    keep[0] = listener;
    keep[1] = lifeline;
    keep[2] = ngx_cc_deathwatch_fd();
    keep[3] = k.signals;
    keep[4] = k.log;

    if (k.signals == -1 || ngx_cc_close_except(keep, 5) == -1
        || ngx_cc_close_stdio() == -1)
    {
        _exit(1);
    }

    ngx_setproctitle("cc service keeper");

    while (!k.stopping || k.service) {
        ngx_cc_service_keeper_start(&k);
        ngx_cc_service_keeper_wait(&k);
    }

    (void) unlink(ngx_cc_service_keeper_addr.sun_path);

    _exit(0);
}


static void
ngx_cc_service_keeper_wait(ngx_cc_service_keeper_t *k)
{
    int            timeout;
    uint64_t       now;
    struct pollfd  fds[3];

    fds[0].fd = k->signals;
    fds[0].events = POLLIN;
    fds[1].fd = k->stopping ? -1 : ngx_cc_deathwatch_fd();
    fds[1].events = POLLIN;
    fds[1].revents = 0;

    /* who connects now shall not wait for one that does not come up */

    fds[2].fd = (k->service == 0 && k->deaths > 1) ? k->listener : -1;
    fds[2].events = POLLIN;
    fds[2].revents = 0;

    timeout = -1;

    if (k->service == 0) {
        now = ngx_cc_clock_ms();
        timeout = k->next > now ? (int) (k->next - now) : 0;
    }

    (void) poll(fds, 3, timeout);

    if (fds[2].revents) {
        ngx_cc_service_keeper_refuse(k);
    }

    ngx_cc_service_keeper_reap(k);

    if (fds[1].revents) {
        k->stopping = 1;

        if (k->service) {
            (void) kill(k->service, SIGTERM);
            (void) kill(k->service, SIGCONT);
        }
    }
}


/* an end of file says at once that there is no service */

static void
ngx_cc_service_keeper_refuse(ngx_cc_service_keeper_t *k)
{
    int  fd;

    fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd != -1) {
        (void) close(fd);
    }
}


static void
ngx_cc_service_keeper_reap(ngx_cc_service_keeper_t *k)
{
    int                      status;
    pid_t                    pid;
    uint64_t                 now;
    struct signalfd_siginfo  info;

    while (read(k->signals, &info, sizeof(info)) > 0) { /* void */ }

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG);

        if (pid == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (pid <= 0) {
            return;
        }

        if (pid == k->service) {
            now = ngx_cc_clock_ms();
            k->service = 0;

            if (now - k->born > NGX_CC_SERVICE_KEEPER_CALM) {
                k->deaths = 0;
            }

            k->next = now + ngx_cc_service_keeper_backoff[ngx_min(k->deaths,
                                                                  3)];
            k->deaths++;

            if (!k->stopping) {
                ngx_cc_service_keeper_mourn(k, pid, status, k->next - now);
            }
        }
    }
}


/* by its own hand: nginx's log cannot be used here */

static void
ngx_cc_service_keeper_mourn(ngx_cc_service_keeper_t *k, pid_t pid, int status,
    uint64_t delay)
{
    u_char   line[256], *p;
    ssize_t  n;

    p = ngx_snprintf(line, sizeof(line),
                     "cc-executord: keeper %P: service %P ended %s %d, next "
                     "one in %uL ms\n", k->self, pid,
                     WIFSIGNALED(status) ? "by signal" : "with status",
                     WIFSIGNALED(status) ? WTERMSIG(status)
                                         : WEXITSTATUS(status), delay);

    n = write(k->log, line, p - line);
    (void) n;
}


static void
ngx_cc_service_keeper_start(ngx_cc_service_keeper_t *k)
{
    uint64_t  now;

    now = ngx_cc_clock_ms();

    if (k->service || k->stopping || now < k->next) {
        return;
    }

    k->service = fork();

    if (k->service == 0) {
        ngx_cc_service_keeper_exec(k);
    }

    if (k->service == -1) {
        k->service = 0;
        k->next = now + 1000;
        return;
    }

    k->born = now;
}


static void
ngx_cc_service_keeper_exec(ngx_cc_service_keeper_t *k)
{
    int          keep[1];
    char        *argv[9], *env[3];
    u_char       grant[NGX_CC_SERVICE_KEEPER_USERS], pid[64];
    sigset_t     none;

    /* the service asks for the same, but it may be too late by then */

    (void) prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);

    if (getppid() != k->self) {
        _exit(1);
    }

    (void) dup2(k->log, STDERR_FILENO);

    if (k->listener == NGX_CC_SERVICE_KEEPER_LISTEN) {
        (void) fcntl(k->listener, F_SETFD, 0);

    } else {
        (void) dup2(k->listener, NGX_CC_SERVICE_KEEPER_LISTEN);
    }

    keep[0] = NGX_CC_SERVICE_KEEPER_LISTEN;

    if (ngx_cc_close_except(keep, 1) == -1) {
        _exit(1);
    }

    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    (void) ngx_snprintf(grant, sizeof(grant), "%ui:%s%Z",
                        (ngx_uint_t) k->conf->uid, k->conf->users);
    (void) ngx_snprintf(pid, sizeof(pid), "LISTEN_PID=%P%Z", ngx_getpid());

    env[0] = "LISTEN_FDS=1";
    env[1] = (char *) pid;
    env[2] = NULL;

    argv[0] = "cc-executord";
    argv[1] = "-k";
    argv[2] = "-u";
    argv[3] = (char *) k->conf->worker;
    argv[4] = "-a";
    argv[5] = (char *) grant;
    argv[6] = "-t";
    argv[7] = (char *) k->conf->tmp;
    argv[8] = NULL;

    (void) execve(k->conf->program, argv, env);

    (void) dprintf(STDERR_FILENO, "cc-executord: %s: %s\n", k->conf->program,
                   strerror(ngx_errno));
    _exit(1);
}
