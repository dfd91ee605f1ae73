# cc-run and kept commands: -d, ps, attach, logs, wait, signal, rm; a line that
# breaks under it; a terminal.
#
# tags: asan smoke

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use CC::Nginx;
use CC::Run;

my $run = CC::Run::binary();
my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;')
    ->start;
my $dir = $t->dir;
$ENV{CC_URL} = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';

# what a shell line with $run prints, and its exit code
sub sh {
    my ($line) = @_;
    my $out = `$line 2>&1 </dev/null`;
    return wantarray ? ($out, $? >> 8) : $out;
}

# detached

my ($id, $rc) = sh("$run -d --label first -- 'echo one; echo two; exit 4'");
chomp $id;
is($rc, 0, '-d leaves');
like($id, qr/^[0-9a-f]{48}$/, 'and prints the id');
($_, $rc) = sh("$run wait $id");
is($rc, 4, 'wait: its exit code');
like(sh("$run ps"), qr/^ID .*\n\Q${\substr $id, 0, 12}\E  exited .* 4  first\n/,
    'ps: it has ended');
like(sh("$run --json ps"), qr/^\{.*"label":"first"/, 'ps as JSON');
is(sh("$run logs $id"), "one\ntwo\n", 'logs');
is(sh("$run logs -n 1 " . substr $id, 0, 10), "two\n",
    'logs -n, the beginning of an id');
($_, $rc) = sh("$run attach " . substr $id, 0, 10);
is($_, "one\ntwo\n", 'attach: all of it again');
is($rc, 4, 'and its exit code');
is((sh("$run rm $id"))[1], 0, 'rm');
($_, $rc) = sh("$run logs $id");
is($rc, 125, 'it is forgotten');
like($_, qr/^cc-run: /, 'and that is said');

# one that runs: attached, paused, signalled, removed

chomp($id = sh("$run -d -- 'trap \"echo usr1\" USR1; echo ready;"
    . " while :; do sleep 0.1; done'"));
open my $attached, '-|', "$run attach -r $id </dev/null 2>/dev/null" or die $!;
is(scalar <$attached>, "ready\n", 'attach -r');
is((sh("$run signal USR1 $id"))[1], 0, 'signal');
is(scalar <$attached>, "usr1\n", 'it arrives');
is((sh("$run pause $id"))[1], 0, 'pause');
is((sh("$run resume $id"))[1], 0, 'resume');
isnt((sh("$run rm $id"))[1], 0, 'rm of a running one: no');
is((sh("$run rm -f $id"))[1], 0, 'rm -f');
close $attached;
ok($t->wait_until(sub { !grep { /sleep 0\.1$/ } $t->processes }, 10),
    'nothing of it is left');

# the workers die under a kept command: it goes on, and so does cc-run

my $all = join '', map { "line $_\n" } 1 .. 20_000;
my $pid = fork // die $!;
if ($pid == 0) {
    open STDOUT, '>', "$dir/out" or die $!;
    open STDERR, '>', "$dir/err" or die $!;
    open STDIN, '<', '/dev/null' or die $!;
    exec $run, '-k', '-n', '--', 'i=0; while [ $i -lt 20000 ]; do'
        . ' i=$((i + 1)); echo line $i; [ $((i % 100)) = 0 ] && sleep 0.01;'
        . ' done; exit 9' or POSIX::_exit(127);
}
my $killed = 0;
for my $part (1 .. 3) {
    ok($t->wait_until(sub { (-s "$dir/out" // 0) > $part * 30_000 }, 20),
        "output comes ($part)");
    $killed += kill 'KILL', $t->workers;
}
waitpid $pid, 0;
is($? >> 8, 9, 'its exit code, over three lost connections');
is(sha1_hex($t->slurp('out')), sha1_hex($all), 'every byte of it, once');
is($t->slurp('err'), '', 'without a word');

# a terminal: script(1) gives one to cc-run

SKIP: {
    skip 'no script(1)', 1 if !grep { -x "$_/script" } split /:/, $ENV{PATH};
    my $command = "$run -t -n -- 'tty; stty size; test -t 1 && echo yes'";
    my $out = `script -qec "$command" /dev/null </dev/null`;
    like($out, qr{^/dev/pts/\d+\s+\d+ \d+\s+yes\s}, '-t: a terminal');
}

$t->allow(qr/worker process \d+ exited on signal 9/, $killed);
$t->finish;
done_testing;
