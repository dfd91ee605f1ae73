# cc-run and a line that breaks: stdin and output are exact over killed workers and
# reloads, wait and logs -f go on, --reconnect; stdin with little room.
#
# tags: asan

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Nginx;
use CC::Run;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;',
    server => 'location /little { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_stdin_buffer 4k; }')->start;
my $dir = $t->dir;
my $port = $t->port;
$ENV{CC_URL} = "ws://127.0.0.1:$port/ws/mcp";
my $killed = 0;

sub start { my ($words, %o) = @_; return CC::Run->start($words, dir => $dir,
    %o) }
sub run { my ($words, %o) = @_; return CC::Run->run($words, dir => $dir, %o) }

# the workers die, and others come
sub kill_workers {
    my %old = map { $_ => 1 } $t->workers;
    $killed += kill 'KILL', keys %old;
    return $t->wait_until(sub { grep { !$old{$_} } $t->workers }, 20);
}

# stdin: pieces, some before and some after a worker's death

my $all = join '', map { "piece $_\n" } 1 .. 60_000;
pipe my $from, my $to or die $!;
my $c = start(['-k', '--', 'cat; exit 9'], in => $from);
close $from;
$to->autoflush(1);
for my $part (0 .. 3) {
    my $size = int length($all) / 4 + 1;
    print $to substr $all, $part * $size, $size;
    ok($t->wait_until(sub { length $c->out >= 1 + $part * $size }, 30),
        "stdin arrives ($part)");
    if ($part % 2) {
        ok(kill_workers(), 'the workers are killed');
    } else {
        $t->signal('HUP');
    }
}
close $to;
is($c->rc, 9, 'the exit code, over killed workers and reloads');
is(sha1_hex($c->out), sha1_hex($all), 'every byte of stdin, once');
is($c->err, '', 'without a word');

# less room than cc-run would like

open my $f, '>', "$dir/in" or die $!;
print $f $all;
close $f;
$c = start(['--json', "ws://127.0.0.1:$port/little", '--',
    'until [ -e read ]; do sleep 0.05; done; sha1sum'], in => "$dir/in");
ok($c->wait_out(qr/"code":-32001/), 'stdin of 700 KB is too much for 4 KB');
system 'touch', "$dir/runtime/work/read";
is($c->rc, 0, 'it is read');
my $sum = encode_base64(sha1_hex($all) . "  -\n", '');
like($c->out, qr/"data":"\Q$sum\E"/, 'and all of it arrives');

# wait, and logs -f

chomp(my $id = run(['-d', '--', 'echo begin; while [ ! -e go ]; do'
    . ' sleep 0.05; done; echo end; exit 8'])->{out});
sub opened { return scalar(() = $t->log =~ /session opened/g) }
my $opened = opened();
my $wait = start(['wait', $id]);
my $logs = start(['logs', '-f', $id]);
ok($logs->wait_out(qr/begin/), 'logs -f');
ok($t->wait_until(sub { opened() >= $opened + 2 }, 30),
    'wait is connected, too');
ok(kill_workers(), 'the workers are killed');
ok($t->wait_until(sub { opened() >= $opened + 4 }, 30), 'both connect again');
system 'touch', "$dir/runtime/work/go";
is($wait->rc, 8, 'wait: its exit code');
is($logs->rc, 0, 'logs -f ends with it');
is($logs->out, "begin\nend\n", 'with all of it');
is($wait->err . $logs->err, '', 'without a word');

# of a command that is not kept nobody knows

$c = start(['-n', '--', 'echo runs; sleep 600']);
ok($c->wait_out(qr/runs/), 'a command that is not kept');
ok(kill_workers(), 'the workers are killed');
is($c->rc, 125, 'it is lost');
is($c->err, "cc-run: the connection was lost\n", 'and that is said');

# given up

chomp($id = run(['-d', '--', 'sleep 600'])->{out});
$c = start(['--reconnect', '0', 'attach', $id]);
my $d = start(['--reconnect=1', 'logs', '-f', $id]);
ok($t->wait_until(sub { $c->ended || run(['--json', 'ps'])->{out}
    =~ /"watchers":2/ }, 20), 'two watch');
$t->signal('STOP');
my @workers = $t->workers;
$killed += kill 'KILL', @workers;
is($c->rc, 125, '--reconnect 0');
like($c->err, qr/^cc-run: .*; the command may go on: cc-run attach $id\n/,
    'says how to come back');
is($d->rc, 125, '--reconnect 1: not for ever');
$t->signal('CONT');
is(run(['rm', '-f', $id])->{rc}, 0, 'it went on');

# one that was leaving anyway may have been quicker
my $died = () = $t->log =~ /worker process \d+ exited on signal 9/g;
ok($died > 0 && $died <= $killed, 'workers died as we wanted, no other');
$t->allow(qr/worker process \d+ exited on signal 9/, $died);
$t->finish;
done_testing;
