
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_keep.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_words.h"
#include "ngx_cc_native_message.h"
#include "ngx_cc_native_command.h"
#include "ngx_cc_native_controls.h"
#include "ngx_cc_native_methods.h"
#include "ngx_cc_native_watch.h"
#include "ngx_cc_request.h"


static void ngx_cc_native_command_begun(ngx_cc_native_command_t *ps);
static void ngx_cc_native_command_flush(ngx_cc_native_command_t *ps);
static ngx_int_t ngx_cc_native_command_runs(ngx_cc_native_command_t *ps,
    ngx_cc_asked_t *asked);
static void ngx_cc_native_command_act(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked);
static size_t ngx_cc_native_command_begin(ngx_cc_native_command_t *ps,
    u_char *p, size_t room);


const char  *ngx_cc_native_command_types[] = { "PAUSE", "RESUME", "CANCEL" };


ngx_cc_native_command_t *
ngx_cc_native_command_start(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_asked_t *asked,
    ngx_cc_answers_t *answers, ngx_cc_stdin_share_t *share,
    u_char *session_id, void (*wake)(void *data), void *data, ngx_log_t *log)
{
    ngx_cc_native_command_t  *ps;

    ps = ngx_calloc(sizeof(ngx_cc_native_command_t) + asked->id.len
                    + asked->more.len, log);

    if (ps == NULL) {
        return NULL;
    }

    ngx_cc_asked_copy(&ps->asked, asked, (u_char *) (ps + 1));

    ps->conf = conf;
    ps->answers = answers;
    ps->session_id = session_id;
    ps->wake = wake;
    ps->data = data;
    ps->log = log;
    ps->rounds = ex->rounds;
    ps->indirect = ex->spec.indirect;
    ps->beneath = (ex->spec.command.beneath != NULL);

    ex->spec.command.data = ps;
    ex->spec.command.event = ngx_cc_native_command_event;
    ex->spec.command.wake = ngx_cc_native_command_wake;

    ps->cmd = ngx_cc_spec_start(&ex->spec, conf);

    if (ps->cmd == NULL) {
        ngx_free(ps);
        return NULL;
    }

    ngx_cc_native_output_init(&ps->output, ps->cmd, ex->chunk,
                              ex->encoding == NGX_CC_NATIVE_BASE64, wake, data,
                              log);

    ngx_cc_stdin_init(&ps->input, ps->cmd, answers, share,
                      ex->spec.command.open_stdin, log);

    if (ex->stdin_given
        && ngx_cc_stdin_fill(&ps->input, &ex->stdin_data, !ex->stdin_stays)
           != NGX_OK)
    {
        ngx_cc_native_command_close(ps);
        return NULL;
    }

    return ps;
}


size_t
ngx_cc_native_command_pull(ngx_cc_native_command_t *ps, u_char *p, size_t room)
{
    size_t      n;
    ngx_uint_t  client;

    ps->flows = 0;

    if (ps->failed && ps->attach) {
        ps->ended = 1;

        return ps->asked.id.len ? ngx_cc_native_watch_refused(ps, p, room) : 0;
    }

    if (ps->failed) {
        ps->ended = 1;

        if (ps->asked.id.len == 0) {
            return 0;
        }

        /* is it what the client asked for, or of this location, that cannot
           be; or are we to blame? */

        client = ps->cmd->stage == NGX_CC_STAGE_EXEC ? !ps->indirect
               : ps->cmd->stage == NGX_CC_STAGE_CHDIR
                 ? (ps->beneath || !ps->conf->command.work) : 0;

        return ngx_cc_native_message_failure(p, room, &ps->asked.id, ps->cmd,
                                             ps->conf, client);
    }

    if (ps->cmd->state == NGX_CC_COMMAND_WAITING || ps->delay.timer_set) {
        return 0;
    }

    n = ngx_cc_native_command_begin(ps, p, room);

    if (n) {
        return n;
    }

    if (ps->resized) {
        ps->resized = 0;
        return ngx_cc_native_watch_resized(ps, p, room);
    }

    if (ps->detached) {
        ps->ended = 1;
        return ngx_cc_native_watch_detached(ps, p, room);
    }

    if (!ngx_cc_native_watch_open(ps)) {
        return 0;
    }

    n = ngx_cc_native_output_pull(&ps->output, p, room);
    ps->flows = (n != 0);

    if (n || !ngx_cc_native_output_done(&ps->output)) {
        return n;
    }

    if (!ps->warned) {
        ps->warned = 1;
        n = ngx_cc_native_message_limit(p, room, ps->cmd);

        if (n) {
            return n;
        }
    }

    ps->ended = 1;

    if (ps->cmd->kept) {
        ngx_cc_command_keep_read(ps->cmd);
    }

    return ngx_cc_native_message_completed(p, room, ps->cmd,
                                     ps->output.stream[NGX_CC_STDOUT].offset,
                                     ps->output.stream[NGX_CC_STDERR].offset);
}


