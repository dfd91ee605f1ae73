
/*
 * Binary messages of the native dialect (docs/protocol.md, "Binary messages"):
 * a header, then bytes of one stream of one command.
 *
 *   packet = { u8 version, u8 stream, u16 flags, u32 channel, u64 offset,
 *              u64 seq } bytes, all numbers in network byte order
 */

#ifndef _NGX_CC_PACKET_H_INCLUDED_
#define _NGX_CC_PACKET_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_PACKET_VERSION  1
#define NGX_CC_PACKET_HEADER   24        /* bytes before those of the stream */

#define NGX_CC_PACKET_STDIN    0         /* streams */
#define NGX_CC_PACKET_STDOUT   1
#define NGX_CC_PACKET_STDERR   2

#define NGX_CC_PACKET_EOF      0x1       /* flags of stdin: its end follows */
#define NGX_CC_PACKET_PLACED   0x2       /* "offset" counts */


typedef struct {
    uint8_t    stream;
    uint16_t   flags;
    uint32_t   channel;
    uint64_t   offset;
    uint64_t   seq;
} ngx_cc_packet_t;


/* writes a header to p, which has room for it, and returns its end */
uint8_t *ngx_cc_packet_write(uint8_t *p, const ngx_cc_packet_t *packet);

/*
 * Reads the header of a message of n bytes.  NULL; or, as a static text, why it
 * is none: too short, another version, an unknown stream, flags that the stream
 * does not have, an offset without PLACED.  "packet" is all zero when nothing
 * of it can be told.
 */
const char *ngx_cc_packet_read(ngx_cc_packet_t *packet, const uint8_t *p,
    size_t n);


#endif /* _NGX_CC_PACKET_H_INCLUDED_ */
