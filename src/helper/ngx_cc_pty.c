
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "ngx_cc_pty.h"


/* by number, for headers that do not have it (Linux 4.13) */

#ifndef TIOCGPTPEER
#define TIOCGPTPEER  _IO('T', 0x41)
#endif

#define NGX_CC_PTY_NEVER      UINT64_MAX
#define NGX_CC_PTY_SCAN       (3 * (NGX_CC_PTY_LINE + 1))    /* bytes that one
                                            write looks at */
#define NGX_CC_PTY_SOON       5          /* ms until a write is tried again */
#define NGX_CC_PTY_LATER      200        /* and the most of them */
#define NGX_CC_PTY_EOF        4          /* ^D, where VEOF is none */


static int ngx_cc_pty_setup(int slave, int echo);
static size_t ngx_cc_pty_lines(const ngx_cc_pty_t *pty,
    const struct termios *t, const uint8_t *p, size_t n);
static int ngx_cc_pty_account(ngx_cc_pty_t *pty, const struct termios *t,
    uint8_t c);
static int ngx_cc_pty_is(const struct termios *t, int index, uint8_t c);
static ssize_t ngx_cc_pty_put(ngx_cc_pty_t *pty, const uint8_t *p, size_t n,
    uint64_t now);
static void ngx_cc_pty_close_one(int *fd);


int
ngx_cc_pty_open(ngx_cc_pty_t *pty, unsigned cols, unsigned rows, int echo)
{
    int             err, unlock;
    struct winsize  size;

    memset(pty, 0, sizeof(ngx_cc_pty_t));
    pty->retry_at = NGX_CC_PTY_NEVER;
    pty->slave = -1;
    pty->master = open("/dev/ptmx", O_RDWR|O_NOCTTY|O_NONBLOCK|O_CLOEXEC);

    if (pty->master == -1) {
        return -1;
    }

    /*
     * The slave comes from the master: its name may stand for another one in
     * somebody's mount namespace, or for none behind a fence.
     */

    unlock = 0;

    if (ioctl(pty->master, TIOCSPTLCK, &unlock) == -1) {
        goto failed;
    }

    pty->slave = ioctl(pty->master, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC);

    if (pty->slave == -1 || ngx_cc_pty_setup(pty->slave, echo) == -1) {
        goto failed;
    }

    memset(&size, 0, sizeof(size));
    size.ws_col = cols;
    size.ws_row = rows;

    if (ioctl(pty->master, TIOCSWINSZ, &size) == -1) {
        goto failed;
    }

    return 0;

failed:

    err = errno;
    ngx_cc_pty_close(pty);
    errno = err;

    return -1;
}


/* what the kernel sets at first is of 1978; a terminal of today is this */

static int
ngx_cc_pty_setup(int slave, int echo)
{
    struct termios  t;

    if (tcgetattr(slave, &t) == -1) {
        return -1;
    }

    t.c_iflag &= ~(IXON|IXOFF|IXANY|ISTRIP|INLCR|IGNCR);
    t.c_iflag |= ICRNL|IUTF8;
    t.c_oflag |= OPOST|ONLCR;
    t.c_lflag |= ISIG|ICANON|IEXTEN|ECHO|ECHOE|ECHOK|ECHOCTL|ECHOKE;
    t.c_cc[VERASE] = 0x7f;

    if (!echo) {
        t.c_lflag &= ~ECHO;
    }

    return tcsetattr(slave, TCSANOW, &t);
}


void
ngx_cc_pty_resize(ngx_cc_pty_t *pty, unsigned cols, unsigned rows)
{
    struct winsize  size;

    if (pty->master == -1) {
        return;
    }

    memset(&size, 0, sizeof(size));
    (void) ioctl(pty->master, TIOCGWINSZ, &size);

    if (size.ws_col == cols && size.ws_row == rows) {
        /* the kernel tells nobody about a size that is none */
        size.ws_row = rows > 1 ? rows - 1 : rows + 1;
        (void) ioctl(pty->master, TIOCSWINSZ, &size);
    }

    size.ws_col = cols;
    size.ws_row = rows;
    (void) ioctl(pty->master, TIOCSWINSZ, &size);
}


