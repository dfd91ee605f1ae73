
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ngx_cc_cgroup.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_delegation.h"
#include "ngx_cc_wire.h"


#define NGX_CC_DELEGATION_DAEMON  "daemon"
#define NGX_CC_DELEGATION_AGAIN   50         /* ms */
#define NGX_CC_DELEGATION_LINE    (2 * PATH_MAX)
#define NGX_CC_DELEGATION_OPEN    (O_RDONLY|O_DIRECTORY|O_CLOEXEC)


static int ngx_cc_delegation_find(char *path, size_t room);
static int ngx_cc_delegation_mount(char *path, size_t room);
static int ngx_cc_delegation_own(char *path, size_t room);
static int ngx_cc_delegation_open(const char *path);
static int ngx_cc_delegation_move(int base);
static unsigned ngx_cc_delegation_enable(int base);


static const struct {
    const char  *value;
    unsigned     flag;
} ngx_cc_delegation_controllers[] = {
    { "+memory", NGX_CC_CGROUP_MEMORY },
    { "+pids", NGX_CC_CGROUP_PIDS },
    { "+cpu", NGX_CC_CGROUP_CPU }
};


int
ngx_cc_delegation_take(ngx_cc_delegation_t *d, char *why, size_t room)
{
    char  path[PATH_MAX];

    d->base = -1;
    d->has = 0;
    d->sweep_at = 0;

    if (ngx_cc_delegation_find(path, sizeof(path)) == -1) {
        (void) snprintf(why, room, "there is no cgroup v2 here");
        return -1;
    }

    d->base = ngx_cc_delegation_open(path);

    if (d->base == -1) {
        (void) snprintf(why, room, "\"%s\" is not given to this user "
                        "(Delegate=)", path);
        return -1;
    }

    if (ngx_cc_delegation_move(d->base) == -1) {
        (void) snprintf(why, room, "\"%s/%s\": %s", path,
                        NGX_CC_DELEGATION_DAEMON, strerror(errno));
        (void) close(d->base);
        d->base = -1;
        return -1;
    }

    d->has = NGX_CC_CGROUP_GROUPS|ngx_cc_delegation_enable(d->base);

    return 0;
}


void
ngx_cc_delegation_sweep(ngx_cc_delegation_t *d)
{
    if (d->base != -1) {
        d->sweep_at = ngx_cc_cgroup_sweep(d->base)
                      ? ngx_cc_clock_ms() + NGX_CC_DELEGATION_AGAIN : 0;
    }
}


uint64_t
ngx_cc_delegation_next(ngx_cc_delegation_t *d, uint64_t now)
{
    if (d->sweep_at && now >= d->sweep_at) {
        ngx_cc_delegation_sweep(d);
    }

    return d->sweep_at ? d->sweep_at : UINT64_MAX;
}


/* the directory of the group that this process is in, without "/daemon" */

static int
ngx_cc_delegation_find(char *path, size_t room)
{
    size_t  len, tail;

    if (ngx_cc_delegation_mount(path, room) == -1) {
        return -1;
    }

    len = strlen(path);

    if (ngx_cc_delegation_own(path + len, room - len) == -1) {
        return -1;
    }

    len = strlen(path);
    tail = sizeof("/" NGX_CC_DELEGATION_DAEMON) - 1;

    if (len > tail
        && strcmp(path + len - tail, "/" NGX_CC_DELEGATION_DAEMON) == 0)
    {
        path[len - tail] = '\0';
    }

    return 0;
}


/* proc_pid_mountinfo(5): "36 35 0:26 ROOT PATH OPTIONS ... - TYPE ..." */

static int
ngx_cc_delegation_mount(char *path, size_t room)
{
    int    rc;
    char   line[NGX_CC_DELEGATION_LINE], root[8], where[PATH_MAX];
    FILE  *f;

    f = fopen("/proc/self/mountinfo", "re");

    if (f == NULL) {
        return -1;
    }

    rc = -1;

    while (rc == -1 && fgets(line, sizeof(line), f)) {
        if (strstr(line, " - cgroup2 ") == NULL
            || sscanf(line, "%*d %*d %*s %7s %4095s", root, where) != 2
            || strcmp(root, "/") != 0)
        {
            continue;
        }

        rc = snprintf(path, room, "%s", where) < (int) room ? 0 : -1;
    }

    (void) fclose(f);

    return rc;
}


/* cgroups(7): "0::PATH" */

static int
ngx_cc_delegation_own(char *path, size_t room)
{
    int    rc;
    char   line[NGX_CC_DELEGATION_LINE];
    FILE  *f;

    f = fopen("/proc/self/cgroup", "re");

    if (f == NULL) {
        return -1;
    }

    rc = -1;

    while (rc == -1 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            rc = snprintf(path, room, "%s", line + 3) < (int) room ? 0 : -1;
        }
    }

    (void) fclose(f);

    return rc;
}


/* it belongs to this user, and so do its processes: -1, or a descriptor */

static int
ngx_cc_delegation_open(const char *path)
{
    int          dir;
    struct stat  st;

    dir = open(path, NGX_CC_DELEGATION_OPEN);

    if (dir == -1) {
        return -1;
    }

    if (fstat(dir, &st) == 0 && st.st_uid == geteuid()
        && faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) == 0)
    {
        return dir;
    }

    (void) close(dir);

    return -1;
}


static int
ngx_cc_delegation_move(int base)
{
    if (mkdirat(base, NGX_CC_DELEGATION_DAEMON, 0755) == -1
        && errno != EEXIST)
    {
        return -1;
    }

    return ngx_cc_cgroup_write(base, NGX_CC_DELEGATION_DAEMON "/cgroup.procs",
                               "0");
}


/* one that is not there is no error: its limits are left out, or refused */

static unsigned
ngx_cc_delegation_enable(int base)
{
    size_t    i;
    unsigned  has;

    has = 0;

    for (i = 0; i < sizeof(ngx_cc_delegation_controllers)
                    / sizeof(ngx_cc_delegation_controllers[0]); i++)
    {
        if (ngx_cc_cgroup_write(base, "cgroup.subtree_control",
                                ngx_cc_delegation_controllers[i].value)
            == 0)
        {
            has |= ngx_cc_delegation_controllers[i].flag;
        }
    }

    return has;
}
