
/*
 * One connection with one request, and what src/http calls of nginx, so that
 * the WebSocket and the Streamable HTTP can be driven without nginx: bytes come
 * in pieces, the socket takes some, timers expire, the peer goes, the worker
 * leaves.  Every call is checked: what is sent has to be frames or a body of
 * HTTP, nothing follows a Close frame or the last buffer, the request is
 * finalized once, nothing is left.  What is wrong aborts.
 */

#ifndef _HTTP_H_INCLUDED_
#define _HTTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "fake_command.h"
#include "ngx_cc_farewell.h"
#include "ngx_cc_streamable.h"
#include "ngx_cc_streamable_state.h"
#include "ngx_cc_ws.h"


#define http_check(cond)                                                      \
    do {                                                                      \
        if (!(cond)) {                                                        \
            http_failed(__FILE__, __LINE__, #cond);                           \
        }                                                                     \
    } while (0)


typedef struct {
    /* set before http_begin() */
    const ngx_cc_dialect_t  *dialect;    /* of a WebSocket; NULL: a POST */
    ngx_cc_loc_conf_t        conf;
    ngx_http_core_loc_conf_t core;
    off_t                    length;     /* of the POST; -1: chunked */
    ngx_uint_t               refused;    /* there is no place for a session */
    ngx_uint_t               keeps;      /* a filter takes buffers and keeps
                                            their bytes (gzip) */
    ngx_uint_t               rate;       /* bytes, then "delayed" for 100 ms */
    ngx_str_t                early;      /* came with the handshake */

    /* what happens; may be changed at any time */
    u_char                  *in;         /* bytes that have come ... */
    size_t                   in_len;
    size_t                   in_size;
    size_t                   piece;      /* ... and at most so many at once */
    size_t                   room;       /* bytes that the socket takes */
    ngx_uint_t               eof;        /* the peer has ended, behind "in" */
    ngx_uint_t               reset;      /* it is gone */

    /* what came of it */
    u_char                  *out;        /* everything sent, without head */
    size_t                   out_len;
    size_t                   out_size;
    ngx_uint_t               status;     /* of the header; 0: none yet */
    off_t                    content_length;
    ngx_uint_t               last;       /* the last buffer was given */
    ngx_uint_t               whole;      /* and all was sent */
    ngx_uint_t               messages;   /* WebSocket: whole ones sent */
    ngx_uint_t               packets;    /* binary messages */
    size_t                   packed;     /* bytes of output in them */
    ngx_uint_t               pings;
    ngx_uint_t               pongs;
    ngx_uint_t               code;       /* of the Close sent; 0 none, 1
                                            without payload */
    ngx_uint_t               finalized;  /* how often */
    ngx_int_t                rc;         /* with what */
    ngx_uint_t               freed;      /* the request */
    ngx_uint_t               closed;     /* the connection */
    ngx_uint_t               slots;      /* claimed now */
    ngx_uint_t               audits;     /* open now */

    ngx_connection_t         c;
    ngx_event_t              rev;
    ngx_event_t              wev;
    ngx_log_t                log;
    ngx_http_request_t      *r;          /* NULL: gone */
} http_t;


extern http_t    http;
extern uint64_t  http_acked;             /* by the peer's kernel */


/* everything zero, with what is usual; worker and time are fresh, too */
void http_reset(void);

/* the handshake is over, or the head of the POST was read */
void http_begin(void);

/* bytes come from the client; nobody is told yet */
void http_come(const void *p, size_t n);

/* a masked frame comes: its first byte, its payload */
void http_frame(unsigned head, const void *p, size_t n);

/* an event, unless the request is gone, and all that is posted by it */
void http_read(void);
void http_write(void);

/* the worker leaves; "now": worker_shutdown_timeout has passed */
void http_quit(ngx_uint_t now);

/* nginx stops: the steps of its farewell */
void http_farewell(ngx_cc_farewell_e what);

/* ms pass, with the timers that expire in them */
void http_pass(ngx_msec_t ms);

/* what is posted; it has to come to an end */
void http_posted(void);

/*
 * The client takes everything and goes; whatever there was has come to its end
 * then: checks all accounts, that nothing is left, and what was sent.
 */
void http_end(void);

void http_failed(const char *file, int line, const char *what);


#endif /* _HTTP_H_INCLUDED_ */
