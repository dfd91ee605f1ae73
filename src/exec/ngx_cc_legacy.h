
/*
 * Legacy MCP sessions over HTTP, as all workers see them: there is no table of
 * them.  An id says by itself whether it is good (ngx_cc_session_id), the zone
 * knows those that were ended (ngx_cc_ended).  A call may be run by another
 * worker than the one that is told to end it: it is ended by its socket, if it
 * has one (ngx_cc_call.h), which follows from session and request; and by a
 * notice (ngx_cc_notices), for it may be about to get one.  A call looks for
 * notices when it begins, when it can be reached and when it is over; one that
 * never can be reached, every NGX_CC_LEGACY_TICK.
 */

#ifndef _NGX_CC_LEGACY_H_INCLUDED_
#define _NGX_CC_LEGACY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_node.h"
#include "ngx_cc_session_id.h"


#define NGX_CC_LEGACY_TICK  50           /* ms */
#define NGX_CC_LEGACY_ID    (NGX_CC_NODE_PREFIX + NGX_CC_SESSION_ID_TEXT)


/* the session that a request belongs to */

typedef struct {
    const uint8_t       *owner;          /* digest; not ours */
    u_char               text[NGX_CC_SESSION_ID_TEXT];
    ngx_uint_t           previous;       /* the key before this one made it */
    ngx_cc_session_id_t  id;
} ngx_cc_legacy_t;


/* a call of one that runs in this worker; zeroed at first */

typedef struct {
    ngx_queue_t          queue;          /* private */
    unsigned             joined:1;       /* private */
    unsigned             polled:1;       /* private */

    uint64_t             session;        /* its number */
    const uint8_t       *owner;          /* of the session; not ours */
    ngx_cc_handle_t      handle;         /* of its socket */

    /*
     * It shall end without an answer; it may leave in this, and has to leave
     * soon
     */
    void               (*end)(void *data);
    void                *data;
} ngx_cc_legacy_call_t;


typedef enum {
    NGX_CC_LEGACY_MAY = 0,
    NGX_CC_LEGACY_TWICE,                 /* one with this id is running */
    NGX_CC_LEGACY_ENDED,                 /* it was to end before it began */
    NGX_CC_LEGACY_OLD                    /* one with this id has a socket: it
                                            runs, or its result is still there;
                                            REMOVE (ngx_cc_ask.h) tells */
} ngx_cc_legacy_may_e;


/*
 * A new id for this owner (a digest), who speaks this version of the protocol
 * (20251125), with the name of this node before it: text->data has room for
 * NGX_CC_LEGACY_ID characters.  NGX_OK, or NGX_DECLINED: there is no key or no
 * randomness, so there is no session.
 */
ngx_int_t ngx_cc_legacy_make(uint32_t version, const uint8_t *owner,
    ngx_str_t *text);

/*
 * NGX_OK and "legacy", or NGX_DECLINED: it is none, or another owner's (a
 * digest, which must live as long), too old, ended.  The name of a node before
 * it does not count: who has the key can tell it from a forged one.
 */
ngx_int_t ngx_cc_legacy_check(ngx_str_t *text, const uint8_t *owner,
    ngx_cc_legacy_t *legacy);

/*
 * Its client has ended it: so do its calls, in all workers, and their results
 * are forgotten
 */
void ngx_cc_legacy_end(ngx_cc_legacy_t *legacy);

/* fills session and handle of a call; "id": the request's, canonical JSON */
void ngx_cc_legacy_name(const ngx_cc_legacy_t *legacy, ngx_str_t *id,
    ngx_cc_legacy_call_t *call);

/* may a call that was named begin? */
ngx_cc_legacy_may_e ngx_cc_legacy_may(const ngx_cc_legacy_call_t *call);

/* it does, in the same turn of the loop: it is this worker's until it leaves */
void ngx_cc_legacy_join(ngx_cc_legacy_call_t *call);

/*
 * It cannot be reached: from now on notices are looked for until it leaves.  1:
 * it was to end already, 0: not yet.
 */
ngx_uint_t ngx_cc_legacy_poll(ngx_cc_legacy_call_t *call);

/* was it to end, of late?  1 or 0 */
ngx_uint_t ngx_cc_legacy_said(const ngx_cc_legacy_call_t *call);

/* it is over; harmless when it did not join */
void ngx_cc_legacy_leave(ngx_cc_legacy_call_t *call);

/*
 * The call of that name ends, whichever worker runs it, or is forgotten: by a
 * notice, and by its socket, for which it is tried for 2 s.  With 1,024 of
 * these on their way there is only the notice.
 */
void ngx_cc_legacy_cancel(const ngx_cc_legacy_call_t *call);


#endif /* _NGX_CC_LEGACY_H_INCLUDED_ */
