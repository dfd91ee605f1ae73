
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_audit_file.h"


#define NGX_CC_AUDIT_FILE_TELL   60      /* seconds between two complaints */


static void ngx_cc_audit_file_handler(ngx_event_t *ev);
static void ngx_cc_audit_file_flush(ngx_open_file_t *file, ngx_log_t *log);
static void ngx_cc_audit_file_lose(ngx_cc_audit_file_t *f, ngx_err_t err,
    ngx_uint_t lines, ngx_log_t *log);


ngx_cc_audit_file_t *
ngx_cc_audit_file_open(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t             full, own;
    ngx_open_file_t      *file;
    ngx_cc_audit_file_t  *f;

    full = *name;

    if (ngx_conf_full_name(cf->cycle, &full, 0) != NGX_OK) {
        return NULL;
    }

    /*
     * The core has one object for each name, and access_log takes whatever is
     * its data for a buffer of its own.  So that both may write to one file
     * (/dev/stdout), ours has another name: "/." before it.
     */

    own.len = full.len + 2;
    own.data = ngx_pnalloc(cf->pool, own.len + 1);

    if (own.data == NULL) {
        return NULL;
    }

    (void) ngx_sprintf(own.data, "/.%V%Z", &full);

    file = ngx_conf_open_file(cf->cycle, &own);

    if (file == NULL) {
        return NULL;
    }

    if (file->flush == ngx_cc_audit_file_flush) {
        return file->data;
    }

    f = ngx_pcalloc(cf->pool, sizeof(ngx_cc_audit_file_t));

    if (f == NULL) {
        return NULL;
    }

    f->file = file;
    f->name = full;
    f->post.handler = ngx_cc_audit_file_handler;
    f->post.data = f;
    f->post.log = &cf->cycle->new_log;

    file->flush = ngx_cc_audit_file_flush;
    file->data = f;

    return f;
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
        ngx_cc_audit_file_flush(f->file, ngx_cycle->log);
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
            if (file[i].flush == ngx_cc_audit_file_flush) {
                ngx_cc_audit_file_flush(&file[i], cycle->log);
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

    ngx_cc_audit_file_flush(f->file, ngx_cycle->log);
}


/* nginx calls it, too, before it opens its logs again */

static void
ngx_cc_audit_file_flush(ngx_open_file_t *file, ngx_log_t *log)
{
    size_t                len;
    u_char               *p;
    ssize_t               n;
    ngx_err_t             err;
    ngx_uint_t            lines;
    ngx_cc_audit_file_t  *f;

    f = file->data;
    len = f->pos - f->start;

    if (len == 0) {
        return;
    }

    n = ngx_write_fd(file->fd, f->start, len);
    err = ngx_errno;

    if (n != (ssize_t) len) {
        lines = 0;

        for (p = f->start + ngx_max(n, 0); p < f->pos; p++) {
            lines += (*p == LF);
        }

        /* a disk that is full may take a part of it */

        ngx_cc_audit_file_lose(f, n == -1 ? err : NGX_ENOSPC, lines, log);

        if (n > 0 && f->start[n - 1] != LF) {
            (void) ngx_write_fd(file->fd, "\n", 1);
        }
    }

    f->pos = f->start;
}


static void
ngx_cc_audit_file_lose(ngx_cc_audit_file_t *f, ngx_err_t err,
    ngx_uint_t lines, ngx_log_t *log)
{
    f->lost += lines;

    if (f->told && ngx_time() - f->told < NGX_CC_AUDIT_FILE_TELL) {
        return;
    }

    ngx_log_error(NGX_LOG_CRIT, log, err,
                  "cc_executor: %ui lines of the audit log \"%V\" are lost",
                  f->lost, &f->name);

    f->told = ngx_time();
    f->lost = 0;
}
