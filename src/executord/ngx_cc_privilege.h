
/*
 * What an executor service is and what it may: an ordinary user, with the few
 * capabilities that it takes to start commands as somebody else.
 */

#ifndef _NGX_CC_PRIVILEGE_H_INCLUDED_
#define _NGX_CC_PRIVILEGE_H_INCLUDED_


#include <stddef.h>


/*
 * For good: started by root, becomes "user" (NULL where it is not root
 * already); keeps CAP_SETUID, CAP_SETGID, CAP_KILL and, if it has it,
 * CAP_CHOWN, and no other; none of them is inherited by a program that it
 * executes.  No new privileges, no core dump, not dumpable.  Returns 0, or -1
 * with "why" (room bytes).
 */
int ngx_cc_privilege_drop(const char *user, char *why, size_t room);

/*
 * On: a program that this process executes keeps these capabilities; it begins
 * by ngx_cc_privilege_drop() again.  Off: none does, as before.  Returns 0, or
 * -1 with errno.
 */
int ngx_cc_privilege_inherit(int on);


#endif /* _NGX_CC_PRIVILEGE_H_INCLUDED_ */
