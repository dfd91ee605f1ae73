
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_dirent.h"
#include "ngx_cc_place.h"
#include "ngx_cc_remove.h"
#include "ngx_cc_tmpdir.h"


#define NGX_CC_TMPDIR_OPEN   (O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)
#define NGX_CC_TMPDIR_NONE   48          /* bytes of "." and ".." as read */
#define NGX_CC_TMPDIR_NAMES  16          /* for one process */
#define NGX_CC_TMPDIR_DONE   256         /* entries: before the end is told */
#define NGX_CC_TMPDIR_STEP   64          /* entries: at a time, later */
#define NGX_CC_TMPDIR_LEAVE  100000      /* entries: before the process ends */


static int ngx_cc_tmpdir_parent(ngx_cc_tmpdir_t *tmp);
static int ngx_cc_tmpdir_lock(ngx_cc_tmpdir_t *tmp, const char *name);
static int ngx_cc_tmpdir_empty(ngx_cc_tmpdir_t *tmp);
static int ngx_cc_tmpdir_here(ngx_cc_tmpdir_t *tmp);
static void ngx_cc_tmpdir_remove(ngx_cc_tmpdir_t *tmp);
static int ngx_cc_tmpdir_run(ngx_cc_tmpdir_t *tmp);
static void ngx_cc_tmpdir_forget(ngx_cc_tmpdir_t *tmp);
static int ngx_cc_tmpdir_sweep(ngx_cc_tmpdir_t *tmp, unsigned *budget);
static int ngx_cc_tmpdir_sweep_one(ngx_cc_tmpdir_t *tmp, const char *name,
    unsigned *budget);


void
ngx_cc_tmpdir_init(ngx_cc_tmpdir_t *tmp, const char *path)
{
    tmp->path = path;
    tmp->owner = geteuid();
    tmp->parent = -1;
    tmp->own = -1;
    tmp->fd = -1;
}


int
ngx_cc_tmpdir_open(ngx_cc_tmpdir_t *tmp)
{
    int  i;

    if (tmp->own != -1) {
        return 0;
    }

    if (tmp->path == NULL) {
        errno = ENOENT;
        return -1;
    }

    if (ngx_cc_tmpdir_parent(tmp) == -1) {
        return -1;
    }

    /* a dead one, or one on another machine, may have the number still */

    for (i = 0; i < NGX_CC_TMPDIR_NAMES; i++) {
        (void) snprintf(tmp->name, sizeof(tmp->name), i ? "%d-%d" : "%d",
                        (int) getpid(), i);

        if (mkdirat(tmp->parent, tmp->name, 0700) == 0
            && ngx_cc_tmpdir_lock(tmp, tmp->name) == 0)
        {
            return 0;
        }

        if (errno != EEXIST && errno != EWOULDBLOCK) {
            return -1;
        }
    }

    return -1;
}


const char *
ngx_cc_tmpdir_make(ngx_cc_tmpdir_t *tmp)
{
    int  i;

    if (tmp->kept && ngx_cc_tmpdir_here(tmp)) {
        tmp->kept = 0;
        return tmp->env;
    }

    ngx_cc_tmpdir_drop(tmp);

    /* it may have been removed or moved since the last time: try again */

    for (i = 0; i < 2; i++) {

        if (ngx_cc_tmpdir_open(tmp) == 0 && ngx_cc_tmpdir_run(tmp) == 0) {
            return tmp->env;
        }

        if (errno != ENOENT) {
            return NULL;
        }

        ngx_cc_tmpdir_forget(tmp);
        errno = ENOENT;
    }

    return NULL;
}


void
ngx_cc_tmpdir_give(ngx_cc_tmpdir_t *tmp, ngx_cc_wire_strings_t *strings)
{
    uint32_t     i;
    const char  *env;

    for (i = 0; i < strings->envc; i++) {
        if (strncmp(strings->env[i], "TMPDIR=", 7) == 0) {
            return;
        }
    }

    env = ngx_cc_tmpdir_make(tmp);

    if (env) {
        strings->env[strings->envc++] = env;
        strings->env[strings->envc] = NULL;
    }
}


void
ngx_cc_tmpdir_done(ngx_cc_tmpdir_t *tmp)
{
    if (tmp->fd == -1) {
        return;
    }

    tmp->kept = ngx_cc_tmpdir_empty(tmp);

    if (!tmp->kept) {
        ngx_cc_tmpdir_remove(tmp);
    }
}


