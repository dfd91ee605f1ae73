
/*
 * What a process that was forked from a worker undoes, because helpers and
 * commands inherit it.  Async-signal-safe calls only.
 */

#ifndef _NGX_CC_BIRTH_H_INCLUDED_
#define _NGX_CC_BIRTH_H_INCLUDED_


#include <stddef.h>


/*
 * Default signals, and none blocked but SIGCHLD.  Returns a signalfd for that,
 * or -1 with errno.
 */
int ngx_cc_birth_signals(void);

/* all processors, the ordinary class, that absolute nice value */
void ngx_cc_birth_schedule(int nice);

/*
 * The title "PROGRAM ROLE".  "argv": memory of it, "room" bytes from argv[0];
 * or NULL.
 */
void ngx_cc_birth_title(char **argv, size_t room, const char *program,
    const char *role);


#endif /* _NGX_CC_BIRTH_H_INCLUDED_ */
