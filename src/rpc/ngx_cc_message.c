
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_zone.h"


#define NGX_CC_MESSAGE_NUMBER  64        /* bytes of a number that is read */
#define NGX_CC_MESSAGE_EXACT   9007199254740992.0


void
ngx_cc_message_writer(ngx_cc_json_t *w, u_char *p, size_t room)
{
    w->pos = p;
    w->end = p + room;
    w->overflow = 0;
}


ngx_int_t
ngx_cc_message_text(ngx_cc_value_t *v, ngx_pool_t *pool, ngx_str_t *text)
{
    size_t         size;
    ngx_cc_json_t  w;

    if (v->type == NGX_CC_VALUE_NUMBER) {
        *text = v->text;
        return NGX_OK;
    }

    size = v->text.len * NGX_CC_JSON_MAX_ESCAPE + 2;
    text->data = ngx_pnalloc(pool, size);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_message_writer(&w, text->data, size);
    ngx_cc_json_string(&w, v->text.data, v->text.len);
    text->len = w.pos - text->data;

    return NGX_OK;
}


ngx_int_t
ngx_cc_message_canonical(ngx_cc_value_t *v, ngx_pool_t *pool, ngx_str_t *text)
{
    char    number[NGX_CC_MESSAGE_NUMBER];
    double  d;

    if (v->type == NGX_CC_VALUE_NUMBER && v->text.len < sizeof(number)) {

        ngx_memcpy(number, v->text.data, v->text.len);
        number[v->text.len] = '\0';
        d = strtod(number, NULL);

        if (d >= -NGX_CC_MESSAGE_EXACT && d <= NGX_CC_MESSAGE_EXACT
            && d == (double) (int64_t) d)
        {
            text->data = ngx_pnalloc(pool, NGX_INT64_LEN);

            if (text->data == NULL) {
                return NGX_ERROR;
            }

            text->len = ngx_slprintf(text->data, text->data + NGX_INT64_LEN,
                                     "%L", (int64_t) d)
                        - text->data;
            return NGX_OK;
        }
    }

    return ngx_cc_message_text(v, pool, text);
}


ngx_int_t
ngx_cc_message_asked(ngx_cc_asked_t *asked, ngx_cc_value_t *id,
    ngx_pool_t *pool)
{
    ngx_str_null(&asked->id);
    ngx_str_null(&asked->more);

    if (id == NULL) {
        return NGX_OK;
    }

    if (id->type == NGX_CC_VALUE_NULL) {
        ngx_str_set(&asked->id, "null");
        return NGX_OK;
    }

    return ngx_cc_message_text(id, pool, &asked->id);
}


void
ngx_cc_message_answer(ngx_cc_json_t *w, ngx_str_t *id)
{
    ngx_cc_json_lit(w, "{\"jsonrpc\":\"2.0\",");

    if (id) {
        ngx_cc_json_lit(w, "\"id\":");
        ngx_cc_json_raw(w, id->data, id->len);
        ngx_cc_json_lit(w, ",");
    }
}


void
ngx_cc_message_refuse(ngx_cc_answers_t *answers, ngx_str_t *id, ngx_int_t code,
    const void *text, size_t len)
{
    size_t  n;
    u_char  buf[NGX_CC_MESSAGE_SIZE];

    if (code == NGX_CC_ERROR_PARSE || code == NGX_CC_ERROR_REQUEST
        || code == NGX_CC_ERROR_METHOD || code == NGX_CC_ERROR_PARAMS)
    {
        ngx_cc_zone_refused(NGX_CC_REASON_REQUEST);
    }

    if (id == NULL || id->len) {
        n = ngx_cc_message_error(buf, sizeof(buf), id, code, text, len);
        (void) ngx_cc_answers_put(answers, buf, n);
    }
}


size_t
ngx_cc_message_error(u_char *p, size_t room, ngx_str_t *id, ngx_int_t code,
    const void *text, size_t len)
{
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_message_answer(&w, id);
    ngx_cc_json_lit(&w, "\"error\":{\"code\":");
    ngx_cc_json_int(&w, code);
    ngx_cc_json_lit(&w, ",\"message\":");
    ngx_cc_json_string(&w, text, len);
    ngx_cc_json_lit(&w, "}}");

    return w.pos - p;
}


void
ngx_cc_message_elsewhere(ngx_cc_answers_t *answers, ngx_str_t *id,
    const ngx_str_t *node)
{
    u_char         buf[1024 + NGX_CC_JSON_MAX_ESCAPE * NGX_CC_REQUEST_ID];
    ngx_cc_json_t  w;

    if (id && id->len == 0) {
        return;
    }

    ngx_cc_message_writer(&w, buf, sizeof(buf));
    ngx_cc_message_answer(&w, id);
    ngx_cc_json_lit(&w, "\"error\":{\"code\":");
    ngx_cc_json_int(&w, NGX_CC_ERROR_NODE);
    ngx_cc_json_lit(&w, ",\"message\":\"this process belongs to the node ");
    ngx_cc_json_raw(&w, node->data, node->len);
    ngx_cc_json_lit(&w, ": ask there\",\"data\":{\"node\":\"");
    ngx_cc_json_raw(&w, node->data, node->len);
    ngx_cc_json_lit(&w, "\"}}}");

    (void) ngx_cc_answers_put(answers, buf, w.pos - buf);
}


void
ngx_cc_message_execution(ngx_cc_json_t *w, const u_char *id, ngx_uint_t named)
{
    u_char  prefix[NGX_CC_NODE_PREFIX];

    if (named) {
        ngx_cc_json_raw(w, prefix, ngx_cc_node_prefix(prefix) - prefix);
    }

    ngx_cc_json_raw(w, id, NGX_CC_HANDLE_TEXT);
}
