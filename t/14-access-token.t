# Tokens: cc_executor_token_file, Authorization: Bearer, the subprotocol item
# of browsers, conf/cc-token; and that no token ever stands in a log.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use CC::Http;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes %%WORKERS%%;
events { worker_connections 256; }
http {
    log_format all '$request $status $http_referer $cc_executor_owner';
    access_log %%DIR%%/logs/access.log all;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_token_file tokens;
    ssl_certificate %%DIR%%/cert.pem;
    ssl_certificate_key %%DIR%%/key.pem;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%PORT_2%% ssl http2;
        listen unix:%%DIR%%/unix.sock;
        server_name localhost;
        location /ws/mcp { cc_executor on; }
        location /remote { cc_executor on; cc_executor_remote token; }
        location /free { cc_executor on; cc_executor_token_file off; }
        location /empty { cc_executor on;
            cc_executor_token_file %%DIR%%/none; }
        location /error { cc_executor on; error_page 401 = /login; }
        location /login { return 200 "$cc_executor_owner\n"; }
    }
}
EOC
my $dir = $t->dir;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    . "-keyout '$dir/key.pem' -out '$dir/cert.pem' 2>/dev/null")
    == 0 or die 'openssl';

sub put {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f;
}

# the script

put('none', "# nobody yet\n");
chomp(my $token = `$root/conf/cc-token ci '$dir/tokens'`);
is($?, 0, 'cc-token');
like($token, qr/^[A-Za-z0-9_-]{43}$/, 'makes 256 bits of base64url');
chomp(my $second = `$root/conf/cc-token agent-2 '$dir/tokens'`);
is($t->slurp('tokens'), 'ci ' . sha256_hex($token) . "\nagent-2 "
    . sha256_hex($second) . "\n", 'and appends name and digest');
is((stat "$dir/tokens")[2] & 0777, 0600, 'to a file that is nobody else\'s');
chomp(my $twice = `$root/conf/cc-token twice '$dir/tokens'`);
isnt(system("$root/conf/cc-token ci '$dir/tokens' >/dev/null 2>&1"), 0,
    'a name is not given twice');
isnt(system("$root/conf/cc-token 'a b' '$dir/tokens' >/dev/null 2>&1"), 0,
    'a bad name is refused');
is(() = $t->slurp('tokens') =~ /\n/g, 3, 'and nothing was added');
my ($out, $line) = split /\n/, `$root/conf/cc-token x 2>&1 | sort -r`;
like("$out\n$line", qr/^x [0-9a-f]{64}$/m, 'without a file the line is shown');

$t->start;

sub connection {
    my ($headers, %o) = @_;
    return $t->ws(headers => $headers, %o);
}

sub status { return connection(@_)->{status} }

sub bearer { return { Authorization => "Bearer $_[0]" } }

# right ones, everywhere

my %way = (
    plain => {}, TLS => { port => $t->port(2), ssl => 1 },
    'unix socket' => { unix => "$dir/unix.sock" },
);
for my $way (sort keys %way) {
    my %o = %{ $way{$way} };
    is(status(bearer($token), %o), 101, "$way: a token");
    is(status(bearer($second), %o), 101, "$way: another one");
    is(status({ Authorization => "bEARER  $token" }, %o), 101,
        "$way: any case, any blanks");
    is(status({}, %o), 401, "$way: none");
    is(status(bearer('A' x 43), %o), 401, "$way: a wrong one");
    for my $protocols ("cc-executor, bearer.$token",
        "bearer.$token,cc-executor", ["bearer.$token", 'cc-executor'])
    {
        my $ws = connection({ 'Sec-WebSocket-Protocol' => $protocols }, %o);
        is($ws->{status}, 101, "$way: in the subprotocol list");
        is($ws->header('Sec-WebSocket-Protocol'), 'cc-executor',
            "$way: the dialect is echoed");
        unlike($ws->{head}, qr/bearer|\Q$token\E/, "$way: the token is not");
    }
}

# wrong ones

