
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_MCP_META_PREFIX   "io.modelcontextprotocol/"
#define NGX_CC_MCP_META_NAME     1024    /* bytes of a decoded Mcp-Name */


static ngx_uint_t ngx_cc_mcp_meta_handshake(ngx_cc_request_t *rq,
    ngx_cc_value_t *m);
static ngx_int_t ngx_cc_mcp_meta_legacy_request(ngx_cc_mcp_meta_t *meta,
    ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_modern_request(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_value_t *m, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_envelope(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_value_t *m);
static ngx_uint_t ngx_cc_mcp_meta_info(ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_meta_headers(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_name(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_extras(ngx_cc_mcp_meta_t *meta,
    ngx_cc_value_t *m);
static ngx_uint_t ngx_cc_mcp_meta_is(ngx_str_t *s, const char *text);
static ngx_uint_t ngx_cc_mcp_meta_equal(ngx_str_t *a, ngx_str_t *b);
static ngx_int_t ngx_cc_mcp_meta_refuse(ngx_cc_mcp_meta_t *meta,
    ngx_int_t code, const char *fmt, ...);
static ngx_int_t ngx_cc_mcp_meta_unsupported(ngx_cc_mcp_meta_t *meta,
    ngx_str_t *version, const char *where);


static const char  *ngx_cc_mcp_meta_versions[] = {
    NGX_CC_MCP_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"
};

static const char  *ngx_cc_mcp_meta_levels[] = {
    "debug", "info", "notice", "warning", "error", "critical", "alert",
    "emergency"
};


ngx_int_t
ngx_cc_mcp_meta_read(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post)
{
    ngx_int_t        rc;
    ngx_uint_t       named;
    ngx_cc_value_t  *m;

    ngx_memzero(meta, sizeof(ngx_cc_mcp_meta_t));
    meta->log = NGX_CC_MCP_LOG_OFF;

    m = ngx_cc_request_member(rq->params, "_meta");

    if (m && m->type == NGX_CC_VALUE_NULL) {
        m = NULL;
    }

    if (m && m->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta must be an object");
    }

    named = (post && ngx_cc_mcp_meta_later(&post->version));

    if (ngx_cc_mcp_meta_handshake(rq, m)) {

        /* what it asks for is negotiated; older headers have no say in it */

        rc = named
             ? ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "initialize does not exist in protocol "
                                      "version \"%V\", which the header "
                                      "MCP-Protocol-Version names",
                                      &post->version)
             : NGX_OK;

    } else if (named
               || ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                           "protocolVersion"))
    {
        rc = ngx_cc_mcp_meta_modern_request(meta, rq, m, post);

    } else {
        rc = ngx_cc_mcp_meta_legacy_request(meta, post);
    }

    return rc == NGX_OK ? ngx_cc_mcp_meta_extras(meta, m) : rc;
}


ngx_uint_t
ngx_cc_mcp_meta_glance(ngx_cc_request_t *rq, ngx_cc_mcp_post_t *post)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(rq->root, "params");
    v = ngx_cc_request_member(v, "_meta");

    return (post && ngx_cc_mcp_meta_later(&post->version))
           || ngx_cc_request_member(v, NGX_CC_MCP_META_PREFIX
                                       "protocolVersion");
}


ngx_uint_t
ngx_cc_mcp_meta_trace(ngx_cc_mcp_meta_t *meta, ngx_cc_trace_t *trace)
{
    ngx_cc_value_t  *v;

    v = meta->parent;

    if (v == NULL || v->type != NGX_CC_VALUE_STRING) {
        return 0;
    }

    ngx_memzero(trace, sizeof(ngx_cc_trace_t));

    if (ngx_cc_trace_parent(trace, (char *) v->text.data, v->text.len) != 0) {
        return 0;
    }

    v = meta->state;

    if (v && v->type == NGX_CC_VALUE_STRING) {
        (void) ngx_cc_trace_state(trace, (char *) v->text.data, v->text.len);
    }

    return 1;
}


ngx_uint_t
ngx_cc_mcp_meta_legacy(ngx_str_t *version)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ngx_cc_mcp_meta_versions) / sizeof(char *); i++) {
        if (ngx_cc_mcp_meta_is(version, ngx_cc_mcp_meta_versions[i])) {
            return 1;
        }
    }

    return 0;
}


uint32_t
ngx_cc_mcp_meta_number(ngx_str_t *version)
{
    size_t    i;
    uint32_t  n;

    n = 0;

    for (i = 0; i < version->len; i++) {
        if (version->data[i] != '-') {
            n = n * 10 + (version->data[i] - '0');
        }
    }

    return n;
}


unsigned
ngx_cc_mcp_meta_level(ngx_str_t *name)
{
    unsigned  i;

    for (i = 0; i < NGX_CC_MCP_LOG_OFF; i++) {
        if (ngx_cc_mcp_meta_is(name, ngx_cc_mcp_meta_levels[i])) {
            break;
        }
    }

    return i;
}


