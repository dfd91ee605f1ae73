# conf/podman: commands in containers of their own, started by an nginx that is
# none.  Output, exit codes, signals, PAUSE, CANCEL, deaths; no container is left.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;
use CC::Container;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $dir = tempdir('cc_podman_XXXXXX', DIR => '/run', CLEANUP => 1);
chmod 0711, $dir;
my $mark = "cc-e2e-$$";

my $service = fork // die "fork: $!\n";
if ($service == 0) {
    open STDERR, '>', "$dir/log";
    exec qw(podman system service --time=0), "unix:$dir/socket" or exit 127;
}
sub left { return CC::Container::output(qw(podman ps -aq --filter), "label=$mark") }
END {
    my $rc = $?;
    kill 'TERM', $service if $service;
    waitpid $service, 0;
    CC::Container::output(qw(podman rm -f), split ' ', left()) if left();
    $? = $rc;
}

my $image = 'localhost/cc-executor-base';
my $on = "cc_executor_wrapper $root/conf/podman/cc-podman-run \"%{id}\";
    cc_executor_control $root/conf/podman/cc-podman-kill \"%{id}\" \"%{signal}\";
    cc_executor_allow any; cc_executor_shell /bin/bash;";
my $env = "PATH=/usr/bin:/bin HOME=/ LANG=C CONTAINER_HOST=unix:$dir/socket";
my $t = CC::Nginx->new(
    location => "$on cc_executor_kill_grace 20s; cc_executor_env $env
        CC_PODMAN_IMAGE=$image \"CC_PODMAN=--label=$mark --network=none\";",
    server => "location /short { cc_executor on; $on cc_executor_kill_grace 1s;
        cc_executor_env $env CC_PODMAN_IMAGE=$image
            \"CC_PODMAN=--label=$mark --network=none --timeout=8\"; }
    location /none { cc_executor on; $on cc_executor_env $env
        CC_PODMAN_IMAGE=localhost/there-is-no-such-image; }");
$t->wait_until(sub { -S "$dir/socket" }, 30) or BAIL_OUT('no service of podman');
chmod 0666, "$dir/socket";
$t->start;

my $c = $t->client;

sub begin {
    my ($client, $command) = @_;
    my $id = $client->call('execute', { command => $command })
        ->{result}{execution_id};
    ok($client->wait_for(sub { ($_[0]{method} // '') eq 'process.output'
        && $_[0]{params}{execution_id} eq $id }, 60), 'it runs there');
    return $id;
}
sub completed { return $_[0]->notification('process.completed', 60)->{params} }

my $r = $c->run({ command => 'cat; echo err >&2; ls /.dockerenv /run/.containerenv;'
    . ' exit 5', stdin => "in\n" });
is($r->{stdout}, "in\n/run/.containerenv\n", 'stdin, stdout, in a container');
like($r->{stderr}, qr/^err$/m, 'stderr');
is($r->{completed}{exit_code}, 5, 'exit code');
is($c->run('kill -SEGV $$')->{completed}{signal}, 'SIGSEGV', 'a signal');
$r = $t->client(path => '/none')->run('echo never');
is($r->{completed}{exit_code}, 125, 'no such image');
like($r->{stderr}, qr/there-is-no-such-image/, 'and stderr says so');

my $count = 'i=0; trap "echo bye \$i; exit 9" TERM; trap "echo one" USR1; echo ready;'
    . ' while :; do i=$((i+1)); sleep 0.05; done';
begin($c, $count);
is($c->call('control', { type => 'PAUSE' })->{result}{status}, 'paused', 'PAUSE');
is(CC::Container::output(qw(podman ps -a --format), '{{.State}}', '--filter',
    "label=$mark"), "Paused\n", 'all of it is paused');
is($c->call('control', { type => 'RESUME' })->{result}{status}, 'resumed', 'RESUME');
$c->call('signal', { signal => 'USR1' });
is($c->notification('process.output', 30)->{params}{data}, "one\n", 'any signal');
$c->call('control', { type => 'PAUSE' });
$c->call('control', { type => 'CANCEL' });
my $p = completed($c);
is("$p->{cause} $p->{exit_code}", 'cancel 9',
    'CANCEL of a paused one: its TERM handler runs');

my $s = $t->client(path => '/short');
begin($s, 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
$s->call('control', { type => 'CANCEL' });
$p = completed($s);
is("$p->{cause} $p->{signal}", 'cancel SIGKILL', 'an ignored TERM ends by KILL');
ok($t->wait_until(sub { left() eq '' }, 30), 'no container is left');

# who dies here

begin($c, 'echo ready; sleep 600');
$c->close;
ok($t->wait_until(sub { left() eq '' }, 60), 'the client: nothing is left');

$c = $t->client;
begin($c, 'echo ready; sleep 600');
kill 'KILL', $t->workers;
ok($t->wait_until(sub { left() eq '' }, 60), 'the worker: nothing is left');
$t->allow(qr{worker process \d+ exited on signal 9}, 1);

$s = $t->client(path => '/short');
begin($s, 'echo ready; sleep 600');
my ($client) = grep { /podman --remote run/ } $t->processes;
my ($pid) = ($client // '') =~ /(\d+)/ or die "no client: $client";
kill 'KILL', grep { $pid == $_ || ancestor($pid, $_) } $t->helpers;
ok($t->wait_until(sub { left() eq '' }, 60), 'the helper: --timeout ends it');
$s->close;

sub ancestor {
    my ($process, $of) = @_;
    while ($process > 1) {
        open my $f, '<', "/proc/$process/status" or return 0;
        ($process) = join('', <$f>) =~ /^PPid:\s+(\d+)/m;
        return 1 if $process == $of;
    }
    return 0;
}

$t->finish;
done_testing;
