
/*
 * cc_executor_secret: the file that has the key of kept commands.
 */

#ifndef _NGX_CC_CONF_SECRET_H_INCLUDED_
#define _NGX_CC_CONF_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_key.h"


/*
 * Reads one or two lines of at least 32 characters: the current secret and the
 * previous one; each key is a digest of its line.  Empty lines and those that
 * begin with "#" do not count.  NGX_OK and "pair", which the caller wipes; or
 * NGX_ERROR (told): the file cannot be read, is a symbolic link, or others than
 * its owner may read it or replace it.
 */
ngx_int_t ngx_cc_conf_secret_read(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_cc_key_pair_t *pair);


#endif /* _NGX_CC_CONF_SECRET_H_INCLUDED_ */
