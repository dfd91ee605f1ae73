
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_header.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_native.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_upgrade.h"
#include "ngx_cc_ws.h"


#define NGX_CC_UPGRADE_GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NGX_CC_UPGRADE_KEY       16          /* bytes of a decoded key */
#define NGX_CC_UPGRADE_ACCEPT    28          /* base64 of a SHA-1 */


#define NGX_CC_UPGRADE_DIALECTS  3


typedef struct {
    ngx_str_t                protocol;   /* as offered and answered */
    const ngx_cc_dialect_t  *dialect;
} ngx_cc_upgrade_dialect_t;


static ngx_int_t ngx_cc_upgrade_check(ngx_http_request_t *r,
    const char **error);
static ngx_uint_t ngx_cc_upgrade_value(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);
static ngx_cc_upgrade_dialect_t *ngx_cc_upgrade_protocol(
    ngx_http_request_t *r);
static ngx_int_t ngx_cc_upgrade_switch(ngx_http_request_t *r,
    ngx_cc_upgrade_dialect_t *dialect);


static ngx_str_t  ngx_cc_upgrade_name = ngx_string("Upgrade");
static ngx_str_t  ngx_cc_upgrade_connection = ngx_string("Connection");
static ngx_str_t  ngx_cc_upgrade_key = ngx_string("Sec-WebSocket-Key");
static ngx_str_t  ngx_cc_upgrade_version = ngx_string("Sec-WebSocket-Version");
static ngx_str_t  ngx_cc_upgrade_protocols =
    ngx_string("Sec-WebSocket-Protocol");

ngx_str_t  ngx_cc_upgrade_websocket = ngx_string("websocket");


/* the first one is what is spoken when nothing is offered */

static ngx_cc_upgrade_dialect_t  ngx_cc_upgrade_dialects[] = {
    { ngx_null_string, &ngx_cc_native },
    { ngx_string("cc-executor"), &ngx_cc_native },
    { ngx_string("mcp"), &ngx_cc_mcp }
};


ngx_int_t
ngx_cc_upgrade(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    const char               *error;
    ngx_cc_upgrade_dialect_t *dialect;

    if (r->http_version != NGX_HTTP_VERSION_11) {
        return ngx_cc_reply(r, NGX_HTTP_BAD_REQUEST,
                            "a WebSocket needs HTTP/1.1\n");
    }

    rc = ngx_cc_upgrade_check(r, &error);

    if (rc != NGX_OK) {
        return ngx_cc_reply(r, rc, error);
    }

    dialect = ngx_cc_upgrade_protocol(r);

    if (dialect == NULL) {
        return ngx_cc_reply(r, NGX_HTTP_BAD_REQUEST,
                            "Sec-WebSocket-Protocol: only \"cc-executor\" and "
                            "\"mcp\" are spoken here\n");
    }

    return ngx_cc_upgrade_switch(r, dialect);
}


/* RFC 6455, section 4.2.1; the status and text of what is wrong */

static ngx_int_t
ngx_cc_upgrade_check(ngx_http_request_t *r, const char **error)
{
    u_char     key[ngx_base64_decoded_length(64)];
    ngx_str_t  decoded, value;

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

    if (ngx_cc_upgrade_value(r, &ngx_cc_upgrade_version, &value) != 1
        || value.len != 2
        || ngx_strncmp(value.data, "13", 2) != 0)
    {
        *error = "Sec-WebSocket-Version must be 13\n";
        return 426;
    }

    if (ngx_cc_upgrade_value(r, &ngx_cc_upgrade_key, &value) != 1
        || value.len > 64)
    {
        *error = "exactly one Sec-WebSocket-Key is needed\n";
        return NGX_HTTP_BAD_REQUEST;
    }

    decoded.data = key;

    if (value.len != 24
        || ngx_decode_base64(&decoded, &value) != NGX_OK
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


/*
 * How many headers of that name there are; the value of the first without the
 * blanks around it (RFC 9110, section 5.5), of which nginx leaves tabs.
 */

static ngx_uint_t
ngx_cc_upgrade_value(ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value)
{
    u_char           *p, *last;
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    n = ngx_cc_header(r, name, &h);

    if (n == 0) {
        return 0;
    }

    p = h->value.data;
    last = p + h->value.len;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (p < last && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    value->data = p;
    value->len = last - p;

    return n;
}


/*
 * The first one offered that is spoken here.  Nothing offered: nothing
 * answered, the native dialect all the same.
 */

static ngx_cc_upgrade_dialect_t *
ngx_cc_upgrade_protocol(ngx_http_request_t *r)
{
    ngx_str_t              item;
    ngx_uint_t             i;
    ngx_table_elt_t       *h;
    ngx_cc_header_iter_t   it;

    if (ngx_cc_header(r, &ngx_cc_upgrade_protocols, &h) == 0) {
        return &ngx_cc_upgrade_dialects[0];
    }

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, &ngx_cc_upgrade_protocols, &item)) {

        for (i = 1; i < NGX_CC_UPGRADE_DIALECTS; i++) {
            if (item.len == ngx_cc_upgrade_dialects[i].protocol.len
                && ngx_strncmp(item.data,
                               ngx_cc_upgrade_dialects[i].protocol.data,
                               item.len)
                   == 0)
            {
                return &ngx_cc_upgrade_dialects[i];
            }
        }
    }

    return NULL;
}


static ngx_int_t
ngx_cc_upgrade_switch(ngx_http_request_t *r,
    ngx_cc_upgrade_dialect_t *dialect)
{
    u_char            digest[20], accept[NGX_CC_UPGRADE_ACCEPT];
    ngx_buf_t        *b;
    ngx_int_t         rc;
    ngx_str_t         src, dst;
    ngx_sha1_t        sha1;
    ngx_chain_t       out;
    ngx_cc_ws_t      *ws;

    (void) ngx_cc_upgrade_value(r, &ngx_cc_upgrade_key, &src);

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, src.data, src.len);
    ngx_sha1_update(&sha1, NGX_CC_UPGRADE_GUID,
                    sizeof(NGX_CC_UPGRADE_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    src.data = digest;
    src.len = sizeof(digest);
    dst.data = accept;

    ngx_encode_base64(&dst, &src);

    ws = ngx_cc_ws_create(r, dialect->dialect);

    if (ws == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ws->session.refusal && dialect->dialect == &ngx_cc_mcp) {
        return ngx_cc_reply_full(r, (char *) ws->session.refusal);
    }

    if (ngx_cc_reply_header(r, "Upgrade", "websocket", 9) != NGX_OK
        || ngx_cc_reply_header(r, "Sec-WebSocket-Accept", (char *) accept,
                               dst.len)
           != NGX_OK
        || (dialect->protocol.len
            && ngx_cc_reply_header(r, "Sec-WebSocket-Protocol",
                                   (char *) dialect->protocol.data,
                                   dialect->protocol.len)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the core adds "Connection: upgrade" to a 101 by itself */

    r->keepalive = 0;

    /* frames do not pass the filters, and these must not delay the 101 */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Past the filters: one that has nothing to do with a 101 but takes every
     * type may keep the flush to itself ("ssi_types *").
     */

    b = ngx_calloc_buf(r->pool);

    if (b == NULL) {
        return NGX_ERROR;
    }

    b->flush = 1;
    out.buf = b;
    out.next = NULL;

    if (ngx_http_write_filter(r, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    r->main->count++;
    ngx_cc_ws_begin(ws);

    return NGX_DONE;
}
