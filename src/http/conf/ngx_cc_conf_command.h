
/*
 * Place, wrapper, control program, limits and times of a location's commands.
 */

#ifndef _NGX_CC_CONF_COMMAND_H_INCLUDED_
#define _NGX_CC_CONF_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


#define NGX_CC_CONF_MAX_OWNED     1000000    /* of one owner */


void ngx_cc_conf_command_create(ngx_cc_spec_conf_t *spec);
void ngx_cc_conf_command_merge(ngx_cc_spec_conf_t *spec,
    ngx_cc_spec_conf_t *parent);

/*
 * The words of "wrapper" and "control" (ngx_str_t, may be NULL) into "spec";
 * warns when they cannot do their work behind the fence, which is known, or
 * without an id.  NGX_CONF_OK or NGX_CONF_ERROR (logged): a control program
 * without a wrapper.
 */
char *ngx_cc_conf_command_wrap(ngx_conf_t *cf, ngx_cc_spec_conf_t *spec,
    ngx_array_t *wrapper, ngx_array_t *control);

/*
 * Sets command->cwd to "cwd", which must be absolute, or, when it is empty, to
 * "work"; warns when there is no such directory.  NGX_CONF_OK or
 * NGX_CONF_ERROR (logged).
 */
char *ngx_cc_conf_command_cwd(ngx_conf_t *cf, ngx_cc_command_conf_t *command,
    ngx_str_t *cwd, ngx_str_t *work);

/*
 * setter of cc_executor_wrapper and _control: off | argv ...; the offset is
 * that of an array pointer.  Words may have %{id}, those of _control %{signal}
 * too.
 */
char *ngx_cc_conf_command_words(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * setter of cc_executor_max_commands_per_owner: auto | number; the offset is
 * that of an ngx_uint_t
 */
char *ngx_cc_conf_command_per_owner(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* values of cc_executor_client_cwd */
extern ngx_conf_enum_t  ngx_cc_conf_command_client_cwd[];


#endif /* _NGX_CC_CONF_COMMAND_H_INCLUDED_ */
