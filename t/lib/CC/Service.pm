package CC::Service;

# One executor service for one test: cc-executord in a directory of a
# CC::Nginx, run by root as the user "games"; what it starts; and the check that
# nothing of it is left.

use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX qw(WNOHANG);
use Socket qw(pack_sockaddr_un);
use Test::More;

use CC::Nginx;

use constant { USER => 'games', SEQPACKET => 5 };

our $PROGRAM = $ENV{CC_EXECUTORD} // "$CC::Nginx::ROOT/build/cc-executord";

# Options: policy, the text of the table; before: words in front of the command
# line; after: behind it.
sub new {
    my ($class, $t, %o) = @_;
    my $dir = $t->dir;
    my $self = bless { t => $t, dir => $dir, socket => "$dir/service.sock",
        policy => "nobody backup\n", pid => undef, %o }, $class;
    mkdir "$dir/policy";
    chmod 0755, "$dir/policy";
    $self->write($self->{policy});
    mkdir "$dir/service-tmp";
    chmod 0711, "$dir/service-tmp";
    chown((getpwnam USER)[2, 3], "$dir/service-tmp");
    return $self;
}

sub write {
    my ($self, $text) = @_;
    my $file = "$self->{dir}/policy/table";
    open my $f, '>', "$file.new" or die $!;
    print $f $text;
    CORE::close $f;
    chmod 0644, "$file.new";
    rename "$file.new", $file or die $!;
    return $self;
}

sub words {
    my ($self, @more) = @_;
    return (@{ $self->{before} // [] }, $PROGRAM, '-u', USER,
        '-p', "$self->{dir}/policy/table", '-t', "$self->{dir}/service-tmp",
        '-l', $self->{socket}, '-g', 'nogroup', @{ $self->{after} // [] },
        @more);
}

sub start {
    my ($self) = @_;
    my $pid = fork // die $!;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>>', "$self->{dir}/logs/service.log";
        open STDOUT, '>&', \*STDERR;
        exec $self->words or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $self->{t}->wait_until(sub {
        die "cc-executord did not start:\n" . $self->log
            if waitpid($pid, WNOHANG) == $pid;
        my $s = $self->connect or return 0;
        return 1 }) or die "no service\n" . $self->log;
    return $self;
}

# a socket that is connected to it
sub connect {
    my ($self) = @_;
    socket my $s, AF_UNIX, SEQPACKET, 0 or die $!;
    return connect($s, pack_sockaddr_un($self->{socket})) ? $s : undef;
}

sub log { return $_[0]{t}->slurp('logs/service.log') }

sub keepers { return CC::Nginx::children($_[0]{pid}, qr/keeper/) }

sub spawners { return map { CC::Nginx::children($_, qr/spawner/) }
    $_[0]->keepers }

sub helpers { return map { CC::Nginx::children($_, qr/helper/) }
    $_[0]->spawners }

# all of its processes but itself, while it lives
sub tree {
    my ($self) = @_;
    return ($self->keepers, $self->spawners, $self->helpers);
}

# ends it; true when it and what it had is gone in time
sub stop {
    my ($self, $sig) = @_;
    my $pid = delete $self->{pid} or return 1;
    my @tree = do { local $self->{pid} = $pid; $self->tree };
    kill $sig // 'TERM', $pid;
    my $gone = $self->{t}->wait_until(sub { waitpid($pid, WNOHANG) }, 20);
    $self->{status} = $?;
    kill 'KILL', $pid unless $gone;
    return $gone && $self->{t}->wait_until(sub {
        !grep { CC::Nginx::title($_) =~ /cc-executord/ } @tree }, 20);
}

sub finish {
    my ($self) = @_;
    ok($self->stop, 'the service and all that it had is gone');
    is($self->{status}, 0, 'it left with 0');
    return;
}

sub DESTROY {
    my ($self) = @_;
    return unless $self->{pid};
    local ($?, $@, $!);
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
