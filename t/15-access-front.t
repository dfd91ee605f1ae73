# nginx's own access directives come before us: one test for each, at the
# handshake and for other methods.  And who owns what: $cc_executor_owner.
#
# tags: asan coverage

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes %%WORKERS%%;
events { worker_connections 256; }
http {
    log_format owner '$uri $status $cc_executor_owner';
    access_log %%DIR%%/logs/access.log owner;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    ssl_certificate %%DIR%%/server.pem;
    ssl_certificate_key %%DIR%%/server.key;
    auth_basic_user_file %%DIR%%/htpasswd;
    limit_conn_zone $server_name zone=conn:1m;
    limit_req_zone $server_name zone=req:1m rate=1r/m;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen unix:%%DIR%%/unix.sock;
        server_name localhost;
        location /ws/mcp { cc_executor on; }
        location /allow { allow 127.0.0.1; deny all; cc_executor on; }
        location /deny { deny 127.0.0.1; cc_executor on; }
        location /basic { auth_basic "commands"; cc_executor on;
            cc_executor_shell /bin/sh; cc_executor_remote trust; }
        location /both { auth_basic "commands"; cc_executor on;
            cc_executor_token_file tokens; }
        location /request { auth_request /check; cc_executor on; }
        location = /check { internal; if ($http_answer = 401) { return 401; }
            if ($http_answer = 403) { return 403; } return 204; }
        location /self { auth_request /loop; cc_executor on; }
        location = /loop { internal; cc_executor on; }
        location /conn { limit_conn conn 2; cc_executor on; }
        location /req { limit_req zone=req burst=1 nodelay; cc_executor on; }
        location /except { limit_except GET { deny all; } cc_executor on; }
        location /all { satisfy all; allow 127.0.0.1; deny all;
            auth_basic "commands"; cc_executor on; }
        location /any { satisfy any; allow 127.0.0.1; deny all;
            auth_basic "commands"; cc_executor on; }
        location /any-user { satisfy any; deny all; auth_basic "commands";
            cc_executor on; }
        location /errors { error_page 403 =403 /sorry; error_page 421 = @lost;
            error_page 401 /sorry; auth_basic "commands"; cc_executor on;
            cc_executor_allowed_origins none; }
        location /sorry { return 200 "sorry\n"; }
        location @lost { return 404 "lost\n"; }
        location = /mirror { mirror /ws/mcp; alias %%DIR%%/htpasswd; }
    }

    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        server_name localhost;
        ssl_client_certificate %%DIR%%/ca.pem;
        ssl_verify_client on;
        location /ws/mcp { cc_executor on; }
    }

    server {
        listen 127.0.0.1:%%PORT_3%% ssl http2;
        server_name localhost;
        ssl_client_certificate %%DIR%%/ca.pem;
        ssl_verify_client optional_no_ca;
        location /ws/mcp { cc_executor on; }
        location /basic { auth_basic "commands"; cc_executor on; }
        location /verified { if ($ssl_client_verify != SUCCESS) { return 403; }
            cc_executor on; }
    }
}
EOC
my $dir = $t->dir;

# an authority with two clients, and a client of nobody

sub openssl {
    my ($text) = @_;
    system("cd '$dir' && openssl $text 2>/dev/null >/dev/null") == 0
        or die "openssl $text";
}

for my $self (['ca', '/CN=authority'], ['server', '/CN=localhost'],
    ['foreign', '/CN=alice/O=foreign'])
{
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj '$self->[1]' "
        . "-keyout $self->[0].key -out $self->[0].pem");
}
for my $client (['alice', '/O=example/CN=alice'], ['bob', '/CN=bob']) {
    openssl("req -newkey rsa:2048 -nodes -subj '$client->[1]' "
        . "-keyout $client->[0].key -out $client->[0].csr");
    openssl("x509 -req -days 2 -in $client->[0].csr -CA ca.pem -CAkey ca.key "
        . "-CAcreateserial -out $client->[0].pem");
}

