
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_listen.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_mcp_task.h"
#include "ngx_cc_message.h"


#define NGX_CC_MCP_LISTEN_WAIT   3600000 /* ms, then it is asked again */
#define NGX_CC_MCP_LISTEN_AGAIN  1000    /* ms, when it could not be asked */


static void ngx_cc_mcp_listen_name(ngx_cc_mcp_listen_t *listen,
    ngx_str_t *text);
static void ngx_cc_mcp_listen_ask(ngx_cc_mcp_listen_task_t *task);
static void ngx_cc_mcp_listen_late(ngx_cc_mcp_listen_task_t *task);
static void ngx_cc_mcp_listen_again(ngx_event_t *ev);
static void ngx_cc_mcp_listen_none(ngx_cc_mcp_listen_task_t *task);
static void ngx_cc_mcp_listen_done(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_listen_known(ngx_cc_mcp_listen_task_t *task,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_listen_over(ngx_cc_mcp_listen_task_t *task,
    const ngx_cc_ask_answer_t *answer);
static size_t ngx_cc_mcp_listen_acknowledge(ngx_cc_mcp_listen_t *listen,
    u_char *p, size_t room);
static size_t ngx_cc_mcp_listen_answer(ngx_cc_mcp_listen_t *listen, u_char *p,
    size_t room);
static size_t ngx_cc_mcp_listen_tell(ngx_cc_mcp_listen_task_t *task,
    u_char *p, size_t room, ngx_uint_t *more);


ngx_cc_mcp_listen_t *
ngx_cc_mcp_listen_start(ngx_cc_transport_t *transport, ngx_str_t *id,
    ngx_cc_value_t *ids, ngx_uint_t most)
{
    ngx_uint_t            i, n;
    ngx_cc_value_t       *v;
    ngx_cc_mcp_listen_t  *listen;

    n = ids ? ngx_min(ids->number, most) : 0;

    listen = ngx_calloc(sizeof(ngx_cc_mcp_listen_t)
                        + n * sizeof(ngx_cc_mcp_listen_task_t) + id->len,
                        transport->log);

    if (listen == NULL) {
        return NULL;
    }

    listen->transport = transport;
    listen->begun = ngx_current_msec;
    listen->id.data = (u_char *) &listen->task[n];
    listen->id.len = id->len;
    ngx_memcpy(listen->id.data, id->data, id->len);

    for (v = n ? ids->first : NULL; v && listen->ntasks < n; v = v->next) {
        ngx_cc_mcp_listen_name(listen, &v->text);
    }

    listen->asked = listen->ntasks;

    for (i = 0; i < listen->ntasks; i++) {
        if (listen->task[i].state == NGX_CC_MCP_LISTEN_ASKED) {
            ngx_cc_mcp_listen_ask(&listen->task[i]);
        }
    }

    return listen;
}


/* a task more, unless it is there already */

static void
ngx_cc_mcp_listen_name(ngx_cc_mcp_listen_t *listen, ngx_str_t *text)
{
    ngx_str_t                  node;
    ngx_uint_t                 i, malformed;
    ngx_cc_mcp_listen_task_t  *task;

    task = &listen->task[listen->ntasks];

    /* what belongs to another node is as good as unknown */

    malformed = (ngx_cc_node_handle(text, &task->handle, &node) != NGX_OK);

    for (i = 0; i < listen->ntasks && !malformed; i++) {
        if (ngx_cc_handle_equal(&listen->task[i].handle, &task->handle)) {
            return;
        }
    }

    listen->ntasks++;
    task->listen = listen;
    task->again.handler = ngx_cc_mcp_listen_again;
    task->again.data = task;
    task->again.log = listen->transport->log;
    task->again.cancelable = 1;

    if (malformed) {
        ngx_memzero(&task->handle, sizeof(ngx_cc_handle_t));
        ngx_cc_mcp_listen_none(task);
    }
}


static void
ngx_cc_mcp_listen_ask(ngx_cc_mcp_listen_task_t *task)
{
    ngx_cc_ask_spec_t  ask;

    ngx_memzero(&ask, sizeof(ask));
    ask.handle = task->handle;
    ask.owner = task->listen->transport->owner;
    ask.streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;

    switch (task->state) {

    case NGX_CC_MCP_LISTEN_WAITS:
        ask.what = NGX_CC_ASK_WAIT;
        ask.until = NGX_CC_UNTIL_EXIT;
        ask.wait = NGX_CC_MCP_LISTEN_WAIT;
        ask.from[NGX_CC_STDOUT] = INT64_MAX;
        ask.from[NGX_CC_STDERR] = INT64_MAX;
        break;

    case NGX_CC_MCP_LISTEN_READS:
        ask.what = NGX_CC_ASK_OUTPUT;
        ask.max = NGX_CC_MCP_JOB_MOST;
        ask.from[NGX_CC_STDOUT] = ngx_cc_mcp_task_from(task->step);
        ask.from[NGX_CC_STDERR] = ask.from[NGX_CC_STDOUT];
        break;

    default:
        ask.what = NGX_CC_ASK_ENTRY;
        break;
    }

    task->ask = ngx_cc_ask(&ask, ngx_cc_mcp_listen_done, task);

    if (task->ask == NULL) {
        ngx_cc_mcp_listen_late(task);
    }
}


/*
 * It could not be asked now.  What is not known yet is not honoured: the others
 * do not wait for it, and its client asks by tasks/get.
 */

static void
ngx_cc_mcp_listen_late(ngx_cc_mcp_listen_task_t *task)
{
    if (task->state == NGX_CC_MCP_LISTEN_ASKED) {
        ngx_cc_mcp_listen_none(task);
        return;
    }

    ngx_add_timer(&task->again, NGX_CC_MCP_LISTEN_AGAIN);
}


static void
ngx_cc_mcp_listen_again(ngx_event_t *ev)
{
    ngx_cc_transport_t        *transport;
    ngx_cc_mcp_listen_task_t  *task = ev->data;

    if (task->state != NGX_CC_MCP_LISTEN_NONE) {
        ngx_cc_mcp_listen_ask(task);
        return;
    }

    task->listen->asked--;
    transport = task->listen->transport;
    transport->wake(transport->data);
}


/* as late for an id that nobody has as for one that somebody else has */

static void
ngx_cc_mcp_listen_none(ngx_cc_mcp_listen_task_t *task)
{
    task->state = NGX_CC_MCP_LISTEN_NONE;
    ngx_add_timer(&task->again, ngx_cc_ask_unknown(task->listen->begun));
}


static void
ngx_cc_mcp_listen_done(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_transport_t        *transport;
    ngx_cc_mcp_listen_task_t  *task = data;

    transport = task->listen->transport;
    task->ask = NULL;

    if (answer->result == NGX_CC_ASKED_BUSY
        || answer->result == NGX_CC_ASKED_DENIED
        || (answer->result == NGX_CC_ASKED_OK
            && task->state == NGX_CC_MCP_LISTEN_WAITS
            && answer->woke.reason == NGX_CC_WOKE_REFUSED))
    {
        ngx_cc_mcp_listen_late(task);
        return;
    }

    switch (task->state) {

    case NGX_CC_MCP_LISTEN_ASKED:
        ngx_cc_mcp_listen_known(task, answer);
        break;

    case NGX_CC_MCP_LISTEN_WAITS:
        if (answer->result == NGX_CC_ASKED_OK) {

            if (answer->woke.reason != NGX_CC_WOKE_TIMEOUT) {
                task->state = NGX_CC_MCP_LISTEN_READS;
            }

            ngx_cc_mcp_listen_ask(task);
            return;
        }

        ngx_cc_mcp_listen_over(task, answer);
        break;

    default:
        if (answer->result == NGX_CC_ASKED_OK
            && ngx_cc_mcp_task_cut(answer, task->step))
        {
            task->step++;
            ngx_cc_mcp_listen_ask(task);
            return;
        }

        ngx_cc_mcp_listen_over(task, answer);
        break;
    }

    transport->wake(transport->data);
}


/* is there such a task, and how is it? */

static void
ngx_cc_mcp_listen_known(ngx_cc_mcp_listen_task_t *task,
    const ngx_cc_ask_answer_t *answer)
{
    if (answer->result != NGX_CC_ASKED_OK
        && answer->result != NGX_CC_ASKED_GONE)
    {
        ngx_cc_mcp_listen_none(task);
        return;
    }

    task->listen->asked--;

    if (answer->result == NGX_CC_ASKED_GONE) {
        ngx_cc_mcp_listen_over(task, answer);
        return;
    }

    task->state = (answer->entry->head.flags & NGX_CC_ATTACHED_OVER)
                  ? NGX_CC_MCP_LISTEN_READS : NGX_CC_MCP_LISTEN_WAITS;
    ngx_cc_mcp_listen_ask(task);
}


/* it has ended: that is to be told */

static void
ngx_cc_mcp_listen_over(ngx_cc_mcp_listen_task_t *task,
    const ngx_cc_ask_answer_t *answer)
{
    u_char                  id[NGX_CC_HANDLE_TEXT];
    ngx_int_t               rc;
    ngx_cc_transport_t     *transport;
    ngx_cc_mcp_job_told_t   told;
    ngx_cc_mcp_job_text_t  *text;

    task->state = NGX_CC_MCP_LISTEN_TOLD;

    if (answer->result == NGX_CC_ASKED_UNKNOWN) {
        /* it was removed: nobody knows more */
        task->state = NGX_CC_MCP_LISTEN_TOLD;
        return;
    }

    transport = task->listen->transport;
    text = ngx_cc_mcp_job_text_begin();

    ngx_memzero(&told, sizeof(told));
    told.modern = 1;

    if (answer->result == NGX_CC_ASKED_OK) {
        rc = ngx_cc_mcp_task_result(text, &told, answer, task->step,
                                    &task->listen->id, transport);

    } else {
        (void) ngx_cc_handle_format(&task->handle, (char *) id);
        ngx_cc_mcp_job_view_index(&told.view, answer->index, id);
        told.hint = "its output is not held any more";
        rc = ngx_cc_mcp_task_text_got(text, &told, NULL,
                                      &task->listen->id,
                                      transport->conf->command.keep.ttl,
                                      transport->log);
    }

    if (rc == NGX_OK) {
        task->answer = ngx_cc_mcp_job_answer_keep(text, transport->log);
    }

    if (task->answer == NULL) {
        task->listen->no_memory = 1;
        return;
    }

    task->state = NGX_CC_MCP_LISTEN_READY;
}


ngx_uint_t
ngx_cc_mcp_listen_watches(const ngx_cc_mcp_listen_t *listen)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < listen->ntasks; i++) {
        n += (listen->task[i].state != NGX_CC_MCP_LISTEN_NONE
              && listen->task[i].state != NGX_CC_MCP_LISTEN_TOLD);
    }

    return n;
}


