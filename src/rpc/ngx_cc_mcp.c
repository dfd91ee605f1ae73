
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_mcp_call.h"
#include "ngx_cc_mcp_tools.h"
#include "ngx_cc_notice.h"
#include "ngx_cc_request.h"
#include "ngx_cc_zone.h"


#define NGX_CC_MCP_PIECE         65536   /* most bytes pulled at once */

/*
 * Resources are not among them, although their (empty) lists are answered: some
 * clients offer a model two more tools as soon as they are.
 */

#define NGX_CC_MCP_CAPABILITIES                                               \
    "{\"tools\":{},\"prompts\":{},\"logging\":{},\"completions\":{}}"

/* eras in which a method exists */

#define NGX_CC_MCP_HANDSHAKE     1
#define NGX_CC_MCP_STATELESS     2
#define NGX_CC_MCP_BOTH          3


typedef struct {
    ngx_cc_host_t      *host;
    ngx_cc_request_t    request;
    ngx_cc_mcp_meta_t   meta;        /* of the request that is served */
    ngx_str_t           id;          /* its id, JSON text; len 0: none */
    ngx_pool_t         *pool;        /* its memory */
    ngx_cc_json_t       w;           /* the answer that is being written */
    u_char             *out;         /* its beginning */
    ngx_cc_answers_t    answers;
    ngx_queue_t         calls;
    ngx_uint_t          ncalls;
    ngx_cc_mcp_call_t  *current;     /* its answer is being pulled */
    unsigned            log;         /* level set by logging/setLevel */
    unsigned            served:1;    /* a message has been */
    unsigned            listens:1;   /* a subscription is open */
} ngx_cc_mcp_t;


typedef ngx_int_t (*ngx_cc_mcp_method_pt)(ngx_cc_mcp_t *s,
    ngx_cc_value_t *params);


static void *ngx_cc_mcp_open(ngx_cc_host_t *host);
static ngx_int_t ngx_cc_mcp_push(void *session, u_char *p, size_t n,
    ngx_uint_t last);
static void ngx_cc_mcp_drop(void *session);
static size_t ngx_cc_mcp_pull(void *session, u_char *p, size_t room,
    ngx_uint_t *more);
static size_t ngx_cc_mcp_pending(void *session);
static ngx_uint_t ngx_cc_mcp_busy(void *session);
static void ngx_cc_mcp_close(void *session);

static size_t ngx_cc_mcp_next(ngx_cc_mcp_t *s, u_char *p, size_t room,
    ngx_uint_t *more);
static void ngx_cc_mcp_forget(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call);
static ngx_int_t ngx_cc_mcp_serve(ngx_cc_mcp_t *s);
static ngx_int_t ngx_cc_mcp_refused(ngx_cc_mcp_t *s);
static ngx_int_t ngx_cc_mcp_dispatch(ngx_cc_mcp_t *s);
static ngx_int_t ngx_cc_mcp_text(ngx_cc_mcp_t *s, ngx_cc_value_t *v,
    ngx_str_t *text);
static void ngx_cc_mcp_status(ngx_cc_mcp_t *s, ngx_uint_t status);
static ngx_int_t ngx_cc_mcp_refuse(ngx_cc_mcp_t *s, ngx_int_t code,
    ngx_uint_t status, const char *fmt, ...);
static ngx_int_t ngx_cc_mcp_unsupported(ngx_cc_mcp_t *s);
static ngx_int_t ngx_cc_mcp_begin(ngx_cc_mcp_t *s, size_t size);
static ngx_int_t ngx_cc_mcp_result(ngx_cc_mcp_t *s, size_t size);
static void ngx_cc_mcp_member(ngx_cc_mcp_t *s, const char *text);
static ngx_int_t ngx_cc_mcp_end(ngx_cc_mcp_t *s, ngx_uint_t cacheable);
static void ngx_cc_mcp_wake(void *data);

