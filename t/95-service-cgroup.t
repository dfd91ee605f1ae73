# Control groups of commands, where a service manager has given a piece of the
# tree to the executor service: each command is born in one of its own; PAUSE,
# CANCEL and whatever dies; nothing is left of it.  (Limits need controllers,
# which not every machine has in this hierarchy: t/vm/10-systemd.t.)
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Cgroup;
use CC::Kept qw(begin completed);
use CC::Metrics qw(json);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $g = CC::Cgroup->new('games')
    or plan skip_all => "control groups cannot be made here: $CC::Cgroup::why";

my $t = CC::Nginx->new(
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 10s; cc_executor_cgroup required;',
    server => 'location /health { cc_executor_status json; }
        location /limit { cc_executor on; cc_executor_allow any;
            cc_executor_cgroup memory=64m swap=0 pids=50; }
        location /keep { cc_executor on; cc_executor_allow any;
            cc_executor_shell /bin/sh; cc_executor_keep on;
            cc_executor_cgroup pids=50; }
        location /limited { cc_executor on; cc_executor_allow any;
            cc_executor_cgroup memory=64m cpu=50% required; }
        location /none { cc_executor on; cc_executor_allow any;
            cc_executor_cgroup off; }');
$t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";
my $s = CC::Service->new($t, before => [$g->before])->start;
$t->start;

my $c = $t->client;
my $r;
$t->wait_until(sub { ($r = $c->run('cat /proc/self/cgroup'))->{completed} }, 20);
my ($name) = ($r->{stdout} // '') =~ m{^0::/\Q$g->{name}\E/(c\d+)$}m;
ok($name, 'a command is in a group of its own') or diag explain $r, $s->log;
ok($t->wait_until(sub { !$g->groups }, 20), 'which is gone when it is over');
$r = $c->run("d=$g->{base}/\$(sed -n 's/.*\\/c/c/p' /proc/self/cgroup); "
    . 'cat $d/cgroup.events; echo 1 > $d/cgroup.freeze');
like($r->{stdout}, qr/^populated 1$/m, 'it can look into it') or diag explain $r;
like($r->{stderr}, qr/Permission denied/, 'and change nothing in there');
is(json($t)->{cgroup}, JSON::PP::true, 'the status says that there are groups');
like(CC::Cgroup::slurp("/proc/$_/cgroup"), qr{^0::/\Q$g->{name}\E/daemon$}m,
    "the service's own processes are in another one") for $s->{pid}, $s->helpers;
is((stat "$g->{base}/daemon")[4], (getpwnam 'games')[2], 'made by its user');

is($t->client(path => '/none')->run('cat /proc/self/cgroup')->{stdout}
    =~ m{/daemon$}m, 1, 'off: with its helper');

# limits, where there may be no controller for them

my $has = $g->read('cgroup.controllers');
is(defined $t->client(path => '/limit')->run('true')->{completed}, 1,
    'limits that are not required: it starts');
if ($has !~ /\bmemory\b/ || $has !~ /\bcpu\b/) {
    like($t->client(path => '/limited')->run('true')->{answer}{error}{message},
        qr/the control group that it requires cannot be made/,
        'required: it is refused, and why');
    like($t->log, qr/has no control groups with limits of (?:memory|cpu)/,
        'which the log has said at the start');
}

# a kept command that is over: the list has what its end has told

my $k = $t->client(path => '/keep');
my $id = begin($k, 'true & true & wait');
my $done = completed($k, $id);
is($done->{cause}, 'exit', 'a kept command');
my ($entry) = grep { $_->{execution_id} eq $id } @{ $k->owned->{commands} };
is($entry->{state}, 'exited', 'is listed');
for (['memory_peak', 'memory'], ['pids_peak', 'pids']) {
    my ($name, $controller) = @$_;
    is($entry->{$name}, $done->{$name}, "$name: as process.completed has it");
    ok(!defined $entry->{$name}, "$name: none without a controller")
        if $has !~ /\b$controller\b/;
}
$k->close;

# a group that cannot be made for another reason than that there are none

SKIP: {
    skip 'cgroup.max.descendants cannot be set', 2   # "daemon" is one
        if !$g->write('cgroup.max.descendants', 1);
    for my $path ('/ws/mcp', '/limit') {
        my $answer = $t->client(path => $path)->run('true')->{answer};
        like($answer->{error}{message}, qr/^control group: /,
            "$path: not without a group that could not be made")
            or diag explain $answer;
    }
    $g->write('cgroup.max.descendants', 'max');
}

# PAUSE: all stand still, whatever they have done, and nobody else wakes them

my $tree = 'exec 2> /dev/null; setsid sh -c "trap \'\' TERM; sleep 9998" & '
    . 'setsid sh -c "while :; do sleep 0.1; done" & '
    . 'trap "echo bye; exit 7" TERM; echo go; while :; do sleep 0.1; done';

sub tree {
    $c->send('execute', { command => $tree });
    is($c->notification('process.output', 30)->{params}{data}, "go\n",
        'a tree runs');
    my ($group) = $g->groups;
    $t->wait_until(sub { (() = $g->read('cgroup.procs', $group) =~ /\n/g) >= 3 },
        20);
    return $group;
}

my $group = tree();
is($c->call('control', { type => 'PAUSE' })->{result}{status}, 'paused',
    'PAUSE is answered');
like($g->read('cgroup.events', $group), qr/^frozen 1$/m, 'they are frozen');
my @pids = split ' ', $g->read('cgroup.procs', $group);
cmp_ok(scalar @pids, '>=', 3, 'all of them');
kill 'CONT', @pids;
like($g->read('cgroup.events', $group), qr/^frozen 1$/m, 'SIGCONT wakes nobody');
is($c->call('control', { type => 'RESUME' })->{result}{status}, 'resumed',
    'RESUME is answered');
ok($t->wait_until(sub { $g->read('cgroup.events', $group) =~ /^frozen 0$/m }, 20),
    'they go on');

# CANCEL of a command that is paused: TERM is there when it goes on

$c->call('control', { type => 'PAUSE' });
$c->call('control', { type => 'CANCEL' });
is($c->notification('process.output', 30)->{params}{data}, "bye\n",
    'CANCEL: it can still say something');
$r = $c->notification('process.completed', 30)->{params};
is($r->{cause}, 'cancel', 'the cause');
is($r->{exit_code}, 7, 'and its own exit code');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @pids }, 20), 'all are gone');
ok($t->wait_until(sub { !$g->groups }, 20), 'so is their group');

