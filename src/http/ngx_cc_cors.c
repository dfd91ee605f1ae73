
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_cors.h"
#include "ngx_cc_header.h"
#include "ngx_cc_reply.h"


static ngx_int_t ngx_cc_cors_preflight(ngx_http_request_t *r);


/* what browsers do not send or show by themselves, as pairs */

static const char  *ngx_cc_cors_grant[] = {
    "Access-Control-Allow-Methods", "GET, POST",
    "Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, "
                                    "Last-Event-ID, MCP-Protocol-Version, "
                                    "Mcp-Method, Mcp-Name, Mcp-Session-Id",
    "Access-Control-Max-Age", "7200",
    NULL
};


void
ngx_cc_cors_create(ngx_cc_cors_t *cors)
{
    cors->origins = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_cors_merge(ngx_cc_cors_t *cors, ngx_cc_cors_t *prev)
{
    ngx_conf_merge_ptr_value(cors->origins, prev->origins, NULL);
}


char *
ngx_cc_cors_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
ngx_cc_cors_has(ngx_cc_cors_t *cors, ngx_cc_origin_t *origin)
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


ngx_int_t
ngx_cc_cors(ngx_http_request_t *r)
{
    ngx_str_t            name = ngx_string("Origin");
    ngx_str_t            method = ngx_string("Access-Control-Request-Method");
    ngx_cc_origin_t      origin;
    ngx_table_elt_t     *h, *asked;
    ngx_cc_loc_conf_t   *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (lcf->cors.origins == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    if (ngx_cc_reply_header(r, "Vary", "Origin", 6) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_cc_header(r, &name, &h) != 1
        || ngx_cc_origin_parse(&origin, h->value.data, h->value.len) != 0
        || !ngx_cc_cors_has(&lcf->cors, &origin))
    {
        return NGX_DECLINED;
    }

    if (ngx_cc_reply_header(r, "Access-Control-Allow-Origin",
                            (char *) h->value.data, h->value.len)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS && ngx_cc_header(r, &method, &asked)) {
        return ngx_cc_cors_preflight(r);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_cors_preflight(ngx_http_request_t *r)
{
    ngx_int_t    rc;
    const char  **grant;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    for (grant = ngx_cc_cors_grant; *grant; grant += 2) {
        if (ngx_cc_reply_header(r, grant[0], grant[1], ngx_strlen(grant[1]))
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}
