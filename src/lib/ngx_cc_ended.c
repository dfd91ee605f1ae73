
#include <stdatomic.h>
#include <string.h>
#include "ngx_cc_ended.h"


#define NGX_CC_ENDED_MARKS  8            /* sessions for one mark */
#define NGX_CC_ENDED_FEW    16           /* an owner has few when less than one
                                            of so many is his */


/*
 * An entry is taken by setting "number", which is random and never the same
 * twice: who finds it knows enough.  The rest is written behind it, and taken
 * away before it, so that a stranger's owner never stands beside it.
 */

typedef struct {
    _Atomic uint64_t       number;       /* of the session; 0 = free */
    _Atomic uint64_t       owner;        /* 0 = not written yet */
    _Atomic uint64_t       issued;
} ngx_cc_ended_entry_t;


typedef struct {
    _Atomic uint64_t       owner;        /* 0 = free */
    _Atomic uint64_t       issued;       /* up to then; 0 = none */
} ngx_cc_ended_mark_t;


struct ngx_cc_ended_s {
    uint32_t               size;         /* entries */
    uint32_t               marks;
    _Atomic uint32_t       used;         /* behind it all have always been
                                            free */
    _Atomic uint32_t       marked;       /* likewise */
    ngx_cc_ended_mark_t    mark[];
};


static ngx_cc_ended_entry_t *ngx_cc_ended_entries(ngx_cc_ended_t *ended);
static int ngx_cc_ended_put(ngx_cc_ended_t *ended,
    const ngx_cc_session_id_t *id, uint64_t now);
static void ngx_cc_ended_free(ngx_cc_ended_entry_t *e, uint64_t number);
static void ngx_cc_ended_raise(_Atomic uint32_t *used, uint32_t n);
static uint64_t ngx_cc_ended_victim(ngx_cc_ended_t *ended, uint64_t owner);
static void ngx_cc_ended_replace(ngx_cc_ended_t *ended, uint64_t owner);
static void ngx_cc_ended_mark(ngx_cc_ended_t *ended, uint64_t owner,
    uint64_t issued);


ngx_cc_ended_t *
ngx_cc_ended_init(void *p, size_t size)
{
    size_t           one, n;
    ngx_cc_ended_t  *ended = p;

    one = NGX_CC_ENDED_MARKS * sizeof(ngx_cc_ended_entry_t)
          + sizeof(ngx_cc_ended_mark_t);

    if (size < sizeof(ngx_cc_ended_t) + one) {
        return NULL;
    }

    n = (size - sizeof(ngx_cc_ended_t)) / one;
    n = n < UINT32_MAX / NGX_CC_ENDED_MARKS ? n
                                            : UINT32_MAX / NGX_CC_ENDED_MARKS;
    ended->marks = n;
    ended->size = n * NGX_CC_ENDED_MARKS;

    return ended;
}


uint32_t
ngx_cc_ended_size(const ngx_cc_ended_t *ended)
{
    return ended->size;
}


void
ngx_cc_ended_add(ngx_cc_ended_t *ended, const ngx_cc_session_id_t *id,
    uint64_t now)
{
    int  tries;

    if (ngx_cc_ended_has(ended, id)) {
        return;
    }

    /* others may take what one has made free; each try makes some */

    for (tries = 0; tries < 8; tries++) {

        if (ngx_cc_ended_put(ended, id, now) == 0) {
            return;
        }

        ngx_cc_ended_replace(ended, ngx_cc_ended_victim(ended, id->owner));
    }
}


