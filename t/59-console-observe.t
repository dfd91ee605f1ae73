# The console of an observer (cc_executor_observe): what others run is listed with
# its owner, shown, not typed into; paused and canceled by who may.
#
# tags:

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use CC::Console qw(console drive);

my %token = map { $_ => "$_-token-" x 8 } qw(agent person guard);
my $t = console(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;
    cc_executor_token_file tokens; cc_executor_observe person guard:signal;');
open my $f, '>', $t->dir . '/tokens' or die $!;
print $f map { "$_ " . sha256_hex($token{$_}) . "\n" } sort keys %token;
close $f or die $!;
$t->start;

drive($t, 'observe', 24, @token{qw(agent person guard)});
$t->finish;
done_testing;
