
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_fence.h"


/*
 * The kernel's interface by number (uapi/linux/landlock.h): headers of the
 * machine that compiles may be older than the kernel that runs.
 */

#define NGX_CC_FENCE_CREATE       444
#define NGX_CC_FENCE_ADD          445
#define NGX_CC_FENCE_RESTRICT     446

#define NGX_CC_FENCE_VERSION      1          /* flag of CREATE */
#define NGX_CC_FENCE_BENEATH      1          /* type of rule */

/* rights on files; the number behind is the ABI that brought them */

#define NGX_CC_FENCE_EXECUTE      (1ULL << 0)
#define NGX_CC_FENCE_WRITE_FILE   (1ULL << 1)
#define NGX_CC_FENCE_READ_FILE    (1ULL << 2)
#define NGX_CC_FENCE_READ_DIR     (1ULL << 3)
#define NGX_CC_FENCE_CHANGE_DIR   (0x1ffULL << 4)    /* remove, make */
#define NGX_CC_FENCE_MAKE_BLOCK   (1ULL << 11)
#define NGX_CC_FENCE_REFER        (1ULL << 13)       /* 2 */
#define NGX_CC_FENCE_TRUNCATE     (1ULL << 14)       /* 3 */

#define NGX_CC_FENCE_BIND_TCP     (1ULL << 0)        /* 4, on the network */
#define NGX_CC_FENCE_CONNECT_TCP  (1ULL << 1)        /* 4, on the network */
#define NGX_CC_FENCE_SCOPES       3ULL       /* 6: abstract sockets, signals */
#define NGX_CC_FENCE_KEEP_SIGNALS 2ULL       /* the latter alone */


#define NGX_CC_FENCE_READ                                                     \
    (NGX_CC_FENCE_EXECUTE|NGX_CC_FENCE_READ_FILE|NGX_CC_FENCE_READ_DIR)

#define NGX_CC_FENCE_OF_FILES                                                 \
    (NGX_CC_FENCE_EXECUTE|NGX_CC_FENCE_WRITE_FILE|NGX_CC_FENCE_READ_FILE      \
     |NGX_CC_FENCE_TRUNCATE)


typedef struct {
    uint64_t  files;             /* handled: refused unless a rule grants */
    uint64_t  network;
    uint64_t  scoped;
} ngx_cc_fence_ruleset_t;


typedef struct {
    uint64_t  granted;
    int32_t   parent;
} __attribute__((packed)) ngx_cc_fence_rule_t;


static int ngx_cc_fence_grant(int fence, const char *path, uint64_t granted);
static int ngx_cc_fence_rule(int fence, int parent, uint64_t granted);


/* what every program expects; none of them leads anywhere */

static const char  *ngx_cc_fence_device[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
    "/dev/tty", NULL
};


int
ngx_cc_fence_abi(void)
{
    long  abi;

    abi = syscall(NGX_CC_FENCE_CREATE, NULL, 0, NGX_CC_FENCE_VERSION);

    if (abi < 0) {
        return 0;
    }

    return abi > NGX_CC_FENCE_MAX ? NGX_CC_FENCE_MAX : (int) abi;
}


