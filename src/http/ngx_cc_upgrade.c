
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "ngx_cc_access.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_header.h"
#include "ngx_cc_upgrade.h"
#include "ngx_cc_ws.h"


#define NGX_CC_UPGRADE_GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NGX_CC_UPGRADE_KEY       16          /* bytes of a decoded key */
#define NGX_CC_UPGRADE_ACCEPT    28          /* base64 of a SHA-1 */


static ngx_int_t ngx_cc_upgrade_check(ngx_http_request_t *r,
    const char **error);
static ngx_int_t ngx_cc_upgrade_protocol(ngx_http_request_t *r,
    ngx_str_t *protocol);
static ngx_int_t ngx_cc_upgrade_switch(ngx_http_request_t *r,
    ngx_str_t *protocol);
static ngx_int_t ngx_cc_upgrade_add(ngx_http_request_t *r, const char *name,
    const char *value, size_t len);
static ngx_int_t ngx_cc_upgrade_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *text);


static ngx_str_t  ngx_cc_upgrade_name = ngx_string("Upgrade");
static ngx_str_t  ngx_cc_upgrade_connection = ngx_string("Connection");
static ngx_str_t  ngx_cc_upgrade_key = ngx_string("Sec-WebSocket-Key");
static ngx_str_t  ngx_cc_upgrade_version = ngx_string("Sec-WebSocket-Version");
static ngx_str_t  ngx_cc_upgrade_protocols =
    ngx_string("Sec-WebSocket-Protocol");
static ngx_str_t  ngx_cc_upgrade_websocket = ngx_string("websocket");
static ngx_str_t  ngx_cc_upgrade_native = ngx_string("cc-executor");


ngx_int_t
ngx_cc_upgrade_handler(ngx_http_request_t *r)
{
    ngx_int_t    rc;
    ngx_str_t    protocol;
    const char  *error;

    rc = ngx_cc_access(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method != NGX_HTTP_GET) {
        if (ngx_cc_upgrade_add(r, "Allow", "GET", 3) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_cc_upgrade_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                     "only GET with a WebSocket upgrade is "
                                     "served here\n");
    }

    if (r->http_version != NGX_HTTP_VERSION_11) {
        return ngx_cc_upgrade_refuse(r, NGX_HTTP_BAD_REQUEST,
                                     "a WebSocket needs HTTP/1.1\n");
    }

    rc = ngx_cc_upgrade_check(r, &error);

    if (rc != NGX_OK) {
        return ngx_cc_upgrade_refuse(r, rc, error);
    }

    if (ngx_cc_upgrade_protocol(r, &protocol) != NGX_OK) {
        return ngx_cc_upgrade_refuse(r, NGX_HTTP_BAD_REQUEST,
                                     "Sec-WebSocket-Protocol: only "
                                     "\"cc-executor\" is spoken here\n");
    }

    return ngx_cc_upgrade_switch(r, &protocol);
}


/* RFC 6455, section 4.2.1; the status and text of what is wrong */

static ngx_int_t
ngx_cc_upgrade_check(ngx_http_request_t *r, const char **error)
{
    u_char            key[ngx_base64_decoded_length(64)];
    ngx_str_t         decoded;
    ngx_table_elt_t  *h;

    if (!ngx_cc_header_has(r, &ngx_cc_upgrade_name,
                           &ngx_cc_upgrade_websocket))
    {
        *error = "this is a WebSocket: connect with Upgrade: websocket\n";
        return 426;
    }

    if (!ngx_cc_header_has(r, &ngx_cc_upgrade_connection,
                           &ngx_cc_upgrade_name))
    {
        *error = "Connection: Upgrade is missing\n";
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_cc_header(r, &ngx_cc_upgrade_version, &h) != 1
        || h->value.len != 2
        || ngx_strncmp(h->value.data, "13", 2) != 0)
    {
        *error = "Sec-WebSocket-Version must be 13\n";
        return 426;
    }

    if (ngx_cc_header(r, &ngx_cc_upgrade_key, &h) != 1
        || h->value.len > 64)
    {
        *error = "exactly one Sec-WebSocket-Key is needed\n";
        return NGX_HTTP_BAD_REQUEST;
    }

    decoded.data = key;

    if (h->value.len != 24
        || ngx_decode_base64(&decoded, &h->value) != NGX_OK
        || decoded.len != NGX_CC_UPGRADE_KEY)
    {
        *error = "Sec-WebSocket-Key must be base64 of 16 bytes\n";
        return NGX_HTTP_BAD_REQUEST;
    }

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        *error = "a WebSocket handshake has no body\n";
        return NGX_HTTP_BAD_REQUEST;
    }

    return NGX_OK;
}


/* nothing offered: nothing answered, the native dialect all the same */

static ngx_int_t
ngx_cc_upgrade_protocol(ngx_http_request_t *r, ngx_str_t *protocol)
{
    ngx_table_elt_t  *h;

    ngx_str_null(protocol);

    if (ngx_cc_header(r, &ngx_cc_upgrade_protocols, &h) == 0) {
        return NGX_OK;
    }

    if (ngx_cc_header_has(r, &ngx_cc_upgrade_protocols,
                          &ngx_cc_upgrade_native))
    {
        *protocol = ngx_cc_upgrade_native;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_upgrade_switch(ngx_http_request_t *r, ngx_str_t *protocol)
{
    u_char            digest[20], accept[NGX_CC_UPGRADE_ACCEPT];
    ngx_int_t         rc;
    ngx_str_t         src, dst;
    ngx_sha1_t        sha1;
    ngx_cc_ws_t      *ws;
    ngx_table_elt_t  *key;

    (void) ngx_cc_header(r, &ngx_cc_upgrade_key, &key);

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->value.data, key->value.len);
    ngx_sha1_update(&sha1, NGX_CC_UPGRADE_GUID,
                    sizeof(NGX_CC_UPGRADE_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    src.data = digest;
    src.len = sizeof(digest);
    dst.data = accept;

    ngx_encode_base64(&dst, &src);

    ws = ngx_cc_ws_create(r);

    if (ws == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_cc_upgrade_add(r, "Upgrade", "websocket", 9) != NGX_OK
        || ngx_cc_upgrade_add(r, "Sec-WebSocket-Accept", (char *) accept,
                              dst.len) != NGX_OK
        || (protocol->len
            && ngx_cc_upgrade_add(r, "Sec-WebSocket-Protocol",
                                  (char *) protocol->data, protocol->len)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the core adds "Connection: upgrade" to a 101 by itself */

    r->keepalive = 0;
    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK
        || ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    r->main->count++;
    ngx_cc_ws_begin(ws);

    return NGX_DONE;
}


static ngx_int_t
ngx_cc_upgrade_add(ngx_http_request_t *r, const char *name, const char *value,
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


/* an answer with a text; what remains of the request is thrown away */

static ngx_int_t
ngx_cc_upgrade_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *text)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    ngx_cc_zone_refused(NGX_CC_REASON_HANDSHAKE);

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (status == 426) {
        ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");

        if (ngx_cc_upgrade_add(r, "Upgrade", "websocket", 9) != NGX_OK
            || ngx_cc_upgrade_add(r, "Sec-WebSocket-Version", "13", 2)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = ngx_strlen(text);
    ngx_str_set(&r->headers_out.content_type, "text/plain");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = (u_char *) text;
    b->last = b->pos + ngx_strlen(text);
    b->memory = 1;
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
