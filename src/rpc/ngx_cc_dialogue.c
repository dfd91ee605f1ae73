
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_dialogue.h"


void *
ngx_cc_dialogue_open(ngx_cc_transport_t *transport, size_t size,
    const ngx_cc_dialogue_handlers_t *handlers)
{
    ngx_cc_dialogue_t  *d;

    d = ngx_pcalloc(transport->pool, size);

    if (d == NULL) {
        return NULL;
    }

    d->transport = transport;
    d->handlers = handlers;
    ngx_queue_init(&d->commands);

    return d;
}


ngx_int_t
ngx_cc_dialogue_push(void *session, u_char *p, size_t n, ngx_uint_t last)
{
    ngx_int_t           rc;
    ngx_cc_dialogue_t  *d = session;

    if (d->request == NULL) {
        d->request = ngx_calloc(sizeof(ngx_cc_request_t), d->transport->log);

        if (d->request == NULL) {
            return NGX_ERROR;
        }

        d->request->log = d->transport->log;
    }

    rc = ngx_cc_request_push(d->request, p, n, last);

    if (rc == NGX_OK) {
        rc = d->handlers->serve(session);
    }

    if (rc == NGX_AGAIN) {
        return NGX_OK;
    }

    ngx_cc_dialogue_drop(session);
    d->transport->wake(d->transport->data);

    return d->answers.no_memory ? NGX_ERROR : rc;
}


void
ngx_cc_dialogue_again(void *session)
{
    ngx_int_t           rc;
    ngx_cc_dialogue_t  *d = session;

    rc = d->handlers->serve(session);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_ERROR) {
        d->transport->failed = 1;
    }

    ngx_cc_dialogue_drop(session);
    d->transport->wake(d->transport->data);
}


void
ngx_cc_dialogue_drop(void *session)
{
    ngx_cc_dialogue_t  *d = session;

    if (d->request) {
        ngx_cc_request_reset(d->request);
        ngx_free(d->request);
        d->request = NULL;
    }
}


size_t
ngx_cc_dialogue_pending(void *session)
{
    ngx_cc_dialogue_t  *d = session;

    return ngx_cc_answers_size(&d->answers);
}


ngx_uint_t
ngx_cc_dialogue_busy(void *session)
{
    ngx_cc_dialogue_t  *d = session;

    return d->ncommands;
}


void
ngx_cc_dialogue_shutdown(void *session, ngx_uint_t now)
{
    ngx_queue_t        *q;
    ngx_cc_dialogue_t  *d = session;

    for (q = ngx_queue_head(&d->commands);
         q != ngx_queue_sentinel(&d->commands);
         q = ngx_queue_next(q))
    {
        ngx_cc_command_shutdown(d->handlers->command(q), now);
    }
}


void
ngx_cc_dialogue_close(void *session)
{
    ngx_cc_dialogue_t  *d = session;

    while (!ngx_queue_empty(&d->commands)) {
        d->handlers->forget(session, ngx_queue_head(&d->commands));
    }

    ngx_cc_answers_free(&d->answers);
    ngx_cc_dialogue_drop(session);
}
