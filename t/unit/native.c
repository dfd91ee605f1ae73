
/* the native dialect: what is said, in which order, whatever happens */

#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>
#include "fake_command.h"
#include "ngx_cc_message.h"
#include "ngx_cc_native.h"
#include "ngx_cc_packet.h"
#include "session.h"
#include "shim.h"
#include "unit.h"


#define ID_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C  "cccccccccccccccccccccccccccccccccccccccccccccccc"
#define ID_D  "dddddddddddddddddddddddddddddddddddddddddddddddd"


static void
open_session(void)
{
    session_open(&ngx_cc_native, 3, NULL);
    expect_part("\"method\":\"connected\"");
    expect("");
}


static fake_command_t *
start(const char *text)
{
    say(text);
    ck_assert_int_gt(fake_commands, 0);
    fake_started(fake_command[fake_commands - 1]);
    expect_part("\"status\":\"started\"");
    expect_part("process.started");

    return fake_command[fake_commands - 1];
}


START_TEST(life)
{
    fake_command_t  *f;

    open_session();
    say("{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\",\"method\":\"execute\","
        "\"params\":{\"command\":\"make x\",\"timeout\":2.5}}");

    f = fake_command[0];
    ck_assert_str_eq(f->line, "/bin/sh|/bin/sh|-c|make x");
    ck_assert_uint_eq(f->timeout, 2500);
    ck_assert_int_eq(f->open_stdin, 0);
    ck_assert_uint_eq(ngx_cc_native.busy(session), 1);
    ck_assert_uint_eq(transport.commands, 1);

    /* nothing is said before it runs, not even its output */

    fake_output(f, 0, "early\n", 6);
    expect("");

    wakes = 0;
    fake_started(f);
    ck_assert_int_gt(wakes, 0);

    expect("{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\",\"result\":{\"status\":"
           "\"started\",\"pid\":4711,\"pgid\":4711,\"execution_id\":\"" ID_A
           "\"}}");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"process.started\",\"params\":{"
           "\"status\":\"started\",\"pid\":4711,\"pgid\":4711,\"exit_code\":"
           "null,\"error\":null,\"execution_id\":\"" ID_A "\"}}");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"process.output\",\"params\":{"
           "\"type\":\"stdout\",\"data\":\"early\\n\",\"truncated\":false,"
           "\"execution_id\":\"" ID_A "\",\"offset\":0,\"next\":6,\"seq\":16}}");
    expect("");

    fake_output(f, 1, "e\n", 2);
    fake_exited(f, 3 << 8, NGX_CC_CAUSE_EXIT);
    expect_part("\"type\":\"stderr\",\"data\":\"e\\n\"");
    ck_assert_uint_eq(ngx_cc_native.busy(session), 1);

    expect("{\"jsonrpc\":\"2.0\",\"method\":\"process.completed\",\"params\":{"
           "\"status\":\"failed\",\"pid\":4711,\"pgid\":4711,\"exit_code\":3,"
           "\"error\":null,\"execution_id\":\"" ID_A "\",\"signal\":null,"
           "\"cause\":\"exit\",\"execution_time\":0.41,\"stdout_bytes\":6,"
           "\"stderr_bytes\":2,\"descendants_killed\":0,\"pipes_open\":false,"
           "\"max_rss_kb\":1840,\"user_time\":0.0,\"system_time\":0.0}}");
    expect("");
    ck_assert_uint_eq(ngx_cc_native.busy(session), 0);
    ck_assert_int_eq(f->closed, 1);
    close_session();
}
END_TEST


