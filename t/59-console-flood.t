# A lot of output in the browser console, in a visible tab and in a hidden one: a
# gigabyte with CC_NIGHTLY.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Console qw(console drive);

my $t = console(workers => 2)->start;
local $CC::McpClients::LIMIT = 3600 if $ENV{CC_NIGHTLY};
drive($t, 'flood', 10, $ENV{CC_NIGHTLY} ? 1 << 30 : 8 << 20, $t->dir . '/work');
$t->finish;
done_testing;
