
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_input.h"
#include "ngx_cc_message.h"
#include "ngx_cc_native_ask.h"
#include "ngx_cc_native_kept.h"
#include "ngx_cc_native_list.h"
#include "ngx_cc_native_message.h"
#include "ngx_cc_native_methods.h"
#include "ngx_cc_native_packet.h"
#include "ngx_cc_native_params.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_native_unknown.h"
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_spec_place.h"
#include "ngx_cc_zone.h"


#define NGX_CC_NATIVE_METHODS_LISTED  5  /* ids in the text of an error */

/* who may control a command that another session has started */

#define NGX_CC_NATIVE_METHODS_STEER  (NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_SIGNAL)


typedef ngx_int_t (*ngx_cc_native_method_pt)(ngx_cc_native_t *s,
    ngx_cc_value_t *params);


typedef struct {
    ngx_str_t                name;
    ngx_cc_native_method_pt  serve;
    const char              *takes;  /* the names of its params */
} ngx_cc_native_method_t;


static const ngx_cc_native_method_t *ngx_cc_native_methods_named(
    ngx_str_t *name);
static ngx_cc_native_command_t *ngx_cc_native_methods_command(
    ngx_cc_native_t *s, ngx_cc_value_t *params);
static ngx_cc_native_command_t *ngx_cc_native_methods_allowed(
    ngx_cc_native_t *s, ngx_cc_value_t *params, uint32_t rights);

