
/*
 * The environment of a location's commands: cc_executor_env, _client_env.
 */

#ifndef _NGX_CC_CONF_ENV_H_INCLUDED_
#define _NGX_CC_CONF_ENV_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


typedef struct {
    ngx_array_t     *env;            /* of ngx_str_t: NAME=value or NAME */
    ngx_array_t     *client;         /* of ngx_str_t: names; NULL = none */
} ngx_cc_conf_env_t;


void ngx_cc_conf_env_create(ngx_cc_conf_env_t *conf);
void ngx_cc_conf_env_merge(ngx_cc_conf_env_t *conf, ngx_cc_conf_env_t *prev);

/*
 * Of a location that is on: compiles it into "command", whose cwd, policy and
 * wrapper are known.  NGX_CONF_OK or NGX_CONF_ERROR (told).
 */
char *ngx_cc_conf_env_compile(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_command_conf_t *command);

/* setters; the command's offset is that of ngx_cc_conf_env_t */
char *ngx_cc_conf_env_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_cc_conf_env_set_client(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_ENV_H_INCLUDED_ */
