
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_close_except.h"
#include "ngx_cc_dirent.h"


#define NGX_CC_CLOSE_EXCEPT_MAX    8
#define NGX_CC_CLOSE_EXCEPT_RANGE  436       /* close_range(2), for headers
                                                that do not have it */


static int ngx_cc_close_except_range(const int *keep, int n);
static int ngx_cc_close_except_list(const int *keep, int n);
static int ngx_cc_close_except_kept(const int *keep, int n, int fd);


__attribute__((no_sanitize_address))
int
ngx_cc_close_except(const int *keep, int n)
{
    if (n > NGX_CC_CLOSE_EXCEPT_MAX) {
        errno = EINVAL;
        return -1;
    }

    if (ngx_cc_close_except_range(keep, n) == 0) {
        return 0;
    }

    return ngx_cc_close_except_list(keep, n);
}


int
ngx_cc_close_stdio(void)
{
    int  i, fd;

    fd = open("/dev/null", O_RDWR);

    if (fd == -1) {
        return -1;
    }

    for (i = 0; i < 3; i++) {
        if (fd != i && dup2(fd, i) == -1) {
            return -1;
        }
    }

    if (fd > 2) {
        (void) close(fd);
    }

    return 0;
}


/* the gaps between those that stay, from the lowest on */

__attribute__((no_sanitize_address))
static int
ngx_cc_close_except_range(const int *keep, int n)
{
    int       i;
    unsigned  from, next;

    from = 3;

    for ( ;; ) {
        next = ~0U;

        for (i = 0; i < n; i++) {
            if (keep[i] >= (int) from && (unsigned) keep[i] < next) {
                next = keep[i];
            }
        }

        if (next == ~0U) {
            return syscall(NGX_CC_CLOSE_EXCEPT_RANGE, from, ~0U, 0);
        }

        if (next > from
            && syscall(NGX_CC_CLOSE_EXCEPT_RANGE, from, next - 1, 0) == -1)
        {
            return -1;
        }

        from = next + 1;
    }
}


/* what is closed vanishes from the list while it is read: until none is left */

__attribute__((no_sanitize_address))
static int
ngx_cc_close_except_list(const int *keep, int n)
{
    int               dir, fd, closed, err;
    char              buf[2048] ngx_cc_dirent_aligned;
    long              size, at;
    const char       *p;
    ngx_cc_dirent_t  *entry;

    dir = open("/proc/self/fd", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (dir == -1 && errno == EMFILE) {

        /* the worker had as many as it may have: one is closed first */

        for (fd = 3; ngx_cc_close_except_kept(keep, n, fd); fd++) {
            /* void */
        }

        (void) close(fd);
        dir = open("/proc/self/fd", O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    }

    if (dir == -1) {
        return -1;
    }

    do {
        closed = 0;

        if (lseek(dir, 0, SEEK_SET) == -1) {
            goto failed;
        }

        while ((size = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {

            for (at = 0; at < size; at += entry->size) {
                entry = (ngx_cc_dirent_t *) (buf + at);
                fd = 0;

                for (p = entry->name; *p >= '0' && *p <= '9'; p++) {
                    fd = fd * 10 + (*p - '0');
                }

                if (*p == '\0' && fd > 2 && fd != dir
                    && !ngx_cc_close_except_kept(keep, n, fd))
                {
                    (void) close(fd);
                    closed = 1;
                }
            }
        }

        if (size == -1) {
            goto failed;
        }

    } while (closed);

    (void) close(dir);

    return 0;

failed:

    err = errno;
    (void) close(dir);
    errno = err;

    return -1;
}


__attribute__((no_sanitize_address))
static int
ngx_cc_close_except_kept(const int *keep, int n, int fd)
{
    int  i;

    for (i = 0; i < n; i++) {
        if (keep[i] == fd) {
            return 1;
        }
    }

    return 0;
}