void
ngx_cc_tmpdir_drop(ngx_cc_tmpdir_t *tmp)
{
    if (tmp->kept) {
        tmp->kept = 0;
        ngx_cc_tmpdir_remove(tmp);
    }
}


/* as it was made: no other mode, nothing in it */

static int
ngx_cc_tmpdir_empty(ngx_cc_tmpdir_t *tmp)
{
    long         size;
    struct stat  st;

    /* "." and ".." and a name, or at least its beginning */

    char  buf[512] ngx_cc_dirent_aligned;

    if (fstat(tmp->fd, &st) == -1 || st.st_mode != (S_IFDIR|0700)
        || lseek(tmp->fd, 0, SEEK_SET) == -1)
    {
        return 0;
    }

    size = syscall(SYS_getdents64, tmp->fd, buf, sizeof(buf));

    return size == NGX_CC_TMPDIR_NONE
           && syscall(SYS_getdents64, tmp->fd, buf, sizeof(buf)) == 0;
}


/* is it where its name says? */

static int
ngx_cc_tmpdir_here(ngx_cc_tmpdir_t *tmp)
{
    struct stat  here, there;

    return fstat(tmp->fd, &here) == 0
           && lstat(tmp->env + sizeof("TMPDIR=") - 1, &there) == 0
           && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}


static void
ngx_cc_tmpdir_remove(ngx_cc_tmpdir_t *tmp)
{
    unsigned  budget;

    (void) close(tmp->fd);
    tmp->fd = -1;

    budget = NGX_CC_TMPDIR_DONE;

    if (ngx_cc_remove_directory(tmp->own, tmp->run, &budget) != 0
        || budget != NGX_CC_TMPDIR_DONE)
    {
        /* what was deeper has come up */
        tmp->dirty = ngx_cc_remove_beneath(tmp->own, NULL, &budget) == 1;
    }

    tmp->run[0] = '\0';
}


void
ngx_cc_tmpdir_step(ngx_cc_tmpdir_t *tmp)
{
    unsigned  budget;

    budget = NGX_CC_TMPDIR_STEP;

    if (tmp->dirty) {
        tmp->dirty = ngx_cc_remove_beneath(tmp->own, tmp->run, &budget) == 1;
        return;
    }

    if (tmp->stale) {
        tmp->stale = ngx_cc_tmpdir_sweep(tmp, &budget) == 1;
    }
}


void
ngx_cc_tmpdir_leave(ngx_cc_tmpdir_t *tmp)
{
    unsigned  budget;

    ngx_cc_tmpdir_done(tmp);
    ngx_cc_tmpdir_drop(tmp);

    budget = NGX_CC_TMPDIR_LEAVE;

    if (tmp->dirty) {
        (void) ngx_cc_remove_beneath(tmp->own, NULL, &budget);
    }

    if (tmp->stale) {
        (void) ngx_cc_tmpdir_sweep(tmp, &budget);
    }

    if (tmp->own != -1) {
        (void) unlinkat(tmp->parent, tmp->name, AT_REMOVEDIR);
    }
}


/* root has made it, unless it could not or it is gone */

static int
ngx_cc_tmpdir_parent(ngx_cc_tmpdir_t *tmp)
{
    struct stat  st;

    if (tmp->parent != -1) {
        return 0;
    }

    tmp->parent = open(tmp->path, NGX_CC_TMPDIR_OPEN);

    if (tmp->parent == -1 && errno == ENOENT
        && ngx_cc_place_make(tmp->path) == 0)
    {
        tmp->parent = open(tmp->path, NGX_CC_TMPDIR_OPEN);
    }

    if (tmp->parent == -1) {
        return -1;
    }

    /* no one else may prepare anything in there */

    if (fstat(tmp->parent, &st) == -1 || st.st_uid != tmp->owner
        || (st.st_mode & 022))
    {
        (void) close(tmp->parent);
        tmp->parent = -1;
        errno = EPERM;
        return -1;
    }

    return 0;
}


/*
 * A sweep may have come between: it has removed the directory, or is about to
 * (EWOULDBLOCK).
 */

