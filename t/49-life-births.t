# The line: few commands are started at a time, nobody is forgotten in it, and
# births that take for ever stop nobody.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Metrics qw(json);
use CC::Nginx;

chomp(my $cpus = `nproc --all`);
my $births = 4 * $cpus;         # of one worker at a time

my ($t, @c);

# an nginx with as many idle helpers as may start a command together
sub fresh {
    $t = CC::Nginx->new(workers => 1,
        http => "cc_executor_helpers min=$births max=" . 8 * $births . ';',
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
            cc_executor_start_timeout 60s; cc_executor_max_commands 1000;',
        server => 'location /health { cc_executor_status json; }')->start;
    my $n;
    ok($t->wait_until(sub { ($n = my @h = $t->helpers) == $births }, 20),
        "$births helpers") or diag $n;
    @c = map { $t->client } 1 .. 3 * $births;
    return;
}

sub answered {
    my @ids = @_;
    return scalar grep { $c[$_]->answer($ids[$_])->{result} } 0 .. $#ids;
}

sub completed {
    return scalar grep {
        my $m = $_->notification('process.completed', 30);
        $m && $m->{params}{exit_code} == 0 } @_;
}

# long ones: each that runs makes room for the next

fresh();
is(answered(map { $_->send('execute', { command => 'exec cat',
    open_stdin => JSON::PP::true }) } @c), scalar @c,
    'three times as many as may start together do start');
is(scalar(grep { $_->notification('process.started') } @c), scalar @c,
    'and all of them run at the same time');
$_->call('input', { data => '', eof => JSON::PP::true }) for @c;
is(completed(@c), scalar @c, 'all end');

# short ones

$_->send('execute', { command => 'echo $PPID' }) for @c;
is(completed(@c), scalar @c, 'short ones end');
$t->finish;

# Births that take for ever.  Every idle helper stands still, and so does the
# spawner, who would make new ones: the first commands get the helpers, the
# others wait in line.

sub stand_still {
    fresh();
    my @stopped = ($t->spawners, $t->helpers);
    kill 'STOP', @stopped;
    $_->send('execute', { command => 'echo late' }) for @c;
    my $health;
    ok($t->wait_until(sub { ($health = json($t))->{waiting_commands}
        == @c - $births }), 'a line') or diag explain $health;
    return @stopped;
}

my ($spawner, @stopped) = stand_still();
kill 'CONT', $spawner;
my $other = $t->client;
is($other->run('echo in time')->{stdout}, "in time\n",
    'births that take for ever stop nobody');
kill 'CONT', @stopped;
is(completed(@c), scalar @c, 'and end as well, once they can');
$t->finish;

# who leaves the line, who stays

@stopped = stand_still();
$_->close for splice @c, $births / 2, $births;
kill 'CONT', @stopped;
is(completed(@c), scalar @c, 'some leave the line, the others are served');
$other = $t->client;
is($other->run('echo fine')->{stdout}, "fine\n", 'and who comes later');
$t->finish;

# a worker that leaves takes nobody's place in the line away

@stopped = stand_still();
my ($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { grep { $_ != $old } $t->workers }, 20), 'a new worker');
kill 'CONT', @stopped;
is(completed(@c), scalar @c, 'a reload: who stood in the line is served');
$_->close for @c;
ok($t->wait_until(sub { !-e "/proc/$old" }, 20), 'then the old worker is gone');
$t->finish;

done_testing();
