
/* messages: what is packed comes out; whatever is wrong is refused */

#include <string.h>
#include "unit.h"
#include "ngx_cc_names.h"
#include "ngx_cc_wire.h"


static const size_t  size[NGX_CC_WIRE_TYPES] = {
    [NGX_CC_WIRE_SUPPLY] = sizeof(ngx_cc_wire_supply_t),
    [NGX_CC_WIRE_KILL] = sizeof(ngx_cc_wire_helper_t),
    [NGX_CC_WIRE_HELPER] = sizeof(ngx_cc_wire_helper_t),
    [NGX_CC_WIRE_GONE] = sizeof(ngx_cc_wire_helper_t),
    [NGX_CC_WIRE_NOFORK] = sizeof(ngx_cc_wire_failed_t),
    [NGX_CC_WIRE_CONNECT] = sizeof(ngx_cc_wire_connect_t),
    [NGX_CC_WIRE_CONNECTED] = sizeof(ngx_cc_wire_connected_t),
    [NGX_CC_WIRE_CREDIT] = sizeof(ngx_cc_wire_credit_t),
    [NGX_CC_WIRE_SIGNAL] = sizeof(ngx_cc_wire_signal_t),
    [NGX_CC_WIRE_RESIZE] = sizeof(ngx_cc_wire_resize_t),
    [NGX_CC_WIRE_CANCEL] = sizeof(ngx_cc_wire_head_t),
    [NGX_CC_WIRE_RELEASE] = sizeof(ngx_cc_wire_head_t),
    [NGX_CC_WIRE_ABANDON] = sizeof(ngx_cc_wire_head_t),
    [NGX_CC_WIRE_STARTED] = sizeof(ngx_cc_wire_started_t),
    [NGX_CC_WIRE_FAILED] = sizeof(ngx_cc_wire_failed_t),
    [NGX_CC_WIRE_OUTPUT] = sizeof(ngx_cc_wire_output_t),
    [NGX_CC_WIRE_INPUT_DONE] = sizeof(ngx_cc_wire_input_t),
    [NGX_CC_WIRE_ENDED] = sizeof(ngx_cc_wire_head_t),
    [NGX_CC_WIRE_SIGNALLED] = sizeof(ngx_cc_wire_signal_t),
    [NGX_CC_WIRE_EXITED] = sizeof(ngx_cc_wire_exited_t)
};


static union {
    ngx_cc_wire_msg_t    msg;
    ngx_cc_wire_start_t  start;
    uint8_t              byte[NGX_CC_WIRE_MAX_START + 4096];
} m;


START_TEST(fixed)
{
    unsigned  type;
    size_t    n;

    for (type = 1; type < NGX_CC_WIRE_TYPES; type++) {

        if (size[type] == 0) {
            continue;
        }

        memset(&m, 0xee, sizeof(m.msg));
        ngx_cc_wire_init(&m, type, 5, size[type]);

        ck_assert_uint_eq(m.msg.head.run, 5);

        if (type == NGX_CC_WIRE_SIGNAL || type == NGX_CC_WIRE_SIGNALLED) {
            m.msg.signal.signo = 15;

        } else if (type == NGX_CC_WIRE_CONNECT) {
            strcpy(m.msg.connect.user, "builder");
            m.msg.connect.ring = 65536;

        } else if (type == NGX_CC_WIRE_RESIZE) {
            m.msg.resize.cols = 80;
            m.msg.resize.rows = 24;

        } else if (type == NGX_CC_WIRE_KILL || type == NGX_CC_WIRE_HELPER
                   || type == NGX_CC_WIRE_GONE || type == NGX_CC_WIRE_STARTED
                   || type == NGX_CC_WIRE_EXITED)
        {
            /* the pid stands at the same place in all of them */
            m.msg.helper.pid = 0;
            ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), 0);
            m.msg.helper.pid = -1;
            ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), 0);
            m.msg.helper.pid = 1234;
        }

        ck_assert_msg(ngx_cc_wire_check(&m, size[type]) == type, "type %u",
                      type);

        /* another length */

        for (n = 1; n < 512; n++) {
            if (n != size[type]) {
                ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
            }
        }

        /* a head that says another length, version, magic, flags */

        m.msg.head.size++;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), 0);
        m.msg.head.size--;

        /* which version they are of these two say to every other one */

        m.msg.head.version++;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]),
                          type == NGX_CC_WIRE_CONNECT
                          || type == NGX_CC_WIRE_CONNECTED ? type : 0);
        m.msg.head.version--;
        m.msg.head.magic ^= 1;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), 0);
        m.msg.head.magic ^= 1;
        m.msg.head.flags = 0x8000;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), 0);
        m.msg.head.flags = 0;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, size[type]), type);
    }

    /* types that are not there, or not yet */

    ngx_cc_wire_init(&m, NGX_CC_WIRE_CANCEL, 1, sizeof(ngx_cc_wire_head_t));

    for (type = 0; type < 256; type++) {
        m.msg.head.type = type;

        /* what is said to kept commands is in wire_kept.c */

        if (type >= NGX_CC_WIRE_TYPES
            || (size[type] == 0 && type < NGX_CC_WIRE_HELLO))
        {
            ck_assert_uint_eq(ngx_cc_wire_check(&m,
                                             sizeof(ngx_cc_wire_head_t)), 0);
        }
    }
}
END_TEST


