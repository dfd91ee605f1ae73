
/*
 * Runs a fuzz target over its committed inputs, and over each of them cut
 * short in some places; says in TAP what happened.  A bad input ends the
 * program, its name is the last one printed.
 *
 * The folder is t/fuzz/corpus/NAME, NAME being this program's own; other files
 * or folders may be given instead.
 */

#include <dirent.h>
#include <sys/stat.h>
#include "fuzz.h"


static int  files;


static void
replay_file(const char *path)
{
    size_t    n, cut;
    FILE     *f;
    uint8_t  *buf, *copy;

    printf("# %s\n", path);
    (void) fflush(stdout);

    f = fopen(path, "rb");
    buf = malloc(1 << 20);

    if (f == NULL || buf == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }

    n = fread(buf, 1, 1 << 20, f);
    (void) fclose(f);

    for (cut = 0; cut < 4; cut++) {
        copy = fuzz_copy(buf, n - n * cut / 4);
        (void) LLVMFuzzerTestOneInput(copy, n - n * cut / 4);
        free(copy);
    }

    free(buf);
    files++;
}


static void
replay(const char *path)
{
    int              i, n;
    char            *name;
    size_t           size;
    struct stat      st;
    struct dirent  **entry;

    if (stat(path, &st) == -1) {
        perror(path);
        exit(EXIT_FAILURE);
    }

    if (!S_ISDIR(st.st_mode)) {
        replay_file(path);
        return;
    }

    n = scandir(path, &entry, NULL, alphasort);

    for (i = 0; i < n; i++) {

        if (entry[i]->d_name[0] != '.') {
            size = strlen(path) + strlen(entry[i]->d_name) + 2;
            name = malloc(size);
            fuzz_check(name != NULL);
            (void) snprintf(name, size, "%s/%s", path, entry[i]->d_name);
            replay_file(name);
            free(name);
        }

        free(entry[i]);
    }

    free(entry);
}


int
main(int argc, char **argv)
{
    int          i;
    char         path[256];
    const char  *name;

    printf("1..1\n");

    name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    (void) snprintf(path, sizeof(path), "t/fuzz/corpus/%s", name);

    for (i = 1; i < argc; i++) {
        replay(argv[i]);
    }

    if (argc == 1) {
        replay(path);
    }

    printf("%sok 1 - %d inputs of %s\n", files ? "" : "not ", files, name);

    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
