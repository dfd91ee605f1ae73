
/*
 * The environment of a location's commands: cc_executor_env, _client_env.
 */

#ifndef _NGX_CC_CONF_ENV_H_INCLUDED_
#define _NGX_CC_CONF_ENV_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


typedef struct {
    ngx_array_t     *env;            /* of ngx_str_t: NAME=value or NAME */
    ngx_array_t     *client;         /* of ngx_str_t: names; NULL = none */
} ngx_cc_conf_env_t;


/*
 * USER and LOGNAME of all commands: the user of the workers is only known when
 * the whole configuration is read, so environments point here.
 */

#define NGX_CC_CONF_ENV_NAME  256

typedef struct {
    char             user[sizeof("USER=") + NGX_CC_CONF_ENV_NAME];
    char             logname[sizeof("LOGNAME=") + NGX_CC_CONF_ENV_NAME];
} ngx_cc_conf_env_account_t;


void ngx_cc_conf_env_create(ngx_cc_conf_env_t *conf);
void ngx_cc_conf_env_merge(ngx_cc_conf_env_t *conf, ngx_cc_conf_env_t *prev);

/*
 * Of a location that is on: compiles it into "command", whose cwd, shell,
 * policy and wrapper are known.  "account" must live as long.  NGX_CONF_OK or
 * NGX_CONF_ERROR (logged).
 */
char *ngx_cc_conf_env_compile(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_spec_conf_t *spec, ngx_cc_conf_env_account_t *account);

/*
 * In init_module: whose commands they are.  "name" NULL: that of "uid", or the
 * number where it has none.
 */
void ngx_cc_conf_env_name(ngx_cc_conf_env_account_t *account,
    const char *name, ngx_uid_t uid);

/* setters; the command's offset is that of ngx_cc_conf_env_t */
char *ngx_cc_conf_env_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_cc_conf_env_set_client(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_ENV_H_INCLUDED_ */
