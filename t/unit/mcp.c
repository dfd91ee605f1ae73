
/* MCP: what is said in both eras, over a WebSocket and by POST */

#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>
#include <string.h>
#include "fake_command.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_mcp_execute.h"
#include "ngx_cc_message.h"
#include "session.h"
#include "shim.h"
#include "unit.h"


#define MODERN                                                                \
    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","             \
    "\"io.modelcontextprotocol/clientCapabilities\":{}"

#define CALL(arguments, meta)                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"    \
    "\"name\":\"execute\",\"arguments\":{" arguments "},\"_meta\":{" meta     \
    "}}}"

#define SERVER                                                                \
    ",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":"           \
    "\"ngx_cc_executor\",\"title\":\"Command executor\",\"version\":"         \
    "\"0.1.0\"}}"


static ngx_cc_mcp_post_t  post;


static void
open_session(ngx_cc_mcp_post_t *p)
{
    session_open(&ngx_cc_mcp, 2, p);
    expect("");
}


static fake_command_t *
start(const char *text)
{
    int  n = fake_commands;

    say(text);
    ck_assert_int_eq(fake_commands, n + 1);
    fake_started(fake_command[n]);

    return fake_command[n];
}


START_TEST(handshake)
{
    open_session(NULL);
    say("{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\",\"method\":\"initialize\","
        "\"params\":{\"protocolVersion\":\"2025-06-18\"}}");
    expect_part("{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\",\"result\":{"
                "\"protocolVersion\":\"2025-06-18\",\"capabilities\":{");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
        "\"params\":{\"protocolVersion\":\"2026-07-28\"}}");
    expect_part("\"protocolVersion\":\"2025-11-25\"");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\",\"params\":{"
        "\"_meta\":{" MODERN "}}}");
    expect_part("-32601");
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"prompts/list\","
        "\"params\":{\"_meta\":{" MODERN "}}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"resultType\":"
           "\"complete\",\"prompts\":[],\"ttlMs\":60000,\"cacheScope\":"
           "\"private\"" SERVER "}}");
    close_session();
}
END_TEST


START_TEST(life)
{
    fake_command_t  *f;

    open_session(NULL);
    f = start(CALL("\"command\":\"make x\",\"timeout_ms\":2500", ""));
    ck_assert_str_eq(f->line, "/bin/sh|/bin/sh|-c|make x");
    ck_assert_uint_eq(f->timeout, 2500);
    ck_assert_uint_eq(ngx_cc_mcp.busy(session), 1);
    ck_assert_uint_eq(transport.commands, 1);

    /* output is taken at once, and told at the end only */

    fake_output(f, 0, "out\xff\n", 5);
    fake_output(f, 1, "err", 3);
    ck_assert_int_eq(f->first, f->last);
    expect("");

    wakes = 0;
    fake_exited(f, 3 << 8, NGX_CC_CAUSE_EXIT);
    ck_assert_int_gt(wakes, 0);

    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":"
           "\"text\",\"text\":\"out\xef\xbf\xbd\\n[stderr]\\nerr\\n"
           "[some of it is not UTF-8: U+FFFD stands for that]\\n"
           "[exit code 3, 0.4 s]\"}],\"structuredContent\":{\"status\":"
           "\"exited\",\"exit_code\":3,\"signal\":null,\"timed_out\":false,"
           "\"stdout\":\"out\xef\xbf\xbd\\n\",\"stderr\":\"err\","
           "\"stdout_bytes\":5,\"stderr_bytes\":3,\"truncated\":false,"
           "\"lossy\":true,\"duration_ms\":410,\"pid\":4711,\"pgid\":4711,"
           "\"descendants_killed\":0,\"pipes_open\":false},\"isError\":"
           "true}}");
    expect("");
    ck_assert_uint_eq(ngx_cc_mcp.busy(session), 0);
    ck_assert_int_eq(f->closed, 1);
    close_session();
}
END_TEST


