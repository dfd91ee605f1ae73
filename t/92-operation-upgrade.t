# A new binary under a running one (USR2, then QUIT for the old master): the old
# sessions and commands go on under the old master, new ones are the new one's.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Metrics qw(json metrics);

# nginx changes its binary only as a daemon that was started by its full name

my ($nginx) = grep { -x } map { "$_/nginx" } split /:/, $ENV{PATH};
my $t = CC::Nginx->new(nginx => $ENV{TEST_NGINX_BINARY} // $nginx,
    daemon => 1, server => 'location /health { cc_executor_status json; }
        location /metrics { cc_executor_status prometheus; }');

# the module as a package installs it, and what an upgrade puts in its place:
# another build, by the identity in the file

sub install {
    my ($bytes) = @_;
    my $file = $t->dir . '/module.so';
    open my $f, '>:raw', "$file.new" or die $!;
    print $f $bytes;
    close $f or die $!;
    rename "$file.new", $file or die $!;
    return $file;
}
my $image = '';
if (length $t->{module}) {
    $image = do { local $/; open my $f, '<:raw', $t->{module} or die $!; <$f> };
    $t->{module} = install($image);
}
$t->start;

sub pid { my ($name) = @_; my ($pid) = $t->slurp($name) =~ /^(\d+)$/m;
    return $pid }

ok($t->wait_until(sub { json($t)->{status} eq 'healthy' }), 'it serves');
my $c = $t->client;
$c->send('execute', { command => 'read line; echo $line; exit 3',
    open_stdin => JSON::PP::true });
$c->notification('process.started');
my $idle = $t->client;

# another build is installed: a reload tells, and goes on with what is loaded

my $old = $t->{master} = pid('nginx.pid');
my ($build, $other) = (json($t)->{build});
SKIP: {
    skip 'the module is built in', 9 if !length $image;
    is(json($t)->{installed_build}, $build, 'the build that is loaded is installed');
    like($t->log, qr/cc_executor: version \S+, build $build\b/, 'the log has it');
    my $bytes = pack 'H*', $build;
    $other = unpack 'H*', my $changed = ~$bytes;
    is(scalar($image =~ s/\Q$bytes\E/$changed/g), 1, 'another one');
    install($image);
    my $workers = join ' ', $t->workers;
    kill 'HUP', $old;
    ok($t->wait_until(sub { join(' ', $t->workers) ne $workers
        && json($t)->{installed_build} eq $other }, 30), 'a reload: it is installed')
        or diag explain json($t);
    is(json($t)->{build}, $build, 'and not loaded');
    ok($t->wait_until(sub { metrics($t)->{replaced} }, 20), 'so says the metric');
    like($t->log, qr/\[warn\].* build $other is installed, but nginx goes on with build $build: .*USR2/,
        'and the log, with what to do');
    is($idle->ws->read_close, 1001, 'an idle session connects again');
    ok($t->wait_until(sub { $idle = $t->client; $idle->run('true')->{completed} }, 20),
        'to the new worker');
}

kill 'USR2', $old;
ok($t->wait_until(sub { pid('nginx.pid.oldbin') && pid('nginx.pid')
    && pid('nginx.pid') != $old }), 'a second master') or diag $t->log;
my $new = $t->{master} = pid('nginx.pid');
ok($t->wait_until(sub {
    CC::Nginx::children($new, qr/worker process/) == 1 }), 'with a worker');
kill 'WINCH', $old;
is($idle->ws->read_close, 1001, 'an idle session connects again');

my $two;
ok($t->wait_until(sub { $two = $t->client;
    my $r = $two->run('echo $PPID');
    my ($up) = ($r->{stdout} // '') =~ /(\d+)/ or return 0;
    $up = CC::Nginx::parent($up) until $up < 2 || $up == $new || $up == $old;
    $up == $new }), 'to the new one');
$c->send('input', { data => "still here\n" });
is($c->notification('process.output')->{params}{data}, "still here\n",
    'the old command goes on');
is($c->notification('process.completed')->{params}{exit_code}, 3,
    'to its end');
is($c->ws->read_close, 1001, 'then its client connects again, too');
SKIP: {
    skip 'the module is built in', 2 if !length $image;
    ok($t->wait_until(sub { json($t)->{build} eq $other }, 20), 'it has loaded the other build');
    is(json($t)->{installed_build}, $other, 'which is the one that is installed');
}
kill 'QUIT', $old;
ok($t->wait_until(sub { !-e "/proc/$old" }), 'the old master leaves');
is($two->run('echo new')->{stdout}, "new\n", 'the new one stays');
is(json($t)->{active_sessions}, 1, 'and counts by itself');
$two->close;

kill 'QUIT', $new;
ok($t->wait_until(sub { !-e "/proc/$new" }), 'it stops') or kill 'KILL', $new;
delete $t->{master};
$t->finish;

done_testing();
