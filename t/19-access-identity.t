# Who somebody is follows from what an access check of this very location has
# verified: not from a header that nothing looked at, not from a check of
# another location that the request came through, not from the names that two
# servers happen to share.
#
# tags: asan coverage

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Http;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes 1;
events { worker_connections 512; }
http {
    log_format owner '$uri $status $cc_executor_owner';
    access_log %%DIR%%/logs/access.log owner;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    cc_executor_audit_log %%DIR%%/logs/audit.log;
    ssl_certificate %%DIR%%/server.pem;
    ssl_certificate_key %%DIR%%/server.key;
    auth_basic_user_file %%DIR%%/htpasswd;
    limit_req_zone $remote_user zone=user:1m rate=1000r/s;
    map $http_realm $realm { default "commands"; none "off"; }
    map $remote_user $by_user { default 0; root 1; }

    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;

        # $remote_user is read before, by whatever
        location /zone { limit_req zone=user burst=100 nodelay;
            cc_executor on; }
        location /if { if ($remote_user = nobody) { return 418; }
            cc_executor on; }
        location /inside { if ($remote_user = root) { cc_executor on; } }
        location /set { set $who $remote_user; cc_executor on; }
        location /map { if ($by_user = 2) { return 418; } cc_executor on; }
        location /try-user { try_files /$remote_user /set; cc_executor on; }

        # auth_basic that lets in without a look
        location /realm { auth_basic $realm; cc_executor on; }
        location /off { auth_basic off; limit_req zone=user burst=100 nodelay;
            cc_executor on; }
        location /any { satisfy any; allow all; auth_basic "commands";
            cc_executor on; }

        # and that does look
        location /basic { auth_basic "commands"; cc_executor on; }
        location /basic-zone { auth_basic "commands";
            limit_req zone=user burst=100 nodelay; cc_executor on; }
        location /except { limit_except DELETE { auth_basic "commands"; }
            cc_executor on; }

        # ways from one location into another
        location = /error { cc_executor on; cc_executor_token_file guests;
            cc_executor_allowed_origins none; error_page 403 = /high; }
        location = /named { cc_executor on; cc_executor_token_file guests;
            cc_executor_allowed_hosts nowhere.example;
            error_page 421 = @high; }
        location = /unknown { cc_executor on; cc_executor_token_file admins;
            error_page 401 = /guests; }
        location = /twice { cc_executor on; cc_executor_token_file guests;
            recursive_error_pages on; cc_executor_allowed_origins none;
            error_page 403 = /twice-next; }
        location = /twice-next { cc_executor on; cc_executor_token_file guests;
            recursive_error_pages on; cc_executor_allowed_origins none;
            error_page 403 = /high; }
        location = /try { cc_executor on; cc_executor_token_file guests;
            try_files /nothing /high; }
        location = /try-named { cc_executor on; cc_executor_token_file guests;
            try_files /nothing @high; }
        location = /rewrite { cc_executor on; cc_executor_token_file guests;
            rewrite ^ /high last; }
        location = /accel { proxy_pass http://127.0.0.1:%%PORT_5%%; }
        location = /asked { auth_request /ask; cc_executor on;
            cc_executor_token_file admins; }
        location = /ask { internal; cc_executor on;
            cc_executor_token_file guests; }
        location = /basic-error { auth_basic "commands"; cc_executor on;
            cc_executor_allowed_origins none; error_page 403 = /open; }
        location = /open { cc_executor on; }
        location = /high { cc_executor on; cc_executor_token_file admins; }
        location @high { cc_executor on; cc_executor_token_file admins; }
        location = /guests { cc_executor on; cc_executor_token_file guests; }
    }

    server {
        listen 127.0.0.1:%%PORT_5%%;
        access_log off;
        location / { add_header X-Accel-Redirect /high; return 200 "x"; }
    }

    # one server that asks for certificates, one that does not, one address
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        server_name asks.example;
        ssl_client_certificate %%DIR%%/ca.pem;
        ssl_verify_client optional;
        location /ws/mcp { cc_executor on; }
    }
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        server_name other.example;
        location /ws/mcp { cc_executor on; }
    }

    # what looks alike
    cc_executor_max_sessions 1;
    server {
        listen 127.0.0.1:%%PORT_3%%;
        location /ws/mcp { cc_executor on; }
        location = /x { cc_executor on; }
        location ^~ /x { cc_executor on; }
        location ~ ^/re { cc_executor on; }
        location ~* ^/re { cc_executor on; }
        location /a { location ~ end$ { cc_executor on; } }
        location /b { location ~ end$ { cc_executor on; } }
        location /if { if ($http_other) { cc_executor on; } cc_executor on; }
        location = /metrics { cc_executor_status prometheus; }
    }
    server {
        listen 127.0.0.1:%%PORT_4%%;
        location /ws/mcp { cc_executor on; }
    }
}
EOC
my $dir = $t->dir;

