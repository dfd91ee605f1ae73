
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_methods.h"
#include "ngx_cc_mcp_task_text.h"
#include "ngx_cc_mcp_tools.h"
#include "ngx_cc_message.h"


/*
 * Resources are not among them, although their (empty) lists are answered: some
 * clients offer a model two more tools as soon as they are.
 */

#define NGX_CC_MCP_CAPABILITIES                                               \
    "{\"tools\":{},\"prompts\":{},\"logging\":{},\"completions\":{}"

/* eras in which a method exists */

#define NGX_CC_MCP_METHODS_HANDSHAKE  1
#define NGX_CC_MCP_METHODS_STATELESS  2
#define NGX_CC_MCP_METHODS_BOTH       3
#define NGX_CC_MCP_METHODS_TASKS      4  /* that without a handshake, where
                                            commands are kept */


typedef ngx_int_t (*ngx_cc_mcp_methods_pt)(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);


/*
 * The params of a method are not listed: what the specification does not know
 * is ignored.
 */

typedef struct {
    ngx_str_t              name;
    ngx_uint_t             eras;     /* in which it is legal */
    ngx_cc_mcp_methods_pt  serve;    /* NULL: the session does, it is not
                                        answered at once */
} ngx_cc_mcp_method_t;


static const ngx_cc_mcp_method_t *ngx_cc_mcp_methods_find(ngx_str_t *name,
    ngx_uint_t eras);
