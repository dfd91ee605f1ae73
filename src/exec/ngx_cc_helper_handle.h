
/*
 * A helper as its worker sees it: its socket, its ring, the command that it
 * hosts now.
 */

#ifndef _NGX_CC_HELPER_HANDLE_H_INCLUDED_
#define _NGX_CC_HELPER_HANDLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_channel.h"
#include "ngx_cc_line.h"
#include "ngx_cc_record.h"


/* who uses a helper gets what comes from it */

typedef struct {
    void  (*message)(void *user, ngx_cc_wire_msg_t *msg);
    void  (*writable)(void *user);
    void  (*lost)(void *user);       /* it died; give it back all the same */
} ngx_cc_helper_handle_user_t;


struct ngx_cc_helper_handle_s {
    ngx_cc_channel_t           channel;
    pid_t                      pid;
    uint32_t                   run;      /* number of the current START */
    const uint8_t             *ring;     /* mapped read-only */
    size_t                     ring_size;
    ngx_cc_record_t            record;   /* of the command it has */

    unsigned                   dead:1;   /* killed, or lost */
    unsigned                   kept:1;   /* left the pool: no ring any more */

    /* private to ngx_cc_abandon.c; put() ends the timer */
    ngx_event_t                deadline;
    ngx_cc_cause_e             cause;
    unsigned                   abandoned:1;

    /* private to ngx_cc_pool.c */
    void                               *pool;
    const ngx_cc_helper_handle_user_t  *user;
    void                               *data;
    ngx_cc_line_birth_t                 birth;

    /* private to ngx_cc_helpers.c */
    ngx_queue_t                queue;
    ngx_uint_t                 spawner;  /* generation of who made it */
    unsigned                   idle:1;
};


#endif /* _NGX_CC_HELPER_HANDLE_H_INCLUDED_ */
