
/*
 * What causes, stages and signals are called, in every protocol, log and
 * metric.
 */

#ifndef _NGX_CC_NAMES_H_INCLUDED_
#define _NGX_CC_NAMES_H_INCLUDED_


#include "ngx_cc_wire.h"


/* why a command has ended, as in process.completed */
const char *ngx_cc_names_cause(ngx_cc_cause_e cause);

/* the limit that a command broke, as what follows "the command"; NULL: none */
const char *ngx_cc_names_limit(ngx_cc_cause_e cause);

/* 1: that was a limit of time */
int ngx_cc_names_timed_out(ngx_cc_cause_e cause);

/* the step of its start that failed, for people */
const char *ngx_cc_names_stage(ngx_cc_stage_e stage);

/* why an executor service does not serve, for people */
const char *ngx_cc_names_refusal(ngx_cc_refusal_e refusal);

/* the number of "TERM" or "SIGTERM", as kill -l has them; 0 = there is none */
int ngx_cc_names_signo(const char *name);

/* "SIGTERM", "SIGRTMIN+3"; valid until the next call */
const char *ngx_cc_names_signal(int signo);

/*
 * Why a signal was not passed on, for people ("exit code 1"): at most n bytes
 * with a NUL, NGX_CC_NAMES_UNPASSED are enough.
 */
#define NGX_CC_NAMES_UNPASSED  160

void ngx_cc_names_unpassed(char *text, size_t n,
    const ngx_cc_wire_unpassed_t *unpassed);

/*
 * What a status of wait(2) means: the exit code, or minus the number of the
 * signal that ended the process; the name of that signal, or NULL.
 */
int ngx_cc_names_exit_code(int status);
const char *ngx_cc_names_exit_signal(int status);


#endif /* _NGX_CC_NAMES_H_INCLUDED_ */
