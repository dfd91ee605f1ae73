
/*
 * What a location says about observers (cc_executor_observe): clients who see
 * the kept commands of other owners of the same realm, and never write to them.
 *
 * A realm has a digest.  START and KEEP leave it with the helper, which
 * compares it with that of who wants to observe: what is listed here is only
 * where to look, and how owners are called.
 */

#ifndef _NGX_CC_OBSERVE_H_INCLUDED_
#define _NGX_CC_OBSERVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


/* an owner whose name is known here */

typedef struct {
    uint8_t         digest[NGX_CC_OWNER_SIZE];
    ngx_str_t       name;                /* "token:NAME" */
} ngx_cc_observe_owner_t;


/* a location and its realm */

typedef struct {
    const uint8_t  *realm;               /* NGX_CC_OWNER_SIZE bytes */
    ngx_int_t      *index;               /* as in ngx_cc_index_told_t */
} ngx_cc_observe_location_t;


typedef struct {
    const uint8_t  *realm;               /* NGX_CC_OWNER_SIZE bytes */
    ngx_array_t    *owners;              /* of ngx_cc_observe_owner_t */
    ngx_array_t    *locations;           /* of ngx_cc_observe_location_t: all
                                            there are */
} ngx_cc_observe_t;


/* is the location with this index one of the realm? */
ngx_uint_t ngx_cc_observe_location(const ngx_cc_observe_t *observe,
    ngx_int_t location);

/* the name of an owner, or NULL: it is not known here */
const ngx_str_t *ngx_cc_observe_owner(const ngx_cc_observe_t *observe,
    const uint8_t digest[NGX_CC_OWNER_SIZE]);


#endif /* _NGX_CC_OBSERVE_H_INCLUDED_ */
