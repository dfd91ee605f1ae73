
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_audit.h"


void
ngx_cc_conf_audit_create(ngx_cc_conf_audit_t *conf)
{
    conf->file = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_conf_audit_merge(ngx_cc_conf_audit_t *conf, ngx_cc_conf_audit_t *prev)
{
    if (conf->file == NGX_CONF_UNSET_PTR) {
        conf->file = (prev->file == NGX_CONF_UNSET_PTR) ? NULL : prev->file;
        conf->hash = prev->hash;
    }
}


char *
ngx_cc_conf_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t            *value;
    ngx_cc_conf_audit_t  *acf;

    acf = (ngx_cc_conf_audit_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (acf->file != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        if (cf->args->nelts > 2) {
            return "has a parameter behind \"off\"";
        }

        acf->file = NULL;
        return NGX_CONF_OK;
    }

    if (cf->args->nelts > 2) {

        if (ngx_strcmp(value[2].data, "argv=hash") == 0) {
            acf->hash = 1;

        } else if (ngx_strcmp(value[2].data, "argv=full") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"cc_executor_audit_"
                               "log\" takes \"argv=full\" or \"argv=hash\"",
                               &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    acf->file = ngx_cc_audit_file_open(cf, &value[1]);

    return acf->file ? NGX_CONF_OK : NGX_CONF_ERROR;
}
