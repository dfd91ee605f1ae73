# Calls that run: progress, cancellation, several at once, long output, slow
# readers, HTTP/2, TLS, many POSTs while a worker is killed, reload, quit.
#
# tags: asan coverage

use strict;
use warnings;

use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(
    workers => 4,
    server => 'listen 127.0.0.1:%%PORT_2%% http2;'
        . ' listen 127.0.0.1:%%PORT_3%% ssl http2;'
        . ' ssl_certificate %%DIR%%/cert.pem;'
        . ' ssl_certificate_key %%DIR%%/key.pem;'
        . ' location /tight { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_silence_timeout 2s;'
        . ' cc_executor_max_output 100k; }'
        . ' location /many { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_max_commands 200;'
        . ' cc_executor_max_sessions 300; }',
    http => 'cc_executor_helpers min=2 max=32; send_timeout 30s;',
);
my $dir = $t->dir;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "no certificate";
$t->start;

sub mcp { return CC::Mcp->new(port => $t->port, @_) }

sub is_progress { return ($_[0]{method} // '') eq 'notifications/progress' }

# processes of this test's commands: they are told by their argument
my $mark = 470000 + $$ % 10000;
sub sleeps {
    my ($n) = @_;
    return grep { CC::Nginx::title($_) =~ /^sleep $mark$n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}
sub gone { my ($n) = @_; return $t->wait_until(sub { !sleeps($n) }, 15) }

# progress on a WebSocket: only with a token, increasing, at most ten a second

my $c = mcp();
$c->initialize;
my $begin = time;
my $id = $c->send('tools/call', CC::Mcp::execute_params(
    'for i in $(seq 1 150); do echo "line $i"; sleep 0.01; done',
    progressToken => 7));
my $m = $c->answer($id);
my $took = time - $begin;
my @p = grep { is_progress($_) } splice @{ $c->{queue} };
ok(@p >= 3, 'progress comes') or diag scalar @p;
ok(@p <= 10 * $took + 1, 'not more than ten a second')
    or diag @p . " in $took s";
is_deeply([grep { !defined $_->{params}{progressToken}
    || $_->{params}{progressToken} ne '7' } @p], [], 'with the token');
my @v = map { $_->{params}{progress} } @p;
is_deeply([@v], [sort { $a <=> $b } @v], 'increasing');
ok(!grep({ $v[$_] == $v[$_ - 1] } 1 .. $#v), 'always');
is_deeply([grep { $_->{params}{message} !~ /line \d+$/ } @p], [],
    'whole lines of output');
is($m->{result}{structuredContent}{stdout_bytes}, 1242, 'then the result');
$c->execute('echo x; sleep 0.5');
is(scalar(grep { is_progress($_) } @{ $c->{queue} }), 0,
    'none without a token');

# both streams, lines that do not end, no UTF-8

$id = $c->send('tools/call', CC::Mcp::execute_params(
    q(printf 'to stdout\nhalf'; sleep 0.6; printf 'to stderr \377\n' >&2;)
    . q( sleep 0.5), progressToken => 'x'));
$m = $c->answer($id);
@p = map { $_->{params}{message} } grep { is_progress($_) }
    splice @{ $c->{queue} };
is($p[0], 'to stdout', 'a line that is not whole waits');
is($p[-1], "to stderr \x{fffd}", 'the stream that spoke last');

# cancellation

$id = $c->send('tools/call', CC::Mcp::execute_params(
    "setsid sleep ${mark}1 & echo up; exec sleep ${mark}1",
    progressToken => 1));
$c->wait_for(\&is_progress);
is(scalar sleeps(1), 2, 'two processes run');
$c->send('notifications/cancelled', { requestId => "$id" }, notify => 1);
is_deeply($c->call('ping')->{result}, {}, 'the id of another type');
ok(sleeps(1), 'is another request');
$c->send('notifications/cancelled', { requestId => 0 + $id, reason => 'enough',
    _meta => CC::Mcp::meta() }, notify => 1);
ok(gone(1), 'cancelled: the whole tree is gone');
is_deeply($c->call('ping')->{result}, {}, 'the connection goes on');
is(scalar(grep { defined $_->{id} && $_->{id} eq $id } @{ $c->{queue} }), 0,
    'and nothing is answered');

# the end of a connection, or of a stream

$id = $c->send('tools/call', CC::Mcp::execute_params(
    "echo up; exec sleep ${mark}2", progressToken => 1));
$c->wait_for(\&is_progress);
$c->close;
ok(gone(2), 'a WebSocket that ends, ends its calls');

my $h = CC::Http->new(port => $t->port);
my %call = %{ CC::Mcp::execute_params("echo up; exec sleep ${mark}3") };
$h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call', params => {
    %call, _meta => CC::Mcp::meta(progressToken => 1) } }, headers => {
    'MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => 'tools/call',
    'Mcp-Name' => 'execute' });
$h->read_head;
ok(is_progress($h->next), 'a modern stream');
$h->close;
ok(gone(3), 'that ends, ends its call');

# several calls at once, each with its own output

$c = mcp();
my %want;
for my $i (1 .. 8) {
    my $id = $c->send('tools/call', CC::Mcp::execute_params(
        "for j in 1 2 3; do echo $i.\$j; sleep 0.0$i; done",
        progressToken => "t$i"), id => $i % 2 ? $i : "s$i");
    $want{$id} = join '', map { "$i.$_\n" } 1 .. 3;
}
my %got;
while (keys %got < 8 and $m = $c->next) {
    $got{ $m->{id} } = $m->{result}{structuredContent}{stdout}
        if exists $m->{id};
}
is_deeply(\%got, \%want, 'eight calls at once');
my @ids = map { $c->send('tools/call', CC::Mcp::execute_params('sleep 0.5')) }
    1 .. 9;
my @answers = map { $c->answer($_) } @ids;
is(scalar(grep { $_->{result}{isError} } @answers), 1,
    'one more than a session may have');
like((map { $_->{result}{content}[0]{text} } grep { $_->{result}{isError} }
    @answers)[0], qr/8 commands run in this session already/, 'it says so');

# long output: head and tail, true counts; marks

sub result { return $c->execute(@_)->{result} }

my $all = join '', map { "$_\n" } 1 .. 100000;
my $r = result('seq 1 100000');
my %s = %{ $r->{structuredContent} };
my ($head, $cut, $tail) = $s{stdout}
    =~ /^(.*)\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n(.*)$/s;
is(length($head) + length($tail), 30000, '30000 bytes by default');
is(length $head, 15000, 'half of them from the beginning');
is($cut + 30000, length $all, 'the rest is counted');
ok(index($all, $head) == 0, 'the beginning is the beginning');
is(substr($all, -length $tail), $tail, 'the end is the end');
is($s{stdout_bytes}, length $all, 'the true size');
is($s{truncated}, JSON::PP::true, 'truncated');
like($r->{content}[0]{text}, qr/\Q$head\E.*left out.*\[stdout cut: \d+ of/s,
    'the text says so');

$r = result('seq 1 100000; seq 1 1000 >&2');
is(length($r->{structuredContent}{stderr}), 3893, 'a short stderr is whole');
my $n = length($r->{structuredContent}{stdout} =~ s/\n\[\.\.\..*\]\n//r);
is($n + 3893, 30000, 'stdout gets the rest of the 30000');
$r = result('seq 1 100000; seq 1 100000 >&2');
is(length($r->{structuredContent}{$_} =~ s/\n\[\.\.\..*\]\n//r), 15000,
    "$_: half, when both are long") for qw(stdout stderr);
$r = result({ command => 'seq 1 1000', max_output_bytes => 0 });
is($r->{structuredContent}{stdout}, "\n[... 3893 bytes left out ...]\n",
    'max_output_bytes 0');
$r = result({ command => 'seq 1 1000; seq 1 10 >&2',
    max_output_bytes => 3893 });
is($r->{structuredContent}{truncated}, JSON::PP::false,
    'exactly the limit is not cut');
$r = result({ command => q(for i in $(seq 200); do printf '\360\237\230\200';)
    . q( done), max_output_bytes => 101 });
unlike($r->{structuredContent}{stdout}, qr/\x{fffd}/,
    'no character is cut in two');

# 16 MiB, byte by byte escaped, in fragments

$c->{fragments} = 0;
$r = $c->call('tools/call', CC::Mcp::execute_params({
    command => q(head -c 16777216 /dev/zero | tr '\0' '"'),
    max_output_bytes => 16777216 }), timeout => 120)->{result};
ok($r->{structuredContent}{stdout} eq '"' x 16777216, '16 MiB of quotes');
is($r->{structuredContent}{truncated}, JSON::PP::false, 'all of it');
ok($c->{fragments} > 100, 'in fragments');

# while a long answer is on its way, nothing comes in between, others wait

$id = $c->send('tools/call', CC::Mcp::execute_params({
    command => 'seq 1 500000', max_output_bytes => 4_000_000 }));
my $ping = $c->send('ping');
ok($c->answer($ping), 'a ping is answered before');
is($c->answer($id)->{result}{structuredContent}{stdout_bytes}, 3388895,
    'the long answer');

# a reader of 1.3 MB that takes its time: the command is over long before

$h = CC::Http->new(port => $t->port);
$h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params({ command =>
        "seq 1 200000; touch $dir/work/done", max_output_bytes => 2_000_000
    }) });
chmod 0777, "$dir/work";
ok($t->wait_until(sub { -e "$dir/work/done" }, 15),
    'a slow reader does not hold up the command');
$h->read_head;
is(length $h->next(30)->{result}{structuredContent}{stdout}, 1288895,
    'and gets everything');

# limits of the location

my $tight = mcp(path => '/tight');
$r = $tight->execute('echo x; sleep 60')->{result};
is($r->{structuredContent}{status}, 'timed_out', 'silence');
like($r->{content}[0]{text}, qr/2000 ms without output/, 'it says so');
$r = $tight->execute('yes')->{result};
ok($r->{isError}, 'more output than is allowed');
like($r->{content}[0]{text}, qr/more output than is allowed/, 'it says so');

# HTTP/2, with and without TLS, many streams on one connection

SKIP: {
    skip 'no curl with HTTP/2', 6 unless `curl -V` =~ /HTTP2/;
    my $body = $CC::Mcp::json->encode({ jsonrpc => '2.0', id => 1,
        method => 'tools/call', params => CC::Mcp::execute_params(
            'for i in 1 2 3; do echo step $i; sleep 0.2; done',
            progressToken => 1) });
    open my $f, '>', "$dir/body" or die $!;
    print $f $body;
    close $f;
    for (['h2c', '--http2-prior-knowledge', 'http', 2],
        ['h2', '--http2', 'https', 3], ['TLS', '--http1.1', 'https', 3])
    {
        my ($name, $option, $scheme, $port) = @$_;
        # curl 7.88 forgets parallel transfers when it knows of HTTP/2 before
        my $n = $name eq 'h2c' ? 1 : 5;
        my @url = ("$scheme://127.0.0.1:" . $t->port($port) . '/ws/mcp') x $n;
        my $out = `curl -s -k $option --no-progress-meter -Z -H content-type:application/json -d \@$dir/body @url`;
        is(scalar(() = $out =~ /"exit_code":0/g), $n, "$name: $n calls");
        ok(scalar(() = $out =~ m{notifications/progress}g) >= $n,
            "$name: with progress");
    }
    my $curl = open my $pipe, '-|', 'curl', '-sNk', '--http2', '-H',
        'content-type:application/json', '-d', $body =~ s/step/up;exec sleep ${mark}4/r,
        'https://127.0.0.1:' . $t->port(3) . '/ws/mcp' or die $!;
    ok($t->wait_until(sub { sleeps(4) }), 'h2: it runs');
    kill 'KILL', $curl;
    close $pipe;
    ok(gone(4), 'h2: and ends with its client');
}

# 100 POSTs at once while a worker is killed: each is answered or cut off,
# nothing stays, and it goes on

my @clients = map { CC::Http->new(port => $t->port, path => '/many') } 1 .. 100;
$_->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params("sleep 0.3; echo done") })
    for @clients;
my ($victim) = $t->workers;
kill 'KILL', $victim;
my ($whole, $cut_off) = (0, 0);
for (@clients) {
    my $head = $_->read_head(60);
    my $message = $head ? $_->next(60) : undef;
    ($message ? $whole : $cut_off)++;
    $_->close;
}
is($whole + $cut_off, 100, 'every client knows');
ok($whole > 0, 'other workers have answered') or diag "$whole, $cut_off";
$t->allow(qr/worker process $victim exited on signal 9/, 1);
ok($t->wait_until(sub { $t->workers == 4 }), 'a new worker is there');
is(scalar(grep { (CC::Http->new(port => $t->port, path => '/many')->post(
    { jsonrpc => '2.0', id => 1, method => 'tools/call',
      params => CC::Mcp::execute_params('echo on') })->{message} // {})
    ->{result}{structuredContent}{exit_code} == 0 } 1 .. 20), 20,
    'and it goes on');

# reload: what runs is finished, streams on which nothing runs are closed

my $listen = CC::Http->new(port => $t->port);
$listen->send({ jsonrpc => '2.0', id => 1, method => 'subscriptions/listen',
    params => { notifications => {}, _meta => CC::Mcp::meta() } }, headers => {
    'MCP-Protocol-Version' => '2026-07-28',
    'Mcp-Method' => 'subscriptions/listen' });
$listen->read_head;
$listen->next;
my $run = CC::Http->new(port => $t->port);
$run->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params('echo up; sleep 2; echo down',
        progressToken => 1) });
$run->read_head;
$run->next;
my $idle = mcp();
$idle->initialize;
my %old = map { $_ => 1 } $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { grep { !$old{$_} } $t->workers }), 'reloaded');
$m = $listen->next(20) // {};
is($m->{result}{resultType}, 'complete', 'the listening stream is answered')
    or diag(explain($m));
is($listen->next(20), undef, 'and then');
ok($listen->{answer}{ended}, 'has ended');
is($idle->receive(10), undef, 'the idle WebSocket');
is($idle->{closed}, 1001, 'is closed: going away');
while ($m = $run->next(20)) {
    last if exists $m->{id};
}
is($m->{result}{structuredContent}{stdout}, "up\ndown\n",
    'the call that ran is answered');
$run->close;
ok($t->wait_until(sub { !grep { $old{$_} } $t->workers }, 20),
    'the old workers have gone');

$t->finish;
done_testing;
