
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_names.h"
#include "ngx_cc_native_terminal.h"


#define NGX_CC_NATIVE_TERMINAL_COLS  80
#define NGX_CC_NATIVE_TERMINAL_ROWS  24


static ngx_int_t ngx_cc_native_terminal_number(ngx_cc_value_t *v,
    ngx_int_t max);
static ngx_int_t ngx_cc_native_terminal_side(ngx_cc_spec_t *spec,
    ngx_cc_value_t *tty, const char *name, uint16_t *side);


static const char  *ngx_cc_native_terminal_targets[] = {
    "tree", "group", "foreground"
};


ngx_int_t
ngx_cc_native_terminal_tty(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *params)
{
    ngx_cc_value_t         *v, *echo;
    ngx_cc_command_spec_t  *command;

    v = ngx_cc_request_member(params, "tty");

    if (v == NULL || v->type == NGX_CC_VALUE_NULL
        || (v->type == NGX_CC_VALUE_BOOL && !v->number))
    {
        return NGX_OK;
    }

    if (!conf->tty) {
        return ngx_cc_spec_wrong(spec, "tty is not allowed here "
                                 "(cc_executor_tty is off)");
    }

    if (v->type != NGX_CC_VALUE_BOOL && v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_spec_wrong(spec, "tty must be true or an object with "
                                 "cols, rows and echo");
    }

    command = &spec->command;
    command->cols = NGX_CC_NATIVE_TERMINAL_COLS;
    command->rows = NGX_CC_NATIVE_TERMINAL_ROWS;

    if (v->type == NGX_CC_VALUE_BOOL) {
        return NGX_OK;
    }

    if (ngx_cc_native_terminal_side(spec, v, "cols", &command->cols) != NGX_OK
        || ngx_cc_native_terminal_side(spec, v, "rows", &command->rows)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    echo = ngx_cc_request_member(v, "echo");

    if (echo && echo->type != NGX_CC_VALUE_NULL) {

        if (echo->type != NGX_CC_VALUE_BOOL) {
            return ngx_cc_spec_wrong(spec, "tty.echo must be a boolean");
        }

        command->noecho = !echo->number;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_terminal_side(ngx_cc_spec_t *spec, ngx_cc_value_t *tty,
    const char *name, uint16_t *side)
{
    ngx_int_t        n;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(tty, name);

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    n = ngx_cc_native_terminal_number(v, NGX_CC_WIRE_MAX_SIDE);

    if (n == NGX_ERROR) {
        return ngx_cc_spec_wrong(spec, "tty.%s must be a whole number from 1 "
                                 "to %d", name, NGX_CC_WIRE_MAX_SIDE);
    }

    *side = n;

    return NGX_OK;
}


const char *
ngx_cc_native_terminal_size(ngx_cc_value_t *params, uint16_t *cols,
    uint16_t *rows)
{
    ngx_int_t  c, r;

    c = ngx_cc_native_terminal_number(ngx_cc_request_member(params, "cols"),
                                      NGX_CC_WIRE_MAX_SIDE);
    r = ngx_cc_native_terminal_number(ngx_cc_request_member(params, "rows"),
                                      NGX_CC_WIRE_MAX_SIDE);

    if (c == NGX_ERROR) {
        return "params.cols must be a whole number from 1 to 1000";
    }

    if (r == NGX_ERROR) {
        return "params.rows must be a whole number from 1 to 1000";
    }

    *cols = c;
    *rows = r;

    return NULL;
}


const char *
ngx_cc_native_terminal_signal(ngx_cc_value_t *params,
    ngx_cc_native_signal_t *signal)
{
    ngx_int_t        n;
    ngx_uint_t       i;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "signal");

    if (v && v->type == NGX_CC_VALUE_STRING) {
        n = ngx_cc_names_signo((char *) v->text.data);
        n = n ? n : NGX_ERROR;

    } else {
        n = ngx_cc_native_terminal_number(v, 64);
    }

    if (n == NGX_ERROR) {
        return "params.signal must be the name of a signal, as \"INT\", or a "
               "number from 1 to 64";
    }

    signal->signo = n;
    signal->to = NGX_CC_SIGNAL_TREE;

    v = ngx_cc_request_member(params, "to");

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NULL;
    }

    for (i = 0; v->type == NGX_CC_VALUE_STRING && i < NGX_CC_SIGNAL_TARGETS;
         i++)
    {
        if (ngx_strcmp(v->text.data, ngx_cc_native_terminal_targets[i]) == 0) {
            signal->to = i;
            return NULL;
        }
    }

    return "params.to must be \"tree\", \"group\" or \"foreground\"";
}


const char *
ngx_cc_native_terminal_target(ngx_cc_signal_target_e to)
{
    return ngx_cc_native_terminal_targets[to];
}


/* a whole number from 1 to max, else NGX_ERROR; also of none */

static ngx_int_t
ngx_cc_native_terminal_number(ngx_cc_value_t *v, ngx_int_t max)
{
    size_t     i;
    ngx_int_t  n;

    if (v == NULL || v->type != NGX_CC_VALUE_NUMBER) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < v->text.len && n <= max; i++) {

        if (v->text.data[i] < '0' || v->text.data[i] > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + v->text.data[i] - '0';
    }

    return (n >= 1 && n <= max) ? n : NGX_ERROR;
}
