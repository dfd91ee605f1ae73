
/*
 * What a command writes, as messages: the reader's cursor of one command.  It
 * pulls records from the ring, cuts them into lines or chunks, repairs or
 * encodes them, and renders one process.output notification at a time.
 *
 * A line that is whole inside a record goes from the ring straight into the
 * message.  Only the beginning of an unfinished line (<= 64 KiB) or of an
 * unfinished character (<= 3 bytes) is copied, to memory that is taken when it
 * is needed.
 *
 * A client that wants bytes gets packets (ngx_cc_packet.h): nothing is copied,
 * the transport sends them from where they are.
 */

#ifndef _NGX_CC_NATIVE_OUTPUT_H_INCLUDED_
#define _NGX_CC_NATIVE_OUTPUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_command.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_node.h"


#define NGX_CC_NATIVE_OUTPUT_LINE     65536  /* most raw bytes of a message */
#define NGX_CC_NATIVE_OUTPUT_TAIL     (NGX_CC_NODE_ID + 48)
#define NGX_CC_NATIVE_OUTPUT_SILENCE  100    /* ms after the last byte, then an
                                                unfinished line goes */


typedef struct ngx_cc_native_output_s  ngx_cc_native_output_t;


typedef struct {
    ngx_cc_native_output_t  *output;
    u_char                  *buf;    /* NATIVE_OUTPUT_LINE bytes, or NULL */
    size_t                   len;    /* bytes in it */
    uint64_t                 offset; /* of the next byte to be sent */
    uint64_t                 gaps;   /* bytes that were told as missing */
    uint64_t                 seq;    /* of the first byte in buf */
    uint64_t                 ends[4];    /* of the last ones in it */
    u_char                   digits[NGX_INT64_LEN]; /* the same as text */
    size_t                   ndigits;
    ngx_event_t              timer;
    unsigned                 due:1;  /* it has been silent: tell what is here */
} ngx_cc_native_output_stream_t;


struct ngx_cc_native_output_s {
    ngx_cc_command_t        *cmd;
    ngx_log_t               *log;
    void                   (*wake)(void *data);
    void                    *data;
    ngx_cc_native_output_stream_t   stream[NGX_CC_STREAMS];
    u_char                          tail[NGX_CC_NATIVE_OUTPUT_TAIL];
                                         /* of every message, from the data to
                                            the offset */
    size_t                   ntail;
    ngx_cc_ring_record_t     record; /* the current one */
    size_t                   used;   /* bytes of it that are taken */
    size_t                   most;   /* raw bytes of a message */

    /* not NULL: packets of that channel, which are told to this transport;
       set between init() and the first pull(), "most" with it */
    ngx_cc_transport_t      *transport;
    uint32_t                 channel;

    unsigned                 open:1; /* there is a current record */
    unsigned                 chunk:1;    /* mode "chunk", else "line" */
    unsigned                 base64:1;
    unsigned                 broken:1;   /* no memory for a line */
};


/*
 * Begins.  "wake" is called (from a timer) when pull() is worth calling again.
 */
void ngx_cc_native_output_init(ngx_cc_native_output_t *out,
    ngx_cc_command_t *cmd,
    ngx_uint_t chunk, ngx_uint_t base64, void (*wake)(void *data),
    void *data, ngx_log_t *log);

/* a kept command: the first byte of each stream has that offset */
void ngx_cc_native_output_from(ngx_cc_native_output_t *out,
    const uint64_t from[NGX_CC_STREAMS]);

/* from now on a message has no more than "most" raw bytes */
void ngx_cc_native_output_limit(ngx_cc_native_output_t *out, size_t most);

/*
 * Renders the next notification to p (room for NGX_CC_DIALECT_MAX_MESSAGE), or
 * the header of a packet: then "packet" and "tail" of the transport are set.
 * Returns its length, or 0 when there is none now.
 */
size_t ngx_cc_native_output_pull(ngx_cc_native_output_t *out, u_char *p,
    size_t room);

/*
 * Right behind a pull() that returned something, or a next(): the next line of
 * the same piece of output, or 0 when there is no whole one.
 */
size_t ngx_cc_native_output_next(ngx_cc_native_output_t *out, u_char *p,
    size_t room);

/* the tail that was pulled last is not needed any more */
void ngx_cc_native_output_sent(ngx_cc_native_output_t *out);

/* 1 when the command is over and all of its output has been pulled */
ngx_uint_t ngx_cc_native_output_done(ngx_cc_native_output_t *out);

/* frees memory and timers */
void ngx_cc_native_output_close(ngx_cc_native_output_t *out);


#endif /* _NGX_CC_NATIVE_OUTPUT_H_INCLUDED_ */
