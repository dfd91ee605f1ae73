
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_env.h"


static char *ngx_cc_conf_env_value(ngx_conf_t *cf, ngx_str_t *env,
    const char *cwd, const char **value);


static ngx_str_t  ngx_cc_conf_env_default[] = {
    ngx_string("PATH"),
    ngx_string("HOME"),
    ngx_string("LANG"),
    ngx_string("PYTHONUNBUFFERED=1")
};


void
ngx_cc_conf_env_create(ngx_cc_conf_env_t *conf)
{
    conf->env = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_conf_env_merge(ngx_cc_conf_env_t *conf, ngx_cc_conf_env_t *prev)
{
    ngx_conf_merge_ptr_value(conf->env, prev->env, NULL);
}


char *
ngx_cc_conf_env_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t              len;
    u_char             *eq, ch;
    ngx_str_t          *value, *env, *other;
    ngx_uint_t          i, j;
    ngx_cc_conf_env_t  *ecf;

    ecf = (ngx_cc_conf_env_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ecf->env == NGX_CONF_UNSET_PTR) {
        ecf->env = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (ecf->env == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        eq = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
        len = eq ? (size_t) (eq - value[i].data) : value[i].len;

        for (j = 0; j < len; j++) {
            ch = value[i].data[j];

            if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
                  || ch == '_' || (j && ch >= '0' && ch <= '9')))
            {
                break;
            }
        }

        if (len == 0 || j < len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name of an environment variable in "
                               "\"%V\": it must be NAME or NAME=value",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        other = ecf->env->elts;

        for (j = 0; j < ecf->env->nelts; j++) {
            if (ngx_strncmp(other[j].data, value[i].data, len) == 0
                && (other[j].len == len || other[j].data[len] == '='))
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "environment variable \"%*s\" is given "
                                   "twice", len, value[i].data);
                return NGX_CONF_ERROR;
            }
        }

        env = ngx_array_push(ecf->env);
        if (env == NULL) {
            return NGX_CONF_ERROR;
        }

        *env = value[i];
    }

    return NGX_CONF_OK;
}


/* the whole environment of a command, ready to be packed */

char *
ngx_cc_conf_env_compile(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_command_conf_t *command)
{
    ngx_str_t    *env, *list;
    ngx_uint_t    i, n;
    const char  **value;

    if (conf->env) {
        list = conf->env->elts;
        n = conf->env->nelts;

    } else {
        list = ngx_cc_conf_env_default;
        n = sizeof(ngx_cc_conf_env_default) / sizeof(ngx_str_t);
    }

    value = ngx_palloc(cf->pool, (n + 1) * sizeof(char *));
    if (value == NULL) {
        return NGX_CONF_ERROR;
    }

    command->env = value;
    command->nenv = 0;
    command->path = NULL;

    for (i = 0; i < n; i++) {
        env = &list[i];

        if (ngx_cc_conf_env_value(cf, env, command->cwd, value)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (*value == NULL) {
            continue;
        }

        if (ngx_strncmp(*value, "PATH=", 5) == 0) {
            command->path = *value + 5;
        }

        value++;
        command->nenv++;
    }

    return NGX_CONF_OK;
}


/*
 * One variable as NAME=value.  A bare name has the value that nginx itself was
 * started with; where it has none, the three that every program expects get
 * one, and others are left out (NULL).  Root's HOME is not for commands, which
 * never run as root because of it.
 */

static char *
ngx_cc_conf_env_value(ngx_conf_t *cf, ngx_str_t *env, const char *cwd,
    const char **value)
{
    u_char  *p;
    size_t   len;
    char    *text;

    *value = NULL;

    if (ngx_strlchr(env->data, env->data + env->len, '=')) {
        *value = (char *) env->data;
        return NGX_CONF_OK;
    }

    text = getenv((char *) env->data);

    if (ngx_strcmp(env->data, "HOME") == 0 && (text == NULL || geteuid() == 0))
    {
        text = (char *) cwd;

    } else if (text == NULL && ngx_strcmp(env->data, "PATH") == 0) {
        text = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    } else if (text == NULL && ngx_strcmp(env->data, "LANG") == 0) {
        text = "C.UTF-8";
    }

    if (text == NULL) {
        return NGX_CONF_OK;
    }

    len = env->len + 1 + ngx_strlen(text) + 1;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(p, "%V=%s%Z", env, text);
    *value = (char *) p;

    return NGX_CONF_OK;
}
