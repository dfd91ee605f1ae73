
/* token files and the tokens that clients show */

#include <string.h>
#include "unit.h"
#include "ngx_cc_token.h"


/* two tokens */

#define FIRST   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SECOND  "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEF"


static int
line(ngx_cc_token_t *token, const char *text)
{
    int          rc;
    const char  *error;

    error = NULL;
    rc = ngx_cc_token_line(token, (const uint8_t *) text, strlen(text),
                           &error);

    ck_assert_int_eq(rc == -1, error != NULL);

    return rc;
}


static void
make(ngx_cc_token_t *token, const char *name, const char *text)
{
    ngx_cc_sha256_t  sha;

    strcpy(token->name, name);
    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, text, strlen(text));
    ngx_cc_sha256_final(&sha, token->digest);
}


static const char *
find(ngx_cc_token_t *tokens, size_t n, const char *text)
{
    const ngx_cc_token_t  *token;

    token = ngx_cc_token_find(tokens, n, (const uint8_t *) text,
                              strlen(text));
    return token ? token->name : NULL;
}


#define DIGEST                                                                \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


START_TEST(lines)
{
    size_t          i;
    ngx_cc_token_t  token;

    static const char  *nothing[] = { "", " ", "\t \t", "#", "  # ci " DIGEST,
                                      "\r" };

    static const char  *bad[] = {
        "ci", DIGEST, "ci ", "ci abc", "ci " DIGEST "0", "ci " DIGEST " x",
        "ci  x" DIGEST, "c:i " DIGEST, "c/i " DIGEST, "c\"i " DIGEST,
        "\xc3\xbc " DIGEST, "ci\001 " DIGEST, "ci:" DIGEST,
        "ci ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    };

    for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        ck_assert_int_eq(line(&token, nothing[i]), 0);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(line(&token, bad[i]) == -1, "\"%s\"", bad[i]);
    }

    ck_assert_int_eq(line(&token, "ci " DIGEST), 1);
    ck_assert_str_eq(token.name, "ci");
    ck_assert_uint_eq(token.digest[0], 0xba);
    ck_assert_uint_eq(token.digest[31], 0xad);

    ck_assert_int_eq(line(&token, " \tA-z_0.9@b\t " DIGEST " \r"), 1);
    ck_assert_str_eq(token.name, "A-z_0.9@b");

    ck_assert_int_eq(line(&token, "ci BA7816BF8F01CFEA414140DE5DAE2223"
                                  "B00361A396177A9CB410FF61F20015AD"), 1);
    ck_assert_uint_eq(token.digest[0], 0xba);
}
END_TEST


START_TEST(name_of_64)
{
    char            text[200];
    ngx_cc_token_t  token;

    memset(text, 'n', 65);
    strcpy(text + 64, " " DIGEST);
    ck_assert_int_eq(line(&token, text), 1);
    ck_assert_uint_eq(strlen(token.name), 64);

    memset(text, 'n', 65);
    strcpy(text + 65, " " DIGEST);
    ck_assert_int_eq(line(&token, text), -1);
}
END_TEST


START_TEST(found)
{
    char            text[200];
    size_t          i;
    ngx_cc_token_t  tokens[3];

    make(&tokens[0], "first", FIRST);
    make(&tokens[1], "second", SECOND);
    make(&tokens[2], "third", "short");

    ck_assert_pstr_eq(find(tokens, 3, FIRST), "first");
    ck_assert_pstr_eq(find(tokens, 3, SECOND), "second");
    ck_assert_pstr_eq(find(tokens, 1, SECOND), NULL);
    ck_assert_pstr_eq(find(tokens, 0, FIRST), NULL);

    /* a digest does not help a text that is no token */

    ck_assert_pstr_eq(find(tokens, 3, "short"), NULL);
    ck_assert_pstr_eq(find(tokens, 3, ""), NULL);

    for (i = 0; i < strlen(SECOND); i++) {
        strcpy(text, SECOND);
        text[i] ^= 1;
        ck_assert_pstr_eq(find(tokens, 3, text), NULL);
        strcpy(text, SECOND);
        text[i] = '\0';
        ck_assert_pstr_eq(find(tokens, 3, text), NULL);
    }

    ck_assert_pstr_eq(find(tokens, 3, FIRST "A"), NULL);
    ck_assert_pstr_eq(find(tokens, 3, FIRST "="), NULL);
    ck_assert_pstr_eq(find(tokens, 3, " " FIRST), NULL);
}
END_TEST


START_TEST(lengths)
{
    char            text[200];
    size_t          i;
    ngx_cc_token_t  token;

    for (i = 1; i < 140; i++) {
        memset(text, 'x', i);
        text[i] = '\0';
        make(&token, "x", text);
        ck_assert_int_eq(find(&token, 1, text) != NULL, i >= 32 && i <= 128);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("token");
    tc = tcase_create("all");
    tcase_add_test(tc, lines);
    tcase_add_test(tc, name_of_64);
    tcase_add_test(tc, found);
    tcase_add_test(tc, lengths);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
