# MCP jobs: execute with background, job_read, job_write, job_signal, job_list;
# over a WebSocket and by POST, in both eras, whatever worker is asked.
#
# tags: asan coverage

use strict;
use warnings;
use utf8;

use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my ($true, $false) = ($JSON::PP::true, $JSON::PP::false);

my $keep = 'cc_executor_allow any; cc_executor_shell /bin/sh;'
    . ' cc_executor_keep on; cc_executor_max_kept 100;'
    . ' cc_executor_max_kept_per_owner 90;';
my $t = CC::Nginx->new(workers => $ENV{TEST_WORKERS} || 4,
    location => "$keep cc_executor_tty on;",
    server => "location /pipe { cc_executor on; $keep }"
        . ' location /off { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_tty on; }'
        . " location /else { cc_executor on; $keep }",
)->start;

sub ws { return CC::Mcp->new(port => $t->port, @_) }

my $c = ws();
$c->initialize;

sub tool {
    my ($client, $name, %arguments) = @_;
    my $m = $client->call('tools/call', { name => $name,
        arguments => \%arguments }, timeout => 60);
    return $m->{result} // diag(explain($m));
}

sub text { return $_[0]{content}[0]{text} }

# starts a job and returns its id
sub job {
    my ($client, $command, %more) = @_;
    my $r = tool($client, 'execute', command => $command,
        background => $true, %more);
    my $s = $r->{structuredContent};
    ok(!$r->{isError}, "started: $command") or diag(explain($r));
    like($s->{job_id}, qr/^[0-9a-f]{48}$/, 'its id');
    return $s->{job_id};
}

# what the tools are, where; their number never depends on the caller

my @names = qw(execute job_read job_write job_signal job_list);
my %at;
for my $path ('', '/pipe', '/off') {
    my $w = ws($path ? (path => $path) : ());
    my $i = $w->initialize->{result}{instructions};
    ok(length $i < 2048, "$path: instructions are short");
    is(($i =~ /\bjob\b/ ? 1 : 0), $path eq '/off' ? 0 : 1,
        "$path: and say when to take a job");
    my @tools = @{ $w->call('tools/list', {})->{result}{tools} };
    is_deeply([map { $_->{name} } @tools],
        $path eq '/off' ? ['execute'] : \@names, "$path: the tools");
    cmp_ok(length join('', $i, map { $_->{description} } @tools), '<=', 2048,
        "$path: with all descriptions, too");
    $at{$path} = { map { $_->{name} => $_ } @tools };
    my $p = $at{$path}{execute}{inputSchema}{properties};
    is(join(' ', map { exists $p->{$_} ? 1 : 0 }
        qw(background label open_stdin tty)),
        $path eq '/off' ? '0 0 0 0' : $path eq '/pipe' ? '1 1 1 0' : '1 1 1 1',
        "$path: arguments of execute");
}
is_deeply([map { $at{''}{$_}{annotations}{readOnlyHint} ? 1 : 0 } @names],
    [0, 1, 0, 0, 1], 'what only reads says so');
my $r = ws(path => '/off')->call('tools/call',
    { name => 'job_list', arguments => {} });
is($r->{error}{code}, -32602, 'no jobs: no such tool');

# a job: state, output of both streams in order, end

my $id = job($c, 'echo one; echo bad >&2; echo two; exit 3', label => 'dev');
$r = tool($c, 'job_read', job_id => $id, until => 'exit');
my $s = $r->{structuredContent};
ok(!$r->{isError}, 'exit 3 of a job is no error of the call');
is_deeply([@$s{qw(job_id label status exit_code signal wait stdin)}],
    [$id, 'dev', 'exited', 3, undef, 'event', 'closed'], 'how it ended');
is_deeply([@$s{qw(stdout stderr new_bytes dropped_bytes)}],
    ["one\ntwo\n", "bad\n", 12, 0], 'its output');
