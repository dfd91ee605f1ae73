
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "ngx_cc_trust.h"


#define NGX_CC_TRUST_LINKS   40
#define NGX_CC_TRUST_PROC    0x9fa0      /* PROC_SUPER_MAGIC */
#define NGX_CC_TRUST_OPEN    (O_PATH|O_NOFOLLOW|O_CLOEXEC)


static int ngx_cc_trust_owns(const struct stat *st,
    const ngx_cc_trust_who_t *who);
static int ngx_cc_trust_step(ngx_cc_trust_path_t *tp, char *rest,
    const char *end, const ngx_cc_trust_who_t *who);
static int ngx_cc_trust_link(ngx_cc_trust_path_t *tp, int fd, char *rest,
    const char *end);
static int ngx_cc_trust_enter(ngx_cc_trust_path_t *tp, int fd);
static void ngx_cc_trust_suspect(ngx_cc_trust_path_t *tp,
    const ngx_cc_trust_who_t *who, int fd);


const ngx_cc_trust_who_t  ngx_cc_trust_nobody;


int
ngx_cc_trust_walk(ngx_cc_trust_path_t *tp, const char *path,
    const ngx_cc_trust_who_t *who)
{
    int          rc, links;
    char         rest[PATH_MAX];
    size_t       len;
    const char  *p, *end;

    tp->magic = 0;
    tp->suspect[0] = '\0';

    tp->fd = -1;

    len = strlen(path) + 1;

    if (*path != '/' || len > sizeof(rest)) {
        errno = (*path == '/') ? ENAMETOOLONG : EINVAL;
        return -1;
    }

    memcpy(rest, path, len);
    links = 0;

    tp->fd = open("/", O_PATH|O_DIRECTORY|O_CLOEXEC);

    if (tp->fd == -1) {
        return -1;
    }

    for ( ;; ) {
        p = rest + strspn(rest, "/");
        end = strchrnul(p, '/');
        len = end - p;

        if (len >= sizeof(tp->name)) {
            errno = ENAMETOOLONG;
            goto failed;
        }

        if (len == 0) {
            /* "/", and where ".." and links have led to a directory itself */
            memcpy(tp->name, ".", 2);
            return 0;
        }

        memcpy(tp->name, p, len);
        tp->name[len] = '\0';

        rc = ngx_cc_trust_step(tp, rest, end, who);

        if (rc == 0) {
            return 0;
        }

        if (rc == -1) {
            goto failed;
        }

        if (rc == 2 && ++links > NGX_CC_TRUST_LINKS) {
            errno = ELOOP;
            goto failed;
        }
    }

failed:

    rc = errno;
    (void) close(tp->fd);
    tp->fd = -1;
    errno = rc;

    return -1;
}


/*
 * One name: 0 = it is the last one and no link, 1 = a directory was entered, 2
 * = a link was followed, -1 = errno.
 */

static int
ngx_cc_trust_step(ngx_cc_trust_path_t *tp, char *rest, const char *end,
    const ngx_cc_trust_who_t *who)
{
    int            fd, last;
    struct stat    st;
    struct statfs  fs;

    last = end[strspn(end, "/")] == '\0';

    fd = openat(tp->fd, tp->name, NGX_CC_TRUST_OPEN);

    if (fd == -1 && !(last && errno == ENOENT)) {
        return -1;
    }

    ngx_cc_trust_suspect(tp, who, fd);

    if (fd == -1) {
        return 0;
    }

    if (fstat(fd, &st) == -1) {
        goto failed;
    }

    if (S_ISLNK(st.st_mode)) {

        if (last && fstatfs(fd, &fs) == 0 && fs.f_type == NGX_CC_TRUST_PROC) {
            tp->magic = 1;
            (void) close(fd);
            return 0;
        }

        return ngx_cc_trust_link(tp, fd, rest, end);
    }

    if (last && strcmp(tp->name, "..") != 0) {
        (void) close(fd);
        return 0;
    }

    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        goto failed;
    }

    memmove(rest, end, strlen(end) + 1);

    return ngx_cc_trust_enter(tp, fd);

failed:

    last = errno;
    (void) close(fd);
    errno = last;

    return -1;
}


/* what a link says stands before what is left of the path */

