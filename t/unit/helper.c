
/*
 * The process manager: what a helper does with a command, from START to
 * EXITED, and what becomes of it when somebody dies.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "host.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_helper.h"
#include "ngx_cc_script.h"


static host_t  host;
static pid_t   helper;
static int     watch[2];
static int     enclosed;         /* in the tests from "enclose" on */
static char    dir[] = "/tmp/cc_helper_XXXXXX";


static void
setup(void)
{
    int                   s[2], ring;
    ngx_cc_helper_conf_t  conf;

    ck_assert_ptr_nonnull(mkdtemp(dir));
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
        conf.enclosed = enclosed;

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


/* whatever happened: at the end of its socket a helper leaves, with 0 */

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


static const host_start_t  usual;


/* pids that a command prints, one a line */

static pid_t
printed(int n)
{
    char  *p;

    for (p = host.out[0]; n && p; n--) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }

    ck_assert_ptr_nonnull(p);
    ck_assert_int_gt(atoi(p), 1);

    return atoi(p);
}


static void
await_output(const char *what)
{
    while (strstr(host.out[0], what) == NULL) {
        host_await(&host, NGX_CC_WIRE_OUTPUT);
    }
}


static void
await_lines(int n)
{
    int          have;
    const char  *p;

    do {
        host_await(&host, NGX_CC_WIRE_OUTPUT);
        have = 0;

        for (p = host.out[0]; (p = strchr(p, '\n')) != NULL; p++) {
            have++;
        }

    } while (have < n);
}


START_TEST(runs)
{
    int  i;

    /* again and again: a helper is used many times */

    for (i = 0; i < 20; i++) {
        host_start(&host, &usual, "echo out; echo err >&2; exit 7");
        host_await(&host, NGX_CC_WIRE_EXITED);

        ck_assert_str_eq(host.out[0], "out\n");
        ck_assert_str_eq(host.out[1], "err\n");
        ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 7);
        ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
        ck_assert_uint_eq(host.msg.exited.bytes[0], 4);
        ck_assert_uint_eq(host.msg.exited.bytes[1], 4);
        ck_assert_uint_eq(host.msg.exited.swept, 0);
        ck_assert_uint_eq(host.msg.head.flags, NGX_CC_EXITED_REUSABLE);
        ck_assert_uint_eq(host.msg.head.run, i + 1);
        ck_assert_int_gt(host.msg.exited.pid, 1);
        ck_assert_uint_gt(host.msg.exited.max_rss, 100);
    }
}
END_TEST


/* STARTED comes soon for a command that lasts; EXITED stands for it else */

START_TEST(started)
{
    pid_t  pid;

    host_start(&host, &usual, "exec sleep 600");
    ck_assert_int_eq(host_receive(&host, HOST_TIMEOUT, NULL, NULL),
                     NGX_CC_WIRE_STARTED);
    pid = host.msg.started.pid;
    ck_assert(host_await_state(pid, "S"));

    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(host.msg.exited.pid, pid);
}
END_TEST


START_TEST(failed)
{
    host_start_t  o;

    o = usual;
    o.program = "/nonexistent";
    host_start(&host, &o, "");
    host_await(&host, NGX_CC_WIRE_FAILED);
    ck_assert_uint_eq(host.msg.failed.stage, NGX_CC_STAGE_EXEC);
    ck_assert_int_eq(host.msg.failed.error, ENOENT);

    o = usual;
    o.cwd = "/nonexistent";
    host_start(&host, &o, "");
    host_await(&host, NGX_CC_WIRE_FAILED);
    ck_assert_uint_eq(host.msg.failed.stage, NGX_CC_STAGE_CHDIR);

    o = usual;
    o.program = "sh";
    o.flags = NGX_CC_START_SEARCH;
    host_start(&host, &o, "echo found");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "found\n");
}
END_TEST


/*
 * Signals go to the whole tree, and to nobody else: its group is that of the
 * command, never 0, 1 or the helper's or ours.
 */

