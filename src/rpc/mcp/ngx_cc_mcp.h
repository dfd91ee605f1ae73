
/*
 * The Model Context Protocol as a dialect: a server of both eras (2024-11-05
 * to 2025-11-25 with a handshake, 2026-07-28 without) whose tool runs commands.
 * One session is a WebSocket connection, or one POST: then transport->post has
 * the headers that matter, and gets what HTTP has to say.
 */

#ifndef _NGX_CC_MCP_H_INCLUDED_
#define _NGX_CC_MCP_H_INCLUDED_


#include "ngx_cc_dialect.h"
#include "ngx_cc_mcp_meta.h"


extern const ngx_cc_dialect_t  ngx_cc_mcp;


#endif /* _NGX_CC_MCP_H_INCLUDED_ */
