
#include <string.h>
#include "ngx_cc_marks.h"


static ngx_cc_mark_t *ngx_cc_marks_of(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER]);


void
ngx_cc_marks_find(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER], uint64_t next[2])
{
    ngx_cc_mark_t  *mark;

    mark = ngx_cc_marks_of(marks, reader);

    if (mark == NULL) {
        next[0] = 0;
        next[1] = 0;
        return;
    }

    mark->turn = ++marks->turn;
    memcpy(next, mark->next, sizeof(mark->next));
}


void
ngx_cc_marks_move(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER], const uint64_t next[2],
    const uint64_t bytes[2])
{
    int             i;
    uint64_t        to;
    ngx_cc_mark_t  *mark, *oldest;

    mark = ngx_cc_marks_of(marks, reader);

    if (mark == NULL) {
        oldest = marks->mark;

        for (i = 1; i < NGX_CC_MARKS_MAX; i++) {
            if (marks->mark[i].turn < oldest->turn) {
                oldest = &marks->mark[i];
            }
        }

        mark = oldest;
        memset(mark, 0, sizeof(ngx_cc_mark_t));
        memcpy(mark->reader, reader, sizeof(mark->reader));
    }

    mark->turn = ++marks->turn;

    for (i = 0; i < 2; i++) {
        to = next[i] < bytes[i] ? next[i] : bytes[i];

        if (next[i] != UINT64_MAX && to > mark->next[i]) {
            mark->next[i] = to;
        }
    }
}


static ngx_cc_mark_t *
ngx_cc_marks_of(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER])
{
    int  i;

    for (i = 0; i < NGX_CC_MARKS_MAX; i++) {
        if (marks->mark[i].turn
            && memcmp(marks->mark[i].reader, reader, NGX_CC_WIRE_READER) == 0)
        {
            return &marks->mark[i];
        }
    }

    return NULL;
}
