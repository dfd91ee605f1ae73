
/*
 * The places of a kept command's watchers: who sits where, what is sent to
 * them, how they leave.  The first place is that of the control socket.
 */

#ifndef _NGX_CC_PLACES_H_INCLUDED_
#define _NGX_CC_PLACES_H_INCLUDED_


#include "ngx_cc_stay.h"


#define NGX_CC_PLACES_LISTENER  UINT32_MAX   /* is in the same epoll */


/*
 * epoll_ctl(2) for a descriptor: what comes of it is told apart by place, and
 * by connection.  Returns 0, or -1 with errno.
 */
int ngx_cc_places_epoll(ngx_cc_stay_t *stay, int op, int fd, uint32_t events,
    uint32_t serial, uint32_t place);

/* does it count as a watcher?  Who only waits or reads a piece does not */
int ngx_cc_places_watches(unsigned flags);

/* a place for a new connection, or NULL */
ngx_cc_watcher_t *ngx_cc_places_take(ngx_cc_stay_t *stay, int fd);

/* asks for what is awaited: messages, and room if it was "full" */
void ngx_cc_places_await(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/* the watcher of that connection, or NULL: it is gone */
ngx_cc_watcher_t *ngx_cc_places_find(ngx_cc_stay_t *stay, uint32_t serial);

/*
 * How many want output; *present (may be NULL): how many keep it from being an
 * orphan.
 */
uint32_t ngx_cc_places_count(const ngx_cc_stay_t *stay, uint32_t *present);

/*
 * Sends a message; head.run is set right.  Returns 0, or -1: it was not sent,
 * and either the watcher is "full" (so is its socket, or it has closed that and
 * what it said before is still to be read) or it is gone.
 */
int ngx_cc_places_send(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, void *msg);

/*
 * What is sent to "w" from now on goes together, in one BUNDLE, until
 * ngx_cc_places_flush().  Only one may have that at a time: nothing happens
 * while another one's has not been taken.
 */
void ngx_cc_places_bundle(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/*
 * Sends what was put together for "w", if there is something: 0, or -1 as
 * above; then it is kept for the next time.
 */
int ngx_cc_places_flush(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/*
 * The connection ends; whatever it had asked for is forgotten.  That of the
 * control socket may be the end of the command.
 */
void ngx_cc_places_drop(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/* over: gives back what nobody uses now */
void ngx_cc_places_rest(ngx_cc_stay_t *stay);

/* forgets the command, ending it first: the process will leave */
void ngx_cc_places_leave(ngx_cc_stay_t *stay);


#endif /* _NGX_CC_PLACES_H_INCLUDED_ */
