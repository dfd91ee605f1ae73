
/*
 * A worker for the tests of helper and spawner: a socket on which messages are
 * sent and awaited, and a reader of the ring that gathers what a command
 * writes.
 */

#ifndef _HOST_H_INCLUDED_
#define _HOST_H_INCLUDED_


#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_wire.h"


#define HOST_RING     (256 * 1024)
#define HOST_TIMEOUT  20000          /* ms */


typedef struct {
    int                   socket;
    uint32_t              run;
    ngx_cc_ring_reader_t  reader;
    uint64_t              head;
    char                  out[2][8 * 1024 * 1024];
    size_t                len[2];
    int                   lazy;      /* gives no credit */
    int                   outputs;   /* OUTPUT messages */
    ngx_cc_wire_msg_t     msg;       /* the last one received */
} host_t;


/* the next message; 0 at the end of file or after "timeout" ms */

static inline int
host_receive(host_t *h, int timeout, int *fds, int *nfds)
{
    ssize_t        n;
    struct pollfd  p;

    p.fd = h->socket;
    p.events = POLLIN;

    if (poll(&p, 1, timeout) != 1) {
        return 0;
    }

    n = ngx_cc_fdmsg_recv(h->socket, &h->msg, sizeof(h->msg), fds, nfds);

    if (n == -1 && errno == ECONNRESET) {
        return 0;
    }

    ck_assert_int_ge(n, 0);

    if (n == 0) {
        return 0;
    }

    ck_assert_uint_ne(ngx_cc_wire_check(&h->msg, n), 0);

    return h->msg.head.type;
}


static inline void
host_send(host_t *h, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    ck_assert_int_eq(ngx_cc_fdmsg_send(h->socket, msg, head->size, NULL, 0),
                     0);
}


/* takes what is in the ring; credit, unless lazy */

static inline void
host_take(host_t *h)
{
    ngx_cc_wire_msg_t     msg;
    ngx_cc_ring_record_t  rec;

    while (ngx_cc_ring_peek(&h->reader, h->head, &rec) == 1) {
        unit_assert(rec.offset == h->len[rec.stream]);
        unit_assert(h->len[rec.stream] + rec.len < sizeof(h->out[0]));
        memcpy(h->out[rec.stream] + h->len[rec.stream], rec.data, rec.len);
        h->len[rec.stream] += rec.len;
        h->out[rec.stream][h->len[rec.stream]] = '\0';
        ngx_cc_ring_skip(&h->reader, &rec);
    }

    if (!h->lazy) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CREDIT, h->run,
                         sizeof(ngx_cc_wire_credit_t));
        msg.credit.tail = h->reader.pos;
        msg.credit.seen = h->head;
        host_send(h, &msg);
    }
}


/* awaits a message of that type, taking output meanwhile */

static inline void
host_await(host_t *h, int type)
{
    int  got;

    do {
        got = host_receive(h, HOST_TIMEOUT, NULL, NULL);

        if (got == 0) {
            ck_abort_msg("message %d did not come", type);
        }

        if (got == NGX_CC_WIRE_OUTPUT) {
            h->outputs++;
            h->head = h->msg.output.pos;
            host_take(h);

        } else if (got == NGX_CC_WIRE_EXITED) {
            h->head = h->msg.exited.pos;
            h->lazy = 1;
            host_take(h);
        }

    } while (got != type);
}


/* options of a START; all zero: "sh -c command" in / */

typedef struct {
    const char  *cwd;
    const char  *program;
    uint64_t     run_limit;
    uint64_t     silence;
    uint64_t     grace;
    uint64_t     linger;
    uint64_t     window;
    uint64_t     max_output;
    int          flags;
    int          script;         /* a descriptor to go with it, 0 = none */
    const char  *beneath;
    const char **paths;          /* of the fence: confine.nread, then .nwrite */
    const char **control;        /* "ncontrol" words */
    uint32_t     ncontrol;
    ngx_cc_confine_t  confine;   /* umask 0 means 077 here */
} host_start_t;