for (
    ['empty', { Authorization => '' }],
    ['a scheme alone', { Authorization => 'Bearer' }],
    ['a scheme and blanks', { Authorization => 'Bearer   ' }],
    ['no scheme', { Authorization => $token }],
    ['another scheme', { Authorization => "Token $token" }],
    ['a longer scheme', { Authorization => "Bearerx $token" }],
    ['a prefix', bearer(substr $token, 0, 42)],
    ['a longer one', bearer($token . 'A')],
    ['padding', bearer($token . '=')],
    ['its digest', bearer(sha256_hex($token))],
    ['its name', bearer('ci')],
    ['another case', bearer($token =~ tr/a-zA-Z/A-Za-z/r)],
    ['8-bit bytes', bearer("\xff" x 43)],
    ['a very long one', bearer('A' x 3000)],
    ['both tokens', bearer("$token, Bearer $second")],
    ['Basic', { Authorization => 'Basic ' . MIME::Base64::encode_base64(
        "ci:$token", '') }],
    ['a cookie', { Cookie => "token=$token; bearer=$token" }],
    ['another header', { 'X-Token' => $token, 'Proxy-Authorization' =>
        "Bearer $token" }],
    ['an empty item', { 'Sec-WebSocket-Protocol' => 'cc-executor, bearer.' }],
    ['a wrong item', { 'Sec-WebSocket-Protocol' =>
        'cc-executor, bearer.' . 'A' x 43 }],
    ['two ways', { %{ bearer($token) }, 'Sec-WebSocket-Protocol' =>
        "cc-executor, bearer.$token" }],
    ['two items', { 'Sec-WebSocket-Protocol' =>
        "cc-executor, bearer.$token, bearer.$second" }],
) {
    my ($name, $headers) = @$_;
    my $ws = connection($headers);
    is($ws->{status}, 401, "$name: 401");
    like($ws->header('WWW-Authenticate') // '', qr/^Bearer realm="[^"]+"/,
        "$name: WWW-Authenticate");
}
like(connection(bearer('A' x 43))->header('WWW-Authenticate'),
    qr/error="invalid_token"/, 'a wrong token is called so');
unlike(connection({})->header('WWW-Authenticate'), qr/error/,
    'a missing one is no error');
# (nginx refuses these itself, and logs them whole: this token is for nothing
# else)
isnt(status({ Authorization => ["Bearer $twice", "Bearer $twice"] }), 101,
    'two headers');
isnt(status({ Authorization => ["Bearer $twice", 'Bearer ' . 'A' x 43] }),
    101, 'two headers, one of them wrong');
for my $path ("?token=$second", "?access_token=$second", "/$second") {
    is(status({}, path => "/ws/mcp$path"), 401, 'never in the URL');
}
is(status({ 'Sec-WebSocket-Protocol' => "bearer.$token" }), 400,
    'a token alone names no dialect');

# every method is asked, and every version

for my $method (qw(GET POST PUT DELETE OPTIONS HEAD)) {
    is(status({}, method => $method), 401, "$method without: 401");
    is(status(bearer('A' x 43), method => $method), 401, "$method wrong: 401");
}
is(status({}, version => 'HTTP/1.0'), 401, 'HTTP/1.0 without: 401');
is(status(bearer($token), version => 'HTTP/1.0'), 400,
    'HTTP/1.0 with: needs 1.1');
sub h2 {
    my $c = join ' ', map { quotemeta } 'curl', '-sk', '--http2', '-o',
        '/dev/null', '-w', '%{http_code} %{http_version}', @_,
        'https://localhost:' . $t->port(2) . '/ws/mcp';
    return `$c`;
}
is(h2(), '401 2', 'HTTP/2 without: 401');
is(h2('-H', "Authorization: Bearer $token"), '400 2', 'HTTP/2 with: no WebSocket');

my $ws;

# Streamable HTTP: a POST without a token is not read, with one it is answered

sub list_tools {
    my (%headers) = @_;
    return CC::Http->new(port => $t->port)->post({ jsonrpc => '2.0', id => 1,
        method => 'tools/list' }, headers => \%headers);
}

is(list_tools()->{status}, 401, 'POST of a message without: 401');
is(list_tools(%{ bearer('A' x 43) })->{status}, 401, 'with a wrong one: 401');
is(list_tools(%{ bearer($token) })->{status}, 200, 'with a token: 200');
is(list_tools(%{ bearer($token) }, Origin => 'http://evil.example')->{status},
    403, 'a foreign page with a token: 403');
is(list_tools(%{ bearer($token) }, Origin => 'http://localhost:'
    . $t->port)->{status}, 200, 'a page of this server: 200');
is(list_tools(%{ bearer($token) }, Host => 'evil.example')->{status}, 421,
    'a rebound name: 421');
