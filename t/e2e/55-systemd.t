# The packages under a systemd that runs, as process 1 of a container.  (What the
# unit says of file systems and control groups needs more rights than a container
# has: systemd leaves it out; t/vm/10-systemd.t has all of it.)

use strict;
use warnings;

use Test::More;
use CC::Guest;
use CC::Systemd qw(installed upgraded ended);

my $root = $ENV{E2E_ROOT};
my $version = `$root/.ci/version`;
chomp $version;

is(system("$root/.ci/deb > deb.log 2>&1"), 0, 'the packages are built')
    or BAIL_OUT('see build/e2e/deb.log');

my $name = "cce2e-systemd-$$";
my $image = 'localhost/cc-executor-base';

END {
    my $status = $?;
    system "podman rm -f -t 0 $name > /dev/null 2>&1" if $name;
    $? = $status;
}

# process 1 becomes systemd when that is installed

my $begin = 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install'
    . ' -y --no-install-recommends systemd systemd-sysv procps && exec /sbin/init';
is(system("podman run -d --name $name --systemd=always --network host -v $root/build/deb:/in:ro $image sh -c '$begin' > systemd.log 2>&1"),
    0, 'a container') or BAIL_OUT('see build/e2e/systemd.log');
my $state;
for (1 .. 1200) {
    $state = `podman exec $name systemctl is-system-running 2> /dev/null`;
    last if $state =~ /^(?:running|degraded)$/;
    select undef, undef, undef, 0.25;
}
is($state, "running\n", 'systemd runs') or BAIL_OUT(`podman logs $name 2>&1 | tail`);

my $guest = CC::Guest->container($name);
installed($guest, $version);
upgraded($guest, $version);
ended($guest);

done_testing;