START_TEST(ends)
{
    fake_command_t  *f;

    open_session();

    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":"
              "[\"a\",\"b c\"]}}");
    ck_assert_str_eq(f->line, "a|a|b c");
    fake_exited(f, 9, NGX_CC_CAUSE_SIGNAL);
    expect_part("\"exit_code\":-9,");

    f = start("{\"id\":2,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_exited(f, 15, NGX_CC_CAUSE_TIMEOUT);
    expect_part("\"method\":\"process.error\"");
    expect_part("\"cause\":\"timeout\"");
    expect("");

    f = start("{\"id\":3,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_exited(f, 0, NGX_CC_CAUSE_LOST);
    expect_part("\"exit_code\":null,\"error\":\"its host process was lost\"");
    expect("");

    say("{\"id\":4,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_failed(fake_command[3], NGX_CC_STAGE_EXEC, ENOENT);
    expect("{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32602,"
           "\"message\":\"exec: No such file or directory: 'a'\"}}");
    say("{\"id\":5,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_failed(fake_command[4], NGX_CC_STAGE_FORK, EAGAIN);
    expect_part("\"id\":5,\"error\":{\"code\":-32603");
    expect("");
    ck_assert_uint_eq(ngx_cc_native.busy(session), 0);

    /* without an id nothing is answered, but all is told */

    say("{\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_started(fake_command[5]);
    expect_part("process.started");
    fake_exited(fake_command[5], 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"status\":\"completed\"");
    say("{\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_failed(fake_command[6], NGX_CC_STAGE_EXEC, ENOENT);
    expect("");
    close_session();
}
END_TEST


/* what its control group says of it */

START_TEST(memory)
{
    fake_command_t  *f;

    open_session();

    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    f->public.memory_limit = 64 << 20;
    f->public.memory_peak = 67108864;
    f->public.pids_peak = 7;
    fake_exited(f, 9, NGX_CC_CAUSE_OOM);
    expect_part("\"error\":\"the command was killed: out of memory (64 "
                "MiB)\"");
    expect_part("\"memory_peak\":67108864,\"pids_peak\":7,");
    expect("");
    close_session();
}
END_TEST


START_TEST(lines)
{
    int              i;
    char            *big;
    fake_command_t  *f;

    open_session();
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");

    /* lines over the borders of records; two streams beside each other */

    fake_output(f, 0, "one\ntwo\nth", 10);
    fake_output(f, 1, "err", 3);
    fake_output(f, 0, "ree\n", 4);
    expect_part("\"data\":\"one\\n\"");
    expect_part("\"data\":\"two\\n\"");
    expect_part("\"data\":\"three\\n\",\"truncated\":false,"
                "\"execution_id\":\"" ID_A "\",\"offset\":8,\"next\":14,\"seq\":24}}");
    expect("");

    /* after a silence what is there goes, once */

    ck_assert_int_eq(shim_fire(), 1);
    expect_part("\"type\":\"stderr\",\"data\":\"err\",\"truncated\":false,"
                "\"partial\":true,\"execution_id\":\"" ID_A "\",\"offset\":0,"
                "\"next\":3,\"seq\":16}}");
    expect("");
    fake_output(f, 1, "or\n", 3);
    expect_part("\"data\":\"or\\n\"");

    /* a character that is cut by a record; one that is broken */

    fake_output(f, 0, "\xe2\x82", 2);
    expect("");
    fake_output(f, 0, "\xac\xff\n", 3);
    expect_part("\"data\":\"\xe2\x82\xac\xef\xbf\xbd\\n\"");
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"lossy\":true"));

    /* a line that is too long comes in pieces of 64 KiB */

    big = malloc(50000);
    memset(big, 'x', 50000);

    for (i = 0; i < 3; i++) {
        fake_output(f, 0, big, 50000);
    }

    fake_output(f, 0, "\n", 1);
    expect_part("\"truncated\":true");
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"offset\":19,\"next\":65555"));
    expect_part("\"truncated\":true");
    expect_part("\"truncated\":false");
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"next\":150020"));
    expect("");
    free(big);

    /* what is unfinished at the end */

    fake_output(f, 0, "rest", 4);
    fake_output(f, 1, "\xe2\x82", 2);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"data\":\"rest\"");
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"partial\":true"));
    expect_part("\"data\":\"\xef\xbf\xbd\"");
    expect_part("process.completed");
    expect("");
    close_session();
}
END_TEST


/* every number of digits, and one more */

START_TEST(numbers)
{
    char             line[1010], want[128];
    size_t           n;
    uint64_t         at;
    fake_command_t  *f;

    open_session();
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");

    memset(line, '\n', sizeof(line));
    fake_output(f, 0, line, sizeof(line));
    memset(line, 'x', sizeof(line) - 1);

    for (at = 0; at < 50000; at += n) {
        n = 1;

        if (at >= sizeof(line)) {
            n = sizeof(line);
            fake_output(f, 0, line, n);
        }

        snprintf(want, sizeof(want),
                 "\"offset\":%llu,\"next\":%llu,\"seq\":",
                 (unsigned long long) at, (unsigned long long) (at + n));
        expect_part(want);
    }

    expect("");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");
    close_session();
}
END_TEST


START_TEST(chunks)
{
    fake_command_t  *f;

    open_session();
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"output\":\"chunk\"}}");
    fake_output(f, 0, "a\nb\xe2\x82", 5);
    expect_part("\"data\":\"a\\nb\"");
    expect("");
    fake_output(f, 0, "\xac" "c", 2);
    expect_part("\"data\":\"\xe2\x82\xac");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    while (strstr(pull(), "process.output")) { /* void */ }
    ck_assert_ptr_nonnull(strstr((char *) buf, "process.completed"));

    f = start("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"output\":\"chunk\",\"encoding\":\"base64\"}}");
    fake_output(f, 0, "\x00\xff\xe2", 3);
    expect_part("\"data\":\"AP/i\"");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");
    close_session();
}
END_TEST


