
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <sys/un.h>
#include "ngx_cc_door.h"
#include "ngx_cc_handle.h"
#include "ngx_cc_index.h"
#include "ngx_cc_key.h"
#include "ngx_cc_peer.h"


#define NGX_CC_PEER_PATIENCE  5000   /* ms until it has proved itself: it may
                                        have much to do */
#define NGX_CC_PEER_AGAIN     5      /* ms until a full backlog is tried
                                        again */


static void ngx_cc_peer_connect(ngx_cc_peer_t *peer);
static ngx_uint_t ngx_cc_peer_crowded(ngx_cc_peer_t *peer);
static void ngx_cc_peer_leave(ngx_cc_peer_t *peer);
static void ngx_cc_peer_again(ngx_cc_peer_t *peer);
static void ngx_cc_peer_timer(ngx_event_t *ev);
static void ngx_cc_peer_fail(ngx_cc_peer_t *peer, ngx_cc_peer_gone_e why);
static socklen_t ngx_cc_peer_address(struct sockaddr_un *sun,
    const uint8_t name[NGX_CC_PEER_NAME]);
static void ngx_cc_peer_message(void *data, ngx_cc_wire_msg_t *msg, int *fds,
    int nfds);
static ngx_int_t ngx_cc_peer_prove(ngx_cc_peer_t *peer,
    const ngx_cc_wire_hello_t *welcome);
static void ngx_cc_peer_writable(void *data);
static void ngx_cc_peer_broken(void *data);


static const ngx_cc_channel_handlers_t  ngx_cc_peer_channel = {
    ngx_cc_peer_message,
    ngx_cc_peer_writable,
    ngx_cc_peer_broken,
    NULL
};


/* those of this worker that are not ready, in the order in which they came */

static ngx_queue_t  ngx_cc_peer_queue = {
    &ngx_cc_peer_queue, &ngx_cc_peer_queue
};


void
ngx_cc_peer_open(ngx_cc_peer_t *peer, const uint8_t name[NGX_CC_PEER_NAME])
{
    ngx_memcpy(peer->name, name, NGX_CC_PEER_NAME);

    peer->begun = ngx_current_msec;
    peer->timer.handler = ngx_cc_peer_timer;
    peer->timer.data = peer;
    peer->timer.log = peer->log;
    peer->timer.cancelable = 1;

    ngx_queue_insert_tail(&ngx_cc_peer_queue, &peer->queue);
    peer->queued = 1;

    ngx_cc_peer_connect(peer);
}


ngx_int_t
ngx_cc_peer_send(ngx_cc_peer_t *peer, const void *msg, size_t n)
{
    return ngx_cc_channel_send(&peer->channel, msg, n);
}


void
ngx_cc_peer_close(ngx_cc_peer_t *peer)
{
    if (peer->timer.timer_set) {
        ngx_del_timer(&peer->timer);
    }

    ngx_cc_peer_leave(peer);
    ngx_cc_channel_close(&peer->channel);
}


