
/*
 * The calls about jobs of a session: each has its turn, as those that run a
 * command have theirs.
 */

#ifndef _NGX_CC_MCP_JOBS_H_INCLUDED_
#define _NGX_CC_MCP_JOBS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job.h"


typedef struct {
    ngx_cc_transport_t  *transport;
    ngx_queue_t         *sent;       /* where answers wait that are pulled */
    ngx_queue_t          queue;      /* ngx_cc_mcp_job_t */
    ngx_uint_t           n;
    ngx_cc_mcp_job_t    *current;    /* its answer is being pulled */
} ngx_cc_mcp_jobs_t;


void ngx_cc_mcp_jobs_init(ngx_cc_mcp_jobs_t *jobs,
    ngx_cc_transport_t *transport, ngx_queue_t *sent);

/*
 * As ngx_cc_mcp_job_start(); "name": by which other workers know the call, or
 * NULL.  NGX_OK; NGX_DECLINED: there are too many, and
 * "spec" says so; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_jobs_start(ngx_cc_mcp_jobs_t *jobs,
    ngx_cc_mcp_job_spec_t *js, ngx_str_t *id, ngx_str_t *token,
    ngx_uint_t modern, const ngx_cc_legacy_call_t *name, ngx_cc_spec_t *spec);

/* the next piece of what one of them has to say; as ngx_cc_dialect_t.pull() */
size_t ngx_cc_mcp_jobs_pull(ngx_cc_mcp_jobs_t *jobs, u_char *p, size_t room,
    ngx_uint_t *more);

/* the one with this id (JSON text), if its answer has not begun, is no more */
void ngx_cc_mcp_jobs_cancel(ngx_cc_mcp_jobs_t *jobs, ngx_str_t *id);

void ngx_cc_mcp_jobs_close(ngx_cc_mcp_jobs_t *jobs);


#endif /* _NGX_CC_MCP_JOBS_H_INCLUDED_ */
