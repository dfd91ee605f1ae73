
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ngx_cc_grants.h"


#define NGX_CC_GRANTS_BLANKS  " \t\r"


static int ngx_cc_grants_read(const char *file, char *text, char *why,
    size_t room);
static int ngx_cc_grants_trusted(const struct stat *st);
static int ngx_cc_grants_directory(const char *file, char *why, size_t room);
static ngx_cc_refusal_e ngx_cc_grants_line(char *line, uid_t peer,
    const char *user, unsigned *max);
static int ngx_cc_grants_max(const char *word, unsigned *max);
static int ngx_cc_grants_is(const char *name, uid_t peer);


ngx_cc_refusal_e
ngx_cc_grants_look(const char *file, uid_t peer, const char *user,
    unsigned *max, char *why, size_t room)
{
    char              *line, *next;
    unsigned           n;
    ngx_cc_refusal_e   rc, found;

    static char        text[NGX_CC_GRANTS_SIZE];

    if (ngx_cc_grants_read(file, text, why, room) == -1) {
        return NGX_CC_REFUSAL_POLICY;
    }

    rc = NGX_CC_REFUSAL_PEER;
    n = 0;
    *max = 0;

    for (line = text; line; line = next) {
        next = strchr(line, '\n');

        if (next) {
            *next++ = '\0';
        }

        n++;
        found = ngx_cc_grants_line(line, peer, user, max);

        if (found == NGX_CC_REFUSAL_POLICY) {
            (void) snprintf(why, room, "line %u of \"%s\" names a peer and no "
                            "user, or \"max=\" is not a number behind a user",
                            n, file);
            return found;
        }

        if (found == NGX_CC_REFUSAL_NONE || rc == NGX_CC_REFUSAL_PEER) {
            rc = (rc == NGX_CC_REFUSAL_NONE) ? rc : found;
        }
    }

    return rc;
}


ngx_cc_refusal_e
ngx_cc_grants_one(const char *grant, uid_t peer, const char *user)
{
    char           *end;
    size_t          len;
    unsigned long   n;

    n = strtoul(grant, &end, 10);

    if (*end != ':' || n >= UINT_MAX || (uid_t) n != peer) {
        return NGX_CC_REFUSAL_PEER;
    }

    for (len = 0; *end; end += 1 + len) {
        len = strcspn(end + 1, ",");

        if (len == strlen(user) && memcmp(end + 1, user, len) == 0) {
            return NGX_CC_REFUSAL_NONE;
        }
    }

    return NGX_CC_REFUSAL_USER;
}


int
ngx_cc_grants_check(const char *file, char *why, size_t room)
{
    unsigned  max;

    return ngx_cc_grants_look(file, (uid_t) -1, "", &max, why, room)
           == NGX_CC_REFUSAL_POLICY ? -1 : 0;
}


/* 0, and "text" ends with NUL; or -1 with "why" */

static int
ngx_cc_grants_read(const char *file, char *text, char *why, size_t room)
{
    int          fd;
    size_t       len;
    ssize_t      n;
    struct stat  st;

    fd = open(file, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1 || fstat(fd, &st) == -1) {
        (void) snprintf(why, room, "\"%s\": %s", file, strerror(errno));
        goto failed;
    }

    if (!S_ISREG(st.st_mode) || !ngx_cc_grants_trusted(&st)) {
        (void) snprintf(why, room, "\"%s\" must be a file that belongs to "
                        "root and that nobody else can write", file);
        goto failed;
    }

    if (ngx_cc_grants_directory(file, why, room) == -1) {
        goto failed;
    }

    for (len = 0; len < NGX_CC_GRANTS_SIZE; len += n) {
        n = read(fd, text + len, NGX_CC_GRANTS_SIZE - len);

        if (n == -1) {
            (void) snprintf(why, room, "\"%s\": %s", file, strerror(errno));
            goto failed;
        }

        if (n == 0) {
            break;
        }
    }

    if (len == NGX_CC_GRANTS_SIZE || memchr(text, '\0', len)) {
        (void) snprintf(why, room, "\"%s\" is too long, or no text", file);
        goto failed;
    }

    text[len] = '\0';
    (void) close(fd);

    return 0;

failed:

    if (fd != -1) {
        (void) close(fd);
    }

    return -1;
}


static int
ngx_cc_grants_trusted(const struct stat *st)
{
    return st->st_uid == 0 && (st->st_mode & (S_IWGRP|S_IWOTH)) == 0;
}


/* who can write it can put another file there */

static int
ngx_cc_grants_directory(const char *file, char *why, size_t room)
{
    char         path[PATH_MAX], *dir;
    struct stat  st;

    if (snprintf(path, sizeof(path), "%s", file) >= (int) sizeof(path)) {
        (void) snprintf(why, room, "the path of the policy file is too long");
        return -1;
    }

    dir = dirname(path);

    if (stat(dir, &st) == -1 || !ngx_cc_grants_trusted(&st)) {
        (void) snprintf(why, room, "\"%s\" must belong to root, and nobody "
                        "else may write it", dir);
        return -1;
    }

    return 0;
}


/* PEER: it is about another one, or about nobody; POLICY: it is malformed */

static ngx_cc_refusal_e
ngx_cc_grants_line(char *line, uid_t peer, const char *user,
    unsigned *max)
{
    int        mine, users, last, found;
    char      *word, *rest;
    unsigned   n;

    word = strtok_r(line, NGX_CC_GRANTS_BLANKS, &rest);

    if (word == NULL || *word == '#') {
        return NGX_CC_REFUSAL_PEER;
    }

    mine = ngx_cc_grants_is(word, peer);
    users = 0;
    last = 0;
    found = 0;
    n = 0;

    for ( ;; ) {
        word = strtok_r(NULL, NGX_CC_GRANTS_BLANKS, &rest);

        if (word == NULL || *word == '#') {
            break;
        }

        if (strchr(word, '=') == NULL) {
            users++;
            n = 0;
            last = mine && strcmp(word, user) == 0;
            found |= last;
            continue;
        }

        /* one for each user */

        if (users == 0 || n || ngx_cc_grants_max(word, &n) == -1) {
            return NGX_CC_REFUSAL_POLICY;
        }

        if (last && (*max == 0 || n < *max)) {
            *max = n;
        }
    }

    if (users == 0) {
        return NGX_CC_REFUSAL_POLICY;
    }

    return found ? NGX_CC_REFUSAL_NONE
           : mine ? NGX_CC_REFUSAL_USER : NGX_CC_REFUSAL_PEER;
}


static int
ngx_cc_grants_max(const char *word, unsigned *max)
{
    char           *end;
    unsigned long   n;

    if (strncmp(word, "max=", 4) != 0 || !isdigit((unsigned char) word[4])) {
        return -1;
    }

    n = strtoul(word + 4, &end, 10);

    if (*end || n == 0 || n > NGX_CC_GRANTS_MOST) {
        return -1;
    }

    *max = (unsigned) n;

    return 0;
}


static int
ngx_cc_grants_is(const char *name, uid_t peer)
{
    char           *end;
    unsigned long   n;
    struct passwd  *pw;

    if (isdigit((unsigned char) *name)) {
        n = strtoul(name, &end, 10);
        return *end == '\0' && n <= UINT_MAX - 1 && (uid_t) n == peer;
    }

    pw = getpwnam(name);

    return pw && pw->pw_uid == peer;
}
