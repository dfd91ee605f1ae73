
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_detach.h"


#define NGX_CC_MCP_DETACH_ASKED  3       /* times at most */
#define NGX_CC_MCP_DETACH_AGAIN  100     /* ms between them */


static void ngx_cc_mcp_detach_over(ngx_event_t *ev);
static void ngx_cc_mcp_detach_ask(ngx_event_t *ev);
static void ngx_cc_mcp_detach_read(void *data,
    const ngx_cc_ask_answer_t *answer);


void
ngx_cc_mcp_detach_init(ngx_cc_mcp_detach_t *d, ngx_msec_t wait,
    ngx_log_t *log)
{
    d->timer.handler = ngx_cc_mcp_detach_over;
    d->timer.data = d;
    d->timer.log = log;

    ngx_add_timer(&d->timer, wait);
}


void
ngx_cc_mcp_detach_started(ngx_cc_mcp_detach_t *d)
{
    if (d->due) {
        ngx_cc_mcp_detach_over(&d->timer);
    }
}


/* all that was read of it so far has been taken: nothing of it is twice */

static void
ngx_cc_mcp_detach_over(ngx_event_t *ev)
{
    ngx_cc_start_e        rc;
    ngx_cc_mcp_detach_t  *d = ev->data;

    if (d->cmd->state == NGX_CC_COMMAND_WAITING) {
        d->due = 1;
        return;
    }

    d->due = 0;

    if (d->cmd->state != NGX_CC_COMMAND_RUNNING) {
        return;
    }

    rc = ngx_cc_command_handover(d->cmd, &d->spec);

    if (rc != NGX_CC_START_OK) {
        ngx_log_error(NGX_LOG_INFO, ev->log, 0,
                      "cc_executor: cannot go on as a job (%s) execution=%*s",
                      rc == NGX_CC_START_KEPT ? "cc_executor_max_kept"
                      : rc == NGX_CC_START_KEPT_OWNER
                        ? "cc_executor_max_kept_per_owner" : "unavailable",
                      (size_t) NGX_CC_HANDLE_NAME, d->cmd->id);
    }
}


void
ngx_cc_mcp_detach_kept(ngx_cc_mcp_detach_t *d)
{
    d->kept = 1;

    ngx_cc_mcp_detach_ask(&d->timer);
}


static void
ngx_cc_mcp_detach_ask(ngx_event_t *ev)
{
    ngx_cc_ask_spec_t     ask;
    ngx_cc_mcp_detach_t  *d = ev->data;

    d->asked++;

    ngx_memzero(&ask, sizeof(ask));
    ask.what = NGX_CC_ASK_OUTPUT;
    ask.owner = d->spec.owner;
    ask.streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;
    ask.max = d->max;
    ask.untold = 1;
    ngx_memcpy(ask.reader, d->reader, NGX_CC_WIRE_READER);

    if (ngx_cc_handle_parse((char *) d->cmd->id, NGX_CC_HANDLE_TEXT,
                            &ask.handle)
        == 0)
    {
        d->ask = ngx_cc_ask(&ask, ngx_cc_mcp_detach_read, d);
    }

    if (d->ask == NULL) {
        d->read(d->data, NULL);
    }
}


static void
ngx_cc_mcp_detach_read(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_mcp_detach_t  *d = data;

    if (answer->result == NGX_CC_ASKED_BUSY
        && d->asked < NGX_CC_MCP_DETACH_ASKED)
    {
        /* a helper that was too slow to prove itself */

        d->ask = NULL;
        d->timer.handler = ngx_cc_mcp_detach_ask;
        ngx_add_timer(&d->timer, NGX_CC_MCP_DETACH_AGAIN);
        return;
    }

    if (answer->result == NGX_CC_ASKED_OK) {
        ngx_cc_ask_hold(d->ask);
        d->held = d->ask;

    } else {
        answer = NULL;
    }

    d->ask = NULL;
    d->read(d->data, answer);
}


void
ngx_cc_mcp_detach_sent(ngx_cc_mcp_detach_t *d,
    const uint64_t next[NGX_CC_STREAMS])
{
    if (d->held) {
        ngx_cc_ask_mark(d->held, next);
    }
}


void
ngx_cc_mcp_detach_stop(ngx_cc_mcp_detach_t *d)
{
    if (d->timer.timer_set) {
        ngx_del_timer(&d->timer);
    }

    if (d->ask) {
        ngx_cc_ask_close(d->ask);
        d->ask = NULL;
    }

    if (d->held) {
        ngx_cc_ask_close(d->held);
        d->held = NULL;
    }
}
