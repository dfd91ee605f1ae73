
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_params.h"
#include "ngx_cc_native_terminal.h"
#include "ngx_cc_message.h"
#include "ngx_cc_spec_place.h"


static ngx_int_t ngx_cc_native_params_stdin(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_params_choice(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params, const char *name, const char *no,
    const char *yes);
static ngx_uint_t ngx_cc_native_params_null(ngx_cc_value_t *params,
    const char *name);
static ngx_int_t ngx_cc_native_params_absent(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params);


ngx_int_t
ngx_cc_native_params_check(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool)
{
    ngx_int_t  rc;

    ngx_memzero(ex, sizeof(ngx_cc_native_params_t));
    ngx_cc_spec_init(&ex->spec, "params");

    if (ngx_cc_native_params_absent(ex, params) != NGX_OK
        || ngx_cc_native_terminal_tty(&ex->spec, conf, params) != NGX_OK
        || ngx_cc_native_params_stdin(ex, params) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_cc_native_params_choice(ex, params, "output", "line", "chunk");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    /* an echo that waits for the end of its line is none */

    ex->chunk = (rc == 1
                 || (ex->spec.command.cols
                     && ngx_cc_native_params_null(params, "output")));

    rc = ngx_cc_native_params_choice(ex, params, "stderr", "separate",
                                     "merge");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->spec.command.merge = (rc == 1 && ex->spec.command.cols == 0);
    rc = ngx_cc_native_params_choice(ex, params, "encoding", "utf-8", "base64");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->base64 = (rc == 1);

    rc = ngx_cc_spec_check(&ex->spec, conf, params, pool);

    if (rc != NGX_OK || ex->spec.command.cols == 0) {
        return rc;
    }

    return ngx_cc_spec_place_term(&ex->spec, conf, NGX_CC_NATIVE_TERM, pool);
}


ngx_int_t
ngx_cc_native_params_code(ngx_cc_refused_e refused)
{
    switch (refused) {

    case NGX_CC_REFUSED_NOT:
        return 0;

    case NGX_CC_REFUSED_PARAMS:
        return NGX_CC_ERROR_PARAMS;

    case NGX_CC_REFUSED_POLICY:
        return NGX_CC_ERROR_NOT_ALLOWED;

    case NGX_CC_REFUSED_LIMIT:
        return NGX_CC_ERROR_LIMIT;

    default:
        return NGX_CC_ERROR_INTERNAL;
    }
}


static ngx_int_t
ngx_cc_native_params_stdin(ngx_cc_native_params_t *ex, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *data, *open;

    data = ngx_cc_request_member(params, "stdin");
    open = ngx_cc_request_member(params, "open_stdin");

    if (data && data->type != NGX_CC_VALUE_NULL) {
        if (data->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_spec_wrong(&ex->spec, "stdin must be a string");
        }

        ex->stdin_data = data->text;
        ex->stdin_given = 1;
    }

    if (open && open->type != NGX_CC_VALUE_NULL) {
        if (open->type != NGX_CC_VALUE_BOOL) {
            return ngx_cc_spec_wrong(&ex->spec,
                                     "open_stdin must be a boolean");
        }

        ex->stdin_stays = open->number;
    }

    ex->spec.command.open_stdin = (ex->stdin_given || ex->stdin_stays
                                   || ex->spec.command.cols);

    return NGX_OK;
}


/* one of two words: 0 for the first and for none, 1 for the second */

static ngx_int_t
ngx_cc_native_params_choice(ngx_cc_native_params_t *ex, ngx_cc_value_t *params,
    const char *name, const char *no, const char *yes)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, name);

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return 0;
    }

    if (v->type == NGX_CC_VALUE_STRING) {
        if (ngx_strcmp(v->text.data, no) == 0) {
            return 0;
        }

        if (ngx_strcmp(v->text.data, yes) == 0) {
            return 1;
        }
    }

    return ngx_cc_spec_wrong(&ex->spec, "%s must be \"%s\" or \"%s\"", name,
                             no, yes);
}


static ngx_uint_t
ngx_cc_native_params_null(ngx_cc_value_t *params, const char *name)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, name);

    return v == NULL || v->type == NGX_CC_VALUE_NULL;
}


/* what this location does not let a client choose */

static ngx_int_t
ngx_cc_native_params_absent(ngx_cc_native_params_t *ex, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "on_disconnect");

    if (v && v->type != NGX_CC_VALUE_NULL
        && (v->type != NGX_CC_VALUE_STRING
            || ngx_strcmp(v->text.data, "kill") != 0))
    {
        return ngx_cc_spec_wrong(&ex->spec, "on_disconnect: only \"kill\" is "
                                 "allowed here");
    }

    return NGX_OK;
}
