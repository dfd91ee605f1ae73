
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_command.h"
#include "ngx_cc_command_deadline.h"
#include "ngx_cc_command_handover.h"
#include "ngx_cc_command_keep.h"
#include "ngx_cc_command_observe.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_names.h"
#include "ngx_cc_script.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_zone.h"


static ngx_uint_t ngx_cc_command_fits(const ngx_cc_wire_strings_t *strings,
    size_t *text, size_t *longest);
static ngx_cc_start_e ngx_cc_command_begin(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, const ngx_cc_wire_strings_t *strings,
    size_t text, const char *line, ngx_cc_command_t **cmd);
static void ngx_cc_command_discard(ngx_cc_command_link_t *cl,
    ngx_cc_wire_start_t *start);
static ngx_cc_record_t *ngx_cc_command_record(ngx_cc_command_link_t *cl);
static ngx_int_t ngx_cc_command_share(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, ngx_cc_slot_t *slot);


ngx_cc_start_e
ngx_cc_command_start(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, ngx_cc_command_t **cmd, size_t *total,
    size_t *longest)
{
    size_t                  text, max;
    const char             *line;
    ngx_uint_t              fits;
    ngx_cc_start_e          rc;
    ngx_cc_wire_strings_t   strings;

    strings.cwd = conf->cwd;
    strings.beneath = spec->beneath ? spec->beneath : "";
    strings.program = spec->program;
    strings.argv = spec->argv;
    strings.argc = spec->argc;
    strings.env = spec->env ? spec->env : conf->env;
    strings.envc = spec->env ? spec->nenv : conf->nenv;
    strings.paths = conf->paths;
    strings.npaths = conf->confine.nread + conf->confine.nwrite;
    strings.control = spec->control;
    strings.ncontrol = spec->ncontrol;
    strings.label = spec->keep ? spec->keep->label : NULL;
    strings.shown = spec->keep ? spec->keep->shown : NULL;

    line = NULL;
    fits = ngx_cc_command_fits(&strings, &text, &max);

    if (!fits && spec->script) {
        line = spec->argv[spec->argc - 1];
        spec->argv[spec->argc - 1] = ngx_cc_script_boot;
        fits = ngx_cc_command_fits(&strings, &text, &max);
    }

    rc = fits ? ngx_cc_command_begin(conf, spec, &strings, text, line, cmd)
              : NGX_CC_START_TOO_LONG;

    if (line) {
        spec->argv[spec->argc - 1] = line;
    }

    if (total) {
        *total = text;
    }

    if (longest) {
        *longest = max;
    }

    return rc;
}


static ngx_uint_t
ngx_cc_command_fits(const ngx_cc_wire_strings_t *strings, size_t *text,
    size_t *longest)
{
    *text = ngx_cc_wire_text_size(strings, longest);

    return *text <= NGX_CC_WIRE_MAX_TEXT
           && *longest <= NGX_CC_WIRE_MAX_STRING
           && strings->argc + strings->envc + strings->npaths
              + strings->ncontrol
              <= NGX_CC_WIRE_MAX_STRINGS;
}


/*
 * "strings" have "text" bytes.  "line", if any, is to be read from a
 * descriptor: the last word of argv is what tells the shell so.
 */

