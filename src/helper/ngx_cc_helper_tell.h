
/*
 * What a helper reports to its worker, or, of a kept command, to its watchers.
 */

#ifndef _NGX_CC_HELPER_TELL_H_INCLUDED_
#define _NGX_CC_HELPER_TELL_H_INCLUDED_


#include "ngx_cc_helper.h"
#include "ngx_cc_stay.h"


typedef struct {
    const ngx_cc_helper_conf_t  *conf;
    ngx_cc_wire_start_t   *start;        /* the START, in the receive buffer */
    uint8_t               *buffer;       /* room for any message */
    const char           **vector;       /* argv and env of START */
    ngx_cc_life_t          life;
    ngx_cc_stay_t         *stay;         /* of a kept command, else NULL */
    ngx_cc_history_t       history;      /* of one that may become kept */
    ngx_cc_wire_reached_t  reached;      /* that it could not be, if due */
    uint64_t               told;         /* head of the last OUTPUT */
    unsigned               armed:1;      /* the worker awaits an OUTPUT */
    unsigned               full:1;       /* the socket takes no message */
} ngx_cc_helper_t;


/* sends what is due, in order, as far as the socket takes it */
void ngx_cc_helper_tell(ngx_cc_helper_t *h);


#endif /* _NGX_CC_HELPER_TELL_H_INCLUDED_ */
