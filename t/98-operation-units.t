# What systemd says about the unit files, without a systemd that runs.  It prints what
# it does not like, and succeeds all the same: so silence is what counts.
#
# tags:

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;
use CC::Nginx;

my ($tool) = grep { -x } map { "$_/systemd-analyze" } split /:/, $ENV{PATH};
plan skip_all => 'there is no systemd-analyze' unless $tool;

my $root = $CC::Nginx::ROOT;
my $program = "$root/build/cc-executord";
my @units = map { s{.*/}{}r } glob "$root/conf/*.service $root/conf/*.socket";
is_deeply([sort @units], [qw(cc-executor.service cc-executor.socket)], 'the units');

# what is said of them, the program where it was built; a change may be made
sub verify {
    my ($change) = @_;
    my $dir = tempdir(CLEANUP => 1);
    for my $unit (@units) {
        open my $in, '<', "$root/conf/$unit" or die "$unit: $!";
        local $_ = do { local $/; <$in> };
        s{/usr/sbin/cc-executord\b}{$program};
        $change->() if $change;
        open my $out, '>', "$dir/$unit" or die $!;
        print $out $_;
        close $out;
    }
    my $said = `SYSTEMD_UNIT_PATH=$dir: '$tool' verify --man=no $dir/*.service $dir/*.socket 2>&1`;
    return ("$said", $? >> 8, $dir);
}

ok(-x $program, 'the program is there');
my ($said, $rc) = verify();
is($said, '', 'systemd has nothing to say');
is($rc, 0, 'and succeeds');

for (['an unknown name', qr/Unknown key.*ProtectSystm/,
        sub { s/ProtectSystem=/ProtectSystm=/ }],
    ['a wrong value', qr/Failed to parse protect/i,
        sub { s/ProtectSystem=strict/ProtectSystem=very/ }],
    ['a program that is not there', qr/is not executable/,
        sub { s{^ExecStart=\S+}{ExecStart=/nonexistent/x}m }],
    ['a socket that is not there', qr/other\.socket/,
        sub { s/^Requires=cc-executor/Requires=other/m }])
{
    my ($what, $expected, $change) = @$_;
    ($said) = verify($change);
    like($said, $expected, "it is said: $what");
}

# how much a service could do, 0 to 100: the hardening stays

my $security = sub {
    my ($dir) = @_;
    my $out = `'$tool' security --offline=true --no-pager --threshold=$_[1] $dir/cc-executor.service 2>&1`;
    return ($? >> 8, $out);
};
my (undef, undef, $dir) = verify();
my ($bad, $out) = $security->($dir, 45);
is($bad, 0, 'the exposure of the service is 4.5 at most')
    or diag $out =~ /(Overall exposure.*)/;
(undef, undef, $dir) = verify(sub { s/^(?:Protect|Capability|NoNew|System|Private)\w+=.*$//mg });
($bad, $out) = $security->($dir, 45);
isnt($bad, 0, 'and more without its hardening');

done_testing;
