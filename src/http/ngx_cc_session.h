
/*
 * What a WebSocket and a POST do alike: a session of a dialect that counts
 * against the limits of the location, of the client's address and of the
 * owner, is audited, and ends when nginx stops.
 *
 *     create -> open -> [join] -> close
 *
 * It stands first in the struct of its transport, which is the request's
 * context: the log variables are read from it when the request is over.
 */

#ifndef _NGX_CC_SESSION_H_INCLUDED_
#define _NGX_CC_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit.h"
#include "ngx_cc_caller.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_farewell.h"
#include "ngx_cc_zone.h"


typedef struct {
    ngx_cc_transport_t       transport;
    off_t                    bytes_out;  /* of messages */
    ngx_uint_t               code;       /* of a WebSocket's close; 0: open, or
                                            no WebSocket */
    ngx_http_request_t      *request;
    ngx_cc_loc_conf_t       *conf;
    ngx_cc_caller_t         *caller;
    const ngx_cc_dialect_t  *dialect;
    void                    *state;      /* of the dialect; NULL: not open */
    ngx_cc_slot_t            slot;
    ngx_cc_audit_t          *audit;      /* NULL: not open, or no audit log */
    ngx_cc_farewell_t        farewell;
    u_char                  *refusal;    /* beyond a limit, a string; or NULL */
} ngx_cc_session_t;


/*
 * Fills "s" (all zero but its pool) for the request r and claims a place.
 * "data", "wake": see ngx_cc_transport_t.
 * NGX_OK; NGX_BUSY: a limit is reached, s->refusal names it and all logs have
 * it; NGX_ERROR: no memory or randomness.  Whatever it returns,
 * ngx_cc_session_close() ends it.
 */
ngx_int_t ngx_cc_session_create(ngx_cc_session_t *s, ngx_http_request_t *r,
    const ngx_cc_dialect_t *dialect, void *data, void (*wake)(void *data));

/* audits and opens it in the dialect, counts it; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_session_open(ngx_cc_session_t *s);

/* from now on it takes part when nginx stops */
void ngx_cc_session_join(ngx_cc_session_t *s,
    const ngx_cc_farewell_handlers_t *handlers);

/* "busy" and "grace" of those: the session is the first in "data" */
ngx_uint_t ngx_cc_session_runs(void *data);
ngx_msec_t ngx_cc_session_grace(void *data);

/* the number of commands that are not completed; 0 when it is not open */
ngx_uint_t ngx_cc_session_busy(ngx_cc_session_t *s);

/* so many answers wait to be sent that the client is not to be read */
ngx_uint_t ngx_cc_session_full(ngx_cc_session_t *s);

/*
 * Its commands are abandoned, the audit log has its line, its place is free.
 * Harmless when it was closed before.
 */
void ngx_cc_session_close(ngx_cc_session_t *s);


#endif /* _NGX_CC_SESSION_H_INCLUDED_ */
