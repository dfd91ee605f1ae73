
/* which lines need no shell, and what their words are */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_plainline.h"


/* words joined by "|", or "no" */

static const char *
split(const char *line)
{
    uint32_t            i;
    ngx_cc_plainline_t  pl;

    static char  text[2 * NGX_CC_PLAINLINE_TEXT];

    if (!ngx_cc_plainline_split(&pl, line)) {
        return "no";
    }

    ck_assert_uint_ge(pl.argc, 1);
    ck_assert_uint_le(pl.argc, NGX_CC_PLAINLINE_WORDS);
    ck_assert_ptr_null(pl.argv[pl.argc]);

    text[0] = '\0';

    for (i = 0; i < pl.argc; i++) {
        (void) strcat(text, i ? "|" : "");
        (void) strcat(text, pl.argv[i]);
    }

    return text;
}


static const struct {
    const char  *line;
    const char  *words;
} lines[] = {
    { "ls", "ls" },
    { "ls -l", "ls|-l" },
    { " \t ls \t -l  ", "ls|-l" },
    { "/bin/ls", "/bin/ls" },
    { "./a.out x", "./a.out|x" },
    { "make -j2 CC=gcc all", "make|-j2|CC=gcc|all" },
    { "git log --format=%H", "git|log|--format=%H" },
    { "cc 'a b' \"c d\"", "cc|a b|c d" },
    { "cc a'b'\"c\"d", "cc|abcd" },
    { "cc '' \"\"", "cc||" },
    { "cc '$HOME `x` \\ \"'", "cc|$HOME `x` \\ \"" },
    { "cc \"it's #1; really & <all> * ?\"",
      "cc|it's #1; really & <all> * ?" },
    { "cc 'a\nb\tc'", "cc|a\nb\tc" },
    { "user@host:22 a,b+c", "user@host:22|a,b+c" },
    { "truely", "truely" },
    { "true1", "true1" },
    { "/bin/echo x", "/bin/echo|x" },

    { "", "no" },
    { "  \t ", "no" },
    { "ls\n", "no" },
    { "ls;", "no" },
    { "ls; ls", "no" },
    { "a & b", "no" },
    { "a | b", "no" },
    { "a > b", "no" },
    { "a < b", "no" },
    { "(a)", "no" },
    { "a $b", "no" },
    { "a \"$b\"", "no" },
    { "a `b`", "no" },
    { "a \"`b`\"", "no" },
    { "a \\b", "no" },
    { "a \"\\b\"", "no" },
    { "a *", "no" },
    { "a b?", "no" },
    { "a [b", "no" },
    { "a ~", "no" },
    { "a #b", "no" },
    { "a {b,c}", "no" },
    { "a !b", "no" },
    { "a ^b", "no" },
    { "a b]", "no" },
    { "a 'b", "no" },
    { "a \"b", "no" },
    { "'a'", "no" },
    { "\"a\" b", "no" },
    { "a'b'", "no" },
    { "A=b", "no" },
    { "A=b c", "no" },
    { "%1", "no" },
    { "a \x01", "no" },
    { "a '\x01'", "no" },
    { "a '\x7f'", "no" },
    { "a \xc3\xa4", "no" },
    { "a '\xc3\xa4'", "no" },
    { "a\rb", "no" },
    { "a '\r'", "no" }
};


START_TEST(line)
{
    ck_assert_str_eq(split(lines[_i].line), lines[_i].words);
}
END_TEST


/* each of them, alone and with an argument, needs a shell */

START_TEST(reserved)
{
    size_t       i;
    char         text[64];

    static const char *const  words[] = {
        "!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if",
        "in", "then", "until", "while", "{", "}", "function", "select",
        "time", "coproc", "[[", "]]", ".", ":", "[", "alias", "bg", "break",
        "cd", "command", "continue", "echo", "eval", "exec", "exit",
        "export", "false", "fg", "getopts", "hash", "jobs", "kill", "local",
        "printf", "pwd", "read", "readonly", "return", "set", "shift",
        "test", "times", "trap", "true", "type", "ulimit", "umask",
        "unalias", "unset", "wait", "bind", "builtin", "caller", "compgen",
        "complete", "compopt", "declare", "dirs", "disown", "enable", "fc",
        "help", "history", "let", "logout", "mapfile", "popd", "pushd",
        "readarray", "shopt", "source", "suspend", "typeset", "chdir"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_str_eq(split(words[i]), "no");
        (void) snprintf(text, sizeof(text), " %s x", words[i]);
        ck_assert_str_eq(split(text), "no");
    }
}
END_TEST


/* a line as long as there is room for, one word more, one byte more */