START_TEST(group)
{
    int    parent, pgid;
    char   state;
    pid_t  pid, member, other;

    other = fork();                      /* in our group, to be left alone */

    if (other == 0) {
        (void) alarm(60);
        (void) pause();
        _exit(0);
    }

    host_start(&host, &usual, "sleep 600 & echo $!; wait");
    await_output("\n");
    member = printed(0);

    ck_assert(host_stat(member, &state, &parent, &pgid));
    pid = parent;
    ck_assert_int_eq(pgid, pid);
    ck_assert_int_gt(pgid, 1);
    ck_assert_int_ne(pgid, getpgrp());
    ck_assert_int_ne(pgid, helper);
    ck_assert(host_stat(pid, &state, &parent, &pgid));
    ck_assert_int_eq(parent, helper);
    ck_assert_int_eq(pgid, pid);

    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGSTOP);
    ck_assert(host_await_state(member, "T"));
    ck_assert(host_await_state(pid, "T"));
    ck_assert(host_await_state(helper, "S"));
    ck_assert(host_await_state(other, "S"));

    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGCONT);
    ck_assert(host_await_state(member, "S"));
    ck_assert(host_await_state(pid, "S"));

    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGTERM);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_SIGNAL);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGTERM);
    ck_assert(host_await_state(member, "-"));

    /* one for a command that is over hits nobody */

    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGKILL);
    host_start(&host, &usual, "echo again");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "again\n");
    ck_assert(host_await_state(other, "S"));

    (void) kill(other, SIGKILL);
    (void) waitpid(other, NULL, 0);
}
END_TEST


/* TERM, the grace time, KILL */

START_TEST(ladder)
{
    host_start_t  o;

    host_start(&host, &usual, "trap 'echo tidy; exit 3' TERM; echo ready;"
                              "while :; do sleep 0.01; done");
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "ready\ntidy\n");
    ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 3);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);

    o = usual;
    o.grace = 100;
    host_start(&host, &o, "trap '' TERM; echo ready; while :; do sleep 1;"
                          "done");
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGKILL);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);
    ck_assert_uint_ge(host.msg.exited.elapsed, 100000);

    /* a stopped one gets TERM all the same, long before the grace is over */

    o.grace = 15000;
    host_start(&host, &o, "echo ready; exec sleep 600");
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGSTOP);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WTERMSIG(host.msg.exited.status), SIGTERM);
    ck_assert_uint_lt(host.msg.exited.elapsed, 10000000);
}
END_TEST


START_TEST(limits)
{
    host_start_t  o;

    o = usual;
    o.run_limit = 100;
    host_start(&host, &o, "exec sleep 600");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_TIMEOUT);
    ck_assert_uint_ge(host.msg.exited.elapsed, 99000);

    o = usual;
    o.silence = 1000;
    host_start(&host, &o, "for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done;"
                          "exec sleep 600");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_SILENCE);
    ck_assert_str_eq(host.out[0], "1\n2\n3\n4\n5\n6\n");

    /* silence does not count while it is paused */

    host_start(&host, &o, "echo ready; exec sleep 600");
    await_output("ready");
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGSTOP);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_int_eq(host_receive(&host, 2000, NULL, NULL), 0);
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGCONT);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_SILENCE);
}
END_TEST


/* whoever left the group, the session, the parent */

START_TEST(sweep)
{
    int    i;
    pid_t  pid[4];

    host_start(&host, &usual,
               "sleep 600 & echo $!; setsid sleep 600 & echo $!;"
               "(setsid sleep 600 & echo $!);"
               "setsid sh -c 'trap \"\" TERM; echo $$; sleep 600; sleep 600' &"
               "sleep 0.2");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_uint_ge(host.msg.exited.swept, 4);

    for (i = 0; i < 4; i++) {
        pid[i] = printed(i);
        ck_assert(host_await_state(pid[i], "-"));
    }
}
END_TEST


/* a window that is full: nothing more is read; a credit: it goes on */

