
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_env.h"


static ngx_uint_t ngx_cc_conf_env_valid(u_char *name, size_t len);
static char *ngx_cc_conf_env_client(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_spec_conf_t *spec);
static ngx_uint_t ngx_cc_conf_env_listed(const char *const *list,
    ngx_str_t *name);
static char *ngx_cc_conf_env_value(ngx_conf_t *cf, ngx_str_t *env,
    ngx_cc_spec_conf_t *spec, ngx_cc_conf_env_account_t *account,
    const char **value);


static ngx_str_t  ngx_cc_conf_env_default[] = {
    ngx_string("PATH"),
    ngx_string("HOME"),
    ngx_string("LANG"),
    ngx_string("USER"),
    ngx_string("LOGNAME"),
    ngx_string("SHELL"),
    ngx_string("TERM=dumb"),
    ngx_string("PYTHONUNBUFFERED=1")
};


/*
 * What makes the loader and the C library of any program run other code or
 * read other files: never from a client, because a wrapper would obey it too.
 * A "*" at the end stands for anything.
 */

static const char  *ngx_cc_conf_env_never[] = {
    "LD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES",
    "LOCALDOMAIN", "LOCPATH", "MALLOC_*", "NIS_PATH", "NLSPATH",
    "RESOLV_HOST_CONF", "RES_OPTIONS", NULL
};


/* the same for shells and interpreters: not where a client may not run all */

static const char  *ngx_cc_conf_env_list[] = {
    "BASH*", "ENV", "IFS", "SHELLOPTS", "PS4", "PROMPT_COMMAND", "CDPATH",
    "GLOBIGNORE", "PATH", "HOME", "SHELL", "EDITOR", "VISUAL", "PAGER",
    "BROWSER", "LESS*", "MAN*", "GIT_*", "SSH_*", "PYTHON*", "PERL*", "NODE_*",
    "NPM_*", "npm_*", "RUBY*", "GEM_*", "BUNDLE_*", "JAVA_*", "_JAVA_*",
    "JDK_*", "CLASSPATH", "LUA_*", "PHP*", "TCLLIBPATH", "MAKEFLAGS",
    "GNUMAKEFLAGS", "MAKEFILES", "CC", "CXX", "GCC_EXEC_PREFIX",
    "COMPILER_PATH", "LIBRARY_PATH", "CARGO_*", "RUST*", "GO*", "TAR_OPTIONS",
    "RSYNC_RSH", "TERMINFO*", "TERMCAP", "OPENSSL_*", "XDG_*", "DBUS_*",
    "DISPLAY", "ZDOTDIR", "FPATH", "KSH_*", "AWKPATH", "AWKLIBPATH",
    "SYSTEMD_*", "VIMINIT", "EXINIT", "RIPGREP_CONFIG_PATH", "CCACHE_*",
    "HG*", "SVN_SSH", "CVS_RSH", "RSH", "R_*", "ERL_*", "DOTNET_*",
    "CORECLR_*", "MAVEN_OPTS", "GRADLE_OPTS", "KUBECONFIG", "WGETRC",
    "CURL_HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", NULL
};


/* what only says how something is shown, or where we are */

static const char  *ngx_cc_conf_env_harmless[] = {
    "CI", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLUMNS", "FORCE_COLOR",
    "LANG", "LANGUAGE", "LC_*", "LINES", "NO_COLOR", "SOURCE_DATE_EPOCH",
    "TERM", "TZ", NULL
};


void
ngx_cc_conf_env_create(ngx_cc_conf_env_t *conf)
{
    conf->env = NGX_CONF_UNSET_PTR;
    conf->client = NGX_CONF_UNSET_PTR;
}


void
ngx_cc_conf_env_merge(ngx_cc_conf_env_t *conf, ngx_cc_conf_env_t *prev)
{
    ngx_conf_merge_ptr_value(conf->env, prev->env, NULL);
    ngx_conf_merge_ptr_value(conf->client, prev->client, NULL);
}


