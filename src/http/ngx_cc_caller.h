
/*
 * Who calls: the credential of a request and the owner that follows from it.
 * Sessions and commands belong to an owner; for another one they do not exist.
 *
 * The owner is, in this order:
 *   token:NAME      a token of cc_executor_token_file
 *   user:NAME       what auth_basic of this location has verified
 *   cert:SUBJECT    a client certificate that this server has verified
 *   addr:ADDRESS    nothing of that
 *
 * Only what an access check of the very location has verified counts.  A name
 * may stand in the request without that: nginx takes it out of the header for
 * everybody who reads $remote_user; and an internal redirect (error_page,
 * try_files, rewrite, X-Accel-Redirect) brings a request to a location that
 * has other rules.  So there is one caller for each check, never one for a
 * request.
 *
 * The digest also covers the location (ngx_cc_identity): the same name is
 * another person where other files and rules apply.
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
    void                   *location;    /* where the check was; compared only
                                            */
} ngx_cc_caller_t;


/*
 * Finds out who calls, by the rules of the location where the request is now.
 * What nginx verifies has to be done, so this belongs into the content phase.
 * Lives as long as the request.  NULL: no memory.
 */
ngx_cc_caller_t *ngx_cc_caller_check(ngx_http_request_t *r);

/* what the last check found; NULL when that was in another location */
ngx_cc_caller_t *ngx_cc_caller(ngx_http_request_t *r);

/*
 * What the last check found, wherever it was, or NULL: for logs of a request
 * that has left, never for a decision.
 */
ngx_cc_caller_t *ngx_cc_caller_last(ngx_http_request_t *r);

/*
 * Moves what the last check found to a pool that lives at least as long as the
 * request's.  NULL: no memory, or there is none.
 */
ngx_cc_caller_t *ngx_cc_caller_move(ngx_http_request_t *r, ngx_pool_t *pool);

/* its mark among the clean-ups of a request's pool; does nothing */
void ngx_cc_caller_cleanup(void *data);

/*
 * Can the owner be told from other clients?  Without a name all of this machine
 * are one.
 */
ngx_uint_t ngx_cc_caller_apart(ngx_http_request_t *r,
    ngx_cc_caller_t *caller);

/*
 * Is the owner only an address of another machine, which somebody else may have
 * tomorrow, or share today?
 */
ngx_uint_t ngx_cc_caller_nameless(ngx_http_request_t *r,
    ngx_cc_caller_t *caller);


#endif /* _NGX_CC_CALLER_H_INCLUDED_ */
