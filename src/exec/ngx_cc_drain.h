
/*
 * The output that is left when a command has ended, and a client that does not
 * take it.  While a command runs, a slow client slows it down; afterwards its
 * helper and its slot are only there for the client, so the client has to take
 * something: bytes that its TCP acknowledges count, nothing that it sends does.
 */

#ifndef _NGX_CC_DRAIN_H_INCLUDED_
#define _NGX_CC_DRAIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct {
    ngx_event_t        timer;            /* cancelable: the command's own
                                            keeps a worker that quits */
    ngx_msec_t         timeout;
    ngx_msec_t         since;            /* when it was seen to take some */
    uint64_t           last;
    uint64_t         (*taken)(void *reader);     /* set by the owner, may be
                                                    NULL: nothing is watched */
    void              *reader;
} ngx_cc_drain_t;


/* prepares it for a ngx_cc_command_link_t; taken and reader are kept */
void ngx_cc_drain_init(ngx_cc_drain_t *drain, void *link);

/*
 * The command has ended and something is left: when taken() has not grown for
 * "timeout" ms, ngx_cc_command_link_drop() is called.  0 = it never is.
 * Harmless when it has begun already.
 */
void ngx_cc_drain_begin(ngx_cc_drain_t *drain, ngx_msec_t timeout);

/* stops watching; harmless when it has not begun */
void ngx_cc_drain_end(ngx_cc_drain_t *drain);


#endif /* _NGX_CC_DRAIN_H_INCLUDED_ */