char *
ngx_cc_conf_env_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t              len;
    u_char             *eq;
    ngx_str_t          *value, *env, *other;
    ngx_uint_t          i, j;
    ngx_cc_conf_env_t  *ecf;

    ecf = (ngx_cc_conf_env_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ecf->env == NGX_CONF_UNSET_PTR) {
        ecf->env = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (ecf->env == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        eq = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
        len = eq ? (size_t) (eq - value[i].data) : value[i].len;

        if (!ngx_cc_conf_env_valid(value[i].data, len)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name of an environment variable in "
                               "\"%V\": it must be NAME or NAME=value",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        other = ecf->env->elts;

        for (j = 0; j < ecf->env->nelts; j++) {
            if (ngx_strncmp(other[j].data, value[i].data, len) == 0
                && (other[j].len == len || other[j].data[len] == '='))
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "environment variable \"%*s\" is given "
                                   "twice", len, value[i].data);
                return NGX_CONF_ERROR;
            }
        }

        env = ngx_array_push(ecf->env);
        if (env == NULL) {
            return NGX_CONF_ERROR;
        }

        *env = value[i];
    }

    return NGX_CONF_OK;
}


/* none | name ... */

char *
ngx_cc_conf_env_set_client(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t          *value, *name;
    ngx_uint_t          i;
    ngx_cc_conf_env_t  *ecf;

    ecf = (ngx_cc_conf_env_t *) ((char *) conf + cmd->offset);

    if (ecf->client == NGX_CONF_UNSET_PTR) {
        ecf->client = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (ecf->client == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "none") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_cc_conf_env_valid(value[i].data, value[i].len)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_client_env\" takes names of "
                               "environment variables or \"none\", not "
                               "\"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(ecf->client);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_cc_conf_env_valid(u_char *name, size_t len)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < len; i++) {
        ch = name[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || ch == '_' || (i && ch >= '0' && ch <= '9')))
        {
            return 0;
        }
    }

    return len != 0;
}


/* the whole environment of a command, ready to be packed */

