
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_message.h"
#include "ngx_cc_spec.h"
#include "ngx_cc_utf8.h"


void
ngx_cc_mcp_reply_status(ngx_cc_mcp_reply_t *rp, ngx_uint_t status)
{
    if (rp->post) {
        rp->post->status = status;
    }
}


ngx_int_t
ngx_cc_mcp_reply_refuse(ngx_cc_mcp_reply_t *rp, ngx_int_t code,
    ngx_uint_t status, const char *fmt, ...)
{
    u_char      text[NGX_CC_SPEC_TEXT], *last;
    va_list     args;
    ngx_str_t  *id, null = ngx_string("null");

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    if (rp->notification) {
        status = ngx_max(status, 400);
    }

    ngx_cc_mcp_reply_status(rp, status);

    /* an error without an id is better than no answer */

    id = rp->id.len ? &rp->id : &null;

    if (rp->notification) {
        id = rp->post ? NULL : &rp->id;
    }

    ngx_cc_message_refuse(rp->answers, id, code, text,
                         ngx_cc_utf8_cut(text, last - text));

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_reply_unsupported(ngx_cc_mcp_reply_t *rp,
    ngx_cc_mcp_meta_t *meta)
{
    ngx_str_t  null = ngx_string("null");

    if (rp->notification && rp->post == NULL) {
        return NGX_OK;
    }

    ngx_cc_mcp_reply_status(rp, 400);

    if (rp->id.len == 0) {
        rp->id = null;
    }

    if (ngx_cc_mcp_reply_begin(rp, 256 + NGX_CC_JSON_MAX_ESCAPE
                                  * (meta->len + NGX_CC_MCP_REPLY_ECHO))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&rp->w, "\"error\":{\"code\":");
    ngx_cc_json_int(&rp->w, NGX_CC_MCP_UNSUPPORTED);
    ngx_cc_json_lit(&rp->w, ",\"message\":");
    ngx_cc_json_string(&rp->w, meta->text, meta->len);
    ngx_cc_json_lit(&rp->w, ",\"data\":{\"supported\":");
    ngx_cc_mcp_meta_supported(&rp->w, meta->modern);
    ngx_cc_json_lit(&rp->w, ",\"requested\":");
    ngx_cc_mcp_reply_echo(rp, &meta->requested);
    ngx_cc_json_lit(&rp->w, "}}}");

    return ngx_cc_mcp_reply_put(rp);
}


ngx_int_t
ngx_cc_mcp_reply_begin(ngx_cc_mcp_reply_t *rp, size_t size)
{
    size += rp->id.len + 512;
    rp->out = ngx_pnalloc(rp->pool, size);

    if (rp->out == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_message_writer(&rp->w, rp->out, size);
    ngx_cc_message_answer(&rp->w, rp->notification ? NULL : &rp->id);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_reply_result(ngx_cc_mcp_reply_t *rp, size_t size)
{
    if (ngx_cc_mcp_reply_begin(rp, size) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&rp->w, "\"result\":{");

    if (rp->modern) {
        ngx_cc_json_lit(&rp->w, "\"resultType\":\"complete\"");
    }

    return NGX_OK;
}


void
ngx_cc_mcp_reply_member(ngx_cc_mcp_reply_t *rp, const char *text)
{
    if (rp->w.pos[-1] != '{') {
        ngx_cc_json_lit(&rp->w, ",");
    }

    ngx_cc_json_raw(&rp->w, text, ngx_strlen(text));
}


ngx_int_t
ngx_cc_mcp_reply_end(ngx_cc_mcp_reply_t *rp, ngx_uint_t cacheable)
{
    if (rp->modern) {

        if (cacheable) {
            /* it is what this caller may do here */
            ngx_cc_mcp_reply_member(rp, "\"ttlMs\":60000,\"cacheScope\":"
                                    "\"private\"");
        }

        ngx_cc_mcp_reply_member(rp, "\"_meta\":{" NGX_CC_MCP_SERVER "}");
    }

    ngx_cc_json_lit(&rp->w, "}}");

    return ngx_cc_mcp_reply_put(rp);
}


void
ngx_cc_mcp_reply_echo(ngx_cc_mcp_reply_t *rp, ngx_str_t *s)
{
    size_t  n;

    n = s->len;

    if (n > NGX_CC_MCP_REPLY_ECHO) {
        n = ngx_cc_utf8_cut(s->data, NGX_CC_MCP_REPLY_ECHO);
    }

    ngx_cc_json_string(&rp->w, s->data, n);
}


ngx_int_t
ngx_cc_mcp_reply_put(ngx_cc_mcp_reply_t *rp)
{
    if (rp->w.overflow) {
        /* never half a message */

        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_INTERNAL, 500,
                                       "the answer is too long");
    }

    return ngx_cc_answers_put(rp->answers, rp->out, rp->w.pos - rp->out);
}
