# What a POST is told when it is refused, by us or by nginx's own directives: a
# JSON-RPC error with the reason; unless the operator has a page for it.  And
# clients that take JSON only.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(
    http => 'limit_req_zone $server_name zone=one:1m rate=1r/m;'
        . ' limit_conn_zone $server_name zone=conn:1m;'
        . ' auth_basic_user_file %%DIR%%/htpasswd;'
        . ' ssl_certificate %%DIR%%/cert.pem;'
        . ' ssl_certificate_key %%DIR%%/key.pem;',
    server => <<'EOC');
listen 127.0.0.1:%%PORT_2%% ssl http2;
cc_executor_allow any;
cc_executor_shell /bin/sh;
location /token { cc_executor on; cc_executor_token_file tokens; }
location /basic { auth_basic "people"; cc_executor on; }
location /deny { deny all; cc_executor on; }
location /req { limit_req zone=one; cc_executor on; }
location /req429 { limit_req zone=one; limit_req_status 429; cc_executor on; }
location /small { cc_executor on; cc_executor_max_message 1024; }
location /body { client_max_body_size 100; cc_executor on; }
location /full { cc_executor on; cc_executor_max_sessions 1; }
location /if { if ($http_teapot) { return 418; } cc_executor on; }
location /if-text { if ($http_teapot) { return 403 "<b>no</b>"; }
    cc_executor on; }
location /pages { error_page 401 403 406 413 415 421 503 /page;
    cc_executor on; cc_executor_token_file tokens; cc_executor_max_sessions 1;
    cc_executor_max_message 1024; }
location /named { error_page 403 = @page; cc_executor on; }
location /again { error_page 403 @served; cc_executor on; }
location @served { cc_executor on; cc_executor_remote trust; }
location /self { error_page 403 /self-page; cc_executor on; }
location /self-page { cc_executor on; }
location /page { internal; return 200 "<p>page of the operator"; }
location @page { return 200 "named page"; }
EOC
my $dir = $t->dir;
chomp(my $token = `$CC::Nginx::ROOT/conf/cc-token ci '$dir/tokens'`);
open my $f, '>', "$dir/htpasswd" or die $!;
print $f "agent:{PLAIN}secret\n";
close $f;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    . "-keyout '$dir/key.pem' -out '$dir/cert.pem' 2>/dev/null") == 0
    or die 'openssl';
$t->start;

my $ping = { jsonrpc => '2.0', id => 1, method => 'ping' };
my $long = { %$ping, params => { x => 'y' x 2000 } };
my $h = CC::Http->new(port => $t->port);

