
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_digits.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_message.h"
#include "ngx_cc_native_output.h"
#include "ngx_cc_packet.h"
#include "ngx_cc_utf8.h"


static void ngx_cc_native_output_jump(ngx_cc_native_output_stream_t *st,
    uint64_t offset);
static size_t ngx_cc_native_output_gap(ngx_cc_native_output_t *out, u_char *p,
    size_t room);
static size_t ngx_cc_native_output_packet(ngx_cc_native_output_t *out,
    u_char *p);
static size_t ngx_cc_native_output_take(ngx_cc_native_output_t *out, u_char *p,
    size_t room);
static size_t ngx_cc_native_output_lines(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, const u_char *data, size_t n, u_char *p,
    size_t room);
static size_t ngx_cc_native_output_chunk(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, const u_char *data, size_t n, u_char *p,
    size_t room);
static size_t ngx_cc_native_output_rest(ngx_cc_native_output_t *out, u_char *p,
    size_t room);
static ngx_int_t ngx_cc_native_output_keep(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, const u_char *data, size_t n,
    uint64_t seq);
static size_t ngx_cc_native_output_kept(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, size_t n, ngx_uint_t truncated,
    ngx_uint_t partial, u_char *p, size_t room);
static size_t ngx_cc_native_output_cut(ngx_cc_native_output_t *out,
    const u_char *data, size_t n);
static size_t ngx_cc_native_output_render(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, const u_char *data, size_t n,
    uint64_t seq, ngx_uint_t truncated, ngx_uint_t partial, u_char *p,
    size_t room);
static void ngx_cc_native_output_silence(ngx_event_t *ev);


/* what stands behind the data of nearly all messages; ID is filled in */

#define NGX_CC_NATIVE_OUTPUT_WHOLE   "\",\"truncated\":false"
#define NGX_CC_NATIVE_OUTPUT_ID      ",\"execution_id\":\""
#define NGX_CC_NATIVE_OUTPUT_OFFSET  "\",\"offset\":"


static const char  ngx_cc_native_output_stdout[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"process.output\",\"params\":"
    "{\"type\":\"stdout\",\"data\":\"";

static const char  ngx_cc_native_output_stderr[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"process.output\",\"params\":"
    "{\"type\":\"stderr\",\"data\":\"";


void
ngx_cc_native_output_init(ngx_cc_native_output_t *out, ngx_cc_command_t *cmd,
    ngx_uint_t chunk, ngx_uint_t base64, void (*wake)(void *data),
    void *data, ngx_log_t *log)
{
    u_char                         *p;
    ngx_uint_t                      i;
    ngx_cc_native_output_stream_t  *st;

    ngx_memzero(out, sizeof(ngx_cc_native_output_t));

    p = ngx_cpymem(out->tail, NGX_CC_NATIVE_OUTPUT_WHOLE,
                   sizeof(NGX_CC_NATIVE_OUTPUT_WHOLE) - 1);
    p = ngx_cpymem(p, NGX_CC_NATIVE_OUTPUT_ID,
                   sizeof(NGX_CC_NATIVE_OUTPUT_ID) - 1);
    p = cmd->named ? ngx_cc_node_prefix(p) : p;
    p = ngx_cpymem(p, cmd->id, NGX_CC_HANDLE_TEXT);
    p = ngx_cpymem(p, NGX_CC_NATIVE_OUTPUT_OFFSET,
                   sizeof(NGX_CC_NATIVE_OUTPUT_OFFSET) - 1);
    out->ntail = p - out->tail;

    out->cmd = cmd;
    out->log = log;
    out->wake = wake;
    out->data = data;
    out->chunk = chunk ? 1 : 0;
    out->base64 = base64 ? 1 : 0;
    out->most = NGX_CC_NATIVE_OUTPUT_LINE;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        st = &out->stream[i];
        st->output = out;
        st->digits[0] = '0';
        st->ndigits = 1;
        st->timer.handler = ngx_cc_native_output_silence;
        st->timer.data = st;
        st->timer.log = log;
        st->timer.cancelable = 1;
    }
}


void
ngx_cc_native_output_from(ngx_cc_native_output_t *out,
    const uint64_t from[NGX_CC_STREAMS])
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ngx_cc_native_output_jump(&out->stream[i], from[i]);
    }
}


void
ngx_cc_native_output_limit(ngx_cc_native_output_t *out, size_t most)
{
    out->most = ngx_min(most, out->most);
}


static void
ngx_cc_native_output_jump(ngx_cc_native_output_stream_t *st, uint64_t offset)
{
    st->offset = offset;
    st->ndigits = ngx_slprintf(st->digits, st->digits + sizeof(st->digits),
                               "%uL", offset)
                  - st->digits;
}