for (['htpasswd', "agent:{PLAIN}secret\nother:{PLAIN}secret\n"]) {
    open my $f, '>', "$dir/$_->[0]" or die $!;
    print $f $_->[1];
    close $f;
}
chomp(my $token = `$root/conf/cc-token ci '$dir/tokens'`);
$t->start;

sub basic { return { Authorization => 'Basic '
    . encode_base64($_[0] . ':' . ($_[1] // 'secret'), '') } }

sub status {
    my ($path, $headers, %o) = @_;
    my $ws = eval { $t->ws(path => $path, headers => $headers // {}, %o) }
        or return 0;
    my $status = $ws->{status};
    $ws->close;
    return $status;
}

# allow, deny

is(status('/allow'), 101, 'allow');
is(status('/deny'), 403, 'deny');
is(status('/deny', {}, method => $_), 403, "deny $_") for qw(POST DELETE);

# auth_basic

is(status('/basic'), 401, 'auth_basic: nothing');
is(status('/basic', basic('agent', 'wrong')), 401, 'auth_basic: wrong');
is(status('/basic', basic('agent')), 101, 'auth_basic: right');
is(status('/basic', {}, method => $_), 401, "auth_basic: $_")
    for qw(POST DELETE PUT);
is(status('/both', basic('agent')), 401, 'auth_basic alone, where a token is '
    . 'needed, too');
is(status('/both', { %{ basic('agent') }, 'Sec-WebSocket-Protocol' =>
    "cc-executor, bearer.$token" }), 101, 'both');

# auth_request

is(status('/request', { Answer => 204 }), 101, 'auth_request: yes');
is(status('/request', { Answer => 403 }), 403, 'auth_request: no');
is(status('/request', { Answer => 401 }), 401, 'auth_request: who?');
is(status('/request', { Answer => 403 }, method => 'POST'), 403,
    'auth_request: POST');
is(status('/self'), 403, 'a location of ours is no judge');

# limit_conn, limit_req

my @held = map { $t->ws(path => '/conn') } 1 .. 2;
is($held[1]{status}, 101, 'limit_conn: two sessions');
is(status('/conn'), 503, 'limit_conn: not three');
$held[0]->close;
ok($t->wait_until(sub { status('/conn') == 101 }), 'limit_conn: one has ended');
$held[1]->close;

is(status('/req'), 101, 'limit_req: first');
is(status('/req'), 101, 'limit_req: burst');
is(status('/req'), 503, 'limit_req: too many');

# limit_except, satisfy

is(status('/except'), 101, 'limit_except: GET');
is(status('/except', {}, method => $_), 403, "limit_except: $_")
    for qw(POST DELETE);
is(status('/all'), 401, 'satisfy all: address alone');
is(status('/all', basic('agent')), 101, 'satisfy all: both');
is(status('/any'), 101, 'satisfy any: address');
is(status('/any-user'), 401, 'satisfy any: neither');
is(status('/any-user', basic('agent')), 101, 'satisfy any: password');

# error_page: our refusals and those before us

my $ws = $t->ws(path => '/errors', headers => { %{ basic('agent') },
    Origin => 'http://evil.example' });
is("$ws->{status} $ws->{body}", "403 sorry\n", 'error_page: 403');
$ws = $t->ws(path => '/errors', headers => { %{ basic('agent') },
    Host => 'evil.example' });
is("$ws->{status} $ws->{body}", "404 lost\n", 'error_page: 421');
$ws = $t->ws(path => '/errors');
is("$ws->{status} $ws->{body}", "401 sorry\n", 'error_page: 401');

# a copy of a request runs nothing

is(status('/mirror', { Upgrade => undef }), 200, 'a mirrored request');
ok($t->wait_until(sub { $t->log =~
    /a subrequest must not run a command[^\n]*subrequest: "\/ws\/mcp"/ }),
    'is refused');

# client certificates

sub with {
    my ($name, $port, $path, $headers) = @_;
    return status($path // '/ws/mcp', $headers, port => $t->port($port),
        ssl => 1, ($name ? (cert => "$dir/$name.pem", key => "$dir/$name.key")
            : ()));
}

is(with('alice', 2), 101, 'ssl_verify_client: a certificate');
is(with('bob', 2), 101, 'ssl_verify_client: another');
is(with('', 2), 400, 'ssl_verify_client: none');
isnt(with('foreign', 2), 101, 'ssl_verify_client: of another authority');
is(with('', 3), 101, 'optional: none');
is(with('foreign', 3), 101, 'optional: of another authority');
is(with('foreign', 3, '/verified'), 403, 'which an "if" refuses');
is(with('alice', 3, '/verified'), 101, 'and an own one gets in');

# the owners of all these

sub owner_of {
    my ($want, $path, $headers, $how) = @_;
    my $before = () = $t->slurp('logs/access.log') =~ /\n/g;
    $how ? $how->() : status($path, $headers);
    my @lines;
    $t->wait_until(sub { (@lines = split /\n/, $t->slurp('logs/access.log'))
        > $before });
    is((split / /, $lines[-1], 3)[2], $want, "owner $want");
}

$t->wait_until(sub { $t->slurp('logs/access.log') =~ /verified 101/ });
owner_of('addr:127.0.0.1', '/ws/mcp');
owner_of('addr:unix:', '', {}, sub {
    status('/ws/mcp', {}, unix => "$dir/unix.sock") });
owner_of('user:agent', '/basic', basic('agent'));
owner_of('user:other', '/basic', basic('other'));
owner_of('-', '/basic', basic('other', 'wrong'));
owner_of('token:ci', '/both', { %{ basic('agent') },
    'Sec-WebSocket-Protocol' => "cc-executor, bearer.$token" });
owner_of('cert:CN=alice,O=example', '', {}, sub { with('alice', 2) });
owner_of('cert:CN=bob', '', {}, sub { with('bob', 3) });
owner_of('user:agent', '', {}, sub {
    with('bob', 3, '/basic', basic('agent')) });
owner_of('addr:127.0.0.1', '', {}, sub { with('foreign', 3) });
owner_of('addr:127.0.0.1', '', {}, sub { with('', 3) });

# names that nobody has verified are nobody's

owner_of('addr:127.0.0.1', '/ws/mcp', basic('root'));
owner_of('addr:127.0.0.1', '/ws/mcp', { Authorization => "Bearer $token" });
owner_of('addr:127.0.0.1', '/any', basic('agent', 'wrong'));

# a session is its owner's and its own: to others its commands do not exist

my $a = $t->client(path => '/basic', headers => basic('agent'));
my $b = $t->client(path => '/basic', headers => basic('other'));
my $c = $t->client(path => '/basic', headers => basic('agent'));
my $run = $a->call('execute', { command => 'sleep 600' });
my $id = $run->{result}{execution_id};
like($id, qr/^[0-9a-f]{48}$/, 'a command of one owner');
my $unknown = 'ab' x 24;
for my $client ([$b, 'another owner'], [$c, 'another session']) {
    my ($other, $name) = @$client;
    for my $call (
        ['control', { type => 'CANCEL' }], ['control', { type => 'PAUSE' }],
        ['status', {}], ['input', { data => 'x' }],
    ) {
        my ($method, $params) = @$call;
        my @answer = map { $other->call($method, { %$params,
            execution_id => $_ })->{error} } $id, $unknown;
        is($answer[0]{code}, -32003, "$method by $name: not there");
        is_deeply($answer[0], $answer[1], 'as if it did not exist');
    }
    is_deeply($other->call('list')->{result}{commands}, [],
        "$name sees none");
}
is($a->call('status', { execution_id => $id })->{result}{state}, 'running',
    'it runs on');
$_->close for $a, $b, $c;

$t->finish;
done_testing;
