
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask_group.h"
#include "ngx_cc_ask_output.h"
#include "ngx_cc_ask_read.h"
#include "ngx_cc_ask_write.h"
#include "ngx_cc_hmac.h"
#include "ngx_cc_zone.h"


#define NGX_CC_ASK_UNKNOWN       15  /* ms: a way to a helper, and its 5 ms */
#define NGX_CC_ASK_UNKNOWN_STEP  5   /* when that was not enough */
#define NGX_CC_ASK_PATIENCE  10000   /* ms for an answer, besides what it waits
                                        for */


typedef union {
    ngx_cc_wire_kept_msg_t   kept;
    ngx_cc_wire_msg_t        msg;
    u_char                   wait[NGX_CC_WIRE_MAX_WAIT];
} ngx_cc_ask_msg_t;


static void ngx_cc_ask_ready(void *data);
static void ngx_cc_ask_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_ask_writable(void *data);
static void ngx_cc_ask_gone(void *data, ngx_cc_peer_gone_e why);
static void ngx_cc_ask_late(ngx_event_t *ev);
static ngx_int_t ngx_cc_ask_take(ngx_cc_ask_t *ask,
    const ngx_cc_ask_spec_t *spec);
static void ngx_cc_ask_clock(ngx_cc_ask_t *ask);
static ngx_int_t ngx_cc_ask_compose(ngx_cc_ask_t *ask,
    const ngx_cc_ask_spec_t *spec);
static ngx_int_t ngx_cc_ask_keep_input(ngx_cc_ask_t *ask,
    const ngx_str_t *input);
static void ngx_cc_ask_attach(ngx_cc_ask_t *ask,
    ngx_cc_wire_attach_t *attach);
static void ngx_cc_ask_attached(ngx_cc_ask_t *ask,
    const ngx_cc_wire_attached_t *msg);


static const ngx_cc_peer_handlers_t  ngx_cc_ask_peer = {
    ngx_cc_ask_ready,
    ngx_cc_ask_message,
    ngx_cc_ask_writable,
    ngx_cc_ask_gone
};


ngx_cc_ask_t *
ngx_cc_ask(const ngx_cc_ask_spec_t *spec,
    void (*done)(void *data, const ngx_cc_ask_answer_t *answer), void *data)
{
    ngx_cc_ask_t  *ask;

    if (ngx_cc_ask_open >= ngx_cycle->connection_n / 4) {
        return NULL;
    }

    ask = ngx_calloc(sizeof(ngx_cc_ask_t), ngx_cycle->log);

    if (ask == NULL) {
        return NULL;
    }

    ask->done = done;
    ask->data = data;

    if (ngx_cc_ask_take(ask, spec) != NGX_OK) {
        ngx_free(ask);
        return NULL;
    }

    ngx_cc_ask_open++;

    ask->timer.handler = ngx_cc_ask_late;
    ask->timer.data = ask;
    ask->timer.log = ngx_cycle->log;
    ngx_cc_ask_clock(ask);

    ask->peer.handlers = &ngx_cc_ask_peer;
    ask->peer.data = ask;
    ask->peer.log = ngx_cycle->log;

    /* waits share a connection, unless their owner does not know the id */

    if (spec->what != NGX_CC_ASK_WAIT || spec->untold
        || ngx_cc_ask_group_join(ask) != NGX_OK)
    {
        ngx_cc_ask_alone(ask);
    }

    return ask;
}


ngx_int_t
ngx_cc_ask_next(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *spec)
{
    ngx_cc_ask_forget(ask);

    if (ngx_cc_ask_take(ask, spec) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&ask->answer, sizeof(ngx_cc_ask_answer_t));
    ngx_memzero(&ask->unpassed, sizeof(ngx_cc_wire_unpassed_t));

    ask->waited = 0;
    ask->blocked = 0;
    ask->listing = 0;
    ask->held = 0;
    ask->again = 1;

    ngx_cc_ask_clock(ask);

    if (ask->group) {
        ngx_cc_ask_alone(ask);

    } else {
        ngx_cc_ask_ready(ask);
    }

    return NGX_OK;
}