sub post {
    my ($path, $headers, $body) = @_;
    my $r = $h->post($body // $ping, path => $path, headers => $headers // {});
    $h = CC::Http->new(port => $t->port)
        if $h->{conn}{eof} || $r->{head} =~ /^Connection: close/mi;
    return $r;
}

sub header { my ($r, $name) = @_;
    return $r->{head} =~ /^\Q$name\E: *(.*?)\r$/mi ? $1 : undef }

sub bearer { return (Authorization => "Bearer $_[0]") }

my $held = $t->client(path => '/full');
is(post('/req')->{status}, 200, 'the one request that limit_req lets in');

for (
    ['/ws/mcp', { Origin => 'http://evil.example' }, undef, 403, -32600,
        qr/^cc_executor_allowed_origins does not list "http:\/\/evil\.example"$/],
    ['/ws/mcp', { Origin => qq(http://"\\\xe9) }, undef, 403, -32600,
        qr/^cc_executor_allowed_origins does not list "http:\/\/\\x22\\x5C\\xE9"$/],
    ['/ws/mcp', { Host => 'evil.example' }, undef, 421, -32600,
        qr/^cc_executor_allowed_hosts does not list "evil\.example"$/],
    ['/ws/mcp', { Via => '1.1 x' }, undef, 403, -32600,
        qr/^the request was forwarded by "127\.0\.0\.1"$/],
    ['/token', {}, undef, 401, -32600,
        qr/token .* required, none was sent: send "Authorization: Bearer TOKEN"$/],
    ['/token', { bearer('A' x 43) }, undef, 401, -32600,
        qr/token .* required, the one sent is unknown, or there are several$/],
    ['/ws/mcp', { 'Content-Type' => 'text/plain' }, undef, 415, -32600,
        qr/^Content-Type must be application\/json/],
    ['/ws/mcp', { Accept => 'text/html' }, undef, 406, -32600,
        qr/^Accept must list application\/json/],
    ['/small', {}, $long, 413, -32600, qr/longer than cc_executor_max_message$/],
    ['/body', {}, $long, 413, -32600, qr/longer than client_max_body_size$/],
    ['/full', {}, undef, 503, -32001, qr/^the limit of 1 sessions is reached$/],
    ['/basic', {}, undef, 401, -32600, qr/WWW-Authenticate says/],
    ['/deny', {}, undef, 403, -32600, qr/^access is denied by the server's/],
    ['/req', {}, undef, 503, -32001, qr/limits requests or connections/],
    ['/req429', {}, undef, 429, -32001, qr/^too many requests/],
    ['/if', { Teapot => 1 }, undef, 418, -32600, qr/^the server refuses/],
    ['/self', { Origin => 'http://evil.example' }, undef, 403, undef, undef],
) {
    my ($path, $headers, $body, $status, $code, $text) = @$_;
    my $name = "$path, $status"
        . join '', map { ", $_ $headers->{$_}" =~ s/[^ -~]/?/gr } keys %$headers;
    my $r = post($path, $headers, $body);
    is($r->{status}, $status, $name);
    next if !defined $code;
    is($r->{type}, 'application/json', "$name: JSON");
    is($r->{message}{jsonrpc}, '2.0', "$name: JSON-RPC");
    ok(exists $r->{message}{id} && !defined $r->{message}{id},
        "$name: id null");
    is($r->{message}{error}{code}, $code, "$name: $code");
    like($r->{message}{error}{message}, $text, "$name: why");
}

# headers

is(header(post('/token'), 'WWW-Authenticate'), 'Bearer realm="cc_executor"',
    'no token: who asks');
is(header(post('/token', { bearer('A' x 43) }), 'WWW-Authenticate'),
    'Bearer realm="cc_executor", error="invalid_token", error_description='
    . '"exactly one token is required, and it must be known here"',
    'a wrong token: what is wrong');
is(header(post('/basic'), 'WWW-Authenticate'), 'Basic realm="people"',
    'auth_basic: its own');
is(header(post('/full'), 'Retry-After'), '5', 'too many sessions: Retry-After');

# one connection serves on behind refusals

$h = CC::Http->new(port => $t->port);
for (1 .. 3) {
    is($h->post($ping, headers => { Via => 'x' })->{status}, 403, 'refused');
    is($h->post($ping)->{status}, 200, 'and served');
}

# HTTP/2

my $said = `curl -sk --http2 -H 'Content-Type: application/json' -H 'Via: x' \\
    -d '{}' -w ' %{http_code} %{http_version} %{content_type}' \\
    https://localhost:@{[$t->port(2)]}/ws/mcp`;
like($said, qr/^\{"jsonrpc":"2\.0","id":null,.*\}\} 403 2 application\/json$/,
    'HTTP/2');

# who asks for a WebSocket, and other locations, have what they had

my $ws = $t->ws(headers => { Via => 'x' });
is($ws->{status}, 403, 'a handshake, refused');
like($ws->header('Content-Type'), qr/^text\/html/, 'has nginx\'s page');
my $r = post('/nowhere');
is($r->{status}, 404, 'another location');
is($r->{type}, 'text/html', 'has it, too');
$r = post('/if-text', { Teapot => 1 });
is($r->{data}, '<b>no</b>', 'and a text of the operator is his own');

# a page of the operator wins

$ws = $t->client(path => '/pages', headers => { bearer($token) });
for (
    [401, {}], [403, { Via => 'x' }], [406, { Accept => 'a/b' }],
    [415, { 'Content-Type' => 'a/b' }], [421, { Host => 'evil.example' }],
    [413, {}, $long], [503, {}],
) {
    my ($status, $headers, $body) = @$_;
    $r = post('/pages', { ($status == 401 ? () : bearer($token)), %$headers },
        $body);
    is("$r->{status} $r->{data}", "$status <p>page of the operator",
        "error_page $status");
}
$ws->close;
$r = post('/named', { Via => 'x' });
is("$r->{status} $r->{data}", '200 named page', 'error_page = @named');

# a page that is a location of ours answers for itself, whatever status it has

$h = CC::Http->new(port => $t->port);
$r = $h->post($ping, path => '/again', headers => { Via => 'x' });
is("$r->{status} $r->{data}", '403 {"jsonrpc":"2.0","id":1,"result":{}}',
    'error_page @served');
$r = $h->post({ jsonrpc => '2.0', method => 'notifications/initialized' },
    path => '/again', headers => { Via => 'x' });
is("$r->{status} $r->{data}", '403 ', 'an answer without a body');
is($h->post($ping)->{status}, 200, 'and the connection serves on');

# JSON only: the answer, and nothing before it

my %json = (headers => { Accept => 'application/json' });
$h = CC::Http->new(port => $t->port);
$r = $h->post({ %$ping, method => 'tools/call', params =>
    CC::Mcp::execute_params('for i in 1 2 3 4 5; do echo line $i; sleep 0.2; '
        . 'done', progressToken => 'x') }, %json);
is($r->{status}, 200, 'Accept: application/json');
is($r->{type}, 'application/json', 'JSON, though progress was asked for');
is(scalar @{ $r->{messages} }, 1, 'one message');
is($r->{message}{result}{structuredContent}{stdout_bytes}, 35, 'the result');
my %modern = (Accept => 'application/json',
    'MCP-Protocol-Version' => '2026-07-28');
$r = $h->post({ %$ping, method => 'tools/call', params => {
    %{ CC::Mcp::execute_params('echo new') }, _meta => CC::Mcp::meta(
        'io.modelcontextprotocol/logLevel' => 'debug') } },
    headers => { %modern, 'Mcp-Method' => 'tools/call',
        'Mcp-Name' => 'execute' });
is($r->{type}, 'application/json', 'nor log messages');
is($r->{message}{result}{structuredContent}{stdout}, "new\n", 'the result');
$r = $h->post({ %$ping, method => 'subscriptions/listen', params => {
    notifications => {}, _meta => CC::Mcp::meta() } },
    headers => { %modern, 'Mcp-Method' => 'subscriptions/listen' });
is($r->{status}, 406, 'a stream for who takes none: 406');
is($r->{message}{id}, 1, 'with its id');
like($r->{message}{error}{message}, qr/text\/event-stream/, 'and why');

$held->close;
$t->finish;

# a reload that fails makes nginx's chain of filters anew; workers born later
# refuse as before

$t = CC::Nginx->new->start;
$t->allow(qr/none\.log" failed|exited on signal 9/, 2);
$t->write_config($t->config =~ s/access_log /access_log none\/none.log; $&/r);
$t->signal('HUP');
ok($t->wait_until(sub { $t->log =~ /none\.log" failed/ }), 'a reload fails');
my ($old) = $t->workers;
kill 'KILL', $old;
$t->wait_until(sub { my ($new) = $t->workers; $new && $new != $old });
$r = CC::Http->new(port => $t->port)->post('{}',
    headers => { 'Content-Type' => 'text/plain' });
is($r->{type}, 'application/json', 'the next worker refuses with JSON, too');
$t->finish;
done_testing;
