
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_zone.h"


static ngx_int_t ngx_cc_reply_text(ngx_http_request_t *r, ngx_uint_t status,
    const char *text);


ngx_int_t
ngx_cc_reply_header(ngx_http_request_t *r, const char *name, const char *value,
    size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.len = len;
    h->value.data = ngx_pnalloc(r->pool, len);

    if (h->value.data == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(h->value.data, value, len);

    return NGX_OK;
}


ngx_int_t
ngx_cc_reply(ngx_http_request_t *r, ngx_uint_t status, const char *text)
{
    ngx_str_t  why;

    why.data = (u_char *) text;
    why.len = strcspn(text, "\n");

    ngx_cc_zone_refused(NGX_CC_REASON_HANDSHAKE);
    ngx_cc_audit_refused(r, status, NGX_CC_REASON_HANDSHAKE, &why);

    return ngx_cc_reply_text(r, status, text);
}


static ngx_int_t
ngx_cc_reply_text(ngx_http_request_t *r, ngx_uint_t status, const char *text)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (status == 426) {
        ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");

        if (ngx_cc_reply_header(r, "Upgrade", "websocket", 9) != NGX_OK
            || ngx_cc_reply_header(r, "Sec-WebSocket-Version", "13", 2)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = ngx_strlen(text);

    if (text[0] == '{') {
        ngx_str_set(&r->headers_out.content_type, "application/json");

    } else {
        ngx_str_set(&r->headers_out.content_type, "text/plain");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;                /* the header is out */
    }

    b->pos = (u_char *) text;
    b->last = b->pos + ngx_strlen(text);
    b->memory = 1;
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_cc_reply_full(ngx_http_request_t *r, const char *text)
{
    if (ngx_cc_reply_header(r, "Retry-After", "5", 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_cc_reply_text(r, NGX_HTTP_SERVICE_UNAVAILABLE, text);
}
