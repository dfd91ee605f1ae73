
/*
 * The fence around a location's commands: cc_executor_fence, _fence_read,
 * _fence_write, _fence_connect, _fence_listen.
 */

#ifndef _NGX_CC_CONF_FENCE_H_INCLUDED_
#define _NGX_CC_CONF_FENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"


typedef enum {
    NGX_CC_CONF_FENCE_OFF = 0,
    NGX_CC_CONF_FENCE_ON,            /* as good as the kernel can */
    NGX_CC_CONF_FENCE_REQUIRED       /* or no start */
} ngx_cc_conf_fence_e;


typedef struct {
    ngx_uint_t       mode;           /* ngx_cc_conf_fence_e */
    ngx_uint_t       excepted;       /* "off" here, paths from outside */
    ngx_uint_t       abi;            /* no newer form than this */
    ngx_array_t     *read;           /* of ngx_str_t; NULL = any file */
    ngx_array_t     *write;
    ngx_flag_t       connect;
    ngx_flag_t       listen;
} ngx_cc_conf_fence_t;


void ngx_cc_conf_fence_create(ngx_cc_conf_fence_t *conf);
void ngx_cc_conf_fence_merge(ngx_cc_conf_fence_t *conf,
    ngx_cc_conf_fence_t *prev);

/*
 * Of a location that is on: looks what the kernel has, and writes the form
 * into command->confine and the paths into command->paths.  NGX_CONF_OK or
 * NGX_CONF_ERROR (told).
 */
char *ngx_cc_conf_fence_compile(ngx_conf_t *cf, ngx_cc_conf_fence_t *conf,
    ngx_cc_command_conf_t *command);

/* what is in force, for the start-up line: a static text */
const char *ngx_cc_conf_fence_text(const ngx_cc_confine_t *confine);

/* setters; the offsets are those of ngx_cc_conf_fence_t, or of its arrays */
char *ngx_cc_conf_fence_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_cc_conf_fence_paths(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_CONF_FENCE_H_INCLUDED_ */
