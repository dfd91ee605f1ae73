# Stop, restart, and processes that are killed inside.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Container;

# processes of the host whose command line matches

sub running {
    my ($re) = @_;
    my @found;
    for (glob '/proc/[0-9]*/cmdline') {
        open my $f, '<', $_ or next;
        my $line = do { local $/; <$f> } // next;
        $line =~ tr/\0/ /;
        push @found, $line if $line =~ $re;
    }
    return @found;
}

my $t = CC::Container->new(compose => 'compose', token => 1)->start;
ok($t->healthy, 'it serves') or BAIL_OUT($t->{why});

# stop: commands that do not want to end, and their children

my $mark = 100000 + $$;
my $c = $t->client;
$c->send('execute', { command =>
    "trap '' TERM; setsid sleep $mark.1 & sleep $mark.2 & while :; do sleep 0.1; done" });
$c->notification('process.started');
ok($t->wait_until(sub { running(qr/^sleep $mark/) == 2 }), 'a stubborn tree');
my $idle = $t->client;
my $told = $t->client;
$told->send('execute', { command =>
    q{trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.1; done} });
$told->notification('process.output');
my $start = time;
$t->podman('stop', '-t', 15, $t->{container});
cmp_ok(time - $start, '<', 15, 'stopped within the grace');
is($t->inspect('.State.ExitCode'), 0, 'exit code 0');
is_deeply([running(qr/^sleep $mark/)], [], 'nothing is left');
is($idle->ws->read_close, 1001, 'an idle client was told');
my $end = ($told->notification('process.completed') // {})->{params};
is("$end->{cause} $end->{exit_code}", 'shutdown 7',
    'one with a command was told of its end before that');
is($told->ws->read_close, 1001, 'and then of its own');

# and start again

$t->podman('start', $t->{container});
ok($t->healthy, 'started again') or diag $t->{why};
$c = $t->client;
is($c->run('echo again')->{stdout}, "again\n", 'it works');

$t->podman('restart', '-t', 15, $t->{container});
ok($t->healthy, 'restarted') or diag $t->{why};
ok($c->ws->read_eof, 'the old connection has ended');
$c = $t->client;
is($c->run('echo again')->{stdout}, "again\n", 'it works');

# a worker that is killed: nginx starts another one

my $workers = q{grep -l "worker p[r]ocess" /proc/[0-9]*/cmdline | cut -d/ -f3};
$c->send('execute', { command => "sleep $mark.3" });
$c->notification('process.started');
$t->exec('bash', '-c', "kill -9 \$($workers)");
ok($c->ws->read_eof, 'workers killed: the connection breaks');
ok($t->wait_until(sub { !running(qr/^sleep $mark/) }), 'the command is gone');
ok($t->healthy, 'healthy again') or diag $t->{why};
is($t->client->run('echo again')->{stdout}, "again\n", 'it works');

# the master: the container ends and is started again

my $master = q{$(cat /var/lib/cc-executor/nginx.pid)};
my $begun = $t->inspect('.State.StartedAt');
$c = $t->client;
$c->send('execute', { command => "setsid sleep $mark.4" });
$c->notification('process.started');
$t->exec('bash', '-c', "kill -9 $master");
ok($t->wait_until(sub { $t->inspect('.State.StartedAt') ne $begun }),
    'master killed: the container is started again')
    or diag $t->inspect('.State.Status');
ok($t->healthy, 'healthy again') or diag $t->{why};
is_deeply([running(qr/^sleep $mark/)], [], 'no command of before is left');
is($t->client->run('echo again')->{stdout}, "again\n", 'it works');

# reload: tokens and environment are read anew by new workers

$c = $t->client;
# (it has SHUTDOWN_TIMEOUT less the time that its end would take)
$c->send('execute', { command => 'sleep 1; echo to the end' });
$c->notification('process.started');
$t->exec('bash', '-c', "kill -HUP $master");
is($c->notification('process.output')->{params}{data}, "to the end\n",
    'reload: what runs ends by itself');
is($c->notification('process.completed')->{params}{exit_code}, 0,
    'and its result arrives');
is($c->ws->read_close, 1001, 'then the client is told to connect again');
is($t->client->run('echo again')->{stdout}, "again\n", 'it works');

# down: nothing of it is left

my ($container, $network) = @$t{qw(container network)};
$t->remove;
$t->podman('container', 'exists', $container);
isnt($?, 0, 'down: the container is gone');
$t->podman('network', 'exists', $network // 'none');
isnt($?, 0, 'down: the network is gone');
is_deeply([running(qr/$mark/)], [], 'down: no process is left');

done_testing();
