
/*
 * Workers for the tests of kept commands: one that starts a command (over a
 * pair of sockets, to a real helper), and any number that come through its
 * socket.  What they are told is checked as it comes: every byte in its place,
 * gaps of their size, in order.
 */

#ifndef _PEER_H_INCLUDED_
#define _PEER_H_INCLUDED_


#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_door.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_helper.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_wire_kept.h"


#define PEER_RING     (256 * 1024)
#define PEER_TIMEOUT  20000          /* ms */
#define PEER_ROOM     (NGX_CC_WIRE_MAX_DATA + 4096)
#define PEER_KEEP     (4 * 1024 * 1024)  /* bytes of a stream that it keeps */


typedef union {
    ngx_cc_wire_head_t      head;
    ngx_cc_wire_msg_t       bound;
    ngx_cc_wire_kept_msg_t  kept;
    uint8_t                 byte[PEER_ROOM];
} peer_msg_t;


typedef struct {
    int          s;
    uint32_t     run;            /* 0: came through the socket */
    peer_msg_t   m;              /* the last message */
    uint8_t     *bundle;         /* of which it was one, or NULL */
    size_t       pos;            /* in there */
    int          bundles;
    size_t       bundled;        /* bytes of them all */
    uint8_t     *out[2];         /* what it was told, 0 in gaps */
    uint64_t     from[2];        /* where that begins */
    uint64_t     next[2];
    uint64_t     missing[2];     /* bytes in gaps */
    uint32_t     gaps;
    uint64_t     seq;
    unsigned     eof;
    int          states;         /* STATE messages */
    ngx_cc_wire_state_t   state; /* the last of them */
} peer_t;


/* a helper, and what its command was started with */

typedef struct {
    const ngx_cc_user_t  *user;  /* of its command, or NULL */
    pid_t             pid;
    int               watch;     /* closing it: the master is gone */
    const uint8_t    *ring;      /* as a worker maps it */
    uint32_t          run;
    ngx_cc_handle_t   handle;
    uint8_t           owner[32];
    ngx_cc_wire_keep_t  keep;
    peer_t            starter;
} peer_helper_t;


static inline void
peer_init(peer_t *p, int s, uint32_t run)
{
    int  i;

    memset(p, 0, sizeof(peer_t));
    p->s = s;
    p->run = run;

    for (i = 0; i < 2; i++) {
        p->out[i] = calloc(1, PEER_KEEP + 1);
        ck_assert_ptr_nonnull(p->out[i]);
    }
}


static inline void
peer_close(peer_t *p)
{
    if (p->s != -1) {
        (void) close(p->s);
        p->s = -1;
    }

    free(p->out[0]);
    free(p->out[1]);
    free(p->bundle);
    p->out[0] = p->out[1] = p->bundle = NULL;
}


/* sends; 0 when the other side has closed */

static inline int
peer_send(peer_t *p, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    head->run = p->run;

    while (ngx_cc_fdmsg_send(p->s, msg, head->size, NULL, 0) == -1) {

        if (errno != EAGAIN) {
            return 0;
        }

        (void) usleep(500);
    }

    return 1;
}


/* a message that is a head and perhaps flags */

static inline int
peer_say(peer_t *p, int type, int flags)
{
    ngx_cc_wire_head_t  head;

    ngx_cc_wire_init(&head, type, p->run, sizeof(head));
    head.flags = flags;

    return peer_send(p, &head);
}


/* the next one of a bundle; 0: there is none */

static inline int
peer_unpack(peer_t *p)
{
    const ngx_cc_wire_head_t  *msg;

    msg = p->bundle ? ngx_cc_wire_kept_next((ngx_cc_wire_head_t *) p->bundle,
                                            &p->pos)
                    : NULL;

    if (msg == NULL) {
        free(p->bundle);
        p->bundle = NULL;
        return 0;
    }

    memcpy(&p->m, msg, msg->size);
    ck_assert_uint_eq(p->m.head.run, p->run);

    return p->m.head.type;
}


