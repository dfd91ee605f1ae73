
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_arguments.h"


#define NGX_CC_MCP_ARGUMENTS_DIGITS  15  /* of a number in a string */


static ngx_int_t ngx_cc_mcp_arguments_spec(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);
static ngx_int_t ngx_cc_mcp_arguments_env(ngx_cc_value_t *env,
    ngx_pool_t *pool);
static ngx_int_t ngx_cc_mcp_arguments_stdin(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *arguments, ngx_pool_t *pool);
static ngx_int_t ngx_cc_mcp_arguments_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_on_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_output(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *v);
static ngx_cc_value_t *ngx_cc_mcp_arguments_given(ngx_cc_value_t *arguments,
    const char *name);
static ngx_int_t ngx_cc_mcp_arguments_integer(ngx_cc_value_t *v, uint64_t *n);


ngx_int_t
ngx_cc_mcp_arguments_execute(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_int_t  rc;

    ngx_memzero(ex, sizeof(ngx_cc_mcp_execute_t));
    ngx_cc_spec_init(&ex->spec, "arguments");

    rc = ngx_cc_mcp_arguments_stdin(ex, arguments, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_cc_mcp_arguments_on_timeout(ex,
                           ngx_cc_mcp_arguments_given(arguments, "on_timeout"))
        != NGX_OK
        || ngx_cc_mcp_arguments_output(ex,
                     ngx_cc_mcp_arguments_given(arguments, "max_output_bytes"))
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_cc_mcp_arguments_spec(ex, conf, arguments, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    ex->spec.command.open_stdin = ex->stdin_given;

    return ngx_cc_mcp_arguments_timeout(ex, conf,
                          ngx_cc_mcp_arguments_given(arguments, "timeout_ms"));
}


/*
 * Only what the schema names: "args" and "timeout" mean something in the native
 * dialect, and nothing here.
 */

static ngx_int_t
ngx_cc_mcp_arguments_spec(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v, params, member[3];

    ngx_memzero(&params, sizeof(ngx_cc_value_t));
    params.type = NGX_CC_VALUE_OBJECT;

    for (i = 0; i < 3; i++) {

        if (i == 0) {
            v = ngx_cc_request_member(arguments, "command");

        } else {
            v = ngx_cc_mcp_arguments_given(arguments, i == 1 ? "cwd" : "env");
        }

        if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
            continue;
        }

        member[i] = *v;
        member[i].next = params.first;
        params.first = &member[i];
        params.number++;

        if (i == 2 && v->type == NGX_CC_VALUE_OBJECT
            && ngx_cc_mcp_arguments_env(&member[i], pool) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_cc_spec_check(&ex->spec, conf, &params, pool);
}


/* a variable that is null is not given, either */

static ngx_int_t
ngx_cc_mcp_arguments_env(ngx_cc_value_t *env, ngx_pool_t *pool)
{
    ngx_cc_value_t  *v, *copy;

    copy = ngx_palloc(pool, env->number * sizeof(ngx_cc_value_t));

    if (copy == NULL) {
        return NGX_ERROR;
    }

    v = env->first;
    env->first = NULL;
    env->number = 0;

    for ( /* void */ ; v; v = v->next) {

        if (v->type == NGX_CC_VALUE_NULL) {
            continue;
        }

        *copy = *v;
        copy->next = env->first;
        env->first = copy++;
        env->number++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_arguments_stdin(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_str_t        bytes;
    ngx_cc_value_t  *text, *base64;

    text = ngx_cc_mcp_arguments_given(arguments, "stdin");
    base64 = ngx_cc_mcp_arguments_given(arguments, "stdin_base64");

    if (text && base64) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin_base64 is given instead of "
                                 "arguments.stdin, not beside it");
    }

    if (text == NULL && base64 == NULL) {
        return NGX_OK;
    }

    ex->stdin_given = 1;

    if (text) {
        if (text->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_spec_wrong(&ex->spec, "stdin must be a string");
        }

        ex->stdin_data = text->text;
        return NGX_OK;
    }

    if (base64->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin_base64 must be a string");
    }

    bytes.data = ngx_pnalloc(pool,
                             ngx_base64_decoded_length(base64->text.len) + 1);

    if (bytes.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&bytes, &base64->text) != NGX_OK) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin_base64 must be base64 "
                                 "(RFC 4648, section 4) without line ends");
    }

    ex->stdin_data = bytes;

    return NGX_OK;
}


/* more than the server's limit is cut to it */

static ngx_int_t
ngx_cc_mcp_arguments_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v)
{
    uint64_t  n;

    if (v == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_arguments_integer(v, &n) != NGX_OK || n == 0) {
        return ngx_cc_spec_wrong(&ex->spec, "timeout_ms must be an integer of "
                                 "at least 1");
    }

    n = ngx_min(n, NGX_MAX_INT32_VALUE);

    if (conf->timeout == 0 || n < conf->timeout) {
        ex->spec.command.timeout = n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_arguments_on_timeout(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *v)
{
    if (v == NULL
        || (v->type == NGX_CC_VALUE_STRING
            && ngx_strcmp(v->text.data, "kill") == 0))
    {
        return NGX_OK;
    }

    return ngx_cc_spec_wrong(&ex->spec, "on_timeout: only \"kill\" is "
                             "possible here");
}


static ngx_int_t
ngx_cc_mcp_arguments_output(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *v)
{
    uint64_t  n;

    ex->output = NGX_CC_MCP_ARGUMENTS_OUTPUT;

    if (v == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_arguments_integer(v, &n) != NGX_OK
        || n > NGX_CC_MCP_ARGUMENTS_MAX)
    {
        return ngx_cc_spec_wrong(&ex->spec, "max_output_bytes must be an "
                                 "integer from 0 to %d",
                                 NGX_CC_MCP_ARGUMENTS_MAX);
    }

    ex->output = n;
    ex->output_given = 1;

    return NGX_OK;
}


/* an optional argument, or NULL: it is not given, or nothing is */

static ngx_cc_value_t *
ngx_cc_mcp_arguments_given(ngx_cc_value_t *arguments, const char *name)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(arguments, name);

    if (v == NULL || v->type == NGX_CC_VALUE_NULL
        || (v->type == NGX_CC_VALUE_STRING && v->text.len == 0)
        || (v->type == NGX_CC_VALUE_OBJECT && v->first == NULL))
    {
        return NULL;
    }

    return v;
}


/* an integer >= 0: 10, 10.0, 1e1 and "10" are the same number */

static ngx_int_t
ngx_cc_mcp_arguments_integer(ngx_cc_value_t *v, uint64_t *n)
{
    size_t  digits;
    double  number;

    if (v->type == NGX_CC_VALUE_STRING) {
        digits = strspn((char *) v->text.data, "0123456789");

        if (digits < v->text.len || digits > NGX_CC_MCP_ARGUMENTS_DIGITS) {
            return NGX_ERROR;
        }

    } else if (v->type != NGX_CC_VALUE_NUMBER) {
        return NGX_ERROR;
    }

    number = strtod((char *) v->text.data, NULL);

    if (!(number >= 0)) {
        return NGX_ERROR;
    }

    *n = number < 1e15 ? (uint64_t) number : (uint64_t) 1e15;

    return (number < 1e15 && (double) *n != number) ? NGX_ERROR : NGX_OK;
}
