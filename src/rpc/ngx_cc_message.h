
/*
 * The parts that JSON-RPC 2.0 messages of every dialect have: ids, answers,
 * errors.
 */

#ifndef _NGX_CC_MESSAGE_H_INCLUDED_
#define _NGX_CC_MESSAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_node.h"
#include "ngx_cc_request.h"


#define NGX_CC_MESSAGE_SIZE      (32 * 1024)

/* the id of a request that was not read, &(ngx_str_t) NGX_CC_MESSAGE_NULL */

#define NGX_CC_MESSAGE_NULL      ngx_string("null")

#define NGX_CC_ERROR_LIMIT       -32001
#define NGX_CC_ERROR_NO_PROCESS  -32003
#define NGX_CC_ERROR_TIMEOUT     -32004
#define NGX_CC_ERROR_NODE        -32006  /* another node has it */


/* a literal and its length, as two arguments */

#define ngx_cc_text(s)  s, sizeof(s) - 1


/* begins to write */
void ngx_cc_message_writer(ngx_cc_json_t *w, u_char *p, size_t room);

/*
 * A string or number as JSON text, ready to be copied into messages, in pool or
 * where it was.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_message_text(ngx_cc_value_t *v, ngx_pool_t *pool,
    ngx_str_t *text);

/*
 * The same, with one text for each value: integers that every client has
 * exactly (up to 2^53) have no fraction or exponent, however they are written.
 */
ngx_int_t ngx_cc_message_canonical(ngx_cc_value_t *v, ngx_pool_t *pool,
    ngx_str_t *text);

/*
 * Whom the answer to a request is for: its "id" (NULL = none) as JSON text, in
 * pool.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_message_asked(ngx_cc_asked_t *asked, ngx_cc_value_t *id,
    ngx_pool_t *pool);

/* begins an answer, {"jsonrpc":"2.0","id":1, ; without it if "id" is NULL */
void ngx_cc_message_answer(ngx_cc_json_t *w, ngx_str_t *id);

/*
 * Queues an error as an answer; nothing without an id.  "id" NULL: it is said
 * all the same, without that member.
 */
void ngx_cc_message_refuse(ngx_cc_answers_t *answers, ngx_str_t *id,
    ngx_int_t code, const void *text, size_t len);

/*
 * Writes an error as an answer to p, which has "room" bytes: 128 more than id
 * and text need, with their escapes; returns its length.  "id" as above.  For
 * what a transport refuses by itself there is NGX_CC_MESSAGE_NULL.
 */
size_t ngx_cc_message_error(u_char *p, size_t room, ngx_str_t *id,
    ngx_int_t code, const void *text, size_t len);

/*
 * Queues the error ERROR_NODE as an answer: what was asked for belongs to that
 * node.  As ngx_cc_message_refuse().
 */
void ngx_cc_message_elsewhere(ngx_cc_answers_t *answers, ngx_str_t *id,
    const ngx_str_t *node);

/*
 * Writes the id of a command, HANDLE_TEXT digits, without quotes; "named": it
 * is kept, so the name of this node stands before it.
 */
void ngx_cc_message_execution(ngx_cc_json_t *w, const u_char *id,
    ngx_uint_t named);


#endif /* _NGX_CC_MESSAGE_H_INCLUDED_ */
