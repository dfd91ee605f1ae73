# Reload after reload: a kept command goes on, who watches it is sent away and
# goes on elsewhere without missing a byte, waits are answered, and nothing is
# left behind.  CC_NIGHTLY: a hundred times.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);
use CC::Kept qw(begin attach completed detached ids output places_exact);
use CC::Metrics qw(metrics);
use CC::Nginx;

my $rounds = $ENV{CC_NIGHTLY} ? 100 : 20;
my $places = 6;

my $t = CC::Nginx->new(workers => 2, location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_max_kept $places;
    cc_executor_max_kept_per_owner $places; cc_executor_kill_grace 500ms;",
    http => 'cc_executor_helpers min=1 max=8;',
    server => 'location = /metrics { cc_executor_status prometheus; }')
    ->start;

# one that writes all the time, a quiet one, one that is over

my $c = $t->client;
my $id = begin($c, 'i=0; while [ ! -e ' . $t->dir . '/work/enough ]; do '
    . 'echo $i; i=$((i+1)); sleep 0.02; done');
my $quiet = begin($c, 'read x; echo $x', open_stdin => JSON::PP::true);
my $over = begin($c, 'echo over; exit 3');
is(completed($c, $over)->{exit_code}, 3, 'one is over');
$c->close;

# what its helper has open
sub descriptors { my ($helper) = @_;
    return scalar(my @fd = glob "/proc/$helper/fd/*") }

my ($first) = attach($t, $id);
my ($pid) = map { $_->{pid} } grep { $_->{execution_id} eq $id }
    values %{ ids($t) };
$first->close;
my @helpers = map { CC::Nginx::parent($_) } grep { defined } $pid // ();
my ($text, $next) = ('', 0);
my (%bad, @rest);

for my $round (1 .. $rounds) {

    # a watcher; one with a bound command besides; one who waits

    my ($w, $m) = attach($t, $id, stdout => $next);
    $bad{"$round: from"} = $m if ($m->{result}{from}{stdout} // -1) != $next;
    my ($b) = attach($t, $quiet);
    my $run = $b->call('execute', { command => 'sleep 0.2; echo bound' });
    my $e = $t->client;
    my $wait = $e->send('wait', { execution_id => $quiet, until => 'exit' });
    $e->call('read', { execution_id => $over, offset => 0 });

    $t->signal('HUP');

    my ($more, $last) = output($w, $id);
    $text .= $more;
    $next += length $more;
    $bad{"$round: detached"} = $last if !$last
        || ($last->{params}{reason} // '') ne 'reload'
        || $last->{params}{next}{stdout} != $next;

    my $a = $e->answer($wait);
    $bad{"$round: wait"} = $a if ($a->{result}{reason} // '') ne 'reload';
    my $d = detached($b, $quiet);
    $bad{"$round: bound detached"} = $d if ($d->{reason} // '') ne 'reload';
    push @rest, [$round, $w, $e, $b, $run->{result}{execution_id}];
    last if %bad;
}

# what a worker still has to do comes to its end, then it closes

for (@rest) {
    my ($round, $w, $e, $b, $bound) = @$_;
    my $done = completed($b, $bound);
    $bad{"$round: bound"} = $done if ($done->{stdout_bytes} // 0) != 6;
    for my $c ($w, $e, $b) {
        1 while $c->receive(20);
        $bad{"$round: closed"} = $c->{closed} if ($c->{closed} // 0) != 1001;
    }
}

is_deeply(\%bad, {}, "$rounds reloads: all are told, nothing is missing")
    or diag(explain(\%bad));

ok($t->wait_until(sub { 2 == (my @w = $t->workers) }, 30),
    'no old worker stays');

# to the end

open my $enough, '>', $t->dir . '/work/enough' or die $!;
close $enough;
($c) = attach($t, $id, stdout => $next);
my ($more, $last) = output($c, $id);
$text .= $more;
is($last->{params}{exit_code}, 0, 'it ends when it wants to');
my @lines = split /\n/, $text;
is($text, join('', map { "$_\n" } 0 .. $#lines), 'every byte, once');
cmp_ok(scalar @lines, '>', $rounds, 'of many');
is($last->{params}{stdout_bytes}, length $text, 'as it says itself');
$c->close;

my $m;
($c, $m) = attach($t, $over);
is($m->{result}{state}, 'exited', 'what was over before is there still');
is((output($c, $over))[0], "over\n", 'with its output');
$c->close;

($c, $m) = attach($t, $quiet, mode => 'write');
is($m->{result}{watchers}, 1, 'and nobody is left of all who watched');
$c->call('input', { execution_id => $quiet, data => "heard\n" });
is((output($c, $quiet))[0], "heard\n", 'the quiet one obeys');
$c->close;

# nothing leaks

places_exact($t, $places, 'after all');
my $metrics;
ok($t->wait_until(sub {
    $metrics = metrics($t);
    return !grep { /^(?:commands|sessions)\{/ && $metrics->{$_} } keys %$metrics;
}, 20), 'no slot is taken') or diag(explain($metrics));
is($metrics->{commands_started_total},
    $rounds + 3 + $places, 'all that was started was counted');
ok($t->wait_until(sub {
    $metrics = metrics($t);
    my $ended = 0;
    /^commands_ended_total/ and $ended += $metrics->{$_} for keys %$metrics;
    return $ended == $rounds + 3 + $places }, 20), 'and ended, once each')
    or diag(explain($metrics));
my @left;
ok($t->wait_until(sub { !(@left = grep { /cc (?:helper|spawner|keeper)/
    && CC::Nginx::parent((split / /)[0]) <= 1 } $t->processes) }, 20),
    'nobody is left behind') or diag(join "\n", @left);

$t->finish;
done_testing;
