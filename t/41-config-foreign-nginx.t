# In somebody else's nginx: the installed module, TLS, a password in front,
# other locations beside it, another nginx before it.
#
# tags:

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use CC::Nginx;

my $dir = CC::Nginx->new;
my $make = "make -s -C '$CC::Nginx::ROOT' install DESTDIR='@{[$dir->dir]}'";
is(system("$make > '@{[$dir->dir]}/make.log' 2>&1"), 0, 'make install')
    or diag $dir->slurp('make.log');
my ($so) = glob $dir->dir . '/usr/*/nginx/modules/ngx_cc_executor_module.so';
ok($so && -s $so, 'the module is where nginx looks for modules') or diag $so;

my $t = CC::Nginx->new(module => $so, conf => <<'EOC');
worker_processes 2;
events { worker_connections 1024; }
http {
    cc_executor_path %%DIR%%/runtime;
    access_log %%DIR%%/logs/access.log;
    gzip on;
    keepalive_timeout 5s;
    client_header_timeout 1s;
    send_timeout 1s;

    server {
        listen 127.0.0.1:%%PORT%% ssl http2;
        server_name localhost;
        ssl_certificate %%DIR%%/cert.pem;
        ssl_certificate_key %%DIR%%/key.pem;
        root %%DIR%%/html;

        location / { index index.html; }

        location /ws/mcp {
            auth_basic "commands";
            auth_basic_user_file %%DIR%%/htpasswd;
            cc_executor on;
            cc_executor_allow any;
            cc_executor_shell /bin/sh;
        }

        location /silent {
            cc_executor on;
            cc_executor_allow any;
            cc_executor_ping_interval 200ms;
            cc_executor_ping_timeout 300ms;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_2%%;
        location / {
            proxy_pass https://127.0.0.1:%%PORT%%/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host localhost;
        }
        location /mirrored { mirror /ws; alias %%DIR%%/html/index.html; }
        location /ws { cc_executor on; cc_executor_allow any; }
        location /error { error_page 403 = /sorry; error_page 426 = /sorry;
            cc_executor on; cc_executor_allow any; }
        location /sorry { return 200 "sorry"; }
    }
}
EOC
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    . "-keyout '@{[$t->dir]}/key.pem' -out '@{[$t->dir]}/cert.pem' 2>/dev/null")
    == 0 or die 'openssl';
mkdir $t->dir . '/html';
for (['htpasswd', "agent:{PLAIN}secret\n"], ['html/index.html', "hello\n"]) {
    open my $f, '>', $t->dir . "/$_->[0]" or die $!;
    print $f $_->[1];
}
$t->start;

my %auth = (Authorization => 'Basic YWdlbnQ6c2VjcmV0');

is($t->ws(ssl => 1)->{status}, 401, 'without the password: 401');
is($t->ws(ssl => 1, headers => { Authorization => 'Basic eDp5' })->{status},
    401, 'with a wrong one: 401');

my $c = $t->client(ssl => 1, headers => \%auth);
is($c->ws->{status}, 101, 'with the password: a WebSocket over TLS');
is($c->run('echo $((6 * 7))')->{stdout}, "42\n", 'runs commands');

# large output, a reader that is slow at first: TLS writes are resumed

$c->send('execute', { command => 'seq 1 2000000', output => 'chunk' });
$c->notification('process.started');
select undef, undef, undef, 1.5;
my $text = '';
while (my $m = $c->next) {
    $text .= $m->{params}{data} if ($m->{method} // '') eq 'process.output';
    last if ($m->{method} // '') eq 'process.completed';
}
is(sha256_hex($text), sha256_hex(join '', map { "$_\n" } 1 .. 2_000_000),
    '15 MB over TLS, after a stop longer than send_timeout');

my $big = 'y' x 900_000;
is($c->run({ command => 'wc -c', stdin => $big })->{stdout}, "900000\n",
    'a large message over TLS');
$c->ws->send_frame(8, pack 'n', 1000);
is($c->ws->read_close, 1000, 'the close handshake');
ok($c->ws->read_eof(5), 'and the end');

# a connection that is idle for longer than the timeouts of HTTP

$c = $t->client(ssl => 1, headers => \%auth);
select undef, undef, undef, 1.5;
is($c->run('echo idle')->{stdout}, "idle\n",
    'the timeouts of HTTP do not count');
$c->close;

# pings over TLS: what the client's kernel takes does not count

my $silent = $t->ws(ssl => 1, path => '/silent');
is($silent->{status}, 101, 'a client that will say nothing');
ok($silent->read_eof(5), 'is closed');

# behind another nginx

$c = $t->client(port => $t->port(2), headers => \%auth);
is($c->ws->{status}, 101, 'behind a proxy: a WebSocket');
is($c->run('echo proxied')->{stdout}, "proxied\n", 'runs commands');
$c->close;

# others beside it

sub get {
    my ($path, %o) = @_;
    my $w = $t->ws(path => $path, port => $t->port(2), headers => {
        Upgrade => undef, Connection => 'close',
        'Sec-WebSocket-Key' => undef, 'Sec-WebSocket-Version' => undef,
        %{ $o{headers} // {} } });
    return $w;
}

my $w = get('/');
is($w->{status}, 200, 'another location is served');
$w = get('/mirrored');
is($w->{status}, 200, 'a mirrored request is answered');
ok($t->wait_until(sub { $t->log =~ /a subrequest must not run a command/ }),
    'its copy runs nothing');
$w = get('/error');
is($w->{status}, 426, 'protocol errors keep their own text')
    or diag $w->{head};
like($w->{body} // '', qr/WebSocket/, 'which says what is missing');
$w = $t->ws(path => '/error', port => $t->port(2),
    headers => { Origin => 'http://evil' });
is($w->{body}, 'sorry', 'error_page works for refusals');

# HTTP/2 has no WebSocket here

my $out = `curl -sk --http2 -u agent:secret -w '\n%{http_code} %{http_version}' https://127.0.0.1:@{[$t->port]}/ws/mcp`;
like($out, qr/HTTP\/1\.1.*\n400 2$/s, 'HTTP/2: a clear answer');

$t->finish;
done_testing;