size_t
ngx_cc_native_command_next(ngx_cc_native_command_t *ps, u_char *p, size_t room)
{
    return ngx_cc_native_watch_open(ps)
           ? ngx_cc_native_output_next(&ps->output, p, room) : 0;
}


void
ngx_cc_native_command_control(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked)
{
    if (ps->cmd->state != NGX_CC_COMMAND_WAITING || ps->failed) {
        ngx_cc_native_command_act(ps, type, asked);
        return;
    }

    if (type == NGX_CC_NATIVE_COMMAND_CANCEL) {
        /* that it was is told in its turn; one in the line never starts */
        (void) ngx_cc_command_cancel(ps->cmd);
    }

    ngx_cc_native_controls_wait(ps, type, asked);
}


void
ngx_cc_native_command_signal(ngx_cc_native_command_t *ps,
    ngx_cc_native_signal_t *signal, ngx_cc_asked_t *asked)
{
    u_char         buf[NGX_CC_MESSAGE_SIZE];
    ngx_cc_json_t  w;

    if (signal->to == NGX_CC_SIGNAL_TREE
        && (signal->signo == SIGSTOP || signal->signo == SIGCONT))
    {
        ngx_cc_native_command_control(ps, signal->signo == SIGSTOP
                                          ? NGX_CC_NATIVE_COMMAND_PAUSE
                                          : NGX_CC_NATIVE_COMMAND_RESUME,
                                      asked);
        return;
    }

    if (ngx_cc_native_command_runs(ps, asked) != NGX_OK) {
        return;
    }

    if (ngx_cc_command_signal(ps->cmd, signal->signo, signal->to) != NGX_OK) {
        ngx_cc_message_refuse(ps->answers, &asked->id, NGX_CC_ERROR_LIMIT,
                             ngx_cc_text("too many signals for this process "
                                         "wait to be sent"));
        return;
    }

    ngx_cc_native_watch_observed(ps, ngx_cc_names_signal(signal->signo), 1);

    if (asked->id.len == 0) {
        return;
    }

    ngx_cc_native_command_flush(ps);

    ngx_cc_message_writer(&w, buf, sizeof(buf));
    ngx_cc_message_answer(&w, &asked->id);
    ngx_cc_json_lit(&w, "\"result\":{\"status\":\"signaled\",\"signal\":");
    ngx_cc_json_cstring(&w, ngx_cc_names_signal(signal->signo));
    ngx_cc_json_lit(&w, ",\"to\":");
    ngx_cc_json_cstring(&w, ngx_cc_native_terminal_target(signal->to));
    ngx_cc_json_lit(&w, ",\"state\":");
    ngx_cc_json_cstring(&w, ngx_cc_native_message_word(ps->cmd));
    ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
    ngx_cc_json_lit(&w, "}}");
    (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
}


void
ngx_cc_native_command_resize(ngx_cc_native_command_t *ps, uint16_t cols,
    uint16_t rows, ngx_cc_asked_t *asked)
{
    u_char         buf[NGX_CC_MESSAGE_SIZE];
    size_t         n;
    ngx_cc_json_t  w;

    if (ngx_cc_native_command_runs(ps, asked) != NGX_OK) {
        return;
    }

    (void) ngx_cc_command_resize(ps->cmd, cols, rows);

    /* it is told below, not once more when all watchers are */

    ps->cols = cols;
    ps->rows = rows;

    ngx_cc_native_command_flush(ps);

    if (asked->id.len) {
        ngx_cc_message_writer(&w, buf, sizeof(buf));
        ngx_cc_message_answer(&w, &asked->id);
        ngx_cc_json_lit(&w, "\"result\":{\"status\":\"resized\",\"cols\":");
        ngx_cc_json_uint(&w, cols);
        ngx_cc_json_lit(&w, ",\"rows\":");
        ngx_cc_json_uint(&w, rows);
        ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
        ngx_cc_json_lit(&w, "}}");
        (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
    }

    n = ngx_cc_native_message_resized(buf, sizeof(buf), ps->cmd);
    (void) ngx_cc_answers_put(ps->answers, buf, n);
}


/* NGX_OK, or it does not run, and that is answered */

static ngx_int_t
ngx_cc_native_command_runs(ngx_cc_native_command_t *ps, ngx_cc_asked_t *asked)
{
    const char  *text;

    if (ps->cmd->state == NGX_CC_COMMAND_RUNNING) {
        return NGX_OK;
    }

    text = ps->failed ? "the process could not be started"
           : ps->cmd->state == NGX_CC_COMMAND_WAITING
             ? "the process has not started yet" : "the process has ended";

    ngx_cc_message_refuse(ps->answers, &asked->id, NGX_CC_ERROR_NO_PROCESS,
                          text, ngx_strlen(text));

    return NGX_DECLINED;
}


void
ngx_cc_native_command_close(ngx_cc_native_command_t *ps)
{
    if (ps->delay.timer_set) {
        ngx_del_timer(&ps->delay);
    }

    ngx_cc_native_controls_forget(ps);
    ngx_cc_stdin_close(&ps->input);
    ngx_cc_native_output_close(&ps->output);
    ngx_cc_command_close(ps->cmd);
    ngx_free(ps);
}


void
ngx_cc_native_command_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event)
{
    ngx_cc_native_command_t  *ps = data;

    switch (event) {

    case NGX_CC_COMMAND_STARTED:

        if (ps->attach) {
            ps->cols = cmd->attached.cols;
            ps->rows = cmd->attached.rows;
            ngx_cc_native_output_from(&ps->output, cmd->attached.from);
            ngx_memcpy(ps->credit, cmd->attached.from, sizeof(ps->credit));
            ngx_cc_stdin_from(&ps->input, cmd->attached.accepted,
                              (cmd->attached.flags & NGX_CC_ATTACHED_STDIN)
                              && (cmd->attached.flags
                                  & NGX_CC_ATTACH_WRITE));

            if (ps->redraw && (cmd->attached.flags & NGX_CC_ATTACH_WRITE)) {
                /* the size that it has means just that */
                (void) ngx_cc_command_resize(cmd, cmd->cols, cmd->rows);
            }

            ngx_cc_native_watch_observed(ps, "attach", 0);
            break;
        }

        ps->cols = cmd->cols;
        ps->rows = cmd->rows;

        ngx_cc_words_log_started(cmd, ps->session_id, ps->log);

        ngx_cc_native_command_begun(ps);
        ngx_cc_stdin_feed(&ps->input);
        break;

    case NGX_CC_COMMAND_FAILED:

        if (ps->attach) {
            ngx_cc_native_controls_settle(ps);
            ngx_cc_native_watch_refuse(ps);
            break;
        }

        ngx_cc_words_log_failed(cmd, ps->session_id, ps->log);
        ps->failed = 1;
        ngx_cc_native_controls_settle(ps);
        break;

    case NGX_CC_COMMAND_DETACHED:

        if (ps->attach && !ps->answered) {
            ps->detached = "unreachable";
            ps->failed = 1;

        } else {
            ps->detached = cmd->detached == NGX_CC_COMMAND_REMOVED ? "removed"
                           : cmd->detached == NGX_CC_COMMAND_TAKEN ? "taken"
                           : "unreachable";
        }

        ngx_cc_native_controls_settle(ps);
        break;

    case NGX_CC_COMMAND_STATE:

        if (cmd->attached.cols
            && (cmd->attached.cols != ps->cols
                || cmd->attached.rows != ps->rows))
        {
            ps->cols = cmd->attached.cols;
            ps->rows = cmd->attached.rows;
            ps->resized = 1;
        }

        break;

    case NGX_CC_COMMAND_EXITED:

        if (!ps->attach) {
            ngx_cc_words_log_ended(cmd, ps->session_id, ps->log);
        }

        if (cmd->pid == 0) {
            ngx_cc_native_command_begun(ps);
        }

        ngx_cc_native_controls_settle(ps);
        break;

    case NGX_CC_COMMAND_INPUT:
        ngx_cc_stdin_fed(&ps->input);
        break;

    case NGX_CC_COMMAND_SIGNALLED:
        ngx_cc_native_controls_paused(ps);
        break;

    case NGX_CC_COMMAND_UNPASSED:
        ngx_cc_native_command_flush(ps);
        ngx_cc_native_controls_unpassed(ps);
        break;

    case NGX_CC_COMMAND_KEPT:
    case NGX_CC_COMMAND_UNKEPT:
    case NGX_CC_COMMAND_LISTENING:
        /* here a command is kept from its start or never */
        return;
    }

    ps->wake(ps->data);
}


void
ngx_cc_native_command_wake(void *data, ngx_cc_command_t *cmd)
{
    ngx_cc_native_command_t  *ps = data;

    ps->wake(ps->data);
}


/* it has started, or will never: what waited for that */

static void
ngx_cc_native_command_begun(ngx_cc_native_command_t *ps)
{
    ngx_uint_t                       i, n;
    ngx_cc_native_command_waiting_t  control[NGX_CC_NATIVE_COMMAND_CONTROLS];

    /* a PAUSE waits once more, for the tree to stop */

    n = ps->controls;
    ngx_memcpy(control, ps->control, n * sizeof(control[0]));
    ps->controls = 0;

    for (i = 0; i < n; i++) {
        ngx_cc_native_command_act(ps, control[i].type, &control[i].asked);
        ngx_free(control[i].asked.id.data);
    }
}


static void
ngx_cc_native_command_act(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked)
{
    ngx_int_t  rc;

    if (type == NGX_CC_NATIVE_COMMAND_CANCEL) {
        /* before it was started, see control() */
        rc = ps->cmd->state == NGX_CC_COMMAND_OVER && ps->cmd->pid == 0
             ? NGX_OK : ngx_cc_command_cancel(ps->cmd);

    } else {
        rc = ngx_cc_command_pause(ps->cmd, type == NGX_CC_NATIVE_COMMAND_PAUSE);
    }

    if (rc != NGX_OK) {
        ngx_cc_message_refuse(ps->answers, &asked->id,
                             NGX_CC_ERROR_NO_PROCESS,
                             ngx_cc_text("the process has ended"));
        return;
    }

    ngx_cc_native_watch_observed(ps, ngx_cc_native_command_types[type], 1);
    ngx_cc_native_command_flush(ps);

    if (type == NGX_CC_NATIVE_COMMAND_PAUSE) {
        ngx_cc_native_controls_wait(ps, type, asked);
        return;
    }

    /* a PAUSE before it is overtaken, and answered first */

    ngx_cc_native_controls_paused(ps);
    ngx_cc_native_controls_done(ps, type, asked);
}


/* what is told about it now is not to be read before "started" */

static void
ngx_cc_native_command_flush(ngx_cc_native_command_t *ps)
{
    u_char  buf[NGX_CC_MESSAGE_SIZE];
    size_t  n;

    while ((n = ngx_cc_native_command_begin(ps, buf, sizeof(buf))) != 0) {
        (void) ngx_cc_answers_put(ps->answers, buf, n);
    }
}


/* the two messages with which it begins, one at a time */

static size_t
ngx_cc_native_command_begin(ngx_cc_native_command_t *ps, u_char *p, size_t room)
{
    if (ps->attach) {
        ps->notified = 1;

        if (ps->answered) {
            return 0;
        }

        ps->answered = 1;

        return ps->asked.id.len ? ngx_cc_native_watch_attached(ps, p, room) : 0;
    }

    if (!ps->answered) {
        ps->answered = 1;

        if (ps->asked.id.len) {
            return ngx_cc_native_message_started(p, room, &ps->asked, ps->cmd);
        }
    }

    if (!ps->notified && ps->cmd->pid) {
        ps->notified = 1;
        ps->round = *ps->rounds;
        return ngx_cc_native_message_state(p, room, ps->cmd, "started");
    }

    return 0;
}
