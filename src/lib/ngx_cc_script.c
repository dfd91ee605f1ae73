
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ngx_cc_script.h"


/* some kernels want it, those before 6.3 refuse it */

#define NGX_CC_SCRIPT_NOEXEC  8          /* MFD_NOEXEC_SEAL */

#define NGX_CC_SCRIPT_SEALS   (F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW          \
                               |F_SEAL_WRITE)

#define NGX_CC_SCRIPT_HEAD    "exec 9<&-; unset MAPFILE; "


static int ngx_cc_script_write(int fd, off_t at, const char *p, size_t len);


/*
 * What the builtin leaves tells the shells apart: variables of the environment
 * prove nothing, and no program of its name is found in that PATH.
 */

const char  ngx_cc_script_boot[] =
    "unset MAPFILE;PATH=/dev/null mapfile -d \"\" <&9 2>&-;"
    "if [ \"${MAPFILE+x}\" ];then eval \"$MAPFILE\";"
    "elif [ -r /proc/self/fd/9 ];then . /proc/self/fd/9;"
    "else eval \"$(cat <&9)\";fi";


int
ngx_cc_script_make(const char *text, size_t len)
{
    int     fd, err;
    size_t  head;

    fd = memfd_create("cc_script", MFD_CLOEXEC|MFD_ALLOW_SEALING
                                   |NGX_CC_SCRIPT_NOEXEC);

    if (fd == -1 && errno == EINVAL) {
        fd = memfd_create("cc_script", MFD_CLOEXEC|MFD_ALLOW_SEALING);
    }

    if (fd == -1) {
        return -1;
    }

    head = sizeof(NGX_CC_SCRIPT_HEAD) - 1;

    /* the position is shared with whoever gets it: it stays where it is */

    if (ngx_cc_script_write(fd, 0, NGX_CC_SCRIPT_HEAD, head) == 0
        && ngx_cc_script_write(fd, head, text, len) == 0
        && fcntl(fd, F_ADD_SEALS, NGX_CC_SCRIPT_SEALS) == 0)
    {
        return fd;
    }

    err = errno;
    (void) close(fd);
    errno = err;

    return -1;
}


static int
ngx_cc_script_write(int fd, off_t at, const char *p, size_t len)
{
    ssize_t  n;

    while (len) {
        n = pwrite(fd, p, len, at);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return -1;
        }

        p += n;
        at += n;
        len -= n;
    }

    return 0;
}


int
ngx_cc_script_sealed(int fd)
{
    int  seals;

    seals = fcntl(fd, F_GET_SEALS);

    return seals != -1
           && (seals & NGX_CC_SCRIPT_SEALS) == NGX_CC_SCRIPT_SEALS;
}
