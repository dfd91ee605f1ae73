
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_access.h"
#include "ngx_cc_cors.h"
#include "ngx_cc_entry.h"
#include "ngx_cc_forward.h"
#include "ngx_cc_header.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_streamable.h"
#include "ngx_cc_streamable_delete.h"
#include "ngx_cc_upgrade.h"


static ngx_uint_t ngx_cc_entry_stream(ngx_http_request_t *r);
static ngx_int_t ngx_cc_entry_method(ngx_http_request_t *r);


ngx_int_t
ngx_cc_entry_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  upgrade = ngx_string("Upgrade");

    rc = ngx_cc_cors(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_cc_access(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_cc_forward_admit(r);

    if (rc != NGX_OK) {
        return rc;
    }

    switch (r->method) {

    case NGX_HTTP_POST:
        return ngx_cc_streamable(r);

    case NGX_HTTP_GET:
        /* a WebSocket client may want event streams elsewhere */

        if (ngx_cc_header_has(r, &upgrade, &ngx_cc_upgrade_websocket)
            || !ngx_cc_entry_stream(r))
        {
            return ngx_cc_upgrade(r);
        }

        rc = ngx_cc_streamable_resume(r);

        return rc == NGX_DECLINED ? ngx_cc_entry_method(r) : rc;

    case NGX_HTTP_DELETE:
        rc = ngx_cc_streamable_delete(r);

        return rc == NGX_DECLINED ? ngx_cc_entry_method(r) : rc;

    default:
        return ngx_cc_entry_method(r);
    }
}


/* does it ask for the stream of a server that speaks first (MCP)? */

static ngx_uint_t
ngx_cc_entry_stream(ngx_http_request_t *r)
{
    ngx_str_t             item, accept = ngx_string("Accept");
    ngx_cc_header_iter_t  it;

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, &accept, &item)) {
        if (ngx_cc_header_media(&item, "text/event-stream")) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_cc_entry_method(ngx_http_request_t *r)
{
    if (ngx_cc_reply_header(r, "Allow", "GET, POST, DELETE", 17) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_cc_reply(r, NGX_HTTP_NOT_ALLOWED,
                        "GET with a WebSocket upgrade, POST, and DELETE of "
                        "a session are served here\n");
}
