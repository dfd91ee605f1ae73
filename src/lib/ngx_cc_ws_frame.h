
/*
 * WebSocket frames (RFC 6455, section 5): a decoder that can stop and go on
 * at every byte, and the encoder of server frames.
 *
 * The decoder owns no buffer.  It is given what one receive brought, unmasks
 * payload in place and hands it out piece by piece, so that a message never
 * has to be gathered before it is parsed.  Every rule that a header can break
 * is judged at the header, before the first byte of payload is taken.
 *
 * A binary message is refused with 1003 unless it is wanted.  The payload of a
 * text is not checked for UTF-8 here (ngx_cc_utf8.h does that, piecewise).
 *
 * State table of the decoder (state -> byte -> state):
 *
 *   HEAD0    first byte: FIN, RSV, opcode            -> HEAD1
 *   HEAD1    second byte: MASK, 7-bit length         -> LENGTH2, LENGTH8, MASK
 *   LENGTH2  2 bytes of extended length              -> MASK
 *   LENGTH8  8 bytes of extended length              -> MASK
 *   MASK     4 bytes of masking key                  -> PAYLOAD
 *   PAYLOAD  "rest" bytes                            -> HEAD0
 *   FAILED   after a violation nothing is decoded any more
 */

#ifndef _NGX_CC_WS_FRAME_H_INCLUDED_
#define _NGX_CC_WS_FRAME_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* opcodes, RFC 6455, section 5.2 */

#define NGX_CC_WS_CONTINUATION   0x0
#define NGX_CC_WS_TEXT           0x1
#define NGX_CC_WS_BINARY         0x2
#define NGX_CC_WS_CLOSE          0x8
#define NGX_CC_WS_PING           0x9
#define NGX_CC_WS_PONG           0xa

/* close codes, RFC 6455, section 7.4.1 */

#define NGX_CC_WS_NORMAL         1000
#define NGX_CC_WS_GOING_AWAY     1001
#define NGX_CC_WS_PROTOCOL       1002
#define NGX_CC_WS_UNSUPPORTED    1003
#define NGX_CC_WS_NO_STATUS      1005
#define NGX_CC_WS_ABNORMAL       1006
#define NGX_CC_WS_BAD_DATA       1007
#define NGX_CC_WS_POLICY         1008
#define NGX_CC_WS_TOO_BIG        1009
#define NGX_CC_WS_SERVER_FAULT   1011

#define NGX_CC_WS_MAX_CONTROL    125     /* payload bytes of a control frame */
#define NGX_CC_WS_MAX_HEADER     10      /* bytes of a server frame's header */
#define NGX_CC_WS_MAX_FRAGMENTS  16384   /* data frames of one message */
#define NGX_CC_WS_MAX_CLOSE      (2 + 2 + 123)  /* bytes of a close frame */


typedef enum {
    NGX_CC_WS_AGAIN = 0,    /* all input is used up, give more */
    NGX_CC_WS_DATA,         /* a piece of a message */
    NGX_CC_WS_CONTROL,      /* a piece of a ping, pong or close frame */
    NGX_CC_WS_VIOLATION     /* close with piece.code; final */
} ngx_cc_ws_event_e;


typedef struct {
    uint64_t        rest;        /* payload bytes of this frame to come */
    uint64_t        total;       /* payload bytes of this message, this
                                    frame's announced length included */
    uint64_t        limit;       /* most payload bytes of a message */
    uint32_t        fragments;   /* data frames of this message */
    uint8_t         mask[4];
    uint8_t         state;
    uint8_t         opcode;      /* of this frame */
    uint8_t         have;        /* bytes of length, key or (as an index
                                    into mask, modulo 4) payload taken;
                                    in FAILED: which violation it was */
    unsigned        fin:1;
    unsigned        open:1;      /* a message is unfinished */
    unsigned        fresh:1;     /* no piece of this message given yet */
    unsigned        binary:1;    /* this message is */
    unsigned        wanted:1;    /* set by the caller, at any time: messages
                                    that begin from now on may be */
} ngx_cc_ws_decoder_t;


