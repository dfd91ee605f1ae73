
/*
 * A request that only waits to be logged, for hours, needs less than nginx gave
 * it: two blocks of its pool and the buffer of its header, mostly empty.  It is
 * moved to a pool of the size that it needs.
 *
 * What makes that safe:
 *   - nobody works with the request: it is called from the event loop, for a
 *     connection that is not the one whose event is served;
 *   - nothing but nginx's core and we know the request.  A module that wants to
 *     see its end has a context or a clean-up, and then nothing is done;
 *   - what the core keeps of it is known by its type and is moved field by
 *     field.  What is not known (a field that a later nginx has) is found: when
 *     any word of what stays (the copy, the connection's pool, the caller's)
 *     still points to what would be freed, nothing is done.
 *
 * The copy is what the access log and all variables of it need: the request,
 * its headers, its variables and our context.
 */

#ifndef _NGX_CC_PACK_H_INCLUDED_
#define _NGX_CC_PACK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* the clean-ups that a request may have: their data do not lie in its pool */

typedef struct {
    ngx_http_cleanup_pt   cleanup;       /* of the request: just this one */
    ngx_pool_cleanup_pt   moved;         /* of its pool, beside the caller's */
} ngx_cc_pack_ours_t;


/*
 * Moves *holder, a request by HTTP/1.1 whose response header is sent, whose
 * body (if any) is read and that will not be kept alive; its caller was moved
 * out of its pool (ngx_cc_caller_move).  "own": a pool that lives as long and
 * is searched, too; *holder may lie in it.
 *
 * NGX_OK: *holder, the connection and its log know the new request, the old one
 * is gone.  NGX_DECLINED: all is as it was, and would be another time, too.
 */
ngx_int_t ngx_cc_pack(ngx_http_request_t **holder,
    const ngx_cc_pack_ours_t *ours, ngx_pool_t *own);


#endif /* _NGX_CC_PACK_H_INCLUDED_ */
