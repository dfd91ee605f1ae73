
/*
 * Is the client one of our own commands?  They could keep a tree of processes
 * alive that no client waits for, and that belongs to nobody: a command starts
 * another one as a client, hands its connection over, and ends.
 */

#ifndef _NGX_CC_LOCAL_H_INCLUDED_
#define _NGX_CC_LOCAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ancestry.h"


/* in init_module: a master that another one started has commands of both */
void ngx_cc_local_init(void);

/*
 * Who is at the other end; found out once for a connection.  What the kernel
 * does not tell is FOREIGN, and told once in the log of each worker.
 */
ngx_cc_ancestry_e ngx_cc_local_peer(ngx_connection_t *c);


#endif /* _NGX_CC_LOCAL_H_INCLUDED_ */
