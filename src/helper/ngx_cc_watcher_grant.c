
#include <string.h>
#include "ngx_cc_hmac.h"
#include "ngx_cc_listen.h"
#include "ngx_cc_places.h"
#include "ngx_cc_watcher_grant.h"


static void ngx_cc_watcher_grant_begin(ngx_cc_stay_t *stay,
    ngx_cc_watcher_t *w, const ngx_cc_wire_attach_t *attach, unsigned flags);
static int ngx_cc_watcher_grant_may(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach);
static int ngx_cc_watcher_grant_realm(const ngx_cc_stay_t *stay,
    const uint8_t *realm);
static unsigned ngx_cc_watcher_grant_rights(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach, unsigned flags);
static int ngx_cc_watcher_grant_forgotten(const ngx_cc_stay_t *stay);
static int ngx_cc_watcher_grant_crowded(const ngx_cc_stay_t *stay,
    const ngx_cc_watcher_t *who, unsigned flags);
static void ngx_cc_watcher_grant_refuse(ngx_cc_stay_t *stay,
    ngx_cc_watcher_t *w, unsigned denied, int listing);
static void ngx_cc_watcher_grant_exclude(ngx_cc_stay_t *stay,
    ngx_cc_watcher_t *w);


void
ngx_cc_watcher_grant(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_attach_t *attach)
{
    unsigned  flags;

    flags = attach->head.flags & ~(NGX_CC_ATTACH_MARK|NGX_CC_ATTACH_UNTOLD
                                   |NGX_CC_ATTACH_CALL);

    if ((flags & NGX_CC_ATTACH_MONITOR) && (flags & NGX_CC_ATTACH_DATA)) {
        ngx_cc_places_drop(stay, w);
        return;
    }

    if (!w->control && (!ngx_cc_watcher_grant_may(stay, attach)
                        || (!(flags & NGX_CC_ATTACH_MONITOR)
                            && ngx_cc_watcher_grant_forgotten(stay))))
    {
        ngx_cc_watcher_grant_refuse(stay, w, NGX_CC_DENIED_UNKNOWN, 0);
        return;
    }

    flags = ngx_cc_watcher_grant_rights(stay, attach, flags);

    /*
     * Whoever is attached may attach again, for less or for more; in the ring
     * the starter reads no more, whatever it is told.
     */

    w->flags = 0;
    w->mapped = 0;

    if (!w->control) {
        w->exited = 0;
    }

    if (ngx_cc_watcher_grant_crowded(stay, w, flags)) {
        ngx_cc_watcher_grant_refuse(stay, w, NGX_CC_DENIED_WATCHERS, 0);
        return;
    }

    if (w->serial == stay->exclusive) {
        stay->exclusive = 0;
    }

    if (flags & NGX_CC_ATTACH_EXCLUSIVE) {
        ngx_cc_watcher_grant_exclude(stay, w);

    } else if (stay->exclusive && !(flags & NGX_CC_ATTACH_MONITOR)) {
        flags &= ~NGX_CC_ATTACH_WRITE;
    }

    ngx_cc_watcher_grant_begin(stay, w, attach, flags);

    if (!(flags & NGX_CC_ATTACH_MONITOR) && !w->control) {
        stay->asked_at = stay->life->now;

        if (!(attach->head.flags & NGX_CC_ATTACH_UNTOLD)
            && !(flags & NGX_CC_ATTACH_OBSERVER))
        {
            /* its owner knows its id */
            stay->told |= stay->acked;
        }
    }
}


void
ngx_cc_watcher_grant_read(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wait_t *wait)
{
    ngx_cc_wire_attach_t  attach;

    memset(&attach, 0, sizeof(attach));
    attach.head.flags = (wait->flags & NGX_CC_WAIT_MARK) ? NGX_CC_ATTACH_MARK
                                                         : 0;
    memcpy(attach.from, wait->read, sizeof(attach.from));
    memcpy(attach.reader, wait->reader, sizeof(attach.reader));

    if (w->serial == stay->exclusive) {
        stay->exclusive = 0;
    }

    w->exited = 0;
    ngx_cc_watcher_grant_begin(stay, w, &attach,
                               (w->flags & NGX_CC_ATTACH_OBSERVER)
                               |NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY
                               |NGX_CC_ATTACH_BRIEF);
    w->armed = 1;
    w->once = 1;
    w->max = wait->max;
    w->tell |= NGX_CC_WATCHER_TELL_ENTRY;
    stay->asked_at = stay->life->now;
}


/* ATTACHED with these rights, from where it was asked */

static void
ngx_cc_watcher_grant_begin(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_attach_t *attach, unsigned flags)
{
    uint64_t  from[NGX_CC_STREAMS];

    ngx_cc_watcher_grant_from(stay, attach->from,
                              attach->head.flags & NGX_CC_ATTACH_MARK
                              ? attach->reader : NULL, from);
    ngx_cc_history_seek(&stay->history, &w->cursor, from);

    memcpy(w->from, w->cursor.next, sizeof(w->from));
    w->taken = w->cursor.ring.pos;
    w->moved = stay->life->now;
    w->phase = NGX_CC_WATCHER_ATTACHED;

    if (!w->control) {
        /* of what was before it came it is not told */
        w->unpassed = stay->life->nunpassed;
    }

    w->flags = flags;
    w->armed = 0;
    w->once = 0;
    w->tell = NGX_CC_WATCHER_TELL_ATTACHED;
}


void
ngx_cc_watcher_grant_list(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_list_t *list)
{
    int  may;

    may = ngx_cc_hmac_equal(list->owner, stay->owner, sizeof(stay->owner))
          | ngx_cc_watcher_grant_realm(stay, list->realm);

    if (ngx_cc_watcher_grant_forgotten(stay)) {
        may = 0;
    }

    ngx_cc_watcher_grant_refuse(stay, w, may ? NGX_CC_DENIED_NONE
                                             : NGX_CC_DENIED_UNKNOWN, 1);
}


