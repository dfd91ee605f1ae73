# A client that vanishes: whatever it had started is gone within the grace
# time, however it hid, and the helper is ready for the next one.
#
# tags: asan coverage

use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;')->start;

# background children: in the group, in sessions of their own, orphans, deaf
# ones; all hold the output open, some write all the time

my $tree = <<'EOS';
sleep 4001 &
setsid sleep 4002 &
(setsid sleep 4003 &)
setsid sh -c 'trap "" TERM HUP INT; sleep 4004; sleep 4005' &
(trap '' TERM; setsid sh -c 'sleep 4006 & exec sleep 4007' &)
setsid sh -c 'while :; do echo noise; done' &
nohup sleep 4008 > /dev/null 2>&1 &
echo ready
yes
EOS

my %vanish = (
    'closes its socket' => sub { $_[0]->ws->close },
    'resets its connection' => sub {
        my $s = $_[0]->ws->{sock};
        setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        close $s;
    },
    'goes in the middle of a frame' => sub {
        $_[0]->ws->write("\x81\xfe\x01");
        $_[0]->ws->close;
    },
    'says good-bye and stays' => sub {
        $_[0]->ws->send_frame(8, pack 'n', 1000);
    },
    'breaks the protocol and stays' => sub {
        $_[0]->ws->write("\xff\xff");
    },
    'half-closes' => sub { shutdown $_[0]->ws->{sock}, 1 },
);

my @stay;

for my $how (sort keys %vanish) {
    my $c = $t->client;
    $c->send('execute', { command => $tree, output => 'chunk' });
    $c->notification('process.output');
    my @tree;
    ok($t->wait_until(sub {
        @tree = grep { /^\d+ sleep 400\d/ } $t->processes;
        @tree >= 7;
    }), "a client that $how: its tree is there");
    my $t0 = time;
    $vanish{$how}->($c);
    push @stay, $c;
    my @left;
    ok($t->wait_until(sub { !(@left = $t->processes) }, 20),
        'and gone') or diag join "\n", @left;
    cmp_ok(time - $t0, '<', 10, 'within the grace time and little more');
    is(join(' ', $t->zombies), '', 'no zombie');
}
$_->close for @stay;

# the helpers have come back

my %helpers = map { $_ => 1 } $t->helpers;
my $c = $t->client;
for (1 .. 8) {
    my $pid = $c->run('echo $PPID')->{stdout} + 0;
    ok($helpers{$pid}, "helper $pid serves again");
}

# ten at a time

my @c = map { $t->client } 1 .. 10;
$_->send('execute', { command => $tree, output => 'chunk' }) for @c;
$_->notification('process.output') for @c;
$_->close for @c;
ok($t->wait_until(sub { !$t->processes }, 6), 'ten trees at once');

# a client that goes before its command has begun

for (1 .. 20) {
    my $quick = $t->client;
    $quick->send('execute', { command => 'sleep 4009' });
    $quick->close;
}
ok($t->wait_until(sub { !$t->processes }, 6), 'nothing starts for nobody');
is($c->run('echo fine')->{stdout}, "fine\n", 'and others are served');

$c->close;
$t->finish;
done_testing;
