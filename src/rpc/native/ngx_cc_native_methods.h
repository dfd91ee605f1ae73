
/*
 * The methods of the native dialect: one table.  A session has one state, from
 * "connected" to its end, and every method is legal in it; what a command must
 * be for one is said where the method is.
 */

#ifndef _NGX_CC_NATIVE_METHODS_H_INCLUDED_
#define _NGX_CC_NATIVE_METHODS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_dialogue.h"
#include "ngx_cc_native_command.h"
#include "ngx_cc_stdin.h"


typedef struct ngx_cc_native_listed_s  ngx_cc_native_listed_t;
typedef struct ngx_cc_native_packet_s  ngx_cc_native_packet_t;


struct ngx_cc_native_s {
    ngx_cc_dialogue_t      base;     /* its commands: ngx_cc_native_command_t */
    ngx_cc_stdin_share_t   share;    /* what waits for all of them */
    ngx_cc_asked_t         asked;    /* the request that is served */
    ngx_pool_t            *pool;     /* for it */
    ngx_queue_t            asks;     /* questions to kept commands, see
                                        ngx_cc_native_ask.h */
    ngx_queue_t            lists;    /* see ngx_cc_native_list.c */
    ngx_cc_native_listed_t  *listed; /* it watches the list; or NULL */
    ngx_cc_native_packet_t  *packet; /* the beginning of a binary message; or
                                        NULL */
    uint32_t               channel;  /* given last */
    unsigned               nasks:31; /* in "asks" */
    unsigned               flows:1;  /* what was pulled last is output of the
                                        only command */
};


/*
 * Serves the message that is whole in base.request of a ngx_cc_native_t;
 * answers are queued.  NGX_OK, or NGX_ERROR: no memory, the session cannot go
 * on.
 */
ngx_int_t ngx_cc_native_methods_serve(void *session);


#endif /* _NGX_CC_NATIVE_METHODS_H_INCLUDED_ */