char *
ngx_cc_conf_env_compile(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_spec_conf_t *spec, ngx_cc_conf_env_account_t *account)
{
    ngx_str_t    *env, *list;
    ngx_uint_t    i, n;
    const char  **value;

    if (conf->env) {
        list = conf->env->elts;
        n = conf->env->nelts;

    } else {
        list = ngx_cc_conf_env_default;
        n = sizeof(ngx_cc_conf_env_default) / sizeof(ngx_str_t);
    }

    value = ngx_palloc(cf->pool, (n + 1) * sizeof(char *));
    if (value == NULL) {
        return NGX_CONF_ERROR;
    }

    spec->command.env = value;
    spec->command.nenv = 0;
    spec->path = NULL;
    spec->term = NULL;

    for (i = 0; i < n; i++) {
        env = &list[i];

        if (ngx_cc_conf_env_value(cf, env, spec, account, value)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (*value == NULL) {
            continue;
        }

        if (list == ngx_cc_conf_env_default
            && ngx_strncmp(*value, "TERM=", 5) == 0)
        {
            spec->term = *value;
        }

        if (ngx_strncmp(*value, "PATH=", 5) == 0) {
            spec->path = *value + 5;
        }

        value++;
        spec->command.nenv++;
    }

    return ngx_cc_conf_env_client(cf, conf, spec);
}


static char *
ngx_cc_conf_env_client(ngx_conf_t *cf, ngx_cc_conf_env_t *conf,
    ngx_cc_spec_conf_t *spec)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (conf->client == NULL) {
        return NGX_CONF_OK;
    }

    name = conf->client->elts;

    for (i = 0; i < conf->client->nelts; i++) {

        if (ngx_cc_conf_env_listed(ngx_cc_conf_env_never, &name[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_client_env %V\" would let a "
                               "client run its own code in every program",
                               &name[i]);
            return NGX_CONF_ERROR;
        }

        if ((!spec->policy.any || spec->nwrapper)
            && ngx_cc_conf_env_listed(ngx_cc_conf_env_list, &name[i]))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_client_env %V\" would let a "
                               "client run other programs than those allowed: "
                               "it needs \"cc_executor_allow any\" without "
                               "\"cc_executor_wrapper\"", &name[i]);
            return NGX_CONF_ERROR;
        }

        if ((!spec->policy.any || spec->nwrapper)
            && !ngx_cc_conf_env_listed(ngx_cc_conf_env_harmless, &name[i]))
        {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"cc_executor_client_env %V\" is not known to "
                               "be harmless: see that no allowed program runs, "
                               "loads or writes what a client names in it",
                               &name[i]);
        }
    }

    spec->client_env = name;
    spec->nclient_env = conf->client->nelts;

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_cc_conf_env_listed(const char *const *list, ngx_str_t *name)
{
    size_t  len;

    for ( /* void */ ; *list; list++) {
        len = ngx_strlen(*list);

        if ((*list)[len - 1] == '*') {
            if (ngx_strncmp(*list, name->data, len - 1) == 0) {
                return 1;
            }

        } else if (ngx_strcmp(*list, name->data) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * One variable as NAME=value.  A bare name has the value that nginx itself was
 * started with; where it has none, those that every program expects get one,
 * and others are left out (NULL).  USER, LOGNAME and SHELL are always those of
 * the commands.  Root's HOME and PATH are not for them either: directories of
 * root that they cannot enter turn "not found" into "permission denied".
 */

static char *
ngx_cc_conf_env_value(ngx_conf_t *cf, ngx_str_t *env,
    ngx_cc_spec_conf_t *spec, ngx_cc_conf_env_account_t *account,
    const char **value)
{
    u_char  *p;
    size_t   len;
    char    *text;

    *value = NULL;

    if (ngx_strlchr(env->data, env->data + env->len, '=')) {
        *value = (char *) env->data;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(env->data, "USER") == 0) {
        *value = account->user;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(env->data, "LOGNAME") == 0) {
        *value = account->logname;
        return NGX_CONF_OK;
    }

    text = getenv((char *) env->data);

    if (ngx_strcmp(env->data, "HOME") == 0 && (text == NULL || geteuid() == 0))
    {
        text = (char *) spec->command.cwd;

    } else if (ngx_strcmp(env->data, "PATH") == 0
               && (text == NULL || geteuid() == 0))
    {
        text = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    } else if (ngx_strcmp(env->data, "SHELL") == 0) {
        text = spec->shell ? (char *) spec->shell : "/bin/sh";

    } else if (text == NULL && ngx_strcmp(env->data, "TERM") == 0) {
        text = "dumb";

    } else if (text == NULL && ngx_strcmp(env->data, "LANG") == 0) {
        text = "C.UTF-8";
    }

    if (text == NULL) {
        return NGX_CONF_OK;
    }

    len = env->len + 1 + ngx_strlen(text) + 1;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_snprintf(p, len, "%V=%s%Z", env, text);
    *value = (char *) p;

    return NGX_CONF_OK;
}


void
ngx_cc_conf_env_name(ngx_cc_conf_env_account_t *account, const char *name,
    ngx_uid_t uid)
{
    u_char          number[NGX_INT_T_LEN + 1];
    struct passwd  *pw;

    if (name == NULL) {
        pw = getpwuid(uid);
        name = pw ? pw->pw_name : NULL;
    }

    if (name == NULL || ngx_strlen(name) > NGX_CC_CONF_ENV_NAME) {
        (void) ngx_snprintf(number, sizeof(number), "%ui%Z",
                            (ngx_uint_t) uid);
        name = (char *) number;
    }

    (void) ngx_snprintf((u_char *) account->user, sizeof(account->user),
                        "USER=%s%Z", name);
    (void) ngx_snprintf((u_char *) account->logname,
                        sizeof(account->logname), "LOGNAME=%s%Z", name);
}
