
/*
 * Answers that are known as a whole: a status, a short text, some headers.
 */

#ifndef _NGX_CC_REPLY_H_INCLUDED_
#define _NGX_CC_REPLY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* adds a header; "name" is static, value is copied; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_reply_header(ngx_http_request_t *r, const char *name,
    const char *value, size_t len);

/*
 * Answers with a static text as text/plain, or, when it begins with "{", as
 * application/json; 426 gets the headers that belong to it.  A body that the
 * request still has is thrown away.  Returns what a content handler returns.
 */
ngx_int_t ngx_cc_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *text);

/* the answer to one session too many: 503 with Retry-After; counted already */
ngx_int_t ngx_cc_reply_full(ngx_http_request_t *r, const char *text);


#endif /* _NGX_CC_REPLY_H_INCLUDED_ */
