
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_ancestry.h"
#include "ngx_cc_proc_stat.h"


#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD  77                 /* Linux 6.5 */
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal  424       /* Linux 5.1 */
#endif


/* descriptors of one process; after so many it is asked whether it is ours */
#define NGX_CC_ANCESTRY_MANY  64


/* the other socket, as sock_diag has it */

typedef struct {
    uid_t          uid;
    uint32_t       inode;
} ngx_cc_ancestry_socket_t;


/* one search in /proc */

typedef struct {
    ngx_cc_ancestry_t  *our;
    char                name[sizeof("socket:[4294967295]")];
    size_t              len;
    unsigned            left;        /* descriptors that may be looked at */
} ngx_cc_ancestry_search_t;


static ngx_cc_ancestry_e ngx_cc_ancestry_unix(ngx_cc_ancestry_t *our, int fd);
static ngx_cc_ancestry_e ngx_cc_ancestry_tcp(ngx_cc_ancestry_t *our, int fd,
    struct sockaddr_storage *remote);
static int ngx_cc_ancestry_request(struct inet_diag_req_v2 *req,
    struct sockaddr_storage *remote, struct sockaddr_storage *local);
static int ngx_cc_ancestry_ask(struct inet_diag_req_v2 *req,
    ngx_cc_ancestry_socket_t *s);
static int ngx_cc_ancestry_answer(struct nlmsghdr *h, size_t size,
    struct inet_diag_req_v2 *req, ngx_cc_ancestry_socket_t *s);
static ngx_cc_ancestry_e ngx_cc_ancestry_search(ngx_cc_ancestry_t *our,
    ngx_cc_ancestry_socket_t *s);
static unsigned ngx_cc_ancestry_pids(pid_t *pid);
static ngx_cc_ancestry_e ngx_cc_ancestry_look(ngx_cc_ancestry_search_t *search,
    pid_t pid);


ngx_cc_ancestry_e
ngx_cc_ancestry(ngx_cc_ancestry_t *our, int fd)
{
    int                      type;
    socklen_t                len;
    struct sockaddr_storage  remote;

    len = sizeof(type);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1) {
        return NGX_CC_ANCESTRY_SILENT;
    }

    if (type != SOCK_STREAM) {
        /* QUIC: one socket for all its peers */
        errno = EPROTONOSUPPORT;
        return NGX_CC_ANCESTRY_SILENT;
    }

    len = sizeof(remote);
    memset(&remote, 0, sizeof(remote));

    if (getpeername(fd, (struct sockaddr *) &remote, &len) == -1) {
        /* it has gone already: no one would read an answer */
        return errno == ENOTCONN ? NGX_CC_ANCESTRY_UNSEEN
                                 : NGX_CC_ANCESTRY_SILENT;
    }

    switch (remote.ss_family) {

    case AF_UNIX:
        return ngx_cc_ancestry_unix(our, fd);

    case AF_INET:
    case AF_INET6:
        return ngx_cc_ancestry_tcp(our, fd, &remote);

    default:
        return NGX_CC_ANCESTRY_FOREIGN;
    }
}


static int
ngx_cc_ancestry_theirs(const ngx_cc_ancestry_t *our, uid_t uid)
{
    int  i;

    for (i = 0; i < NGX_CC_ANCESTRY_USERS && our->commands[i]; i++) {
        if (our->commands[i] == uid) {
            return 1;
        }
    }

    return 0;
}


