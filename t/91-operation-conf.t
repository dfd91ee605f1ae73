# The configurations of conf/: accepted as they are, and what they promise.
# (The bundled one is driven by 61-make-run.t, too.)
#
# tags: asan coverage

use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::IP;
use JSON::PP ();
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;
use CC::Metrics qw(request json);

my $root = $CC::Nginx::ROOT;

# the second loopback that they listen on
my $ipv6 = IO::Socket::IP->new(LocalHost => '::1', Listen => 1);

# a file of conf/ in the directory of a test: other paths, ports and users
sub configuration {
    my ($name, @replace) = @_;
    open my $f, '<', "$root/conf/$name" or die $!;
    my $text = join '', <$f>;
    for my $line (qw(load_module user pid error_log)) {
        $text =~ s/^$line\s.*\n//m;
    }
    while (my ($from, $to) = splice @replace, 0, 2) {
        $text =~ s/$from/$to/g or die "$name has no $from";
    }
    return $text;
}

# the bundled one

my $t = CC::Nginx->new(conf => configuration('nginx.conf',
    qr/worker_processes  auto/ => 'worker_processes 1',
    qr/^\s*\w+_temp_path.*\n/m => '',
    $ipv6 ? (qr/\[::1\]:8003/ => '[::1]:%%PORT%%') : (qr/^.*\[::1\].*\n/m => ''),
    qr/127\.0\.0\.1:8003/ => '127.0.0.1:%%PORT%%'))->start;
my $c = $t->client;
is($c->run('echo $((6 * 7))')->{stdout}, "42\n", 'nginx.conf: a shell');
$c->close;
my $http = CC::Http->new(port => $t->port, path => '/mcp');
is($http->post({ jsonrpc => '2.0', id => 1, method => 'tools/call', params =>
    CC::Mcp::execute_params('echo x') })->{message}{result}{structuredContent}
    {stdout}, "x\n", 'nginx.conf: MCP');
$http->close;
is(json($t)->{max_sessions}, 100, 'nginx.conf: health');
SKIP: {
    skip 'no IPv6 on loopback', 1 if !$ipv6;
    like(HTTP::Tiny->new->get('http://[::1]:' . $t->port . '/healthz')->{status},
        qr/^200$/, 'nginx.conf: the other loopback');
}
SKIP: {
    # landlock_create_ruleset(NULL, 0, VERSION)
    skip 'this kernel cannot deny ports', 1 if syscall(444, 0, 0, 1) < 4;
    $c = $t->client;
    like($c->run('python3 -m http.server 0')->{stderr}, qr/denied/,
        'nginx.conf: commands do not listen');
    $c->close;
}
for my $path ('/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration', '/register')
{
    for my $method (qw(GET POST)) {
        my $r = request($t, $path, $method);
        is($r->{status}, 404, "nginx.conf: $method $path");
        is($r->{headers}{'content-type'}, 'application/json', 'as JSON');
        like(JSON::PP::decode_json($r->{content})->{error_description},
            qr/no OAuth/, 'that says so');
    }
}
is(request($t, '/healthz')->{status}, 200, 'nginx.conf: healthz');
is(request($t, '/metrics')->{status}, 200, 'nginx.conf: metrics');
$t->finish;

# the hardened one

my $dir;
$t = CC::Nginx->new;
$dir = $t->dir;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
    . " -subj /CN=exec.example.com -keyout $dir/key.pem"
    . " -out $dir/fullchain.pem 2>/dev/null") == 0 or die 'openssl';
chomp(my $token = `$root/conf/cc-token agent $dir/cc_executor.tokens`);
mkdir "$dir/html";
open my $f, '>', "$dir/html/index.html" or die $!;
print $f "the old page\n";
close $f;
open $f, '>', "$dir/work/notes" or die $!;
print $f "one\ntwo\n";
close $f;
$t->{conf} = configuration('hardened.conf',
    qr/worker_processes         auto/ => 'worker_processes 1',
    qr{/etc/nginx/tls|/etc/nginx(?=/cc_executor)|/var/www} => '%%DIR%%',
    qr{/var/log/nginx} => '%%DIR%%/logs',
    qr{/var/lib/nginx/cc_executor} => '%%DIR%%/runtime',
    qr{/srv/cc-executor} => '%%DIR%%/work',
    qr/listen       443/ => 'listen 127.0.0.1:%%PORT_2%%',
    $ipv6 ? (qr/\[::1\]:8004/ => '[::1]:%%PORT%%') : (qr/^.*\[::1\].*\n/m => ''),
    qr/127\.0\.0\.1:8004/ => '127.0.0.1:%%PORT%%');