static ngx_int_t ngx_cc_native_methods_execute(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_control(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_input(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_signal(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_resize(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_list(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_native_methods_status(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
static u_char *ngx_cc_native_methods_begin(ngx_cc_native_t *s, ngx_cc_json_t *w,
    ngx_uint_t n);
static ngx_int_t ngx_cc_native_methods_pong(ngx_cc_native_t *s,
    ngx_cc_value_t *params);


static const ngx_cc_native_method_t  ngx_cc_native_methods_table[] = {
    { ngx_string("execute"), ngx_cc_native_methods_execute,
      "command, args, timeout, cwd, env, stdin, open_stdin, tty, stderr, "
      "output, encoding, on_disconnect, label, overflow, keep_ttl, window, "
      "flow" },
    { ngx_string("control"), ngx_cc_native_methods_control,
      "type, execution_id" },
    { ngx_string("input"), ngx_cc_native_methods_input,
      "data, data_base64, eof, offset, execution_id" },
    { ngx_string("signal"), ngx_cc_native_methods_signal,
      "signal, to, execution_id" },
    { ngx_string("resize"), ngx_cc_native_methods_resize,
      "cols, rows, execution_id" },
    { ngx_string("list"), ngx_cc_native_methods_list,
      "scope, state, label, after, limit, watch" },
    { ngx_string("status"), ngx_cc_native_methods_status, "execution_id" },
    { ngx_string("attach"), ngx_cc_native_kept_attach,
      "execution_id, stdout, stderr, mode, flow, window, output, encoding, "
      "redraw, exclusive" },
    { ngx_string("detach"), ngx_cc_native_kept_detach, "execution_id" },
    { ngx_string("credit"), ngx_cc_native_kept_credit,
      "execution_id, stdout, stderr, flow" },
    { ngx_string("read"), ngx_cc_native_ask_read,
      "execution_id, stream, offset, max_bytes, wait_ms, encoding" },
    { ngx_string("wait"), ngx_cc_native_ask_wait,
      "execution_id, until, patterns, stream, from, idle_ms, timeout_ms" },
    { ngx_string("remove"), ngx_cc_native_ask_remove,
      "execution_id, force" },
    { ngx_string("pong"), ngx_cc_native_methods_pong, "none" }
};


ngx_int_t
ngx_cc_native_methods_serve(void *session)
{
    ngx_cc_native_t               *s = session;
    ngx_cc_request_t              *rq;
    const ngx_cc_native_method_t  *method;

    rq = s->base.request;
    s->pool = rq->pool;

    if (ngx_cc_message_asked(&s->asked, rq->id, s->pool) != NGX_OK) {
        return NGX_ERROR;
    }

    method = NULL;

    if (rq->method.data) {
        method = ngx_cc_native_methods_named(&rq->method);

        if (method == NULL) {
            ngx_cc_native_error(s, NGX_CC_ERROR_METHOD,
                                        "unknown method '%V'", &rq->method);
            return NGX_OK;
        }
    }

    if (rq->code == 0 && method) {

        if (s->asked.id.len
            && ngx_cc_native_unknown_params(rq->params, method->takes, s->pool,
                                            &s->asked.more)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        return method->serve(s, rq->params);
    }

    if (s->asked.id.len == 0 && !rq->notification) {
        /* it is not known whether an answer was wanted: give one */
        ngx_str_set(&s->asked.id, "null");
    }

    if (method && rq->positional) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "%s: %V takes %s", rq->error, &rq->method,
                                    method->takes);
        return NGX_OK;
    }

    ngx_cc_native_error(s, rq->code, "%s", rq->error);

    return NGX_OK;
}


static const ngx_cc_native_method_t *
ngx_cc_native_methods_named(ngx_str_t *name)
{
    ngx_uint_t                     i, n;
    const ngx_cc_native_method_t  *method;

    n = sizeof(ngx_cc_native_methods_table)
        / sizeof(ngx_cc_native_methods_table[0]);

    for (i = 0; i < n; i++) {
        method = &ngx_cc_native_methods_table[i];

        if (method->name.len == name->len
            && ngx_memcmp(method->name.data, name->data, name->len) == 0)
        {
            return method;
        }
    }

    return NULL;
}


/*
 * The process that params.execution_id names, or, without one, the only one.
 * NULL: the error has been answered.
 */

static ngx_cc_native_command_t *
ngx_cc_native_methods_command(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    u_char                   *p;
    ngx_str_t                 node;
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_cc_value_t           *id;
    ngx_cc_handle_t           handle;
    ngx_cc_native_command_t  *ps;

    u_char  list[NGX_CC_NATIVE_METHODS_LISTED * (NGX_CC_NODE_ID + 2)];

    id = ngx_cc_request_member(params, "execution_id");

    if (id && id->type != NGX_CC_VALUE_NULL
        && id->type != NGX_CC_VALUE_STRING)
    {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "params.execution_id must be a string");
        return NULL;
    }

    n = 0;
    p = list;
    ps = NULL;

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (id && id->type == NGX_CC_VALUE_STRING) {
            if (ngx_cc_native_read_same(&id->text, ps)) {
                return ps;
            }

            ps = NULL;
            continue;
        }

        if (n++ < NGX_CC_NATIVE_METHODS_LISTED) {
            p = ngx_slprintf(p, list + sizeof(list), p == list ? "" : ", ");
            p = ps->cmd->named ? ngx_cc_node_prefix(p) : p;
            p = ngx_cpymem(p, ps->cmd->id, NGX_CC_HANDLE_TEXT);
        }
    }

    if (ps && s->base.ncommands > 1) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "params.execution_id is needed, %ui "
                                    "processes run: %*s%s", s->base.ncommands,
                                    (size_t) (p - list), list,
                                    n > NGX_CC_NATIVE_METHODS_LISTED
                                    ? ", ..." : "");
        return NULL;
    }

    if (ps == NULL && id && id->type == NGX_CC_VALUE_STRING
        && ngx_cc_node_handle(&id->text, &handle, &node) == NGX_BUSY)
    {
        ngx_cc_message_elsewhere(&s->base.answers, &s->asked.id, &node);
        return NULL;
    }

    if (ps == NULL) {
        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS, "%s",
                            s->base.transport->conf->command.keep.enable
                            ? "no such process in this session: attach to "
                              "it first, if it is kept, with params.mode "
                              "\"write\" to change it"
                            : "no such process in this session");
    }

    return ps;
}


/* the same, for what only those may do who were granted one of these rights */

static ngx_cc_native_command_t *
ngx_cc_native_methods_allowed(ngx_cc_native_t *s, ngx_cc_value_t *params,
    uint32_t rights)
{
    ngx_cc_native_command_t  *ps;

    ps = ngx_cc_native_methods_command(s, params);

    return ps && ngx_cc_native_read_may(s, ps, rights) == NGX_OK ? ps : NULL;
}


static ngx_int_t
ngx_cc_native_methods_execute(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    uint32_t                  channel;
    uint64_t                  window;
    ngx_int_t                 rc;
    ngx_cc_native_params_t    ex;
    ngx_cc_native_command_t  *ps;
    ngx_cc_spec_conf_t       *conf;
    ngx_cc_transport_t       *transport;

    transport = s->base.transport;
    conf = transport->conf;
    rc = ngx_cc_native_params_check(&ex, conf, params, s->pool);

    if (rc == NGX_ERROR
        || ngx_cc_native_kept_window(s, params, &window) != NGX_OK)
    {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (rc == NGX_OK && ex.spec.command.keep) {
        rc = ngx_cc_spec_keep_named(&ex.spec, transport->nameless);
    }

    if (rc == NGX_OK && s->base.ncommands >= conf->max_commands_per_session) {
        rc = ngx_cc_spec_refuse(&ex.spec, NGX_CC_REFUSED_LIMIT,
                                conf->max_commands_per_session == 1
                                ? "A process is already running"
                                : "the limit of %ui processes of a session "
                                  "is reached",
                                conf->max_commands_per_session);
        ngx_cc_zone_refused(NGX_CC_REASON_COMMANDS_SESSION);
    }

    if (transport->trace
        && ngx_cc_spec_place_trace(&ex.spec, conf, transport->trace, s->pool)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ps = NULL;
    channel = 0;

    if (rc == NGX_OK && ex.encoding == NGX_CC_NATIVE_BINARY
        && ngx_cc_native_packet_channel(s, &channel) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ex.spec.command.owner = transport->owner;
        ex.spec.command.apart = transport->apart;
        ex.spec.command.taken = transport->taken;
        ex.spec.command.reader = transport->data;
        ex.spec.command.recorder = transport->recorder;
        ex.rounds = &transport->rounds;

        ps = ngx_cc_native_command_start(&ex, conf, &s->asked, &s->base.answers,
                                         &s->share, transport->session_id,
                                         transport->wake, transport->data,
                                         transport->log);
        if (ps == NULL && ex.spec.refused == NGX_CC_REFUSED_NOT) {
            return NGX_ERROR;
        }
    }

    if (ps == NULL) {
        ngx_cc_spec_report(&ex.spec, transport->recorder);
        ngx_cc_message_refuse(&s->base.answers, &s->asked.id,
                             ngx_cc_native_params_code(ex.spec.refused),
                             ex.spec.text, ex.spec.len);
        return NGX_OK;
    }

    if (channel) {
        ngx_cc_native_packet_begin(s, ps, channel);
    }

    ngx_cc_native_watch_limit(ps, window);

    ngx_queue_insert_tail(&s->base.commands, &ps->queue);
    s->base.ncommands++;
    transport->commands++;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_methods_control(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    ngx_uint_t                i;
    ngx_cc_value_t           *type;
    ngx_cc_native_command_t  *ps;

    type = ngx_cc_request_member(params, "type");

    if (type == NULL || type->type != NGX_CC_VALUE_STRING) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "params.type must be \"PAUSE\", \"RESUME\" "
                                    "or \"CANCEL\"");
        return NGX_OK;
    }

    for (i = 0; i < 3; i++) {
        if (ngx_strcmp(type->text.data, ngx_cc_native_command_types[i]) == 0) {
            break;
        }
    }

    if (i == 3) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "params.type '%V' is not PAUSE, RESUME or "
                                    "CANCEL", &type->text);
        return NGX_OK;
    }

    ps = ngx_cc_native_methods_allowed(s, params, NGX_CC_NATIVE_METHODS_STEER);

    if (ps) {
        ngx_cc_native_command_control(ps, (ngx_cc_native_command_control_e) i,
                                      &s->asked);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_methods_input(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    ngx_int_t                 rc;
    ngx_cc_input_t            in;
    ngx_cc_native_command_t  *ps;

    rc = ngx_cc_input_check(&in, params, s->pool);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS, "%s", in.error);
        return NGX_OK;
    }

    ps = ngx_cc_native_methods_allowed(s, params, NGX_CC_ATTACH_WRITE);

    if (ps == NULL) {
        return NGX_OK;
    }

    return ngx_cc_stdin_add(&ps->input, &in, &s->asked);
}


