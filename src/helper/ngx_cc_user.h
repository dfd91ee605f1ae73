
/*
 * The user that the commands of an executor service run as, another one than
 * the service's own.  The spawner and its helpers stay the service's, but what
 * they do with files they do with this user's rights and as this user's: pipes,
 * terminals, TMPDIR, the paths of a fence.  So no request names a file that is
 * then touched with more rights than the command has itself.
 */

#ifndef _NGX_CC_USER_H_INCLUDED_
#define _NGX_CC_USER_H_INCLUDED_


#include <sys/types.h>


#define NGX_CC_USER_NAME    256      /* bytes of a name and its NUL */
#define NGX_CC_USER_HOME    4096     /* of a home directory, too */
#define NGX_CC_USER_GROUPS  256      /* a user with more of them is refused */


typedef struct {
    uid_t           uid;
    gid_t           gid;
    int             ngroups;
    gid_t           groups[NGX_CC_USER_GROUPS];  /* supplementary */
    char            home[NGX_CC_USER_HOME];
} ngx_cc_user_t;


/*
 * Looks a user up, before any fork: name services take locks.  Returns 0, or
 * -1 with errno: ENOENT, there is no such user; E2BIG, it has too many groups
 * or too long a home directory; others of the name service.
 */
int ngx_cc_user_find(ngx_cc_user_t *user, const char *name);

/*
 * For the calling process and all that it forks: a session keyring of its own
 * (unless a filter keeps everybody from keys), the user's rights on files (file
 * system uid and gid, groups), and no CAP_CHOWN.  Needs CAP_SETUID and
 * CAP_SETGID.  Returns 0, or -1 with errno: EDQUOT, when the service has as
 * many keyrings as kernel.keys.maxkeys allows.
 */
int ngx_cc_user_files(const ngx_cc_user_t *user);

/*
 * What follows is done with the process's own rights on files, until
 * ngx_cc_user_back() with what this returns: never anything that a request
 * names.  No other thing of the process changes.
 */
uid_t ngx_cc_user_own(void);
void ngx_cc_user_back(uid_t was);

/*
 * In a child that is to be executed, for good: groups, gid and uid, and no
 * capability in any set but the bounding one, which is of no use to a process
 * with no_new_privs.  Then it is tried whether there is a way back.  Makes
 * system calls only.  Returns 0, or -1 with errno: EPERM, too, when there was
 * one.
 */
int ngx_cc_user_become(const ngx_cc_user_t *user);


#endif /* _NGX_CC_USER_H_INCLUDED_ */
