
/*
 * The directives that nginx's own setters cannot read.  All have the form of
 * ngx_command_t.set: NGX_CONF_OK, NGX_CONF_ERROR (told), or a text that nginx
 * puts behind the directive's name.
 */

#ifndef _NGX_CC_DIRECTIVE_H_INCLUDED_
#define _NGX_CC_DIRECTIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* cc_executor on | off: also makes us the handler of the location */
char *ngx_cc_directive_executor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* cc_executor_helpers [min=n] [max=n] */
char *ngx_cc_directive_helpers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_DIRECTIVE_H_INCLUDED_ */
