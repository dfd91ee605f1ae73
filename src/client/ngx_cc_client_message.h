
/*
 * A JSON message as a flat list: one entry for each scalar, named by the way to
 * it ("params.data", "result.commands.3.pid").
 */

#ifndef _NGX_CC_CLIENT_MESSAGE_H_INCLUDED_
#define _NGX_CC_CLIENT_MESSAGE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_CLIENT_DEPTH    16
#define NGX_CC_CLIENT_SCALARS  16384     /* a list of 100 has 2,000 */


typedef struct ngx_cc_client_message_s  ngx_cc_client_message_t;


/*
 * Reads a message to *m, which the first call makes (NULL before).  Returns 1;
 * 0: not JSON, deeper or of more scalars than the limits above.
 */
int ngx_cc_client_message_parse(ngx_cc_client_message_t **m,
    const uint8_t *text, size_t n);

/*
 * The text of a string, number, true, false; NULL: not there, or null.  It ends
 * with NUL, *n (may be NULL) is its length; valid until the next parse.
 */
const char *ngx_cc_client_message_get(ngx_cc_client_message_t *m,
    const char *path, size_t *n);

/* the same as a number; "other" when there is none */
int64_t ngx_cc_client_message_number(ngx_cc_client_message_t *m,
    const char *path, int64_t other);

/*
 * The exit code of a command there as a status for exit(3): itself, or 128 + n
 * of signal n (docs/protocol.md, "process.completed": -n); -1: there is none
 * that a process can end with.
 */
int ngx_cc_client_message_status(ngx_cc_client_message_t *m, const char *path);

/* is it there and true? */
int ngx_cc_client_message_true(ngx_cc_client_message_t *m, const char *path);


#endif /* _NGX_CC_CLIENT_MESSAGE_H_INCLUDED_ */
