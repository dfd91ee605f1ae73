
/*
 * Which location is it?  Its name does not say: servers without a name, or
 * with the same one, listen on other addresses; "= /x" is another location
 * than "^~ /x"; and nested ones may look alike in different surroundings.
 * Limits, owners and metrics belong to an identity, which is the same in every
 * worker, and after a reload as long as these things stay as they are:
 *
 *   the server's first name and all its listen addresses
 *   kind and name of each location, from the outermost to this one
 *
 * An "if" and a "limit_except" are the location around them.
 */

#ifndef _NGX_CC_IDENTITY_H_INCLUDED_
#define _NGX_CC_IDENTITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_sha256.h"


typedef struct {
    u_char      digest[NGX_CC_SHA256_SIZE];
    ngx_str_t   listen;          /* addresses, sorted, with commas between */
    ngx_str_t   name;            /* as in the configuration: "= /x", of a
                                    nested one behind the outer one's */
} ngx_cc_identity_t;


/*
 * In merge_loc_conf, for every server and location, the outer one first: which
 * one "cf" stands at, in "outer".  NGX_OK, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_identity_make(ngx_conf_t *cf, ngx_cc_identity_t *id,
    ngx_cc_identity_t *outer);

/*
 * Makes another one of it: for a location that cannot be told from one before
 * (regular expressions that differ in letter case only).
 */
ngx_int_t ngx_cc_identity_again(ngx_conf_t *cf, ngx_cc_identity_t *id);

/*
 * The digest of an owner ("token:NAME", see ngx_cc_caller.h) at that location
 * or, if "realm" is not empty, in all of that realm.  An empty owner: of the
 * location, or the realm, itself.
 */
void ngx_cc_identity_owner(const ngx_cc_identity_t *id, const ngx_str_t *realm,
    const ngx_str_t *owner, uint8_t digest[NGX_CC_SHA256_SIZE]);


#endif /* _NGX_CC_IDENTITY_H_INCLUDED_ */