size_t
ngx_cc_mcp_listen_pull(ngx_cc_mcp_listen_t *listen, u_char *p, size_t room,
    ngx_uint_t *more)
{
    ngx_uint_t  i;

    *more = 0;

    if (listen->current) {
        return ngx_cc_mcp_listen_tell(listen->current, p, room, more);
    }

    if (ngx_exiting) {
        return ngx_cc_mcp_listen_answer(listen, p, room);
    }

    if (!listen->acknowledged) {
        return listen->asked
               ? 0 : ngx_cc_mcp_listen_acknowledge(listen, p, room);
    }

    for (i = 0; i < listen->ntasks; i++) {
        if (listen->task[i].state == NGX_CC_MCP_LISTEN_READY) {
            return ngx_cc_mcp_listen_tell(&listen->task[i], p, room, more);
        }
    }

    return 0;
}


static size_t
ngx_cc_mcp_listen_acknowledge(ngx_cc_mcp_listen_t *listen, u_char *p,
    size_t room)
{
    u_char         id[NGX_CC_HANDLE_TEXT];
    ngx_uint_t     i, n;
    ngx_cc_json_t  w;

    listen->acknowledged = 1;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"notifications/subscriptions/acknowledged\","
                        "\"params\":{\"_meta\":{"
                        "\"io.modelcontextprotocol/subscriptionId\":");
    ngx_cc_json_raw(&w, listen->id.data, listen->id.len);
    ngx_cc_json_lit(&w, "},\"notifications\":{");

    for (i = 0, n = 0; i < listen->ntasks; i++) {

        if (listen->task[i].state == NGX_CC_MCP_LISTEN_NONE) {
            continue;
        }

        if (n++ == 0) {
            ngx_cc_json_lit(&w, "\"taskIds\":[");

        } else {
            ngx_cc_json_lit(&w, ",");
        }

        (void) ngx_cc_handle_format(&listen->task[i].handle, (char *) id);
        ngx_cc_json_lit(&w, "\"");
        ngx_cc_message_execution(&w, id, 1);
        ngx_cc_json_lit(&w, "\"");
    }

    ngx_cc_json_raw(&w, "]", n ? 1 : 0);
    ngx_cc_json_lit(&w, "}}}");

    return w.pos - p;
}


