
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_cmdline.h"
#include "ngx_cc_execute.h"


static ngx_int_t ngx_cc_execute_command(ngx_cc_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v, ngx_pool_t *pool);
static ngx_int_t ngx_cc_execute_split(ngx_cc_execute_t *ex, ngx_str_t *line,
    ngx_pool_t *pool);
static ngx_int_t ngx_cc_execute_args(ngx_cc_execute_t *ex, ngx_cc_value_t *v,
    ngx_pool_t *pool);
static ngx_int_t ngx_cc_execute_program(ngx_cc_execute_t *ex,
    ngx_cc_command_conf_t *conf);
static ngx_int_t ngx_cc_execute_timeout(ngx_cc_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_execute_stdin(ngx_cc_execute_t *ex,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_execute_choice(ngx_cc_execute_t *ex,
    ngx_cc_value_t *params, const char *name, const char *no,
    const char *yes);
static ngx_int_t ngx_cc_execute_absent(ngx_cc_execute_t *ex,
    ngx_cc_value_t *params);


ngx_int_t
ngx_cc_execute_check(ngx_cc_execute_t *ex, ngx_cc_command_conf_t *conf,
    ngx_cc_value_t *params, ngx_pool_t *pool)
{
    ngx_int_t        rc;
    ngx_cc_value_t  *command, *args;

    ngx_memzero(ex, sizeof(ngx_cc_execute_t));

    command = ngx_cc_request_member(params, "command");
    args = ngx_cc_request_member(params, "args");

    if (command == NULL && args == NULL) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command is missing");
    }

    if (command && args) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.args is given instead of "
                                     "params.command, not beside it");
    }

    if (ngx_cc_execute_absent(ex, params) != NGX_OK
        || ngx_cc_execute_timeout(ex, conf,
                                  ngx_cc_request_member(params, "timeout"))
           != NGX_OK
        || ngx_cc_execute_stdin(ex, params) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_cc_execute_choice(ex, params, "output", "line", "chunk");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->chunk = (rc == 1);
    rc = ngx_cc_execute_choice(ex, params, "encoding", "utf-8", "base64");

    if (rc == NGX_DECLINED) {
        return rc;
    }

    ex->base64 = (rc == 1);

    if (!conf->policy.any && conf->policy.npaths == 0) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_NOT_ALLOWED,
                                     "no command is allowed here");
    }

    rc = command ? ngx_cc_execute_command(ex, conf, command, pool)
                 : ngx_cc_execute_args(ex, args, pool);

    if (rc != NGX_OK || ex->shell) {
        return rc;
    }

    return ngx_cc_execute_program(ex, conf);
}


ngx_int_t
ngx_cc_execute_refuse(ngx_cc_execute_t *ex, ngx_int_t code, const char *fmt,
    ...)
{
    va_list   args;
    u_char   *p;

    va_start(args, fmt);
    p = ngx_vslprintf(ex->text, ex->text + NGX_CC_EXECUTE_TEXT, fmt, args);
    va_end(args);

    ex->code = code;
    ex->len = p - ex->text;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_execute_command(ngx_cc_execute_t *ex, ngx_cc_command_conf_t *conf,
    ngx_cc_value_t *v, ngx_pool_t *pool)
{
    const char  **argv;

    if (v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command must be a string");
    }

    if (v->text.len == 0) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command is empty");
    }

    if (conf->shell == NULL) {
        return ngx_cc_execute_split(ex, &v->text, pool);
    }

    argv = ngx_palloc(pool, 3 * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    argv[0] = conf->shell;
    argv[1] = "-c";
    argv[2] = (char *) v->text.data;

    ex->spec.argv = argv;
    ex->spec.argc = 3;
    ex->spec.program = conf->shell;
    ex->shell = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_execute_split(ngx_cc_execute_t *ex, ngx_str_t *line, ngx_pool_t *pool)
{
    char               *words;
    uint32_t            i;
    const char        **argv;
    ngx_cc_cmdline_t    res;

    words = ngx_pnalloc(pool, line->len + 1);

    if (words == NULL) {
        return NGX_ERROR;
    }

    switch (ngx_cc_cmdline_split((char *) line->data, line->len, words, &res))
    {
    case NGX_CC_CMDLINE_OK:
        break;

    case NGX_CC_CMDLINE_EMPTY:
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command is empty");

    case NGX_CC_CMDLINE_OPERATOR:
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_NOT_ALLOWED,
                                     "operator '%s' is not allowed without a "
                                     "shell",
                                     res.op[0] == '\n' ? "newline" : res.op);

    case NGX_CC_CMDLINE_QUOTE:
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command: a quote is not closed");

    case NGX_CC_CMDLINE_ESCAPE:
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command ends in a backslash");

    default:
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.command contains a NUL");
    }

    argv = ngx_palloc(pool, res.argc * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < res.argc; i++) {
        argv[i] = words;
        words += ngx_strlen(words) + 1;
    }

    ex->spec.argv = argv;
    ex->spec.argc = res.argc;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_execute_args(ngx_cc_execute_t *ex, ngx_cc_value_t *v, ngx_pool_t *pool)
{
    uint32_t           n;
    const char       **argv;
    ngx_cc_value_t    *arg;

    if (v->type != NGX_CC_VALUE_ARRAY || v->number == 0) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.args must be an array of "
                                     "strings, at least one");
    }

    argv = ngx_palloc(pool, v->number * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (arg = v->first; arg; arg = arg->next) {
        if (arg->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                         "params.args[%uD] must be a string",
                                         n);
        }

        argv[n++] = (char *) arg->text.data;
    }

    ex->spec.argv = argv;
    ex->spec.argc = n;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_execute_program(ngx_cc_execute_t *ex, ngx_cc_command_conf_t *conf)
{
    if (ex->spec.argv[0][0] == '\0') {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params: the name of the program is "
                                     "empty (params.args[0], or the first "
                                     "word of params.command)");
    }

    ex->spec.program = ngx_cc_policy_program(&conf->policy, ex->spec.argv[0],
                                             conf->path);

    if (ex->spec.program == NULL) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_NOT_ALLOWED,
                                     "'%s' is not on the allow-list",
                                     ex->spec.argv[0]);
    }

    return NGX_OK;
}


