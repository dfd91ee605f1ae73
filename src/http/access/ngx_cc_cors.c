
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
    "Access-Control-Allow-Methods", "GET, POST, DELETE",
    "Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, "
                                    "Last-Event-ID, MCP-Protocol-Version, "
                                    "Mcp-Method, Mcp-Name, Mcp-Session-Id",
    "Access-Control-Max-Age", "7200",
    NULL
};


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
        || !ngx_cc_cors_conf_has(&lcf->cors, &origin))
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

    if (ngx_cc_reply_header(r, "Access-Control-Expose-Headers",
                            "Mcp-Session-Id", 14)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
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
