
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_command.h"
#include "ngx_cc_pool.h"
#include "ngx_cc_zone.h"


#define NGX_CC_COMMAND_MARGIN   10000    /* ms beyond every limit, then the
                                            helper must have said something */
#define NGX_CC_COMMAND_IDLE     3600000  /* ms; only there to be a timer */


typedef struct {
    ngx_cc_command_t         public;     /* first: it is what others see */

    ngx_cc_command_conf_t   *conf;
    void                   (*event)(void *data, ngx_cc_command_t *cmd,
                                 ngx_cc_command_event_e event);
    void                   (*wake)(void *data, ngx_cc_command_t *cmd);

    ngx_cc_pool_wait_t       wait;
    ngx_cc_pool_helper_t    *helper;     /* NULL: waits, or given back */
    ngx_cc_slot_t            slot;
    ngx_cc_wire_start_t     *message;    /* START, until it is sent */
    ngx_cc_wire_input_t     *input;      /* INPUT that did not go yet */
    ngx_msec_t               timeout;

    ngx_cc_ring_reader_t     reader;
    uint64_t                 head;       /* newest that the helper told */
    uint64_t                 credited;   /* newest tail that we told */
    uint64_t                 checked;    /* head at the last look of timer */
    size_t                   window;

    /*
     * Never cancelable: as long as a command is not over, a worker that was
     * told to quit stays.
     */
    ngx_event_t              timer;
    ngx_event_t              lost;       /* posted */
    ngx_uint_t              *closed;     /* set by close() during a callback */

    /* to be sent when the socket takes messages again */
    unsigned                 credit_due:1;
    unsigned                 signal_due:1;
    unsigned                 cancel_due:1;
    unsigned                 input_busy:1;
    unsigned                 has_stdin:1;
    unsigned                 reusable:1;
} ngx_cc_client_t;


static void ngx_cc_client_ready(void *data, ngx_cc_pool_helper_t *h);
static void ngx_cc_client_refused(void *data, ngx_err_t err);
static void ngx_cc_client_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_client_writable(void *data);
static void ngx_cc_client_gone(void *data);
static void ngx_cc_client_exited(ngx_cc_client_t *cl,
    ngx_cc_wire_exited_t *msg);
static void ngx_cc_client_started(ngx_cc_client_t *cl, pid_t pid,
    uint64_t start);
static ngx_int_t ngx_cc_client_head(ngx_cc_client_t *cl, uint64_t head);
static void ngx_cc_client_credit(ngx_cc_client_t *cl);
static void ngx_cc_client_lose(ngx_cc_client_t *cl, const char *reason);
static void ngx_cc_client_lost(ngx_event_t *ev);
static void ngx_cc_client_timer(ngx_event_t *ev);
static ngx_uint_t ngx_cc_client_tell(ngx_cc_client_t *cl,
    ngx_cc_command_event_e event);
static void ngx_cc_client_over(ngx_cc_client_t *cl);


static const ngx_cc_pool_user_t  ngx_cc_client_user = {
    ngx_cc_client_message,
    ngx_cc_client_writable,
    ngx_cc_client_gone
};


