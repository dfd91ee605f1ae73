# "make" is reproducible: built in two directories, under another umask and in
# another time zone, the module and the programs have the same bytes.
#
# tags: nightly

use strict;
use warnings;

use Digest::SHA ();
use File::Temp qw(tempdir);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my @built = qw(ngx_cc_executor_module.so cc-run cc-executord cc-fence);
my @dirs = map { tempdir('cc_twice_XXXXXX', DIR => '/var/tmp', CLEANUP => 1) } 1, 2;
my @ways = ('umask 022; export TZ=UTC', 'umask 077; export TZ=Asia/Tokyo');

for my $i (0, 1) {
    is(system("cd '$root' && git archive HEAD | tar -x -C $dirs[$i]"), 0,
        'what is committed');
    is(system("$ways[$i]; cd $dirs[$i] && make -s all > make.log 2>&1"), 0, 'make')
        or diag `tail -n 20 $dirs[$i]/make.log`;
}

for my $name (@built) {
    my @sums = map { Digest::SHA->new(256)->addfile("$_/build/$name")->hexdigest }
        @dirs;
    is($sums[0], $sums[1], "$name: the same bytes");
}

done_testing;
