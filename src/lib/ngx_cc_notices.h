
/*
 * Short notices from any worker to all of them, about calls of legacy sessions:
 * "cancel the one of this name", "the session is over".  A ring in plain shared
 * memory, C11 atomics, no mutex; the newest take the place of the oldest.
 * Nobody is woken: whoever may be meant looks now and then, which costs the
 * load of one word while there is nothing new.
 *
 * A notice counts for NGX_CC_NOTICES_LIFE: it may have overtaken the call that
 * it is about.
 */

#ifndef _NGX_CC_NOTICES_H_INCLUDED_
#define _NGX_CC_NOTICES_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_NOTICES_LIFE  2000        /* ms */


typedef enum {
    NGX_CC_NOTICE_CANCEL = 1,            /* of a call, by its name */
    NGX_CC_NOTICE_END                    /* of a session, by its number */
} ngx_cc_notice_e;


typedef struct ngx_cc_notices_s  ngx_cc_notices_t;   /* in the shared memory */


typedef struct {
    ngx_cc_notice_e  what;
    uint64_t         name;
} ngx_cc_notice_t;


/* how far a reader has come */

typedef struct {
    uint64_t         next;               /* the number of a notice */
    uint64_t         stuck;              /* since when it waits for its writer,
                                            ms; 0 = it does not */
} ngx_cc_notices_reader_t;


/*
 * Prepares "size" bytes at p, zeroed and aligned to 64 bytes; NULL when they
 * are too few for anything.
 */
ngx_cc_notices_t *ngx_cc_notices_init(void *p, size_t size);

/* "now", here and below: ms, of a clock that all workers share */
void ngx_cc_notices_put(ngx_cc_notices_t *notices,
    const ngx_cc_notice_t *notice, uint64_t now);

/* was that said within NGX_CC_NOTICES_LIFE?  1 or 0 */
int ngx_cc_notices_said(ngx_cc_notices_t *notices,
    const ngx_cc_notice_t *notice, uint64_t now);

/* what has been said so far is not new to this reader */
void ngx_cc_notices_begin(ngx_cc_notices_t *notices,
    ngx_cc_notices_reader_t *reader);

/*
 * The next one that is new to it: 1 and "notice", or 0.  Those that were
 * replaced meanwhile are skipped, and those whose writer has died.
 */
int ngx_cc_notices_next(ngx_cc_notices_t *notices,
    ngx_cc_notices_reader_t *reader, uint64_t now, ngx_cc_notice_t *notice);


#endif /* _NGX_CC_NOTICES_H_INCLUDED_ */
