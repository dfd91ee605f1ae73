
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_policy.h"


void
ngx_cc_conf_policy_create(ngx_cc_conf_policy_t *conf)
{
    conf->allow = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_conf_policy_merge(ngx_cc_conf_policy_t *conf,
    ngx_cc_conf_policy_t *prev)
{
    ngx_conf_merge_ptr_value(conf->allow, prev->allow, NULL);
    ngx_conf_merge_str_value(conf->shell, prev->shell, "off");
}


char *
ngx_cc_conf_policy_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t              *value;
    const char            **path, *error;
    ngx_cc_conf_policy_t   *policy;

    policy = (ngx_cc_conf_policy_t *) ((char *) conf + cmd->offset);

    value = cf->args->elts;

    if (policy->allow == NGX_CONF_UNSET_PTR) {
        policy->allow = ngx_array_create(cf->pool, 4, sizeof(char *));
        if (policy->allow == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    path = ngx_array_push(policy->allow);
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[1].data, "any") == 0) {
        *path = NULL;
        return NGX_CONF_OK;
    }

    error = ngx_cc_policy_path_error((char *) value[1].data);

    if (error) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_allow\" takes \"any\" or the "
                           "absolute path of a program; \"%V\": %s",
                           &value[1], error);
        return NGX_CONF_ERROR;
    }

    if (access((char *) value[1].data, X_OK) == -1) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           "\"cc_executor_allow\" \"%V\" cannot be executed "
                           "now", &value[1]);
    }

    *path = (char *) value[1].data;

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_policy_compile(ngx_conf_t *cf, ngx_cc_conf_policy_t *conf,
    ngx_cc_command_conf_t *command)
{
    ngx_uint_t         i;
    const char       **path;
    ngx_cc_policy_t   *policy;

    policy = &command->policy;

    if (conf->allow) {
        path = conf->allow->elts;

        for (i = 0; i < conf->allow->nelts; i++) {
            if (path[i] == NULL) {
                policy->any = 1;
            }
        }

        if (policy->any && conf->allow->nelts > 1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_allow any\" allows every "
                               "program already: remove the other "
                               "\"cc_executor_allow\" directives of this "
                               "location, or \"any\"");
            return NGX_CONF_ERROR;
        }

        if (!policy->any) {
            policy->paths = path;
            policy->npaths = conf->allow->nelts;
        }

    } else {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no \"cc_executor_allow\" in a location with "
                           "\"cc_executor on\": nothing may run there");
    }

    if (ngx_strcmp(conf->shell.data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (conf->shell.data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_shell\" must be \"off\" or an "
                           "absolute path, not \"%V\"", &conf->shell);
        return NGX_CONF_ERROR;
    }

    if (!policy->any) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_shell\" runs whatever a command "
                           "line says and cannot be used with a list of "
                           "allowed programs: use \"cc_executor_allow any\" "
                           "or \"cc_executor_shell off\"");
        return NGX_CONF_ERROR;
    }

    if (access((char *) conf->shell.data, X_OK) == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"cc_executor_shell\" \"%V\" cannot be executed",
                           &conf->shell);
        return NGX_CONF_ERROR;
    }

    command->shell = (char *) conf->shell.data;

    return NGX_CONF_OK;
}
