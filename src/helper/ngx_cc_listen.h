
/*
 * The listening socket of a kept command, in the abstract namespace: nothing in
 * a file system that a command could rename, remove or squat.  Anybody of the
 * machine may connect, so here is who may stay: a process of the right user
 * that proves, soon, that it has the key.  Others are closed without a word.
 */

#ifndef _NGX_CC_LISTEN_H_INCLUDED_
#define _NGX_CC_LISTEN_H_INCLUDED_


#include "ngx_cc_stay.h"


#define NGX_CC_LISTEN_PEERS   4      /* that have not proved themselves; one
                                        more, and the oldest has to go */
#define NGX_CC_LISTEN_PER_PID 2      /* of one process */
#define NGX_CC_LISTEN_TIME    1000   /* ms that one has */
#define NGX_CC_LISTEN_DELAY   5      /* ms; who asks for what is not theirs, or
                                        does not exist, is told so then */


/* binds and listens; a descriptor, or -1 with errno */
int ngx_cc_listen_open(const uint8_t pool[8], const uint8_t name[8]);

/* lets in who waits, a few at a time */
void ngx_cc_listen_accept(ngx_cc_stay_t *stay);

/* a message of a peer that has not proved itself; "type" 0: no good one */
void ngx_cc_listen_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_type_e type, const ngx_cc_wire_hello_t *msg);

/* closes those whose time is over; tells those that are denied */
void ngx_cc_listen_expire(ngx_cc_stay_t *stay);


#endif /* _NGX_CC_LISTEN_H_INCLUDED_ */
