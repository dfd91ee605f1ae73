# The browser console takes output as binary messages, and goes on in JSON where a
# server refuses them or does not have them.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Console qw(console drive);

my $t = console(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;
    cc_executor_buffer 256k; cc_executor_keep_output 64k;')->start;
drive($t, 'binary', 37, $t->dir . '/work');
$t->finish;
done_testing;
