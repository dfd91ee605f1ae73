
/*
 * The reader of a kept command: what ngx_cc_command does with one, whoever
 * started it.  Everything that it reads are copies, one DATA at a time, so a
 * slow reader holds nothing but its own place.
 *
 * The starter's goes over the control socket of its helper (ngx_cc_kept.h), any
 * other one over a connection of its own (ngx_cc_peer.h).
 */

#ifndef _NGX_CC_WATCH_H_INCLUDED_
#define _NGX_CC_WATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_peer.h"


struct ngx_cc_watch_s {
    ngx_cc_kept_t         *kept;         /* the starter's, until it is over */
    ngx_cc_peer_t          peer;         /* else */

    ngx_cc_wire_attach_t   attach;
    u_char                *data;         /* records of the last DATA, or NULL */
    size_t                 size;
    size_t                 pos;

    unsigned               open:1;       /* there is somebody to talk to */
    unsigned               attach_due:1;
    unsigned               attached:1;
    unsigned               read_due:1;
    unsigned               reading:1;    /* a DATA will come */
    unsigned               flow_due:1;
    unsigned               lossy:1;

    /* of a call, see ngx_cc_attach_t; what close() shall say of it */
    unsigned               call:1;
    unsigned               delivered:1;
    unsigned               unwanted:1;
};


/* the starter's; its ATTACH goes behind START.  NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_watch_begin(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_start_t *start, ngx_uint_t lossy);

/*
 * The starter's of one that runs: it reads nothing any more, but may write.  It
 * is attached when it is given to a command.  NULL without memory; ngx_free()
 * for one that was not given.
 */
ngx_cc_watch_t *ngx_cc_watch_heir(void);
void ngx_cc_watch_inherit(ngx_cc_command_link_t *cl, ngx_cc_watch_t *w);

/* somebody else's: connects.  NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_cc_watch_connect(ngx_cc_command_link_t *cl,
    const ngx_cc_attach_t *attach);

/* ATTACHED, DATA, STATE, DETACHED, EXITED of a helper */
void ngx_cc_watch_message(ngx_cc_command_link_t *cl, ngx_cc_wire_msg_t *msg);

/* the command is lost, or (while we wait) nobody has its name */
void ngx_cc_watch_gone(ngx_cc_command_link_t *cl);

/* it does not answer any more */
void ngx_cc_watch_unreachable(ngx_cc_command_link_t *cl);

/* see ngx_cc_command.h */
int ngx_cc_watch_peek(ngx_cc_command_link_t *cl, ngx_cc_ring_record_t *rec);
void ngx_cc_watch_skip(ngx_cc_command_link_t *cl,
    const ngx_cc_ring_record_t *rec);
int ngx_cc_watch_finished(ngx_cc_command_link_t *cl);

/* it is nobody's reader any more; the command goes on, if it was told */
void ngx_cc_watch_close(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_WATCH_H_INCLUDED_ */
