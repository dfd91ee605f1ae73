
/*
 * list {scope: "owner"}: every kept command of this owner, whatever worker
 * started it; {scope: "realm"}: those of other owners, too, that this client
 * may observe.  The index says which there are, and each one's helper how it
 * is; who has not answered after a while is listed as the index knows it, and
 * the answer says "partial".
 */

#ifndef _NGX_CC_NATIVE_LIST_H_INCLUDED_
#define _NGX_CC_NATIVE_LIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_methods.h"


typedef enum {
    NGX_CC_NATIVE_LIST_SESSION = 0,      /* see ngx_cc_native_methods.c */
    NGX_CC_NATIVE_LIST_OWNER,
    NGX_CC_NATIVE_LIST_REALM,
    NGX_CC_NATIVE_LIST_SCOPES
} ngx_cc_native_list_e;


/* params.scope: NGX_OK, or NGX_ERROR (answered) */
ngx_int_t ngx_cc_native_list_scope(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_native_list_e *scope);

/*
 * OWNER or REALM: NGX_OK (also when it was refused), or NGX_ERROR: no memory
 */
ngx_int_t ngx_cc_native_list(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_native_list_e scope);

/* the session ends */
void ngx_cc_native_list_close(ngx_cc_native_t *s);


#endif /* _NGX_CC_NATIVE_LIST_H_INCLUDED_ */