ngx_msec_t
ngx_cc_ask_unknown(ngx_msec_t begun)
{
    ngx_msec_t  passed;

    passed = ngx_current_msec - begun;

    return passed < NGX_CC_ASK_UNKNOWN
           ? NGX_CC_ASK_UNKNOWN - passed
           : NGX_CC_ASK_UNKNOWN_STEP - passed % NGX_CC_ASK_UNKNOWN_STEP;
}


void
ngx_cc_ask_remove(const uint8_t name[NGX_CC_INDEX_NAME])
{
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(spec));
    spec.what = NGX_CC_ASK_REMOVE;
    spec.named = 1;
    ngx_memcpy(spec.handle.byte, name, NGX_CC_INDEX_NAME);

    (void) ngx_cc_ask(&spec, NULL, NULL);
}


/* what is asked: a copy of all that "spec" points to */

static ngx_int_t
ngx_cc_ask_take(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *spec)
{
    ask->spec = *spec;

    ngx_memzero(ask->realm, NGX_CC_OWNER_SIZE);

    if (spec->owner) {
        ngx_memcpy(ask->owner, spec->owner, NGX_CC_OWNER_SIZE);
    }

    if (spec->realm) {
        ngx_memcpy(ask->realm, spec->realm, NGX_CC_OWNER_SIZE);
        ask->spec.realm = ask->realm;
    }

    ask->spec.owner = ask->owner;
    ask->spec.patterns = NULL;
    ask->spec.then = NULL;
    ask->reads = 0;
    ngx_str_null(&ask->spec.input);

    switch (spec->what) {

    case NGX_CC_ASK_WAIT:
        return ngx_cc_ask_compose(ask, spec);

    case NGX_CC_ASK_WRITE:
        return ngx_cc_ask_keep_input(ask, &spec->input);

    default:
        return NGX_OK;
    }
}


/*
 * A worker that leaves does so without the end of a wait, unless it is asked
 * for meanwhile (its last words), or tells an id.  Any other answer comes at
 * once.
 */

static void
ngx_cc_ask_clock(ngx_cc_ask_t *ask)
{
    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }

    ask->timer.cancelable = !ngx_exiting && ask->spec.wait
                            && !ask->spec.untold;
    ngx_add_timer(&ask->timer, ask->spec.wait + NGX_CC_ASK_PATIENCE);
}


/* the WAIT, as it will be sent; patterns are the caller's */

static ngx_int_t
ngx_cc_ask_compose(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *spec)
{
    u_char              *p;
    size_t               text;
    uint16_t             len;
    ngx_uint_t           i;
    ngx_cc_wire_wait_t  *wait;

    text = 0;

    for (i = 0; i < spec->npatterns; i++) {
        text += sizeof(len) + spec->patterns[i].len;
    }

    ask->wait = ngx_alloc(sizeof(ngx_cc_wire_wait_t) + text, ngx_cycle->log);

    if (ask->wait == NULL) {
        return NGX_ERROR;
    }

    wait = (ngx_cc_wire_wait_t *) ask->wait;
    ngx_cc_wire_init(wait, NGX_CC_WIRE_WAIT, 0, sizeof(*wait));
    wait->head.flags = spec->ansi ? NGX_CC_WAIT_ANSI : 0;

    if (spec->then) {
        ngx_cc_ask_output_then(ask, spec->then, wait);
    }

    wait->head.flags |= spec->mark ? NGX_CC_WAIT_SINCE : 0;
    wait->head.size += text;
    wait->serial = 1;
    ngx_memcpy(wait->from, spec->from, sizeof(wait->from));
    ngx_memcpy(wait->reader, spec->reader, NGX_CC_WIRE_READER);
    wait->until = spec->until;
    wait->streams = spec->streams;
    wait->n = spec->npatterns;
    wait->text = text;
    wait->idle = spec->idle;
    wait->timeout = spec->wait;

    p = (u_char *) (wait + 1);

    for (i = 0; i < spec->npatterns; i++) {
        len = spec->patterns[i].len;
        p = ngx_cpymem(p, &len, sizeof(len));
        p = ngx_cpymem(p, spec->patterns[i].data, len);
    }

    return NGX_OK;
}


