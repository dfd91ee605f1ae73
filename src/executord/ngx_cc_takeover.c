
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ngx_cc_privilege.h"
#include "ngx_cc_takeover.h"


#define NGX_CC_TAKEOVER_FORM  2
#define NGX_CC_TAKEOVER_ROOM  (64 + NGX_CC_TAKEOVER_WORKERS * 48)
#define NGX_CC_TAKEOVER_ARGS  64         /* more than there are options */


static int ngx_cc_takeover_parse(ngx_cc_takeover_t *t, const char *p);
static int ngx_cc_takeover_number(const char **p, char end, long *n);
static int ngx_cc_takeover_owns(const ngx_cc_takeover_t *t);
static int ngx_cc_takeover_tell(const ngx_cc_takeover_t *t);
static int ngx_cc_takeover_inherit(const ngx_cc_takeover_t *t, int on);
static void ngx_cc_takeover_trial(const ngx_cc_takeover_t *t,
    const char *program, char **argv) __attribute__((noreturn));


int
ngx_cc_takeover_receive(ngx_cc_takeover_t *t, char *why, size_t room)
{
    int          rc;
    const char  *text;

    text = getenv(NGX_CC_TAKEOVER_NAME);

    if (text == NULL) {
        return 0;
    }

    rc = ngx_cc_takeover_parse(t, text);
    (void) unsetenv(NGX_CC_TAKEOVER_NAME);

    if (rc == -1) {
        (void) snprintf(why, room, "what the service that runs hands over is "
                        "not understood: restart it");
        return -1;
    }

    if (rc == 1
        && (!ngx_cc_takeover_owns(t) || ngx_cc_takeover_inherit(t, 0) == -1))
    {
        (void) snprintf(why, room, "a descriptor is not what it should be");
        return -1;
    }

    return rc;
}


/* 1, 0 when it is for another process, -1 */

static int
ngx_cc_takeover_parse(ngx_cc_takeover_t *t, const char *p)
{
    size_t  i;
    long    n[5], pid, uid, user;

    memset(t, 0, sizeof(*t));

    /* of another form: the rest may be anything */

    if (ngx_cc_takeover_number(&p, ' ', &n[0]) == -1
        || n[0] != NGX_CC_TAKEOVER_FORM)
    {
        return -1;
    }

    for (i = 1; i < 5; i++) {
        if (ngx_cc_takeover_number(&p, ' ', &n[i]) == -1) {
            return -1;
        }
    }

    if (n[1] != (long) getpid()) {
        return 0;
    }

    t->listener = (int) n[2];
    t->watch[0] = (int) n[3];
    t->watch[1] = (int) n[4];

    while (*p) {
        if (t->nworkers == NGX_CC_TAKEOVER_WORKERS
            || ngx_cc_takeover_number(&p, ':', &pid) == -1
            || ngx_cc_takeover_number(&p, ':', &uid) == -1
            || ngx_cc_takeover_number(&p, ' ', &user) == -1)
        {
            return -1;
        }

        t->worker[t->nworkers].keeper = (pid_t) pid;
        t->worker[t->nworkers].uid = (uid_t) uid;
        t->worker[t->nworkers].user = (uid_t) user;
        t->nworkers++;
    }

    return 1;
}


/* up to "end", or the end of the text in the place of a blank */

static int
ngx_cc_takeover_number(const char **p, char end, long *n)
{
    char  *stop;

    if (**p < '0' || **p > '9') {
        return -1;
    }

    errno = 0;
    *n = strtol(*p, &stop, 10);

    if (errno || *n > UINT_MAX
        || (*stop != end && !(end == ' ' && *stop == '\0')))
    {
        return -1;
    }

    *p = *stop ? stop + 1 : stop;

    return 0;
}


