
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_client_control.h"
#include "ngx_cc_client_execute.h"
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_run.h"
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_stdin.h"
#include "ngx_cc_client_terminal.h"


typedef struct {
    ngx_cc_client_rpc_t         *rpc;
    const ngx_cc_client_args_t  *args;
    char                         id[NGX_CC_CLIENT_ID];   /* of the command */
    uint64_t                     request;    /* execute or attach */
    uint32_t                     channel;    /* of its packets */
    ngx_cc_client_output_t       output;
    ngx_cc_client_control_t      control;
    int                          status;     /* to exit with, when "over" */

    unsigned                     logs:1;
    unsigned                     kept:1;     /* it outlives a connection */
    unsigned                     asked:1;    /* the request is sent */
    unsigned                     told:1;     /* and answered */
    unsigned                     over:1;     /* nothing more comes */
    unsigned                     left:1;     /* by Ctrl-P Ctrl-Q */
    unsigned                     bounded:1;  /* end at "until" */
    unsigned                     replay:1;   /* what comes up to "until" is
                                                old: nothing is typed to it */
    uint64_t                     until[2];
} ngx_cc_client_run_t;


/* there is one in a process */

static ngx_cc_client_run_t    ngx_cc_client_the_run;
static ngx_cc_client_stdin_t  ngx_cc_client_input;


