
/*
 * The tools that a model sees: their descriptions, which say what this
 * location allows, and the check of the arguments that it sends.
 */

#ifndef _NGX_CC_MCP_TOOLS_H_INCLUDED_
#define _NGX_CC_MCP_TOOLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_request.h"
#include "ngx_cc_spec.h"


#define NGX_CC_MCP_TOOLS_SIZE    (16 * 1024)     /* bytes of the list */
#define NGX_CC_MCP_TOOLS_OUTPUT  30000           /* bytes of both streams */
#define NGX_CC_MCP_TOOLS_MAX     (16 * 1024 * 1024)


typedef struct {
    ngx_cc_spec_t   spec;            /* or why not */
    ngx_str_t       stdin_data;
    size_t          output;          /* bytes of each stream */
    unsigned        stdin_given:1;
    unsigned        output_given:1;  /* else OUTPUT for both together */
} ngx_cc_mcp_execute_t;


/* writes the array of tools; room for TOOLS_SIZE */
void ngx_cc_mcp_tools_list(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf);

/* writes "instructions" as a JSON string of less than 2 KB */
void ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w,
    ngx_cc_command_conf_t *conf);

/*
 * Checks the arguments of "execute" (NULL: none).  NGX_OK; NGX_DECLINED: not,
 * and ex->spec says why, in words for a model; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_tools_execute(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);


#endif /* _NGX_CC_MCP_TOOLS_H_INCLUDED_ */
