
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_line.h"


#define NGX_CC_LINE_BIRTHS    4      /* for each processor, and at least */
#define NGX_CC_LINE_PATIENCE  20     /* ms; a birth that takes longer (a file
                                        system that does not answer) shall not
                                        make others wait */


static void ngx_cc_line_patience(ngx_event_t *ev);


void
ngx_cc_line_init(ngx_cc_line_t *line, ngx_uint_t workers,
    void (*moved)(void *data), void *data, ngx_log_t *log)
{
    ngx_memzero(line, sizeof(ngx_cc_line_t));

    ngx_queue_init(&line->waiting);
    ngx_queue_init(&line->births);

    line->max = NGX_CC_LINE_BIRTHS * ngx_max(ngx_ncpu, 1) / ngx_max(workers, 1);
    line->max = ngx_max(line->max, NGX_CC_LINE_BIRTHS);

    line->moved = moved;
    line->data = data;

    line->patience.handler = ngx_cc_line_patience;
    line->patience.data = line;
    line->patience.log = log;
}


ngx_uint_t
ngx_cc_line_open(ngx_cc_line_t *line)
{
    return line->nbirths < line->max;
}


void
ngx_cc_line_join(ngx_cc_line_t *line, ngx_cc_line_wait_t *wait)
{
    ngx_queue_insert_tail(&line->waiting, &wait->queue);
    wait->waiting = 1;
    line->nwaiting++;

    if (!ngx_cc_line_open(line) && !line->patience.timer_set) {
        ngx_add_timer(&line->patience, NGX_CC_LINE_PATIENCE);
    }
}


void
ngx_cc_line_leave(ngx_cc_line_t *line, ngx_cc_line_wait_t *wait)
{
    if (!wait->waiting) {
        return;
    }

    ngx_queue_remove(&wait->queue);
    wait->waiting = 0;
    line->nwaiting--;

    if (line->nwaiting == 0 && line->patience.timer_set) {
        ngx_del_timer(&line->patience);
    }
}


ngx_cc_line_wait_t *
ngx_cc_line_first(ngx_cc_line_t *line)
{
    ngx_cc_line_wait_t  *wait;

    if (line->nwaiting == 0) {
        return NULL;
    }

    wait = ngx_queue_data(ngx_queue_head(&line->waiting), ngx_cc_line_wait_t,
                          queue);
    ngx_cc_line_leave(line, wait);

    return wait;
}


void
ngx_cc_line_begin(ngx_cc_line_t *line, ngx_cc_line_birth_t *birth)
{
    ngx_queue_insert_tail(&line->births, &birth->queue);
    birth->since = ngx_current_msec;
    birth->counted = 1;
    line->nbirths++;

    if (line->nwaiting && !ngx_cc_line_open(line) && !line->patience.timer_set)
    {
        ngx_add_timer(&line->patience, NGX_CC_LINE_PATIENCE);
    }
}


ngx_uint_t
ngx_cc_line_end(ngx_cc_line_t *line, ngx_cc_line_birth_t *birth)
{
    if (!birth->counted) {
        return 0;
    }

    ngx_queue_remove(&birth->queue);
    birth->counted = 0;
    line->nbirths--;

    return 1;
}


static void
ngx_cc_line_patience(ngx_event_t *ev)
{
    ngx_msec_t            age;
    ngx_queue_t          *q;
    ngx_cc_line_t        *line = ev->data;
    ngx_cc_line_birth_t  *birth;

    while (line->nbirths) {
        q = ngx_queue_head(&line->births);
        birth = ngx_queue_data(q, ngx_cc_line_birth_t, queue);
        age = ngx_current_msec - birth->since;

        if (age < NGX_CC_LINE_PATIENCE) {
            ngx_add_timer(ev, NGX_CC_LINE_PATIENCE - age);
            break;
        }

        (void) ngx_cc_line_end(line, birth);
    }

    line->moved(line->data);
}
