
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_native_read.h"


#define NGX_CC_NATIVE_READ_DIGITS  15    /* any number that every client can
                                            tell */


static ngx_cc_value_t *ngx_cc_native_read_member(ngx_cc_value_t *params,
    const char *name);


void
ngx_cc_native_error(ngx_cc_native_t *s, ngx_int_t code, const char *fmt, ...)
{
    u_char    text[NGX_CC_SPEC_TEXT], *last;
    va_list   args;

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    ngx_cc_message_refuse(&s->base.answers, &s->asked.id, code, text,
                          last - text);
}


/* null is as good as nothing */

static ngx_cc_value_t *
ngx_cc_native_read_member(ngx_cc_value_t *params, const char *name)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, name);

    return (v && v->type != NGX_CC_VALUE_NULL) ? v : NULL;
}


ngx_int_t
ngx_cc_native_read_number(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, int64_t min, int64_t max, int64_t *value)
{
    u_char          *p, *last;
    int64_t          n;
    ngx_uint_t       negative;
    ngx_cc_value_t  *v;

    v = ngx_cc_native_read_member(params, name);

    if (v == NULL) {
        return NGX_DECLINED;
    }

    if (v->type == NGX_CC_VALUE_NUMBER) {

        n = 0;
        p = v->text.data;
        last = p + v->text.len;
        negative = (*p == '-');
        p += negative;

        if (last - p <= NGX_CC_NATIVE_READ_DIGITS) {

            while (p < last && *p >= '0' && *p <= '9') {
                n = n * 10 + (*p++ - '0');
            }

            n = negative ? -n : n;

            if (p == last && n >= min && n <= max) {
                *value = n;
                return NGX_OK;
            }
        }
    }

    if (max > 100000000000000) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.%s must be a whole number of bytes", name);

    } else {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.%s must be a whole number from %L to %L",
                            name, min, max);
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_cc_native_read_word(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, const char *no, const char *yes, ngx_uint_t *value)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_native_read_member(params, name);

    if (v == NULL) {
        return NGX_DECLINED;
    }

    if (v->type == NGX_CC_VALUE_STRING) {

        if (ngx_strcmp(v->text.data, no) == 0) {
            *value = 0;
            return NGX_OK;
        }

        if (ngx_strcmp(v->text.data, yes) == 0) {
            *value = 1;
            return NGX_OK;
        }
    }

    ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                        "params.%s must be \"%s\" or \"%s\"", name, no, yes);
    return NGX_ERROR;
}


ngx_int_t
ngx_cc_native_read_flag(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, ngx_uint_t *value)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_native_read_member(params, name);

    if (v == NULL) {
        return NGX_DECLINED;
    }

    if (v->type != NGX_CC_VALUE_BOOL) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.%s must be a boolean", name);
        return NGX_ERROR;
    }

    *value = v->number;

    return NGX_OK;
}


ngx_int_t
ngx_cc_native_read_string(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, ngx_str_t *value)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_native_read_member(params, name);

    if (v == NULL) {
        return NGX_DECLINED;
    }

    if (v->type != NGX_CC_VALUE_STRING) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.%s must be a string", name);
        return NGX_ERROR;
    }

    *value = v->text;

    return NGX_OK;
}


ngx_int_t
ngx_cc_native_read_id(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_handle_t *handle)
{
    ngx_int_t  rc;
    ngx_str_t  id, node;

    rc = ngx_cc_native_read_string(s, params, "execution_id", &id);

    if (rc == NGX_DECLINED) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.execution_id is missing");
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_cc_node_handle(&id, handle, &node);

    if (rc == NGX_BUSY) {
        ngx_cc_message_elsewhere(&s->base.answers, &s->asked.id, &node);
        return NGX_ERROR;
    }

    return rc;
}


ngx_cc_native_command_t *
ngx_cc_native_read_here(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    ngx_queue_t              *q;
    ngx_cc_value_t           *id;
    ngx_cc_native_command_t  *ps;

    id = ngx_cc_native_read_member(params, "execution_id");

    if (id == NULL || id->type != NGX_CC_VALUE_STRING) {
        return NULL;
    }

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (ngx_cc_native_read_same(&id->text, ps)) {
            return ps;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_cc_native_read_same(const ngx_str_t *text,
    const ngx_cc_native_command_t *ps)
{
    ngx_str_t  node, digits;

    return !ngx_cc_node_split(text, &node, &digits)
           && digits.len == NGX_CC_HANDLE_TEXT
           && ngx_memcmp(digits.data, ps->cmd->id, NGX_CC_HANDLE_TEXT) == 0;
}


ngx_int_t
ngx_cc_native_read_may(ngx_cc_native_t *s, const ngx_cc_native_command_t *ps,
    uint32_t rights)
{
    uint32_t  flags;

    flags = ps->cmd->attached.flags;

    if (!ps->attach || ps->cmd->state == NGX_CC_COMMAND_WAITING
        || (flags & rights))
    {
        return NGX_OK;
    }

    ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                        flags & NGX_CC_ATTACH_OBSERVER
                        ? "this session only observes this process, which is "
                          "somebody else's or another connection's"
                        : "this session may only read from this process: "
                          "attach with params.mode \"write\"");

    return NGX_DECLINED;
}