static ngx_cc_ancestry_e
ngx_cc_ancestry_unix(ngx_cc_ancestry_t *our, int fd)
{
    int           below, pidfd;
    socklen_t     len;
    struct ucred  cred;

    len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1) {
        return NGX_CC_ANCESTRY_SILENT;
    }

    if (ngx_cc_ancestry_theirs(our, cred.uid)) {
        return NGX_CC_ANCESTRY_COMMAND;
    }

    /*
     * Commands cannot change their uid, "no new privileges" is set; but those
     * of root can.  A process of another pid namespace (0) has no ancestor
     * here.
     */

    if (cred.pid == 0 || (geteuid() != 0 && cred.uid != geteuid())) {
        return NGX_CC_ANCESTRY_FOREIGN;
    }

    below = ngx_cc_ancestry_below(our, cred.pid);

    len = sizeof(pidfd);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0) {

        if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == -1
            && errno == ESRCH)
        {
            below = -1;
        }

        (void) close(pidfd);

    } else if (errno == ESRCH || errno == EINVAL || errno == ENODATA) {
        /* it has gone, and was waited for */
        below = -1;
    }

    switch (below) {

    case 0:
        return NGX_CC_ANCESTRY_FOREIGN;

    case 1:
        return NGX_CC_ANCESTRY_COMMAND;

    default:
        return NGX_CC_ANCESTRY_UNSEEN;
    }
}


static ngx_cc_ancestry_e
ngx_cc_ancestry_tcp(ngx_cc_ancestry_t *our, int fd,
    struct sockaddr_storage *remote)
{
    int                       rc;
    socklen_t                 len;
    ngx_cc_ancestry_socket_t      s;
    struct sockaddr_storage   local;
    struct inet_diag_req_v2   req;

    len = sizeof(local);
    memset(&local, 0, sizeof(local));

    if (getsockname(fd, (struct sockaddr *) &local, &len) == -1
        || ngx_cc_ancestry_request(&req, remote, &local) == -1)
    {
        return NGX_CC_ANCESTRY_SILENT;
    }

    rc = ngx_cc_ancestry_ask(&req, &s);

    if (rc == -1) {
        return NGX_CC_ANCESTRY_SILENT;
    }

    if (rc == 0) {
        /* on another machine, or in another network namespace */
        return NGX_CC_ANCESTRY_FOREIGN;
    }

    /* closed: it has no owner any more, and shows root as one */

    if (s.inode == 0) {
        return NGX_CC_ANCESTRY_UNSEEN;
    }

    if (ngx_cc_ancestry_theirs(our, s.uid)) {
        return NGX_CC_ANCESTRY_COMMAND;
    }

    if (geteuid() != 0 && s.uid != geteuid()) {
        return NGX_CC_ANCESTRY_FOREIGN;
    }

    return ngx_cc_ancestry_search(our, &s);
}


/* asks for the socket at the other end: what is remote to us is its own */

static int
ngx_cc_ancestry_request(struct inet_diag_req_v2 *req,
    struct sockaddr_storage *remote, struct sockaddr_storage *local)
{
    struct sockaddr_in   *in;
    struct sockaddr_in6  *in6;

    memset(req, 0, sizeof(struct inet_diag_req_v2));

    if (remote->ss_family != local->ss_family) {
        errno = EAFNOSUPPORT;
        return -1;
    }

    req->sdiag_family = remote->ss_family;
    req->sdiag_protocol = IPPROTO_TCP;
    req->idiag_states = ~0U;
    req->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    req->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;

    if (remote->ss_family == AF_INET) {
        in = (struct sockaddr_in *) remote;
        req->id.idiag_sport = in->sin_port;
        memcpy(req->id.idiag_src, &in->sin_addr, sizeof(in->sin_addr));

        in = (struct sockaddr_in *) local;
        req->id.idiag_dport = in->sin_port;
        memcpy(req->id.idiag_dst, &in->sin_addr, sizeof(in->sin_addr));

        return 0;
    }

    in6 = (struct sockaddr_in6 *) remote;
    req->id.idiag_sport = in6->sin6_port;
    req->id.idiag_if = in6->sin6_scope_id;
    memcpy(req->id.idiag_src, &in6->sin6_addr, sizeof(in6->sin6_addr));

