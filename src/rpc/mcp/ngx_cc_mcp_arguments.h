
/*
 * The arguments of a tools/call, as models and their clients really send them.
 * What the schema does not name is ignored (clients add members of their own),
 * and so is null; for what is optional, "" and {} mean that it is not given; a
 * number may be a string of digits.  Everything else of a wrong type is told in
 * words, with the name and what was expected.
 */

#ifndef _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_
#define _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"
#include "ngx_cc_spec.h"


#define NGX_CC_MCP_ARGUMENTS_OUTPUT  30000           /* bytes of both streams */
#define NGX_CC_MCP_ARGUMENTS_MAX     (16 * 1024 * 1024)


typedef struct {
    ngx_cc_spec_t   spec;            /* or why not */
    ngx_str_t       stdin_data;
    size_t          output;          /* bytes of each stream */
    unsigned        stdin_given:1;
    unsigned        output_given:1;  /* else OUTPUT for both together */
} ngx_cc_mcp_execute_t;


/*
 * Checks the arguments of "execute" (NULL: none).  Strings live in "pool" or in
 * the request.  NGX_OK; NGX_DECLINED: not, and ex->spec says why, in words for
 * a model; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_arguments_execute(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);


#endif /* _NGX_CC_MCP_ARGUMENTS_H_INCLUDED_ */