START_TEST(back_pressure)
{
    int           i;
    host_start_t  o;

    o = usual;
    o.window = 65536;
    host_start(&host, &o, "seq 1 100000");
    host.lazy = 1;

    while (host_receive(&host, 500, NULL, NULL) != 0) {
        if (host.msg.head.type == NGX_CC_WIRE_OUTPUT) {
            host.outputs++;
            host.head = host.msg.output.pos;
        }
    }

    /* one OUTPUT, although more came: the next only after a credit */

    ck_assert_int_eq(host.outputs, 1);
    ck_assert_uint_le(host.head, 65536);

    host.lazy = 0;
    host_take(&host);
    host_await(&host, NGX_CC_WIRE_EXITED);

    ck_assert_uint_eq(host.len[0], 588895);
    ck_assert_uint_eq(host.msg.exited.bytes[0], 588895);

    for (i = 1; i <= 100000; i += 9999) {
        char  line[16];

        (void) snprintf(line, sizeof(line), "%d\n", i);
        ck_assert_ptr_nonnull(strstr(host.out[0], line));
    }

    /* stuck in a full ring, it can be cancelled all the same */

    host_start(&host, &o, "exec yes");
    host.lazy = 1;
    host_await(&host, NGX_CC_WIRE_STARTED);
    host_await(&host, NGX_CC_WIRE_OUTPUT);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host.lazy = 0;
    host_take(&host);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_CANCEL);
    ck_assert_uint_eq(host.msg.exited.bytes[0], host.len[0]);
}
END_TEST


/*
 * It ends with more than fits: that is told, once, and what is left can be
 * thrown away without another cause
 */

START_TEST(ended)
{
    host_start_t  o = { .window = NGX_CC_RING_MIN, .run_limit = 300 };

    host_start(&host, &o, "exec yes");
    host.lazy = 1;
    host_await(&host, NGX_CC_WIRE_ENDED);
    host_tell(&host, NGX_CC_WIRE_ABANDON, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_TIMEOUT);
    ck_assert_uint_gt(host.msg.exited.bytes[0], host.head);

    /* read on instead, it brings everything */

    host_start(&host, &o, "exec yes");
    host.lazy = 1;
    host_await(&host, NGX_CC_WIRE_ENDED);
    host.lazy = 0;
    host_take(&host);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_TIMEOUT);
    ck_assert_uint_eq(host.msg.exited.bytes[0], host.len[0]);

    host_tell(&host, NGX_CC_WIRE_RELEASE, 0);
}
END_TEST


/* the time that it is paused does not count against its run limit */

START_TEST(paused_limit)
{
    host_start_t  o = { .run_limit = 300 };

    host_start(&host, &o, "exec sleep 60");
    host_await(&host, NGX_CC_WIRE_STARTED);
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGSTOP);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    ck_assert_int_eq(host_receive(&host, 900, NULL, NULL), 0);
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGCONT);
    host_await(&host, NGX_CC_WIRE_SIGNALLED);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_TIMEOUT);
    ck_assert_uint_ge(host.msg.exited.elapsed, 1150000);
}
END_TEST


/* nobody reads any more: the tree ends, the helper is ready again */

START_TEST(abandoned)
{
    host_start(&host, &usual, "trap 'yes | head -c 1000000; exit 0' TERM;"
                              "echo ready; while :; do sleep 0.01; done");
    await_output("ready");
    host.lazy = 1;
    host_tell(&host, NGX_CC_WIRE_ABANDON, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_DISCONNECT);
    ck_assert_uint_eq(host.msg.head.flags, NGX_CC_EXITED_REUSABLE);

    host_tell(&host, NGX_CC_WIRE_RELEASE, 0);
    host_start(&host, &usual, "echo again");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "again\n");
}
END_TEST


