
/*
 * A question for output of both streams (ASK_OUTPUT): READ and LIST together,
 * so that one turn of the helper may answer all of it, until there is enough.
 */

#ifndef _NGX_CC_ASK_OUTPUT_H_INCLUDED_
#define _NGX_CC_ASK_OUTPUT_H_INCLUDED_


#include "ngx_cc_ask_state.h"


/* it will be attached: the first READ and LIST go behind ATTACH */
void ngx_cc_ask_output_ask(ngx_cc_ask_t *ask);

/* a WAIT asks for it, too: what "then" says goes into "wait", and is kept */
void ngx_cc_ask_output_then(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *then,
    ngx_cc_wire_wait_t *wait);

/* such a WAIT is woken: it goes on as OUTPUT */
void ngx_cc_ask_output_woken(ngx_cc_ask_t *ask);

/* it is attached */
void ngx_cc_ask_output(ngx_cc_ask_t *ask);

/* DATA has come */
void ngx_cc_ask_output_data(ngx_cc_ask_t *ask,
    const ngx_cc_wire_data_t *data);

/* ENTRY has come: the end, when nothing is missing */
void ngx_cc_ask_output_entry(ngx_cc_ask_t *ask);


#endif /* _NGX_CC_ASK_OUTPUT_H_INCLUDED_ */
