# Jobs do not depend on which worker is asked: the same with one worker, that is
# starter and watcher of every job.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Nginx;

$ENV{TEST_WORKERS} = 1;

for my $file (qw(87-mcp-jobs 87-mcp-model)) {
    open my $tap, '-|', $^X, '-I', "$CC::Nginx::ROOT/t/lib",
        "$CC::Nginx::ROOT/t/$file.t" or die $!;
    my @lines = <$tap>;
    ok(close $tap, "$file.t with one worker") or diag "it left with $?";
    is(join('', grep { /^not ok/ } @lines), '', 'nothing of it failed');
    cmp_ok(scalar(grep { /^ok/ } @lines), '>', 50, 'and it was all run');
}

done_testing();
