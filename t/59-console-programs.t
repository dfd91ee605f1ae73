# The console with programs that draw the whole screen: vim and htop, used by what is
# typed into the page.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Console qw(console drive);

my $t = console(workers => 2)->start;
drive($t, 'programs', 12);
$t->finish;
done_testing;
