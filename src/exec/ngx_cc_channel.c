
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_channel.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_wire_kept.h"


#define NGX_CC_CHANNEL_FDS   2


/* the largest message that comes in: DATA */

#define NGX_CC_CHANNEL_SIZE  (sizeof(ngx_cc_wire_data_t)                      \
                              + NGX_CC_WIRE_MAX_DATA + 8)


static void ngx_cc_channel_read_handler(ngx_event_t *rev);
static void ngx_cc_channel_write_handler(ngx_event_t *wev);
static void ngx_cc_channel_report(ngx_event_t *rev);
static ngx_int_t ngx_cc_channel_receive(ngx_cc_channel_t *ch);
static ngx_int_t ngx_cc_channel_message(ngx_cc_channel_t *ch,
    ngx_cc_wire_msg_t *msg, int *fds, int nfds);
static void ngx_cc_channel_broken(ngx_cc_channel_t *ch);


/*
 * What was received last, of whatever channel: no handler receives by itself,
 * and only the pages that a message needs are ever touched.
 */

static _Alignas(8) u_char  ngx_cc_channel_buffer[NGX_CC_CHANNEL_SIZE];


ngx_int_t
ngx_cc_channel_open(ngx_cc_channel_t *ch, ngx_socket_t fd,
    const ngx_cc_channel_handlers_t *handlers, void *data, ngx_uint_t idle,
    ngx_log_t *log)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    ch->connection = NULL;

    /* running out of them would be an alert of the core */

    if (ngx_cycle->free_connection_n <= NGX_CC_CHANNEL_RESERVE) {
        (void) close(fd);
        return NGX_BUSY;
    }

    c = ngx_get_connection(fd, log);

    if (c == NULL) {
        (void) close(fd);
        return NGX_ERROR;
    }

    rev = c->read;
    wev = c->write;

    c->pool = NULL;
    c->data = ch;
    c->idle = idle ? 1 : 0;
    c->log = log;

    rev->log = log;
    wev->log = log;
    rev->handler = ngx_cc_channel_read_handler;
    wev->handler = ngx_cc_channel_write_handler;

    /*
     * As for the core's own channels: not an open socket to be alarmed about
     * at exit, and nothing that worker_shutdown_timeout has to end.
     */

    rev->channel = 1;
    wev->channel = 1;

    ch->connection = c;
    ch->handlers = handlers;
    ch->data = data;
    ch->closed = NULL;

    /*
     * Level-triggered, and for reading only: then one receive takes a message
     * and nothing has to say that it was the last one, and a helper that takes
     * one of ours out of its queue does not wake us up for that.
     */

    if (ngx_add_event(rev, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_cc_channel_close(ch);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_cc_channel_send(ngx_cc_channel_t *ch, const void *msg, size_t n)
{
    return ngx_cc_channel_pass(ch, msg, n, -1);
}


ngx_int_t
ngx_cc_channel_pass(ngx_cc_channel_t *ch, const void *msg, size_t n, int fd)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = ch->connection;

    if (ngx_cc_fdmsg_send(c->fd, msg, n, &fd, fd == -1 ? 0 : 1) == 0) {
        return NGX_OK;
    }

    if (ngx_errno == NGX_EAGAIN) {
        wev = c->write;

        if (wev->active
            || ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT) == NGX_OK)
        {
            return NGX_AGAIN;
        }
    }

    /*
     * What the other side said before it left may still be unread, so its
     * end is reported by the read handler and not from here.
     */

    rev = c->read;
    rev->ready = 1;
    rev->handler = ngx_cc_channel_report;
    ngx_post_event(rev, &ngx_posted_events);

    return NGX_ERROR;
}


void
ngx_cc_channel_close(ngx_cc_channel_t *ch)
{
    ngx_connection_t  *c;

    c = ch->connection;

    if (c == NULL) {
        return;
    }

    if (ch->closed) {
        *ch->closed = 1;
        ch->closed = NULL;
    }

    ch->connection = NULL;
    c->read->channel = 0;
    c->write->channel = 0;

    ngx_close_connection(c);
}


static void
ngx_cc_channel_read_handler(ngx_event_t *rev)
{
    ngx_uint_t         closed;
    ngx_connection_t  *c;
    ngx_cc_channel_t  *ch;

    c = rev->data;
    ch = c->data;

    if (c->close) {
        c->close = 0;
        c->idle = 0;

        if (ch->handlers->exiting) {
            closed = 0;
            ch->closed = &closed;
            ch->handlers->exiting(ch->data);

            if (closed) {
                return;
            }

            ch->closed = NULL;
        }
    }

    if (ngx_cc_channel_receive(ch) == NGX_ERROR) {
        ngx_cc_channel_broken(ch);
    }
}


