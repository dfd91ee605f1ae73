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

# A session is found in the log by a header of its own, and by the number of the
# connection that this line has: packed, not packed, or nothing yet.
my $sessions = 0;
my $lines = 0;                           # that are logged of sessions but /many

sub session {
    my (%o) = @_;
    my $name = sprintf '%05d', ++$sessions;
    my $ws = $t->ws(%o, headers => { %{ $o{headers} // {} },
        'X-Connection' => "n$name" });
    $ws->read_frame;
    return ($ws, $name);
}

sub fate {
    my ($name) = @_;
    my $log = $t->log;
    my ($c) = $log =~ / (\*\d+) http header: "X-Connection: n$name"$/m or return '';
    return $log =~ / \Q$c\E cc_executor: packed a request/ ? 'packed'
        : $log =~ / \Q$c\E cc_executor: not packed/ ? 'not packed' : '';
}

# others come, so that all who were there are packed; the name of the first of them
my @others;

sub others {
    my ($more) = @_;
    my @new = map { [session(path => '/many')] } 1 .. $WAITING + $more;
    push @others, map { $_->[0] } @new;
    $others[-1]->send_text('{"id":1,"method":"list"}');
    $others[-1]->read_frame;
    return $new[0][1];
}

sub depart {
    $_->close for splice @others;
    return;
}

# one that is packed.  Whatever looks like a reference, by chance, keeps one where it
# is (1 in 700): then the next one is tried.
sub at_rest {
    my ($what, %o) = @_;
    my ($ws, $fate, $name);
    for (1 .. 5) {
        ($ws, $name) = session(%o);
        others(1);
        last if !$says;
        $t->wait_until(sub { $fate = fate($name) });
        last if $fate ne 'not packed';
        depart();
        $ws->close;
        logged(++$lines);
    }
    SKIP: {
        skip 'nginx has no debug log', 1 unless $says;
        is($fate, 'packed', $what);
    }
    return $ws;
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

for my $tls (0, 1) {
    for my $name (sort keys %request) {
        my @o = (%{ $request{$name} },
            $tls ? (ssl => 1, port => $t->port(2)) : ());
        my $what = $name . ($tls ? ', TLS' : '');

        # one that leaves at once
        my ($ws) = session(@o);
        $ws->close;
        my ($before) = (logged(++$lines))[-1];

        $ws = at_rest("packed: $what", @o);
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
    ($ws, my $name) = session(path => $path);
    my $next = others(1);
    SKIP: {
        skip 'nginx has no debug log', 2 unless $says;
        ok($t->wait_until(sub { fate($next) }), "$path: it was the next one's turn");
        isnt(fate($name), 'packed', 'and this one stays');
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
    my @few = map { [session()] } 1 .. 3;
    ok($t->wait_until(sub { grep { fate($_->[1]) eq 'packed' } @few }),
        'packed after a while');
    $_->[0]->close for @few;
}

# a reload, a stop

my @rest = map { (session(path => '/ws/mcp?a=last'))[0] } 1 .. 3;
others(3);
$t->signal('HUP');
is($rest[0]->read_close, 1001, 'a reload closes packed sessions');
$_->read_close for @rest[1, 2], @others;
$_->close for @rest;
depart();
ok($t->wait_until(sub { my @l = $t->slurp('logs/all.log') =~ /a=last/g;
    return @l >= 3 }), 'and they are logged');

@rest = map { (session())[0] } 1 .. 3;
others(1);

$t->finish;
done_testing;
