
/*
 * The marks of readers: how far somebody has got who reads a kept command in
 * many connections, one after the other, and does not say where to go on.  A
 * few readers only; the one that has not come for longest makes room.
 */

#ifndef _NGX_CC_MARKS_H_INCLUDED_
#define _NGX_CC_MARKS_H_INCLUDED_


#include "ngx_cc_wire_kept.h"


#define NGX_CC_MARKS_MAX   16


typedef struct {
    uint8_t         reader[NGX_CC_WIRE_READER];
    uint64_t        turn;        /* when it came last; 0 = the place is free */
    uint64_t        next[2];     /* offset of each stream */
} ngx_cc_mark_t;


/* all zero: there are none */

typedef struct {
    ngx_cc_mark_t   mark[NGX_CC_MARKS_MAX];
    uint64_t        turn;
} ngx_cc_marks_t;


/* where a reader goes on: 0 and 0 when it is not known */
void ngx_cc_marks_find(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER], uint64_t next[2]);

/*
 * A reader has got everything before next[], which is cut to bytes[];
 * UINT64_MAX: nothing new.  A mark never moves back.
 */
void ngx_cc_marks_move(ngx_cc_marks_t *marks,
    const uint8_t reader[NGX_CC_WIRE_READER], const uint64_t next[2],
    const uint64_t bytes[2]);


#endif /* _NGX_CC_MARKS_H_INCLUDED_ */