$ws = connection({ 'Sec-WebSocket-Protocol' => "mcp, bearer.$token" });
is($ws->{status}, 101, 'MCP over a WebSocket, as a browser');
is($ws->header('Sec-WebSocket-Protocol'), 'mcp', 'the dialect is echoed');

# other rules stay

is(status({ %{ bearer($token) }, Host => 'evil.example' }), 421,
    'a token does not replace Host');
is(status({ %{ bearer($token) }, Origin => 'http://evil.example' }), 403,
    'nor Origin');
is(status({ %{ bearer($token) }, Via => '1.1 x' }), 403,
    'nor cc_executor_remote');
is(status({ %{ bearer($token) }, Via => '1.1 x' }, path => '/remote'), 101,
    'which "token" opens');
is(status({ Via => '1.1 x' }, path => '/remote'), 401,
    'to those who have one');
is(status({}, path => '/remote'), 401, 'also on this machine');
is(status({}, path => '/free'), 101, '"off" takes the file back');
is(status({ Via => 1 }, path => '/free'), 403, 'and opens nothing else');
is(status(bearer($token), path => '/empty'), 401,
    'a file without tokens lets nobody in');
like($t->slurp('logs/stdout.log') . $t->log,
    qr/\[warn\].*none has no token: no client can connect/, 'and is warned of');
$ws = connection({}, path => '/error');
is($ws->{status}, 200, 'error_page for 401');
like($ws->{body}, qr/^addr:127\.0\.0\.1\n$/, 'where the variable is known');

# a browser

my $port = $t->port;
$ws = connection({ Host => "localhost:$port",
    Origin => "http://localhost:$port", 'User-Agent' => 'Mozilla/5.0',
    'Sec-WebSocket-Protocol' => "cc-executor, bearer.$token",
    'Sec-WebSocket-Extensions' => 'permessage-deflate; client_max_window_bits',
    'Sec-Fetch-Mode' => 'websocket', 'Sec-Fetch-Site' => 'same-origin',
    'Cache-Control' => 'no-cache', Cookie => 'a=b' });
is($ws->{status}, 101, 'a browser gets in');
is($ws->header('Sec-WebSocket-Protocol'), 'cc-executor', 'with its dialect');
my $page = $t->client(headers => { Origin => "http://localhost:$port",
    'Sec-WebSocket-Protocol' => "cc-executor, bearer.$second" });
is($page->run({ args => ['echo', 'page'] })->{stdout}, "page\n",
    'and runs commands');
$page->close;

# reload: the file is read again

my @before = $t->workers;
chomp(my $third = `$root/conf/cc-token third '$dir/tokens'`);
put('tokens', join '', grep { !/^ci / } map { "$_\n" }
    split /\n/, $t->slurp('tokens'));
my $held = $t->client(headers => bearer($token));
is(status(bearer($third)), 401, 'before the reload: not yet');
$t->signal('HUP');
ok($t->wait_until(sub { my %now = map { $_ => 1 } $t->workers;
    !grep { $now{$_} } @before }, 20), 'reload');
is(status(bearer($third)), 101, 'a new token');
is(status(bearer($token)), 401, 'a removed one');
is(status(bearer($second)), 101, 'one that stayed');

# a file that went bad keeps the old configuration

put('tokens', "third oops\n");
@before = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { $t->log =~ /tokens:1: a name and a SHA-256/ }),
    'a bad file is named, with its line');
is(status(bearer($third)), 101, 'the old tokens stay');
$t->allow(qr/\[emerg\].*tokens:1: a name and a SHA-256 in 64 hex digits/, 1);

# no log has a token, but for the URLs that clients made themselves

$t->stop;
my $logs = '';
for my $file (glob "$dir/logs/*") {
    open my $f, '<', $file or die $!;
    local $/;
    $logs .= <$f> // '';
}
like($logs, qr/ 101 - token:ci$/m, 'the owner is logged');
like($logs, qr/ 401 - addr:127\.0\.0\.1$/m, 'of a refused one, too');
like($logs, qr/refused with 401, a token of cc_executor_token_file is required/,
    'and why');
unlike($logs, qr/\Q$_\E/, 'no token in any log') for $token, $third;
is(join("\n", grep { !m{"?GET /ws/mcp[?/]} } grep { /\Q$second\E/ }
    split /\n/, $logs), '', 'but for the URLs');

$t->finish;
done_testing;
