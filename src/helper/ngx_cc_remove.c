
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_dirent.h"
#include "ngx_cc_remove.h"


#define NGX_CC_REMOVE_BATCH  2048        /* bytes of entries read at once */


static int ngx_cc_remove_contents(int top, int dir, const char *spare,
    unsigned *budget, unsigned *removed);
static int ngx_cc_remove_entry(int top, int dir, const char *name,
    unsigned *budget);
static int ngx_cc_remove_up(int top, int dir, const char *name);


int
ngx_cc_remove_beneath(int top, const char *spare, unsigned *budget)
{
    int       rc;
    unsigned  removed;

    /* what is removed meanwhile may hide an entry: until none is found */

    do {
        removed = 0;
        rc = ngx_cc_remove_contents(top, top, spare, budget, &removed);

        if (rc == 1) {
            return 1;
        }

    } while (removed);

    return rc;
}


int
ngx_cc_remove_directory(int top, const char *name, unsigned *budget)
{
    int  rc;

    if (unlinkat(top, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
        return 0;
    }

    if (errno != ENOTEMPTY && errno != EEXIST) {
        return -1;
    }

    rc = ngx_cc_remove_entry(top, top, name, budget);

    /* a pass may have left something, and moved something to "top" */

    while (rc == 0 && unlinkat(top, name, AT_REMOVEDIR) == -1
           && errno == ENOTEMPTY)
    {
        rc = ngx_cc_remove_entry(top, top, name, budget);
    }

    return rc;
}


int
ngx_cc_remove_open(int dir, const char *name)
{
    int          fd, path;
    char         self[32];
    struct stat  st;

    fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 && errno == EACCES) {

        /* there is no fchmodat() that neither follows nor needs Linux 6.6 */

        path = openat(dir, name, O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

        if (path == -1) {
            return -1;
        }

        (void) snprintf(self, sizeof(self), "/proc/self/fd/%d", path);
        (void) chmod(self, 0700);
        (void) close(path);

        fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
    }

    if (fd != -1 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700) {
        (void) fchmod(fd, 0700);
    }

    return fd;
}


/* one pass; 0, 1 or -1 as above, "removed" counts */

static int
ngx_cc_remove_contents(int top, int dir, const char *spare, unsigned *budget,
    unsigned *removed)
{
    int               rc, left;
    char              buf[NGX_CC_REMOVE_BATCH] ngx_cc_dirent_aligned;
    long              size, at;
    ngx_cc_dirent_t  *entry;

    left = 0;

    if (lseek(dir, 0, SEEK_SET) == -1) {
        return -1;
    }

    for ( ;; ) {
        size = syscall(SYS_getdents64, dir, buf, sizeof(buf));

        if (size <= 0) {
            return (size == -1 || left) ? -1 : 0;
        }

        for (at = 0; at < size; at += entry->size) {
            entry = (ngx_cc_dirent_t *) (buf + at);

            if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0
                || (spare && strcmp(entry->name, spare) == 0))
            {
                continue;
            }

            if (*budget == 0) {
                return 1;
            }

            (*budget)--;

            rc = ngx_cc_remove_entry(top, dir, entry->name, budget);

            if (rc == 1) {
                return 1;
            }

            if (rc == -1) {
                left = 1;

            } else {
                (*removed)++;
            }
        }
    }
}


/*
 * A file is removed.  So is a directory of "top", with what is in it; one that
 * is deeper goes up to "top" first.  0, 1 or -1.
 */

static int
ngx_cc_remove_entry(int top, int dir, const char *name, unsigned *budget)
{
    int          rc, fd;
    unsigned     removed;
    struct stat  here, there;

    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }

    if (errno != EISDIR && errno != EPERM) {
        return -1;
    }

    if (unlinkat(dir, name, AT_REMOVEDIR) == 0) {
        return 0;
    }

    if (errno != ENOTEMPTY && errno != EEXIST) {
        return -1;
    }

    if (dir != top) {
        return ngx_cc_remove_up(top, dir, name);
    }

    fd = ngx_cc_remove_open(top, name);

    if (fd == -1) {
        return -1;
    }

    /* something is mounted there: it is not ours to empty */

    if (fstat(top, &here) == -1 || fstat(fd, &there) == -1
        || here.st_dev != there.st_dev)
    {
        (void) close(fd);
        return -1;
    }

    removed = 0;
    rc = ngx_cc_remove_contents(top, fd, NULL, budget, &removed);

    (void) close(fd);

    if (rc == 1) {
        return 1;
    }

    /* what was hidden by the removal of others is for the next pass */

    if (unlinkat(top, name, AT_REMOVEDIR) == 0 || errno == ENOENT || removed) {
        return 0;
    }

    return -1;
}


static int
ngx_cc_remove_up(int top, int dir, const char *name)
{
    int   fd, i;
    char  up[32];

    static unsigned  n;

    for (i = 0; i < 1000; i++) {
        (void) snprintf(up, sizeof(up), "~%u", n++);

        if (renameat(dir, name, top, up) == 0) {
            return 0;
        }

        if (errno == EACCES) {

            /* its ".." changes, so it has to be writable itself */

            fd = ngx_cc_remove_open(dir, name);

            if (fd == -1) {
                return -1;
            }

            (void) close(fd);

            if (renameat(dir, name, top, up) == 0) {
                return 0;
            }
        }

        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) {
            return -1;
        }
    }

    return -1;
}