/* what is to be written, with room for Enter; it is in nobody's log */

static ngx_int_t
ngx_cc_ask_keep_input(ngx_cc_ask_t *ask, const ngx_str_t *input)
{
    ask->input = ngx_alloc(sizeof(ngx_cc_wire_input_t) + input->len + 1,
                           ngx_cycle->log);

    if (ask->input == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ask->input + sizeof(ngx_cc_wire_input_t), input->data,
               input->len);
    ask->left = input->len;

    return NGX_OK;
}


static void
ngx_cc_ask_ready(void *data)
{
    ngx_cc_ask_t            *ask = data;
    ngx_cc_ask_spec_t       *spec = &ask->spec;
    ngx_cc_wire_list_t       list;
    ngx_cc_wire_attach_t     attach;

    if (spec->what == NGX_CC_ASK_ENTRY) {
        ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
        ngx_memcpy(list.owner, ask->owner, NGX_CC_OWNER_SIZE);
        ngx_memcpy(list.realm, ask->realm, NGX_CC_OWNER_SIZE);
        ngx_cc_ask_send(ask, &list);
        return;
    }

    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.handle = spec->handle;
    ngx_memcpy(attach.owner, ask->owner, NGX_CC_OWNER_SIZE);

    ngx_cc_ask_attach(ask, &attach);
    attach.head.flags |= spec->untold ? NGX_CC_ATTACH_UNTOLD : 0;
    ngx_cc_ask_send(ask, &attach);

    if (spec->what == NGX_CC_ASK_OUTPUT) {
        ngx_cc_ask_output_ask(ask);
    }
}


/* as what, and from where */

static void
ngx_cc_ask_attach(ngx_cc_ask_t *ask, ngx_cc_wire_attach_t *attach)
{
    ngx_cc_ask_spec_t  *spec = &ask->spec;

    ngx_memcpy(attach->reader, spec->reader, NGX_CC_WIRE_READER);
    ngx_memcpy(attach->realm, ask->realm, NGX_CC_OWNER_SIZE);

    switch (spec->what) {

    case NGX_CC_ASK_READ:
        attach->head.flags = NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY
                             |NGX_CC_ATTACH_BRIEF;
        attach->from[spec->stream] = spec->from[spec->stream];

        /* nothing of the other one is wanted */
        attach->from[!spec->stream] = INT64_MAX;
        break;

    case NGX_CC_ASK_OUTPUT:
        attach->head.flags = NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY
                             |NGX_CC_ATTACH_BRIEF;
        attach->head.flags |= spec->mark ? NGX_CC_ATTACH_MARK : 0;
        ngx_memcpy(attach->from, spec->from, sizeof(attach->from));
        break;

    case NGX_CC_ASK_WAIT:
        attach->head.flags = NGX_CC_ATTACH_LOSSY;
        break;

    default:
        attach->head.flags = NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_LOSSY;

        if (spec->named) {
            attach->head.flags |= NGX_CC_ATTACH_MONITOR;
        }

        attach->head.flags |= spec->call ? NGX_CC_ATTACH_CALL : 0;

        break;
    }

    if (spec->realm) {
        attach->head.flags |= NGX_CC_ATTACH_OBSERVER;
        attach->head.flags |= (spec->what == NGX_CC_ASK_SIGNAL)
                              ? NGX_CC_ATTACH_SIGNAL : 0;
    }
}


