
/* patterns for arguments */

#include <stdlib.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_pattern.h"


static const struct {
    const char  *word;
    const char  *text;
    int          match;
} words[] = {
    { "log", "log", 1 },
    { "log", "logs", 0 },
    { "log", "lo", 0 },
    { "log", "", 0 },
    { "", "", 1 },
    { "-v", "-v", 1 },
    { "..", "..", 1 },
    { "a/../b", "a/../b", 1 },

    { "*", "", 1 },
    { "*", "x", 1 },
    { "*", "a b\n\t;$(id)", 1 },
    { "*", "a/b", 0 },
    { "*", "/", 0 },
    { "*", "-", 0 },
    { "*", "-x", 0 },
    { "*", "--", 0 },
    { "*", "..", 0 },
    { "*", "...", 1 },
    { "*", "a..b", 1 },
    { "**", "", 1 },
    { "**", "a/b/c", 1 },
    { "**", "-x", 0 },
    { "**", "/../x", 0 },
    { "**", "a/..", 0 },
    { "**", "..x/y..", 1 },

    { "a*", "a", 1 },
    { "a*", "ab", 1 },
    { "a*", "ba", 0 },
    { "*a", "a", 1 },
    { "*a", "ba", 1 },
    { "*a", "ab", 0 },
    { "*a", "-a", 0 },
    { "-*", "-a", 1 },
    { "--format=*", "--format=%h", 1 },
    { "--format=*", "--output=x", 0 },
    { "a*b*c", "abc", 1 },
    { "a*b*c", "axxbyyc", 1 },
    { "a*b*c", "acb", 0 },
    { "a*b*c", "ab/c", 0 },
    { "a**c", "ab/c", 1 },
    { "/srv/*", "/srv/x", 1 },
    { "/srv/*", "/srv/", 1 },
    { "/srv/*", "/srv", 0 },
    { "/srv/*", "/srv/x/y", 0 },
    { "/srv/*", "/srv/..", 0 },
    { "/srv/**", "/srv/x/y", 1 },
    { "/srv/**", "/srv/x/../../etc/passwd", 0 },
    { "/srv/*/log", "/srv/a/log", 1 },
    { "/srv/*/log", "/srv/a/b/log", 0 },
    { "/srv/**/log", "/srv/a/b/log", 1 },
    { "/srv/**/log", "/srv/log", 0 },
    { "*.txt", "a.txt", 1 },
    { "*.txt", "a.txt\n", 0 },
    { "*.txt", ".txt", 1 },
    { "*.txt", "x.txt.sh", 0 },
    { "a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
    { "\xc3\xa4*", "\xc3\xa4x", 1 },
    { "\xc3\xa4*", "\xc3\xb6x", 0 }
};


START_TEST(word)
{
    size_t  i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_msg(ngx_cc_pattern_word(words[i].word, words[i].text)
                      == words[i].match, "%s: %s", words[i].word,
                      words[i].text);
    }
}
END_TEST


static const struct {
    const char  *pattern;
    const char  *argv[5];
    int          match;
} lists[] = {
    { "", { NULL }, 1 },
    { " \t ", { NULL }, 1 },
    { "", { "" }, 0 },
    { "", { "x" }, 0 },
    { "status", { "status" }, 1 },
    { " status\t-s ", { "status", "-s" }, 1 },
    { "status", { NULL }, 0 },
    { "status", { "status", "" }, 0 },
    { "log *", { "log", "x" }, 1 },
    { "log *", { "log x" }, 0 },
    { "log *", { "log", "x", "y" }, 0 },
    { "...", { NULL }, 1 },
    { "...", { "a", "/b", "../c" }, 1 },
    { "...", { "a", "-b" }, 0 },
    { "log -n * ...", { "log", "-n", "3" }, 1 },
    { "log -n * ...", { "log", "-n", "3", "a", "b" }, 1 },
    { "log -n * ...", { "log", "-n", "3", "a", "--exec" }, 0 },
    { "log -n * ...", { "log", "-n" }, 0 },
    { "....", { "...." }, 1 },
    { "* ..", { "x", ".." }, 1 }
};


START_TEST(list)
{
    char              text[64];
    size_t            i;
    uint32_t          argc;
    ngx_cc_pattern_t  p;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        (void) strcpy(text, lists[i].pattern);
        ck_assert_ptr_null(ngx_cc_pattern_split(&p, text));

        for (argc = 0; argc < 5 && lists[i].argv[argc]; argc++) {
            /* void */
        }

        ck_assert_msg(ngx_cc_pattern_match(&p,
                                           (const char **) lists[i].argv, argc)
                      == lists[i].match, "%s, %zu", lists[i].pattern, i);
    }
}
END_TEST


START_TEST(wrong)
{
    int               i;
    char              text[70 * 2 + 300];
    ngx_cc_pattern_t  p;

    (void) strcpy(text, "... x");
    ck_assert_str_eq(ngx_cc_pattern_split(&p, text),
                     "\"...\" must be the last word");
    (void) strcpy(text, "a***b");
    ck_assert_str_eq(ngx_cc_pattern_split(&p, text), "\"***\" means nothing");

    memset(text, 'x', 256);
    text[256] = '\0';
    ck_assert_ptr_nonnull(ngx_cc_pattern_split(&p, text));
    text[255] = '\0';
    ck_assert_ptr_null(ngx_cc_pattern_split(&p, text));

    text[0] = '\0';

    for (i = 0; i < NGX_CC_PATTERN_WORDS; i++) {
        (void) strcat(text, "x ");
    }

    ck_assert_ptr_null(ngx_cc_pattern_split(&p, text));
    ck_assert_uint_eq(p.nwords, NGX_CC_PATTERN_WORDS);

    for (text[0] = '\0', i = 0; i <= NGX_CC_PATTERN_WORDS; i++) {
        (void) strcat(text, "x ");
    }

    ck_assert_ptr_nonnull(ngx_cc_pattern_split(&p, text));
}
END_TEST


/* the longest of both: a wildcard everywhere, an argument of 128 KiB */

START_TEST(longest)
{
    int    i;
    char  *text, word[NGX_CC_PATTERN_WORD + 2];

    text = malloc(128 * 1024);
    memset(text, 'a', 128 * 1024 - 1);
    text[128 * 1024 - 1] = '\0';

    for (i = 0; i + 1 < NGX_CC_PATTERN_WORD; i += 2) {
        word[i] = 'a';
        word[i + 1] = '*';
    }

    word[i] = '\0';
    ck_assert_int_eq(ngx_cc_pattern_word(word, text), 1);
    word[i] = 'b';
    word[i + 1] = '\0';
    ck_assert_int_eq(ngx_cc_pattern_word(word, text), 0);

    /* a word that no configuration can have */

    word[i] = 'a';
    word[i + 1] = 'a';
    word[NGX_CC_PATTERN_WORD + 1] = '\0';
    ck_assert_int_eq(ngx_cc_pattern_word(word, text), 0);

    free(text);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("pattern");
    Suite  *s = suite_create("pattern");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, word);
    tcase_add_test(tc, list);
    tcase_add_test(tc, wrong);
    tcase_add_test(tc, longest);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
