
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_native_packet.h"
#include "ngx_cc_native_read.h"
#include "ngx_cc_packet.h"


#define NGX_CC_NATIVE_PACKET_MOST     262144     /* bytes of output in one */
#define NGX_CC_NATIVE_PACKET_CHANNEL  (sizeof(",\"channel\":") - 1           \
                                       + NGX_INT32_LEN)


struct ngx_cc_native_packet_s {
    size_t  len;
    size_t  size;                        /* bytes behind this */
};


static ngx_cc_native_command_t *ngx_cc_native_packet_command(
    ngx_cc_native_t *s, uint32_t channel);
static ngx_int_t ngx_cc_native_packet_keep(ngx_cc_native_t *s, u_char *p,
    size_t n);
static ngx_int_t ngx_cc_native_packet_serve(ngx_cc_native_t *s, u_char *p,
    size_t n);
static ngx_int_t ngx_cc_native_packet_input(ngx_cc_native_t *s,
    const ngx_cc_packet_t *packet, u_char *p, size_t n);


ngx_int_t
ngx_cc_native_packet_channel(ngx_cc_native_t *s, uint32_t *channel)
{
    size_t      size;
    u_char     *p, *last;
    ngx_str_t  *more;

    do {
        *channel = ++s->channel;
    } while (*channel == 0 || ngx_cc_native_packet_command(s, *channel));

    if (s->asked.id.len == 0) {
        return NGX_OK;
    }

    more = &s->asked.more;
    size = NGX_CC_NATIVE_PACKET_CHANNEL + more->len;
    p = ngx_pnalloc(s->pool, size);

    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_slprintf(p, p + size, ",\"channel\":%uD", *channel);

    if (more->len) {
        last = ngx_cpymem(last, more->data, more->len);
    }

    more->data = p;
    more->len = last - p;

    return NGX_OK;
}


void
ngx_cc_native_packet_begin(ngx_cc_native_t *s, ngx_cc_native_command_t *ps,
    uint32_t channel)
{
    ps->channel = channel;
    ps->output.transport = s->base.transport;
    ps->output.channel = channel;
    ps->output.most = NGX_CC_NATIVE_PACKET_MOST;
    s->base.transport->binary = 1;
}


static ngx_cc_native_command_t *
ngx_cc_native_packet_command(ngx_cc_native_t *s, uint32_t channel)
{
    ngx_queue_t              *q;
    ngx_cc_native_command_t  *ps;

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (ps->channel && ps->channel == channel) {
            return ps;
        }
    }

    return NULL;
}


ngx_int_t
ngx_cc_native_packet_push(void *session, u_char *p, size_t n, ngx_uint_t last)
{
    ngx_int_t                rc;
    ngx_cc_native_t         *s = session;
    ngx_cc_native_packet_t  *packet;

    /* most come in one piece */

    if (s->packet || !last) {

        if (ngx_cc_native_packet_keep(s, p, n) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!last) {
            return NGX_OK;
        }

        packet = s->packet;
        p = (u_char *) (packet + 1);
        n = packet->len;
    }

    rc = ngx_cc_native_packet_serve(s, p, n);

    ngx_cc_native_packet_drop(s);
    s->base.transport->wake(s->base.transport->data);

    return s->base.answers.no_memory ? NGX_ERROR : rc;
}


void
ngx_cc_native_packet_drop(ngx_cc_native_t *s)
{
    if (s->packet) {
        ngx_free(s->packet);
        s->packet = NULL;
    }
}


/* the transport bounds the whole message */

static ngx_int_t
ngx_cc_native_packet_keep(ngx_cc_native_t *s, u_char *p, size_t n)
{
    size_t                   len, size;
    ngx_cc_native_packet_t  *packet;

    len = s->packet ? s->packet->len : 0;

    if (s->packet == NULL || s->packet->size - len < n) {
        size = 2 * (len + n);
        packet = ngx_alloc(sizeof(ngx_cc_native_packet_t) + size,
                           s->base.transport->log);

        if (packet == NULL) {
            return NGX_ERROR;
        }

        if (len) {
            ngx_memcpy(packet + 1, s->packet + 1, len);
        }

        ngx_cc_native_packet_drop(s);
        packet->len = len;
        packet->size = size;
        s->packet = packet;
    }

    if (n) {
        ngx_memcpy((u_char *) (s->packet + 1) + len, p, n);
        s->packet->len += n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_native_packet_serve(ngx_cc_native_t *s, u_char *p, size_t n)
{
    u_char            id[NGX_INT64_LEN];
    const char       *why;
    ngx_cc_packet_t   packet;

    why = ngx_cc_packet_read(&packet, p, n);

    if (why == NULL && packet.stream != NGX_CC_PACKET_STDIN) {
        why = "a client sends stdin only, stream 0";
    }

    ngx_str_null(&s->asked.more);
    s->asked.id.data = id;
    s->asked.id.len = packet.seq
                      ? ngx_slprintf(id, id + sizeof(id), "%uL", packet.seq)
                        - id : 0;

    if (why) {

        if (s->asked.id.len == 0) {
            /* better told than lost */
            ngx_str_set(&s->asked.id, "null");
        }

        ngx_cc_native_error(s, NGX_CC_ERROR_REQUEST, "a binary message: %s",
                            why);
        return NGX_OK;
    }

    return ngx_cc_native_packet_input(s, &packet, p + NGX_CC_PACKET_HEADER,
                                      n - NGX_CC_PACKET_HEADER);
}


static ngx_int_t
ngx_cc_native_packet_input(ngx_cc_native_t *s, const ngx_cc_packet_t *packet,
    u_char *p, size_t n)
{
    ngx_cc_input_t            in;
    ngx_cc_native_command_t  *ps;

    ps = ngx_cc_native_packet_command(s, packet->channel);

    if (ps == NULL) {
        ngx_cc_native_error(s, NGX_CC_ERROR_NO_PROCESS,
                            "no process of this session has channel %uD",
                            packet->channel);
        return NGX_OK;
    }

    if (ngx_cc_native_read_may(s, ps, NGX_CC_ATTACH_WRITE) != NGX_OK) {
        return NGX_OK;
    }

    ngx_memzero(&in, sizeof(in));
    in.data.data = p;
    in.data.len = n;
    in.offset = packet->offset;
    in.placed = (packet->flags & NGX_CC_PACKET_PLACED) ? 1 : 0;
    in.eof = (packet->flags & NGX_CC_PACKET_EOF) ? 1 : 0;

    return ngx_cc_stdin_add(&ps->input, &in, &s->asked);
}
