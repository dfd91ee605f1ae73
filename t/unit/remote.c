
/*
 * Commands whose processes live elsewhere: what their helper passes on by the
 * control program, in which order, and what it does when that fails.  What is
 * passed on stands in a file, one signal a line; the command that a test starts
 * is what would stand for the other end here.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "host.h"
#include "ngx_cc_helper.h"


static host_t  host;
static pid_t   helper;
static int     watch[2];
static char    dir[] = "/tmp/cc_remote_XXXXXX";
static char    file[64];         /* what was passed on */


static void
setup(void)
{
    int                   s[2], ring;
    ngx_cc_helper_conf_t  conf;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void) snprintf(file, sizeof(file), "%s/passed", dir);

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe2(watch, O_CLOEXEC), 0);
    ring = ngx_cc_ring_create(HOST_RING);
    ck_assert_int_ne(ring, -1);

    helper = fork();

    if (helper == 0) {
        (void) close(watch[1]);
        (void) close(s[0]);

        memset(&conf, 0, sizeof(conf));
        conf.socket = s[1];
        conf.deathwatch = watch[0];
        conf.ring = ring;
        conf.ring_size = HOST_RING;

        ngx_cc_helper_run(&conf);
    }

    (void) close(s[1]);
    (void) close(watch[0]);

    memset(&host, 0, sizeof(host));
    host.socket = s[0];
    host.reader.base = ngx_cc_ring_map(ring, HOST_RING, 0);
    host.reader.size = HOST_RING;
    ck_assert_ptr_nonnull(host.reader.base);
    (void) close(ring);
}


static void
teardown(void)
{
    int   status;
    char  command[300];

    if (host.socket != -1) {
        (void) close(host.socket);
    }

    ck_assert_int_eq(waitpid(helper, &status, 0), helper);
    ck_assert_int_eq(status, 0);

    (void) snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}


/*
 * Starts "sh -c command", in the test's directory; "control" is what the
 * control program does once it has noted the signal, which is $1.
 */

static void
start(const char *command, const char *control, uint64_t grace)
{
    char           text[512];
    const char    *words[] = { "/bin/sh", "-c", text, "control",
                               "%{signal}" };
    host_start_t   o;

    (void) snprintf(text, sizeof(text), "echo $1 >> passed; %s", control);

    memset(&o, 0, sizeof(o));
    o.cwd = dir;
    o.grace = grace;
    o.control = words;
    o.ncontrol = 5;
    host_start(&host, &o, command);
}


static void
await_output(const char *what)
{
    while (strstr(host.out[0], what) == NULL) {
        host_await(&host, NGX_CC_WIRE_OUTPUT);
    }
}


/* all that was passed on so far */

static const char *
passed(void)
{
    int          fd;
    ssize_t      n;
    static char  text[512];

    n = 0;
    fd = open(file, O_RDONLY);

    if (fd != -1) {
        n = read(fd, text, sizeof(text) - 1);
        (void) close(fd);
    }

    text[n > 0 ? n : 0] = '\0';

    return text;
}


static void
await_passed(const char *what)
{
    int  i;

    for (i = 0; i < HOST_TIMEOUT && strcmp(passed(), what) != 0; i += 5) {
        (void) usleep(5000);
    }

    ck_assert_str_eq(passed(), what);
}


static void
signal_told(int signo, uint32_t serial, int flags)
{
    ngx_cc_wire_signal_t  msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_SIGNAL, host.run, sizeof(msg));
    msg.head.flags = flags;
    msg.signo = signo;
    msg.serial = serial;
    host_send(&host, &msg);
}


static void
await_unpassed(int signo, ngx_cc_unpassed_e reason, int detail)
{
    host_await(&host, NGX_CC_WIRE_UNPASSED);
    ck_assert_int_eq(host.msg.unpassed.signo, signo);
    ck_assert_uint_eq(host.msg.unpassed.reason, reason);
    ck_assert_int_eq(host.msg.unpassed.detail, detail);
}


/* what is here gets none of them; each is passed on, in order */

