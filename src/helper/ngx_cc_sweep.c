
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_sweep.h"


/* what is done with each own child; the results are added up */

typedef struct ngx_cc_sweep_visit_s  ngx_cc_sweep_visit_t;

struct ngx_cc_sweep_visit_s {
    int           (*child)(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit,
                        pid_t pid);
    const pid_t    *spare;
    size_t          n;
    pid_t           pgid;
};


static int ngx_cc_sweep_each(ngx_cc_sweep_t *sweep,
    ngx_cc_sweep_visit_t *visit);
static int ngx_cc_sweep_list(ngx_cc_sweep_t *sweep,
    ngx_cc_sweep_visit_t *visit);
static int ngx_cc_sweep_scan(ngx_cc_sweep_t *sweep,
    ngx_cc_sweep_visit_t *visit);
static int ngx_cc_sweep_kill_child(ngx_cc_sweep_t *sweep,
    ngx_cc_sweep_visit_t *visit, pid_t pid);
static int ngx_cc_sweep_in_group(ngx_cc_sweep_t *sweep,
    ngx_cc_sweep_visit_t *visit, pid_t pid);
static int ngx_cc_sweep_stat(ngx_cc_sweep_t *sweep, pid_t pid, char *state,
    pid_t *parent, pid_t *group);


/* as getdents64(2) gives them; libc has no name for it everywhere */

typedef struct {
    uint64_t        ino;
    int64_t         off;
    unsigned short  size;
    unsigned char   type;
    char            name[];
} ngx_cc_sweep_entry_t;


int
ngx_cc_sweep_init(ngx_cc_sweep_t *sweep)
{
    char  name[64];

    sweep->self = getpid();
    sweep->proc = open("/proc", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (sweep->proc == -1) {
        return -1;
    }

    (void) snprintf(name, sizeof(name), "self/task/%d/children",
                    (int) sweep->self);

    /* a kernel without CONFIG_PROC_CHILDREN lacks it: scan then */

    sweep->children = openat(sweep->proc, name, O_RDONLY|O_CLOEXEC);

    return 0;
}


int
ngx_cc_sweep_kill(ngx_cc_sweep_t *sweep, const pid_t *spare, size_t n)
{
    ngx_cc_sweep_visit_t  visit;

    visit.child = ngx_cc_sweep_kill_child;
    visit.spare = spare;
    visit.n = n;

    return ngx_cc_sweep_each(sweep, &visit);
}


int
ngx_cc_sweep_group(ngx_cc_sweep_t *sweep, pid_t pgid)
{
    ngx_cc_sweep_visit_t  visit;

    visit.child = ngx_cc_sweep_in_group;
    visit.pgid = pgid;

    return ngx_cc_sweep_each(sweep, &visit) > 0;
}


static int
ngx_cc_sweep_each(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit)
{
    if (sweep->children != -1) {
        return ngx_cc_sweep_list(sweep, visit);
    }

    return ngx_cc_sweep_scan(sweep, visit);
}


/* the list of pids, each followed by a blank, may be cut anywhere */

static int
ngx_cc_sweep_list(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit)
{
    int      sum;
    char     buf[4096], *p;
    off_t    at;
    pid_t    pid;
    ssize_t  size;

    sum = 0;
    at = 0;
    pid = 0;

    for ( ;; ) {
        size = pread(sweep->children, buf, sizeof(buf), at);

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
                sum += visit->child(sweep, visit, pid);
                pid = 0;
            }
        }
    }

    if (pid) {
        sum += visit->child(sweep, visit, pid);
    }

    return sum;
}


static int
ngx_cc_sweep_scan(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit)
{
    int                    sum;
    char                   state, buf[4096]
                               __attribute__((aligned(sizeof(uint64_t))));
    long                   size, at;
    pid_t                  pid, parent, group;
    const char            *p;
    ngx_cc_sweep_entry_t  *entry;

    sum = 0;

    if (lseek(sweep->proc, 0, SEEK_SET) == -1) {
        return -1;
    }

    for ( ;; ) {
        size = syscall(SYS_getdents64, sweep->proc, buf, sizeof(buf));

        if (size == -1) {
            return -1;
        }

        if (size == 0) {
            return sum;
        }

        for (at = 0; at < size; at += entry->size) {
            entry = (ngx_cc_sweep_entry_t *) (buf + at);
            pid = 0;

            for (p = entry->name; *p >= '0' && *p <= '9'; p++) {
                pid = pid * 10 + (*p - '0');
            }

            if (pid && *p == '\0'
                && ngx_cc_sweep_stat(sweep, pid, &state, &parent, &group)
                   == 0
                && parent == sweep->self)
            {
                sum += visit->child(sweep, visit, pid);
            }
        }
    }
}


static int
ngx_cc_sweep_kill_child(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit,
    pid_t pid)
{
    size_t  i;

    for (i = 0; i < visit->n; i++) {
        if (visit->spare[i] == pid) {
            return 0;
        }
    }

    return kill(pid, SIGKILL) == 0;
}


static int
ngx_cc_sweep_in_group(ngx_cc_sweep_t *sweep, ngx_cc_sweep_visit_t *visit,
    pid_t pid)
{
    char   state;
    pid_t  parent, group;

    return ngx_cc_sweep_stat(sweep, pid, &state, &parent, &group) == 0
           && group == visit->pgid
           && state != 'Z' && state != 'X';
}


/* fields 3-5 of /proc/PID/stat; the name in field 2 may contain anything */

static int
ngx_cc_sweep_stat(ngx_cc_sweep_t *sweep, pid_t pid, char *state,
    pid_t *parent, pid_t *group)
{
    int      fd, ppid, pgid;
    char     path[32], buf[512], *p;
    ssize_t  size;

    (void) snprintf(path, sizeof(path), "%d/stat", (int) pid);

    fd = openat(sweep->proc, path, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    size = read(fd, buf, sizeof(buf) - 1);
    (void) close(fd);

    if (size <= 0) {
        return -1;
    }

    buf[size] = '\0';
    p = strrchr(buf, ')');

    if (p == NULL || sscanf(p, ") %c %d %d", state, &ppid, &pgid) != 3) {
        return -1;
    }

    *parent = ppid;
    *group = pgid;

    return 0;
}
