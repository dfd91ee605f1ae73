
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "ngx_cc_client_control.h"
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_terminal.h"
#include "ngx_cc_clock.h"


#define NGX_CC_CLIENT_PAUSING  2000      /* ms for the answer to PAUSE */


static void ngx_cc_client_control_interrupt(ngx_cc_client_control_t *c);
static void ngx_cc_client_control_suspend(ngx_cc_client_control_t *c);
static void ngx_cc_client_control_stop(ngx_cc_client_control_t *c);
static void ngx_cc_client_control_tell(ngx_cc_client_control_t *c,
    ngx_cc_client_order_t *o);
static uint64_t ngx_cc_client_control_send(ngx_cc_client_control_t *c,
    const char *method, const char *name, const char *value);
static void ngx_cc_client_control_resize(ngx_cc_client_control_t *c);
static void ngx_cc_client_control_end(ngx_cc_client_control_t *c, int status);


void
ngx_cc_client_control_init(ngx_cc_client_control_t *c,
    ngx_cc_client_rpc_t *rpc, const char *id, int mute)
{
    size_t            i;
    sigset_t          set;
    struct sigaction  now;

    static const int  signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP,
                                    SIGWINCH };

    c->rpc = rpc;
    c->id = id;
    c->mute = mute ? 1 : 0;
    sigemptyset(&set);

    /* signalfd(2) would read those that are ignored, too */

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], NULL, &now) == 0
            && now.sa_handler != SIG_IGN)
        {
            sigaddset(&set, signals[i]);
        }
    }

    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    c->fd = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    if (c->fd == -1) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "signalfd: %s",
                           strerror(errno));
    }

    rpc->ws.socket.stop_fd = c->fd;
}


void
ngx_cc_client_control_take(ngx_cc_client_control_t *c)
{
    struct signalfd_siginfo  info;

    while (read(c->fd, &info, sizeof(info)) == sizeof(info)) {

        switch (info.ssi_signo) {

        case SIGINT:
            ngx_cc_client_control_interrupt(c);
            break;

        case SIGTSTP:
            ngx_cc_client_control_suspend(c);
            break;

        case SIGWINCH:
            ngx_cc_client_control_resize(c);
            break;

        default:
            /* a kept command goes on, another one ends with its connection */
            ngx_cc_client_control_end(c, (int) (128 + info.ssi_signo));
        }
    }
}


void
ngx_cc_client_control_ready(ngx_cc_client_control_t *c)
{
    c->ready = 1;

    if (c->raw) {
        (void) ngx_cc_client_terminal_raw(0);
    }

    ngx_cc_client_control_tell(c, &c->resume);
    ngx_cc_client_control_tell(c, &c->order);
    ngx_cc_client_control_resize(c);
}


void
ngx_cc_client_control_lost(ngx_cc_client_control_t *c)
{
    c->ready = 0;

    if (c->raw) {
        (void) ngx_cc_client_terminal_raw(1);
    }
}


static void
ngx_cc_client_control_interrupt(ngx_cc_client_control_t *c)
{
    c->interrupts++;

    if (c->mute || c->interrupts > 2 || c->id[0] == '\0'
        || (c->raw && !c->ready))
    {
        ngx_cc_client_control_end(c, 128 + SIGINT);
        return;
    }

    c->order.what = c->interrupts == 2 ? "CANCEL" : "INT";
    ngx_cc_client_control_tell(c, &c->order);
}


/* INT may mean something else the second time; the others do not */

static void
ngx_cc_client_control_tell(ngx_cc_client_control_t *c,
    ngx_cc_client_order_t *o)
{
    if (!c->ready || o->what == NULL) {
        return;
    }

    if (strcmp(o->what, "INT") == 0) {
        (void) ngx_cc_client_control_send(c, "signal", "signal", o->what);
        o->what = NULL;

    } else {
        o->request = ngx_cc_client_control_send(c, "control", "type", o->what);
    }
}