START_TEST(ends)
{
    fake_command_t  *f;

    open_session(NULL);
    f = start(CALL("\"command\":\"x\"", ""));
    fake_exited(f, SIGTERM, NGX_CC_CAUSE_SIGNAL);
    expect_part("\"text\":\"[killed by SIGTERM, 0.4 s]\"}],"
                "\"structuredContent\":{\"status\":\"signaled\","
                "\"exit_code\":null,\"signal\":\"SIGTERM\"");

    f = start(CALL("\"command\":\"x\",\"timeout_ms\":70", ""));
    fake_exited(f, SIGKILL, NGX_CC_CAUSE_TIMEOUT);
    expect_part("[timed out after 70 ms]\"}],\"structuredContent\":{"
                "\"status\":\"timed_out\"");

    f = start(CALL("\"command\":\"x\"", ""));
    fake_exited(f, 0, NGX_CC_CAUSE_LOST);
    expect_part("\"status\":\"failed\",\"exit_code\":null");

    f = start(CALL("\"command\":\"x\"", MODERN));
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"isError\":false" SERVER "}}");

    say(CALL("\"command\":\"x\"", ""));
    fake_failed(fake_command[fake_commands - 1], NGX_CC_STAGE_EXEC, ENOENT);
    expect_part("\"text\":\"[not started: exec: No such file or directory]"
                "\"}],\"structuredContent\":{\"status\":\"failed\"");

    fake_start = NGX_CC_START_LIMIT;
    say(CALL("\"command\":\"x\"", ""));
    expect_part("commands is reached");
    fake_start = NGX_CC_START_EXITING;
    say(CALL("\"command\":\"x\"", ""));
    expect_part("\"error\":{\"code\":-32603,\"message\":\"server is "
                "reloading");
    close_session();
}
END_TEST


/* not before 200 ms, not within 100 ms, every 15 s, and never twice the same */

START_TEST(progress)
{
    int              i;
    fake_command_t  *f;

    open_session(NULL);
    f = start(CALL("\"command\":\"x\"", "\"progressToken\":\"t\""));
    fake_output(f, 0, "one\ntw", 6);
    expect("");
    ngx_current_msec += 200;
    ck_assert_int_eq(shim_fire(), 1);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
           "\"params\":{\"progressToken\":\"t\",\"progress\":0.2,"
           "\"message\":\"one\"}}");

    /* what is not pulled is replaced by what is newer */

    fake_output(f, 0, "o\n", 2);
    ngx_current_msec += 100;
    (void) shim_fire();
    fake_output(f, 1, "err\n", 4);
    ngx_current_msec += 100;
    expect_part("\"progress\":0.4,\"message\":\"err\"");
    expect("");

    ngx_current_msec += 15000;
    (void) shim_fire();
    expect_part("\"progress\":15.4,\"message\":\"err\"");
    (void) shim_fire();
    expect_part("\"progress\":15.401");

    /* none after the end */

    fake_output(f, 0, "three\n", 6);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    ck_assert_int_eq(shim_fire(), 0);
    expect_part("\"id\":1,\"result\"");
    expect("");

    /* no half characters, nothing for terminals */

    f = start(CALL("\"command\":\"x\"", "\"progressToken\":7"));
    fake_output(f, 0, "\x1b[32m50 \xe2\x82", 10);
    ngx_current_msec += 15000;
    (void) shim_fire();
    expect_part("\"message\":\"50 \"");
    fake_output(f, 0, "\xac", 1);

    for (i = 0; i < 30; i++) {
        fake_output(f, 0, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
                    12);
    }

    ngx_current_msec += 15000;
    (void) shim_fire();
    expect_part("\"message\":\"\xe2\x82\xac");
    ck_assert_ptr_null(strstr((char *) buf, "\xef\xbf\xbd"));
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"truncated\":false,\"duration_ms\"");

    /* nothing has been written */

    f = start(CALL("\"command\":\"x\"", "\"progressToken\":7"));
    ngx_current_msec += 15000;
    (void) shim_fire();
    expect_part("{\"progressToken\":7,\"progress\":15.0,\"message\":"
                "\"running, no output yet\"}");
    close_session();
}
END_TEST


/* a wait that is over: it becomes a job; limits before and behind it */