START_TEST(control)
{
    fake_command_t  *f, *g;

    open_session();
    say("{\"id\":1,\"method\":\"control\",\"params\":{\"type\":\"PAUSE\"}}");
    expect_part("\"id\":1,\"error\":{\"code\":-32003");

    f = start("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");
    say("{\"id\":3,\"method\":\"control\",\"params\":{\"type\":\"PAUSE\"}}");
    fake_signalled(f, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"status\":\"paused\"}}");
    expect_part("process.paused");
    ck_assert_int_eq(f->pauses, 1);
    say("{\"id\":4,\"method\":\"status\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"state\":\"paused\","
           "\"pid\":4711,\"started\":1700000000.123,\"exit_code\":null,"
           "\"execution_id\":\"" ID_A "\"}}");
    say("{\"id\":5,\"method\":\"control\",\"params\":{\"type\":\"RESUME\"}}");
    expect_part("\"resumed\"");
    expect_part("process.resumed");
    fake_signalled(f, 0);

    /* what has not stopped is told; a PAUSE that is overtaken is answered */

    say("{\"id\":50,\"method\":\"control\",\"params\":{\"type\":\"PAUSE\"}}");
    fake_signalled(f, 2);
    expect("{\"jsonrpc\":\"2.0\",\"id\":50,\"result\":{\"status\":\"paused\","
           "\"left\":2}}");
    expect_part("\"error\":null,\"left\":2");
    say("{\"id\":51,\"method\":\"control\",\"params\":{\"type\":\"PAUSE\"}}");
    say("{\"id\":52,\"method\":\"control\",\"params\":{\"type\":\"RESUME\"}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":51,\"result\":{\"status\":\"paused\"}}");
    expect_part("process.paused");
    expect_part("\"id\":52,\"result\":{\"status\":\"resumed\"}");
    expect_part("process.resumed");

    say("{\"id\":6,\"method\":\"control\",\"params\":{\"type\":\"STOP\"}}");
    expect_part("\"code\":-32602");
    say("{\"id\":7,\"method\":\"control\",\"params\":{}}");
    expect_part("\"code\":-32602");
    say("{\"id\":8,\"method\":\"control\"}");
    expect_part("\"code\":-32602");

    /* two: which one? */

    g = start("{\"id\":9,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");
    say("{\"id\":10,\"method\":\"control\",\"params\":{\"type\":\"CANCEL\"}}");
    expect_part("\"code\":-32602");
    ck_assert_ptr_nonnull(strstr((char *) buf, ID_A ", " ID_B));
    say("{\"id\":11,\"method\":\"control\",\"params\":{\"type\":\"CANCEL\","
        "\"execution_id\":\"" ID_B "\"}}");
    expect_part("\"canceled\"");
    expect_part(ID_B);
    ck_assert_int_eq(f->cancels, 0);
    ck_assert_int_eq(g->cancels, 1);
    say("{\"id\":12,\"method\":\"list\"}");
    expect_part("{\"commands\":[{\"state\":\"running\"");
    ck_assert_ptr_nonnull(strstr((char *) buf, "{\"state\":\"canceling\""));

    /* one that is said before the command runs is kept until then */

    say("{\"id\":13,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");
    say("{\"id\":14,\"method\":\"control\",\"params\":{\"type\":\"CANCEL\","
        "\"execution_id\":\"cccccccccccccccccccccccccccccccccccccccccccccccc\""
        "}}");
    expect("");
    fake_started(fake_command[2]);
    expect_part("\"id\":13,\"result\"");
    expect_part("process.started");
    expect_part("\"id\":14,\"result\":{\"status\":\"canceled\"}");
    expect_part("process.canceled");
    ck_assert_int_eq(fake_command[2]->cancels, 1);

    /* the limit of a session */

    say("{\"id\":15,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");
    expect_part("\"code\":-32001");
    close_session();
}
END_TEST


START_TEST(input)
{
    fake_command_t  *f;

    open_session();
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"stdin\":\"first\",\"open_stdin\":true}}");
    ck_assert_int_eq(f->open_stdin, 1);
    ck_assert_uint_eq(f->input_len, 5);
    ck_assert_int_eq(f->input_eof, 0);

    say("{\"id\":2,\"method\":\"input\",\"params\":{\"data\":\"second\"}}");
    say("{\"id\":3,\"method\":\"input\",\"params\":{\"data_base64\":\"AP8=\","
        "\"eof\":true}}");
    expect("");
    fake_taken(f, 5, 0);
    expect("");
    fake_taken(f, 6, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"accepted\":6,\"offset\":11}}");
    fake_taken(f, 2, 1);
    expect("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"accepted\":2,\"offset\":13}}");
    ck_assert_uint_eq(f->input_len, 13);
    ck_assert_mem_eq(f->input, "firstsecond\0\xff", 13);
    ck_assert_int_eq(f->input_eof, 1);

    say("{\"id\":4,\"method\":\"input\",\"params\":{\"data\":\"x\"}}");
    expect_part("\"id\":4,\"error\":{\"code\":-32602");

    /* one that waits when the command ends is answered */

    f = start("{\"id\":5,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"open_stdin\":true}}");
    say("{\"id\":6,\"method\":\"input\",\"params\":{\"data\":\"x\","
        "\"execution_id\":\"" ID_B "\"}}");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"id\":6,\"result\":{\"accepted\":0,\"offset\":0}");
    expect_part("process.completed");
    close_session();
}
END_TEST


