
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask_group.h"


static ngx_uint_t ngx_cc_ask_state_at_end(const ngx_cc_ask_t *ask);


ngx_uint_t  ngx_cc_ask_open;


void
ngx_cc_ask_send(ngx_cc_ask_t *ask, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    if (ask->group) {
        ngx_cc_ask_group_send(ask->group, msg, head->size);

    } else {
        (void) ngx_cc_peer_send(&ask->peer, msg, head->size);
    }
}


void
ngx_cc_ask_finish(ngx_cc_ask_t *ask, ngx_cc_asked_e result)
{
    ask->answer.result = result;

    /* of what makes room it stays known how it ended */

    if (result == NGX_CC_ASKED_OK && ask->spec.what == NGX_CC_ASK_REMOVE
        && !ask->spec.named
        && (ask->answer.attached.flags & NGX_CC_ATTACHED_OVER))
    {
        ngx_cc_index_forget(ask->spec.handle.byte);
    }

    if (result == NGX_CC_ASKED_OK && ngx_cc_ask_state_at_end(ask)
        && !(ask->answer.attached.flags & NGX_CC_ATTACH_OBSERVER))
    {
        ngx_cc_index_read(ask->spec.handle.byte);
    }

    ask->held = 1;

    if (ask->done) {
        ask->done(ask->data, &ask->answer);
    }

    if (ask->again) {
        ask->again = 0;

    } else if (!ask->hold) {
        ngx_cc_ask_close(ask);
    }
}


/*
 * Has this READ come to the end of a stream, or this OUTPUT to that of both, of
 * one that is over?
 */

static ngx_uint_t
ngx_cc_ask_state_at_end(const ngx_cc_ask_t *ask)
{
    const ngx_cc_ask_answer_t  *answer = &ask->answer;

    if (ask->spec.what == NGX_CC_ASK_OUTPUT) {
        return (answer->entry->head.flags & NGX_CC_ATTACHED_OVER)
               && ask->gather.next[NGX_CC_STDOUT]
                  >= answer->entry->bytes[NGX_CC_STDOUT]
               && ask->gather.next[NGX_CC_STDERR]
                  >= answer->entry->bytes[NGX_CC_STDERR];
    }

    return ask->spec.what == NGX_CC_ASK_READ
           && (answer->attached.flags & NGX_CC_ATTACHED_OVER)
           && answer->from + answer->len
              >= answer->attached.bytes[ask->spec.stream];
}


void
ngx_cc_ask_close(ngx_cc_ask_t *ask)
{
    ngx_cc_ask_open--;

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }

    ngx_cc_ask_group_leave(ask);
    ngx_cc_peer_close(&ask->peer);
    ngx_cc_ask_forget(ask);
    ngx_free(ask);
}


void
ngx_cc_ask_alone(ngx_cc_ask_t *ask)
{
    ngx_cc_ask_group_leave(ask);
    ngx_cc_peer_open(&ask->peer, ask->spec.handle.byte);
}


void
ngx_cc_ask_forget(ngx_cc_ask_t *ask)
{
    if (ask->wait) {
        ngx_free(ask->wait);
        ask->wait = NULL;
    }

    if (ask->read) {
        ngx_free(ask->read);
        ask->read = NULL;
    }

    if (ask->input) {
        ngx_free(ask->input);
        ask->input = NULL;
    }

    ngx_cc_gather_free(&ask->gather);
}
