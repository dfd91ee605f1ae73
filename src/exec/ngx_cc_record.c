
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_names.h"
#include "ngx_cc_record.h"
#include "ngx_cc_zone.h"


static ngx_cc_record_entry_t *ngx_cc_record_entry(
    const ngx_cc_wire_strings_t *strings);
static char *ngx_cc_record_put(char *p, char *last, const char *text);
static void ngx_cc_record_tell(ngx_cc_record_t *record,
    ngx_cc_record_event_e event);
static void ngx_cc_record_not_run(ngx_cc_record_t *record,
    ngx_cc_stage_e stage, int error);
static void ngx_cc_record_ended(ngx_cc_record_t *record,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause);
static void ngx_cc_record_close(ngx_cc_record_t *record);


void
ngx_cc_record_release(ngx_cc_recorder_t *rec)
{
    if (rec && --rec->refs == 0) {
        rec->release(rec);
    }
}


ngx_int_t
ngx_cc_record_open(ngx_cc_record_t *record, ngx_cc_recorder_t *rec,
    const ngx_cc_wire_strings_t *strings, const ngx_cc_handle_t *handle,
    ngx_msec_t timeout, const char *trace)
{
    char                    text[NGX_CC_HANDLE_TEXT];
    ngx_cc_record_entry_t  *entry;

    record->asked = ngx_cc_clock_real_us();

    if (rec == NULL) {
        return NGX_OK;
    }

    entry = ngx_cc_record_entry(strings);

    if (entry == NULL) {
        return NGX_ERROR;
    }

    entry->timeout = timeout;

    if (trace) {
        ngx_memcpy(entry->trace, trace, NGX_CC_TRACE_PARENT);
    }

    (void) ngx_cc_handle_format(handle, text);
    ngx_memcpy(entry->execution, text, NGX_CC_HANDLE_NAME);

    entry->recorder = rec;
    rec->refs++;

    record->entry = entry;

    return NGX_OK;
}


static ngx_cc_record_entry_t *
ngx_cc_record_entry(const ngx_cc_wire_strings_t *strings)
{
    char                   *p, *last;
    size_t                  size;
    uint32_t                i;
    ngx_cc_record_entry_t  *entry;

    size = ngx_strlen(strings->cwd) + ngx_strlen(strings->beneath)
           + ngx_strlen(strings->program) + 3;

    for (i = 0; i < strings->argc; i++) {
        size += ngx_strlen(strings->argv[i]) + 1;
    }

    entry = ngx_calloc(sizeof(ngx_cc_record_entry_t), ngx_cycle->log);

    if (entry == NULL) {
        return NULL;
    }

    entry->argv = ngx_alloc(strings->argc * sizeof(char *) + size,
                            ngx_cycle->log);

    if (entry->argv == NULL) {
        ngx_free(entry);
        return NULL;
    }

    p = (char *) (entry->argv + strings->argc);
    last = p + size;

    entry->cwd = p;
    p = ngx_cc_record_put(p, last, strings->cwd);
    entry->beneath = p;
    p = ngx_cc_record_put(p, last, strings->beneath);
    entry->program = p;
    p = ngx_cc_record_put(p, last, strings->program);

    for (i = 0; i < strings->argc; i++) {
        entry->argv[i] = p;
        p = ngx_cc_record_put(p, last, strings->argv[i]);
    }

    entry->argc = strings->argc;

    return entry;
}


/* a string and its NUL; where the next one begins */

static char *
ngx_cc_record_put(char *p, char *last, const char *text)
{
    return (char *) ngx_cpystrn((u_char *) p, (u_char *) text, last - p) + 1;
}


void
ngx_cc_record_move(ngx_cc_record_t *to, ngx_cc_record_t *from)
{
    *to = *from;
    from->entry = NULL;
}


void
ngx_cc_record_started(ngx_cc_record_t *record, pid_t pid, uint64_t start)
{
    ngx_cc_record_entry_t  *entry;

    if (record->started) {
        return;
    }

    record->started = 1;
    entry = record->entry;

    if (entry) {
        entry->pid = pid;
        ngx_cc_record_tell(record, NGX_CC_RECORD_STARTED);

        /* a command can run for days, and its arguments may be long */

        ngx_free(entry->argv);
        entry->argv = NULL;
        entry->argc = 0;
        entry->cwd = NULL;
        entry->beneath = NULL;
        entry->program = NULL;
    }

    ngx_cc_zone_count(NGX_CC_TOTAL_COMMANDS, 1);

    /* the clock may have been set back meanwhile */

    ngx_cc_zone_time(&ngx_cc_totals_start_time,
                     start > record->asked ? start - record->asked : 0);
}