START_TEST(input)
{
    host_start_t    o;
    static uint8_t  big[NGX_CC_WIRE_MAX_INPUT];

    o = usual;
    o.flags = NGX_CC_START_STDIN;
    memset(big, 'b', sizeof(big));

    host_start(&host, &o, "cat; echo end");
    host_input(&host, "one\n", 4, 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(host.msg.input.len, 4);
    ck_assert_uint_eq(host.msg.head.flags, 0);
    await_output("one\n");

    host_input(&host, big, sizeof(big), 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(host.msg.input.len, sizeof(big));

    host_input(&host, "", 0, 1);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.len[0], 4 + sizeof(big) + 4);

    /* one that closes its stdin takes no more, and says so */

    host_start(&host, &o, "exec 0<&-; echo ready; exec sleep 600");
    await_output("ready");
    host_input(&host, "lost\n", 5, 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(host.msg.input.len, 0);
    ck_assert_uint_eq(host.msg.head.flags, NGX_CC_INPUT_CLOSED);
    host_input(&host, "lost\n", 5, 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_await(&host, NGX_CC_WIRE_EXITED);

    /* an input that is never read is answered at the end */

    host_start(&host, &o, "echo ready; sleep 0.2");
    await_output("ready");
    host_input(&host, big, sizeof(big), 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    host_input(&host, big, sizeof(big), 0);
    host_await(&host, NGX_CC_WIRE_INPUT_DONE);
    host_await(&host, NGX_CC_WIRE_EXITED);
}
END_TEST


/* who asks to be traced by us is let go, and has not ended when it stops */

START_TEST(traced)
{
    char  line[256];

    (void) snprintf(line, sizeof(line), "exec perl -e 'syscall %d, 0, 0, 0, 0;"
                    "kill \"STOP\", $$; $| = 1; print \"went on\\n\";"
                    "exec \"sh\", \"-c\", \"echo ran; exit 7\"'",
                    (int) SYS_ptrace);

    host_start(&host, &usual, line);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "went on\nran\n");
    ck_assert_int_eq(host.msg.exited.status, 7 << 8);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
}
END_TEST


/* what belongs to another run is ignored */

START_TEST(stale)
{
    host_start(&host, &usual, "echo one");
    host_await(&host, NGX_CC_WIRE_EXITED);
    host_start(&host, &usual, "echo ready; sleep 0.3; echo two");
    await_output("ready");

    host.run--;
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host_tell(&host, NGX_CC_WIRE_ABANDON, 0);
    host_tell(&host, NGX_CC_WIRE_SIGNAL, SIGKILL);
    host.run += 2;
    host_tell(&host, NGX_CC_WIRE_CANCEL, 0);
    host.run--;

    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_str_eq(host.out[0], "ready\ntwo\n");
}
END_TEST


/* the three ways to be left alone: the tree goes, and then the helper */

START_TEST(alone)
{
    int           i;
    pid_t         pid[3];
    host_start_t  o;

    o = usual;
    o.grace = 200;
    host_start(&host, &o, "trap '' TERM; echo $$; setsid sleep 600 & echo $!;"
                          "(setsid sleep 600 & echo $!); while :; do sleep 1;"
                          "done");

    await_lines(3);

    for (i = 0; i < 3; i++) {
        pid[i] = printed(i);
    }

    switch (_i) {

    case 0:                              /* the worker is gone */
        (void) close(host.socket);
        host.socket = -1;
        break;

    case 1:                              /* the master is gone */
        (void) close(watch[1]);
        break;

    default:                             /* the worker talks nonsense */
        ck_assert_int_eq(ngx_cc_fdmsg_send(host.socket, "nonsense", 8, NULL,
                                           0), 0);
    }

    for (i = 0; i < 3; i++) {
        ck_assert(host_await_state(pid[i], "-"));
    }

    ck_assert(host_await_state(helper, "Z-"));
}
END_TEST


/* a START whose sender has died is not obeyed */

START_TEST(nobody_waits)
{
    char         command[300], name[200];
    struct stat  st;

    ck_assert(host_await_state(helper, "S"));
    (void) kill(helper, SIGSTOP);
    ck_assert(host_await_state(helper, "T"));

    (void) snprintf(name, sizeof(name), "%s/made", dir);
    (void) snprintf(command, sizeof(command), "touch '%s'", name);
    host_start(&host, &usual, command);
    (void) close(host.socket);
    host.socket = -1;

    (void) kill(helper, SIGCONT);
    ck_assert(host_await_state(helper, "Z-"));
    ck_assert_int_eq(stat(name, &st), -1);
}
END_TEST


/* a stranger who holds the output open does not hold up the end */

START_TEST(stranger)
{
    int    fd;
    char   name[64];

    host_start(&host, &usual, "echo $$; exec sleep 0.5");
    await_output("\n");
    (void) snprintf(name, sizeof(name), "/proc/%d/fd/1", (int) printed(0));
    fd = open(name, O_WRONLY);
    ck_assert_int_ne(fd, -1);

    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.head.flags,
                      NGX_CC_EXITED_REUSABLE|NGX_CC_EXITED_PIPES);

    /* and cannot forge the output of the next command */

    (void) signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(write(fd, "forged\n", 7), -1);
    host_start(&host, &usual, "echo true");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "true\n");
    (void) close(fd);
}
END_TEST


/* nor does one that writes without end: what it writes is not ours */

START_TEST(noisy_stranger)
{
    int    fd;
    char   name[64];
    pid_t  noisy;

    host_start(&host, &usual, "echo $$; exec sleep 0.5");
    await_output("\n");
    (void) snprintf(name, sizeof(name), "/proc/%d/fd/1", (int) printed(0));
    fd = open(name, O_WRONLY);
    ck_assert_int_ne(fd, -1);
    noisy = fork();

    if (noisy == 0) {
        while (write(fd, "noise\n", 6) == 6) { /* void */ }
        _exit(0);
    }

    (void) close(fd);
    host.lazy = 0;
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.head.flags,
                      NGX_CC_EXITED_REUSABLE|NGX_CC_EXITED_PIPES);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);

    /* its pipe is broken now */

    ck_assert_int_eq(waitpid(noisy, NULL, 0), noisy);
}
END_TEST