static ngx_cc_start_e
ngx_cc_command_begin(ngx_cc_command_conf_t *conf, ngx_cc_command_spec_t *spec,
    const ngx_cc_wire_strings_t *strings, size_t text, const char *line,
    ngx_cc_command_t **cmd)
{
    ngx_cc_start_e          rc;
    ngx_cc_handle_t         handle;
    ngx_cc_reason_e         reason;
    ngx_cc_wire_start_t    *start;
    ngx_cc_command_link_t  *cl;

    rc = NGX_CC_START_UNAVAILABLE;
    reason = NGX_CC_REASON_UNAVAILABLE;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        ngx_cc_zone_refused(NGX_CC_REASON_RELOADING);
        return NGX_CC_START_EXITING;
    }

    cl = ngx_calloc(sizeof(ngx_cc_command_link_t), ngx_cycle->log);

    if (cl) {
        cl->script = -1;
    }

    start = ngx_alloc(sizeof(ngx_cc_wire_start_t) + text, ngx_cycle->log);

    if (cl == NULL || start == NULL) {
        goto refused;
    }

    if (spec->handle) {
        handle = *spec->handle;

    } else if (ngx_cc_handle_make(&handle) != 0) {
        goto refused;
    }

    if (ngx_cc_zone_claim(conf->slots, NGX_CC_SLOTS_COMMANDS,
                          conf->max_commands, &cl->slot)
        != NGX_OK)
    {
        rc = NGX_CC_START_LIMIT;
        reason = NGX_CC_REASON_COMMANDS;
        goto refused;
    }

    if (ngx_cc_command_share(conf, spec, &cl->slot) != NGX_OK) {
        rc = NGX_CC_START_OWNER;
        reason = NGX_CC_REASON_COMMANDS_OWNER;
        goto refused;
    }

    ngx_cc_wire_init(start, NGX_CC_WIRE_START, 0, sizeof(*start));

    start->head.flags = (ngx_strchr(spec->program, '/') == NULL)
                        ? NGX_CC_START_SEARCH : 0;

    if (conf->work) {
        start->head.flags |= NGX_CC_START_WORK;
    }

    if (spec->exact) {
        start->head.flags |= NGX_CC_START_EXACT;
    }

    if (line) {
        start->head.flags |= NGX_CC_START_SCRIPT;

    } else if (spec->direct != NGX_CC_PLAINLINE_NONE) {
        start->head.flags |= (spec->direct == NGX_CC_PLAINLINE_DASH)
                             ? NGX_CC_START_DASH : NGX_CC_START_BASH;
    }

    if (spec->open_stdin) {
        start->head.flags |= NGX_CC_START_STDIN;
    }

    if (spec->merge) {
        start->head.flags |= NGX_CC_START_MERGE;
    }

    if (spec->cols) {
        start->head.flags |= NGX_CC_START_TTY
                             |(spec->noecho ? NGX_CC_START_NOECHO : 0);
        start->cols = spec->cols;
        start->rows = spec->rows;
    }

    start->run_limit = spec->timeout;
    start->silence = conf->silence_timeout;
    start->grace = conf->kill_grace;
    start->linger = conf->linger;
    start->window = conf->buffer;
    start->max_output = conf->max_output;
    start->confine = conf->confine;
    cl->public.memory_limit = conf->confine.cgroup.memory;
    start->handle = handle;

    if (spec->owner) {
        ngx_memcpy(start->owner, spec->owner, NGX_CC_OWNER_SIZE);
    }

    cl->keepable = spec->keepable;

    if (spec->shown) {
        ngx_cc_command_observe_init(cl, spec);
    }

    if (cl->keepable) {
        start->head.flags |= NGX_CC_START_KEEPABLE;
        start->keep.output = conf->keep.output;
    }

    if (spec->keep) {
        rc = ngx_cc_command_keep_prepare(cl, conf, spec, start);

        if (rc != NGX_CC_START_OK) {
            reason = rc == NGX_CC_START_UNAVAILABLE
                     ? NGX_CC_REASON_UNAVAILABLE : NGX_CC_REASON_COMMANDS;
            goto refused;
        }

        rc = NGX_CC_START_UNAVAILABLE;
    }

    if (ngx_cc_wire_start_pack(start, strings) == 0) {
        goto refused;
    }

    if (line) {
        cl->script = ngx_cc_script_make(line, ngx_strlen(line));

        if (cl->script == -1) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                          "cc_executor: no descriptor for a long command");
            goto refused;
        }

        /* a recorder gets the line that was asked for */

        spec->argv[spec->argc - 1] = line;
    }

    /* what cannot be recorded does not run */

    if (ngx_cc_record_open(&cl->record, spec->recorder, strings, &handle,
                           spec->timeout, spec->trace)
        != NGX_OK)
    {
        goto refused;
    }

    cl->message = start;
    cl->conf = conf;
    cl->event = spec->event;
    cl->wake = spec->wake;
    cl->timeout = spec->timeout;
    cl->drain.taken = spec->taken;
    cl->drain.reader = spec->reader;
    cl->has_stdin = spec->open_stdin;
    cl->public.cols = spec->cols;
    cl->public.rows = spec->rows;
    cl->public.data = spec->data;

    (void) ngx_cc_handle_format(&handle, (char *) cl->public.id);
    cl->public.named = (spec->keep != NULL);

    ngx_cc_command_link_init(cl);
    ngx_cc_command_link_begin(cl);

    *cmd = &cl->public;

    return NGX_CC_START_OK;

