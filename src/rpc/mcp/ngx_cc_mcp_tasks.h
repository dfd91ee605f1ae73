
/*
 * The extension io.modelcontextprotocol/tasks (SEP-2663) in one session: which
 * of its requests are served, and the subscriptions that are open, with tasks
 * or without.
 */

#ifndef _NGX_CC_MCP_TASKS_H_INCLUDED_
#define _NGX_CC_MCP_TASKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_jobs.h"
#include "ngx_cc_mcp_listen.h"
#include "ngx_cc_mcp_reply.h"


typedef struct {
    ngx_cc_transport_t   *transport;
    ngx_cc_mcp_jobs_t    *jobs;      /* requests that wait for an answer */
    ngx_queue_t           queue;     /* ngx_cc_mcp_listen_t */
    ngx_uint_t            n;
    ngx_cc_mcp_listen_t  *current;   /* is being pulled */
} ngx_cc_mcp_tasks_t;


void ngx_cc_mcp_tasks_init(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_transport_t *transport, ngx_cc_mcp_jobs_t *jobs);

/*
 * Serves a request whose method is not for ngx_cc_mcp_methods_serve(): those
 * about tasks, and subscriptions/listen.  NGX_OK; NGX_DECLINED: it is another
 * method; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_tasks_serve(ngx_cc_mcp_tasks_t *tasks,
    ngx_cc_mcp_reply_t *rp, ngx_cc_mcp_meta_t *meta, ngx_str_t *method,
    ngx_cc_value_t *params);

/* the next piece of what a subscription has to say; as in ngx_cc_dialect_t */
size_t ngx_cc_mcp_tasks_pull(ngx_cc_mcp_tasks_t *tasks, u_char *p,
    size_t room, ngx_uint_t *more);

/* the subscription with this id (JSON text), if there is one, is no more */
void ngx_cc_mcp_tasks_cancel(ngx_cc_mcp_tasks_t *tasks, ngx_str_t *id);

void ngx_cc_mcp_tasks_close(ngx_cc_mcp_tasks_t *tasks);


#endif /* _NGX_CC_MCP_TASKS_H_INCLUDED_ */