START_TEST(waits)
{
    fake_command_t  *f;

    open_session(NULL);
    conf.command.keep.enable = 1;
    conf.command.keep.timeout = 86400000;
    conf.timeout = 30000;

    f = start(CALL("\"command\":\"x\",\"timeout_ms\":200000,"
                   "\"on_timeout\":\"detach\"", ""));
    ck_assert_int_eq(f->keepable, 1);
    ck_assert_uint_gt(f->timeout, 100000);
    fake_output(f, 0, "abc", 3);
    ck_assert_int_eq(f->handovers, 0);
    ck_assert_int_eq(shim_fire(), 1);
    ck_assert_int_eq(f->handovers, 1);
    ck_assert_uint_eq(f->run, 86400000);
    expect("");
    fake_kept(f);
    expect_part("the wait was cut to 100 s");
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"status\":\"running\""));
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"next_cursor\":\"c0-0\""));
    ck_assert_int_eq(f->told, 0);
    transport.rounds++;
    expect("");
    ck_assert_int_eq(f->told, 1);
    ck_assert_int_eq(f->closed, 1);

    /* a place for it is missing: as without */

    fake_handover = NGX_CC_START_KEPT;
    f = start(CALL("\"command\":\"x\",\"wait_ms\":100,"
                   "\"timeout_ms\":9000", ""));
    ck_assert_uint_eq(f->timeout, 9000);
    ck_assert_int_eq(shim_fire(), 1);
    ck_assert_int_eq(f->handovers, 1);
    ck_assert_uint_eq(f->run, 9000);
    fake_output(f, 0, "abc", 3);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"status\":\"exited\"");
    ck_assert_ptr_null(strstr((char *) buf, "job_id"));

    /* it ends instead; it is closed before its id has been sent */

    fake_handover = NGX_CC_START_OK;
    f = start(CALL("\"command\":\"x\",\"wait_ms\":100", ""));
    ck_assert_int_eq(shim_fire(), 1);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"status\":\"exited\"");
    f = start(CALL("\"command\":\"x\",\"wait_ms\":100", ""));
    ck_assert_int_eq(shim_fire(), 1);
    fake_kept(f);
    expect_part("\"status\":\"running\"");
    ck_assert_int_eq(f->told, 0);
    close_session();
}
END_TEST


START_TEST(cancel)
{
    fake_command_t  *f, *g;

    open_session(NULL);
    f = start(CALL("\"command\":\"x\"", "\"progressToken\":1"));
    g = start(CALL("\"command\":\"y\"", ""));
    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":{\"requestId\":\"1\"}}");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":{\"requestId\":[1]}}");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
    ck_assert_int_eq(f->closed + g->closed, 0);

    /* one too many, meanwhile */

    say(CALL("\"command\":\"z\"", ""));
    expect_part("2 commands run in this session already");

    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":{\"requestId\":1}}");
    ck_assert_int_eq(f->closed, 1);
    ck_assert_int_eq(g->closed, 0);
    expect("");
    ck_assert_uint_eq(ngx_cc_mcp.busy(session), 1);
    close_session();
}
END_TEST


/* a long answer comes in pieces, and nothing in between */

START_TEST(pieces_of_it)
{
    char            *text;
    size_t           i;
    ngx_uint_t       more;
    fake_command_t  *f;

    text = malloc(60000);
    memset(text, '"', 60000);

    open_session(NULL);
    f = start(CALL("\"command\":\"x\",\"max_output_bytes\":1000000", ""));

    for (i = 0; i < 10; i++) {
        fake_output(f, 0, text, 60000);
    }

    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);

    ck_assert_uint_gt(ngx_cc_mcp.pull(session, buf,
                                      NGX_CC_DIALECT_MAX_MESSAGE, &more), 0);
    ck_assert_uint_eq(more, 1);
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":{\"requestId\":1}}");
    expect_part("\"stdout_bytes\":600000");
    ck_assert_int_gt(pieces, 30);
    expect("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
    close_session();
    free(text);
}
END_TEST


START_TEST(cut)
{
    fake_command_t  *f;

    open_session(NULL);
    f = start(CALL("\"command\":\"x\",\"max_output_bytes\":4", ""));
    fake_output(f, 0, "abcdefgh", 8);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"text\":\"ab\\n[... 4 bytes left out ...]\\ngh\\n[stdout "
                "cut: 4 of its 8 bytes are left out; max_output_bytes shows "
                "more, up to 16777216]\\n[exit code 0, 0.4 s]\"");
    f = start(CALL("\"command\":\"x\",\"max_output_bytes\":0", ""));
    fake_output(f, 1, "abc", 3);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"stderr\":\"\\n[... 3 bytes left out ...]\\n\","
                "\"stdout_bytes\":0,\"stderr_bytes\":3,\"truncated\":true");
    close_session();
}
END_TEST


