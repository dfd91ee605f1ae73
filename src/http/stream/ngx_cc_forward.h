
/*
 * A request of MCP that belongs to another node goes there by way of nginx's
 * own proxy: an internal redirect to the named location that cc_executor_peer
 * says, where $cc_executor_node has the name of the other node.
 *
 * It carries the header Cc-Executor-Hop: "NODE DIGEST", who hands it over, and
 * the digest of his token file.  A request that has this header is handed over
 * no more, whoever wrote it, so nothing goes round in circles; and it is
 * refused where the token file is another one, since equal names would then be
 * other people.  It gives no right.
 */

#ifndef _NGX_CC_FORWARD_H_INCLUDED_
#define _NGX_CC_FORWARD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_node.h"


/* in preconfiguration, when the variable has been added; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_forward_init(ngx_conf_t *cf);

/* get handler of $cc_executor_node: nobody has said it */
ngx_int_t ngx_cc_forward_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/* was it handed over by another node? */
ngx_uint_t ngx_cc_forward_hop(ngx_http_request_t *r);

/*
 * May it be served, as far as that is concerned?  NGX_OK, or what a content
 * handler returns.
 */
ngx_int_t ngx_cc_forward_admit(ngx_http_request_t *r);

/*
 * Keeps a copy of n bytes of the body in *body (NULL at first), in the pool of
 * the request.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_forward_keep(ngx_http_request_t *r, ngx_buf_t **body,
    const u_char *p, size_t n);

/*
 * A request without a message that names this session: NGX_DECLINED when it is
 * to be served here, or what a content handler returns.
 */
ngx_int_t ngx_cc_forward_session(ngx_http_request_t *r,
    const ngx_str_t *session);

/*
 * Hands it over; "node" is whose it is.  "body": what has been read of it, all,
 * or NULL: nothing.  Nothing of ours may be left in the request.  The caller
 * returns NGX_DONE, or, behind ngx_http_read_client_request_body(), finalizes
 * with that.
 */
void ngx_cc_forward(ngx_http_request_t *r, const ngx_cc_node_peer_t *peer,
    const ngx_str_t *node, ngx_buf_t *body);


#endif /* _NGX_CC_FORWARD_H_INCLUDED_ */
