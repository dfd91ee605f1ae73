
#include <string.h>

#include "ngx_cc_ws_frame.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_WS_FIN            0x80
#define NGX_CC_WS_RSV            0x70
#define NGX_CC_WS_OPCODE         0x0f
#define NGX_CC_WS_IS_CONTROL     0x08
#define NGX_CC_WS_MASKED         0x80
#define NGX_CC_WS_LENGTH         0x7f
#define NGX_CC_WS_LENGTH_2       126
#define NGX_CC_WS_LENGTH_8       127


typedef enum {
    ngx_cc_ws_head0 = 0,
    ngx_cc_ws_head1,
    ngx_cc_ws_length2,
    ngx_cc_ws_length8,
    ngx_cc_ws_mask,
    ngx_cc_ws_payload,
    ngx_cc_ws_failed
} ngx_cc_ws_state_e;


typedef enum {
    ngx_cc_ws_fine = 0,
    ngx_cc_ws_bad_rsv,
    ngx_cc_ws_bad_opcode,
    ngx_cc_ws_unmasked,
    ngx_cc_ws_split_control,
    ngx_cc_ws_long_control,
    ngx_cc_ws_no_start,
    ngx_cc_ws_no_end,
    ngx_cc_ws_long_length,
    ngx_cc_ws_high_bit,
    ngx_cc_ws_binary,
    ngx_cc_ws_many_fragments,
    ngx_cc_ws_too_long
} ngx_cc_ws_violation_e;


static const struct {
    uint16_t        code;
    const char     *reason;
} ngx_cc_ws_violations[] = {
    { 0, NULL },
    { NGX_CC_WS_PROTOCOL, "reserved bit is set" },
    { NGX_CC_WS_PROTOCOL, "reserved opcode" },
    { NGX_CC_WS_PROTOCOL, "frame is not masked" },
    { NGX_CC_WS_PROTOCOL, "control frame is fragmented" },
    { NGX_CC_WS_PROTOCOL, "control frame is longer than 125 bytes" },
    { NGX_CC_WS_PROTOCOL, "continuation frame without a message" },
    { NGX_CC_WS_PROTOCOL, "new message inside a fragmented message" },
    { NGX_CC_WS_PROTOCOL, "payload length is not in its shortest form" },
    { NGX_CC_WS_PROTOCOL, "payload length has its highest bit set" },
    { NGX_CC_WS_UNSUPPORTED, "binary messages are not accepted" },
    { NGX_CC_WS_POLICY, "message has too many fragments" },
    { NGX_CC_WS_TOO_BIG, "message is too big" },
};


static ngx_cc_ws_violation_e ngx_cc_ws_take_head0(ngx_cc_ws_decoder_t *d,
    uint8_t c);
static ngx_cc_ws_violation_e ngx_cc_ws_take_head1(ngx_cc_ws_decoder_t *d,
    uint8_t c);
static ngx_cc_ws_violation_e ngx_cc_ws_take_length(ngx_cc_ws_decoder_t *d,
    uint8_t c);
static void ngx_cc_ws_take_mask(ngx_cc_ws_decoder_t *d, uint8_t c);
static ngx_cc_ws_violation_e ngx_cc_ws_admit(ngx_cc_ws_decoder_t *d);
static ngx_cc_ws_event_e ngx_cc_ws_take_payload(ngx_cc_ws_decoder_t *d,
    uint8_t **pos, uint8_t *last, ngx_cc_ws_piece_t *piece);


void
ngx_cc_ws_decoder_init(ngx_cc_ws_decoder_t *d, uint64_t limit)
{
    memset(d, 0, sizeof(ngx_cc_ws_decoder_t));

    d->limit = limit;
}


int
ngx_cc_ws_decoder_busy(const ngx_cc_ws_decoder_t *d)
{
    return d->open
           || (d->state != ngx_cc_ws_head0 && d->state != ngx_cc_ws_failed);
}


ngx_cc_ws_event_e
ngx_cc_ws_decode(ngx_cc_ws_decoder_t *d, uint8_t **pos, uint8_t *last,
    ngx_cc_ws_piece_t *piece)
{
    ngx_cc_ws_event_e      event;
    ngx_cc_ws_violation_e  bad;

    memset(piece, 0, sizeof(ngx_cc_ws_piece_t));

    for ( ;; ) {

        if (d->state == ngx_cc_ws_failed) {
            piece->code = ngx_cc_ws_violations[d->have].code;
            piece->reason = ngx_cc_ws_violations[d->have].reason;

            return NGX_CC_WS_VIOLATION;
        }

        if (d->state == ngx_cc_ws_payload
            && (d->rest == 0 || *pos != last))
        {
            event = ngx_cc_ws_take_payload(d, pos, last, piece);

            if (event != NGX_CC_WS_AGAIN) {
                return event;
            }

            continue;
        }

        if (*pos == last) {
            return NGX_CC_WS_AGAIN;
        }

        bad = ngx_cc_ws_fine;

        switch (d->state) {

        case ngx_cc_ws_head0:
            bad = ngx_cc_ws_take_head0(d, *(*pos)++);
            break;

        case ngx_cc_ws_head1:
            bad = ngx_cc_ws_take_head1(d, *(*pos)++);
            break;

        case ngx_cc_ws_length2:
        case ngx_cc_ws_length8:
            bad = ngx_cc_ws_take_length(d, *(*pos)++);
            break;

        default: /* ngx_cc_ws_mask */
            ngx_cc_ws_take_mask(d, *(*pos)++);
            break;
        }

        if (bad != ngx_cc_ws_fine) {
            d->state = ngx_cc_ws_failed;
            d->have = bad;
        }
    }
}