size_t
ngx_cc_native_output_pull(ngx_cc_native_output_t *out, u_char *p, size_t room)
{
    size_t  n;

    for ( ;; ) {

        if (out->open && out->cmd->truncated) {
            /* dropped, and its memory may be another command's by now */
            out->open = 0;
        }

        if (!out->open) {
            if (ngx_cc_command_peek(out->cmd, &out->record) == 0) {
                return ngx_cc_native_output_rest(out, p, room);
            }

            out->open = 1;
            out->used = 0;
        }

        if (out->record.len == 0) {
            return ngx_cc_native_output_gap(out, p, room);
        }

        if (out->transport) {
            return ngx_cc_native_output_packet(out, p);
        }

        n = ngx_cc_native_output_take(out, p, room);

        if (out->used == out->record.len) {
            out->open = 0;
            ngx_cc_command_skip(out->cmd, &out->record);
        }

        if (n) {
            return n;
        }
    }
}


size_t
ngx_cc_native_output_next(ngx_cc_native_output_t *out, u_char *p, size_t room)
{
    size_t                          n;
    const u_char                   *data, *nl;
    ngx_cc_native_output_stream_t  *st;

    if (!out->open || out->chunk || out->transport || out->cmd->truncated) {
        return 0;
    }

    st = &out->stream[out->record.stream];
    data = out->record.data + out->used;
    n = ngx_min(out->record.len - out->used, out->most);

    if (st->len || n == 0) {
        return 0;
    }

    nl = memchr(data, '\n', n);

    if (nl == NULL) {
        return 0;
    }

    n = nl + 1 - data;
    room = ngx_cc_native_output_render(out, st, data, n,
                                       out->record.seq + out->used, 0, 0, p,
                                       room);
    out->used += n;

    if (out->used == out->record.len) {
        out->open = 0;
        ngx_cc_command_skip(out->cmd, &out->record);
    }

    return room;
}


void
ngx_cc_native_output_sent(ngx_cc_native_output_t *out)
{
    if (out->open && out->used == out->record.len && !out->cmd->truncated) {
        out->open = 0;
        ngx_cc_command_skip(out->cmd, &out->record);
    }
}


ngx_uint_t
ngx_cc_native_output_done(ngx_cc_native_output_t *out)
{
    return !out->open
           && ngx_cc_command_finished(out->cmd)
           && out->stream[NGX_CC_STDOUT].len == 0
           && out->stream[NGX_CC_STDERR].len == 0;
}


void
ngx_cc_native_output_close(ngx_cc_native_output_t *out)
{
    ngx_uint_t                      i;
    ngx_cc_native_output_stream_t  *st;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        st = &out->stream[i];

        if (st->timer.timer_set) {
            ngx_del_timer(&st->timer);
        }

        if (st->buf) {
            ngx_free(st->buf);
            st->buf = NULL;
        }
    }
}


/* what is not there any more is told behind what was before it */

static size_t
ngx_cc_native_output_gap(ngx_cc_native_output_t *out, u_char *p, size_t room)
{
    ngx_cc_json_t                   w;
    ngx_cc_native_output_stream_t  *st;

    st = &out->stream[out->record.stream];

    if (st->len) {
        return ngx_cc_native_output_kept(out, st, st->len, 0, !out->chunk, p,
                                         room);
    }

    w.pos = p;
    w.end = p + room;
    w.overflow = 0;

    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"process.gap\","
                        "\"params\":{\"stream\":");
    ngx_cc_json_cstring(&w, out->record.stream == NGX_CC_STDOUT ? "stdout"
                                                               : "stderr");
    ngx_cc_json_lit(&w, ",\"from\":");
    ngx_cc_json_uint(&w, st->offset);
    ngx_cc_json_lit(&w, ",\"to\":");
    ngx_cc_json_uint(&w, out->record.to);
    ngx_cc_json_lit(&w, ",\"execution_id\":\"");
    ngx_cc_message_execution(&w, out->cmd->id, out->cmd->named);
    ngx_cc_json_lit(&w, "\"}}");

    st->gaps += out->record.to - st->offset;
    ngx_cc_native_output_jump(st, out->record.to);

    out->open = 0;
    ngx_cc_command_skip(out->cmd, &out->record);

    return w.pos - p;
}


/* it is sent from the record, which is skipped when that has been done */

