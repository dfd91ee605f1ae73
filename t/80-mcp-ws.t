# MCP over a WebSocket, both eras: life cycle, tools, results, errors.
#
# tags: asan coverage smoke

use strict;
use warnings;
use utf8;

use Encode qw(encode);
use Test::More;
use CC::Cases qw(cases);
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(
    server => 'location /free { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_client_cwd beneath;'
        . ' cc_executor_client_env ONE TWO; }'
        . ' location /jobs { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on; }'
        . ' location /list { cc_executor on; cc_executor_allow /bin/echo;'
        . ' cc_executor_allow /bin/cat; }'
        . ' location /few { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_max_commands 1;'
        . ' cc_executor_max_commands_per_session 2; cc_executor_timeout 30s;'
        . ' cc_executor_max_sessions 1; }',
    http => 'log_format cc "$request_uri $status $cc_executor_dialect'
        . ' $cc_executor_commands $cc_executor_close";'
        . ' access_log %%DIR%%/logs/cc.log cc;',
)->start;

sub mcp { return CC::Mcp->new(port => $t->port, @_) }

# the handshake of the WebSocket

my $c = mcp();
is($c->ws->{status}, 101, 'the upgrade is answered');
is($c->ws->header('Sec-WebSocket-Protocol'), 'mcp', 'mcp is answered');
is($c->receive(0.3), undef, 'the server does not speak first');

is(mcp(headers => { 'Sec-WebSocket-Protocol' => 'chat, mcp, cc-executor' })
    ->ws->header('Sec-WebSocket-Protocol'), 'mcp', 'the first one known: mcp');
is(mcp(headers => { 'Sec-WebSocket-Protocol' => 'cc-executor, mcp' })
    ->ws->header('Sec-WebSocket-Protocol'), 'cc-executor',
    'the first one known: cc-executor');
my $bad = $t->ws(headers => { 'Sec-WebSocket-Protocol' => 'chat' });
is($bad->{status}, 400, 'only unknown ones: 400');
like($bad->{body}, qr/"cc-executor" and "mcp"/, 'which names the two');

# initialize

my $m = $c->initialize;
is($m->{result}{protocolVersion}, '2025-11-25', 'the version asked for');
is($m->{result}{serverInfo}{name}, 'ngx_cc_executor', 'who we are');
is_deeply($m->{result}{capabilities}{tools}, {}, 'tools are declared');
like($m->{result}{instructions}, qr{shell /bin/sh.*600 s}s, 'instructions');
ok(!exists $m->{result}{resultType}, 'no resultType in the old era');
for my $version (qw(2024-10-07 2024-11-05 2025-03-26 2025-06-18 2025-11-25)) {
    is($c->initialize($version)->{result}{protocolVersion}, $version,
        "version $version");
}
for my $version (qw(1.0 2025-12-01 2026-07-28 2099-01-01)) {
    is($c->initialize($version)->{result}{protocolVersion}, '2025-11-25',
        "version $version: the newest of the handshake is offered");
}
is($c->call('initialize', {})->{error}{code}, -32602,
    'initialize without a version');

is_deeply($c->call('ping'), { jsonrpc => '2.0', id => $c->{seq},
    result => {} }, 'ping');

# ids of any legal kind come back as they were

for my $id ('1', '0', '-7', '9007199254740993', '1e2', '""', '"a\"b"',
    '"\u00e4"', '"' . 'x' x 4000 . '"')
{
    $c->raw(qq({"jsonrpc":"2.0","id":$id,"method":"ping"}));
    $c->next;
    my $want = $id eq '"\u00e4"' ? '"ä"' : $id;
    utf8::encode($want);
    is($c->{text}, qq({"jsonrpc":"2.0","id":$want,"result":{}}),
        'id ' . substr $want, 0, 20);
}

# what is said again is bounded: no answer is cut, however long the request

