# The request of a session that is at rest moves to memory of its size: nobody
# notices, and what is logged at the end is what would have been.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

# as soon as more than this many wait to be packed, the first of them are
my $WAITING = 64;

my @of = map { "\$$_" } qw(request request_uri uri args query_string arg_a
    document_uri request_method server_protocol host http_user_agent
    http_referer http_x_many http_cookie cookie_one
    cookie_two remote_user request_length status sent_http_upgrade
    sent_http_x_added sent_http_cache_control cc_executor_owner mapped copied
    request_filename remote_addr scheme);

my $t = CC::Nginx->new(log => 'debug_http', http => 'log_format all escape=none \''
        . join('|', @of) . "';"
        . ' access_log %%DIR%%/logs/all.log all;
    map $http_user_agent $mapped { default "-"; "~^(?<who>[a-z]+)" "is $who"; }
    limit_conn_zone $binary_remote_addr zone=one:1m;
    ssl_certificate %%DIR%%/cert.pem; ssl_certificate_key %%DIR%%/key.pem;',
    server => 'listen 127.0.0.1:%%PORT_2%% ssl;
    set $copied "<$arg_a>";
    add_header X-Added "$uri $arg_a" always;
    add_header Cache-Control "no-store, max-age=$arg_a" always;
    location /many { cc_executor on; cc_executor_allow any;
        cc_executor_max_sessions 1000; }
    location ~ ^(.+\.php)(/.*)?$ { return 404; }
    location ~ ^/rx { cc_executor on; cc_executor_allow any;
        cc_executor_max_sessions 1000; }
    location ~ ^/(one) { cc_executor on; cc_executor_allow any;
        cc_executor_max_sessions 1000; set $copied $1; }
    location /counted { limit_conn one 10; cc_executor on;
        cc_executor_allow any; cc_executor_max_sessions 1000; }',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 200ms; cc_executor_max_sessions 1000;');

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
    . "-keyout $t->{dir}/key.pem -out $t->{dir}/cert.pem 2>/dev/null")
    == 0 or die 'openssl';
$t->start;

# without --with-debug nobody says it
my $says = `$t->{nginx} -V 2>&1` =~ /--with-debug/;

sub packed {
    my $n = () = $t->log =~ /packed a request/g;
    return $n;
}

# Others come, so that all who were there are packed; but whatever looks like a
# reference, by chance, keeps one where it is.
my ($n, @others);
sub most { return packed() >= $n + $WAITING - 6 }

sub others {
    my ($more) = @_;
    push @others, map { $t->ws(path => '/many') } 1 .. $WAITING + $more;
    $_->read_frame for @others[-$WAITING - $more .. -1];
    $others[-1]->send_text('{"id":1,"method":"list"}');
    $others[-1]->read_frame;
    return;
}

sub depart {
    $_->close for splice @others;
    return;
}

sub logged {
    my ($n) = @_;
    $t->wait_until(sub { my @l = grep { !m{/many} } split /(?<=\n)/,
        $t->slurp('logs/all.log'); return grep({ /\n/ } @l) >= $n });
    return grep { !m{/many} } $t->slurp('logs/all.log') =~ /(.*\n)/g;
}

my %request = (
    few => { path => '/ws/mcp?a=7' },
    'an expression' => { path => '/rx?a=7' },
    'from memory of its own' => { path => '/ws/%6dcp?a=%41&b' },
    many => { path => '/ws/mcp?a=1', headers => {
        'User-Agent' => 'walker/1.0', Referer => 'http://localhost/x',
        Cookie => ['one=1; two=2', 'three=3'], 'X-Many' => ['a', 'b', 'c'],
        (map { ("X-More-$_" => "value $_") } 1 .. 20) } },
);

# what is logged is the same, by TCP and by TLS

my $lines = 0;

for my $tls (0, 1) {
    for my $name (sort keys %request) {
        my @o = (%{ $request{$name} },
            $tls ? (ssl => 1, port => $t->port(2)) : ());
        my $what = $name . ($tls ? ', TLS' : '');

        # one that leaves at once
        my $ws = $t->ws(@o);
        $ws->read_frame;
        $ws->close;
        my ($before) = (logged(++$lines))[-1];

        $ws = $t->ws(@o);
        $ws->read_frame;
        $n = packed();
        others(1);
        SKIP: {
            skip 'nginx has no debug log', 1 unless $says;
            ok($t->wait_until(sub { most() }), "packed: $what");
        }
        $ws->send_text('{"id":"x","method":"list"}');
        like($ws->read_frame->{data}, qr/"id":"x","result"/, 'it answers');
        $ws->send_frame(9, 'here?');
        my $f = $ws->read_frame;
        is("$f->{op} $f->{data}", '10 here?', 'and a ping');
        $ws->send_frame(8, pack 'n', 1000);
        is($ws->read_close, 1000, 'it is closed');
        $ws->close;
        is((logged(++$lines))[-1], $before, 'and logged as ever');
        depart();
    }
}

# a command runs on, the next one starts; half a message waits for the other

my $c = $t->client;
my $ws = $c->ws;
my $half = '{"jsonrpc":"2.0","id":5,"method":"list","params":{}}';
my $whole = CC::WebSocket::frame(1, $half);
$ws->write(substr $whole, 0, 30);
others(1);
$ws->write(substr $whole, 30);
like($ws->read_frame->{data}, qr/"id":5,"result"/, 'a message in halves');
is($c->run('echo out')->{stdout}, "out\n", 'a command of a packed session');
depart();
$c->close;

# others want to see its end: it stays where it is

for my $path ('/counted', '/one') {
    $n = packed();
    $ws = $t->ws(path => $path);
    $ws->read_frame;
    others(1);
    SKIP: {
        skip 'nginx has no debug log', 2 unless $says;
        ok($t->wait_until(sub { most() }), "$path: the others");
        cmp_ok(packed(), '<=', $n + $WAITING + 1, 'and only they');
    }
    $ws->send_text('{"id":1,"method":"list"}');
    like($ws->read_frame->{data}, qr/"result"/, 'it answers, too');
    $ws->close;
    ok($t->wait_until(sub { $t->slurp('logs/all.log') =~ m{GET $path} }),
        'and is logged');
    depart();
}

# the time comes without others, too

SKIP: {
    skip 'nginx has no debug log', 1 unless $says;
    $n = packed();
    my @few = map { $t->ws } 1 .. 8;
    $_->read_frame for @few;
    ok($t->wait_until(sub { packed() > $n }), 'packed after a while');
    $_->close for @few;
}

# a reload, a stop

my @rest = map { $t->ws(path => '/ws/mcp?a=last') } 1 .. 3;
$_->read_frame for @rest;
others(3);
$t->signal('HUP');
is($rest[0]->read_close, 1001, 'a reload closes packed sessions');
$_->read_close for @rest[1, 2], @others;
$_->close for @rest;
depart();
ok($t->wait_until(sub { my @l = $t->slurp('logs/all.log') =~ /a=last/g;
    return @l >= 3 }), 'and they are logged');

@rest = map { $t->ws } 1 .. 3;
$_->read_frame for @rest;
others(1);

$t->finish;
done_testing;
