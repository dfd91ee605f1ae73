
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_runtime.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_trust.h"


static void ngx_cc_conf_runtime_beneath(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf, int dir);
static void ngx_cc_conf_runtime_bad(ngx_cycle_t *cycle, const char *name,
    ngx_str_t *path, ngx_err_t err);


ngx_int_t
ngx_cc_conf_runtime_name(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf)
{
    size_t   len;
    u_char  *tmp;

    if (mcf->path.data == NULL) {
        ngx_str_set(&mcf->path, "cc_executor_temp");
    }

    while (mcf->path.len > 1 && mcf->path.data[mcf->path.len - 1] == '/') {
        mcf->path.data[--mcf->path.len] = '\0';
    }

    /* relative to nginx's prefix, like its own temporary paths */

    if (ngx_conf_full_name(cf->cycle, &mcf->path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    mcf->work.len = mcf->path.len + sizeof("/work") - 1;
    mcf->work.data = ngx_pnalloc(cf->pool, mcf->work.len + 1);

    if (mcf->work.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(mcf->work.data, mcf->work.len + 1, "%V/work%Z",
                        &mcf->path);

    len = mcf->path.len + sizeof("/tmp");
    tmp = ngx_pnalloc(cf->pool, len);

    if (tmp == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(tmp, len, "%V/tmp%Z", &mcf->path);
    mcf->pool.tmp = (char *) tmp;

    return NGX_OK;
}


void
ngx_cc_conf_runtime_make(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    int                        dir;
    ngx_cc_trust_path_t        tp;
    const ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_who(cycle);

    if (ngx_cc_trust_walk(&tp, (char *) mcf->path.data, who) == -1) {
        ngx_cc_conf_runtime_bad(cycle, "cc_executor_path", &mcf->path,
                                ngx_errno);
        return;
    }

    if (tp.suspect[0]) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"cc_executor_path\" \"%V\": the user that commands "
                      "run as can write \"%s\" and so replace it; nginx, "
                      "running as root, creates nothing there: choose a path "
                      "that only root can change", &mcf->path, tp.suspect);

    } else {

        /* others than root have to get through to "work" */

        dir = ngx_cc_trust_directory(tp.fd, tp.name, geteuid(),
                                     who ? 0711 : 0700);

        if (dir != -1) {
            ngx_cc_conf_runtime_beneath(cycle, mcf, dir);
            (void) close(dir);

        } else if (ngx_errno == EPERM) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "\"cc_executor_path\" \"%V\" belongs to another "
                          "user than %s: nginx creates nothing there; chown "
                          "it, or remove it and let nginx create it",
                          &mcf->path,
                          who ? "root" : "the one nginx runs as");

        } else {
            ngx_cc_conf_runtime_bad(cycle, "cc_executor_path", &mcf->path,
                                    ngx_errno);
        }
    }

    (void) close(tp.fd);
}


static void
ngx_cc_conf_runtime_beneath(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf,
    int dir)
{
    int                        fd;
    struct stat                st;
    const ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_who(cycle);

    /* there already, it may have become one that commands can write */

    if (fstat(dir, &st) == -1 || ngx_cc_trust_writable(&st, who)) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"cc_executor_path\" \"%V\" can be written by the user "
                      "that commands run as; nginx, running as root, creates "
                      "nothing there: chmod 711", &mcf->path);
        return;
    }

    fd = ngx_cc_trust_directory(dir, "tmp", ngx_cc_conf_user(cycle), 0700);

    if (fd != -1) {
        (void) close(fd);

    } else {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                      "\"%s\" cannot be created or used: commands have no "
                      "TMPDIR of their own", mcf->pool.tmp);
    }

    /* it is the service's, which runs as that user; others go through it */

    if (mcf->program) {
        fd = ngx_cc_trust_directory(dir, "service", ngx_cc_conf_user(cycle),
                                    0711);

        if (fd != -1) {
            (void) close(fd);

        } else {
            ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                          "\"%V\" cannot be created or used: commands have "
                          "no TMPDIR of their own", &mcf->place);
        }
    }

    fd = ngx_cc_trust_directory(dir, "work", ngx_cc_conf_user(cycle), 0700);

    if (fd != -1) {
        (void) close(fd);
        return;
    }

    if (ngx_errno == EPERM) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"%V\" does not belong to the user that commands run "
                      "as: it is left as it is, and they may not be able to "
                      "start there", &mcf->work);
        return;
    }

    ngx_cc_conf_runtime_bad(cycle, "cc_executor_path", &mcf->work, ngx_errno);
}


static void
ngx_cc_conf_runtime_bad(ngx_cycle_t *cycle, const char *name, ngx_str_t *path,
    ngx_err_t err)
{
    ngx_log_error(NGX_LOG_WARN, cycle->log, err,
                  "\"%s\": \"%V\" cannot be created or used: commands of "
                  "locations without \"cc_executor_cwd\" will not start",
                  name, path);
}
