package Forms;

# The same nginx with commands started in three ways (docs/isolation.md): by its
# workers, by an executor service that its master keeps, by one of its own unit.

use strict;
use warnings;

use List::Util qw(sum0);
use CC::Service;
use Kept;

my $USER = 'backup';                     # of commands, where it can be another
my $SERVICE = "$Bench::ROOT/build/cc-executord";

# undef, where nobody may become another user
sub new {
    my ($class, $bench) = @_;
    return undef if $> != 0;
    my $self = bless { bench => $bench }, $class;
    my $user = "cc_executor_user $USER;";
    $self->{nginx} = {
        1 => $bench->nginx,
        2 => $bench->nginx(http => "cc_executor_service \"$SERVICE\"; $user"),
        3 => $bench->nginx(
            http => "cc_executor_service unix:%%DIR%%/service.sock; $user",
            before => sub { $self->{service} = CC::Service->new($_[0],
                policy => "nobody $USER\n")->start }) };
    return $self;
}

sub nginx { my ($self, $form) = @_; return $self->{nginx}{$form} }

# the processes that hold commands
sub helpers {
    my ($self, $form) = @_;
    return $self->nginx(1)->helpers if $form == 1;
    return $self->{service}->helpers if $form == 3;
    my $dir = $self->nginx(2)->dir;
    my @level = grep { CC::Nginx::title($_) =~ /^cc-executord -k .*\Q$dir\E/ }
        map { m{(\d+)} } glob '/proc/[0-9]*';
    my @found;
    while (@level = map { CC::Nginx::children($_, qr/cc-executord/) } @level) {
        push @found, grep { CC::Nginx::title($_) =~ /helper/ } @level;
    }
    return @found;
}

# KiB that a helper has for itself: at rest, and while it holds a command
sub memory {
    my ($self, $form) = @_;
    my $c = $self->nginx($form)->client(path => '/direct');
    my %before = map { $_ => Kept::memory_of($_) } $self->helpers($form);
    die "form $form: no helpers\n" if !%before;
    $c->send('execute', { args => ['/bin/sleep', '600'] }) for 1 .. 8;
    $c->notification('process.started') for 1 .. 8;
    my @busy = grep { CC::Nginx::children($_, qr/sleep/) } $self->helpers($form);
    die "form $form: no helper holds a command\n" if !@busy;
    my %memory = (
        idle => sum0(values %before) / keys %before,
        busy => sum0(map { Kept::memory_of($_) } @busy) / @busy);
    $c->close;
    return %memory;
}

sub end {
    my ($self) = @_;
    $_->stop for values %{ delete $self->{nginx} };
    $self->{service}->stop;
    return;
}

1;
