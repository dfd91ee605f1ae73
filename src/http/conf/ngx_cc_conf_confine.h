
/*
 * What a location's commands may do to the machine and how much of it they
 * get: cc_executor_fence, _fence_read, _fence_write, _fence_connect,
 * _fence_listen, _umask, _nice, _rlimit_cpu, _as, _fsize, _nofile, _nproc.
 */

#ifndef _NGX_CC_CONF_CONFINE_H_INCLUDED_
#define _NGX_CC_CONF_CONFINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


typedef enum {
    NGX_CC_CONF_FENCE_OFF = 0,
    NGX_CC_CONF_FENCE_ON,            /* as good as the kernel can */
    NGX_CC_CONF_FENCE_REQUIRED       /* or no start */
} ngx_cc_conf_confine_fence_e;


typedef struct {
    /* the fence */
    ngx_uint_t       mode;           /* ngx_cc_conf_confine_fence_e */
    ngx_uint_t       excepted;       /* "off" here, paths from outside */
    ngx_uint_t       abi;            /* no newer form than this */
    ngx_array_t     *read;           /* of ngx_str_t; NULL = any file */
    ngx_array_t     *write;
    ngx_flag_t       connect;
    ngx_flag_t       listen;

    /* limits; 0 = as nginx itself has it */
    ngx_uint_t       umask;
    ngx_int_t        nice;
    time_t           cpu;            /* s */
    off_t            as;             /* bytes */
    off_t            fsize;          /* bytes */
    ngx_int_t        nofile;
    ngx_int_t        nproc;
    ngx_cc_wire_cgroup_t  *cgroup;   /* NULL = none (ngx_cc_conf_cgroup) */
} ngx_cc_conf_confine_t;


void ngx_cc_conf_confine_create(ngx_cc_conf_confine_t *conf);
void ngx_cc_conf_confine_merge(ngx_cc_conf_confine_t *conf,
    ngx_cc_conf_confine_t *prev);

/*
 * Of a location that is on: looks at what the kernel has, and writes limits
 * and the form of the fence into command->confine, its paths into
 * command->paths.  NGX_CONF_OK or NGX_CONF_ERROR (logged).
 */
char *ngx_cc_conf_confine_compile(ngx_conf_t *cf, ngx_cc_conf_confine_t *conf,
    ngx_cc_command_conf_t *command);

/* what is in force, for the start-up line: a static text */
const char *ngx_cc_conf_confine_text(const ngx_cc_confine_t *confine);

/*
 * Setters of cc_executor_fence (the offset is that of ngx_cc_conf_confine_t),
 * of _fence_read and _fence_write (of the array), of _umask and _nice (of the
 * number)
 */
char *ngx_cc_conf_confine_fence(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_confine_paths(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_confine_umask(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_cc_conf_confine_nice(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_CONFINE_H_INCLUDED_ */