int
ngx_cc_ended_has(ngx_cc_ended_t *ended, const ngx_cc_session_id_t *id)
{
    uint32_t               i, n;
    ngx_cc_ended_mark_t   *mark;
    ngx_cc_ended_entry_t  *e;

    e = ngx_cc_ended_entries(ended);
    n = atomic_load(&ended->used);

    for (i = 0; i < n; i++) {
        if (atomic_load_explicit(&e[i].number, memory_order_relaxed)
            == id->number)
        {
            return 1;
        }
    }

    mark = ended->mark;
    n = atomic_load(&ended->marked);

    for (i = 0; i < n; i++) {
        if (atomic_load(&mark[i].owner) == id->owner
            && atomic_load(&mark[i].issued) >= id->issued)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_cc_ended_entry_t *
ngx_cc_ended_entries(ngx_cc_ended_t *ended)
{
    return (ngx_cc_ended_entry_t *) (ended->mark + ended->marks);
}


/* 0, or -1: full.  One that is too old to be good anyway makes room. */

static int
ngx_cc_ended_put(ngx_cc_ended_t *ended, const ngx_cc_session_id_t *id,
    uint64_t now)
{
    uint32_t               i;
    uint64_t               number, issued, none;
    ngx_cc_ended_entry_t  *e;

    e = ngx_cc_ended_entries(ended);

    for (i = 0; i < ended->size; i++, e++) {

        number = atomic_load(&e->number);

        if (number) {
            issued = atomic_load(&e->issued);

            if (atomic_load(&e->owner) == 0 || now < issued
                || now - issued <= NGX_CC_SESSION_ID_LIFE)
            {
                continue;
            }

            ngx_cc_ended_free(e, number);
        }

        none = 0;

        if (!atomic_compare_exchange_strong(&e->number, &none, id->number)) {
            continue;
        }

        atomic_store(&e->issued, id->issued);
        atomic_store(&e->owner, id->owner);
        ngx_cc_ended_raise(&ended->used, i + 1);

        return 0;
    }

    return -1;
}


static void
ngx_cc_ended_free(ngx_cc_ended_entry_t *e, uint64_t number)
{
    if (atomic_load(&e->number) == number) {
        atomic_store(&e->owner, 0);
        (void) atomic_compare_exchange_strong(&e->number, &number, 0);
    }
}


static void
ngx_cc_ended_raise(_Atomic uint32_t *used, uint32_t n)
{
    uint32_t  was;

    was = atomic_load(used);

    while (was < n && !atomic_compare_exchange_weak(used, &was, n)) {
        /* void */
    }
}


/*
 * Whose are to go: this owner's, or if he has few, those of whoever has most
 * (Boyer and Moore: exact when that is more than half of them)
 */

static uint64_t
ngx_cc_ended_victim(ngx_cc_ended_t *ended, uint64_t owner)
{
    uint32_t               i, own, votes;
    uint64_t               whose, most;
    ngx_cc_ended_entry_t  *e;

    e = ngx_cc_ended_entries(ended);
    own = 0;
    votes = 0;
    most = owner;

    for (i = 0; i < ended->size; i++) {

        whose = atomic_load(&e[i].owner);

        if (whose == 0) {
            continue;
        }

        own += (whose == owner);

        if (votes == 0) {
            most = whose;
        }

        if (whose == most) {
            votes++;

        } else {
            votes--;
        }
    }

    return own > ended->size / NGX_CC_ENDED_FEW ? owner : most;
}


/* the older ones of an owner's give way to a mark, one at least */

static void
ngx_cc_ended_replace(ngx_cc_ended_t *ended, uint64_t owner)
{
    uint32_t               i;
    uint64_t               issued, first, last, cut;
    ngx_cc_ended_entry_t  *e;

    e = ngx_cc_ended_entries(ended);
    first = UINT64_MAX;
    last = 0;

    for (i = 0; i < ended->size; i++) {
        if (atomic_load(&e[i].owner) == owner) {
            issued = atomic_load(&e[i].issued);
            first = issued < first ? issued : first;
            last = issued > last ? issued : last;
        }
    }

    if (first > last) {
        return;
    }

    cut = first + (last - first) / 2;

    /* the mark before: nobody finds neither */

    ngx_cc_ended_mark(ended, owner, cut);

    for (i = 0; i < ended->size; i++) {
        if (atomic_load(&e[i].owner) == owner
            && atomic_load(&e[i].issued) <= cut)
        {
            ngx_cc_ended_free(&e[i], atomic_load(&e[i].number));
        }
    }
}


static void
ngx_cc_ended_mark(ngx_cc_ended_t *ended, uint64_t owner, uint64_t issued)
{
    uint32_t              i, oldest;
    uint64_t              was, whose;
    ngx_cc_ended_mark_t  *mark;

    mark = ended->mark;
    oldest = 0;

    for (i = 0; i < ended->marks; i++) {

        whose = 0;

        if (atomic_compare_exchange_strong(&mark[i].owner, &whose, owner)
            || whose == owner)
        {
            goto found;
        }

        if (atomic_load(&mark[i].issued) < atomic_load(&mark[oldest].issued)) {
            oldest = i;
        }
    }

    i = oldest;
    atomic_store(&mark[i].issued, 0);
    atomic_store(&mark[i].owner, owner);

found:

    was = atomic_load(&mark[i].issued);

    while (was < issued
           && !atomic_compare_exchange_weak(&mark[i].issued, &was, issued))
    {
        /* void */
    }

    ngx_cc_ended_raise(&ended->marked, i + 1);
}
