
/*
 * The watchers of a kept command: whoever is connected to its helper.  The
 * first one is the control socket of the worker that started it; the others
 * came through the listening socket (ngx_cc_listen) and have proved themselves.
 * A watcher reads copies: it may be slow, or gone, and nobody else notices.
 *
 * What a watcher may do is what it was granted at ATTACH; whoever asks for more
 * has lost its connection.
 */

#ifndef _NGX_CC_WATCHER_H_INCLUDED_
#define _NGX_CC_WATCHER_H_INCLUDED_


#include <sys/types.h>
#include "ngx_cc_history.h"
#include "ngx_cc_wire_kept.h"


struct ngx_cc_stay_s;


/* phases of a connection */

typedef enum {
    NGX_CC_WATCHER_NONE = 0,     /* the place is free */
    NGX_CC_WATCHER_HELLO,        /* has to say HELLO */
    NGX_CC_WATCHER_PROOF,        /* and to prove itself */
    NGX_CC_WATCHER_READY,        /* has done so: ATTACH or LIST */
    NGX_CC_WATCHER_DENIED,       /* will be told so, and closed */
    NGX_CC_WATCHER_ATTACHED
} ngx_cc_watcher_phase_e;


/* what is to be sent, in this order */

#define NGX_CC_WATCHER_TELL_REACHED    0x40  /* KEPT or LISTENING */
#define NGX_CC_WATCHER_TELL_ATTACHED   0x01
#define NGX_CC_WATCHER_TELL_INPUT      0x02
#define NGX_CC_WATCHER_TELL_SIGNALLED  0x04
#define NGX_CC_WATCHER_TELL_STATE      0x08
#define NGX_CC_WATCHER_TELL_REMOVED    0x10
#define NGX_CC_WATCHER_TELL_DETACHED   0x20  /* and the connection ends */
#define NGX_CC_WATCHER_TELL_ENTRY      0x100
#define NGX_CC_WATCHER_TELL_ENDED      0x80  /* to who reads in the ring */


typedef struct {
    int             fd;
    uint32_t        serial;      /* of the connection: a place is used again */
    ngx_cc_watcher_phase_e   phase;
    pid_t           pid;         /* of the peer */
    uint64_t        at;          /* ms: until when it has to come to READY and
                                    beyond; DENIED: when it is told */

    uint8_t         hello[NGX_CC_WIRE_NONCE];
    uint8_t         welcome[NGX_CC_WIRE_NONCE];

    unsigned        control:1;
    unsigned        full:1;      /* its socket takes no message */
    unsigned        mapped:1;    /* the starter of a call: it reads in the ring
                                    itself, up to what OUTPUT has "told" */
    unsigned        armed:1;     /* it has asked for a DATA, or an OUTPUT */
    unsigned        once:1;      /* a wait of it reads, until ENTRY */
    unsigned        exited:1;    /* EXITED was sent */
    unsigned        listing:1;   /* DENIED: ENTRY, not ATTACHED */
    unsigned        woken:1;     /* a wait has to be told (ngx_cc_waits) */

    uint32_t        waits;       /* that it has */
    unsigned        flags;       /* granted: NGX_CC_ATTACH_* */
    unsigned        denied;      /* DENIED: ngx_cc_wire_denied_e */
    unsigned        tell;        /* NGX_CC_WATCHER_TELL_* */
    uint32_t        unpassed;    /* how many signals that were not passed on
                                    it knows of */
    uint32_t        max;         /* of READ */
    uint64_t        from[NGX_CC_STREAMS];    /* where DATA began */

    ngx_cc_history_cursor_t  cursor;
    uint64_t        taken;       /* position that it has consumed */
    uint64_t        told;
    uint64_t        moved;       /* ms; when it did */

    uint8_t        *input;       /* an INPUT that waits for its turn, or NULL;
                                    "input_len" bytes */
    uint32_t        input_len;
    unsigned        input_eof;
    unsigned        input_more;  /* its message goes on */
    uint64_t        input_turn;  /* lower is earlier */

    ngx_cc_wire_input_t    input_done;
    ngx_cc_wire_signal_t   signalled;
    unsigned        removed;     /* ngx_cc_wire_denied_e */
    unsigned        detached;    /* ngx_cc_wire_detached_e */
} ngx_cc_watcher_t;


/*
 * Does what a message says that has passed ngx_cc_wire_check(); only for those
 * who have proved themselves.
 */
void ngx_cc_watcher_obey(struct ngx_cc_stay_s *stay, ngx_cc_watcher_t *w,
    const void *msg);

/* gives stdin the next INPUT that waits, if it is free */
void ngx_cc_watcher_feed(struct ngx_cc_stay_s *stay);


#endif /* _NGX_CC_WATCHER_H_INCLUDED_ */
