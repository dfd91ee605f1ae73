
#include <stdio.h>
#include <stdlib.h>
#include "fake_command.h"


fake_command_t  *fake_command[32];
int              fake_commands;
ngx_cc_start_e   fake_start;
ngx_cc_start_e   fake_handover;
uint64_t         fake_total[NGX_CC_TOTALS];

/* a session in a process that stays; the tests of src/http have their own */

__attribute__((weak)) ngx_uint_t    ngx_exiting;
__attribute__((weak)) sig_atomic_t  ngx_quit;
__attribute__((weak)) sig_atomic_t  ngx_terminate;


ngx_cc_start_e
ngx_cc_command_start(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, ngx_cc_command_t **cmd, size_t *total,
    size_t *longest)
{
    uint32_t         i;
    fake_command_t  *f;

    *total = 200000;
    *longest = 150000;

    if (fake_start != NGX_CC_START_OK) {
        return fake_start;
    }

    f = calloc(1, sizeof(fake_command_t));
    fake_command[fake_commands] = f;

    (void) snprintf(f->line, sizeof(f->line), "%s", spec->program);

    for (i = 0; i < spec->argc; i++) {
        (void) strncat(f->line, "|", sizeof(f->line) - strlen(f->line) - 1);
        (void) strncat(f->line, spec->argv[i],
                       sizeof(f->line) - strlen(f->line) - 1);
    }

    f->timeout = spec->timeout;
    f->open_stdin = spec->open_stdin;
    f->keepable = spec->keepable;
    f->merge = spec->merge;
    f->noecho = spec->noecho;
    f->public.cols = spec->cols;
    f->public.rows = spec->rows;
    f->event = spec->event;
    f->wake = spec->wake;
    f->public.data = spec->data;
    memset(f->public.id, 'a' + fake_commands, NGX_CC_HANDLE_TEXT);
    fake_commands++;

    *cmd = &f->public;

    return NGX_CC_START_OK;
}


int
ngx_cc_command_peek(ngx_cc_command_t *cmd, ngx_cc_ring_record_t *rec)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    if (f->first == f->last) {
        return 0;
    }

    rec->data = (uint8_t *) f->record[f->first].data;
    rec->len = f->record[f->first].len;
    rec->stream = f->record[f->first].stream;
    rec->offset = f->offset[rec->stream];
    rec->to = rec->offset + (rec->len ? rec->len : f->record[f->first].gap);
    rec->seq = 16;

    return 1;
}


void
ngx_cc_command_skip(ngx_cc_command_t *cmd, const ngx_cc_ring_record_t *rec)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    /* nobody may look at it any more: the sanitizer watches */

    f->offset[rec->stream] = rec->to;
    free(f->record[f->first++].data);
}


int
ngx_cc_command_finished(ngx_cc_command_t *cmd)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    return cmd->state == NGX_CC_COMMAND_OVER && f->first == f->last;
}


ngx_int_t
ngx_cc_command_signal(ngx_cc_command_t *cmd, int signo,
    ngx_cc_signal_target_e to)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    if (f->signals == FAKE_SIGNALS) {
        return NGX_BUSY;
    }

    f->signo = signo;
    f->to = to;
    f->signals++;

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_resize(ngx_cc_command_t *cmd, uint16_t cols, uint16_t rows)
{
    if (cmd->state != NGX_CC_COMMAND_RUNNING || cmd->cols == 0) {
        return NGX_DECLINED;
    }

    cmd->cols = cols;
    cmd->rows = rows;

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_pause(ngx_cc_command_t *cmd, ngx_uint_t on)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    cmd->paused = on ? 1 : 0;
    cmd->left = 0;
    f->pauses += on ? 1 : 0;
    f->resumes += on ? 0 : 1;

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_cancel(ngx_cc_command_t *cmd)
{
    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    cmd->canceling = 1;
    ((fake_command_t *) cmd)->cancels++;

    return NGX_OK;
}


void
ngx_cc_command_shutdown(ngx_cc_command_t *cmd, ngx_uint_t now)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    if (cmd->state == NGX_CC_COMMAND_OVER || !now) {
        return;
    }

    cmd->state = NGX_CC_COMMAND_OVER;
    cmd->cause = NGX_CC_CAUSE_SHUTDOWN;
    cmd->unknown = 1;
    f->event(cmd->data, cmd, NGX_CC_COMMAND_EXITED);
}


