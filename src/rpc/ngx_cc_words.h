
/*
 * What is said of a command to people: why it did not start, how it ended, the
 * lines of the error log.  The same words in every dialect.
 */

#ifndef _NGX_CC_WORDS_H_INCLUDED_
#define _NGX_CC_WORDS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


#define NGX_CC_WORDS_WHY    512
#define NGX_CC_WORDS_LIMIT  80


/*
 * Why a command did not start, for people; "conf" is that of its location.
 * WORDS_WHY bytes are enough.
 */
u_char *ngx_cc_words_why(u_char *p, u_char *last, ngx_cc_command_t *cmd,
    ngx_cc_spec_conf_t *conf);

/*
 * The limit that it broke, as what follows "the command": where it ends, p if
 * it did not break any.  WORDS_LIMIT bytes are enough; nothing to be escaped.
 */
u_char *ngx_cc_words_limit(u_char *p, u_char *last, ngx_cc_command_t *cmd);

/* why it is not known how a command ended, or that it was never started */
const char *ngx_cc_words_unknown(ngx_cc_command_t *cmd);

/* its events in the error log */
void ngx_cc_words_log_started(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);
void ngx_cc_words_log_failed(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);
void ngx_cc_words_log_ended(ngx_cc_command_t *cmd, u_char *session_id,
    ngx_log_t *log);


#endif /* _NGX_CC_WORDS_H_INCLUDED_ */
