
#define _GNU_SOURCE
#include <string.h>
#include "ngx_cc_policy.h"


const char *
ngx_cc_policy_program(const ngx_cc_policy_t *policy, const char *name,
    const char *path)
{
    size_t       i, dir, len;
    const char  *end;

    if (policy->any) {
        return name;
    }

    if (strchr(name, '/')) {
        for (i = 0; i < policy->npaths; i++) {
            if (strcmp(policy->paths[i], name) == 0) {
                return policy->paths[i];
            }
        }

        return NULL;
    }

    len = strlen(name);

    if (path == NULL) {
        path = NGX_CC_POLICY_PATH;
    }

    for ( /* void */ ; path; path = *end ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        dir = end - path;

        if (dir == 0) {
            continue;
        }

        for (i = 0; i < policy->npaths; i++) {
            if (strlen(policy->paths[i]) == dir + 1 + len
                && memcmp(policy->paths[i], path, dir) == 0
                && policy->paths[i][dir] == '/'
                && memcmp(policy->paths[i] + dir + 1, name, len) == 0)
            {
                return policy->paths[i];
            }
        }
    }

    return NULL;
}


const char *
ngx_cc_policy_path_error(const char *path)
{
    size_t       len;
    const char  *p, *end;

    if (*path != '/') {
        return "it is not absolute";
    }

    if (path[strlen(path) - 1] == '/') {
        return "it ends in a slash";
    }

    for (p = path + 1; p; p = *end ? end + 1 : NULL) {
        end = strchrnul(p, '/');
        len = end - p;

        if (len == 0) {
            return "it has an empty component";
        }

        if ((len == 1 && p[0] == '.')
            || (len == 2 && p[0] == '.' && p[1] == '.'))
        {
            return "it has a \".\" or \"..\" component";
        }
    }

    return NULL;
}
