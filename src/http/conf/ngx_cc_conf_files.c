
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_files.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_trust.h"


static void ngx_cc_conf_files_theirs(ngx_cycle_t *cycle, const char *name,
    const char *path, const ngx_cc_trust_who_t *who);
static void ngx_cc_conf_files_reach(ngx_cycle_t *cycle, ngx_str_t *location,
    const char *path, const ngx_cc_trust_who_t *who);
static ngx_uint_t ngx_cc_conf_files_enter(const struct stat *st,
    const ngx_cc_trust_who_t *who);
static void ngx_cc_conf_files_fence(ngx_cycle_t *cycle, ngx_str_t *location,
    ngx_cc_command_conf_t *command, const char *name, const char *path);


void
ngx_cc_conf_files_check(ngx_cycle_t *cycle, ngx_cc_conf_location_t *location)
{
    size_t                     i;
    ngx_cc_policy_t           *policy;
    ngx_cc_loc_conf_t         *conf;
    ngx_cc_spec_conf_t        *spec;
    ngx_cc_main_conf_t        *mcf;
    const ngx_cc_trust_who_t  *who, *own;

    conf = location->conf;
    spec = &conf->spec;
    policy = &spec->policy;
    who = ngx_cc_conf_user_who(cycle);

    if (who) {

        /* a list is useless when a program that is on it can be replaced */

        for (i = 0; i < policy->nrules && !policy->any; i++) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_allow",
                                     policy->rules[i].path, who);
        }

        for (i = 0; i < policy->naliases; i++) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_alias",
                                     policy->aliases[i].argv[0], who);
        }

        if (spec->nwrapper) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_wrapper",
                                     spec->wrapper[0], who);
        }

        if (spec->ncontrol) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_control",
                                     spec->control[0], who);
        }

        if (spec->shell) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_shell",
                                     spec->shell, who);
        }

        if (conf->access.tokens) {
            ngx_cc_conf_files_theirs(cycle, "cc_executor_token_file",
                                     (char *) conf->access.token_file.data,
                                     who);
        }

        if (!spec->command.work) {
            mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                                      ngx_cc_executor_module);
            own = ngx_cc_conf_user_of(&mcf->pool, spec->command.user);

            ngx_cc_conf_files_reach(cycle, &location->name,
                                    spec->command.cwd, own ? own : who);
        }
    }

    if (spec->command.confine.nread) {

        if (spec->shell) {
            ngx_cc_conf_files_fence(cycle, &location->name, &spec->command,
                                    "cc_executor_shell", spec->shell);
        }

        ngx_cc_conf_files_fence(cycle, &location->name, &spec->command,
                                "cc_executor_cwd", spec->command.cwd);
    }
}


static void
ngx_cc_conf_files_theirs(ngx_cycle_t *cycle, const char *name,
    const char *path, const ngx_cc_trust_who_t *who)
{
    ngx_uint_t           theirs;
    ngx_file_info_t      fi;
    ngx_cc_trust_path_t  tp;

    if (ngx_cc_trust_walk(&tp, path, who) == 0) {
        (void) close(tp.fd);
    }

    theirs = (tp.suspect[0] != '\0');

    if (!theirs && ngx_file_info(path, &fi) != NGX_FILE_ERROR) {
        theirs = ngx_cc_trust_writable(&fi, who);
    }

    if (theirs) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"%s\" \"%s\" can be replaced by the user that "
                      "commands run as%s%s%s", name, path,
                      tp.suspect[0] ? ", who can write \"" : "", tp.suspect,
                      tp.suspect[0] ? "\"" : "");
    }
}


/* each directory on the way lets them through? */

static void
ngx_cc_conf_files_reach(ngx_cycle_t *cycle, ngx_str_t *location,
    const char *path, const ngx_cc_trust_who_t *who)
{
    char             *p, *real;
    ngx_uint_t        last;
    ngx_file_info_t   fi;

    real = realpath(path, NULL);

    if (real == NULL) {
        /* that was said where it is configured */
        return;
    }

    for (p = real + 1; /* void */ ; p++) {

        last = (*p == '\0');

        if (*p != '/' && !last) {
            continue;
        }

        *p = '\0';

        if (ngx_file_info(real, &fi) == NGX_FILE_ERROR
            || !ngx_cc_conf_files_enter(&fi, who))
        {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "\"cc_executor_cwd\" \"%s\" of location \"%V\": the "
                          "user that commands run as cannot enter \"%s\"",
                          path, location, real);
            break;
        }

        if (last) {
            break;
        }

        *p = '/';
    }

    free(real);
}


/* the class that counts is the first that fits, as for the kernel */

static ngx_uint_t
ngx_cc_conf_files_enter(const struct stat *st, const ngx_cc_trust_who_t *who)
{
    int  i;

    if (st->st_uid == who->uid) {
        return st->st_mode & S_IXUSR;
    }

    for (i = 0; i < who->ngroups; i++) {
        if (st->st_gid == who->groups[i]) {
            return st->st_mode & S_IXGRP;
        }
    }

    return st->st_mode & S_IXOTH;
}


static void
ngx_cc_conf_files_fence(ngx_cycle_t *cycle, ngx_str_t *location,
    ngx_cc_command_conf_t *command, const char *name, const char *path)
{
    char        *real, *top;
    size_t       len;
    uint32_t     i;
    ngx_uint_t   inside;

    real = realpath(path, NULL);

    if (real == NULL) {
        return;
    }

    inside = 0;

    for (i = 0; i < command->confine.nread + command->confine.nwrite; i++) {
        top = realpath(command->paths[i], NULL);

        if (top == NULL) {
            continue;
        }

        len = (top[1] == '\0') ? 0 : ngx_strlen(top);

        inside |= (ngx_strncmp(real, top, len) == 0
                   && (real[len] == '/' || real[len] == '\0'));
        free(top);
    }

    if (!inside) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"%s\" \"%s\" of location \"%V\" is outside of its "
                      "fence: name it in \"cc_executor_fence_read\" or "
                      "\"cc_executor_fence_write\"", name, path, location);
    }

    free(real);
}
