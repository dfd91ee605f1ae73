
/* a terminal: what is typed, what is shown, who gets the signals */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_child.h"
#include "ngx_cc_pty.h"


#define PIECE  100


static ngx_cc_pty_t  pty;
static uint8_t       text[70000];


static void
setup(void)
{
    /* what is started in the background ignores them */
    (void) signal(SIGINT, SIG_DFL);
    (void) signal(SIGQUIT, SIG_DFL);

    ck_assert_int_eq(ngx_cc_pty_open(&pty, 100, 30, 1), 0);
    memset(text, 'x', sizeof(text));
}


static void
teardown(void)
{
    ngx_cc_pty_close(&pty);
    ck_assert_int_eq(pty.master, -1);
    ck_assert_int_eq(pty.slave, -1);
}


static void
lflag(tcflag_t clear)
{
    struct termios  t;

    ck_assert_int_eq(tcgetattr(pty.slave, &t), 0);
    t.c_lflag &= ~clear;
    ck_assert_int_eq(tcsetattr(pty.slave, TCSANOW, &t), 0);
}


/*
 * What can be read of that descriptor, as a string: until "text" is there, for
 * 20 s at most, and what follows it within a moment.
 */

static const char *
shown(int fd, const char *text)
{
    size_t         n;
    ssize_t        rc;
    struct pollfd  pfd;

    static char  buf[16384];

    n = 0;
    buf[0] = '\0';
    pfd.fd = fd;
    pfd.events = POLLIN;

    while (poll(&pfd, 1, strstr(buf, text) ? 20 : 20000) == 1) {
        rc = read(fd, buf + n, sizeof(buf) - 1 - n);

        if (rc <= 0) {
            break;
        }

        n += rc;
        buf[n] = '\0';
    }

    return buf;
}


/* that, and nothing else */

static void
shows(int fd, const char *text)
{
    ck_assert_str_eq(shown(fd, text), text);
}


START_TEST(birth)
{
    int             flags;
    struct termios  t;
    struct winsize  size;

    ck_assert_int_eq(ioctl(pty.slave, TIOCGWINSZ, &size), 0);
    ck_assert_int_eq(size.ws_col, 100);
    ck_assert_int_eq(size.ws_row, 30);

    ck_assert_int_eq(tcgetattr(pty.slave, &t), 0);
    ck_assert_uint_eq(t.c_iflag & (ICRNL|IUTF8|IXON|IXOFF|ISTRIP),
                      ICRNL|IUTF8);
    ck_assert_uint_eq(t.c_oflag & (OPOST|ONLCR), OPOST|ONLCR);
    ck_assert_uint_eq(t.c_lflag & (ISIG|ICANON|IEXTEN|ECHO|ECHOE|ECHOK),
                      ISIG|ICANON|IEXTEN|ECHO|ECHOE|ECHOK);
    ck_assert_uint_eq(t.c_cc[VERASE], 0x7f);
    ck_assert_uint_eq(t.c_cc[VEOF], 4);
    ck_assert_uint_eq(t.c_cc[VINTR], 3);

    /* ours do not cross an exec, and reading never waits */

    ck_assert(fcntl(pty.master, F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(pty.slave, F_GETFD) & FD_CLOEXEC);
    flags = fcntl(pty.master, F_GETFL);
    ck_assert(flags & O_NONBLOCK);
    ck_assert(!(fcntl(pty.slave, F_GETFL) & O_NONBLOCK));

    /* it did not become the terminal of this process */

    ck_assert_int_eq(open("/dev/tty", O_RDWR), -1);

    ngx_cc_pty_close(&pty);
    ck_assert_int_eq(ngx_cc_pty_open(&pty, 1, 1000, 0), 0);
    ck_assert_int_eq(tcgetattr(pty.slave, &t), 0);
    ck_assert_uint_eq(t.c_lflag & (ICANON|ECHO), ICANON);
    ck_assert_int_eq(ioctl(pty.slave, TIOCGWINSZ, &size), 0);
    ck_assert_int_eq(size.ws_col, 1);
    ck_assert_int_eq(size.ws_row, 1000);
}
END_TEST


/* without an own session there would be one: see birth */

static void
session(void)
{
    (void) setsid();
}


/* 4,095 bytes of a line: all of them arrive; one more is refused, not cut */

START_TEST(longest)
{
    char  line[8192];

    lflag(ECHO);

    text[4095] = '\n';
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 4096, 0), 4096);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 4096);
    ck_assert_mem_eq(line, text, 4096);

    text[4095] = 'x';
    text[4096] = '\n';
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 4097, 0), -1);
    ck_assert_int_eq(errno, EMSGSIZE);

    /* the line before it is typed, it is not */

    memcpy(text, "abc\n", 4);
    text[4 + 4096] = '\n';
    text[4096] = 'x';
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 4 + 4097, 0), 4);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text + 4, 4097, 0), -1);
    ck_assert_int_eq(errno, EMSGSIZE);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 4);

    /* nothing of it has been kept: a short line is whole */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "de\r", 3, 0), 3);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 3);
    ck_assert_mem_eq(line, "de\n", 3);
}
END_TEST