/* a message by POST: its status, and when it is over */

static const char *
by_post(const char *version, const char *method, const char *name,
    const char *text)
{
    memset(&post, 0, sizeof(post));

    if (version) {
        post.version.data = (u_char *) version;
        post.version.len = strlen(version);
    }

    if (method) {
        post.method.data = (u_char *) method;
        post.method.len = strlen(method);
    }

    if (name) {
        post.name.data = (u_char *) name;
        post.name.len = strlen(name);
    }

    open_session(&post);
    say(text);
    (void) pull();
    ngx_cc_mcp.close(session);
    ngx_destroy_pool(transport.pool);

    return (char *) buf;
}


START_TEST(statuses)
{
    const char  *list, *old;

    old = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";
    list = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\","
           "\"params\":{\"_meta\":{" MODERN "}}}";

    (void) by_post(NULL, NULL, NULL, old);
    ck_assert_uint_eq(post.status, 200);
    ck_assert_uint_eq(post.over, 1);
    ck_assert_uint_eq(post.stream, 0);

    (void) by_post("2025-11-25", "tools/list", NULL, old);
    ck_assert_uint_eq(post.status, 200);

    ck_assert_ptr_nonnull(strstr(by_post("1.0", NULL, NULL, old), "-32022"));
    ck_assert_uint_eq(post.status, 400);

    (void) by_post("2026-07-28", "tools/list", NULL, list);
    ck_assert_uint_eq(post.status, 200);

    ck_assert_ptr_nonnull(strstr(by_post(NULL, "tools/list", NULL, list),
                                 "-32020"));
    ck_assert_uint_eq(post.status, 400);
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", NULL, NULL, list),
                                 "-32020"));
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", "x", NULL, list),
                                 "-32020"));
    ck_assert_ptr_nonnull(strstr(by_post("2025-11-25", "tools/list", NULL,
                                         list), "-32020"));
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", NULL, NULL, old),
                                 "-32602"));
    ck_assert_uint_eq(post.status, 400);
    (void) by_post(NULL, "tools/list", NULL, old);
    ck_assert_uint_eq(post.status, 200);
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", "tools/call", NULL,
                                         CALL("", MODERN)), "-32020"));
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", "tools/call",
                                         "=?base64?eA==?=", CALL("", MODERN)),
                                 "-32020"));
    ck_assert_ptr_nonnull(strstr(by_post("2026-07-28", "tools/call",
                                         "=?base64?ZXhlY3V0ZQ==?=",
                                         CALL("", MODERN)),
                                 "command is missing"));
    ck_assert_uint_eq(post.status, 200);

    (void) by_post("2026-07-28", "nope", NULL,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nope\","
                   "\"params\":{\"_meta\":{" MODERN "}}}");
    ck_assert_uint_eq(post.status, 404);
    (void) by_post(NULL, NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");
    ck_assert_uint_eq(post.status, 202);
    ck_assert_uint_eq(post.over, 1);
    ck_assert_str_eq((char *) buf, "");
    (void) by_post(NULL, NULL, NULL, "{");
    ck_assert_uint_eq(post.status, 400);

    (void) by_post("2026-07-28", "subscriptions/listen", NULL,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                   "\"subscriptions/listen\",\"params\":{\"notifications\":{},"
                   "\"_meta\":{" MODERN "}}}");
    ck_assert_uint_eq(post.stream, 1);
    ck_assert_uint_eq(post.over, 0);
}
END_TEST


START_TEST(stream)
{
    fake_command_t  *f;

    memset(&post, 0, sizeof(post));
    open_session(&post);
    f = start(CALL("\"command\":\"x\"", "\"progressToken\":1"));
    expect("");
    ck_assert_uint_eq(post.over, 0);
    ck_assert_uint_eq(post.stream, 0);
    fake_output(f, 0, "a\n", 2);
    ngx_current_msec += 200;
    (void) shim_fire();
    expect_part("notifications/progress");
    ck_assert_uint_eq(post.stream, 1);
    ck_assert_uint_eq(post.over, 0);
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"result\"");
    ck_assert_uint_eq(post.over, 1);
    close_session();
}
END_TEST