/* an input of n bytes; "more": further members of params */

static void
put(int id, size_t n, const char *more)
{
    char  text[10000], *p;

    p = text + sprintf(text, "{%s", id ? "" : "\"jsonrpc\":\"2.0\",");

    if (id) {
        p += sprintf(p, "\"id\":%d,", id);
    }

    p += sprintf(p, "\"method\":\"input\",\"params\":{\"data\":\"");
    memset(p, 'a' + id % 26, n);
    (void) sprintf(p + n, "\"%s}}", more);
    say(text);
}


/* what is on its way is taken, until nothing is */

static void
take(fake_command_t *f)
{
    while (f->input_busy) {
        fake_taken(f, 1000, 0);
    }
}


/* 4096 bytes may wait for a command: beyond that nothing is, until the client
 * goes on where it was refused */

START_TEST(flow)
{
    int              i;
    size_t           n;
    fake_command_t  *f, *g;

    open_session();
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"open_stdin\":true}}");

    put(2, 4000, "");
    put(3, 97, "");
    expect("{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32001,"
           "\"message\":\"4000 bytes of input wait for this process, 4096 may: "
           "wait for accepted, then go on with params.offset 4000\",\"data\":"
           "{\"offset\":4000}}}");
    put(4, 1, "");
    expect_part("\"id\":4,\"error\":{\"code\":-32001,\"message\":\"an earlier "
                "input");
    put(5, 0, ",\"eof\":true");
    expect_part("\"id\":5,\"error\":{\"code\":-32001");
    put(0, 1, "");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"process.error\",\"params\":{"
           "\"error\":\"an earlier input of this process was refused: wait for "
           "accepted, then go on with params.offset 4000\",\"code\":-32001,"
           "\"execution_id\":\"" ID_A "\",\"offset\":4000}}");
    put(6, 1, ",\"offset\":3999");
    expect_part("\"id\":6,\"error\":{\"code\":-32001");

    /* the right place, but still no room; then there is */

    put(7, 97, ",\"offset\":4000");
    expect_part("\"id\":7,\"error\":{\"code\":-32001,\"message\":\"4000 ");
    fake_taken(f, 1000, 0);
    put(7, 97, ",\"offset\":4000");
    expect("");
    put(8, 3, "");
    take(f);
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"accepted\":4000,"
           "\"offset\":4000}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"accepted\":97,"
           "\"offset\":4097}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{\"accepted\":3,"
           "\"offset\":4100}}");
    ck_assert_uint_eq(f->input_len, 4100);
    ck_assert_mem_eq(f->input + 3998, "cchhh", 5);
    ck_assert_mem_eq(f->input + 4095, "hhiii", 5);

    /* an offset that is wrong although nothing was refused */

    put(9, 1, ",\"offset\":4101");
    expect_part("\"id\":9,\"error\":{\"code\":-32602,\"message\":\"params.offset "
                "is 4101, but stdin of this process stands at 4100\"");
    put(10, 1, "");
    expect_part("\"id\":10,\"error\":{\"code\":-32001");
    put(11, 5000, ",\"offset\":4100");
    expect_part("\"id\":11,\"error\":{\"code\":-32001,\"message\":\"an input of "
                "5000 bytes is more");

    for (i = 0; i < 4; i++) {
        static const char  *bad[] = { "-1", "1.0", "\"4100\"",
                                      "4100000000000000" };
        char  more[64];

        (void) snprintf(more, sizeof(more), ",\"offset\":%s", bad[i]);
        put(12, 1, more);
        expect_part("\"id\":12,\"error\":{\"code\":-32602,\"message\":\""
                    "params.offset must be");
    }

    put(13, 0, ",\"offset\":4100,\"eof\":true");
    expect("");
    take(f);
    expect("{\"jsonrpc\":\"2.0\",\"id\":13,\"result\":{\"accepted\":0,"
           "\"offset\":4100}}");
    ck_assert_int_eq(f->input_eof, 1);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");

    /* many small ones go together; requests are counted, too */

    f = start("{\"id\":20,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"open_stdin\":true,\"stdin\":\"first\"}}");

    for (i = 0; i < 580; i++) {
        put(0, 7, "");
    }

    expect("");

    for (i = 0; strstr(pull(), "\"id\":21,\"error\"") == NULL; i++) {
        put(21, 0, "");
    }

    expect("");
    ck_assert_int_gt(i, 30);
    ck_assert_int_lt(i, 100);
    take(f);

    for (n = 0; strstr(pull(), "{\"accepted\":0,\"offset\":4065}"); n++) {
        /* void */
    }

    ck_assert_int_eq(n, i - 1);          /* the last one was refused */
    ck_assert_uint_eq(f->input_len, 4065);

    /* the commands of a session share twice what one may have */

    g = start("{\"id\":22,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"open_stdin\":true}}");
    put(23, 4096, ",\"offset\":0,\"execution_id\":\"" ID_C "\"");
    put(24, 4096, ",\"offset\":4065,\"execution_id\":\"" ID_B "\"");
    expect("");
    say("{\"id\":25,\"method\":\"execute\",\"params\":{\"command\":\"x\","
        "\"open_stdin\":true,\"stdin\":\"this is never refused\"}}");
    put(26, 1, ",\"execution_id\":\"" ID_D "\"");
    expect_part("\"id\":26,\"error\":{\"code\":-32001,\"message\":\"8213 bytes of "
                "input wait for the processes of this session, 8192 may");
    take(g);
    expect_part("\"id\":23,\"result\":{\"accepted\":4096,\"offset\":4096}");
    put(27, 1, ",\"offset\":21,\"execution_id\":\"" ID_D "\"");
    expect("");

    /* a command that closes stdin: how much it took, from then on nothing */

    fake_taken(f, 17, 1);
    expect_part("\"id\":24,\"result\":{\"accepted\":17,\"offset\":4082}");
    put(28, 4096, ",\"execution_id\":\"" ID_B "\"");
    expect_part("\"id\":28,\"result\":{\"accepted\":0,\"offset\":4082}");
    close_session();
}
END_TEST


