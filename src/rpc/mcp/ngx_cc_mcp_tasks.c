
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_task.h"
#include "ngx_cc_mcp_tasks.h"


#define NGX_CC_MCP_TASKS_MOST   16       /* subscriptions of a session */
#define NGX_CC_MCP_TASKS_WATCHED  16     /* tasks in all of them; more are not
                                            honoured */
#define NGX_CC_MCP_TASKS_PIECE  65536    /* most bytes pulled at once */


static ngx_int_t ngx_cc_mcp_tasks_request(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_mcp_reply_t *rp, ngx_cc_mcp_meta_t *meta,
    ngx_cc_mcp_task_kind_e kind, ngx_cc_value_t *params);
static ngx_int_t ngx_cc_mcp_tasks_undeclared(ngx_cc_mcp_reply_t *rp);
static ngx_int_t ngx_cc_mcp_tasks_listen(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_mcp_reply_t *rp, ngx_cc_mcp_meta_t *meta, ngx_cc_value_t *params);
static ngx_uint_t ngx_cc_mcp_tasks_watched(ngx_cc_mcp_tasks_t *tasks);
static ngx_uint_t ngx_cc_mcp_tasks_strings(ngx_cc_value_t *list);
static void ngx_cc_mcp_tasks_forget(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_mcp_listen_t *listen);


void
ngx_cc_mcp_tasks_init(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_transport_t *transport, ngx_cc_mcp_jobs_t *jobs)
{
    tasks->transport = transport;
    tasks->jobs = jobs;
    ngx_queue_init(&tasks->queue);
}


ngx_int_t
ngx_cc_mcp_tasks_serve(ngx_cc_mcp_tasks_t *tasks, ngx_cc_mcp_reply_t *rp,
    ngx_cc_mcp_meta_t *meta, ngx_str_t *method, ngx_cc_value_t *params)
{
    ngx_cc_mcp_task_kind_e  kind;

    if (method->len == sizeof("subscriptions/listen") - 1
        && ngx_memcmp(method->data, "subscriptions/listen", method->len) == 0)
    {
        return ngx_cc_mcp_tasks_listen(tasks, rp, meta, params);
    }

    if (ngx_cc_mcp_task_method(method, &kind)) {
        return ngx_cc_mcp_tasks_request(tasks, rp, meta, kind, params);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cc_mcp_tasks_request(ngx_cc_mcp_tasks_t *tasks, ngx_cc_mcp_reply_t *rp,
    ngx_cc_mcp_meta_t *meta, ngx_cc_mcp_task_kind_e kind,
    ngx_cc_value_t *params)
{
    ngx_int_t               rc;
    ngx_str_t               none = ngx_null_string;
    const char             *wrong;
    ngx_cc_spec_t           spec;
    ngx_cc_value_t         *id;
    ngx_cc_mcp_job_spec_t   js;

    if (!meta->tasks) {
        return ngx_cc_mcp_tasks_undeclared(rp);
    }

    id = ngx_cc_request_member(params, "taskId");

    if (id == NULL || id->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.taskId must be a string");
    }

    if (ngx_cc_mcp_meta_named(meta, rp->post, "taskId", &id->text) != NGX_OK) {
        return ngx_cc_mcp_reply_refuse(rp, meta->code, 400, "%*s", meta->len,
                                       meta->text);
    }

    wrong = ngx_cc_mcp_task_spec(&js, kind, params);

    if (wrong) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200, "%s",
                                       wrong);
    }

    ngx_cc_spec_init(&spec, "params");
    rc = ngx_cc_mcp_jobs_start(tasks->jobs, &js, &rp->id, &none, 1,
                               NULL, &spec);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_INTERNAL, 200, "%*s",
                                   spec.len, spec.text);
}


/* MissingRequiredClientCapability */