refused:

    ngx_cc_command_discard(cl, start);
    ngx_cc_zone_refused(reason);

    return rc;
}


/* a start that has failed: NULLs are ignored */

static void
ngx_cc_command_discard(ngx_cc_command_link_t *cl, ngx_cc_wire_start_t *start)
{
    if (cl) {
        if (cl->script != -1) {
            (void) close(cl->script);
        }

        ngx_cc_watch_close(cl);
        ngx_cc_command_observe_end(cl);

        if (cl->birth) {
            ngx_cc_kept_drop(cl->birth);
        }

        ngx_cc_zone_free(&cl->slot);
        ngx_free(cl);
    }

    if (start) {
        /* it has a key */
        ngx_explicit_memzero(start, sizeof(ngx_cc_wire_start_t));
        ngx_free(start);
    }
}


/* may this owner have one more? */

static ngx_int_t
ngx_cc_command_share(ngx_cc_command_conf_t *conf, ngx_cc_command_spec_t *spec,
    ngx_cc_slot_t *slot)
{
    uint64_t  key;

    if (conf->max_per_owner == 0 || spec->owner == NULL) {
        return NGX_OK;
    }

    ngx_memcpy(&key, spec->owner, sizeof(key));

    if (conf->max_per_owner != NGX_CC_COMMAND_SHARE) {
        return ngx_cc_zone_share(slot, NGX_CC_SLOTS_OWNER, key,
                                 conf->max_per_owner);
    }

    return spec->apart ? ngx_cc_zone_share_fairly(slot, NGX_CC_SLOTS_OWNER,
                                                  key, conf->max_commands)
                       : NGX_OK;
}


int
ngx_cc_command_peek(ngx_cc_command_t *cmd, ngx_cc_ring_record_t *rec)
{
    int                     rc;
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch) {
        return ngx_cc_watch_peek(cl, rec);
    }

    if (cl->helper == NULL || cl->handover) {
        return 0;
    }

    rc = ngx_cc_ring_peek(&cl->reader, cl->head, rec);

    if (rc == -1) {
        /* whatever follows it cannot be trusted either */
        cl->head = cl->reader.pos;
        ngx_cc_command_link_lose(cl, "broken record in the ring");
        return 0;
    }

    return rc;
}


void
ngx_cc_command_skip(ngx_cc_command_t *cmd, const ngx_cc_ring_record_t *rec)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch) {
        ngx_cc_watch_skip(cl, rec);
        return;
    }

    ngx_cc_ring_skip(&cl->reader, rec);
    ngx_cc_zone_count(NGX_CC_TOTAL_OUTPUT + rec->stream, rec->len);

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        if (cl->reader.pos == cl->head) {
            ngx_cc_command_link_over(cl);
        }

        return;
    }

    if (cl->reader.pos == cl->head
        || cl->reader.pos - cl->credited >= cl->window / 2)
    {
        cl->credit_due = 1;
        ngx_cc_command_send(cl);
    }
}


int
ngx_cc_command_finished(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch) {
        return ngx_cc_watch_finished(cl);
    }

    return cmd->state == NGX_CC_COMMAND_OVER
           && cl->reader.pos == cl->head;
}


