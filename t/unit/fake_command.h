
/*
 * Commands without processes: the functions of ngx_cc_command.h on top of what
 * a test says that happens.
 */

#ifndef _FAKE_COMMAND_H_INCLUDED_
#define _FAKE_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_command.h"
#include "ngx_cc_command_handover.h"
#include "ngx_cc_command_keep.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_zone.h"


#define FAKE_SIGNALS  8               /* of ngx_cc_command_signal() at most */


typedef struct {
    ngx_cc_command_t   public;       /* first */
    void             (*event)(void *data, ngx_cc_command_t *cmd,
                           ngx_cc_command_event_e event);
    void             (*wake)(void *data, ngx_cc_command_t *cmd);

    char               line[1024];   /* program, then argv, joined by "|" */
    ngx_msec_t         timeout;
    int                open_stdin;
    int                keepable;
    int                handovers;    /* that were asked for */
    ngx_msec_t         run;          /* the run limit of the last one */
    int                told;
    int                merge;
    int                noecho;
    int                signals;
    int                signo;        /* the last one */
    ngx_cc_signal_target_e  to;
    int                cancels;
    int                pauses;
    int                resumes;
    int                closed;
    char               input[65536]; /* what it was given */
    size_t             input_len;
    int                input_eof;
    int                input_busy;

    struct {
        char   *data;
        size_t  len;
        size_t  gap;     /* bytes that are missing, where len is 0 */
        int     stream;
    }                  record[64];
    int                first;        /* record */
    int                last;
    uint64_t           offset[2];
} fake_command_t;


extern fake_command_t  *fake_command[32];    /* in order of their start */
extern int              fake_commands;
extern ngx_cc_start_e   fake_start;          /* what the next start returns */
extern ngx_cc_start_e   fake_handover;       /* what the next one returns */
extern uint64_t         fake_total[NGX_CC_TOTALS];   /* what was counted */

extern ngx_cc_legacy_may_e    fake_may;      /* what ngx_cc_legacy_may() says */
extern ngx_cc_legacy_call_t  *fake_call;     /* that joined; NULL: it left */
extern char  fake_canceled[NGX_CC_HANDLE_SIZE + 1];  /* the id of the last one
                                                that others shall cancel */

void fake_started(fake_command_t *f);
void fake_failed(fake_command_t *f, ngx_cc_stage_e stage, int error);
void fake_output(fake_command_t *f, int stream, const void *p, size_t n);
/* n bytes are not there any more */
void fake_gap(fake_command_t *f, int stream, size_t n);
void fake_exited(fake_command_t *f, int status, ngx_cc_cause_e cause);
void fake_taken(fake_command_t *f, size_t n, int closed);
void fake_signalled(fake_command_t *f, uint32_t left);
void fake_kept(fake_command_t *f);
void fake_free(void);


#endif /* _FAKE_COMMAND_H_INCLUDED_ */