/* what nobody looks at is named in the answer; nothing else is */

START_TEST(unknown)
{
    int    i;
    char   text[4000], *p;

    open_session();
    say("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\","
        "\"timout\":5,\"open_stdin\":true,\"\\\"\":1}}");
    fake_started(fake_command[0]);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"status\":\"started\","
           "\"pid\":4711,\"pgid\":4711,\"execution_id\":\"" ID_A "\","
           "\"warnings\":[\"params.timout is not known and was ignored\","
           "\"params.\\\" is not known and was ignored\"]}}");
    expect_part("process.started");
    put(2, 1, ",\"exit\":true");
    fake_taken(fake_command[0], 1, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"accepted\":1,"
           "\"offset\":1,\"warnings\":[\"params.exit is not known and was "
           "ignored\"]}}");
    say("{\"id\":3,\"method\":\"control\",\"params\":{\"type\":\"PAUSE\","
        "\"signal\":9}}");
    fake_signalled(fake_command[0], 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"status\":\"paused\","
           "\"warnings\":[\"params.signal is not known and was ignored\"]}}");
    expect_part("process.paused");
    say("{\"id\":4,\"method\":\"list\",\"params\":{\"type\":1}}");
    expect_part("],\"warnings\":[\"params.type is not known and was ignored\"]}}");
    say("{\"id\":5,\"method\":\"status\",\"params\":{\"data\":1}}");
    expect_part("\",\"warnings\":[\"params.data is not known and was ignored\"]}}");
    say("{\"id\":6,\"method\":\"status\",\"params\":{}}");
    ck_assert_ptr_null(strstr(pull(), "warnings"));

    /* not more than can be read */

    p = text + sprintf(text, "{\"id\":7,\"method\":\"list\",\"params\":{");

    for (i = 0; i < 20; i++) {
        p += sprintf(p, "%s\"%0100d\":1", i ? "," : "", i);
    }

    (void) sprintf(p, "}}");
    say(text);
    expect_part(",\"12 more\"]}}");
    ck_assert_int_lt(strlen((char *) buf), 1500);
    close_session();
}
END_TEST


static const struct {
    const char  *request;
    const char  *part;
} refused[] = {
    { "x", "\"id\":null,\"error\":{\"code\":-32700" },
    { "[]", "\"id\":null,\"error\":{\"code\":-32600" },
    { "{\"id\":1}", "\"id\":1,\"error\":{\"code\":-32600" },
    { "{\"id\":1,\"method\":\"fly\"}", "-32601,\"message\":\"unknown method 'fly'" },
    { "{\"id\":1,\"method\":\"execute\"}", "-32602" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{}}", "params.command" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":1}}",
      "params.command" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"\"}}",
      "params.command" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"args\":[\"b\"]}}", "params.args" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":[]}}",
      "params.args" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":[1]}}",
      "params.args" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":[\"\"]}}",
      "params.args" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"timeout\":\"1\"}}", "params.timeout" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"timeout\":-1}}", "params.timeout" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"timeout\":0}}", "params.timeout" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"stdin\":1}}", "params.stdin" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"open_stdin\":1}}", "params.open_stdin" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"output\":\"x\"}}", "params.output" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"encoding\":\"x\"}}", "params.encoding" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"cwd\":\"/\"}}", "params.cwd" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"env\":{}}}", "params.env" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"tty\":{}}}", "params.tty" },
    { "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
      "\"on_disconnect\":\"keep\"}}", "params.on_disconnect" },
};