ngx_cc_start_e
ngx_cc_command_start(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, ngx_cc_command_t **cmd, size_t *total,
    size_t *longest)
{
    size_t                  text, max;
    ngx_cc_handle_t         handle;
    ngx_cc_client_t        *cl;
    ngx_cc_wire_start_t    *start;
    ngx_cc_pool_helper_t   *h;
    ngx_cc_wire_strings_t   strings;

    strings.cwd = conf->cwd;
    strings.program = spec->program;
    strings.argv = spec->argv;
    strings.argc = spec->argc;
    strings.env = conf->env;
    strings.envc = conf->nenv;

    text = ngx_cc_wire_text_size(&strings, &max);

    if (total) {
        *total = text;
    }

    if (longest) {
        *longest = max;
    }

    if (text > NGX_CC_WIRE_MAX_TEXT
        || max > NGX_CC_WIRE_MAX_STRING
        || spec->argc + conf->nenv > NGX_CC_WIRE_MAX_STRINGS)
    {
        return NGX_CC_START_TOO_LONG;
    }

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return NGX_CC_START_EXITING;
    }

    cl = ngx_calloc(sizeof(ngx_cc_client_t), ngx_cycle->log);
    start = ngx_alloc(sizeof(ngx_cc_wire_start_t) + text, ngx_cycle->log);

    if (cl == NULL || start == NULL || ngx_cc_handle_make(&handle) != 0) {
        goto unavailable;
    }

    if (ngx_cc_zone_claim(conf->slots, NGX_CC_SLOTS_COMMANDS,
                          conf->max_commands, &cl->slot)
        != NGX_OK)
    {
        ngx_free(cl);
        ngx_free(start);
        return NGX_CC_START_LIMIT;
    }

    ngx_cc_wire_init(start, NGX_CC_WIRE_START, 0, sizeof(*start));

    start->head.flags = (ngx_strchr(spec->program, '/') == NULL)
                        ? NGX_CC_START_SEARCH : 0;

    if (spec->open_stdin) {
        start->head.flags |= NGX_CC_START_STDIN;
    }

    start->run_limit = spec->timeout;
    start->silence = conf->silence_timeout;
    start->grace = conf->kill_grace;
    start->window = conf->buffer;
    start->handle = handle;

    if (ngx_cc_wire_start_pack(start, &strings) == 0) {
        ngx_cc_zone_free(&cl->slot);
        goto unavailable;
    }

    cl->message = start;
    cl->conf = conf;
    cl->event = spec->event;
    cl->wake = spec->wake;
    cl->timeout = spec->timeout;
    cl->has_stdin = spec->open_stdin;
    cl->public.state = NGX_CC_COMMAND_WAITING;
    cl->public.data = spec->data;

    (void) ngx_cc_handle_format(&handle, (char *) cl->public.id);

    cl->timer.handler = ngx_cc_client_timer;
    cl->timer.data = cl;
    cl->timer.log = ngx_cycle->log;

    cl->lost.handler = ngx_cc_client_lost;
    cl->lost.data = cl;
    cl->lost.log = ngx_cycle->log;

    ngx_add_timer(&cl->timer, conf->start_timeout);

    cl->wait.ready = ngx_cc_client_ready;
    cl->wait.failed = ngx_cc_client_refused;
    cl->wait.data = cl;

    h = ngx_cc_pool_get(&cl->wait);

    if (h) {
        ngx_cc_client_ready(cl, h);
    }

    *cmd = &cl->public;

    return NGX_CC_START_OK;

unavailable:

    if (cl) {
        ngx_free(cl);
    }

    if (start) {
        ngx_free(start);
    }

    return NGX_CC_START_UNAVAILABLE;
}


int
ngx_cc_command_peek(ngx_cc_command_t *cmd, ngx_cc_ring_record_t *rec)
{
    int               rc;
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    if (cl->helper == NULL) {
        return 0;
    }

    rc = ngx_cc_ring_peek(&cl->reader, cl->head, rec);

    if (rc == -1) {
        /* whatever stands behind it cannot be believed either */
        cl->head = cl->reader.pos;
        ngx_cc_client_lose(cl, "broken record in the ring");
        return 0;
    }

    return rc;
}


void
ngx_cc_command_skip(ngx_cc_command_t *cmd, const ngx_cc_ring_record_t *rec)
{
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    ngx_cc_ring_skip(&cl->reader, rec);

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        if (cl->reader.pos == cl->head) {
            ngx_cc_client_over(cl);
        }

        return;
    }

    if (cl->reader.pos == cl->head
        || cl->reader.pos - cl->credited >= cl->window / 2)
    {
        ngx_cc_client_credit(cl);
    }
}


int
ngx_cc_command_finished(ngx_cc_command_t *cmd)
{
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    return cmd->state == NGX_CC_COMMAND_OVER
           && cl->reader.pos == cl->head;
}


ngx_int_t
ngx_cc_command_pause(ngx_cc_command_t *cmd, ngx_uint_t on)
{
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    cmd->paused = on ? 1 : 0;
    cl->signal_due = 1;
    ngx_cc_client_writable(cl);

    return NGX_OK;
}


ngx_int_t
ngx_cc_command_cancel(ngx_cc_command_t *cmd)
{
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    if (cmd->state != NGX_CC_COMMAND_RUNNING) {
        return NGX_DECLINED;
    }

    if (!cmd->canceling) {
        cmd->canceling = 1;
        cmd->paused = 0;
        cl->signal_due = 0;
        cl->cancel_due = 1;
        ngx_cc_client_writable(cl);
    }

    return NGX_OK;
}


