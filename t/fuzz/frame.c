
/*
 * The frame decoder: whatever comes, it stays inside its input, keeps its
 * limits, and its verdict does not depend on how the bytes were cut.
 */

#include "fuzz.h"
#include "ngx_cc_ws_frame.h"


typedef struct {
    uint64_t  events;          /* a sum over all that was said */
    uint64_t  message;         /* payload bytes of the open message */
    uint16_t  code;
    int       inside;          /* a message is open */
    int       control;         /* a control frame is open */
    size_t    control_len;
} verdict_t;


static void
mix(verdict_t *v, unsigned n)
{
    v->events = v->events * 1099511628211u + n;
}


/* one piece; its bytes are mixed one by one, so borders do not matter */

static void
piece_of(verdict_t *v, ngx_cc_ws_event_e event, ngx_cc_ws_piece_t *piece,
    uint64_t limit)
{
    size_t  i;

    if (event == NGX_CC_WS_CONTROL) {
        fuzz_check(piece->opcode >= NGX_CC_WS_CLOSE);
        fuzz_check(piece->first == !v->control);

        if (piece->first) {
            v->control_len = 0;
            mix(v, 0x100 + piece->opcode);
        }

        v->control_len += piece->len;
        fuzz_check(v->control_len <= NGX_CC_WS_MAX_CONTROL);
        v->control = !piece->last;

    } else {
        fuzz_check(piece->first == !v->inside);

        if (piece->first) {
            v->message = 0;
            mix(v, 0x200 + piece->opcode);
        }

        v->message += piece->len;
        fuzz_check(v->message <= limit);
        v->inside = !piece->last;
    }

    for (i = 0; i < piece->len; i++) {
        mix(v, piece->data[i]);
    }

    if (piece->last) {
        mix(v, 0x300);
    }
}


static void
decode(verdict_t *v, const uint8_t *data, size_t size, size_t step,
    uint64_t limit, unsigned wanted)
{
    size_t               n;
    uint8_t             *chunk, *pos, *last;
    ngx_cc_ws_event_e    event;
    ngx_cc_ws_piece_t    piece;
    ngx_cc_ws_decoder_t  d;

    memset(v, 0, sizeof(verdict_t));
    ngx_cc_ws_decoder_init(&d, limit);
    d.wanted = wanted;

    for ( /* void */ ; size; data += n, size -= n) {
        n = step < size ? step : size;
        chunk = fuzz_copy(data, n);
        pos = chunk;
        last = chunk + n;

        for ( ;; ) {
            memset(&piece, 0, sizeof(piece));
            event = ngx_cc_ws_decode(&d, &pos, last, &piece);
            fuzz_check(pos >= chunk && pos <= last);

            if (event == NGX_CC_WS_AGAIN) {
                fuzz_check(pos == last);
                break;
            }

            if (event == NGX_CC_WS_VIOLATION) {
                fuzz_check(piece.code >= 1002 && piece.code <= 1009);
                fuzz_check(strlen(piece.reason) <= 123);
                v->code = piece.code;
                free(chunk);
                return;
            }

            if (piece.len) {
                fuzz_check(piece.data >= chunk);
                fuzz_check(piece.data + piece.len <= pos);
            }

            piece_of(v, event, &piece, limit);
        }

        free(chunk);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        bad_text;
    unsigned   wanted;
    size_t     step;
    uint8_t    close[NGX_CC_WS_MAX_CLOSE], *end;
    uint16_t   code;
    uint64_t   limit;
    verdict_t  whole, parts;

    if (size < 2) {
        return 0;
    }

    step = 1 + data[0] % 16;
    wanted = data[0] & 1;
    limit = data[1] < 128 ? data[1] : (uint64_t) data[1] << 10;
    data += 2;
    size -= 2;

    decode(&whole, data, size, size, limit, wanted);
    decode(&parts, data, size, step, limit, wanted);

    fuzz_check(whole.code == parts.code);
    fuzz_check(whole.events == parts.events);
    fuzz_check(whole.message == parts.message);

    /* the same bytes as a close frame's payload, and as a reason to give */

    if (size && size <= NGX_CC_WS_MAX_CONTROL) {
        bad_text = 0;
        code = ngx_cc_ws_close_code(data, size, &bad_text);
        fuzz_check(code == 0 || (code >= 1000 && code < 5000));
        fuzz_check(code || !bad_text);

        if (code && code != NGX_CC_WS_NO_STATUS && !bad_text) {
            char  *reason = calloc(1, size + 1);

            fuzz_check(reason != NULL);
            memcpy(reason, data + 2, size - 2);
            end = ngx_cc_ws_close(close, code, reason);
            fuzz_check(end - close >= 4);
            fuzz_check((size_t) (end - close) == 4 + strlen(reason));
            free(reason);
        }
    }

    return 0;
}