void
ngx_cc_mcp_meta_supported(ngx_cc_json_t *w, ngx_uint_t modern)
{
    ngx_uint_t  i;

    if (modern) {
        ngx_cc_json_lit(w, "[\"" NGX_CC_MCP_MODERN "\"]");
        return;
    }

    for (i = 0; i < sizeof(ngx_cc_mcp_meta_versions) / sizeof(char *); i++) {
        ngx_cc_json_raw(w, i ? "," : "[", 1);
        ngx_cc_json_cstring(w, ngx_cc_mcp_meta_versions[i]);
    }

    ngx_cc_json_lit(w, "]");
}


/*
 * "initialize" begins the old era's handshake by definition, unless it claims
 * the new one completely: then it is a method that does not exist there.
 */

static ngx_uint_t
ngx_cc_mcp_meta_handshake(ngx_cc_request_t *rq, ngx_cc_value_t *m)
{
    ngx_cc_value_t     *version;
    ngx_cc_mcp_meta_t   claim;

    if (rq->id == NULL || !ngx_cc_mcp_meta_is(&rq->method, "initialize")) {
        return 0;
    }

    version = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                       "protocolVersion");

    return version == NULL || version->type != NGX_CC_VALUE_STRING
           || !ngx_cc_mcp_meta_later(&version->text)
           || ngx_cc_mcp_meta_envelope(&claim, rq, m) != NGX_OK;
}


/* a client without the header speaks the version of its handshake */

static ngx_int_t
ngx_cc_mcp_meta_legacy_request(ngx_cc_mcp_meta_t *meta,
    ngx_cc_mcp_post_t *post)
{
    if (post == NULL || post->version.data == NULL
        || ngx_cc_mcp_meta_legacy(&post->version))
    {
        return NGX_OK;
    }

    return ngx_cc_mcp_meta_unsupported(meta, &post->version,
                                       "the header MCP-Protocol-Version");
}


/* the order of the checks is that of the reference server */

static ngx_int_t
ngx_cc_mcp_meta_modern_request(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_value_t *m, ngx_cc_mcp_post_t *post)
{
    ngx_cc_value_t  *version;

    meta->modern = 1;

    version = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                       "protocolVersion");

    if ((version || rq->id) && ngx_cc_mcp_meta_envelope(meta, rq, m) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (version && post && post->version.data
        && !ngx_cc_mcp_meta_equal(&post->version, &version->text))
    {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header MCP-Protocol-Version is "
                                      "\"%V\", params._meta says \"%V\"",
                                      &post->version, &version->text);
    }

    if (post && post->method.data
        && !ngx_cc_mcp_meta_equal(&post->method, &rq->method))
    {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header Mcp-Method is \"%V\", the "
                                      "method is \"%V\"", &post->method,
                                      &rq->method);
    }

    if (version && !ngx_cc_mcp_meta_is(&version->text, NGX_CC_MCP_MODERN)) {
        return ngx_cc_mcp_meta_unsupported(meta, &version->text,
                                           "params._meta");
    }

    if (version == NULL
        && !ngx_cc_mcp_meta_is(&post->version, NGX_CC_MCP_MODERN))
    {
        return ngx_cc_mcp_meta_unsupported(meta, &post->version,
                                           "the header MCP-Protocol-Version");
    }

    return post ? ngx_cc_mcp_meta_headers(meta, rq, post) : NGX_OK;
}


/* what _meta must hold: all of it in a request, notifications need not */

static ngx_int_t
ngx_cc_mcp_meta_envelope(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_value_t *m)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX "protocolVersion");

    if (v == NULL) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "protocolVersion\"] is missing");
    }

    if (v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "protocolVersion\"] must be a string");
    }

    if (rq->id == NULL) {
        return NGX_OK;
    }

    v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX "clientCapabilities");

    if (v == NULL || v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "clientCapabilities\"] must be an "
                                      "object");
    }

    v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX "clientInfo");

    if (v && v->type != NGX_CC_VALUE_NULL && !ngx_cc_mcp_meta_info(v)) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "clientInfo\"] must be an object with "
                                      "the strings name and version");
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_cc_mcp_meta_info(ngx_cc_value_t *v)
{
    ngx_cc_value_t  *name, *version;

    if (v->type != NGX_CC_VALUE_OBJECT) {
        return 0;
    }

    name = ngx_cc_request_member(v, "name");
    version = ngx_cc_request_member(v, "version");

    return name && name->type == NGX_CC_VALUE_STRING
           && version && version->type == NGX_CC_VALUE_STRING;
}


/*
 * "Standard Request Headers": requests must have them, notifications need not.
 */

static ngx_int_t
ngx_cc_mcp_meta_headers(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post)
{
    if (post->twice) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "a header of MCP is given twice");
    }

    if (rq->id == NULL) {
        return NGX_OK;
    }

    if (post->version.data == NULL || post->method.data == NULL) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header %s is missing",
                                      post->version.data == NULL
                                      ? "MCP-Protocol-Version"
                                      : "Mcp-Method");
    }

    return ngx_cc_mcp_meta_name(meta, rq, post);
}


