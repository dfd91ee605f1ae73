
/*
 * The client's side of a WebSocket (RFC 6455): handshake, whole messages in and
 * out.  Pings are answered, a close frame is answered and noted.
 */

#ifndef _NGX_CC_CLIENT_WS_H_INCLUDED_
#define _NGX_CC_CLIENT_WS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_client_socket.h"


/* most bytes of one: the server's are below 1 MB */
#define NGX_CC_CLIENT_MESSAGE  (8 * 1024 * 1024)

/* ms of silence that no server takes for death */
#define NGX_CC_CLIENT_ALIVE    5000


typedef struct {
    ngx_cc_client_socket_t   socket;
    int                      status;     /* of the handshake, 101 = good */
    unsigned                 code;       /* of the close frame that ended it,
                                            the peer's or ours; 0 = none */
    char                     reason[160];    /* its text; of a refusal */
    int                      ended;      /* nothing comes any more */
    int                      wanted;     /* set by the caller: binary messages
                                            may come on this connection */
    int                      binary;     /* the message is one */

    /* private */
    uint8_t                 *in;         /* bytes that have come */
    size_t                   in_size;
    size_t                   in_pos;     /* those before it are used */
    size_t                   in_len;
    uint8_t                 *message;    /* fragments of a message */
    size_t                   message_len;
    size_t                   message_size;
    int                      fragmented;
    uint8_t                 *out;        /* bytes that have to go */
    size_t                   out_size;
    size_t                   out_pos;
    size_t                   out_len;
    uint64_t                 spoke;      /* ms, when the last frame was made */
} ngx_cc_client_ws_t;


/*
 * Connects and shakes hands, offering the subprotocol "cc-executor".  Returns
 * 0, or -1 with the reason in *error (valid until the next call); ws->status
 * is that of the server's answer, or 0.  An answer that takes longer than 10 s
 * is none.
 */
int ngx_cc_client_ws_open(ngx_cc_client_ws_t *ws,
    const ngx_cc_client_url_t *url, const char *token, const char *ca_file,
    int insecure, const char **error);

/*
 * Reads once what there is.  Returns 0, or -1 when the connection has ended.
 */
int ngx_cc_client_ws_receive(ngx_cc_client_ws_t *ws);

/*
 * The next whole message: 1 and what it has, which is valid until the next call
 * of receive() or next(); 0: not yet.  ws->ended may be set by it: the peer has
 * closed, or broken RFC 6455 (reserved bits and opcodes, a mask, a control
 * frame that is long or in pieces, binary unless that is wanted, more than
 * NGX_CC_CLIENT_MESSAGE);
 * it is told so, and ws->reason says what.
 */
int ngx_cc_client_ws_next(ngx_cc_client_ws_t *ws, uint8_t **text, size_t *n);

/* sends a message of n bytes (NGX_CC_WS_TEXT, ..._BINARY), or keeps it for
 * flush() */
void ngx_cc_client_ws_send(ngx_cc_client_ws_t *ws, uint8_t opcode,
    uint8_t *p, size_t n);

/* sends what is kept, as far as it goes */
void ngx_cc_client_ws_flush(ngx_cc_client_ws_t *ws);

/* what to wait for with poll(2), to read if "reads", and to flush(); 0: none */
short ngx_cc_client_ws_events(const ngx_cc_client_ws_t *ws, int reads);

/* bytes that wait for flush() */
size_t ngx_cc_client_ws_waiting(const ngx_cc_client_ws_t *ws);

/*
 * The peer's pings are not read at the moment: shows now and then that we live,
 * by an unsolicited pong (RFC 6455, section 5.5.3).  To be called at least each
 * NGX_CC_CLIENT_ALIVE ms.
 */
void ngx_cc_client_ws_alive(ngx_cc_client_ws_t *ws);

/* says goodbye (1000) when the other side is still there, and closes */
void ngx_cc_client_ws_close(ngx_cc_client_ws_t *ws);


#endif /* _NGX_CC_CLIENT_WS_H_INCLUDED_ */
