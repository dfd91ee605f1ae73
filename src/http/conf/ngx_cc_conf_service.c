
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_service.h"


static ngx_int_t ngx_cc_conf_service_path(ngx_conf_t *cf, ngx_str_t *value);
static ngx_int_t ngx_cc_conf_service_user(ngx_conf_t *cf, ngx_str_t *user);


ngx_int_t
ngx_cc_conf_service(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf)
{
    if (mcf->service.len == 0
        || (mcf->service.len == 3
            && ngx_strncmp(mcf->service.data, "off", 3) == 0))
    {
        if (mcf->user.len == 0) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_user\" without "
                           "\"cc_executor_service\": commands run as nginx's "
                           "workers do");
        return NGX_ERROR;
    }

    if (mcf->user.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_service\" without "
                           "\"cc_executor_user\": whom shall commands run "
                           "as?");
        return NGX_ERROR;
    }

    if (ngx_cc_conf_service_path(cf, &mcf->service) != NGX_OK
        || ngx_cc_conf_service_user(cf, &mcf->user) != NGX_OK)
    {
        return NGX_ERROR;
    }

    mcf->pool.service.path = (char *) mcf->service.data + 5;
    mcf->pool.service.user = (char *) mcf->user.data;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_service_path(ngx_conf_t *cf, ngx_str_t *value)
{
    struct sockaddr_un  addr;

    if (value->len < 7 || ngx_strncmp(value->data, "unix:/", 6) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"cc_executor_service\", "
                           "it must be \"off\" or \"unix:\" and an absolute "
                           "path", value);
        return NGX_ERROR;
    }

    if (value->len - 5 >= sizeof(addr.sun_path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the path in \"cc_executor_service\" is longer "
                           "than %uz bytes", sizeof(addr.sun_path) - 1);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a name as useradd(8) takes it, so that logs show what is meant */

static ngx_int_t
ngx_cc_conf_service_user(ngx_conf_t *cf, ngx_str_t *user)
{
    u_char  *p;
    size_t   i;

    for (i = 0; i < user->len; i++) {
        p = &user->data[i];

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || (*p >= '0' && *p <= '9') || *p == '_' || *p == '.'
            || (*p == '-' && i > 0))
        {
            continue;
        }

        break;
    }

    if (i < user->len || user->len >= NGX_CC_WIRE_USER
        || ngx_strcmp(user->data, "root") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid user \"%V\" in \"cc_executor_user\"",
                           user);
        return NGX_ERROR;
    }

    return NGX_OK;
}
