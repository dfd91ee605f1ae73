
/*
 * What a command has written, on its way to stdout and stderr.  Nothing here
 * waits: pieces that a pipe surely takes (PIPE_BUF) are written when poll(2)
 * says so, so that Ctrl-C is heard although nobody reads our output.
 */

#ifndef _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_
#define _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_client_message.h"


typedef struct {
    uint64_t        offset[2];           /* next byte of each stream */
    int             fd;                  /* where the waiting bytes go */

    /* private */
    const ngx_cc_client_args_t  *args;
    uint8_t        *buf;
    size_t          size;
    size_t          pos;
    size_t          len;
    uint8_t        *tail;                /* logs -n: what may be the last */
    size_t          tail_size;
    size_t          tail_len;
    int             gone;                /* nobody reads it any more */
} ngx_cc_client_output_t;


void ngx_cc_client_output_init(ngx_cc_client_output_t *out,
    const ngx_cc_client_args_t *args);

/* a process.output in base64; a process.gap */
void ngx_cc_client_output_add(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m);
void ngx_cc_client_output_gap(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m);

/* are there bytes for "fd"?  add() must not be called then */
int ngx_cc_client_output_waits(const ngx_cc_client_output_t *out);

/* poll(2) says that "fd" takes some */
void ngx_cc_client_output_flush(ngx_cc_client_output_t *out);

/* the end: what waits is written, however long that takes */
void ngx_cc_client_output_finish(ngx_cc_client_output_t *out);


#endif /* _NGX_CC_CLIENT_OUTPUT_H_INCLUDED_ */
