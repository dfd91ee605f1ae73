
/*
 * What a client asks to run, as a command line and as words: what is accepted
 * is a program of the list, named by its path or by its last part, with
 * arguments that match a pattern of it; and everything else is refused.
 */

#include "fuzz.h"
#include "ngx_cc_cmdline.h"
#include "ngx_cc_policy.h"


#define PATTERN    64                    /* bytes of the pattern that is made */
#define SMALL      48                    /* the slow matcher is exponential */


/* the same as ngx_cc_pattern_word(), by the definition */

static int
slow(const char *word, const char *text)
{
    int  twice;

    if (*word != '*') {
        return *word == *text
               && (*word == '\0' || slow(word + 1, text + 1));
    }

    twice = (word[1] == '*');

    for ( ;; text++) {
        if (slow(word + 1 + twice, text)) {
            return 1;
        }

        if (*text == '\0' || (*text == '/' && !twice)) {
            return 0;
        }
    }
}


static int
slow_word(const char *word, const char *text)
{
    char  between[1024];

    if (strchr(word, '*') == NULL) {
        return strcmp(word, text) == 0;
    }

    if (strlen(text) > sizeof(between) - 3) {
        return -1;
    }

    (void) snprintf(between, sizeof(between), "/%s/", text);

    return !(*word == '*' && *text == '-') && !strstr(between, "/../")
           && slow(word, text);
}


/* 1, 0, or -1: too long to know */

static int
slow_match(const ngx_cc_pattern_t *p, const char **argv, uint32_t argc)
{
    int       rc;
    uint32_t  i;

    if (p->more ? argc < p->nwords : argc != p->nwords) {
        return 0;
    }

    for (i = 0; i < argc; i++) {
        if (i >= p->nwords) {
            rc = (argv[i][0] != '-');

        } else if (strlen(argv[i]) > SMALL && strchr(p->word[i], '*')) {
            return -1;

        } else {
            rc = slow_word(p->word[i], argv[i]);
        }

        if (rc != 1) {
            return rc;
        }
    }

    return 1;
}


static void
check(const ngx_cc_policy_t *policy, const char **argv, uint32_t argc,
    const char *path)
{
    int               match, any;
    size_t            i, j, len;
    const char       *program, *rule, *base;
    ngx_cc_policy_e   verdict;
    ngx_cc_policy_t   all;

    program = NULL;
    verdict = ngx_cc_policy_check(policy, argv, argc, path, &program);

    memset(&all, 0, sizeof(all));
    fuzz_check(ngx_cc_policy_check(&all, argv, argc, path, &rule)
               == NGX_CC_POLICY_PROGRAM);
    all.any = 1;
    fuzz_check(ngx_cc_policy_check(&all, argv, argc, path, &rule)
               == NGX_CC_POLICY_OK);
    fuzz_check(rule == argv[0]);

    /* which of the rules could it be? */

    any = 0;

    for (i = 0; i < policy->nrules; i++) {
        rule = policy->rules[i].path;
        base = strrchr(rule, '/') + 1;
        len = strlen(argv[0]);

        if (strcmp(argv[0], rule) != 0
            && (strcmp(argv[0], base) != 0 || strchr(argv[0], '/')))
        {
            continue;
        }

        any = 1;
        fuzz_check(len == strlen(argv[0][0] == '/' ? rule : base));

        if (verdict == NGX_CC_POLICY_OK && strcmp(program, rule) == 0) {
            match = (policy->rules[i].nargs == 0);

            for (j = 0; j < policy->rules[i].nargs && match != 1; j++) {
                match = slow_match(&policy->rules[i].args[j], argv + 1,
                                   argc - 1);

                if (match != -1) {
                    fuzz_check(match
                               == ngx_cc_pattern_match(
                                      &policy->rules[i].args[j], argv + 1,
                                      argc - 1));
                }

                match = (match != 0);
            }

            if (match) {
                /* allowed, and by this rule */
                return;
            }
        }
    }

    fuzz_check(verdict != NGX_CC_POLICY_OK);
    fuzz_check(any || verdict == NGX_CC_POLICY_PROGRAM);
}


static void
words(const ngx_cc_policy_t *policy, const char *p, size_t argc,
    const char *path)
{
    size_t        i;
    const char  **argv;

    if (argc == 0 || *p == '\0') {
        return;
    }

    argv = malloc(argc * sizeof(char *));
    fuzz_check(argv != NULL);

    for (i = 0; i < argc; i++) {
        argv[i] = p;
        p += strlen(p) + 1;
    }

    check(policy, argv, argc, path);
    free(argv);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                   pattern[PATTERN + 1], fixed[] = "log --oneline *";
    char                  *line, *out;
    size_t                 n, argc, i;
    fuzz_in_t              in = { data, data + size };
    const char            *path;
    ngx_cc_policy_t        policy;
    ngx_cc_cmdline_t       res;
    ngx_cc_pattern_t       args[2];
    ngx_cc_policy_rule_t   rules[4];

    static const char  *paths[] = {
        NULL, "/usr/bin:/bin", ":/usr/local/bin::/bin/", "", "bin:/"
    };

    path = paths[fuzz_byte(&in) % 5];

    /* a pattern up to the first NUL, then what the client sends */

    for (n = 0; n < PATTERN && in.p < in.end && *in.p; n++) {
        pattern[n] = *in.p++;
    }

    pattern[n] = '\0';
    (void) fuzz_byte(&in);

    memset(&policy, 0, sizeof(policy));
    memset(rules, 0, sizeof(rules));
    rules[0].path = "/usr/bin/git";
    rules[0].args = args;
    rules[0].nargs = 1;
    rules[1].path = "/bin/ls";
    rules[2].path = "/usr/local/bin/make";
    rules[2].args = args;
    rules[2].nargs = 2;
    rules[3].path = "/usr/bin/git";
    rules[3].args = &args[1];
    rules[3].nargs = 1;

    fuzz_check(ngx_cc_pattern_split(&args[1], fixed) == NULL);

    if (ngx_cc_pattern_split(&args[0], pattern) != NULL) {
        return 0;
    }

    policy.rules = rules;
    policy.nrules = 4;

    n = fuzz_left(&in);
    line = (char *) fuzz_take(&in, &n);

    /* as a command line */

    out = malloc(n + 1);
    fuzz_check(out != NULL);

    if (ngx_cc_cmdline_split(line, n, out, &res) == NGX_CC_CMDLINE_OK) {
        words(&policy, out, res.argc, path);
    }

    free(out);

    /* as words, each ended by a NUL */

    argc = 0;

    for (i = 0; i < n; i++) {
        argc += (line[i] == '\0');
    }

    words(&policy, line, argc, path);

    if (argc) {
        (void) ngx_cc_policy_path_error(line);
        (void) ngx_cc_policy_interpreter(line);
    }

    free(line);

    return 0;
}
