
/*
 * One command of a native session: the requests that wait for it and the
 * messages of its life in their order: answer, process.started,
 * process.output, process.error, process.completed.  They are rendered from
 * its state when they are pulled, so none of them waits in memory.
 */

#ifndef _NGX_CC_NATIVE_COMMAND_H_INCLUDED_
#define _NGX_CC_NATIVE_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_command.h"
#include "ngx_cc_native_params.h"
#include "ngx_cc_native_output.h"
#include "ngx_cc_native_terminal.h"
#include "ngx_cc_stdin.h"


#define NGX_CC_NATIVE_COMMAND_CONTROLS  4       /* that may wait for STARTED */


typedef enum {
    NGX_CC_NATIVE_COMMAND_PAUSE = 0,
    NGX_CC_NATIVE_COMMAND_RESUME,
    NGX_CC_NATIVE_COMMAND_CANCEL
} ngx_cc_native_command_control_e;


/* their names in requests */
extern const char  *ngx_cc_native_command_types[];


/* a control request */

typedef struct {
    ngx_cc_native_command_control_e  type;
    ngx_cc_asked_t                   asked; /* own memory, at asked.id.data */
} ngx_cc_native_command_waiting_t;


typedef struct {
    ngx_queue_t             queue;       /* of the session */
    ngx_cc_command_t       *cmd;
    ngx_cc_spec_conf_t     *conf;        /* of the location */
    ngx_cc_answers_t       *answers;
    ngx_cc_native_output_t  output;
    ngx_cc_stdin_t          input;
    ngx_log_t              *log;
    u_char                 *session_id;
    ngx_cc_recorder_t      *recorder;    /* of one that is attached, or NULL */
    ngx_cc_asked_t          asked;       /* execute; own memory */
    uint32_t                channel;     /* of binary messages, 0: none */

    ngx_cc_native_command_waiting_t  control[NGX_CC_NATIVE_COMMAND_CONTROLS];
    ngx_uint_t                       controls;

    void              *data;             /* for wake */
    void             (*wake)(void *data);

    unsigned           indirect:1;       /* see ngx_cc_spec_t */
    unsigned           beneath:1;        /* the client chose the directory */
    unsigned           answered:1;       /* execute has its answer */
    unsigned           notified:1;       /* process.started is sent */
    unsigned           failed:1;         /* it never ran */
    unsigned           warned:1;         /* process.error is sent */
    unsigned           ended:1;          /* process.completed is sent */

    /* kept commands, and "credit" of any */
    uint64_t           window;           /* bytes on the way; 0 = any */
    uint64_t           credit[NGX_CC_STREAMS];   /* offsets */
    uint64_t           gaps[NGX_CC_STREAMS];     /* bytes before the credit */
    uint64_t           gap_end[NGX_CC_STREAMS];
    uint64_t           seen[NGX_CC_STREAMS];
    const char        *detached;         /* why; told once the rest is */
    const ngx_uint_t  *rounds;           /* of the transport */
    ngx_uint_t         round;            /* when process.started was pulled */
    ngx_msec_t         begun;            /* the attach */
    ngx_event_t        delay;            /* of a refusal */
    uint16_t           cols;             /* of its terminal, as last told */
    uint16_t           rows;
    unsigned           resized:1;        /* to be told */
    unsigned           attach:1;         /* not started here */
    unsigned           redraw:1;         /* its terminal shall draw again */
    unsigned           told:1;           /* the client has its id */
    unsigned           flows:1;          /* what was pulled last is output */
} ngx_cc_native_command_t;


typedef struct ngx_cc_native_s  ngx_cc_native_t;


/*
 * Makes a process and starts its command.  "asked" is copied; "share": of the
 * session, see ngx_cc_stdin.h.  Returns NULL with a refusal in ex->spec, or,
 * without memory, with none.
 */
ngx_cc_native_command_t *ngx_cc_native_command_start(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_asked_t *asked,
    ngx_cc_answers_t *answers, ngx_cc_stdin_share_t *share,
    u_char *session_id, void (*wake)(void *data), void *data, ngx_log_t *log);

/* callbacks of ngx_cc_command.h, for one that is attached elsewhere */
void ngx_cc_native_command_event(void *data, ngx_cc_command_t *cmd,
    ngx_cc_command_event_e event);
void ngx_cc_native_command_wake(void *data, ngx_cc_command_t *cmd);

/*
 * The next message of its life: its length, or 0.  Afterwards "ended" says
 * whether it was the last one.
 */
size_t ngx_cc_native_command_pull(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);

/*
 * Right behind a pull() that has set "flows", or a next(): the next line of the
 * same piece of output, as far as the window of the client goes; or 0.
 */
size_t ngx_cc_native_command_next(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);

/*
 * PAUSE, RESUME or CANCEL: answered and told, now or when the command has
 * started.
 */
void ngx_cc_native_command_control(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked);

/*
 * A signal; what comes to the same as PAUSE or RESUME (STOP and CONT for the
 * tree) is that, and answered like it.
 */
void ngx_cc_native_command_signal(ngx_cc_native_command_t *ps,
    ngx_cc_native_signal_t *signal, ngx_cc_asked_t *asked);

/* another size of its terminal: answered and told */
void ngx_cc_native_command_resize(ngx_cc_native_command_t *ps, uint16_t cols,
    uint16_t rows, ngx_cc_asked_t *asked);

/* ends it, and frees it; it is not in any queue any more */
void ngx_cc_native_command_close(ngx_cc_native_command_t *ps);


#endif /* _NGX_CC_NATIVE_COMMAND_H_INCLUDED_ */