/* the next message of any type; 0 at the end, -1 after "timeout" ms */

static inline int
peer_receive(peer_t *p, int timeout)
{
    int            i;
    ssize_t        n;
    struct pollfd  fd;

    i = peer_unpack(p);

    if (i) {
        return i;
    }

    fd.fd = p->s;
    fd.events = POLLIN;

    i = poll(&fd, 1, timeout);

    if (i != 1) {
        return -1;
    }

    for (i = 0; i < 2; i++) {
        n = ngx_cc_fdmsg_recv(p->s, &p->m, sizeof(p->m), NULL, NULL);

        if (n != -1 || errno != ECONNRESET) {
            break;
        }
    }

    if (n <= 0) {
        return 0;
    }

    ck_assert_uint_ne(ngx_cc_wire_check(&p->m, n), 0);
    ck_assert_uint_eq(p->m.head.run, p->run);

    if (p->m.head.type == NGX_CC_WIRE_BUNDLE) {
        p->bundle = malloc(n);
        ck_assert_ptr_nonnull(p->bundle);
        memcpy(p->bundle, &p->m, n);
        p->pos = 0;
        p->bundles++;
        p->bundled += n;
        return peer_unpack(p);
    }

    return p->m.head.type;
}


static inline void
peer_data(peer_t *p)
{
    size_t                       pos;
    unsigned                     s;
    const ngx_cc_wire_record_t  *rec;

    p->eof = p->m.kept.data.eof;

    for (pos = 0; (rec = ngx_cc_wire_kept_record(&p->m.kept.data, &pos)); ) {
        s = rec->stream;
        unit_assert(rec->offset == p->next[s]);
        p->next[s] = rec->to;

        if (rec->len == 0) {
            p->missing[s] += rec->to - rec->offset;
            p->gaps++;
            continue;
        }

        unit_assert(rec->seq > p->seq);
        p->seq = rec->seq;

        if (rec->to - p->from[s] <= PEER_KEEP) {
            memcpy(p->out[s] + (rec->offset - p->from[s]), rec + 1, rec->len);
        }
    }
}


/* as peer_receive(), but takes STATE and DATA in, and asks for more */

static inline int
peer_next(peer_t *p, int timeout, int reads)
{
    int                 type;
    ngx_cc_wire_read_t  read;

    for ( ;; ) {
        type = peer_receive(p, timeout);

        if (type == NGX_CC_WIRE_STATE) {
            p->states++;
            p->state = p->m.kept.state;
            continue;
        }

        if (type != NGX_CC_WIRE_DATA) {
            return type;
        }

        peer_data(p);

        if (!reads) {
            return type;
        }

        ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));
        (void) peer_send(p, &read);
    }
}


static inline void
peer_await(peer_t *p, int type)
{
    int  got;

    got = peer_next(p, PEER_TIMEOUT, 1);

    if (got != type) {
        ck_abort_msg("awaited message %d, got %d", type, got);
    }
}


static inline void
peer_read(peer_t *p, uint32_t max)
{
    ngx_cc_wire_read_t  read;

    ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));
    read.max = max;
    ck_assert(peer_send(p, &read));
}


/* a connection to a helper's socket, nothing said yet; 0: there is none */

static inline int
peer_connect(peer_t *p, const peer_helper_t *h)
{
    int                 s;
    socklen_t           len;
    struct sockaddr_un  addr;

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0);
    ck_assert_int_ne(s, -1);
    len = ngx_cc_door_address(&addr, h->keep.pool, h->handle.byte);

    if (connect(s, (struct sockaddr *) &addr, len) == -1) {
        (void) close(s);
        return 0;
    }

    (void) fcntl(s, F_SETFL, O_NONBLOCK);
    peer_init(p, s, 0);

    return 1;
}


