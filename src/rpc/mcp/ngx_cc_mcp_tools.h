
/*
 * The tools that a model sees: their descriptions, which say what this
 * location allows.
 */

#ifndef _NGX_CC_MCP_TOOLS_H_INCLUDED_
#define _NGX_CC_MCP_TOOLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_json_write.h"


#define NGX_CC_MCP_TOOLS_SIZE    (24 * 1024)     /* bytes of the list */


/* writes the array of tools; room for TOOLS_SIZE */
void ngx_cc_mcp_tools_list(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf);

/* writes "instructions" as a JSON string of less than 2 KB */
void ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w,
    ngx_cc_command_conf_t *conf);


#endif /* _NGX_CC_MCP_TOOLS_H_INCLUDED_ */
