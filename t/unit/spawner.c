
/* the spawner: as many helpers as wanted, and nobody left behind */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "host.h"
#include "ngx_cc_spawner.h"


static host_t  boss;             /* the spawner's worker */
static host_t  host;             /* one of its helpers */
static pid_t   spawner;
static int     watch[2];
static void   *zone;
static int     sockets[16];      /* of helpers */
static int     nsockets;


static void
setup(void)
{
    int                    i, s[2];
    ngx_cc_spawner_map_t   map;
    ngx_cc_spawner_conf_t  conf;

    static const unsigned long  ignore[8] = { (unsigned long) SIG_IGN };

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe2(watch, O_CLOEXEC), 0);

    zone = mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                -1, 0);
    ck_assert_ptr_ne(zone, MAP_FAILED);

    spawner = fork();

    if (spawner == 0) {
        /* what it may have inherited: even the thread library's own signals */

        for (i = 1; i < NSIG; i++) {
            (void) syscall(SYS_rt_sigaction, i, ignore, NULL, NSIG / 8);
        }

        memset(&conf, 0, sizeof(conf));
        map.addr = zone;
        map.size = 65536;
        conf.socket = s[1];
        conf.deathwatch = watch[0];
        conf.ring = HOST_RING;
        conf.cgroup = -1;
        conf.maps = &map;
        conf.nmaps = 1;

        ngx_cc_spawner_run(&conf);
    }

    (void) close(s[1]);
    (void) close(watch[0]);
    memset(&boss, 0, sizeof(boss));
    boss.socket = s[0];
}


static void
teardown(void)
{
    int  status;

    /* it stays as long as one of them does */

    while (nsockets) {
        (void) close(sockets[--nsockets]);
    }

    (void) close(boss.socket);
    ck_assert_int_eq(waitpid(spawner, &status, 0), spawner);
    ck_assert_int_eq(status, 0);
}


static void
supply(uint32_t n)
{
    ngx_cc_wire_supply_t  msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_SUPPLY, 0, sizeof(msg));
    msg.helpers = n;
    host_send(&boss, &msg);
}


/* awaits a HELPER and takes its descriptors */

static pid_t
adopt(host_t *h)
{
    int  fds[2], nfds, type;

    do {
        /* one that was killed soon after its birth is told by NOFORK, too */
        nfds = 2;
        type = host_receive(&boss, HOST_TIMEOUT, fds, &nfds);
    } while (type == NGX_CC_WIRE_NOFORK && boss.msg.failed.error == 0);

    ck_assert_int_eq(type, NGX_CC_WIRE_HELPER);
    ck_assert_int_eq(nfds, 2);

    memset(h, 0, sizeof(host_t));
    h->socket = fds[0];
    h->reader.base = ngx_cc_ring_map(fds[1], boss.msg.helper.ring, 0);
    h->reader.size = boss.msg.helper.ring;
    ck_assert_ptr_nonnull(h->reader.base);
    ck_assert_int_eq(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_RDONLY);
    (void) close(fds[1]);
    sockets[nsockets++] = fds[0];

    return boss.msg.helper.pid;
}


static const host_start_t  usual;


/* no more than wanted; a smaller number ends nobody; repeated: no effect */

START_TEST(counts)
{
    int            i;
    pid_t          pid;
    static host_t  h[5];

    supply(3);
    supply(3);

    for (i = 0; i < 3; i++) {
        (void) adopt(&h[i]);
    }

    ck_assert_int_eq(host_receive(&boss, 200, NULL, NULL), 0);
    supply(2);
    ck_assert_int_eq(host_receive(&boss, 200, NULL, NULL), 0);
    supply(4);
    pid = adopt(&h[3]);
    ck_assert_int_eq(host_receive(&boss, 200, NULL, NULL), 0);

    /* each of them works */

    for (i = 0; i < 4; i++) {
        host_start(&h[i], &usual, "echo works");
        host_await(&h[i], NGX_CC_WIRE_EXITED);
        ck_assert_str_eq(h[i].out[0], "works\n");
    }

    /* one that leaves is reported, and replaced */

    (void) shutdown(h[3].socket, SHUT_RDWR);
    ck_assert_int_eq(host_receive(&boss, HOST_TIMEOUT, NULL, NULL),
                     NGX_CC_WIRE_GONE);
    ck_assert_int_eq(boss.msg.helper.pid, pid);
    ck_assert_int_eq(boss.msg.helper.status, 0);
    (void) adopt(&h[3]);
}
END_TEST


/* a helper that does not answer, with a tree under it */