/* what comes from a stranger: every text ends, every number is in its range */

START_TEST(strangers)
{
    unsigned                i;
    ngx_cc_wire_connect_t   good;
    ngx_cc_wire_connect_t  *c = &m.msg.connect;

    ngx_cc_wire_init(&good, NGX_CC_WIRE_CONNECT, 0, sizeof(good));
    strcpy(good.build, "1");
    strcpy(good.user, "builder");
    good.ring = NGX_CC_WIRE_MAX_RING;
    good.nice = -20;
    good.enclosed = 1;

    for (i = 0; i < 9; i++) {
        *c = good;

        switch (i) {
        case 0: break;
        case 1: memset(c->user, 'x', sizeof(c->user)); break;
        case 2: c->user[0] = '\0'; break;
        case 3: memset(c->build, 'x', sizeof(c->build)); break;
        case 4: c->ring = 0; break;
        case 5: c->ring = NGX_CC_WIRE_MAX_RING + 1ULL; break;
        case 6: c->nice = 20; break;
        case 7: c->nice = -21; break;
        case 8: c->enclosed = 2; break;
        }

        ck_assert_uint_eq(ngx_cc_wire_check(&m, sizeof(*c)),
                          i == 0 ? NGX_CC_WIRE_CONNECT : 0);
    }

    ngx_cc_wire_init(&m, NGX_CC_WIRE_CONNECTED, 0, sizeof(m.msg.connected));
    ck_assert_uint_eq(ngx_cc_wire_check(&m, sizeof(m.msg.connected)),
                      NGX_CC_WIRE_CONNECTED);

    for (i = 0; i < NGX_CC_REFUSALS; i++) {
        ck_assert_ptr_nonnull(ngx_cc_names_refusal(i));
    }

    m.msg.connected.refusal = NGX_CC_REFUSALS;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, sizeof(m.msg.connected)), 0);
    m.msg.connected.refusal = 0;
    memset(m.msg.connected.build, 'x', sizeof(m.msg.connected.build));
    ck_assert_uint_eq(ngx_cc_wire_check(&m, sizeof(m.msg.connected)), 0);
}
END_TEST


START_TEST(ranges)
{
    int  i;

    static const int  bad[] = { 0, -1, 65, 1000 };

    for (i = 0; i < 4; i++) {
        ngx_cc_wire_init(&m, NGX_CC_WIRE_SIGNAL, 1,
                         sizeof(ngx_cc_wire_signal_t));
        m.msg.signal.signo = bad[i];
        ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
    }

    ngx_cc_wire_init(&m, NGX_CC_WIRE_EXITED, 1, sizeof(ngx_cc_wire_exited_t));
    m.msg.exited.pid = 1;
    ck_assert_uint_ne(ngx_cc_wire_check(&m, m.msg.head.size), 0);
    m.msg.exited.reserved = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
    m.msg.exited.reserved = 0;
    m.msg.exited.cause = NGX_CC_CAUSES;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);

    ngx_cc_wire_init(&m, NGX_CC_WIRE_FAILED, 1, sizeof(ngx_cc_wire_failed_t));
    m.msg.failed.stage = NGX_CC_STAGES;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);

    ngx_cc_wire_init(&m, NGX_CC_WIRE_OUTPUT, 1, sizeof(ngx_cc_wire_output_t));
    m.msg.output.eof = 4;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
}
END_TEST


