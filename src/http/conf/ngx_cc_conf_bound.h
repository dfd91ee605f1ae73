
/*
 * Between what values a number, size or time may be.  It is looked at where
 * the directive stands, so that nginx -t names its line.
 */

#ifndef _NGX_CC_CONF_BOUND_H_INCLUDED_
#define _NGX_CC_CONF_BOUND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* of one session */

#define NGX_CC_CONF_MAX_COMMANDS  512


typedef enum {
    NGX_CC_CONF_BOUND_WORD = 0,      /* number, size, ms */
    NGX_CC_CONF_BOUND_OFF,
    NGX_CC_CONF_BOUND_SEC
} ngx_cc_conf_bound_e;


/* the "post" of a command with one of nginx's own setters */

typedef struct {
    ngx_conf_post_t      post;       /* first */
    ngx_cc_conf_bound_e  type;
    ngx_uint_t           zero;       /* 0 is something else, and right */
    int64_t              min;
    int64_t              max;
    const char          *text;       /* the same for people */
} ngx_cc_conf_bound_t;


extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_time;      /* more than 0 */
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_limit;     /* 0 = none */
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_buffer;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_stdin;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_message;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_count;     /* more than 0 */
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_share;     /* 0 = no limit */
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_commands;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_keep_output;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_kept;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_watchers;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_waits;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_cpu;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_as;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_nofile;
extern ngx_cc_conf_bound_t  ngx_cc_conf_bound_nproc;


#endif /* _NGX_CC_CONF_BOUND_H_INCLUDED_ */
