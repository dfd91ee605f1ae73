
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_index.h"
#include "ngx_cc_key.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_zone.h"


#define NGX_CC_LEGACY_AGAIN    20        /* ms, when a socket is not there yet,
                                            or its helper has much to do */
#define NGX_CC_LEGACY_TRIES    100
#define NGX_CC_LEGACY_CANCELS  1024      /* at a time */


/* a call that is to be canceled by its socket */

typedef struct {
    ngx_event_t              again;
    uint8_t                  name[NGX_CC_INDEX_NAME];
    uint8_t                  owner[NGX_CC_OWNER_SIZE];
    ngx_uint_t               tries;      /* that are left */
} ngx_cc_legacy_cancel_t;


static const uint8_t *ngx_cc_legacy_key(const ngx_cc_legacy_t *legacy);
static ngx_uint_t ngx_cc_legacy_here(const ngx_cc_legacy_call_t *call);
static uint64_t ngx_cc_legacy_number(const ngx_cc_handle_t *handle);
static uint64_t ngx_cc_legacy_real(void);
static void ngx_cc_legacy_tell(ngx_cc_notice_e what, uint64_t name);
static void ngx_cc_legacy_obey(const ngx_cc_notice_t *notice);
static void ngx_cc_legacy_tick(ngx_event_t *ev);
static void ngx_cc_legacy_remove(const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t *owner);
static void ngx_cc_legacy_ask(ngx_event_t *ev);
static void ngx_cc_legacy_canceled(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_legacy_again(ngx_cc_legacy_cancel_t *cancel);
static ngx_uint_t ngx_cc_legacy_noticed(ngx_cc_notice_e what, uint64_t name);


/* of this worker */

static ngx_queue_t              ngx_cc_legacy_calls;
static ngx_uint_t               ngx_cc_legacy_polled;
static ngx_uint_t               ngx_cc_legacy_cancels;
static ngx_event_t              ngx_cc_legacy_timer;
static ngx_connection_t         ngx_cc_legacy_dummy;     /* for debug logs */
static ngx_cc_notices_reader_t  ngx_cc_legacy_reader;


ngx_int_t
ngx_cc_legacy_make(uint32_t version, const uint8_t *owner, ngx_str_t *text)
{
    u_char         *p;
    const uint8_t  *key;

    key = ngx_cc_key_session(0);
    p = ngx_cc_node_prefix(text->data);
    text->len = p + NGX_CC_SESSION_ID_TEXT - text->data;

    return key && ngx_cc_session_id_make(key, version, owner,
                                         ngx_cc_legacy_real(), (char *) p)
                  == 0
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_cc_legacy_check(ngx_str_t *text, const uint8_t *owner,
    ngx_cc_legacy_t *legacy)
{
    ngx_str_t        node, id;
    const uint8_t   *key;
    ngx_cc_ended_t  *ended;

    (void) ngx_cc_node_split(text, &node, &id);

    for (legacy->previous = 0; legacy->previous < 2; legacy->previous++) {

        key = ngx_cc_legacy_key(legacy);

        if (key == NULL
            || ngx_cc_session_id_check(key, (char *) id.data, id.len, owner,
                                       ngx_cc_legacy_real(),
                                       &legacy->id)
               != 0)
        {
            continue;
        }

        ended = ngx_cc_zone_ended();

        if (ended && ngx_cc_ended_has(ended, &legacy->id)) {
            return NGX_DECLINED;
        }

        ngx_memcpy(legacy->text, id.data, NGX_CC_SESSION_ID_TEXT);
        legacy->owner = owner;

        return NGX_OK;
    }

    return NGX_DECLINED;
}


void
ngx_cc_legacy_end(ngx_cc_legacy_t *legacy)
{
    uint64_t              walk;
    ngx_cc_ended_t       *ended;
    ngx_cc_handle_t       any;
    ngx_cc_index_told_t   told;

    ended = ngx_cc_zone_ended();

    /* first this: a call that begins now is refused, or finds the notice */

    if (ended) {
        ngx_cc_ended_add(ended, &legacy->id, ngx_cc_legacy_real());
    }

    ngx_cc_legacy_tell(NGX_CC_NOTICE_END, legacy->id.number);

    /* the names of its calls, and nobody else's, begin alike */

    ngx_cc_session_id_call(ngx_cc_legacy_key(legacy), (char *) legacy->text,
                           "", 0, &any);
    walk = 0;

    while (ngx_cc_index_next_call(&walk, legacy->owner, &told) == NGX_OK) {

        if (ngx_memcmp(told.name, any.byte, NGX_CC_SESSION_ID_PREFIX) == 0) {
            ngx_cc_legacy_remove(told.name, legacy->owner);
        }
    }
}


void
ngx_cc_legacy_name(const ngx_cc_legacy_t *legacy, ngx_str_t *id,
    ngx_cc_legacy_call_t *call)
{
    call->session = legacy->id.number;
    call->owner = legacy->owner;

    ngx_cc_session_id_call(ngx_cc_legacy_key(legacy), (char *) legacy->text,
                           id->data, id->len, &call->handle);
}


ngx_cc_legacy_may_e
ngx_cc_legacy_may(const ngx_cc_legacy_call_t *call)
{
    ngx_cc_index_told_t  told;

    if (ngx_cc_legacy_here(call)) {
        return NGX_CC_LEGACY_TWICE;
    }

    if (ngx_cc_legacy_said(call)) {
        return NGX_CC_LEGACY_ENDED;
    }

    return ngx_cc_index_find(call->handle.byte, &told) == NGX_OK && told.call
           && told.alive
           ? NGX_CC_LEGACY_OLD : NGX_CC_LEGACY_MAY;
}


/* does one of that name run in this worker? */

static ngx_uint_t
ngx_cc_legacy_here(const ngx_cc_legacy_call_t *call)
{
    ngx_queue_t           *q;
    ngx_cc_legacy_call_t  *other;

    if (ngx_cc_legacy_calls.next == NULL) {
        return 0;
    }

    for (q = ngx_queue_head(&ngx_cc_legacy_calls);
         q != ngx_queue_sentinel(&ngx_cc_legacy_calls);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_cc_legacy_call_t, queue);

        if (ngx_cc_handle_equal(&other->handle, &call->handle)) {
            return 1;
        }
    }

    return 0;
}


void
ngx_cc_legacy_join(ngx_cc_legacy_call_t *call)
{
    if (ngx_cc_legacy_calls.next == NULL) {
        ngx_queue_init(&ngx_cc_legacy_calls);
    }

    ngx_queue_insert_tail(&ngx_cc_legacy_calls, &call->queue);
    call->joined = 1;
}


ngx_uint_t
ngx_cc_legacy_poll(ngx_cc_legacy_call_t *call)
{
    if (ngx_cc_zone_notices() == NULL) {
        return 0;
    }

    if (call->joined && !call->polled) {
        call->polled = 1;
        ngx_cc_legacy_polled++;
    }

    /* from here on nothing is missed, so before what was said is looked at */

    if (!ngx_cc_legacy_timer.timer_set) {
        ngx_cc_notices_begin(ngx_cc_zone_notices(), &ngx_cc_legacy_reader);

        ngx_cc_legacy_dummy.fd = (ngx_socket_t) -1;
        ngx_cc_legacy_timer.data = &ngx_cc_legacy_dummy;
        ngx_cc_legacy_timer.handler = ngx_cc_legacy_tick;
        ngx_cc_legacy_timer.log = ngx_cycle->log;
        ngx_cc_legacy_timer.cancelable = 1;
        ngx_add_timer(&ngx_cc_legacy_timer, NGX_CC_LEGACY_TICK);
    }

    return ngx_cc_legacy_said(call);
}


ngx_uint_t
ngx_cc_legacy_said(const ngx_cc_legacy_call_t *call)
{
    return ngx_cc_legacy_noticed(NGX_CC_NOTICE_CANCEL,
                                 ngx_cc_legacy_number(&call->handle))
           || ngx_cc_legacy_noticed(NGX_CC_NOTICE_END, call->session);
}


void
ngx_cc_legacy_leave(ngx_cc_legacy_call_t *call)
{
    if (call->joined) {
        ngx_queue_remove(&call->queue);
        call->joined = 0;
        ngx_cc_legacy_polled -= call->polled;
        call->polled = 0;
    }
}


void
ngx_cc_legacy_cancel(const ngx_cc_legacy_call_t *call)
{
    /* before its socket is looked for: it may be opened at this moment */

    ngx_cc_legacy_tell(NGX_CC_NOTICE_CANCEL,
                       ngx_cc_legacy_number(&call->handle));

    ngx_cc_legacy_remove(call->handle.byte, call->owner);
}


/*
 * By its socket, whoever runs it or has taken it up alone.  Without its secret:
 * that this is the session's client has been proved already.
 */

static void
ngx_cc_legacy_remove(const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t *owner)
{
    ngx_cc_legacy_cancel_t  *cancel;

    if (ngx_cc_legacy_cancels == NGX_CC_LEGACY_CANCELS) {
        return;
    }

    cancel = ngx_calloc(sizeof(ngx_cc_legacy_cancel_t), ngx_cycle->log);

    if (cancel == NULL) {
        return;
    }

    ngx_cc_legacy_cancels++;

    cancel->again.handler = ngx_cc_legacy_ask;
    cancel->again.data = cancel;
    cancel->again.log = ngx_cycle->log;
    cancel->again.cancelable = 1;

    cancel->tries = NGX_CC_LEGACY_TRIES;
    ngx_memcpy(cancel->name, name, NGX_CC_INDEX_NAME);
    ngx_memcpy(cancel->owner, owner, NGX_CC_OWNER_SIZE);

    ngx_cc_legacy_ask(&cancel->again);
}


static void
ngx_cc_legacy_ask(ngx_event_t *ev)
{
    ngx_cc_legacy_cancel_t  *cancel = ev->data;

    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(ngx_cc_ask_spec_t));
    spec.what = NGX_CC_ASK_REMOVE;
    spec.force = 1;
    spec.named = 1;
    ngx_memcpy(spec.handle.byte, cancel->name, NGX_CC_INDEX_NAME);
    spec.owner = cancel->owner;

    if (ngx_cc_ask(&spec, ngx_cc_legacy_canceled, cancel) == NULL) {
        ngx_cc_legacy_again(cancel);
    }
}


