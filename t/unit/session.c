
/* a session of a dialect over commands that are none, and its client */

#include <string.h>
#include "session.h"
#include "shim.h"
#include "unit.h"


ngx_cc_transport_t          transport;
ngx_cc_spec_conf_t  conf;
void                  *session;
int                    wakes;
int                    pieces;
size_t                 pulled;
u_char                 buf[8 * 1024 * 1024];

static ngx_log_t                session_log;
static const ngx_cc_dialect_t  *dialect;


static void
session_wake(void *data)
{
    wakes++;
}


void
session_open(const ngx_cc_dialect_t *d, ngx_uint_t commands,
    struct ngx_cc_mcp_post_s *post)
{
    static const char  *env[] = { "PATH=/bin" };

    dialect = d;

    memset(&conf, 0, sizeof(conf));
    conf.policy.any = 1;
    conf.shell = "/bin/sh";
    conf.command.env = env;
    conf.command.nenv = 1;
    conf.path = "/bin";
    conf.command.cwd = "/srv";
    conf.timeout = 600000;
    conf.stdin_buffer = 4096;
    conf.max_commands_per_session = commands;

    memset(&transport, 0, sizeof(transport));
    transport.pool = ngx_create_pool(1024, &session_log);
    transport.log = &session_log;
    transport.conf = &conf;
    transport.post = post;
    memset(transport.session_id, 's', NGX_CC_UUID_TEXT);
    transport.wake = session_wake;

    ngx_current_msec = 1000000;
    session = dialect->open(&transport);
    ck_assert_ptr_nonnull(session);
}


void
close_session(void)
{
    int  i;

    dialect->close(session);
    ck_assert_int_eq(shim_fire(), 0);

    for (i = 0; i < fake_commands; i++) {
        ck_assert_int_eq(fake_command[i]->closed, 1);
    }

    ngx_destroy_pool(transport.pool);
    fake_free();
}


const char *
pull(void)
{
    size_t      n, len;
    ngx_uint_t  more;

    pieces = 0;
    len = 0;

    do {
        n = dialect->pull(session, buf + len,
                          NGX_CC_DIALECT_MAX_MESSAGE, &more);
        ck_assert(n || !more);
        ck_assert_uint_le(n, NGX_CC_DIALECT_MAX_MESSAGE);
        len += n;
        pieces++;
    } while (more);

    if (transport.tail.len) {
        memcpy(buf + len, transport.tail.data, transport.tail.len);
        len += transport.tail.len;
        dialect->sent(session);
    }

    pulled = len;

    buf[len] = '\0';

    return (char *) buf;
}


void
say(const char *text)
{
    u_char  *p;
    size_t   n, half;

    n = strlen(text);
    half = n / 2;
    p = malloc(n + 1);
    memcpy(p, text, n);
    ck_assert_int_eq(dialect->push(session, p, half, 0), NGX_OK);
    ck_assert_int_eq(dialect->push(session, p + half, n - half, 1), NGX_OK);
    free(p);
}


void
expect(const char *want)
{
    ck_assert_str_eq(pull(), want);
}


void
expect_part(const char *want)
{
    const char  *got = pull();

    ck_assert_msg(strstr(got, want) != NULL, "%s not in %.2000s", want, got);
}