/* the read handler after a failed send: what can be read, then the end */

static void
ngx_cc_channel_report(ngx_event_t *rev)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;
    ngx_cc_channel_t  *ch;

    c = rev->data;
    ch = c->data;

    do {
        rc = ngx_cc_channel_receive(ch);
    } while (rc == NGX_OK);

    if (rc != NGX_DONE) {
        ngx_cc_channel_broken(ch);
    }
}


static void
ngx_cc_channel_write_handler(ngx_event_t *wev)
{
    ngx_uint_t         closed;
    ngx_connection_t  *c;
    ngx_cc_channel_t  *ch;

    c = wev->data;
    ch = c->data;

    if (wev->active
        && ngx_del_event(wev, NGX_WRITE_EVENT, 0) != NGX_OK)
    {
        ngx_cc_channel_broken(ch);
        return;
    }

    if (ch->handlers->writable == NULL) {
        return;
    }

    closed = 0;
    ch->closed = &closed;
    ch->handlers->writable(ch->data);

    if (!closed) {
        ch->closed = NULL;
    }
}


/*
 * Receives one message.  NGX_OK: perhaps there are more; NGX_AGAIN: there are
 * none; NGX_ERROR: the other side counts as broken; NGX_DONE: a handler has
 * closed the channel.
 */

static ngx_int_t
ngx_cc_channel_receive(ngx_cc_channel_t *ch)
{
    int                        nfds, fds[NGX_CC_CHANNEL_FDS];
    size_t                     pos;
    ssize_t                    n;
    ngx_err_t                  err;
    ngx_log_t                 *log;
    ngx_cc_wire_msg_t         *msg;
    const ngx_cc_wire_head_t  *next;

    log = ch->connection->log;
    msg = (ngx_cc_wire_msg_t *) ngx_cc_channel_buffer;

    nfds = NGX_CC_CHANNEL_FDS;
    n = ngx_cc_fdmsg_recv(ch->connection->fd, msg, NGX_CC_CHANNEL_SIZE, fds,
                          &nfds);

    if (n == -1 && ngx_errno == NGX_ECONNRESET) {
        /* it left something of ours unread; its own words follow */

        nfds = NGX_CC_CHANNEL_FDS;
        n = ngx_cc_fdmsg_recv(ch->connection->fd, msg, NGX_CC_CHANNEL_SIZE, fds,
                              &nfds);
    }

    if (n == 0) {
        return NGX_ERROR;
    }

    if (n == -1) {
        err = ngx_errno;

        if (err == NGX_EAGAIN) {
            return NGX_AGAIN;
        }

        ngx_log_error(NGX_LOG_ERR, log, err,
                      "cc_executor: recvmsg() from a helper failed");

        return NGX_ERROR;
    }

    if (nfds == -1) {
        /* the message and the channel are sound */

        ngx_log_error(NGX_LOG_ERR, log, NGX_EMFILE,
                      "cc_executor: descriptors from a helper were lost");
        nfds = 0;
    }

    if (ngx_cc_wire_check(msg, n) == 0) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "cc_executor: malformed message of %z bytes from "
                      "a helper", n);

        while (nfds) {
            (void) close(fds[--nfds]);
        }

        return NGX_ERROR;
    }

    if (msg->head.type != NGX_CC_WIRE_BUNDLE) {
        return ngx_cc_channel_message(ch, msg, fds, nfds);
    }

    /* none of them has any */

    while (nfds) {
        (void) close(fds[--nfds]);
    }

    pos = 0;

    while ((next = ngx_cc_wire_kept_next(&msg->head, &pos)) != NULL) {

        if (ngx_cc_channel_message(ch, (ngx_cc_wire_msg_t *) next, NULL, 0)
            == NGX_DONE)
        {
            return NGX_DONE;
        }
    }

    return NGX_OK;
}


/* NGX_OK, or NGX_DONE as above */

static ngx_int_t
ngx_cc_channel_message(ngx_cc_channel_t *ch, ngx_cc_wire_msg_t *msg, int *fds,
    int nfds)
{
    ngx_uint_t  closed;

    closed = 0;
    ch->closed = &closed;
    ch->handlers->message(ch->data, msg, fds, nfds);

    if (closed) {
        return NGX_DONE;
    }

    ch->closed = NULL;

    return NGX_OK;
}


static void
ngx_cc_channel_broken(ngx_cc_channel_t *ch)
{
    ngx_uint_t  closed;

    closed = 0;
    ch->closed = &closed;
    ch->handlers->broken(ch->data);

    if (!closed) {
        ch->closed = NULL;
    }
}
