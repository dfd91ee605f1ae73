
/*
 * A command and its reader: run, attach, logs.  Output is written as it comes,
 * stdin is sent with flow control, signals of the user are passed on; a lost
 * connection to a kept command is made again, and goes on where it stopped.
 *
 * One loop waits for four things: the server, stdin, room in stdout or stderr,
 * signals.  As long as output waits for room nothing more is read from the
 * server, so the command is held up, and nothing is lost.
 */

#ifndef _NGX_CC_CLIENT_RUN_H_INCLUDED_
#define _NGX_CC_CLIENT_RUN_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


/*
 * Runs args->argv, or attaches to the command "id" (NULL: run).  Returns the
 * status for exit(3).
 */
int ngx_cc_client_run(ngx_cc_client_rpc_t *rpc, const char *id);


#endif /* _NGX_CC_CLIENT_RUN_H_INCLUDED_ */