/* Mcp-Name repeats the name of what is called or read */

static ngx_int_t
ngx_cc_mcp_meta_name(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v;

    static const struct {
        const char  *method;
        const char  *member;
    } source[] = {
        { "tools/call", "name" },
        { "prompts/get", "name" },
        { "resources/read", "uri" }
    };

    for (i = 0; i < sizeof(source) / sizeof(source[0]); i++) {
        if (ngx_cc_mcp_meta_is(&rq->method, source[i].method)) {
            break;
        }
    }

    if (i == sizeof(source) / sizeof(source[0])) {
        return NGX_OK;
    }

    v = ngx_cc_request_member(rq->params, source[i].member);

    if (v == NULL || v->type != NGX_CC_VALUE_STRING) {
        /* the method has something to say about it */
        return NGX_OK;
    }

    return ngx_cc_mcp_meta_named(meta, post, source[i].member, &v->text);
}


ngx_int_t
ngx_cc_mcp_meta_named(ngx_cc_mcp_meta_t *meta, ngx_cc_mcp_post_t *post,
    const char *member, ngx_str_t *value)
{
    u_char     buf[NGX_CC_MCP_META_NAME];
    size_t     n;
    ngx_str_t  name, src;

    if (post == NULL) {
        return NGX_OK;
    }

    name = post->name;

    if (name.data == NULL) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header Mcp-Name is missing");
    }

    /* =?base64?...?= */

    n = sizeof("=?base64?") - 1;

    if (name.len >= n + 2
        && ngx_strncmp(name.data, "=?base64?", n) == 0
        && ngx_strncmp(name.data + name.len - 2, "?=", 2) == 0)
    {
        src.data = name.data + n;
        src.len = name.len - n - 2;
        name.data = buf;

        if (ngx_base64_decoded_length(src.len) > NGX_CC_MCP_META_NAME
            || ngx_decode_base64(&name, &src) != NGX_OK)
        {
            return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                          "the header Mcp-Name is not valid "
                                          "base64");
        }
    }

    if (!ngx_cc_mcp_meta_equal(&name, value)) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header Mcp-Name is \"%V\", "
                                      "params.%s is \"%V\"", &post->name,
                                      member, value);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_meta_extras(ngx_cc_mcp_meta_t *meta, ngx_cc_value_t *m)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(m, "progressToken");

    if (v && v->type != NGX_CC_VALUE_NULL) {
        if (v->type != NGX_CC_VALUE_STRING && v->type != NGX_CC_VALUE_NUMBER) {
            return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                          "params._meta.progressToken must be "
                                          "a string or a number");
        }

        if (v->text.len > NGX_CC_REQUEST_ID) {
            return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                          "params._meta.progressToken is "
                                          "longer than %d bytes",
                                          NGX_CC_REQUEST_ID);
        }

        meta->token = v;
    }

    meta->parent = ngx_cc_request_member(m, "traceparent");
    meta->state = ngx_cc_request_member(m, "tracestate");

    if (meta->modern) {
        v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                     "clientCapabilities");
        v = ngx_cc_request_member(v, "extensions");
        v = ngx_cc_request_member(v, NGX_CC_MCP_META_PREFIX "tasks");
        meta->tasks = (v && v->type == NGX_CC_VALUE_OBJECT);
    }

    v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX "logLevel");

    if (v && meta->modern) {
        if (v->type == NGX_CC_VALUE_STRING) {
            meta->log = ngx_cc_mcp_meta_level(&v->text);
        }

        if (meta->log == NGX_CC_MCP_LOG_OFF) {
            return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                          "params._meta[\""
                                          NGX_CC_MCP_META_PREFIX "logLevel\"] "
                                          "must be the name of a log level");
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_cc_mcp_meta_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_memcmp(s->data, text, s->len) == 0;
}


static ngx_uint_t
ngx_cc_mcp_meta_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


ngx_uint_t
ngx_cc_mcp_meta_later(ngx_str_t *version)
{
    size_t  n;
    int     rc;

    n = ngx_min(version->len, sizeof(NGX_CC_MCP_MODERN) - 1);
    rc = n ? ngx_memcmp(version->data, NGX_CC_MCP_MODERN, n) : -1;

    return rc > 0 || (rc == 0 && n == sizeof(NGX_CC_MCP_MODERN) - 1);
}


static ngx_int_t
ngx_cc_mcp_meta_refuse(ngx_cc_mcp_meta_t *meta, ngx_int_t code,
    const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(meta->text, meta->text + NGX_CC_MCP_META_TEXT, fmt,
                      args);
    va_end(args);

    meta->code = code;
    meta->len = ngx_cc_utf8_cut(meta->text, p - meta->text);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_mcp_meta_unsupported(ngx_cc_mcp_meta_t *meta, ngx_str_t *version,
    const char *where)
{
    meta->requested = *version;

    return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_UNSUPPORTED,
                                  "protocol version \"%V\" in %s is not "
                                  "supported", version, where);
}
