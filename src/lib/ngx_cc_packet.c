
#include <string.h>
#include "ngx_cc_packet.h"


static uint8_t *ngx_cc_packet_put(uint8_t *p, uint64_t n, unsigned bytes);
static uint64_t ngx_cc_packet_get(const uint8_t *p, unsigned bytes);


uint8_t *
ngx_cc_packet_write(uint8_t *p, const ngx_cc_packet_t *packet)
{
    *p++ = NGX_CC_PACKET_VERSION;
    *p++ = packet->stream;
    p = ngx_cc_packet_put(p, packet->flags, 2);
    p = ngx_cc_packet_put(p, packet->channel, 4);
    p = ngx_cc_packet_put(p, packet->offset, 8);

    return ngx_cc_packet_put(p, packet->seq, 8);
}


const char *
ngx_cc_packet_read(ngx_cc_packet_t *packet, const uint8_t *p, size_t n)
{
    uint16_t  known;

    memset(packet, 0, sizeof(ngx_cc_packet_t));

    if (n < NGX_CC_PACKET_HEADER) {
        return "it is shorter than its header, 24 bytes";
    }

    if (p[0] != NGX_CC_PACKET_VERSION) {
        return "its version is not 1";
    }

    packet->stream = p[1];
    packet->flags = (uint16_t) ngx_cc_packet_get(p + 2, 2);
    packet->channel = (uint32_t) ngx_cc_packet_get(p + 4, 4);
    packet->offset = ngx_cc_packet_get(p + 8, 8);
    packet->seq = ngx_cc_packet_get(p + 16, 8);

    if (packet->stream > NGX_CC_PACKET_STDERR) {
        return "its stream is unknown";
    }

    known = packet->stream == NGX_CC_PACKET_STDIN
            ? NGX_CC_PACKET_EOF|NGX_CC_PACKET_PLACED : 0;

    if (packet->flags & ~known) {
        return "reserved flags are set";
    }

    if (packet->stream == NGX_CC_PACKET_STDIN && packet->offset
        && !(packet->flags & NGX_CC_PACKET_PLACED))
    {
        return "it has an offset without the flag for it";
    }

    return NULL;
}


static uint8_t *
ngx_cc_packet_put(uint8_t *p, uint64_t n, unsigned bytes)
{
    while (bytes--) {
        *p++ = (uint8_t) (n >> (8 * bytes));
    }

    return p;
}


static uint64_t
ngx_cc_packet_get(const uint8_t *p, unsigned bytes)
{
    uint64_t  n;

    for (n = 0; bytes; bytes--) {
        n = n << 8 | *p++;
    }

    return n;
}