static ngx_cc_ws_violation_e
ngx_cc_ws_take_head0(ngx_cc_ws_decoder_t *d, uint8_t c)
{
    if (c & NGX_CC_WS_RSV) {
        return ngx_cc_ws_bad_rsv;
    }

    d->fin = (c & NGX_CC_WS_FIN) ? 1 : 0;
    d->opcode = c & NGX_CC_WS_OPCODE;

    switch (d->opcode) {

    case NGX_CC_WS_CONTINUATION:
    case NGX_CC_WS_TEXT:
    case NGX_CC_WS_BINARY:
    case NGX_CC_WS_CLOSE:
    case NGX_CC_WS_PING:
    case NGX_CC_WS_PONG:
        d->state = ngx_cc_ws_head1;
        return ngx_cc_ws_fine;

    default:
        return ngx_cc_ws_bad_opcode;
    }
}


static ngx_cc_ws_violation_e
ngx_cc_ws_take_head1(ngx_cc_ws_decoder_t *d, uint8_t c)
{
    uint8_t  len;

    len = c & NGX_CC_WS_LENGTH;

    if (!(c & NGX_CC_WS_MASKED)) {
        return ngx_cc_ws_unmasked;
    }

    if (d->opcode & NGX_CC_WS_IS_CONTROL) {

        if (!d->fin) {
            return ngx_cc_ws_split_control;
        }

        if (len > NGX_CC_WS_MAX_CONTROL) {
            return ngx_cc_ws_long_control;
        }

    } else if (d->opcode == NGX_CC_WS_CONTINUATION) {

        if (!d->open) {
            return ngx_cc_ws_no_start;
        }

    } else if (d->open) {
        return ngx_cc_ws_no_end;
    }

    d->have = 0;

    if (len == NGX_CC_WS_LENGTH_2 || len == NGX_CC_WS_LENGTH_8) {
        d->rest = 0;
        d->state = (len == NGX_CC_WS_LENGTH_2) ? ngx_cc_ws_length2
                                               : ngx_cc_ws_length8;
        return ngx_cc_ws_fine;
    }

    d->rest = len;

    return ngx_cc_ws_admit(d);
}


static ngx_cc_ws_violation_e
ngx_cc_ws_take_length(ngx_cc_ws_decoder_t *d, uint8_t c)
{
    uint8_t   size;
    uint64_t  least;

    size = (d->state == ngx_cc_ws_length2) ? 2 : 8;
    least = (size == 2) ? NGX_CC_WS_LENGTH_2 : 0x10000;

    d->rest = d->rest << 8 | c;

    if (++d->have < size) {
        return ngx_cc_ws_fine;
    }

    if (d->rest < least) {
        return ngx_cc_ws_long_length;
    }

    if (d->rest >> 63) {
        return ngx_cc_ws_high_bit;
    }

    d->have = 0;

    return ngx_cc_ws_admit(d);
}


/*
 * The header is known but for the key: is there room for this frame in the
 * message it belongs to?  Control frames stand between messages and fragments
 * and do not change their counts.
 */

static ngx_cc_ws_violation_e
ngx_cc_ws_admit(ngx_cc_ws_decoder_t *d)
{
    d->state = ngx_cc_ws_mask;

    if (d->opcode & NGX_CC_WS_IS_CONTROL) {
        return ngx_cc_ws_fine;
    }

    if (d->opcode == NGX_CC_WS_BINARY && !d->wanted) {
        return ngx_cc_ws_binary;
    }

    if (d->opcode != NGX_CC_WS_CONTINUATION) {
        d->binary = (d->opcode == NGX_CC_WS_BINARY);
        d->open = 1;
        d->fresh = 1;
        d->fragments = 0;
        d->total = 0;
    }

    if (d->fragments == NGX_CC_WS_MAX_FRAGMENTS) {
        return ngx_cc_ws_many_fragments;
    }

    /* the total never exceeds the limit, so this cannot wrap */

    if (d->rest > d->limit - d->total) {
        return ngx_cc_ws_too_long;
    }

    d->fragments++;
    d->total += d->rest;

    return ngx_cc_ws_fine;
}


static void
ngx_cc_ws_take_mask(ngx_cc_ws_decoder_t *d, uint8_t c)
{
    d->mask[d->have++] = c;

    if (d->have == sizeof(d->mask)) {
        d->have = 0;
        d->state = ngx_cc_ws_payload;
    }
}


