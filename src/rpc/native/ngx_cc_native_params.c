
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_params.h"
#include "ngx_cc_native_terminal.h"
#include "ngx_cc_message.h"
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_spec_place.h"

static ngx_int_t ngx_cc_native_params_stdin(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_params_choice(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params, const char *name, const char *no,
    const char *yes);
static ngx_uint_t ngx_cc_native_params_null(ngx_cc_value_t *params,
    const char *name);
static ngx_int_t ngx_cc_native_params_absent(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_params_keep(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool);
static ngx_int_t ngx_cc_native_params_time(ngx_cc_native_params_t *ex,
    ngx_cc_value_t *params, const char *name, ngx_msec_t limit,
    ngx_msec_t *time);


ngx_int_t
ngx_cc_native_params_check(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool)
{
    ngx_int_t  rc;

    ngx_memzero(ex, sizeof(ngx_cc_native_params_t));
    ngx_cc_spec_init(&ex->spec, "params");

    if (ngx_cc_native_params_absent(ex, conf, params) != NGX_OK
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

    if (ngx_cc_native_params_encoding(params, &ex->encoding) != NGX_OK) {
        return ngx_cc_spec_wrong(&ex->spec, NGX_CC_NATIVE_PARAMS_ENCODING);
    }

    rc = ngx_cc_spec_check(&ex->spec, conf, params, pool);

    if (rc == NGX_OK) {
        rc = ngx_cc_native_params_keep(ex, conf, params, pool);
    }

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


ngx_int_t
ngx_cc_native_params_encoding(ngx_cc_value_t *params,
    ngx_cc_native_encoding_e *encoding)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v;

    static const char  *words[] = { "utf-8", "base64", "binary" };

    *encoding = NGX_CC_NATIVE_UTF8;
    v = ngx_cc_request_member(params, "encoding");

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    for (i = 0; v->type == NGX_CC_VALUE_STRING && i < 3; i++) {
        if (ngx_strcmp(v->text.data, words[i]) == 0) {
            *encoding = (ngx_cc_native_encoding_e) i;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
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
ngx_cc_native_params_absent(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params)
{
    ngx_int_t        rc;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "on_disconnect");

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (conf->command.keep.enable != 1) {

        if (v->type != NGX_CC_VALUE_STRING
            || ngx_strcmp(v->text.data, "kill") != 0)
        {
            return ngx_cc_spec_wrong(&ex->spec, "on_disconnect: only \"kill\" "
                                     "is allowed here");
        }

        return NGX_OK;
    }

    rc = ngx_cc_native_params_choice(ex, params, "on_disconnect", "kill",
                                     "keep");
    ex->kept = (rc == 1);

    return rc == NGX_DECLINED ? NGX_DECLINED : NGX_OK;
}


/* what belongs to kept commands only; and what they belong to */

static ngx_int_t
ngx_cc_native_params_keep(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_cc_value_t      *v;
    ngx_cc_keep_conf_t  *keep;

    static const char  *names[] = { "label", "overflow", "keep_ttl", "flow" };

    if (!ex->kept) {

        for (i = 0; i < 4; i++) {
            v = ngx_cc_request_member(params, names[i]);

            if (v && v->type != NGX_CC_VALUE_NULL) {
                return ngx_cc_spec_wrong(&ex->spec, "%s is for on_disconnect "
                                         "\"keep\"", names[i]);
            }
        }

        return NGX_OK;
    }

    keep = &conf->command.keep;
    ex->keep.ttl = keep->ttl;

    v = ngx_cc_request_member(params, "label");

    if (ngx_cc_spec_keep_label(&ex->spec, v, &ex->keep.label) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_cc_native_params_choice(ex, params, "overflow", "block", "drop");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->keep.drop = (rc == 1);
    rc = ngx_cc_native_params_choice(ex, params, "flow", "lossless", "lossy");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->keep.lossy = (rc == 1);

    if (ngx_cc_native_params_time(ex, params, "keep_ttl", keep->ttl,
                                  &ex->keep.ttl)
        != NGX_OK
        || ngx_cc_native_params_time(ex, params, "timeout", keep->timeout,
                                     &ex->spec.command.timeout)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ex->keep.shown = ngx_cc_spec_keep_shown(&ex->spec, pool);

    if (ex->keep.shown == NULL) {
        return NGX_ERROR;
    }

    ex->spec.command.keep = &ex->keep;

    return NGX_OK;
}


/* seconds, with the server's value as default and limit: longer is cut */

static ngx_int_t
ngx_cc_native_params_time(ngx_cc_native_params_t *ex, ngx_cc_value_t *params,
    const char *name, ngx_msec_t limit, ngx_msec_t *time)
{
    double           seconds;
    ngx_cc_value_t  *v;

    *time = limit;
    v = ngx_cc_request_member(params, name);

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    seconds = (v->type == NGX_CC_VALUE_NUMBER)
              ? strtod((char *) v->text.data, NULL) : -1;

    if (!(seconds > 0)) {
        return ngx_cc_spec_wrong(&ex->spec, "%s must be a number of seconds, "
                                 "more than 0", name);
    }

    if (seconds < NGX_MAX_INT32_VALUE / 1000
        && (limit == 0 || seconds * 1000 < limit))
    {
        *time = ngx_max(1, (ngx_msec_t) (seconds * 1000));
    }

    return NGX_OK;
}