/* columns and rows: 1 to 1000 */

START_TEST(resize)
{
    int  i;

    static const struct {
        uint16_t  cols, rows;
        int       ok;
    } row[] = {
        { 1, 1, 1 }, { 80, 24, 1 }, { 1000, 1000, 1 }, { 0, 24, 0 },
        { 80, 0, 0 }, { 1001, 24, 0 }, { 80, 1001, 0 }, { 65535, 24, 0 },
        { 80, 65535, 0 }
    };

    for (i = 0; i < (int) (sizeof(row) / sizeof(row[0])); i++) {
        ngx_cc_wire_init(&m, NGX_CC_WIRE_RESIZE, 1,
                         sizeof(ngx_cc_wire_resize_t));
        m.msg.resize.cols = row[i].cols;
        m.msg.resize.rows = row[i].rows;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size),
                          row[i].ok ? NGX_CC_WIRE_RESIZE : 0);
    }
}
END_TEST


/* whom it is for: not the tree alone, but only where nobody waits for it */

START_TEST(targets)
{
    uint32_t  to;

    for (to = 0; to < 5; to++) {
        ngx_cc_wire_init(&m, NGX_CC_WIRE_SIGNAL, 1,
                         sizeof(ngx_cc_wire_signal_t));
        m.msg.signal.signo = 2;
        m.msg.signal.to = to;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size),
                          to == NGX_CC_SIGNAL_TREE ? NGX_CC_WIRE_SIGNAL : 0);

        m.msg.head.flags = NGX_CC_SIGNAL_UNTOLD;
        ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size),
                          to <= NGX_CC_SIGNAL_FOREGROUND ? NGX_CC_WIRE_SIGNAL
                                                         : 0);
    }
}
END_TEST


START_TEST(input)
{
    ngx_cc_wire_init(&m, NGX_CC_WIRE_INPUT, 1, sizeof(ngx_cc_wire_input_t));
    m.msg.input.len = 10;
    m.msg.head.size = sizeof(ngx_cc_wire_input_t) + 10;
    m.msg.head.flags = NGX_CC_INPUT_EOF;

    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size),
                      NGX_CC_WIRE_INPUT);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size - 1), 0);

    m.msg.input.len = 11;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
    m.msg.input.len = NGX_CC_WIRE_MAX_INPUT + 1;
    m.msg.head.size = sizeof(ngx_cc_wire_input_t) + NGX_CC_WIRE_MAX_INPUT + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
    m.msg.input.len = UINT32_MAX;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.msg.head.size), 0);
}
END_TEST


static const char  *argv[] = { "echo", "", "a b", "c" };
static const char  *env[] = { "A=1", "B=" };


static const char  *paths[] = { "/usr", "/var/tmp", "/x" };


static const char  *control[] = { "/bin/kill", "-%{signal}" };


static size_t
pack(void)
{
    ngx_cc_wire_strings_t  s;

    s.cwd = "/tmp";
    s.beneath = "a/b";
    s.program = "/bin/echo";
    s.argv = argv;
    s.argc = 4;
    s.env = env;
    s.envc = 2;
    s.paths = paths;
    s.npaths = 3;
    s.control = control;
    s.ncontrol = 2;
    s.label = NULL;
    s.shown = NULL;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, 9, sizeof(ngx_cc_wire_start_t));
    m.start.confine.nread = 1;
    m.start.confine.nwrite = 2;
    m.start.confine.umask = 077;

    return ngx_cc_wire_start_pack(&m.start, &s);
}