START_TEST(passes)
{
    int    parent, group;
    char   state;
    pid_t  pid;

    start("trap 'echo hit' USR1 CONT; echo $$; sleep 600 & wait; echo $?;"
          "wait; echo no", "", 0);
    await_output("\n");
    pid = atoi(host.out[0]);

    signal_told(SIGSTOP, 7, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_uint_eq(host.msg.signal.serial, 7);
    ck_assert_uint_eq(host.msg.signal.left, 0);
    await_passed("STOP\n");
    ck_assert(host_stat(pid, &state, &parent, &group));
    ck_assert_int_ne(state, 'T');

    signal_told(SIGUSR1, 0, NGX_CC_SIGNAL_UNTOLD);
    signal_told(SIGRTMIN + 2, 0, NGX_CC_SIGNAL_UNTOLD);
    signal_told(SIGCONT, 8, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_uint_eq(host.msg.signal.serial, 8);
    await_passed("STOP\nUSR1\nRTMIN+2\nCONT\n");

    signal_told(SIGKILL, 9, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_SIGNAL);
    ck_assert_str_eq(passed(), "STOP\nUSR1\nRTMIN+2\nCONT\nKILL\n");
    ck_assert_ptr_null(strstr(host.out[0], "hit"));

    /* its helper is as good as new: without a program all is as always */

    host_start(&host, &(host_start_t) { .cwd = dir },
               "trap 'echo hit; exit 4' USR1; echo ready; while :; do"
               " sleep 0.01; done");
    await_output("ready");
    signal_told(SIGUSR1, 0, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "ready\nhit\n");
    ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 4);
}
END_TEST


/* time in which it is stopped elsewhere does not count either */

START_TEST(paused)
{
    host_start_t  o;
    const char   *words[] = { "/bin/true" };

    memset(&o, 0, sizeof(o));
    o.cwd = dir;
    o.run_limit = 2000;
    o.control = words;
    o.ncontrol = 1;
    host_start(&host, &o, "echo ready; exec sleep 600");
    await_output("ready");
    signal_told(SIGSTOP, 1, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_int_eq(host_receive(&host, 4000, NULL, NULL), 0);
    signal_told(SIGCONT, 2, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_TIMEOUT);
}
END_TEST


/* TERM goes to the other end alone, which has the grace time */

START_TEST(term)
{
    start("trap 'echo hit' TERM; echo ready; until grep -q TERM passed; do"
          " sleep 0.01; done 2> /dev/null; echo tidy; exit 143", "", 60000);
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "ready\ntidy\n");
    ck_assert_str_eq(passed(), "TERM\n");
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);

    /* 128 + n is signal n */

    ck_assert(WIFSIGNALED(host.msg.exited.status));
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGTERM);
}
END_TEST


/* one that is stopped there has to go on */

START_TEST(term_stopped)
{
    start("echo ready; until grep -q TERM passed && grep -q CONT passed; do"
          " sleep 0.01; done 2> /dev/null; exit 143", "", 60000);
    await_output("ready");
    signal_told(SIGSTOP, 1, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(passed(), "STOP\nTERM\nCONT\n");
}
END_TEST


/* the grace time is over: KILL there, then TERM and KILL here */

START_TEST(kills)
{
    start("trap 'echo hit' TERM; echo ready; while :; do sleep 0.01; done", "",
          100);
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(passed(), "TERM\nKILL\n");
    ck_assert_str_eq(host.out[0], "ready\nhit\n");
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);
    ck_assert_uint_ge(host.msg.exited.elapsed, 1000000);
}
END_TEST


/* what cannot be passed on is told, and TERM and KILL go to what is here */

START_TEST(fails)
{
    const char    *words[] = { "/nonexistent" };
    host_start_t   o;

    start("trap 'echo hit; exit 5' TERM; echo ready; while :; do sleep 0.01;"
          "done", "exit 3", 60000);
    await_output("ready");
    signal_told(SIGSTOP, 4, 0);
    await_unpassed(SIGSTOP, NGX_CC_UNPASSED_EXIT, 3);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_uint_eq(host.msg.signal.serial, 4);
    ck_assert_uint_eq(host.msg.signal.left, 1);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    await_unpassed(SIGTERM, NGX_CC_UNPASSED_EXIT, 3);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "ready\nhit\n");
    ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 5);

    start("trap '' TERM; echo ready; while :; do sleep 0.01; done",
          "kill -9 $$", 100);
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    await_unpassed(SIGTERM, NGX_CC_UNPASSED_SIGNAL, SIGKILL);
    await_unpassed(SIGKILL, NGX_CC_UNPASSED_SIGNAL, SIGKILL);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);

    memset(&o, 0, sizeof(o));
    o.control = words;
    o.ncontrol = 1;
    host_start(&host, &o, "echo ready; exec sleep 600");
    await_output("ready");
    signal_told(SIGUSR1, 0, NGX_CC_SIGNAL_UNTOLD);
    await_unpassed(SIGUSR1, NGX_CC_UNPASSED_START, ENOENT);
    signal_told(SIGKILL, 0, NGX_CC_SIGNAL_UNTOLD);
    await_unpassed(SIGKILL, NGX_CC_UNPASSED_START, ENOENT);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);
}
END_TEST


