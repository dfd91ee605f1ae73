
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"


#define NGX_CC_ANSWERS_SIZE   1024


ngx_int_t
ngx_cc_answers_put(ngx_cc_answers_t *answers, const u_char *p, size_t n)
{
    size_t    used, size;
    u_char   *buf;
    uint32_t  len;

    used = answers->last - answers->pos;
    len = n;

    if ((size_t) (answers->end - answers->last) < sizeof(len) + n) {

        size = 2 * (used + sizeof(len) + n);
        size = ngx_max(size, NGX_CC_ANSWERS_SIZE);

        buf = ngx_alloc(size, ngx_cycle->log);

        if (buf == NULL) {
            answers->no_memory = 1;
            return NGX_ERROR;
        }

        if (answers->start) {
            ngx_memcpy(buf, answers->pos, used);
            ngx_free(answers->start);
        }

        answers->start = buf;
        answers->pos = buf;
        answers->last = buf + used;
        answers->end = buf + size;
    }

    answers->last = ngx_cpymem(answers->last, &len, sizeof(len));
    answers->last = ngx_cpymem(answers->last, p, n);

    return NGX_OK;
}


size_t
ngx_cc_answers_get(ngx_cc_answers_t *answers, u_char *p, size_t room)
{
    uint32_t  len;

    if (answers->pos == answers->last) {
        return 0;
    }

    ngx_memcpy(&len, answers->pos, sizeof(len));
    answers->pos += sizeof(len);

    ngx_memcpy(p, answers->pos, ngx_min(len, room));
    answers->pos += len;

    if (answers->pos == answers->last) {
        ngx_cc_answers_free(answers);
    }

    return ngx_min(len, room);
}


size_t
ngx_cc_answers_size(ngx_cc_answers_t *answers)
{
    return answers->last - answers->pos;
}


void
ngx_cc_answers_free(ngx_cc_answers_t *answers)
{
    if (answers->start) {
        ngx_free(answers->start);
    }

    answers->start = NULL;
    answers->pos = NULL;
    answers->last = NULL;
    answers->end = NULL;
}


void
ngx_cc_asked_copy(ngx_cc_asked_t *to, ngx_cc_asked_t *from, u_char *p)
{
    *to = *from;
    to->id.data = p;

    if (from->id.len) {
        p = ngx_cpymem(p, from->id.data, from->id.len);
    }

    to->more.data = p;

    if (from->more.len) {
        ngx_memcpy(p, from->more.data, from->more.len);
    }
}