/* whichever allocation fails: no crash, no leak, an answer or the end */

START_TEST(memory)
{
    int              i;
    size_t           n;
    ngx_int_t        rc;
    ngx_uint_t       more;
    fake_command_t  *f;

    static u_char  text[] =
        CALL("\"command\":\"x\",\"stdin\":\"y\"",
             "\"progressToken\":\"t\"," MODERN);

    for (i = 1; i < 60; i++) {
        open_session(NULL);
        shim_allocations = i;
        rc = ngx_cc_mcp.push(session, text, sizeof(text) - 1, 1);

        if (rc == NGX_OK && fake_commands) {
            f = fake_command[fake_commands - 1];
            fake_started(f);
            fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
        }

        shim_allocations = 0;
        n = ngx_cc_mcp.pull(session, buf, NGX_CC_DIALECT_MAX_MESSAGE, &more);
        ck_assert(rc == NGX_OK || n == 0);
        ck_assert_uint_eq(more, 0);
        close_session();
    }
}
END_TEST


/* an entry of the list is all that an argument needs: schema, check, texts */

START_TEST(one_more_argument)
{
    size_t                  n;
    ngx_cc_json_t           w;
    ngx_cc_spec_t           spec;
    ngx_cc_value_t          arguments, command, colour;
    ngx_cc_mcp_argument_t   list[16];

    for (n = 0; ngx_cc_mcp_execute_takes[n].name.len; n++) {
        list[n] = ngx_cc_mcp_execute_takes[n];
        ck_assert_uint_lt(n, 14);
    }

    memset(&list[n], 0, 2 * sizeof(list[0]));
    ngx_str_set(&list[n].name, "colour");
    list[n].type = NGX_CC_MCP_INTEGER;
    list[n].min = 3;
    list[n].max = 7;
    list[n].meaning = "Of the output";

    open_session(NULL);

    ngx_cc_message_writer(&w, buf, sizeof(buf) - 1);
    ngx_cc_mcp_arguments_schema(&w, list, &conf);
    *w.pos = '\0';
    ck_assert_ptr_nonnull(strstr((char *) buf, "\"colour\":{\"type\":"
        "\"integer\",\"minimum\":3,\"maximum\":7,\"description\":"
        "\"Of the output\"}"));

    memset(&arguments, 0, sizeof(arguments));
    arguments.type = NGX_CC_VALUE_OBJECT;
    arguments.first = &command;
    arguments.number = 2;

    memset(&command, 0, sizeof(command));
    command.type = NGX_CC_VALUE_STRING;
    ngx_str_set(&command.name, "command");
    ngx_str_set(&command.text, "true");
    command.next = &colour;

    memset(&colour, 0, sizeof(colour));
    colour.type = NGX_CC_VALUE_NUMBER;
    ngx_str_set(&colour.name, "colour");
    ngx_str_set(&colour.text, "7");

    ngx_cc_spec_init(&spec, "arguments");
    ck_assert_int_eq(ngx_cc_mcp_arguments_check(&spec, list, &conf,
                                                &arguments), NGX_OK);

    ngx_str_set(&colour.text, "8");
    ck_assert_int_eq(ngx_cc_mcp_arguments_check(&spec, list, &conf,
                                                &arguments), NGX_DECLINED);
    spec.text[spec.len] = '\0';
    ck_assert_str_eq((char *) spec.text,
                     "arguments.colour must be an integer from 3 to 7");

    close_session();
}
END_TEST


/* legacy sessions by HTTP: a good id, a bad one, initialize */

START_TEST(legacy_session)
{
    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "good");
    open_session(&post);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    ck_assert_uint_eq(post.status, 200);
    ck_assert_uint_eq(post.begun, 0);
    close_session();

    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "bad");
    open_session(&post);
    say("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"ping\"}");
    expect_part("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32600");
    ck_assert_uint_eq(post.status, 404);
    close_session();

    /* the answer to a request that we never made */

    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "bad");
    open_session(&post);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    expect_part("-32600");
    ck_assert_uint_eq(post.status, 404);
    close_session();

    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "bad");
    open_session(&post);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
        "\"params\":{\"protocolVersion\":\"2025-06-18\"}}");
    expect_part("\"protocolVersion\":\"2025-06-18\"");
    ck_assert_uint_eq(post.status, 200);
    ck_assert_uint_eq(post.begun, 20250618);
    close_session();

    /* the new era does not look at it */

    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "bad");
    ngx_str_set(&post.version, "2026-07-28");
    ngx_str_set(&post.method, "tools/list");
    open_session(&post);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\","
        "\"params\":{\"_meta\":{" MODERN "}}}");
    expect_part("\"tools\":[");
    ck_assert_uint_eq(post.status, 200);
    close_session();
}
END_TEST