static int
ngx_cc_takeover_owns(const ngx_cc_takeover_t *t)
{
    int          type, listens;
    socklen_t    len, size;
    struct stat  st[2];

    len = sizeof(type);
    size = sizeof(listens);

    return getsockopt(t->listener, SOL_SOCKET, SO_TYPE, &type, &len) == 0
           && type == SOCK_SEQPACKET
           && getsockopt(t->listener, SOL_SOCKET, SO_ACCEPTCONN, &listens,
                         &size) == 0
           && listens
           && fstat(t->watch[0], &st[0]) == 0 && S_ISFIFO(st[0].st_mode)
           && fstat(t->watch[1], &st[1]) == 0 && st[1].st_ino == st[0].st_ino
           && (fcntl(t->watch[0], F_GETFL) & O_ACCMODE) == O_RDONLY
           && (fcntl(t->watch[1], F_GETFL) & O_ACCMODE) == O_WRONLY;
}


size_t
ngx_cc_takeover_count(const ngx_cc_takeover_t *t, uid_t uid, uid_t user,
    size_t *of_user)
{
    size_t  i, n;

    n = 0;
    *of_user = 0;

    for (i = 0; i < t->nworkers; i++) {
        if (t->worker[i].uid == uid) {
            n++;
            *of_user += (t->worker[i].user == user);
        }
    }

    return n;
}


pid_t
ngx_cc_takeover_try(const ngx_cc_takeover_t *t, const char *program,
    char **argv)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        ngx_cc_takeover_trial(t, program, argv);
    }

    return pid;
}


static void
ngx_cc_takeover_trial(const ngx_cc_takeover_t *t, const char *program,
    char **argv)
{
    int       i, n;
    char     *args[NGX_CC_TAKEOVER_ARGS];
    sigset_t  none;

    n = 0;
    args[n++] = argv[0];
    args[n++] = (char *) "-n";

    for (i = 1; argv[i] && n < NGX_CC_TAKEOVER_ARGS - 1; i++) {
        args[n++] = argv[i];
    }

    args[n] = NULL;

    /* it holds the deathwatch, which nobody may hold longer than we live */

    (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void) alarm(NGX_CC_TAKEOVER_TRIAL);

    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    ngx_cc_takeover_exec(t, program, args);

    (void) fprintf(stderr, "cc-executord: %s: %s\n", program, strerror(errno));
    _exit(1);
}


void
ngx_cc_takeover_exec(const ngx_cc_takeover_t *t, const char *program,
    char **argv)
{
    int  err;

    if (ngx_cc_takeover_tell(t) == 0
        && ngx_cc_takeover_inherit(t, 1) == 0
        && ngx_cc_privilege_inherit(1) == 0)
    {
        (void) execv(program, argv);
    }

    err = errno;

    (void) ngx_cc_privilege_inherit(0);
    (void) ngx_cc_takeover_inherit(t, 0);
    (void) unsetenv(NGX_CC_TAKEOVER_NAME);

    errno = err;
}


static int
ngx_cc_takeover_tell(const ngx_cc_takeover_t *t)
{
    int     n;
    char    text[NGX_CC_TAKEOVER_ROOM];
    size_t  i;

    n = snprintf(text, sizeof(text), "%d %ld %d %d %d", NGX_CC_TAKEOVER_FORM,
                 (long) getpid(), t->listener, t->watch[0], t->watch[1]);

    for (i = 0; i < t->nworkers; i++) {
        n += snprintf(text + n, sizeof(text) - n, " %ld:%lu:%lu",
                      (long) t->worker[i].keeper,
                      (unsigned long) t->worker[i].uid,
                      (unsigned long) t->worker[i].user);
    }

    return setenv(NGX_CC_TAKEOVER_NAME, text, 1);
}


static int
ngx_cc_takeover_inherit(const ngx_cc_takeover_t *t, int on)
{
    int  flags;

    flags = on ? 0 : FD_CLOEXEC;

    return (fcntl(t->listener, F_SETFD, flags) == -1
            || fcntl(t->watch[0], F_SETFD, flags) == -1
            || fcntl(t->watch[1], F_SETFD, flags) == -1) ? -1 : 0;
}
