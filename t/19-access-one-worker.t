# Who may connect does not depend on who is asked: the matrices of hosts, tokens
# and nginx's own directives once more, with one worker.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

$ENV{TEST_WORKERS} = 1;

for my $file (qw(13-access-host 14-access-token 15-access-front)) {
    open my $tap, '-|', $^X, '-I', "$CC::Nginx::ROOT/t/lib",
        "$CC::Nginx::ROOT/t/$file.t" or die $!;
    my @lines = <$tap>;
    ok(close $tap, "$file.t with one worker") or diag "it left with $?";
    is(join('', grep { /^not ok/ } @lines), '', 'nothing of it failed');
    cmp_ok(scalar(grep { /^ok/ } @lines), '>', 50, 'and it was all run');
}

done_testing();
