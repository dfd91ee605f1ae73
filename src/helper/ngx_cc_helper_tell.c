
#define _GNU_SOURCE
#include <errno.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper_tell.h"
#include "ngx_cc_stay_turn.h"


static int ngx_cc_helper_tell_send(ngx_cc_helper_t *h, const void *msg);
static void ngx_cc_helper_tell_done(ngx_cc_helper_t *h);


void
ngx_cc_helper_tell(ngx_cc_helper_t *h)
{
    ngx_cc_wire_head_t     ended;
    ngx_cc_wire_output_t   output;
    ngx_cc_wire_started_t  started;

    const ngx_cc_wire_unpassed_t  *unpassed;

    if (h->stay) {
        ngx_cc_stay_turn(h->stay);

        if (h->stay->free) {
            ngx_cc_stay_close(h->stay);
            h->stay = NULL;
            h->full = 0;
        }

        return;
    }

    if (h->life.orphaned || h->full) {
        return;
    }

    if (h->life.tell & NGX_CC_TELL_FAILED) {
        if (ngx_cc_helper_tell_send(h, &h->life.failed) == -1) {
            return;
        }

        h->life.tell = 0;
        ngx_cc_helper_tell_done(h);
    }

    if ((h->life.tell & NGX_CC_TELL_STARTED)
        && h->life.now >= h->life.tell_at)
    {
        ngx_cc_wire_init(&started, NGX_CC_WIRE_STARTED, h->life.run,
                         sizeof(started));
        started.pid = h->life.exited.pid;
        started.start = h->life.exited.start;

        if (ngx_cc_helper_tell_send(h, &started) == -1) {
            return;
        }

        h->life.tell &= ~NGX_CC_TELL_STARTED;
        h->life.tell_at = NGX_CC_LIFE_NEVER;
    }

    if (h->life.tell & NGX_CC_TELL_STARTED) {
        return;
    }

    if (h->life.tell & NGX_CC_TELL_INPUT) {
        if (ngx_cc_helper_tell_send(h, &h->life.input_done) == -1) {
            return;
        }

        h->life.tell &= ~NGX_CC_TELL_INPUT;
    }

    if (h->life.tell & NGX_CC_TELL_UNPASSED) {

        while ((unpassed = ngx_cc_life_unpassed(&h->life, &h->life.told))
               != NULL)
        {
            if (ngx_cc_helper_tell_send(h, unpassed) == -1) {
                return;
            }

            h->life.told++;
        }

        h->life.tell &= ~NGX_CC_TELL_UNPASSED;
    }

    if (h->life.tell & NGX_CC_TELL_SIGNALLED) {
        if (ngx_cc_helper_tell_send(h, &h->life.signalled) == -1) {
            return;
        }

        h->life.tell &= ~NGX_CC_TELL_SIGNALLED;
    }

    if (h->reached.head.type) {
        if (ngx_cc_helper_tell_send(h, &h->reached) == -1) {
            return;
        }

        h->reached.head.type = 0;
    }

    /* EXITED says all that a last OUTPUT would have said */

    if (h->armed && h->life.state != NGX_CC_LIFE_IDLE
        && h->life.pump.ring.head != h->told)
    {
        ngx_cc_wire_init(&output, NGX_CC_WIRE_OUTPUT, h->life.run,
                         sizeof(output));
        output.pos = h->life.pump.ring.head;
        output.eof = h->life.pump.eof;

        if (ngx_cc_helper_tell_send(h, &output) == -1) {
            return;
        }

        h->told = output.pos;
        h->armed = 0;
    }

    if (h->life.tell & NGX_CC_TELL_ENDED) {
        ngx_cc_wire_init(&ended, NGX_CC_WIRE_ENDED, h->life.run,
                         sizeof(ended));

        if (ngx_cc_helper_tell_send(h, &ended) == -1) {
            return;
        }

        h->life.tell &= ~NGX_CC_TELL_ENDED;
    }

    if (h->life.tell & NGX_CC_TELL_EXITED) {
        if (ngx_cc_helper_tell_send(h, &h->life.exited) == -1) {
            return;
        }

        h->life.tell &= ~NGX_CC_TELL_EXITED;
        ngx_cc_helper_tell_done(h);
    }
}


static int
ngx_cc_helper_tell_send(ngx_cc_helper_t *h, const void *msg)
{
    const ngx_cc_wire_head_t  *head = msg;

    if (ngx_cc_fdmsg_send(h->conf->socket, msg, head->size, NULL, 0) == 0) {
        return 0;
    }

    if (errno == EAGAIN) {
        h->full = 1;
        return -1;
    }

    ngx_cc_life_orphan(&h->life);

    return -1;
}


/*
 * one that could have been kept was not: what was held for that is given back
 */

static void
ngx_cc_helper_tell_done(ngx_cc_helper_t *h)
{
    if (h->life.pump.history) {
        ngx_cc_history_done(&h->history);
        h->life.pump.history = NULL;
    }
}
