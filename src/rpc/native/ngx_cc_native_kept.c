
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_keep.h"
#include "ngx_cc_message.h"
#include "ngx_cc_native_kept.h"
#include "ngx_cc_native_packet.h"
#include "ngx_cc_native_watch.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_zone.h"


#define NGX_CC_NATIVE_KEPT_FAR  900000000000000


static ngx_int_t ngx_cc_native_kept_params(ngx_cc_native_t *s,
    ngx_cc_value_t *params, ngx_cc_attach_t *attach, ngx_uint_t *chunk,
    ngx_cc_native_encoding_e *encoding, uint64_t *window);
static ngx_cc_native_command_t *ngx_cc_native_kept_begin(ngx_cc_native_t *s,
    ngx_cc_attach_t *attach, ngx_uint_t chunk,
    ngx_cc_native_encoding_e encoding);
static ngx_int_t ngx_cc_native_kept_mode(ngx_cc_native_t *s,
    ngx_cc_value_t *params, ngx_cc_attach_t *attach);
static void ngx_cc_native_kept_wrong(ngx_cc_native_t *s,
    ngx_cc_native_command_t *ps, const char *fmt, ...);


ngx_int_t
ngx_cc_native_kept_attach(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    uint32_t                  channel;
    uint64_t                  window;
    ngx_int_t                 rc;
    ngx_uint_t                chunk, redraw;
    ngx_cc_attach_t           attach;
    ngx_cc_spec_conf_t       *conf;
    ngx_cc_native_command_t  *ps;
    ngx_cc_native_encoding_e  encoding;

    conf = s->base.transport->conf;
    ngx_memzero(&attach, sizeof(attach));

    rc = ngx_cc_native_read_id(s, params, &attach.handle);

    if (rc == NGX_ERROR
        || ngx_cc_native_kept_params(s, params, &attach, &chunk, &encoding,
                                     &window)
           != NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_cc_native_read_here(s, params)) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.execution_id: this session is attached to "
                            "it already");
        return NGX_OK;
    }

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        ngx_cc_native_error(s, NGX_CC_ERROR_INTERNAL,
                            ngx_cc_zone_reloaded()
                            ? "server is reloading, connect again"
                            : "server is shutting down");
        return NGX_OK;
    }

    if (s->base.ncommands >= conf->max_commands_per_session) {
        ngx_cc_native_error(s, NGX_CC_ERROR_LIMIT,
                            "the limit of %ui processes of a session is "
                            "reached", conf->max_commands_per_session);
        return NGX_OK;
    }

    /* one that nobody can have is looked for like any other: as long */

    attach.owner = s->base.transport->owner;

    if (s->base.transport->observe) {
        attach.realm = s->base.transport->observe->realm;
        attach.flags |= s->base.transport->steers ? NGX_CC_ATTACH_SIGNAL : 0;
    }

    channel = 0;

    if (encoding == NGX_CC_NATIVE_BINARY
        && ngx_cc_native_packet_channel(s, &channel) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ps = ngx_cc_native_kept_begin(s, &attach, chunk, encoding);

    if (ps == NULL) {
        return NGX_ERROR;
    }

    redraw = 0;
    (void) ngx_cc_native_read_flag(s, params, "redraw", &redraw);
    ps->redraw = redraw ? 1 : 0;

    if (channel) {
        ngx_cc_native_packet_begin(s, ps, channel);
    }

    ngx_cc_native_watch_limit(ps, window);

    ngx_queue_insert_tail(&s->base.commands, &ps->queue);
    s->base.ncommands++;

    return NGX_OK;
}


