
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_limits.h"


void
ngx_cc_conf_limits_create(ngx_cc_conf_limits_t *conf)
{
    conf->umask = NGX_CONF_UNSET_UINT;
    conf->nice = NGX_CONF_UNSET;
    conf->cpu = NGX_CONF_UNSET;
    conf->as = NGX_CONF_UNSET;
    conf->fsize = NGX_CONF_UNSET;
    conf->nofile = NGX_CONF_UNSET;
    conf->nproc = NGX_CONF_UNSET;
}


void
ngx_cc_conf_limits_merge(ngx_cc_conf_limits_t *conf,
    ngx_cc_conf_limits_t *prev)
{
    ngx_conf_merge_uint_value(conf->umask, prev->umask, 022);
    ngx_conf_merge_value(conf->nice, prev->nice, 0);
    ngx_conf_merge_sec_value(conf->cpu, prev->cpu, 0);
    ngx_conf_merge_off_value(conf->as, prev->as, 0);
    ngx_conf_merge_off_value(conf->fsize, prev->fsize, 0);
    ngx_conf_merge_value(conf->nofile, prev->nofile, 0);
    ngx_conf_merge_value(conf->nproc, prev->nproc, 0);
}


/* an octal number, as in a shell */

char *
ngx_cc_conf_limits_umask(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t   *value;
    ngx_int_t    n;
    ngx_uint_t  *umask;

    umask = (ngx_uint_t *) ((char *) conf + cmd->offset);

    if (*umask != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (n = 0; n <= 0777 && value[1].len; value[1].len--) {

        if (*value[1].data < '0' || *value[1].data > '7') {
            break;
        }

        n = n * 8 + (*value[1].data++ - '0');
    }

    if (n > 0777 || value[1].len) {
        return "must be an octal number from 0 to 777";
    }

    *umask = n;

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_limits_nice(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;
    ngx_int_t   n, *nice;

    nice = (ngx_int_t *) ((char *) conf + cmd->offset);

    if (*nice != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > 19) {
        return "must be a number from 0 to 19 (less than 0 needs a privilege "
               "that commands do not have)";
    }

    *nice = n;

    return NGX_CONF_OK;
}


void
ngx_cc_conf_limits_compile(ngx_cc_conf_limits_t *conf,
    ngx_cc_confine_t *confine)
{
    uint64_t  *limit;

    limit = confine->limit;

    limit[NGX_CC_LIMIT_CPU] = conf->cpu;
    limit[NGX_CC_LIMIT_AS] = conf->as;
    limit[NGX_CC_LIMIT_FSIZE] = conf->fsize;
    limit[NGX_CC_LIMIT_NOFILE] = conf->nofile;
    limit[NGX_CC_LIMIT_NPROC] = conf->nproc;

    confine->umask = conf->umask;
    confine->nice = conf->nice;
}
