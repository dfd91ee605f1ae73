package CC::Guest;

# A machine inside this one, in which a systemd runs: a container of podman's
# (quick, but what units say of file systems and control groups is left out
# there), or a virtual machine (everything, and slow).  Both run scripts.

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use MIME::Base64;
use Test::More;

# what a script has
my $prelude = <<'END';
set -e
export DEBIAN_FRONTEND=noninteractive
cd /tmp
quiet() { "$@" > /tmp/said 2>&1 || { cat /tmp/said; exit 1; }; }
get() { quiet apt-get -q install -y --no-install-recommends "$@"; }
until_() { for i in $(seq 6000); do if eval "$1"; then return; fi; sleep 0.1; done
    echo "never: $1"; exit 1; }
main() { systemctl show -p MainPID --value cc-executor.service; }
url=ws://127.0.0.1:18997/ws/mcp
END

# a container that runs already
sub container { my ($class, $name) = @_;
    return bless { name => $name }, $class }

# A virtual machine: the kernel, its root (a cpio archive) and a directory for
# what is needed and for its log.
sub machine {
    my ($class, %o) = @_;
    my $socket = "$o{dir}/serial";
    unlink $socket;
    my $pid = fork // die $!;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$o{dir}/qemu.log" or die $!;
        open STDERR, '>&', \*STDOUT;
        exec qw(qemu-system-x86_64 -M q35 -accel tcg -cpu max -smp 2 -m 2048
            -display none -monitor none -nic none -no-reboot),
            '-kernel', $o{kernel}, '-initrd', $o{root},
            '-append', 'console=ttyS0 rdinit=/sbin/init quiet',
            '-serial', 'file:' . "$o{dir}/console.log",
            '-serial', "unix:$socket,server=on,wait=off" or exit 1;
    }
    my $self = bless { pid => $pid }, $class;

    # whoever is told to leave takes it along
    $SIG{$_} = sub { exit 1 } for qw(HUP INT TERM);
    for (1 .. 600) {
        last if $self->{serial} = IO::Socket::UNIX->new(Peer => $socket);
        select undef, undef, undef, 0.1;
    }
    return $self->{serial} ? $self : undef;
}

# it says "ready" on its line once it runs
sub ready {
    my ($self, $seconds) = @_;
    return defined $self->_until(qr/^ready\r?$/m, $seconds);
}

# what a script prints; its end is tested
sub run {
    my ($self, $script) = @_;
    my ($out, $rc) = $self->{serial} ? $self->_serial($prelude . $script)
        : $self->_exec($prelude . $script);
    is($rc, 0, 'the script ends well') or diag $out;
    return $out;
}

sub _exec {
    my ($self, $script) = @_;
    open my $f, '>', 'guest.sh' or die $!;
    print $f $script;
    close $f;
    my $out = `podman exec -i $self->{name} sh < guest.sh 2>&1`;
    return ($out, $?);
}

# lines for a shell that reads from there; its answer in between two marks
sub _serial {
    my ($self, $script) = @_;
    my $mark = 'END' . ++$self->{n};
    $self->{serial}->print("base64 -d > /run/guest.sh << 'EOT'\n"
        . encode_base64($script) . "EOT\n"
        . "sh /run/guest.sh > /run/guest.out 2>&1 < /dev/null; rc=\$?; base64 /run/guest.out; "
        . "echo $mark \$rc\n");
    my $said = $self->_until(qr/^$mark (\d+)\r?$/m, 1800);
    return ('nothing came back', -1) if !defined $said;
    my ($rc) = $said =~ /^$mark (\d+)\r?$/m;
    $said =~ s/^$mark.*//ms;
    return (decode_base64($said), $rc);
}

sub _until {
    my ($self, $re, $seconds) = @_;
    my ($said, $end) = ('', time + $seconds);
    my $select = IO::Select->new($self->{serial});
    while (time < $end) {
        next if !$select->can_read(1);
        sysread $self->{serial}, $said, 65536, length $said or return undef;
        return $said if $said =~ $re;
    }
    return undef;
}

sub DESTROY {
    my ($self) = @_;
    return if !$self->{pid};
    local ($?, $!, $@);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
