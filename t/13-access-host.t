# Which Host and which Origin get in: only what is configured, never what the
# request says of itself (t/cases/access.jsonl).  And from which addresses.
#
# tags: asan coverage

use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use CC::Cases qw(cases);
use CC::Http;
use CC::Nginx;

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes %%WORKERS%%;
events { worker_connections 256; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    ssl_certificate %%DIR%%/cert.pem;
    ssl_certificate_key %%DIR%%/key.pem;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%PORT_2%% ssl http2;
        listen [::1]:%%PORT%%;
        listen unix:%%DIR%%/unix.sock;
        server_name Exec.Example.com *.wild.example ~^re\d+\.example$
                    .dot.example mail.* "";
        location /ws/mcp { cc_executor on; }
        location /plain { return 204; }
        location /none { cc_executor on; cc_executor_allowed_origins none; }
        location /list { cc_executor on;
            cc_executor_allowed_hosts one.example [2001:DB8::1];
            cc_executor_allowed_origins https://App.example:8443
                http://plain.example chrome-extension://abcdef null; }
        location /both { cc_executor on;
            cc_executor_allowed_hosts auto two.example;
            cc_executor_allowed_origins auto https://two.example; }
    }

    server {
        listen 0.0.0.0:%%PORT_3%%;
        location /ws/mcp { cc_executor on; }
        location /trust { cc_executor on; cc_executor_remote trust; }
        location /real { set_real_ip_from 0.0.0.0/0; real_ip_header X-Client;
            cc_executor on; }
        location /real-next { set_real_ip_from 0.0.0.0/0;
            real_ip_header X-Client; try_files /nothing /ws/mcp; }
        location /token { cc_executor on; cc_executor_token_file tokens; }
    }

    server {
        listen 127.0.0.1:%%PORT_4%% proxy_protocol;
        location /ws/mcp { cc_executor on; }
        location /real { set_real_ip_from 127.0.0.0/8;
            real_ip_header proxy_protocol; cc_executor on; }
        location /token { cc_executor on; cc_executor_remote token;
            cc_executor_token_file tokens; }
        location /trust { cc_executor on; cc_executor_remote trust; }
    }
}
EOC
chomp(my $token = `$CC::Nginx::ROOT/conf/cc-token proxy '@{[$t->dir]}/tokens'`);
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    . "-keyout '@{[$t->dir]}/key.pem' -out '@{[$t->dir]}/cert.pem' 2>/dev/null")
    == 0 or die 'openssl';
$t->start;

my $port = $t->port;
my $tls = $t->port(2);

sub status {
    my ($path, $headers, %o) = @_;
    my $ws = $t->ws(path => $path, headers => $headers, %o);
    my $status = $ws->{status};
    $ws->close;
    return $status;
}

# Host

my %ports = (port => $port, tls => $tls);

sub fill { my ($text) = @_; $text =~ s/\{(port|tls)\}/$ports{$1}/g; return $text }

for my $case (grep { $_->{kind} eq 'host' } cases('access')) {
    my $host = $case->{host};
    $host = fill($host) if defined $host;
    my $status = $case->{status};

    # nginx refuses some before anybody sees them, the newest more than others
    $status = 400 if $status == 421
        && status('/plain', { Host => $host }) == 400;
    is(status('/ws/mcp', { Host => $host }), $status, $case->{name});
}
isnt(status('/ws/mcp', { Host => ['localhost', 'evil.example'] }), 101,
    'two Host headers, one of them foreign');
isnt(status('/ws/mcp', { Host => ['evil.example', 'localhost'] }), 101,
    'and in the other order');
is(status('http://evil.example/ws/mcp', {}), 421, 'absolute form, foreign');
is(status('http://localhost/ws/mcp', { Host => 'evil.example' }), 421,
    'absolute form, foreign Host');
is(status('http://localhost/ws/mcp', {}), 101, 'absolute form, ours');
is(status('/ws/mcp', { Host => undef }, version => 'HTTP/1.0'), 421,
    'HTTP/1.0 without Host');
is(status('/ws/mcp', {}, version => 'HTTP/1.0'), 400, 'HTTP/1.0 with one');

is(status('/list', { Host => 'one.example' }), 101, 'a list');
is(status('/list', { Host => '[2001:db8:0::1]:99' }), 101,
    'an IPv6 address in it');
is(status('/list', {}), 421, 'a list replaces "auto"');
is(status('/both', { Host => 'two.example' }), 101, '"auto" and a name');
is(status('/both', {}), 101, 'and what "auto" means');

# rebinding: the page's name is in both headers

is(status('/ws/mcp', { Host => "evil.example:$port",
    Origin => "http://evil.example:$port" }), 421, 'a rebound name: 421');