static void
ngx_cc_peer_connect(ngx_cc_peer_t *peer)
{
    int                  fd;
    socklen_t            len;
    ngx_err_t            err;
    struct sockaddr_un   sun;
    ngx_cc_wire_hello_t  hello;

    if (ngx_current_msec - peer->begun > NGX_CC_PEER_PATIENCE) {
        ngx_cc_peer_fail(peer, NGX_CC_PEER_BUSY);
        return;
    }

    if (ngx_cc_peer_crowded(peer)) {
        /* until it is our turn, or no more */
        ngx_add_timer(&peer->timer, NGX_CC_PEER_PATIENCE);
        return;
    }

    len = ngx_cc_peer_address(&sun, peer->name);

    if (len == 0) {
        ngx_cc_peer_fail(peer, NGX_CC_PEER_ABSENT);
        return;
    }

    fd = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_ERR, peer->log, ngx_errno,
                      "cc_executor: no socket for a kept command");
        ngx_cc_peer_fail(peer, NGX_CC_PEER_BUSY);
        return;
    }

    /* it is connected at once, or not at all */

    if (connect(fd, (struct sockaddr *) &sun, len) == -1) {
        err = ngx_errno;
        (void) close(fd);

        if (err != NGX_EAGAIN) {
            ngx_cc_peer_fail(peer, NGX_CC_PEER_ABSENT);

        } else {
            ngx_add_timer(&peer->timer, NGX_CC_PEER_AGAIN);
        }

        return;
    }

    if (ngx_cc_channel_open(&peer->channel, fd, &ngx_cc_peer_channel, peer, 0,
                            peer->log)
        != NGX_OK)
    {
        ngx_cc_peer_fail(peer, NGX_CC_PEER_BUSY);
        return;
    }

    if (ngx_cc_random(peer->nonce, NGX_CC_WIRE_NONCE) != 0) {
        ngx_cc_peer_fail(peer, NGX_CC_PEER_BUSY);
        return;
    }

    ngx_cc_wire_init(&hello, NGX_CC_WIRE_HELLO, 0, sizeof(hello));
    ngx_memcpy(hello.nonce, peer->nonce, NGX_CC_WIRE_NONCE);

    if (ngx_cc_channel_send(&peer->channel, &hello, sizeof(hello))
        == NGX_AGAIN)
    {
        ngx_cc_peer_fail(peer, NGX_CC_PEER_BUSY);
        return;
    }

    peer->shaking = 1;
    ngx_add_timer(&peer->timer, NGX_CC_PEER_PATIENCE);
}


/* is somebody of ours showing itself to this one? */

static ngx_uint_t
ngx_cc_peer_crowded(ngx_cc_peer_t *peer)
{
    ngx_queue_t    *q;
    ngx_cc_peer_t  *other;

    for (q = ngx_queue_head(&ngx_cc_peer_queue);
         q != &ngx_cc_peer_queue;
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_cc_peer_t, queue);

        if (other->shaking
            && ngx_memcmp(other->name, peer->name, NGX_CC_PEER_NAME) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* it is ready, or gives up: the next one for the same helper */

static void
ngx_cc_peer_leave(ngx_cc_peer_t *peer)
{
    ngx_queue_t    *q;
    ngx_cc_peer_t  *other;

    peer->shaking = 0;

    if (!peer->queued) {
        return;
    }

    ngx_queue_remove(&peer->queue);
    peer->queued = 0;

    for (q = ngx_queue_head(&ngx_cc_peer_queue);
         q != &ngx_cc_peer_queue;
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_cc_peer_t, queue);

        if (!other->failed
            && ngx_memcmp(other->name, peer->name, NGX_CC_PEER_NAME) == 0)
        {
            if (!other->shaking) {
                ngx_add_timer(&other->timer, 0);
            }

            return;
        }
    }
}


/* closed before it was ready: by one that leaves, or for others' sake */

static void
ngx_cc_peer_again(ngx_cc_peer_t *peer)
{
    ngx_cc_index_told_t  told;

    peer->shaking = 0;

    if (ngx_cc_index_find(peer->name, &told) == NGX_OK && !told.alive) {
        ngx_cc_peer_leave(peer);
        peer->handlers->gone(peer->data, NGX_CC_PEER_ABSENT);
        return;
    }

    /* others may have been closed as well: not all at the same time */

    ngx_add_timer(&peer->timer,
                  NGX_CC_PEER_AGAIN + ngx_random() % NGX_CC_PEER_AGAIN);
}


static void
ngx_cc_peer_timer(ngx_event_t *ev)
{
    ngx_cc_peer_t  *peer = ev->data;

    if (peer->failed) {
        ngx_cc_peer_leave(peer);
        peer->handlers->gone(peer->data, peer->why);
        return;
    }

    if (peer->channel.connection == NULL) {
        ngx_cc_peer_connect(peer);
        return;
    }

    ngx_cc_channel_close(&peer->channel);
    ngx_cc_peer_leave(peer);
    peer->handlers->gone(peer->data, NGX_CC_PEER_BUSY);
}


/* nobody is called back from inside a call */

static void
ngx_cc_peer_fail(ngx_cc_peer_t *peer, ngx_cc_peer_gone_e why)
{
    ngx_cc_channel_close(&peer->channel);

    peer->failed = 1;
    peer->shaking = 0;
    peer->why = why;

    ngx_add_timer(&peer->timer, 0);
}


/* its length; 0: there is no key, so nothing is kept */

static socklen_t
ngx_cc_peer_address(struct sockaddr_un *sun,
    const uint8_t name[NGX_CC_PEER_NAME])
{
    uint8_t  pool[NGX_CC_HMAC_SIZE];

    if (ngx_cc_key_mac(0, "pool", NULL, 0, pool) != NGX_OK) {
        return 0;
    }

    return ngx_cc_door_address(sun, pool, name);
}


static void
ngx_cc_peer_message(void *data, ngx_cc_wire_msg_t *msg, int *fds, int nfds)
{
    ngx_cc_peer_t  *peer = data;

    while (nfds) {
        (void) close(fds[--nfds]);
    }

    if (peer->ready) {
        if (msg->head.run == 0) {
            peer->handlers->message(peer->data, msg);
        }

        return;
    }

    if (msg->head.type != NGX_CC_WIRE_WELCOME
        || ngx_cc_peer_prove(peer, (ngx_cc_wire_hello_t *) msg) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, peer->log, 0,
                      "cc_executor: whoever has the name of a kept command "
                      "could not prove that it is ours");

        ngx_cc_channel_close(&peer->channel);
        ngx_cc_peer_leave(peer);
        peer->handlers->gone(peer->data, NGX_CC_PEER_FALSE);
        return;
    }

    if (peer->timer.timer_set) {
        ngx_del_timer(&peer->timer);
    }

    ngx_cc_peer_leave(peer);
    peer->ready = 1;
    peer->handlers->ready(peer->data);
}


