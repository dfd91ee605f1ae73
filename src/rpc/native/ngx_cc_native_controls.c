
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_native_controls.h"
#include "ngx_cc_native_message.h"


static const char  *ngx_cc_native_controls_words[] = {
    "paused", "resumed", "canceled"
};


void
ngx_cc_native_controls_wait(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked)
{
    u_char  *p;

    if (ps->controls == NGX_CC_NATIVE_COMMAND_CONTROLS) {
        ngx_cc_message_refuse(ps->answers, &asked->id, NGX_CC_ERROR_LIMIT,
                             ngx_cc_text("too many control requests for this "
                                         "process wait for an answer"));
        return;
    }

    p = ngx_alloc(asked->id.len + asked->more.len + 1, ps->log);

    if (p == NULL) {
        ps->answers->no_memory = 1;
        return;
    }

    ngx_cc_asked_copy(&ps->control[ps->controls].asked, asked, p);
    ps->control[ps->controls++].type = type;
}


void
ngx_cc_native_controls_paused(ngx_cc_native_command_t *ps)
{
    ngx_uint_t  i;

    for (i = 0; i < ps->controls; i++) {
        ngx_cc_native_controls_done(ps, ps->control[i].type,
                                   &ps->control[i].asked);
    }

    ngx_cc_native_controls_forget(ps);
}


void
ngx_cc_native_controls_done(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked)
{
    u_char         buf[NGX_CC_MESSAGE_SIZE];
    size_t         n;
    ngx_cc_json_t  w;

    if (asked->id.len) {
        ngx_cc_message_writer(&w, buf, sizeof(buf));
        ngx_cc_message_answer(&w, &asked->id);
        ngx_cc_json_lit(&w, "\"result\":{\"status\":");
        ngx_cc_json_cstring(&w, ngx_cc_native_controls_words[type]);

        if (type == NGX_CC_NATIVE_COMMAND_PAUSE && ps->cmd->left) {
            ngx_cc_json_lit(&w, ",\"left\":");
            ngx_cc_json_uint(&w, ps->cmd->left);
        }

        ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
        ngx_cc_json_lit(&w, "}}");
        (void) ngx_cc_answers_put(ps->answers, buf, w.pos - buf);
    }

    n = ngx_cc_native_message_state(buf, sizeof(buf), ps->cmd,
                                    ngx_cc_native_controls_words[type]);
    (void) ngx_cc_answers_put(ps->answers, buf, n);
}


void
ngx_cc_native_controls_forget(ngx_cc_native_command_t *ps)
{
    while (ps->controls) {
        ngx_free(ps->control[--ps->controls].asked.id.data);
    }
}


void
ngx_cc_native_controls_settle(ngx_cc_native_command_t *ps)
{
    ngx_uint_t   i;
    const char  *text;

    text = ps->failed ? "the process could not be started"
                      : "the process has ended";

    for (i = 0; i < ps->controls; i++) {
        ngx_cc_message_refuse(ps->answers, &ps->control[i].asked.id,
                             NGX_CC_ERROR_NO_PROCESS, text,
                             ngx_strlen(text));
    }

    ngx_cc_native_controls_forget(ps);
    ngx_cc_stdin_end(&ps->input);
}


void
ngx_cc_native_controls_unpassed(ngx_cc_native_command_t *ps)
{
    char        why[NGX_CC_NAMES_UNPASSED];
    u_char      buf[NGX_CC_MESSAGE_SIZE], *last;
    size_t      n;
    ngx_uint_t  i;

    n = ngx_cc_native_message_unpassed(buf, sizeof(buf), ps->cmd);
    (void) ngx_cc_answers_put(ps->answers, buf, n);

    if (ps->cmd->unpassed.signo != SIGSTOP) {
        return;
    }

    ngx_cc_names_unpassed(why, sizeof(why), &ps->cmd->unpassed);
    last = ngx_slprintf(buf, buf + sizeof(buf),
                        "the process was not paused, its control program has "
                        "failed: %s", why);

    for (i = 0; i < ps->controls; i++) {
        ngx_cc_message_refuse(ps->answers, &ps->control[i].asked.id,
                             NGX_CC_ERROR_INTERNAL, (char *) buf, last - buf);
    }

    ngx_cc_native_controls_forget(ps);
}
