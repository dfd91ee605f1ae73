
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_user.h"


/* by number: libkeyutils is not needed for one call */

#define NGX_CC_USER_KEYRING_ID    0      /* KEYCTL_GET_KEYRING_ID */
#define NGX_CC_USER_JOIN_KEYRING  1      /* KEYCTL_JOIN_SESSION_KEYRING */
#define NGX_CC_USER_SESSION       -3     /* KEY_SPEC_SESSION_KEYRING */

#define NGX_CC_USER_CAPS  _LINUX_CAPABILITY_U32S_3


static uid_t ngx_cc_user_switch(uid_t uid);
static int ngx_cc_user_keyring(void);
static int ngx_cc_user_reduce(void);
static int ngx_cc_user_powerless(void);
static int ngx_cc_user_verify(const ngx_cc_user_t *user);


int
ngx_cc_user_find(ngx_cc_user_t *user, const char *name)
{
    int             n;
    struct passwd  *pw;

    errno = 0;
    pw = getpwnam(name);

    if (pw == NULL) {
        errno = errno ? errno : ENOENT;
        return -1;
    }

    user->uid = pw->pw_uid;
    user->gid = pw->pw_gid;
    user->ngroups = NGX_CC_USER_GROUPS;

    n = snprintf(user->home, sizeof(user->home), "%s", pw->pw_dir);

    if (n < 0 || (size_t) n >= sizeof(user->home)
        || getgrouplist(name, user->gid, user->groups, &user->ngroups) == -1)
    {
        errno = E2BIG;
        return -1;
    }

    return 0;
}


int
ngx_cc_user_files(const ngx_cc_user_t *user)
{
    if (ngx_cc_user_keyring() == -1
        || setgroups(user->ngroups, user->groups) == -1
        || ngx_cc_user_reduce() == -1)
    {
        return -1;
    }

    /* they return what was, and so do not tell whether they have worked */

    (void) setfsgid(user->gid);
    (void) setfsuid(user->uid);

    if ((gid_t) setfsgid(-1) != user->gid || (uid_t) setfsuid(-1) != user->uid)
    {
        errno = EPERM;
        return -1;
    }

    return 0;
}


uid_t
ngx_cc_user_own(void)
{
    return ngx_cc_user_switch(geteuid());
}


void
ngx_cc_user_back(uid_t was)
{
    (void) ngx_cc_user_switch(was);
}


/* the kernel forgets the death signal, and looks anew who may dump it */

static uid_t
ngx_cc_user_switch(uid_t uid)
{
    int    signo;
    uid_t  was;

    was = (uid_t) setfsuid(-1);

    if (was == uid) {
        return was;
    }

    signo = 0;
    (void) prctl(PR_GET_PDEATHSIG, &signo, 0, 0, 0);
    (void) setfsuid(uid);
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) prctl(PR_SET_PDEATHSIG, signo, 0, 0, 0);

    return was;
}


/*
 * What was started with the service's session keyring could read what is in
 * there, whatever its uid.  ENOSYS: a kernel without keys.  In a container a
 * filter may deny the call, as Docker's does; when it denies to ask for the
 * keyring, which the kernel itself never does with EPERM, no command will read
 * a key either.
 */

static int
ngx_cc_user_keyring(void)
{
    if (syscall(SYS_keyctl, NGX_CC_USER_JOIN_KEYRING, NULL, 0, 0, 0) != -1
        || errno == ENOSYS)
    {
        return 0;
    }

    if (errno == EPERM
        && syscall(SYS_keyctl, NGX_CC_USER_KEYRING_ID, NGX_CC_USER_SESSION, 0,
                   0, 0) == -1
        && errno == EPERM)
    {
        return 0;
    }

    return -1;
}


/* CHOWN is the service's, for the directory of TMPDIRs */

static int
ngx_cc_user_reduce(void)
{
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[NGX_CC_USER_CAPS];

    memset(&head, 0, sizeof(head));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (syscall(SYS_capget, &head, caps) == -1) {
        return -1;
    }

    caps[0].permitted &= ~(1U << CAP_CHOWN);
    caps[0].effective &= ~(1U << CAP_CHOWN);
    caps[0].inheritable &= ~(1U << CAP_CHOWN);

    return syscall(SYS_capset, &head, caps) == -1 ? -1 : 0;
}


__attribute__((no_sanitize_address))
int
ngx_cc_user_become(const ngx_cc_user_t *user)
{
    if (setgroups(user->ngroups, user->groups) == -1
        || setresgid(user->gid, user->gid, user->gid) == -1
        || setresuid(user->uid, user->uid, user->uid) == -1)
    {
        return -1;
    }

    /*
     * The kernel drops them when root becomes somebody else.  Who was not root
     * keeps them, and could become root.
     */

    if (ngx_cc_user_powerless() == -1) {
        return -1;
    }

    return ngx_cc_user_verify(user);
}


__attribute__((no_sanitize_address))
static int
ngx_cc_user_powerless(void)
{
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[NGX_CC_USER_CAPS];

    memset(&head, 0, sizeof(head));
    memset(caps, 0, sizeof(caps));

    head.version = _LINUX_CAPABILITY_VERSION_3;

    /* EINVAL: Linux before 4.3 has no ambient ones */

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1
        && errno != EINVAL)
    {
        return -1;
    }

    return syscall(SYS_capset, &head, caps) == -1 ? -1 : 0;
}


__attribute__((no_sanitize_address))
static int
ngx_cc_user_verify(const ngx_cc_user_t *user)
{
    int                              i;
    uid_t                            uid, euid, suid;
    gid_t                            gid, egid, sgid;
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[NGX_CC_USER_CAPS];

    memset(&head, 0, sizeof(head));
    head.version = _LINUX_CAPABILITY_VERSION_3;

    if (getresuid(&uid, &euid, &suid) == -1
        || getresgid(&gid, &egid, &sgid) == -1
        || syscall(SYS_capget, &head, caps) == -1)
    {
        return -1;
    }

    if (uid != user->uid || euid != user->uid || suid != user->uid
        || gid != user->gid || egid != user->gid || sgid != user->gid
        || setuid(0) != -1)
    {
        errno = EPERM;
        return -1;
    }

    for (i = 0; i < NGX_CC_USER_CAPS; i++) {
        if (caps[i].effective || caps[i].permitted || caps[i].inheritable) {
            errno = EPERM;
            return -1;
        }
    }

    return 0;
}
