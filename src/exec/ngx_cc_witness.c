
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_witness.h"


static char *ngx_cc_witness_put(char *p, char *last, const char *text);
static void ngx_cc_witness_tell(ngx_cc_witnessed_t *wd,
    ngx_cc_witness_event_e event);
static void ngx_cc_witness_free(ngx_cc_witnessed_t *wd);


void
ngx_cc_witness_drop(ngx_cc_witness_t *w)
{
    if (w && --w->refs == 0) {
        w->release(w);
    }
}


/* a string and its NUL; where the next one begins */

static char *
ngx_cc_witness_put(char *p, char *last, const char *text)
{
    return (char *) ngx_cpystrn((u_char *) p, (u_char *) text, last - p) + 1;
}


ngx_cc_witnessed_t *
ngx_cc_witness_command(ngx_cc_witness_t *w,
    const ngx_cc_wire_strings_t *strings, const ngx_cc_handle_t *handle,
    ngx_msec_t timeout)
{
    char                 text[NGX_CC_HANDLE_TEXT], *p, *last;
    size_t               size;
    uint32_t             i;
    ngx_cc_witnessed_t  *wd;

    size = ngx_strlen(strings->cwd) + ngx_strlen(strings->beneath)
           + ngx_strlen(strings->program) + 3;

    for (i = 0; i < strings->argc; i++) {
        size += ngx_strlen(strings->argv[i]) + 1;
    }

    wd = ngx_calloc(sizeof(ngx_cc_witnessed_t), ngx_cycle->log);

    if (wd == NULL) {
        return NULL;
    }

    wd->argv = ngx_alloc(strings->argc * sizeof(char *) + size,
                         ngx_cycle->log);

    if (wd->argv == NULL) {
        ngx_free(wd);
        return NULL;
    }

    p = (char *) (wd->argv + strings->argc);
    last = p + size;

    wd->cwd = p;
    p = ngx_cc_witness_put(p, last, strings->cwd);
    wd->beneath = p;
    p = ngx_cc_witness_put(p, last, strings->beneath);
    wd->program = p;
    p = ngx_cc_witness_put(p, last, strings->program);

    for (i = 0; i < strings->argc; i++) {
        wd->argv[i] = p;
        p = ngx_cc_witness_put(p, last, strings->argv[i]);
    }

    wd->argc = strings->argc;
    wd->timeout = timeout;

    (void) ngx_cc_handle_format(handle, text);
    ngx_memcpy(wd->execution, text, NGX_CC_HANDLE_NAME);

    wd->witness = w;
    w->refs++;

    return wd;
}


void
ngx_cc_witness_started(ngx_cc_witnessed_t *wd, pid_t pid)
{
    if (wd == NULL) {
        return;
    }

    wd->pid = pid;
    ngx_cc_witness_tell(wd, NGX_CC_WITNESS_STARTED);

    /* a command can run for days, its arguments be long */

    ngx_free(wd->argv);
    wd->argv = NULL;
    wd->argc = 0;
    wd->cwd = NULL;
    wd->beneath = NULL;
    wd->program = NULL;
}


void
ngx_cc_witness_signalled(ngx_cc_witnessed_t *wd, const char *name)
{
    if (wd == NULL) {
        return;
    }

    wd->signal = name;
    ngx_cc_witness_tell(wd, NGX_CC_WITNESS_SIGNALLED);
}


void
ngx_cc_witness_failed(ngx_cc_witnessed_t *wd, ngx_cc_stage_e stage, int error)
{
    if (wd == NULL) {
        return;
    }

    wd->stage = stage;
    wd->error = error;
    ngx_cc_witness_tell(wd, NGX_CC_WITNESS_FAILED);
    ngx_cc_witness_free(wd);
}


void
ngx_cc_witness_ended(ngx_cc_witnessed_t *wd,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause)
{
    if (wd == NULL) {
        return;
    }

    wd->exited = exited;
    wd->cause = cause;
    ngx_cc_witness_tell(wd, NGX_CC_WITNESS_ENDED);
    ngx_cc_witness_free(wd);
}


static void
ngx_cc_witness_tell(ngx_cc_witnessed_t *wd, ngx_cc_witness_event_e event)
{
    wd->witness->command(wd->witness, event, wd);
}


static void
ngx_cc_witness_free(ngx_cc_witnessed_t *wd)
{
    ngx_cc_witness_drop(wd->witness);

    if (wd->argv) {
        ngx_free(wd->argv);
    }

    ngx_free(wd);
}
