
/*
 * What a session of every dialect has: the message that arrives, answers that
 * wait to be pulled, the commands it runs.  A dialect's session begins with
 * it, and its table of functions (ngx_cc_dialect_t) names those below; the
 * dialect adds how a message is served, and what is pulled of a command.
 */

#ifndef _NGX_CC_DIALOGUE_H_INCLUDED_
#define _NGX_CC_DIALOGUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_request.h"


/* what a dialect adds */

typedef struct {
    /*
     * A message is whole in "request": serves it.  NGX_OK; NGX_AGAIN: it
     * stays, until ngx_cc_dialogue_again() (for sessions of one message); or
     * NGX_ERROR: no memory, the session cannot go on.
     */
    ngx_int_t          (*serve)(void *session);

    /* the command of an object in the queue */
    ngx_cc_command_t  *(*command)(ngx_queue_t *q);

    /* takes an object out of the queue and ends it: the number is less */
    void               (*forget)(void *session, ngx_queue_t *q);
} ngx_cc_dialogue_handlers_t;


typedef struct {
    ngx_cc_transport_t  *transport;
    const ngx_cc_dialogue_handlers_t  *handlers;
    ngx_cc_request_t    *request;    /* the message that arrives; NULL between
                                        messages */
    ngx_cc_answers_t     answers;
    ngx_queue_t          commands;   /* the dialect's objects, by their
                                        "queue" */
    ngx_uint_t           ncommands;
} ngx_cc_dialogue_t;


/*
 * A session of "size" bytes, zeroed, in the pool of the transport; "handlers"
 * outlive it.  NULL: no memory.
 */
void *ngx_cc_dialogue_open(ngx_cc_transport_t *transport, size_t size,
    const ngx_cc_dialogue_handlers_t *handlers);

/* these are what ngx_cc_dialect_t says of the same names */
ngx_int_t ngx_cc_dialogue_push(void *session, u_char *p, size_t n,
    ngx_uint_t last);
void ngx_cc_dialogue_drop(void *session);
size_t ngx_cc_dialogue_pending(void *session);
ngx_uint_t ngx_cc_dialogue_busy(void *session);
void ngx_cc_dialogue_shutdown(void *session, ngx_uint_t now);
void ngx_cc_dialogue_close(void *session);

/* serves the message once more, after NGX_AGAIN */
void ngx_cc_dialogue_again(void *session);


#endif /* _NGX_CC_DIALOGUE_H_INCLUDED_ */