/* HELLO, WELCOME, PROOF with that key; 0: the other side has closed */

static inline int
peer_prove(peer_t *p, const peer_helper_t *h, const uint8_t *auth)
{
    int                  type;
    uint8_t              mac[32];
    ngx_cc_wire_hello_t  hello, proof;

    ngx_cc_wire_init(&hello, NGX_CC_WIRE_HELLO, 0, sizeof(hello));
    (void) ngx_cc_random(hello.nonce, sizeof(hello.nonce));

    if (!peer_send(p, &hello)) {
        return 0;
    }

    type = peer_receive(p, PEER_TIMEOUT);

    if (type != NGX_CC_WIRE_WELCOME) {
        ck_assert_int_eq(type, 0);
        return 0;
    }

    ngx_cc_door_mac(mac, NGX_CC_DOOR_HELPER, h->keep.auth, hello.nonce,
                    p->m.kept.hello.nonce, h->handle.byte);
    ck_assert(ngx_cc_hmac_equal(mac, p->m.kept.hello.mac, 32));

    ngx_cc_wire_init(&proof, NGX_CC_WIRE_PROOF, 0, sizeof(proof));
    ngx_cc_door_mac(proof.mac, NGX_CC_DOOR_WORKER, auth, hello.nonce,
                    p->m.kept.hello.nonce, h->handle.byte);

    return peer_send(p, &proof);
}


static inline void
peer_ask(peer_t *p, const peer_helper_t *h, int flags, int64_t from0,
    int64_t from1)
{
    ngx_cc_wire_attach_t  attach;

    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.head.flags = flags;
    attach.handle = h->handle;
    memcpy(attach.owner, h->owner, sizeof(attach.owner));
    attach.from[0] = from0;
    attach.from[1] = from1;

    ck_assert(peer_send(p, &attach));
}


static inline void
peer_attached(peer_t *p)
{
    int  i;

    peer_await(p, NGX_CC_WIRE_ATTACHED);

    for (i = 0; i < 2; i++) {
        p->from[i] = p->next[i] = p->m.kept.attached.from[i];
    }
}


/* all of it; READ is sent with DATA */

static inline int
peer_attach(peer_t *p, const peer_helper_t *h, int flags, int64_t from0,
    int64_t from1)
{
    int  tries;

    /* on a machine that is busy it may take longer than one may take */

    for (tries = 0; /* void */ ; tries++) {

        if (!peer_connect(p, h)) {
            return 0;
        }

        if (peer_prove(p, h, h->keep.auth)) {
            break;
        }

        peer_close(p);
        ck_assert_int_lt(tries, 20);
    }

    peer_ask(p, h, flags, from0, from1);
    peer_attached(p);

    if (p->m.kept.attached.denied == 0 && (flags & NGX_CC_ATTACH_DATA)) {
        peer_read(p, 0);
    }

    return 1;
}


/* a helper in a process of its own; "keep" of h is the caller's to fill */

static inline void
peer_helper(peer_helper_t *h)
{
    int                   s[2], watch[2], ring;
    ngx_cc_helper_conf_t  conf;

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe2(watch, O_CLOEXEC), 0);
    ring = ngx_cc_ring_create(PEER_RING);
    ck_assert_int_ne(ring, -1);

    h->pid = fork();

    if (h->pid == 0) {
        (void) close(watch[1]);
        (void) close(s[0]);

        memset(&conf, 0, sizeof(conf));
        conf.socket = s[1];
        conf.deathwatch = watch[0];
        conf.ring = ring;
        conf.ring_size = PEER_RING;
        conf.user = h->user;

        ngx_cc_helper_run(&conf);
    }

    (void) close(s[1]);
    (void) close(watch[0]);

    h->ring = ngx_cc_ring_map(ring, PEER_RING, 0);
    ck_assert_ptr_nonnull(h->ring);
    (void) close(ring);

    h->watch = watch[1];
    h->run = 0;
    peer_init(&h->starter, s[0], 0);

    memset(&h->keep, 0, sizeof(h->keep));
    ck_assert_int_eq(ngx_cc_handle_make(&h->handle), 0);
    (void) ngx_cc_random(h->keep.auth, sizeof(h->keep.auth));
    (void) ngx_cc_random(h->owner, sizeof(h->owner));
    memcpy(h->keep.pool, "unittest", 8);
    h->keep.ttl = 60000;
    h->keep.stall = 60000;
    h->keep.output = 32768;
    h->keep.watchers = 16;
    h->keep.waits = 64;
    h->keep.uid = geteuid();
}


