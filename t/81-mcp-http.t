# Streamable HTTP: status codes and headers of both eras, bodies in any shape,
# answers as JSON and as event streams, clients that go away.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(
    http => 'client_max_body_size 0; log_format cc "$request_method $status'
        . ' $cc_executor_dialect $cc_executor_commands $cc_executor_bytes_out";'
        . ' access_log %%DIR%%/logs/cc.log cc;',
    server => 'location /small { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_max_message 1024; }'
        . ' location /one { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_max_sessions 1; }'
        . ' location /slow { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; client_body_timeout 1s;'
        . ' send_timeout 1s; }',
)->start;

my $h = CC::Http->new(port => $t->port);

sub request {
    my ($method, $params, %o) = @_;
    return { jsonrpc => '2.0', method => $method,
        ($params ? (params => $params) : ()),
        (exists $o{id} ? (defined $o{id} ? (id => $o{id}) : ()) : (id => 1)) };
}

sub execute { return request('tools/call', CC::Mcp::execute_params(@_)) }

# a modern request with its headers
sub modern {
    my ($method, $params, %headers) = @_;
    $params = { %{ $params // {} }, _meta => CC::Mcp::meta(
        %{ ($params // {})->{_meta} // {} }) };
    my %h = ('MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => $method,
        ($params->{name} ? ('Mcp-Name' => $params->{name}) : ()), %headers);
    return (request($method, $params), headers => \%h);
}

# the old era

my $r = $h->post(request('initialize', { protocolVersion => '2025-11-25',
    capabilities => {}, clientInfo => { name => 'x', version => '1' } }));
is($r->{status}, 200, 'initialize');
is($r->{type}, 'application/json', 'a JSON answer');
is($r->{message}{result}{protocolVersion}, '2025-11-25', 'the version');
like($r->{head}, qr/^Mcp-Session-Id: /m, 'a session, see t/87-mcp-sessions.t');
like($r->{head}, qr/^Content-Length: /m, 'its length is known');

$r = $h->post(request('notifications/initialized', undef, id => undef));
is($r->{status}, 202, 'a notification: 202');
is($r->{data}, '', 'without a body');
like($r->{head}, qr/^Content-Length: 0\r/m, 'and it says so');
is($h->post({ jsonrpc => '2.0', id => 1, result => {} })->{status}, 202,
    'an answer: 202');
is($h->post(request('notifications/cancelled', { requestId => 1 },
    id => undef))->{status}, 202, 'a cancellation: 202');

$r = $h->post(request('ping'), headers => {
    'MCP-Protocol-Version' => '2025-06-18' });
is_deeply($r->{message}{result}, {}, 'ping, a known version');
$r = $h->post(request('ping'), headers => { 'MCP-Protocol-Version' => '1.0' });
is($r->{status}, 400, 'an unknown version: 400');
is($r->{message}{error}{code}, -32022, 'and -32022');
is($h->post(request('nope'))->{status}, 200, 'an unknown method: 200');
is($r->{message}{id}, 1, 'the id of the request');

$r = $h->post(execute('echo out; echo err >&2; exit 3'));
is($r->{status}, 200, 'tools/call');
is($r->{type}, 'application/json', 'a quick one: JSON');
is($r->{message}{result}{structuredContent}{exit_code}, 3, 'its result');

$r = $h->post(execute('for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done',
    progressToken => 'a"b'));
is($r->{type}, 'text/event-stream', 'with progress: an event stream');
like($r->{head}, qr/^X-Accel-Buffering: no\r/m, 'that nobody buffers');
like($r->{head}, qr/^Cache-Control: no-cache\r/m, 'or keeps');
my @p = @{ $r->{messages} };
my $last = pop @p;
ok(@p >= 2, 'some progress') or diag scalar @p;
is_deeply([grep { $_->{method} ne 'notifications/progress'
    || $_->{params}{progressToken} ne 'a"b' } @p], [], 'with its token');
my @values = map { $_->{params}{progress} } @p;
is_deeply([sort { $a <=> $b } @values], \@values, 'it increases');
is(scalar(keys %{ { map { $_ => 1 } @values } }), scalar @values, 'always');
like($p[-1]{params}{message}, qr/line \d$/, 'with the newest output');
is($last->{result}{structuredContent}{stdout_bytes}, 35,
    'and the result, last');
is($h->post(execute('echo quick', progressToken => 1))->{type},
    'application/json', 'a quick call with a token is JSON all the same');

# the old era, errors

for (['{', 400, -32700], ['', 400, -32700], ['[]', 400, -32600],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600],
    ['"x"', 400, -32600], ['{"jsonrpc":"2.0","id":1}', 400, -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ['{"id":1,"method":"ping"}', 400, -32600],
    ["{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", 400, -32700],
    ["{\"jsonrpc\":\"2.0\",\"id\":\"\xe4", 400, -32700])
{
    my ($body, $status, $code) = @$_;
    $r = $h->post($body);
    is($r->{status}, $status, "'$body': $status");
    is($r->{message}{error}{code}, $code, "'$body': $code");
    $h = CC::Http->new(port => $t->port) if $h->{conn}{eof};
}
is($h->post(request('tools/call', { name => 'x' }))->{status}, 200,
    'an unknown tool: 200');

# headers

for (['text/plain', 415], [undef, 415], ['application/jsonp', 415],
    ['application/x-www-form-urlencoded', 415], ['multipart/form-data', 415],
    ['application/json; charset=utf-8', 200], ['Application/JSON', 200])
{
    my ($type, $status) = @$_;
    $r = $h->post(request('ping'), headers => { 'Content-Type' => $type });
    is($r->{status}, $status, ($type // 'no Content-Type') . ": $status");
    is($r->{message}{error}{code}, -32600, 'as a JSON-RPC error')
        if $status != 200;
}
is($h->post(request('ping'), headers => { 'Content-Encoding' => 'gzip' })
    ->{status}, 415, 'Content-Encoding: 415');
for (['application/json', 200], ['text/event-stream', 406], ['text/html', 406],
    ['*/*', 200], [undef, 200], ['application/*, text/*', 200],
    ['text/event-stream;q=0.5,application/json;q=0.9', 200],
    [['application/json', 'text/event-stream'], 200])
{
    my ($accept, $status) = @$_;
    is($h->post(request('ping'), headers => { Accept => $accept })->{status},
        $status, 'Accept: ' . (ref $accept ? 'two' : $accept // 'none')
        . ": $status");
}
for my $method (qw(DELETE PUT OPTIONS)) {
    $r = $h->post('', method => $method);
    is($r->{status}, 405, "$method: 405");
    like($r->{head}, qr/^Allow: GET, POST, DELETE\r/m, "$method: Allow");
    unlike($r->{head}, qr/Access-Control/, "$method: no CORS");
}
for my $accept ('text/event-stream', 'text/event-stream;q=0.9, */*;q=0.1') {
    $h->write("GET /ws/mcp HTTP/1.1\r\nHost: localhost\r\n"
        . "Accept: $accept\r\n\r\n");
    $r = $h->read_head;
    $h->next;
    is($r->{status}, 405, "GET of an event stream, $accept: 405");
    $h->write("GET /ws/mcp HTTP/1.1\r\nHost: localhost\r\n"
        . "Accept: $accept\r\nLast-Event-ID: 1\r\n\r\n");
    $r = $h->read_head;
    is($h->next->{error}{code}, -32600, 'behind an event that nobody knows:');
    is($r->{status}, 400, 'a bad request');
}
$h->write("GET /ws/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n");
$r = $h->read_head;
$h->next;
is($r->{status}, 426, 'any other GET: 426');
is($h->post(request('ping'), headers => { Origin => 'http://evil.example' })
    ->{status}, 403, 'a foreign Origin: 403');
is($h->post(request('ping'), headers => { Host => 'evil.example' })->{status},
    421, 'a foreign Host: 421');

# the new era

$r = $h->post(modern('server/discover'));
is($r->{status}, 200, 'server/discover');
is_deeply($r->{message}{result}{supportedVersions}, ['2026-07-28'],
    'the versions');
$r = $h->post(modern('tools/list'));
is($r->{message}{result}{tools}[0]{name}, 'execute', 'tools/list');
$r = $h->post(modern('tools/call', CC::Mcp::execute_params('echo new')));
is($r->{message}{result}{structuredContent}{stdout}, "new\n", 'tools/call');
is($r->{message}{result}{resultType}, 'complete', 'resultType');
is($h->post(modern('tools/call', CC::Mcp::execute_params('echo new'),
    'Mcp-Name' => '=?base64?ZXhlY3V0ZQ==?='))->{status}, 200,
    'Mcp-Name in base64');
is($h->post(modern('tools/list', {}, 'Mcp-Session-Id' => 'x',
    'Last-Event-ID' => 'x'))->{status}, 200, 'other headers are ignored');

for my $method (qw(initialize ping logging/setLevel nope)) {
    $r = $h->post(modern($method));
    is($r->{status}, 404, "$method: 404");
    is($r->{message}{error}{code}, -32601, "$method: -32601");
    is($r->{message}{id}, 1, "$method: its id");
}

my %call = %{ CC::Mcp::execute_params('echo new') };
for (['no MCP-Protocol-Version', 'tools/list', {},
        { 'MCP-Protocol-Version' => undef }],
    ['another MCP-Protocol-Version', 'tools/list', {},
        { 'MCP-Protocol-Version' => '2025-11-25' }],
    ['no Mcp-Method', 'tools/list', {}, { 'Mcp-Method' => undef }],
    ['another Mcp-Method', 'tools/list', {}, { 'Mcp-Method' => 'tools/call' }],
    ['Mcp-Method in other case', 'tools/list', {},
        { 'Mcp-Method' => 'Tools/List' }],
    ['no Mcp-Name', 'tools/call', \%call, { 'Mcp-Name' => undef }],
    ['another Mcp-Name', 'tools/call', \%call, { 'Mcp-Name' => 'other' }],
    ['broken Mcp-Name', 'tools/call', \%call,
        { 'Mcp-Name' => '=?base64?!!!?=' }],
    ['two of them', 'tools/list', {},
        { 'Mcp-Method' => ['tools/list', 'tools/list'] }])
{
    my ($name, $method, $params, $headers) = @$_;
    $r = $h->post(modern($method, $params, %$headers));
    is($r->{status}, 400, "$name: 400");
    is($r->{message}{error}{code}, -32020, "$name: -32020");
}

$r = $h->post(modern('tools/list', { _meta => {
    'io.modelcontextprotocol/protocolVersion' => '2030-01-01' } },
    'MCP-Protocol-Version' => '2030-01-01'));
is($r->{status}, 400, 'an unknown version: 400');
is($r->{message}{error}{code}, -32022, 'and -32022');
is_deeply($r->{message}{error}{data}, { requested => '2030-01-01',
    supported => ['2026-07-28'] }, 'with what is known');
$r = $h->post(request('tools/list'), headers => {
    'MCP-Protocol-Version' => '2026-07-28' });
is($r->{status}, 400, 'a modern header without _meta: 400');
is($r->{message}{error}{code}, -32602, 'and -32602');
$r = $h->post(modern('tools/list', { _meta => {
    'io.modelcontextprotocol/clientCapabilities' => 1 } }));
is($r->{status}, 400, 'capabilities that are none: 400');
is($r->{message}{error}{code}, -32602, 'and -32602');
is($h->post({ jsonrpc => '2.0', method => 'notifications/cancelled',
    params => { requestId => 1, _meta => CC::Mcp::meta() } }, headers => {
    'MCP-Protocol-Version' => '2026-07-28' })->{status}, 202,
    'a modern notification: 202');
is($h->post({ jsonrpc => '2.0', method => 'notifications/cancelled',
    params => { requestId => 1 } }, headers => { 'Mcp-Method' => 'x',
    'MCP-Protocol-Version' => '2026-07-28' })->{status}, 400,
    'with another Mcp-Method: 400');

# arguments that hold a NUL: a result, also in the new era

my ($nul, %as) = modern('tools/call', CC::Mcp::execute_params({ command => 'cat',
    stdin => "a\0b" }));
for my $headers ({}, $as{headers}) {
    $r = $h->post($nul, headers => $headers);
    is($r->{status}, 200, 'a NUL in stdin: 200');
    like($r->{message}{result}{content}[0]{text}, qr/stdin_base64/, 'and what to do');
    is($r->{message}{result}{resultType}, 'complete', 'in its era');
}

# log messages, when they are asked for

$r = $h->post(modern('tools/call', { %call, _meta => {
    'io.modelcontextprotocol/logLevel' => 'info' } }));
is($r->{type}, 'text/event-stream', 'log messages make a stream');
is($r->{messages}[0]{method}, 'notifications/message', 'a log message');
is($r->{message}{result}{structuredContent}{stdout}, "new\n", 'the result');
is($h->post(modern('tools/call', { %call, _meta => {
    'io.modelcontextprotocol/logLevel' => 'loud' } }))->{message}{error}{code},
    -32602, 'no such level');

# subscriptions/listen: acknowledged, and open until the client goes

my $listen = CC::Http->new(port => $t->port);
$listen->send(modern('subscriptions/listen', { notifications => {
    toolsListChanged => JSON::PP::true } }));
$r = $listen->read_head;
is($r->{type}, 'text/event-stream', 'listen: a stream');
my $m = $listen->next;
is($m->{method}, 'notifications/subscriptions/acknowledged', 'acknowledged');
is($m->{params}{_meta}{'io.modelcontextprotocol/subscriptionId'}, 1, 'its id');
is($listen->next(0.5), undef, 'nothing follows');
ok(!$listen->{conn}{eof}, 'and it stays open');
$listen->close;
is($h->post(modern('subscriptions/listen'))->{message}{error}{code}, -32602,
    'listen to what?');

# long output

$r = $h->post(execute({ command => 'seq 1 200000',
    max_output_bytes => 2_000_000 }));
my $all = join '', map { "$_\n" } 1 .. 200000;
my $text = $r->{message}{result}{content}[0]{text};
ok($r->{message}{result}{structuredContent}{stdout} eq $all,
    '1.3 MB, all of it');
ok(substr($text, 0, length $all) eq $all, 'in both forms');
like(substr($text, length $all), qr/^\[exit code 0, /, 'and how it ended');
ok($r->{chunked}, 'in chunks');

# bodies: in one piece, byte by byte, chunked, with a wait in between

my $body = $CC::Mcp::json->encode(execute('echo bytes'));
my $slow = CC::Http->new(port => $t->port);
$slow->{conn}->dribble($slow->head(length => length $body) . $body);
$slow->read_head;
is($slow->next->{result}{structuredContent}{stdout}, "bytes\n",
    'byte by byte');
my $chunked = join('', map { sprintf "%x\r\n%s\r\n", length $_, $_ }
    $body =~ /(.{1,7})/gs) . "0\r\n\r\n";
$slow->write($slow->head(headers => { 'Transfer-Encoding' => 'chunked' })
    . $chunked);
$slow->read_head;
is($slow->next->{result}{structuredContent}{stdout}, "bytes\n", 'chunked');
$slow->write($slow->head(length => length $body, headers => {
    Expect => '100-continue' }));
is($slow->read_head->{status}, 100, 'Expect: 100-continue');
$slow->write($body);
is($slow->read_head->{status}, 200, 'and the body then');
is($slow->next->{result}{structuredContent}{stdout}, "bytes\n", 'is served');
$slow->write($slow->head(length => length $body) . $body
    . $slow->head(length => length $body) . $body);
for (1, 2) {
    $slow->read_head;
    is($slow->next->{result}{structuredContent}{stdout}, "bytes\n",
        "pipelined: $_");
}
my $big = 'x' x 800_000;
$r = $slow->post(execute({ command => 'wc -c', stdin => $big }));
like($r->{message}{result}{structuredContent}{stdout}, qr/800000/,
    'a body of 800 KB');
$slow->close;

# bodies that are too large, by header and by count

my $small = CC::Http->new(port => $t->port, path => '/small');
is($small->post(execute('echo fits'))->{status}, 200, 'a small one fits');
$r = $small->post(execute('x' x 1100));
is($r->{status}, 413, 'too large: 413');
is($r->{message}{error}{code}, -32600, 'as a JSON-RPC error');
like($r->{head}, qr/^Connection: close\r/m,
    'the connection is closed, as nginx does it');
$small->close;
$small = CC::Http->new(port => $t->port, path => '/small');
$body = 'x' x 600;
$small->write($small->head(headers => { 'Transfer-Encoding' => 'chunked' })
    . sprintf("%x\r\n%s\r\n", length $body, $body) x 2);
$r = $small->read_head;
is($r->{status}, 413, 'too large, without a length: 413');
like($r->{head}, qr/^Connection: close\r/m, 'the connection will be closed');
ok($small->next->{error}, 'as a JSON-RPC error');
$small->close;

# a client that sends too slowly, or not at all

$slow = CC::Http->new(port => $t->port, path => '/slow');
$slow->write($slow->head(length => 1000) . '{"jsonrpc"');
is(($slow->read_head(10) // {})->{status}, undef, 'it is not waited for');
ok($slow->{conn}{eof}, 'the connection ends');

# sessions

my $one = CC::Http->new(port => $t->port, path => '/one');
$one->send(execute('echo up; sleep 60', progressToken => 1));
$one->read_head;
$one->next;
my $two = CC::Http->new(port => $t->port, path => '/one');
$r = $two->post(request('ping'));
is($r->{status}, 503, 'one session too many: 503');
like($r->{head}, qr/^Retry-After: \d+\r/m, 'Retry-After');
$one->close;
ok($t->wait_until(sub { $two->post(request('ping'))->{status} == 200 }),
    'its place is free when it has gone');

# clients that go away, at every stage: nothing is left running

sub sleeps { return grep { CC::Nginx::title($_) =~ /^sleep 4711/ }
    map { m{/proc/(\d+)} } glob '/proc/[0-9]*' }

for my $stage (0 .. 4) {
    my $a = CC::Http->new(port => $t->port);
    my $text = $CC::Mcp::json->encode(execute(
        'echo up; sleep 4711', progressToken => 1));
    $a->write($a->head(length => length $text)) if $stage > 0;
    $a->write(substr $text, 0, 30) if $stage > 1;
    $a->write(substr $text, 30) if $stage > 2;
    if ($stage == 3) {
        ok($t->wait_until(sub { sleeps() }), 'it runs');
    } elsif ($stage == 4) {
        $a->read_head;
        is($a->next->{method}, 'notifications/progress', 'its stream');
    }
    $a->close;
    ok($t->wait_until(sub { !sleeps() }), "gone at stage $stage");
}

# a client that does not read: the command ends, nothing piles up

$slow = CC::Http->new(port => $t->port, path => '/slow');
$slow->send(execute({ command => 'head -c 12000000 /dev/zero | tr "\0" x',
    max_output_bytes => 16_000_000 }));
ok($t->wait_until(sub { $t->log =~ /the client reads nothing/ }, 20),
    'a client that takes nothing is given up');
$slow->close;

# more than 100 requests on one connection, all answered

$h = CC::Http->new(port => $t->port);
is(scalar(grep { $h->post(execute("echo $_"))->{message}{result}
    {structuredContent}{stdout} eq "$_\n" } 1 .. 150), 150,
    '150 calls on one connection');

ok($t->wait_until(sub { $t->slurp('logs/cc.log') =~ /^POST 200 mcp 1 \d+$/m }),
    'the access log knows dialect, commands and bytes');

$t->finish;
done_testing;
