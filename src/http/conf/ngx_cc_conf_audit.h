
/*
 * cc_executor_audit_log: where to, and how command lines are written.
 */

#ifndef _NGX_CC_CONF_AUDIT_H_INCLUDED_
#define _NGX_CC_CONF_AUDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_audit_file.h"


typedef struct {
    ngx_cc_audit_file_t  *file;          /* NULL = off */
    ngx_uint_t            hash;          /* SHA-256 of argv instead of argv */
} ngx_cc_conf_audit_t;


void ngx_cc_conf_audit_create(ngx_cc_conf_audit_t *conf);
void ngx_cc_conf_audit_merge(ngx_cc_conf_audit_t *conf,
    ngx_cc_conf_audit_t *prev);

/*
 * Setter: off | path [argv=full | argv=hash]; the command's offset is that of
 * ngx_cc_conf_audit_t
 */
char *ngx_cc_conf_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_CC_CONF_AUDIT_H_INCLUDED_ */