static ngx_int_t
ngx_cc_native_methods_signal(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    const char               *wrong;
    ngx_cc_value_t           *id;
    ngx_cc_native_signal_t    signal;
    ngx_cc_native_command_t  *ps;

    wrong = ngx_cc_native_terminal_signal(params, &signal);

    if (wrong) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS, "%s", wrong);
        return NGX_OK;
    }

    id = ngx_cc_request_member(params, "execution_id");

    if (id && id->type == NGX_CC_VALUE_STRING
        && ngx_cc_native_read_here(s, params) == NULL)
    {
        return ngx_cc_native_ask_signal(s, params, &signal);
    }

    ps = ngx_cc_native_methods_allowed(s, params, NGX_CC_NATIVE_METHODS_STEER);

    if (ps == NULL) {
        return NGX_OK;
    }

    if (signal.to == NGX_CC_SIGNAL_FOREGROUND && ps->cmd->cols == 0) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "params.to: this process has no terminal, "
                                    "so there is no foreground group");
        return NGX_OK;
    }

    ngx_cc_native_command_signal(ps, &signal, &s->asked);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_methods_resize(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    uint16_t                  cols, rows;
    const char               *wrong;
    ngx_cc_native_command_t  *ps;

    wrong = ngx_cc_native_terminal_size(params, &cols, &rows);

    if (wrong) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS, "%s", wrong);
        return NGX_OK;
    }

    ps = ngx_cc_native_methods_allowed(s, params, NGX_CC_ATTACH_WRITE);

    if (ps == NULL) {
        return NGX_OK;
    }

    if (ps->cmd->cols == 0) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                    "this process has no terminal");
        return NGX_OK;
    }

    ngx_cc_native_command_resize(ps, cols, rows, &s->asked);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_methods_list(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    u_char                   *buf;
    ngx_uint_t                watch;
    ngx_queue_t              *q;
    ngx_cc_native_list_e      scope;
    ngx_cc_json_t             w;
    ngx_cc_native_command_t  *ps;

    if (ngx_cc_native_list_scope(s, params, &scope) != NGX_OK) {
        return NGX_OK;
    }

    if (scope != NGX_CC_NATIVE_LIST_SESSION) {
        return ngx_cc_native_list(s, params, scope);
    }

    watch = 0;

    if (ngx_cc_native_read_flag(s, params, "watch", &watch) == NGX_ERROR) {
        return NGX_OK;
    }

    if (watch) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.watch goes with scope \"owner\"");
        return NGX_OK;
    }

    if (s->asked.id.len == 0) {
        return NGX_OK;
    }

    buf = ngx_cc_native_methods_begin(s, &w, s->base.ncommands);

    if (buf == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&w, "{\"commands\":[");

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (q != ngx_queue_head(&s->base.commands)) {
            ngx_cc_json_lit(&w, ",");
        }

        ngx_cc_native_message_describe(&w, ps->cmd, NULL);
    }

    ngx_cc_json_lit(&w, "]");
    ngx_cc_json_raw(&w, s->asked.more.data, s->asked.more.len);
    ngx_cc_json_lit(&w, "}}");

    return ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);
}


