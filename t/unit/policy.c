
/* may this program run? */

#include "unit.h"
#include "ngx_cc_policy.h"


static const char  *paths[] = {
    "/usr/bin/git", "/usr/bin/make", "/opt/tools/make", "/bin/echo"
};

static const ngx_cc_policy_t  nothing;
static const ngx_cc_policy_t  any = { NULL, 0, 1 };
static const ngx_cc_policy_t  list = { paths, 4, 0 };


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
    const char  *found;

    found = ngx_cc_policy_program(cases[_i].policy, cases[_i].name,
                                  cases[_i].path);

    if (cases[_i].program) {
        ck_assert_ptr_nonnull(found);
        ck_assert_str_eq(found, cases[_i].program);

    } else {
        ck_assert_ptr_null(found);
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
    tcase_add_test(tc, path_errors);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
