
/*
 * What the native dialect says about terminals and signals: the params "tty",
 * "cols", "rows", "signal" and "to".
 */

#ifndef _NGX_CC_NATIVE_TERMINAL_H_INCLUDED_
#define _NGX_CC_NATIVE_TERMINAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


/* "TERM" of a command on a terminal, unless somebody says something else */

#define NGX_CC_NATIVE_TERM  "TERM=xterm-256color"


typedef struct {
    int                      signo;      /* 1..64 */
    ngx_cc_signal_target_e   to;
} ngx_cc_native_signal_t;


/*
 * "tty" of execute: true (80 columns, 24 rows, echo) or {cols, rows, echo}, all
 * of them optional; false and null: no terminal.  Into spec->command.  NGX_OK,
 * or NGX_DECLINED with a refusal.
 */
ngx_int_t ngx_cc_native_terminal_tty(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params);

/*
 * params.cols and params.rows of resize, both 1..NGX_CC_WIRE_MAX_SIDE.  Returns
 * NULL, or what is wrong (static text).
 */
const char *ngx_cc_native_terminal_size(ngx_cc_value_t *params,
    uint16_t *cols, uint16_t *rows);

/*
 * params.signal ("INT", "SIGINT" or a number) and params.to of signal.  Returns
 * NULL, or what is wrong (static text).
 */
const char *ngx_cc_native_terminal_signal(ngx_cc_value_t *params,
    ngx_cc_native_signal_t *signal);

/* "tree", "group", "foreground" */
const char *ngx_cc_native_terminal_target(ngx_cc_signal_target_e to);


#endif /* _NGX_CC_NATIVE_TERMINAL_H_INCLUDED_ */
