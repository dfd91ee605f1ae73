
/*
 * A command's conversation with its helper: what it has to be sent, what it
 * reports, when it is not trusted any more.  The private half of
 * ngx_cc_command.
 */

#ifndef _NGX_CC_COMMAND_LINK_H_INCLUDED_
#define _NGX_CC_COMMAND_LINK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_drain.h"
#include "ngx_cc_pool.h"
#include "ngx_cc_slots.h"


#define NGX_CC_COMMAND_LINK_UNTOLD  8


typedef struct ngx_cc_watch_s         ngx_cc_watch_t;
typedef struct ngx_cc_kept_s          ngx_cc_kept_t;
typedef struct ngx_cc_handover_s      ngx_cc_handover_t;
typedef struct ngx_cc_call_s          ngx_cc_call_t;
typedef struct ngx_cc_observed_s      ngx_cc_observed_t;
typedef struct ngx_cc_command_link_s  ngx_cc_command_link_t;


struct ngx_cc_command_link_s {
    ngx_cc_command_t         public;     /* first: it is what others see */

    ngx_cc_command_conf_t   *conf;
    void                   (*event)(void *data, ngx_cc_command_t *cmd,
                                 ngx_cc_command_event_e event);
    void                   (*wake)(void *data, ngx_cc_command_t *cmd);

    ngx_cc_line_wait_t       wait;
    ngx_cc_helper_handle_t  *helper;     /* NULL: waits, or given back */
    ngx_cc_slot_t            slot;
    ngx_cc_wire_start_t     *message;    /* START, until it is sent */
    int                      script;     /* goes with it; -1 = none */
    ngx_cc_wire_input_t     *input;      /* INPUT that did not go yet */
    ngx_msec_t               timeout;
    ngx_cc_record_t          record;     /* until there is a helper */

    ngx_cc_ring_reader_t     reader;
    uint64_t                 head;       /* newest that the helper told */
    uint64_t                 credited;   /* newest tail that we told */
    uint64_t                 checked;    /* head at the last look of timer */
    size_t                   window;

    /*
     * Never cancelable: as long as a command is not over, a worker that was
     * told to quit stays.
     */
    ngx_event_t              timer;
    ngx_event_t              lost;       /* posted */
    ngx_cc_drain_t           drain;
    ngx_event_t              reply;      /* SIGNALLED has to come until then */
    uint32_t                 serial;     /* of the newest SIGNAL */

    /* signals of ngx_cc_command_signal() that did not go yet */
    struct {
        int                     signo;
        ngx_cc_signal_target_e  to;
    }                        untold[NGX_CC_COMMAND_LINK_UNTOLD];
    ngx_uint_t               nuntold;

    ngx_uint_t              *closed;     /* set by close() during a callback */
    ngx_cc_cause_e           ends;       /* canceling: with this cause */

    /* to be sent when the socket takes messages again */
    unsigned                 credit_due:1;
    unsigned                 signal_due:1;
    unsigned                 cancel_due:1;
    unsigned                 drop_due:1;
    unsigned                 resize_due:1;
    unsigned                 input_busy:1;
    unsigned                 has_stdin:1;
    unsigned                 reusable:1;
    unsigned                 withdrawn:1;
    unsigned                 keepable:1;

    /* a kept command */
    ngx_cc_watch_t          *watch;      /* what is read of it, else NULL */
    ngx_cc_kept_t           *birth;      /* its place, until it has started */
    ngx_cc_handover_t       *handover;   /* it is about to be one */
    ngx_cc_call_t           *call;       /* it can be reached, or will be */
    ngx_cc_observed_t       *observed;   /* it shall be, to be seen */
};


/* an object that waits; conf, event, wake and public.data are set */
void ngx_cc_command_link_init(ngx_cc_command_link_t *cl);

/* EXITED: how it ended is public now, nothing is told yet */
void ngx_cc_command_link_ended(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_exited_t *msg);

/* a message of its helper, however it came */
void ngx_cc_command_link_message(void *data, ngx_cc_wire_msg_t *msg);

/* tells an event; 1 when the command was closed by it */
ngx_uint_t ngx_cc_command_link_tell(ngx_cc_command_link_t *cl,
    ngx_cc_command_event_e event);

/* asks the pool for a helper; cl->message goes out as soon as there is one */
void ngx_cc_command_link_begin(ngx_cc_command_link_t *cl);

/* SIGSTOP or SIGCONT is due, as public.paused says */
void ngx_cc_command_link_signal(ngx_cc_command_link_t *cl);

/*
 * The helper cannot be trusted or reached any more ("reason": for the log).
 * The event comes from the event loop, not from inside this call.
 */
void ngx_cc_command_link_lose(ngx_cc_command_link_t *cl, const char *reason);

/*
 * Its processes are gone and its client reads nothing any more: what is left
 * of the output is dropped, EXITED comes or has come.
 */
void ngx_cc_command_link_drop(ngx_cc_command_link_t *cl);

/*
 * It leaves the line and will never be started: EXITED with the cause "cancel"
 * comes from the event loop.  Only while there is no helper.
 */
void ngx_cc_command_link_withdraw(ngx_cc_command_link_t *cl);

/*
 * Its end is not awaited any longer: it is over, with the cause "shutdown",
 * and EXITED or FAILED is told from inside the call.
 */
void ngx_cc_command_link_cut(ngx_cc_command_link_t *cl);

/* nothing of the helper is needed any more: the next command may have it */
void ngx_cc_command_link_over(ngx_cc_command_link_t *cl);

/* no callback comes any more; a command that still runs is abandoned */
void ngx_cc_command_link_end(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_LINK_H_INCLUDED_ */