START_TEST(bounds)
{
    int                 i;
    char                text[NGX_CC_PLAINLINE_TEXT + 16];
    ngx_cc_plainline_t  pl;

    text[0] = '\0';

    for (i = 0; i < NGX_CC_PLAINLINE_WORDS; i++) {
        (void) strcat(text, i % 2 ? "'' " : "a ");
    }

    ck_assert_int_eq(ngx_cc_plainline_split(&pl, text), 1);
    ck_assert_uint_eq(pl.argc, NGX_CC_PLAINLINE_WORDS);
    (void) strcat(text, "a");
    ck_assert_int_eq(ngx_cc_plainline_split(&pl, text), 0);

    for (i = 0; i < NGX_CC_PLAINLINE_TEXT + 8; i++) {
        memset(text, 'x', i);
        text[i] = '\0';

        if (ngx_cc_plainline_split(&pl, text)) {
            ck_assert_str_eq(pl.argv[0], text);
            ck_assert_int_lt(i, NGX_CC_PLAINLINE_TEXT);

        } else {
            ck_assert(i == 0 || i == NGX_CC_PLAINLINE_TEXT - 1
                      || i >= NGX_CC_PLAINLINE_TEXT);
        }
    }
}
END_TEST


/* every byte: unquoted, in '...' and in "..." */

START_TEST(bytes)
{
    int          c, plain;
    char         text[16];
    const char  *safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_@%+=:,./- \t";

    for (c = 1; c < 256; c++) {
        (void) snprintf(text, sizeof(text), "a b%cc", c);
        ck_assert_int_eq(strcmp(split(text), "no") != 0,
                         strchr(safe, c) != NULL);

        plain = c == '\t' || c == '\n' || (c >= 0x20 && c < 0x7f && c != '\'');
        (void) snprintf(text, sizeof(text), "a 'b%cc'", c);
        ck_assert_int_eq(strcmp(split(text), "no") != 0, plain);

        plain = c == '\t' || c == '\n'
                || (c >= 0x20 && c < 0x7f && strchr("\"$`\\", c) == NULL);
        (void) snprintf(text, sizeof(text), "a \"b%cc\"", c);
        ck_assert_int_eq(strcmp(split(text), "no") != 0, plain);
    }
}
END_TEST


static const struct {
    const char  *env[4];
    const char  *path;
} environments[] = {
    { { "PATH=/bin", NULL }, "/bin" },
    { { "A=b", "PATH=/usr/bin:/bin", "HOME=/", NULL }, "/usr/bin:/bin" },
    { { "PATH=/", "LANG=C.UTF-8", NULL }, "/" },
    { { "PATH=/bin", "EMPTY=", NULL }, "/bin" },
    { { NULL }, NULL },
    { { "A=b", NULL }, NULL },
    { { "PATH=", NULL }, NULL },
    { { "PATH=bin", NULL }, NULL },
    { { "PATH=/bin:", NULL }, NULL },
    { { "PATH=:/bin", NULL }, NULL },
    { { "PATH=/bin::/usr/bin", NULL }, NULL },
    { { "PATH=/bin:.", NULL }, NULL },
    { { "PATH=/bin:usr/bin", NULL }, NULL },
    { { "PATH=/bin%builtin", NULL }, NULL },
    { { "PATH=/bin", "PATH=/usr/bin", NULL }, NULL },
    { { "PATH=/bin", "NOTHING", NULL }, NULL },
    { { "PATH=/bin", "=x", NULL }, NULL },
    { { "PATH=/bin", "1A=x", NULL }, NULL },
    { { "PATH=/bin", "A-B=x", NULL }, NULL },
    { { "PATH=/bin", "BASH_FUNC_ls%%=() { :; }", NULL }, NULL },
    { { "PATH=/bin", "BASH_ENV=/x", NULL }, NULL },
    { { "PATH=/bin", "SHELLOPTS=xtrace", NULL }, NULL },
    { { "PATH=/bin", "PWD=/x", NULL }, NULL },
    { { "PATH=/bin", "SHLVL=3", NULL }, NULL },
    { { "PATH=/bin", "_=x", NULL }, NULL },
    { { "PATH=/bin", "IFS=x", NULL }, NULL },
    { { "PATH=/bin", "ENVIRONMENT=x", NULL }, "/bin" },
    { { "PATH=/bin", "_A=x", NULL }, "/bin" }
};


START_TEST(environment)
{
    const char  *path;

    path = ngx_cc_plainline_path((const char **) environments[_i].env);

    if (environments[_i].path == NULL) {
        ck_assert_ptr_null(path);

    } else {
        ck_assert_ptr_nonnull(path);
        ck_assert_str_eq(path, environments[_i].path);
    }
}
END_TEST


START_TEST(shells)
{
    ck_assert_int_eq(ngx_cc_plainline_shell("/bin/dash"),
                     NGX_CC_PLAINLINE_DASH);
    ck_assert_int_eq(ngx_cc_plainline_shell("/bin/bash"),
                     NGX_CC_PLAINLINE_BASH);
    ck_assert_int_eq(ngx_cc_plainline_shell("/bin/cat"),
                     NGX_CC_PLAINLINE_NONE);
    ck_assert_int_eq(ngx_cc_plainline_shell("/no/dash"),
                     NGX_CC_PLAINLINE_NONE);
    ck_assert_int_eq(ngx_cc_plainline_shell("/"), NGX_CC_PLAINLINE_NONE);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("plainline");
    Suite  *s = suite_create("plainline");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, line, 0, sizeof(lines) / sizeof(lines[0]));
    tcase_add_test(tc, reserved);
    tcase_add_test(tc, bounds);
    tcase_add_test(tc, bytes);
    tcase_add_loop_test(tc, environment, 0,
                        sizeof(environments) / sizeof(environments[0]));
    tcase_add_test(tc, shells);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