START_TEST(start)
{
    size_t                  n, i;
    const char             *vector[16];
    ngx_cc_wire_strings_t   s;

    n = pack();
    ck_assert_uint_eq(n, m.start.head.size);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);

    ngx_cc_wire_start_unpack(&m.start, &s, vector);
    ck_assert_str_eq(s.cwd, "/tmp");
    ck_assert_str_eq(s.beneath, "a/b");
    ck_assert_str_eq(s.program, "/bin/echo");
    ck_assert_uint_eq(s.argc, 4);
    ck_assert_uint_eq(s.envc, 2);
    ck_assert_uint_eq(s.npaths, 3);

    for (i = 0; i < 4; i++) {
        ck_assert_str_eq(s.argv[i], argv[i]);
    }

    ck_assert_ptr_null(s.argv[4]);
    ck_assert_str_eq(s.env[0], "A=1");
    ck_assert_str_eq(s.env[1], "B=");
    ck_assert_ptr_null(s.env[2]);

    for (i = 0; i < 3; i++) {
        ck_assert_str_eq(s.paths[i], paths[i]);
    }

    ck_assert_ptr_null(s.paths[3]);
    ck_assert_uint_eq(s.ncontrol, 2);
    ck_assert_str_eq(s.control[0], "/bin/kill");
    ck_assert_str_eq(s.control[1], "-%{signal}");
    ck_assert_ptr_null(s.control[2]);
    ck_assert_ptr_eq(&s.control[2], &vector[15]);
}
END_TEST


/*
 * A terminal has a size, is stdin as well, and has one stream; a script is read
 * by its shell.
 */

START_TEST(terminal)
{
    size_t  i, n;

    static const struct {
        uint16_t  flags, cols, rows;
        int       ok;
    } row[] = {
        { 0, 0, 0, 1 },
        { 0, 80, 0, 0 },
        { 0, 0, 24, 0 },
        { NGX_CC_START_MERGE, 0, 0, 1 },
        { NGX_CC_START_NOECHO, 0, 0, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 80, 24, 1 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN|NGX_CC_START_NOECHO, 80, 24, 1 },
        { NGX_CC_START_TTY, 80, 24, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN|NGX_CC_START_MERGE, 80, 24, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 0, 24, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 80, 0, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 1000, 1000, 1 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 1001, 24, 0 },
        { NGX_CC_START_TTY|NGX_CC_START_STDIN, 80, 1001, 0 },
        { NGX_CC_START_SCRIPT, 0, 0, 1 },
        { NGX_CC_START_SCRIPT|NGX_CC_START_DASH, 0, 0, 0 },
        { NGX_CC_START_SCRIPT|NGX_CC_START_BASH, 0, 0, 0 },
        { NGX_CC_START_FLAGS + 1, 0, 0, 0 }
    };

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        n = pack();
        m.start.head.flags = row[i].flags;
        m.start.cols = row[i].cols;
        m.start.rows = row[i].rows;
        ck_assert_msg(ngx_cc_wire_check(&m, n)
                      == (row[i].ok ? NGX_CC_WIRE_START : 0), "row %zu", i);
    }
}
END_TEST


START_TEST(start_bad)
{
    size_t    n, i;
    uint8_t  *text;

    n = pack();
    text = m.byte + sizeof(ngx_cc_wire_start_t);

    for (i = 1; i < n; i++) {
        ck_assert_uint_eq(ngx_cc_wire_check(&m, i), 0);
    }

    m.start.argc++;                              /* a string is missing */
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.argc -= 2;                           /* one is too many */
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.argc = 0;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.argc = UINT32_MAX;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.envc = UINT32_MAX - 3;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.byte[n - 1] = 'x';                         /* no NUL at the end */
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.text--;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    text[5 + 4] = '\0';                          /* no program */
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.confine.nwrite++;                    /* a path is missing */
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.confine.nread = UINT32_MAX;
    m.start.confine.nwrite = 4;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.confine.flags = NGX_CC_CONFINE_FLAGS + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.confine.umask = 01000;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    n = pack();
    m.start.confine.nice = 20;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.nice = -21;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.nice = -20;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);

    /* its control group: a limit without one, unknown flags, bounds */

    n = pack();
    m.start.confine.cgroup.memory = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.cgroup.flags = NGX_CC_CGROUP_WANTED;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);
    m.start.confine.cgroup.swap = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.cgroup.flags |= NGX_CC_CGROUP_SWAP;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);
    m.start.confine.cgroup.flags |= 0x8000;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.cgroup.flags = NGX_CC_CGROUP_WANTED|NGX_CC_CGROUP_SWAP
                                   |NGX_CC_CGROUP_REQUIRED;
    m.start.confine.cgroup.cpu = NGX_CC_CGROUP_MAX_CPU + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.cgroup.cpu = NGX_CC_CGROUP_MAX_CPU;
    m.start.confine.cgroup.weight = NGX_CC_CGROUP_MAX_WEIGHT + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.confine.cgroup.weight = NGX_CC_CGROUP_MAX_WEIGHT;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);

    n = pack();
    m.start.head.flags = NGX_CC_START_FLAGS + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
}
END_TEST