/* a line that comes in pieces is one line */

START_TEST(pieces)
{
    int   i;
    char  line[8192];

    lflag(ECHO);

    for (i = 0; i < 40; i++) {
        ck_assert_int_eq(ngx_cc_pty_write(&pty, text, PIECE, 0), PIECE);
    }

    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, PIECE, 0), -1);
    ck_assert_int_eq(errno, EMSGSIZE);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 95, 0), 95);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 1, 0), -1);

    /* ^U takes it back, ^C as well, ^W and ^? a bit of it */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "\x7f", 1, 0), 1);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 1, 0), 1);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 1, 0), -1);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "\x15ok\n", 4, 0), 4);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 3);
    ck_assert_mem_eq(line, "ok\n", 3);

    /* ^V: the next character is none of control */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "\x16\x15y\n", 4, 0),
                     4);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 3);
    ck_assert_mem_eq(line, "\x15y\n", 3);
}
END_TEST


/* many lines, a reader that takes its time: every byte, in order */

START_TEST(flow)
{
    size_t         i, sent, got, raw;
    ssize_t        n;
    struct pollfd  fd;

    static uint8_t  back[sizeof(text)];

    raw = _i;
    lflag(raw ? ECHO|ICANON : ECHO);

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (i % 1000 == 999) ? '\n' : ' ' + i % 94;
    }

    (void) fcntl(pty.slave, F_SETFL, O_RDWR|O_NONBLOCK);

    sent = 0;
    got = 0;

    while (got < sizeof(text)) {

        if (sent < sizeof(text)) {
            n = ngx_cc_pty_write(&pty, text + sent, sizeof(text) - sent, 1000);

            if (n == -1) {
                ck_assert_int_eq(errno, EAGAIN);
                ck_assert_uint_gt(pty.retry_at, 1000);
                ck_assert_uint_lt(sent - got, 40000);

            } else {
                sent += n;
                ck_assert_uint_eq(pty.retry_at, UINT64_MAX);
                continue;
            }
        }

        fd.fd = pty.slave;
        fd.events = POLLIN;
        ck_assert_int_eq(poll(&fd, 1, 5000), 1);
        n = read(pty.slave, back + got, sizeof(back) - got);
        ck_assert_int_gt(n, 0);
        got += n;
    }

    ck_assert_mem_eq(back, text, sizeof(text));
}
END_TEST


/* the longer it takes nothing, the less often it is asked */

START_TEST(patience)
{
    uint64_t  now;
    unsigned  asked;

    lflag(ECHO|ICANON);

    /*
     * The kernel takes what was written on to the reader's side some time
     * later, and tells nobody: full is what is still full after a while.
     */

    do {
        while (ngx_cc_pty_write(&pty, text, sizeof(text), 0) > 0) {
            /* void */
        }

        (void) poll(NULL, 0, 100);

    } while (ngx_cc_pty_write(&pty, text, 1, 0) > 0);

    asked = 0;

    for (now = 0; now < 10000; now = pty.retry_at) {
        ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 1, now), -1);
        ck_assert_uint_gt(pty.retry_at, now);
        ck_assert_uint_le(pty.retry_at, now + 200);
        asked++;
    }

    ck_assert_uint_lt(asked, 70);

    /* output in between does not count as waiting */

    now = pty.retry_at - 1;
    ck_assert_int_eq(ngx_cc_pty_write(&pty, text, 1, now), -1);
    ck_assert_uint_eq(pty.retry_at, now + 1);
}
END_TEST