ssize_t
ngx_cc_command_input(ngx_cc_command_t *cmd, const u_char *p, size_t len,
    ngx_uint_t eof)
{
    size_t                n;
    ngx_cc_client_t      *cl = (ngx_cc_client_t *) cmd;
    ngx_cc_wire_input_t  *msg;

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
        ngx_cc_client_lose(cl, "no memory for its input");
        return NGX_ERROR;
    }

    ngx_cc_wire_init(msg, NGX_CC_WIRE_INPUT, cl->helper->run, sizeof(*msg));

    msg->head.size = sizeof(*msg) + n;
    msg->len = n;
    ngx_memcpy(msg + 1, p, n);

    if (eof && n == len) {
        msg->head.flags = NGX_CC_INPUT_EOF;
        cl->has_stdin = 0;
    }

    cl->input = msg;
    cl->input_busy = 1;
    ngx_cc_client_writable(cl);

    return n;
}


void
ngx_cc_command_close(ngx_cc_command_t *cmd)
{
    ngx_cc_client_t  *cl = (ngx_cc_client_t *) cmd;

    if (cl->closed) {
        *cl->closed = 1;
    }

    ngx_cc_pool_forget(&cl->wait);
    ngx_cc_zone_free(&cl->slot);

    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    if (cl->lost.posted) {
        ngx_delete_posted_event(&cl->lost);
    }

    if (cl->helper) {
        if (cmd->state == NGX_CC_COMMAND_OVER) {
            ngx_cc_pool_put(cl->helper, cl->reusable);

        } else {
            ngx_cc_pool_abandon(cl->helper, cl->conf->kill_grace);
        }
    }

    if (cl->message) {
        ngx_free(cl->message);
    }

    if (cl->input) {
        ngx_free(cl->input);
    }

    ngx_free(cl);
}


/* a helper is there: START goes out */

static void
ngx_cc_client_ready(void *data, ngx_cc_pool_helper_t *h)
{
    ngx_cc_client_t  *cl = data;

    cl->helper = h;
    h->run++;

    cl->message->head.run = h->run;

    ngx_cc_pool_use(h, &ngx_cc_client_user, cl);

    cl->reader.base = h->ring;
    cl->reader.size = h->ring_size;
    ngx_cc_ring_rewind(&cl->reader);

    cl->window = ngx_min(cl->conf->buffer, h->ring_size);

    ngx_cc_client_writable(cl);
}


/* no helper could be made, and there is none to wait for */

static void
ngx_cc_client_refused(void *data, ngx_err_t err)
{
    ngx_cc_client_t  *cl = data;

    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.stage = NGX_CC_STAGE_FORK;
    cl->public.error = err;

    ngx_cc_client_over(cl);
    (void) ngx_cc_client_tell(cl, NGX_CC_COMMAND_FAILED);
}


/*
 * Sends everything that is due.  What cannot go now stays due: positions and
 * signals are absolute, so only the newest matters.
 */

static void
ngx_cc_client_writable(void *data)
{
    ngx_int_t              rc;
    ngx_cc_client_t       *cl = data;
    ngx_cc_wire_msg_t      msg;
    ngx_cc_pool_helper_t  *h;

    h = cl->helper;

    if (h == NULL || h->dead || cl->public.state == NGX_CC_COMMAND_OVER) {
        return;
    }

    if (cl->message) {
        rc = ngx_cc_channel_send(&h->channel, cl->message,
                                 cl->message->head.size);

        if (rc == NGX_AGAIN) {
            return;
        }

        ngx_free(cl->message);
        cl->message = NULL;
    }

    if (cl->cancel_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CANCEL, h->run,
                         sizeof(ngx_cc_wire_head_t));

        if (ngx_cc_channel_send(&h->channel, &msg, msg.head.size)
            == NGX_AGAIN)
        {
            return;
        }

        cl->cancel_due = 0;
    }

    if (cl->signal_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_SIGNAL, h->run,
                         sizeof(ngx_cc_wire_signal_t));
        msg.signal.signo = cl->public.paused ? SIGSTOP : SIGCONT;

        if (ngx_cc_channel_send(&h->channel, &msg, msg.head.size)
            == NGX_AGAIN)
        {
            return;
        }

        cl->signal_due = 0;
    }

    if (cl->credit_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CREDIT, h->run,
                         sizeof(ngx_cc_wire_credit_t));
        msg.credit.tail = cl->reader.pos;
        msg.credit.seen = cl->head;

        if (ngx_cc_channel_send(&h->channel, &msg, msg.head.size)
            == NGX_AGAIN)
        {
            return;
        }

        cl->credit_due = 0;
        cl->credited = cl->reader.pos;
    }

    if (cl->input) {
        if (ngx_cc_channel_send(&h->channel, cl->input, cl->input->head.size)
            == NGX_AGAIN)
        {
            return;
        }

        ngx_free(cl->input);
        cl->input = NULL;
    }
}