for my $method (qw(GET POST PUT DELETE OPTIONS HEAD)) {
    is(status('/ws/mcp', { Host => 'evil.example' }, method => $method), 421,
        "$method with a foreign Host: 421");
    is(status('/ws/mcp', { Origin => 'http://evil.example' },
        method => $method), 403, "$method with a foreign Origin: 403");
}

# Origin

for my $case (grep { $_->{kind} eq 'origin' } cases('access')) {
    my $origin = $case->{origin};
    is(status('/ws/mcp', { Origin => ref $origin ? [map { fill($_) } @$origin]
        : fill($origin) }), $case->{status}, $case->{name});
}

is(status('/none', {}), 101, '"none": a client without Origin');
is(status('/none', { Origin => "http://localhost:$port" }), 403,
    'and no page at all');

my %one = (Host => 'one.example');
for (
    [101, 'https://app.example:8443'], [101, 'http://plain.example'],
    [101, 'http://plain.example:80'], [101, 'chrome-extension://abcdef'],
    [101, 'null'],
    [403, 'https://app.example'], [403, 'http://app.example:8443'],
    [403, 'http://plain.example:8080'], [403, 'chrome-extension://abcdeg'],
    [403, "http://one.example:$port"], [403, 'NULL'],
) {
    my ($status, $origin) = @$_;
    is(status('/list', { %one, Origin => $origin }), $status,
        "list, Origin $origin: $status");
}
is(status('/both', { Origin => 'https://two.example' }), 101,
    '"auto" and an origin: the origin');
is(status('/both', { Origin => "http://two.example:$port" }), 101,
    'a page of a configured host');
is(status('/both', { Origin => 'null' }), 403, 'null only by name');

# TLS

my %tls = (port => $tls, ssl => 1);
is(status('/ws/mcp', { Origin => "https://localhost:$tls" }, %tls), 101,
    'TLS: a page of this server');
is(status('/ws/mcp', { Origin => "http://localhost:$tls" }, %tls), 403,
    'TLS: not by http');
is(status('/ws/mcp', { Origin => "https://localhost:$port" }, %tls), 403,
    'TLS: not of another port');
is(status('/ws/mcp', { Host => 'evil.example' }, %tls), 421, 'TLS: Host');

# HTTP/2: what gets past us is told that there is no WebSocket

sub h2 {
    my ($path, @args) = @_;
    my @c = ('curl', '-sk', '--http2', '-o', '/dev/null', '-w',
        '%{http_code} %{http_version}', @args,
        "https://localhost:$tls$path");
    open my $p, '-|', @c or die $!;
    local $/;
    return <$p>;
}

is(h2('/ws/mcp', '-H', 'Host: evil.example'), '421 2',
    'HTTP/2, foreign :authority');
is(h2('/ws/mcp', '-H', 'Origin: https://evil.example'), '403 2',
    'HTTP/2, foreign Origin');
is(h2('/ws/mcp', '-H', "Origin: https://localhost:$tls"), '400 2',
    'HTTP/2, our own');

# address families

is(status('/ws/mcp', {}, unix => $t->dir . '/unix.sock'), 101,
    'a unix socket is this machine');
is(status('/ws/mcp', { Origin => "http://localhost:$port" },
    unix => $t->dir . '/unix.sock'), 403, 'and no page has its port');
SKIP: {
    skip 'no IPv6 here', 2 unless -e '/proc/net/if_inet6'
        && do { local $/; open my $f, '<', '/proc/net/if_inet6'; <$f> };
    is(status('/ws/mcp', { Host => '[::1]' }, host => '::1'), 101, '::1');
    is(status('/ws/mcp', { Host => '[::1]:' . $port,
        Origin => "http://[::1]:$port" }, host => '::1'), 101,
        'and its page');
}

# peers that are not on this machine, and those that a proxy hides

