# Limits of the container, by their effect: commands that want more end or are
# slowed down, nginx goes on.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Container;

my $t = CC::Container->new(args => ['--memory', '256m', '--memory-swap',
    '256m', '--pids-limit', '100', '--cpus', '0.5', '--read-only',
    '--tmpfs', '/var/lib/cc-executor:mode=1777,size=64m',
    '--tmpfs', '/tmp:mode=1777,size=16m',
    '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    env => { WORKERS => 1, MAX_SESSIONS => 2 })->start;
ok($t->healthy, 'it serves') or BAIL_OUT($t->{why});
like($t->logs, qr/^cc-executor: no token file: everybody who reaches port/m,
    'it says that everybody is trusted');
like($t->logs, qr/Commands end with their connections/,
    'and that no command is kept');

my $c = $t->client;

# memory: the kernel ends the greedy one

my $r = $c->run('exec perl -e \'$x = "x" x (400 << 20); print length $x\'');
is($r->{completed}{signal}, 'SIGKILL', 'memory: too much is not to be had');
is($r->{stdout}, '', 'memory: it did not get so far');
is($c->run('echo still here')->{stdout}, "still here\n",
    'memory: the session goes on');
is($t->health->{status}, 'healthy', 'memory: nginx is well');

# pids

$r = $c->run(q{exec perl -e 'for (1 .. 200) { my $p = fork;
    die "fork: $!\n" if !defined $p; exec "sleep", 60 if !$p }'});
like($r->{stderr}, qr/^fork: Resource temporarily unavailable$/m,
    'pids: no more can be had');
ok($t->wait_until(sub { $c->run('echo again')->{stdout} eq "again\n" }),
    'pids: afterwards all is well');
ok($t->wait_until(sub { $t->health->{status} eq 'healthy' }),
    'pids: nginx is well');

# CPU: two that want everything get half of one together

my $start = time;
$r = $c->run('for i in 1 2; do timeout 3 bash -c "while :; do :; done" & done; wait');
my $used = $r->{completed}{user_time} + $r->{completed}{system_time};
cmp_ok($used, '<', 0.6 * (time - $start) + 0.1, 'cpu: no more than half of one');
cmp_ok($used, '>', 0, 'cpu: but something');

# a full /tmp

$r = $c->run('head -c 32000000 /dev/zero > /tmp/full');
like($r->{stderr}, qr/No space left on device/, 'a tmpfs is bounded');
$c->run('rm /tmp/full');

# sessions

my $second = $t->client;
is($second->run('echo 2')->{stdout}, "2\n", 'sessions: the second');
my $third = $t->client(silent => 1);
is($third->next->{error}{code}, -32001, 'sessions: no third one');

done_testing();
