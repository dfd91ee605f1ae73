
/*
 * What a command has written, on its way to stdout and stderr.  Nothing here
 * waits, so that Ctrl-C is heard although nobody reads our output: a pipe or a
 * terminal is opened once more, as non-blocking (ours may be shared with other
 * processes); where that cannot be, pieces that surely fit are written when
 * poll(2) says so.
 */

#ifndef _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_
#define _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_client_message.h"
#include "ngx_cc_packet.h"


/* bytes in a row that go to one stream, up to "end" in the buffer */

typedef struct {
    int             stream;              /* 0 = stdout, 1 = stderr */
    size_t          end;
} ngx_cc_client_part_t;


typedef struct {
    uint64_t        offset[2];           /* next byte of each stream */
    int             fd;                  /* where the waiting bytes go */

    /* private */
    const ngx_cc_client_args_t  *args;
    uint8_t        *buf;
    size_t          size;
    size_t          pos;
    size_t          len;
    ngx_cc_client_part_t  *part;
    size_t          parts;               /* bytes of "part" */
    size_t          nparts;
    size_t          at;                  /* the part that "pos" is in */
    int             way[2];              /* how to write: NGX_CC_OUTPUT_... */
    int             to[2];               /* descriptors */
    int             hold;                /* logs --tail: until release() */
} ngx_cc_client_output_t;


void ngx_cc_client_output_init(ngx_cc_client_output_t *out,
    const ngx_cc_client_args_t *args);

/*
 * A process.output in base64; a packet of output, n bytes; a process.gap; a
 * line for stdout (--json, which shows nothing else).  Not while bytes wait.
 */
void ngx_cc_client_output_add(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m);
void ngx_cc_client_output_packet(ngx_cc_client_output_t *out,
    const ngx_cc_packet_t *packet, const uint8_t *p, size_t n);
void ngx_cc_client_output_gap(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m);
void ngx_cc_client_output_line(ngx_cc_client_output_t *out, const uint8_t *p,
    size_t n);

/* are there bytes for "fd"? */
int ngx_cc_client_output_waits(const ngx_cc_client_output_t *out);

/*
 * Writes as far as it goes.  Ends the process when nobody reads any more
 * (status 128 + SIGPIPE) or a write fails (125).
 */
void ngx_cc_client_output_flush(ngx_cc_client_output_t *out);

/* likewise for what was printed to stdout with stdio(3), waiting for it */
void ngx_cc_client_output_printed(void);

/*
 * logs --tail: what was there has come; its last lines, over both streams, may
 * go, and what comes now is not held back.
 */
void ngx_cc_client_output_release(ngx_cc_client_output_t *out);


#endif /* _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_ */
