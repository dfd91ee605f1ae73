
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_cmdline.h"
#include "ngx_cc_spec.h"
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_spec_place.h"
#include "ngx_cc_spec_wrap.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_zone.h"


static void ngx_cc_spec_name(ngx_cc_command_t *cmd, const char *name);
static ngx_int_t ngx_cc_spec_command(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *v, ngx_pool_t *pool);
static ngx_int_t ngx_cc_spec_split(ngx_cc_spec_t *spec, ngx_str_t *line,
    ngx_pool_t *pool);
static ngx_int_t ngx_cc_spec_args(ngx_cc_spec_t *spec, ngx_cc_value_t *v,
    ngx_pool_t *pool);
static ngx_int_t ngx_cc_spec_program(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf);
static ngx_int_t ngx_cc_spec_timeout(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_spec_alias(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf);


void
ngx_cc_spec_init(ngx_cc_spec_t *spec, const char *prefix)
{
    ngx_memzero(spec, sizeof(ngx_cc_spec_t));
    spec->prefix = prefix;
}


ngx_int_t
ngx_cc_spec_check(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *params, ngx_pool_t *pool)
{
    ngx_int_t        rc;
    ngx_cc_value_t  *command, *args;

    command = ngx_cc_request_member(params, "command");
    args = ngx_cc_request_member(params, "args");

    if (command == NULL && args == NULL) {
        return ngx_cc_spec_wrong(spec, "command is missing");
    }

    if (command && args) {
        return ngx_cc_spec_wrong(spec, "args is given instead of %s.command, "
                                 "not beside it", spec->prefix);
    }

    if (ngx_cc_spec_place_cwd(spec, conf, ngx_cc_request_member(params, "cwd"))
        != NGX_OK
        || ngx_cc_spec_timeout(spec, conf,
                               ngx_cc_request_member(params, "timeout"))
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_cc_spec_place_env(spec, conf,
                               ngx_cc_request_member(params, "env"), pool);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!conf->policy.any && conf->policy.nrules == 0
        && conf->policy.naliases == 0)
    {
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                                  "no command is allowed here");
    }

    rc = command ? ngx_cc_spec_command(spec, conf, command, pool)
                 : ngx_cc_spec_args(spec, args, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!spec->indirect) {
        rc = ngx_cc_spec_program(spec, conf);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return conf->nwrapper ? ngx_cc_spec_wrap(spec, conf, pool) : NGX_OK;
}


ngx_cc_command_t *
ngx_cc_spec_start(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf)
{
    size_t             total, longest;
    u_char             shown[NGX_CC_WIRE_MAX_SHOWN + 1];
    ngx_cc_command_t  *cmd;

    if (conf->command.keep.observed && spec->command.owner
        && spec->command.keep == NULL && !spec->command.keepable)
    {
        ngx_cc_spec_keep_show(spec, shown);
        spec->command.shown = (char *) shown;
    }

    switch (ngx_cc_command_start(&conf->command, &spec->command, &cmd, &total,
                                 &longest))
    {
    case NGX_CC_START_OK:
        if (!spec->indirect) {
            ngx_cc_spec_name(cmd, spec->command.argv[0]);
        }

        return cmd;

    case NGX_CC_START_LIMIT:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                  "the limit of %ui commands is reached",
                                  conf->command.max_commands);
        return NULL;

    case NGX_CC_START_OWNER:
        if (conf->command.max_per_owner == NGX_CC_COMMAND_SHARE) {
            (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                      "your share of the %ui commands is "
                                      "running already: wait for one to end",
                                      conf->command.max_commands);

        } else {
            (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                      "the limit of %ui commands of an owner "
                                      "is reached",
                                      conf->command.max_per_owner);
        }

        return NULL;

    case NGX_CC_START_KEPT:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                  "the limit of %ui kept commands is reached",
                                  conf->command.keep.max);
        return NULL;

    case NGX_CC_START_KEPT_OWNER:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                  "the limit of %ui kept commands of an owner "
                                  "is reached",
                                  conf->command.keep.max_per_owner);
        return NULL;

    case NGX_CC_START_TOO_LONG:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_PARAMS,
                                  "argument list too long: %uz bytes with the "
                                  "environment, at most %d; longest string "
                                  "%uz bytes, at most %d; pass long data "
                                  "through %s.stdin",
                                  total, NGX_CC_WIRE_MAX_TEXT, longest,
                                  NGX_CC_WIRE_MAX_STRING, spec->prefix);
        return NULL;

    case NGX_CC_START_EXITING:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_SERVER,
                                  ngx_cc_zone_reloaded()
                                  ? "server is reloading, connect again"
                                  : "server is shutting down");
        return NULL;

    default:
        (void) ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_SERVER,
                                  "no process can be started now");
        return NULL;
    }
}


/* "argv[0]", for a message that says that it could not be executed */

static void
ngx_cc_spec_name(ngx_cc_command_t *cmd, const char *name)
{
    size_t  n;

    n = ngx_strlen(name);

    if (n >= NGX_CC_COMMAND_PROGRAM) {
        n = ngx_cc_utf8_cut((u_char *) name, NGX_CC_COMMAND_PROGRAM - 4);
        ngx_memcpy(cmd->program + n, "...", 4);

    } else {
        cmd->program[n] = '\0';
    }

    ngx_memcpy(cmd->program, name, n);
}


