
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ngx_cc_door.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_listen.h"
#include "ngx_cc_places.h"
#include "ngx_cc_watcher_tell.h"


#define NGX_CC_LISTEN_BACKLOG  64
#define NGX_CC_LISTEN_BATCH    8     /* let in at a time */
#define NGX_CC_LISTEN_RETRY    100   /* ms; when no descriptor was left */


static void ngx_cc_listen_greet(ngx_cc_stay_t *stay, int fd,
    const struct ucred *peer);
static void ngx_cc_listen_evict(ngx_cc_stay_t *stay, pid_t pid);
static void ngx_cc_listen_failed(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static void ngx_cc_listen_pause(ngx_cc_stay_t *stay);
static void ngx_cc_listen_resume(ngx_cc_stay_t *stay);
static void ngx_cc_listen_welcome(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_hello_t *hello);


int
ngx_cc_listen_open(const uint8_t pool[8], const uint8_t name[8])
{
    int                 fd, err;
    socklen_t           len;
    struct sockaddr_un  addr;

    fd = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    len = ngx_cc_door_address(&addr, pool, name);

    if (bind(fd, (struct sockaddr *) &addr, len) == -1
        || listen(fd, NGX_CC_LISTEN_BACKLOG) == -1)
    {
        err = errno;
        (void) close(fd);
        errno = err;
        return -1;
    }

    return fd;
}


void
ngx_cc_listen_accept(ngx_cc_stay_t *stay)
{
    int           i, fd;
    socklen_t     len;
    struct ucred  peer;

    for (i = 0; i < NGX_CC_LISTEN_BATCH; i++) {

        fd = accept4(stay->listener, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd == -1 && (errno == EINTR || errno == ECONNABORTED)) {
            continue;
        }

        if (fd == -1 && errno == EAGAIN) {
            return;
        }

        if (fd == -1) {
            ngx_cc_listen_pause(stay);
            return;
        }

        len = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1
            || (peer.uid != 0 && peer.uid != geteuid()
                && peer.uid != stay->keep.uid))
        {
            stay->failed++;
            (void) close(fd);
            continue;
        }

        ngx_cc_listen_greet(stay, fd, &peer);
    }
}


static void
ngx_cc_listen_greet(ngx_cc_stay_t *stay, int fd, const struct ucred *peer)
{
    int                size;
    ngx_cc_watcher_t  *w;

    ngx_cc_listen_evict(stay, peer->pid);

    size = NGX_CC_FDMSG_BUFFER / 2;
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));

    w = ngx_cc_places_take(stay, fd);

    if (w == NULL) {
        (void) close(fd);
        return;
    }

    w->phase = NGX_CC_WATCHER_HELLO;
    w->pid = peer->pid;
    w->at = stay->life->now + NGX_CC_LISTEN_TIME;
}


/*
 * Whoever comes has a chance: the oldest of the same process has to go when
 * that has enough, else the oldest of all.
 */

static void
ngx_cc_listen_evict(ngx_cc_stay_t *stay, pid_t pid)
{
    uint32_t           i, all, same;
    ngx_cc_watcher_t  *w, *oldest, *elder;

    all = same = 0;
    oldest = elder = NULL;

    for (i = 1; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase != NGX_CC_WATCHER_HELLO
            && w->phase != NGX_CC_WATCHER_PROOF)
        {
            continue;
        }

        all++;

        if (oldest == NULL || (int32_t) (w->serial - oldest->serial) < 0) {
            oldest = w;
        }

        if (w->pid == pid) {
            same++;

            if (elder == NULL || (int32_t) (w->serial - elder->serial) < 0) {
                elder = w;
            }
        }
    }

    if (same >= NGX_CC_LISTEN_PER_PID) {
        ngx_cc_listen_failed(stay, elder);

    } else if (all >= NGX_CC_LISTEN_PEERS) {
        ngx_cc_listen_failed(stay, oldest);
    }
}


static void
ngx_cc_listen_failed(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    stay->failed++;
    ngx_cc_places_drop(stay, w);
}


void
ngx_cc_listen_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_type_e type, const ngx_cc_wire_hello_t *msg)
{
    uint8_t  mac[NGX_CC_HMAC_SIZE];

    if (w->phase == NGX_CC_WATCHER_HELLO && type == NGX_CC_WIRE_HELLO) {
        ngx_cc_listen_welcome(stay, w, msg);
        return;
    }

    if (w->phase == NGX_CC_WATCHER_PROOF && type == NGX_CC_WIRE_PROOF) {

        ngx_cc_door_mac(mac, NGX_CC_DOOR_WORKER, stay->keep.auth, w->hello,
                        w->welcome, stay->handle.byte);

        if (ngx_cc_hmac_equal(mac, msg->mac, sizeof(mac))) {
            w->phase = NGX_CC_WATCHER_READY;
            return;
        }
    }

    ngx_cc_listen_failed(stay, w);
}


static void
ngx_cc_listen_welcome(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_hello_t *hello)
{
    ngx_cc_wire_hello_t  welcome;

    ngx_cc_wire_init(&welcome, NGX_CC_WIRE_WELCOME, 0, sizeof(welcome));

    if (ngx_cc_random(w->welcome, sizeof(w->welcome)) == -1) {
        ngx_cc_places_drop(stay, w);
        return;
    }

    memcpy(w->hello, hello->nonce, sizeof(w->hello));
    memcpy(welcome.nonce, w->welcome, sizeof(welcome.nonce));

    ngx_cc_door_mac(welcome.mac, NGX_CC_DOOR_HELPER, stay->keep.auth, w->hello,
                    w->welcome, stay->handle.byte);

    if (ngx_cc_places_send(stay, w, &welcome) == 0) {
        w->phase = NGX_CC_WATCHER_PROOF;

    } else if (w->phase != NGX_CC_WATCHER_NONE) {
        /* who has said nothing yet cannot have a full queue */
        ngx_cc_places_drop(stay, w);
    }
}


void
ngx_cc_listen_expire(ngx_cc_stay_t *stay)
{
    uint32_t           i;
    ngx_cc_watcher_t  *w;

    if (stay->life->now >= stay->listen_at) {
        ngx_cc_listen_resume(stay);
    }

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase == NGX_CC_WATCHER_NONE
            || w->phase == NGX_CC_WATCHER_ATTACHED || stay->life->now < w->at)
        {
            continue;
        }

        if (w->phase == NGX_CC_WATCHER_DENIED) {
            ngx_cc_watcher_deny(stay, w);

        } else {
            ngx_cc_listen_failed(stay, w);
        }
    }
}


/* no descriptor is left: it stays readable, and must not keep us busy */

static void
ngx_cc_listen_pause(ngx_cc_stay_t *stay)
{
    stay->listen_at = stay->life->now + NGX_CC_LISTEN_RETRY;

    (void) ngx_cc_places_epoll(stay, EPOLL_CTL_MOD, stay->listener, 0, 0,
                             NGX_CC_PLACES_LISTENER);
}


static void
ngx_cc_listen_resume(ngx_cc_stay_t *stay)
{
    stay->listen_at = NGX_CC_LIFE_NEVER;

    (void) ngx_cc_places_epoll(stay, EPOLL_CTL_MOD, stay->listener, EPOLLIN, 0,
                             NGX_CC_PLACES_LISTENER);
}
