
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_session.h"


void
ngx_cc_conf_session_create(ngx_cc_conf_session_t *conf)
{
    conf->max_per_address = NGX_CONF_UNSET_UINT;
    conf->max_per_owner = NGX_CONF_UNSET_UINT;
    conf->frame_timeout = NGX_CONF_UNSET_MSEC;
    conf->idle_timeout = NGX_CONF_UNSET_MSEC;
}


void
ngx_cc_conf_session_merge(ngx_cc_conf_session_t *conf,
    ngx_cc_conf_session_t *prev)
{
    ngx_conf_merge_uint_value(conf->max_per_address, prev->max_per_address, 0);
    ngx_conf_merge_uint_value(conf->max_per_owner, prev->max_per_owner, 0);
    ngx_conf_merge_msec_value(conf->frame_timeout, prev->frame_timeout, 30000);
    ngx_conf_merge_msec_value(conf->idle_timeout, prev->idle_timeout, 3600000);
}
