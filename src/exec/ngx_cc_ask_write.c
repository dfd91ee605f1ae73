
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask_write.h"


static void ngx_cc_ask_write_next(ngx_cc_ask_t *ask);


/* attached: what Enter is depends on what its stdin is */

void
ngx_cc_ask_write(ngx_cc_ask_t *ask)
{
    uint32_t  flags;

    flags = ask->answer.attached.flags;

    if ((flags & NGX_CC_ATTACHED_OVER) || !(flags & NGX_CC_ATTACHED_STDIN)) {
        ask->answer.closed = 1;
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;
    }

    if (!(flags & NGX_CC_ATTACH_WRITE)) {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_DENIED);
        return;
    }

    if (ask->spec.enter) {
        ask->input[sizeof(ngx_cc_wire_input_t) + ask->left++] =
                                   (flags & NGX_CC_ATTACHED_TTY) ? '\r' : '\n';
    }

    ngx_del_timer(&ask->timer);
    ngx_add_timer(&ask->timer, ngx_max(ask->spec.wait, 1));

    ngx_cc_ask_write_next(ask);
}


/* the first bytes that are left stand behind the head */

static void
ngx_cc_ask_write_next(ngx_cc_ask_t *ask)
{
    size_t                n;
    ngx_int_t             rc;
    ngx_cc_wire_input_t  *input;

    n = ngx_min(ask->left, NGX_CC_WIRE_MAX_INPUT);

    input = (ngx_cc_wire_input_t *) ask->input;
    ngx_cc_wire_init(input, NGX_CC_WIRE_INPUT, 0, sizeof(*input));
    input->head.size += n;
    input->len = n;

    /* no other writer's bytes come in between */

    if (n < ask->left) {
        input->head.flags = NGX_CC_INPUT_MORE;

    } else if (ask->spec.eof) {
        input->head.flags = NGX_CC_INPUT_EOF;
    }

    rc = ngx_cc_peer_send(&ask->peer, input, input->head.size);
    ask->blocked = (rc == NGX_AGAIN);
}


void
ngx_cc_ask_write_again(ngx_cc_ask_t *ask)
{
    if (ask->blocked && !ask->held) {
        ngx_cc_ask_write_next(ask);
    }
}


void
ngx_cc_ask_write_done(ngx_cc_ask_t *ask, const ngx_cc_wire_input_t *done)
{
    size_t                n, sent;
    u_char               *p;
    ngx_cc_wire_input_t  *input;

    if (ask->spec.what != NGX_CC_ASK_WRITE) {
        return;
    }

    input = (ngx_cc_wire_input_t *) ask->input;
    p = ask->input + sizeof(ngx_cc_wire_input_t);
    sent = input->len;
    n = ngx_min(done->len, sent);

    ask->answer.written += n;
    ask->answer.closed = (done->head.flags & NGX_CC_INPUT_CLOSED) != 0;
    ask->answer.overlong = (done->head.flags & NGX_CC_INPUT_LONG) != 0;

    ask->left -= sent;

    if (n < sent || ask->left == 0 || ask->answer.closed) {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;
    }

    ngx_memmove(p, p + sent, ask->left);
    ngx_cc_ask_write_next(ask);
}
