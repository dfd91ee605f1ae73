
/* cc_executor_cors: which web pages of other sites may use MCP by POST */

#ifndef _NGX_CC_CORS_CONF_H_INCLUDED_
#define _NGX_CC_CORS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_origin.h"


typedef struct {
    ngx_array_t  *origins;       /* of ngx_cc_origin_t; NULL = off */
} ngx_cc_cors_conf_t;


/* in create_loc_conf and merge_loc_conf */
void ngx_cc_cors_conf_create(ngx_cc_cors_conf_t *cors);
void ngx_cc_cors_conf_merge(ngx_cc_cors_conf_t *cors, ngx_cc_cors_conf_t *prev);

/* cc_executor_cors off | origin ... */
char *ngx_cc_cors_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* is the origin one of those? */
ngx_uint_t ngx_cc_cors_conf_has(ngx_cc_cors_conf_t *cors,
    ngx_cc_origin_t *origin);


#endif /* _NGX_CC_CORS_CONF_H_INCLUDED_ */
