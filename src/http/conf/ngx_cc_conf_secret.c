
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_secret.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_trust.h"


#define NGX_CC_CONF_SECRET_SIZE  4096    /* bytes of a file, at most */
#define NGX_CC_CONF_SECRET_LINE  32      /* of a secret, at least */


static ngx_int_t ngx_cc_conf_secret_open(ngx_cycle_t *cycle, ngx_str_t *path);
static ngx_int_t ngx_cc_conf_secret_mode(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_file_info_t *fi);
static ngx_int_t ngx_cc_conf_secret_lines(ngx_cycle_t *cycle, ngx_str_t *path,
    u_char *p, u_char *last, ngx_cc_key_pair_t *pair);


ngx_int_t
ngx_cc_conf_secret_read(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_cc_key_pair_t *pair)
{
    int        fd;
    u_char     text[NGX_CC_CONF_SECRET_SIZE + 1];
    ssize_t    n;
    ngx_int_t  rc;

    fd = ngx_cc_conf_secret_open(cycle, path);

    if (fd == -1) {
        return NGX_ERROR;
    }

    n = read(fd, text, sizeof(text));

    if (n == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "\"cc_executor_secret\" \"%V\" cannot be read", path);
        rc = NGX_ERROR;

    } else if (n == sizeof(text)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" is larger than %d bytes",
                      path, NGX_CC_CONF_SECRET_SIZE);
        rc = NGX_ERROR;

    } else {
        rc = ngx_cc_conf_secret_lines(cycle, path, text, text + n, pair);
    }

    ngx_explicit_memzero(text, sizeof(text));
    (void) close(fd);

    return rc;
}


static ngx_int_t
ngx_cc_conf_secret_open(ngx_cycle_t *cycle, ngx_str_t *path)
{
    int                        fd;
    ngx_err_t                  err;
    ngx_file_info_t            fi;
    ngx_cc_trust_path_t        tp;
    const ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_who(cycle);

    if (lstat((char *) path->data, &fi) == 0 && S_ISLNK(fi.st_mode)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" is a symbolic link: name "
                      "the file itself", path);
        return -1;
    }

    if (ngx_cc_trust_walk(&tp, (char *) path->data, who) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "\"cc_executor_secret\" \"%V\" cannot be read", path);
        return -1;
    }

    if (tp.suspect[0]) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" can be replaced by the "
                      "user that commands run as, who can write \"%s\": put "
                      "it below directories of root", path, tp.suspect);
        (void) close(tp.fd);
        return -1;
    }

    /* a fifo would stop us here for ever */

    fd = openat(tp.fd, tp.name, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);
    err = ngx_errno;
    (void) close(tp.fd);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, err,
                      "\"cc_executor_secret\" \"%V\" cannot be read", path);
        return -1;
    }

    if (fstat(fd, &fi) == -1 || !S_ISREG(fi.st_mode)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" is not a file", path);
        (void) close(fd);
        return -1;
    }

    if (ngx_cc_conf_secret_mode(cycle, path, &fi) != NGX_OK) {
        (void) close(fd);
        return -1;
    }

    return fd;
}


static ngx_int_t
ngx_cc_conf_secret_mode(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_file_info_t *fi)
{
    if (fi->st_mode & 077) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" may be read or written by "
                      "others than its owner: chmod 600", path);
        return NGX_ERROR;
    }

    if (fi->st_uid != geteuid() && fi->st_uid != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" belongs to somebody else: "
                      "chown %s", path, geteuid() ? "it to the user that nginx "
                      "runs as" : "root");
        return NGX_ERROR;
    }

    if (ngx_cc_conf_user_who(cycle) == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" can be read by commands, "
                      "which run as the user that starts nginx, unless a "
                      "fence keeps them out: start nginx as root and give it "
                      "a \"user\"", path);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_secret_lines(ngx_cycle_t *cycle, ngx_str_t *path, u_char *p,
    u_char *last, ngx_cc_key_pair_t *pair)
{
    u_char           *eol, *end;
    ngx_uint_t        line;
    ngx_cc_sha256_t   sha;

    ngx_memzero(pair, sizeof(ngx_cc_key_pair_t));

    for (line = 1; p < last; p = eol + 1, line++) {

        for (eol = p; eol < last && *eol != LF; eol++) { /* void */ }
        for (end = eol; end > p && end[-1] <= ' '; end--) { /* void */ }

        if (end == p || *p == '#') {
            continue;
        }

        if (end - p < NGX_CC_CONF_SECRET_LINE) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "\"cc_executor_secret\" %V:%ui: a secret has at "
                          "least %d characters; \"openssl rand -hex 32\" "
                          "makes one", path, line, NGX_CC_CONF_SECRET_LINE);
            goto failed;
        }

        if (pair->keys == 2) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "\"cc_executor_secret\" %V:%ui: a third secret; "
                          "there are a current and a previous one", path, line);
            goto failed;
        }

        ngx_cc_sha256_init(&sha);
        ngx_cc_sha256_update(&sha, "cc_executor_secret", 18);
        ngx_cc_sha256_update(&sha, p, end - p);
        ngx_cc_sha256_final(&sha, pair->keys ? pair->previous
                                             : pair->current);
        pair->keys++;
    }

    if (pair->keys) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "\"cc_executor_secret\" \"%V\" has no secret: \"openssl rand "
                  "-hex 32\" makes one", path);

failed:

    ngx_explicit_memzero(pair, sizeof(ngx_cc_key_pair_t));

    return NGX_ERROR;
}
