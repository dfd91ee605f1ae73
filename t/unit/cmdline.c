
/* command lines without a shell: words as POSIX has them, operators by name */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_cmdline.h"


/* words joined by "|", or what was refused: "?op@index" */

static const char *
split(const char *line, size_t len)
{
    char                   out[256], *word;
    size_t                 i;
    ngx_cc_cmdline_t       res;
    ngx_cc_cmdline_e       rc;

    static char  text[512];

    rc = ngx_cc_cmdline_split(line, len, out, &res);
    text[0] = '\0';

    switch (rc) {

    case NGX_CC_CMDLINE_OK:
        word = out;

        for (i = 0; i < res.argc; i++) {
            (void) strcat(text, i ? "|" : "");
            (void) strcat(text, word);
            word += strlen(word) + 1;
        }

        ck_assert_uint_eq(res.len, word - out);
        ck_assert_uint_le(res.len, len + 1);
        break;

    case NGX_CC_CMDLINE_EMPTY:
        return "?empty";

    case NGX_CC_CMDLINE_NUL:
        (void) snprintf(text, sizeof(text), "?nul@%zu", res.at);
        break;

    case NGX_CC_CMDLINE_ESCAPE:
        return "?escape";

    case NGX_CC_CMDLINE_QUOTE:
        (void) snprintf(text, sizeof(text), "?quote %s@%zu", res.op, res.at);
        break;

    case NGX_CC_CMDLINE_OPERATOR:
        (void) snprintf(text, sizeof(text), "?%s@%zu", res.op, res.at);
        break;
    }

    return text;
}


static const struct {
    const char  *line;
    const char  *words;
} lines[] = {
    { "ls", "ls" },
    { "  ls \t -l  ", "ls|-l" },
    { "echo 'a b' \"c d\"", "echo|a b|c d" },
    { "echo ''", "echo|" },
    { "echo \"\" x", "echo||x" },
    { "echo a'b'\"c\"d", "echo|abcd" },
    { "echo 'a\\b'", "echo|a\\b" },
    { "echo \"a\\b\"", "echo|a\\b" },
    { "echo \"\\\\ \\\" \\$ \\`\"", "echo|\\ \" $ `" },
    { "echo \"a\\\nb\"", "echo|ab" },
    { "echo a\\\nb", "echo|ab" },
    { "echo \\a\\ \\;\\|\\*", "echo|a ;|*" },
    { "echo ';|&<>()$`*?[~#={'", "echo|;|&<>()$`*?[~#={" },
    { "echo \";|&<>()*?[~#={\"", "echo|;|&<>()*?[~#={" },
    { "echo 'it'\\''s'", "echo|it's" },
    { "echo !x %d ^a @b +c ,d -e .f /g :h ]i }j _k",
      "echo|!x|%d|^a|@b|+c|,d|-e|.f|/g|:h|]i|}j|_k" },
    { "echo \xc3\xa4\xe2\x82\xac", "echo|\xc3\xa4\xe2\x82\xac" },
    { "a\rb", "a\rb" },

    { "", "?empty" },
    { " \t ", "?empty" },
    { "\\\n", "?empty" },
    { "a;b", "?;@1" },
    { "a ; b", "?;@2" },
    { "a;;b", "?;;@1" },
    { "a && b", "?&&@2" },
    { "a & b", "?&@2" },
    { "a || b", "?||@2" },
    { "a | b", "?|@2" },
    { "a > b", "?>@2" },
    { "a >> b", "?>>@2" },
    { "a < b", "?<@2" },
    { "a << b", "?<<@2" },
    { "a <(b)", "?<(@2" },
    { "a >(b)", "?>(@2" },
    { "a (b", "?(@2" },
    { "a )b", "?)@2" },
    { "a $b", "?$@2" },
    { "a $(b)", "?$(@2" },
    { "a ${b}", "?${@2" },
    { "a `b`", "?`@2" },
    { "a\nb", "?\n@1" },
    { "a *", "?*@2" },
    { "a b?", "?\?@3" },
    { "a [b", "?[@2" },
    { "a ~", "?~@2" },
    { "a #b", "?#@2" },
    { "a=b c", "?=@1" },
    { "a {b,c}", "?{@2" },
    { "a \"$b\"", "?$@3" },
    { "a \"`b`\"", "?`@3" },
    { "a \"$(b)\"", "?$(@3" },
    { "a 'b", "?quote '@2" },
    { "a \"b", "?quote \"@2" },
    { "a \"b\\\"", "?quote \"@2" },
    { "a \\", "?escape" },
};


START_TEST(line)
{
    ck_assert_str_eq(split(lines[_i].line, strlen(lines[_i].line)),
                     lines[_i].words);
}
END_TEST


START_TEST(nul)
{
    ck_assert_str_eq(split("a\0b", 3), "?nul@1");
    ck_assert_str_eq(split("a '\0'", 5), "?nul@3");
    ck_assert_str_eq(split("a \\\0", 4), "?nul@3");
}
END_TEST


/* no line, however strange, is split into more than it has, or differently
   from what its own quoting gives back */

START_TEST(random_lines)
{
    int                round;
    char               line[40], out[41], quoted[400], again[401], *p, *word;
    size_t             i, n;
    unsigned           seed;
    ngx_cc_cmdline_t   res, second;

    static const char  alphabet[] = "ab \t'\"\\;$&|x";

    seed = 11;

    for (round = 0; round < 300000; round++) {
        n = rand_r(&seed) % sizeof(line);

        for (i = 0; i < n; i++) {
            line[i] = alphabet[rand_r(&seed) % (sizeof(alphabet) - 1)];
        }

        if (ngx_cc_cmdline_split(line, n, out, &res) != NGX_CC_CMDLINE_OK) {
            continue;
        }

        unit_assert(res.len <= n + 1);
        unit_assert(out[res.len - 1] == '\0');

        p = quoted;
        word = out;

        for (i = 0; i < res.argc; i++) {
            *p++ = ' ';
            *p++ = '\'';

            for ( /* void */ ; *word; word++) {
                if (*word == '\'') {
                    memcpy(p, "'\\''", 4);
                    p += 4;

                } else {
                    *p++ = *word;
                }
            }

            *p++ = '\'';
            word++;
        }

        unit_assert(ngx_cc_cmdline_split(quoted, p - quoted, again, &second)
                    == NGX_CC_CMDLINE_OK);
        unit_assert(second.argc == res.argc && second.len == res.len);
        unit_assert(memcmp(out, again, res.len) == 0);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("cmdline");
    Suite  *s = suite_create("cmdline");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, line, 0, sizeof(lines) / sizeof(lines[0]));
    tcase_add_test(tc, nul);
    tcase_add_test(tc, random_lines);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