static int
ngx_cc_tmpdir_lock(ngx_cc_tmpdir_t *tmp, const char *name)
{
    int          err;
    struct stat  st;

    tmp->own = openat(tmp->parent, name, NGX_CC_TMPDIR_OPEN);

    if (tmp->own == -1) {
        errno = (errno == ENOENT) ? EWOULDBLOCK : errno;
        return -1;
    }

    /* a file system without locks: then a sweep cannot have it either */

    if (flock(tmp->own, LOCK_EX|LOCK_NB) == -1 && errno == EWOULDBLOCK) {
        err = EWOULDBLOCK;

    } else {
        err = (fstat(tmp->own, &st) == 0 && st.st_nlink) ? 0 : EWOULDBLOCK;
    }

    if (err == 0) {
        return 0;
    }

    (void) close(tmp->own);
    tmp->own = -1;
    errno = err;

    return -1;
}


/* ENOENT: own is no more where it was */

static int
ngx_cc_tmpdir_run(ngx_cc_tmpdir_t *tmp)
{
    int  n;

    (void) snprintf(tmp->run, sizeof(tmp->run), "%u", (unsigned) ++tmp->n);

    n = snprintf(tmp->env, sizeof(tmp->env), "TMPDIR=%s/%s/%s", tmp->path,
                 tmp->name, tmp->run);

    if (n < 0 || (size_t) n >= sizeof(tmp->env)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    if (mkdirat(tmp->own, tmp->run, 0700) == -1) {
        return -1;
    }

    tmp->fd = openat(tmp->own, tmp->run, NGX_CC_TMPDIR_OPEN);

    if (tmp->fd == -1) {
        return -1;
    }

    if (ngx_cc_tmpdir_here(tmp)) {
        return 0;
    }

    (void) close(tmp->fd);
    tmp->fd = -1;
    (void) unlinkat(tmp->own, tmp->run, AT_REMOVEDIR);
    errno = ENOENT;

    return -1;
}


static void
ngx_cc_tmpdir_forget(ngx_cc_tmpdir_t *tmp)
{
    if (tmp->own != -1) {
        (void) close(tmp->own);
        tmp->own = -1;
    }

    if (tmp->parent != -1) {
        (void) close(tmp->parent);
        tmp->parent = -1;
    }

    tmp->run[0] = '\0';
    tmp->dirty = 0;
}


/*
 * 0 = nothing is left, or nothing that could be removed; 1 = there is more.
 * The directory is not made for it, and not kept open: it may be another one
 * the next time.
 */

static int
ngx_cc_tmpdir_sweep(ngx_cc_tmpdir_t *tmp, unsigned *budget)
{
    char              buf[2048] ngx_cc_dirent_aligned;
    long              size, at;
    ngx_cc_dirent_t  *entry;

    if (tmp->path == NULL || access(tmp->path, F_OK) == -1
        || ngx_cc_tmpdir_parent(tmp) == -1
        || lseek(tmp->parent, 0, SEEK_SET) == -1)
    {
        return 0;
    }

    for ( ;; ) {
        size = syscall(SYS_getdents64, tmp->parent, buf, sizeof(buf));

        if (size <= 0) {
            if (tmp->own == -1) {
                ngx_cc_tmpdir_forget(tmp);
            }

            return 0;
        }

        for (at = 0; at < size; at += entry->size) {
            entry = (ngx_cc_dirent_t *) (buf + at);

            if (ngx_cc_tmpdir_sweep_one(tmp, entry->name, budget) == 1) {
                return 1;
            }
        }
    }
}


static int
ngx_cc_tmpdir_sweep_one(ngx_cc_tmpdir_t *tmp, const char *name,
    unsigned *budget)
{
    int  rc, fd;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return 0;
    }

    fd = ngx_cc_remove_open(tmp->parent, name);

    if (fd == -1) {

        /* nothing of ours */

        if (errno == ENOTDIR || errno == ELOOP) {
            (void) unlinkat(tmp->parent, name, 0);
        }

        return 0;
    }

    rc = 0;

    if (flock(fd, LOCK_EX|LOCK_NB) == 0) {
        rc = ngx_cc_remove_beneath(fd, NULL, budget);

        if (rc == 0) {
            (void) unlinkat(tmp->parent, name, AT_REMOVEDIR);
        }
    }

    (void) close(fd);

    return rc;
}
