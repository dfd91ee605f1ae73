# The end of a kept command is told once, whoever hears it: one line of the
# audit log, one count in the metrics.  Workers are killed, reloaded, killed
# together with helpers.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Kept qw(begin attach completed pid_of);
use CC::Metrics qw(metrics);
use CC::Nginx;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_audit_log %%DIR%%/logs/audit.log;',
    server => 'location = /metrics { cc_executor_status prometheus; }')
    ->start;

sub lines { return $t->records('logs/audit.log') }

# the lines of a command, as soon as its end is one of them
sub story {
    my ($id) = @_;
    my $name = substr $id, 0, 16;
    my @story;
    $t->wait_until(sub {
        @story = grep { ($_->{execution} // '') eq $name } lines();
        return grep { $_->{event} eq 'command.ended' } @story;
    }, 20) or diag $t->slurp('logs/audit.log');
    return @story;
}

sub ended { return grep { $_->{event} eq 'command.ended' } story($_[0]) }

my %causes;
my $n_killed = 0;

sub renew {
    my ($kill) = @_;
    my %old = map { $_ => 1 } $t->workers;
    $kill ? kill('KILL', keys %old) : $t->signal('HUP');
    ok($t->wait_until(sub { 2 == grep { !$old{$_} } $t->workers }, 20),
        $kill ? 'workers are killed' : 'a reload');
    ok($t->wait_until(sub { !grep { -e "/proc/$_" } keys %old }, 20),
        'the old ones are gone');
    $n_killed += keys %old if $kill;
    return;
}

# the worker that started it is there

my $c = $t->client;
my $id = begin($c, 'echo here; exit 2');
is(completed($c, $id)->{exit_code}, 2, 'an end that the starter hears');
my @story = story($id);
is_deeply([map { $_->{event} } @story], [qw(command.started command.ended)],
    'two lines');
is($story[1]{owner}, 'addr:127.0.0.1', 'of an owner');
$causes{exit}++;
$c->close;

# its client has gone, and attaches at another worker

$c = $t->client;
$id = begin($c, 'read x; echo got; exit 4', open_stdin => JSON::PP::true);
$c->close;
my ($d, $m) = attach($t, $id, mode => 'write');
$d->call('input', { execution_id => $id, data => "x\n" });
is(completed($d, $id)->{exit_code}, 4, 'its client has gone');
my @ended = ended($id);
is("$ended[0]{owner} $ended[0]{exit_code}", 'addr:127.0.0.1 4',
    'its worker tells all that it knows');
$causes{exit}++;
$d->close;

# workers are killed, then reloaded, then it ends

for my $round (1 .. 3) {
    $c = $t->client;
    $id = begin($c, 'echo out; echo errors >&2; read x; exit 5',
        open_stdin => JSON::PP::true);
    my $pid = pid_of($t, $id);
    renew(1) if $round != 2;
    $c->close;
    renew(0) if $round != 1;
    ($d, $m) = attach($t, $id, mode => 'write');
    $d->call('input', { execution_id => $id, data => "x\n" });
    is(completed($d, $id)->{exit_code}, 5, 'it ends');
    my ($end) = ended($id);
    is_deeply([@$end{qw(pid cause exit_code stdout_bytes stderr_bytes)}],
        [$pid, 'exit', 5, 4, 7], 'what is known of it is told');
    cmp_ok($end->{duration}, '>', 0, 'and how long it ran');
    is("$end->{server} $end->{location}", 'localhost /ws/mcp', 'and where');
    ok(!defined $end->{owner} && !defined $end->{peer}
        && !exists $end->{session}, 'whose it was stands in its start');
    $causes{exit}++;
    $d->close;
}

# helper and workers are killed at the same time: nobody is told by anybody

$c = $t->client;
$id = begin($c, 'exec sleep 5701');
my $pid = pid_of($t, $id);
my ($helper) = CC::Nginx::parent($pid);
my %old = map { $_ => 1 } $t->workers;
kill 'KILL', keys %old, $helper;
$n_killed += 2;
ok($t->wait_until(sub { 2 == grep { !$old{$_} } $t->workers }, 20),
    'workers and helper are killed');
my ($end) = ended($id);
is_deeply([@$end{qw(pid cause exit_code)}], [$pid, 'lost', undef],
    'it is lost');
ok($t->wait_until(sub { !-e "/proc/$pid" }, 20), 'and gone');
$causes{lost}++;
$c->close;

# all together, and once more after everything has been looked at again

$c = $t->client;
$id = begin($c, 'exit 0');
is(completed($c, $id)->{exit_code}, 0, 'one more');
ended($id);
$causes{exit}++;
$c->close;

my $metrics;
ok($t->wait_until(sub {
    $metrics = metrics($t);
    return ($metrics->{'commands_ended_total{cause="exit"}'} // 0)
        == $causes{exit} }, 20), 'every end is counted');
is($metrics->{'commands_ended_total{cause="exit"}'}, $causes{exit}, 'once');
is($metrics->{'commands_ended_total{cause="lost"}'}, $causes{lost},
    'and the lost one');
is($metrics->{commands_started_total}, $causes{exit} + $causes{lost},
    'as many as were started');

my %n;
$n{ $_->{execution} }{ $_->{event} }++ for grep { $_->{execution} } lines();
is_deeply([grep { ($n{$_}{'command.started'} // 0) != 1
    || $n{$_}{'command.ended'} != 1 } keys %n], [],
    'each has one line for its start and one for its end');
unlike($t->slurp('logs/audit.log'), qr/[0-9a-f]{48}/, 'no id is in it');

$t->allow(qr/worker process \d+ exited on signal 9/, $n_killed);
$t->finish;
done_testing;
