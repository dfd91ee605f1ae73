
/*
 * A question for output of both streams (ASK_OUTPUT): READ until there is
 * enough, then LIST.
 */

#ifndef _NGX_CC_ASK_OUTPUT_H_INCLUDED_
#define _NGX_CC_ASK_OUTPUT_H_INCLUDED_


#include "ngx_cc_ask_state.h"


/* it is attached */
void ngx_cc_ask_output(ngx_cc_ask_t *ask);

/* DATA has come */
void ngx_cc_ask_output_data(ngx_cc_ask_t *ask,
    const ngx_cc_wire_data_t *data);


#endif /* _NGX_CC_ASK_OUTPUT_H_INCLUDED_ */