ngx_int_t
ngx_cc_command_pause(ngx_cc_command_t *cmd, ngx_uint_t on)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    if (cmd->paused && !on && cl->timeout && cl->helper) {
        /* the time that it was paused does not count */
        ngx_cc_command_deadline_expect(cl, cl->timeout);
    }

    cmd->paused = on ? 1 : 0;
    ngx_cc_record_signalled(ngx_cc_command_record(cl),
                            on ? "PAUSE" : "RESUME");
    ngx_cc_command_link_signal(cl);

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_signal(ngx_cc_command_t *cmd, int signo,
    ngx_cc_signal_target_e to)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    if (cl->nuntold == NGX_CC_COMMAND_LINK_UNTOLD) {
        return NGX_BUSY;
    }

    cl->untold[cl->nuntold].signo = signo;
    cl->untold[cl->nuntold].to = to;
    cl->nuntold++;

    ngx_cc_record_signalled(ngx_cc_command_record(cl),
                            ngx_cc_names_signal(signo));
    ngx_cc_command_send(cl);

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_resize(ngx_cc_command_t *cmd, uint16_t cols, uint16_t rows)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING || cmd->cols == 0) {
        return NGX_DECLINED;
    }

    cmd->cols = cols;
    cmd->rows = rows;
    cl->resize_due = 1;
    ngx_cc_command_send(cl);

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_cancel(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        return NGX_DECLINED;
    }

    if (cl->watch) {
        cl->watch->unwanted = 1;
    }

    if (cmd->canceling) {
        return NGX_OK;
    }

    cmd->canceling = 1;
    cmd->paused = 0;
    cl->ends = NGX_CC_CAUSE_CANCEL;

    if (cl->helper == NULL && (cl->watch == NULL || cl->birth)) {
        ngx_cc_record_signalled(&cl->record, "CANCEL");
        ngx_cc_command_link_withdraw(cl);
        return NGX_OK;
    }

    /* one that is being started gets it after START */

    cl->cancel_due = 1;
    ngx_cc_record_signalled(ngx_cc_command_record(cl), "CANCEL");
    ngx_cc_command_send(cl);

    if (cmd->state == NGX_CC_COMMAND_RUNNING && cl->helper) {
        ngx_cc_command_deadline_expect(cl, 0);
    }

    return NGX_OK;
}


/* what is recorded of it: wherever it is now */

static ngx_cc_record_t *
ngx_cc_command_record(ngx_cc_command_link_t *cl)
{
    if (cl->helper) {
        return &cl->helper->record;
    }

    if (cl->watch && cl->watch->kept) {
        return ngx_cc_kept_record(cl->watch->kept);
    }

    return &cl->record;
}


void
ngx_cc_command_shutdown(ngx_cc_command_t *cmd, ngx_uint_t now)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        return;
    }

    if (cl->watch && cl->birth == NULL) {
        /* nothing but its helper ends it */
        return;
    }

    if (now) {
        ngx_cc_command_link_cut(cl);
        return;
    }

    if (cmd->canceling) {
        return;
    }

    if (cl->helper == NULL) {
        ngx_cc_pool_forget(&cl->wait);
        return;
    }

    cmd->canceling = 1;
    cmd->paused = 0;
    cl->ends = NGX_CC_CAUSE_SHUTDOWN;
    cl->signal_due = 0;
    cl->cancel_due = 1;
    ngx_cc_command_send(cl);
    ngx_cc_command_deadline_expect(cl, 0);
}


ssize_t
ngx_cc_command_input(ngx_cc_command_t *cmd, const u_char *p, size_t len,
    ngx_uint_t more, ngx_uint_t eof)
{
    size_t                  n;
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;
    ngx_cc_wire_input_t    *msg;

    if (cmd->state != NGX_CC_COMMAND_RUNNING || !cl->has_stdin
        || cmd->stdin_closed)
    {
        return NGX_DECLINED;
    }

    if (cl->input_busy) {
        return NGX_BUSY;
    }

    n = ngx_min(len, NGX_CC_WIRE_MAX_INPUT);

    msg = ngx_alloc(sizeof(ngx_cc_wire_input_t) + n, ngx_cycle->log);

    if (msg == NULL) {
        if (cl->watch) {
            return NGX_BUSY;
        }

        ngx_cc_command_link_lose(cl, "no memory for its input");
        return NGX_ERROR;
    }

    ngx_cc_wire_init(msg, NGX_CC_WIRE_INPUT, 0, sizeof(*msg));

    msg->head.size = sizeof(*msg) + n;
    msg->len = n;
    ngx_memcpy(msg + 1, p, n);

    if (eof && n == len) {
        msg->head.flags = NGX_CC_INPUT_EOF;
        cl->has_stdin = (cmd->cols != 0);
    }

    if (cl->watch && (more || n < len)) {
        msg->head.flags |= NGX_CC_INPUT_MORE;
    }

    cl->input = msg;
    cl->input_busy = 1;
    ngx_cc_command_send(cl);

    return n;
}


void
ngx_cc_command_close(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    ngx_cc_command_link_end(cl);
    ngx_cc_zone_free(&cl->slot);

    if (cl->script != -1) {
        (void) close(cl->script);
    }

    if (cl->message) {
        ngx_free(cl->message);
    }

    if (cl->input) {
        ngx_free(cl->input);
    }

    ngx_free(cl);
}
