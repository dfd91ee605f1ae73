
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"


void
ngx_cc_cors_conf_create(ngx_cc_cors_conf_t *cors)
{
    cors->origins = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_cors_conf_merge(ngx_cc_cors_conf_t *cors, ngx_cc_cors_conf_t *prev)
{
    ngx_conf_merge_ptr_value(cors->origins, prev->origins, NULL);
}


char *
ngx_cc_cors_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_cc_loc_conf_t  *lcf = conf;

    ngx_str_t        *value;
    ngx_uint_t        i;
    ngx_cc_origin_t  *origin;

    if (lcf->cors.origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        lcf->cors.origins = NULL;
        return NGX_CONF_OK;
    }

    lcf->cors.origins = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_cc_origin_t));
    if (lcf->cors.origins == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        origin = ngx_array_push(lcf->cors.origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_cc_origin_parse(origin, value[i].data, value[i].len) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\" in \"cc_executor_cors\":"
                               " it takes \"off\" or origins such as "
                               "\"https://app.example\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_cc_cors_conf_has(ngx_cc_cors_conf_t *cors, ngx_cc_origin_t *origin)
{
    ngx_uint_t        i;
    ngx_cc_origin_t  *list;

    if (cors->origins == NULL) {
        return 0;
    }

    list = cors->origins->elts;

    for (i = 0; i < cors->origins->nelts; i++) {
        if (ngx_cc_origin_same(&list[i], origin)) {
            return 1;
        }
    }

    return 0;
}
