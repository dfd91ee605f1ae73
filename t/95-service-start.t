# An executor service as a service manager starts it: as its own user, with a few
# capabilities that programs inherit, with a socket that listens already, and
# telling when it is ready.  What it starts has none of that.
#
# tags:

use strict;
use warnings;

use Fcntl qw(F_SETFD);
use IO::Select;
use POSIX ();
use Socket qw(pack_sockaddr_un AF_UNIX SOCK_DGRAM);
use Test::More;
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $identity = "$CC::Nginx::ROOT/build/fixtures/identity";
my ($uid, $gid) = (getpwnam 'backup')[2, 3];
my $caps = '+setuid,+setgid,+kill,+chown';

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_fence off;
    cc_executor_kill_grace 500ms;');
$t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";
my $s = CC::Service->new($t);

# the socket, of root and for nginx's group, without SO_PASSCRED; and where it
# says that it is ready

socket my $listener, AF_UNIX, CC::Service::SEQPACKET, 0 or die $!;
bind $listener, pack_sockaddr_un($s->{socket}) or die $!;
listen $listener, 64 or die $!;
chown 0, scalar(getgrnam 'nogroup'), $s->{socket};
chmod 0660, $s->{socket};

for my $name ("${\$t->dir}/notify", "\0cc_test_notify_$$") {
    socket my $notify, AF_UNIX, SOCK_DGRAM, 0 or die $!;
    bind $notify, pack_sockaddr_un($name) or die $!;
    chmod 0777, $name if $name =~ m{^/};

    my $pid = fork // die $!;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>>', "${\$t->dir}/logs/service.log";
        open STDOUT, '>&', \*STDERR;
        POSIX::dup2(fileno $listener, 3);
        open my $fd, '<&=', 3;
        fcntl $fd, F_SETFD, 0;
        (my $path = $name) =~ s/^\0/@/;
        # LISTEN_PID is the number of the shell that it replaces
        $ENV{NOTIFY_SOCKET} = $path;
        exec 'setpriv', '--reuid=games', '--regid=games', '--clear-groups',
            "--inh-caps=-all,$caps", "--ambient-caps=-all,$caps",
            '/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh',
            $CC::Service::PROGRAM, '-p', "${\$t->dir}/policy/table",
            '-t', "${\$t->dir}/service-tmp" or POSIX::_exit(127);
    }
    my $said = '';
    recv $notify, $said, 100, 0 if IO::Select->new($notify)->can_read(20);
    is($said, "READY=1", 'it is ready') or diag $s->log;
    $s->{pid} = $pid;
    last if $name =~ /^\0/;
    ok($s->stop, 'and leaves');
    is($s->{status}, 0, 'with 0');
    recv $notify, $said, 100, 0 if IO::Select->new($notify)->can_read(20);
    is($said, 'STOPPING=1', 'which it has said');
}

# what it has itself

open my $f, '<', "/proc/$s->{pid}/status" or die $!;
my $status = join '', <$f>;
my %has = $status =~ /^(\w+):\t(.*)$/mg;
my $four = sprintf '%016x', 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7;
is($has{$_}, $four, "$_: CHOWN KILL SETGID SETUID") for qw(CapPrm CapEff);
is(hex $has{$_}, 0, "$_: none") for qw(CapInh CapAmb);
is($has{NoNewPrivs}, 1, 'no new privileges');

# what a command has

$t->start;
my $c = $t->client;
my $r;
$t->wait_until(sub { $r = $c->run($identity); $r->{completed} }, 20);
my %who = map { /^(.*?):\s*(.*)/ } split /\n/, $r->{stdout};
is($who{uid}, join(' ', ($uid) x 4), 'its user') or diag explain $r;
is($who{groups}, $gid, 'its groups');
is(hex $who{$_}, 0, "$_: none") for qw(CapInh CapPrm CapEff CapAmb);
is($who{'become root'}, 'Operation not permitted', 'no way to root');
my $env = $c->run('env')->{stdout};
unlike($env, qr/LISTEN|NOTIFY/, 'nothing of the service in its environment');
$c->close;

$t->finish;
$s->finish;

# what it does not take for a socket

for my $n (0, 2) {
    my $said = `LISTEN_FDS=$n sh -c 'LISTEN_PID=\$\$ exec "$CC::Service::PROGRAM" -u games -p ${\$t->dir}/policy/table' 2>&1`;
    is($? >> 8, 1, "LISTEN_FDS=$n: refuses to start");
    like($said, qr/LISTEN_FDS: one socket is needed/, 'and says why');
}
my $said = `LISTEN_FDS=1 sh -c 'LISTEN_PID=\$\$ exec "$CC::Service::PROGRAM" -u games -p ${\$t->dir}/policy/table 3</dev/null' 2>&1`;
like($said, qr/SOCK_SEQPACKET/, 'nor is a file one');

done_testing;
