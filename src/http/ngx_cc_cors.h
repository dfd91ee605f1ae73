
/*
 * Web pages of other sites that may use MCP by POST (Fetch Standard, section
 * 3.2, "CORS protocol"): cc_executor_cors names their origins.  It only tells
 * browsers; whether a request is let in is the business of ngx_cc_access, which
 * takes these origins as allowed.
 */

#ifndef _NGX_CC_CORS_H_INCLUDED_
#define _NGX_CC_CORS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_origin.h"


typedef struct {
    ngx_array_t  *origins;       /* of ngx_cc_origin_t; NULL = off */
} ngx_cc_cors_t;


/* in create_loc_conf and merge_loc_conf */
void ngx_cc_cors_create(ngx_cc_cors_t *cors);
void ngx_cc_cors_merge(ngx_cc_cors_t *cors, ngx_cc_cors_t *prev);

/* cc_executor_cors off | origin ... */
char *ngx_cc_cors_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* is the origin one of those? */
ngx_uint_t ngx_cc_cors_has(ngx_cc_cors_t *cors, ngx_cc_origin_t *origin);

/*
 * Before anything else of a request: adds the headers that let such a page
 * read the answer.  A preflight, which carries no credentials, is answered.
 * NGX_DECLINED: go on; else what a content handler returns.
 */
ngx_int_t ngx_cc_cors(ngx_http_request_t *r);


#endif /* _NGX_CC_CORS_H_INCLUDED_ */
