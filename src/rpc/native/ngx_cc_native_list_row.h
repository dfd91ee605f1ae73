
/*
 * A kept command as "list" and "process.listed" describe it: a JSON object.
 */

#ifndef _NGX_CC_NATIVE_LIST_ROW_H_INCLUDED_
#define _NGX_CC_NATIVE_LIST_ROW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_kept_list.h"


#define NGX_CC_NATIVE_LIST_SHOWN  256    /* bytes of a command line */

/* room that one needs at most */
#define NGX_CC_NATIVE_LIST_ROW    (6 * (NGX_CC_WIRE_MAX_LABEL                 \
                                        + NGX_CC_NATIVE_LIST_SHOWN) + 896)


/* writes it; "w" has room for NGX_CC_NATIVE_LIST_ROW */
void ngx_cc_native_list_row(ngx_cc_kept_list_row_t *row, ngx_cc_json_t *w);


#endif /* _NGX_CC_NATIVE_LIST_ROW_H_INCLUDED_ */
