
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_keep.h"


#define NGX_CC_CONF_KEEP_REALM  64       /* bytes of a name */


static ngx_uint_t ngx_cc_conf_keep_named(ngx_conf_t *cf,
    ngx_cc_loc_conf_t *conf);


void
ngx_cc_conf_keep_create(ngx_cc_keep_conf_t *keep)
{
    keep->enable = NGX_CONF_UNSET;
    keep->ttl = NGX_CONF_UNSET_MSEC;
    keep->timeout = NGX_CONF_UNSET_MSEC;
    keep->orphan = NGX_CONF_UNSET_MSEC;
    keep->stall = NGX_CONF_UNSET_MSEC;
    keep->output = NGX_CONF_UNSET_SIZE;
    keep->max = NGX_CONF_UNSET_UINT;
    keep->max_per_owner = NGX_CONF_UNSET_UINT;
    keep->max_watchers = NGX_CONF_UNSET_UINT;
    keep->max_waits = NGX_CONF_UNSET_UINT;
    keep->max_calls = NGX_CONF_UNSET_UINT;
    keep->resume = NGX_CONF_UNSET_MSEC;
}


void
ngx_cc_conf_keep_merge(ngx_cc_keep_conf_t *keep, ngx_cc_keep_conf_t *prev)
{
    ngx_conf_merge_value(keep->enable, prev->enable, 0);
    ngx_conf_merge_msec_value(keep->ttl, prev->ttl, 10 * 60 * 1000);
    ngx_conf_merge_msec_value(keep->timeout, prev->timeout, 86400 * 1000);
    ngx_conf_merge_msec_value(keep->orphan, prev->orphan, 3600 * 1000);
    ngx_conf_merge_msec_value(keep->stall, prev->stall, 60 * 1000);
    ngx_conf_merge_size_value(keep->output, prev->output, 32 * 1024);
    ngx_conf_merge_uint_value(keep->max, prev->max, 32);
    ngx_conf_merge_uint_value(keep->max_per_owner, prev->max_per_owner, 8);
    ngx_conf_merge_uint_value(keep->max_watchers, prev->max_watchers, 16);
    ngx_conf_merge_uint_value(keep->max_waits, prev->max_waits, 64);
    ngx_conf_merge_uint_value(keep->max_calls, prev->max_calls, 64);
    ngx_conf_merge_msec_value(keep->resume, prev->resume, 60 * 1000);
}


char *
ngx_cc_conf_keep_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_str_t  *listen;

    if (!conf->spec.command.keep.enable) {
        return NGX_CONF_OK;
    }

    mcf->keep = 1;

    if (conf->access.remote == NGX_CC_ACCESS_DENY
        || ngx_cc_conf_keep_named(cf, conf))
    {
        return NGX_CONF_OK;
    }

    listen = ngx_cc_access_conf_reach(cf);

    if (listen == NULL) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"cc_executor_keep on\" where other machines can come "
                       "in (listen %V) and have no name but their address, "
                       "which others may have tomorrow: whose are the "
                       "commands then?  Give them a \"cc_executor_token_file\","
                       " \"auth_basic\" or \"ssl_verify_client on\", or listen "
                       "on 127.0.0.1, [::1] or a unix socket", listen);

    return NGX_CONF_ERROR;
}


/* does everybody who gets in have a name that was verified? */

static ngx_uint_t
ngx_cc_conf_keep_named(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
#if (NGX_HTTP_SSL)
    ngx_http_ssl_srv_conf_t  *sscf;

    sscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);

    /* "optional" lets others in, too */

    if (sscf->verify == 1) {
        return 1;
    }
#endif

    return conf->access.tokens != NULL || conf->access.basic;
}


char *
ngx_cc_conf_keep_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_cc_loc_conf_t  *lcf = conf;

    size_t      i;
    u_char      c;
    ngx_str_t  *value;

    if (lcf->realm.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > NGX_CC_CONF_KEEP_REALM) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_realm\" must be \"off\" or a name of "
                           "1 to %d characters", NGX_CC_CONF_KEEP_REALM);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < value[1].len; i++) {
        c = value[1].data[i];

        if (!((c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'
              || (ngx_tolower(c) >= 'a' && ngx_tolower(c) <= 'z')))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_realm\" may have letters, "
                               "digits, \".\", \"_\" and \"-\", not as in "
                               "\"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    lcf->realm = value[1];

    if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->realm.len = 0;
    }

    return NGX_CONF_OK;
}


void
ngx_cc_conf_keep_check(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (ccf->rlimit_core != (off_t) NGX_CONF_UNSET && ccf->rlimit_core != 0) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"worker_rlimit_core\" beside \"cc_executor_keep on\": "
                      "workers are not dumpable, whatever it says, unless "
                      "fs.suid_dumpable allows it; then a core has the key "
                      "of sessions and kept commands in it");
    }
}
