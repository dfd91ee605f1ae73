
/* cc-executord: the executor service; "cc-executord -h" says what it does */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "ngx_cc_close_except.h"
#include "ngx_cc_delegation.h"
#include "ngx_cc_grants.h"
#include "ngx_cc_notify.h"
#include "ngx_cc_oom.h"
#include "ngx_cc_privilege.h"
#include "ngx_cc_say.h"
#include "ngx_cc_service.h"
#include "ngx_cc_takeover.h"
#include "ngx_cc_version.h"


#define NGX_CC_EXECUTORD_BACKLOG  511
#define NGX_CC_EXECUTORD_FIRST    3      /* the first of LISTEN_FDS */
#define NGX_CC_EXECUTORD_WHY      512


static const char  ngx_cc_executord_usage[] =
"usage: cc-executord [-u USER] [-p FILE | -a UID:USER[,USER...]] [-t DIR]\n"
"                    [-l SOCKET [-g GROUP]] [-k] [-n]\n"
"\n"
"Starts commands for nginx with the cc_executor module, as other users than\n"
"nginx's (cc_executor_service).\n"
"\n"
"  -u USER    started by root: run as this user, who runs nothing else\n"
"  -p FILE    who may start commands as whom; else " NGX_CC_GRANTS_FILE "\n"
"  -a UID:USER  may start commands as these users; there is no table then\n"
"  -t DIR     where commands get their TMPDIR; else they have none\n"
"  -l SOCKET  listen there; else on the socket of LISTEN_FDS (systemd)\n"
"  -g GROUP   who may connect to it besides its owner\n"
"  -k         leave when the process that has started this one does\n"
"  -n         only try whether it could serve: listen nowhere\n"
"  -h, -v     this text, the version\n";


typedef struct {
    const char  *user;
    const char  *policy;
    const char  *grant;                  /* instead of it, or NULL */
    const char  *tmp;
    const char  *socket;
    const char  *group;
    int          kept;                   /* -k */
    int          trial;                  /* -n */
} ngx_cc_executord_args_t;


static void ngx_cc_executord_args(ngx_cc_executord_args_t *args, int argc,
    char **argv);
static int ngx_cc_executord_inherited(void);
static int ngx_cc_executord_listen(const ngx_cc_executord_args_t *args);
static int ngx_cc_executord_bind(int s, const struct sockaddr_un *addr,
    const char *name);
static void ngx_cc_executord_stale(const struct sockaddr_un *addr);
static void ngx_cc_executord_bad(const char *what, const char *why)
    __attribute__((noreturn));


int
main(int argc, char **argv)
{
    int                      keep[4];
    pid_t                    parent;
    ssize_t                  len;
    char                     why[NGX_CC_EXECUTORD_WHY];
    static char             *title[1], program[PATH_MAX];
    ngx_cc_service_conf_t    conf;
    ngx_cc_executord_args_t  args;

    parent = getppid();
    ngx_cc_executord_args(&args, argc, argv);

    memset(&conf, 0, sizeof(conf));
    conf.policy = args.policy;
    conf.grant = args.grant;
    conf.tmp = args.tmp;

    /* titles are written where the arguments are: no further than the last */

    conf.title_room = argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0];
    title[0] = argv[0];
    conf.argv = title;

    (void) umask(077);
    (void) signal(SIGPIPE, SIG_IGN);
    (void) signal(SIGHUP, SIG_IGN);

    /* ignored, as it may be inherited, nobody could be waited for */

    (void) signal(SIGCHLD, SIG_DFL);

    conf.taken = ngx_cc_takeover_receive(&conf.begin, why, sizeof(why));

    if (conf.taken == -1) {
        ngx_cc_executord_bad("reload", why);
    }

    if (!conf.taken && args.trial) {
        conf.begin.listener = -1;

    } else if (!conf.taken) {
        conf.begin.listener = args.socket ? ngx_cc_executord_listen(&args)
                                          : ngx_cc_executord_inherited();
    }

    /* while it is dumpable; an upgrade puts another file there */

    conf.oom = ngx_cc_oom_open();
    len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[len > 0 ? len : 0] = '\0';
    conf.program = program;
    conf.words = argv;

    keep[0] = conf.begin.listener;
    keep[1] = conf.oom;
    keep[2] = conf.taken ? conf.begin.watch[0] : -1;
    keep[3] = conf.taken ? conf.begin.watch[1] : -1;

    if (ngx_cc_close_except(keep, 4) == -1) {
        ngx_cc_executord_bad("descriptors", strerror(errno));
    }

    if (ngx_cc_privilege_drop(args.user, why, sizeof(why)) == -1) {
        ngx_cc_executord_bad("privileges", why);
    }

    /* another uid clears it, so it is asked for now */

    if (args.kept
        && (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1
            || getppid() != parent))
    {
        ngx_cc_executord_bad("keeper", "it has gone already");
    }

    if (args.grant == NULL
        && ngx_cc_grants_check(args.policy, why, sizeof(why)) == -1)
    {
        ngx_cc_executord_bad("policy", why);
    }

    if (args.trial) {
        return 0;
    }

    if (ngx_cc_delegation_take(&conf.groups, why, sizeof(why)) == -1) {
        ngx_cc_say("no control groups: %s", why);
    }

    /* whoever has connected since is served */

    ngx_cc_notify("READY=1");

    if (ngx_cc_service_run(&conf) == -1) {
        ngx_cc_executord_bad("cannot serve", strerror(errno));
    }

    return 0;
}