static ngx_cc_ws_event_e
ngx_cc_ws_take_payload(ngx_cc_ws_decoder_t *d, uint8_t **pos, uint8_t *last,
    ngx_cc_ws_piece_t *piece)
{
    size_t             n;
    ngx_cc_ws_event_e  event;

    n = last - *pos;

    if (n > d->rest) {
        n = d->rest;
    }

    piece->data = *pos;
    piece->len = n;

    ngx_cc_ws_unmask(piece->data, n, d->mask, d->have & 3);

    *pos += n;
    d->rest -= n;

    if (d->opcode & NGX_CC_WS_IS_CONTROL) {
        piece->opcode = d->opcode;
        piece->first = (d->have == 0);
        event = NGX_CC_WS_CONTROL;

    } else {
        piece->opcode = d->binary ? NGX_CC_WS_BINARY : NGX_CC_WS_TEXT;
        piece->first = d->fresh;
        event = NGX_CC_WS_DATA;
    }

    /*
     * It may wrap round: 256 is a multiple of the key's length, and a control
     * frame, for which 0 means that nothing was taken, is too short for that.
     */

    d->have += (uint8_t) n;

    if (d->rest == 0) {
        d->state = ngx_cc_ws_head0;
        piece->last = d->fin;
    }

    if (event == NGX_CC_WS_DATA) {

        if (n == 0 && !d->fin) {
            return NGX_CC_WS_AGAIN;     /* an empty fragment carries nothing */
        }

        d->fresh = 0;

        if (piece->last) {
            d->open = 0;
        }
    }

    return event;
}


unsigned
ngx_cc_ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4], unsigned at)
{
    size_t    i;
    uint8_t   key[8];
    uint64_t  k, w;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = mask[(at + i) & 3];
    }

    at = (at + n) & 3;

    memcpy(&k, key, sizeof(k));

    while (n >= sizeof(w)) {
        memcpy(&w, p, sizeof(w));
        w ^= k;
        memcpy(p, &w, sizeof(w));

        p += sizeof(w);
        n -= sizeof(w);
    }

    for (i = 0; i < n; i++) {
        p[i] ^= key[i];
    }

    return at;
}


size_t
ngx_cc_ws_header_size(uint64_t len)
{
    if (len <= NGX_CC_WS_MAX_CONTROL) {
        return 2;
    }

    return len <= 0xffff ? 4 : NGX_CC_WS_MAX_HEADER;
}


uint8_t *
ngx_cc_ws_header(uint8_t *p, uint8_t opcode, uint64_t len)
{
    int  shift;

    *p++ = NGX_CC_WS_FIN | opcode;

    if (len <= NGX_CC_WS_MAX_CONTROL) {
        *p++ = (uint8_t) len;
        return p;
    }

    if (len <= 0xffff) {
        *p++ = NGX_CC_WS_LENGTH_2;
        shift = 8;

    } else {
        *p++ = NGX_CC_WS_LENGTH_8;
        shift = 56;
    }

    for ( /* void */ ; shift >= 0; shift -= 8) {
        *p++ = (uint8_t) (len >> shift);
    }

    return p;
}


uint8_t *
ngx_cc_ws_fragment(uint8_t *p, uint8_t opcode, uint64_t len)
{
    uint8_t  *end;

    end = ngx_cc_ws_header(p, opcode, len);
    *p &= (uint8_t) ~NGX_CC_WS_FIN;

    return end;
}


uint8_t *
ngx_cc_ws_close(uint8_t *p, uint16_t code, const char *reason)
{
    size_t  len;

    if (code == 0 || code == NGX_CC_WS_NO_STATUS) {
        return ngx_cc_ws_header(p, NGX_CC_WS_CLOSE, 0);
    }

    len = 0;

    if (reason != NULL) {
        len = strnlen(reason, NGX_CC_WS_MAX_CONTROL - 2);
        len = ngx_cc_utf8_cut((const uint8_t *) reason, len);
    }

    p = ngx_cc_ws_header(p, NGX_CC_WS_CLOSE, 2 + len);

    *p++ = (uint8_t) (code >> 8);
    *p++ = (uint8_t) code;

    if (len != 0) {
        memcpy(p, reason, len);
    }

    return p + len;
}


uint16_t
ngx_cc_ws_close_code(const uint8_t *payload, size_t len, int *bad_text)
{
    uint16_t       code;
    ngx_cc_utf8_t  u;

    *bad_text = 0;

    if (len == 0) {
        return NGX_CC_WS_NO_STATUS;
    }

    if (len == 1) {
        return 0;
    }

    code = (uint16_t) (payload[0] << 8 | payload[1]);

    if (code < 1000 || (code >= 1004 && code <= 1006)
        || (code >= 1015 && code <= 2999) || code >= 5000)
    {
        return 0;
    }

    memset(&u, 0, sizeof(ngx_cc_utf8_t));

    if (ngx_cc_utf8_check(&u, payload + 2, len - 2) != len - 2
        || !ngx_cc_utf8_done(&u))
    {
        *bad_text = 1;
    }

    return code;
}
