
/*
 * Is there room for one more session?  The limits of the location, of the
 * client's address and of the owner, over all workers; for every kind of
 * session.
 */

#ifndef _NGX_CC_ADMIT_H_INCLUDED_
#define _NGX_CC_ADMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_caller.h"
#include "ngx_cc_zone.h"


#define NGX_CC_ADMIT_TEXT    96          /* bytes of a refusal's text */


/*
 * Claims a session's slot, which the caller frees with ngx_cc_zone_free().
 * NGX_OK; or NGX_BUSY: a text that names the limit stands in "text" (its data
 * has room for NGX_CC_ADMIT_TEXT bytes), and all logs have it.
 */
ngx_int_t ngx_cc_admit(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    ngx_cc_slot_t *slot, ngx_str_t *text);


#endif /* _NGX_CC_ADMIT_H_INCLUDED_ */
