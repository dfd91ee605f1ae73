
/*
 * What may run in a location: cc_executor_allow, _shell, _alias.
 */

#ifndef _NGX_CC_CONF_POLICY_H_INCLUDED_
#define _NGX_CC_CONF_POLICY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


typedef struct {
    ngx_array_t     *allow;          /* of ngx_cc_policy_rule_t; "any" has no
                                        path */
    ngx_array_t     *alias;          /* of ngx_cc_policy_alias_t */
    ngx_str_t        shell;
    ngx_uint_t       always;         /* also for lines that need none */
} ngx_cc_conf_policy_t;


void ngx_cc_conf_policy_create(ngx_cc_conf_policy_t *conf);
void ngx_cc_conf_policy_merge(ngx_cc_conf_policy_t *conf,
    ngx_cc_conf_policy_t *prev);

/*
 * Of a location that is on: checks and compiles it into "command".
 * NGX_CONF_OK or NGX_CONF_ERROR (logged).
 */
char *ngx_cc_conf_policy_compile(ngx_conf_t *cf, ngx_cc_conf_policy_t *conf,
    ngx_cc_spec_conf_t *spec);

/* setters; the command's offset is that of ngx_cc_conf_policy_t */
char *ngx_cc_conf_policy_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_policy_set_alias(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_policy_set_shell(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_POLICY_H_INCLUDED_ */