/* one that hangs is killed after its time, and all that it has started */

START_TEST(hangs)
{
    pid_t  pid;

    start("echo ready; exec sleep 600",
          "[ $1 = HUP ] || exit 0; sleep 600 & echo $! > pid; wait", 60000);
    await_output("ready");
    signal_told(SIGHUP, 0, NGX_CC_SIGNAL_UNTOLD);
    signal_told(SIGUSR1, 0, NGX_CC_SIGNAL_UNTOLD);
    await_unpassed(SIGHUP, NGX_CC_UNPASSED_TIME, 0);
    await_unpassed(SIGUSR1, NGX_CC_UNPASSED_BUSY, 0);

    (void) snprintf(file, sizeof(file), "%s/pid", dir);
    pid = atoi(passed());
    ck_assert_int_gt(pid, 1);
    ck_assert(host_await_state(pid, "-"));

    signal_told(SIGUSR2, 5, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_uint_eq(host.msg.signal.left, 0);
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGKILL);
    host_await(&host, NGX_CC_WIRE_EXITED);
}
END_TEST


/* what is here is gone while the program for KILL still hangs */

static void
await_killed(void)
{
    pid_t  pid, control;

    pid = atoi(host.out[0]);
    ck_assert_int_gt(pid, 1);
    ck_assert(host_await_state(pid, "-"));

    (void) snprintf(file, sizeof(file), "%s/KILL", dir);
    control = atoi(passed());
    (void) snprintf(file, sizeof(file), "%s/passed", dir);
    ck_assert_int_gt(control, 1);
    ck_assert(kill(control, 0) == 0);

    await_unpassed(SIGKILL, NGX_CC_UNPASSED_TIME, 0);
    ck_assert(host_await_state(control, "-"));
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);
}


/* the ladder and KILL do not wait for one that hangs */

START_TEST(overtakes)
{
    start("trap '' TERM; echo $$; while :; do sleep 0.01; done",
          "echo $$ > $1; exec sleep 600", 100);
    await_output("\n");
    signal_told(SIGUSR1, 0, NGX_CC_SIGNAL_UNTOLD);
    signal_told(SIGUSR2, 6, 0);
    await_passed("USR1\n");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    await_unpassed(SIGUSR1, NGX_CC_UNPASSED_OVERTAKEN, 0);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_uint_eq(host.msg.signal.serial, 6);
    ck_assert_uint_eq(host.msg.signal.left, 1);
    await_unpassed(SIGTERM, NGX_CC_UNPASSED_OVERTAKEN, 0);
    await_killed();
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);

    start("echo $$; exec sleep 600", "echo $$ > $1; exec sleep 600", 60000);
    await_output("\n");
    signal_told(SIGHUP, 0, NGX_CC_SIGNAL_UNTOLD);
    await_passed("USR1\nTERM\nKILL\nHUP\n");
    signal_told(SIGKILL, 0, NGX_CC_SIGNAL_UNTOLD);
    await_unpassed(SIGHUP, NGX_CC_UNPASSED_OVERTAKEN, 0);
    await_killed();
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_SIGNAL);
}
END_TEST


/* nobody is there any more: the other end is told all the same */

START_TEST(orphan)
{
    int     status;
    char    command[300];

    start("echo ready; until grep -q TERM passed; do sleep 0.01; done"
          " 2> /dev/null", "", 60000);
    await_output("ready");
    (void) close(host.socket);
    host.socket = -1;
    await_passed("TERM\n");

    ck_assert_int_eq(waitpid(helper, &status, 0), helper);
    ck_assert_int_eq(status, 0);
    (void) snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST


/* it ends while a program runs that would never: nobody waits for that */

START_TEST(ended)
{
    start("echo ready; until grep -q HUP passed; do sleep 0.01; done"
          " 2> /dev/null; exit 200", "exec sleep 600", 60000);
    await_output("ready");
    signal_told(SIGHUP, 0, NGX_CC_SIGNAL_UNTOLD);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 200);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_uint_eq(host.msg.exited.swept, 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("remote");
    Suite  *s = suite_create("remote");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, passes);
    tcase_add_test(tc, paused);
    tcase_add_test(tc, term);
    tcase_add_test(tc, term_stopped);
    tcase_add_test(tc, kills);
    tcase_add_test(tc, fails);
    tcase_add_test(tc, hangs);
    tcase_add_test(tc, overtakes);
    tcase_add_test(tc, ended);
    suite_add_tcase(s, tc);

    tc = tcase_create("alone");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, orphan);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