void
ngx_cc_watcher_grant_from(ngx_cc_stay_t *stay,
    const int64_t from[NGX_CC_STREAMS], const uint8_t *reader,
    uint64_t where[NGX_CC_STREAMS])
{
    int       i;
    uint64_t  back;

    if (reader) {
        ngx_cc_marks_find(&stay->marks, reader, where);
        return;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        where[i] = from[i];

        if (from[i] < 0) {
            back = -(uint64_t) from[i];
            where[i] = back < stay->history.bytes[i]
                       ? stay->history.bytes[i] - back : 0;
        }
    }
}


/* the whole handle and whose it is, in a time that tells nothing */

static int
ngx_cc_watcher_grant_may(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach)
{
    int  handle, owner, realm;

    if (attach->head.flags & NGX_CC_ATTACH_MONITOR) {
        return ngx_cc_hmac_equal(&attach->handle, &stay->handle, 8);
    }

    handle = ngx_cc_handle_equal(&attach->handle, &stay->handle);
    owner = ngx_cc_hmac_equal(attach->owner, stay->owner,
                              sizeof(stay->owner));
    realm = ngx_cc_watcher_grant_realm(stay, attach->realm);

    if (attach->head.flags & NGX_CC_ATTACH_OBSERVER) {
        owner |= realm;
    }

    return handle & owner;
}


/* a realm of nobody is none */

static int
ngx_cc_watcher_grant_realm(const ngx_cc_stay_t *stay, const uint8_t *realm)
{
    return ngx_cc_hmac_equal(realm, stay->keep.realm, sizeof(stay->keep.realm))
           & !ngx_cc_watcher_grant_nobody(stay->keep.realm,
                                          sizeof(stay->keep.realm));
}


/* what is granted of what was asked for */

static unsigned
ngx_cc_watcher_grant_rights(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach, unsigned flags)
{
    unsigned  observer;

    observer = flags & NGX_CC_ATTACH_OBSERVER;

    if (ngx_cc_hmac_equal(attach->owner, stay->owner, sizeof(stay->owner))) {
        flags &= ~NGX_CC_ATTACH_OBSERVER;
    }

    if (!observer) {
        /* a right of those who asked for it as such */
        flags &= ~NGX_CC_ATTACH_SIGNAL;
    }

    if (stay->call && !(flags & NGX_CC_ATTACH_MONITOR)
        && !(attach->head.flags & NGX_CC_ATTACH_CALL))
    {
        /* a bound command is its starter's */
        flags |= NGX_CC_ATTACH_OBSERVER;
    }

    if (flags & NGX_CC_ATTACH_OBSERVER) {
        flags &= ~(NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_EXCLUSIVE);
        flags |= NGX_CC_ATTACH_LOSSY;

    } else {
        flags &= ~NGX_CC_ATTACH_SIGNAL;
    }

    if (!(flags & NGX_CC_ATTACH_WRITE)) {
        flags &= ~NGX_CC_ATTACH_EXCLUSIVE;
    }

    return flags;
}


/*
 * It is here only until somebody has heard how it ended; of a call that nobody
 * wants there will be no result
 */

static int
ngx_cc_watcher_grant_forgotten(const ngx_cc_stay_t *stay)
{
    return stay->leaving && (stay->over || stay->call);
}


int
ngx_cc_watcher_grant_nobody(const uint8_t *p, size_t n)
{
    size_t   i;
    uint8_t  all;

    for (i = 0, all = 0; i < n; i++) {
        all |= p[i];
    }

    return all == 0;
}


/* "who" has no flags now, so it does not count as a watcher */

static int
ngx_cc_watcher_grant_crowded(const ngx_cc_stay_t *stay,
    const ngx_cc_watcher_t *who, unsigned flags)
{
    uint32_t                 i, n;
    const ngx_cc_watcher_t  *w;

    if (ngx_cc_places_watches(flags)) {
        return ngx_cc_places_count(stay, NULL) >= stay->keep.watchers;
    }

    for (i = 1, n = 0; i < stay->used; i++) {
        w = &stay->watcher[i];
        n += (w != who && w->phase == NGX_CC_WATCHER_ATTACHED
              && !ngx_cc_places_watches(w->flags));
    }

    return n >= stay->keep.waits + NGX_CC_STAY_SPARE / 2;
}


/*
 * Wrong secret, wrong owner: nobody learns which by what is said or when.  Too
 * many: only who may know is told, at once.
 */

static void
ngx_cc_watcher_grant_refuse(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    unsigned denied, int listing)
{
    w->phase = NGX_CC_WATCHER_DENIED;
    w->denied = denied;
    w->listing = listing;
    w->at = stay->life->now;

    if (denied == NGX_CC_DENIED_UNKNOWN) {
        w->at += NGX_CC_LISTEN_DELAY;
    }
}


/* the others who write are watchers no more */

static void
ngx_cc_watcher_grant_exclude(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    uint32_t           i;
    ngx_cc_watcher_t  *other;

    stay->exclusive = w->serial;

    for (i = 0; i < stay->used; i++) {
        other = &stay->watcher[i];

        if (other != w && other->phase == NGX_CC_WATCHER_ATTACHED
            && (other->flags & NGX_CC_ATTACH_WRITE)
            && !(other->flags & NGX_CC_ATTACH_MONITOR))
        {
            other->tell |= NGX_CC_WATCHER_TELL_DETACHED;
            other->detached = NGX_CC_DETACHED_TAKEN;
            other->flags = 0;

            if (stay->holder == other->serial) {
                stay->holder = 0;
            }
        }
    }
}
