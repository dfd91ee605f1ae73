
/*
 * How this nginx is doing, for a load balancer, a person and Prometheus: the
 * content handlers of "cc_executor_status".  The numbers are those of all
 * workers, whichever is asked, and only numbers: no command line, no address.
 * Who may ask is up to nginx ("allow", "auth_basic").
 */

#ifndef _NGX_CC_STATUS_H_INCLUDED_
#define _NGX_CC_STATUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* the directive "cc_executor_status health | json | prometheus" */
char *ngx_cc_status_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_CC_STATUS_H_INCLUDED_ */
