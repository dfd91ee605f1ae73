# Commands of an executor service as clients of the server that started them:
# refused as those without a service are, by the user that the service has
# named.  And how often clients make a worker ask a service whose spawners die.
#
# tags: asan

use strict;
use warnings;

use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;
use CC::Service;
use CC::Wire;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_start_timeout 20s;',
    server => 'listen unix:%%DIR%%/unix.sock;
    location /open { cc_executor on; cc_executor_commands_as_clients on; }');
my $dir = $t->dir;
$t->{http} = "cc_executor_service unix:$dir/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";

# prints the status of a handshake

open my $f, '>', "$dir/dial" or die $!;
print $f <<'EOS';
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
my ($to, $path) = @ARGV;
my $s = $to =~ m{^/} ? IO::Socket::UNIX->new(Peer => $to)
    : IO::Socket::INET->new(PeerAddr => $to) or die "$to: $! $@";
print $s "GET $path HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    . "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    . "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
my $line = <$s> // 'nothing';
print $line =~ m{^HTTP/1.1 (\d+)} ? $1 : $line;
EOS
close $f;

my $s = CC::Service->new($t)->start;
$t->start;
chmod 0666, "$dir/unix.sock";
my $c = $t->client;
my $tcp = '127.0.0.1:' . $t->port;
for my $to ($tcp, "$dir/unix.sock") {
    my $way = $to =~ m{^/} ? 'a unix socket' : 'TCP';
    is($c->run("perl $dir/dial $to /ws/mcp")->{stdout}, 403,
        "$way: a command is refused");
    is($c->run("perl $dir/dial $to /open")->{stdout}, 101, "$way: or let in");
    is(`setpriv --reuid=backup --clear-groups perl $dir/dial $to /ws/mcp`, 403,
        "$way: so is all that has its user");
    is(`setpriv --reuid=list --clear-groups perl $dir/dial $to /ws/mcp`, 101,
        "$way: others are not");
}
$c->close;
$s->finish;

# A service that says yes and is gone: commands wait for another one, and each
# of them asks for it.  It is not asked more often than ten times a second.

unlink "$dir/service.sock";
socket my $l, Socket::AF_UNIX, CC::Service::SEQPACKET, 0 or die $!;
bind $l, Socket::pack_sockaddr_un("$dir/service.sock") or die $!;
chmod 0666, "$dir/service.sock";
pipe my $from, my $to or die $!;
listen $l, 64 or die $!;
my $asked = time;
my $pid = fork // die $!;
if ($pid == 0) {
    $SIG{ALRM} = 'DEFAULT';
    alarm 300;
    while (accept my $k, $l) {
        recv $k, my $m, 4096, 0;
        send $k, pack('L C C S L L a32 L l L L', 0x31786363,
            $CC::Wire::VERSION, 7, 0, 0, 64, '0.1.0', 0, 0, 1024, 34), 0;
        syswrite $to, '.';
    }
    POSIX::_exit(0);
}
close $l;
close $to;
my ($times, $all) = (0, '');
my $reader = IO::Select->new($from);
while (length $all < 30 && $times++ < 6000) {
    my $d = $t->client;
    $d->send('execute', { command => 'true' });
    $d->call('ping');                    # it has been taken in
    $d->close;
    sysread $from, $all, 100, length $all if $reader->can_read(0.02);
}
my $elapsed = time - $asked;
cmp_ok(length $all, '>=', 30, 'a service whose spawners die is asked again');
cmp_ok(length $all, '<=', 10 * $elapsed + 5,
    "but not more often than its pause allows ($elapsed s)");
kill 'KILL', $pid;
waitpid $pid, 0;
$t->finish;

done_testing;