static ngx_int_t ngx_cc_mcp_methods_initialize(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_discover(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_ping(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_tools(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_prompts(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_resources(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_templates(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_list(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params, const char *name);
static ngx_int_t ngx_cc_mcp_methods_cursor(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_prompt(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_resource(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_complete(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_methods_level(ngx_cc_mcp_methods_t *m,
    ngx_cc_value_t *params);


static const ngx_cc_mcp_method_t  ngx_cc_mcp_methods_table[] = {
    { ngx_string("tools/call"), NGX_CC_MCP_METHODS_BOTH, NULL },
    { ngx_string("tools/list"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_tools },
    { ngx_string("ping"), NGX_CC_MCP_METHODS_HANDSHAKE,
      ngx_cc_mcp_methods_ping },
    { ngx_string("initialize"), NGX_CC_MCP_METHODS_HANDSHAKE,
      ngx_cc_mcp_methods_initialize },
    { ngx_string("server/discover"), NGX_CC_MCP_METHODS_STATELESS,
      ngx_cc_mcp_methods_discover },
    { ngx_string("subscriptions/listen"), NGX_CC_MCP_METHODS_STATELESS,
      NULL },
    { ngx_string("tasks/get"), NGX_CC_MCP_METHODS_TASKS, NULL },
    { ngx_string("tasks/cancel"), NGX_CC_MCP_METHODS_TASKS, NULL },
    { ngx_string("tasks/update"), NGX_CC_MCP_METHODS_TASKS, NULL },
    { ngx_string("logging/setLevel"), NGX_CC_MCP_METHODS_HANDSHAKE,
      ngx_cc_mcp_methods_level },
    { ngx_string("prompts/list"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_prompts },
    { ngx_string("prompts/get"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_prompt },
    { ngx_string("resources/list"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_resources },
    { ngx_string("resources/templates/list"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_templates },
    { ngx_string("resources/read"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_resource },
    { ngx_string("completion/complete"), NGX_CC_MCP_METHODS_BOTH,
      ngx_cc_mcp_methods_complete }
};


ngx_int_t
ngx_cc_mcp_methods_serve(ngx_cc_mcp_methods_t *m, ngx_str_t *method,
    ngx_cc_value_t *params)
{
    ngx_uint_t                  eras;
    const ngx_cc_mcp_method_t  *found;

    eras = m->reply.modern ? NGX_CC_MCP_METHODS_STATELESS
                           : NGX_CC_MCP_METHODS_HANDSHAKE;

    if (m->reply.modern && ngx_cc_mcp_job_spec_kept(m->conf)) {
        eras |= NGX_CC_MCP_METHODS_TASKS;
    }

    found = ngx_cc_mcp_methods_find(method, eras);

    if (found == NULL) {
        return NGX_DECLINED;
    }

    return found->serve ? found->serve(m, params) : NGX_DONE;
}


ngx_uint_t
ngx_cc_mcp_methods_known(ngx_str_t *method)
{
    return ngx_cc_mcp_methods_find(method, NGX_CC_MCP_METHODS_BOTH) != NULL;
}


/* the method that one of the eras has, or NULL */

static const ngx_cc_mcp_method_t *
ngx_cc_mcp_methods_find(ngx_str_t *name, ngx_uint_t eras)
{
    ngx_uint_t                  i, n;
    const ngx_cc_mcp_method_t  *method;

    n = sizeof(ngx_cc_mcp_methods_table) / sizeof(ngx_cc_mcp_methods_table[0]);

    for (i = 0; i < n; i++) {
        method = &ngx_cc_mcp_methods_table[i];

        if ((method->eras & eras)
            && method->name.len == name->len
            && ngx_memcmp(method->name.data, name->data, name->len) == 0)
        {
            return method;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_cc_mcp_methods_initialize(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_str_t            version;
    ngx_cc_value_t      *v;
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    v = ngx_cc_request_member(params, "protocolVersion");

    if (v == NULL || v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.protocolVersion must be a "
                                       "string");
    }

    version = v->text;

    if (!ngx_cc_mcp_meta_legacy(&version)) {
        ngx_str_set(&version, NGX_CC_MCP_LEGACY);
    }

    if (ngx_cc_mcp_reply_result(rp, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_reply_member(rp, "\"protocolVersion\":");
    ngx_cc_json_string(&rp->w, version.data, version.len);
    ngx_cc_mcp_reply_member(rp, "\"capabilities\":" NGX_CC_MCP_CAPABILITIES
                            "},\"serverInfo\":"
                            NGX_CC_MCP_INFO ",\"instructions\":");
    ngx_cc_mcp_tools_instructions(&rp->w, m->conf);

    if (rp->post) {
        rp->post->begun = ngx_cc_mcp_meta_number(&version);
    }

    return ngx_cc_mcp_reply_end(rp, 0);
}


static ngx_int_t
ngx_cc_mcp_methods_discover(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    if (ngx_cc_mcp_reply_result(rp, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_reply_member(rp, "\"supportedVersions\":[\"" NGX_CC_MCP_MODERN
                            "\"],\"capabilities\":" NGX_CC_MCP_CAPABILITIES);

    if (ngx_cc_mcp_job_spec_kept(m->conf)) {
        ngx_cc_mcp_reply_member(rp, "\"extensions\":{"
                                "\"" NGX_CC_MCP_TASK_EXTENSION "\":{}}");
    }

    ngx_cc_json_lit(&rp->w, "},\"instructions\":");
    ngx_cc_mcp_tools_instructions(&rp->w, m->conf);

    return ngx_cc_mcp_reply_end(rp, 1);
}


static ngx_int_t
ngx_cc_mcp_methods_ping(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    if (ngx_cc_mcp_reply_result(rp, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_cc_mcp_reply_end(rp, 0);
}


static ngx_int_t
ngx_cc_mcp_methods_tools(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    if (ngx_cc_mcp_methods_cursor(m, params) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_reply_result(rp, NGX_CC_MCP_TOOLS_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_reply_member(rp, "\"tools\":");
    ngx_cc_mcp_tools_list(&rp->w, m->conf);

    return ngx_cc_mcp_reply_end(rp, 1);
}


/* nothing of that kind is offered, or declared; some clients ask anyway */

static ngx_int_t
ngx_cc_mcp_methods_prompts(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_methods_list(m, params, "\"prompts\":[]");
}


static ngx_int_t
ngx_cc_mcp_methods_resources(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_methods_list(m, params, "\"resources\":[]");
}


static ngx_int_t
ngx_cc_mcp_methods_templates(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    return ngx_cc_mcp_methods_list(m, params, "\"resourceTemplates\":[]");
}


static ngx_int_t
ngx_cc_mcp_methods_list(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params,
    const char *name)
{
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    if (ngx_cc_mcp_methods_cursor(m, params) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_reply_result(rp, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_reply_member(rp, name);

    return ngx_cc_mcp_reply_end(rp, 1);
}


/* every list is one page, so no cursor can be valid */

static ngx_int_t
ngx_cc_mcp_methods_cursor(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_value_t      *cursor;
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    cursor = ngx_cc_request_member(params, "cursor");

    if (cursor == NULL || cursor->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                   "params.cursor is not valid");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_mcp_methods_prompt(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                   "params.name: there are no prompts");
}


static ngx_int_t
ngx_cc_mcp_methods_resource(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_value_t      *uri;
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    uri = ngx_cc_request_member(params, "uri");

    if (uri == NULL || uri->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.uri must be a string");
    }

    if (ngx_cc_mcp_reply_begin(rp, NGX_CC_MCP_REPLY_ECHO
                                   * NGX_CC_JSON_MAX_ESCAPE)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&rp->w, "\"error\":{\"code\":");
    ngx_cc_json_int(&rp->w, NGX_CC_ERROR_PARAMS);
    ngx_cc_json_lit(&rp->w, ",\"message\":\"there are no resources\","
                           "\"data\":{\"uri\":");
    ngx_cc_mcp_reply_echo(rp, &uri->text);
    ngx_cc_json_lit(&rp->w, "}}}");

    return ngx_cc_mcp_reply_put(rp);
}


static ngx_int_t
ngx_cc_mcp_methods_complete(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    ngx_cc_value_t      *ref, *argument;
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    ref = ngx_cc_request_member(params, "ref");
    argument = ngx_cc_request_member(params, "argument");

    if (ref == NULL || ref->type != NGX_CC_VALUE_OBJECT
        || argument == NULL || argument->type != NGX_CC_VALUE_OBJECT)
    {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.ref and params.argument must be "
                                       "objects");
    }

    if (ngx_cc_mcp_reply_result(rp, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_mcp_reply_member(rp, "\"completion\":{\"values\":[],\"total\":0,"
                            "\"hasMore\":false}");

    return ngx_cc_mcp_reply_end(rp, 0);
}


/* over HTTP there is no session that could remember it */

static ngx_int_t
ngx_cc_mcp_methods_level(ngx_cc_mcp_methods_t *m, ngx_cc_value_t *params)
{
    unsigned             level;
    ngx_cc_value_t      *v;
    ngx_cc_mcp_reply_t  *rp = &m->reply;

    v = ngx_cc_request_member(params, "level");
    level = (v && v->type == NGX_CC_VALUE_STRING)
            ? ngx_cc_mcp_meta_level(&v->text) : NGX_CC_MCP_LOG_OFF;

    if (level == NGX_CC_MCP_LOG_OFF) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.level must be the name of a log "
                                       "level, debug to emergency");
    }

    m->log = level;

    return ngx_cc_mcp_methods_ping(m, params);
}
