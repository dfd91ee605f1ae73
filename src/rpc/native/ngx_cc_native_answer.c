
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_answer.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_zone.h"


#define NGX_CC_NATIVE_ANSWER_MOST   64   /* questions of a session */


typedef struct {
    ngx_queue_t        queue;
    ngx_cc_native_t   *session;
    ngx_cc_ask_t      *ask;
    ngx_cc_ask_e       what;
    ngx_cc_handle_t    handle;
    int                signo;
    ngx_uint_t         stream;
    ngx_uint_t         base64;
    ngx_msec_t         begun;
    ngx_event_t        delay;            /* of a refusal */
    ngx_cc_asked_t     asked;            /* its text stands behind this */
} ngx_cc_native_answer_t;


static void ngx_cc_native_answer_done(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_native_answer_observed(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_native_answer_write(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w);
static void ngx_cc_native_answer_output(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w);
static void ngx_cc_native_answer_woke(const ngx_cc_ask_answer_t *answer,
    ngx_cc_json_t *w);
static void ngx_cc_native_answer_state(const ngx_cc_ask_answer_t *answer,
    ngx_cc_json_t *w);
static void ngx_cc_native_answer_late(ngx_event_t *ev);
static void ngx_cc_native_answer_refuse(ngx_cc_native_answer_t *na,
    ngx_int_t code, const char *text);
static void ngx_cc_native_answer_end(ngx_cc_native_answer_t *na);


static const char  *ngx_cc_native_answer_reasons[] = {
    "exit", "output", "idle", "pattern", "timeout", "refused"
};


ngx_int_t
ngx_cc_native_answer_begin(ngx_cc_native_t *s, ngx_cc_ask_spec_t *spec,
    ngx_uint_t base64)
{
    ngx_cc_transport_t      *transport;
    ngx_cc_native_answer_t  *na;

    transport = s->base.transport;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        ngx_cc_native_error(s, NGX_CC_ERROR_INTERNAL,
                            ngx_cc_zone_reloaded()
                            ? "server is reloading, connect again"
                            : "server is shutting down");
        return NGX_OK;
    }

    if (s->nasks >= NGX_CC_NATIVE_ANSWER_MOST) {
        ngx_cc_native_error(s, NGX_CC_ERROR_LIMIT,
                            "%d questions of this session wait for an answer",
                            NGX_CC_NATIVE_ANSWER_MOST);
        return NGX_OK;
    }

    na = ngx_calloc(sizeof(ngx_cc_native_answer_t) + s->asked.id.len
                    + s->asked.more.len, s->base.transport->log);

    if (na == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_asked_copy(&na->asked, &s->asked, (u_char *) (na + 1));

    na->session = s;
    na->what = spec->what;
    na->handle = spec->handle;
    na->signo = spec->signo;
    na->stream = spec->stream;
    na->base64 = base64;
    na->begun = ngx_current_msec;

    na->delay.handler = ngx_cc_native_answer_late;
    na->delay.data = na;
    na->delay.log = s->base.transport->log;
    na->delay.cancelable = 1;

    spec->owner = transport->owner;

    if (transport->observe
        && (spec->what == NGX_CC_ASK_READ || spec->what == NGX_CC_ASK_WAIT
            || (spec->what == NGX_CC_ASK_SIGNAL && transport->steers)))
    {
        spec->realm = transport->observe->realm;
    }

    na->ask = ngx_cc_ask(spec, ngx_cc_native_answer_done, na);

    if (na->ask == NULL) {
        ngx_free(na);
        ngx_cc_native_error(s, NGX_CC_ERROR_LIMIT,
                            "no connection is left for this question, ask "
                            "again");
        return NGX_OK;
    }

    ngx_queue_insert_tail(&s->asks, &na->queue);
    s->nasks++;

    return NGX_OK;
}


static void
ngx_cc_native_answer_done(void *data, const ngx_cc_ask_answer_t *answer)
{
    char                  why[NGX_CC_NAMES_UNPASSED];
    u_char               *buf;
    size_t                size;
    ngx_cc_json_t         w;
    ngx_cc_native_t      *s;
    ngx_cc_native_answer_t  *na = data;

    na->ask = NULL;
    s = na->session;

    switch (answer->result) {

    case NGX_CC_ASKED_UNKNOWN:
        ngx_add_timer(&na->delay, ngx_cc_ask_unknown(na->begun));
        return;

    case NGX_CC_ASKED_BUSY:
        ngx_cc_native_answer_refuse(na, NGX_CC_ERROR_INTERNAL,
                                 "the process cannot be reached now");
        return;

    case NGX_CC_ASKED_DENIED:
        ngx_cc_native_answer_refuse(na,
                                 answer->denied == NGX_CC_DENIED_RUNNING
                                 ? NGX_CC_ERROR_PARAMS : NGX_CC_ERROR_LIMIT,
                                 answer->denied == NGX_CC_DENIED_RUNNING
                                 ? "the process runs: params.force ends it"
                                 : answer->denied == NGX_CC_DENIED_NONE
                                 ? "somebody else controls this process alone"
                                 : "as many as may are attached to this "
                                   "process");
        return;

    default:
        break;
    }

    if (answer->woke.reason == NGX_CC_WOKE_REFUSED
        && na->what == NGX_CC_ASK_WAIT)
    {
        ngx_cc_native_answer_refuse(na, NGX_CC_ERROR_LIMIT,
                                 "as many as may wait for this process");
        return;
    }

    if (answer->attached.flags & NGX_CC_ATTACH_OBSERVER) {
        ngx_cc_native_answer_observed(na, answer);
    }

    if (answer->unpassed) {
        ngx_cc_names_unpassed(why, sizeof(why), answer->unpassed);
        ngx_cc_native_answer_refuse(na, NGX_CC_ERROR_INTERNAL, why);
        return;
    }

    if (na->asked.id.len == 0) {
        ngx_cc_native_answer_end(na);
        return;
    }

    size = NGX_CC_MESSAGE_SIZE + na->asked.more.len + 6 * answer->len;
    buf = ngx_alloc(size, s->base.transport->log);

    if (buf == NULL) {
        s->base.answers.no_memory = 1;
        ngx_cc_native_answer_end(na);
        return;
    }

    ngx_cc_message_writer(&w, buf, size);
    ngx_cc_message_answer(&w, &na->asked.id);
    ngx_cc_json_lit(&w, "\"result\":{");
    ngx_cc_native_answer_write(na, answer, &w);
    ngx_cc_json_raw(&w, na->asked.more.data, na->asked.more.len);
    ngx_cc_json_lit(&w, "}}");

    (void) ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);

    ngx_free(buf);
    ngx_cc_native_answer_end(na);
}


/* somebody who is not the owner: who, is recorded */

static void
ngx_cc_native_answer_observed(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer)
{
    u_char       id[NGX_CC_HANDLE_NAME];
    ngx_uint_t   signal;
    const char  *what;

    (void) ngx_hex_dump(id, na->handle.byte, NGX_CC_INDEX_NAME);

    signal = (na->what == NGX_CC_ASK_SIGNAL);
    what = signal ? ngx_cc_names_signal(na->signo)
           : na->what == NGX_CC_ASK_READ ? "read" : "wait";

    ngx_cc_record_observer(na->session->base.transport->recorder,
                           signal ? NGX_CC_RECORD_SIGNALLED
                                  : NGX_CC_RECORD_OBSERVED,
                           id, answer->pid, what);
}


static void
ngx_cc_native_answer_write(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w)
{
    switch (na->what) {

    case NGX_CC_ASK_READ:
        ngx_cc_native_answer_output(na, answer, w);
        break;

    case NGX_CC_ASK_WAIT:
        ngx_cc_native_answer_woke(answer, w);
        break;

    case NGX_CC_ASK_REMOVE:
        ngx_cc_json_lit(w, "\"status\":\"removed\"");
        return;

    default:
        ngx_cc_json_lit(w, "\"status\":\"signaled\"");

        if (answer->left) {
            ngx_cc_json_lit(w, ",\"left\":");
            ngx_cc_json_uint(w, answer->left);
        }

        break;
    }

    ngx_cc_native_answer_state(answer, w);
}


static void
ngx_cc_native_answer_output(ngx_cc_native_answer_t *na,
    const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w)
{
    int        lossy;
    size_t     n;
    uint64_t   from;
    ngx_str_t  src, dst;

    n = answer->len;
    from = answer->from;
    lossy = 0;

    if (answer->result == NGX_CC_ASKED_GONE) {
        from = answer->index->bytes[na->stream];
    }

    ngx_cc_json_lit(w, "\"data\":\"");

    if (na->base64) {
        src.data = (u_char *) answer->data;
        src.len = n;
        dst.data = w->pos;
        ngx_encode_base64(&dst, &src);
        w->pos += dst.len;

    } else {

        /* half of a character comes with the other half, if there is one */

        if (n > 3 && !(answer->attached.flags & NGX_CC_ATTACHED_OVER)) {
            n = ngx_cc_utf8_cut(answer->data, n);
        }

        (void) ngx_cc_json_escape(&w->pos, w->end, answer->data, n, 1, &lossy);
    }

    ngx_cc_json_lit(w, "\",\"from\":");
    ngx_cc_json_uint(w, from);
    ngx_cc_json_lit(w, ",\"next\":");
    ngx_cc_json_uint(w, from + n);
    ngx_cc_json_lit(w, ",\"dropped\":");
    ngx_cc_json_uint(w, answer->dropped);

    if (lossy) {
        ngx_cc_json_lit(w, ",\"lossy\":true");
    }
}


static void
ngx_cc_native_answer_woke(const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w)
{
    const ngx_cc_wire_woke_t  *woke = &answer->woke;

    if (answer->result == NGX_CC_ASKED_GONE) {
        ngx_cc_json_lit(w, "\"reason\":\"exit\"");
        return;
    }

    ngx_cc_json_lit(w, "\"reason\":");
    ngx_cc_json_cstring(w, ngx_cc_native_answer_reasons[woke->reason]);

    if (woke->reason == NGX_CC_WOKE_PATTERN) {
        ngx_cc_json_lit(w, ",\"pattern\":");
        ngx_cc_json_uint(w, woke->which);
        ngx_cc_json_lit(w, ",\"stream\":");
        ngx_cc_json_cstring(w, woke->stream == NGX_CC_STDOUT ? "stdout"
                                                            : "stderr");
        ngx_cc_json_lit(w, ",\"offset\":");
        ngx_cc_json_uint(w, woke->offset);
        ngx_cc_json_lit(w, ",\"next\":");
        ngx_cc_json_uint(w, woke->next);
    }

    ngx_cc_json_lit(w, ",\"head\":{\"stdout\":");
    ngx_cc_json_uint(w, woke->bytes[NGX_CC_STDOUT]);
    ngx_cc_json_lit(w, ",\"stderr\":");
    ngx_cc_json_uint(w, woke->bytes[NGX_CC_STDERR]);
    ngx_cc_json_lit(w, "}");
}


static void
ngx_cc_native_answer_state(const ngx_cc_ask_answer_t *answer, ngx_cc_json_t *w)
{
    uint32_t     flags;
    const char  *state;

    flags = answer->attached.flags;

    if (answer->result == NGX_CC_ASKED_GONE) {
        state = answer->index->state == NGX_CC_INDEX_RUNNING
                || answer->index->cause == NGX_CC_CAUSE_LOST
                ? "lost" : "exited";

    } else if (flags & NGX_CC_ATTACHED_OVER) {
        state = "exited";

    } else if (answer->woke.serial
               && answer->woke.reason == NGX_CC_WOKE_EXIT)
    {
        state = "exited";

    } else {
        state = (flags & NGX_CC_ATTACHED_PAUSED) ? "paused" : "running";
    }

    ngx_cc_json_lit(w, ",\"state\":");
    ngx_cc_json_cstring(w, state);

    if (flags & NGX_CC_ATTACHED_ENDING) {
        ngx_cc_json_lit(w, ",\"ending\":true");
    }
}


static void
ngx_cc_native_answer_late(ngx_event_t *ev)
{
    ngx_cc_native_answer_refuse(ev->data, NGX_CC_ERROR_NO_PROCESS,
                             NGX_CC_NATIVE_WATCH_UNKNOWN);
}


static void
ngx_cc_native_answer_refuse(ngx_cc_native_answer_t *na, ngx_int_t code,
    const char *text)
{
    ngx_cc_message_refuse(&na->session->base.answers, &na->asked.id, code,
                          text, ngx_strlen(text));
    ngx_cc_native_answer_end(na);
}


/* it is answered: the session may have something to say */

static void
ngx_cc_native_answer_end(ngx_cc_native_answer_t *na)
{
    ngx_cc_native_t  *s = na->session;

    ngx_queue_remove(&na->queue);
    s->nasks--;

    if (na->delay.timer_set) {
        ngx_del_timer(&na->delay);
    }

    ngx_free(na);

    s->base.transport->wake(s->base.transport->data);
}


void
ngx_cc_native_answer_leave(ngx_cc_native_t *s)
{
    u_char                buf[NGX_CC_MESSAGE_SIZE];
    ngx_queue_t          *q, *next;
    ngx_cc_json_t         w;
    ngx_cc_native_answer_t  *na;

    for (q = ngx_queue_head(&s->asks);
         q != ngx_queue_sentinel(&s->asks);
         q = next)
    {
        next = ngx_queue_next(q);
        na = ngx_queue_data(q, ngx_cc_native_answer_t, queue);

        if (na->ask == NULL) {
            continue;
        }

        ngx_cc_ask_close(na->ask);

        if (na->what == NGX_CC_ASK_WAIT && na->asked.id.len) {
            ngx_cc_message_writer(&w, buf, sizeof(buf));
            ngx_cc_message_answer(&w, &na->asked.id);
            ngx_cc_json_lit(&w, "\"result\":{\"reason\":\"reload\"");
            ngx_cc_json_raw(&w, na->asked.more.data, na->asked.more.len);
            ngx_cc_json_lit(&w, "}}");
            (void) ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);
            ngx_cc_native_answer_end(na);
            continue;
        }

        ngx_cc_native_answer_refuse(na, NGX_CC_ERROR_INTERNAL,
                                 "server is reloading, connect again");
    }
}


void
ngx_cc_native_answer_close(ngx_cc_native_t *s)
{
    ngx_queue_t          *q;
    ngx_cc_native_answer_t  *na;

    while (!ngx_queue_empty(&s->asks)) {
        q = ngx_queue_head(&s->asks);
        na = ngx_queue_data(q, ngx_cc_native_answer_t, queue);

        if (na->ask) {
            ngx_cc_ask_close(na->ask);
        }

        if (na->delay.timer_set) {
            ngx_del_timer(&na->delay);
        }

        ngx_queue_remove(q);
        ngx_free(na);
    }

    s->nasks = 0;
}
