
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_secret.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_handle.h"
#include "ngx_cc_trust.h"


#define NGX_CC_CONF_SECRET_SIZE  4096    /* bytes of a file, at most */
#define NGX_CC_CONF_SECRET_LINE  32      /* of a secret, at least */


static int ngx_cc_conf_secret_open(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_int_t *rc);
static int ngx_cc_conf_secret_walk(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_cc_trust_path_t *tp);
static ngx_int_t ngx_cc_conf_secret_mode(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_file_info_t *fi);
static ngx_int_t ngx_cc_conf_secret_lines(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, u_char *p, u_char *last,
    ngx_cc_key_pair_t *pair);


ngx_int_t
ngx_cc_conf_secret_read(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file,
    ngx_cc_key_pair_t *pair)
{
    int        fd;
    u_char     text[NGX_CC_CONF_SECRET_SIZE + 1];
    ssize_t    n;
    ngx_int_t  rc;

    fd = ngx_cc_conf_secret_open(cycle, file, &rc);

    if (fd == -1) {
        return rc;
    }

    n = read(fd, text, sizeof(text));

    if (n == -1) {
        ngx_log_error(file->level, cycle->log, ngx_errno,
                      "\"%s\" \"%V\" cannot be read",
                      file->name, &file->path);
        rc = NGX_ERROR;

    } else if (n == sizeof(text)) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" is larger than %d bytes",
                      file->name, &file->path, NGX_CC_CONF_SECRET_SIZE);
        rc = NGX_ERROR;

    } else {
        rc = ngx_cc_conf_secret_lines(cycle, file, text, text + n, pair);
    }

    ngx_explicit_memzero(text, sizeof(text));
    (void) close(fd);

    return rc;
}


static int
ngx_cc_conf_secret_open(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file,
    ngx_int_t *rc)
{
    int                  fd;
    ngx_err_t            err;
    ngx_file_info_t      fi;
    ngx_cc_trust_path_t  tp;

    *rc = NGX_ERROR;

    if (ngx_cc_conf_secret_walk(cycle, file, &tp) == -1) {
        return -1;
    }

    /* a fifo would stop us here for ever */

    fd = openat(tp.fd, tp.name, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);
    err = ngx_errno;
    (void) close(tp.fd);

    if (fd == -1 && err == NGX_ENOENT && file->make) {
        *rc = NGX_DECLINED;
        return -1;
    }

    if (fd == -1) {
        ngx_log_error(file->level, cycle->log, err,
                      "\"%s\" \"%V\" cannot be read", file->name,
                      &file->path);
        return -1;
    }

    if (fstat(fd, &fi) == -1 || !S_ISREG(fi.st_mode)) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" is not a file", file->name,
                      &file->path);
        (void) close(fd);
        return -1;
    }

    if (ngx_cc_conf_secret_mode(cycle, file, &fi) != NGX_OK) {
        (void) close(fd);
        return -1;
    }

    return fd;
}


/* to the directory of the file: 0, or -1 (told) */

static int
ngx_cc_conf_secret_walk(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file,
    ngx_cc_trust_path_t *tp)
{
    ngx_file_info_t  fi;

    if (lstat((char *) file->path.data, &fi) == 0 && S_ISLNK(fi.st_mode)) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" is a symbolic link: name the file "
                      "itself", file->name, &file->path);
        return -1;
    }

    if (ngx_cc_trust_walk(tp, (char *) file->path.data,
                          ngx_cc_conf_user_who(cycle))
        == -1)
    {
        ngx_log_error(file->level, cycle->log, ngx_errno,
                      "\"%s\" \"%V\" cannot be read", file->name,
                      &file->path);
        return -1;
    }

    if (tp->suspect[0]) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" can be replaced by the user that "
                      "commands run as, who can write \"%s\": put it below "
                      "directories of root", file->name, &file->path,
                      tp->suspect);
        (void) close(tp->fd);
        return -1;
    }

    return 0;
}


/* whole or not at all: it is written under another name and linked */

ngx_int_t
ngx_cc_conf_secret_make(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file)
{
    int                  fd;
    u_char               text[2 * NGX_CC_KEY_SIZE + 1];
    u_char               name[sizeof(".cc_executor_.new") + NGX_INT64_LEN];
    uint8_t              key[NGX_CC_KEY_SIZE];
    ngx_int_t            rc;
    ngx_cc_trust_path_t  tp;

    if (ngx_cc_conf_secret_walk(cycle, file, &tp) == -1) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(name, sizeof(name), ".cc_executor_%P.new%Z", ngx_pid);
    rc = NGX_ERROR;
    fd = -1;

    if (ngx_cc_random(key, NGX_CC_KEY_SIZE) == 0) {
        *ngx_hex_dump(text, key, NGX_CC_KEY_SIZE) = LF;
        fd = openat(tp.fd, (char *) name,
                    O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);
    }

    if (fd != -1) {

        if (write(fd, text, sizeof(text)) == (ssize_t) sizeof(text)
            && (linkat(tp.fd, (char *) name, tp.fd, tp.name, 0) == 0
                || ngx_errno == NGX_EEXIST))
        {
            rc = NGX_OK;
        }

        (void) unlinkat(tp.fd, (char *) name, 0);
        (void) close(fd);
    }

    if (rc != NGX_OK) {
        ngx_log_error(file->level, cycle->log, ngx_errno,
                      "\"%s\" \"%V\" cannot be made", file->name,
                      &file->path);
    }

    ngx_explicit_memzero(key, sizeof(key));
    ngx_explicit_memzero(text, sizeof(text));
    (void) close(tp.fd);

    return rc;
}


static ngx_int_t
ngx_cc_conf_secret_mode(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_file_info_t *fi)
{
    if (fi->st_mode & 077) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" may be read or written by "
                      "others than its owner: chmod 600", file->name,
                      &file->path);
        return NGX_ERROR;
    }

    if (fi->st_uid != geteuid() && fi->st_uid != 0) {
        ngx_log_error(file->level, cycle->log, 0,
                      "\"%s\" \"%V\" belongs to somebody else: "
                      "chown %s", file->name, &file->path,
                      geteuid() ? "it to the user that nginx runs as"
                                : "root");
        return NGX_ERROR;
    }

    if (ngx_cc_conf_user_who(cycle) == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"%s\" \"%V\" can be read by commands, "
                      "which run as the user that starts nginx, unless a "
                      "fence keeps them out: start nginx as root and give it "
                      "a \"user\"", file->name, &file->path);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_secret_lines(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file,
    u_char *p, u_char *last, ngx_cc_key_pair_t *pair)
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
            ngx_log_error(file->level, cycle->log, 0,
                          "\"%s\" %V:%ui: a secret has at "
                          "least %d characters; \"openssl rand -hex 32\" "
                          "makes one", file->name, &file->path, line,
                          NGX_CC_CONF_SECRET_LINE);
            goto failed;
        }

        if (pair->keys == 2) {
            ngx_log_error(file->level, cycle->log, 0,
                          "\"%s\" %V:%ui: a third secret; "
                          "there are a current and a previous one", file->name,
                          &file->path, line);
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

    ngx_log_error(file->level, cycle->log, 0,
                  "\"%s\" \"%V\" has no secret: \"openssl rand "
                  "-hex 32\" makes one", file->name, &file->path);

failed:

    ngx_explicit_memzero(pair, sizeof(ngx_cc_key_pair_t));

    return NGX_ERROR;
}
