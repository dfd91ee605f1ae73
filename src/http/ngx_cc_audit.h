
/*
 * The audit log: one JSON object a line for each session that was opened,
 * refused or closed, and each command that was refused, started, signalled or
 * ended.  Plain ASCII, every text of a client escaped and bounded; see
 * docs/operation.md for the fields.
 *
 * It is the recorder of the layers below: they tell it of commands, whatever
 * dialect they came by.
 */

#ifndef _NGX_CC_AUDIT_H_INCLUDED_
#define _NGX_CC_AUDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_caller.h"
#include "ngx_cc_index.h"
#include "ngx_cc_totals.h"
#include "ngx_cc_record.h"


typedef struct ngx_cc_audit_s  ngx_cc_audit_t;


/*
 * A session begins.  "session": NGX_CC_UUID_TEXT bytes; "dialect": a static
 * text.  Sets *audit, which ngx_cc_audit_close() ends, or NULL where there is
 * no audit log.  NGX_ERROR: no memory; then it must not begin.
 */
ngx_int_t ngx_cc_audit_open(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    const u_char *session, const char *dialect, ngx_cc_audit_t **audit);

/* what to give the layers below for it: NULL for NULL */
ngx_cc_recorder_t *ngx_cc_audit_recorder(ngx_cc_audit_t *audit);

/* the session ends; its commands may still be ending.  NULL is ignored. */
void ngx_cc_audit_close(ngx_cc_audit_t *audit, ngx_uint_t code,
    ngx_uint_t commands, off_t bytes_out);

/*
 * A request or session was refused with that HTTP status (503: over a limit,
 * where WebSockets are told by a message).  "text" says why, for people.
 */
void ngx_cc_audit_refused(ngx_http_request_t *r, ngx_uint_t status,
    ngx_cc_reason_e reason, ngx_str_t *text);

/*
 * For ngx_cc_kept_start(): a kept command has ended, or ("unpassed" is not
 * NULL) its control program has failed, and its starter is not there to say so.
 * Who it was for stands in its "command.started" only.  Nothing is written
 * where its location is no longer configured, or has no audit log.
 */
void ngx_cc_audit_heard(const ngx_cc_index_told_t *told,
    const ngx_cc_wire_exited_t *exited,
    const ngx_cc_wire_unpassed_t *unpassed);


#endif /* _NGX_CC_AUDIT_H_INCLUDED_ */
