
/* may this program run? */

#include <string.h>
#include "unit.h"
#include "ngx_cc_policy.h"


static ngx_cc_policy_rule_t  rules[] = {
    { "/usr/bin/git", NULL, 0 }, { "/usr/bin/make", NULL, 0 },
    { "/opt/tools/make", NULL, 0 }, { "/bin/echo", NULL, 0 }
};

static const ngx_cc_policy_t  nothing;
static const ngx_cc_policy_t  any = { .any = 1 };
static const ngx_cc_policy_t  list = { .rules = rules, .nrules = 4 };


static const struct {
    const ngx_cc_policy_t  *policy;
    const char             *name;
    const char             *path;
    const char             *program;     /* NULL: refused */
} cases[] = {
    { &nothing, "/bin/ls", "/bin", NULL },
    { &nothing, "ls", "/bin", NULL },
    { &any, "/bin/ls", "/bin", "/bin/ls" },
    { &any, "ls", NULL, "ls" },
    { &any, "./ls", "/bin", "./ls" },

    { &list, "/usr/bin/git", "/x", "/usr/bin/git" },
    { &list, "/usr/bin/gi", "/x", NULL },
    { &list, "/usr/bin/git2", "/x", NULL },
    { &list, "/usr/bin/../bin/git", "/x", NULL },
    { &list, "/usr//bin/git", "/x", NULL },
    { &list, "./git", "/usr/bin", NULL },
    { &list, "bin/git", "/usr", NULL },
    { &list, "../git", "/usr/bin", NULL },

    { &list, "git", "/usr/bin", "/usr/bin/git" },
    { &list, "git", "/bin:/usr/bin", "/usr/bin/git" },
    { &list, "git", "/bin", NULL },
    { &list, "git", "", NULL },
    { &list, "git", "::", NULL },
    { &list, "git", "/usr", NULL },
    { &list, "git", "/usr/bin/", NULL },
    { &list, "git", NULL, "/usr/bin/git" },
    { &list, "echo", NULL, "/bin/echo" },
    { &list, "make", "/opt/tools:/usr/bin", "/opt/tools/make" },
    { &list, "make", "/usr/bin:/opt/tools", "/usr/bin/make" },
    { &list, "bin", "/usr", NULL }
};


START_TEST(program)
{
    const char       *argv[] = { cases[_i].name, "--any", "arguments" };
    const char       *found;
    ngx_cc_policy_e   rc;

    found = NULL;
    rc = ngx_cc_policy_check(cases[_i].policy, argv, 3, cases[_i].path,
                             &found);

    if (cases[_i].program) {
        ck_assert_int_eq(rc, NGX_CC_POLICY_OK);
        ck_assert_str_eq(found, cases[_i].program);

    } else {
        ck_assert_int_eq(rc, NGX_CC_POLICY_PROGRAM);
        ck_assert_ptr_null(found);
    }
}
END_TEST


/* several rules of one program, several patterns of one rule */

