
/*
 * Sessions of MCP, see session.h: a WebSocket, or a POST with headers that
 * agree with its body, or do not.  The first byte says which.
 */

#include "session.h"
#include "ngx_cc_mcp.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t            how;
    ngx_cc_mcp_post_t  post;

    if (size == 0) {
        return 0;
    }

    how = *data++;
    size--;

    if (how & 1) {
        memset(&post, 0, sizeof(post));

        if (how & 2) {
            ngx_str_set(&post.version, NGX_CC_MCP_MODERN);
        }

        if (how & 4) {
            ngx_str_set(&post.version, "1.0");
        }

        if (how & 8) {
            ngx_str_set(&post.method, "tools/call");
        }

        if (how & 16) {
            ngx_str_set(&post.name, "execute");
        }

        if (how & 32) {
            ngx_str_set(&post.name, "=?base64?ZXhlY3V0ZQ==?=");
        }

        session_fuzz(&ngx_cc_mcp, &post, data, size);
        return 0;
    }

    session_fuzz(&ngx_cc_mcp, NULL, data, size);

    return 0;
}
