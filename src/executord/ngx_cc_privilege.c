
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_privilege.h"


#define NGX_CC_PRIVILEGE_LAST  63        /* more capabilities than there are */
#define NGX_CC_PRIVILEGE_DUMP  "/proc/sys/fs/suid_dumpable"

#define NGX_CC_PRIVILEGE_NEEDED                                               \
    ((1U << CAP_SETUID)|(1U << CAP_SETGID)|(1U << CAP_KILL))
#define NGX_CC_PRIVILEGE_USED  (NGX_CC_PRIVILEGE_NEEDED|(1U << CAP_CHOWN))


static int ngx_cc_privilege_become(const char *name, char *why, size_t room);
static int ngx_cc_privilege_reduce(char *why, size_t room);
static int ngx_cc_privilege_dumps(char *why, size_t room);


int
ngx_cc_privilege_drop(const char *user, char *why, size_t room)
{
    int            cap;
    struct rlimit  limit;

    /* root may; where it does not work the sets below are what counts */

    for (cap = 0; cap <= NGX_CC_PRIVILEGE_LAST; cap++) {
        if (cap > 31 || !(NGX_CC_PRIVILEGE_USED & (1U << cap))) {
            (void) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
        }
    }

    if (geteuid() == 0 && user == NULL) {
        (void) snprintf(why, room, "no service runs as root: name another "
                        "user (-u)");
        return -1;
    }

    if (user && ngx_cc_privilege_become(user, why, room) == -1) {
        return -1;
    }

    if (ngx_cc_privilege_reduce(why, room) == -1
        || ngx_cc_privilege_dumps(why, room) == -1)
    {
        return -1;
    }

    limit.rlim_cur = 0;
    limit.rlim_max = 0;
    (void) setrlimit(RLIMIT_CORE, &limit);

    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
        (void) snprintf(why, room, "no_new_privs: %s", strerror(errno));
        return -1;
    }

    return 0;
}


static int
ngx_cc_privilege_become(const char *name, char *why, size_t room)
{
    struct passwd  *pw;

    pw = getpwnam(name);

    if (pw == NULL || pw->pw_uid == 0) {
        (void) snprintf(why, room, "\"%s\" is %s", name,
                        pw ? "root" : "no user of this machine");
        return -1;
    }

    if (geteuid() == pw->pw_uid) {
        return 0;
    }

    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1
        || initgroups(name, pw->pw_gid) == -1
        || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1
        || setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1
        || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == -1)
    {
        (void) snprintf(why, room, "cannot become \"%s\": %s", name,
                        strerror(errno));
        return -1;
    }

    return 0;
}


/* all sets: what is permitted is effective, nothing is inherited */

static int
ngx_cc_privilege_reduce(char *why, size_t room)
{
    uint32_t                         has;
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[_LINUX_CAPABILITY_U32S_3];

    memset(&head, 0, sizeof(head));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (syscall(SYS_capget, &head, caps) == -1) {
        goto failed;
    }

    has = caps[0].permitted & NGX_CC_PRIVILEGE_USED;

    if ((has & NGX_CC_PRIVILEGE_NEEDED) != NGX_CC_PRIVILEGE_NEEDED) {
        (void) snprintf(why, room, "missing:%s%s%s",
                        (has & (1U << CAP_SETUID)) ? "" : " CAP_SETUID",
                        (has & (1U << CAP_SETGID)) ? "" : " CAP_SETGID",
                        (has & (1U << CAP_KILL)) ? "" : " CAP_KILL");
        return -1;
    }

    memset(caps, 0, sizeof(caps));
    caps[0].permitted = has;
    caps[0].effective = has;

    (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

    if (syscall(SYS_capset, &head, caps) == 0) {
        return 0;
    }

failed:

    (void) snprintf(why, room, "capabilities: %s", strerror(errno));

    return -1;
}


int
ngx_cc_privilege_inherit(int on)
{
    int                              cap;
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[_LINUX_CAPABILITY_U32S_3];

    memset(&head, 0, sizeof(head));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (syscall(SYS_capget, &head, caps) == -1) {
        return -1;
    }

    caps[0].inheritable = on ? caps[0].permitted : 0;

    /* no ambient one stays that is not inheritable */

    if (syscall(SYS_capset, &head, caps) == -1) {
        return -1;
    }

    for (cap = 0; on && cap <= 31; cap++) {
        if ((caps[0].permitted & (1U << cap))
            && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == -1)
        {
            return -1;
        }
    }

    return 0;
}


/*
 * While a command is born it is its user's already and shares the memory of its
 * helper.  With 1 a process of that user could look into it.
 */

static int
ngx_cc_privilege_dumps(char *why, size_t room)
{
    int      fd;
    char     value;
    ssize_t  n;

    value = '0';
    fd = open(NGX_CC_PRIVILEGE_DUMP, O_RDONLY|O_CLOEXEC);

    if (fd != -1) {
        n = read(fd, &value, 1);
        (void) n;
        (void) close(fd);
    }

    if (value == '1') {
        (void) snprintf(why, room, "fs.suid_dumpable is 1: set it to 0 or 2");
        return -1;
    }

    return 0;
}
