# cc-run: output, exit codes, stdin, options, what goes wrong; no connection,
# TLS, a unix socket.
#
# tags: asan smoke

use strict;
use warnings;

use Digest::SHA qw(sha1_hex sha256_hex);
use IPC::Open3 qw(open3);
use POSIX ();
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(sleep time);
use CC::Nginx;
use CC::Run;

my $run = CC::Run::binary();
my $t = CC::Nginx->new;
open my $tokens, '>', $t->dir . '/tokens' or die $!;
print $tokens 'me ' . sha256_hex('s' x 32) . "\n";
close $tokens;
%$t = (%$t, location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_client_env A B;
        cc_executor_client_cwd beneath;',
    server => 'listen unix:%%DIR%%/sock;
        location /list { cc_executor on; cc_executor_allow /bin/echo; }
        location /token { cc_executor on; cc_executor_allow any;
            cc_executor_token_file %%DIR%%/tokens; }');
$t->start;
my $dir = $t->dir;
my $url = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';
delete @ENV{qw(CC_URL CC_TOKEN)};

# runs it with these words and this text as stdin: {out, err, rc}

sub run {
    my ($words, $in) = @_;
    my ($err, %r) = (gensym);
    my $pid = open3(my $to, my $from, $err, $run, @$words);
    if (!defined fork_writer($to, $in)) { die "fork: $!" }
    close $to;
    my $read = fork // die $!;
    if (!$read) {
        local $/;
        open my $f, '>', "$dir/err" or die $!;
        print $f scalar <$err> // '';
        close $f;
        POSIX::_exit(0);
    }
    { local $/; $r{out} = <$from> // '' }
    waitpid $read, 0;
    waitpid $pid, 0;
    $r{rc} = $? >> 8;
    $r{err} = $t->slurp('err');
    return \%r;
}

sub fork_writer {
    my ($to, $in) = @_;
    my $pid = fork // return;
    if (!$pid) {
        local $SIG{PIPE} = 'IGNORE';
        print $to $in // '';
        close $to;
        POSIX::_exit(0);
    }
    return $pid;
}

# output, streams, exit codes

my $r = run([$url, '--', 'echo out; echo err >&2; exit 3']);
is_deeply($r, { out => "out\n", err => "err\n", rc => 3 },
    'both streams and the exit code');
is(run([$url, '--', 'kill -9 $$'])->{rc}, 137, 'a signal: 128 + n');
is(run([$url, '--', '/bin/echo', 'a  b', '$HOME'])->{out}, "a  b \$HOME\n",
    'several words are a program and its arguments');
is(run([$url, '--', 'printf "a\000\377\303b"'])->{out}, "a\0\xff\xc3b",
    'any bytes');

$r = run([$url, '--', '/nonexistent', 'x']);
is($r->{rc}, 126, 'a program that is not there');
like($r->{err}, qr/^cc-run: exec: No such file or directory/, 'and why');
$r = run(["ws://127.0.0.1:${\$t->port}/list", '--', '/bin/ls', '/']);
is($r->{rc}, 126, 'one that is not allowed');
like($r->{err}, qr/^cc-run: .*not on the allow-list/, 'and why');

# stdin: all of it, its end, and a command that does not want it

is(run([$url, '--', 'cat'], "some\nlines")->{out}, "some\nlines", 'stdin');
my $much = join '', map { "$_ " } 1 .. 1_000_000;
is(run([$url, '--', 'sha1sum'], $much)->{out}, sha1_hex($much) . "  -\n",
    '7 MB of it');
is(run([$url, '--', 'head -c 4'], $much)->{out}, '1 2 ',
    'a command that reads a little of it');
is(run(['-n', $url, '--', 'cat'], 'x')->{out}, '', '-n: none');

# much output, slowly read

$r = run(['-n', $url, '--', 'seq 1 2000000']);
is(sha1_hex($r->{out}), sha1_hex(join '', map { "$_\n" } 1 .. 2_000_000),
    '15 MB of output');

# options

is(run(['--env', 'A=1', '--env=B=x y', $url, '--', 'echo $A-$B'])->{out},
    "1-x y\n", '--env');
mkdir "$dir/runtime/work/sub";
chmod 0777, "$dir/runtime/work/sub";
like(run(['--cwd', 'sub', $url, '--', 'pwd'])->{out}, qr{/sub\n}, '--cwd');
$r = run(['--timeout', '0.3', '-n', $url, '--', 'sleep 60']);
is($r->{rc}, 143, '--timeout');
like($r->{err}, qr/cause: timeout/, 'and says so');
$r = run(['--json', '-n', $url, '--', 'echo x']);
like((split /\n/, $r->{out})[-1], qr/"method":"process\.completed"/,
    '--json: messages');

# CC_URL, token, unix socket

{
    local $ENV{CC_URL} = $url;
    is(run(['--', 'echo x'])->{out}, "x\n", 'CC_URL');
}
is(run(["unix:$dir/sock:/ws/mcp", '--', 'echo x'])->{out}, "x\n",
    'a unix socket');
my $closed = "ws://127.0.0.1:${\$t->port}/token";
$r = run([$closed, '--', '/bin/echo', 'x']);
is($r->{rc}, 125, 'no token');
like($r->{err}, qr/401 \(a token is needed\)/, 'and says so');
{
    local $ENV{CC_TOKEN} = 's' x 32;
    is(run([$closed, '--', '/bin/echo', 'x'])->{out}, "x\n", 'CC_TOKEN');
}
open my $f, '>', "$dir/token" or die $!;
print $f 's' x 32, "\n";
close $f;
is(run(['--token-file', "$dir/token", $closed, '--', '/bin/echo', 'x'])->{out},
    "x\n", '--token-file');

# nobody there, not a WebSocket, wrong words

$r = run(['ws://127.0.0.1:1/', '--', 'true']);
is($r->{rc}, 125, 'nobody there');
like($r->{err}, qr/Connection refused/, 'and says so');
$r = run(["ws://127.0.0.1:${\$t->port}/other", '--', 'true']);
is($r->{rc}, 125, 'not a WebSocket');
for my $words (['ftp://x/', '--', 'true'], ['--timeout', 'x', '--', 'a'],
    ['--env', 'x', '--', 'a'], ['ps', 'x'], ['attach'], ['logs', '-x', 'y'])
{
    $r = run($words);
    is($r->{rc}, 125, "@$words: no");
    like($r->{err}, qr/^cc-run: .+\n"cc-run --help"/, 'and why');
}

# what is no text cannot become a part of JSON: said, not changed

for ([ 'argument 2', $url, '--', '/bin/echo', 'x', "\xff" ],
    [ 'the command', $url, '--', "echo \xc3" ],
    [ '--env', '--env', "A=\xe4", $url, '--', 'x' ],
    [ '--cwd', '--cwd', "\xed\xa0\x80", $url, '--', 'x' ],
    [ '--label', '--label', "\xc0\xaf", $url, '--', 'x' ])
{
    my ($name, @words) = @$_;
    $r = run(\@words);
    is($r->{rc}, 125, "$name is not UTF-8");
    like($r->{err}, qr/^cc-run: not UTF-8: \Q$name\E\n/, 'and that is said');
}
is(run([$url, '--', '/bin/echo', "\xc3\xa4"])->{out}, "\xc3\xa4\n",
    'what is UTF-8 arrives');

# no stdin, stdout, stderr at all: the command's output goes nowhere else

is(system("'$run' -n '$url' -- 'echo x; echo y >&2; exit 3' <&- >&- 2>&-") >> 8,
    3, 'all three are closed');

# interrupted: the command is, too; twice: it is ended

my $pid = open3(my $to, my $from, '>&STDERR', $run, '-n', $url, '--',
    'trap "echo int; exit 7" INT; echo ready; while :; do sleep 0.05; done');
is(scalar <$from>, "ready\n", 'a command that waits');
kill 'INT', $pid;
my $second = $t->wait_until(sub { waitpid($pid, POSIX::WNOHANG()) }, 3)
    ? 0 : kill 'INT', $pid;
waitpid $pid, 0 if $second;
ok($? != 0, 'Ctrl-C');
ok($t->wait_until(sub { !grep { /sleep 0\.05/ } $t->processes }, 5),
    'nothing of it is left');

$t->finish;
done_testing;