/* random damage: a message is refused, or safe to unpack */

START_TEST(start_fuzz)
{
    int                      round;
    size_t                   n, i;
    unsigned                 seed;
    const char             **vector;
    ngx_cc_wire_strings_t    s;

    vector = malloc((NGX_CC_WIRE_MAX_STRINGS + 5) * sizeof(char *));
    seed = 5;

    for (round = 0; round < 200000; round++) {
        n = pack();

        for (i = rand_r(&seed) % 3; i <= 3; i++) {
            m.byte[rand_r(&seed) % n] = rand_r(&seed);
        }

        if (ngx_cc_wire_check(&m, n) == NGX_CC_WIRE_START) {
            ngx_cc_wire_start_unpack(&m.start, &s, vector);

            unit_assert(*s.program != '\0');
            unit_assert(s.argv[s.argc] == NULL);
            unit_assert(s.env[s.envc] == NULL);
            unit_assert(s.paths[s.npaths] == NULL);

            for (i = 0; i < s.argc; i++) {
                unit_assert(s.argv[i] + strlen(s.argv[i])
                            < (char *) m.byte + n);
            }
        }
    }

    free(vector);
}
END_TEST


START_TEST(limits)
{
    char                   *big;
    size_t                  longest;
    const char             *one[2];
    ngx_cc_wire_strings_t   s;

    big = malloc(NGX_CC_WIRE_MAX_TEXT + 1);
    memset(big, 'x', NGX_CC_WIRE_MAX_TEXT);

    s.cwd = "/";
    s.beneath = "";
    s.npaths = 0;
    s.control = NULL;
    s.ncontrol = 0;
    s.label = NULL;
    s.shown = NULL;
    s.program = "/x";
    s.argv = one;
    s.argc = 1;
    s.env = env;
    s.envc = 0;
    one[0] = big;

    big[NGX_CC_WIRE_MAX_STRING] = '\0';
    ck_assert_uint_eq(ngx_cc_wire_text_size(&s, &longest),
                      2 + 1 + 3 + NGX_CC_WIRE_MAX_STRING + 1);
    ck_assert_uint_eq(longest, NGX_CC_WIRE_MAX_STRING);

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, 1, sizeof(ngx_cc_wire_start_t));
    ck_assert_uint_gt(ngx_cc_wire_start_pack(&m.start, &s), 0);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, m.start.head.size),
                      NGX_CC_WIRE_START);

    big[NGX_CC_WIRE_MAX_STRING] = 'x';
    big[NGX_CC_WIRE_MAX_STRING + 1] = '\0';
    ck_assert_uint_eq(ngx_cc_wire_start_pack(&m.start, &s), 0);

    /* all of them together */

    big[100 * 1024] = '\0';
    one[1] = big;
    s.argc = 2;
    ck_assert_uint_gt(ngx_cc_wire_text_size(&s, NULL), NGX_CC_WIRE_MAX_TEXT);
    ck_assert_uint_eq(ngx_cc_wire_start_pack(&m.start, &s), 0);

    free(big);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("wire");
    Suite  *s = suite_create("wire");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, fixed);
    tcase_add_test(tc, strangers);
    tcase_add_test(tc, ranges);
    tcase_add_test(tc, resize);
    tcase_add_test(tc, targets);
    tcase_add_test(tc, input);
    tcase_add_test(tc, start);
    tcase_add_test(tc, terminal);
    tcase_add_test(tc, start_bad);
    tcase_add_test(tc, start_fuzz);
    tcase_add_test(tc, limits);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