static void
ngx_cc_executord_args(ngx_cc_executord_args_t *args, int argc, char **argv)
{
    int  c;

    memset(args, 0, sizeof(*args));
    args->policy = NGX_CC_GRANTS_FILE;

    while ((c = getopt(argc, argv, "u:p:a:t:l:g:knhv")) != -1) {

        switch (c) {

        case 'u':
            args->user = optarg;
            break;

        case 'p':
            args->policy = optarg;
            break;

        case 'a':
            args->grant = optarg;
            break;

        case 't':
            args->tmp = optarg;
            break;

        case 'l':
            args->socket = optarg;
            break;

        case 'g':
            args->group = optarg;
            break;

        case 'k':
            args->kept = 1;
            break;

        case 'n':
            args->trial = 1;
            break;

        case 'h':
            (void) fputs(ngx_cc_executord_usage, stdout);
            exit(0);

        case 'v':
            (void) puts("cc-executord " NGX_CC_VERSION);
            exit(0);

        default:
            (void) fputs(ngx_cc_executord_usage, stderr);
            exit(2);
        }
    }

    if (optind < argc) {
        (void) fprintf(stderr, "cc-executord: unknown argument: %s\n%s",
                       argv[optind], ngx_cc_executord_usage);
        exit(2);
    }
}


/* the protocol of systemd's socket activation, sd_listen_fds(3) */

static int
ngx_cc_executord_inherited(void)
{
    int          type, flags, on;
    socklen_t    len;
    const char  *pid, *n;

    pid = getenv("LISTEN_PID");
    n = getenv("LISTEN_FDS");

    if (pid == NULL || n == NULL || atol(pid) != (long) getpid()) {
        ngx_cc_executord_bad("no socket",
                             "name one (-l), or pass one (LISTEN_FDS)");
    }

    len = sizeof(type);

    if (strcmp(n, "1") != 0
        || getsockopt(NGX_CC_EXECUTORD_FIRST, SOL_SOCKET, SO_TYPE, &type, &len)
           == -1
        || type != SOCK_SEQPACKET)
    {
        ngx_cc_executord_bad("LISTEN_FDS",
                             "one socket is needed, of type SOCK_SEQPACKET");
    }

    on = 1;
    flags = fcntl(NGX_CC_EXECUTORD_FIRST, F_GETFL);

    if (flags == -1
        || fcntl(NGX_CC_EXECUTORD_FIRST, F_SETFL, flags|O_NONBLOCK) == -1
        || fcntl(NGX_CC_EXECUTORD_FIRST, F_SETFD, FD_CLOEXEC) == -1
        || setsockopt(NGX_CC_EXECUTORD_FIRST, SOL_SOCKET, SO_PASSCRED, &on,
                      sizeof(on)) == -1)
    {
        ngx_cc_executord_bad("LISTEN_FDS", strerror(errno));
    }

    return NGX_CC_EXECUTORD_FIRST;
}


static int
ngx_cc_executord_listen(const ngx_cc_executord_args_t *args)
{
    int                  s, on;
    struct sockaddr_un   addr;

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;

    if (strlen(args->socket) >= sizeof(addr.sun_path)) {
        ngx_cc_executord_bad(args->socket, "the path is too long");
    }

    memcpy(addr.sun_path, args->socket, strlen(args->socket));
    ngx_cc_executord_stale(&addr);

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (s == -1 || ngx_cc_executord_bind(s, &addr, args->group) == -1) {
        ngx_cc_executord_bad(args->socket, strerror(errno));
    }

    /* before anybody can connect: some kernels look at it only then */

    on = 1;

    if (setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1
        || listen(s, NGX_CC_EXECUTORD_BACKLOG) == -1)
    {
        ngx_cc_executord_bad(args->socket, strerror(errno));
    }

    return s;
}


/*
 * It is made with its group (mode 0660; else 0700): once it has a name, whoever
 * may write the directory can put something else there.
 */

static int
ngx_cc_executord_bind(int s, const struct sockaddr_un *addr, const char *name)
{
    int            rc, err;
    gid_t          own;
    mode_t         mask;
    struct stat    st;
    struct group  *group;

    if (name == NULL) {
        return bind(s, (const struct sockaddr *) addr, sizeof(*addr));
    }

    group = getgrnam(name);

    if (group == NULL) {
        ngx_cc_executord_bad(name, "there is no such group");
    }

    own = getegid();

    if (setegid(group->gr_gid) == -1) {
        return -1;
    }

    mask = umask(0117);
    rc = bind(s, (const struct sockaddr *) addr, sizeof(*addr));
    err = errno;
    (void) umask(mask);

    if (setegid(own) == -1) {
        return -1;
    }

    errno = err;

    /* a directory with a setgid bit gives it the directory's */

    if (rc == 0 && lstat(addr->sun_path, &st) == 0
        && st.st_gid != group->gr_gid)
    {
        ngx_cc_executord_bad(addr->sun_path,
                             "its directory gives it another group");
    }

    return rc;
}


/* one that nobody listens on any more is in the way */

static void
ngx_cc_executord_stale(const struct sockaddr_un *addr)
{
    int          s;
    struct stat  st;

    if (lstat(addr->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode)) {
        return;
    }

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (s == -1) {
        return;
    }

    if (connect(s, (const struct sockaddr *) addr, sizeof(*addr)) == -1
        && errno == ECONNREFUSED)
    {
        (void) unlink(addr->sun_path);
    }

    (void) close(s);
}


static void
ngx_cc_executord_bad(const char *what, const char *why)
{
    (void) fprintf(stderr, "cc-executord: %s: %s\n", what, why);
    exit(1);
}
