
/*
 * By what a call of a legacy session is found again when its stream was cut:
 * the ids of the stream's events (specification 2025-11-25, "Resumability and
 * Redelivery"), and what the call leaves at its helper, from which whoever
 * takes it up can make the same answer.
 *
 * The id of an event is
 *
 *     16  hex digits: the nonce of the call
 *      1  'p', the priming event, or 'a', the answer
 *         hex digits: the id of the request, canonical JSON
 *
 * With the session the request gives the handle of the call
 * (ngx_cc_session_id_call()); the nonce tells it from a later one of that id.
 */

#ifndef _NGX_CC_MCP_TRAIL_H_INCLUDED_
#define _NGX_CC_MCP_TRAIL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_wire_kept.h"


#define NGX_CC_MCP_TRAIL_NONCE    16     /* hex digits */
#define NGX_CC_MCP_TRAIL_REQUEST  128    /* most bytes of a request's id; one
                                            that is longer leaves no trail */
#define NGX_CC_MCP_TRAIL_TOKEN    200    /* of a progress token; without it
                                            nothing is told of progress */
#define NGX_CC_MCP_TRAIL_EVENT    (NGX_CC_MCP_TRAIL_NONCE + 1                 \
                                   + 2 * NGX_CC_MCP_TRAIL_REQUEST)


typedef enum {
    NGX_CC_MCP_TRAIL_PRIMING = 'p',
    NGX_CC_MCP_TRAIL_ANSWER = 'a'
} ngx_cc_mcp_trail_event_e;


/*
 * What is left at the helper, as label and (id) as command line, which where
 * others may see it has the command's own behind a newline: no JSON text that
 * we write has one.
 */

typedef struct {
    uint64_t      nonce;
    size_t        output;            /* bytes of each stream in the answer */
    ngx_uint_t    together;          /* of both */
    ngx_msec_t    timeout;           /* run limit, ms */
    ngx_str_t     token;             /* JSON text, or len 0 */
    ngx_str_t     id;                /* JSON text, as the answer says it */
    const char   *line;              /* the command line, or NULL; not read */
    u_char        label[NGX_CC_WIRE_MAX_LABEL + 1];
    u_char        shown[NGX_CC_WIRE_MAX_SHOWN + 1];
} ngx_cc_mcp_trail_t;


/*
 * Writes the id of an event (at most NGX_CC_MCP_TRAIL_EVENT characters, no NUL)
 * and returns its end.  "request": canonical, at most NGX_CC_MCP_TRAIL_REQUEST
 * bytes.
 */
u_char *ngx_cc_mcp_trail_event(u_char *p, uint64_t nonce,
    ngx_cc_mcp_trail_event_e kind, const ngx_str_t *request);

/*
 * Reads one: NGX_OK, or NGX_DECLINED when it is none.  request->data has room
 * for NGX_CC_MCP_TRAIL_REQUEST bytes.
 */
ngx_int_t ngx_cc_mcp_trail_event_read(const ngx_str_t *text, uint64_t *nonce,
    ngx_cc_mcp_trail_event_e *kind, ngx_str_t *request);

/* "label" and "shown" of the other members, NUL behind both; NGX_OK, or
 * NGX_DECLINED: the id is too long */
ngx_int_t ngx_cc_mcp_trail_write(ngx_cc_mcp_trail_t *trail);

/*
 * The other members, from what stands at a helper: token and id point into
 * "label" and "shown".  NGX_OK, or NGX_DECLINED: that is no call.
 */
ngx_int_t ngx_cc_mcp_trail_read(ngx_cc_mcp_trail_t *trail,
    const ngx_cc_wire_entry_t *entry);


#endif /* _NGX_CC_MCP_TRAIL_H_INCLUDED_ */