static void
legacy(void)
{
    memset(&post, 0, sizeof(post));
    ngx_str_set(&post.session, "good");
    open_session(&post);
}


/* an id has one name, however it is written */

START_TEST(legacy_names)
{
    int  i;

    static const char  *id[][2] = {
        { "1", "1" }, { "\"1\"", "\"1\"" }, { "1.0", "1" }, { "-0", "0" },
        { "1e3", "1000" }, { "-5", "-5" }, { "0.5", "0.5" },
        { "9007199254740992", "9007199254740992" },
        { "9007199254740993.5", "9007199254740993.5" },
        { "12345678901234567890", "12345678901234567890" },
        { "\"\\u0061\\/\"", "\"a/\"" }
    };

    for (i = 0; i < (int) (sizeof(id) / sizeof(id[0])); i++) {
        char  text[256];

        memset(fake_canceled, 0, sizeof(fake_canceled));
        legacy();
        (void) snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"method\":"
                        "\"notifications/cancelled\",\"params\":{"
                        "\"requestId\":%s}}", id[i][0]);
        say(text);
        expect("");
        ck_assert_uint_eq(post.status, 202);
        ck_assert_str_eq(fake_canceled, id[i][1]);
        close_session();
    }
}
END_TEST


/* another worker's client cancels it: no answer; not once it has begun */

START_TEST(legacy_cancel)
{
    fake_command_t  *f;

    legacy();
    f = start(CALL("\"command\":\"x\"", ""));
    ck_assert_ptr_nonnull(fake_call);
    ck_assert_str_eq((char *) fake_call->handle.byte, "1");

    fake_call->end(fake_call->data);
    ck_assert_ptr_null(fake_call);
    ck_assert_int_eq(f->cancels, 1);
    expect("");
    ck_assert(post.canceled && post.over);
    close_session();

    /* its end and its answer */

    legacy();
    f = start(CALL("\"command\":\"x\"", ""));
    fake_exited(f, 0, NGX_CC_CAUSE_EXIT);
    expect_part("\"exit_code\":0");
    ck_assert_ptr_null(fake_call);
    ck_assert(!post.canceled);
    close_session();

    /* a client that goes */

    legacy();
    (void) start(CALL("\"command\":\"x\"", ""));
    close_session();
    ck_assert_ptr_null(fake_call);
}
END_TEST


START_TEST(legacy_refused)
{
    legacy();
    fake_may = NGX_CC_LEGACY_TWICE;
    say(CALL("\"command\":\"x\"", ""));
    expect_part("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600");
    ck_assert_int_eq(fake_commands, 0);
    close_session();

    legacy();
    fake_may = NGX_CC_LEGACY_ENDED;
    say(CALL("\"command\":\"x\"", ""));
    expect("");
    ck_assert(post.canceled && post.over);
    ck_assert_int_eq(fake_commands, 0);
    fake_may = NGX_CC_LEGACY_MAY;
    close_session();
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("mcp");
    tc = tcase_create("mcp");
    tcase_add_test(tc, legacy_session);
    tcase_add_test(tc, legacy_names);
    tcase_add_test(tc, legacy_cancel);
    tcase_add_test(tc, legacy_refused);
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, handshake);
    tcase_add_test(tc, life);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, progress);
    tcase_add_test(tc, waits);
    tcase_add_test(tc, cancel);
    tcase_add_test(tc, pieces_of_it);
    tcase_add_test(tc, cut);
    tcase_add_test(tc, statuses);
    tcase_add_test(tc, stream);
    tcase_add_test(tc, memory);
    tcase_add_test(tc, one_more_argument);

    return unit_run(suite);
}