void
ngx_cc_record_signalled(ngx_cc_record_t *record, const char *name)
{
    if (record->entry) {
        record->entry->signal = name;
        ngx_cc_record_tell(record, NGX_CC_RECORD_SIGNALLED);
    }
}


void
ngx_cc_record_unpassed(ngx_cc_record_t *record,
    const ngx_cc_wire_unpassed_t *msg)
{
    char  why[NGX_CC_NAMES_UNPASSED];

    ngx_cc_names_unpassed(why, sizeof(why), msg);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "cc_executor: \"cc_executor_control\" has not passed %s on: "
                  "%s", ngx_cc_names_signal(msg->signo), why);

    if (record->entry) {
        record->entry->unpassed = msg;
        ngx_cc_record_tell(record, NGX_CC_RECORD_UNPASSED);
    }
}


void
ngx_cc_record_observer(ngx_cc_recorder_t *rec, ngx_cc_record_event_e event,
    const u_char *id, pid_t pid, const char *what)
{
    ngx_cc_record_entry_t  entry;

    if (rec == NULL) {
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_cc_record_entry_t));
    entry.recorder = rec;
    entry.pid = pid;

    if (id) {
        ngx_memcpy(entry.execution, id, NGX_CC_HANDLE_NAME);
    }

    if (event == NGX_CC_RECORD_SIGNALLED) {
        entry.signal = what;

    } else {
        entry.action = what;
    }

    rec->command(rec, event, &entry);
}


void
ngx_cc_record_exited(ngx_cc_record_t *record, const ngx_cc_wire_exited_t *msg)
{
    ngx_cc_record_started(record, msg->pid, msg->start);

    ngx_cc_record_ended(record, msg, msg->cause);

    ngx_cc_zone_count(NGX_CC_TOTAL_ENDED + msg->cause, 1);
    ngx_cc_zone_count(NGX_CC_TOTAL_CPU, msg->user);
    ngx_cc_zone_count(NGX_CC_TOTAL_CPU + 1, msg->system);
    ngx_cc_zone_time(&ngx_cc_totals_run_time, msg->elapsed);
}


void
ngx_cc_record_lost(ngx_cc_record_t *record, ngx_cc_cause_e cause)
{
    if (!record->started) {
        ngx_cc_record_failed(record, NGX_CC_STAGE_NONE, 0);
        return;
    }

    ngx_cc_record_ended(record, NULL, cause);
    ngx_cc_zone_count(NGX_CC_TOTAL_ENDED + cause, 1);
}


void
ngx_cc_record_failed(ngx_cc_record_t *record, ngx_cc_stage_e stage, int error)
{
    ngx_cc_record_not_run(record, stage, error);
    ngx_cc_zone_count(NGX_CC_TOTAL_FAILED, 1);
}


void
ngx_cc_record_forget(ngx_cc_record_t *record)
{
    if (record->entry) {
        ngx_cc_record_close(record);
    }
}


void
ngx_cc_record_withdrawn(ngx_cc_record_t *record)
{
    ngx_cc_record_not_run(record, NGX_CC_STAGE_NONE, 0);
}


static void
ngx_cc_record_not_run(ngx_cc_record_t *record, ngx_cc_stage_e stage, int error)
{
    if (record->entry) {
        record->entry->stage = stage;
        record->entry->error = error;
        ngx_cc_record_tell(record, NGX_CC_RECORD_FAILED);
        ngx_cc_record_close(record);
    }
}


static void
ngx_cc_record_ended(ngx_cc_record_t *record, const ngx_cc_wire_exited_t *exited,
    ngx_cc_cause_e cause)
{
    if (record->entry) {
        record->entry->exited = exited;
        record->entry->cause = cause;
        ngx_cc_record_tell(record, NGX_CC_RECORD_ENDED);
        ngx_cc_record_close(record);
    }
}


static void
ngx_cc_record_tell(ngx_cc_record_t *record, ngx_cc_record_event_e event)
{
    ngx_cc_recorder_t  *rec;

    rec = record->entry->recorder;
    rec->command(rec, event, record->entry);
}


static void
ngx_cc_record_close(ngx_cc_record_t *record)
{
    ngx_cc_record_entry_t  *entry;

    entry = record->entry;
    record->entry = NULL;

    ngx_cc_record_release(entry->recorder);

    if (entry->argv) {
        ngx_free(entry->argv);
    }

    ngx_free(entry);
}
