
/*
 * Paths below directories that commands can write.  Whoever may write a
 * directory may put a symbolic link, a fifo or another directory in the place
 * of whatever stands there; root's master must not open, make or chown
 * anything by such a path.  Here paths are walked name by name with
 * descriptors, and it is said whether somebody could have changed the way.
 */

#ifndef _NGX_CC_TRUST_H_INCLUDED_
#define _NGX_CC_TRUST_H_INCLUDED_


#include <sys/stat.h>
#include <sys/types.h>


#define NGX_CC_TRUST_NAME  256       /* a name and its NUL */
#define NGX_CC_TRUST_PATH  1024      /* of a suspect, for messages */


/* whom not to trust: the user that commands run as, and the workers' */

typedef struct ngx_cc_trust_who_s  ngx_cc_trust_who_t;

struct ngx_cc_trust_who_s {
    uid_t            uid;
    const gid_t     *groups;         /* all of them, the first one too */
    int              ngroups;
    const ngx_cc_trust_who_t  *next;     /* nor that one; or NULL */
};

/*
 * Nobody but root is trusted: what belongs to another user, and what a group
 * or others can write.
 */
extern const ngx_cc_trust_who_t  ngx_cc_trust_nobody;


typedef struct {
    int              fd;             /* O_PATH: the directory it stands in */
    int              magic;          /* it stands in /proc: there the kernel
                                        follows links, not we */
    char             name[NGX_CC_TRUST_NAME];     /* no link, perhaps nothing;
                                        "." for the root */
    char             suspect[NGX_CC_TRUST_PATH];  /* the first directory on
                                        the way that "who" can change, or "" */
} ngx_cc_trust_path_t;


/*
 * Walks an absolute path, through symbolic links (40 at most), to the
 * directory that its last name stands in, which need not exist.  "who" may be
 * NULL: no one is suspected.  Returns 0, and tp->fd is the caller's to close;
 * or -1 with errno and tp->suspect.
 */
int ngx_cc_trust_walk(ngx_cc_trust_path_t *tp, const char *path,
    const ngx_cc_trust_who_t *who);

/*
 * Could they write this file (or make, rename and remove what is in this
 * directory)?  By owner, group and mode.  0 for "who" NULL.
 */
int ngx_cc_trust_writable(const struct stat *st,
    const ngx_cc_trust_who_t *who);

/*
 * Makes the directory "name" in "parent", or takes the one that is there.  One
 * that was just made gets the owner and mode; one that was there is left as it
 * is and must belong to "owner", else errno is EPERM; what is no directory, a
 * link to one included, is ENOTDIR.  Returns a descriptor (O_PATH) or -1.
 */
int ngx_cc_trust_directory(int parent, const char *name, uid_t owner,
    mode_t mode);


#endif /* _NGX_CC_TRUST_H_INCLUDED_ */