ssize_t
ngx_cc_command_input(ngx_cc_command_t *cmd, const u_char *p, size_t len,
    ngx_uint_t more, ngx_uint_t eof)
{
    size_t           n;
    fake_command_t  *f = (fake_command_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING || cmd->stdin_closed) {
        return NGX_DECLINED;
    }

    if (f->input_busy) {
        return NGX_BUSY;
    }

    n = ngx_min(len, 1000);
    memcpy(f->input + f->input_len, p, n);
    f->input_len += n;
    f->input_eof = (eof && n == len);
    f->input_busy = 1;

    return n;
}


/* nothing is kept here */

ngx_cc_command_t *
ngx_cc_command_keep_attach(ngx_cc_command_conf_t *conf,
    const ngx_cc_attach_t *attach)
{
    return NULL;
}


void
ngx_cc_command_keep_told(ngx_cc_command_t *cmd)
{
    ((fake_command_t *) cmd)->told++;
}


ngx_cc_start_e
ngx_cc_command_handover(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    f->handovers++;
    f->run = spec->timeout;

    return fake_handover;
}


/* no command is reached by others */

ngx_cc_start_e
ngx_cc_command_listen(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec)
{
    return NGX_CC_START_UNAVAILABLE;
}


void
ngx_cc_command_delivered(ngx_cc_command_t *cmd)
{
}


void
ngx_cc_command_keep_flow(ngx_cc_command_t *cmd, ngx_uint_t lossy)
{
}


void
ngx_cc_command_keep_read(ngx_cc_command_t *cmd)
{
}


ngx_cc_ask_t *
ngx_cc_ask(const ngx_cc_ask_spec_t *spec,
    void (*done)(void *data, const ngx_cc_ask_answer_t *answer), void *data)
{
    return NULL;
}


ngx_int_t
ngx_cc_ask_next(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *spec)
{
    return NGX_ERROR;
}


void
ngx_cc_ask_close(ngx_cc_ask_t *ask)
{
}


ngx_msec_t
ngx_cc_ask_unknown(ngx_msec_t begun)
{
    return 1;
}


void
ngx_cc_ask_hold(ngx_cc_ask_t *ask)
{
}


void
ngx_cc_ask_mark(ngx_cc_ask_t *ask, const uint64_t next[NGX_CC_STREAMS])
{
}


void
ngx_cc_record_observer(ngx_cc_recorder_t *rec, ngx_cc_record_event_e event,
    const u_char *id, pid_t pid, const char *what)
{
    /* nobody records */
}


uint64_t
ngx_cc_index_changes(void)
{
    return 0;
}


ngx_int_t
ngx_cc_index_next(uint64_t *walk, const uint8_t owner[NGX_CC_INDEX_OWNER],
    ngx_cc_index_told_t *told)
{
    return NGX_DONE;
}


ngx_int_t
ngx_cc_index_next_listed(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told)
{
    return NGX_DONE;
}


void
ngx_cc_command_close(ngx_cc_command_t *cmd)
{
    fake_command_t  *f = (fake_command_t *) cmd;

    while (f->first < f->last) {
        free(f->record[f->first++].data);
    }

    f->closed++;
}


void
fake_started(fake_command_t *f)
{
    f->public.state = NGX_CC_COMMAND_RUNNING;
    f->public.pid = 4711;
    f->public.start = 1700000000123;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_STARTED);
}


void
fake_failed(fake_command_t *f, ngx_cc_stage_e stage, int error)
{
    f->public.state = NGX_CC_COMMAND_OVER;
    f->public.stage = stage;
    f->public.error = error;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_FAILED);
}


