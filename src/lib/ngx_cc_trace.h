
/*
 * The trace that a request belongs to, as its client names it: traceparent and
 * tracestate of W3C Trace Context, read strictly.  What is not well-formed is
 * not there: the one who reads starts anew (sections 3.2.2 and 4.3 of the
 * recommendation).
 *
 * What is kept can stand in an environment or a log as it is: lower-case hex,
 * and printable ASCII that begins with a letter or digit.
 */

#ifndef _NGX_CC_TRACE_H_INCLUDED_
#define _NGX_CC_TRACE_H_INCLUDED_


#include <stddef.h>


#define NGX_CC_TRACE_ID       32         /* digits of the id of a trace */
#define NGX_CC_TRACE_SPAN     16         /* of the id of a span in it */
#define NGX_CC_TRACE_PARENT   55         /* bytes of a traceparent */
#define NGX_CC_TRACE_STATE    512        /* bytes of a tracestate, at most */
#define NGX_CC_TRACE_MEMBERS  32         /* of its list, at most */


/* zeroed at first: no trace */

typedef struct {
    char    parent[NGX_CC_TRACE_PARENT + 1];     /* of version 00, or "" */
    char    state[NGX_CC_TRACE_STATE + 1];       /* or "" */
    size_t  len;                         /* of state */
    int     wrong;                       /* a part of the state was */
} ngx_cc_trace_t;


/*
 * Reads a traceparent of "len" bytes: 0, and "parent" is set; or -1, and
 * nothing is.  Version 00 has its exact form; of a later one the parts that
 * version 00 has are taken, whatever follows them (section 4.3), and "parent"
 * is of version 00.  Flags that version 00 does not have are 0 in it; the one
 * of level 2, that the id is random, is kept.
 */
int ngx_cc_trace_parent(ngx_cc_trace_t *trace, const char *p, size_t len);

/*
 * Adds a tracestate, or the next part of one that stands in several headers:
 * 0, and "state" has its members behind those that were there, without blanks
 * and empty ones; or -1: then, and from then on, there is no state.  It is
 * wrong when a member is malformed, a key comes twice, there are more than 32
 * or it gets longer than 512 bytes.
 */
int ngx_cc_trace_state(ngx_cc_trace_t *trace, const char *p, size_t len);

/* the ids in a traceparent of version 00 (see "parent"): ID, SPAN digits */
#define ngx_cc_trace_id(parent)    ((parent) + 3)
#define ngx_cc_trace_span(parent)  ((parent) + 3 + NGX_CC_TRACE_ID + 1)


#endif /* _NGX_CC_TRACE_H_INCLUDED_ */