/* the server's limit is the default and cannot be exceeded: longer is cut */

static ngx_int_t
ngx_cc_execute_timeout(ngx_cc_execute_t *ex, ngx_cc_command_conf_t *conf,
    ngx_cc_value_t *v)
{
    double  seconds;

    ex->spec.timeout = conf->timeout;

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_NUMBER) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.timeout must be a number of "
                                     "seconds");
    }

    seconds = strtod((char *) v->text.data, NULL);

    if (!(seconds > 0)) {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.timeout must be more than 0");
    }

    if (seconds > NGX_MAX_INT32_VALUE / 1000) {
        seconds = NGX_MAX_INT32_VALUE / 1000;
    }

    if (conf->timeout == 0 || seconds * 1000 < conf->timeout) {
        ex->spec.timeout = ngx_max(1, (ngx_msec_t) (seconds * 1000));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_execute_stdin(ngx_cc_execute_t *ex, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *data, *open;

    data = ngx_cc_request_member(params, "stdin");
    open = ngx_cc_request_member(params, "open_stdin");

    if (data && data->type != NGX_CC_VALUE_NULL) {
        if (data->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                         "params.stdin must be a string");
        }

        ex->stdin_data = data->text;
        ex->stdin_given = 1;
    }

    if (open && open->type != NGX_CC_VALUE_NULL) {
        if (open->type != NGX_CC_VALUE_BOOL) {
            return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                         "params.open_stdin must be a "
                                         "boolean");
        }

        ex->stdin_stays = open->number;
    }

    ex->spec.open_stdin = (ex->stdin_given || ex->stdin_stays);

    return NGX_OK;
}


/* one of two words: 0 for the first and for none, 1 for the second */

static ngx_int_t
ngx_cc_execute_choice(ngx_cc_execute_t *ex, ngx_cc_value_t *params,
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

    return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                 "params.%s must be \"%s\" or \"%s\"", name,
                                 no, yes);
}


/* what this location does not let a client choose */

static ngx_int_t
ngx_cc_execute_absent(ngx_cc_execute_t *ex, ngx_cc_value_t *params)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v;

    static const char  *name[] = { "cwd", "env", "tty" };

    for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        v = ngx_cc_request_member(params, name[i]);

        if (v && v->type != NGX_CC_VALUE_NULL) {
            return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                         "params.%s is not allowed here",
                                         name[i]);
        }
    }

    v = ngx_cc_request_member(params, "on_disconnect");

    if (v && v->type != NGX_CC_VALUE_NULL
        && (v->type != NGX_CC_VALUE_STRING
            || ngx_strcmp(v->text.data, "kill") != 0))
    {
        return ngx_cc_execute_refuse(ex, NGX_CC_ERROR_PARAMS,
                                     "params.on_disconnect: only \"kill\" is "
                                     "allowed here");
    }

    return NGX_OK;
}
