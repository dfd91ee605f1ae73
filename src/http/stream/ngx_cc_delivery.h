
/*
 * Has the client what was sent?  Its TCP says so, by acknowledging; of what it
 * has not acknowledged nobody knows.  The kernel does not tell by an event, so
 * it is asked: at once, which is enough where the client is near, and then at
 * growing intervals.
 */

#ifndef _NGX_CC_DELIVERY_H_INCLUDED_
#define _NGX_CC_DELIVERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_CC_DELIVERY_LAST  60000      /* ms */


/* zeroed, with data and look set */

typedef struct {
    ngx_connection_t  *connection;       /* NULL: nothing is awaited */
    uint64_t           until;            /* bytes acknowledged when it has all;
                                            0: it is no TCP */
    ngx_event_t        timer;
    ngx_msec_t         wait;
    ngx_msec_t         begun;

    void             (*look)(void *data);    /* it is time to ask again */
    void              *data;
} ngx_cc_delivery_t;


/*
 * Everything that was written to the connection so far is awaited.  NGX_OK: the
 * client has it; NGX_AGAIN: look() comes, and then the same is asked again, or
 * stop() is called; NGX_DECLINED: not within NGX_CC_DELIVERY_LAST.
 */
ngx_int_t ngx_cc_delivery_await(ngx_cc_delivery_t *delivery,
    ngx_connection_t *c);

/* has it come meanwhile?  1 or 0: not, or nothing is awaited */
ngx_uint_t ngx_cc_delivery_made(const ngx_cc_delivery_t *delivery);

/* it is not awaited any more; in any state */
void ngx_cc_delivery_stop(ngx_cc_delivery_t *delivery);


#endif /* _NGX_CC_DELIVERY_H_INCLUDED_ */
