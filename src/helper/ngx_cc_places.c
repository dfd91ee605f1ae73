
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_places.h"


#define NGX_CC_PLACES_DRAIN   64     /* messages that nobody wants */


static int ngx_cc_places_add(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *msg);
static int ngx_cc_places_again(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_head_t *msg, ngx_cc_wire_again_t *again);
static int ngx_cc_places_pass(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *msg);
static int ngx_cc_places_said(const ngx_cc_watcher_t *w);
static void ngx_cc_places_drain(const ngx_cc_watcher_t *w);
static void ngx_cc_places_lost(ngx_cc_stay_t *stay);


int
ngx_cc_places_epoll(ngx_cc_stay_t *stay, int op, int fd, uint32_t events,
    uint32_t serial, uint32_t place)
{
    struct epoll_event  event;

    event.events = events;
    event.data.u64 = (uint64_t) serial << 32 | place;

    return epoll_ctl(stay->epoll, op, fd, &event);
}


ngx_cc_watcher_t *
ngx_cc_places_take(ngx_cc_stay_t *stay, int fd)
{
    uint32_t           i;
    ngx_cc_watcher_t  *w;

    for (i = 1; i < stay->places; i++) {
        w = &stay->watcher[i];

        if (w->phase != NGX_CC_WATCHER_NONE) {
            continue;
        }

        if (++stay->serial == 0) {
            stay->serial = 1;
        }

        if (ngx_cc_places_epoll(stay, EPOLL_CTL_ADD, fd, EPOLLIN, stay->serial,
                              i)
            == -1)
        {
            return NULL;
        }

        w->fd = fd;
        w->serial = stay->serial;

        if (i >= stay->used) {
            stay->used = i + 1;
        }

        return w;
    }

    return NULL;
}


void
ngx_cc_places_await(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    (void) ngx_cc_places_epoll(stay, EPOLL_CTL_MOD, w->fd,
                             w->full ? EPOLLIN|EPOLLOUT : EPOLLIN, w->serial,
                             w - stay->watcher);
}


ngx_cc_watcher_t *
ngx_cc_places_find(ngx_cc_stay_t *stay, uint32_t serial)
{
    uint32_t  i;

    for (i = 0; i < stay->used; i++) {
        if (stay->watcher[i].serial == serial
            && stay->watcher[i].phase != NGX_CC_WATCHER_NONE)
        {
            return &stay->watcher[i];
        }
    }

    return NULL;
}


int
ngx_cc_places_watches(unsigned flags)
{
    return (flags & (NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_BRIEF))
           == NGX_CC_ATTACH_DATA;
}


uint32_t
ngx_cc_places_count(const ngx_cc_stay_t *stay, uint32_t *present)
{
    uint32_t                 i, n;
    const ngx_cc_watcher_t  *w;

    n = 0;

    if (present) {
        *present = 0;
    }

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase != NGX_CC_WATCHER_ATTACHED
            || (w->flags & NGX_CC_ATTACH_MONITOR))
        {
            continue;
        }

        n += ngx_cc_places_watches(w->flags);

        if (present && (w->waits || (w->flags & (NGX_CC_ATTACH_DATA
                                                   |NGX_CC_ATTACH_WRITE))))
        {
            (*present)++;
        }
    }

    return n;
}


int
ngx_cc_places_send(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    head->run = w->control ? stay->run : 0;

    return stay->bundled == w->serial ? ngx_cc_places_add(stay, w, head)
                                      : ngx_cc_places_pass(stay, w, head);
}


void
ngx_cc_places_bundle(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ngx_cc_wire_head_t  *bundle;

    if (stay->bundled) {
        return;
    }

    bundle = (ngx_cc_wire_head_t *) stay->bundle;
    ngx_cc_wire_init(bundle, NGX_CC_WIRE_BUNDLE, w->control ? stay->run : 0,
                     sizeof(ngx_cc_wire_head_t));
    memset(stay->said, 0, sizeof(stay->said));
    stay->bundled = w->serial;
}


/* one more message of a bundle, or what is there first, if it has no room */

static int
ngx_cc_places_add(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *msg)
{
    size_t                     size;
    ngx_cc_wire_head_t        *bundle;
    ngx_cc_wire_again_t        again;
    const ngx_cc_wire_head_t  *put;

    bundle = (ngx_cc_wire_head_t *) stay->bundle;
    put = ngx_cc_places_again(stay, msg, &again) ? &again.head : msg;
    size = NGX_CC_WIRE_ALIGN(put->size);

    if (bundle->size + size > NGX_CC_WIRE_MAX_BUNDLE) {

        if (ngx_cc_places_flush(stay, w) == -1) {
            return -1;
        }

        ngx_cc_places_bundle(stay, w);
        put = msg;
        size = NGX_CC_WIRE_ALIGN(msg->size);

        if (sizeof(*bundle) + size > NGX_CC_WIRE_MAX_BUNDLE) {
            return ngx_cc_places_pass(stay, w, msg);
        }
    }

    if (put == msg) {
        stay->said[msg->type] = bundle->size;
    }

    memset(stay->bundle + bundle->size + size - 8, 0, 8);
    memcpy(stay->bundle + bundle->size, put, put->size);
    bundle->size += size;

    return 0;
}


