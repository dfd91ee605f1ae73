
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec_wrap.h"


static ngx_int_t ngx_cc_spec_wrap_fill(const char **to, const char **from,
    uint32_t n, const char *id, ngx_pool_t *pool);
static const char *ngx_cc_spec_wrap_word(const char *word, const char *id,
    ngx_pool_t *pool);


/* the wrapper's words, the program, its arguments as they are */

ngx_int_t
ngx_cc_spec_wrap(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_pool_t *pool)
{
    char                     text[NGX_CC_HANDLE_TEXT + 1];
    const char             **argv, **control;
    ngx_cc_command_spec_t   *command;

    command = &spec->command;

    argv = ngx_palloc(pool, (conf->nwrapper + command->argc + conf->ncontrol)
                            * sizeof(char *));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    control = argv + conf->nwrapper + command->argc;

    if (conf->named) {

        if (ngx_cc_handle_make(&spec->handle) != 0) {
            return NGX_ERROR;
        }

        (void) ngx_cc_handle_format(&spec->handle, text);
        text[NGX_CC_HANDLE_NAME] = '\0';
        command->handle = &spec->handle;
    }

    if (ngx_cc_spec_wrap_fill(argv, conf->wrapper, conf->nwrapper, text, pool)
        != NGX_OK
        || ngx_cc_spec_wrap_fill(control, conf->control, conf->ncontrol, text,
                                 pool)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(argv + conf->nwrapper, command->argv,
               command->argc * sizeof(char *));

    argv[conf->nwrapper] = command->program;

    command->argv = argv;
    command->argc += conf->nwrapper;
    command->program = argv[0];
    command->exact = 1;
    command->control = control;
    command->ncontrol = conf->ncontrol;
    spec->indirect = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_spec_wrap_fill(const char **to, const char **from, uint32_t n,
    const char *id, ngx_pool_t *pool)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        to[i] = ngx_cc_spec_wrap_word(from[i], id, pool);

        if (to[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* one word with the id in it, wherever it belongs */

static const char *
ngx_cc_spec_wrap_word(const char *word, const char *id, ngx_pool_t *pool)
{
    char        *p, *copy;
    size_t       len;
    const char  *from, *found;

    len = sizeof(NGX_CC_SPEC_WRAP_ID) - 1;
    found = strstr(word, NGX_CC_SPEC_WRAP_ID);

    if (found == NULL) {
        return word;
    }

    /* each place takes more room than what stands there now */

    copy = ngx_pnalloc(pool, ngx_strlen(word) / len * NGX_CC_HANDLE_NAME
                             + ngx_strlen(word) + 1);
    if (copy == NULL) {
        return NULL;
    }

    p = copy;

    for (from = word; found; found = strstr(from, NGX_CC_SPEC_WRAP_ID)) {
        p = (char *) ngx_cpymem(p, from, found - from);
        p = (char *) ngx_cpymem(p, id, NGX_CC_HANDLE_NAME);
        from = found + len;
    }

    ngx_memcpy(p, from, ngx_strlen(from) + 1);

    return copy;
}
