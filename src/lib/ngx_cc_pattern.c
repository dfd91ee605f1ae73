
#define _GNU_SOURCE
#include <string.h>
#include "ngx_cc_pattern.h"


/* the places in a word where a match may stand: one bit each */

typedef struct {
    uint64_t  bits[(NGX_CC_PATTERN_WORD + 1 + 63) / 64];
} ngx_cc_pattern_places_t;


static int ngx_cc_pattern_climbs(const char *text);
static void ngx_cc_pattern_place(ngx_cc_pattern_places_t *places,
    const char *word, size_t at);


const char *
ngx_cc_pattern_split(ngx_cc_pattern_t *p, char *text)
{
    size_t  len;

    memset(p, 0, sizeof(*p));

    for ( ;; ) {
        text += strspn(text, " \t");

        if (*text == '\0') {
            return NULL;
        }

        if (p->more) {
            return "\"...\" must be the last word";
        }

        len = strcspn(text, " \t");

        if (len == 3 && memcmp(text, "...", 3) == 0) {
            p->more = 1;
            text += len;
            continue;
        }

        if (len > NGX_CC_PATTERN_WORD) {
            return "a word is longer than 255 bytes";
        }

        if (p->nwords == NGX_CC_PATTERN_WORDS) {
            return "it has more than 64 words";
        }

        p->word[p->nwords++] = text;
        text += len;

        if (*text) {
            *text++ = '\0';
        }

        if (strstr(p->word[p->nwords - 1], "***")) {
            return "\"***\" means nothing";
        }
    }
}


int
ngx_cc_pattern_match(const ngx_cc_pattern_t *p, const char **argv,
    uint32_t argc)
{
    uint32_t  i;

    if (argc < p->nwords || (argc > p->nwords && !p->more)) {
        return 0;
    }

    for (i = 0; i < p->nwords; i++) {
        if (!ngx_cc_pattern_word(p->word[i], argv[i])) {
            return 0;
        }
    }

    for ( /* void */ ; i < argc; i++) {
        if (argv[i][0] == '-') {
            return 0;
        }
    }

    return 1;
}


/*
 * All possible places are followed at once, character by character: no
 * backtracking, whatever the client sends.
 */

int
ngx_cc_pattern_word(const char *word, const char *text)
{
    size_t                   i, len;
    ngx_cc_pattern_places_t  now, next;

    if (strchr(word, '*') == NULL) {
        return strcmp(word, text) == 0;
    }

    if ((*word == '*' && *text == '-') || ngx_cc_pattern_climbs(text)) {
        return 0;
    }

    len = strlen(word);

    if (len > NGX_CC_PATTERN_WORD) {
        return 0;
    }

    memset(&now, 0, sizeof(now));
    ngx_cc_pattern_place(&now, word, 0);

    for ( /* void */ ; *text; text++) {
        memset(&next, 0, sizeof(next));

        for (i = 0; i < len; i++) {

            if (!(now.bits[i / 64] >> (i % 64) & 1)) {
                continue;
            }

            if (word[i] != '*') {
                if (word[i] == *text) {
                    ngx_cc_pattern_place(&next, word, i + 1);
                }

            } else if (*text != '/' || word[i + 1] == '*') {
                ngx_cc_pattern_place(&next, word, i);
            }
        }

        now = next;
    }

    return now.bits[len / 64] >> (len % 64) & 1;
}


/* a wildcard may also match nothing: then what follows it is a place too */

static void
ngx_cc_pattern_place(ngx_cc_pattern_places_t *places, const char *word,
    size_t at)
{
    for ( ;; ) {
        places->bits[at / 64] |= 1ULL << (at % 64);

        if (word[at] != '*') {
            return;
        }

        at += (word[at + 1] == '*') ? 2 : 1;
    }
}


/* has it a component ".."? */

static int
ngx_cc_pattern_climbs(const char *text)
{
    const char  *p;

    for (p = text; (p = strstr(p, "..")) != NULL; p++) {
        if ((p == text || p[-1] == '/') && (p[2] == '/' || p[2] == '\0')) {
            return 1;
        }
    }

    return 0;
}