static ngx_int_t
ngx_cc_native_methods_status(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    u_char                   *buf;
    ngx_cc_json_t             w;
    ngx_cc_native_command_t  *ps;

    ps = ngx_cc_native_methods_command(s, params);

    if (ps == NULL || s->asked.id.len == 0) {
        return NGX_OK;
    }

    buf = ngx_cc_native_methods_begin(s, &w, 1);

    if (buf == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_native_message_describe(&w, ps->cmd, &s->asked.more);
    ngx_cc_json_lit(&w, "}");

    return ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);
}


/* begins a result that describes n processes; NULL: no memory */

static u_char *
ngx_cc_native_methods_begin(ngx_cc_native_t *s, ngx_cc_json_t *w, ngx_uint_t n)
{
    u_char  *buf;
    size_t   size;

    size = s->asked.id.len + s->asked.more.len + 128 + n * 256;
    buf = ngx_pnalloc(s->pool, size);

    if (buf == NULL) {
        return NULL;
    }

    ngx_cc_message_writer(w, buf, size);
    ngx_cc_message_answer(w, &s->asked.id);
    ngx_cc_json_lit(w, "\"result\":");

    return buf;
}


/* some clients answer what they take for a ping */

static ngx_int_t
ngx_cc_native_methods_pong(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    return NGX_OK;
}
