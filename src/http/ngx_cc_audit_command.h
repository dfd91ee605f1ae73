
/*
 * What a line of the audit log says about a command: members of a JSON object,
 * each with a comma before it.
 */

#ifndef _NGX_CC_AUDIT_COMMAND_H_INCLUDED_
#define _NGX_CC_AUDIT_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_audit_file.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_record.h"
#include "ngx_cc_sha256.h"


/* bytes of a text that a line takes, before they are escaped */

#define NGX_CC_AUDIT_OWNER     256
#define NGX_CC_AUDIT_TEXT      512
#define NGX_CC_AUDIT_PATH      1024
#define NGX_CC_AUDIT_ARGV      4096


/* a text, of which a line takes "max" bytes */
void ngx_cc_audit_command_text(ngx_cc_json_t *w, const char *name,
    const void *p, size_t len, size_t max);

/* which one it is: id, pid, trace */
void ngx_cc_audit_command_execution(ngx_cc_json_t *w,
    const ngx_cc_record_entry_t *entry);

/* the ids in a traceparent */
void ngx_cc_audit_command_trace(ngx_cc_json_t *w, const char *parent);

/* what was asked for: program, arguments, directory */
void ngx_cc_audit_command_asked(ngx_cc_json_t *w,
    const ngx_cc_audit_conf_t *conf, const ngx_cc_record_entry_t *entry);

/* the arguments, or their digest, as "conf" wants it */
void ngx_cc_audit_command_argv(ngx_cc_json_t *w,
    const ngx_cc_audit_conf_t *conf, const char **argv, uint32_t argc);

/* ends "sha" */
void ngx_cc_audit_command_digest(ngx_cc_json_t *w, const char *name,
    ngx_cc_sha256_t *sha);

/* how it ended */
void ngx_cc_audit_command_ended(ngx_cc_json_t *w,
    const ngx_cc_record_entry_t *entry);

/* which signal did not get to its other end, and why */
void ngx_cc_audit_command_unpassed(ngx_cc_json_t *w,
    const ngx_cc_wire_unpassed_t *unpassed);


#endif /* _NGX_CC_AUDIT_COMMAND_H_INCLUDED_ */