/* 1: it says what the last one of its type has said, and "again" is shorter */

static int
ngx_cc_places_again(const ngx_cc_stay_t *stay, const ngx_cc_wire_head_t *msg,
    ngx_cc_wire_again_t *again)
{
    uint32_t  at;

    at = stay->said[msg->type];

    /* its head has its size */

    if (at == 0 || msg->size <= sizeof(*again)
        || memcmp(stay->bundle + at, msg, sizeof(*msg)) != 0
        || memcmp(stay->bundle + at, msg, msg->size) != 0)
    {
        return 0;
    }

    ngx_cc_wire_init(again, NGX_CC_WIRE_AGAIN, msg->run, sizeof(*again));
    again->at = at;

    return 1;
}


int
ngx_cc_places_flush(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    size_t                     pos;
    const ngx_cc_wire_head_t  *bundle, *first;

    if (stay->bundled != w->serial) {
        return 0;
    }

    bundle = (const ngx_cc_wire_head_t *) stay->bundle;
    pos = 0;
    first = ngx_cc_wire_kept_next(bundle, &pos);

    if (first) {

        if (ngx_cc_wire_kept_next(bundle, &pos)) {
            first = bundle;
        }

        if (ngx_cc_places_pass(stay, w, first) == -1) {
            return -1;
        }
    }

    stay->bundled = 0;

    return 0;
}


static int
ngx_cc_places_pass(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *msg)
{
    if (ngx_cc_fdmsg_send(w->fd, msg, msg->size, NULL, 0) == 0) {
        return 0;
    }

    if (errno == EAGAIN
        || ((w->control || w->phase == NGX_CC_WATCHER_ATTACHED)
            && ngx_cc_places_said(w)))
    {
        w->full = 1;
        ngx_cc_places_await(stay, w);
        return -1;
    }

    ngx_cc_places_drop(stay, w);

    return -1;
}


/* it is gone: is there something that it said before, and that still counts? */

static int
ngx_cc_places_said(const ngx_cc_watcher_t *w)
{
    int      i;
    char     byte;
    ssize_t  n;

    /* the first error may be that it has not read what it was told */

    for (i = 0, n = -1; n == -1 && i < 2; i++) {
        n = recv(w->fd, &byte, 1, MSG_PEEK|MSG_DONTWAIT);
    }

    return n > 0;
}


void
ngx_cc_places_drop(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    int  control;

    if (w->input) {
        (void) munmap(w->input, w->input_len);
    }

    stay->waits.stale |= (w->waits != 0);

    if (stay->bundled == w->serial) {
        stay->bundled = 0;
    }

    if (stay->exclusive == w->serial) {
        stay->exclusive = 0;
    }

    if (stay->holder == w->serial) {
        stay->holder = 0;
    }

    ngx_cc_places_drain(w);
    (void) close(w->fd);

    control = w->control;
    memset(w, 0, sizeof(ngx_cc_watcher_t));
    w->fd = -1;

    while (stay->used > 1
           && stay->watcher[stay->used - 1].phase == NGX_CC_WATCHER_NONE)
    {
        stay->used--;
    }

    if (stay->over) {
        ngx_cc_places_rest(stay);
    }

    if (control) {
        ngx_cc_places_lost(stay);
    }
}


/* what was not read would be an error of the peer's */

static void
ngx_cc_places_drain(const ngx_cc_watcher_t *w)
{
    int      i;
    char     byte;
    ssize_t  n;

    for (i = 0; i < NGX_CC_PLACES_DRAIN; i++) {
        n = recv(w->fd, &byte, 1, MSG_DONTWAIT);

        if (n == 0 || (n == -1 && errno != ECONNRESET && errno != EINTR)) {
            return;
        }
    }
}


static void
ngx_cc_places_lost(ngx_cc_stay_t *stay)
{
    if (stay->call && stay->resume) {
        stay->asked_at = stay->life->now;

    } else if (stay->call) {
        /* who is attached shall know how it ends */
        stay->leaving = 1;
        stay->leave_at = stay->life->now + NGX_CC_STAY_LAST;
        stay->life->pump.discard = 1;

        if (!stay->over) {
            ngx_cc_ladder_begin(stay->life, NGX_CC_CAUSE_DISCONNECT);
        }

    } else if (!stay->acked) {
        /* nobody else can know of it */
        (void) close(stay->listener);
        ngx_cc_life_orphan(stay->life);

    } else if (!stay->told) {
        stay->lost_at = stay->life->now;
    }
}


void
ngx_cc_places_rest(ngx_cc_stay_t *stay)
{
    if (ngx_cc_places_count(stay, NULL) == 0) {
        (void) madvise(stay->data, NGX_CC_STAY_DATA, MADV_DONTNEED);
    }

    if (!stay->bundled) {
        (void) madvise(stay->bundle, NGX_CC_WIRE_MAX_BUNDLE, MADV_DONTNEED);
    }

    (void) madvise(stay->buffer, stay->room, MADV_DONTNEED);
}


void
ngx_cc_places_leave(ngx_cc_stay_t *stay)
{
    stay->leaving = 1;

    if (stay->over) {
        stay->leave_at = stay->life->now;
        return;
    }

    ngx_cc_ladder_begin(stay->life, NGX_CC_CAUSE_CANCEL);
}