is(length $s->{output}, 12, 'in one piece, too');
is($s->{more}, $false, 'no more');
cmp_ok($s->{expires_in_ms}, '>', 0, 'it is held for a while');
my @lines = split /\n/, text($r);
like($lines[0], qr/^\[job $id "dev" exited with code 3 after \d/, 'state first');
like(text($r), qr/^\[stderr\]\nbad$/m, 'where the stream changes');
like($lines[-1], qr/^\[12 new bytes, 0 dropped before; next_cursor \Q$s->{next_cursor}\E\]$/,
    'counts last');

# reading goes on where it was; a cursor reads again

$r = tool($c, 'job_read', job_id => $id);
is($r->{structuredContent}{output}, '', 'everything has been read');
is($r->{structuredContent}{wait}, 'none', 'and nobody waited');
$r = tool($c, 'job_read', job_id => $id, cursor => $s->{cursor});
is($r->{structuredContent}{stdout}, $s->{stdout}, 'the same cursor again');
$r = tool($c, 'job_read', job_id => $id, cursor => 'start', max_bytes => 5);
is($r->{structuredContent}{new_bytes}, 5, 'at most max_bytes');
is($r->{structuredContent}{more}, $true, 'there is more');
my $rest = tool($c, 'job_read', job_id => $id,
    cursor => $r->{structuredContent}{next_cursor})->{structuredContent};
is($r->{structuredContent}{output} . $rest->{output}, $s->{output},
    'next_cursor goes on exactly there');
$r = tool($c, 'job_read', job_id => $id, cursor => 'start', stream => 'stderr');
is_deeply([@{ $r->{structuredContent} }{qw(stdout stderr)}], ['', "bad\n"],
    'one stream');
$r = tool($c, 'job_read', job_id => $id, tail_bytes => 3, stream => 'stdout');
is($r->{structuredContent}{output}, "wo\n", 'the last bytes');
my $other = ws();
$other->initialize;
$r = tool($other, 'job_read', job_id => $id);
is($r->{structuredContent}{new_bytes}, 12, 'another session has its own mark');

# waiting: output, a pattern over the borders of writes, silence, time

$id = job($c, 'printf rea; sleep 0.3; echo dy; sleep 30');
$r = tool($c, 'job_read', job_id => $id, pattern => 'ready', wait_ms => 20000);
$s = $r->{structuredContent};
is_deeply([@$s{qw(status wait matched stdout)}],
    ['running', 'event', $true, "ready\n"], 'a pattern') or diag(explain($s));
is($s->{exit_code}, undef, 'no exit code is invented');
my $begin = time;
$r = tool($c, 'job_read', job_id => $id, wait_ms => 300);
cmp_ok(time - $begin, '>=', 0.29, 'it waited');
is_deeply([@{ $r->{structuredContent} }{qw(status wait matched)}],
    ['running', 'timeout', $false], 'the end of a wait is not that of the job');
unlike(text($r), qr/exit/, 'nor does the text say so');

# signals: all of the tree, also what has left its session

$r = tool($c, 'job_signal', job_id => $id, signal => 'STOP');
$r = tool($c, 'job_read', job_id => $id);
is($r->{structuredContent}{status}, 'paused', 'STOP');
tool($c, 'job_signal', job_id => $id, signal => 'CONT');
$r = tool($c, 'job_signal', job_id => $id, signal => 'TERM', wait_ms => 30000);
is_deeply([@{ $r->{structuredContent} }{qw(status cause wait)}],
    ['canceled', 'cancel', 'event'], 'TERM is the ladder')
    or diag(explain($r));

# stdin: a pipe

$id = job($c, 'while read a; do echo "<$a>"; done; echo end', open_stdin => $true);
$r = tool($c, 'job_write', job_id => $id, data => 'hällo', enter => $true,
    wait_ms => 20000, pattern => '>');
is($r->{structuredContent}{stdout}, "<hällo>\n", 'written, and its reaction');
is($r->{structuredContent}{stdin}, 'open', 'stdin stays open');
$r = tool($c, 'job_write', job_id => $id, eof => $true, wait_ms => 20000,
    pattern => 'end');
is($r->{structuredContent}{stdout}, "end\n", 'end of file')
    or diag(explain($r));
$r = tool($c, 'job_read', job_id => $id, until => 'exit');
$r = tool($c, 'job_write', job_id => $id, data => 'x');
ok($r->{isError}, 'nobody reads');
like(text($r), qr/0 of 1 bytes were written/, 'and that is told');

# a terminal: what was echoed is not taken for the answer

$id = job($c, 'read a; echo "$((6 * 7)) $a"; read b', tty => $true);
$r = tool($c, 'job_write', job_id => $id, data => '42', enter => $true,
    wait_ms => 30000, pattern => '42');
like($r->{structuredContent}{stdout}, qr/^42\n42 42\n/, 'behind the echo')
    or diag(explain($r));
is($r->{structuredContent}{matched}, $true, 'the pattern');
is($r->{structuredContent}{stdin}, 'terminal', 'a terminal');
tool($c, 'job_signal', job_id => $id, signal => 'KILL');
$id = job($c, 'echo $TERM $NO_COLOR $PAGER $GIT_PAGER; test -t 0 && echo tty',
    tty => $true);
$r = tool($c, 'job_read', job_id => $id, until => 'exit');
is($r->{structuredContent}{stdout}, "dumb 1 cat cat\ntty\n",
    'the terminal of a model');

# terminal bytes

$id = job($c, q(printf '10%%\r20%%\r\033[31mred\033[0m\n\001x\n'));
$r = tool($c, 'job_read', job_id => $id, until => 'exit', cursor => 'start');
is($r->{structuredContent}{stdout}, "red\n^Ax\n", 'made readable');
like(text($r), qr/^red\n\^Ax$/m, 'in the text, too');
$r = tool($c, 'job_read', job_id => $id, ansi => 'keep', cursor => 'start');
is($r->{structuredContent}{stdout}, "10%\r20%\r\e[31mred\e[0m\n\001x\n", 'as it is');
unlike(text($r), qr/\e/, 'but not in the text');
$r = tool($c, 'job_read', job_id => $id, encoding => 'base64',
    cursor => 'start');
is(decode_base64($r->{structuredContent}{stdout}),
    "10%\r20%\r\e[31mred\e[0m\n\001x\n", 'base64');

# half of a character comes with the other half

$id = job($c, q(printf 'abcd\303'; sleep 0.5; printf '\244\n'; sleep 30));
my $all = '';
for (1 .. 10) {
    $s = tool($c, 'job_read', job_id => $id, wait_ms => 20000,
        until => 'output')->{structuredContent};
    $all .= $s->{stdout};
    last if $all =~ /\n/;
}
is($all, "abcdä\n", 'no character is torn');
ok(!$s->{lossy}, 'nothing was lost');

# both eras, both transports, any worker: whoever is the owner

my $http = CC::Http->new(port => $t->port);
sub post {
    my ($modern, $name, %arguments) = @_;
    my %params = (name => $name, arguments => \%arguments);
    $params{_meta} = CC::Mcp::meta() if $modern;
    my $m = $http->post({ jsonrpc => '2.0', id => 1, method => 'tools/call',
        params => \%params }, $modern ? (headers => {
            'MCP-Protocol-Version' => '2026-07-28',
            'Mcp-Method' => 'tools/call', 'Mcp-Name' => $name }) : ());
    return $m->{message}{result};
}
for my $modern (0, 1) {
    $r = post($modern, 'execute', command => 'echo over http; sleep 30',
        background => $true);
    my $job = $r->{structuredContent}{job_id};
    ok($job, 'started by POST') or diag(explain($r)), next;
    $r = post($modern, 'job_read', job_id => $job, wait_ms => 20000);
    is($r->{structuredContent}{stdout}, "over http\n", 'read by POST');
    is($r->{resultType}, $modern ? 'complete' : undef, 'in its era');
    for (1 .. 5) {
        $r = post($modern, 'job_read', job_id => $job);
        is($r->{structuredContent}{new_bytes}, 0, 'the mark is the owner\'s');
    }
    $r = tool($c, 'job_read', job_id => $job);
    is($r->{structuredContent}{stdout}, "over http\n", 'by WebSocket, too');
    post($modern, 'job_signal', job_id => $job, signal => 'KILL');
}

# lists

$id = job($c, 'sleep 30', label => 'server');
sub list {
    my $list;
    my @arguments = @_;
    $t->wait_until(sub { $list = tool($c, 'job_list', @arguments);
        !$list->{structuredContent}{partial} }, 30);
    return $list;
}
$r = list(label => 'server');
my @jobs = @{ $r->{structuredContent}{jobs} };
is_deeply([map { @$_{qw(job_id label command status)} } @jobs],
    [$id, 'server', 'sleep 30', 'running'], 'by its label');
like(text($r), qr/^\[job $id "server" running .*\] sleep 30$/, 'as text');
$r = list(status => 'running');
ok(!(grep { $_->{status} !~ /^(?:running|paused)$/ }
    @{ $r->{structuredContent}{jobs} }), 'those that run');
$r = list(status => 'finished', limit => 2);
is(scalar @{ $r->{structuredContent}{jobs} }, 2, 'at most so many');
is($r->{structuredContent}{more}, $true, 'there are more');

# unknown and foreign ids: the same text

my $foreign = ws(path => "/else");
$foreign->initialize;
my $unknown = tool($c, 'job_read', job_id => 'f' x 48);
$r = tool($foreign, 'job_read', job_id => $id);
ok($unknown->{isError} && $r->{isError}, 'neither is there');
is(text($r), text($unknown), 'and nobody learns which');
is(text(tool($c, 'job_signal', job_id => 'nonsense', signal => 'INT')),
    text($unknown), 'what is no id at all, too');

# a wait can be canceled, and reload ends it

my $wait = $c->send('tools/call', { name => 'job_read',
    arguments => { job_id => $id, wait_ms => 100000 } });
$c->send('notifications/cancelled', { requestId => $wait }, notify => 1);
is($c->call('ping', {})->{result} ? 1 : 0, 1, 'canceled');
$wait = $c->send('tools/call', { name => 'job_read',
    arguments => { job_id => $id, wait_ms => 100000 } });
$c->call('ping', {});
my %old = map { $_ => 1 } $t->workers;
$t->signal('HUP');
$r = $c->answer($wait, 60)->{result}{structuredContent};
is_deeply([@$r{qw(status wait)}], ['running', 'reloading'],
    'reload ends a wait, not the job');
ok($t->wait_until(sub { !grep { $old{$_} } $t->workers }, 60),
    'the old workers are gone');
$c = ws();
$c->initialize;
$r = tool($c, 'job_signal', job_id => $id, signal => 'TERM', wait_ms => 30000);
is($r->{structuredContent}{status}, 'canceled', 'a new worker reaches it');

# a long text comes whole, whoever else writes in the middle of it

{
    my $file = $t->dir . '/work/whole';
    $id = job($c, "until [ -e $file.go ]; do sleep 0.05; done; cat > $file",
        open_stdin => $true);
    my $write = $c->send('tools/call', { name => 'job_write', arguments =>
        { job_id => $id, data => 'a' x 150_000, eof => $true, wait_ms => 60000 } });
    my $n;
    ok($t->wait_until(sub {
        $n = $t->client;
        my $m = $n->call('attach', { execution_id => $id, mode => 'write' });
        return ($m->{result}{stdin_offset} // 0) >= 65_536;
    }, 60), 'the pipe is full');
    $n->send('input', { execution_id => $id, data => 'b' });
    $n->call('list', { scope => 'session' });
    open my $go, '>', "$file.go" or die $!;
    close $go;
    $r = $c->answer($write, 60)->{result};
    ok(!$r->{isError}, 'it is written') or diag(explain($r));
    $r = tool($c, 'job_read', job_id => $id, until => 'exit', wait_ms => 60000);
    is($r->{structuredContent}{status}, 'exited', 'and read');
    ok($t->slurp('work/whole') eq 'a' x 150_000, 'in one piece');
    $n->close;
}

# what a job is told stands in no log

my $secret = "geheim$$";
$id = job($c, 'cat >/dev/null', open_stdin => $true);
tool($c, 'job_write', job_id => $id, data => $secret, eof => $true);
tool($c, 'job_read', job_id => $id, until => 'exit');
my $log = $t->log;
unlike($log, qr/$secret/, 'no data in the log');
unlike($log, qr/\Q@{[substr $id, 16]}\E/, 'nor the secret of an id');
unlike($log, qr/\[alert\]|\[emerg\]/, 'nothing bad happened');

$t->finish;
done_testing;