static void
ngx_cc_client_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_client_t  *cl = data;

    if (cl->public.state == NGX_CC_COMMAND_OVER) {
        return;
    }

    switch (msg->head.type) {

    case NGX_CC_WIRE_STARTED:
        if (cl->public.state == NGX_CC_COMMAND_WAITING) {
            ngx_cc_client_started(cl, msg->started.pid, msg->started.start);
            (void) ngx_cc_client_tell(cl, NGX_CC_COMMAND_STARTED);
        }

        return;

    case NGX_CC_WIRE_FAILED:
        cl->public.state = NGX_CC_COMMAND_OVER;
        cl->public.stage = msg->failed.stage;
        cl->public.error = msg->failed.error;
        cl->reusable = 1;

        ngx_cc_client_over(cl);
        (void) ngx_cc_client_tell(cl, NGX_CC_COMMAND_FAILED);
        return;

    case NGX_CC_WIRE_OUTPUT:
        if (ngx_cc_client_head(cl, msg->output.pos) == NGX_OK) {
            cl->wake(cl->public.data, &cl->public);
        }

        return;

    case NGX_CC_WIRE_INPUT_DONE:
        if (cl->input_busy) {
            cl->input_busy = 0;
            cl->public.accepted = msg->input.len;

            if (msg->head.flags & NGX_CC_INPUT_CLOSED) {
                cl->public.stdin_closed = 1;
            }

            (void) ngx_cc_client_tell(cl, NGX_CC_COMMAND_INPUT);
        }

        return;

    case NGX_CC_WIRE_EXITED:
        ngx_cc_client_exited(cl, &msg->exited);
        return;

    default:
        return;
    }
}


static void
ngx_cc_client_exited(ngx_cc_client_t *cl, ngx_cc_wire_exited_t *msg)
{
    ngx_cc_command_t  *cmd;

    cmd = &cl->public;

    if (ngx_cc_client_head(cl, msg->pos) != NGX_OK) {
        return;
    }

    if (cmd->state == NGX_CC_COMMAND_WAITING) {
        /* a short one: EXITED stands for STARTED too */

        ngx_cc_client_started(cl, msg->pid, msg->start);

        if (ngx_cc_client_tell(cl, NGX_CC_COMMAND_STARTED)) {
            return;
        }
    }

    cmd->state = NGX_CC_COMMAND_OVER;
    cmd->status = msg->status;
    cmd->cause = msg->cause;
    cmd->elapsed = msg->elapsed;
    cmd->user = msg->user;
    cmd->system = msg->system;
    cmd->max_rss = msg->max_rss;
    cmd->bytes[NGX_CC_STDOUT] = msg->bytes[NGX_CC_STDOUT];
    cmd->bytes[NGX_CC_STDERR] = msg->bytes[NGX_CC_STDERR];
    cmd->swept = msg->swept;
    cmd->pipes_open = (msg->head.flags & NGX_CC_EXITED_PIPES) ? 1 : 0;

    cl->reusable = (msg->head.flags & NGX_CC_EXITED_REUSABLE) ? 1 : 0;

    if (cl->reader.pos == cl->head) {
        ngx_cc_client_over(cl);
    }

    (void) ngx_cc_client_tell(cl, NGX_CC_COMMAND_EXITED);
}


static void
ngx_cc_client_started(ngx_cc_client_t *cl, pid_t pid, uint64_t start)
{
    cl->public.state = NGX_CC_COMMAND_RUNNING;
    cl->public.pid = pid;
    cl->public.start = start;

    ngx_add_timer(&cl->timer, cl->timeout
                              ? cl->timeout + cl->conf->kill_grace
                                + NGX_CC_COMMAND_MARGIN
                              : NGX_CC_COMMAND_IDLE);
}


