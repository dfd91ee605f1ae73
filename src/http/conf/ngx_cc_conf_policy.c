
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_cmdline.h"
#include "ngx_cc_conf_policy.h"


static char *ngx_cc_conf_policy_args(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t n, ngx_cc_policy_rule_t *rule);
static void ngx_cc_conf_policy_warn(ngx_conf_t *cf, ngx_str_t *path);
static char *ngx_cc_conf_policy_shell(ngx_conf_t *cf,
    ngx_cc_conf_policy_t *conf, ngx_cc_spec_conf_t *spec);


void
ngx_cc_conf_policy_create(ngx_cc_conf_policy_t *conf)
{
    conf->allow = NGX_CONF_UNSET_PTR;
    conf->alias = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_conf_policy_merge(ngx_cc_conf_policy_t *conf,
    ngx_cc_conf_policy_t *prev)
{
    ngx_conf_merge_ptr_value(conf->allow, prev->allow, NULL);
    ngx_conf_merge_ptr_value(conf->alias, prev->alias, NULL);

    if (conf->shell.data == NULL) {
        conf->always = prev->always;
    }

    ngx_conf_merge_str_value(conf->shell, prev->shell, "off");
}


/* any | path [args=pattern ...] */

char *
ngx_cc_conf_policy_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value;
    const char            *error;
    ngx_cc_policy_rule_t  *rule;
    ngx_cc_conf_policy_t  *policy;

    policy = (ngx_cc_conf_policy_t *) ((char *) conf + cmd->offset);

    value = cf->args->elts;

    if (policy->allow == NGX_CONF_UNSET_PTR) {
        policy->allow = ngx_array_create(cf->pool, 4,
                                         sizeof(ngx_cc_policy_rule_t));
        if (policy->allow == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rule = ngx_array_push(policy->allow);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(rule, sizeof(ngx_cc_policy_rule_t));

    if (ngx_strcmp(value[1].data, "any") == 0) {

        if (cf->args->nelts > 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_allow any\" takes no patterns: "
                               "name the program to restrict its arguments");
            return NGX_CONF_ERROR;
        }

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

    rule->path = (char *) value[1].data;

    if (cf->args->nelts > 2) {
        return ngx_cc_conf_policy_args(cf, &value[2], cf->args->nelts - 2,
                                       rule);
    }

    ngx_cc_conf_policy_warn(cf, &value[1]);

    return NGX_CONF_OK;
}


static char *
ngx_cc_conf_policy_args(ngx_conf_t *cf, ngx_str_t *value, ngx_uint_t n,
    ngx_cc_policy_rule_t *rule)
{
    ngx_uint_t   i;
    const char  *error;

    rule->args = ngx_palloc(cf->pool, n * sizeof(ngx_cc_pattern_t));
    if (rule->args == NULL) {
        return NGX_CONF_ERROR;
    }

    rule->nargs = n;

    for (i = 0; i < n; i++) {

        error = (ngx_strncmp(value[i].data, "args=", 5) == 0)
                ? ngx_cc_pattern_split(&rule->args[i],
                                       (char *) value[i].data + 5)
                : "it must be \"args=pattern\"";

        if (error) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of "
                               "\"cc_executor_allow\": %s", &value[i], error);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* what it is called may hide what it is: /usr/bin/editor */

static void
ngx_cc_conf_policy_warn(ngx_conf_t *cf, ngx_str_t *path)
{
    char  *real;

    real = realpath((char *) path->data, NULL);

    if (ngx_cc_policy_interpreter((char *) path->data)
        || (real && ngx_cc_policy_interpreter(real)))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"cc_executor_allow %V\" can be told by its "
                           "arguments to run any other program: restrict them "
                           "with \"args=\"", path);
    }

    free(real);
}


/* name command-line: split here, once */

char *
ngx_cc_conf_policy_set_alias(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                   *words;
    uint32_t                i;
    ngx_str_t              *value;
    const char             *error;
    ngx_cc_cmdline_t        line;
    ngx_cc_conf_policy_t   *policy;
    ngx_cc_policy_alias_t  *alias;

    policy = (ngx_cc_conf_policy_t *) ((char *) conf + cmd->offset);

    value = cf->args->elts;

    if (policy->alias == NGX_CONF_UNSET_PTR) {
        policy->alias = ngx_array_create(cf->pool, 4,
                                         sizeof(ngx_cc_policy_alias_t));
        if (policy->alias == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    alias = policy->alias->elts;

    for (i = 0; i < policy->alias->nelts; i++) {
        if (ngx_strcmp(alias[i].name, value[1].data) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "alias \"%V\" is given twice", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (value[1].len == 0
        || ngx_strlen(value[1].data)
           != strspn((char *) value[1].data, "abcdefghijklmnopqrstuvwxyz"
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name of an alias \"%V\": letters, digits "
                           "and \"_-.\" only", &value[1]);
        return NGX_CONF_ERROR;
    }

    alias = ngx_array_push(policy->alias);
    words = ngx_pnalloc(cf->pool, value[2].len + 1);

    if (alias == NULL || words == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_cc_cmdline_split((char *) value[2].data, value[2].len, words,
                             &line)
        != NGX_CC_CMDLINE_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the command line of alias \"%V\" is empty or "
                           "contains \"%s\" outside of quotes: write "
                           "/bin/sh -c '...' when you want a shell", &value[1],
                           line.op);
        return NGX_CONF_ERROR;
    }

    error = ngx_cc_policy_path_error(words);

    if (error) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "alias \"%V\" needs the absolute path of a "
                           "program; \"%s\": %s", &value[1], words, error);
        return NGX_CONF_ERROR;
    }

    if (access(words, X_OK) == -1) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           "the program \"%s\" of alias \"%V\" cannot be "
                           "executed now", words, &value[1]);
    }

    alias->name = (char *) value[1].data;
    alias->argc = line.argc;
    alias->argv = ngx_palloc(cf->pool, line.argc * sizeof(char *));

    if (alias->argv == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < line.argc; i++) {
        alias->argv[i] = words;
        words += ngx_strlen(words) + 1;
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_policy_set_shell(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value;
    ngx_cc_conf_policy_t  *policy;

    policy = (ngx_cc_conf_policy_t *) ((char *) conf + cmd->offset);

    if (policy->shell.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    policy->shell = value[1];

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "always") != 0
            || ngx_strcmp(value[1].data, "off") == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_shell\" takes \"off\", or the "
                               "path of a shell and perhaps \"always\", not "
                               "\"%V %V\"", &value[1], &value[2]);
            return NGX_CONF_ERROR;
        }

        policy->always = 1;
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_policy_compile(ngx_conf_t *cf, ngx_cc_conf_policy_t *conf,
    ngx_cc_spec_conf_t *spec)
{
    ngx_uint_t             i;
    ngx_cc_policy_t       *policy;
    ngx_cc_policy_rule_t  *rule;

    policy = &spec->policy;

    if (conf->alias) {
        policy->aliases = conf->alias->elts;
        policy->naliases = conf->alias->nelts;
    }

    if (conf->allow) {
        rule = conf->allow->elts;

        for (i = 0; i < conf->allow->nelts; i++) {
            if (rule[i].path == NULL) {
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
            policy->rules = rule;
            policy->nrules = conf->allow->nelts;
        }

    } else if (conf->alias == NULL) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no \"cc_executor_allow\" in a location with "
                           "\"cc_executor on\": nothing may run there");
    }

    return ngx_cc_conf_policy_shell(cf, conf, spec);
}


static char *
ngx_cc_conf_policy_shell(ngx_conf_t *cf, ngx_cc_conf_policy_t *conf,
    ngx_cc_spec_conf_t *spec)
{
    if (ngx_strcmp(conf->shell.data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (conf->shell.data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_shell\" must be \"off\" or an "
                           "absolute path, not \"%V\"", &conf->shell);
        return NGX_CONF_ERROR;
    }

    if (!spec->policy.any) {
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

    spec->shell = (char *) conf->shell.data;

    if (!conf->always) {
        spec->direct = ngx_cc_plainline_shell(spec->shell);
    }

    return NGX_CONF_OK;
}