void
fake_output(fake_command_t *f, int stream, const void *p, size_t n)
{
    f->record[f->last].data = malloc(n);
    memcpy(f->record[f->last].data, p, n);
    f->record[f->last].len = n;
    f->record[f->last++].stream = stream;
    f->wake(f->public.data, &f->public);
}


void
fake_gap(fake_command_t *f, int stream, size_t n)
{
    f->record[f->last].data = NULL;
    f->record[f->last].len = 0;
    f->record[f->last].gap = n;
    f->record[f->last++].stream = stream;
    f->wake(f->public.data, &f->public);
}


void
fake_exited(fake_command_t *f, int status, ngx_cc_cause_e cause)
{
    f->public.state = NGX_CC_COMMAND_OVER;
    f->public.status = status;
    f->public.cause = cause;
    f->public.unknown = (cause == NGX_CC_CAUSE_LOST);
    f->public.elapsed = 410000;
    f->public.max_rss = 1840;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_EXITED);
}


void
fake_taken(fake_command_t *f, size_t n, int closed)
{
    f->input_busy = 0;
    f->public.accepted = n;
    f->public.stdin_closed = closed;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_INPUT);
}


/* a pause, or the end of one, has come as far as it will */

void
fake_signalled(fake_command_t *f, uint32_t left)
{
    f->public.left = left;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_SIGNALLED);
}


/* it is kept now */

void
fake_kept(fake_command_t *f)
{
    f->public.kept = 1;
    f->event(f->public.data, &f->public, NGX_CC_COMMAND_KEPT);
}


void
fake_free(void)
{
    while (fake_commands) {
        free(fake_command[--fake_commands]);
    }

    fake_start = NGX_CC_START_OK;
    fake_handover = NGX_CC_START_OK;
}


ngx_uint_t
ngx_cc_zone_reloaded(void)
{
    return 1;
}


void
ngx_cc_zone_count(ngx_uint_t total, uint64_t n)
{
    fake_total[total] += n;
}


/* sessions of the old era: the id "good" is one; a call's name is its id */

ngx_cc_legacy_may_e    fake_may;
ngx_cc_legacy_call_t  *fake_call;
char                   fake_canceled[NGX_CC_HANDLE_SIZE + 1];


ngx_int_t
ngx_cc_legacy_make(uint32_t version, const uint8_t *owner, ngx_str_t *text)
{
    memset(text->data, 'a', NGX_CC_SESSION_ID_TEXT);
    text->len = NGX_CC_SESSION_ID_TEXT;

    return NGX_OK;
}


ngx_int_t
ngx_cc_legacy_check(ngx_str_t *text, const uint8_t *owner,
    ngx_cc_legacy_t *legacy)
{
    return text->len == 4 && memcmp(text->data, "good", 4) == 0
           ? NGX_OK : NGX_DECLINED;
}


void
ngx_cc_legacy_end(ngx_cc_legacy_t *legacy)
{
}


void
ngx_cc_legacy_name(const ngx_cc_legacy_t *legacy, ngx_str_t *id,
    ngx_cc_legacy_call_t *call)
{
    memset(&call->handle, 0, sizeof(call->handle));
    memcpy(call->handle.byte, id->data, id->len);
}


ngx_cc_legacy_may_e
ngx_cc_legacy_may(const ngx_cc_legacy_call_t *call)
{
    return fake_may;
}


void
ngx_cc_legacy_join(ngx_cc_legacy_call_t *call)
{
    fake_call = call;
    call->joined = 1;
}


ngx_uint_t
ngx_cc_legacy_poll(ngx_cc_legacy_call_t *call)
{
    return 0;
}


ngx_uint_t
ngx_cc_legacy_said(const ngx_cc_legacy_call_t *call)
{
    return 0;
}


void
ngx_cc_legacy_leave(ngx_cc_legacy_call_t *call)
{
    if (call->joined) {
        call->joined = 0;
        fake_call = NULL;
    }
}


void
ngx_cc_legacy_cancel(const ngx_cc_legacy_call_t *call)
{
    memcpy(fake_canceled, call->handle.byte, NGX_CC_HANDLE_SIZE);
}
