
/*
 * How much of the machine a location's commands get: cc_executor_umask, _nice,
 * _rlimit_cpu, _as, _fsize, _nofile, _nproc.
 */

#ifndef _NGX_CC_CONF_LIMITS_H_INCLUDED_
#define _NGX_CC_CONF_LIMITS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


/* 0 = as nginx itself has it */

typedef struct {
    ngx_uint_t       umask;
    ngx_int_t        nice;
    time_t           cpu;            /* s */
    off_t            as;             /* bytes */
    off_t            fsize;          /* bytes */
    ngx_int_t        nofile;
    ngx_int_t        nproc;
} ngx_cc_conf_limits_t;


void ngx_cc_conf_limits_create(ngx_cc_conf_limits_t *conf);
void ngx_cc_conf_limits_merge(ngx_cc_conf_limits_t *conf,
    ngx_cc_conf_limits_t *prev);

/* of a location that is on: writes into "confine" */
void ngx_cc_conf_limits_compile(ngx_cc_conf_limits_t *conf,
    ngx_cc_confine_t *confine);

/* setters; the offset is that of the number */
char *ngx_cc_conf_limits_umask(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_limits_nice(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_LIMITS_H_INCLUDED_ */
