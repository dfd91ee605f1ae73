
/*
 * The deathwatch: a pipe whose write end only the master holds.  End of file is
 * how spawners, helpers and the service's keeper see that it is gone.
 */

#ifndef _NGX_CC_DEATHWATCH_H_INCLUDED_
#define _NGX_CC_DEATHWATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * In init_module.  Called once per master; harmless later.  NGX_OK or NGX_ERROR
 * (told).
 */
ngx_int_t ngx_cc_deathwatch_open(ngx_log_t *log);

/* first thing in init_process of every kind of process */
void ngx_cc_deathwatch_leave(void);

/* the read end, or -1 */
int ngx_cc_deathwatch_fd(void);


#endif /* _NGX_CC_DEATHWATCH_H_INCLUDED_ */
