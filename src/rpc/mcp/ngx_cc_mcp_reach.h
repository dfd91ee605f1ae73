
/*
 * How a call of a legacy session can be reached by others: whoever cancels it,
 * and its client, when the stream was cut.  It gets a socket (ngx_cc_call.h)
 * when it has run for 200 ms, or when its client is lost: most calls never need
 * one.  One that cannot have one looks for notices (ngx_cc_legacy.h).
 */

#ifndef _NGX_CC_MCP_REACH_H_INCLUDED_
#define _NGX_CC_MCP_REACH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_call.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_mcp_trail.h"


#define NGX_CC_MCP_REACH_AFTER  200      /* ms */


typedef enum {
    NGX_CC_MCP_REACH_OPEN = 0,   /* it has a socket: event ids are good */
    NGX_CC_MCP_REACH_CLOSED,     /* it has none, and may never have one */
    NGX_CC_MCP_REACH_TWICE,      /* another one of its name has: it must end */
    NGX_CC_MCP_REACH_UNWANTED    /* it is to end without an answer */
} ngx_cc_mcp_reach_e;


typedef struct {
    ngx_cc_command_t       *cmd;
    ngx_cc_legacy_call_t   *name;        /* that has joined */
    ngx_str_t               request;     /* canonical id, own memory */
    ngx_cc_mcp_trail_t     *trail;       /* own memory; NULL: it never gets a
                                            socket */
    ngx_event_t             timer;
    unsigned                due:1;       /* as soon as it runs */
    unsigned                awaited:1;   /* it may still become open: what is
                                            said first has to wait */
    unsigned                open:1;

    /* the call may be closed in it */
    void                  (*told)(void *data, ngx_cc_mcp_reach_e what);
    void                   *data;
} ngx_cc_mcp_reach_t;


/*
 * Begins; "reach" is all zero but for cmd, name, told and data.  "trail": what
 * the call shall leave, without a nonce, copied with what it points to; NULL:
 * it is not to get a socket.  "request": the canonical id.
 */
void ngx_cc_mcp_reach_init(ngx_cc_mcp_reach_t *reach,
    const ngx_cc_mcp_trail_t *trail, const ngx_str_t *request, ngx_log_t *log);

/* events of the command: STARTED, LISTENING, UNKEPT */
void ngx_cc_mcp_reach_event(ngx_cc_mcp_reach_t *reach,
    ngx_cc_command_event_e event);

/*
 * Its client is lost, close() of the command follows: if it can be reached it
 * goes on.
 */
void ngx_cc_mcp_reach_lost(ngx_cc_mcp_reach_t *reach);

/* also of one that is all zero, and again */
void ngx_cc_mcp_reach_stop(ngx_cc_mcp_reach_t *reach);


#endif /* _NGX_CC_MCP_REACH_H_INCLUDED_ */
