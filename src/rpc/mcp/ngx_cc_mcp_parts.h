
/*
 * A long message that is never built: a list of parts in the memory of others,
 * and small texts between them, rendered piece by piece as it is pulled.
 */

#ifndef _NGX_CC_MCP_PARTS_H_INCLUDED_
#define _NGX_CC_MCP_PARTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_readable.h"


#define NGX_CC_MCP_PARTS_MAX  40


typedef enum {
    NGX_CC_MCP_PART_JSON = 0,        /* ready to be copied */
    NGX_CC_MCP_PART_EXACT,           /* bytes, to be escaped */
    NGX_CC_MCP_PART_READABLE,        /* bytes for somebody without a terminal */
    NGX_CC_MCP_PART_LOSSY            /* JSON, said only if what was rendered
                                        before was not UTF-8 */
} ngx_cc_mcp_part_e;


typedef struct {
    const u_char        *data;
    size_t               len;
    ngx_cc_mcp_part_e    kind;
} ngx_cc_mcp_part_t;


typedef struct {
    ngx_cc_json_t        w;          /* writes the texts in between */
    u_char              *begun;      /* of the one that is no part yet */
    ngx_cc_mcp_part_t    part[NGX_CC_MCP_PARTS_MAX];
    ngx_uint_t           nparts;
    ngx_uint_t           current;
    size_t               pos;        /* in the current part */
    ngx_cc_readable_t    readable;
    int                  lossy;      /* so far */
} ngx_cc_mcp_parts_t;


/* an empty list; "text" has room for all that is written in between */
void ngx_cc_mcp_parts_init(ngx_cc_mcp_parts_t *parts, u_char *text,
    size_t size);

/* what was written so far is a part, and n bytes at p, which stay, the next */
void ngx_cc_mcp_parts_add(ngx_cc_mcp_parts_t *parts, const void *p, size_t n,
    ngx_cc_mcp_part_e kind);

/* what was written is the last part */
void ngx_cc_mcp_parts_end(ngx_cc_mcp_parts_t *parts);

/*
 * Writes the next piece to p (room >= 64); returns its length, never 0 before
 * the end.  *more: 0 when it was the last one.
 */
size_t ngx_cc_mcp_parts_pull(ngx_cc_mcp_parts_t *parts, u_char *p,
    size_t room, ngx_uint_t *more);

/* what is pulled next is the first piece again */
void ngx_cc_mcp_parts_rewind(ngx_cc_mcp_parts_t *parts);


#endif /* _NGX_CC_MCP_PARTS_H_INCLUDED_ */