my $long = "\x{20ac}\n" x 30000;
for (['resources/read', { uri => $long }, -32602],
    ['server/discover', { _meta => CC::Mcp::meta(
        'io.modelcontextprotocol/protocolVersion' => $long) }, -32022],
    ['tools/list', { _meta => CC::Mcp::meta(
        'io.modelcontextprotocol/logLevel' => $long) }, -32602],
    [$long, undef, -32601], ['tools/call', { name => $long }, -32602])
{
    my ($method, $params, $code) = @$_;
    $m = $c->call($method, $params, id => "\x{20ac}" x 1365);
    my $name = length $method > 100 ? 'a long method' : "$method, long";
    is($m->{error}{code}, $code, "$name: $code");
    is($m->{id}, "\x{20ac}" x 1365, "$name: the id is whole");
    cmp_ok(length $c->{text}, '<', 12000, "$name: the answer is not");
    my $data = $m->{error}{data} // {};
    my $echo = $data->{uri} // $data->{requested};
    like($echo, qr/^(?:\x{20ac}\n){256}\z/, "$name: the first KiB of it")
        if defined $echo;
}
like($c->call('initialize', { protocolVersion => $long })->{result}
    {protocolVersion}, qr/^2025-11-25$/, 'initialize with a long version');

# tools/list

$m = $c->call('tools/list');
my ($tool) = @{ $m->{result}{tools} };
is(scalar @{ $m->{result}{tools} }, 1, 'one tool');
is($tool->{name}, 'execute', 'execute');
like($tool->{description}, qr{shell /bin/sh}, 'its description');
is_deeply([sort keys %{ $tool->{inputSchema}{properties} }],
    [qw(command max_output_bytes on_timeout stdin stdin_base64 timeout_ms)],
    'its input: no cwd, no env where they are not allowed');
is($tool->{inputSchema}{additionalProperties}, JSON::PP::false, 'and nothing else');
my $free = mcp(path => '/free')->call('tools/list')->{result}{tools}[0];
is_deeply([sort keys %{ $free->{inputSchema}{properties} }],
    [qw(command cwd env max_output_bytes on_timeout stdin stdin_base64 timeout_ms)],
    'all of it where they are');
like($free->{inputSchema}{properties}{env}{description}, qr/may be set: ONE, TWO$/,
    'with the names that may be set');
is($tool->{annotations}{destructiveHint}, JSON::PP::true, 'annotations');
is($tool->{_meta}{'anthropic/maxResultSizeChars'}, 200000, '_meta');
ok(!exists $m->{result}{ttlMs}, 'no ttlMs in the old era');
my $first = $c->{text};
$c->call('tools/list', undef, id => $c->{seq});
is($c->{text}, $first, 'the same bytes again');
is($c->call('tools/list', { cursor => 'x' })->{error}{code}, -32602,
    'an unknown cursor');

# results

sub result { return $c->execute(@_)->{result} }

my $r = result('echo out; echo err >&2');
is($r->{isError}, JSON::PP::false, 'exit 0 is no error');
like($r->{content}[0]{text},
    qr/^out\n\[stderr\]\nerr\n\[exit code 0, \d+\.\d s\]$/, 'text');
my %s = %{ $r->{structuredContent} };
is_deeply([@s{qw(status exit_code signal timed_out stdout stderr stdout_bytes
    stderr_bytes truncated)}], ['exited', 0, undef, JSON::PP::false, "out\n",
    "err\n", 4, 4, JSON::PP::false], 'structuredContent');
ok($s{pid} > 1 && $s{pid} == $s{pgid}, 'pid');
is_deeply([grep { !exists $tool->{outputSchema}{properties}{$_} } keys %s],
    [], 'nothing that the schema does not name');
is_deeply([grep { !exists $s{$_} } @{ $tool->{outputSchema}{required} }], [],
    'everything that it requires');

