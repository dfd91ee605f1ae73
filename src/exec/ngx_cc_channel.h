
/*
 * A SOCK_SEQPACKET descriptor in nginx's event loop: whole, checked messages
 * come out of it, small messages go into it, nothing ever blocks.
 */

#ifndef _NGX_CC_CHANNEL_H_INCLUDED_
#define _NGX_CC_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_wire.h"


/* pseudo-connections leave so many of worker_connections to clients */

#define NGX_CC_CHANNEL_RESERVE   16


typedef struct {
    /* a message that passed ngx_cc_wire_check(); the descriptors (nfds, 0..2)
     * are now the callee's; fewer than its type has: this process has no
     * descriptor left; what stands behind a fixed part is there, too; msg is
     * not kept.  What comes in a BUNDLE comes one by one */
    void  (*message)(void *data, ngx_cc_wire_msg_t *msg, int *fds, int nfds);

    /* after NGX_AGAIN: sending may work again; may be NULL */
    void  (*writable)(void *data);

    /* the other side is gone or sent nonsense; nothing follows; the channel
     * is still open and has to be closed */
    void  (*broken)(void *data);

    /* this worker begins to shut down (only channels with "idle"); may be
     * NULL */
    void  (*exiting)(void *data);
} ngx_cc_channel_handlers_t;


typedef struct {
    ngx_connection_t                 *connection;    /* NULL = closed */
    const ngx_cc_channel_handlers_t  *handlers;
    void                             *data;
    ngx_uint_t                       *closed;        /* set by close() while
                                                        a handler runs */
} ngx_cc_channel_t;


/*
 * Opens a channel over fd (non-blocking), which it owns from then on, also
 * when it fails.  "idle": tell when the worker begins to shut down.  All
 * handlers may close the channel.  Returns NGX_OK; NGX_BUSY when too few
 * connections are free; NGX_ERROR.
 */
ngx_int_t ngx_cc_channel_open(ngx_cc_channel_t *ch, ngx_socket_t fd,
    const ngx_cc_channel_handlers_t *handlers, void *data, ngx_uint_t idle,
    ngx_log_t *log);

/*
 * Sends one message of n bytes.  Returns NGX_OK; NGX_AGAIN: not sent, the
 * writable handler follows; NGX_ERROR: the other side is gone (the broken
 * handler follows from the event loop).
 */
ngx_int_t ngx_cc_channel_send(ngx_cc_channel_t *ch, const void *msg,
    size_t n);

/* the same with a descriptor, which stays the caller's; -1 = none */
ngx_int_t ngx_cc_channel_pass(ngx_cc_channel_t *ch, const void *msg,
    size_t n, int fd);

/* closes it; no handler is called any more; closing twice does no harm */
void ngx_cc_channel_close(ngx_cc_channel_t *ch);


#endif /* _NGX_CC_CHANNEL_H_INCLUDED_ */
