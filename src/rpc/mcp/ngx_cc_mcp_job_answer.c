
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_answer.h"


#define NGX_CC_MCP_JOB_ANSWER_SHORT  4096    /* bytes */


static ngx_int_t ngx_cc_mcp_job_answer_long(ngx_cc_mcp_job_answer_t *answer,
    ngx_cc_mcp_job_text_t *t, ngx_log_t *log);
static ngx_uint_t ngx_cc_mcp_job_answer_inside(const ngx_cc_mcp_job_text_t *t,
    const ngx_cc_mcp_part_t *part);


ngx_cc_mcp_job_answer_t *
ngx_cc_mcp_job_answer_keep(ngx_cc_mcp_job_text_t *t, ngx_log_t *log)
{
    size_t                    len;
    ngx_uint_t                more;
    ngx_cc_mcp_job_answer_t  *answer;

    static u_char  rendered[NGX_CC_MCP_JOB_ANSWER_SHORT];

    len = ngx_cc_mcp_parts_pull(&t->parts, rendered, sizeof(rendered), &more);

    if (more) {
        len = 0;
    }

    answer = ngx_alloc(sizeof(ngx_cc_mcp_job_answer_t) + len, log);

    if (answer == NULL) {
        ngx_cc_mcp_job_text_free(t);
        return NULL;
    }

    ngx_memcpy(answer->next, t->next, sizeof(answer->next));
    answer->text = NULL;
    answer->len = len;
    answer->pos = 0;

    if (!more) {
        ngx_memcpy(answer + 1, rendered, len);
        ngx_cc_mcp_job_text_free(t);

    } else if (ngx_cc_mcp_job_answer_long(answer, t, log) != NGX_OK) {
        ngx_cc_mcp_job_text_free(t);
        ngx_free(answer);
        return NULL;
    }

    return answer;
}


/* its parts, from their beginning once more */

static ngx_int_t
ngx_cc_mcp_job_answer_long(ngx_cc_mcp_job_answer_t *answer,
    ngx_cc_mcp_job_text_t *t, ngx_log_t *log)
{
    size_t                  len;
    ngx_uint_t              i;
    ngx_cc_mcp_part_t      *part;
    ngx_cc_mcp_job_text_t  *kept;

    ngx_cc_mcp_parts_rewind(&t->parts);

    /* what is written in between stands one behind the other */

    for (i = 0, len = 0; i < t->parts.nparts; i++) {
        part = &t->parts.part[i];

        if (ngx_cc_mcp_job_answer_inside(t, part)) {
            len = part->data + part->len - t->text;
        }
    }

    kept = ngx_alloc(offsetof(ngx_cc_mcp_job_text_t, text) + len, log);

    if (kept == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(kept, t, offsetof(ngx_cc_mcp_job_text_t, text) + len);

    for (i = 0; i < t->parts.nparts; i++) {
        part = &t->parts.part[i];

        if (ngx_cc_mcp_job_answer_inside(t, part)) {
            kept->parts.part[i].data = kept->text + (part->data - t->text);
        }
    }

    answer->text = kept;

    return NGX_OK;
}


static ngx_uint_t
ngx_cc_mcp_job_answer_inside(const ngx_cc_mcp_job_text_t *t,
    const ngx_cc_mcp_part_t *part)
{
    return part->data >= t->text
           && part->data < t->text + NGX_CC_MCP_JOB_TEXT_SIZE;
}


size_t
ngx_cc_mcp_job_answer_pull(ngx_cc_mcp_job_answer_t *answer, u_char *p,
    size_t room, ngx_uint_t *more)
{
    size_t  n;

    if (answer->text) {
        return ngx_cc_mcp_parts_pull(&answer->text->parts, p, room, more);
    }

    n = ngx_min(room, answer->len - answer->pos);
    ngx_memcpy(p, (u_char *) (answer + 1) + answer->pos, n);
    answer->pos += n;

    *more = answer->pos < answer->len;

    return n;
}


void
ngx_cc_mcp_job_answer_free(ngx_cc_mcp_job_answer_t *answer)
{
    if (answer == NULL) {
        return;
    }

    if (answer->text) {
        ngx_cc_mcp_job_text_free(answer->text);
        ngx_free(answer->text);
    }

    ngx_free(answer);
}
