
/*
 * Answers whose last byte is awaited: only then does the client know what they
 * say (an id that was told, output that was read).
 */

#ifndef _NGX_CC_MCP_SENT_H_INCLUDED_
#define _NGX_CC_MCP_SENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_queue_t     queue;
    ngx_uint_t      round;           /* of the transport, when it was pulled */

    /* it has been sent (1), or never will be (0): last call */
    void          (*done)(void *data, ngx_uint_t sent);
    void           *data;
} ngx_cc_mcp_sent_t;


/* its last byte has been pulled in this round */
void ngx_cc_mcp_sent_await(ngx_queue_t *list, ngx_cc_mcp_sent_t *sent,
    ngx_uint_t round);

/* tells those that were pulled in earlier rounds */
void ngx_cc_mcp_sent_check(ngx_queue_t *list, ngx_uint_t round);

/* the session ends: tells all of them */
void ngx_cc_mcp_sent_close(ngx_queue_t *list, ngx_uint_t round);


#endif /* _NGX_CC_MCP_SENT_H_INCLUDED_ */
