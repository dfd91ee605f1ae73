
/*
 * Input that waits for a command: requests in order, each answered when the
 * command has taken its bytes or never will.  One message is on its way at a
 * time, so a command that does not read slows nobody but its own writers.
 */

#ifndef _NGX_CC_STDIN_H_INCLUDED_
#define _NGX_CC_STDIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_command.h"


#define NGX_CC_STDIN_INPUTS  16          /* that may wait */


typedef struct {
    ngx_cc_command_t  *cmd;
    ngx_cc_answers_t  *answers;
    ngx_log_t         *log;
    ngx_queue_t        inputs;
    ngx_uint_t         ninputs;
    size_t             bytes;            /* that wait */
    unsigned           open:1;           /* more may come */
} ngx_cc_stdin_t;


/* begins; "open": the command was started with open_stdin */
void ngx_cc_stdin_init(ngx_cc_stdin_t *in, ngx_cc_command_t *cmd,
    ngx_cc_answers_t *answers, ngx_uint_t open, ngx_log_t *log);

/*
 * Adds bytes (copied), then the end when "eof" is set.  "id": JSON text of the
 * request, len 0 = it is not answered.  "limit": bytes that may wait in all.
 * NGX_OK (also when it was refused: that is answered), or NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_cc_stdin_add(ngx_cc_stdin_t *in, ngx_str_t *data,
    ngx_uint_t eof, ngx_str_t *id, size_t limit);

/* the command runs now: it gets what waits */
void ngx_cc_stdin_feed(ngx_cc_stdin_t *in);

/* event INPUT: what was on its way is taken, or never will be */
void ngx_cc_stdin_fed(ngx_cc_stdin_t *in);

/* the command is over: whatever waits is answered */
void ngx_cc_stdin_end(ngx_cc_stdin_t *in);

/* frees everything, without a word */
void ngx_cc_stdin_close(ngx_cc_stdin_t *in);


#endif /* _NGX_CC_STDIN_H_INCLUDED_ */
