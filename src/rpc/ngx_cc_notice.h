
/*
 * The messages of a command's life as JSON text: answers, notifications,
 * descriptions.  All are rendered from the command's state when they are
 * pulled; nothing is kept here.
 *
 * "p" has room for "room" bytes, at least NGX_CC_NOTICE_SIZE; what is returned
 * is the length of the message.  "id" is JSON text of at most 4 KiB times six.
 */

#ifndef _NGX_CC_NOTICE_H_INCLUDED_
#define _NGX_CC_NOTICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_command.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_request.h"


#define NGX_CC_NOTICE_SIZE       (32 * 1024)
#define NGX_CC_NOTICE_WHY        512

#define NGX_CC_ERROR_LIMIT       -32001
#define NGX_CC_ERROR_NO_PROCESS  -32003
#define NGX_CC_ERROR_TIMEOUT     -32004


/* a literal and its length, as two arguments */

#define ngx_cc_text(s)  s, sizeof(s) - 1


/* begins to write */
void ngx_cc_notice_writer(ngx_cc_json_t *w, u_char *p, size_t room);

/*
 * A string or number as JSON text, ready to be copied into messages, in pool or
 * where it was.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_notice_text(ngx_cc_value_t *v, ngx_pool_t *pool,
    ngx_str_t *text);

/*
 * Whom the answer to a request is for: its "id" (NULL = none) as JSON text, in
 * pool.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_notice_asked(ngx_cc_asked_t *asked, ngx_cc_value_t *id,
    ngx_pool_t *pool);

/* begins an answer, {"jsonrpc":"2.0","id":1, ; without it if "id" is NULL */
void ngx_cc_notice_answer(ngx_cc_json_t *w, ngx_str_t *id);

/*
 * Queues an error as an answer; nothing without an id.  "id" NULL: it is said
 * all the same, without that member.
 */
void ngx_cc_notice_refuse(ngx_cc_answers_t *answers, ngx_str_t *id,
    ngx_int_t code, const void *text, size_t len);

/*
 * Queues what is said to input that is refused, with the position of stdin at
 * which to go on: an error, or process.error when no answer was asked for.
 */
void ngx_cc_notice_stay(ngx_cc_answers_t *answers, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd, ngx_int_t code, const void *text, size_t len,
    uint64_t position);

/*
 * The answer to an execute whose command failed to start; "client": what it
 * asked for is the reason.
 */
size_t ngx_cc_notice_failure(u_char *p, size_t room, ngx_str_t *id,
    ngx_cc_command_t *cmd, ngx_uint_t client);

/* the answer to an execute whose command runs */
size_t ngx_cc_notice_started(u_char *p, size_t room, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd);

/* process.started, .paused, .resumed, .canceled: "status" is the last word */
size_t ngx_cc_notice_state(u_char *p, size_t room, ngx_cc_command_t *cmd,
    const char *status);

/* process.error, when a limit of time ended the command; else 0 */
size_t ngx_cc_notice_limit(u_char *p, size_t room, ngx_cc_command_t *cmd);

/* process.completed; "out" and "err": bytes of both streams */
size_t ngx_cc_notice_completed(u_char *p, size_t room, ngx_cc_command_t *cmd,
    uint64_t out, uint64_t err);

/*
 * The object that list and status have for a command; "more": of the request,
 * see ngx_cc_asked_t, or NULL.
 */
void ngx_cc_notice_describe(ngx_cc_json_t *w, ngx_cc_command_t *cmd,
    ngx_str_t *more);

/* why a command did not start, for people; NOTICE_WHY bytes are enough */
u_char *ngx_cc_notice_why(u_char *p, u_char *last, ngx_cc_command_t *cmd);

/* "SIGTERM", "SIGRTMIN+3"; valid until the next call */
const char *ngx_cc_notice_signal(int signo);

/* why nobody knows how a command has ended, or that it never began */
const char *ngx_cc_notice_unknown(ngx_cc_command_t *cmd);

/* the name of a cause */
const char *ngx_cc_notice_cause(ngx_cc_cause_e cause);
const char *ngx_cc_notice_stage(ngx_cc_stage_e stage);

/* the same events for the error log */
void ngx_cc_notice_log_started(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);
void ngx_cc_notice_log_failed(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);
void ngx_cc_notice_log_ended(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);


#endif /* _NGX_CC_NOTICE_H_INCLUDED_ */
