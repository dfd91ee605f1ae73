
/*
 * What the totals and the witness of a command learn of it: asked for,
 * started, ended.  Each command that gets a helper is counted as failed, or as
 * started and then as ended, whoever hears of it: its client, or nobody any
 * more (ngx_cc_abandon).
 */

#ifndef _NGX_CC_ACCOUNT_H_INCLUDED_
#define _NGX_CC_ACCOUNT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_pool.h"


/*
 * This helper shall run a command that was asked for then (us since 1970).
 * "witnessed" (or NULL) is the helper's from now on.
 */
void ngx_cc_account_begin(ngx_cc_helper_handle_t *h, uint64_t asked,
    ngx_cc_witnessed_t *witnessed);

/* it runs since "start" (us since 1970); only the first call counts */
void ngx_cc_account_started(ngx_cc_helper_handle_t *h, pid_t pid,
    uint64_t start);

/* it is over, as EXITED says; stands for STARTED too */
void ngx_cc_account_exited(ngx_cc_helper_handle_t *h,
    const ngx_cc_wire_exited_t *msg);

/* only its cause is known: LOST, its helper died or was killed; SHUTDOWN */
void ngx_cc_account_lost(ngx_cc_helper_handle_t *h, ngx_cc_cause_e cause);

/* a command could not be started; *witnessed is used up */
void ngx_cc_account_failed(ngx_cc_witnessed_t **witnessed,
    ngx_cc_stage_e stage, int error);


#endif /* _NGX_CC_ACCOUNT_H_INCLUDED_ */
