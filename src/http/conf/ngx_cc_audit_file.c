
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <sys/mman.h>
#include "ngx_cc_audit_file.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_trust.h"
#include "ngx_cc_zone.h"


#define NGX_CC_AUDIT_FILE_TELL   60      /* seconds between two warnings */
#define NGX_CC_AUDIT_FILE_FLAGS                                               \
    (O_WRONLY|O_APPEND|O_NONBLOCK|O_NOCTTY|O_CLOEXEC)


static ngx_cc_audit_file_t *ngx_cc_audit_file_known(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_cc_audit_file_t *ngx_cc_audit_file_make(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_int_t ngx_cc_audit_file_hook(ngx_conf_t *cf,
    ngx_cc_audit_file_t *f);
static ngx_int_t ngx_cc_audit_file_first(ngx_conf_t *cf,
    ngx_cc_audit_file_t *f);
static void ngx_cc_audit_file_close(void *data);
static ngx_fd_t ngx_cc_audit_file_get(ngx_cc_audit_file_t *f);
static ngx_fd_t ngx_cc_audit_file_get_as_root(ngx_cc_audit_file_t *f,
    const ngx_cc_trust_who_t *who);
static void ngx_cc_audit_file_reopen(ngx_open_file_t *hook, ngx_log_t *log);
static void ngx_cc_audit_file_give(ngx_cc_audit_file_t *f, ngx_fd_t fd,
    ngx_log_t *log);
static ngx_uint_t ngx_cc_audit_file_same(ngx_cc_audit_file_t *f);
static void ngx_cc_audit_file_handler(ngx_event_t *ev);
static void ngx_cc_audit_file_flush(ngx_cc_audit_file_t *f, ngx_log_t *log);
static void ngx_cc_audit_file_lose(ngx_cc_audit_file_t *f, ngx_err_t err,
    ngx_uint_t lines, ngx_log_t *log);


void
ngx_cc_audit_file_create(ngx_cc_audit_conf_t *conf)
{
    conf->file = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_audit_file_merge(ngx_cc_audit_conf_t *conf, ngx_cc_audit_conf_t *prev)
{
    if (conf->file == NGX_CONF_UNSET_PTR) {
        conf->file = (prev->file == NGX_CONF_UNSET_PTR) ? NULL : prev->file;
        conf->hash = prev->hash;
    }
}


char *
ngx_cc_audit_file_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t            *value;
    ngx_cc_audit_conf_t  *acf;

    acf = (ngx_cc_audit_conf_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (acf->file != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        if (cf->args->nelts > 2) {
            return "has a parameter behind \"off\"";
        }

        acf->file = NULL;
        return NGX_CONF_OK;
    }

    if (cf->args->nelts > 2) {

        if (ngx_strcmp(value[2].data, "argv=hash") == 0) {
            acf->hash = 1;

        } else if (ngx_strcmp(value[2].data, "argv=full") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"cc_executor_audit_"
                               "log\" takes \"argv=full\" or \"argv=hash\"",
                               &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    acf->file = ngx_cc_audit_file_open(cf, &value[1]);

    return acf->file ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_cc_audit_file_t *
ngx_cc_audit_file_open(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t             full;
    ngx_cc_audit_file_t  *f;

    full = *name;

    if (ngx_conf_full_name(cf->cycle, &full, 0) != NGX_OK) {
        return NULL;
    }

    f = ngx_cc_audit_file_known(cf, &full);

    return f ? f : ngx_cc_audit_file_make(cf, &full);
}


static ngx_cc_audit_file_t *
ngx_cc_audit_file_known(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_list_part_t      *part;
    ngx_open_file_t      *file;
    ngx_cc_audit_file_t  *f;

    for (part = &cf->cycle->open_files.part; part; part = part->next) {
        file = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (file[i].flush != ngx_cc_audit_file_reopen) {
                continue;
            }

            f = file[i].data;

            if (f->name.len == name->len
                && ngx_memcmp(f->name.data, name->data, name->len) == 0)
            {
                return f;
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_cc_audit_file_order(ngx_conf_t *cf)
{
    ngx_uint_t            i;
    ngx_list_part_t      *part;
    ngx_open_file_t      *file;
    ngx_cc_trust_path_t   tp;
    ngx_cc_audit_file_t  *f;

    for (part = &cf->cycle->open_files.part; part; part = part->next) {
        file = part->elts;

        for (i = 0; i < part->nelts; i++) {
            f = file[i].data;

            if (file[i].flush != ngx_cc_audit_file_reopen || f->theirs
                || f->fd == NGX_INVALID_FILE)
            {
                continue;
            }

            if (ngx_cc_trust_walk(&tp, (char *) f->name.data,
                                  ngx_cc_conf_user_who(cf->cycle))
                == 0)
            {
                (void) close(tp.fd);
            }

            if (tp.suspect[0]) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"cc_executor_audit_log\" \"%V\" stands "
                                   "before \"cc_executor_user\", who can write "
                                   "\"%s\": put it behind", &f->name,
                                   tp.suspect);
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_cc_audit_file_t *
ngx_cc_audit_file_make(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_pool_cleanup_t   *cln;
    ngx_cc_audit_file_t  *f;

    f = ngx_pcalloc(cf->pool, sizeof(ngx_cc_audit_file_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (f == NULL || cln == NULL) {
        return NULL;
    }

    f->cycle = cf->cycle;
    f->fd = NGX_INVALID_FILE;
    f->anchor = NGX_INVALID_FILE;
    f->name = *name;
    f->post.handler = ngx_cc_audit_file_handler;
    f->post.data = f;
    f->post.log = &cf->cycle->new_log;

    cln->handler = ngx_cc_audit_file_close;
    cln->data = f;

    if (ngx_cc_audit_file_first(cf, f) != NGX_OK
        || ngx_cc_audit_file_hook(cf, f) != NGX_OK)
    {
        return NULL;
    }

    return f;
}


/*
 * On USR1 the core calls "flush" of each file in its list and opens it again
 * by its name.  What stands there for us is some memory that nobody uses,
 * which workers may open, and root may chown.
 */

static ngx_int_t
ngx_cc_audit_file_hook(ngx_conf_t *cf, ngx_cc_audit_file_t *f)
{
    ngx_str_t  name;

    /* 8: MFD_NOEXEC_SEAL, which some kernels want and older ones refuse */

    f->anchor = syscall(SYS_memfd_create, "cc_reopen", MFD_CLOEXEC|8);

    if (f->anchor == -1) {
        f->anchor = syscall(SYS_memfd_create, "cc_reopen", MFD_CLOEXEC);
    }

    name.len = sizeof("/proc/self/fd/") + NGX_INT_T_LEN;
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (f->anchor == -1 || name.data == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "memfd_create() failed");
        return NGX_ERROR;
    }

    name.len = ngx_snprintf(name.data, name.len, "/proc/self/fd/%d%Z",
                            f->anchor)
               - name.data - 1;

    f->hook = ngx_conf_open_file(cf->cycle, &name);

    if (f->hook == NULL) {
        return NGX_ERROR;
    }

    f->hook->flush = ngx_cc_audit_file_reopen;
    f->hook->data = f;

    return NGX_OK;
}


/* while the configuration is read */

static ngx_int_t
ngx_cc_audit_file_first(ngx_conf_t *cf, ngx_cc_audit_file_t *f)
{
    gid_t                      group;
    ngx_err_t                  err;
    struct stat                st;
    ngx_cc_trust_who_t         self;
    ngx_cc_trust_path_t        tp;
    const ngx_cc_trust_who_t  *who;

    /* nginx -s reads the configuration, too */

    if (ngx_process == NGX_PROCESS_SIGNALLER) {
        return NGX_OK;
    }

    who = ngx_cc_conf_user_who(cf->cycle);

    if (who == NULL && geteuid() != 0) {
        /* one user for all: what we can write, commands can */

        group = getegid();
        self.uid = geteuid();
        self.groups = &group;
        self.ngroups = 1;
        self.next = NULL;

        if (ngx_cc_trust_walk(&tp, (char *) f->name.data, &self) == 0) {
            (void) close(tp.fd);
        }

        f->theirs = (tp.suspect[0] != '\0');

    } else if (who) {
        if (ngx_cc_trust_walk(&tp, (char *) f->name.data, who) == 0) {
            (void) close(tp.fd);
        }

        if (tp.suspect[0]) {
            f->theirs = 1;
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"cc_executor_audit_log\" \"%V\": the user "
                               "that commands run as can write \"%s\", and "
                               "so change, replace or remove it; root does "
                               "not open it, workers do", &f->name,
                               tp.suspect);
            return NGX_OK;
        }
    }

    f->fd = ngx_cc_audit_file_get(f);

    if (f->fd != NGX_INVALID_FILE) {
        return NGX_OK;
    }

    err = ngx_errno;

    /* a root without all rights may not open what was given to workers */

    if (f->theirs || err == NGX_ENOSPC || err == EDQUOT
        || (err == NGX_EACCES && who && lstat((char *) f->name.data, &st) == 0
            && st.st_uid == who->uid))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, err,
                           "\"cc_executor_audit_log\" \"%V\" cannot be "
                           "opened now: workers will try again, until then "
                           "its lines are lost", &f->name);
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                       "\"cc_executor_audit_log\" \"%V\" cannot be opened",
                       &f->name);
    return NGX_ERROR;
}


static void
ngx_cc_audit_file_close(void *data)
{
    ngx_cc_audit_file_t  *f = data;

    if (f->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(f->fd);
    }

    if (f->anchor != NGX_INVALID_FILE) {
        (void) ngx_close_file(f->anchor);
    }
}


/* a descriptor, or NGX_INVALID_FILE with errno; never waits */

static ngx_fd_t
ngx_cc_audit_file_get(ngx_cc_audit_file_t *f)
{
    ngx_fd_t                   fd;
    ngx_file_info_t            fi;
    const ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_who(f->cycle);

    if (who) {
        fd = ngx_cc_audit_file_get_as_root(f, who);

    } else {
        fd = open((char *) f->name.data, NGX_CC_AUDIT_FILE_FLAGS|O_CREAT,
                  NGX_FILE_DEFAULT_ACCESS);
    }

    if (fd == -1) {
        return NGX_INVALID_FILE;
    }

    if (!f->theirs) {

        /* a pipe for instance, which the operator meant */

        if (fcntl(fd, F_SETFL, O_APPEND) == 0) {
            return fd;
        }

    } else if (ngx_fd_info(fd, &fi) == 0) {

        if (ngx_is_file(&fi)) {
            return fd;
        }

        (void) ngx_close_file(fd);
        ngx_set_errno(EINVAL);
        return NGX_INVALID_FILE;
    }

    (void) ngx_close_file(fd);

    return NGX_INVALID_FILE;
}


static ngx_fd_t
ngx_cc_audit_file_get_as_root(ngx_cc_audit_file_t *f,
    const ngx_cc_trust_who_t *who)
{
    ngx_fd_t             fd;
    ngx_err_t            err;
    ngx_cc_trust_path_t  tp;

    if (ngx_cc_trust_walk(&tp, (char *) f->name.data, who) == -1) {
        return NGX_INVALID_FILE;
    }

    if (tp.suspect[0]) {
        (void) close(tp.fd);
        ngx_set_errno(NGX_EPERM);
        return NGX_INVALID_FILE;
    }

    fd = openat(tp.fd, tp.name,
                NGX_CC_AUDIT_FILE_FLAGS|O_CREAT|(tp.magic ? 0 : O_NOFOLLOW),
                NGX_FILE_DEFAULT_ACCESS);
    err = ngx_errno;

    (void) close(tp.fd);
    ngx_set_errno(err);

    return fd;
}


/* USR1, in the master first, then in each worker */

static void
ngx_cc_audit_file_reopen(ngx_open_file_t *hook, ngx_log_t *log)
{
    ngx_fd_t              fd;
    ngx_err_t             err;
    ngx_cc_audit_file_t  *f;

    f = hook->data;

    ngx_cc_audit_file_flush(f, log);

    if (f->theirs && ngx_cc_conf_user_who(f->cycle)) {
        return;
    }

    fd = ngx_cc_audit_file_get(f);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        /* root made it, and it is still there */

        if (!ngx_cc_audit_file_same(f)) {
            ngx_log_error(NGX_LOG_ERR, log, err,
                          "cc_executor: the audit log \"%V\" cannot be "
                          "reopened, the old file stays in use", &f->name);
        }

        return;
    }

    ngx_cc_audit_file_give(f, fd, log);

    if (f->fd != NGX_INVALID_FILE && ngx_close_file(f->fd) == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &f->name);
    }

    f->fd = fd;
}


/*
 * A file that root, or root's logrotate, has made in the place of the old one
 * is for the workers, who open it next.
 */

static void
ngx_cc_audit_file_give(ngx_cc_audit_file_t *f, ngx_fd_t fd, ngx_log_t *log)
{
    ngx_file_info_t            fi;
    const ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_who(f->cycle);

    if (who == NULL || ngx_cc_audit_file_same(f)
        || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)
        || fi.st_uid != 0 || fi.st_nlink != 1)
    {
        return;
    }

    if (fchown(fd, who->uid, -1) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "cc_executor: fchown() of the audit log \"%V\" failed",
                      &f->name);
    }
}


/* is what we have open still what the name says? */

static ngx_uint_t
ngx_cc_audit_file_same(ngx_cc_audit_file_t *f)
{
    ngx_file_info_t  ours, there;

    return f->fd != NGX_INVALID_FILE
           && ngx_fd_info(f->fd, &ours) != NGX_FILE_ERROR
           && ngx_file_info(f->name.data, &there) != NGX_FILE_ERROR
           && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}


void
ngx_cc_audit_file_write(ngx_cc_audit_file_t *f, const u_char *line, size_t n)
{
    if (f->start == NULL) {
        f->start = ngx_alloc(NGX_CC_AUDIT_FILE_BUFFER, ngx_cycle->log);

        if (f->start == NULL) {
            ngx_cc_audit_file_lose(f, NGX_ENOMEM, 1, ngx_cycle->log);
            return;
        }

        f->pos = f->start;
    }

    if (n > (size_t) (f->start + NGX_CC_AUDIT_FILE_BUFFER - f->pos)) {
        ngx_cc_audit_file_flush(f, ngx_cycle->log);
    }

    f->pos = ngx_cpymem(f->pos, line, n);

    if (!f->post.posted) {
        f->waited = 0;
        ngx_post_event(&f->post, &ngx_posted_events);
    }
}


void
ngx_cc_audit_file_leave(ngx_cycle_t *cycle)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_open_file_t  *file;

    for (part = &cycle->open_files.part; part; part = part->next) {
        file = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (file[i].flush == ngx_cc_audit_file_reopen) {
                ngx_cc_audit_file_flush(file[i].data, cycle->log);
            }
        }
    }
}


static void
ngx_cc_audit_file_handler(ngx_event_t *ev)
{
    ngx_cc_audit_file_t  *f = ev->data;

    /* the answers to clients, which are posted behind us, go first */

    if (!f->waited) {
        f->waited = 1;
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_cc_audit_file_flush(f, ngx_cycle->log);
}


static void
ngx_cc_audit_file_flush(ngx_cc_audit_file_t *f, ngx_log_t *log)
{
    size_t      len;
    u_char     *p;
    ssize_t     n;
    ngx_err_t   err;
    ngx_uint_t  lines;

    len = f->pos - f->start;

    if (len == 0) {
        return;
    }

    if (f->fd == NGX_INVALID_FILE) {
        f->fd = ngx_cc_audit_file_get(f);
    }

    n = (f->fd == NGX_INVALID_FILE) ? -1 : ngx_write_fd(f->fd, f->start, len);
    err = ngx_errno;

    if (n != (ssize_t) len) {
        lines = 0;

        for (p = f->start + ngx_max(n, 0); p < f->pos; p++) {
            lines += (*p == LF);
        }

        /* a disk that is full may take a part of it */

        ngx_cc_audit_file_lose(f, n == -1 ? err : NGX_ENOSPC, lines, log);

        if (n > 0 && f->start[n - 1] != LF) {
            (void) ngx_write_fd(f->fd, "\n", 1);
        }
    }

    f->pos = f->start;
}


static void
ngx_cc_audit_file_lose(ngx_cc_audit_file_t *f, ngx_err_t err,
    ngx_uint_t lines, ngx_log_t *log)
{
    f->lost += lines;
    ngx_cc_zone_count(NGX_CC_TOTAL_AUDIT_LOST, lines);

    if (f->told && ngx_time() - f->told < NGX_CC_AUDIT_FILE_TELL) {
        return;
    }

    ngx_log_error(NGX_LOG_CRIT, log, err,
                  "cc_executor: %ui lines of the audit log \"%V\" are lost",
                  f->lost, &f->name);

    f->told = ngx_time();
    f->lost = 0;
}