static void ngx_cc_client_run_begin(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_ask(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_loop(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_leave(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_poll(ngx_cc_client_run_t *run);
static int ngx_cc_client_run_patience(const ngx_cc_client_run_t *run,
    int waits);
static void ngx_cc_client_run_messages(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_message(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_notice(ngx_cc_client_run_t *run,
    const char *method);
static void ngx_cc_client_run_reached(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_answer(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_terminal(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_refused(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_completed(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_again(ngx_cc_client_run_t *run, int leaves);
static void ngx_cc_client_run_finish(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_end(ngx_cc_client_run_t *run, int status);


int
ngx_cc_client_run(ngx_cc_client_rpc_t *rpc, const char *id)
{
    ngx_cc_client_run_t         *run;
    const ngx_cc_client_args_t  *args;

    args = rpc->args;

    run = &ngx_cc_client_the_run;
    run->rpc = rpc;
    run->args = args;
    run->kept = args->keep || id;
    run->logs = (args->verb == NGX_CC_VERB_LOGS);
    run->bounded = (run->logs && !args->follow);

    if (id) {
        (void) snprintf(run->id, sizeof(run->id), "%s", id);
    }

    /* until there is a connection, Ctrl-C is what it always was */

    if (rpc->ws.socket.fd == -1) {
        ngx_cc_client_rpc_need(rpc);
    }

    ngx_cc_client_output_init(&run->output, args);
    ngx_cc_client_stdin_init(&ngx_cc_client_input, rpc, run->id,
                             run->logs || args->no_stdin || args->detach
                             || args->read_only);
    ngx_cc_client_control_init(&run->control, rpc, run->id,
                               run->logs || args->read_only);

    ngx_cc_client_run_begin(run);
    ngx_cc_client_run_loop(run);
    ngx_cc_client_run_finish(run);

    if (run->control.raw) {
        ngx_cc_client_terminal_restore();
    }

    if (run->left && !args->json) {
        (void) fputs("\n", stderr);
        ngx_cc_client_say("detached; back again: cc-run attach %s", run->id);
    }

    ngx_cc_client_ws_close(&rpc->ws);

    return run->status;
}


static void
ngx_cc_client_run_begin(ngx_cc_client_run_t *run)
{
    run->told = 0;
    run->asked = 0;

    ngx_cc_client_run_ask(run);
}


/* once it is known what the server can, if that matters */

static void
ngx_cc_client_run_ask(ngx_cc_client_run_t *run)
{
    int                   text;
    ngx_cc_client_rpc_t  *rpc;

    rpc = run->rpc;
    text = run->args->json || run->args->detach;

    if (run->asked || (!text && !rpc->greeted)) {
        return;
    }

    run->asked = 1;
    rpc->ws.wanted = !text && rpc->offers;
    run->request = run->id[0]
                   ? ngx_cc_client_attach(rpc, run->id, run->output.offset,
                                          !run->logs && !run->args->read_only)
                   : ngx_cc_client_execute(rpc, !ngx_cc_client_input.closed);
}


static void
ngx_cc_client_run_loop(ngx_cc_client_run_t *run)
{
    for ( ;; ) {
        ngx_cc_client_run_messages(run);
        ngx_cc_client_run_leave(run);

        if (run->over) {
            return;
        }

        ngx_cc_client_run_poll(run);
        ngx_cc_client_run_leave(run);
    }
}


/* does the user want that? */

static void
ngx_cc_client_run_leave(ngx_cc_client_run_t *run)
{
    if (run->over) {
        return;
    }

    if (run->control.over) {
        ngx_cc_client_run_end(run, run->control.status);

    } else if (ngx_cc_client_stdin_gone(&ngx_cc_client_input)) {
        run->left = 1;
        ngx_cc_client_run_end(run, 0);
    }
}


/* waits for what may come, once; output that waits holds the server up */

static void
ngx_cc_client_run_poll(ngx_cc_client_run_t *run)
{
    int                  waits, ready;
    struct pollfd        fd[4];
    ngx_cc_client_ws_t  *ws;

    ws = &run->rpc->ws;
    waits = ngx_cc_client_output_waits(&run->output);
    ready = !waits && ngx_cc_client_pending(&ws->socket);

    memset(fd, 0, sizeof(fd));
    fd[0].fd = run->control.fd;
    fd[0].events = POLLIN;
    fd[1].fd = ws->socket.fd;
    fd[1].events = ngx_cc_client_ws_events(ws, !waits);
    fd[2].fd = run->told ? ngx_cc_client_stdin_fd(&ngx_cc_client_input) : -1;
    fd[2].events = POLLIN;
    fd[3].fd = waits ? run->output.fd : -1;
    fd[3].events = POLLOUT;

    /* who waits for room only does not look at a peer that is gone */

    if (fd[1].events == 0) {
        fd[1].fd = -1;
    }

    if (poll(fd, 4, ready ? 0 : ngx_cc_client_run_patience(run, waits)) == -1)
    {
        return;
    }

    if (fd[0].revents) {
        ngx_cc_client_control_take(&run->control);
    }

    ngx_cc_client_control_late(&run->control);

    if (ngx_cc_client_ws_waiting(ws)) {
        ngx_cc_client_ws_flush(ws);
    }

    if (fd[2].revents) {
        ngx_cc_client_stdin_take(&ngx_cc_client_input);

    } else if (run->told) {
        ngx_cc_client_stdin_push(&ngx_cc_client_input);
    }

    if (fd[3].revents) {
        ngx_cc_client_output_flush(&run->output);
    }

    if (waits) {
        ngx_cc_client_ws_alive(ws);

    } else if (ready || ws->socket.wants_write
               || (fd[1].revents & (POLLIN|POLLHUP|POLLERR)))
    {
        (void) ngx_cc_client_ws_receive(ws);
    }
}


/* ms until something is due; -1: nothing is */

static int
ngx_cc_client_run_patience(const ngx_cc_client_run_t *run, int waits)
{
    int     least;
    size_t  i;

    const int  due[] = { ngx_cc_client_control_wait(&run->control),
                         ngx_cc_client_stdin_wait(&ngx_cc_client_input),
                         waits ? NGX_CC_CLIENT_ALIVE : -1 };

    least = -1;

    for (i = 0; i < sizeof(due) / sizeof(due[0]); i++) {
        if (due[i] != -1 && (least == -1 || due[i] < least)) {
            least = due[i];
        }
    }

    return least;
}


/* what has come, until output has to wait */

static void
ngx_cc_client_run_messages(ngx_cc_client_run_t *run)
{
    int                   rc;
    ngx_cc_client_rpc_t  *rpc;

    rpc = run->rpc;

    while (!run->over && !ngx_cc_client_output_waits(&run->output)) {
        rc = ngx_cc_client_rpc_next(rpc);

        if (rc == 0) {
            return;
        }

        if (rc == -1) {
            /* of the next one something may have come with its handshake */
            ngx_cc_client_run_again(run, rpc->ws.code == NGX_CC_CLIENT_LEAVES);
            continue;
        }

        if (rc == 2) {

            if (run->told && rpc->packet.channel == run->channel) {
                ngx_cc_client_output_packet(&run->output, &rpc->packet,
                                            rpc->text, rpc->len);
                ngx_cc_client_run_reached(run);
            }

            continue;
        }

        if (ngx_cc_client_rpc_shown(rpc)) {
            ngx_cc_client_output_line(&run->output, rpc->text, rpc->len);
        }

        ngx_cc_client_run_message(run);
        ngx_cc_client_run_ask(run);
    }
}


static void
ngx_cc_client_run_message(ngx_cc_client_run_t *run)
{
    uint64_t                  id;
    const char               *method, *of;
    ngx_cc_client_message_t  *m;

    m = run->rpc->message;
    id = ngx_cc_client_rpc_id(run->rpc);
    method = ngx_cc_client_message_get(m, "method", NULL);

    if (method == NULL) {

        if (!run->told && (id == run->request || id == 0)) {
            ngx_cc_client_run_answer(run);

        } else {
            ngx_cc_client_control_answer(&run->control, id);
            ngx_cc_client_stdin_answer(&ngx_cc_client_input, m, id);
        }

        return;
    }

    of = ngx_cc_client_message_get(m, "params.execution_id", NULL);

    if (of == NULL || run->id[0] == '\0' || strcmp(of, run->id) == 0) {
        ngx_cc_client_run_notice(run, method);
    }
}


static void
ngx_cc_client_run_notice(ngx_cc_client_run_t *run, const char *method)
{
    const char               *reason;
    ngx_cc_client_message_t  *m;

    m = run->rpc->message;

    if (strcmp(method, "process.output") == 0) {
        ngx_cc_client_output_add(&run->output, m);
        ngx_cc_client_run_reached(run);

    } else if (strcmp(method, "process.gap") == 0) {
        ngx_cc_client_output_gap(&run->output, m);
        ngx_cc_client_run_reached(run);

    } else if (strcmp(method, "process.completed") == 0) {
        ngx_cc_client_run_completed(run);

    } else if (strcmp(method, "process.unpassed") == 0) {
        ngx_cc_client_control_unpassed(m);

    } else if (strcmp(method, "process.detached") == 0) {
        reason = ngx_cc_client_message_get(m, "params.reason", NULL);

        /* after "reload" the connection is closed, and made again */
        if (reason && strcmp(reason, "reload") != 0) {
            ngx_cc_client_say("detached: %s; the command may go on: cc-run "
                              "attach %s", reason, run->id);
            ngx_cc_client_run_end(run, NGX_CC_CLIENT_FAILED);
        }
    }
}


/* is all here that was there when we attached? */

static void
ngx_cc_client_run_reached(ngx_cc_client_run_t *run)
{
    if (!run->told || run->output.offset[0] < run->until[0]
        || run->output.offset[1] < run->until[1])
    {
        return;
    }

    if (run->replay) {
        /* our terminal has answered old questions of the command */
        run->replay = 0;
        ngx_cc_client_input.deaf = 0;
        ngx_cc_client_terminal_forget();
    }

    ngx_cc_client_output_release(&run->output);

    if (run->bounded) {
        ngx_cc_client_run_end(run, 0);
    }
}


/* to execute or attach */

static void
ngx_cc_client_run_answer(ngx_cc_client_run_t *run)
{
    int                       open;
    const char               *id;
    ngx_cc_client_message_t  *m;

    m = run->rpc->message;
    id = ngx_cc_client_message_get(m, "result.execution_id", NULL);

    if (ngx_cc_client_message_get(m, "error.message", NULL)) {
        ngx_cc_client_run_refused(run);
        return;
    }

    /* from now on it is called as the server calls it: with its node's name */

    if (ngx_cc_client_rpc_is_id(id)) {
        (void) snprintf(run->id, sizeof(run->id), "%s", id);

    } else if (!run->id[0]) {
        ngx_cc_client_say("the server does not say which command it is");
        ngx_cc_client_run_end(run, NGX_CC_CLIENT_FAILED);
        return;
    }

    run->told = 1;
    run->channel = (uint32_t) ngx_cc_client_message_number(m, "result.channel",
                                                           0);
    ngx_cc_client_input.channel = run->rpc->ws.wanted ? run->channel : 0;
    ngx_cc_client_rpc_good(run->rpc);

    if (run->args->detach) {
        if (!run->args->json) {
            (void) puts(run->id);
            ngx_cc_client_output_printed();
        }

        ngx_cc_client_run_end(run, 0);
        return;
    }

    if (run->until[0] + run->until[1] == 0) {
        run->until[0] = ngx_cc_client_message_number(m, "result.head.stdout",
                                                     0);
        run->until[1] = ngx_cc_client_message_number(m, "result.head.stderr",
                                                     0);
    }

    ngx_cc_client_run_terminal(run);
    ngx_cc_client_run_reached(run);

    open = ngx_cc_client_message_get(m, "result.stdin_open", NULL) == NULL
           || ngx_cc_client_message_true(m, "result.stdin_open");
    ngx_cc_client_stdin_begin(&ngx_cc_client_input,
                  ngx_cc_client_message_number(m, "result.stdin_offset", 0),
                  open);
    ngx_cc_client_control_ready(&run->control);
}


/* the command's terminal becomes ours, if it has one */

static void
ngx_cc_client_run_terminal(ngx_cc_client_run_t *run)
{
    int  attached;

    attached = (ngx_cc_client_message_get(run->rpc->message,
                                          "result.tty.cols", NULL) != NULL);

    if ((!run->args->tty && !attached) || ngx_cc_client_input.closed
        || run->control.raw)
    {
        return;
    }

    ngx_cc_client_input.tty = 1;

    if (ngx_cc_client_terminal_raw(0) == 0) {
        run->control.raw = 1;
        ngx_cc_client_input.keys = run->kept;
        ngx_cc_client_input.deaf = attached ? 1 : 0;
        run->replay = attached;
    }
}


static void
ngx_cc_client_run_refused(ngx_cc_client_run_t *run)
{
    if (ngx_cc_client_rpc_leaves(run->rpc)) {
        ngx_cc_client_run_again(run, 1);
        return;
    }

    ngx_cc_client_say("%s", ngx_cc_client_message_get(run->rpc->message,
                                                      "error.message", NULL));
    ngx_cc_client_run_end(run, run->args->verb == NGX_CC_VERB_RUN
                               && !run->id[0] ? NGX_CC_CLIENT_REFUSED
                                              : NGX_CC_CLIENT_FAILED);
}


static void
ngx_cc_client_run_completed(ngx_cc_client_run_t *run)
{
    int                       status;
    const char               *cause, *error;
    ngx_cc_client_message_t  *m;

    if (run->logs) {
        ngx_cc_client_run_end(run, 0);
        return;
    }

    m = run->rpc->message;
    status = ngx_cc_client_message_status(m, "params.exit_code");
    cause = ngx_cc_client_message_get(m, "params.cause", NULL);
    error = ngx_cc_client_message_get(m, "params.error", NULL);

    /* who has interrupted it knows the cause, unless it is another one */

    if (cause && strcmp(cause, "exit") != 0 && strcmp(cause, "signal") != 0
        && (run->control.interrupts == 0 || status == -1))
    {
        ngx_cc_client_say("ended by the server, cause: %s%s%s%s", cause,
                          error ? " (" : "", error ? error : "",
                          error ? ")" : "");

    } else if (status == -1) {
        ngx_cc_client_say("it is over, but not known how it ended");
    }

    ngx_cc_client_run_end(run, status == -1 ? NGX_CC_CLIENT_FAILED : status);
}


/*
 * The connection is gone, or this server leaves.  A kept command goes on, and
 * so do we, where we stopped; one that was surely not started (the server
 * "leaves") is started by the next server; of another one nobody knows.
 */

static void
ngx_cc_client_run_again(ngx_cc_client_run_t *run, int leaves)
{
    int          rc;
    const char  *error;

    run->told = 0;

    if (ngx_cc_client_input.left) {
        run->left = 1;
        ngx_cc_client_run_end(run, 0);
        return;
    }

    ngx_cc_client_control_lost(&run->control);

    if (run->id[0] ? !run->kept : !leaves) {
        ngx_cc_client_say("%s", ngx_cc_client_rpc_why(run->rpc));
        ngx_cc_client_run_end(run, NGX_CC_CLIENT_FAILED);
        return;
    }

    do {
        rc = ngx_cc_client_rpc_again(run->rpc, &error);

        if (rc == 1) {
            ngx_cc_client_control_take(&run->control);
        }

    } while (rc == 1 && !run->control.over);

    if (rc == 0) {
        ngx_cc_client_run_begin(run);
        return;
    }

    if (run->control.over) {
        error = "interrupted";
    }

    if (run->id[0]) {
        ngx_cc_client_say("%s; the command may go on: cc-run attach %s",
                          error, run->id);

    } else if (!run->control.over) {
        ngx_cc_client_say("%s", error);
    }

    ngx_cc_client_run_end(run, run->control.over ? run->control.status
                                                 : NGX_CC_CLIENT_FAILED);
}


/* what waits is written, however long that takes, unless the user leaves */

static void
ngx_cc_client_run_finish(ngx_cc_client_run_t *run)
{
    struct pollfd  fd[2];

    run->control.mute = 1;
    ngx_cc_client_output_release(&run->output);

    while (ngx_cc_client_output_waits(&run->output) && !run->control.over) {
        fd[0].fd = run->output.fd;
        fd[0].events = POLLOUT;
        fd[1].fd = run->control.fd;
        fd[1].events = POLLIN;

        if (poll(fd, 2, -1) > 0 && fd[1].revents) {
            ngx_cc_client_control_take(&run->control);
        }

        ngx_cc_client_output_flush(&run->output);
    }

    if (run->control.over) {
        run->status = run->control.status;
    }
}


static void
ngx_cc_client_run_end(ngx_cc_client_run_t *run, int status)
{
    run->over = 1;
    run->status = status;
}