START_TEST(refusals)
{
    open_session();
    say(refused[_i].request);
    expect_part(refused[_i].part);
    expect("");
    ck_assert_int_eq(fake_commands, 0);

    /* the session lives on */

    say("{\"id\":2,\"method\":\"list\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"commands\":[]}}");
    close_session();
}
END_TEST


/* terminals: what a command is started with, who gets a signal, sizes */

START_TEST(terminal)
{
    fake_command_t  *f;

    open_session();
    conf.tty = 1;
    say("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
        "\"tty\":{\"cols\":132,\"rows\":43,\"echo\":false},"
        "\"stderr\":\"merge\"}}");

    f = fake_command[0];
    ck_assert_uint_eq(f->public.cols, 132);
    ck_assert_uint_eq(f->public.rows, 43);
    ck_assert_int_eq(f->noecho, 1);
    ck_assert_int_eq(f->open_stdin, 1);
    ck_assert_int_eq(f->merge, 0);

    say("{\"id\":2,\"method\":\"resize\",\"params\":{\"cols\":1,"
        "\"rows\":1}}");
    expect_part("has not started yet");

    fake_started(f);
    expect_part("\"started\"");
    expect_part("process.started");

    say("{\"id\":3,\"method\":\"resize\",\"params\":{\"cols\":90,"
        "\"rows\":30}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"status\":\"resized\","
           "\"cols\":90,\"rows\":30}}");
    expect_part("\"method\":\"process.resized\",\"params\":{\"cols\":90,"
                "\"rows\":30,");
    ck_assert_uint_eq(f->public.cols, 90);

    say("{\"id\":4,\"method\":\"signal\",\"params\":{\"signal\":\"SIGQUIT\","
        "\"to\":\"foreground\"}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"status\":\"signaled\","
           "\"signal\":\"SIGQUIT\",\"to\":\"foreground\","
           "\"state\":\"running\"}}");
    ck_assert_int_eq(f->signo, SIGQUIT);
    ck_assert_int_eq(f->to, NGX_CC_SIGNAL_FOREGROUND);

    say("{\"id\":5,\"method\":\"signal\",\"params\":{\"signal\":\"STOP\"}}");
    ck_assert_int_eq(f->pauses, 1);
    fake_signalled(f, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"status\":\"paused\"}}");
    expect_part("process.paused");

    while (f->signals < FAKE_SIGNALS) {
        say("{\"method\":\"signal\",\"params\":{\"signal\":10}}");
    }

    ck_assert_int_eq(f->signo, 10);
    ck_assert_int_eq(f->to, NGX_CC_SIGNAL_TREE);
    say("{\"id\":6,\"method\":\"signal\",\"params\":{\"signal\":10}}");
    expect_part("too many signals");

    /* input stays open behind an end of file */

    say("{\"id\":7,\"method\":\"input\",\"params\":{\"data\":\"ab\","
        "\"eof\":true}}");
    ck_assert_int_eq(f->input_eof, 1);
    fake_taken(f, 2, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"accepted\":2,"
           "\"offset\":2}}");

    /* a line that it does not take */

    say("{\"id\":8,\"method\":\"input\",\"params\":{\"data\":\"c\\nlong\"}}");
    say("{\"id\":9,\"method\":\"input\",\"params\":{\"data\":\"behind\"}}");
    f->public.stdin_long = 1;
    fake_taken(f, 2, 0);
    f->public.stdin_long = 0;
    expect_part("\"id\":8,\"error\":{\"code\":-32602,");
    expect_part("\"id\":9,\"error\":{\"code\":-32602,");
    say("{\"id\":10,\"method\":\"input\",\"params\":{\"data\":\"d\"}}");
    expect_part("\"data\":{\"offset\":4}");
    say("{\"id\":11,\"method\":\"input\",\"params\":{\"data\":\"d\","
        "\"offset\":4}}");
    fake_taken(f, 1, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":11,\"result\":{\"accepted\":1,"
           "\"offset\":5}}");

    conf.tty = 0;
    close_session();
}
END_TEST


START_TEST(starts_refused)
{
    static const struct {
        ngx_cc_start_e  rc;
        const char     *part;
    } starts[] = {
        { NGX_CC_START_LIMIT, "-32001" },
        { NGX_CC_START_TOO_LONG, "-32602" },
        { NGX_CC_START_EXITING, "reloading, connect again" },
        { NGX_CC_START_UNAVAILABLE, "-32603" }
    };

    open_session();
    fake_start = starts[_i].rc;
    say("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\"}}");
    expect_part(starts[_i].part);
    expect("");
    ck_assert_uint_eq(ngx_cc_native.busy(session), 0);
    close_session();
}
END_TEST


/* without a shell: words; with a list: its programs only */

