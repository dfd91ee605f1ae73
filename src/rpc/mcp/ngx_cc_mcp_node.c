
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_node.h"
#include "ngx_cc_message.h"


static ngx_uint_t ngx_cc_mcp_node_named(ngx_cc_request_t *rq,
    ngx_str_t *node, ngx_uint_t *foreign);
static ngx_cc_value_t *ngx_cc_mcp_node_id(ngx_cc_request_t *rq);


ngx_int_t
ngx_cc_mcp_node_check(ngx_cc_mcp_reply_t *rp, ngx_cc_request_t *rq)
{
    ngx_str_t           node, rest;
    ngx_uint_t          foreign, named;
    ngx_cc_mcp_post_t  *post;

    post = rp->post;

    if (post == NULL || post->peers == NULL) {
        return NGX_OK;
    }

    named = ngx_cc_mcp_node_named(rq, &node, &foreign);

    if (!named) {

        /* the new era does not know sessions, and initialize begins one */

        foreign = post->session.data && !rp->modern
                  && !(rq->id
                       && ngx_strcmp(rq->method.data, "initialize") == 0)
                  && ngx_cc_node_split(&post->session, &node, &rest);
    }

    if (!foreign) {
        return NGX_OK;
    }

    if (post->hop) {
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_INTERNAL, 502,
                                       "handed over already, but this is %V, "
                                       "not %V", ngx_cc_node_name(), &node);
        return NGX_DECLINED;
    }

    post->peer = ngx_cc_node_peer(post->peers, &node);

    if (post->peer == NULL) {
        return NGX_OK;
    }

    /* the message goes before the request does */

    post->node.data = ngx_pnalloc(post->pool, node.len);

    if (post->node.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(post->node.data, node.data, node.len);
    post->node.len = node.len;
    post->anywhere = !named;

    return NGX_DECLINED;
}


/* does a job's id say whose it is? */

static ngx_uint_t
ngx_cc_mcp_node_named(ngx_cc_request_t *rq, ngx_str_t *node,
    ngx_uint_t *foreign)
{
    ngx_int_t         rc;
    ngx_cc_value_t   *id;
    ngx_cc_handle_t   handle;

    id = ngx_cc_mcp_node_id(rq);

    if (id == NULL || id->type != NGX_CC_VALUE_STRING) {
        return 0;
    }

    rc = ngx_cc_node_handle(&id->text, &handle, node);
    *foreign = (rc == NGX_BUSY);

    return rc != NGX_DECLINED && node->len;
}


/* the id in a call of a tool about jobs, or in a request about a task */

static ngx_cc_value_t *
ngx_cc_mcp_node_id(ngx_cc_request_t *rq)
{
    ngx_cc_value_t  *name, *arguments;

    if (ngx_strncmp(rq->method.data, "tasks/", 6) == 0) {
        return ngx_cc_request_member(rq->params, "taskId");
    }

    if (ngx_strcmp(rq->method.data, "tools/call") != 0) {
        return NULL;
    }

    name = ngx_cc_request_member(rq->params, "name");
    arguments = ngx_cc_request_member(rq->params, "arguments");

    return name && name->type == NGX_CC_VALUE_STRING
           && ngx_strncmp(name->text.data, "job_", 4) == 0
           ? ngx_cc_request_member(arguments, "job_id") : NULL;
}
