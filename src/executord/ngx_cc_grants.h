
/*
 * The table of an executor service: who may start commands as whom.  A file of
 * root's, each line a peer and the users that it may name:
 *
 *     # the user of nginx's workers   users of commands
 *     www-data                        alice build
 *
 * Peers are names or numbers, users are names.  What begins with "#" is a
 * comment.  A peer may have several lines.
 */

#ifndef _NGX_CC_GRANTS_H_INCLUDED_
#define _NGX_CC_GRANTS_H_INCLUDED_


#include <sys/types.h>
#include "ngx_cc_wire.h"


#define NGX_CC_GRANTS_FILE  "/etc/cc-executor/policy"
#define NGX_CC_GRANTS_SIZE  65536    /* bytes; a longer file is refused */


/*
 * Reads the table and looks "user" up for the uid "peer".  It is read each
 * time, so a change counts at once.  Returns NONE: granted; PEER or USER: not;
 * POLICY: the file cannot be read, is malformed, or somebody else than root
 * can change it; then "why" (room bytes) says more.
 */
ngx_cc_refusal_e ngx_cc_grants_look(const char *file, uid_t peer,
    const char *user, char *why, size_t room);

/* the same for one entry, "UID:USER[,USER ...]" */
ngx_cc_refusal_e ngx_cc_grants_one(const char *grant, uid_t peer,
    const char *user);

/* is the file one that can be used?  0, or -1 with "why" */
int ngx_cc_grants_check(const char *file, char *why, size_t room);


#endif /* _NGX_CC_GRANTS_H_INCLUDED_ */