START_TEST(lingers)
{
    host_start_t  o;

    o = usual;
    o.linger = 10000;
    host_start(&host, &o, "(sleep 0.2; echo late) & echo early");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "early\nlate\n");
    ck_assert_uint_eq(host.msg.exited.swept, 0);

    o.linger = 100;
    host_start(&host, &o, "(sleep 600; echo late) & echo early");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "early\n");
    ck_assert_uint_ge(host.msg.exited.swept, 1);
}
END_TEST


/* more output than allowed: cut there, and ended */

START_TEST(output_limit)
{
    host_start_t  o;

    o = usual;
    o.max_output = 10;
    host_start(&host, &o, "printf 1234567890");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_str_eq(host.out[0], "1234567890");

    host_start(&host, &o, "printf 1234567890; printf x >&2; exec sleep 600");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_OUTPUT);
    ck_assert_str_eq(host.out[0], "1234567890");
    ck_assert_str_eq(host.out[1], "");

    /* it ends by itself, or nearly, but not all of its output is there */

    host_start(&host, &o, "printf 12345678901");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_OUTPUT);
    ck_assert_str_eq(host.out[0], "1234567890");

    host_start(&host, &o, "trap '' TERM; while :; do echo y; done");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_OUTPUT);
    ck_assert_str_eq(host.out[0], "y\ny\ny\ny\ny\n");

    /* the next command has a limit of its own */

    host_start(&host, &usual, "printf 12345678901");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(host.msg.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_str_eq(host.out[0], "12345678901");
}
END_TEST


/* each command has the fence that its START says, and only that */

START_TEST(fences)
{
    int           i, form;
    const char   *paths[2] = { "/tmp", "/nonexistent" };
    host_start_t  o;

    /* signal 0 for the helper: it is not behind any fence */

    static const char  command[] =
        "kill -0 $PPID 2>/dev/null && echo seen; : 2>/dev/null >/tmp/cc_f$$ &&"
        " rm /tmp/cc_f$$ && echo wrote; : 2>/dev/null >/var/tmp/cc_f$$ &&"
        " rm /var/tmp/cc_f$$ && echo elsewhere";

    static const int  order[] = { 0, 6, 6, 0, 2, 7, 7 };

    if (ngx_cc_fence_abi() < NGX_CC_FENCE_MAX) {
        printf("# Landlock %d only\n", ngx_cc_fence_abi());
        return;
    }

    for (i = 0; i < 7; i++) {
        form = order[i];
        o = usual;
        o.confine.fence = form;
        o.paths = paths;
        o.confine.nwrite = (i == 6);

        host_start(&host, &o, command);
        host_await(&host, NGX_CC_WIRE_EXITED);

        ck_assert_str_eq(host.out[0], i == 6 ? "wrote\n"
                         : form < NGX_CC_FENCE_SIGNALS
                           ? "seen\nwrote\nelsewhere\n"
                           : "wrote\nelsewhere\n");
    }

    o.confine.nwrite = 2;
    host_start(&host, &o, command);
    host_await(&host, NGX_CC_WIRE_FAILED);
    ck_assert_uint_eq(host.msg.failed.stage, NGX_CC_STAGE_FENCE);
    ck_assert_int_eq(host.msg.failed.error, ENOENT);

    host_start(&host, &usual, command);
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "seen\nwrote\nelsewhere\n");
}
END_TEST