static ngx_cc_native_command_t *
ngx_cc_native_kept_begin(ngx_cc_native_t *s, ngx_cc_attach_t *attach,
    ngx_uint_t chunk, ngx_cc_native_encoding_e encoding)
{
    ngx_cc_transport_t       *transport;
    ngx_cc_native_command_t  *ps;

    transport = s->base.transport;

    ps = ngx_calloc(sizeof(ngx_cc_native_command_t) + s->asked.id.len
                    + s->asked.more.len, transport->log);

    if (ps == NULL) {
        return NULL;
    }

    ngx_cc_asked_copy(&ps->asked, &s->asked, (u_char *) (ps + 1));

    ps->conf = transport->conf;
    ps->answers = &s->base.answers;
    ps->session_id = transport->session_id;
    ps->recorder = transport->recorder;
    ps->wake = transport->wake;
    ps->data = transport->data;
    ps->log = transport->log;
    ps->attach = 1;
    ps->told = 1;
    ps->begun = ngx_current_msec;

    attach->data = ps;
    attach->event = ngx_cc_native_command_event;
    attach->wake = ngx_cc_native_command_wake;

    ps->cmd = ngx_cc_command_keep_attach(&transport->conf->command, attach);

    if (ps->cmd == NULL) {
        ngx_free(ps);
        return NULL;
    }

    ngx_cc_native_output_init(&ps->output, ps->cmd, chunk,
                              encoding == NGX_CC_NATIVE_BASE64, ps->wake,
                              ps->data, ps->log);

    ngx_cc_stdin_init(&ps->input, ps->cmd, ps->answers, &s->share,
                      (attach->flags & NGX_CC_ATTACH_WRITE) ? 1 : 0, ps->log);

    return ps;
}


static ngx_int_t
ngx_cc_native_kept_params(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_attach_t *attach, ngx_uint_t *chunk,
    ngx_cc_native_encoding_e *encoding, uint64_t *window)
{
    ngx_uint_t  lossy;

    *chunk = 0;
    lossy = 0;

    if (ngx_cc_native_read_number(s, params, "stdout",
                                  -NGX_CC_NATIVE_KEPT_FAR,
                                  NGX_CC_NATIVE_KEPT_FAR,
                                  &attach->from[NGX_CC_STDOUT])
        == NGX_ERROR
        || ngx_cc_native_read_number(s, params, "stderr",
                                     -NGX_CC_NATIVE_KEPT_FAR,
                                     NGX_CC_NATIVE_KEPT_FAR,
                                     &attach->from[NGX_CC_STDERR])
           == NGX_ERROR
        || ngx_cc_native_read_word(s, params, "flow", "lossless", "lossy",
                                   &lossy)
           == NGX_ERROR
        || ngx_cc_native_read_word(s, params, "output", "line", "chunk", chunk)
           == NGX_ERROR
        || ngx_cc_native_kept_window(s, params, window) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (ngx_cc_native_params_encoding(params, encoding) != NGX_OK) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params." NGX_CC_NATIVE_PARAMS_ENCODING);
        return NGX_ERROR;
    }

    attach->flags = lossy ? NGX_CC_ATTACH_LOSSY : 0;

    return ngx_cc_native_kept_mode(s, params, attach);
}


static ngx_int_t
ngx_cc_native_kept_mode(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_attach_t *attach)
{
    ngx_uint_t  write, exclusive, redraw;

    write = 0;
    exclusive = 0;
    redraw = 0;

    if (ngx_cc_native_read_word(s, params, "mode", "read", "write", &write)
        == NGX_ERROR
        || ngx_cc_native_read_flag(s, params, "exclusive", &exclusive)
           == NGX_ERROR
        || ngx_cc_native_read_flag(s, params, "redraw", &redraw) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (!write && (exclusive || redraw)) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.%s needs params.mode \"write\"",
                            exclusive ? "exclusive" : "redraw");
        return NGX_ERROR;
    }

    attach->flags |= (write ? NGX_CC_ATTACH_WRITE : 0)
                     | (exclusive ? NGX_CC_ATTACH_EXCLUSIVE : 0);

    return NGX_OK;
}


