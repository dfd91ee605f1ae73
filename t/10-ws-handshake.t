# The opening handshake: RFC 6455, section 4.2, and what else comes to the
# location.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC')->start;
location /limited { limit_except POST { deny all; }
    cc_executor on; cc_executor_allow any; }
location /if { if ($arg_x) { set $y 1; } cc_executor on;
    cc_executor_allow any; }
location /nested { cc_executor on; cc_executor_allow any;
    location /nested/inner { return 200 "inner\n"; } }
EOC

my @good = (
    'plain' => {},
    'upper case' => { Upgrade => 'WebSocket', Connection => 'UPGRADE' },
    'lists' => { Upgrade => 'foo, websocket',
        Connection => 'keep-alive, Upgrade' },
    'protocol' => { 'Sec-WebSocket-Protocol' => 'cc-executor' },
    'protocols' => { 'Sec-WebSocket-Protocol' => 'x, cc-executor' },
    'protocol headers' => { 'Sec-WebSocket-Protocol' =>
        ['x', 'cc-executor'] },
    'blanks around everything' => {
        'Sec-WebSocket-Key' => "\t  AAAAAAAAAAAAAAAAAAAAAA== \t ",
        'Sec-WebSocket-Version' => "\t13\t", Upgrade => "\t websocket \t",
        Connection => "\tkeep-alive\t,\t Upgrade\t" },
    'blanks around protocols' => {
        'Sec-WebSocket-Protocol' => "\tx y\t,,\t cc-executor \t" },
    'extension offered' => { 'Sec-WebSocket-Extensions' =>
        'permessage-deflate' },
);

while (my ($name, $headers) = splice @good, 0, 2) {
    my $ws = $t->ws(headers => $headers);
    is($ws->{status}, 101, "$name: 101");
    ok($ws->accept_ok, "$name: Sec-WebSocket-Accept");
    is($ws->header('Sec-WebSocket-Protocol'),
        $headers->{'Sec-WebSocket-Protocol'} ? 'cc-executor' : undef,
        "$name: protocol");
    is($ws->header('Sec-WebSocket-Extensions'), undef,
        "$name: no extension");
    like($ws->header('Upgrade') . $ws->header('Connection'),
        qr/^websocketupgrade$/i, "$name: Upgrade and Connection");
    $ws->close;
}

my @bad = (
    'no upgrade' => 426, { Upgrade => undef, Connection => undef },
    'another upgrade' => 426, { Upgrade => 'h2c' },
    'no Connection' => 400, { Connection => 'keep-alive' },
    'version 12' => 426, { 'Sec-WebSocket-Version' => 12 },
    'version 13.0' => 426, { 'Sec-WebSocket-Version' => '13.0' },
    'no version' => 426, { 'Sec-WebSocket-Version' => undef },
    'no key' => 400, { 'Sec-WebSocket-Key' => undef },
    'two keys' => 400, { 'Sec-WebSocket-Key' =>
        ['AAAAAAAAAAAAAAAAAAAAAA==', 'AAAAAAAAAAAAAAAAAAAAAA=='] },
    'short key' => 400, { 'Sec-WebSocket-Key' => 'AAAAAAAAAAAAAAAAAAA=' },
    'long key' => 400, { 'Sec-WebSocket-Key' => 'A' x 100 },
    'bad key' => 400, { 'Sec-WebSocket-Key' => '!' x 22 . '==' },
    'a blank in the key' => 400,
        { 'Sec-WebSocket-Key' => 'AAAAAAAAAAA AAAAAAAAAAA==' },
    (map { ("protocol $_" => 400, { 'Sec-WebSocket-Protocol' => $_ }) }
        'MCP', 'Mcp', 'x mcp', 'mcp x', 'CC-Executor', 'cc-executor mcp',
        'x cc-executor, cc-executor x', 'mcpx', 'mc', '"mcp"'),
    'unknown protocol' => 400, { 'Sec-WebSocket-Protocol' => 'chat' },
    'body' => 400, { 'Content-Length' => 3 },
    'Origin' => 403, { Origin => 'http://localhost' },
    'Origin null' => 403, { Origin => 'null' },
    'Origin empty' => 403, { Origin => '' },
);

while (my ($name, $status, $headers) = splice @bad, 0, 3) {
    my $ws = $t->ws(headers => $headers,
        ($headers->{'Content-Length'} ? (after => 'abc') : ()));
    is($ws->{status}, $status, "$name: $status");
    is($ws->header('Upgrade') // '', $status == 426 ? 'websocket' : '',
        "$name: Upgrade");
    is($ws->header('Sec-WebSocket-Version') // '',
        $status == 426 ? '13' : '', "$name: Sec-WebSocket-Version");
    ok(length $ws->{body}, "$name: says why");
    $ws->close;
}

for my $method (qw(PUT DELETE OPTIONS PATCH)) {
    my $ws = $t->ws(method => $method);
    is($ws->{status}, 405, "$method: 405");
    is($ws->header('Allow'), 'GET, POST, DELETE', "$method: Allow");
    $ws->close;
}

my $ws = $t->ws(method => 'HEAD');
is($ws->{status}, 405, 'HEAD: 405');
$ws = $t->ws(version => 'HTTP/1.0');
is($ws->{status}, 400, 'HTTP/1.0: 400');

# the handshake and the first frames in one packet, and byte by byte

my $execute = CC::WebSocket::frame(1,
    '{"jsonrpc":"2.0","id":1,"method":"execute",'
    . '"params":{"command":"echo hi"}}');

$ws = $t->ws(after => $execute . $execute);
is($ws->{status}, 101, 'pipelined: 101');
my @got;
while (my $f = $ws->read_frame) {
    push @got, $f->{data};
    last if grep({ /process\.completed/ } @got) == 2;
}
is(scalar grep({ /"data":"hi\\n"/ } @got), 2,
    'pipelined: both frames behind the handshake ran');
$ws->close;

$ws = $t->ws(raw => 1);
$ws->dribble($ws->request . $execute);
is($ws->read_head, 101, 'one byte at a time: 101');
@got = ();
while (my $f = $ws->read_frame) {
    push @got, $f->{data};
    last if $f->{data} =~ /process\.completed/;
}
is(scalar grep({ /"data":"hi\\n"/ } @got), 1, 'one byte at a time: it ran');
$ws->close;

# the location's own rules

is($t->ws(path => '/limited')->{status}, 403, 'limit_except denies GET');
is($t->ws(path => '/limited', method => 'POST')->{status}, 415,
    'limit_except keeps the handler');
is($t->ws(path => '/if?x=1')->{status}, 101, 'an "if" keeps the handler');
is($t->ws(path => '/nested/inner')->{status}, 200,
    'a nested location is its own');
is($t->ws(path => '/other')->{status}, 200, 'other locations are as before');

$t->finish;
done_testing;
