package CC::Run;

# cc-run in the background, or until it ends: with pipes, files or a terminal.

use strict;
use warnings;

use Fcntl qw(O_NOCTTY O_RDWR);
use IO::Select;
use POSIX ();
use Time::HiRes qw(sleep time);

use CC::Nginx;

our $TIMEOUT = $ENV{CC_RUN_TIMEOUT} // 60;

# tests that run in the background have inherited that these are ignored
$SIG{$_} = 'DEFAULT' for qw(INT QUIT);

# the one with sanitizers where the module is (.ci/exec)
sub binary {
    return $ENV{CC_SANITIZE} ? "$CC::Nginx::ROOT/$ENV{CC_SANITIZE}/cc-run"
        : "$CC::Nginx::ROOT/build/cc-run";
}

# Starts it with these words.  dir: where what it says goes; in: a file, or a
# handle, for its stdin (/dev/null); out: a handle for its stdout; program:
# something else than cc-run.
my $n = 0;
sub start {
    my ($class, $words, %o) = @_;
    my $name = sprintf '%s/run%d', $o{dir}, ++$n;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        my $in = $o{in} // '/dev/null';
        open STDIN, (ref $in ? '<&' : '<'), $in or POSIX::_exit(127);
        open STDOUT, ($o{out} ? '>&' : '>'), $o{out} // "$name.out"
            or POSIX::_exit(127);
        open STDERR, '>', "$name.err" or POSIX::_exit(127);
        exec $o{program} // binary(), @$words or POSIX::_exit(127);
    }
    return bless { pid => $pid, name => $name }, $class;
}

# The same on a terminal of its own; cols, rows.  The leader there is a shell
# that looks at the terminal when it is over.
sub terminal {
    my ($class, $words, %o) = @_;
    my $name = sprintf '%s/run%d', $o{dir}, ++$n;
    sysopen my $tty, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!\n";
    my $number = pack 'i', 0;
    ioctl $tty, 0x40045431, $number or die "TIOCSPTLCK: $!\n";
    ioctl $tty, 0x80045430, $number or die "TIOCGPTN: $!\n";
    my $self = bless { tty => $tty, shown => '', name => $name,
        slave => '/dev/pts/' . unpack('i', $number) }, $class;
    $self->resize($o{cols} // 80, $o{rows} // 24);
    # one end of it stays open, so that what was shown last is not lost
    sysopen $self->{held}, $self->{slave}, O_RDWR | O_NOCTTY or die $!;
    $self->{pid} = fork // die "fork: $!\n";
    if ($self->{pid} == 0) {
        POSIX::setsid();
        $ENV{STTY} = "$name.stty";
        open STDIN, '+<', $self->{slave} or POSIX::_exit(127);
        open STDOUT, '>&', \*STDIN;
        open STDERR, '>&', \*STDIN;
        exec '/bin/sh', '-c', 'trap : INT QUIT TSTP; "$0" "$@"; rc=$?;'
            . ' stty -a > "$STTY"; exit $rc', $o{program} // binary(), @$words
            or POSIX::_exit(127);
    }
    return $self;
}

sub resize {
    my ($self, $cols, $rows) = @_;
    my $size = pack 'S4', $rows, $cols, 0, 0;
    ioctl $self->{tty}, 0x5414, $size or die "TIOCSWINSZ: $!\n";
    return;
}

sub type { my ($self, $text) = @_; return syswrite $self->{tty}, $text }

# waits until what is shown matches, and returns what it showed till then
sub expect {
    my ($self, $re, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    my $select = IO::Select->new($self->{tty});
    while (1) {
        return substr $self->{shown}, 0, $+[0], '' if $self->{shown} =~ $re;
        my $left = $deadline - time;
        return if $left <= 0;
        next unless $select->can_read($left < 0.2 ? $left : 0.2);
        sysread $self->{tty}, $self->{shown}, 65536, length $self->{shown}
            or return;
    }
}

# types until it is heard: what is typed while old output comes is dropped
sub insist {
    my ($self, $text, $re) = @_;
    for (1 .. 20) {
        $self->type($text);
        my $shown = $self->expect($re, 3);
        return $shown if defined $shown;
    }
    return;
}

# was that terminal in the end as one is that nobody changed?
sub cooked {
    my ($self) = @_;
    my $is = $self->slurp('stty');
    return 3 == grep { $is =~ /(?:^|\s)$_\b/ } qw(icanon echo opost);
}

sub pid { return $_[0]{pid} }

sub slurp {
    my ($self, $what) = @_;
    open my $f, '<', "$self->{name}.$what" or return '';
    local $/;
    return <$f> // '';
}

sub out { return $_[0]->slurp('out') }
sub err { return $_[0]->slurp('err') }

# waits until what it has written matches
sub wait_out { my ($self, @for) = @_; return $self->wait_in('out', @for) }
sub wait_err { my ($self, @for) = @_; return $self->wait_in('err', @for) }

sub wait_in {
    my ($self, $name, $re, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    until ($self->slurp($name) =~ $re) {
        return 0 if time > $deadline;
        sleep 0.02;
    }
    return 1;
}

sub signal {
    my ($self, $name) = @_;
    my ($pid) = $self->{tty} ? CC::Nginx::children($self->{pid}, qr/./)
        : $self->{pid};
    return kill $name, $pid;
}

# SIGINT; returns when it has been noticed: two that wait together are one
sub interrupt {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    $self->signal('INT');
    until ($self->ended) {
        open my $f, '<', "/proc/$self->{pid}/status" or last;
        my ($waiting) = join('', <$f>) =~ /^ShdPnd:\s*(\w+)/m or last;
        last if !(hex(substr $waiting, -4) & 1 << POSIX::SIGINT() - 1);
        return 0 if time > $deadline;
        sleep 0.02;
    }
    return 1;
}

# has it ended?
sub ended {
    my ($self) = @_;
    return 1 if defined $self->{rc};
    return 0 if waitpid($self->{pid}, POSIX::WNOHANG()) != $self->{pid};
    $self->{rc} = $? & 127 ? 1000 + ($? & 127) : $? >> 8;
    return 1;
}

# its exit status, when it has ended; 1000 + n: by signal n; undef: it has not
sub rc {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    until ($self->ended) {
        return if time > $deadline;
        sleep 0.02;
    }
    return $self->{rc};
}

# until it ends: { out, err, rc }
sub run {
    my ($class, $words, %o) = @_;
    my $self = $class->start($words, %o);
    my $rc = $self->rc;
    return { out => $self->out, err => $self->err, rc => $rc };
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    return if !$self->{pid} || defined $self->{rc} || $self->ended;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
