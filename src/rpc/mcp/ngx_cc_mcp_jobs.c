
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_jobs.h"
#include "ngx_cc_mcp_meta.h"


#define NGX_CC_MCP_JOBS_MOST     64      /* of a session */
#define NGX_CC_MCP_JOBS_PIECE    65536   /* most bytes pulled at once */


static void ngx_cc_mcp_jobs_end(void *data);
static void ngx_cc_mcp_jobs_forget(ngx_cc_mcp_jobs_t *jobs,
    ngx_cc_mcp_job_t *job);


void
ngx_cc_mcp_jobs_init(ngx_cc_mcp_jobs_t *jobs, ngx_cc_transport_t *transport,
    ngx_queue_t *sent)
{
    jobs->transport = transport;
    jobs->sent = sent;
    ngx_queue_init(&jobs->queue);
}


ngx_int_t
ngx_cc_mcp_jobs_start(ngx_cc_mcp_jobs_t *jobs, ngx_cc_mcp_job_spec_t *js,
    ngx_str_t *id, ngx_str_t *token, ngx_uint_t modern,
    const ngx_cc_legacy_call_t *name, ngx_cc_spec_t *spec)
{
    ngx_cc_mcp_job_t  *job;

    if (jobs->n >= NGX_CC_MCP_JOBS_MOST) {
        return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_LIMIT,
                                  "%ui calls about jobs wait in this session "
                                  "already", jobs->n);
    }

    job = ngx_cc_mcp_job_start(js, jobs->transport, id, token, modern);

    if (job == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&jobs->queue, &job->queue);
    jobs->n++;

    if (name) {
        job->jobs = jobs;
        job->legacy = *name;
        job->legacy.data = job;
        job->legacy.end = ngx_cc_mcp_jobs_end;
        ngx_cc_legacy_join(&job->legacy);

        /* it has no socket */

        if (ngx_cc_legacy_poll(&job->legacy)) {
            ngx_cc_mcp_jobs_end(job);
        }
    }

    return NGX_OK;
}


/* of a POST, by another one: an answer that was begun goes on */

static void
ngx_cc_mcp_jobs_end(void *data)
{
    ngx_cc_mcp_job_t    *job = data;

    ngx_cc_mcp_jobs_t   *jobs;
    ngx_cc_transport_t  *transport;

    if (job->pulled) {
        return;
    }

    jobs = job->jobs;
    transport = jobs->transport;
    transport->post->canceled = 1;

    ngx_cc_mcp_jobs_forget(jobs, job);
    transport->wake(transport->data);
}


size_t
ngx_cc_mcp_jobs_pull(ngx_cc_mcp_jobs_t *jobs, u_char *p, size_t room,
    ngx_uint_t *more)
{
    size_t               n;
    ngx_uint_t           i, turns, answer;
    ngx_queue_t         *q;
    ngx_cc_mcp_job_t    *job;
    ngx_cc_transport_t  *transport;

    turns = jobs->n;
    transport = jobs->transport;

    for (i = 0; i < turns; i++) {

        job = jobs->current;

        if (job == NULL) {
            q = ngx_queue_head(&jobs->queue);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&jobs->queue, q);
            job = ngx_queue_data(q, ngx_cc_mcp_job_t, queue);
        }

        if (ngx_exiting) {
            ngx_cc_mcp_job_leave(job);
        }

        n = ngx_cc_mcp_job_pull(job, p, ngx_min(room, NGX_CC_MCP_JOBS_PIECE),
                                more, &answer);

        if (n && !answer && transport->post) {
            transport->post->stream = 1;
        }

        jobs->current = *more ? job : NULL;
        transport->failed |= job->no_memory;

        if (job->ended && ngx_cc_mcp_job_marks(job)) {
            ngx_queue_remove(&job->queue);
            jobs->n--;
            ngx_cc_mcp_sent_await(jobs->sent, &job->sent, transport->rounds);

        } else if (job->ended || job->no_memory) {
            ngx_cc_mcp_jobs_forget(jobs, job);
        }

        if (n) {
            return n;
        }
    }

    return 0;
}


void
ngx_cc_mcp_jobs_cancel(ngx_cc_mcp_jobs_t *jobs, ngx_str_t *id)
{
    ngx_queue_t       *q;
    ngx_cc_mcp_job_t  *job;

    for (q = ngx_queue_head(&jobs->queue);
         q != ngx_queue_sentinel(&jobs->queue);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_cc_mcp_job_t, queue);

        if (!job->pulled && job->id.len == id->len
            && ngx_memcmp(job->id.data, id->data, id->len) == 0)
        {
            ngx_cc_mcp_jobs_forget(jobs, job);
            return;
        }
    }
}


void
ngx_cc_mcp_jobs_close(ngx_cc_mcp_jobs_t *jobs)
{
    while (!ngx_queue_empty(&jobs->queue)) {
        ngx_cc_mcp_jobs_forget(jobs,
                               ngx_queue_data(ngx_queue_head(&jobs->queue),
                                              ngx_cc_mcp_job_t, queue));
    }
}


static void
ngx_cc_mcp_jobs_forget(ngx_cc_mcp_jobs_t *jobs, ngx_cc_mcp_job_t *job)
{
    ngx_queue_remove(&job->queue);
    jobs->n--;

    if (jobs->current == job) {
        jobs->current = NULL;
    }

    ngx_cc_mcp_job_close(job);
}
