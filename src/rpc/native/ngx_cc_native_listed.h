
/*
 * list {watch: true}: a session is told of kept commands of its owner that
 * begin, end and are forgotten, by any worker ("process.listed").
 *
 * It is a bounded poll: every 250 ms a session that watches reads one number in
 * the zone (ngx_cc_index_changes()); only when that is another one the list is
 * gathered, and what differs from what the session knows is told.  So there are
 * four notifications a second at most, of 100 commands at most; none while 64
 * KiB of answers wait for the client.  A session that watches costs 2 KiB.
 */

#ifndef _NGX_CC_NATIVE_LISTED_H_INCLUDED_
#define _NGX_CC_NATIVE_LISTED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_kept_list.h"
#include "ngx_cc_native_methods.h"


/*
 * The session, which is told "list" now, watches from now on, or goes on from
 * there.  "changes": ngx_cc_index_changes() before it was gathered.  NGX_OK, or
 * NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_native_listed_begin(ngx_cc_native_t *s,
    ngx_cc_kept_list_t *list, uint64_t changes);

/* it does not watch any more; nothing if it did not */
void ngx_cc_native_listed_end(ngx_cc_native_t *s);


#endif /* _NGX_CC_NATIVE_LISTED_H_INCLUDED_ */
