# Commands are no clients, unless the operator says so: whatever way they take,
# however they hide; and others of the commands' user are.
#
# tags: asan coverage

use strict;
use warnings;

use POSIX ();
use Test::More;
use CC::Nginx alone => 'which programs of one user are commands';

plan skip_all => 'needs root: clients of several users' if $> != 0;

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes %%WORKERS%%;
events { worker_connections 256; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    cc_executor_audit_log %%DIR%%/logs/audit.log;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen [::1]:%%PORT%%;
        listen 0.0.0.0:%%PORT_2%%;
        listen unix:%%DIR%%/unix.sock;
        server_name localhost;
        location /ws/mcp { cc_executor on; }
        location /trust { cc_executor on; cc_executor_remote trust; }
        location /token { cc_executor on; cc_executor_token_file tokens; }
        location /open { cc_executor on; cc_executor_commands_as_clients on; }
        location = /proxy { proxy_pass http://127.0.0.1:%%PORT%%/ws/mcp;
            proxy_http_version 1.1; proxy_set_header Host localhost;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection Upgrade; }
        location /other { return 200 "other\n"; }
    }
}
EOC
my $dir = $t->dir;
chomp(my $token = `$CC::Nginx::ROOT/conf/cc-token ci '$dir/tokens'`);

# a client in a file of its own: prints the status of a handshake or a POST

open my $f, '>', "$dir/dial" or die $!;
print $f <<'EOS';
use strict;
use warnings;
use IO::Socket::IP;
use IO::Socket::UNIX;
my ($to, $path, $method, $token) = @ARGV;
my $s = $to =~ m{^/} ? IO::Socket::UNIX->new(Peer => $to)
    : IO::Socket::IP->new(PeerAddr => $to, Type => SOCK_STREAM)
    or die "$to: $! $@";
my $auth = $token ? "Authorization: Bearer $token\r\n" : '';
my $body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
print $s $method eq 'POST' ? "POST $path HTTP/1.1\r\nHost: localhost\r\n$auth"
        . "Content-Type: application/json\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body"
    : "GET $path HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n$auth"
        . "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
my $line = <$s> // 'nothing';
print $line =~ /^HTTP\/1.1 (\d+)/ ? $1 : $line;
EOS
close $f;
$t->start;

my $port = $t->port;
my $tcp = "127.0.0.1:$port";
my $c = $t->client;

sub run { my ($line) = @_; my $r = $c->run($line);
    return $r->{stdout} . ($r->{stderr} // '') }

# every way in

my ($address) = map { /inet (\S+)\// } grep { / scope global/ }
    `ip -4 -o addr show 2>/dev/null`;
my @ways = (['TCP', $tcp], ['a unix socket', "$dir/unix.sock"]);
push @ways, ['IPv6', "[::1]:$port"] if -s '/proc/net/if_inet6';
for (@ways) {
    my ($way, $to) = @$_;
    for my $method (qw(GET POST)) {
        is(run("perl $dir/dial '$to' /ws/mcp $method"), 403,
            "$way, $method: a command is refused");
    }
    is(run("perl $dir/dial '$to' /open GET"), 101, "$way: or let in");
}
SKIP: {
    skip 'this machine has no address but loopback', 2 unless $address;
    my $wide = "$address:" . $t->port(2);
    is(run("perl $dir/dial $wide /trust GET"), 403,
        'by the address that others use');
    is(run("perl $dir/dial 127.0.0.1:" . $t->port(2) . ' /trust GET'), 403,
        'trust or not');
}
is(run("perl $dir/dial $tcp /token POST $token"), 403, 'a token or not');
is(run("perl $dir/dial $tcp /other GET"), 200, 'other locations are free');
is(run("perl $dir/dial '$tcp' /open POST"), 200, 'POST, let in');

# hidden

is(run("setsid -w perl $dir/dial $tcp /ws/mcp GET"), 403, 'a session of its own');
like(run("(setsid sh -c '(perl $dir/dial $tcp /ws/mcp GET > $dir/work/said; echo"
    . " >> $dir/work/said) &'); while [ ! -s $dir/work/said ]; do sleep 0.05;"
    . " done; cat $dir/work/said"), qr/^403$/, 'an orphan');
is(run("perl -e 'syscall(157, 4, 0, 0, 0, 0);"
    . " \@ARGV = (\"$tcp\", \"/ws/mcp\", \"GET\"); do \"$dir/dial\"'"), 403,
    'not to be looked at') if `uname -m` =~ /x86_64/;
is(run('perl -e \'open my $h, "<", "/dev/null"; my @more = map { open my $g, '
    . '"<&", $h; $g } 1 .. 900; @ARGV = ("' . $tcp . '", "/ws/mcp", "GET"); '
    . "do \"$dir/dial\"'"), 403, 'behind many descriptors');

# others of the same user

my @nobody = getpwnam 'nobody';
sub as_nobody {
    my ($exec, @args) = @_;
    my $pid = open my $p, '-|' // die $!;
    if ($pid == 0) {
        $) = "$nobody[3] $nobody[3]";
        POSIX::setgid($nobody[3]);
        POSIX::setuid($nobody[2]);
        exec 'perl', "$dir/dial", @args if $exec;
        @ARGV = @args;
        do "$dir/dial";
        POSIX::_exit(0);
    }
    local $/;
    my $said = <$p>;
    close $p;
    return $said;
}

for (@ways) {
    my ($way, $to) = @$_;
    is(as_nobody(1, $to, '/ws/mcp', 'GET'), 101,
        "$way: another program of the same user");
    is(as_nobody(1, $to, '/ws/mcp', 'POST'), 200, "$way: POST");
}
$| = 1;
is(as_nobody(0, $tcp, '/ws/mcp', 'GET'), 403,
    'one that cannot be looked at: refused');
is(as_nobody(0, $tcp, '/open', 'GET'), 101, 'or let in');
is(as_nobody(0, "$dir/unix.sock", '/ws/mcp', 'GET'), 101,
    'by a unix socket its descriptors do not matter');
is($t->ws->{status}, 101, 'and another user');
is($t->ws(path => '/proxy')->{status}, 101, 'nginx as its own client');

# logs

like($t->log, qr/\[warn\].*refused with 403, a command of this server may not connect to it \(cc_executor_commands_as_clients\)/,
    'the log: a command');
like($t->log, qr/\[warn\].*refused with 403, it runs as the user of this server's commands and its process cannot be inspected; "cc_executor_commands_as_clients on" admits such clients/,
    'and what is maybe one');
like($t->slurp('logs/audit.log'),
    qr/"status":403,"reason":"command","error":"a command of this server/,
    'the audit log');
unlike($t->log, qr/does not tell who clients/, 'nothing was not told');

$c->close;
$t->finish;
done_testing;