my ($address) = map { /inet (\S+)\// } grep { / scope global/ }
    `ip -4 -o addr show 2>/dev/null`;
my %wide = (port => $t->port(3));
SKIP: {
    skip 'this machine has no address but loopback', 2 unless $address;
    is(status('/ws/mcp', {}, %wide, host => $address), 403,
        'a remote peer: 403');
    is(status('/trust', {}, %wide, host => $address), 101,
        '"trust" lets it in');
}
for my $name ('Forwarded', 'X-Forwarded-For', 'x-real-ip', 'VIA',
    'X-Forwarded-Proto')
{
    is(status('/ws/mcp', { $name => '127.0.0.1' }, %wide), 403,
        "$name: forwarded is remote");
    is(status('/trust', { $name => 'x' }, %wide), 101,
        "$name: \"trust\" lets it in");
}
# an address that another header has brought here, whoever it was that sent it

SKIP: {
    skip 'this machine has no address but loopback', 2 unless $address;
    is(status('/real', { 'X-Client' => '127.0.0.1' }, %wide, host => $address),
        403, 'a remote peer that is said to be local');
    is(status('/real', {}, %wide, host => $address), 403,
        'and of which nothing is said');
}
is(status('/real', { 'X-Client' => '10.1.2.3' }, %wide), 403,
    'a local peer that speaks for a remote one');
is(status('/real', {}, %wide), 101, 'a local peer that speaks for itself');
is(status('/real-next', {}, %wide), 101, 'and is sent on');
for my $path ('/real', '/real-next') {
    is(status($path, { 'X-Client' => '127.0.0.1' }, %wide), 403,
        "$path: one that names itself has been told to");
    my $ws = $t->ws(raw => 1, path => $path, %wide);
    $ws->{headers} = { 'X-Client' => '127.0.0.1:' . $ws->{sock}->sockport };
    $ws->handshake;
    is($ws->{status}, 403, "$path: even with its port");
}

# a proxy that is not told otherwise: HTTP/1.0, and nothing of its client

sub post {
    my ($path, $version, %headers) = @_;
    return CC::Http->new(port => $t->port(3), path => $path)->post(
        { jsonrpc => '2.0', id => 1, method => 'ping' },
        version => $version, headers => \%headers)->{status};
}
is(post('/ws/mcp', 'HTTP/1.1'), 200, 'POST');
is(post('/ws/mcp', 'HTTP/1.0'), 403, 'POST by HTTP/1.0: 403');
is(post('/ws/mcp', 'HTTP/1.0', Connection => 'keep-alive'), 403,
    'whatever Connection says');
is(post('/trust', 'HTTP/1.0'), 200, '"trust" lets it in');
is(post('/token', 'HTTP/1.0'), 403, 'no token: 403');
is(post('/token', 'HTTP/1.0', Authorization => "Bearer $token"), 200,
    'a token: 200');

# PROXY protocol, both versions: whatever it says, somebody stands between

my $v2 = "\r\n\r\n\0\r\nQUIT\n";
my $loop = pack 'C4', 127, 0, 0, 1;
for (
    ['v1', "PROXY TCP4 10.1.2.3 127.0.0.1 5555 80\r\n"],
    ['v1, a local address', "PROXY TCP4 127.0.0.1 127.0.0.1 5555 80\r\n"],
    ['v1, IPv6', "PROXY TCP6 ::1 ::1 5555 80\r\n"],
    ['v1, unknown', "PROXY UNKNOWN\r\n"],
    ['v2', $v2 . pack('CCn', 0x21, 0x11, 12) . pack('C4', 10, 1, 2, 3) . $loop
        . pack('nn', 5555, 80)],
    ['v2, a local address', $v2 . pack('CCn', 0x21, 0x11, 12) . $loop . $loop
        . pack('nn', 5555, 80)],
    ['v2, of the proxy itself', $v2 . pack('CCn', 0x20, 0, 0)],
) {
    my ($name, $header) = @$_;
    my %via = (port => $t->port(4), before => $header);
    is(status('/ws/mcp', {}, %via), 403, "PROXY $name: remote");
    is(status('/real', {}, %via), 403, "PROXY $name, its address taken: remote");
    is(status('/token', {}, %via), 401, "PROXY $name: a token is asked for");
    is(status('/token', { Authorization => "Bearer $token" }, %via), 101,
        "PROXY $name: with the token");
    is(status('/trust', {}, %via), 101, "PROXY $name: \"trust\" lets it in");
}

is(status('/ws/mcp', { Forward => 'x', Vias => 'y' }, %wide), 101,
    'other headers mean nothing');
is(status('/trust', { Host => 'evil.example' }, %wide), 421,
    '"trust" does not mean any Host');
is(status('/trust', { Origin => 'http://evil.example' }, %wide), 403,
    'nor any Origin');

# what the log says of it

status('/ws/mcp', { Host => 'evil.example' });
like($t->log, qr/\[info\].*cc_executor: refused with 421, cc_executor_allowed_hosts does not list "evil\.example"/,
    'the log says why: Host');
status('/ws/mcp', { Origin => "http://\e[31m\x80\"" . 'x' x 2000 });
like($t->log, qr/refused with 403, cc_executor_allowed_origins does not list "http:\/\/\\x1B\[31m\\x80\\x22x{100,230}\.\.\."/,
    'Origin, escaped and cut');
unlike($t->log, qr/\e|\x80/, 'nothing raw of it');

$t->finish;
done_testing;
