
/*
 * The tools that a model sees, and what a call of one starts: one table.
 * Descriptions say what the location allows.
 */

#ifndef _NGX_CC_MCP_TOOLS_H_INCLUDED_
#define _NGX_CC_MCP_TOOLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_mcp_execute.h"
#include "ngx_cc_mcp_job_spec.h"
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_spec.h"


#define NGX_CC_MCP_TOOLS_SIZE    (48 * 1024)     /* bytes of the list */


/* texts are written to JSON as they are: nothing in them needs an escape */

typedef struct {
    ngx_str_t                     name;
    const char                   *title;

    /* writes the description, as text, to *p and moves it */
    void                        (*describe)(u_char **p, u_char *end,
                                      ngx_cc_spec_conf_t *conf);

    const ngx_cc_mcp_argument_t  *takes;     /* its arguments */
    const char                   *returns;   /* outputSchema, JSON */
    const char                   *returns_job;   /* the same where there are
                                                 jobs; NULL: no other one */

    unsigned                      read_only:1;   /* annotations: hints */
    unsigned                      destructive:1;
    unsigned                      idempotent:1;
    unsigned                      open_world:1;

    /* 0: not at this location; NULL: everywhere */
    ngx_uint_t                  (*offered)(ngx_cc_spec_conf_t *conf);

    /* one of both: what is started (ngx_cc_mcp_execute_prepare()), or what is
       asked of a job (ngx_cc_mcp_job_spec.h) */
    ngx_int_t                   (*ask)(ngx_cc_mcp_job_spec_t *js,
                                      ngx_cc_spec_t *spec,
                                      ngx_cc_value_t *arguments);
    ngx_int_t                   (*prepare)(ngx_cc_mcp_execute_t *ex,
                                      ngx_cc_spec_conf_t *conf,
                                      ngx_cc_value_t *arguments,
                                      ngx_pool_t *pool);
} ngx_cc_mcp_tool_t;


/* writes the array of tools; room for TOOLS_SIZE */
void ngx_cc_mcp_tools_list(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf);

/* writes "instructions" as a JSON string of less than 2 KB */
void ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w,
    ngx_cc_spec_conf_t *conf);

/* the tool of that name that this location has, or NULL */
const ngx_cc_mcp_tool_t *ngx_cc_mcp_tools_find(ngx_str_t *name,
    ngx_cc_spec_conf_t *conf);

/*
 * What the params of a call ask for: the tool, and its arguments or NULL.
 * NGX_OK, or NGX_DECLINED: it has been refused, it is no call of a tool.
 */
ngx_int_t ngx_cc_mcp_tools_asked(ngx_cc_mcp_reply_t *rp,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params,
    const ngx_cc_mcp_tool_t **tool, ngx_cc_value_t **arguments);

/*
 * Checks the arguments of a call (NULL: none) and fills "ex" with what is to be
 * started, or, of a tool about jobs, "js" with what is asked.  NGX_OK;
 * NGX_DECLINED: not, and ex->spec says why, in words for a model; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_cc_mcp_tools_prepare(const ngx_cc_mcp_tool_t *tool,
    ngx_cc_mcp_execute_t *ex, ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);


#endif /* _NGX_CC_MCP_TOOLS_H_INCLUDED_ */
