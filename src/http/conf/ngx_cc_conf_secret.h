
/*
 * Files that have keys: cc_executor_secret (of kept commands) and
 * cc_executor_session_key (of legacy MCP sessions).
 */

#ifndef _NGX_CC_CONF_SECRET_H_INCLUDED_
#define _NGX_CC_CONF_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_key.h"


typedef struct {
    const char  *name;                   /* the directive, for messages */
    ngx_str_t    path;                   /* absolute, NUL behind it */
    ngx_uint_t   level;                  /* of what is told */
    ngx_uint_t   make;                   /* that it is not there is no error */
} ngx_cc_conf_secret_t;


/*
 * Reads one or two lines of at least 32 characters: the current secret and the
 * previous one; each key is a digest of its line.  Empty lines and those that
 * begin with "#" do not count.  NGX_OK and "pair", which the caller wipes;
 * NGX_DECLINED: it is not there and may be made; or NGX_ERROR (told): the file
 * cannot be read, is a symbolic link, or others than its owner may read it or
 * replace it.
 */
ngx_int_t ngx_cc_conf_secret_read(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_cc_key_pair_t *pair);

/*
 * Makes it, with a random secret, mode 0600, unless somebody was faster.
 * NGX_OK or NGX_ERROR (told).
 */
ngx_int_t ngx_cc_conf_secret_make(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file);


#endif /* _NGX_CC_CONF_SECRET_H_INCLUDED_ */