typedef struct {
    uint64_t     run_limit;
    uint64_t     grace;
    uint64_t     linger;
    uint64_t     max_output;
    int          flags;
    const char  *program;
} peer_start_t;


/*
 * "sh -c command", kept (or, with that flag, KEEPABLE); what is said behind
 * START is the caller's
 */

static inline void
peer_start(peer_helper_t *h, const peer_start_t *o, const char *command)
{
    const char             *argv[] = { "sh", "-c", command };
    const char             *env[] = { "PATH=/usr/bin:/bin" };
    ngx_cc_wire_strings_t   s;

    static union {
        ngx_cc_wire_start_t  start;
        uint8_t              byte[NGX_CC_WIRE_MAX_START];
    } m;

    memset(&s, 0, sizeof(s));
    s.cwd = "/";
    s.beneath = "";
    s.program = o->program ? o->program : "/bin/sh";
    s.argv = argv;
    s.argc = 3;
    s.env = env;
    s.envc = 1;

    if (!(o->flags & NGX_CC_START_KEEPABLE)) {
        s.label = "a label";
        s.shown = command;
    }

    h->starter.run = ++h->run;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, h->run, sizeof(m.start));
    m.start.head.flags = o->flags;
    m.start.run_limit = o->run_limit;
    m.start.grace = o->grace ? o->grace : 2000;
    m.start.linger = o->linger;
    m.start.window = PEER_RING;
    m.start.max_output = o->max_output;
    m.start.confine.umask = 077;
    m.start.handle = h->handle;
    memcpy(m.start.owner, h->owner, sizeof(h->owner));

    if (o->flags & NGX_CC_START_KEEPABLE) {
        m.start.keep.output = h->keep.output;

    } else {
        m.start.head.flags |= NGX_CC_START_KEEP;
        m.start.keep = h->keep;
    }

    ck_assert_uint_gt(ngx_cc_wire_start_pack(&m.start, &s), 0);
    ck_assert(peer_send(&h->starter, &m));
}


/* started, acknowledged and told; the starter has "flags" */

static inline void
peer_run(peer_helper_t *h, const peer_start_t *o, int flags,
    const char *command)
{
    peer_start(h, o, command);
    peer_ask(&h->starter, h, flags, 0, 0);
    peer_await(&h->starter, NGX_CC_WIRE_STARTED);
    peer_attached(&h->starter);
    (void) peer_say(&h->starter, NGX_CC_WIRE_ACK, 0);
    (void) peer_say(&h->starter, NGX_CC_WIRE_TOLD, 0);

    if (flags & NGX_CC_ATTACH_DATA) {
        peer_read(&h->starter, 0);
    }
}


/* the helper has left, with 0; at most PEER_TIMEOUT */

static inline void
peer_gone(peer_helper_t *h)
{
    int  status, i;

    for (i = 0; i < PEER_TIMEOUT; i++) {

        if (waitpid(h->pid, &status, WNOHANG) == h->pid) {
            ck_assert_int_eq(status, 0);
            h->pid = 0;
            return;
        }

        (void) usleep(1000);
    }

    ck_abort_msg("the helper is still there");
}


#endif /* _PEER_H_INCLUDED_ */
