
/* cc_executor_cgroup: the control group that each command of a location gets */

#ifndef _NGX_CC_CONF_CGROUP_H_INCLUDED_
#define _NGX_CC_CONF_CGROUP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


/* setter; the offset is that of a pointer to ngx_cc_wire_cgroup_t */
char *ngx_cc_conf_cgroup(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Of a location that is on: writes it into command->confine (NULL: no group).
 * "served": there is an executor service, which alone can make groups; without
 * one "required" is an error, everything else a warning.  What the location
 * cannot do without is added to *needed (NGX_CC_CGROUP_GROUPS ...).
 * NGX_CONF_OK or NGX_CONF_ERROR (logged).
 */
char *ngx_cc_conf_cgroup_compile(ngx_conf_t *cf,
    const ngx_cc_wire_cgroup_t *cgroup, ngx_uint_t served,
    ngx_cc_command_conf_t *command, unsigned *needed);


#endif /* _NGX_CC_CONF_CGROUP_H_INCLUDED_ */