$r = result('printf partial; exit 3');
is($r->{isError}, JSON::PP::true, 'exit 3 is an error');
like($r->{content}[0]{text}, qr/^partial\n\[exit code 3, /, 'its text');
is($r->{structuredContent}{exit_code}, 3, 'exit code');

$r = result('kill -TERM $$');
is($r->{structuredContent}{signal}, 'SIGTERM', 'signal');
is($r->{structuredContent}{status}, 'signaled', 'status');
is($r->{structuredContent}{exit_code}, undef, 'no exit code');
like($r->{content}[0]{text}, qr/^\[killed by SIGTERM, /, 'its text');

# the limit leaves a busy machine time to say so

$r = result({ command => 'echo before; sleep 60', timeout_ms => 3000 });
is($r->{structuredContent}{timed_out}, JSON::PP::true, 'timed out');
is($r->{structuredContent}{status}, 'timed_out', 'status');
is($r->{structuredContent}{stdout}, "before\n", 'output so far');
is($r->{isError}, JSON::PP::true, 'is an error');
like($r->{content}[0]{text}, qr/\[timed out after 3000 ms\]$/, 'its text');

is(result('true')->{content}[0]{text} =~ s/0\.\d/0.0/r,
    '[exit code 0, 0.0 s]', 'no output at all');
is(result('cat')->{structuredContent}{stdout}, '', 'stdin is empty');
my $in = "\x{e4}\x{20ac}\x{1f600}\n" x 30000;
is(result({ command => 'wc -c', stdin => $in })->{structuredContent}{stdout}
    =~ s/\s//gr, length(encode('UTF-8', $in)), '270 KB of stdin');
is(result({ command => ': ' . 'x' x 100_000 . '; echo ok' })
    ->{structuredContent}{stdout}, "ok\n", 'a command of 100 KB');
$r = result(q(printf 'a\377b\200'));
is($r->{structuredContent}{stdout}, "a\x{fffd}b\x{fffd}", 'bytes that are no UTF-8');
is($r->{structuredContent}{lossy}, JSON::PP::true, 'are told');
like($r->{content}[0]{text}, qr/^a\x{fffd}b\x{fffd}\n\[some of it is not UTF-8: /,
    'in both forms');
$r = result(q(printf '\303\244\n'));
ok(!exists $r->{structuredContent}{lossy}, 'UTF-8 is not lossy');
unlike($r->{content}[0]{text}, qr/UTF-8/, 'in no form');
$r = result(q(printf '\000\001\t\\\\"\033[31mred\033[0m\033]0;title\007\r\n'));
is($r->{structuredContent}{stdout},
    "\0\x01\t\\\"\e[31mred\e[0m\e]0;title\a\r\n", 'control characters, exactly');
like($r->{content}[0]{text}, qr/^\^\@\^A\t\\"red\r\n\[exit code 0/,
    'and readable in the text');
$r = result({ command => q(i=0; while [ $i -lt 200 ]; do printf '\033[3%dmx' $((i % 8));)
    . q( i=$((i + 1)); done), max_output_bytes => 100 });
like($r->{content}[0]{text}, qr/^x{8,9}\n\[\.\.\. \d+ bytes left out \.\.\.\]\n[^\e]*x{8,}\n\[stdout cut/,
    'a sequence that is cut does not eat the mark') or diag explain $r;

$r = result('sleep 1000 & echo done');
is($r->{structuredContent}{descendants_killed}, 1,
    'a process in the background ends with the call');
like($r->{content}[0]{text}, qr/1 background/, 'the text says so');

# arguments that are wrong are results that a model can read

$c->execute('mkdir below');
my %at = ('' => $c, '/free' => mcp(path => '/free'), '/jobs' => mcp(path => '/jobs'));
for my $case (cases('mcp-arguments')) {
    my $name = "$case->{name} (line $case->{line})";
    $r = $at{ $case->{at} // '' }->call('tools/call', { name => $case->{tool} // 'execute',
        arguments => $case->{arguments} })->{result};
    my $s = $r->{structuredContent};
    if (exists $case->{text}) {
        is($r->{content}[0]{text}, $case->{text}, $name);
        ok(!$r->{isError}, "$name: no error");
        next;
    }
    if (exists $case->{stdout}) {
        is($s->{stdout}, $case->{stdout}, $name) or diag explain $r;
        ok(!$r->{isError}, "$name: no error");
        next;
    }
    ok($r->{isError}, "$name: an error");
    if (($case->{tool} // 'execute') ne 'execute') {
        like($r->{content}[0]{text}, qr/^\Q$case->{error}\E/, "$name: its text");
        is($s, undef, "$name: nothing that the schema of its results has not");
        next;
    }
    like($r->{content}[0]{text}, qr/^\[not started: .*\Q$case->{error}\E/, "$name: its text");
    is($s->{status}, 'failed', "$name: status");
    like($s->{error}, qr/\Q$case->{error}\E/, "$name: the same in both forms");
}
like($c->call('tools/call', { name => 'execute', arguments => undef })->{result}
    {content}[0]{text}, qr/command is missing/, 'arguments that are null');
like($c->call('tools/call', { name => 'execute' })->{result}{content}[0]{text},
    qr/command is missing/, 'no arguments at all');

$at{'/jobs'}->raw('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
    . '"job_read","arguments":{"job_id":"x","pattern":"a\u0000"}}}');
$r = $at{'/jobs'}->next->{result};
ok($r->{isError} && !$r->{structuredContent}, 'a NUL in an argument of job_read');
like($r->{content}[0]{text}, qr/^arguments\.pattern: .*NUL/, 'it says so');

# what no string may hold is told as an argument that is wrong, too, wherever the
# id stands

for (['"command":"cat","stdin":"a\u0000b"', qr/arguments\.stdin: .*NUL.*arguments\.stdin_base64/],
    ['"command":"a\u0000b"', qr/arguments\.command: .*NUL/],
    ['"command":"\ud83d"', qr/arguments\.command: .*half of a surrogate pair/],
    ['"command":"x","command":"y"', qr/arguments\.command is given twice/],
    ['"command":"x","env":{"A":"\u0000"}', qr/arguments\.env\.A: .*NUL/])
{
    my ($arguments, $re) = @$_;
    for my $meta ('', '"_meta":' . $CC::Mcp::json->encode(CC::Mcp::meta()) . ',') {
        $c->raw('{"jsonrpc":"2.0","method":"tools/call","params":{' . $meta
            . '"name":"execute","arguments":{' . $arguments . '}},"id":"late"}');
        $m = $c->next;
        is($m->{id}, 'late', "$arguments: the id");
        ok($m->{result}{isError}, 'a result');
        like($m->{result}{content}[0]{text}, qr/^\[not started: $re/, 'that says why');
        is($m->{result}{resultType}, $meta ? 'complete' : undef, 'in its era');
    }
}

# requests that are wrong are protocol errors

for (['tools/call', { name => 'nope' }, -32602, qr/unknown tool 'nope'/],
    ['tools/call', {}, -32602, qr/params.name/],
    ['tools/call', { name => 'execute', arguments => [1] }, -32602,
        qr/params.arguments/],
    ['tools/call', { name => 'execute', arguments => { command => 'x' },
        _meta => { progressToken => [] } }, -32602, qr/progressToken/],
    ['tools/call', { name => 'execute', _meta => 1 }, -32602, qr/_meta/],
    ['nope', undef, -32601, qr/unknown method 'nope'/],
    ['server/discover', undef, -32601, qr/unknown method/],
    ['logging/setLevel', { level => 'loud' }, -32602, qr/params.level/],
    ['completion/complete', {}, -32602, qr/params.ref/],
    ['prompts/get', { name => 'x' }, -32602, qr/no prompts/],
    ['resources/read', { uri => 'x' }, -32602, qr/no resources/])
{
    my ($method, $params, $code, $re) = @$_;
    $m = $c->call($method, $params);
    is($m->{error}{code}, $code, "$method: $code");
    like($m->{error}{message}, $re, 'its text');
}

for (['{', -32700], ['', -32700], ['[]', -32600], ['1', -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['{"id":1,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\u0000"}}',
        -32602])
{
    my ($text, $code) = @$_;
    $c->raw($text);
    is($c->next->{error}{code}, $code, "$text: $code");
}

# what is not answered

$c->raw('{"jsonrpc":"2.0","id":1,"result":{}}');
$c->raw('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}');
$c->send('notifications/nope', undef, notify => 1);
$c->send('tools/call', CC::Mcp::execute_params('echo no'), notify => 1);
$c->send('notifications/cancelled', { requestId => 'unknown' }, notify => 1);
$c->send('notifications/cancelled', {}, notify => 1);
is_deeply($c->call('ping', undef, id => 'next')->{result}, {},
    'answers, notifications and unknown cancellations are not answered');
is(scalar @{ $c->{queue} }, 0, 'nothing else came');

# lists that are empty

is_deeply($c->call('prompts/list')->{result}, { prompts => [] }, 'prompts');
is_deeply($c->call('resources/list')->{result}, { resources => [] },
    'resources');
is_deeply($c->call('resources/templates/list')->{result},
    { resourceTemplates => [] }, 'resource templates');
is_deeply($c->call('completion/complete', { ref => { type => 'ref/prompt',
    name => 'x' }, argument => { name => 'a', value => 'b' } })->{result},
    { completion => { values => [], total => 0,
        hasMore => JSON::PP::false } }, 'completion');

# logging

is_deeply($c->call('logging/setLevel', { level => 'info' })->{result}, {},
    'logging/setLevel');
$c->execute('true');
my $log = $c->wait_for(sub { ($_[0]{method} // '') eq
    'notifications/message' });
is($log->{params}{level}, 'info', 'a log message');
is($log->{params}{data}{event}, 'started', 'that the command has started');
$c->call('logging/setLevel', { level => 'warning' });
$c->execute('true');
is(scalar @{ $c->{queue} }, 0, 'none below the level');

# the other era on the same connection

$m = $c->call('server/discover', { _meta => CC::Mcp::meta() });
is_deeply($m->{result}{supportedVersions}, ['2026-07-28'], 'discover');
is($m->{result}{resultType}, 'complete', 'resultType');
is($m->{result}{_meta}{'io.modelcontextprotocol/serverInfo'}{name},
    'ngx_cc_executor', 'serverInfo in _meta');
ok($m->{result}{ttlMs} >= 0 && $m->{result}{cacheScope} eq 'private',
    'how long it may be kept');
$m = $c->execute('echo modern', %{ CC::Mcp::meta() });
is($m->{result}{resultType}, 'complete', 'tools/call: resultType');
is($m->{result}{structuredContent}{stdout}, "modern\n", 'and its output');
$m = $c->call('tools/list', { _meta => CC::Mcp::meta() });
ok(defined $m->{result}{ttlMs}, 'tools/list: ttlMs');
for my $method (qw(ping initialize logging/setLevel)) {
    is($c->call($method, { _meta => CC::Mcp::meta() })->{error}{code}, -32601,
        "$method is gone");
}
$m = $c->call('tools/list', { _meta => CC::Mcp::meta(
    'io.modelcontextprotocol/protocolVersion' => '2030-01-01') });
is($m->{error}{code}, -32022, 'an unknown version');
is_deeply($m->{error}{data}, { supported => ['2026-07-28'],
    requested => '2030-01-01' }, 'which ones are known');
my $meta = CC::Mcp::meta();
delete $meta->{'io.modelcontextprotocol/clientCapabilities'};
is($c->call('tools/list', { _meta => $meta })->{error}{code}, -32602,
    'no clientCapabilities');
$m = $c->execute('true', %{ CC::Mcp::meta(
    'io.modelcontextprotocol/logLevel' => 'debug') });
ok($c->wait_for(sub { ($_[0]{method} // '') eq 'notifications/message' }),
    'log messages for a request that asks for them');
my $id = $c->send('subscriptions/listen', { _meta => CC::Mcp::meta(),
    notifications => { toolsListChanged => JSON::PP::true } });
$m = $c->next;
is($m->{method}, 'notifications/subscriptions/acknowledged', 'listen');
is_deeply($m->{params}, { _meta => {
    'io.modelcontextprotocol/subscriptionId' => $id }, notifications => {} },
    'nothing is honoured');
is_deeply($c->call('ping')->{result}, {}, 'the old era still works');

# a location with a list of programs

my $list = mcp(path => '/list');
my $tools = $list->call('tools/list')->{result}{tools};
like($tools->[0]{description},
    qr{no shell.*Only these programs.*/bin/echo, /bin/cat}s,
    'what is allowed is said');
is($list->execute('echo hi')->{result}{structuredContent}{stdout}, "hi\n",
    'what is allowed runs');
$r = $list->execute('rm -rf /')->{result};
ok($r->{isError}, 'what is not allowed is an error of the tool');
like($r->{content}[0]{text}, qr/'rm' is not on the allow-list/, 'it says so');
like($list->execute('echo a; echo b')->{result}{content}[0]{text},
    qr/operator ';' is not allowed without a shell/, 'operators');
$list->close;

# limits

my $few = mcp(path => '/few');
my $busy = $few->send('tools/call',
    CC::Mcp::execute_params('echo up; sleep 60', progressToken => 1));
$few->wait_for(sub { ($_[0]{method} // '') eq 'notifications/progress' });
$r = $few->execute('true')->{result};
ok($r->{isError}, 'beyond cc_executor_max_commands');
like($r->{content}[0]{text}, qr/limit of 1 commands/, 'it says so');
my $more = mcp(path => '/few');
is($more->ws->{status}, 503, 'beyond cc_executor_max_sessions: 503');
is($more->ws->header('Retry-After'), 5, 'Retry-After');
$few->close;

$c->ws->send_frame(CC::WebSocket::BINARY, '{}');
is($c->ws->read_close, 1003, 'a binary frame: 1003');
$c->close;

ok($t->wait_until(sub { $t->slurp('logs/cc.log') =~ m{^/few 101 mcp 1 }m }),
    'the access log knows dialect and commands');

$t->finish;
done_testing;
