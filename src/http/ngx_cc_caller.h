
/*
 * Who calls: the credential of a request and the owner that follows from it.
 * Sessions and commands belong to an owner; for another one they do not exist.
 *
 * The owner is, in this order:
 *   token:NAME      a token of cc_executor_token_file
 *   user:NAME       what auth_basic has verified
 *   cert:SUBJECT    a client certificate that nginx has verified
 *   addr:ADDRESS    nothing of that
 *
 * Its digest also covers server and location: the same name is another person
 * where other files and rules apply.
 */

#ifndef _NGX_CC_CALLER_H_INCLUDED_
#define _NGX_CC_CALLER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_sha256.h"


typedef enum {
    NGX_CC_CALLER_NONE = 0,              /* no token was shown */
    NGX_CC_CALLER_WRONG,                 /* not one of ours, or several */
    NGX_CC_CALLER_GOOD
} ngx_cc_caller_token_e;


typedef struct {
    ngx_str_t               owner;       /* as above; any bytes behind the
                                            colon */
    uint8_t                 digest[NGX_CC_SHA256_SIZE];
    ngx_cc_caller_token_e   token;       /* NONE where no file is configured */
} ngx_cc_caller_t;


/*
 * The caller of the request; the first call finds out, before the log phase
 * please.  Lives as long as the request, error_page included.  NULL: no
 * memory.
 */
ngx_cc_caller_t *ngx_cc_caller(ngx_http_request_t *r);

/* the same, or NULL when nobody has asked before */
ngx_cc_caller_t *ngx_cc_caller_known(ngx_http_request_t *r);


#endif /* _NGX_CC_CALLER_H_INCLUDED_ */