START_TEST(policy)
{
    static ngx_cc_policy_rule_t  list[] = { { "/bin/echo", NULL, 0 } };

    open_session();
    conf.shell = NULL;
    say("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":"
        "\"echo 'a b' c\"}}");
    ck_assert_str_eq(fake_command[0]->line, "echo|echo|a b|c");
    say("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":"
        "\"echo a; b\"}}");
    expect_part("-32002,\"message\":\"operator ';' is not allowed without a "
                "shell\"");
    say("{\"id\":3,\"method\":\"execute\",\"params\":{\"command\":\"echo 'a\"}}");
    expect_part("\"id\":3,\"error\":{\"code\":-32602");

    conf.policy.any = 0;
    conf.policy.rules = list;
    conf.policy.nrules = 1;
    say("{\"id\":4,\"method\":\"execute\",\"params\":{\"args\":[\"echo\"]}}");
    ck_assert_str_eq(fake_command[1]->line, "/bin/echo|echo");
    say("{\"id\":5,\"method\":\"execute\",\"params\":{\"args\":[\"/bin/rm\"]}}");
    expect_part("-32002,\"message\":\"'/bin/rm' is not on the allow-list\"");
    close_session();
}
END_TEST


/* a client that is known by an address of another machine keeps nothing */

START_TEST(nameless)
{
    open_session();
    conf.command.keep.enable = 1;
    transport.nameless = 1;
    say("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"a\","
        "\"on_disconnect\":\"keep\"}}");
    expect_part("\"id\":1,\"error\":{\"code\":-32002,\"message\":\"a command "
                "is kept for a client with a name");
    say("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":\"a\"}}");
    ck_assert_str_eq(fake_command[0]->line, "/bin/sh|/bin/sh|-c|a");
    transport.nameless = 0;
    close_session();
}
END_TEST


/* the next message is a packet of these bytes */

static void
expect_packet(unsigned stream, uint32_t channel, uint64_t offset, uint64_t seq,
    const void *p, size_t n)
{
    ngx_cc_packet_t  packet;

    (void) pull();
    ck_assert_int_eq(transport.packet, 1);
    ck_assert_ptr_null(ngx_cc_packet_read(&packet, buf, pulled));
    ck_assert_uint_eq(packet.stream, stream);
    ck_assert_uint_eq(packet.channel, channel);
    ck_assert_uint_eq(packet.offset, offset);
    ck_assert_uint_eq(packet.seq, seq);
    ck_assert_uint_eq(pulled, NGX_CC_PACKET_HEADER + n);
    ck_assert_mem_eq(buf + NGX_CC_PACKET_HEADER, p, n);
}


START_TEST(packets)
{
    char            *big;
    u_char           p[NGX_CC_PACKET_HEADER + 2];
    fake_command_t  *f;
    ngx_cc_packet_t  packet = { NGX_CC_PACKET_STDIN, 0, 2, 0, 77 };

    open_session();
    ck_assert_int_eq(transport.binary, 0);
    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}");
    ck_assert_int_eq(transport.binary, 0);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");

    say("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":\"x\","
        "\"encoding\":\"binary\",\"new\":1}}");
    ck_assert_int_eq(transport.binary, 1);
    f = fake_command[1];
    fake_started(f);
    expect_part("\"channel\":1,\"warnings\":[\"params.new");
    expect_part("process.started");

    /* a record is there until it is sent; what is too long for one */

    big = malloc(270000);
    memset(big, 'x', 270000);
    fake_output(f, 0, "a\nb\0\xff", 5);
    fake_output(f, 1, big, 270000);
    expect_packet(1, 1, 0, 16, "a\nb\0\xff", 5);
    expect_packet(2, 1, 0, 16, big, 262144);
    expect_packet(2, 1, 262144, 16 + 262144, big, 270000 - 262144);
    expect("");
    ck_assert_int_eq(transport.packet, 0);
    free(big);

    /* another one, with stdin; the first one ends */

    f = start("{\"id\":3,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"encoding\":\"binary\",\"open_stdin\":true}}");
    fake_output(fake_command[1], 0, "end", 3);
    fake_exited(fake_command[1], 0, NGX_CC_CAUSE_EXIT);
    expect_packet(1, 1, 5, 16, "end", 3);
    expect_part("\"stdout_bytes\":8,\"stderr_bytes\":270000");
    expect("");

    (void) ngx_cc_packet_write(p, &packet);
    p[NGX_CC_PACKET_HEADER] = 0;
    p[NGX_CC_PACKET_HEADER + 1] = 0xff;
    ck_assert_int_eq(ngx_cc_native.packet(session, p, sizeof(p), 1), NGX_OK);
    ck_assert_int_eq(ngx_cc_native.packet(session, p, 7, 0), NGX_OK);
    ck_assert_int_eq(ngx_cc_native.packet(session, p + 7, 0, 0), NGX_OK);
    ck_assert_int_eq(ngx_cc_native.packet(session, p + 7, sizeof(p) - 7, 1),
                     NGX_OK);
    fake_taken(f, 2, 0);
    expect("{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{\"accepted\":2,"
           "\"offset\":2}}");
    fake_taken(f, 2, 0);
    expect_part("\"id\":77,\"result\":{\"accepted\":2,\"offset\":4}");
    ck_assert_mem_eq(f->input, "\0\xff\0\xff", 4);

    /* one that is not finished when the session ends, and no memory for one */

    shim_allocations = 1;
    ck_assert_int_eq(ngx_cc_native.packet(session, p, 7, 0), NGX_ERROR);
    shim_allocations = 0;
    ck_assert_int_eq(ngx_cc_native.packet(session, p, 7, 0), NGX_OK);
    close_session();
}
END_TEST