static ngx_int_t
ngx_cc_spec_command(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v, ngx_pool_t *pool)
{
    const char  **argv;

    if (v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_spec_wrong(spec, "command must be a string");
    }

    if (v->text.len == 0) {
        return ngx_cc_spec_wrong(spec, "command is empty");
    }

    spec->line = v->text;

    if (conf->shell == NULL
        || ngx_cc_policy_alias(&conf->policy, (char *) v->text.data))
    {
        return ngx_cc_spec_split(spec, &v->text, pool);
    }

    argv = ngx_palloc(pool, 3 * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    argv[0] = conf->shell;
    argv[1] = "-c";
    argv[2] = (char *) v->text.data;

    spec->command.argv = argv;
    spec->command.argc = 3;
    spec->command.script = 1;
    spec->command.program = conf->shell;
    spec->indirect = 1;

    if (conf->nwrapper == 0) {
        spec->command.direct = conf->direct;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_spec_split(ngx_cc_spec_t *spec, ngx_str_t *line, ngx_pool_t *pool)
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
        return ngx_cc_spec_wrong(spec, "command is empty");

    case NGX_CC_CMDLINE_OPERATOR:
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                                  "operator '%s' is not allowed without a "
                                  "shell",
                                  res.op[0] == '\n' ? "newline" : res.op);

    case NGX_CC_CMDLINE_QUOTE:
        return ngx_cc_spec_wrong(spec, "command: a quote is not closed");

    case NGX_CC_CMDLINE_ESCAPE:
        return ngx_cc_spec_wrong(spec, "command ends in a backslash");

    default:
        return ngx_cc_spec_wrong(spec, "command contains a NUL");
    }

    argv = ngx_palloc(pool, res.argc * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < res.argc; i++) {
        argv[i] = words;
        words += ngx_strlen(words) + 1;
    }

    spec->command.argv = argv;
    spec->command.argc = res.argc;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_spec_args(ngx_cc_spec_t *spec, ngx_cc_value_t *v, ngx_pool_t *pool)
{
    uint32_t           n;
    const char       **argv;
    ngx_cc_value_t    *arg;

    if (v->type != NGX_CC_VALUE_ARRAY || v->number == 0) {
        return ngx_cc_spec_wrong(spec, "args must be an array of strings, at "
                                 "least one");
    }

    argv = ngx_palloc(pool, v->number * sizeof(char *));

    if (argv == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (arg = v->first; arg; arg = arg->next) {
        if (arg->type != NGX_CC_VALUE_STRING) {
            return ngx_cc_spec_wrong(spec, "args[%uD] must be a string", n);
        }

        argv[n++] = (char *) arg->text.data;
    }

    spec->command.argv = argv;
    spec->command.argc = n;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_spec_program(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf)
{
    ngx_int_t    rc;
    const char  *name;

    name = spec->command.argv[0];

    if (*name == '\0') {
        return ngx_cc_spec_wrong(spec, "args[0], or the first word of "
                                 "%s.command: the name of the program is "
                                 "empty", spec->prefix);
    }

    rc = ngx_cc_spec_alias(spec, conf);

    if (rc != NGX_OK || spec->indirect) {
        return rc;
    }

    spec->command.exact = !conf->policy.any;

    switch (ngx_cc_policy_check(&conf->policy, spec->command.argv,
                                spec->command.argc, conf->path,
                                &spec->command.program))
    {
    case NGX_CC_POLICY_OK:
        return NGX_OK;

    case NGX_CC_POLICY_PROGRAM:
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                                  "'%s' is not on the allow-list", name);

    default:
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                                  "'%s' is not allowed with these arguments",
                                  name);
    }
}


/* an alias stands before programs of its name, and is complete */

static ngx_int_t
ngx_cc_spec_alias(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf)
{
    const ngx_cc_policy_alias_t  *alias;

    alias = ngx_cc_policy_alias(&conf->policy, spec->command.argv[0]);

    if (alias == NULL) {
        return NGX_OK;
    }

    if (spec->command.argc > 1) {
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                                  "'%s' is an alias and takes no arguments",
                                  alias->name);
    }

    spec->command.argv = alias->argv;
    spec->command.argc = alias->argc;
    spec->command.program = alias->argv[0];
    spec->command.exact = 1;
    spec->indirect = 1;

    return NGX_OK;
}


/* the server's limit is the default and cannot be exceeded: longer is cut */

static ngx_int_t
ngx_cc_spec_timeout(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v)
{
    double  seconds;

    spec->command.timeout = conf->timeout;

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_NUMBER) {
        return ngx_cc_spec_wrong(spec, "timeout must be a number of seconds");
    }

    seconds = strtod((char *) v->text.data, NULL);

    if (!(seconds > 0)) {
        return ngx_cc_spec_wrong(spec, "timeout must be more than 0");
    }

    if (seconds > NGX_MAX_INT32_VALUE / 1000) {
        seconds = NGX_MAX_INT32_VALUE / 1000;
    }

    if (conf->timeout == 0 || seconds * 1000 < conf->timeout) {
        spec->command.timeout = ngx_max(1, (ngx_msec_t) (seconds * 1000));
    }

    return NGX_OK;
}