# its helper is killed, and then everything that could look after a group is

$group = tree();
@pids = split ' ', $g->read('cgroup.procs', $group);
kill 'KILL', $group =~ /(\d+)/;
is($c->notification('process.completed', 30)->{params}{cause}, 'lost',
    'its helper was killed');
ok($t->wait_until(sub { !$g->groups }, 20), 'the spawner removes the group');
ok(!(grep { -e "/proc/$_" } @pids), 'and nobody is left');

$group = tree();
@pids = split ' ', $g->read('cgroup.procs', $group);
my @all = ($s->{pid}, $s->tree);
kill 'STOP', @all;
kill 'KILL', @all;
waitpid $s->{pid}, 0;
delete $s->{pid};
ok($t->wait_until(sub { !grep { CC::Nginx::title($_) =~ /cc-executord/ } @all },
    20), 'the service and all that it had were killed at once');
is(join(' ', $g->groups), $group, 'a group is left');
$s->start;
ok($t->wait_until(sub { !$g->groups }, 20), 'the next service removes it');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @pids }, 20),
    'and ends what was in there');

$t->wait_until(sub { $c = eval { $t->client }; $c && $c->run('true')->{completed} },
    30);

# the service is replaced in place: groups go on

$group = tree();
kill 'HUP', $s->{pid};
ok($t->wait_until(sub { $s->log =~ /has taken over/ }, 30), 'taken over');
is(join(' ', $g->groups), $group, 'under what runs');
$c->call('control', { type => 'CANCEL' });
is($c->notification('process.completed', 30)->{params}{exit_code}, 7,
    'which is still obedient');
ok($t->wait_until(sub { !$g->groups }, 20), 'and leaves nothing');

$t->finish;
$s->finish;
done_testing;