ngx_int_t
ngx_cc_native_kept_window(ngx_cc_native_t *s, ngx_cc_value_t *params,
    uint64_t *window)
{
    int64_t    value;
    ngx_int_t  rc;

    *window = 0;

    rc = ngx_cc_native_read_number(s, params, "window",
                                   NGX_CC_NATIVE_KEPT_WINDOW,
                                   s->base.transport->conf->command.buffer,
                                   &value);
    if (rc == NGX_OK) {
        *window = value;
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_cc_native_kept_detach(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    u_char                   *buf;
    ngx_int_t                 rc;
    ngx_cc_json_t             w;
    ngx_cc_handle_t           handle;
    ngx_cc_native_command_t  *ps;

    rc = ngx_cc_native_read_id(s, params, &handle);

    if (rc == NGX_ERROR) {
        return NGX_OK;
    }

    ps = ngx_cc_native_read_here(s, params);

    if (ps == NULL) {
        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS,
                            "no such process in this session");
        return NGX_OK;
    }

    if (!ps->cmd->kept) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.execution_id: a process that is not kept "
                            "cannot be detached, it would end");
        return NGX_OK;
    }

    if (!ps->answered) {
        ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                            "params.execution_id: wait for the answer that "
                            "it has started, or is attached");
        return NGX_OK;
    }

    /* the client has the id, or it could not have said it */

    ngx_cc_command_keep_told(ps->cmd);

    if (s->asked.id.len) {
        buf = ngx_pnalloc(s->pool, NGX_CC_MESSAGE_SIZE);

        if (buf == NULL) {
            return NGX_ERROR;
        }

        ngx_cc_message_writer(&w, buf, NGX_CC_MESSAGE_SIZE);
        ngx_cc_message_answer(&w, &s->asked.id);
        ngx_cc_json_lit(&w, "\"result\":{\"status\":\"detached\"");
        ngx_cc_native_watch_both(&w, "next", (uint64_t[]) {
            ps->output.stream[NGX_CC_STDOUT].offset,
            ps->output.stream[NGX_CC_STDERR].offset
        });
        ngx_cc_json_raw(&w, s->asked.more.data, s->asked.more.len);
        ngx_cc_json_lit(&w, "}}");

        if (ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    s->base.handlers->forget(s, &ps->queue);

    return NGX_OK;
}


/* a notification: what is wrong with it is told like that, too */

ngx_int_t
ngx_cc_native_kept_credit(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    int64_t                         value;
    ngx_int_t                       rc;
    ngx_uint_t                      i, lossy;
    ngx_cc_native_command_t        *ps;
    ngx_cc_native_output_stream_t  *st;

    static const char  *names[] = { "stdout", "stderr" };

    ps = ngx_cc_native_read_here(s, params);

    if (ps == NULL) {
        /* of one that has just ended, maybe */
        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS,
                            "no such process in this session");
        return NGX_OK;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        st = &ps->output.stream[i];
        rc = ngx_cc_native_read_number(s, params, names[i], 0,
                                       NGX_CC_NATIVE_KEPT_FAR, &value);
        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc == NGX_ERROR || (uint64_t) value < ps->credit[i]
            || (uint64_t) value > st->offset || ps->window == 0)
        {
            if (rc == NGX_OK || s->asked.id.len == 0) {
                ngx_cc_native_kept_wrong(s, ps,
                                         ps->window == 0
                                         ? "credit is for those who have a "
                                           "params.window"
                                         : "params.%s of credit must be a "
                                           "whole number from %uL to %uL",
                                         names[i], ps->credit[i], st->offset);
            }

            return NGX_OK;
        }

        ps->credit[i] = value;

        if ((uint64_t) value >= ps->gap_end[i]) {
            ps->gaps[i] = st->gaps;
        }
    }

    rc = ngx_cc_native_read_word(s, params, "flow", "lossless", "lossy",
                                 &lossy);

    if (rc == NGX_OK && ps->cmd->kept) {
        ngx_cc_command_keep_flow(ps->cmd, lossy);
    }

    return NGX_OK;
}


static void
ngx_cc_native_kept_wrong(ngx_cc_native_t *s, ngx_cc_native_command_t *ps,
    const char *fmt, ...)
{
    u_char         text[NGX_CC_SPEC_TEXT], buf[4096], *last;
    va_list        args;
    ngx_cc_json_t  w;

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    if (s->asked.id.len) {
        ngx_cc_message_refuse(&s->base.answers, &s->asked.id,
                              NGX_CC_ERROR_PARAMS, text, last - text);
        return;
    }

    ngx_cc_message_writer(&w, buf, sizeof(buf));
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.error\","
                        "\"params\":{\"error\":");
    ngx_cc_json_string(&w, text, last - text);
    ngx_cc_json_lit(&w, ",\"code\":");
    ngx_cc_json_int(&w, NGX_CC_ERROR_PARAMS);
    ngx_cc_json_lit(&w, ",\"execution_id\":\"");
    ngx_cc_message_execution(&w, ps->cmd->id, ps->cmd->named);
    ngx_cc_json_lit(&w, "\"}}");

    (void) ngx_cc_answers_put(&s->base.answers, buf, w.pos - buf);
}
