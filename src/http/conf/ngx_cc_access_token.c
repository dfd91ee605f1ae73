
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_access_token.h"


static ngx_int_t ngx_cc_access_token_file(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text);
static ngx_int_t ngx_cc_access_token_add(ngx_conf_t *cf, ngx_str_t *path,
    ngx_array_t *tokens, ngx_cc_token_t *token, ngx_uint_t line);


ngx_array_t *
ngx_cc_access_token_read(ngx_conf_t *cf, ngx_str_t *path)
{
    int              rc;
    u_char          *p, *last, *eol;
    ngx_str_t        text;
    ngx_uint_t       line;
    const char      *error;
    ngx_array_t     *tokens;
    ngx_cc_token_t   token;

    tokens = ngx_array_create(cf->pool, 4, sizeof(ngx_cc_token_t));

    if (tokens == NULL
        || ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK
        || ngx_cc_access_token_file(cf, path, &text) != NGX_OK)
    {
        return NULL;
    }

    last = text.data + text.len;
    line = 0;

    for (p = text.data; p < last; p = eol + 1) {
        line++;
        eol = ngx_strlchr(p, last, LF);

        if (eol == NULL) {
            eol = last;
        }

        rc = ngx_cc_token_line(&token, p, eol - p, &error);

        if (rc == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_token_file\" %V:%ui: %s",
                               path, line, error);
            return NULL;
        }

        if (rc == 1
            && ngx_cc_access_token_add(cf, path, tokens, &token,
                                       line) != NGX_OK)
        {
            return NULL;
        }
    }

    if (tokens->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"cc_executor_token_file\" %V has no token: no "
                           "client can connect", path);
    }

    return tokens;
}


static ngx_int_t
ngx_cc_access_token_file(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    rc = NGX_ERROR;

    /* a fifo would block here */

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"cc_executor_token_file\" \"%V\" cannot be read",
                           path);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_token_file\" \"%V\" is not a file",
                           path);
        goto done;
    }

    if (fi.st_mode & S_IWOTH) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_token_file\" \"%V\" is writable "
                           "by all users: chmod o-w", path);
        goto done;
    }

    if (ngx_file_size(&fi) > NGX_CC_ACCESS_TOKEN_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_token_file\" \"%V\" is larger than "
                           "%d bytes", path, NGX_CC_ACCESS_TOKEN_SIZE);
        goto done;
    }

    text->len = ngx_file_size(&fi);
    text->data = ngx_pnalloc(cf->pool, text->len + 1);

    if (text->data == NULL) {
        goto done;
    }

    n = text->len ? ngx_read_fd(fd, text->data, text->len) : 0;

    if (n == -1 || (size_t) n != text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"cc_executor_token_file\" \"%V\" cannot be read",
                           path);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", path);
    }

    return rc;
}


/* the same name twice is one owner with two keys, probably by mistake */

static ngx_int_t
ngx_cc_access_token_add(ngx_conf_t *cf, ngx_str_t *path, ngx_array_t *tokens,
    ngx_cc_token_t *token, ngx_uint_t line)
{
    ngx_uint_t       i;
    ngx_cc_token_t  *other;

    other = tokens->elts;

    for (i = 0; i < tokens->nelts; i++) {
        if (ngx_strcmp(other[i].name, token->name) == 0
            || ngx_memcmp(other[i].digest, token->digest,
                          NGX_CC_SHA256_SIZE)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_token_file\" %V:%ui: the name or "
                               "token of \"%s\" is a duplicate",
                               path, line, token->name);
            return NGX_ERROR;
        }
    }

    other = ngx_array_push(tokens);

    if (other == NULL) {
        return NGX_ERROR;
    }

    *other = *token;

    return NGX_OK;
}
