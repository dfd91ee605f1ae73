
/*
 * The kept commands that this worker minds.  Of every one that runs, one worker
 * has a connection to its helper and waits for how it ends: index, totals and
 * the audit log are told exactly once, whoever still watches it.  At first that
 * is the worker that started it, by its control socket; once a second each
 * worker looks whether one has nobody to mind it.
 *
 * A birth: a place in the index is taken, then START goes out; with STARTED the
 * place is the helper's (ACK), and what a bound command counts for is free.
 * One that runs is kept in the same way: KEEP goes out, with KEPT the place is
 * the helper's.
 */

#ifndef _NGX_CC_KEPT_H_INCLUDED_
#define _NGX_CC_KEPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"
#include "ngx_cc_index.h"


/*
 * Of a kept command that another worker had started: it has ended; "exited" is
 * NULL when only its cause is known.  Or, when "unpassed" is not NULL, its
 * control program has failed.
 */

typedef void (*ngx_cc_kept_heard_pt)(const ngx_cc_index_told_t *told,
    const ngx_cc_wire_exited_t *exited,
    const ngx_cc_wire_unpassed_t *unpassed);


/*
 * In init_process: begins to look.  "heard" (may be NULL) is told of ends whose
 * record was in another worker.
 */
void ngx_cc_kept_start(ngx_cc_kept_heard_pt heard, ngx_log_t *log);

/* in exit_process: others shall mind what is minded here */
void ngx_cc_kept_stop(void);

/*
 * Takes a place for a command that is about to be started, or to be kept, with
 * that name and owner.  START_OK and *kept; KEPT, KEPT_OWNER or UNAVAILABLE.
 */
ngx_cc_start_e ngx_cc_kept_reserve(ngx_cc_command_conf_t *conf,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_kept_t **kept);

/* it never started, or was not kept: its place is free */
void ngx_cc_kept_drop(ngx_cc_kept_t *kept);

/*
 * STARTED or KEPT: the helper leaves the pool and is ours, cl is its first
 * reader. NGX_OK, or NGX_ERROR: it has to end (nothing has changed).
 */
ngx_int_t ngx_cc_kept_born(ngx_cc_kept_t *kept, ngx_cc_command_link_t *cl);

/* its owner has its id */
void ngx_cc_kept_told(ngx_cc_kept_t *kept);

/* its first reader goes: it is minded all the same, or ends if nobody knows */
void ngx_cc_kept_leave(ngx_cc_kept_t *kept);

/* for its first reader: as ngx_cc_channel_send(); head.run is filled in */
ngx_int_t ngx_cc_kept_post(ngx_cc_kept_t *kept, void *msg);

/* the record that its first reader opened */
ngx_cc_record_t *ngx_cc_kept_record(ngx_cc_kept_t *kept);


#endif /* _NGX_CC_KEPT_H_INCLUDED_ */