START_TEST(eof)
{
    char  line[100];

    lflag(ECHO);

    ck_assert_int_eq(ngx_cc_pty_eof(&pty, 0), 0);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 0);

    /* in a line: that ends, and then there is an end of file */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "abc", 3, 0), 3);
    ck_assert_int_eq(ngx_cc_pty_eof(&pty, 0), 0);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 3);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 0);

    /* it is no end for good */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "d\n", 2, 0), 2);
    ck_assert_int_eq(read(pty.slave, line, sizeof(line)), 2);

    /* who reads every byte gets it as one */

    lflag(ICANON);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "e", 1, 0), 1);
    ck_assert_int_eq(ngx_cc_pty_eof(&pty, 0), 0);
    shows(pty.slave, "e\x04");
}
END_TEST


START_TEST(echo)
{
    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "ab\x13" "c\n", 5, 0),
                     5);
    shows(pty.master, "ab^Sc\r\n");
    shows(pty.slave, "ab\x13" "c\n");

    /* a character of two bytes is erased as one */

    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "a\xc3\xa4\x7f\n", 5,
                                      0), 5);
    shows(pty.slave, "a\n");
}
END_TEST


/* a process with that terminal, in "run" */

static pid_t
command(const char *script)
{
    pid_t                   pid;
    ngx_cc_child_t          child;
    ngx_cc_child_result_t   result;

    const char  *argv[] = { "sh", "-c", script, NULL };
    const char  *env[] = { "PATH=/usr/bin:/bin", NULL };

    static const ngx_cc_confine_t  confine = { .umask = 077 };

    memset(&child, 0, sizeof(child));
    child.cwd = "/";
    child.beneath = "";
    child.program = "/bin/sh";
    child.argv = argv;
    child.env = env;
    child.confine = &confine;
    child.fence = -1;
    child.script = -1;
    child.tty = pty.slave;

    pid = ngx_cc_child_start(&child, &result);
    ck_assert_msg(pid > 0, "stage %d, errno %d", result.stage, result.error);

    return pid;
}


