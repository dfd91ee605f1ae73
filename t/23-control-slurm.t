# conf/slurm with a real cluster of two nodes on this machine: exit codes, signals,
# PAUSE, TERM with its grace time, KILL; no free place; deaths here, after which
# nothing goes on there.  Needs root and Debian's slurmctld, slurmd, slurm-client
# and munge.
#
# tags: nightly

use strict;
use warnings;

use File::Temp qw(tempdir);
use Sys::Hostname qw(hostname);
use Test::More;
use CC::Nginx;

$ENV{PATH} .= ':/usr/sbin';
plan skip_all => 'only root can start nodes' if $> != 0;
for my $tool (qw(munged slurmctld slurmd srun)) {
    plan skip_all => "there is no $tool" if system("command -v $tool > /dev/null");
}
plan skip_all => 'no cgroup v1 here' if !-d '/sys/fs/cgroup/freezer';

my $root = $CC::Nginx::ROOT;
my $dir = tempdir('cc_slurm_XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
mkdir "$dir/$_", 0755 for qw(run log state spool spool/node1 spool/node2 munge);
my ($host) = hostname() =~ /^([^.]+)/;
my @ports = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. 3;
my ($ctld, @node) = map { $_->sockport } @ports;
close $_ for @ports;

sub put { my ($name, $text) = @_; open my $f, '>', "$dir/$name" or die $!;
    print $f $text; close $f; return }
put('munge/key', join '', map { chr int rand 256 } 1 .. 128);
chmod 0400, "$dir/munge/key";
put('cgroup.conf', "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n");
put('slurm.conf', <<"EOC");
ClusterName=cc
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld
AuthInfo=socket=$dir/munge/socket
SlurmUser=root
SlurmdUser=root
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmctldLogFile=$dir/log/slurmctld.log
StateSaveLocation=$dir/state
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmdSpoolDir=$dir/spool/%n
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/cgroup
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
ReturnToService=2
InactiveLimit=10
KillWait=2
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$node[0] CPUs=2
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$node[1] CPUs=2
PartitionName=p Nodes=node[1-2] Default=YES State=UP
EOC
$ENV{SLURM_CONF} = "$dir/slurm.conf";
END {
    my $rc = $?;
    for (glob "$dir/run/*.pid $dir/munge/pid") {
        open my $f, '<', $_ or next;
        my $pid = <$f> // next;
        kill 'TERM', $pid + 0 if $pid > 1;
        for (1 .. 1000) {
            last if !kill 0, $pid + 0;
            select undef, undef, undef, 0.01;
        }
    }
    $? = $rc;
}
system("munged --force --socket=$dir/munge/socket --key-file=$dir/munge/key"
    . " --pid-file=$dir/munge/pid --log-file=$dir/munge/log"
    . " --seed-file=$dir/munge/seed") == 0 or plan skip_all => 'munged does not start';
system("slurmctld -f $dir/slurm.conf; slurmd -N node1 -f $dir/slurm.conf;"
    . " slurmd -N node2 -f $dir/slurm.conf");

my $t = CC::Nginx->new(
    http => "cc_executor_env PATH=/usr/bin:/bin LANG=C SLURM_CONF=$dir/slurm.conf;",
    location => "cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 5s;
        cc_executor_wrapper $root/conf/slurm/cc-srun \"%{id}\";
        cc_executor_control $root/conf/slurm/cc-scancel \"%{id}\" \"%{signal}\";",
    server => "location /patient { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh;
        cc_executor_env PATH=/usr/bin:/bin LANG=C CC_SRUN_IMMEDIATE=600
            SLURM_CONF=$dir/slurm.conf;
        cc_executor_wrapper $root/conf/slurm/cc-srun \"%{id}\";
        cc_executor_control $root/conf/slurm/cc-scancel \"%{id}\" \"%{signal}\"; }
    location /fenced { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh;
        cc_executor_wrapper $root/conf/slurm/cc-srun \"%{id}\"
            $root/build/cc-fence --;
        cc_executor_control $root/conf/slurm/cc-scancel \"%{id}\" \"%{signal}\"; }");
$t->wait_until(sub { `sinfo -h -o %T%D 2>&1` eq "idle2\n" }, 30)
    or BAIL_OUT('no cluster: ' . `sinfo 2>&1; tail -n 5 $dir/log/*`);
$t->start;

my $c = $t->client;
my $r = $c->run({ command => 'cat; echo err >&2; exit 5', stdin => "in\n" });
is($r->{stdout}, "in\n", 'stdin and stdout');
like($r->{stderr}, qr/^err$/m, 'stderr');
is($r->{completed}{exit_code}, 5, 'exit code');
is($c->run('kill -SEGV $$')->{completed}{signal}, 'SIGSEGV', 'a signal');

$r = $t->client(path => '/fenced')->run('grep -E "NoNew|Seccomp:" /proc/self/status');
is($r->{stdout}, "NoNewPrivs:\t1\nSeccomp:\t2\n", 'cc-fence makes a fence there')
    or diag $r->{stderr};

mkdir "$dir/ticks";
chmod 0777, "$dir/ticks";

sub start {
    my ($command) = @_;
    my $id = $c->call('execute', { command => $command })->{result}{execution_id};
    ok($c->wait_for(sub { ($_[0]{method} // '') eq 'process.output'
        && $_[0]{params}{execution_id} eq $id }, 30), 'it runs there');
    return $id;
}

start('trap "exit 9" TERM; echo ready; i=0; while :; do'
    . " i=\$((i+1)); : > $dir/ticks/\$i; sleep 0.1; done");
sub ticks { return scalar(() = glob "$dir/ticks/*") }
is($c->call('control', { type => 'PAUSE' })->{result}{status}, 'paused', 'PAUSE');
my $before = -1;
ok($t->wait_until(sub { my $n = ticks(); my $same = $n == $before;
    $before = $n; select undef, undef, undef, 1; return $same }, 20), 'pauses it');
$c->call('control', { type => 'RESUME' });
ok($t->wait_until(sub { ticks() > $before + 2 }, 20), 'RESUME');
$c->call('control', { type => 'CANCEL' });
my $p = $c->notification('process.completed', 30)->{params};
is("$p->{cause} $p->{exit_code}", 'cancel 9', 'CANCEL: its TERM handler runs');

start('trap "" TERM; echo ready; while :; do sleep 0.1; done');
$c->call('control', { type => 'CANCEL' });
$p = $c->notification('process.completed', 30)->{params};
is("$p->{cause} $p->{signal}", 'cancel SIGKILL', 'an ignored TERM ends by KILL');
ok($t->wait_until(sub { `squeue -h` eq '' }, 20), 'nothing is left there');

# no place is free: at once, or later

my @full = map { start('echo ready; sleep 600') } 1 .. 4;
$r = $c->run('echo never');
is("$r->{completed}{exit_code} $r->{stdout}", '75 ', 'a full cluster');
like($r->{stderr}, qr/^cc-srun: no place was free for 5 s/m, 'says so');
my $d = $t->client(path => '/patient');
$d->call('execute', { command => 'echo never' });
ok($t->wait_until(sub { `squeue -h -o %t` =~ /PD/ }, 20), 'one waits for a place');
$d->call('control', { type => 'CANCEL' });
is($d->notification('process.completed', 30)->{params}{cause}, 'cancel', 'CANCEL');
ok($t->wait_until(sub { `squeue -h -o %t` !~ /PD|CG/ }, 20),
    'it does not wait any more');
$d->close;
$c->call('control', { type => 'CANCEL', execution_id => $_ }) for @full;
ok($t->wait_until(sub { `squeue -h` eq '' }, 20), 'the others are canceled');
$c->close;

# who dies here: nothing goes on there

sub there { return scalar(() = `pgrep -f '^sleep 75[31]86'` =~ /\d+/g) }
sub parent {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/status" or die "$pid: $!";
    return join('', <$f>) =~ /^PPid:\s+(\d+)/m;
}

my %victim = (
    srun => sub { return $_[0] },
    helper => sub { return parent(parent($_[0])) },
    worker => sub { return $t->workers });

for my $who (sort keys %victim) {
    my $e = $t->client;
    $e->call('execute', { command => 'setsid sleep 75186 & sleep 75386' });
    ok($t->wait_until(sub { there() == 2 }, 30), "$who: two processes there");
    my ($pid) = `pgrep -o -f '^srun '` =~ /(\d+)/;
    kill 'KILL', $victim{$who}->($pid) or die "$who: $!";
    ok($t->wait_until(sub { there() == 0 }, 60), 'nothing goes on there');
    ok($t->wait_until(sub { `squeue -h` eq '' }, 60), 'and nothing is queued');
    $e->close;
}
$t->allow(qr{worker process \d+ exited on signal 9}, 1);
$t->finish;

done_testing;
