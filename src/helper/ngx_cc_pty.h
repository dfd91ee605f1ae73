
/*
 * The terminal of a command (pty(7)): what is written to the master is typed,
 * what is read from it is what a screen would show.  Both streams of the
 * command and its stdin are the slave.
 *
 * This process keeps one descriptor of the slave as long as the command lives.
 * Without it, whenever nobody has the slave open, poll() on the master says
 * POLLHUP again and again, and even that is no end: /dev/tty can be opened
 * again.  The end is known otherwise: no process is left, and then there is
 * nothing to read (reading takes in what is under way inside of the kernel).
 *
 * Async-signal-safe calls only.
 */

#ifndef _NGX_CC_PTY_H_INCLUDED_
#define _NGX_CC_PTY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


/* bytes of a line in canonical mode, without its end (N_TTY_BUF_SIZE - 1) */

#define NGX_CC_PTY_LINE     4095

/* at most so much can be read when no process is left */

#define NGX_CC_PTY_LEFT     65536


typedef struct {
    int             master;      /* does not block; -1 = no terminal */
    int             slave;
    uint32_t        line;        /* bytes of an unfinished line, at most */
    unsigned        literal:1;   /* the next character is none of control */
    unsigned        mute:1;      /* POLLOUT has lied: do not ask before
                                    retry_at */
    uint32_t        patience;    /* ms of the last wait */
    uint64_t        retry_at;    /* ms; write again, whatever poll() says */
} ngx_cc_pty_t;


/*
 * Makes one of that size: input in lines (ICANON, ICRNL, IUTF8, erase is 0x7f,
 * no IXON), signals from ^C ^\ ^Z, output with ONLCR, an echo if "echo" says
 * so.  Owned by whom this process runs as.  Returns 0, or -1 with errno
 * (ENOSPC: there are too many) and nothing open.
 */
int ngx_cc_pty_open(ngx_cc_pty_t *pty, unsigned cols, unsigned rows,
    int echo);

/*
 * Gives it another size: its foreground group gets SIGWINCH.  The size that it
 * has already stands for "draw again": one row less, and that size.  Nothing
 * happens without a terminal.
 */
void ngx_cc_pty_resize(ngx_cc_pty_t *pty, unsigned cols, unsigned rows);

/* the size that it has; 0 and 0 of none */
void ngx_cc_pty_size(const ngx_cc_pty_t *pty, uint16_t *cols, uint16_t *rows);

/*
 * Types.  Returns how many bytes were taken, more than 0; or -1 with errno:
 * EAGAIN: it takes none now, try again when it has output or it is retry_at
 * ("now" is ms of the same clock, which is any); EMSGSIZE: what follows is a
 * line of more than NGX_CC_PTY_LINE bytes, which the kernel would cut without a
 * word (in canonical mode only, as the program has set it at this moment).
 */
ssize_t ngx_cc_pty_write(ngx_cc_pty_t *pty, const uint8_t *p, size_t n,
    uint64_t now);

/*
 * Types the end of file (VEOF): once at the start of a line, else twice: the
 * first one only ends the line.  Returns 0, or -1 with EAGAIN as above: to be
 * called again.
 */
int ngx_cc_pty_eof(ngx_cc_pty_t *pty, uint64_t now);

/* 1 when it is worth while to ask for POLLOUT */
int ngx_cc_pty_poll(const ngx_cc_pty_t *pty);

/*
 * The kernel's own way of ^C, ^\ and ^Z: SIGINT, SIGQUIT or SIGTSTP to the
 * foreground group.  Returns 0, or -1: another signal, or no such group.
 */
int ngx_cc_pty_signal(ngx_cc_pty_t *pty, int signo);

/* the foreground group, 0 = none */
pid_t ngx_cc_pty_group(const ngx_cc_pty_t *pty);

/*
 * poll() says POLLHUP although our slave is open: somebody has hung it up
 * (vhangup(2)).  Returns 1: it can be used again, 0: it is over.
 */
int ngx_cc_pty_revive(ngx_cc_pty_t *pty);

/* is the slave open elsewhere?  Ours is closed for good */
int ngx_cc_pty_held(ngx_cc_pty_t *pty);

/* closes what is open */
void ngx_cc_pty_close(ngx_cc_pty_t *pty);


#endif /* _NGX_CC_PTY_H_INCLUDED_ */