static void
ngx_cc_ask_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_ask_t               *ask = data;
    ngx_cc_wire_entry_t        *entry;
    ngx_cc_wire_kept_msg_t     *kept;

    kept = (ngx_cc_wire_kept_msg_t *) msg;

    if (ask->held) {
        return;
    }

    switch (msg->head.type) {

    case NGX_CC_WIRE_ATTACHED:
        ngx_cc_ask_attached(ask, &kept->attached);
        return;

    case NGX_CC_WIRE_ENTRY:
        entry = &kept->entry;
        ask->answer.entry = entry;

        if (ask->spec.what == NGX_CC_ASK_OUTPUT) {
            ngx_cc_ask_output_entry(ask);
            return;
        }

        /* LIST knows the owner only: the id has to be the right one, too */

        ngx_cc_ask_finish(ask, entry->denied
                               || (!ask->spec.named
                                   && !ngx_cc_handle_equal(&entry->handle,
                                                       &ask->spec.handle))
                               ? NGX_CC_ASKED_UNKNOWN : NGX_CC_ASKED_OK);
        return;

    case NGX_CC_WIRE_DATA:
        if (ask->spec.what == NGX_CC_ASK_READ) {
            ngx_cc_ask_read_data(ask, &kept->data);

        } else if (ask->spec.what == NGX_CC_ASK_OUTPUT) {
            ngx_cc_ask_output_data(ask, &kept->data);
        }

        return;

    case NGX_CC_WIRE_INPUT_DONE:
        ngx_cc_ask_write_done(ask, &msg->input);
        return;

    case NGX_CC_WIRE_EXITED:
        if (ask->spec.what == NGX_CC_ASK_READ) {
            ask->answer.attached.flags |= NGX_CC_ATTACHED_OVER;
            ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        }

        return;

    case NGX_CC_WIRE_WOKE:
        ask->answer.woke = kept->woke;

        if (ask->spec.what == NGX_CC_ASK_READ) {
            ngx_cc_ask_read_again(ask);
            return;
        }

        if (ask->reads && kept->woke.reason != NGX_CC_WOKE_REFUSED) {
            /* its clock leaves as much time for an answer as any other */
            ngx_cc_ask_output_woken(ask);
            return;
        }

        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;

    case NGX_CC_WIRE_UNPASSED:
        ask->unpassed = msg->unpassed;
        return;

    case NGX_CC_WIRE_SIGNALLED:
        ask->answer.left = msg->signal.left;

        if (msg->signal.left && ask->unpassed.signo == msg->signal.signo) {
            ask->answer.unpassed = &ask->unpassed;
        }

        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;

    case NGX_CC_WIRE_REMOVED:
        ask->answer.denied = kept->removed.denied;
        ngx_cc_ask_finish(ask, kept->removed.denied ? NGX_CC_ASKED_DENIED
                                                    : NGX_CC_ASKED_OK);
        return;

    case NGX_CC_WIRE_DETACHED:
        ngx_cc_ask_finish(ask, ask->spec.what == NGX_CC_ASK_REMOVE
                               ? NGX_CC_ASKED_OK : NGX_CC_ASKED_UNKNOWN);
        return;

    default:
        return;
    }
}