/* is it who it should be?  then so are we */

static ngx_int_t
ngx_cc_peer_prove(ngx_cc_peer_t *peer, const ngx_cc_wire_hello_t *welcome)
{
    uint8_t              key[NGX_CC_HMAC_SIZE], mac[NGX_CC_HMAC_SIZE];
    ngx_int_t            rc;
    ngx_cc_wire_hello_t  proof;

    if (ngx_cc_key_auth(peer->name, key) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_door_mac(mac, NGX_CC_DOOR_HELPER, key, peer->nonce, welcome->nonce,
                    peer->name);

    rc = NGX_ERROR;

    if (ngx_cc_hmac_equal(mac, welcome->mac, sizeof(mac))) {

        ngx_cc_wire_init(&proof, NGX_CC_WIRE_PROOF, 0, sizeof(proof));
        ngx_cc_door_mac(proof.mac, NGX_CC_DOOR_WORKER, key, peer->nonce,
                        welcome->nonce, peer->name);

        /* it is the second message: there is room */

        if (ngx_cc_channel_send(&peer->channel, &proof, sizeof(proof))
            != NGX_AGAIN)
        {
            rc = NGX_OK;
        }
    }

    ngx_explicit_memzero(key, sizeof(key));

    return rc;
}


static void
ngx_cc_peer_writable(void *data)
{
    ngx_cc_peer_t  *peer = data;

    if (peer->ready) {
        peer->handlers->writable(peer->data);
    }
}


static void
ngx_cc_peer_broken(void *data)
{
    ngx_cc_peer_t  *peer = data;

    if (peer->timer.timer_set) {
        ngx_del_timer(&peer->timer);
    }

    ngx_cc_channel_close(&peer->channel);

    if (!peer->ready) {
        ngx_cc_peer_again(peer);
        return;
    }

    peer->handlers->gone(peer->data, NGX_CC_PEER_LOST);
}
