
/*
 * Sessions that their clients have ended (DELETE) while their ids would still
 * be good, over all workers: in plain shared memory, C11 atomics, no mutex.
 *
 * It is bounded.  When it is full, the oldest ones of an owner make room, and a
 * mark remains: what that owner was given before is not good any more, ended or
 * not.  It is the owner who ends one more, unless he has few of them: then
 * whoever has most, so that nobody pays for another one's.
 *
 * When even the marks are used up, the oldest is forgotten: that an ended
 * session is good again does no harm, its client has said goodbye; that a good
 * one ends would.
 */

#ifndef _NGX_CC_ENDED_H_INCLUDED_
#define _NGX_CC_ENDED_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_session_id.h"


typedef struct ngx_cc_ended_s  ngx_cc_ended_t;   /* in the shared memory */


/*
 * Prepares "size" bytes at p, zeroed and aligned to 64 bytes; NULL when they
 * are too few for anything.
 */
ngx_cc_ended_t *ngx_cc_ended_init(void *p, size_t size);

/* how many it has room for, before marks are made */
uint32_t ngx_cc_ended_size(const ngx_cc_ended_t *ended);

/* this session is over; "now": ms since 1970.  Again: nothing happens. */
void ngx_cc_ended_add(ngx_cc_ended_t *ended, const ngx_cc_session_id_t *id,
    uint64_t now);

/* 1 when it is over, else 0 */
int ngx_cc_ended_has(ngx_cc_ended_t *ended, const ngx_cc_session_id_t *id);


#endif /* _NGX_CC_ENDED_H_INCLUDED_ */