START_TEST(arguments)
{
    char                   text[4][32] = { "status", "log *", "", "show ..." };
    const char            *argv[] = { "git", NULL, NULL, NULL };
    const char            *found;
    ngx_cc_pattern_t       args[4];
    ngx_cc_policy_t        policy;
    ngx_cc_policy_rule_t   rule[4];
    size_t                 i;

    static const struct {
        const char       *arg[3];
        ngx_cc_policy_e   rc;
    } tries[] = {
        { { "status" }, NGX_CC_POLICY_OK },
        { { "status", "x" }, NGX_CC_POLICY_ARGS },
        { { "log", "x" }, NGX_CC_POLICY_OK },
        { { "log" }, NGX_CC_POLICY_ARGS },
        { { "log", "-x" }, NGX_CC_POLICY_ARGS },
        { { NULL }, NGX_CC_POLICY_OK },
        { { "show", "a", "b" }, NGX_CC_POLICY_OK },
        { { "show", "a", "-b" }, NGX_CC_POLICY_ARGS },
        { { "-c", "alias.x=!id", "x" }, NGX_CC_POLICY_ARGS }
    };

    for (i = 0; i < 4; i++) {
        ck_assert_ptr_null(ngx_cc_pattern_split(&args[i], text[i]));
    }

    memset(&policy, 0, sizeof(policy));
    memset(rule, 0, sizeof(rule));
    rule[0].path = rule[1].path = rule[2].path = "/usr/bin/git";
    rule[0].args = &args[0];
    rule[0].nargs = 2;
    rule[1].args = &args[2];
    rule[1].nargs = 1;
    rule[2].args = &args[3];
    rule[2].nargs = 1;
    rule[3].path = "/bin/git";
    policy.rules = rule;
    policy.nrules = 4;

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        uint32_t  argc;

        for (argc = 0; argc < 3 && tries[i].arg[argc]; argc++) {
            argv[argc + 1] = tries[i].arg[argc];
        }

        ck_assert_int_eq(ngx_cc_policy_check(&policy, argv, argc + 1,
                                             "/usr/bin:/bin", &found),
                         tries[i].rc);
    }

    /* the other git has no patterns */

    argv[1] = "-x";
    ck_assert_int_eq(ngx_cc_policy_check(&policy, argv, 2, "/bin:/usr/bin",
                                         &found), NGX_CC_POLICY_OK);
    ck_assert_str_eq(found, "/bin/git");
}
END_TEST


START_TEST(aliases)
{
    ngx_cc_policy_t        policy;
    ngx_cc_policy_alias_t  alias[2] = { { "one", NULL, 1 },
                                        { "two", NULL, 2 } };

    memset(&policy, 0, sizeof(policy));
    ck_assert_ptr_null(ngx_cc_policy_alias(&policy, "one"));
    policy.aliases = alias;
    policy.naliases = 2;
    ck_assert_ptr_eq(ngx_cc_policy_alias(&policy, "two"), &alias[1]);
    ck_assert_ptr_null(ngx_cc_policy_alias(&policy, "tw"));
    ck_assert_ptr_null(ngx_cc_policy_alias(&policy, "two "));
    ck_assert_ptr_null(ngx_cc_policy_alias(&policy, ""));
}
END_TEST


START_TEST(interpreters)
{
    size_t  i;

    static const char  *yes[] = {
        "sh", "/bin/sh", "/usr/bin/bash", "/usr/bin/git", "/usr/bin/find",
        "/usr/bin/env", "/usr/bin/awk", "/bin/tar", "/usr/bin/xargs",
        "/usr/bin/python3", "/usr/bin/python3.11", "/usr/bin/perl5.36.0",
        "/usr/bin/ssh", "/usr/bin/sed", "/usr/bin/make", "/usr/bin/zsh",
        "/usr/bin/gcc-12", "/usr/bin/ash", "/usr/sbin/start-stop-daemon"
    };
    static const char  *no[] = {
        "/bin/ls", "/bin/cat", "/usr/bin/gitk2x", "/usr/bin/shasum", "/", "",
        "/usr/bin/123", "/bin/echo", "/usr/bin/wc",
        "/usr/bin/a-name-that-is-much-longer-than-any-of-them"
    };

    for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        ck_assert_msg(ngx_cc_policy_interpreter(yes[i]), "%s", yes[i]);
    }

    for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        ck_assert_msg(!ngx_cc_policy_interpreter(no[i]), "%s", no[i]);
    }
}
END_TEST


START_TEST(path_errors)
{
    size_t  i;

    static const char  *bad[] = {
        "", "ls", "./ls", "/", "/bin/", "//ls", "/bin//ls", "/./ls",
        "/bin/..", "/../ls", "/bin/."
    };
    static const char  *good[] = { "/ls", "/bin/ls", "/a/..b", "/a/.b/c." };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(ngx_cc_policy_path_error(bad[i]) != NULL, "%s", bad[i]);
    }

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_msg(ngx_cc_policy_path_error(good[i]) == NULL, "%s",
                      good[i]);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("policy");
    Suite  *s = suite_create("policy");

    tcase_add_loop_test(tc, program, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tc, arguments);
    tcase_add_test(tc, aliases);
    tcase_add_test(tc, interpreters);
    tcase_add_test(tc, path_errors);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
