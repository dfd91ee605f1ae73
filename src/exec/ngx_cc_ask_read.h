
/*
 * A question for output of one stream (ASK_READ): READ until there is enough,
 * after a WAIT if there is nothing yet.
 */

#ifndef _NGX_CC_ASK_READ_H_INCLUDED_
#define _NGX_CC_ASK_READ_H_INCLUDED_


#include "ngx_cc_ask_state.h"


/* it is attached */
void ngx_cc_ask_read(ngx_cc_ask_t *ask);

/* it has waited */
void ngx_cc_ask_read_again(ngx_cc_ask_t *ask);

/* DATA has come */
void ngx_cc_ask_read_data(ngx_cc_ask_t *ask, const ngx_cc_wire_data_t *data);


#endif /* _NGX_CC_ASK_READ_H_INCLUDED_ */
