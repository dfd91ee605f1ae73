
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_meta.h"


#define NGX_CC_MCP_META_PREFIX   "io.modelcontextprotocol/"
#define NGX_CC_MCP_META_NAME     1024    /* bytes of a decoded Mcp-Name */


static ngx_int_t ngx_cc_mcp_meta_claim(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_value_t *m, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_headers(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_name(ngx_cc_mcp_meta_t *meta,
    ngx_cc_request_t *rq, ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_mcp_meta_extras(ngx_cc_mcp_meta_t *meta,
    ngx_cc_value_t *m);
static ngx_uint_t ngx_cc_mcp_meta_is(ngx_str_t *s, const char *text);
static ngx_int_t ngx_cc_mcp_meta_refuse(ngx_cc_mcp_meta_t *meta,
    ngx_int_t code, const char *fmt, ...);


static const char  *ngx_cc_mcp_meta_versions[] = {
    "2024-11-05", "2025-03-26", "2025-06-18", NGX_CC_MCP_LEGACY
};

static const char  *ngx_cc_mcp_meta_levels[] = {
    "debug", "info", "notice", "warning", "error", "critical", "alert",
    "emergency"
};


ngx_int_t
ngx_cc_mcp_meta_read(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post)
{
    ngx_cc_value_t  *m, *version;

    ngx_memzero(meta, sizeof(ngx_cc_mcp_meta_t));
    meta->log = NGX_CC_MCP_LOG_OFF;

    m = ngx_cc_request_member(rq->params, "_meta");

    if (m && m->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta must be an object");
    }

    version = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                       "protocolVersion");

    if (version) {
        meta->modern = 1;

    } else if (post
               && (ngx_cc_mcp_meta_is(&post->version, NGX_CC_MCP_MODERN)
                   || (post->method.data && post->version.data == NULL)))
    {
        meta->modern = 1;

        if (rq->id) {
            return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                          "params._meta[\""
                                          NGX_CC_MCP_META_PREFIX
                                          "protocolVersion\"] is missing");
        }

    } else if (post && post->version.data
               && !ngx_cc_mcp_meta_legacy(&post->version))
    {
        meta->requested = post->version;

        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_UNSUPPORTED,
                                      "MCP-Protocol-Version: \"%V\" is not "
                                      "supported", &post->version);
    }

    if (version && ngx_cc_mcp_meta_claim(meta, rq, m, post) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (meta->modern && post
        && ngx_cc_mcp_meta_headers(meta, rq, post) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_cc_mcp_meta_extras(meta, m);
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


/* what _meta must hold, and the version it names */

static ngx_int_t
ngx_cc_mcp_meta_claim(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_value_t *m, ngx_cc_mcp_post_t *post)
{
    ngx_cc_value_t  *v, *version;

    version = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX
                                       "protocolVersion");

    if (version->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "protocolVersion\"] must be a string");
    }

    if (post && post->version.data
        && (post->version.len != version->text.len
            || ngx_memcmp(post->version.data, version->text.data,
                          version->text.len) != 0))
    {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header MCP-Protocol-Version is "
                                      "\"%V\", params._meta says \"%V\"",
                                      &post->version, &version->text);
    }

    if (!ngx_cc_mcp_meta_is(&version->text, NGX_CC_MCP_MODERN)) {
        meta->requested = version->text;

        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_UNSUPPORTED,
                                      "protocol version \"%V\" is not "
                                      "supported in params._meta",
                                      &version->text);
    }

    v = ngx_cc_request_member(m, NGX_CC_MCP_META_PREFIX "clientCapabilities");

    if (rq->id && (v == NULL || v->type != NGX_CC_VALUE_OBJECT)) {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_ERROR_PARAMS,
                                      "params._meta[\"" NGX_CC_MCP_META_PREFIX
                                      "clientCapabilities\"] must be an "
                                      "object");
    }

    return NGX_OK;
}


/*
 * "Standard Request Headers": what is there must agree with the body; requests
 * must have them, notifications need not.
 */

static ngx_int_t
ngx_cc_mcp_meta_headers(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post)
{
    if (post->method.data
        && (post->method.len != rq->method.len
            || ngx_memcmp(post->method.data, rq->method.data, rq->method.len)
               != 0))
    {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header Mcp-Method is \"%V\", the "
                                      "method is \"%V\"", &post->method,
                                      &rq->method);
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
    u_char           buf[NGX_CC_MCP_META_NAME];
    size_t           n;
    ngx_str_t        name, src;
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

    if (name.len != v->text.len
        || ngx_memcmp(name.data, v->text.data, name.len) != 0)
    {
        return ngx_cc_mcp_meta_refuse(meta, NGX_CC_MCP_MISMATCH,
                                      "the header Mcp-Name is \"%V\", "
                                      "params.%s is \"%V\"", &post->name,
                                      source[i].member, &v->text);
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
    meta->len = p - meta->text;

    return NGX_DECLINED;
}