typedef struct {
    uint8_t        *data;        /* unmasked, inside the caller's buffer */
    size_t          len;         /* may be 0 (an empty last frame; an empty
                                    fragment before it gives no piece) */
    uint16_t        code;        /* VIOLATION: the close code to send */
    const char     *reason;      /* VIOLATION: static text, <= 123 bytes */
    uint8_t         opcode;      /* which one; of the first frame */
    unsigned        first:1;     /* first piece of the message or frame */
    unsigned        last:1;      /* last piece of the message or frame */
} ngx_cc_ws_piece_t;


/*
 * Prepares a decoder for the first frame of a connection.  "limit": payload
 * bytes that one message may have, all fragments together (1009 beyond).
 */
void ngx_cc_ws_decoder_init(ngx_cc_ws_decoder_t *d, uint64_t limit);

/* 1 when a frame or a fragmented message has begun and not ended */
int ngx_cc_ws_decoder_busy(const ngx_cc_ws_decoder_t *d);

/*
 * Decodes from *pos up to "last", moves *pos behind what it took, and returns
 * the next event; call it again until it says AGAIN or VIOLATION.  DATA and
 * CONTROL fill "piece"; the bytes are valid until the caller reuses its
 * buffer.  Every message and every control frame ends with exactly one piece
 * whose "last" is set (its len may be 0).  VIOLATION fills piece->code and
 * piece->reason and repeats on every later call, taking nothing.
 *
 * Order of checks: RSV, opcode, MASK, control frames (FIN, length),
 * continuation without start, text or binary inside a message (all 1002),
 * minimal length encoding and the high bit of a 64-bit length (1002), binary
 * that is not wanted (1003), number of fragments (1008), size (1009).
 */
ngx_cc_ws_event_e ngx_cc_ws_decode(ngx_cc_ws_decoder_t *d, uint8_t **pos,
    uint8_t *last, ngx_cc_ws_piece_t *piece);

/*
 * XORs n bytes with the masking key, beginning with key byte "at" (0..3);
 * returns the key index for the byte that follows (RFC 6455, section 5.3).
 */
unsigned ngx_cc_ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4],
    unsigned at);

/*
 * The length of the header of a server frame with "len" payload bytes: 2, 4
 * or 10; and the header itself, final and unmasked, written to p (room for
 * NGX_CC_WS_MAX_HEADER), returning its end.
 */
size_t ngx_cc_ws_header_size(uint64_t len);
uint8_t *ngx_cc_ws_header(uint8_t *p, uint8_t opcode, uint64_t len);

/* the same for a fragment that is not the last one of its message */
uint8_t *ngx_cc_ws_fragment(uint8_t *p, uint8_t opcode, uint64_t len);

/*
 * Writes a whole close frame (room for NGX_CC_WS_MAX_CLOSE) and returns its
 * end.  code 0 or NGX_CC_WS_NO_STATUS: a close frame without payload.
 * "reason": UTF-8 text or NULL, cut at 123 bytes on a character border.
 */
uint8_t *ngx_cc_ws_close(uint8_t *p, uint16_t code, const char *reason);

/*
 * Reads the payload of a close frame (0..125 bytes).  Returns the peer's code
 * (NGX_CC_WS_NO_STATUS for an empty payload), or 0 when it is a violation:
 * one byte, a code that must not be sent (below 1000, 1004-1006, 1015,
 * 1016-2999, 5000 and above) -> answer 1002; *bad_text is set when the code is
 * good and the reason is not UTF-8 -> answer 1007.
 */
uint16_t ngx_cc_ws_close_code(const uint8_t *payload, size_t len,
    int *bad_text);


#endif /* _NGX_CC_WS_FRAME_H_INCLUDED_ */
