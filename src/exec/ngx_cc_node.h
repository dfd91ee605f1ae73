
/*
 * Nodes: several nginx that serve the same clients, each with a name
 * (cc_executor_node).  What a node gives away, the ids of its kept commands and
 * of its sessions, begins with that name and a dot, so everybody who has an id
 * knows whom to ask.  The name is no secret and no right: what stands behind
 * the dot is both.
 *
 * An id without a name is from before there were nodes, and is ours; so is
 * every id where this node has no name.
 */

#ifndef _NGX_CC_NODE_H_INCLUDED_
#define _NGX_CC_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_handle.h"


#define NGX_CC_NODE_NAME    32           /* characters of a name, at most */
#define NGX_CC_NODE_PREFIX  (NGX_CC_NODE_NAME + 1)       /* and its dot */
#define NGX_CC_NODE_ID      (NGX_CC_NODE_PREFIX + NGX_CC_HANDLE_TEXT)


/* who may be asked for what belongs to another node */

typedef struct {
    ngx_str_t   node;                    /* "*": any that is not named */
    ngx_str_t   location;                /* "@name": hands it over */
} ngx_cc_node_peer_t;


/*
 * In init_process: this node has that name (len 0: none), which stays in memory
 * as long as the process.
 */
void ngx_cc_node_init(const ngx_str_t *name);

/* the name of this node, or len 0 */
const ngx_str_t *ngx_cc_node_name(void);

/* 1 when n bytes at p can be a name: [a-z0-9-], 1 to NGX_CC_NODE_NAME */
ngx_uint_t ngx_cc_node_valid(const u_char *p, size_t n);

/*
 * Writes what stands before an id of this node, "name." or nothing, and returns
 * its end; room for NGX_CC_NODE_PREFIX.
 */
u_char *ngx_cc_node_prefix(u_char *p);

/*
 * Parts "text" into the name of a node (len 0: there is none) and the rest,
 * both of which point into it.  1: that is another node; 0: it is this one, or
 * nobody knows.
 */
ngx_uint_t ngx_cc_node_split(const ngx_str_t *text, ngx_str_t *node,
    ngx_str_t *rest);

/*
 * Reads the id of a kept command.  NGX_OK and "handle"; NGX_BUSY: it belongs to
 * another node; NGX_DECLINED: it cannot be an id.  "node" is the name that it
 * begins with, in "text", or len 0; always of NGX_DECLINED.
 */
ngx_int_t ngx_cc_node_handle(const ngx_str_t *text, ngx_cc_handle_t *handle,
    ngx_str_t *node);

/* the peer of that name in an array of ngx_cc_node_peer_t, or NULL */
const ngx_cc_node_peer_t *ngx_cc_node_peer(const ngx_array_t *peers,
    const ngx_str_t *node);


#endif /* _NGX_CC_NODE_H_INCLUDED_ */