/* the last word: it ends, and why is no error */

static size_t
ngx_cc_mcp_listen_answer(ngx_cc_mcp_listen_t *listen, u_char *p, size_t room)
{
    ngx_cc_json_t  w;

    listen->ended = 1;

    ngx_cc_message_writer(&w, p, room);
    ngx_cc_message_answer(&w, &listen->id);
    ngx_cc_json_lit(&w, "\"result\":{\"resultType\":\"complete\",\"_meta\":{"
                        NGX_CC_MCP_SERVER ","
                        "\"io.modelcontextprotocol/subscriptionId\":");
    ngx_cc_json_raw(&w, listen->id.data, listen->id.len);
    ngx_cc_json_lit(&w, "}}}");

    return w.pos - p;
}


static size_t
ngx_cc_mcp_listen_tell(ngx_cc_mcp_listen_task_t *task, u_char *p, size_t room,
    ngx_uint_t *more)
{
    size_t  n;

    n = ngx_cc_mcp_job_answer_pull(task->answer, p, room, more);

    task->listen->current = *more ? task : NULL;

    if (!*more) {
        ngx_cc_mcp_job_answer_free(task->answer);
        task->answer = NULL;
        task->state = NGX_CC_MCP_LISTEN_TOLD;
    }

    return n;
}


void
ngx_cc_mcp_listen_close(ngx_cc_mcp_listen_t *listen)
{
    ngx_uint_t                 i;
    ngx_cc_mcp_listen_task_t  *task;

    for (i = 0; i < listen->ntasks; i++) {

        task = &listen->task[i];

        if (task->ask) {
            ngx_cc_ask_close(task->ask);
        }

        if (task->again.timer_set) {
            ngx_del_timer(&task->again);
        }

        ngx_cc_mcp_job_answer_free(task->answer);
    }

    ngx_free(listen);
}