int
ngx_cc_fence_make(const ngx_cc_confine_t *confine, const char **paths,
    int tmp, int tty)
{
    int                     fd, err;
    size_t                  size;
    uint32_t                i;
    uint64_t                write, granted;
    ngx_cc_fence_ruleset_t  ruleset;

    memset(&ruleset, 0, sizeof(ruleset));
    size = sizeof(ruleset.files);

    write = NGX_CC_FENCE_WRITE_FILE|NGX_CC_FENCE_CHANGE_DIR
            |NGX_CC_FENCE_REFER;

    if (confine->fence >= 3) {
        write |= NGX_CC_FENCE_TRUNCATE;
    }

    if (confine->fence >= NGX_CC_FENCE_TCP) {
        size = sizeof(ruleset.files) + sizeof(ruleset.network);

        if (confine->flags & NGX_CC_CONFINE_CONNECT) {
            ruleset.network |= NGX_CC_FENCE_CONNECT_TCP;
        }

        if (confine->flags & NGX_CC_CONFINE_LISTEN) {
            ruleset.network |= NGX_CC_FENCE_BIND_TCP;
        }
    }

    if (confine->fence >= NGX_CC_FENCE_SIGNALS) {
        size = sizeof(ruleset);
        ruleset.scoped = NGX_CC_FENCE_SCOPES;

    } else {
        /* something has to be handled; no command has to make block devices */
        ruleset.files = NGX_CC_FENCE_MAKE_BLOCK;
    }

    if (confine->nread) {
        ruleset.files |= NGX_CC_FENCE_READ;
    }

    if (confine->nwrite) {
        ruleset.files |= write;
    }

    /*
     * A fence that handles any right on files refuses to rename and link
     * across directories, unless that is granted by name.
     */

    if (ruleset.files) {
        ruleset.files |= NGX_CC_FENCE_REFER;
    }

    fd = syscall(NGX_CC_FENCE_CREATE, &ruleset, size, 0);

    if (fd == -1) {
        return -1;
    }

    (void) fcntl(fd, F_SETFD, FD_CLOEXEC);

    if (ruleset.files && confine->nwrite == 0
        && ngx_cc_fence_grant(fd, "/", NGX_CC_FENCE_REFER) == -1)
    {
        goto failed;
    }

    if (confine->nread || confine->nwrite) {

        for (i = 0; ngx_cc_fence_device[i]; i++) {
            if (ngx_cc_fence_grant(fd, ngx_cc_fence_device[i],
                                   ruleset.files & NGX_CC_FENCE_OF_FILES)
                == -1 && errno != ENOENT)
            {
                goto failed;
            }
        }

        if (tmp != -1
            && ngx_cc_fence_rule(fd, tmp, (NGX_CC_FENCE_READ | write)
                                          & ruleset.files) == -1)
        {
            goto failed;
        }

        /* it has a name, by which programs open it once more */

        if (tty != -1
            && ngx_cc_fence_rule(fd, tty, ruleset.files
                                          & NGX_CC_FENCE_OF_FILES) == -1)
        {
            goto failed;
        }
    }

    for (i = 0; i < confine->nread + confine->nwrite; i++) {

        /* what may be written may be read */

        granted = NGX_CC_FENCE_READ | (i < confine->nread ? 0 : write);

        if (ngx_cc_fence_grant(fd, paths[i], granted & ruleset.files) == -1) {
            goto failed;
        }
    }

    return fd;

failed:

    err = errno;
    (void) close(fd);
    errno = err;

    return -1;
}


static int
ngx_cc_fence_grant(int fence, const char *path, uint64_t granted)
{
    int          rc, fd, err;
    struct stat  st;

    fd = open(path, O_PATH|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        granted &= NGX_CC_FENCE_OF_FILES;
    }

    rc = ngx_cc_fence_rule(fence, fd, granted);
    err = errno;

    (void) close(fd);
    errno = err;

    return rc;
}


/* a rule that grants nothing is an error for the kernel */

static int
ngx_cc_fence_rule(int fence, int parent, uint64_t granted)
{
    ngx_cc_fence_rule_t  rule;

    if (granted == 0) {
        return 0;
    }

    rule.parent = parent;
    rule.granted = granted;

    return syscall(NGX_CC_FENCE_ADD, fence, NGX_CC_FENCE_BENEATH, &rule, 0);
}


int
ngx_cc_fence_enter(int fd)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
        return -1;
    }

    return syscall(NGX_CC_FENCE_RESTRICT, fd, 0);
}


int
ngx_cc_fence_enclose(void)
{
    int                     fd, rc, err;
    ngx_cc_fence_ruleset_t  ruleset;

    memset(&ruleset, 0, sizeof(ruleset));
    ruleset.scoped = NGX_CC_FENCE_KEEP_SIGNALS;

    fd = syscall(NGX_CC_FENCE_CREATE, &ruleset, sizeof(ruleset), 0);

    if (fd == -1) {
        return -1;
    }

    rc = syscall(NGX_CC_FENCE_RESTRICT, fd, 0);

    err = errno;
    (void) close(fd);
    errno = err;

    return rc == -1 ? -1 : 0;
}
