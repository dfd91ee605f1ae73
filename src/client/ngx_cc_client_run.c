
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "ngx_cc_client_execute.h"
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_run.h"
#include "ngx_cc_client_stdin.h"
#include "ngx_cc_client_terminal.h"


#define NGX_CC_CLIENT_TRIES      8       /* connections in a row that fail */
#define NGX_CC_CLIENT_PAUSE      100     /* ms before the second one; then
                                            twice as many each time */
#define NGX_CC_CLIENT_PAUSE_MAX  5000


typedef struct {
    ngx_cc_client_rpc_t    *rpc;
    const ngx_cc_client_args_t  *args;
    char                    id[NGX_CC_CLIENT_ID];    /* of the command */
    uint64_t                request;     /* execute or attach */
    ngx_cc_client_output_t  output;
    ngx_cc_client_stdin_t   input;
    int                     signals;     /* signalfd */
    int                     interrupts;  /* Ctrl-C so far */
    int                     status;      /* to exit with, when "over" */

    unsigned                kept:1;      /* it outlives a connection */
    unsigned                told:1;      /* the request is answered */
    unsigned                over:1;      /* nothing more comes */
    unsigned                raw:1;       /* our terminal is the command's */
    unsigned                bounded:1;   /* logs: until here */
    uint64_t                until[2];
} ngx_cc_client_run_t;


