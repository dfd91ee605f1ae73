
/*
 * What is known of a question, and its end, for the parts that ask it:
 * ngx_cc_ask, ngx_cc_ask_read (one stream), ngx_cc_ask_output (both) and
 * ngx_cc_ask_write (stdin).  It has a connection of its own, or shares that of
 * a group (ngx_cc_ask_group.h).
 */

#ifndef _NGX_CC_ASK_STATE_H_INCLUDED_
#define _NGX_CC_ASK_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_peer.h"


typedef struct ngx_cc_ask_group_s  ngx_cc_ask_group_t;


struct ngx_cc_ask_s {
    ngx_cc_peer_t          peer;
    ngx_cc_ask_group_t    *group;        /* instead of it, or NULL */
    ngx_queue_t            member;
    uint32_t               serial;       /* in there */
    ngx_cc_ask_spec_t      spec;
    uint8_t                owner[NGX_CC_OWNER_SIZE];
    uint8_t                realm[NGX_CC_OWNER_SIZE];     /* 0: none */
    void                 (*done)(void *data,
                               const ngx_cc_ask_answer_t *answer);
    void                  *data;
    ngx_event_t            timer;
    ngx_cc_ask_answer_t    answer;
    ngx_cc_wire_unpassed_t  unpassed;    /* the last one, of signal 0: none */
    u_char                *wait;         /* the WAIT, when there is one */
    u_char                *read;         /* gathered by READ */
    u_char                *input;        /* the INPUT, and "left" bytes that are
                                            still to be sent */
    size_t                 left;
    ngx_cc_gather_t        gather;       /* OUTPUT */
    unsigned               reads:1;      /* a WAIT with "then": max and streams
                                            of spec are those of that */
    unsigned               waited:1;     /* a READ has waited already */
    unsigned               blocked:1;    /* the INPUT is to be sent again */
    unsigned               hold:1;       /* it stays open behind done() */
    unsigned               held:1;       /* done() was called */
    unsigned               again:1;      /* and has asked the next question */
    unsigned               listing:1;    /* OUTPUT: an ENTRY will come */
    unsigned               lost:1;       /* held, and its peer is gone */
};


extern ngx_uint_t  ngx_cc_ask_open;      /* questions of this worker */


/* few and small: the socket has room, or the other side is gone */
void ngx_cc_ask_send(ngx_cc_ask_t *ask, void *msg);

/* gives the answer, and closes it, or begins with the next one */
void ngx_cc_ask_finish(ngx_cc_ask_t *ask, ngx_cc_asked_e result);

/* leaves its group, if it has one, and asks over a connection of its own */
void ngx_cc_ask_alone(ngx_cc_ask_t *ask);

/* frees what was asked and gathered; the connection stays */
void ngx_cc_ask_forget(ngx_cc_ask_t *ask);


#endif /* _NGX_CC_ASK_STATE_H_INCLUDED_ */