static void
ngx_cc_ask_attached(ngx_cc_ask_t *ask, const ngx_cc_wire_attached_t *msg)
{
    ngx_cc_attached_t    *attached;
    ngx_cc_ask_msg_t      m;

    if (msg->denied) {
        ask->answer.denied = msg->denied;
        ngx_cc_ask_finish(ask, msg->denied == NGX_CC_DENIED_UNKNOWN
                               ? NGX_CC_ASKED_UNKNOWN : NGX_CC_ASKED_DENIED);
        return;
    }

    attached = &ask->answer.attached;
    ask->answer.pid = msg->pid;
    attached->flags = msg->head.flags;
    attached->watchers = msg->watchers;
    attached->seq = msg->seq;
    attached->accepted = msg->accepted;
    attached->status = msg->status;
    attached->cause = msg->cause;
    ngx_memcpy(attached->from, msg->from, sizeof(msg->from));
    ngx_memcpy(attached->held, msg->held, sizeof(msg->held));
    ngx_memcpy(attached->bytes, msg->bytes, sizeof(msg->bytes));

    if (!(msg->head.flags & (NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_SIGNAL))
        && (ask->spec.what == NGX_CC_ASK_REMOVE
            || (!(msg->head.flags & NGX_CC_ATTACHED_OVER)
                && (ask->spec.what == NGX_CC_ASK_SIGNAL
                    || ask->spec.what == NGX_CC_ASK_CANCEL))))
    {
        /* somebody is attached exclusively */
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_DENIED);
        return;
    }

    switch (ask->spec.what) {

    case NGX_CC_ASK_READ:
        ask->answer.from = msg->from[ask->spec.stream];
        ngx_cc_ask_read(ask);
        return;

    case NGX_CC_ASK_OUTPUT:
        ngx_cc_ask_output(ask);
        return;

    case NGX_CC_ASK_WRITE:
        ngx_cc_ask_write(ask);
        return;

    case NGX_CC_ASK_WAIT:
        if (ask->group) {
            ((ngx_cc_wire_wait_t *) ask->wait)->serial = ask->serial;
        }

        ngx_cc_ask_send(ask, ask->wait);
        return;

    case NGX_CC_ASK_SIGNAL:
        if (msg->head.flags & NGX_CC_ATTACHED_OVER) {
            ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
            return;
        }

        ngx_cc_wire_init(&m, NGX_CC_WIRE_SIGNAL, 0,
                         sizeof(ngx_cc_wire_signal_t));
        m.msg.signal.signo = ask->spec.signo;
        m.msg.signal.to = ask->spec.to;
        m.msg.signal.serial = 1;

        if (ask->spec.signo != SIGSTOP && ask->spec.signo != SIGCONT) {
            m.msg.head.flags = NGX_CC_SIGNAL_UNTOLD;
        }

        ngx_cc_ask_send(ask, &m);

        if (m.msg.head.flags) {
            ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        }

        return;

    case NGX_CC_ASK_CANCEL:
        if (!(msg->head.flags & NGX_CC_ATTACHED_OVER)) {
            ngx_cc_wire_init(&m, NGX_CC_WIRE_CANCEL, 0,
                             sizeof(ngx_cc_wire_head_t));
            m.msg.head.flags = NGX_CC_CAUSE_CANCEL;
            ngx_cc_ask_send(ask, &m);
        }

        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;

    default:
        ngx_cc_wire_init(&m, NGX_CC_WIRE_REMOVE, 0,
                         sizeof(ngx_cc_wire_head_t));
        m.msg.head.flags = ask->spec.force ? NGX_CC_REMOVE_FORCE : 0;
        ngx_cc_ask_send(ask, &m);
        return;
    }
}


static void
ngx_cc_ask_writable(void *data)
{
    ngx_cc_ask_write_again(data);
}


static void
ngx_cc_ask_gone(void *data, ngx_cc_peer_gone_e why)
{
    ngx_cc_ask_t         *ask = data;
    ngx_cc_index_told_t   told;

    if (ask->held) {
        ask->lost = 1;
        return;
    }

    if (why == NGX_CC_PEER_BUSY) {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_BUSY);
        return;
    }

    if (ngx_cc_index_find(ask->spec.handle.byte, &told) != NGX_OK
        || !ngx_cc_hmac_equal(told.owner, ask->owner, NGX_CC_OWNER_SIZE))
    {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_UNKNOWN);
        return;
    }

    if (told.alive && told.state == NGX_CC_INDEX_RUNNING) {
        /* that it has ended is said only when it has */
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_BUSY);
        return;
    }

    ask->answer.index = &told;

    if (ask->spec.what == NGX_CC_ASK_REMOVE && !ask->spec.named) {
        ngx_cc_index_forget(told.name);
    }

    ngx_cc_ask_finish(ask, NGX_CC_ASKED_GONE);
}


static void
ngx_cc_ask_late(ngx_event_t *ev)
{
    ngx_cc_ask_t  *ask = ev->data;

    if (ask->held) {
        return;
    }

    if (ask->spec.what == NGX_CC_ASK_WRITE && ask->answer.attached.flags) {
        ask->answer.late = 1;
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;
    }

    ngx_cc_ask_finish(ask, NGX_CC_ASKED_BUSY);
}