$t->start;

my %tls = (ssl => 1, port => $t->port(2));
sub headers { return { Host => 'exec.example.com',
    Authorization => "Bearer $token", @_ } }

is($t->ws(%tls, headers => headers(Authorization => undef))->{status}, 401,
    'hardened.conf: no token');
is($t->ws(%tls, headers => headers(Host => 'other'))->{status}, 421,
    'hardened.conf: another name');
is($t->ws(%tls, headers => headers(Origin => 'https://evil.example'))
    ->{status}, 403, 'hardened.conf: a page from elsewhere');
$c = $t->client(%tls, headers => headers());
is($c->run('cat notes')->{stdout}, "one\ntwo\n", 'hardened.conf: a program');
is($c->run({ args => ['grep', '-c', '', 'notes'] })->{stdout}, "2\n",
    'hardened.conf: another');
like($c->run('disk')->{stdout}, qr/^\d\S*\t\.$/, 'hardened.conf: an alias');
for my $no ('cat notes | cat', 'git push', '/bin/sh -c ls', 'cat $HOME') {
    is($c->run($no)->{answer}{error}{code}, -32002, "hardened.conf: no $no");
}
SKIP: {
    # landlock_create_ruleset(NULL, 0, VERSION)
    skip 'this kernel cannot confine files', 2 if syscall(444, 0, 0, 1) < 2;
    isnt($c->run("cat $dir/nginx.conf")->{completed}{exit_code}, 0,
        'hardened.conf: files are confined');
    is($c->run('cat /etc/passwd')->{stdout}, '', 'hardened.conf: all others');
}
$c->close;
is(HTTP::Tiny->new(verify_SSL => 0)->get("https://127.0.0.1:$tls{port}/")
    ->{content}, "the old page\n", 'hardened.conf: what was there before');
is(HTTP::Tiny->new(verify_SSL => 0)->get("https://127.0.0.1:$tls{port}"
    . '/.well-known/oauth-authorization-server/mcp')->{headers}{'content-type'},
    'application/json', 'hardened.conf: no OAuth');
is(json($t)->{max_sessions}, 50, 'hardened.conf: health');
ok($t->wait_until(sub {
    $t->slurp('logs/cc_executor.log') =~ /"owner":"token:agent"/ }),
    'hardened.conf: the access log says who it was');
like($t->slurp('logs/cc_executor.audit.log'),
    qr{"owner":"token:agent".*"program":"/usr/bin/cat"},
    'hardened.conf: the audit log, what was run');
unlike(join('', map { $t->slurp("logs/$_") } qw(error.log cc_executor.log
    cc_executor.audit.log)), qr/\Q$token/,
    'hardened.conf: but not the token');
$t->finish;

# the container's variables: docs/operation.md, entrypoint and compose file know the same

sub text {
    open my $in, '<', "$root/$_[0]" or die $!;
    local $/;
    return <$in>;
}

my ($table) = text('docs/operation.md') =~ /^(\| variable \| default .*?)\n\n/ms;
my @told = sort $table =~ /^\| `([A-Z_]+)`/mg;
my %known = map { $_ => 1 } grep { defined } text('docker/entrypoint')
    =~ /^(?:number|size|words) +([A-Z_]+)|\$\{([A-Z_]+)-/mg;
is_deeply([grep { !$known{$_} } @told], [],
    'the entrypoint knows all variables of docs/operation.md');
my ($environment) = text('docker/common.yml')
    =~ /^    environment:\n((?:      .*\n)+)/m;
is_deeply([sort $environment =~ /^ +([A-Z_]+):/mg],
    [grep { !/_FILE$/ } @told], 'the compose files pass them on');

done_testing();
