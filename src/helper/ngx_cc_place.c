
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_place.h"


/* by number (uapi/linux/openat2.h), for headers that do not have it */

#define NGX_CC_PLACE_OPENAT2        437
#define NGX_CC_PLACE_NO_SYMLINKS    0x04ULL
#define NGX_CC_PLACE_BENEATH        0x08ULL

#define NGX_CC_PLACE_NAME           256      /* a component and its NUL */
#define NGX_CC_PLACE_OPEN           (O_PATH|O_DIRECTORY|O_CLOEXEC)


int
ngx_cc_place_enter(const char *root, const char *beneath)
{
    int  top, fd, rc;

    if (*beneath == '\0') {
        return chdir(root);
    }

    top = open(root, NGX_CC_PLACE_OPEN);

    if (top == -1) {
        return -1;
    }

    fd = ngx_cc_place_resolve(top, beneath);

    /* a filter that does not know the call may say EPERM */

    if (fd == -1 && (errno == ENOSYS || errno == EPERM)) {
        fd = ngx_cc_place_walk(top, beneath);
    }

    (void) close(top);

    if (fd == -1) {
        return -1;
    }

    rc = fchdir(fd);
    top = errno;
    (void) close(fd);
    errno = top;

    return rc;
}


int
ngx_cc_place_make(const char *path)
{
    char         parent[PATH_MAX];
    size_t       len;
    const char  *slash;

    /* EEXIST: another helper was faster, or something else is there */

    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return 0;
    }

    slash = strrchr(path, '/');

    if (errno != ENOENT || slash == NULL || slash == path) {
        return -1;
    }

    len = slash - path;

    if (len >= sizeof(parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    memcpy(parent, path, len);
    parent[len] = '\0';

    if (mkdir(parent, 0700) == -1 && errno != EEXIST) {
        return -1;
    }

    return (mkdir(path, 0700) == 0 || errno == EEXIST) ? 0 : -1;
}


int
ngx_cc_place_resolve(int root, const char *beneath)
{
    int  fd;

    struct {
        uint64_t  flags;
        uint64_t  mode;
        uint64_t  resolve;
    } how;

    how.flags = NGX_CC_PLACE_OPEN;
    how.mode = 0;
    how.resolve = NGX_CC_PLACE_BENEATH|NGX_CC_PLACE_NO_SYMLINKS;

    do {
        fd = syscall(NGX_CC_PLACE_OPENAT2, root, beneath, &how, sizeof(how));

        /* EAGAIN: something was renamed while it looked */

    } while (fd == -1 && (errno == EAGAIN || errno == EINTR));

    return fd;
}


int
ngx_cc_place_walk(int root, const char *beneath)
{
    int          fd, next;
    char         name[NGX_CC_PLACE_NAME];
    size_t       len;
    const char  *end;

    if (*beneath == '/') {
        errno = EXDEV;
        return -1;
    }

    fd = openat(root, ".", NGX_CC_PLACE_OPEN);

    for ( /* void */ ; fd != -1 && *beneath; beneath = end + (*end == '/')) {

        end = strchrnul(beneath, '/');
        len = end - beneath;

        if (len == 0 || (len == 1 && *beneath == '.')) {
            continue;
        }

        if (len >= sizeof(name) || (len == 2 && memcmp(beneath, "..", 2) == 0))
        {
            (void) close(fd);
            errno = (len == 2) ? EXDEV : ENAMETOOLONG;
            return -1;
        }

        memcpy(name, beneath, len);
        name[len] = '\0';

        next = openat(fd, name, NGX_CC_PLACE_OPEN|O_NOFOLLOW);

        len = errno;
        (void) close(fd);
        errno = len;

        fd = next;
    }

    return fd;
}