static ngx_int_t
ngx_cc_mcp_tasks_undeclared(ngx_cc_mcp_reply_t *rp)
{
    ngx_cc_mcp_reply_status(rp, 400);

    if (ngx_cc_mcp_reply_begin(rp, 256) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_json_lit(&rp->w, "\"error\":{\"code\":");
    ngx_cc_json_int(&rp->w, NGX_CC_MCP_INCAPABLE);
    ngx_cc_json_lit(&rp->w, ",\"message\":\"the client does not declare the "
                            "extension " NGX_CC_MCP_TASK_EXTENSION "\","
                            "\"data\":{\"requiredCapabilities\":{"
                            "\"extensions\":{\"" NGX_CC_MCP_TASK_EXTENSION
                            "\":{}}}}}}");

    return ngx_cc_mcp_reply_put(rp);
}


static ngx_int_t
ngx_cc_mcp_tasks_listen(ngx_cc_mcp_tasks_t *tasks, ngx_cc_mcp_reply_t *rp,
    ngx_cc_mcp_meta_t *meta, ngx_cc_value_t *params)
{
    ngx_cc_value_t       *v, *ids;
    ngx_cc_mcp_listen_t  *listen;

    if (rp->post && rp->post->plain) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_REQUEST, 406,
                                       "Accept must list text/event-stream");
    }

    v = ngx_cc_request_member(params, "notifications");

    if (v == NULL || v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.notifications must be an "
                                       "object");
    }

    ids = ngx_cc_mcp_job_spec_kept(tasks->transport->conf)
          ? ngx_cc_request_member(v, "taskIds") : NULL;

    if (ids && !meta->tasks) {
        return ngx_cc_mcp_tasks_undeclared(rp);
    }

    if (ids && !ngx_cc_mcp_tasks_strings(ids)) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.notifications.taskIds must be "
                                       "an array of strings");
    }

    if (tasks->n >= NGX_CC_MCP_TASKS_MOST) {
        return ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_INTERNAL, 200,
                                       "%ui subscriptions are open in this "
                                       "session already", tasks->n);
    }

    listen = ngx_cc_mcp_listen_start(tasks->transport, &rp->id, ids,
                                     NGX_CC_MCP_TASKS_WATCHED
                                     - ngx_cc_mcp_tasks_watched(tasks));

    if (listen == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&tasks->queue, &listen->queue);
    tasks->n++;

    if (rp->post) {
        rp->post->stream = 1;
    }

    return NGX_OK;
}


/* by all subscriptions */

static ngx_uint_t
ngx_cc_mcp_tasks_watched(ngx_cc_mcp_tasks_t *tasks)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    for (q = ngx_queue_head(&tasks->queue);
         q != ngx_queue_sentinel(&tasks->queue);
         q = ngx_queue_next(q))
    {
        n += ngx_cc_mcp_listen_watches(ngx_queue_data(q, ngx_cc_mcp_listen_t,
                                                      queue));
    }

    return n;
}


static ngx_uint_t
ngx_cc_mcp_tasks_strings(ngx_cc_value_t *list)
{
    ngx_cc_value_t  *v;

    if (list->type != NGX_CC_VALUE_ARRAY) {
        return 0;
    }

    for (v = list->first; v; v = v->next) {
        if (v->type != NGX_CC_VALUE_STRING) {
            return 0;
        }
    }

    return 1;
}


size_t
ngx_cc_mcp_tasks_pull(ngx_cc_mcp_tasks_t *tasks, u_char *p, size_t room,
    ngx_uint_t *more)
{
    size_t                n;
    ngx_uint_t            i, turns;
    ngx_queue_t          *q;
    ngx_cc_mcp_listen_t  *listen;

    turns = tasks->n;

    for (i = 0; i < turns; i++) {

        listen = tasks->current;

        if (listen == NULL) {
            q = ngx_queue_head(&tasks->queue);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&tasks->queue, q);
            listen = ngx_queue_data(q, ngx_cc_mcp_listen_t, queue);
        }

        n = ngx_cc_mcp_listen_pull(listen, p,
                                   ngx_min(room, NGX_CC_MCP_TASKS_PIECE),
                                   more);

        tasks->current = *more ? listen : NULL;
        tasks->transport->failed |= listen->no_memory;

        if (listen->ended || (listen->canceled && !*more)) {
            ngx_cc_mcp_tasks_forget(tasks, listen);
        }

        if (n) {
            return n;
        }
    }

    return 0;
}


void
ngx_cc_mcp_tasks_cancel(ngx_cc_mcp_tasks_t *tasks, ngx_str_t *id)
{
    ngx_queue_t          *q;
    ngx_cc_mcp_listen_t  *listen;

    for (q = ngx_queue_head(&tasks->queue);
         q != ngx_queue_sentinel(&tasks->queue);
         q = ngx_queue_next(q))
    {
        listen = ngx_queue_data(q, ngx_cc_mcp_listen_t, queue);

        if (listen->id.len != id->len
            || ngx_memcmp(listen->id.data, id->data, id->len) != 0)
        {
            continue;
        }

        if (listen == tasks->current) {
            /* what is being told is told to its end */
            listen->canceled = 1;

        } else {
            ngx_cc_mcp_tasks_forget(tasks, listen);
        }

        return;
    }
}


void
ngx_cc_mcp_tasks_close(ngx_cc_mcp_tasks_t *tasks)
{
    while (!ngx_queue_empty(&tasks->queue)) {
        ngx_cc_mcp_tasks_forget(tasks,
                                ngx_queue_data(ngx_queue_head(&tasks->queue),
                                               ngx_cc_mcp_listen_t, queue));
    }
}


static void
ngx_cc_mcp_tasks_forget(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_mcp_listen_t *listen)
{
    ngx_queue_remove(&listen->queue);
    tasks->n--;

    if (tasks->current == listen) {
        tasks->current = NULL;
    }

    ngx_cc_mcp_listen_close(listen);
}
