
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_dirent.h"
#include "ngx_cc_proc.h"


/* a search of all processes for the children of one */

typedef struct {
    const ngx_cc_proc_t   *proc;
    pid_t                  pid;          /* the parent */
    ngx_cc_proc_visit_pt   visit;
    void                  *data;
} ngx_cc_proc_search_t;


static int ngx_cc_proc_list(int fd, ngx_cc_proc_visit_pt visit, void *data);
static void ngx_cc_proc_thread(void *data, pid_t tid);
static int ngx_cc_proc_search(const ngx_cc_proc_t *proc, pid_t pid,
    ngx_cc_proc_visit_pt visit, void *data);
static void ngx_cc_proc_found(void *data, pid_t pid);
static int ngx_cc_proc_each(int dir, ngx_cc_proc_visit_pt visit, void *data);


int
ngx_cc_proc_open(ngx_cc_proc_t *proc)
{
    char  name[64];

    proc->self = getpid();
    proc->dir = open("/proc", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (proc->dir == -1) {
        return -1;
    }

    (void) snprintf(name, sizeof(name), "self/task/%d/children",
                    (int) proc->self);

    /* a kernel without CONFIG_PROC_CHILDREN lacks it */

    proc->children = openat(proc->dir, name, O_RDONLY|O_CLOEXEC);

    return 0;
}


int
ngx_cc_proc_own(const ngx_cc_proc_t *proc, ngx_cc_proc_visit_pt visit,
    void *data)
{
    if (proc->children == -1) {
        return ngx_cc_proc_search(proc, proc->self, visit, data);
    }

    return ngx_cc_proc_list(proc->children, visit, data);
}


int
ngx_cc_proc_children(const ngx_cc_proc_t *proc, pid_t pid, uint32_t threads,
    ngx_cc_proc_visit_pt visit, void *data)
{
    int                   fd, rc, err;
    char                  path[64];
    ngx_cc_proc_search_t  search;

    if (proc->children == -1) {
        return ngx_cc_proc_search(proc, pid, visit, data);
    }

    if (threads == 1) {
        (void) snprintf(path, sizeof(path), "%d/task/%d/children", (int) pid,
                        (int) pid);

        fd = openat(proc->dir, path, O_RDONLY|O_CLOEXEC);

        if (fd == -1) {
            return -1;
        }

        rc = ngx_cc_proc_list(fd, visit, data);

    } else {
        (void) snprintf(path, sizeof(path), "%d/task", (int) pid);

        fd = openat(proc->dir, path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

        if (fd == -1) {
            return -1;
        }

        search.proc = proc;
        search.pid = pid;
        search.visit = visit;
        search.data = data;

        rc = ngx_cc_proc_each(fd, ngx_cc_proc_thread, &search);
    }

    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


static void
ngx_cc_proc_thread(void *data, pid_t tid)
{
    int                    fd;
    char                   path[64];
    ngx_cc_proc_search_t  *search = data;

    (void) snprintf(path, sizeof(path), "%d/task/%d/children",
                    (int) search->pid, (int) tid);

    fd = openat(search->proc->dir, path, O_RDONLY|O_CLOEXEC);

    if (fd != -1) {
        (void) ngx_cc_proc_list(fd, search->visit, search->data);
        (void) close(fd);
    }
}


/* the list of pids, each followed by a blank, may be cut anywhere */

static int
ngx_cc_proc_list(int fd, ngx_cc_proc_visit_pt visit, void *data)
{
    char     buf[4096], *p;
    off_t    at;
    pid_t    pid;
    ssize_t  size;

    at = 0;
    pid = 0;

    for ( ;; ) {
        size = pread(fd, buf, sizeof(buf), at);

        if (size == -1 && errno == EINTR) {
            continue;
        }

        if (size == -1) {
            return -1;
        }

        if (size == 0) {
            break;
        }

        at += size;

        for (p = buf; p < buf + size; p++) {
            if (*p >= '0' && *p <= '9') {
                pid = pid * 10 + (*p - '0');

            } else if (pid) {
                visit(data, pid);
                pid = 0;
            }
        }
    }

    if (pid) {
        visit(data, pid);
    }

    return 0;
}


static int
ngx_cc_proc_search(const ngx_cc_proc_t *proc, pid_t pid,
    ngx_cc_proc_visit_pt visit, void *data)
{
    int                   fd, rc, err;
    ngx_cc_proc_search_t  search;

    search.proc = proc;
    search.pid = pid;
    search.visit = visit;
    search.data = data;

    /* visitors may search, too: each has a position of its own */

    fd = openat(proc->dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    rc = ngx_cc_proc_each(fd, ngx_cc_proc_found, &search);

    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


static void
ngx_cc_proc_found(void *data, pid_t pid)
{
    ngx_cc_proc_stat_t     st;
    ngx_cc_proc_search_t  *search = data;

    if (ngx_cc_proc_stat(search->proc->dir, pid, &st) == 0
        && st.parent == search->pid)
    {
        search->visit(search->data, pid);
    }
}


static int
ngx_cc_proc_each(int dir, ngx_cc_proc_visit_pt visit, void *data)
{
    char              buf[4096] ngx_cc_dirent_aligned;
    long              size, at;
    pid_t             pid;
    const char       *p;
    ngx_cc_dirent_t  *dirent;

    for ( ;; ) {
        size = syscall(SYS_getdents64, dir, buf, sizeof(buf));

        if (size == -1) {
            return -1;
        }

        if (size == 0) {
            return 0;
        }

        for (at = 0; at < size; at += dirent->size) {
            dirent = (ngx_cc_dirent_t *) (buf + at);
            pid = 0;

            for (p = dirent->name; *p >= '0' && *p <= '9'; p++) {
                pid = pid * 10 + (*p - '0');
            }

            if (pid && *p == '\0') {
                visit(data, pid);
            }
        }
    }
}