    in6 = (struct sockaddr_in6 *) local;
    req->id.idiag_dport = in6->sin6_port;
    memcpy(req->id.idiag_dst, &in6->sin6_addr, sizeof(in6->sin6_addr));

    return 0;
}


/* 1: there is such a socket here, 0: there is not, -1: unknown */

static int
ngx_cc_ancestry_ask(struct inet_diag_req_v2 *req, ngx_cc_ancestry_socket_t *s)
{
    int                 fd, rc, error;
    ssize_t             n;
    struct sockaddr_nl  kernel;

    struct {
        struct nlmsghdr          h;
        struct inet_diag_req_v2  req;
    } ask;

    union {
        struct nlmsghdr          h;
        char                     bytes[4096];
    } answer;

    fd = socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd == -1) {
        return -1;
    }

    memset(&kernel, 0, sizeof(kernel));
    kernel.nl_family = AF_NETLINK;

    memset(&ask, 0, sizeof(ask));
    ask.h.nlmsg_len = sizeof(ask);
    ask.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    ask.h.nlmsg_flags = NLM_F_REQUEST;
    ask.req = *req;

    /* the kernel answers before sendto() returns: nothing to wait for */

    rc = -1;

    if (sendto(fd, &ask, sizeof(ask), 0, (struct sockaddr *) &kernel,
               sizeof(kernel))
        != -1)
    {
        n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

        if (n != -1) {
            rc = ngx_cc_ancestry_answer(&answer.h, n, req, s);
        }
    }

    error = errno;
    (void) close(fd);
    errno = error;

    return rc;
}


static int
ngx_cc_ancestry_answer(struct nlmsghdr *h, size_t size,
    struct inet_diag_req_v2 *req, ngx_cc_ancestry_socket_t *s)
{
    struct nlmsgerr       *err;
    struct inet_diag_msg  *msg;

    if (!NLMSG_OK(h, size)) {
        errno = EBADMSG;
        return -1;
    }

    if (h->nlmsg_type == NLMSG_ERROR) {
        err = NLMSG_DATA(h);
        errno = -err->error;
        return errno == ENOENT ? 0 : -1;
    }

    if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY
        || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
    {
        errno = EBADMSG;
        return -1;
    }

    msg = NLMSG_DATA(h);

    /* when there is none, a listening socket of the port may answer */

    if (msg->id.idiag_sport != req->id.idiag_sport
        || msg->id.idiag_dport != req->id.idiag_dport
        || msg->idiag_state == TCP_LISTEN)
    {
        return 0;
    }

    s->uid = msg->idiag_uid;
    s->inode = msg->idiag_inode;

    return 1;
}


/* who holds the socket?  First those who did lately, then the newest */

static ngx_cc_ancestry_e
ngx_cc_ancestry_search(ngx_cc_ancestry_t *our, ngx_cc_ancestry_socket_t *s)
{
    pid_t                      pid[NGX_CC_ANCESTRY_MAX_PIDS];
    unsigned                   i, n;
    ngx_cc_ancestry_e          found;
    ngx_cc_ancestry_search_t   search;

    search.our = our;
    search.left = NGX_CC_ANCESTRY_MAX_FDS;
    search.len = snprintf(search.name, sizeof(search.name), "socket:[%u]",
                          (unsigned) s->inode);

    for (i = 0; i < NGX_CC_ANCESTRY_HINTS && our->hint[i]; i++) {

        found = ngx_cc_ancestry_look(&search, our->hint[i]);

        if (found != NGX_CC_ANCESTRY_UNSEEN) {
            return found;
        }
    }

    n = ngx_cc_ancestry_pids(pid);

    if (n == 0) {
        return NGX_CC_ANCESTRY_SILENT;
    }

    for (i = 1; i <= n && i <= NGX_CC_ANCESTRY_MAX_PIDS && search.left; i++) {

        found = ngx_cc_ancestry_look(&search,
                                     pid[(n - i) % NGX_CC_ANCESTRY_MAX_PIDS]);

        if (found == NGX_CC_ANCESTRY_FOREIGN) {
            our->hint[our->next] = pid[(n - i) % NGX_CC_ANCESTRY_MAX_PIDS];
            our->next = (our->next + 1) % NGX_CC_ANCESTRY_HINTS;
        }

        if (found != NGX_CC_ANCESTRY_UNSEEN) {
            return found;
        }
    }

    return NGX_CC_ANCESTRY_UNSEEN;
}