/* the helper says that the ring is filled up to here: can that be? */

static ngx_int_t
ngx_cc_client_head(ngx_cc_client_t *cl, uint64_t head)
{
    if (head < cl->head || head - cl->reader.pos > cl->window) {
        ngx_cc_client_lose(cl, "impossible position in the ring");
        return NGX_ERROR;
    }

    cl->head = head;

    return NGX_OK;
}


static void
ngx_cc_client_credit(ngx_cc_client_t *cl)
{
    cl->credit_due = 1;
    ngx_cc_client_writable(cl);
}


/*
 * The helper cannot be trusted or reached any more.  Told from the event loop,
 * not from inside the call that found it out.
 */

static void
ngx_cc_client_lose(ngx_cc_client_t *cl, const char *reason)
{
    if (cl->public.state == NGX_CC_COMMAND_OVER && cl->helper == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, cl->timer.log, 0,
                  "cc_executor: command lost: %s execution=%*s",
                  reason, (size_t) NGX_CC_HANDLE_NAME, cl->public.id);

    if (cl->helper) {
        ngx_cc_pool_kill(cl->helper);
    }

    cl->reusable = 0;

    if (cl->public.state != NGX_CC_COMMAND_OVER && !cl->lost.posted) {
        ngx_post_event(&cl->lost, &ngx_posted_events);
    }
}


static void
ngx_cc_client_lost(ngx_event_t *ev)
{
    ngx_cc_client_t         *cl = ev->data;
    ngx_cc_command_event_e   event;

    if (cl->public.state == NGX_CC_COMMAND_OVER) {
        return;
    }

    event = (cl->public.state == NGX_CC_COMMAND_RUNNING)
            ? NGX_CC_COMMAND_EXITED : NGX_CC_COMMAND_FAILED;

    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.cause = NGX_CC_CAUSE_LOST;
    cl->public.stage = NGX_CC_STAGE_NONE;

    if (cl->reader.pos == cl->head) {
        ngx_cc_client_over(cl);
    }

    (void) ngx_cc_client_tell(cl, event);
}


static void
ngx_cc_client_gone(void *data)
{
    ngx_cc_client_t  *cl = data;

    if (cl->public.state != NGX_CC_COMMAND_OVER) {
        ngx_cc_client_lose(cl, "its helper is gone");
    }
}


/*
 * Before STARTED: the start deadline.  Afterwards: a helper keeps the time of
 * its command itself; only one that has not kept it, has nothing left that we
 * would have to read first, and stays silent, is not believed any more.
 */

static void
ngx_cc_client_timer(ngx_event_t *ev)
{
    ngx_cc_client_t  *cl = ev->data;

    if (cl->public.state == NGX_CC_COMMAND_WAITING) {
        ngx_cc_pool_forget(&cl->wait);
        ngx_cc_client_lose(cl, cl->helper ? "not started in time"
                                          : "no helper in time");
        return;
    }

    if (cl->timeout && cl->reader.pos == cl->head
        && !cl->credit_due && cl->checked == cl->head + 1)
    {
        ngx_cc_client_lose(cl, "its helper does not end it");
        return;
    }

    cl->checked = cl->head + 1;          /* 0 = not looked yet */

    ngx_add_timer(&cl->timer, cl->timeout ? NGX_CC_COMMAND_MARGIN
                                          : NGX_CC_COMMAND_IDLE);
}


/* returns 1 when the command was closed by it */

static ngx_uint_t
ngx_cc_client_tell(ngx_cc_client_t *cl, ngx_cc_command_event_e event)
{
    ngx_uint_t  closed;

    closed = 0;
    cl->closed = &closed;
    cl->event(cl->public.data, &cl->public, event);

    if (closed) {
        return 1;
    }

    cl->closed = NULL;

    return 0;
}


/* nothing of the helper is needed any more: the next command may have it */

static void
ngx_cc_client_over(ngx_cc_client_t *cl)
{
    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    if (cl->helper) {
        ngx_cc_pool_put(cl->helper, cl->reusable);
        cl->helper = NULL;
    }
}