/* what is missing is told behind what is kept of a line, or of a character */

START_TEST(gaps)
{
    fake_command_t  *f;

    open_session();

    f = start("{\"id\":1,\"method\":\"execute\",\"params\":{\"args\":[\"a\"]}}");
    fake_output(f, 0, "abc", 3);
    fake_gap(f, 0, 100);
    fake_output(f, 0, "line\n", 5);
    expect_part("\"data\":\"abc\",\"truncated\":false,\"partial\":true");
    expect_part("process.gap\",\"params\":{\"stream\":\"stdout\",\"from\":3,"
                "\"to\":103,");
    expect_part("\"offset\":103,\"next\":108,");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");

    f = start("{\"id\":2,\"method\":\"execute\",\"params\":{\"args\":[\"a\"],"
              "\"output\":\"chunk\"}}");
    fake_output(f, 1, "a\xe2\x82", 3);
    fake_gap(f, 1, 7);
    fake_output(f, 1, "b", 1);
    expect_part("\"data\":\"a\",");
    expect_part("\"offset\":1,\"next\":3,");
    expect_part("\"from\":3,\"to\":10,");
    expect_part("\"offset\":10,\"next\":11,");
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("process.completed");

    f = start("{\"id\":3,\"method\":\"execute\",\"params\":{\"args\":[\"a\"],"
              "\"encoding\":\"binary\"}}");
    fake_output(f, 0, "abc", 3);
    fake_gap(f, 0, 100);
    fake_output(f, 0, "d", 1);
    expect_packet(1, 1, 0, 16, "abc", 3);
    expect_part("\"from\":3,\"to\":103,");
    expect_packet(1, 1, 103, 16, "d", 1);

    /* all that there was is sent: nothing of it is held back */

    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    ck_assert_int_eq(f->first, f->last);
    expect_part("process.completed");
    close_session();
}
END_TEST


/* a message that was begun and is dropped; a session that ends in the middle */

START_TEST(dropped)
{
    u_char           part[] = "{\"id\":1,\"met";
    fake_command_t  *f;

    open_session();
    ck_assert_int_eq(ngx_cc_native.push(session, part, sizeof(part) - 1, 0),
                     NGX_OK);
    ngx_cc_native.drop(session);
    f = start("{\"id\":2,\"method\":\"execute\",\"params\":{\"command\":\"x\","
              "\"open_stdin\":true}}");
    say("{\"id\":3,\"method\":\"input\",\"params\":{\"data\":\"x\"}}");
    say("{\"id\":4,\"method\":\"input\",\"params\":{\"data\":\"y\"}}");
    fake_output(f, 0, "unfinished", 10);
    expect("");
    fake_output(f, 1, "unread\n", 7);
    ck_assert_int_eq(ngx_cc_native.push(session, part, sizeof(part) - 1, 0),
                     NGX_OK);
    close_session();
    ck_assert_int_eq(shim_fire(), 0);
}
END_TEST


START_TEST(limit)
{
    size_t     n;
    u_char     text[256];
    ngx_str_t  reached = ngx_string("the limit of 100 sessions is reached");

    n = ngx_cc_message_error(text, sizeof(text),
                             &(ngx_str_t) NGX_CC_MESSAGE_NULL,
                             NGX_CC_ERROR_LIMIT, reached.data, reached.len);
    text[n] = '\0';
    ck_assert_str_eq((char *) text, "{\"jsonrpc\":\"2.0\",\"id\":null,"
        "\"error\":{\"code\":-32001,\"message\":\"the limit of 100 sessions "
        "is reached\"}}");
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("native");
    Suite  *s = suite_create("native");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, life);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, memory);
    tcase_add_test(tc, lines);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, chunks);
    tcase_add_test(tc, control);
    tcase_add_test(tc, input);
    tcase_add_test(tc, flow);
    tcase_add_test(tc, unknown);
    tcase_add_test(tc, terminal);
    tcase_add_loop_test(tc, refusals, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_loop_test(tc, starts_refused, 0, 4);
    tcase_add_test(tc, policy);
    tcase_add_test(tc, nameless);
    tcase_add_test(tc, packets);
    tcase_add_test(tc, gaps);
    tcase_add_test(tc, dropped);
    tcase_add_test(tc, limit);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
