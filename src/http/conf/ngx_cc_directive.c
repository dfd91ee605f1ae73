
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_directive.h"


char *
ngx_cc_directive_executor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_cc_loc_conf_t         *lcf = conf;
    ngx_cc_main_conf_t        *mcf;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !lcf->enable) {
        return rv;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);
    mcf->enable = 1;

    lcf->file = cf->conf_file->file.name;
    lcf->line = cf->conf_file->line;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* one that stands there is complained about after the merge */

    if (clcf->handler == NULL) {
        clcf->handler = mcf->handler;
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_directive_helpers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_cc_main_conf_t  *mcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i, *number;

    if (mcf->pool.min != NGX_CONF_UNSET_UINT
        || mcf->pool.max != NGX_CONF_UNSET_UINT)
    {
        return "is duplicate";
    }

    mcf->pool.min = 4;
    mcf->pool.max = 64;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "min=", 4) == 0) {
            number = &mcf->pool.min;

        } else if (ngx_strncmp(value[i].data, "max=", 4) == 0) {
            number = &mcf->pool.max;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"cc_executor_"
                               "helpers\" takes \"min=n\" and \"max=n\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        n = ngx_atoi(value[i].data + 4, value[i].len - 4);

        if (n < 1 || n > NGX_CC_CONF_MAX_HELPERS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of helpers in \"%V\", it must "
                               "be between 1 and %d", &value[i],
                               NGX_CC_CONF_MAX_HELPERS);
            return NGX_CONF_ERROR;
        }

        *number = n;
    }

    if (mcf->pool.min > mcf->pool.max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_helpers\": min=%ui is more than "
                           "max=%ui", mcf->pool.min, mcf->pool.max);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