static void ngx_cc_client_run_begin(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_attach(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_loop(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_messages(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_message(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_answer(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_refused(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_completed(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_again(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_signal(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_interrupt(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_stop(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_control(ngx_cc_client_run_t *run,
    const char *type);
static void ngx_cc_client_run_resize(ngx_cc_client_run_t *run);
static void ngx_cc_client_run_end(ngx_cc_client_run_t *run, int status);


int
ngx_cc_client_run(ngx_cc_client_rpc_t *rpc, const char *id)
{
    sigset_t                     set;
    ngx_cc_client_run_t          run;
    const ngx_cc_client_args_t  *args;

    args = rpc->args;

    memset(&run, 0, sizeof(ngx_cc_client_run_t));
    run.rpc = rpc;
    run.args = args;
    run.kept = args->keep || id;
    run.bounded = (args->verb == NGX_CC_VERB_LOGS && !args->follow);

    if (id) {
        (void) snprintf(run.id, sizeof(run.id), "%s", id);
    }

    ngx_cc_client_output_init(&run.output, args);
    ngx_cc_client_stdin_init(&run.input, rpc,
                             args->verb == NGX_CC_VERB_LOGS || args->no_stdin
                             || args->detach || args->read_only);

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGWINCH);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    run.signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    if (run.signals == -1) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, strerror(errno));
    }

    if (rpc->ws.socket.fd == -1) {
        ngx_cc_client_rpc_need(rpc);
    }

    ngx_cc_client_run_begin(&run);
    ngx_cc_client_run_loop(&run);
    ngx_cc_client_output_finish(&run.output);

    if (run.raw) {
        ngx_cc_client_terminal_restore();
    }

    ngx_cc_client_ws_close(&rpc->ws);

    return run.status;
}


static void
ngx_cc_client_run_begin(ngx_cc_client_run_t *run)
{
    run->told = 0;

    if (run->id[0]) {
        ngx_cc_client_run_attach(run);

    } else {
        run->request = ngx_cc_client_execute(run->rpc, !run->input.closed);
    }
}


static void
ngx_cc_client_run_attach(ngx_cc_client_run_t *run)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(run->rpc, "attach", 1024);

    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, run->id);
    ngx_cc_json_lit(w, ",\"output\":\"chunk\",\"encoding\":\"base64\","
                       "\"stdout\":");
    ngx_cc_json_uint(w, run->output.offset[0]);
    ngx_cc_json_lit(w, ",\"stderr\":");
    ngx_cc_json_uint(w, run->output.offset[1]);

    if (run->args->verb != NGX_CC_VERB_LOGS && !run->args->read_only) {
        ngx_cc_json_lit(w, ",\"mode\":\"write\"");
    }

    run->request = ngx_cc_client_rpc_end(run->rpc);
}


static void
ngx_cc_client_run_loop(ngx_cc_client_run_t *run)
{
    int                  waits;
    struct pollfd        fd[4];
    ngx_cc_client_ws_t  *ws;

    ws = &run->rpc->ws;

    while (!run->over) {
        ngx_cc_client_run_messages(run);

        if (run->over) {
            return;
        }

        /* output that waits holds everything else up but signals */

        waits = ngx_cc_client_output_waits(&run->output);

        fd[0].fd = run->signals;
        fd[0].events = POLLIN;
        fd[1].fd = ws->socket.fd;
        fd[1].events = (waits ? 0 : POLLIN)
                       | (ngx_cc_client_ws_waiting(ws)
                          || ws->socket.wants_write ? POLLOUT : 0);
        fd[2].fd = run->told ? ngx_cc_client_stdin_fd(&run->input) : -1;
        fd[2].events = POLLIN;
        fd[3].fd = waits ? run->output.fd : -1;
        fd[3].events = POLLOUT;

        if (!waits && ngx_cc_client_pending(&ws->socket)) {
            (void) poll(fd, 4, 0);
            fd[1].revents |= POLLIN;

        } else if (poll(fd, 4, -1) == -1) {
            continue;
        }

        if (fd[0].revents) {
            ngx_cc_client_run_signal(run);
        }

        if (fd[2].revents) {
            ngx_cc_client_stdin_take(&run->input, run->id, run->raw
                                                           && run->kept);

            if (run->input.left) {
                ngx_cc_client_run_end(run, 0);
            }
        }

        if (fd[3].revents) {
            ngx_cc_client_output_flush(&run->output);
        }

        if (ngx_cc_client_ws_waiting(ws)) {
            ngx_cc_client_ws_flush(ws);
        }

        if (fd[1].revents & (POLLIN|POLLHUP|POLLERR) && !waits) {
            (void) ngx_cc_client_ws_receive(ws);
        }
    }
}


/* what has come, until output has to wait */

static void
ngx_cc_client_run_messages(ngx_cc_client_run_t *run)
{
    int  rc;

    while (!run->over && !ngx_cc_client_output_waits(&run->output)) {
        rc = ngx_cc_client_rpc_next(run->rpc);

        if (rc == 0) {
            return;
        }

        if (rc == -1) {
            ngx_cc_client_run_again(run);
            return;
        }

        ngx_cc_client_run_message(run);
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

        if (id == run->request) {
            ngx_cc_client_run_answer(run);

        } else {
            ngx_cc_client_stdin_answer(&run->input, m, id);
        }

        return;
    }

    of = ngx_cc_client_message_get(m, "params.execution_id", NULL);

    if (of && run->id[0] && strcmp(of, run->id) != 0) {
        return;
    }

    if (strcmp(method, "process.output") == 0) {
        ngx_cc_client_output_add(&run->output, m);

    } else if (strcmp(method, "process.gap") == 0) {
        ngx_cc_client_output_gap(&run->output, m);

    } else if (strcmp(method, "process.completed") == 0) {
        ngx_cc_client_run_completed(run);

    } else if (strcmp(method, "process.detached") == 0) {
        method = ngx_cc_client_message_get(m, "params.reason", NULL);

        if (method && strcmp(method, "reload") != 0) {
            (void) fprintf(stderr, "cc-run: detached: %s\n", method);
            ngx_cc_client_run_end(run, NGX_CC_CLIENT_FAILED);
        }
    }

    if (run->bounded && run->told && run->output.offset[0] >= run->until[0]
        && run->output.offset[1] >= run->until[1])
    {
        ngx_cc_client_run_end(run, 0);
    }
}


/* to execute or attach */

static void
ngx_cc_client_run_answer(ngx_cc_client_run_t *run)
{
    const char               *id;
    ngx_cc_client_message_t  *m;

    m = run->rpc->message;
    id = ngx_cc_client_message_get(m, "result.execution_id", NULL);

    if (ngx_cc_client_message_get(m, "error.message", NULL)) {
        ngx_cc_client_run_refused(run);
        return;
    }

    if (!run->id[0] && id) {
        (void) snprintf(run->id, sizeof(run->id), "%s", id);
    }

    run->told = 1;
    run->until[0] = ngx_cc_client_message_number(m, "result.head.stdout", 0);
    run->until[1] = ngx_cc_client_message_number(m, "result.head.stderr", 0);

    if (run->bounded && run->until[0] + run->until[1] == 0) {
        ngx_cc_client_run_end(run, 0);
        return;
    }

    if (run->args->detach) {
        if (!run->args->json) {
            (void) puts(run->id);
        }

        ngx_cc_client_run_end(run, 0);
        return;
    }

    ngx_cc_client_stdin_begin(&run->input,
                    ngx_cc_client_message_number(m, "result.stdin_offset", 0));

    if ((run->args->tty || ngx_cc_client_message_get(m, "result.tty.cols",
                                                     NULL))
        && !run->input.closed && !run->raw
        && ngx_cc_client_terminal_raw() == 0)
    {
        run->raw = 1;
        run->input.raw = 1;
    }

    if (run->raw) {
        ngx_cc_client_run_resize(run);
    }
}


static void
ngx_cc_client_run_refused(ngx_cc_client_run_t *run)
{
    const char  *text;

    text = ngx_cc_client_message_get(run->rpc->message, "error.message", NULL);
    (void) fprintf(stderr, "cc-run: %s\n", text);

    ngx_cc_client_run_end(run, run->args->verb == NGX_CC_VERB_RUN
                               && run->output.offset[0] == 0
                               ? NGX_CC_CLIENT_REFUSED
                               : NGX_CC_CLIENT_FAILED);
}


static void
ngx_cc_client_run_completed(ngx_cc_client_run_t *run)
{
    int64_t                   code;
    const char               *cause, *error;
    ngx_cc_client_message_t  *m;

    m = run->rpc->message;
    code = ngx_cc_client_message_number(m, "params.exit_code", 0);
    cause = ngx_cc_client_message_get(m, "params.cause", NULL);
    error = ngx_cc_client_message_get(m, "params.error", NULL);

    if (ngx_cc_client_message_get(m, "params.exit_code", NULL) == NULL) {
        code = NGX_CC_CLIENT_FAILED;
    }

    if (cause && strcmp(cause, "exit") != 0 && strcmp(cause, "signal") != 0
        && run->interrupts == 0 && run->args->verb != NGX_CC_VERB_LOGS)
    {
        (void) fprintf(stderr, "%scc-run: ended by the server, cause: %s%s%s"
                       "%s\n", run->raw ? "\r\n" : "", cause,
                       error ? " (" : "", error ? error : "",
                       error ? ")" : "");
    }

    ngx_cc_client_run_end(run, run->args->verb == NGX_CC_VERB_LOGS ? 0
                               : code < 0 ? (int) (128 - code) : (int) code);
}


/*
 * The connection is gone.  A kept command goes on, and so do we, where we
 * stopped; of another one nobody knows.
 */

static void
ngx_cc_client_run_again(ngx_cc_client_run_t *run)
{
    int              try, pause;
    const char      *error;
    struct pollfd    fd;

    ngx_cc_client_close(&run->rpc->ws.socket);

    if (!run->kept || !run->id[0]) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED,
                           run->rpc->ws.reason[0] ? run->rpc->ws.reason
                           : "the connection was lost");
    }

    pause = 0;

    for (try = 0; try < NGX_CC_CLIENT_TRIES; try++) {
        fd.fd = run->signals;
        fd.events = POLLIN;

        if (poll(&fd, 1, pause) == 1) {
            ngx_cc_client_run_signal(run);

            if (run->over) {
                return;
            }
        }

        if (ngx_cc_client_rpc_open(run->rpc, &error) == 0) {
            ngx_cc_client_run_begin(run);
            return;
        }

        pause = pause ? pause * 2 : NGX_CC_CLIENT_PAUSE;
        pause = pause > NGX_CC_CLIENT_PAUSE_MAX ? NGX_CC_CLIENT_PAUSE_MAX
                                                : pause;
    }

    (void) fprintf(stderr, "cc-run: the connection was lost (%s); the command "
                   "goes on: cc-run attach %s\n", error, run->id);

    ngx_cc_client_run_end(run, NGX_CC_CLIENT_FAILED);
}


static void
ngx_cc_client_run_signal(ngx_cc_client_run_t *run)
{
    struct signalfd_siginfo  info;

    while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {

        switch (info.ssi_signo) {

        case SIGINT:
            ngx_cc_client_run_interrupt(run);
            break;

        case SIGTSTP:
            ngx_cc_client_run_stop(run);
            break;

        case SIGWINCH:
            if (run->raw) {
                ngx_cc_client_run_resize(run);
            }

            break;

        default:
            /* a kept command goes on, another one ends with its connection */
            ngx_cc_client_run_end(run, (int) (128 + info.ssi_signo));
        }
    }
}


static void
ngx_cc_client_run_interrupt(ngx_cc_client_run_t *run)
{
    ngx_cc_json_t  *w;

    run->interrupts++;

    if (run->args->verb == NGX_CC_VERB_LOGS || run->args->read_only
        || run->interrupts > 2 || !run->told)
    {
        ngx_cc_client_run_end(run, 128 + SIGINT);
        return;
    }

    if (run->interrupts == 2) {
        ngx_cc_client_run_control(run, "CANCEL");
        return;
    }

    w = ngx_cc_client_rpc_begin(run->rpc, "signal", 1024);
    ngx_cc_json_lit(w, "\"signal\":\"INT\",\"execution_id\":");
    ngx_cc_json_cstring(w, run->id);
    (void) ngx_cc_client_rpc_end(run->rpc);
}


/* Ctrl-Z: the command is paused, then we stop; fg brings both back */

static void
ngx_cc_client_run_stop(ngx_cc_client_run_t *run)
{
    if (run->told && !run->args->read_only
        && run->args->verb != NGX_CC_VERB_LOGS)
    {
        ngx_cc_client_run_control(run, "PAUSE");
    }

    if (run->raw) {
        ngx_cc_client_terminal_restore();
    }

    (void) raise(SIGSTOP);

    if (run->raw) {
        (void) ngx_cc_client_terminal_raw();
        ngx_cc_client_run_resize(run);
    }

    if (run->told && !run->args->read_only
        && run->args->verb != NGX_CC_VERB_LOGS)
    {
        ngx_cc_client_run_control(run, "RESUME");
    }
}


static void
ngx_cc_client_run_control(ngx_cc_client_run_t *run, const char *type)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(run->rpc, "control", 1024);
    ngx_cc_json_lit(w, "\"type\":");
    ngx_cc_json_cstring(w, type);
    ngx_cc_json_lit(w, ",\"execution_id\":");
    ngx_cc_json_cstring(w, run->id);
    (void) ngx_cc_client_rpc_end(run->rpc);
}


static void
ngx_cc_client_run_resize(ngx_cc_client_run_t *run)
{
    unsigned        cols, rows;
    ngx_cc_json_t  *w;

    if (!ngx_cc_client_terminal_size(&cols, &rows)) {
        return;
    }

    w = ngx_cc_client_rpc_begin(run->rpc, "resize", 1024);
    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, run->id);
    ngx_cc_json_lit(w, ",\"cols\":");
    ngx_cc_json_uint(w, cols);
    ngx_cc_json_lit(w, ",\"rows\":");
    ngx_cc_json_uint(w, rows);
    (void) ngx_cc_client_rpc_end(run->rpc);
}


static void
ngx_cc_client_run_end(ngx_cc_client_run_t *run, int status)
{
    run->over = 1;
    run->status = status;
}