void
ngx_cc_pty_size(const ngx_cc_pty_t *pty, uint16_t *cols, uint16_t *rows)
{
    struct winsize  size;

    memset(&size, 0, sizeof(size));

    if (pty->master != -1) {
        (void) ioctl(pty->master, TIOCGWINSZ, &size);
    }

    *cols = size.ws_col;
    *rows = size.ws_row;
}


ssize_t
ngx_cc_pty_write(ngx_cc_pty_t *pty, const uint8_t *p, size_t n, uint64_t now)
{
    ssize_t         i, rc;
    struct termios  t;

    if (tcgetattr(pty->master, &t) == -1 || !(t.c_lflag & ICANON)) {
        pty->line = 0;
        pty->literal = 0;

        return ngx_cc_pty_put(pty, p, n, now);
    }

    n = ngx_cc_pty_lines(pty, &t, p, n);

    if (n == 0) {
        errno = EMSGSIZE;
        return -1;
    }

    rc = ngx_cc_pty_put(pty, p, n, now);

    for (i = 0; i < rc; i++) {
        (void) ngx_cc_pty_account(pty, &t, p[i]);
    }

    return rc;
}


int
ngx_cc_pty_eof(ngx_cc_pty_t *pty, uint64_t now)
{
    int             again;
    uint8_t         c;
    struct termios  t;

    do {
        c = NGX_CC_PTY_EOF;
        again = 0;

        if (tcgetattr(pty->master, &t) == 0) {
            c = t.c_cc[VEOF] ? t.c_cc[VEOF] : c;
            again = (t.c_lflag & ICANON) && (pty->line || pty->literal);
        }

        if (ngx_cc_pty_put(pty, &c, 1, now) == -1) {
            return -1;
        }

        pty->line = 0;
        pty->literal = 0;

    } while (again);

    return 0;
}


int
ngx_cc_pty_poll(const ngx_cc_pty_t *pty)
{
    return !pty->mute;
}


int
ngx_cc_pty_signal(ngx_cc_pty_t *pty, int signo)
{
    if (ngx_cc_pty_group(pty) == 0) {
        return -1;
    }

    return ioctl(pty->master, TIOCSIG, signo);
}


pid_t
ngx_cc_pty_group(const ngx_cc_pty_t *pty)
{
    pid_t  group;

    if (pty->master == -1 || ioctl(pty->master, TIOCGPGRP, &group) == -1) {
        return 0;
    }

    return group > 0 ? group : 0;
}


int
ngx_cc_pty_revive(ngx_cc_pty_t *pty)
{
    ngx_cc_pty_close_one(&pty->slave);
    pty->slave = ioctl(pty->master, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC);

    return pty->slave != -1;
}


int
ngx_cc_pty_held(ngx_cc_pty_t *pty)
{
    struct pollfd  fd;

    ngx_cc_pty_close_one(&pty->slave);

    fd.fd = pty->master;
    fd.events = POLLIN;
    fd.revents = 0;

    (void) poll(&fd, 1, 0);

    return !(fd.revents & POLLHUP);
}


void
ngx_cc_pty_close(ngx_cc_pty_t *pty)
{
    ngx_cc_pty_close_one(&pty->master);
    ngx_cc_pty_close_one(&pty->slave);
}


/*
 * How much of it can be typed: no line may become longer than the kernel holds.
 * One that would be is left out from its beginning on; so is one whose end is
 * beyond what is looked at, which comes next time.
 */

