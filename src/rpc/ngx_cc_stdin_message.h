
/*
 * What is said about input: that it was taken, that it was not.
 */

#ifndef _NGX_CC_STDIN_MESSAGE_H_INCLUDED_
#define _NGX_CC_STDIN_MESSAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_command.h"


/*
 * Queues the answer: so many of its bytes were taken, which ends at that
 * position of stdin.
 */
void ngx_cc_stdin_message_taken(ngx_cc_answers_t *answers,
    ngx_cc_asked_t *asked, uint64_t accepted, uint64_t position);

/*
 * Queues what is said to input that is refused, with the position of stdin at
 * which to go on: an error, or process.error when no answer was asked for.
 */
void ngx_cc_stdin_message_stay(ngx_cc_answers_t *answers,
    ngx_cc_asked_t *asked, ngx_cc_command_t *cmd, ngx_int_t code,
    const void *text, size_t len, uint64_t position);


#endif /* _NGX_CC_STDIN_MESSAGE_H_INCLUDED_ */
