
/*
 * cc_executor_token_file: the tokens that a location takes, read with the
 * configuration, so again with every reload.
 */

#ifndef _NGX_CC_ACCESS_TOKEN_H_INCLUDED_
#define _NGX_CC_ACCESS_TOKEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_token.h"


#define NGX_CC_ACCESS_TOKEN_SIZE  (1024 * 1024)  /* bytes of a file, at most */


/*
 * Reads the file (made absolute, relative to the directory of nginx.conf) into
 * an array of ngx_cc_token_t.  Returns NULL (logged, with the line) when it
 * cannot be read, has a bad line, a name or digest twice, or may be written by
 * everybody.  A file without tokens lets nobody in, with a warning.
 */
ngx_array_t *ngx_cc_access_token_read(ngx_conf_t *cf, ngx_str_t *path);


#endif /* _NGX_CC_ACCESS_TOKEN_H_INCLUDED_ */