/* whoever runs it has been told, or could not be asked */

static void
ngx_cc_legacy_canceled(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_legacy_cancel_t  *cancel = data;

    if (answer->result == NGX_CC_ASKED_BUSY) {
        ngx_cc_legacy_again(cancel);
        return;
    }

    ngx_cc_legacy_cancels--;
    ngx_free(cancel);
}


static void
ngx_cc_legacy_again(ngx_cc_legacy_cancel_t *cancel)
{
    if (--cancel->tries) {
        ngx_add_timer(&cancel->again, NGX_CC_LEGACY_AGAIN);
        return;
    }

    ngx_cc_legacy_cancels--;
    ngx_free(cancel);
}


static const uint8_t *
ngx_cc_legacy_key(const ngx_cc_legacy_t *legacy)
{
    return ngx_cc_key_session(legacy->previous);
}


/* the name of a call, the first half of which all of a session have */

static uint64_t
ngx_cc_legacy_number(const ngx_cc_handle_t *handle)
{
    uint64_t  number;

    ngx_memcpy(&number, handle->byte, sizeof(number));

    return number;
}


/* ms since 1970 */

static uint64_t
ngx_cc_legacy_real(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


/* this worker's own calls need not wait */

static void
ngx_cc_legacy_tell(ngx_cc_notice_e what, uint64_t name)
{
    ngx_cc_notice_t  notice;

    notice.what = what;
    notice.name = name;

    if (ngx_cc_zone_notices()) {
        ngx_cc_notices_put(ngx_cc_zone_notices(), &notice, ngx_current_msec);
    }

    ngx_cc_legacy_obey(&notice);
}


static void
ngx_cc_legacy_obey(const ngx_cc_notice_t *notice)
{
    uint64_t               name;
    ngx_queue_t           *q, *next;
    ngx_cc_legacy_call_t  *call;

    if (ngx_cc_legacy_calls.next == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_cc_legacy_calls);
         q != ngx_queue_sentinel(&ngx_cc_legacy_calls);
         q = next)
    {
        next = ngx_queue_next(q);
        call = ngx_queue_data(q, ngx_cc_legacy_call_t, queue);

        name = notice->what == NGX_CC_NOTICE_END
               ? call->session : ngx_cc_legacy_number(&call->handle);

        if (name == notice->name) {
            call->end(call->data);
        }
    }
}


static void
ngx_cc_legacy_tick(ngx_event_t *ev)
{
    ngx_cc_notice_t  notice;

    while (ngx_cc_notices_next(ngx_cc_zone_notices(), &ngx_cc_legacy_reader,
                               ngx_current_msec, &notice))
    {
        ngx_cc_legacy_obey(&notice);
    }

    if (ngx_cc_legacy_polled) {
        ngx_add_timer(ev, NGX_CC_LEGACY_TICK);
    }
}


static ngx_uint_t
ngx_cc_legacy_noticed(ngx_cc_notice_e what, uint64_t name)
{
    ngx_cc_notice_t    notice;
    ngx_cc_notices_t  *notices;

    notices = ngx_cc_zone_notices();
    notice.what = what;
    notice.name = name;

    return notices && ngx_cc_notices_said(notices, &notice, ngx_current_msec);
}
