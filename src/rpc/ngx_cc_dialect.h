
/*
 * The border between a transport (WebSocket, Streamable HTTP) and what is
 * spoken over it.  A transport pushes bytes of messages in and pulls messages
 * out whenever it has room; nothing else passes.  Messages are text, or, where
 * both sides know them, binary.
 *
 * All functions run in the event loop of one worker.  "wake" of the transport
 * is the only call upwards; it may come at any time, also from inside the calls
 * below, and must only note that pull() is worth calling again.
 */

#ifndef _NGX_CC_DIALECT_H_INCLUDED_
#define _NGX_CC_DIALECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_observe.h"
#include "ngx_cc_spec.h"
#include "ngx_cc_trace.h"
#include "ngx_cc_version.h"


/* the most that is pulled at once: a line of 64 KiB whose every byte needs six,
 * and what stands around it */

#define NGX_CC_DIALECT_MAX_MESSAGE   (64 * 1024 * 6 + 16 * 1024)

/* queued answers (bytes) beyond which a transport stops reading its client */

#define NGX_CC_DIALECT_HIGH_WATER    (64 * 1024)


/* what the transport gives a dialect; lives as long as the session */

typedef struct {
    ngx_pool_t             *pool;        /* of the session; set before
                                            ngx_cc_session_create() */
    ngx_log_t              *log;
    ngx_cc_spec_conf_t     *conf;        /* of the location */
    u_char                  session_id[NGX_CC_UUID_TEXT];

    unsigned                apart:1;     /* the owner can be told from other
                                            clients */
    unsigned                nameless:1;  /* the owner is an address of another
                                            machine: nothing is kept for it */
    unsigned                steers:1;    /* it may signal what it observes */

    /* kept by the dialect */
    unsigned                failed:1;    /* no memory for a message that had
                                            to be said: end the session */
    unsigned                binary:1;    /* the client may send binary messages:
                                            it has asked for some */
    unsigned                packet:1;    /* what was pulled last is one */

    const uint8_t          *owner;       /* digest (NGX_CC_OWNER_SIZE bytes) of
                                            who owns session and commands */
    const ngx_cc_observe_t *observe;     /* what the client may see of others,
                                            or NULL */
    ngx_cc_recorder_t      *recorder;    /* gets reports of commands, or NULL */

    struct ngx_cc_mcp_post_s  *post;     /* Streamable HTTP, else NULL */

    const ngx_cc_trace_t   *trace;       /* of the request's headers; NULL:
                                            none, or not wanted */

    void                   *data;
    void                  (*wake)(void *data);
    uint64_t              (*taken)(void *data);  /* bytes of ours that the
                                            client has taken; or NULL */

    ngx_uint_t              rounds;      /* kept by the transport: how often
                                            it has written all that it had
                                            pulled */

    /* kept by the dialect */
    ngx_uint_t              commands;    /* started so far, for the log */
    const u_char           *trace_id;    /* of the last that was asked for, for
                                            the log, NGX_CC_TRACE_ID digits;
                                            NULL: that of "trace" */
    ngx_str_t               tail;        /* that goes on here, so many bytes,
                                            there until sent() is called; they
                                            may change under the reader's eyes.
                                            len 0: it does not */
} ngx_cc_transport_t;


typedef struct {
    const char  *name;                   /* for the logs */
    size_t    size;                      /* bytes that open() takes of the
                                            transport's pool */

    /*
     * Begins a session; returns its state or NULL (no memory).  What the
     * server says first is there to be pulled.
     */
    void    *(*open)(ngx_cc_transport_t *transport);

    /*
     * The next n > 0 bytes of a message, valid UTF-8 so far; "last": it ends
     * with them (n may then be 0).  Returns NGX_OK, or NGX_ERROR when the
     * session cannot go on (no memory).  p is not kept.
     */
    ngx_int_t (*push)(void *session, u_char *p, size_t n, ngx_uint_t last);

    /*
     * The same of a binary message.  Not called, and may be NULL, unless
     * "binary" of the transport is set.
     */
    ngx_int_t (*packet)(void *session, u_char *p, size_t n, ngx_uint_t last);

    /* the message that was begun by one of them will not be finished: forget
       it */
    void    (*drop)(void *session);

    /*
     * Writes the next message to p, which has room for "room" bytes >=
     * NGX_CC_DIALECT_MAX_MESSAGE.  Returns its length, 0 when there is nothing
     * to say now, or nothing any more (the transport's "failed").  A long
     * message comes in pieces: *more is 1 but for the last, and 0 is not
     * returned in between.  "packet" and "tail" of the transport belong to what
     * was written.
     */
    size_t  (*pull)(void *session, u_char *p, size_t room, ngx_uint_t *more);

    /*
     * Right behind a pull() or next() that returned a whole text message: the
     * next one, if it is one like that, which is the quicker way for many short
     * ones; or 0: ask pull().  May be NULL.
     */
    size_t  (*next)(void *session, u_char *p, size_t room);

    /*
     * The tail of what was pulled last has been sent, or copied.  Not called,
     * and may be NULL, where there are none.
     */
    void    (*sent)(void *session);

    /* bytes of answers that wait to be pulled (see HIGH_WATER) */
    size_t  (*pending)(void *session);

    /* the number of commands that are not completed: the session is busy */
    ngx_uint_t (*busy)(void *session);

    /*
     * nginx stops: the commands end with the cause "shutdown"; "now": they are
     * over, and their last messages can be pulled
     */
    void    (*shutdown)(void *session, ngx_uint_t now);

    /* ends the session: its commands are abandoned, its memory is free */
    void    (*close)(void *session);
} ngx_cc_dialect_t;


#endif /* _NGX_CC_DIALECT_H_INCLUDED_ */
