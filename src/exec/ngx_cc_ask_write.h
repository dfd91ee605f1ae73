
/*
 * Bytes for stdin by a question (ASK_WRITE): one INPUT after the other, each
 * when the one before it was taken.
 */

#ifndef _NGX_CC_ASK_WRITE_H_INCLUDED_
#define _NGX_CC_ASK_WRITE_H_INCLUDED_


#include "ngx_cc_ask_state.h"


/* it is attached */
void ngx_cc_ask_write(ngx_cc_ask_t *ask);

/* the socket takes messages again */
void ngx_cc_ask_write_again(ngx_cc_ask_t *ask);

/* INPUT_DONE has come */
void ngx_cc_ask_write_done(ngx_cc_ask_t *ask, const ngx_cc_wire_input_t *done);


#endif /* _NGX_CC_ASK_WRITE_H_INCLUDED_ */
