
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
 *
 * Where the other node cannot be reached, the request may come back
 * (http/stream/ngx_cc_unreachable.h) and is then served here.
 */

#ifndef _NGX_CC_FORWARD_H_INCLUDED_
#define _NGX_CC_FORWARD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_node.h"


/* a request that was handed over */

typedef struct {
    ngx_str_t         node;              /* to whom */
    ngx_str_t         uri;               /* where it was ours */
    ngx_str_t         args;
    ngx_table_elt_t  *hop;               /* the header that we gave it */
    unsigned          anywhere:1;        /* another node may serve it as well */
    unsigned          back:1;            /* it is ours again */
} ngx_cc_forward_t;


/* in preconfiguration, when the variable has been added; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_forward_init(ngx_conf_t *cf);

/* get handler of $cc_executor_node: nobody has said it */
ngx_int_t ngx_cc_forward_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/* was it handed over by another node?  1 or 0 */
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
 * to be served here, or what a content handler returns.  "anywhere": another
 * node may serve it, if that of the session cannot be reached.
 */
ngx_int_t ngx_cc_forward_session(ngx_http_request_t *r,
    const ngx_str_t *session, ngx_uint_t anywhere);

/*
 * Hands it over; "node" is whose it is, "anywhere" as above.  "body": what has
 * been read of it, all, or NULL: nothing.  Nothing of ours may be left in the
 * request.  The caller returns NGX_DONE, or, behind
 * ngx_http_read_client_request_body(), finalizes with that.
 */
void ngx_cc_forward(ngx_http_request_t *r, const ngx_cc_node_peer_t *peer,
    const ngx_str_t *node, ngx_uint_t anywhere, ngx_buf_t *body);

/* what was handed over from here, or NULL: nothing was */
ngx_cc_forward_t *ngx_cc_forward_find(ngx_http_request_t *r);

/*
 * Takes a request back that was handed over, and serves it here, whatever node
 * it names.  Returns what a content handler returns.
 */
ngx_int_t ngx_cc_forward_back(ngx_http_request_t *r, ngx_cc_forward_t *fw);

/* has it come back?  1 or 0 */
ngx_uint_t ngx_cc_forward_returned(ngx_http_request_t *r);


#endif /* _NGX_CC_FORWARD_H_INCLUDED_ */
