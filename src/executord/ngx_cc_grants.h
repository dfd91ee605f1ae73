
/*
 * The table of an executor service: who may start commands as whom.  A file of
 * root's, each line a peer and the users that it may name:
 *
 *     # the user of nginx's workers   users of commands
 *     www-data                        alice build max=8
 *
 * Peers are names or numbers, users are names; "max=" is how many workers of
 * that peer are served at a time for the user in front of it.  What begins with
 * "#" is a comment.  A peer may have several lines; of several "max=" for the
 * same the smallest counts.
 */

#ifndef _NGX_CC_GRANTS_H_INCLUDED_
#define _NGX_CC_GRANTS_H_INCLUDED_


#include <sys/types.h>
#include "ngx_cc_wire.h"


#define NGX_CC_GRANTS_FILE  "/etc/cc-executor/policy"
#define NGX_CC_GRANTS_SIZE  65536    /* bytes; a longer file is refused */
#define NGX_CC_GRANTS_MOST  9999     /* that "max=" takes */


/*
 * Reads the table and looks "user" up for the uid "peer".  It is read each
 * time, so a change counts at once.  Returns NONE: granted, and "max" says how
 * many workers, 0 = as many as there is room for; PEER or USER: not granted;
 * POLICY: the file cannot be read, is malformed, or somebody else than root
 * can change it; then "why" (room bytes) says more.
 */
ngx_cc_refusal_e ngx_cc_grants_look(const char *file, uid_t peer,
    const char *user, unsigned *max, char *why, size_t room);

/* the same for one entry, "UID:USER[,USER ...]" */
ngx_cc_refusal_e ngx_cc_grants_one(const char *grant, uid_t peer,
    const char *user);

/* is the file one that can be used?  0, or -1 with "why" */
int ngx_cc_grants_check(const char *file, char *why, size_t room);


#endif /* _NGX_CC_GRANTS_H_INCLUDED_ */
