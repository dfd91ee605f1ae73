# The verbs of cc-run and where options may stand: logs of both streams, --tail,
# -f; cancel, pause, rm; ps; --json; ids.
#
# tags: asan

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Nginx;
use CC::Run;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_kill_grace 500ms;')->start;
my $dir = $t->dir;
my $url = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';
delete @ENV{qw(CC_URL CC_TOKEN)};

sub start { my ($words, %o) = @_; return CC::Run->start($words, dir => $dir,
    %o) }
sub run { my ($words, %o) = @_; return CC::Run->run($words, dir => $dir, %o) }

# options before and behind the URL, the verb

my ($first) = run(['-d', $url, '--label=first', '--',
    'for i in 1 2 3; do echo out $i; sleep 0.05; echo err $i >&2; sleep 0.05;'
    . ' done; printf "no newline"; exit 4'])->{out} =~ /^(\w{48})\n\z/;
ok($first, 'options behind the URL');
is(run(['wait', $url, $first])->{rc}, 4, 'the URL behind the verb');
$ENV{CC_URL} = $url;

for my $words (['-f', 'ps'], ['ps', '-t'], ['wait', '--tail', 1, $first],
    ['-d', 'logs', $first], ['logs', '-r', $first], ['--read-only', '--', 'x'],
    ['logs', '--tail', 'many', $first], ['logs', '--tail'], ['wait', '--', 'x'],
    ['signal', 'INT'], ['rm', $first, 'x'], ['ps', '--json=1'], ['-'],
    ['--reconnect', '-1', 'ps'], ['frobnicate'], ['--json'])
{
    my $r = run($words);
    is($r->{rc}, 125, "@$words: no");
    like($r->{err}, qr/^cc-run: .+\n"cc-run --help"/, 'and why');
}

# logs

my $r = run(['logs', $first]);
is_deeply($r, { out => "out 1\nout 2\nout 3\nno newline",
    err => "err 1\nerr 2\nerr 3\n", rc => 0 }, 'logs: both streams');
$r = run(['logs', '-n', 3, $first]);
is_deeply($r, { out => "out 3\nno newline", err => "err 3\n", rc => 0 },
    'logs -n 3: the last lines of both');
is_deeply(run(['logs', $first, '--tail=1']), { out => 'no newline', err => '',
    rc => 0 }, '--tail=1');
is_deeply(run(['logs', '-n0', $first]), { out => '', err => '', rc => 0 },
    '-n0');
is_deeply(run(['logs', '-n', 100, $first])->{out}, "out 1\nout 2\nout 3\n"
    . 'no newline', '-n 100: all of it');

my ($second) = run(['-d', '--', 'seq 1 2000; until [ -e go ]; do sleep 0.05;'
    . ' done; echo more; until [ -e end ]; do sleep 0.05; done; echo last'])
    ->{out} =~ /^(\w{48})/;
ok($t->wait_until(sub { run(['logs', $second])->{out} =~ /^2000$/m }, 20),
    'one that runs');
my $follow = start(['logs', '-f', '--tail', 2, $second]);
ok($follow->wait_out(qr/2000\n/), 'logs -f --tail 2');
ok(!$follow->ended, 'goes on');
system 'touch', "$dir/runtime/work/go";
ok($follow->wait_out(qr/more\n/), 'shows what comes');
system 'touch', "$dir/runtime/work/end";
is($follow->rc, 0, 'ends with the command');
is($follow->out, "1999\n2000\nmore\nlast\n", 'the last two lines and the rest');
is(run(['logs', '-n', 1, $second])->{out}, "last\n", 'logs -n 1');

# cancel is more than a signal

my ($third) = run(['-d', '--label', "third\e[31m", '--', "trap '' TERM;"
    . ' echo ready; while :; do sleep 0.05; done'])->{out} =~ /^(\w{48})/;
ok($t->wait_until(sub { run(['logs', $third])->{out} =~ /ready/ }, 20),
    'one that is deaf');
is(run(['signal', 'TERM', $third])->{rc}, 0, 'signal TERM');
is(run(['pause', $third])->{rc}, 0, 'pause');
like(run(['ps'])->{out}, qr/^\Q${\substr $third, 0, 12}\E  paused .*third/m,
    'ps: it is paused');
is(run(['resume', $third])->{rc}, 0, 'resume');
$r = run(['rm', $third]);
is($r->{rc}, 125, 'rm of one that runs: no');
like($r->{err}, qr/^cc-run: \w/, 'and why');
is_deeply(run(['cancel', $third]), { out => '', err => '', rc => 0 },
    'cancel');
is(run(['wait', $third])->{rc}, 137, 'it is killed after the grace time');

# ps

$r = run(['ps']);
my @rows = split /\n/, $r->{out};
like($rows[0], qr/^ID +STATE +AGE +EXIT +COMMAND$/, 'ps: what it shows');
is(scalar @rows, 4, 'three commands');
unlike($r->{out}, qr/[\0-\x08\x0b-\x1f]/, 'a label does not reach the terminal');
$r = run(['ps', '--json']);
my $list = JSON::PP->new->decode($r->{out});
is(scalar @{ $list->{result}{commands} }, 3, 'ps --json');

# what cannot be written is no success

open my $full, '>', '/dev/full' or die $!;
for my $words (['ps'], ['--json', 'ps'], ['-d', '--label', 'unread', '--', ':'])
{
    my $c = start($words, out => $full);
    is($c->rc, 125, "@$words into a full disk");
    is($c->err, "cc-run: stdout: No space left on device\n", 'and why');
}
pipe my $closed, my $nobody or die $!;
close $closed;
is(start(['ps'], out => $nobody)->rc, 141, 'nobody reads: as SIGPIPE');
my ($unread) = run(['ps'])->{out} =~ /^(\w+) .* unread$/m;
ok($t->wait_until(sub { run(['rm', $unread])->{rc} == 0 }, 20),
    'the command was begun');

# ids: the beginning is enough, if it is one's

$r = run(['--json', 'logs', substr $first, 0, 16]);
my @messages = map { JSON::PP->new->decode($_) } split /\n/, $r->{out};
is((grep { exists $_->{result} } @messages), 1,
    'the beginning of an id; --json shows the answer, not how it was found');
is((grep { ($_->{method} // '') eq 'process.output' } @messages) > 0, 1,
    'and the output');
for my $id ('', 'xyz', '0' x 48, 'f' x 200) {
    $r = run(['logs', $id]);
    is($r->{rc}, 125, "'" . substr($id, 0, 8) . "': no");
    like($r->{err}, qr/^cc-run: \w/, 'and why');
}
is(run(['rm', $_])->{rc}, 0, 'rm') for $first, $second;
is(run(['rm', '--force', $third])->{rc}, 0, 'rm --force');
is(run(['ps'])->{out} =~ tr/\n//, 1, 'nothing is left');

undef $follow;
$t->finish;
done_testing;
