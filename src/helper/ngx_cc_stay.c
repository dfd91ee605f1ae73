
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_listen.h"
#include "ngx_cc_places.h"


#define NGX_CC_STAY_PAGES     (128 * 1024)   /* of DATA: whole ones, whatever
                                                their size is here */
#define NGX_CC_STAY_BATCH     16     /* connections a turn */
#define NGX_CC_STAY_TOGETHER  4      /* messages of one of them */


static ngx_cc_stay_t *ngx_cc_stay_create(ngx_cc_life_t *life,
    const ngx_cc_wire_keep_t *keep, uint8_t *buffer, size_t room);
static int ngx_cc_stay_listen(ngx_cc_stay_t *stay, int control);
static void ngx_cc_stay_answers(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static size_t ngx_cc_stay_size(uint32_t places);
static void ngx_cc_stay_free(ngx_cc_stay_t *stay);
static void ngx_cc_stay_messages(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static int ngx_cc_stay_message(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static void ngx_cc_stay_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *head);


ngx_cc_stay_t *
ngx_cc_stay_open(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *strings, int control, uint8_t *buffer,
    size_t room)
{
    ngx_cc_stay_t  *stay;

    stay = ngx_cc_stay_create(life, &start->keep, buffer, room);

    if (stay == NULL) {
        return NULL;
    }

    stay->run = start->head.run;
    stay->handle = start->handle;
    memcpy(stay->owner, start->owner, sizeof(stay->owner));

    stay->label_len = strlen(strings->label);
    stay->shown_len = strlen(strings->shown);
    memcpy(stay->label, strings->label, stay->label_len);
    memcpy(stay->shown, strings->shown, stay->shown_len);

    if (ngx_cc_stay_listen(stay, control) == -1) {
        return NULL;
    }

    ngx_cc_history_init(&stay->history, &life->pump.ring, stay->keep.output);
    life->pump.history = &stay->history;

    return stay;
}


ngx_cc_stay_t *
ngx_cc_stay_take_over(ngx_cc_life_t *life, const ngx_cc_wire_reach_t *reach,
    const ngx_cc_history_t *history, int armed, uint64_t told, int control,
    uint8_t *buffer, size_t room)
{
    const char        *text;
    ngx_cc_stay_t     *stay;
    ngx_cc_watcher_t  *w;

    stay = ngx_cc_stay_create(life, &reach->keep, buffer, room);

    if (stay == NULL) {
        return NULL;
    }

    stay->run = reach->head.run;
    stay->handle = reach->handle;
    memcpy(stay->owner, reach->owner, sizeof(stay->owner));

    text = (const char *) (reach + 1);
    stay->label_len = reach->label;
    stay->shown_len = reach->shown;
    memcpy(stay->label, text, stay->label_len);
    memcpy(stay->shown, text + stay->label_len, stay->shown_len);

    if (ngx_cc_stay_listen(stay, control) == -1) {
        return NULL;
    }

    stay->history = *history;
    stay->consumed = history->need;
    life->pump.history = &stay->history;

    /* should it be so, there may be room now */

    stay->full_since = life->now;

    w = &stay->watcher[0];
    w->phase = NGX_CC_WATCHER_ATTACHED;
    w->flags = NGX_CC_ATTACH_WRITE;
    w->tell = NGX_CC_WATCHER_TELL_REACHED;
    w->moved = life->now;
    w->unpassed = life->told;

    if (reach->head.type == NGX_CC_WIRE_LISTEN) {
        stay->call = 1;
        stay->resume = reach->resume;
        stay->told = 1;
        w->flags |= NGX_CC_ATTACH_DATA;
        w->mapped = 1;
        w->taken = history->need;
        w->armed = armed;
        w->told = told;

        if (life->tell & NGX_CC_TELL_ENDED) {
            w->tell |= NGX_CC_WATCHER_TELL_ENDED;
        }
    }

    ngx_cc_stay_answers(stay, w);

    return stay;
}


/* what the starter has asked for and was not told of yet */

static void
ngx_cc_stay_answers(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ngx_cc_life_t  *life;

    life = stay->life;

    if (life->pump.input_busy || (life->tell & NGX_CC_TELL_INPUT)) {
        w->input_turn = ++stay->turn;
        stay->writer = w->serial;
    }
}


static ngx_cc_stay_t *
ngx_cc_stay_create(ngx_cc_life_t *life, const ngx_cc_wire_keep_t *keep,
    uint8_t *buffer, size_t room)
{
    void           *p;
    uint32_t        places;
    ngx_cc_stay_t  *stay;

    places = 1 + keep->watchers + keep->waits + NGX_CC_STAY_SPARE;

    p = mmap(NULL, ngx_cc_stay_size(places), PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }

    stay = p;
    stay->life = life;
    stay->buffer = buffer;
    stay->room = room;
    stay->keep = *keep;
    stay->places = places;
    stay->used = 1;
    stay->watcher = (ngx_cc_watcher_t *) (stay + 1);
    stay->bundle = (uint8_t *) p + ngx_cc_stay_size(places)
                   - NGX_CC_WIRE_MAX_BUNDLE;
    stay->data = stay->bundle - NGX_CC_STAY_PAGES;

    stay->epoll = -1;
    stay->listener = -1;

    stay->listen_at = NGX_CC_LIFE_NEVER;
    stay->lost_at = NGX_CC_LIFE_NEVER;
    stay->leave_at = NGX_CC_LIFE_NEVER;
    stay->full_since = NGX_CC_LIFE_NEVER;
    stay->next_at = NGX_CC_LIFE_NEVER;

    return stay;
}


/* 0, or -1 with errno: it is gone */

static int
ngx_cc_stay_listen(ngx_cc_stay_t *stay, int control)
{
    int                err;
    ngx_cc_watcher_t  *w;

    w = &stay->watcher[0];
    w->fd = control;
    w->control = 1;
    w->serial = ++stay->serial;
    w->phase = NGX_CC_WATCHER_READY;
    w->at = NGX_CC_LIFE_NEVER;

    stay->epoll = epoll_create1(EPOLL_CLOEXEC);

    if (stay->epoll == -1
        || ngx_cc_waits_init(&stay->waits, stay->keep.waits) == -1)
    {
        goto failed;
    }

    stay->listener = ngx_cc_listen_open(stay->keep.pool, stay->handle.byte);

    if (stay->listener == -1
        || ngx_cc_places_epoll(stay, EPOLL_CTL_ADD, stay->listener, EPOLLIN, 0,
                               NGX_CC_PLACES_LISTENER)
           == -1
        || ngx_cc_places_epoll(stay, EPOLL_CTL_ADD, control, EPOLLIN,
                               w->serial, 0)
           == -1)
    {
        goto failed;
    }

    return 0;

failed:

    err = errno;
    ngx_cc_stay_free(stay);
    errno = err;

    return -1;
}


/* what DATA and BUNDLE are put together in has pages of its own, at the end */

static size_t
ngx_cc_stay_size(uint32_t places)
{
    size_t  page, size;

    page = sysconf(_SC_PAGESIZE);
    size = sizeof(ngx_cc_stay_t) + places * sizeof(ngx_cc_watcher_t);

    return (size + page - 1) / page * page + NGX_CC_STAY_PAGES
           + NGX_CC_WIRE_MAX_BUNDLE;
}


void
ngx_cc_stay_close(ngx_cc_stay_t *stay)
{
    uint32_t       i;
    struct rlimit  limit;

    for (i = stay->used; i-- > 1; /* void */ ) {
        if (stay->watcher[i].phase != NGX_CC_WATCHER_NONE) {
            ngx_cc_places_drop(stay, &stay->watcher[i]);
        }
    }

    if (stay->files && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = stay->files;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }

    ngx_cc_history_done(&stay->history);
    stay->life->pump.history = NULL;
    stay->life->kept = 0;
    ngx_cc_stay_free(stay);
}


static void
ngx_cc_stay_free(ngx_cc_stay_t *stay)
{
    if (stay->listener != -1) {
        (void) close(stay->listener);
    }

    if (stay->epoll != -1) {
        (void) close(stay->epoll);
    }

    ngx_cc_waits_done(&stay->waits);

    (void) munmap(stay, ngx_cc_stay_size(stay->places));
}


void
ngx_cc_stay_begin(ngx_cc_stay_t *stay)
{
    rlim_t         want;
    struct rlimit  limit;

    stay->life->kept = !stay->call;

    if (stay->life->tell & NGX_CC_TELL_STARTED) {
        stay->life->tell_at = stay->life->now;
    }

    stay->asked_at = stay->life->now;

    /* the command has what is usual; we may need more descriptors than that */

    want = stay->places + 32;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < want) {
        stay->files = limit.rlim_cur;
        limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }
}


void
ngx_cc_stay_receive(ngx_cc_stay_t *stay)
{
    int                 i, n;
    uint32_t            place;
    ngx_cc_watcher_t   *w;
    struct epoll_event  event[NGX_CC_STAY_BATCH];

    n = epoll_wait(stay->epoll, event, NGX_CC_STAY_BATCH, 0);

    for (i = 0; i < n; i++) {
        place = (uint32_t) event[i].data.u64;

        if (place == NGX_CC_PLACES_LISTENER) {
            ngx_cc_listen_accept(stay);
            continue;
        }

        w = &stay->watcher[place];

        if (w->phase == NGX_CC_WATCHER_NONE
            || w->serial != event[i].data.u64 >> 32)
        {
            /* gone, by what came before in this turn */
            continue;
        }

        if (event[i].events & EPOLLOUT) {
            w->full = 0;
            ngx_cc_places_await(stay, w);
        }

        if (event[i].events & ~EPOLLOUT) {
            ngx_cc_stay_messages(stay, w);
        }
    }
}


/*
 * What a connection has said.  Questions come together and are answered
 * together; who says more than a few at a time waits for the next turn.
 */

static void
ngx_cc_stay_messages(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    int       i;
    uint32_t  serial;

    serial = w->serial;

    for (i = 0; i < NGX_CC_STAY_TOGETHER; i++) {

        if (ngx_cc_stay_message(stay, w) == 0 || w->control
            || stay->life->orphaned || w->serial != serial
            || w->phase == NGX_CC_WATCHER_NONE)
        {
            return;
        }
    }
}


/* one of them: 0 when there is none */

static int
ngx_cc_stay_message(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ssize_t                    n;
    ngx_cc_wire_type_e         type;
    const ngx_cc_wire_head_t  *head;

    n = ngx_cc_fdmsg_recv(w->fd, stay->buffer, stay->room, NULL, NULL);

    if (n == -1 && errno == ECONNRESET) {
        n = ngx_cc_fdmsg_recv(w->fd, stay->buffer, stay->room, NULL, NULL);
    }

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    head = (const ngx_cc_wire_head_t *) stay->buffer;
    type = n > 0 ? ngx_cc_wire_check(stay->buffer, n) : 0;

    if (type && head->run != (w->control ? stay->run : 0)) {

        if (w->control) {
            /* late, of an earlier command */
            return 1;
        }

        type = 0;
    }

    if (w->phase == NGX_CC_WATCHER_HELLO || w->phase == NGX_CC_WATCHER_PROOF) {
        ngx_cc_listen_obey(stay, w, type,
                           (const ngx_cc_wire_hello_t *) stay->buffer);

    } else if (type == 0) {
        ngx_cc_places_drop(stay, w);

    } else {
        ngx_cc_stay_obey(stay, w, head);
    }

    return 1;
}


/* what is in a BUNDLE one by one, as long as the connection is there */

static void
ngx_cc_stay_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *head)
{
    size_t                     pos;
    uint32_t                   serial;
    const ngx_cc_wire_head_t  *msg;

    if (head->type != NGX_CC_WIRE_BUNDLE) {
        ngx_cc_watcher_obey(stay, w, head);
        return;
    }

    serial = w->serial;
    pos = 0;

    while (w->serial == serial && !stay->life->orphaned
           && (msg = ngx_cc_wire_kept_next(head, &pos)) != NULL)
    {
        ngx_cc_watcher_obey(stay, w, msg);
    }
}


void
ngx_cc_stay_dead(ngx_cc_stay_t *stay)
{
    stay->life->masterless = 1;
    stay->leaving = 1;

    if (stay->over) {
        stay->leave_at = stay->life->now;
        return;
    }

    ngx_cc_ladder_begin(stay->life, NGX_CC_CAUSE_SHUTDOWN);
}


uint64_t
ngx_cc_stay_next(const ngx_cc_stay_t *stay)
{
    return stay->busy ? stay->life->now : stay->next_at;
}