sub openssl {
    my ($text) = @_;
    system("cd '$dir' && openssl $text 2>/dev/null >/dev/null") == 0
        or die "openssl $text";
}

for my $self (['ca', '/CN=authority'], ['server', '/CN=localhost']) {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj '$self->[1]' "
        . "-keyout $self->[0].key -out $self->[0].pem");
}
openssl('req -newkey rsa:2048 -nodes -subj /CN=alice -keyout alice.key '
    . '-out alice.csr');
openssl('x509 -req -days 2 -in alice.csr -CA ca.pem -CAkey ca.key '
    . '-CAcreateserial -out alice.pem');

open my $f, '>', "$dir/htpasswd" or die $!;
print $f "root:{PLAIN}secret\n";
close $f;
chomp(my $guest = `$root/conf/cc-token guest '$dir/guests'`);
chomp(my $admin = `$root/conf/cc-token admin '$dir/admins'`);

my ($rc, $said) = $t->test_config($t->config);
is($rc, 0, 'the configuration') or diag $said;
like($said, qr/\[warn\] the realm of "auth_basic" has variables: the users of /,
    'a realm that nobody knows is warned of');
is(() = $said =~ /has variables/g, 1, 'once');
$t->start;

sub basic { return (Authorization => 'Basic '
    . encode_base64("$_[0]:" . ($_[1] // 'secret'), '')) }

sub bearer { return (Authorization => "Bearer $_[0]") }

# status of a handshake, and the owner in the access log
my $lines = 0;
sub who {
    my ($path, $headers, %o) = @_;
    my $ws = $t->ws(path => $path, headers => $headers // {}, %o);
    my $status = $ws->{status};
    $ws->close;
    my @log;
    $t->wait_until(sub {
        @log = split /\n/, $t->slurp('logs/access.log');
        @log > $lines }) or return "$status, not logged";
    $lines = @log;
    return "$status " . (split / /, $log[-1], 3)[2];
}

# a header that nothing has verified

my $addr = 'addr:127.0.0.1';
for my $path ('/zone', '/if', '/inside', '/set', '/map', '/try-user', '/any',
    '/off')
{
    is(who($path, { basic('root', 'wrong') }), "101 $addr",
        "$path: an unverified name is nobody's");
}
is(who('/realm', { Realm => 'none', basic('root', 'wrong') }), "101 $addr",
    'a realm that a header switches off');
is(who('/realm', { basic('root', 'wrong') }), '401 -',
    'or does not');
is(who('/realm', { basic('root') }), "101 $addr",
    'but whose users are not known');

is(who($_, { basic('root') }), '101 user:root', "$_: verified")
    for '/basic', '/basic-zone', '/except';
is(who('/basic-zone', { basic('root', 'wrong') }), '401 -', 'a wrong password');

# a server that does not ask for certificates does not know anybody by them

my %cert = (port => $t->port(2), ssl => 1, cert => "$dir/alice.pem",
    key => "$dir/alice.key");
is(who('/ws/mcp', { Host => 'asks.example' }, %cert), '101 cert:CN=alice',
    'a certificate, verified');
is(who('/ws/mcp', { Host => 'asks.example' }, %cert, sni => 'asks.example'),
    '101 cert:CN=alice', 'with its name in the handshake');
is(who('/ws/mcp', { Host => 'other.example' }, %cert), "101 $addr",
    'for another server than that of the handshake it is nothing');
is(who('/ws/mcp', { Host => 'other.example' }, %cert,
    sni => 'other.example'), "101 $addr", 'nor for one that asked for none');
is(who('/ws/mcp', { Host => 'other.example' }, %cert, sni => 'asks.example'),
    "101 $addr", 'nor in the other\'s name');

# a token of one location in another

my %page = (Origin => 'http://localhost:' . $t->port);
for my $path ('/error', '/named', '/twice', '/try', '/try-named', '/rewrite',
    '/accel')
{
    is(who($path, { %page, bearer($guest) }), "401 $addr",
        "$path: the guest's token opens nothing behind it");
    is(who($path, { %page, bearer($admin) }), '101 token:admin',
        "$path: the administrator's does");
    is(who($path, { %page }), "401 $addr", "$path: none does not");
}
is(who('/high', { bearer($guest) }), "401 $addr", 'asked directly: 401');
is(who('/guests', { bearer($guest) }), '101 token:guest', 'at home: 101');
is(who('/unknown', { bearer($guest) }), '101 token:guest',
    'error_page 401: another location, another file');
is(who('/asked', { bearer($guest) }), '403 -',
    'a location of ours as judge: 403');
is(who('/basic-error', { %page, basic('root') }), "101 $addr",
    'a user of one location is nobody in the next');

# POST keeps its method on the way to a named location only

my $ping = { jsonrpc => '2.0', id => 1, method => 'ping' };
sub post {
    my ($path, %headers) = @_;
    return CC::Http->new(port => $t->port, path => $path)->post($ping,
        headers => \%headers)->{status};
}
is(post('/named', %page, bearer($guest)), 401, 'POST, the guest\'s token: 401');
is(post('/named', %page, bearer($admin)), 200, 'POST, the administrator\'s');
is(post('/try-named', bearer($guest)), 401, 'POST by try_files: 401');
is(post('/rewrite', bearer($guest)), 401, 'POST by rewrite: 401');
is(post('/rewrite', bearer($admin)), 200, 'or 200');

# what the audit log says of them

my @audit = $t->records('logs/audit.log');
my %owners;
for (@audit) {
    $owners{ $_->{location} }{ $_->{owner} // "-" } = 1
        if $_->{event} eq 'session.opened' || $_->{event} eq 'session.refused';
}
is_deeply([sort keys %{ $owners{'= /high'} }], [$addr, 'token:admin'],
    'audit: owners of /high');
is_deeply([sort keys %{ $owners{'@high'} }], [$addr, 'token:admin'],
    'audit: owners of @high');
is_deeply([sort keys %{ $owners{'/zone'} }], [$addr], 'audit: of /zone');

# locations that look alike count for themselves: one session each

sub hold { my ($path, $port, %h) = @_;
    return $t->client(path => $path, port => $t->port($port), headers => \%h) }
sub open_ { return ($_[0]{connected}{method} // '') eq 'connected' ? 1 : 0 }

my @held;
for (['/ws/mcp', 3], ['/ws/mcp', 4], ['/x', 3], ['/xy', 3], ['/re', 3],
    ['/RE', 3], ['/a/end', 3], ['/b/end', 3], ['/if', 3])
{
    my ($path, $port) = @$_;
    push @held, hold($path, $port);
    ok(open_($held[-1]), "$path, server $port: a place of its own");
    ok(!open_(hold($path, $port)), 'and no second one');
}
ok(!open_(hold('/if', 3, Other => 1)), 'an "if" is its location');

my $http = CC::Http->new(port => $t->port(3));
$http->write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
$http->read_head;
1 while $http->read_some;
my @series = map { /^(cc_executor_sessions\{.*\}) 1$/ ? $1 : () }
    split /\n/, $http->{answer}{data};
is(scalar(@series), 9, 'nine of them hold one');
my %seen = map { $_ => 1 } $http->{answer}{data} =~ /^(cc_executor_\w+\{.*\}) /mg;
my @all = $http->{answer}{data} =~ /^(cc_executor_\w+\{.*\}) /mg;
is(scalar(keys %seen), scalar(@all), 'no series twice');
my @ports = map { $t->port($_) } 0 .. 4;
like($series[0], qr/server="",listen="127\.0\.0\.1:$ports[3]",location="\/ws/,
    'labels: name, address, location');
is_deeply([map { /location="(.*?)"/ } @series], ['/ws/mcp', '= /x', '^~ /x',
    '~ ^/re', '~ ^/re again', '/a ~ end$', '/b ~ end$', '/if', '/ws/mcp'],
    'as in the configuration') or diag explain \@series;

# an owner of one is nobody in the other: what it runs does not exist there

my $id = $held[0]->call('execute', { command => 'sleep 600' })
    ->{result}{execution_id};
is($held[1]->call('status', { execution_id => $id })->{error}{code}, -32003,
    'a command of the other server is not there');

# a reload keeps the counts

my @before = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { grep { $_ != $before[0] } $t->workers }, 20), 'reload');
ok($t->wait_until(sub { open_(hold('/x', 3)) }, 20),
    'sessions of before end, their places are free');
$_->close for @held;

$t->finish;
done_testing;
