package CC::Cgroup;

# A piece of the tree of control groups (cgroup v2) for one test, given to a
# user as a service manager gives it (Delegate=): "base" below the root of the
# hierarchy.  What the machine does not have is said by "why".

use strict;
use warnings;

use Test::More;

our $why = '';

# undef and $why, where it cannot be
sub new {
    my ($class, $user) = @_;
    my ($mount) = map { m{^\d+ \d+ \S+ / (\S+) .* - cgroup2 } ? $1 : () }
        split /^/, slurp('/proc/self/mountinfo');
    $why = 'no cgroup v2 is mounted here', return undef if !$mount;
    my $self = bless { name => "cc-test-$$", base => "$mount/cc-test-$$" },
        $class;
    $why = "$mount: $!", return undef if !mkdir $self->{base};
    chown((getpwnam $user)[2, 3], $self->{base},
        map { "$self->{base}/cgroup.$_" } qw(procs threads subtree_control));
    return $self;
}

# words in front of a command line: it begins in there
sub before { return ('/bin/sh', '-c',
    "echo \$\$ > $_[0]{base}/cgroup.procs && exec \"\$@\"", 'sh') }

# groups of commands, by name
sub groups { return map { m{/(c\d+)$} } glob "$_[0]{base}/c*" }

sub slurp {
    my ($file) = @_;
    open my $f, '<', $file or return '';
    local $/;
    return scalar <$f> // '';
}

# what a file of a group says; of the base without a name
sub read { my ($self, $file, $group) = @_;
    return slurp(join '/', $self->{base}, $group // (), $file) }

# sets a file of the base
sub write {
    my ($self, $file, $value) = @_;
    open my $f, '>', "$self->{base}/$file" or return 0;
    return defined(syswrite $f, $value) ? 1 : 0;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!, $@);
    for my $dir ((map { "$self->{base}/$_" } $self->groups, 'daemon'),
        $self->{base})
    {
        if (open my $f, '>', "$dir/cgroup.kill") {
            syswrite $f, 1;
        }
        for (1 .. 100) {
            last if !-e $dir || rmdir $dir;
            select undef, undef, undef, 0.05;
        }
    }
    return;
}

1;