static size_t
ngx_cc_pty_lines(const ngx_cc_pty_t *pty, const struct termios *t,
    const uint8_t *p, size_t n)
{
    size_t        i, begin, all;
    ngx_cc_pty_t  look;

    all = n;
    n = n < NGX_CC_PTY_SCAN ? n : NGX_CC_PTY_SCAN;
    begin = 0;

    look = *pty;

    for (i = 0; i < n; i++) {

        if (ngx_cc_pty_account(&look, t, p[i])) {
            begin = i + 1;

        } else if (look.line > NGX_CC_PTY_LINE) {
            return begin;
        }
    }

    return n < all ? begin : n;
}


/*
 * What a character does to the line that is being typed (n_tty(4) has it in
 * n_tty_receive_char): its length, at most, and whether that ended it.
 */

static int
ngx_cc_pty_account(ngx_cc_pty_t *pty, const struct termios *t, uint8_t c)
{
    if (pty->literal) {
        pty->literal = 0;
        pty->line++;
        return 0;
    }

    if (c == '\r') {
        if (t->c_iflag & IGNCR) {
            return 0;
        }

        if (t->c_iflag & ICRNL) {
            c = '\n';
        }

    } else if (c == '\n' && (t->c_iflag & INLCR)) {
        c = '\r';
    }

    if (c == '\n' || ngx_cc_pty_is(t, VEOF, c) || ngx_cc_pty_is(t, VEOL, c)
        || ((t->c_lflag & IEXTEN) && ngx_cc_pty_is(t, VEOL2, c)))
    {
        pty->line = 0;
        return 1;
    }

    if ((t->c_lflag & ISIG) && !(t->c_lflag & NOFLSH)
        && (ngx_cc_pty_is(t, VINTR, c) || ngx_cc_pty_is(t, VQUIT, c)
            || ngx_cc_pty_is(t, VSUSP, c)))
    {
        pty->line = 0;
        return 1;
    }

    if (ngx_cc_pty_is(t, VKILL, c)) {
        pty->line = 0;
        return 1;
    }

    if (ngx_cc_pty_is(t, VERASE, c)) {
        pty->line -= (pty->line != 0);
        return 0;
    }

    if (t->c_lflag & IEXTEN) {

        if (ngx_cc_pty_is(t, VLNEXT, c)) {
            pty->literal = 1;
            return 0;
        }

        if (ngx_cc_pty_is(t, VWERASE, c) || ngx_cc_pty_is(t, VREPRINT, c)) {
            return 0;
        }
    }

    pty->line++;

    return 0;
}


/* 0 = there is no such character */

static int
ngx_cc_pty_is(const struct termios *t, int index, uint8_t c)
{
    return t->c_cc[index] == c && c != 0;
}


static ssize_t
ngx_cc_pty_put(ngx_cc_pty_t *pty, const uint8_t *p, size_t n, uint64_t now)
{
    ssize_t        rc;
    struct pollfd  fd;

    do {
        rc = write(pty->master, p, n);
    } while (rc == -1 && errno == EINTR);

    if (rc > 0) {
        pty->mute = 0;
        pty->patience = 0;
        pty->retry_at = NGX_CC_PTY_NEVER;
        return rc;
    }

    /*
     * Full, or (EIO) hung up, which does not last.  poll() may say POLLOUT all
     * the same: it does not look at the figures that write() looks at.
     */

    fd.fd = pty->master;
    fd.events = POLLOUT;
    fd.revents = 0;

    pty->mute = (poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT));

    if (pty->patience == 0) {
        pty->patience = NGX_CC_PTY_SOON;
        pty->retry_at = now + pty->patience;

    } else if (now >= pty->retry_at) {
        pty->patience = pty->patience < NGX_CC_PTY_LATER / 2
                        ? 2 * pty->patience : NGX_CC_PTY_LATER;
        pty->retry_at = now + pty->patience;
    }

    errno = EAGAIN;

    return -1;
}


static void
ngx_cc_pty_close_one(int *fd)
{
    if (*fd != -1) {
        (void) close(*fd);
        *fd = -1;
    }
}
