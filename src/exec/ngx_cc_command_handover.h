
/*
 * Hand-over: a command that was started bound becomes a kept one while it runs
 * ("wait for it this long, then go on as a job").  The third part of
 * ngx_cc_command.h.
 *
 *   1. spec.keepable at its start.  Its helper holds head and tail of each
 *      stream (cc_executor_keep_output) from then on; nothing else is another
 *      one, and when it ends bound nothing remains.
 *   2. ngx_cc_command_handover() once STARTED was told, after all records that
 *      the client shall get of this object were taken (peek, skip).  What was
 *      not taken can be read by those who attach; peek() finds nothing more.
 *   3. One of these events follows:
 *      KEPT    it is kept, public.kept is set: who has the handle and is the
 *              owner can attach, in any worker.  attached.from says how much of
 *              each stream was taken.  Tell the client its id, call
 *              ngx_cc_command_keep_told() when that has been sent, then close()
 *              - the command goes on.  close() without told() cancels it: then
 *              nobody knows of it.  Until close() this object may pause,
 *              signal, write and cancel as before, and is told EXITED.
 *      UNKEPT  its helper could not (error): it is bound as before, wake()
 *              comes if there are records.
 *      EXITED  it was over before; records may remain, read them as usual.
 *
 * By KEPT its place in max_commands, and its owner's, is free; what counts is
 * cc_executor_max_kept.
 */

#ifndef _NGX_CC_COMMAND_HANDOVER_H_INCLUDED_
#define _NGX_CC_COMMAND_HANDOVER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"


/* how it is to be kept */

typedef struct {
    const ngx_cc_handle_t *handle;       /* who has it may attach; NULL = that
                                            of its id, cmd->id */
    const uint8_t     *owner;            /* NGX_CC_OWNER_SIZE bytes */
    const char        *label;            /* "", or for lists */
    const char        *shown;            /* its command line, for lists; both
                                            within the wire's limits */
    ngx_msec_t         ttl;              /* ms that it stays after its end */
    ngx_msec_t         timeout;          /* run limit, ms from its start on,
                                            instead of spec.timeout; 0 = none */
    unsigned           drop:1;           /* nobody attached and its ring full:
                                            it does not wait */
    unsigned           observed:1;       /* ngx_cc_command_listen(): only there
                                            to be seen */
} ngx_cc_handover_spec_t;


/*
 * Asks for it; "spec" is used during the call only.  START_OK: one of the
 * events above follows.  KEPT, KEPT_OWNER: as many are kept as may be, it stays
 * bound. UNAVAILABLE: it is not keepable, does not run, is being ended or
 * handed over, or there is no memory; it stays as it is.
 */
ngx_cc_start_e ngx_cc_command_handover(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec);


/* for ngx_cc_command_link.c, ngx_cc_command_send.c and ngx_cc_call.c */

/* it was started for that, runs, and nothing of the kind is under way: 1 */
ngx_uint_t ngx_cc_command_handover_may(const ngx_cc_command_link_t *cl);

/*
 * KEEP, or another "type" of message like it, for ngx_free(); "tail" is filled
 * in when it is sent.  NULL: no memory, no key, or texts beyond the wire's
 * limits.
 */
ngx_cc_wire_reach_t *ngx_cc_command_handover_message(
    ngx_cc_command_link_t *cl, const ngx_cc_handover_spec_t *spec,
    ngx_uint_t type);

/* frees it: it has a key.  NULL is ignored */
void ngx_cc_command_handover_forget(ngx_cc_wire_reach_t **msg);

/* sends KEEP, once; nothing else may be sent until it is answered */
void ngx_cc_command_handover_send(ngx_cc_command_link_t *cl);

/* KEPT */
void ngx_cc_command_handover_answer(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_reached_t *msg);

/* there will be no answer, or nobody waits for it: the place is free */
void ngx_cc_command_handover_end(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_HANDOVER_H_INCLUDED_ */