START_TEST(child)
{
    int    status;
    char   expected[100];
    pid_t  pid;

    /* group, session and foreground group of the shell; its descriptors:
       0 to 3, and the directory that it lists */

    pid = command("test -t 0 && test -t 1 && test -t 2 && exec 3<>/dev/tty "
                  "&& stty size <&3 && set -- $(cat /proc/$$/stat) "
                  "&& echo $5 $6 $8; set -- /proc/$$/fd/*; echo $#");

    (void) snprintf(expected, sizeof(expected), "30 100\r\n%d %d %d\r\n5\r\n",
                    pid, pid, pid);
    shows(pty.master, expected);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST


START_TEST(sizes)
{
    int             status;
    pid_t           pid;
    struct winsize  size;

    /* a shell may lose one that comes while it handles another */

    pid = command("exec perl -e '$| = 1; print qq(ready\\n) if "
                  "$SIG{WINCH} = sub { print `stty size` }; "
                  "print while <STDIN>'");
    shows(pty.master, "ready\r\n");

    ngx_cc_pty_resize(&pty, 132, 43);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "x\n", 2, 0), 2);
    ck_assert_ptr_nonnull(strstr(shown(pty.master, "43 132\r\n"),
                                 "43 132\r\n"));

    /* the same once more: drawn again, at the size that it has */

    ngx_cc_pty_resize(&pty, 132, 43);
    ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) "x\n", 2, 0), 2);
    ck_assert_ptr_nonnull(strstr(shown(pty.master, "43 132\r\n"),
                                 "43 132\r\n"));

    ngx_cc_pty_resize(&pty, 1, 1);
    ngx_cc_pty_resize(&pty, 1, 1);
    ck_assert_int_eq(ioctl(pty.slave, TIOCGWINSZ, &size), 0);
    ck_assert_int_eq(size.ws_row, 1);
    ck_assert_int_eq(size.ws_col, 1);

    ck_assert_int_eq(kill(-pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST


START_TEST(signals)
{
    int    i, status;
    pid_t  pid;

    static const int  signo[] = { SIGINT, SIGQUIT };

    ck_assert_int_eq(ngx_cc_pty_group(&pty), 0);
    ck_assert_int_eq(ngx_cc_pty_signal(&pty, SIGINT), -1);

    for (i = 0; i < 2; i++) {
        pid = command("ulimit -c 0; echo ready; exec sleep 100");
        shows(pty.master, "ready\r\n");

        ck_assert_int_eq(ngx_cc_pty_group(&pty), pid);
        ck_assert_int_eq(ngx_cc_pty_signal(&pty, SIGTERM), -1);
        ck_assert_int_eq(ngx_cc_pty_signal(&pty, signo[i]), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == signo[i]);

        /* as typed */

        ngx_cc_pty_close(&pty);
        ck_assert_int_eq(ngx_cc_pty_open(&pty, 80, 24, 1), 0);
        pid = command("ulimit -c 0; echo ready; exec sleep 100");
        shows(pty.master, "ready\r\n");
        ck_assert_int_eq(ngx_cc_pty_write(&pty, (uint8_t *) (i ? "\x1c" : "\3"),
                                          1, 0), 1);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == signo[i]);

        ngx_cc_pty_close(&pty);
        ck_assert_int_eq(ngx_cc_pty_open(&pty, 80, 24, 1), 0);
    }
}
END_TEST


/* nobody else has it open: that is no event.  A hang-up is repaired */

START_TEST(quiet)
{
    int            fd, status;
    pid_t          pid;
    char           name[32];
    struct pollfd  pfd;

    pid = command("exec 0<&- 1>&- 2>&-; exit 3");
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);

    pfd.fd = pty.master;
    pfd.events = POLLIN;
    ck_assert_int_eq(poll(&pfd, 1, 0), 0);

    ck_assert_int_eq(ioctl(pty.master, TIOCGPTN, &fd), 0);
    (void) snprintf(name, sizeof(name), "/dev/pts/%d", fd);
    fd = open(name, O_RDWR|O_NOCTTY);

    if (fd != -1) {
        ck_assert_int_eq(ngx_cc_pty_held(&pty), 1);
        (void) close(fd);
    }

    ck_assert_int_eq(ngx_cc_pty_held(&pty), 0);
    ck_assert_int_eq(pty.slave, -1);

    ck_assert_int_eq(poll(&pfd, 1, 0), 1);
    ck_assert_int_eq(pfd.revents, POLLHUP);
    ck_assert_int_eq(ngx_cc_pty_revive(&pty), 1);
    ck_assert_int_eq(poll(&pfd, 1, 0), 0);
    ck_assert_int_eq(write(pty.slave, "back\n", 5), 5);
    shows(pty.master, "back\r\n");
}
END_TEST


/* there are too many: in a mount namespace of our own, with room for two */

START_TEST(too_many)
{
    ngx_cc_pty_t  other[3];

    if (unshare(CLONE_NEWNS) == -1
        || mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL) == -1
        || mount("devpts", "/dev/pts", "devpts", 0,
                 "newinstance,ptmxmode=0666,max=2") == -1
        || mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL) == -1)
    {
        /* not as root: t/27-terminal-limits has the same from outside */
        return;
    }

    ck_assert_int_eq(ngx_cc_pty_open(&other[0], 80, 24, 1), 0);
    ck_assert_int_eq(ngx_cc_pty_open(&other[1], 80, 24, 1), 0);
    ck_assert_int_eq(ngx_cc_pty_open(&other[2], 80, 24, 1), -1);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(other[2].master, -1);
    ck_assert_int_eq(other[2].slave, -1);

    ngx_cc_pty_close(&other[0]);
    ck_assert_int_eq(ngx_cc_pty_open(&other[2], 80, 24, 1), 0);
    ngx_cc_pty_close(&other[1]);
    ngx_cc_pty_close(&other[2]);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("pty");
    Suite  *s = suite_create("pty");

    tcase_set_timeout(tc, 60);
    tcase_add_unchecked_fixture(tc, session, NULL);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, birth);
    tcase_add_test(tc, longest);
    tcase_add_test(tc, pieces);
    tcase_add_loop_test(tc, flow, 0, 2);
    tcase_add_test(tc, patience);
    tcase_add_test(tc, eof);
    tcase_add_test(tc, echo);
    tcase_add_test(tc, child);
    tcase_add_test(tc, sizes);
    tcase_add_test(tc, signals);
    tcase_add_test(tc, quiet);
    tcase_add_test(tc, too_many);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
