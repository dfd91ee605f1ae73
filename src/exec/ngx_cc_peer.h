
/*
 * A connection of this worker to the helper of a kept command, whoever started
 * it: to its abstract socket, without ever blocking, and with the proof of both
 * sides that they belong to the same master (ngx_cc_wire_kept.h).
 *
 * A helper bears few who have not proved themselves, and closes the oldest of
 * them when others come.  So this worker shows itself to each one at a time,
 * and who was closed before it was ready tries again.
 */

#ifndef _NGX_CC_PEER_H_INCLUDED_
#define _NGX_CC_PEER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_channel.h"
#include "ngx_cc_wire_kept.h"


#define NGX_CC_PEER_NAME  8              /* bytes of a name */


/* why there is no connection any more */

typedef enum {
    NGX_CC_PEER_ABSENT = 0,      /* nobody has this name */
    NGX_CC_PEER_BUSY,            /* no connection or memory is left here, or
                                    it takes none for too long */
    NGX_CC_PEER_FALSE,           /* it could not prove itself */
    NGX_CC_PEER_LOST             /* its end, after it was ready */
} ngx_cc_peer_gone_e;


/* all come from the event loop; in each the peer may be closed */

typedef struct {
    /* it has proved itself, and so have we: say what you want */
    void  (*ready)(void *data);

    /* a message that passed ngx_cc_wire_check(); not kept */
    void  (*message)(void *data, ngx_cc_wire_msg_t *msg);

    /* after NGX_AGAIN: sending may work again */
    void  (*writable)(void *data);

    /* the last one; it has still to be closed */
    void  (*gone)(void *data, ngx_cc_peer_gone_e why);
} ngx_cc_peer_handlers_t;


typedef struct {
    ngx_cc_channel_t                 channel;
    const ngx_cc_peer_handlers_t    *handlers;
    void                            *data;
    ngx_log_t                       *log;

    /* private */
    uint8_t                          name[NGX_CC_PEER_NAME];
    uint8_t                          nonce[NGX_CC_WIRE_NONCE];
    ngx_event_t                      timer;
    ngx_msec_t                       begun;
    ngx_cc_peer_gone_e               why;
    ngx_queue_t                      queue;      /* of those that are not
                                                    ready */
    unsigned                         queued:1;
    unsigned                         shaking:1;  /* connected, not yet ready */
    unsigned                         ready:1;
    unsigned                         failed:1;   /* to be told by the timer */
} ngx_cc_peer_t;


/*
 * Begins to connect to whoever has that name.  handlers, data and log are set
 * by the caller, the rest is 0.  Whatever comes of it comes from the event
 * loop.
 */
void ngx_cc_peer_open(ngx_cc_peer_t *peer,
    const uint8_t name[NGX_CC_PEER_NAME]);

/* as ngx_cc_channel_send(); only after "ready" and before "gone" */
ngx_int_t ngx_cc_peer_send(ngx_cc_peer_t *peer, const void *msg, size_t n);

/* closes it, in any state; no handler is called any more */
void ngx_cc_peer_close(ngx_cc_peer_t *peer);


#endif /* _NGX_CC_PEER_H_INCLUDED_ */
