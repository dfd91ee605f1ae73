# cc-run and signals: INT, then CANCEL, then leaving; TERM, HUP; those that were
# ignored; with nobody who reads; 128 + n.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Run;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_kill_grace 300s;')->start;
my $dir = $t->dir;
$ENV{CC_URL} = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';

sub start { my ($words, %o) = @_; return CC::Run->start($words, dir => $dir,
    %o) }
sub run { my ($words, %o) = @_; return CC::Run->run($words, dir => $dir, %o) }

# what it does until it is told something; it says what it was told

my $loop = 'while :; do sleep 0.05; done';
my $told = "trap 'echo told INT' INT; trap 'echo told TERM; exit 4' TERM;"
    . " echo ready; $loop";

my $c = start(['-n', '--', $told]);
ok($c->wait_out(qr/ready/), 'a command that knows both');
$c->signal('INT');
ok($c->wait_out(qr/told INT/), 'SIGINT: INT');
ok(!$c->ended, 'it is not over');
$c->signal('INT');
is($c->rc, 4, 'SIGINT again: CANCEL; the exit code is the command\'s');
is($c->out, "ready\ntold INT\ntold TERM\n", 'TERM, once');
unlike($c->err, qr/cc-run/, 'without a word of ours');

$c = start(['-n', '--', "trap '' INT TERM; echo ready \$\$; $loop"]);
ok($c->wait_out(qr/ready \d+\n/), 'a command that is deaf');
my ($deaf) = $c->out =~ /(\d+)/;
ok($c->interrupt, 'SIGINT') for 1 .. 3;
is($c->rc, 130, 'a third SIGINT: leaves');
kill 'KILL', $deaf;

# who was interrupted while nobody reads his output

# bytes in a pipe (FIONREAD), and how many it takes (F_GETPIPE_SZ)
sub unread { my $n = pack 'i', 0;
    ioctl $_[0], 0x541b, $n or die "FIONREAD: $!\n"; return unpack 'i', $n }
sub room { return fcntl $_[0], 1032, 0 }

pipe my $from, my $to or die $!;
$c = start(['-n', '--', 'exec yes'], out => $to);
close $to;
my $some;
ok(sysread($from, $some, 1), 'a command that writes and writes');
ok($t->wait_until(sub { unread($from) > room($from) / 2 }, 60),
    'until nothing fits any more');
ok($c->interrupt, 'SIGINT') for 1 .. 3;
is($c->rc, 130, 'nobody reads: it can be left');
close $from;

pipe $from, $to or die $!;
$c = start(['-n', '--', 'exec yes'], out => $to);
close $to;
sysread $from, $some, 1;
close $from;
is($c->rc, 141, 'nobody is there to read any more: as SIGPIPE');

# TERM and HUP end cc-run; the command, unless it is kept, too

for my $name (qw(TERM HUP QUIT)) {
    $c = start(['-n', '--', "echo ready; trap 'exit 0' TERM; $loop"]);
    ok($c->wait_out(qr/ready/), "SIG$name: a command runs");
    $c->signal($name);
    is($c->rc, 128 + { TERM => 15, HUP => 1, QUIT => 3 }->{$name},
        "SIG$name: 128 + n");
}
ok($t->wait_until(sub { !grep { /sleep 0\.05/ } $t->processes }, 30), 'nothing of them is left');

$c = start(['-n', '-k', '--label', 'goes on', '--', "echo ready; $loop"]);
ok($c->wait_out(qr/ready/), 'a kept command runs');
$c->signal('TERM');
is($c->rc, 143, 'SIGTERM');
my ($id) = run(['ps'])->{out} =~ /^(\w{12})  running .* goes on$/m;
ok($id, 'it goes on');
is(run(['signal', 'KILL', $id])->{rc}, 0, 'signal');
is(run(['wait', $id])->{rc}, 137, 'wait: 128 + n');
is(run(['attach', $id])->{rc}, 137, 'attach: 128 + n');

# nohup, and a job in the background of sh

{
    local $SIG{HUP} = 'IGNORE';
    local $SIG{INT} = 'IGNORE';
    $c = start(['-n', '--', 'echo ready; until [ -e go ]; do sleep 0.05; done;'
        . ' echo done; exit 3']);
    ok($c->wait_out(qr/ready/), 'HUP and INT are ignored from the start');
    $c->signal($_) for qw(HUP INT);
    system 'touch', "$dir/runtime/work/go";
    is($c->rc, 3, 'and stay so');
    is($c->out, "ready\ndone\n", 'for the command, too');
}

# 128 + n, for signals with a name and without

is(run(['-n', '--', "kill -$_ \$\$"])->{rc}, 128 + $_, "signal $_: 128 + n")
    for 1, 9, 15, 34;

undef $c;
$t->finish;
done_testing;
