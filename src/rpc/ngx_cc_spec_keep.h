
/*
 * What is said of a command that is to be kept, for lists.
 */

#ifndef _NGX_CC_SPEC_KEEP_H_INCLUDED_
#define _NGX_CC_SPEC_KEEP_H_INCLUDED_


#include "ngx_cc_spec.h"


#define NGX_CC_SPEC_KEEP_LABEL  80       /* characters */


/*
 * The parameter "label" (v may be NULL: not given) into *label.  NGX_OK, or
 * NGX_DECLINED with a refusal.
 */
ngx_int_t ngx_cc_spec_keep_label(ngx_cc_spec_t *spec, ngx_cc_value_t *v,
    const char **label);

/*
 * The command as its owner wrote it, cut, with a NUL, into "text" of
 * NGX_CC_WIRE_MAX_SHOWN + 1 bytes.
 */
void ngx_cc_spec_keep_show(const ngx_cc_spec_t *spec, u_char *text);

/* the same, in pool; NULL: no memory */
const char *ngx_cc_spec_keep_shown(ngx_cc_spec_t *spec, ngx_pool_t *pool);

/*
 * NGX_OK, or NGX_DECLINED with a refusal: nothing is kept for a client that is
 * known by the address of another machine only ("nameless").
 */
ngx_int_t ngx_cc_spec_keep_named(ngx_cc_spec_t *spec, ngx_uint_t nameless);


#endif /* _NGX_CC_SPEC_KEEP_H_INCLUDED_ */
