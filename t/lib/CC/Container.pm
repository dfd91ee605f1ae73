package CC::Container;

# The image under podman, alone or by the compose file, for one test file: its
# own names, ports and directories; all of them are gone afterwards.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(time);

use CC::Client;

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');

# Commands of the container run as this user, which owns the directories; by
# compose.yml they are another user's than nginx, the one that the image has for
# them.
our ($UID, $GID) = (1234, 1234);
our $APART = 1000;

my $number = 0;

# without a bridge network everything is on the host's, and compose cannot be
# used: .ci/e2e has said so
sub bridge { return ($ENV{E2E_NETWORK} // 'bridge') eq 'bridge' }

# made by .ci/e2e, which says where it is
sub image { return $ENV{E2E_IMAGE} // die "run this by \"make e2e\"\n" }

# Options: env => { ... }, args => [arguments of "podman run"], command =>
# [...], token => 1; compose => 'compose' or 'compose.rootless': by that file of
# docker, "env" is then what would stand in .env.
sub new {
    my ($class, %o) = @_;
    my $dir = tempdir('cc_e2e_XXXXXX', DIR => '/var/tmp', CLEANUP => 0);
    chmod 0755, $dir;
    my $self = bless { dir => $dir, pid => $$, name => "cce2e-$$-" . ++$number,
        env => {}, args => [], command => [], %o }, $class;
    make_path("$dir/workspace", "$dir/logs");
    $self->{apart} = ($self->{compose} // '') eq 'compose' && bridge();
    if ($self->{apart}) {
        chown $APART, $APART, "$dir/workspace";
    } else {
        chown $UID, $GID, "$dir/workspace", "$dir/logs";
    }
    $self->{port} = free_port();
    if ($self->{token}) {
        my $tokens = "$dir/tokens";
        chomp($self->{secret} = `$ROOT/conf/cc-token agent $tokens`);
        chmod $self->{apart} ? 0600 : 0644, $tokens;
    }
    return $self;
}

sub free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "no port: $!\n";
    return $s->sockport;
}

# runs a command; returns its output, $? is its status.  What podman says about
# the missing systemd is not interesting.
sub output {
    my (@command) = @_;
    my $pid = open(my $p, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    my $out = join '', grep { !/systemd connection|CNI config file/ } <$p>;
    CORE::close $p;
    return $out;
}

sub podman { my ($self, @a) = @_; return output('podman', @a) }

sub start {
    my ($self) = @_;
    return $self->{compose} && bridge() ? $self->up : $self->run;
}

sub run {
    my ($self) = @_;
    my @network;
    if (bridge()) {
        my $port = $self->{env}{DEFAULT_PORT} // 8003;
        @network = ('-p', "127.0.0.1:$self->{port}:$port");
    } else {
        @network = ('--network', 'host');
        $self->{port} = $self->{env}{DEFAULT_PORT} //= $self->{port};
    }
    my @env = map { ('-e', "$_=$self->{env}{$_}") } sort keys %{ $self->{env} };
    $self->{started} = output('podman', 'run', '-d', '--name', $self->{name},
        @network, '--user', "$UID:$GID",
        ($self->{compose} ? ('--restart', 'unless-stopped') : ()),
        '-v', "$self->{dir}/workspace:/workspace",
        ($self->{token}
            ? ('-v', "$self->{dir}/tokens:/run/secrets/cc_executor_token:ro")
            : ()),
        @env, @{ $self->{args} }, image(), @{ $self->{command} });
    $self->{container} = $self->{name};
    return $self;
}

sub compose {
    my ($self, @args) = @_;
    local %ENV = (%ENV, IMAGE => image(), EXECUTOR_UID => $UID,
        EXECUTOR_GID => $GID, WORKSPACE => "$self->{dir}/workspace",
        LOGS => "$self->{dir}/logs", TOKENS => "$self->{dir}/tokens",
        DEFAULT_PORT => $self->{port}, %{ $self->{env} });
    return output('podman-compose', '-p', $self->{name}, '-f',
        "$ROOT/docker/$self->{compose}.yml", @args);
}

sub up {
    my ($self) = @_;
    $self->{started} = $self->compose('up', '-d');
    $self->{container} = "$self->{name}_cc-executor_1";
    $self->{network} = "$self->{name}_default";
    return $self;
}

sub wait_until {
    my ($self, $is, $timeout) = @_;
    my $deadline = time + ($timeout // 60);
    until ($is->()) {
        return 0 if time > $deadline;
        select undef, undef, undef, 0.05;
    }
    return 1;
}

sub get {
    my ($self, $path) = @_;
    return HTTP::Tiny->new(timeout => 10)->get(
        "http://127.0.0.1:$self->{port}$path");
}

# true when it serves, false with "why" when it does not
sub healthy {
    my ($self) = @_;
    my $ok = $self->wait_until(sub { $self->get('/healthz')->{status} == 200 });
    $self->{why} = "$self->{started}\n" . $self->logs unless $ok;
    return $ok;
}

sub health { return JSON::PP::decode_json($_[0]->get('/health')->{content}) }

sub logs { return output('podman', 'logs', $_[0]{container}) }

sub inspect {
    my ($self, $what) = @_;
    my $out = output('podman', 'inspect', '-f', "{{$what}}",
        $self->{container});
    chomp $out;
    return $out;
}

# a client of the published port; with the token when there is one
sub client {
    my ($self, %o) = @_;
    my %headers = %{ delete $o{headers} // {} };
    $headers{Authorization} //= "Bearer $self->{secret}" if $self->{secret};
    return CC::Client->new(port => $self->{port}, headers => \%headers, %o);
}

# runs a program in the container, not through nginx
sub exec {
    my ($self, @command) = @_;
    return output('podman', 'exec', $self->{container}, @command);
}

# waits for the end: (exit code, what it has said)
sub ended {
    my ($self) = @_;
    $self->wait_until(sub { $self->inspect('.State.Status')
        =~ /exited|stopped/ }) or return (undef, $self->logs);
    return ($self->inspect('.State.ExitCode'), $self->logs);
}

sub slurp {
    my ($self, $name) = @_;
    open my $f, '<', "$self->{dir}/$name" or return undef;
    local $/;
    return <$f> // '';
}

sub remove {
    my ($self) = @_;
    return unless $self->{container};
    if ($self->{network}) {
        $self->compose('down', '-t', '5');
    }
    my $container = delete $self->{container};
    my $out;
    $self->wait_until(sub {
        $out = output('podman', 'rm', '-f', '-i', '-t', '5', $container);
        $? == 0 }) or warn "podman rm: $out";
    output('podman', 'network', 'rm', '-f', $self->{network})
        if $self->{network};
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{pid};
    local ($?, $@, $!);
    $self->remove;
    remove_tree($self->{dir});
    return;
}

1;