/*
 * Ctrl-Z: the command is paused, and when it is, we stop.  The second one does
 * not wait for that.
 */

static void
ngx_cc_client_control_suspend(ngx_cc_client_control_t *c)
{
    if (c->mute || !c->ready || c->pausing) {
        ngx_cc_client_control_stop(c);
        return;
    }

    c->pausing = ngx_cc_client_control_send(c, "control", "type", "PAUSE");
    c->until = (int64_t) ngx_cc_clock_ms() + NGX_CC_CLIENT_PAUSING;
}


int
ngx_cc_client_control_wait(const ngx_cc_client_control_t *c)
{
    int64_t  left;

    if (c->pausing == 0) {
        return -1;
    }

    left = c->until - (int64_t) ngx_cc_clock_ms();

    return left > 0 ? (int) left : 0;
}


void
ngx_cc_client_control_late(ngx_cc_client_control_t *c)
{
    if (ngx_cc_client_control_wait(c) == 0) {
        ngx_cc_client_control_stop(c);
    }
}


void
ngx_cc_client_control_answer(ngx_cc_client_control_t *c, uint64_t id)
{
    if (id == 0) {
        return;
    }

    if (id == c->order.request) {
        c->order.what = NULL;
    }

    if (id == c->resume.request) {
        c->resume.what = NULL;
    }

    if (id == c->pausing) {
        ngx_cc_client_control_stop(c);
    }
}


/*
 * As SIGTSTP would have done it: not at all where no shell could bring us back.
 * The command goes on when we do.
 */

static void
ngx_cc_client_control_stop(ngx_cc_client_control_t *c)
{
    sigset_t  set;
    uint64_t  paused;

    paused = c->pausing;
    c->pausing = 0;

    if (c->raw) {
        ngx_cc_client_terminal_restore();
    }

    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    (void) raise(SIGTSTP);
    (void) sigprocmask(SIG_UNBLOCK, &set, NULL);

    /* here we stand still until SIGCONT */

    (void) sigprocmask(SIG_BLOCK, &set, NULL);

    if (c->raw) {
        (void) ngx_cc_client_terminal_raw(!c->ready);
        ngx_cc_client_control_resize(c);
    }

    if (paused) {
        c->resume.what = "RESUME";
        ngx_cc_client_control_tell(c, &c->resume);
    }
}


static uint64_t
ngx_cc_client_control_send(ngx_cc_client_control_t *c, const char *method,
    const char *name, const char *value)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(c->rpc, method, 1024);
    ngx_cc_json_cstring(w, name);
    ngx_cc_json_lit(w, ":");
    ngx_cc_json_cstring(w, value);
    ngx_cc_json_lit(w, ",\"execution_id\":");
    ngx_cc_json_cstring(w, c->id);

    return ngx_cc_client_rpc_end(c->rpc);
}


static void
ngx_cc_client_control_resize(ngx_cc_client_control_t *c)
{
    unsigned        cols, rows;
    ngx_cc_json_t  *w;

    if (!c->raw || !c->ready || !ngx_cc_client_terminal_size(&cols, &rows)) {
        return;
    }

    w = ngx_cc_client_rpc_begin(c->rpc, "resize", 1024);
    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, c->id);
    ngx_cc_json_lit(w, ",\"cols\":");
    ngx_cc_json_uint(w, cols);
    ngx_cc_json_lit(w, ",\"rows\":");
    ngx_cc_json_uint(w, rows);
    (void) ngx_cc_client_rpc_end(c->rpc);
}


void
ngx_cc_client_control_unpassed(ngx_cc_client_message_t *m)
{
    const char  *signal, *why;

    signal = ngx_cc_client_message_get(m, "params.signal", NULL);
    why = ngx_cc_client_message_get(m, "params.error", NULL);

    if (signal && why) {
        ngx_cc_client_say("%s did not get to the command: %s", signal, why);
    }
}


static void
ngx_cc_client_control_end(ngx_cc_client_control_t *c, int status)
{
    c->over = 1;
    c->status = status;
}
