
/*
 * The answer of job_list.
 */

#ifndef _NGX_CC_MCP_JOB_LIST_H_INCLUDED_
#define _NGX_CC_MCP_JOB_LIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_kept_list.h"
#include "ngx_cc_mcp_job_text.h"


/*
 * Prepares the answer to the request with that id (JSON text): one part, in
 * memory of its own.  NGX_OK, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_job_list(ngx_cc_mcp_job_text_t *t,
    ngx_cc_kept_list_t *list, ngx_str_t *id, ngx_uint_t modern,
    ngx_log_t *log);


#endif /* _NGX_CC_MCP_JOB_LIST_H_INCLUDED_ */
