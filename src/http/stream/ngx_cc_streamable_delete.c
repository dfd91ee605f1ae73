
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_caller.h"
#include "ngx_cc_forward.h"
#include "ngx_cc_header.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_streamable_delete.h"


ngx_int_t
ngx_cc_streamable_delete(ngx_http_request_t *r)
{
    ngx_int_t         rc;
    ngx_str_t         name = ngx_string("Mcp-Session-Id");
    ngx_uint_t        n;
    ngx_table_elt_t  *h;
    ngx_cc_caller_t  *caller;
    ngx_cc_legacy_t   legacy;

    n = ngx_cc_header(r, &name, &h);

    if (n == 0) {
        return NGX_DECLINED;
    }

    if (n == 1) {
        rc = ngx_cc_forward_session(r, &h->value, 0);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    caller = ngx_cc_caller(r);

    if (caller == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (n > 1
        || ngx_cc_legacy_check(&h->value, caller->digest, &legacy) != NGX_OK)
    {
        return ngx_cc_reply(r, NGX_HTTP_NOT_FOUND,
                            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{"
                            "\"code\":-32600,\"message\":\"unknown session: "
                            "Mcp-Session-Id is not one of yours here, or was "
                            "ended, or is older than a week\"}}");
    }

    ngx_cc_legacy_end(&legacy);

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}
