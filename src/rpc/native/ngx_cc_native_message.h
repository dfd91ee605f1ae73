
/*
 * The messages of a command's life as JSON text: answers, notifications,
 * descriptions.  All are rendered from the command's state when they are
 * pulled; nothing is kept here.
 *
 * "p" has room for "room" bytes, at least NGX_CC_MESSAGE_SIZE; what is returned
 * is the length of the message.  "id" is JSON text of at most 4 KiB times six.
 */

#ifndef _NGX_CC_NATIVE_MESSAGE_H_INCLUDED_
#define _NGX_CC_NATIVE_MESSAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_request.h"
#include "ngx_cc_spec.h"


/*
 * The answer to an execute whose command failed to start; "client": what it
 * asked for is the reason.
 */
size_t ngx_cc_native_message_failure(u_char *p, size_t room, ngx_str_t *id,
    ngx_cc_command_t *cmd, ngx_cc_spec_conf_t *conf, ngx_uint_t client);

/* the answer to an execute whose command runs */
size_t ngx_cc_native_message_started(u_char *p, size_t room,
    ngx_cc_asked_t *asked, ngx_cc_command_t *cmd);

/* process.started, .paused, .resumed, .canceled: "status" is the last word */
size_t ngx_cc_native_message_state(u_char *p, size_t room,
    ngx_cc_command_t *cmd, const char *status);

/* process.resized: the size that its terminal has now */
size_t ngx_cc_native_message_resized(u_char *p, size_t room,
    ngx_cc_command_t *cmd);

/* process.unpassed: a signal did not get to its other end, and why */
size_t ngx_cc_native_message_unpassed(u_char *p, size_t room,
    ngx_cc_command_t *cmd);

/* process.error, when a limit of time ended the command; else 0 */
size_t ngx_cc_native_message_limit(u_char *p, size_t room,
    ngx_cc_command_t *cmd);

/* process.completed; "out" and "err": bytes of both streams */
size_t ngx_cc_native_message_completed(u_char *p, size_t room,
    ngx_cc_command_t *cmd, uint64_t out, uint64_t err);

/* "running", "paused" and so on, as in what status says */
const char *ngx_cc_native_message_word(ngx_cc_command_t *cmd);

/*
 * The object that list and status have for a command; "more": of the request,
 * see ngx_cc_asked_t, or NULL.
 */
void ngx_cc_native_message_describe(ngx_cc_json_t *w, ngx_cc_command_t *cmd,
    ngx_str_t *more);


#endif /* _NGX_CC_NATIVE_MESSAGE_H_INCLUDED_ */
