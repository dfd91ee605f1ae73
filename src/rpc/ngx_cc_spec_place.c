
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec_place.h"


static ngx_int_t ngx_cc_spec_place_set(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, const char *variable, const char *instead,
    ngx_pool_t *pool);
static const char *ngx_cc_spec_place_variable(const char *name,
    const char *value, ngx_pool_t *pool);
static ngx_uint_t ngx_cc_spec_place_allowed(ngx_cc_spec_conf_t *conf,
    ngx_str_t *name);


#define NGX_CC_SPEC_PLACE_PARENT  "TRACEPARENT="
#define NGX_CC_SPEC_PLACE_STATE   "TRACESTATE="

#define ngx_cc_spec_place_is(variable, name)                                  \
    (ngx_strncmp(variable, name, sizeof(name) - 1) == 0)


/*
 * A directory below the location's: relative to it, or with its path before.
 * Where it is entered, it is made sure that it does not lead elsewhere.
 */

ngx_int_t
ngx_cc_spec_place_cwd(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v)
{
    size_t   len;
    char    *p, *path;

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (!conf->client_cwd) {
        return ngx_cc_spec_wrong(spec, "cwd is not allowed here");
    }

    if (v->type != NGX_CC_VALUE_STRING || v->text.len == 0) {
        return ngx_cc_spec_wrong(spec, "cwd must be the name of a directory");
    }

    path = (char *) v->text.data;

    for (p = path; p; p = strchr(p, '/')) {
        p += (*p == '/');

        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0')) {
            return ngx_cc_spec_wrong(spec, "cwd must not contain \"..\"");
        }
    }

    if (*path == '/') {
        len = ngx_strlen(conf->command.cwd);

        while (len && conf->command.cwd[len - 1] == '/') {
            len--;
        }

        if (ngx_strncmp(path, conf->command.cwd, len) != 0
            || (path[len] != '/' && path[len] != '\0'))
        {
            return ngx_cc_spec_wrong(spec, "cwd must be below the directory "
                                     "in which commands start");
        }

        path += len;

        while (*path == '/') {
            path++;
        }
    }

    spec->command.beneath = path;

    return NGX_OK;
}


/* the location's environment, with the variables that the client may set */

ngx_int_t
ngx_cc_spec_place_env(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v, ngx_pool_t *pool)
{
    u_char           *p;
    uint32_t          i, n;
    const char      **env;
    ngx_cc_value_t   *var;

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (conf->nclient_env == 0) {
        return ngx_cc_spec_wrong(spec, "env is not allowed here");
    }

    if (v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_spec_wrong(spec, "env must be an object of strings");
    }

    env = ngx_palloc(pool, (conf->command.nenv + v->number + 1)
                           * sizeof(char *));

    if (env == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (var = v->first; var; var = var->next) {

        if (!ngx_cc_spec_place_allowed(conf, &var->name)) {
            return ngx_cc_spec_wrong(spec, "env.%V is not allowed here",
                                     &var->name);
        }

        if (var->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_spec_wrong(spec, "env.%V must be a string",
                                     &var->name);
        }

        p = ngx_pnalloc(pool, var->name.len + 1 + var->text.len + 1);

        if (p == NULL) {
            return NGX_ERROR;
        }

        env[n++] = (char *) p;

        p = ngx_cpymem(p, var->name.data, var->name.len);
        *p++ = '=';
        p = ngx_cpymem(p, var->text.data, var->text.len);
        *p = '\0';
    }

    for (i = 0; i < conf->command.nenv; i++) {

        for (var = v->first; var; var = var->next) {
            if (ngx_strncmp(conf->command.env[i], var->name.data,
                            var->name.len)
                == 0
                && conf->command.env[i][var->name.len] == '=')
            {
                break;
            }
        }

        if (var == NULL) {
            env[n++] = conf->command.env[i];
        }
    }

    spec->command.env = env;
    spec->command.nenv = n;

    return NGX_OK;
}


ngx_int_t
ngx_cc_spec_place_term(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    const char *term, ngx_pool_t *pool)
{
    return ngx_cc_spec_place_set(spec, conf, term, conf->term, pool);
}


ngx_int_t
ngx_cc_spec_place_unset(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    const char *variable, ngx_pool_t *pool)
{
    return ngx_cc_spec_place_set(spec, conf, variable, NULL, pool);
}


/* "instead": a variable of that name that may be replaced; or NULL */

static ngx_int_t
ngx_cc_spec_place_set(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    const char *variable, const char *instead, ngx_pool_t *pool)
{
    size_t        len;
    uint32_t      i, n;
    const char  **env, **given;

    len = strchr(variable, '=') + 1 - variable;
    given = spec->command.env ? spec->command.env : conf->command.env;
    n = spec->command.env ? spec->command.nenv : conf->command.nenv;

    for (i = 0; i < n; i++) {
        if (ngx_strncmp(given[i], variable, len) == 0) {
            break;
        }
    }

    if (i < n && given[i] != instead) {
        return NGX_OK;
    }

    env = ngx_palloc(pool, (n + 1) * sizeof(char *));

    if (env == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(env, given, n * sizeof(char *));
    env[i] = variable;

    spec->command.env = env;
    spec->command.nenv = i < n ? n : n + 1;

    return NGX_OK;
}


ngx_int_t
ngx_cc_spec_place_trace(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    const ngx_cc_trace_t *trace, ngx_pool_t *pool)
{
    uint32_t      i, n, given;
    const char  **env, **old;

    old = spec->command.env ? spec->command.env : conf->command.env;
    given = spec->command.env ? spec->command.nenv : conf->command.nenv;

    env = ngx_palloc(pool, (given + 2) * sizeof(char *));

    if (env == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < given; i++) {
        if (!ngx_cc_spec_place_is(old[i], NGX_CC_SPEC_PLACE_PARENT)
            && !ngx_cc_spec_place_is(old[i], NGX_CC_SPEC_PLACE_STATE))
        {
            env[n++] = old[i];
        }
    }

    env[n] = ngx_cc_spec_place_variable(NGX_CC_SPEC_PLACE_PARENT,
                                        trace->parent, pool);

    if (env[n++] == NULL) {
        return NGX_ERROR;
    }

    if (trace->len) {
        env[n] = ngx_cc_spec_place_variable(NGX_CC_SPEC_PLACE_STATE,
                                            trace->state, pool);

        if (env[n++] == NULL) {
            return NGX_ERROR;
        }
    }

    spec->command.env = env;
    spec->command.nenv = n;
    spec->command.trace = trace->parent;

    return NGX_OK;
}


/* "name" ends in "="; NULL: no memory */

static const char *
ngx_cc_spec_place_variable(const char *name, const char *value,
    ngx_pool_t *pool)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(name);
    p = ngx_pnalloc(pool, len + ngx_strlen(value) + 1);

    if (p) {
        ngx_memcpy(ngx_cpymem(p, name, len), value, ngx_strlen(value) + 1);
    }

    return (char *) p;
}


static ngx_uint_t
ngx_cc_spec_place_allowed(ngx_cc_spec_conf_t *conf, ngx_str_t *name)
{
    uint32_t    i;
    ngx_str_t  *allowed;

    for (i = 0; i < conf->nclient_env; i++) {
        allowed = &conf->client_env[i];

        if (allowed->len == name->len
            && ngx_memcmp(allowed->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