static size_t
ngx_cc_native_output_packet(ngx_cc_native_output_t *out, u_char *p)
{
    size_t                          n;
    ngx_cc_packet_t                 packet;
    ngx_cc_native_output_stream_t  *st;

    st = &out->stream[out->record.stream];
    n = ngx_min(out->record.len - out->used, out->most);

    packet.stream = out->record.stream == NGX_CC_STDOUT
                    ? NGX_CC_PACKET_STDOUT : NGX_CC_PACKET_STDERR;
    packet.flags = 0;
    packet.channel = out->channel;
    packet.offset = st->offset;
    packet.seq = out->record.seq + out->used;

    out->transport->packet = 1;
    out->transport->tail.data = (u_char *) out->record.data + out->used;
    out->transport->tail.len = n;

    out->used += n;
    st->offset += n;

    return ngx_cc_packet_write(p, &packet) - p;
}


/* one message from the current record, if it holds enough for one */

static size_t
ngx_cc_native_output_take(ngx_cc_native_output_t *out, u_char *p, size_t room)
{
    size_t                          n;
    const u_char                   *data;
    ngx_cc_native_output_stream_t  *st;

    st = &out->stream[out->record.stream];
    data = out->record.data + out->used;
    n = out->record.len - out->used;

    return out->chunk ? ngx_cc_native_output_chunk(out, st, data, n, p, room)
                      : ngx_cc_native_output_lines(out, st, data, n, p, room);
}


static size_t
ngx_cc_native_output_lines(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st,
    const u_char *data, size_t n, u_char *p, size_t room)
{
    size_t         len, cut;
    uint64_t       seq;
    const u_char  *nl;

    len = ngx_min(n, out->most - st->len);
    seq = out->record.seq + out->used;
    nl = memchr(data, '\n', len);

    if (nl) {
        len = nl + 1 - data;
        out->used += len;

        if (st->len == 0) {
            return ngx_cc_native_output_render(out, st, data, len, seq, 0, 0, p,
                                               room);
        }

        if (ngx_cc_native_output_keep(out, st, data, len, seq) != NGX_OK) {
            return 0;
        }

        return ngx_cc_native_output_kept(out, st, st->len, 0, 0, p, room);
    }

    if (st->len == 0 && len == out->most) {
        cut = ngx_cc_native_output_cut(out, data, len);
        out->used += cut;

        return ngx_cc_native_output_render(out, st, data, cut, seq, 1, 0, p,
                                           room);
    }

    out->used += len;

    if (ngx_cc_native_output_keep(out, st, data, len, seq) != NGX_OK
        || st->len < out->most)
    {
        return 0;
    }

    cut = ngx_cc_native_output_cut(out, st->buf, st->len);

    return ngx_cc_native_output_kept(out, st, cut, 1, 0, p, room);
}


static size_t
ngx_cc_native_output_chunk(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st,
    const u_char *data, size_t n, u_char *p, size_t room)
{
    size_t    len, cut;
    uint64_t  seq;

    seq = out->record.seq + out->used;
    len = ngx_min(n, out->most - st->len);

    if (st->len == 0) {
        cut = ngx_cc_native_output_cut(out, data, len);

        if (cut) {
            out->used += cut;

            return ngx_cc_native_output_render(out, st, data, cut, seq, 0, 0, p,
                                               room);
        }
    }

    out->used += len;

    if (ngx_cc_native_output_keep(out, st, data, len, seq) != NGX_OK) {
        return 0;
    }

    cut = ngx_cc_native_output_cut(out, st->buf, st->len);

    return cut ? ngx_cc_native_output_kept(out, st, cut, 0, 0, p, room) : 0;
}


/* the ring is empty: what is kept goes when it is due or the last */

static size_t
ngx_cc_native_output_rest(ngx_cc_native_output_t *out, u_char *p, size_t room)
{
    size_t                          cut;
    ngx_uint_t                      i, last;
    ngx_cc_native_output_stream_t  *st;

    last = ngx_cc_command_finished(out->cmd);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        st = &out->stream[i];

        if (st->len == 0) {
            continue;
        }

        if (last) {
            return ngx_cc_native_output_kept(out, st, st->len, 0, !out->chunk,
                                             p, room);
        }

        if (st->due) {
            st->due = 0;
            cut = ngx_cc_native_output_cut(out, st->buf, st->len);

            if (cut) {
                return ngx_cc_native_output_kept(out, st, cut, 0, !out->chunk,
                                                 p, room);
            }
        }
    }

    return 0;
}


