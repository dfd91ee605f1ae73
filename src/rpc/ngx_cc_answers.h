
/*
 * Messages that wait to be pulled: answers to requests and the notifications
 * that belong to them, whole, in order.
 */

#ifndef _NGX_CC_ANSWERS_H_INCLUDED_
#define _NGX_CC_ANSWERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a request that is answered later */

typedef struct {
    ngx_str_t   id;                  /* JSON text, len 0: it wants no answer */
    ngx_str_t   more;                /* JSON text of members that its result
                                        gets behind its own: ,"a":1; or none */
} ngx_cc_asked_t;


typedef struct {
    u_char     *start;               /* NULL: nothing waits */
    u_char     *pos;
    u_char     *last;
    u_char     *end;
    unsigned    no_memory:1;         /* a message was lost: end the session */
} ngx_cc_answers_t;


/* appends a message of n bytes; NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_cc_answers_put(ngx_cc_answers_t *answers, const u_char *p,
    size_t n);

/* moves the oldest message to p (room >= its size); returns its length or 0 */
size_t ngx_cc_answers_get(ngx_cc_answers_t *answers, u_char *p, size_t room);

/* bytes that wait */
size_t ngx_cc_answers_size(ngx_cc_answers_t *answers);

/* forgets all of them */
void ngx_cc_answers_free(ngx_cc_answers_t *answers);

/* copies "from", its texts to p, which has room for both */
void ngx_cc_asked_copy(ngx_cc_asked_t *to, ngx_cc_asked_t *from, u_char *p);


#endif /* _NGX_CC_ANSWERS_H_INCLUDED_ */
