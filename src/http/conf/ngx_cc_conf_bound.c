
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_bound.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_wire.h"


static char *ngx_cc_conf_bound_check(ngx_conf_t *cf, void *post, void *data);


#define NGX_CC_CONF_BOUND_DAYS   (24 * 86400 * 1000LL)   /* fits 31 bits, ms */
#define NGX_CC_CONF_BOUND_RING   (64 * 1024 * 1024)


ngx_cc_conf_bound_t  ngx_cc_conf_bound_time = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, NGX_CC_CONF_BOUND_DAYS, "between 1ms and 24d"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_limit = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 1,
    1, NGX_CC_CONF_BOUND_DAYS, "0 or between 1ms and 24d"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_buffer = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    NGX_CC_RING_MIN, NGX_CC_CONF_BOUND_RING, "between 64k and 64m"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_stdin = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    4096, 2047LL * 1024 * 1024, "between 4k and 2047m"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_message = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1024, 2047LL * 1024 * 1024, "between 1k and 2047m"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_count = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, 1000000, "between 1 and 1000000"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_share = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 1,
    1, 1000000, "between 0 and 1000000"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_commands = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, NGX_CC_CONF_MAX_COMMANDS, "between 1 and 512"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_keep_output = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    4096, NGX_CC_KEEP_MAX_OUTPUT, "between 4k and 16m"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_kept = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, 10000, "between 1 and 10000"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_watchers = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, NGX_CC_KEEP_MAX_WATCHERS, "between 1 and 1024"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_waits = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 0,
    1, NGX_CC_KEEP_MAX_WAITS, "between 1 and 4096"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_cpu = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_SEC, 1,
    1, NGX_MAX_INT32_VALUE, "0 or between 1s and 24855d"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_as = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_OFF, 1,
    1024 * 1024, INT64_MAX, "0 or at least 1m"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_nofile = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 1,
    8, NGX_MAX_INT32_VALUE, "0 or between 8 and 2147483647"
};

ngx_cc_conf_bound_t  ngx_cc_conf_bound_nproc = {
    { ngx_cc_conf_bound_check }, NGX_CC_CONF_BOUND_WORD, 1,
    1, NGX_MAX_INT32_VALUE, "between 0 and 2147483647"
};


static char *
ngx_cc_conf_bound_check(ngx_conf_t *cf, void *post, void *data)
{
    int64_t               n;
    ngx_str_t            *value;
    ngx_cc_conf_bound_t  *bound = post;

    switch (bound->type) {

    case NGX_CC_CONF_BOUND_OFF:
        n = *(off_t *) data;
        break;

    case NGX_CC_CONF_BOUND_SEC:
        n = *(time_t *) data;
        break;

    default:
        n = *(ngx_int_t *) data;
        break;
    }

    if ((n == 0 && bound->zero) || (n >= bound->min && n <= bound->max)) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" must be %s, it is \"%V\"", &value[0],
                       bound->text, &value[1]);

    return NGX_CONF_ERROR;
}