START_TEST(kills)
{
    pid_t                 pid, hidden;
    ngx_cc_wire_helper_t  msg;

    supply(1);
    pid = adopt(&host);
    host_start(&host, &usual, "trap '' TERM; (setsid sleep 600 & echo $!);"
                              "while :; do sleep 1; done");

    while (host.len[0] == 0) {
        host_await(&host, NGX_CC_WIRE_OUTPUT);
    }

    hidden = atoi(host.out[0]);
    (void) kill(pid, SIGSTOP);
    ck_assert(host_await_state(pid, "T"));

    /* it is told of that, too */

    ck_assert_int_eq(host_receive(&boss, HOST_TIMEOUT, NULL, NULL),
                     NGX_CC_WIRE_GONE);
    ck_assert_int_eq(boss.msg.helper.pid, pid);
    ck_assert(WIFSTOPPED(boss.msg.helper.status));

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_KILL, 0, sizeof(msg));
    msg.pid = pid;
    host_send(&boss, &msg);

    do {
        ck_assert_int_ne(host_receive(&boss, HOST_TIMEOUT, NULL, NULL), 0);
    } while (boss.msg.head.type != NGX_CC_WIRE_GONE);

    ck_assert_int_eq(boss.msg.helper.pid, pid);
    ck_assert_int_eq(WTERMSIG(boss.msg.helper.status), SIGKILL);
    ck_assert(host_await_state(hidden, "-"));

    /* it kills its own helpers only */

    msg.pid = getpid();
    host_send(&boss, &msg);
    msg.pid = 1;
    host_send(&boss, &msg);
    (void) adopt(&host);
    host_start(&host, &usual, "echo still here");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "still here\n");
}
END_TEST


/* a killed helper's command is found and ended */

START_TEST(orphans)
{
    pid_t  pid, command;

    supply(1);
    pid = adopt(&host);
    host_start(&host, &usual, "echo $$; trap '' TERM; exec sleep 600");

    while (host.len[0] == 0) {
        host_await(&host, NGX_CC_WIRE_OUTPUT);
    }

    command = atoi(host.out[0]);
    (void) kill(pid, SIGKILL);
    ck_assert(host_await_state(command, "-"));
    ck_assert_int_eq(host_receive(&host, HOST_TIMEOUT, NULL, NULL), 0);
}
END_TEST


/* it stays until its last helper is gone, then leaves by itself */

START_TEST(quits)
{
    pid_t  pid;

    supply(1);
    pid = adopt(&host);
    host_start(&host, &usual, "echo ready; sleep 0.3; echo done");
    host_await(&host, NGX_CC_WIRE_OUTPUT);
    supply(0);

    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "ready\ndone\n");
    ck_assert(host_await_state(spawner, "S"));

    (void) shutdown(host.socket, SHUT_RDWR);
    ck_assert(host_await_state(pid, "-"));
    ck_assert(host_await_state(spawner, "Z"));
}
END_TEST


/* the worker or the master dies: everybody goes */

START_TEST(deaths)
{
    pid_t          pid;
    static host_t  h[3];

    supply(3);
    pid = adopt(&h[0]);
    (void) adopt(&h[1]);
    (void) adopt(&h[2]);

    host_start(&h[0], &usual, "exec sleep 600");
    host_await(&h[0], NGX_CC_WIRE_STARTED);

    if (_i == 0) {
        (void) close(watch[1]);

    } else {
        /*
         * All that a dying worker has is closed, not only shut down: the
         * queue of its socket may hold descriptors of yet another helper.
         */

        while (nsockets) {
            (void) close(sockets[--nsockets]);
        }

        (void) close(boss.socket);
        boss.socket = -1;
    }

    ck_assert(host_await_state(pid, "-"));
    ck_assert(host_await_state(spawner, "Z"));
}
END_TEST


/* what helpers and commands inherit from it */

START_TEST(birth)
{
    char   path[64], line[512];
    FILE  *f;
    int    zones;

    ck_assert_int_eq(sched_setscheduler(0, SCHED_OTHER,
                                        &(struct sched_param) { 0 }), 0);
    supply(1);
    (void) adopt(&host);

    host_start(&host, &usual, "umask; ulimit -c; ulimit -n;"
               "cat /proc/self/status | grep -E 'Sig(Blk|Ign|Cgt)|NoNew';"
               "ls /proc/self/fd | wc -l");
    host_await(&host, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq(host.out[0], "0077\n0\n1024\n"
                     "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
                     "SigCgt:\t0000000000000000\nNoNewPrivs:\t1\n4\n");

    /*
     * Shared zones of the worker are not there any more.  A process that is
     * not dumpable shows its maps to root only.
     */

    (void) snprintf(path, sizeof(path), "/proc/%d/maps", (int) spawner);
    f = fopen(path, "r");

    if (f == NULL) {
        ck_assert_int_ne(geteuid(), 0);
        return;
    }

    zones = 0;

    while (fgets(line, sizeof(line), f)) {
        zones += strtoull(line, NULL, 16) == (uintptr_t) zone;
    }

    (void) fclose(f);
    ck_assert_int_eq(zones, 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("spawner");
    Suite  *s = suite_create("spawner");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, counts);
    tcase_add_test(tc, kills);
    tcase_add_test(tc, orphans);
    tcase_add_test(tc, quits);
    tcase_add_loop_test(tc, deaths, 0, 2);
    tcase_add_test(tc, birth);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
