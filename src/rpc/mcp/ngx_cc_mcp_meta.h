
/*
 * What an MCP request says about itself: its era and version, progress token,
 * log level; and, when it came by POST, whether its headers say the same.
 *
 * Two eras live side by side (specification 2026-07-28, "Versioning"): a
 * "modern" request carries its version in params._meta, a "legacy" one belongs
 * to a handshake.  Which of them it is:
 *
 *   initialize, unless its _meta is complete and modern     legacy
 *   _meta names a version, whichever                        modern
 *   the header MCP-Protocol-Version is 2026-07-28 or later  modern
 *   all others                                              legacy
 *
 * Mcp-Method and Mcp-Name never decide: there are clients that send them with
 * everything.  t/85-mcp-era.t compares the verdicts with those of the reference
 * server.
 */

#ifndef _NGX_CC_MCP_META_H_INCLUDED_
#define _NGX_CC_MCP_META_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_dialect.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_node.h"
#include "ngx_cc_request.h"


#define NGX_CC_MCP_MODERN        "2026-07-28"
#define NGX_CC_MCP_LEGACY        "2025-11-25"    /* the newest of them */

/* error codes of the specification, 2026-07-28, "Error Codes" */

#define NGX_CC_MCP_MISMATCH      -32020
#define NGX_CC_MCP_INCAPABLE     -32021  /* MissingRequiredClientCapability */
#define NGX_CC_MCP_UNSUPPORTED   -32022

/* who we are, and the same in the _meta of a modern result */

#define NGX_CC_MCP_INFO                                                       \
    "{\"name\":\"ngx_cc_executor\",\"title\":\"Command executor\","           \
    "\"version\":\"" NGX_CC_VERSION "\"}"

#define NGX_CC_MCP_SERVER                                                     \
    "\"io.modelcontextprotocol/serverInfo\":" NGX_CC_MCP_INFO

#define NGX_CC_MCP_META_TEXT     512
#define NGX_CC_MCP_LOG_OFF       8       /* above every level */


/*
 * A message that came by POST: its headers (data NULL: absent), and what the
 * answer is, for the transport.
 */

typedef struct ngx_cc_mcp_post_s  ngx_cc_mcp_post_t;

struct ngx_cc_mcp_post_s {
    ngx_str_t    version;        /* MCP-Protocol-Version */
    ngx_str_t    method;         /* Mcp-Method */
    ngx_str_t    name;           /* Mcp-Name */
    ngx_str_t    session;        /* Mcp-Session-Id; len 0: more than one */
    ngx_str_t    last;           /* Last-Event-ID, of a GET */

    unsigned     plain:1;        /* the client takes nothing but the answer */

    ngx_uint_t   status;         /* of HTTP, when the message is served */
    unsigned     stream:1;       /* more than the answer will be said */
    unsigned     over:1;         /* everything has been pulled */
    unsigned     canceled:1;     /* there will be no answer */
    uint32_t     begun;          /* version of a session that has begun, as
                                    20251125; 0 = none has */
    unsigned     hold:1;         /* over, and the session has to know that it
                                    has been sent, before it is closed */
    unsigned     acked:1;        /* with hold: that its TCP has it */
    ngx_str_t    prime;          /* id of the priming event that is due; len 0:
                                    none is */
    ngx_str_t    answer;         /* id of the answer's event, or len 0 */
    unsigned     answers:1;      /* what was pulled is the answer */
    unsigned     twice:1;        /* Mcp-Method or Mcp-Name stands there more
                                    than once */

    const ngx_array_t         *peers;    /* other nodes, or NULL */
    ngx_pool_t                *pool;     /* of the request */
    unsigned                   hop:1;    /* another node has handed it over */
    const ngx_cc_node_peer_t  *peer;     /* it is to be handed over by this
                                            one; NULL: it is served here */
    ngx_str_t                  node;     /* then: whose it is; in "pool" */
    unsigned                   anywhere:1;   /* then: by its session alone, so
                                            another node may serve it, too */
};


typedef struct {
    unsigned         modern:1;
    unsigned         tasks:1;        /* the client declares the extension */
    unsigned         log;            /* least level asked for, LOG_OFF: none */
    ngx_cc_value_t  *token;          /* progress token or NULL */
    ngx_cc_value_t  *parent;         /* traceparent, as it came, or NULL */
    ngx_cc_value_t  *state;          /* tracestate */

    ngx_int_t        code;           /* 0, or the error */
    ngx_str_t        requested;      /* version, with code UNSUPPORTED */
    size_t           len;
    u_char           text[NGX_CC_MCP_META_TEXT];
} ngx_cc_mcp_meta_t;


/*
 * Reads it from a valid request or notification; "post": NULL when it came
 * over a WebSocket.  NGX_OK, or NGX_DECLINED with code and text; on HTTP the
 * status is then 400.
 */
ngx_int_t ngx_cc_mcp_meta_read(ngx_cc_mcp_meta_t *meta, ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post);

/*
 * Is a request modern that was refused before it could be read?  What there is
 * of it, and the header, tell.
 */
ngx_uint_t ngx_cc_mcp_meta_glance(ngx_cc_request_t *rq,
    ngx_cc_mcp_post_t *post);

/*
 * Does the header Mcp-Name (post NULL: there is none) say the same as
 * params.member, which is "value"?  As ngx_cc_mcp_meta_read(); for methods of
 * which that does not know.
 */
ngx_int_t ngx_cc_mcp_meta_named(ngx_cc_mcp_meta_t *meta,
    ngx_cc_mcp_post_t *post, const char *member, ngx_str_t *value);

/*
 * The trace that _meta names (SEP-414), into "trace": 1; or 0, none that is
 * well-formed.
 */
ngx_uint_t ngx_cc_mcp_meta_trace(ngx_cc_mcp_meta_t *meta,
    ngx_cc_trace_t *trace);

/* is it one of the handshake's versions? */
ngx_uint_t ngx_cc_mcp_meta_legacy(ngx_str_t *version);

/* is it one of the new era, known or not?  They are dates */
ngx_uint_t ngx_cc_mcp_meta_later(ngx_str_t *version);

/* the date that a version is as a number: 20251125 */
uint32_t ngx_cc_mcp_meta_number(ngx_str_t *version);

/* writes the versions of an era as a JSON array, the newest first */
void ngx_cc_mcp_meta_supported(ngx_cc_json_t *w, ngx_uint_t modern);

/* the number of a log level's name, 0 = debug, or LOG_OFF when it is none */
unsigned ngx_cc_mcp_meta_level(ngx_str_t *name);


#endif /* _NGX_CC_MCP_META_H_INCLUDED_ */
