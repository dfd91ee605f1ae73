
#include <stdatomic.h>
#include "ngx_cc_notices.h"


typedef struct {
    _Atomic uint64_t  number;            /* + 1; 0: being written, or never */
    _Atomic uint64_t  name;
    _Atomic uint64_t  what;
    _Atomic uint64_t  time;
} ngx_cc_notices_entry_t;


struct ngx_cc_notices_s {
    uint64_t                size;
    _Atomic uint64_t        head;        /* the number of the next one */
    uint64_t                pad[6];
    ngx_cc_notices_entry_t  entry[];
};


static int ngx_cc_notices_read(ngx_cc_notices_t *notices, uint64_t number,
    ngx_cc_notice_t *notice, uint64_t *when);


ngx_cc_notices_t *
ngx_cc_notices_init(void *p, size_t size)
{
    ngx_cc_notices_t  *notices = p;

    if (size < sizeof(ngx_cc_notices_t) + sizeof(ngx_cc_notices_entry_t)) {
        return NULL;
    }

    notices->size = (size - sizeof(ngx_cc_notices_t))
                    / sizeof(ngx_cc_notices_entry_t);

    return notices;
}


void
ngx_cc_notices_put(ngx_cc_notices_t *notices, const ngx_cc_notice_t *notice,
    uint64_t now)
{
    uint64_t                 number;
    ngx_cc_notices_entry_t  *e;

    number = atomic_fetch_add(&notices->head, 1);
    e = &notices->entry[number % notices->size];

    atomic_store(&e->number, 0);
    atomic_store(&e->name, notice->name);
    atomic_store(&e->what, notice->what);
    atomic_store(&e->time, now);
    atomic_store(&e->number, number + 1);
}


int
ngx_cc_notices_said(ngx_cc_notices_t *notices, const ngx_cc_notice_t *notice,
    uint64_t now)
{
    uint64_t         head, n, when;
    ngx_cc_notice_t  said;

    head = atomic_load(&notices->head);

    for (n = 1; n <= head && n <= notices->size; n++) {

        if (!ngx_cc_notices_read(notices, head - n, &said, &when)) {
            continue;
        }

        /* they are in order, but for the moment of a race */

        if (when + 2 * NGX_CC_NOTICES_LIFE < now) {
            break;
        }

        if (said.name == notice->name && said.what == notice->what
            && when + NGX_CC_NOTICES_LIFE >= now)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_cc_notices_begin(ngx_cc_notices_t *notices,
    ngx_cc_notices_reader_t *reader)
{
    reader->next = atomic_load(&notices->head);
    reader->stuck = 0;
}


int
ngx_cc_notices_next(ngx_cc_notices_t *notices,
    ngx_cc_notices_reader_t *reader, uint64_t now, ngx_cc_notice_t *notice)
{
    uint64_t  head, when;

    head = atomic_load(&notices->head);

    if (head - reader->next > notices->size) {
        reader->next = head - notices->size;
        reader->stuck = 0;
    }

    for ( /* void */ ; reader->next != head; reader->next++) {

        if (ngx_cc_notices_read(notices, reader->next, notice, &when)) {
            reader->next++;
            reader->stuck = 0;
            return 1;
        }

        /* it is being written, or was replaced, or its writer is dead */

        if (atomic_load(&notices->head) - reader->next > notices->size) {
            continue;
        }

        if (reader->stuck == 0) {
            reader->stuck = now;
        }

        if (now - reader->stuck < NGX_CC_NOTICES_LIFE) {
            return 0;
        }

        reader->stuck = 0;
    }

    return 0;
}


/* a consistent copy: 1, or 0 */

static int
ngx_cc_notices_read(ngx_cc_notices_t *notices, uint64_t number,
    ngx_cc_notice_t *notice, uint64_t *when)
{
    ngx_cc_notices_entry_t  *e;

    e = &notices->entry[number % notices->size];

    if (atomic_load(&e->number) != number + 1) {
        return 0;
    }

    notice->name = atomic_load(&e->name);
    notice->what = (ngx_cc_notice_e) atomic_load(&e->what);
    *when = atomic_load(&e->time);

    return atomic_load(&e->number) == number + 1;
}
