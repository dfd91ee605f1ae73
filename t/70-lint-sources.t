# The sources as text: layers, names, sizes, style; nightly also what compilers
# warn of (the quick part of "make lint").  And that it would be said if there
# were something.
#
# tags:

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $how = $ENV{CC_NIGHTLY} ? 'quick' : 'text';
my $said = `'$root/.ci/lint' $how 2>&1`;
is($?, 0, 'make lint: nothing to mend') or diag $said;
like($said, qr/^\d{3,} files, 0 findings/m, 'it looked at all files');

my $dir = tempdir(CLEANUP => 1);
system('cp', '-r', "$root/.ci", "$root/src", "$root/config", $dir) == 0 or die;
system('sed', '-i', 's/^ngx_cc_lib="/&bad /', "$dir/config") == 0 or die;
open my $h, '>', "$dir/src/lib/ngx_cc_bad.h" or die $!;
close $h;
open $h, '>', "$dir/src/rpc/ngx_cc_unlisted.h" or die $!;
print $h "\n";
close $h;
open my $f, '>', "$dir/src/lib/ngx_cc_bad.c" or die $!;
print $f <<'EOC';

#include <ngx_core.h>
#include <stdlib.h>
#include "ngx_cc_pool.h"

int ngx_cc_bad(int n)
{
	int a[4];   
    char *p = malloc(10);
    p[0] = 1;  // planted
    return a[n > 4 ? 4 : n] + p[0];
}
EOC
close $f;
$said = `'$dir/.ci/lint' quick src/lib/ngx_cc_bad.c 2>&1`;
isnt($?, 0, 'planted faults are found');
like($said, qr/ngx_cc_bad\.c:$_/, $_) for
    '2: lib includes nginx\'s ngx_core.h', '4: lib includes ngx_cc_pool.h of exec',
    '6: ngx_cc_bad\(\): its type', '7: not two blank lines', '8: tab',
    '8: blank at the end', '10: // comment';
like($said, qr{rpc/ngx_cc_unlisted\.h:0: is not listed}, 'a file that is not listed');

# the same without what keeps it from being compiled

open $f, '>', "$dir/src/lib/ngx_cc_bad.c" or die $!;
print $f "\n#include <stdlib.h>\n\n\nint\nngx_cc_bad(int n)\n{\n"
    . "    int    a[4] = { 0, 1, 2, 3 };\n    char  *p;\n\n"
    . "    p = malloc(10);\n    p[0] = 1;\n\n    return a[4] + n;\n}\n";
close $f;
$said = `'$dir/.ci/lint' quick src/lib/ngx_cc_bad.c 2>&1`;
like($said, qr/$_/, $_) for 'analyzer-use-of-uninitialized', 'memleak',
    'arrayIndexOutOfBounds', 'missing-prototypes';

done_testing;