static int
ngx_cc_trust_link(ngx_cc_trust_path_t *tp, int fd, char *rest,
    const char *end)
{
    int      root;
    char     to[PATH_MAX];
    size_t   left;
    ssize_t  n;

    n = readlinkat(fd, "", to, sizeof(to));
    root = errno;
    (void) close(fd);
    errno = root;

    if (n == -1) {
        return -1;
    }

    left = strlen(end) + 1;

    if ((size_t) n + left > PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }

    memmove(rest + n, end, left);
    memcpy(rest, to, n);

    if (*to == '/') {
        root = open("/", O_PATH|O_DIRECTORY|O_CLOEXEC);

        if (root == -1) {
            return -1;
        }

        (void) ngx_cc_trust_enter(tp, root);
    }

    return 2;
}


static int
ngx_cc_trust_enter(ngx_cc_trust_path_t *tp, int fd)
{
    (void) close(tp->fd);
    tp->fd = fd;

    return 1;
}


/*
 * Can they put something else in the place of "fd" (-1 = nothing is there) in
 * the directory tp->fd?  In one with a sticky bit only what is theirs.
 */

static void
ngx_cc_trust_suspect(ngx_cc_trust_path_t *tp, const ngx_cc_trust_who_t *who,
    int fd)
{
    char           link[sizeof("/proc/self/fd/") + 16];
    ssize_t        n;
    struct stat    dir, st;
    struct statfs  fs;

    if (who == NULL || tp->suspect[0] || fstat(tp->fd, &dir) == -1) {
        return;
    }

    /* its files belong to processes, but no one can make or rename any */

    if (fstatfs(tp->fd, &fs) == 0 && fs.f_type == NGX_CC_TRUST_PROC) {
        return;
    }

    (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", tp->fd);

    if (!ngx_cc_trust_writable(&dir, who)
        && !((dir.st_mode & S_IWGRP)
             && getxattr(link, "system.posix_acl_access", NULL, 0) > 0))
    {
        return;
    }

    if ((dir.st_mode & S_ISVTX) && !ngx_cc_trust_owns(&dir, who) && fd != -1
        && fstat(fd, &st) == 0 && !ngx_cc_trust_owns(&st, who))
    {
        return;
    }

    n = readlink(link, tp->suspect, sizeof(tp->suspect) - 1);

    if (n <= 0) {
        tp->suspect[0] = '?';
        n = 1;
    }

    tp->suspect[n] = '\0';
}


int
ngx_cc_trust_writable(const struct stat *st, const ngx_cc_trust_who_t *who)
{
    int  i;

    if (who == NULL) {
        return 0;
    }

    if (ngx_cc_trust_owns(st, who) || (st->st_mode & S_IWOTH)) {
        return 1;
    }

    if (who == &ngx_cc_trust_nobody) {
        return (st->st_mode & S_IWGRP) != 0;
    }

    for (i = 0; (st->st_mode & S_IWGRP) && i < who->ngroups; i++) {
        if (st->st_gid == who->groups[i]) {
            return 1;
        }
    }

    return ngx_cc_trust_writable(st, who->next);
}


static int
ngx_cc_trust_owns(const struct stat *st, const ngx_cc_trust_who_t *who)
{
    if (who == &ngx_cc_trust_nobody) {
        return st->st_uid != 0;
    }

    return st->st_uid == who->uid
           || (who->next && ngx_cc_trust_owns(st, who->next));
}


int
ngx_cc_trust_directory(int parent, const char *name, uid_t owner, mode_t mode)
{
    int          fd, made, err;
    struct stat  st;

    made = mkdirat(parent, name, 0700) == 0;

    if (!made && errno != EEXIST) {
        return -1;
    }

    /* a new one is opened to be changed, others are only looked at */

    fd = openat(parent, name, O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC
                              |(made ? O_RDONLY : O_PATH));

    if (fd == -1) {
        if (errno == ELOOP) {
            errno = ENOTDIR;
        }

        return -1;
    }

    if (fstat(fd, &st) == -1) {
        goto failed;
    }

    if (made) {
        if (fchmod(fd, mode) == -1
            || (st.st_uid != owner && fchown(fd, owner, -1) == -1))
        {
            goto failed;
        }

        return fd;
    }

    if (st.st_uid != owner) {
        errno = EPERM;
        goto failed;
    }

    return fd;

failed:

    err = errno;
    (void) close(fd);
    errno = err;

    return -1;
}