/* a descriptor comes with START and goes to the command, to nobody else */

START_TEST(script)
{
    int           i;
    host_start_t  o;

    static const char  line[] = "echo $0 $#\nread a; echo $a\n"
                                "ls /proc/self/fd\nexit 6";

    for (i = 0; i < 3; i++) {
        o = usual;
        o.flags = NGX_CC_START_SCRIPT;
        o.script = ngx_cc_script_make(line, strlen(line));
        ck_assert_int_gt(o.script, 0);

        host_start(&host, &o, ngx_cc_script_boot);
        (void) close(o.script);
        host_await(&host, NGX_CC_WIRE_EXITED);

        ck_assert_str_eq(host.out[0], "sh 0\n\n0\n1\n2\n3\n");
        ck_assert_str_eq(host.out[1], "");
        ck_assert_int_eq(WEXITSTATUS(host.msg.exited.status), 6);

        host_start(&host, &usual, "ls /proc/$$/fd; cat <&9");
        host_await(&host, NGX_CC_WIRE_EXITED);
        ck_assert_str_eq(host.out[0], "0\n1\n2\n");
        ck_assert_int_ne(host.msg.exited.status, 0);
    }
}
END_TEST


/* a message with less or more than it announces: its sender is not believed */

START_TEST(script_refused)
{
    int                fd, p[2];
    host_start_t       o;
    ngx_cc_wire_msg_t  msg;

    o = usual;
    fd = ngx_cc_script_make("echo no", 7);
    ck_assert_int_gt(fd, 0);

    switch (_i) {

    case 0:                              /* none */
        o.flags = NGX_CC_START_SCRIPT;
        break;

    case 1:                              /* not announced */
        o.script = fd;
        break;

    case 2:                              /* can be changed */
        o.flags = NGX_CC_START_SCRIPT;
        o.script = memfd_create("unit", MFD_CLOEXEC|MFD_ALLOW_SEALING);
        ck_assert_int_eq(fcntl(o.script, F_ADD_SEALS,
                               F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW), 0);
        break;

    case 3:                              /* something else */
        o.flags = NGX_CC_START_SCRIPT;
        ck_assert_int_eq(pipe(p), 0);
        o.script = p[0];
        break;

    default:                             /* with another message */
        host_start(&host, &usual, "sleep 600");
        host_await(&host, NGX_CC_WIRE_STARTED);
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CANCEL, host.run,
                         sizeof(ngx_cc_wire_head_t));
        ck_assert_int_eq(ngx_cc_fdmsg_send(host.socket, &msg, msg.head.size,
                                           &fd, 1), 0);
    }

    if (_i < 4) {
        host_start(&host, &o, "echo no");
    }

    ck_assert_int_eq(host_receive(&host, HOST_TIMEOUT, NULL, NULL), 0);
    ck_assert_str_eq(host.out[0], "");
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("helper");
    Suite  *s = suite_create("helper");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, runs);
    tcase_add_test(tc, started);
    tcase_add_test(tc, failed);
    tcase_add_test(tc, group);
    tcase_add_test(tc, ladder);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, sweep);
    tcase_add_test(tc, back_pressure);
    tcase_add_test(tc, ended);
    tcase_add_test(tc, paused_limit);
    tcase_add_test(tc, abandoned);
    tcase_add_test(tc, input);
    tcase_add_test(tc, traced);
    tcase_add_test(tc, stale);
    tcase_add_loop_test(tc, alone, 0, 3);
    tcase_add_test(tc, nobody_waits);
    tcase_add_test(tc, stranger);
    tcase_add_test(tc, noisy_stranger);
    tcase_add_test(tc, lingers);
    tcase_add_test(tc, output_limit);
    tcase_add_test(tc, fences);
    tcase_add_test(tc, script);
    tcase_add_loop_test(tc, script_refused, 0, 5);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