/*
 * The processes that may be looked at, /proc has the oldest first; of too many
 * the newest stay.  Returns how many there are: the next one would stand at
 * that index, modulo the size.  0: there is no /proc.
 */

static unsigned
ngx_cc_ancestry_pids(pid_t *pid)
{
    DIR            *dir;
    pid_t           one;
    unsigned        n;
    struct stat     st;
    struct dirent  *entry;

    n = 0;
    dir = opendir("/proc");

    while (dir && (entry = readdir(dir)) != NULL) {

        one = strtol(entry->d_name, NULL, 10);

        if (one > 0
            && (geteuid() == 0
                || (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0
                    && st.st_uid == geteuid())))
        {
            pid[n++ % NGX_CC_ANCESTRY_MAX_PIDS] = one;
        }
    }

    if (dir) {
        (void) closedir(dir);
    }

    return n;
}


/* does this process hold it, and whose is it?  UNSEEN: it does not */

static ngx_cc_ancestry_e
ngx_cc_ancestry_look(ngx_cc_ancestry_search_t *search, pid_t pid)
{
    DIR            *dir;
    char            path[sizeof("/proc/2147483647/fd")], text[32];
    ssize_t         n;
    unsigned        i;
    struct dirent  *entry;
    ngx_cc_ancestry_e   found;

    (void) snprintf(path, sizeof(path), "/proc/%d/fd", (int) pid);

    dir = opendir(path);

    if (dir == NULL) {
        return NGX_CC_ANCESTRY_UNSEEN;
    }

    found = NGX_CC_ANCESTRY_UNSEEN;

    for (i = 0; search->left && (entry = readdir(dir)) != NULL; i++) {

        /* the time that a command can take from us has a bound */

        if (i == NGX_CC_ANCESTRY_MANY
            && ngx_cc_ancestry_below(search->our, pid) == 1)
        {
            break;
        }

        search->left--;
        search->our->looked++;

        n = readlinkat(dirfd(dir), entry->d_name, text, sizeof(text));

        if (n != (ssize_t) search->len
            || memcmp(text, search->name, search->len) != 0)
        {
            continue;
        }

        switch (ngx_cc_ancestry_below(search->our, pid)) {

        case 0:
            found = NGX_CC_ANCESTRY_FOREIGN;
            break;

        case 1:
            found = NGX_CC_ANCESTRY_COMMAND;
            break;
        }

        break;
    }

    (void) closedir(dir);

    return found;
}


int
ngx_cc_ancestry_below(ngx_cc_ancestry_t *our, pid_t pid)
{
    unsigned            depth;
    ngx_cc_proc_stat_t  st;

    if (pid == our->self) {
        return 0;
    }

    for (depth = 0; depth < NGX_CC_ANCESTRY_MAX_DEPTH; depth++) {

        if (ngx_cc_proc_stat(-1, pid, &st) == -1) {
            /* it has gone; or /proc hides others (hidepid), not ours */
            return (kill(pid, 0) == -1 && errno == EPERM) ? 0 : -1;
        }

        if (st.parent == our->self) {
            return 1;
        }

        /* a worker of ours, or what is below one */

        if (our->master && st.parent == our->master) {
            return depth > 0;
        }

        if (our->elder && st.parent == our->elder) {
            return depth > 0;
        }

        if (st.parent <= 1) {
            return 0;
        }

        pid = st.parent;
    }

    return 1;
}