static inline void
host_start(host_t *h, const host_start_t *o, const char *command)
{
    const char             *argv[] = { "sh", "-c", command };
    const char             *env[] = { "PATH=/usr/bin:/bin" };
    ngx_cc_wire_strings_t   s;

    static union {
        ngx_cc_wire_start_t  start;
        uint8_t              byte[NGX_CC_WIRE_MAX_START];
    } m;

    s.cwd = o->cwd ? o->cwd : "/";
    s.beneath = o->beneath ? o->beneath : "";
    s.program = o->program ? o->program : "/bin/sh";
    s.argv = argv;
    s.argc = 3;
    s.env = env;
    s.envc = 1;
    s.paths = o->paths;
    s.npaths = o->confine.nread + o->confine.nwrite;
    s.control = o->control;
    s.ncontrol = o->ncontrol;
    s.label = NULL;
    s.shown = NULL;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, ++h->run, sizeof(m.start));
    m.start.head.flags = o->flags;
    m.start.run_limit = o->run_limit;
    m.start.silence = o->silence;
    m.start.grace = o->grace ? o->grace : 2000;
    m.start.linger = o->linger;
    m.start.window = o->window ? o->window : HOST_RING;
    m.start.max_output = o->max_output;
    m.start.confine = o->confine;
    m.start.confine.umask = o->confine.umask ? o->confine.umask : 077;

    ck_assert_uint_gt(ngx_cc_wire_start_pack(&m.start, &s), 0);

    ngx_cc_ring_rewind(&h->reader);
    h->head = 0;
    h->len[0] = h->len[1] = 0;
    h->out[0][0] = h->out[1][0] = '\0';
    h->outputs = 0;
    h->lazy = 0;

    ck_assert_int_eq(ngx_cc_fdmsg_send(h->socket, &m, m.start.head.size,
                                       &o->script, o->script ? 1 : 0), 0);
}


/* a message that is a head only, or a signal */

static inline void
host_tell(host_t *h, int type, int signo)
{
    ngx_cc_wire_msg_t  msg;

    ngx_cc_wire_init(&msg, type, h->run,
                     type == NGX_CC_WIRE_SIGNAL ? sizeof(ngx_cc_wire_signal_t)
                                                : sizeof(ngx_cc_wire_head_t));
    if (type == NGX_CC_WIRE_SIGNAL) {
        msg.signal.signo = signo;
    }

    host_send(h, &msg);
}


static inline void
host_input(host_t *h, const void *p, size_t n, int eof)
{
    static union {
        ngx_cc_wire_input_t  input;
        uint8_t              byte[sizeof(ngx_cc_wire_input_t)
                                  + NGX_CC_WIRE_MAX_INPUT];
    } m;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_INPUT, h->run, sizeof(m.input));
    m.input.head.flags = eof ? NGX_CC_INPUT_EOF : 0;
    m.input.head.size = sizeof(m.input) + n;
    m.input.len = n;
    memcpy(&m.input + 1, p, n);

    host_send(h, &m);
}


/* fields of /proc/PID/stat: state, parent, group; 0 when it is gone */

static inline int
host_stat(pid_t pid, char *state, int *parent, int *group)
{
    int    rc;
    char   name[64], line[512], *p;
    FILE  *f;

    (void) snprintf(name, sizeof(name), "/proc/%d/stat", (int) pid);
    f = fopen(name, "r");

    if (f == NULL) {
        return 0;
    }

    rc = fgets(line, sizeof(line), f) != NULL;
    (void) fclose(f);
    p = rc ? strrchr(line, ')') : NULL;

    return p && sscanf(p + 2, "%c %d %d", state, parent, group) == 3;
}


/* awaits a state of a process ("-" = gone); 1 when it has come */

static inline int
host_await_state(pid_t pid, const char *states)
{
    int   i, parent, group;
    char  state;

    for (i = 0; i < HOST_TIMEOUT; i += 2) {
        if (!host_stat(pid, &state, &parent, &group)) {
            state = '-';
        }

        if (strchr(states, state)) {
            return 1;
        }

        (void) usleep(2000);
    }

    return 0;
}


#endif /* _HOST_H_INCLUDED_ */
