
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_ask.h"
#include "ngx_cc_mcp_job_list.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_message.h"
#include "ngx_cc_utf8.h"


static ngx_cc_mcp_job_t *ngx_cc_mcp_job_make(ngx_cc_mcp_job_spec_t *spec,
    ngx_log_t *log, ngx_str_t *id, ngx_str_t *token);
static ngx_int_t ngx_cc_mcp_job_find(ngx_cc_mcp_job_t *job,
    ngx_cc_mcp_job_spec_t *spec);
static void ngx_cc_mcp_job_found(void *data);
static void ngx_cc_mcp_job_done(void *data,
    const ngx_cc_ask_answer_t *answer);
static ngx_int_t ngx_cc_mcp_job_refused(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_job_written(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_job_woke(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static ngx_uint_t ngx_cc_mcp_job_torn(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_job_output(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_job_compose(ngx_cc_mcp_job_t *job,
    ngx_cc_gather_t *output);
static void ngx_cc_mcp_job_unknown(ngx_event_t *ev);
static void ngx_cc_mcp_job_fail(ngx_cc_mcp_job_t *job, const char *text);
static void ngx_cc_mcp_job_wake(void *data);
static void ngx_cc_mcp_job_sent(void *data, ngx_uint_t sent);


ngx_cc_mcp_job_t *
ngx_cc_mcp_job_start(ngx_cc_mcp_job_spec_t *spec,
    ngx_cc_transport_t *transport, ngx_str_t *id, ngx_str_t *token,
    ngx_uint_t modern)
{
    ngx_cc_mcp_job_t  *job;

    job = ngx_cc_mcp_job_make(spec, transport->log, id, token);

    if (job == NULL) {
        return NULL;
    }

    job->transport = transport;
    job->modern = modern;
    job->begun = ngx_current_msec;
    job->until = ngx_current_msec + spec->wait;

    job->delay.handler = ngx_cc_mcp_job_unknown;
    job->delay.data = job;
    job->delay.log = transport->log;
    job->done = ngx_cc_mcp_job_done;
    job->sent.done = ngx_cc_mcp_job_sent;
    job->sent.data = job;

    ngx_cc_mcp_job_reader(transport, modern, job->reader);
    ngx_cc_mcp_progress_init(&job->progress, &job->token, ngx_cc_mcp_job_wake,
                             job, transport->log);

    if (spec->what == NGX_CC_MCP_JOB_OTHER) {
        spec->begin(job);
        return job;
    }

    if (spec->foreign) {
        (void) ngx_slprintf(job->hint, job->hint + sizeof(job->hint) - 1,
                            "this job belongs to the node %V: ask there%Z",
                            &job->spec.node);
        ngx_cc_mcp_job_fail(job, (char *) job->hint);
        return job;
    }

    if (spec->malformed) {
        ngx_add_timer(&job->delay, ngx_cc_ask_unknown(job->begun));
        return job;
    }

    switch (spec->what) {

    case NGX_CC_MCP_JOB_WRITE:
        ngx_cc_mcp_job_ask_write(job);
        break;

    case NGX_CC_MCP_JOB_SIGNAL:
        ngx_cc_mcp_job_ask_signal(job);
        break;

    case NGX_CC_MCP_JOB_LIST:
        if (ngx_cc_mcp_job_find(job, spec) != NGX_OK) {
            ngx_cc_mcp_job_close(job);
            return NULL;
        }

        break;

    default:
        if (spec->waits && !ngx_exiting) {
            ngx_cc_mcp_job_ask_wait(job, NGX_CC_MCP_JOB_STAGE_WAIT, NULL);
            break;
        }

        if (spec->waits) {
            job->told.waited = NGX_CC_MCP_WAITED_RELOADING;
        }

        ngx_cc_mcp_job_ask_read(job);
        break;
    }

    return job;
}


static ngx_cc_mcp_job_t *
ngx_cc_mcp_job_make(ngx_cc_mcp_job_spec_t *spec, ngx_log_t *log,
    ngx_str_t *id, ngx_str_t *token)
{
    u_char            *p;
    ngx_uint_t         i;
    ngx_cc_mcp_job_t  *job;

    ngx_str_t  *from[] = { id, token, &spec->pattern, &spec->input,
                           &spec->node };
    ngx_str_t  *to[5];

    job = ngx_calloc(sizeof(ngx_cc_mcp_job_t) + id->len + token->len
                     + spec->pattern.len + spec->input.len + spec->node.len,
                     log);

    if (job == NULL) {
        return NULL;
    }

    job->spec = *spec;
    ngx_str_null(&job->spec.id);

    to[0] = &job->id;
    to[1] = &job->token;
    to[2] = &job->spec.pattern;
    to[3] = &job->spec.input;
    to[4] = &job->spec.node;
    p = (u_char *) (job + 1);

    for (i = 0; i < 5; i++) {
        to[i]->data = p;
        to[i]->len = from[i]->len;

        if (from[i]->len) {
            p = ngx_cpymem(p, from[i]->data, from[i]->len);
        }
    }

    return job;
}


void
ngx_cc_mcp_job_reader(const ngx_cc_transport_t *transport,
    ngx_uint_t modern, uint8_t reader[NGX_CC_WIRE_READER])
{
    size_t         i, len;
    const u_char  *id;

    id = transport->session_id;
    len = NGX_CC_UUID_TEXT;

    if (transport->post) {

        id = transport->post->session.data;
        len = transport->post->session.len;

        if (id == NULL || modern) {
            ngx_memset(reader, 0xff, NGX_CC_WIRE_READER);
            return;
        }
    }

    ngx_memzero(reader, NGX_CC_WIRE_READER);

    /* characters with more chance than that: folded into 16 bytes */

    for (i = 0; i < len; i++) {
        reader[i % NGX_CC_WIRE_READER] =
            (reader[i % NGX_CC_WIRE_READER] << 4)
            ^ (reader[i % NGX_CC_WIRE_READER] >> 4)
            ^ id[i];
    }
}


size_t
ngx_cc_mcp_job_pull(ngx_cc_mcp_job_t *job, u_char *p, size_t room,
    ngx_uint_t *more, ngx_uint_t *answer)
{
    size_t  n;

    *more = 0;
    *answer = 0;

    if (!job->over) {
        return ngx_cc_mcp_progress_pull(&job->progress, p, room);
    }

    *answer = 1;
    job->pulled = 1;

    n = ngx_cc_mcp_job_answer_pull(job->answer, p, room, more);
    job->ended = !*more;

    if (job->ended) {
        /* whoever has the answer may use its id again */
        ngx_cc_legacy_leave(&job->legacy);
    }

    return n;
}


ngx_uint_t
ngx_cc_mcp_job_marks(ngx_cc_mcp_job_t *job)
{
    return job->held != NULL;
}


void
ngx_cc_mcp_job_leave(ngx_cc_mcp_job_t *job)
{
    if (job->ask == NULL || job->over
        || job->stage < NGX_CC_MCP_JOB_STAGE_ECHO
        || job->stage > NGX_CC_MCP_JOB_STAGE_WAIT)
    {
        return;
    }

    ngx_cc_ask_close(job->ask);
    job->ask = NULL;
    job->told.waited = NGX_CC_MCP_WAITED_RELOADING;
    ngx_cc_mcp_job_ask_read(job);
}


void
ngx_cc_mcp_job_close(ngx_cc_mcp_job_t *job)
{
    ngx_cc_mcp_progress_stop(&job->progress);
    ngx_cc_legacy_leave(&job->legacy);

    if (job->delay.timer_set) {
        ngx_del_timer(&job->delay);
    }

    if (job->ask) {
        ngx_cc_ask_close(job->ask);
    }

    if (job->held) {
        ngx_cc_ask_close(job->held);
    }

    if (job->list) {
        ngx_cc_kept_list_free(job->list);
    }

    ngx_cc_mcp_job_answer_free(job->answer);
    ngx_free(job);
}


static ngx_int_t
ngx_cc_mcp_job_find(ngx_cc_mcp_job_t *job, ngx_cc_mcp_job_spec_t *spec)
{
    ngx_cc_kept_list_spec_t  list;

    ngx_memzero(&list, sizeof(list));
    list.owner = job->transport->owner;
    list.state = spec->status ? NGX_CC_KEPT_LIST_ANY
                              : NGX_CC_KEPT_LIST_RUNNING;
    list.over = (spec->status == 1);
    list.limit = spec->limit;
    list.label = spec->label.len ? &spec->label : NULL;
    list.log = job->transport->log;
    list.done = ngx_cc_mcp_job_found;
    list.data = job;

    return ngx_cc_kept_list(&list, &job->list);
}


static void
ngx_cc_mcp_job_found(void *data)
{
    ngx_cc_mcp_job_t  *job = data;

    job->text = ngx_cc_mcp_job_text_begin();

    if (ngx_cc_mcp_job_list(job->text, job->list, &job->id, job->modern,
                            job->transport->log)
        != NGX_OK)
    {
        job->text = NULL;
    }

    ngx_cc_kept_list_free(job->list);
    job->list = NULL;

    ngx_cc_mcp_job_finish(job);
}


static void
ngx_cc_mcp_job_done(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_ask_t      *ask;
    ngx_cc_mcp_job_t  *job = data;

    ask = job->ask;
    job->ask = NULL;

    if (ngx_cc_mcp_job_refused(job, answer) == NGX_OK) {
        return;
    }

    /* what is asked next goes over the same connection */
    job->answered = ask;
    switch (job->stage) {

    case NGX_CC_MCP_JOB_STAGE_WRITE:
        ngx_cc_mcp_job_written(job, answer);
        return;

    case NGX_CC_MCP_JOB_STAGE_SIGNAL:

        if (answer->left) {
            ngx_cc_mcp_job_ask_hint(job, answer);
        }

        if (job->spec.waits && !ngx_exiting) {
            ngx_cc_mcp_job_ask_wait(job, NGX_CC_MCP_JOB_STAGE_WAIT,
                                (int64_t[]) { INT64_MAX, INT64_MAX });
            return;
        }

        ngx_cc_mcp_job_ask_read(job);
        return;

    case NGX_CC_MCP_JOB_STAGE_READ:
        ngx_cc_mcp_job_output(job, answer);
        return;

    case NGX_CC_MCP_JOB_STAGE_STATE:
        ngx_cc_mcp_job_view_entry(&job->told.view, answer->entry);
        ngx_cc_mcp_job_compose(job, NULL);
        return;

    default:
        ngx_cc_mcp_job_woke(job, answer);
        return;
    }
}


/* NGX_OK: it is answered; NGX_DECLINED: there is no reason to refuse */

static ngx_int_t
ngx_cc_mcp_job_refused(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    u_char  id[NGX_CC_HANDLE_TEXT];

    switch (answer->result) {

    case NGX_CC_ASKED_UNKNOWN:
        ngx_add_timer(&job->delay, ngx_cc_ask_unknown(job->begun));
        return NGX_OK;

    case NGX_CC_ASKED_BUSY:
        ngx_cc_mcp_job_fail(job, "the job cannot be reached now: ask again");
        return NGX_OK;

    case NGX_CC_ASKED_DENIED:
        ngx_cc_mcp_job_fail(job, answer->denied == NGX_CC_DENIED_NONE
                            ? "somebody else controls this job alone"
                            : "as many as may read this job already: ask "
                              "again");
        return NGX_OK;

    case NGX_CC_ASKED_GONE:
        (void) ngx_cc_handle_format(&job->spec.handle, (char *) id);
        ngx_cc_mcp_job_view_index(&job->told.view, answer->index, id);
        job->told.hint = "its output is not held any more";
        job->told.waited = job->spec.waits ? NGX_CC_MCP_WAITED_EVENT
                                           : NGX_CC_MCP_WAITED_NONE;
        ngx_cc_mcp_job_compose(job, NULL);
        return NGX_OK;

    default:
        break;
    }

    if (answer->woke.serial && answer->woke.reason == NGX_CC_WOKE_REFUSED) {
        ngx_cc_mcp_job_fail(job, "as many as may wait for this job already: "
                                 "ask again, without wait_ms");
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static void
ngx_cc_mcp_job_written(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    size_t                all;
    int64_t               from[NGX_CC_STREAMS];
    ngx_cc_ask_pattern_t  line;

    all = job->spec.input.len + job->spec.enter;
    job->tty = (answer->attached.flags & NGX_CC_ATTACHED_TTY) != 0;
    ngx_memcpy(job->wrote, answer->attached.bytes, sizeof(job->wrote));

    /* that it is closed is no surprise behind "eof" */

    if (answer->written < all || answer->overlong || answer->late) {

        (void) ngx_slprintf(job->hint, job->hint + sizeof(job->hint) - 1,
                            "%uz of %uz bytes were written: %s%Z",
                            answer->written, all,
                            answer->overlong
                            ? "the next line is too long for a terminal"
                            : answer->late ? "it takes nothing more now"
                            : (answer->attached.flags & NGX_CC_ATTACHED_OVER)
                            ? "the job is over"
                            : "its stdin is closed (open_stdin or tty of "
                              "execute opens it)");
        job->told.hint = (char *) job->hint;
        job->told.error = 1;
        ngx_cc_mcp_job_ask_read(job);
        return;
    }

    if (!job->spec.waits) {
        ngx_cc_mcp_job_ask_read(job);
        return;
    }

    if (ngx_exiting) {
        job->told.waited = NGX_CC_MCP_WAITED_RELOADING;
        ngx_cc_mcp_job_ask_read(job);
        return;
    }

    from[NGX_CC_STDOUT] = job->wrote[NGX_CC_STDOUT];
    from[NGX_CC_STDERR] = job->wrote[NGX_CC_STDERR];

    ngx_cc_mcp_job_ask_wait(job, job->spec.pattern.len == 0
                             ? NGX_CC_MCP_JOB_STAGE_REACTION
                             : ngx_cc_mcp_job_ask_echoes(job, &line)
                               ? NGX_CC_MCP_JOB_STAGE_ECHO
                               : NGX_CC_MCP_JOB_STAGE_WAIT, from);
}


static void
ngx_cc_mcp_job_woke(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    int64_t                    from[NGX_CC_STREAMS];
    const ngx_cc_wire_woke_t  *woke = &answer->woke;

    from[NGX_CC_STDOUT] = job->wrote[NGX_CC_STDOUT];
    from[NGX_CC_STDERR] = job->wrote[NGX_CC_STDERR];

    if (job->stage == NGX_CC_MCP_JOB_STAGE_ECHO
        && (woke->reason == NGX_CC_WOKE_PATTERN
            || (woke->reason == NGX_CC_WOKE_TIMEOUT
                && (ngx_msec_int_t) (job->until - ngx_current_msec) > 0)))
    {
        if (woke->reason == NGX_CC_WOKE_PATTERN) {
            from[woke->stream] = woke->next;
        }

        ngx_cc_mcp_job_ask_wait(job, NGX_CC_MCP_JOB_STAGE_WAIT, from);
        return;
    }

    if (job->stage == NGX_CC_MCP_JOB_STAGE_REACTION
        && woke->reason == NGX_CC_WOKE_OUTPUT)
    {
        ngx_cc_mcp_job_ask_wait(job, NGX_CC_MCP_JOB_STAGE_WAIT, from);
        return;
    }

    job->told.waited = (woke->reason == NGX_CC_WOKE_TIMEOUT)
                       ? NGX_CC_MCP_WAITED_TIMEOUT : NGX_CC_MCP_WAITED_EVENT;
    job->told.matched = (woke->reason == NGX_CC_WOKE_PATTERN);

    if (answer->output) {
        ngx_cc_mcp_job_output(job, answer);

    } else {
        ngx_cc_mcp_job_ask_read(job);
    }
}


/* is half of a character all that came?  Then the other half is awaited, too */

static ngx_uint_t
ngx_cc_mcp_job_torn(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_gather_t  *g = answer->output;

    return job->spec.until == NGX_CC_UNTIL_OUTPUT
           && job->told.waited == NGX_CC_MCP_WAITED_EVENT
           && !job->told.matched
           && !job->spec.tail && !job->spec.base64
           && !(answer->entry->head.flags & NGX_CC_ATTACHED_OVER)
           && (ngx_msec_int_t) (job->until - ngx_current_msec) > 0
           && g->len && g->len < 4 && ngx_cc_utf8_cut(g->data, g->len) == 0;
}


static void
ngx_cc_mcp_job_output(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    if (ngx_cc_mcp_job_torn(job, answer)) {
        ngx_cc_mcp_job_ask_wait(job, NGX_CC_MCP_JOB_STAGE_WAIT,
                                (int64_t *) answer->output->next);
        return;
    }

    job->held = job->answered;
    ngx_cc_ask_hold(job->held);
    ngx_cc_mcp_job_text_read(&job->told, answer, job->spec.streams);

    if (job->spec.tail) {
        ngx_cc_gather_last(answer->output, job->spec.tail);
        ngx_cc_gather_from(answer->output, job->told.from);
    }

    ngx_cc_mcp_job_compose(job, answer->output);
}


static void
ngx_cc_mcp_job_compose(ngx_cc_mcp_job_t *job, ngx_cc_gather_t *output)
{
    ngx_cc_mcp_job_told_t  *told = &job->told;

    told->id = &job->id;
    told->modern = job->modern;
    told->output = output;
    told->raw = job->spec.raw;
    told->base64 = job->spec.base64;
    told->pattern = (job->spec.pattern.len && told->waited);

    job->text = ngx_cc_mcp_job_text_begin();

    if (ngx_cc_mcp_job_text_init(job->text, told, job->transport->log)
        != NGX_OK)
    {
        job->text = NULL;
    }

    if (output) {
        ngx_cc_gather_free(output);
    }

    ngx_cc_mcp_job_finish(job);
}


/* the same for an id that nobody has and for one that somebody else has */

static void
ngx_cc_mcp_job_unknown(ngx_event_t *ev)
{
    ngx_cc_mcp_job_fail(ev->data, "no such job: job_list tells those there "
                                  "are");
}


static void
ngx_cc_mcp_job_fail(ngx_cc_mcp_job_t *job, const char *text)
{
    job->text = ngx_cc_mcp_job_text_begin();
    ngx_cc_mcp_job_text_refuse(job->text, &job->id, job->modern, text);

    ngx_cc_mcp_job_finish(job);
}


void
ngx_cc_mcp_job_finish(ngx_cc_mcp_job_t *job)
{
    ngx_cc_mcp_progress_stop(&job->progress);

    if (job->text) {
        job->answer = ngx_cc_mcp_job_answer_keep(job->text,
                                                 job->transport->log);
        job->text = NULL;
    }

    job->over = 1;
    job->no_memory = (job->answer == NULL);

    ngx_cc_mcp_job_wake(job);
}


static void
ngx_cc_mcp_job_wake(void *data)
{
    ngx_cc_mcp_job_t  *job = data;

    job->transport->wake(job->transport->data);
}


static void
ngx_cc_mcp_job_sent(void *data, ngx_uint_t sent)
{
    ngx_uint_t         i;
    uint64_t           next[NGX_CC_STREAMS];
    ngx_cc_mcp_job_t  *job = data;

    if (sent && job->held) {

        for (i = 0; i < NGX_CC_STREAMS; i++) {
            next[i] = (job->spec.streams & (1u << i)) ? job->answer->next[i]
                                                      : UINT64_MAX;
        }

        ngx_cc_ask_mark(job->held, next);
    }

    ngx_cc_mcp_job_close(job);
}
