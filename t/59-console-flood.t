# A gigabyte of output in the browser console, in a visible tab and in a hidden one.
#
# tags: nightly

use strict;
use warnings;

use Test::More;
use CC::Console qw(console drive);

my $t = console(workers => 2)->start;
drive($t, 'flood', 7, $ENV{CC_FLOOD_BYTES} // 1 << 30);
$t->finish;
done_testing;
