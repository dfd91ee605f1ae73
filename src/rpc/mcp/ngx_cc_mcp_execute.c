
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_execute.h"
#include "ngx_cc_mcp_job_spec.h"
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_spec_place.h"


/*
 * What is told to a helper at once: it is there whatever becomes of the worker
 * and the call
 */
#define NGX_CC_MCP_EXECUTE_STDIN   NGX_CC_WIRE_MAX_INPUT

#define NGX_CC_MCP_EXECUTE_LINE    4095      /* bytes that a terminal takes */
#define NGX_CC_MCP_EXECUTE_OUTPUT  30000     /* bytes of both streams */
#define NGX_CC_MCP_EXECUTE_MAX     16777216  /* of each */
#define NGX_CC_MCP_EXECUTE_COLS    80        /* of a terminal */
#define NGX_CC_MCP_EXECUTE_ROWS    24
#define NGX_CC_MCP_EXECUTE_NAMES   1000      /* bytes of variables' names */
#define NGX_CC_MCP_EXECUTE_SPARE   15000     /* ms: a limit does not strike
                                                while it is handed over */


static const char *const *ngx_cc_mcp_execute_on_timeout(
    ngx_cc_spec_conf_t *conf);
static ngx_uint_t ngx_cc_mcp_execute_cwd(ngx_cc_spec_conf_t *conf);
static ngx_uint_t ngx_cc_mcp_execute_env(ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_execute_variables(ngx_cc_json_t *w,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_execute_output(ngx_cc_json_t *w,
    ngx_cc_spec_conf_t *conf);
static ngx_int_t ngx_cc_mcp_execute_spec(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);
static ngx_int_t ngx_cc_mcp_execute_given(ngx_cc_value_t *env,
    ngx_pool_t *pool);
static void ngx_cc_mcp_execute_on_timeout_means(ngx_cc_json_t *w,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_execute_times(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments);
static void ngx_cc_mcp_execute_wait(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments);
static void ngx_cc_mcp_execute_limits(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf);
static ngx_int_t ngx_cc_mcp_execute_kept(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_pool_t *pool);
static ngx_msec_t ngx_cc_mcp_execute_less(ngx_msec_t a, ngx_msec_t b);
static ngx_int_t ngx_cc_mcp_execute_keep(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);
static ngx_int_t ngx_cc_mcp_execute_terminal(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_pool_t *pool);
static size_t ngx_cc_mcp_execute_longest(const ngx_str_t *text);
static ngx_int_t ngx_cc_mcp_execute_stdin(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *arguments, ngx_pool_t *pool);


const ngx_cc_mcp_argument_t  ngx_cc_mcp_execute_takes[] = {

    { .name = ngx_string("command"), .required = 1,
      .meaning = "Command line" },

    { .name = ngx_string("cwd"), .offered = ngx_cc_mcp_execute_cwd,
      .expected = "the name of a directory",
      .meaning = "Working directory, below the one in which commands start: "
                 "relative to it, or absolute" },

    { .name = ngx_string("env"), .type = NGX_CC_MCP_STRINGS,
      .offered = ngx_cc_mcp_execute_env,
      .meaning = "Environment variables. These may be set: ",
      .detail = ngx_cc_mcp_execute_variables },

    { .name = ngx_string("stdin"),
      .meaning = "Text written to stdin, then closed" },

    { .name = ngx_string("stdin_base64"),
      .meaning = "The same in base64, for bytes that are not text; instead of "
                 "stdin" },

    { .name = ngx_string("timeout_ms"), .type = NGX_CC_MCP_INTEGER, .min = 1,
      .meaning = "Kill after this time; the server has a default and a "
                 "maximum" },

    { .name = ngx_string("on_timeout"), .preset = 1,
      .choices = ngx_cc_mcp_execute_on_timeout,
      .meaning = "What happens then",
      .detail = ngx_cc_mcp_execute_on_timeout_means },

    { .name = ngx_string("max_output_bytes"), .type = NGX_CC_MCP_INTEGER,
      .max = NGX_CC_MCP_EXECUTE_MAX,
      .meaning = "Per stream; beyond it the first and the last part are kept. "
                 "Without it: ",
      .detail = ngx_cc_mcp_execute_output },

    { .name = ngx_string("background"), .type = NGX_CC_MCP_BOOLEAN,
      .offered = ngx_cc_mcp_job_spec_kept,
      .meaning = "Answer at once with a job_id; the command goes on whatever "
                 "becomes of the connection" },

    { .name = ngx_string("wait_ms"), .type = NGX_CC_MCP_INTEGER,
      .max = NGX_CC_MCP_JOB_WAIT, .offered = ngx_cc_mcp_job_spec_kept,
      .ignored = 1,
      .meaning = "Wait so long at most. When it is not over by then it goes on "
                 "as a job: the answer has a job_id and the output so far" },

    { .name = ngx_string("open_stdin"), .type = NGX_CC_MCP_BOOLEAN,
      .offered = ngx_cc_mcp_job_spec_kept, .ignored = 1,
      .meaning = "Of a job: stdin stays open for job_write" },

    { .name = ngx_string("label"), .offered = ngx_cc_mcp_job_spec_kept,
      .ignored = 1,
      .meaning = "Of a job: a name for people and for job_list, 80 characters "
                 "at most" },

    { .name = ngx_string("tty"), .type = NGX_CC_MCP_BOOLEAN,
      .offered = ngx_cc_mcp_job_spec_tty,
      .meaning = "Run it on a terminal of 80 columns and 24 rows: for programs "
                 "that ask questions" },

    { .name = ngx_null_string }
};


static const char *const *
ngx_cc_mcp_execute_on_timeout(ngx_cc_spec_conf_t *conf)
{
    static const char *const  kill[] = { "kill", NULL };
    static const char *const  both[] = { "kill", "detach", NULL };

    return ngx_cc_mcp_job_spec_kept(conf) ? both : kill;
}


static void
ngx_cc_mcp_execute_on_timeout_means(ngx_cc_json_t *w,
    ngx_cc_spec_conf_t *conf)
{
    if (ngx_cc_mcp_job_spec_kept(conf)) {
        ngx_cc_json_lit(w, ". detach: it goes on as a job, as with wait_ms of "
                           "that time, 100 s at most");
    }
}


ngx_int_t
ngx_cc_mcp_execute_prepare(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    uint64_t    n;
    ngx_int_t   rc;

    rc = ngx_cc_mcp_execute_stdin(ex, arguments, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    ex->output = NGX_CC_MCP_EXECUTE_OUTPUT;

    if (ngx_cc_mcp_arguments_number(arguments, "max_output_bytes", &n)
        == NGX_OK)
    {
        ex->output = n;
        ex->output_given = 1;
    }

    rc = ngx_cc_mcp_execute_spec(ex, conf, arguments, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_cc_mcp_execute_times(ex, conf, arguments);

    ex->stdin_stays = ngx_cc_mcp_job_spec_kept(conf)
                      && ngx_cc_mcp_arguments_flag(arguments, "open_stdin");
    ex->spec.command.open_stdin = (ex->stdin_given || ex->stdin_stays);

    if (ngx_cc_mcp_arguments_flag(arguments, "tty")) {

        rc = ngx_cc_mcp_execute_terminal(ex, conf, pool);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_cc_mcp_execute_keep(ex, conf, arguments, pool);
}


/* run limit and wait: 0 is none; more than the server's limit is cut to it */

static void
ngx_cc_mcp_execute_times(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *arguments)
{
    uint64_t  n;

    ex->background = ngx_cc_mcp_arguments_flag(arguments, "background");

    if (ngx_cc_mcp_arguments_number(arguments, "timeout_ms", &n) == NGX_OK) {
        ex->limit = ngx_min(n, NGX_MAX_INT32_VALUE);
    }

    if (ngx_cc_mcp_job_spec_kept(conf)) {
        ngx_cc_mcp_execute_wait(ex, conf, arguments);
    }

    ngx_cc_mcp_execute_limits(ex, conf);
}


static void
ngx_cc_mcp_execute_limits(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf)
{
    ngx_msec_t  most;

    ex->run = ngx_cc_mcp_execute_less(ex->limit, conf->command.keep.timeout);

    if (ex->background) {
        ex->spec.command.timeout = ex->run;
        return;
    }

    most = conf->timeout;

    if (ex->detach && most) {
        /* the wait is not cut short by what holds for calls */
        most = ngx_max(most, ex->wait + NGX_CC_MCP_EXECUTE_SPARE);
    }

    ex->spec.command.timeout = ngx_cc_mcp_execute_less(ex->limit, most);
}


/* with on_timeout detach the limit is how long is waited, and nothing else */

static void
ngx_cc_mcp_execute_wait(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *arguments)
{
    uint64_t    n;
    ngx_msec_t  wait;

    if (ngx_cc_mcp_arguments_number(arguments, "wait_ms", &n) == NGX_OK) {
        ex->background |= (n == 0);
        ex->detach = 1;
        ex->wait = n;
    }

    if (ngx_cc_mcp_arguments_choice(arguments, "on_timeout",
                                    ngx_cc_mcp_execute_on_timeout(conf))
        == 1)
    {
        wait = ex->limit ? ex->limit : conf->timeout;
        ex->limit = 0;

        if (!ex->detach || (wait && wait < ex->wait)) {
            ex->clamped = (wait == 0 || wait > NGX_CC_MCP_JOB_WAIT);
            ex->wait = ex->clamped ? NGX_CC_MCP_JOB_WAIT : wait;
        }

        ex->detach = 1;
    }

    ex->detach &= !ex->background;
}


static ngx_msec_t
ngx_cc_mcp_execute_less(ngx_msec_t a, ngx_msec_t b)
{
    return (a && (b == 0 || a < b)) ? a : b;
}


/* what a job has, and what only a job has */

static ngx_int_t
ngx_cc_mcp_execute_keep(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    if (!ngx_cc_mcp_job_spec_kept(conf)) {
        return NGX_OK;
    }

    if (ngx_cc_spec_keep_label(&ex->spec,
                               ngx_cc_mcp_arguments_given(arguments, "label"),
                               &ex->keep.label)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (!ex->background && !ex->detach) {

        if (ex->stdin_stays) {
            return ngx_cc_spec_wrong(&ex->spec, "open_stdin is for jobs: with "
                                     "%s.background or %s.wait_ms",
                                     ex->spec.prefix, ex->spec.prefix);
        }

        return NGX_OK;
    }

    if (ex->stdin_data.len > NGX_CC_MCP_EXECUTE_STDIN) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin: a job gets %d bytes at "
                                 "most at its start; give it the rest by "
                                 "job_write, with %s.open_stdin",
                                 NGX_CC_MCP_EXECUTE_STDIN, ex->spec.prefix);
    }

    return ngx_cc_mcp_execute_kept(ex, conf, pool);
}


ngx_int_t
ngx_cc_mcp_execute_task(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_pool_t *pool)
{
    if (!ngx_cc_mcp_job_spec_kept(conf) || ex->background || ex->detach
        || ex->stdin_data.len > NGX_CC_MCP_EXECUTE_STDIN)
    {
        return NGX_OK;
    }

    ex->task = 1;
    ex->wait = conf->task_after;
    ex->detach = (ex->wait != 0);
    ex->background = (ex->wait == 0);
    ngx_cc_mcp_execute_limits(ex, conf);

    return ngx_cc_mcp_execute_kept(ex, conf, pool);
}


void
ngx_cc_mcp_execute_bound(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf)
{
    ex->task = 0;
    ex->background = 0;
    ex->spec.command.keep = NULL;
    ex->spec.refused = NGX_CC_REFUSED_NOT;
    ngx_cc_mcp_execute_limits(ex, conf);
}


static ngx_int_t
ngx_cc_mcp_execute_kept(ngx_cc_mcp_execute_t *ex, ngx_cc_spec_conf_t *conf,
    ngx_pool_t *pool)
{
    ex->keep.shown = ngx_cc_spec_keep_shown(&ex->spec, pool);

    if (ex->keep.shown == NULL) {
        return NGX_ERROR;
    }

    ex->keep.ttl = conf->command.keep.ttl;
    ex->keep.drop = 1;
    ex->keep.lossy = 1;

    if (ex->background) {
        ex->spec.command.keep = &ex->keep;

    } else {
        ex->spec.command.keepable = 1;
    }

    return NGX_OK;
}


/* one that nobody looks at: what only draws on it is better left out */

static ngx_int_t
ngx_cc_mcp_execute_terminal(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_pool_t *pool)
{
    ngx_uint_t  i;

    static const char  *variables[] = {
        "NO_COLOR=1", "PAGER=cat", "GIT_PAGER=cat"
    };

    if (ngx_cc_mcp_execute_longest(&ex->stdin_data) > NGX_CC_MCP_EXECUTE_LINE) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin: a terminal takes lines of "
                                 "%d bytes at most", NGX_CC_MCP_EXECUTE_LINE);
    }

    ex->spec.command.cols = NGX_CC_MCP_EXECUTE_COLS;
    ex->spec.command.rows = NGX_CC_MCP_EXECUTE_ROWS;
    ex->spec.command.open_stdin = 1;

    if (ngx_cc_spec_place_term(&ex->spec, conf, "TERM=dumb", pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {

        if (ngx_cc_spec_place_unset(&ex->spec, conf, variables[i], pool)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* bytes of the longest line, without what ends it */

static size_t
ngx_cc_mcp_execute_longest(const ngx_str_t *text)
{
    size_t  i, len, longest;

    len = 0;
    longest = 0;

    for (i = 0; i < text->len; i++) {
        len = (text->data[i] == '\n' || text->data[i] == '\r') ? 0 : len + 1;
        longest = ngx_max(longest, len);
    }

    return longest;
}


static ngx_uint_t
ngx_cc_mcp_execute_cwd(ngx_cc_spec_conf_t *conf)
{
    return conf->client_cwd;
}


static ngx_uint_t
ngx_cc_mcp_execute_env(ngx_cc_spec_conf_t *conf)
{
    return conf->nclient_env != 0;
}


static void
ngx_cc_mcp_execute_variables(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf)
{
    uint32_t    i;
    uint8_t    *last;
    ngx_str_t  *name;

    last = w->pos + NGX_CC_MCP_EXECUTE_NAMES;

    for (i = 0; i < conf->nclient_env; i++) {
        name = &conf->client_env[i];

        if (w->pos + name->len * NGX_CC_JSON_MAX_ESCAPE > last) {
            ngx_cc_json_lit(w, " and ");
            ngx_cc_json_uint(w, conf->nclient_env - i);
            ngx_cc_json_lit(w, " more");
            break;
        }

        ngx_cc_json_raw(w, ", ", i ? 2 : 0);
        (void) ngx_cc_json_escape(&w->pos, w->end, name->data, name->len, 1,
                                  &(int) { 0 });
    }
}


static void
ngx_cc_mcp_execute_output(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf)
{
    ngx_cc_json_uint(w, NGX_CC_MCP_EXECUTE_OUTPUT);
    ngx_cc_json_lit(w, " for both");
}


/*
 * Only what the list names: "args" and "timeout" mean something in the native
 * dialect, and nothing here.
 */

static ngx_int_t
ngx_cc_mcp_execute_spec(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v, params, member[3];

    static const char  *names[] = { "command", "cwd", "env" };

    ngx_memzero(&params, sizeof(ngx_cc_value_t));
    params.type = NGX_CC_VALUE_OBJECT;

    for (i = 0; i < 3; i++) {

        v = ngx_cc_mcp_arguments_given(arguments, names[i]);

        if (v == NULL) {
            continue;
        }

        member[i] = *v;
        member[i].next = params.first;
        params.first = &member[i];
        params.number++;

        if (v->type == NGX_CC_VALUE_OBJECT
            && ngx_cc_mcp_execute_given(&member[i], pool) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_cc_spec_check(&ex->spec, conf, &params, pool);
}


/* a variable that is null is not given, either */

static ngx_int_t
ngx_cc_mcp_execute_given(ngx_cc_value_t *env, ngx_pool_t *pool)
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
ngx_cc_mcp_execute_stdin(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *arguments,
    ngx_pool_t *pool)
{
    ngx_str_t        bytes;
    ngx_cc_value_t  *text, *base64;

    text = ngx_cc_mcp_arguments_given(arguments, "stdin");
    base64 = ngx_cc_mcp_arguments_given(arguments, "stdin_base64");

    if (text && base64) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin_base64 is given instead of "
                                 "%s.stdin, not beside it", ex->spec.prefix);
    }

    if (text == NULL && base64 == NULL) {
        return NGX_OK;
    }

    ex->stdin_given = 1;

    if (text) {
        ex->stdin_data = text->text;
        return NGX_OK;
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