static ngx_int_t
ngx_cc_native_output_keep(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, const u_char *data, size_t n,
    uint64_t seq)
{
    size_t  i;

    if (st->buf == NULL) {
        st->buf = ngx_alloc(NGX_CC_NATIVE_OUTPUT_LINE, out->log);

        if (st->buf == NULL) {
            /* the dialect ends the command; offsets must not lie meanwhile */
            out->broken = 1;
            st->offset += n;
            return NGX_ERROR;
        }
    }

    if (st->len == 0) {
        st->seq = seq;
    }

    /* a character of four bytes may be cut behind three */

    for (i = n - ngx_min(n, 4); i < n; i++) {
        ngx_memmove(st->ends, st->ends + 1, 3 * sizeof(uint64_t));
        st->ends[3] = seq + i;
    }

    ngx_memcpy(st->buf + st->len, data, n);
    st->len += n;
    st->due = 0;

    if (!out->chunk) {

        /* from this byte on: nginx would keep a timer that is nearly right */

        if (st->timer.timer_set) {
            ngx_del_timer(&st->timer);
        }

        ngx_add_timer(&st->timer, NGX_CC_NATIVE_OUTPUT_SILENCE);
    }

    return NGX_OK;
}


/* renders the first n bytes of what is kept */

static size_t
ngx_cc_native_output_kept(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st, size_t n,
    ngx_uint_t truncated, ngx_uint_t partial, u_char *p, size_t room)
{
    n = ngx_min(n, st->len);
    room = ngx_cc_native_output_render(out, st, st->buf, n, st->seq, truncated,
                                       partial, p, room);
    st->len -= n;

    if (st->len) {
        st->seq = st->len <= 4 ? st->ends[4 - st->len] : st->seq + n;
        ngx_memmove(st->buf, st->buf + n, st->len);
        return room;
    }

    ngx_free(st->buf);
    st->buf = NULL;

    if (st->timer.timer_set) {
        ngx_del_timer(&st->timer);
    }

    return room;
}


static size_t
ngx_cc_native_output_cut(ngx_cc_native_output_t *out, const u_char *data,
    size_t n)
{
    return out->base64 ? n : ngx_cc_utf8_cut(data, n);
}


static size_t
ngx_cc_native_output_render(ngx_cc_native_output_t *out,
    ngx_cc_native_output_stream_t *st,
    const u_char *data, size_t n, uint64_t seq, ngx_uint_t truncated,
    ngx_uint_t partial, u_char *p, size_t room)
{
    int             lossy;
    size_t          skip;
    ngx_str_t       src, dst;
    ngx_cc_json_t   w;

    /*
     * There is room for the longest message: what stands around the data is
     * copied in pieces of constant size, some of them longer than what counts.
     */

    lossy = 0;
    w.end = p + room;
    w.overflow = 0;
    w.pos = ngx_cpymem(p, st == &out->stream[NGX_CC_STDOUT]
                          ? ngx_cc_native_output_stdout
                          : ngx_cc_native_output_stderr,
                       sizeof(ngx_cc_native_output_stdout) - 1);

    if (out->base64) {
        src.data = (u_char *) data;
        src.len = n;
        dst.data = w.pos;
        ngx_encode_base64(&dst, &src);
        w.pos += dst.len;

    } else {
        (void) ngx_cc_json_escape(&w.pos, w.end, data, n, 1, &lossy);
    }

    if (truncated || partial || lossy) {
        skip = sizeof(NGX_CC_NATIVE_OUTPUT_WHOLE) - 1;

        if (truncated) {
            ngx_cc_json_lit(&w, "\",\"truncated\":true");

        } else {
            ngx_cc_json_lit(&w, NGX_CC_NATIVE_OUTPUT_WHOLE);
        }

        if (partial) {
            ngx_cc_json_lit(&w, ",\"partial\":true");
        }

        if (lossy) {
            ngx_cc_json_lit(&w, ",\"lossy\":true");
        }

        ngx_cc_json_raw(&w, out->tail + skip, out->ntail - skip);

    } else {
        ngx_memcpy(w.pos, out->tail, sizeof(out->tail));
        w.pos += out->ntail;
    }

    /* where the last message ended, this one begins */

    ngx_memcpy(w.pos, st->digits, sizeof(st->digits));
    w.pos += st->ndigits;
    w.pos = ngx_cpymem(w.pos, ",\"next\":", sizeof(",\"next\":") - 1);

    st->offset += n;
    st->ndigits = ngx_cc_digits_count(st->offset);
    ngx_cc_digits_write(w.pos, st->offset, st->ndigits);
    ngx_cc_digits_write(st->digits, st->offset, st->ndigits);
    w.pos += st->ndigits;

    w.pos = ngx_cpymem(w.pos, ",\"seq\":", sizeof(",\"seq\":") - 1);
    skip = ngx_cc_digits_count(seq);
    ngx_cc_digits_write(w.pos, seq, skip);
    w.pos += skip;

    *w.pos++ = '}';
    *w.pos++ = '}';

    return w.pos - p;
}


static void
ngx_cc_native_output_silence(ngx_event_t *ev)
{
    ngx_cc_native_output_stream_t  *st = ev->data;

    st->due = 1;
    st->output->wake(st->output->data);
}
