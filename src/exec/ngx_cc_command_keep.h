
/*
 * Commands that are kept: the other half of ngx_cc_command.h, and what belongs
 * to it in ngx_cc_command_link.
 */

#ifndef _NGX_CC_COMMAND_KEEP_H_INCLUDED_
#define _NGX_CC_COMMAND_KEEP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"


/*
 * Attaches to a kept command: STARTED or FAILED follows.  "conf" is that of
 * whoever asks, and must live as long.  Returns the command, which the caller
 * ends with ngx_cc_command_close(); or NULL (no memory).
 */
ngx_cc_command_t *ngx_cc_command_keep_attach(ngx_cc_command_conf_t *conf,
    const ngx_cc_attach_t *attach);

/*
 * The client knows the id of the kept command that it has started: the last
 * byte of its answer has been sent.  Until then close() cancels it.
 */
void ngx_cc_command_keep_told(ngx_cc_command_t *cmd);

/* kept: shall it be held up for us, or ("lossy") not? */
void ngx_cc_command_keep_flow(ngx_cc_command_t *cmd, ngx_uint_t lossy);

/* its client has been told how it ended, after all of its output */
void ngx_cc_command_keep_read(ngx_cc_command_t *cmd);


/* for ngx_cc_command.c and ngx_cc_command_link.c */

/*
 * Fills what START and KEEP say about keeping a command with that handle, but
 * "output" and flags.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_cc_command_keep_fill(ngx_cc_command_conf_t *conf,
    const ngx_cc_handle_t *handle, ngx_msec_t ttl, ngx_cc_wire_keep_t *keep);

/*
 * Fills what START says about keeping (spec->keep), and takes a place: the
 * place and the reader are cl's.  START_OK, or why not.
 */
ngx_cc_start_e ngx_cc_command_keep_prepare(ngx_cc_command_link_t *cl,
    ngx_cc_command_conf_t *conf, ngx_cc_command_spec_t *spec,
    ngx_cc_wire_start_t *start);

/*
 * It has started, or is kept now, so it goes on without us: helper, slot and
 * deadlines are not ours any more.  NGX_OK, or NGX_ERROR: it is lost.
 */
ngx_int_t ngx_cc_command_keep_born(ngx_cc_command_link_t *cl);

/* what was to be kept will not be: its place is free, if there is one */
void ngx_cc_command_keep_unborn(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_KEEP_H_INCLUDED_ */
