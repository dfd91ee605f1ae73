
/* SHA-256: the vectors of FIPS 180-4's examples, and every way to cut them */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_sha256.h"


static const char *
hex(const uint8_t *digest)
{
    int          i;
    static char  text[NGX_CC_SHA256_TEXT + 1];

    for (i = 0; i < NGX_CC_SHA256_SIZE; i++) {
        sprintf(text + 2 * i, "%02x", digest[i]);
    }

    return text;
}


static const char *
sha256(const char *p, size_t n)
{
    uint8_t          digest[NGX_CC_SHA256_SIZE];
    ngx_cc_sha256_t  sha;

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, p, n);
    ngx_cc_sha256_final(&sha, digest);

    return hex(digest);
}


static const char  two[] =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static const char  four[] =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";


START_TEST(vectors)
{
    ck_assert_str_eq(sha256("", 0),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_str_eq(sha256("abc", 3),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(sha256(two, sizeof(two) - 1),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ck_assert_str_eq(sha256(four, sizeof(four) - 1),
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}
END_TEST


START_TEST(a_million)
{
    int              i;
    char             block[1000];
    uint8_t          digest[NGX_CC_SHA256_SIZE];
    ngx_cc_sha256_t  sha;

    memset(block, 'a', sizeof(block));
    ngx_cc_sha256_init(&sha);

    for (i = 0; i < 1000; i++) {
        ngx_cc_sha256_update(&sha, block, sizeof(block));
    }

    ngx_cc_sha256_final(&sha, digest);

    ck_assert_str_eq(hex(digest),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST


/* every length around the borders of blocks and padding, cut in three */

START_TEST(pieces)
{
    char             text[200], whole[NGX_CC_SHA256_TEXT + 1];
    size_t           n, i, j;
    uint8_t          digest[NGX_CC_SHA256_SIZE];
    ngx_cc_sha256_t  sha;

    for (n = 0; n < sizeof(text); n++) {
        text[n] = n * 7;
    }

    for (n = 0; n <= sizeof(text); n++) {
        strcpy(whole, sha256(text, n));

        for (i = 0; i <= n; i += 13) {
            for (j = i; j <= n; j += 17) {
                ngx_cc_sha256_init(&sha);
                ngx_cc_sha256_update(&sha, text, i);
                ngx_cc_sha256_update(&sha, text + i, j - i);
                ngx_cc_sha256_update(&sha, text + j, n - j);
                ngx_cc_sha256_final(&sha, digest);
                unit_assert(strcmp(hex(digest), whole) == 0);
            }
        }
    }
}
END_TEST


/* padding: what coreutils' sha256sum says of so many letters "a" */

START_TEST(padding)
{
    size_t  i;
    char    text[65];

    static const struct {
        size_t       n;
        const char  *digest;
    } want[] = {
        { 55,
          "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
        { 56,
          "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
        { 57,
          "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6" },
        { 63,
          "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
        { 64,
          "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
        { 65,
          "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" }
    };

    memset(text, 'a', sizeof(text));

    for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        ck_assert_str_eq(sha256(text, want[i].n), want[i].digest);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("sha256");
    tc = tcase_create("all");
    tcase_add_test(tc, vectors);
    tcase_add_test(tc, a_million);
    tcase_add_test(tc, pieces);
    tcase_add_test(tc, padding);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
