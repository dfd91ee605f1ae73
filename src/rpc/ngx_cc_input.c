
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_input.h"


#define NGX_CC_INPUT_DIGITS   15     /* of an offset: any whole number of JSON
                                        that every client can tell */


static ngx_int_t ngx_cc_input_bytes(ngx_cc_input_t *in,
    ngx_cc_value_t *params, ngx_pool_t *pool);
static ngx_int_t ngx_cc_input_offset(ngx_cc_input_t *in, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_input_wrong(ngx_cc_input_t *in, const char *error);


ngx_int_t
ngx_cc_input_check(ngx_cc_input_t *in, ngx_cc_value_t *params,
    ngx_pool_t *pool)
{
    ngx_cc_value_t  *eof, *offset;

    ngx_memzero(in, sizeof(ngx_cc_input_t));

    eof = ngx_cc_request_member(params, "eof");

    if (eof && eof->type != NGX_CC_VALUE_BOOL) {
        return ngx_cc_input_wrong(in, "params.eof must be a boolean");
    }

    in->eof = (eof && eof->number);
    offset = ngx_cc_request_member(params, "offset");

    if (offset && offset->type != NGX_CC_VALUE_NULL
        && ngx_cc_input_offset(in, offset) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_cc_input_bytes(in, params, pool);
}


static ngx_int_t
ngx_cc_input_bytes(ngx_cc_input_t *in, ngx_cc_value_t *params,
    ngx_pool_t *pool)
{
    ngx_cc_value_t  *text, *base64;

    text = ngx_cc_request_member(params, "data");
    base64 = ngx_cc_request_member(params, "data_base64");

    if (text && base64) {
        return ngx_cc_input_wrong(in, "params.data_base64 is given instead of "
                                  "params.data, not beside it");
    }

    if (text) {
        if (text->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_input_wrong(in, "params.data must be a string");
        }

        in->data = text->text;
        return NGX_OK;
    }

    if (base64 == NULL) {
        return in->eof ? NGX_OK
                       : ngx_cc_input_wrong(in, "params.data, "
                                            "params.data_base64 or params.eof "
                                            "is needed");
    }

    if (base64->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_input_wrong(in, "params.data_base64 must be a string");
    }

    in->data.data = ngx_pnalloc(pool,
                                ngx_base64_decoded_length(base64->text.len)
                                + 1);
    if (in->data.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&in->data, &base64->text) != NGX_OK) {
        return ngx_cc_input_wrong(in, "params.data_base64 is not base64");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_input_offset(ngx_cc_input_t *in, ngx_cc_value_t *v)
{
    size_t  i;

    if (v->type == NGX_CC_VALUE_NUMBER && v->text.len <= NGX_CC_INPUT_DIGITS) {

        for (i = 0; i < v->text.len; i++) {
            if (v->text.data[i] < '0' || v->text.data[i] > '9') {
                break;
            }

            in->offset = in->offset * 10 + v->text.data[i] - '0';
        }

        if (i == v->text.len) {
            in->placed = 1;
            return NGX_OK;
        }
    }

    return ngx_cc_input_wrong(in, "params.offset must be a whole number of "
                              "bytes");
}


static ngx_int_t
ngx_cc_input_wrong(ngx_cc_input_t *in, const char *error)
{
    in->error = error;

    return NGX_DECLINED;
}