static ngx_int_t ngx_cc_mcp_initialize(ngx_cc_mcp_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_discover(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_ping(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_tools(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_call(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_call_refused(ngx_cc_mcp_t *s,
    ngx_cc_spec_t *spec);
static ngx_int_t ngx_cc_mcp_prompts(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_prompt(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_resources(ngx_cc_mcp_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_templates(ngx_cc_mcp_t *s,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_resource(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_list(ngx_cc_mcp_t *s, ngx_cc_value_t *params,
    const char *name);
static ngx_int_t ngx_cc_mcp_cursor(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_complete(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_level(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_listen(ngx_cc_mcp_t *s, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_cancelled(ngx_cc_mcp_t *s,
    ngx_cc_value_t *params);


const ngx_cc_dialect_t  ngx_cc_mcp = {
    ngx_cc_mcp_open,
    ngx_cc_mcp_push,
    ngx_cc_mcp_drop,
    ngx_cc_mcp_pull,
    ngx_cc_mcp_pending,
    ngx_cc_mcp_busy,
    ngx_cc_mcp_close
};


static const struct {
    ngx_str_t             name;
    ngx_uint_t            eras;
    ngx_cc_mcp_method_pt  serve;
} ngx_cc_mcp_methods[] = {
    { ngx_string("tools/call"), NGX_CC_MCP_BOTH, ngx_cc_mcp_call },
    { ngx_string("tools/list"), NGX_CC_MCP_BOTH, ngx_cc_mcp_tools },
    { ngx_string("ping"), NGX_CC_MCP_HANDSHAKE, ngx_cc_mcp_ping },
    { ngx_string("initialize"), NGX_CC_MCP_HANDSHAKE, ngx_cc_mcp_initialize },
    { ngx_string("server/discover"), NGX_CC_MCP_STATELESS,
      ngx_cc_mcp_discover },
    { ngx_string("subscriptions/listen"), NGX_CC_MCP_STATELESS,
      ngx_cc_mcp_listen },
    { ngx_string("logging/setLevel"), NGX_CC_MCP_HANDSHAKE,
      ngx_cc_mcp_level },
    { ngx_string("prompts/list"), NGX_CC_MCP_BOTH, ngx_cc_mcp_prompts },
    { ngx_string("prompts/get"), NGX_CC_MCP_BOTH, ngx_cc_mcp_prompt },
    { ngx_string("resources/list"), NGX_CC_MCP_BOTH, ngx_cc_mcp_resources },
    { ngx_string("resources/templates/list"), NGX_CC_MCP_BOTH,
      ngx_cc_mcp_templates },
    { ngx_string("resources/read"), NGX_CC_MCP_BOTH, ngx_cc_mcp_resource },
    { ngx_string("completion/complete"), NGX_CC_MCP_BOTH,
      ngx_cc_mcp_complete }
};


u_char *
ngx_cc_mcp_error(u_char *p, ngx_int_t code, const char *text)
{
    return ngx_sprintf(p, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
                          "{\"code\":%i,\"message\":\"%s\"}}", code, text);
}


static void *
ngx_cc_mcp_open(ngx_cc_host_t *host)
{
    ngx_cc_mcp_t  *s;

    s = ngx_pcalloc(host->pool, sizeof(ngx_cc_mcp_t));

    if (s == NULL) {
        return NULL;
    }

    s->host = host;
    s->request.log = host->log;
    s->answers.log = host->log;
    s->log = NGX_CC_MCP_LOG_OFF;
    ngx_queue_init(&s->calls);

    return s;
}


static ngx_int_t
ngx_cc_mcp_push(void *session, u_char *p, size_t n, ngx_uint_t last)
{
    ngx_int_t      rc;
    ngx_cc_mcp_t  *s = session;

    rc = ngx_cc_request_push(&s->request, p, n, last);

    if (rc == NGX_OK) {
        s->served = 1;
        rc = ngx_cc_mcp_serve(s);

    } else if (rc == NGX_AGAIN) {
        return NGX_OK;
    }

    ngx_cc_request_reset(&s->request);
    s->host->wake(s->host->data);

    return s->answers.no_memory ? NGX_ERROR : rc;
}


static void
ngx_cc_mcp_drop(void *session)
{
    ngx_cc_mcp_t  *s = session;

    ngx_cc_request_reset(&s->request);
}


static size_t
ngx_cc_mcp_pull(void *session, u_char *p, size_t room, ngx_uint_t *more)
{
    size_t         n;
    ngx_cc_mcp_t  *s = session;

    n = ngx_cc_mcp_next(s, p, ngx_min(room, NGX_CC_MCP_PIECE), more);

    if (s->host->post && s->served && s->ncalls == 0 && !s->listens
        && s->answers.pos == s->answers.last)
    {
        s->host->post->over = 1;
    }

    return n;
}


static size_t
ngx_cc_mcp_pending(void *session)
{
    ngx_cc_mcp_t  *s = session;

    return ngx_cc_answers_size(&s->answers);
}


static ngx_uint_t
ngx_cc_mcp_busy(void *session)
{
    ngx_cc_mcp_t  *s = session;

    return s->ncalls;
}


static void
ngx_cc_mcp_close(void *session)
{
    ngx_queue_t   *q;
    ngx_cc_mcp_t  *s = session;

    while (!ngx_queue_empty(&s->calls)) {
        q = ngx_queue_head(&s->calls);
        ngx_cc_mcp_forget(s, ngx_queue_data(q, ngx_cc_mcp_call_t, queue));
    }

    ngx_cc_answers_free(&s->answers);
    ngx_cc_request_reset(&s->request);
}


/* a message that was begun goes on, then answers, then each call has a turn */

static size_t
ngx_cc_mcp_next(ngx_cc_mcp_t *s, u_char *p, size_t room, ngx_uint_t *more)
{
    size_t              n;
    ngx_uint_t          i, turns, answer;
    ngx_queue_t        *q;
    ngx_cc_mcp_call_t  *call;

    *more = 0;

    if (s->current == NULL) {
        n = ngx_cc_answers_get(&s->answers, p, room);

        if (n) {
            if (s->ncalls && s->host->post) {
                /* the answer is still to come */
                s->host->post->stream = 1;
            }

            return n;
        }
    }

    turns = s->ncalls;

    for (i = 0; i < turns; i++) {

        call = s->current;

        if (call == NULL) {
            q = ngx_queue_head(&s->calls);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&s->calls, q);
            call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);
        }

        n = ngx_cc_mcp_call_pull(call, p, room, more, &answer);

        if (n && !answer && s->host->post) {
            s->host->post->stream = 1;
        }

        s->current = *more ? call : NULL;

        if (call->ended || call->no_memory) {
            ngx_cc_mcp_forget(s, call);
        }

        if (n) {
            return n;
        }
    }

    return 0;
}


static void
ngx_cc_mcp_forget(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call)
{
    ngx_queue_remove(&call->queue);
    s->ncalls--;

    if (s->current == call) {
        s->current = NULL;
    }

    ngx_cc_mcp_call_close(call);
}


/* a whole message is there */

static ngx_int_t
ngx_cc_mcp_serve(ngx_cc_mcp_t *s)
{
    ngx_cc_value_t    *version;
    ngx_cc_request_t  *rq;

    rq = &s->request;
    s->pool = rq->pool;
    ngx_str_null(&s->id);

    if (rq->id && rq->id->type != NGX_CC_VALUE_NULL
        && ngx_cc_mcp_text(s, rq->id, &s->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rq->code) {
        return ngx_cc_mcp_refused(s);
    }

    version = ngx_cc_request_member(rq->root, "jsonrpc");

    if (version == NULL) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_REQUEST, 400,
                                 "jsonrpc must be \"2.0\"");
    }

    if (rq->id && rq->id->type == NGX_CC_VALUE_NULL) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_REQUEST, 400,
                                 "id must not be null");
    }

    if (ngx_cc_mcp_meta_read(&s->meta, rq, s->host->post) != NGX_OK) {

        if (s->meta.code == NGX_CC_MCP_UNSUPPORTED) {
            return ngx_cc_mcp_unsupported(s);
        }

        return ngx_cc_mcp_refuse(s, s->meta.code, 400, "%*s", s->meta.len,
                                 s->meta.text);
    }

    return ngx_cc_mcp_dispatch(s);
}


/* it is no request: broken, or the answer to one that we never made */

static ngx_int_t
ngx_cc_mcp_refused(ngx_cc_mcp_t *s)
{
    ngx_cc_value_t    *root;
    ngx_cc_request_t  *rq;

    rq = &s->request;
    root = rq->root;

    if (rq->code == NGX_CC_ERROR_REQUEST && root
        && root->type == NGX_CC_VALUE_OBJECT
        && ngx_cc_request_member(root, "method") == NULL
        && (ngx_cc_request_member(root, "result")
            || ngx_cc_request_member(root, "error")))
    {
        ngx_cc_mcp_status(s, 202);
        return NGX_OK;
    }

    return ngx_cc_mcp_refuse(s, rq->code, 400, "%s", rq->error);
}


static ngx_int_t
ngx_cc_mcp_dispatch(ngx_cc_mcp_t *s)
{
    ngx_str_t         *name;
    ngx_uint_t         i, era;
    ngx_cc_request_t  *rq;

    rq = &s->request;

    if (rq->id == NULL) {
        ngx_cc_mcp_status(s, 202);

        if (rq->method.len == sizeof("notifications/cancelled") - 1
            && ngx_memcmp(rq->method.data, "notifications/cancelled",
                          rq->method.len) == 0)
        {
            return ngx_cc_mcp_cancelled(s, rq->params);
        }

        return NGX_OK;
    }

    ngx_cc_mcp_status(s, 200);
    era = s->meta.modern ? NGX_CC_MCP_STATELESS : NGX_CC_MCP_HANDSHAKE;

    for (i = 0;
         i < sizeof(ngx_cc_mcp_methods) / sizeof(ngx_cc_mcp_methods[0]);
         i++)
    {
        name = (ngx_str_t *) &ngx_cc_mcp_methods[i].name;

        if ((ngx_cc_mcp_methods[i].eras & era)
            && name->len == rq->method.len
            && ngx_memcmp(name->data, rq->method.data, name->len) == 0)
        {
            return ngx_cc_mcp_methods[i].serve(s, rq->params);
        }
    }

    return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_METHOD,
                             s->meta.modern ? 404 : 200,
                             "unknown method '%V'", &rq->method);
}


/* a string or number as JSON text, ready to be copied into messages */

static ngx_int_t
ngx_cc_mcp_text(ngx_cc_mcp_t *s, ngx_cc_value_t *v, ngx_str_t *text)
{
    size_t         size;
    ngx_cc_json_t  w;

    if (v->type == NGX_CC_VALUE_NUMBER) {
        *text = v->text;
        return NGX_OK;
    }

    size = v->text.len * NGX_CC_JSON_MAX_ESCAPE + 2;
    text->data = ngx_pnalloc(s->pool, size);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_notice_writer(&w, text->data, size);
    ngx_cc_json_string(&w, v->text.data, v->text.len);
    text->len = w.pos - text->data;

    return NGX_OK;
}


static void
ngx_cc_mcp_status(ngx_cc_mcp_t *s, ngx_uint_t status)
{
    if (s->host->post) {
        s->host->post->status = status;
    }
}


/* an error as the answer */

static ngx_int_t
ngx_cc_mcp_refuse(ngx_cc_mcp_t *s, ngx_int_t code, ngx_uint_t status,
    const char *fmt, ...)
{
    u_char      text[NGX_CC_SPEC_TEXT], *last;
    va_list     args;
    ngx_str_t   null = ngx_string("null");

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    ngx_cc_mcp_status(s, status);

    /* without an id: better say it than leave the client in the dark */

    ngx_cc_notice_refuse(&s->answers, s->id.len ? &s->id : &null, code, text,
                         last - text);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_unsupported(ngx_cc_mcp_t *s)
{
    ngx_str_t  null = ngx_string("null");

    ngx_cc_mcp_status(s, 400);

    if (s->id.len == 0) {
        s->id = null;
    }

    if (ngx_cc_mcp_begin(s, 128 + NGX_CC_JSON_MAX_ESCAPE
                                  * (s->meta.len + s->meta.requested.len))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&s->w, "\"error\":{\"code\":");
    ngx_cc_json_int(&s->w, NGX_CC_MCP_UNSUPPORTED);
    ngx_cc_json_lit(&s->w, ",\"message\":");
    ngx_cc_json_string(&s->w, s->meta.text, s->meta.len);
    ngx_cc_json_lit(&s->w, ",\"data\":{\"supported\":[\""
                           NGX_CC_MCP_MODERN "\"],\"requested\":");
    ngx_cc_json_string(&s->w, s->meta.requested.data, s->meta.requested.len);
    ngx_cc_json_lit(&s->w, "}}}");

    return ngx_cc_answers_put(&s->answers, s->out, s->w.pos - s->out);
}


/* begins to write an answer that needs "size" bytes beside its id */

static ngx_int_t
ngx_cc_mcp_begin(ngx_cc_mcp_t *s, size_t size)
{
    size += s->id.len + 512;
    s->out = ngx_pnalloc(s->pool, size);

    if (s->out == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_notice_writer(&s->w, s->out, size);
    ngx_cc_notice_answer(&s->w, &s->id);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_result(ngx_cc_mcp_t *s, size_t size)
{
    if (ngx_cc_mcp_begin(s, size) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&s->w, "\"result\":{");

    if (s->meta.modern) {
        ngx_cc_json_lit(&s->w, "\"resultType\":\"complete\"");
    }

    return NGX_OK;
}


/* members of a result, the first of which may need a comma before it */

static void
ngx_cc_mcp_member(ngx_cc_mcp_t *s, const char *text)
{
    if (s->w.pos[-1] != '{') {
        ngx_cc_json_lit(&s->w, ",");
    }

    ngx_cc_json_raw(&s->w, text, ngx_strlen(text));
}


static ngx_int_t
ngx_cc_mcp_end(ngx_cc_mcp_t *s, ngx_uint_t cacheable)
{
    if (s->meta.modern) {

        if (cacheable) {
            /* it is what this caller may do here */
            ngx_cc_mcp_member(s, "\"ttlMs\":60000,\"cacheScope\":"
                                 "\"private\"");
        }

        ngx_cc_mcp_member(s, "\"_meta\":{" NGX_CC_MCP_SERVER "}");
    }

    ngx_cc_json_lit(&s->w, "}}");

    return ngx_cc_answers_put(&s->answers, s->out, s->w.pos - s->out);
}


static void
ngx_cc_mcp_wake(void *data)
{
    ngx_cc_mcp_t  *s = data;

    s->host->wake(s->host->data);
}


static ngx_int_t
ngx_cc_mcp_initialize(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_str_t        version;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "protocolVersion");

    if (v == NULL || v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.protocolVersion must be a string");
    }

    version = v->text;

    if (!ngx_cc_mcp_meta_legacy(&version)) {
        ngx_str_set(&version, NGX_CC_MCP_LEGACY);
    }

    if (ngx_cc_mcp_result(s, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_member(s, "\"protocolVersion\":");
    ngx_cc_json_string(&s->w, version.data, version.len);
    ngx_cc_mcp_member(s, "\"capabilities\":" NGX_CC_MCP_CAPABILITIES
                         ",\"serverInfo\":"
                         NGX_CC_MCP_INFO ",\"instructions\":");
    ngx_cc_mcp_tools_instructions(&s->w, s->host->conf);

    return ngx_cc_mcp_end(s, 0);
}


static ngx_int_t
ngx_cc_mcp_discover(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    if (ngx_cc_mcp_result(s, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_member(s, "\"supportedVersions\":[\"" NGX_CC_MCP_MODERN
                         "\"],\"capabilities\":" NGX_CC_MCP_CAPABILITIES
                         ",\"instructions\":");
    ngx_cc_mcp_tools_instructions(&s->w, s->host->conf);

    return ngx_cc_mcp_end(s, 1);
}


static ngx_int_t
ngx_cc_mcp_ping(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    if (ngx_cc_mcp_result(s, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_cc_mcp_end(s, 0);
}


static ngx_int_t
ngx_cc_mcp_tools(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    if (ngx_cc_mcp_cursor(s, params) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_result(s, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_member(s, "\"tools\":");
    ngx_cc_mcp_tools_list(&s->w, s->host->conf);

    return ngx_cc_mcp_end(s, 1);
}


static ngx_int_t
ngx_cc_mcp_call(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_int_t               rc;
    ngx_str_t               token;
    ngx_cc_value_t         *name, *arguments;
    ngx_cc_mcp_call_t      *call;
    ngx_cc_mcp_execute_t    ex;
    ngx_cc_command_conf_t  *conf;

    conf = s->host->conf;
    name = ngx_cc_request_member(params, "name");

    if (name == NULL || name->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.name must be a string");
    }

    if (ngx_strcmp(name->text.data, "execute") != 0) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "unknown tool '%V'", &name->text);
    }

    arguments = ngx_cc_request_member(params, "arguments");

    if (arguments && arguments->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.arguments must be an object");
    }

    ngx_str_null(&token);

    if (s->meta.token
        && ngx_cc_mcp_text(s, s->meta.token, &token) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!s->meta.modern) {
        s->meta.log = s->log;
    }

    rc = ngx_cc_mcp_tools_execute(&ex, conf, arguments, s->pool);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && s->ncalls >= conf->max_commands_per_session) {
        ngx_cc_zone_refused(NGX_CC_REASON_COMMANDS_SESSION);
        rc = ngx_cc_spec_refuse(&ex.spec, NGX_CC_REFUSED_LIMIT,
                                "%ui commands run in this session already, "
                                "which is the limit: wait for one to end",
                                s->ncalls);
    }

    if (rc != NGX_OK) {
        return ngx_cc_mcp_call_refused(s, &ex.spec);
    }

    ex.spec.command.owner = s->host->owner;

    call = ngx_cc_mcp_call_start(&ex, conf, &s->id, &token, &s->meta,
                                 &s->answers, s->host->session_id,
                                 ngx_cc_mcp_wake, s, s->host->log);

    if (call == NULL) {
        return ex.spec.refused ? ngx_cc_mcp_call_refused(s, &ex.spec)
                               : NGX_ERROR;
    }

    ngx_queue_insert_tail(&s->calls, &call->queue);
    s->ncalls++;
    s->host->commands++;

    return NGX_OK;
}


/*
 * What a model can mend (arguments, policy, limits) is a result that it reads;
 * what it cannot is an error.
 */

static ngx_int_t
ngx_cc_mcp_call_refused(ngx_cc_mcp_t *s, ngx_cc_spec_t *spec)
{
    size_t                 n;
    u_char                *p;
    ngx_uint_t             more;
    ngx_cc_capture_t       capture[NGX_CC_STREAMS];
    ngx_cc_mcp_result_t   *result;
    ngx_cc_mcp_outcome_t   outcome;

    if (spec->refused == NGX_CC_REFUSED_SERVER) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_INTERNAL, 503, "%*s",
                                 spec->len, spec->text);
    }

    n = NGX_CC_MCP_RESULT_TEXT + s->id.len;
    p = ngx_palloc(s->pool, n);
    result = ngx_palloc(s->pool, sizeof(ngx_cc_mcp_result_t));

    if (p == NULL || result == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&outcome, sizeof(ngx_cc_mcp_outcome_t));
    ngx_memzero(capture, sizeof(capture));

    outcome.id = &s->id;
    outcome.modern = s->meta.modern;
    outcome.capture = capture;
    outcome.error.data = spec->text;
    outcome.error.len = spec->len;

    ngx_cc_mcp_result_init(result, &outcome);
    n = ngx_cc_mcp_result_pull(result, p, n, &more);

    return ngx_cc_answers_put(&s->answers, p, n);
}


/* nothing of that kind is offered, or declared; some clients ask anyway */

static ngx_int_t
ngx_cc_mcp_prompts(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_list(s, params, "\"prompts\":[]");
}


static ngx_int_t
ngx_cc_mcp_resources(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_list(s, params, "\"resources\":[]");
}


static ngx_int_t
ngx_cc_mcp_templates(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_list(s, params, "\"resourceTemplates\":[]");
}


static ngx_int_t
ngx_cc_mcp_list(ngx_cc_mcp_t *s, ngx_cc_value_t *params, const char *name)
{
    if (ngx_cc_mcp_cursor(s, params) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_result(s, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_member(s, name);

    return ngx_cc_mcp_end(s, 1);
}


/* every list is one page: no cursor was ever given out */

static ngx_int_t
ngx_cc_mcp_cursor(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *cursor;

    cursor = ngx_cc_request_member(params, "cursor");

    if (cursor == NULL || cursor->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    (void) ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                             "params.cursor is not valid");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_mcp_prompt(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                             "params.name: there are no prompts");
}


static ngx_int_t
ngx_cc_mcp_resource(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *uri;

    uri = ngx_cc_request_member(params, "uri");

    if (uri == NULL || uri->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.uri must be a string");
    }

    if (ngx_cc_mcp_begin(s, uri->text.len * NGX_CC_JSON_MAX_ESCAPE)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&s->w, "\"error\":{\"code\":");
    ngx_cc_json_int(&s->w, NGX_CC_ERROR_PARAMS);
    ngx_cc_json_lit(&s->w, ",\"message\":\"there are no resources\","
                           "\"data\":{\"uri\":");
    ngx_cc_json_string(&s->w, uri->text.data, uri->text.len);
    ngx_cc_json_lit(&s->w, "}}}");

    return ngx_cc_answers_put(&s->answers, s->out, s->w.pos - s->out);
}


static ngx_int_t
ngx_cc_mcp_complete(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_cc_value_t  *ref, *argument;

    ref = ngx_cc_request_member(params, "ref");
    argument = ngx_cc_request_member(params, "argument");

    if (ref == NULL || ref->type != NGX_CC_VALUE_OBJECT
        || argument == NULL || argument->type != NGX_CC_VALUE_OBJECT)
    {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.ref and params.argument must be "
                                 "objects");
    }

    if (ngx_cc_mcp_result(s, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_member(s, "\"completion\":{\"values\":[],\"total\":0,"
                         "\"hasMore\":false}");

    return ngx_cc_mcp_end(s, 0);
}


/* over HTTP there is no session that could remember it */

static ngx_int_t
ngx_cc_mcp_level(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    unsigned         level;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "level");
    level = (v && v->type == NGX_CC_VALUE_STRING)
            ? ngx_cc_mcp_meta_level(&v->text) : NGX_CC_MCP_LOG_OFF;

    if (level == NGX_CC_MCP_LOG_OFF) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.level must be the name of a log "
                                 "level, debug to emergency");
    }

    s->log = level;

    return ngx_cc_mcp_ping(s, params);
}


/*
 * The lists of this server never change while it runs, so nothing is honoured
 * and nothing follows; the stream stays, as the specification wants it.
 */

static ngx_int_t
ngx_cc_mcp_listen(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    u_char          *p;
    size_t           size;
    ngx_cc_json_t    w;
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(params, "notifications");

    if (v == NULL || v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_refuse(s, NGX_CC_ERROR_PARAMS, 200,
                                 "params.notifications must be an object");
    }

    size = s->id.len + 256;
    p = ngx_pnalloc(s->pool, size);

    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_notice_writer(&w, p, size);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"notifications/subscriptions/acknowledged\","
                        "\"params\":{\"_meta\":{"
                        "\"io.modelcontextprotocol/subscriptionId\":");
    ngx_cc_json_raw(&w, s->id.data, s->id.len);
    ngx_cc_json_lit(&w, "},\"notifications\":{}}}");

    if (s->host->post) {
        s->host->post->stream = 1;
        s->listens = 1;
    }

    return ngx_cc_answers_put(&s->answers, p, w.pos - p);
}


/*
 * The command ends with its whole tree and nothing is answered.  Unknown ids
 * are ignored: the answer may have been faster.
 */

static ngx_int_t
ngx_cc_mcp_cancelled(ngx_cc_mcp_t *s, ngx_cc_value_t *params)
{
    ngx_str_t           id;
    ngx_queue_t        *q;
    ngx_cc_value_t     *v;
    ngx_cc_mcp_call_t  *call;

    v = ngx_cc_request_member(params, "requestId");

    if (v == NULL
        || (v->type != NGX_CC_VALUE_STRING && v->type != NGX_CC_VALUE_NUMBER))
    {
        return NGX_OK;
    }

    if (ngx_cc_mcp_text(s, v, &id) != NGX_OK) {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(&s->calls);
         q != ngx_queue_sentinel(&s->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_cc_mcp_call_t, queue);

        if (!call->begun && call->id.len == id.len
            && ngx_memcmp(call->id.data, id.data, id.len) == 0)
        {
            ngx_log_error(NGX_LOG_INFO, s->host->log, 0,
                          "cc_executor: call canceled execution=%*s "
                          "session=%*s", (size_t) NGX_CC_HANDLE_NAME,
                          call->cmd->id, (size_t) NGX_CC_UUID_TEXT,
                          s->host->session_id);

            ngx_cc_mcp_forget(s, call);
            break;
        }
    }

    return NGX_OK;
}
