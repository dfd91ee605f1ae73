# The Debian packages in a clean system: every subset of them is installed, runs
# a command and is purged again; an upgrade under a running nginx.

use strict;
use warnings;

use Test::More;

my $root = $ENV{E2E_ROOT};
my $version = `$root/.ci/version`;
chomp $version;
my $arch = `dpkg --print-architecture`;
chomp $arch;

is(system("$root/.ci/deb > deb.log 2>&1"), 0, 'the packages are built')
    or BAIL_OUT('see build/e2e/deb.log');

my %file = map { $_ => "${_}_$version-1_$arch.deb" }
    qw(libnginx-mod-http-cc-executor cc-executor-client cc-executor-service);
ok(-s "$root/build/deb/$file{$_}", $_) for sort keys %file;

# what the script prints, in a container of the base image
sub contained {
    my ($script) = @_;
    open my $f, '>', 'packages.sh' or die $!;
    print $f "set -e\nexport DEBIAN_FRONTEND=noninteractive\n",
        "PATH=\$PATH:/usr/sbin\n",
        "get() { apt-get -q install -y --no-install-recommends \"\$@\" > /tmp/apt",
        " 2>&1 || { cat /tmp/apt; exit 1; }; }\n",
        "apt-get -q update > /dev/null\n", $script;
    close $f;
    my $out = `podman run --rm --network host -v $root/build/deb:/in:ro -v ./packages.sh:/run.sh:ro -v $root/debian/tests:/tests:ro localhost/cc-executor-base sh /run.sh 2>&1`;
    is($?, 0, 'the script ends well') or diag $out;
    return $out;
}

my ($module, $client, $service) = @file{
    qw(libnginx-mod-http-cc-executor cc-executor-client cc-executor-service)};

my $out = contained(<<"END");
get /in/$client
cc-run --version
! command -v nginx
apt-get -q purge -y cc-executor-client > /dev/null
! [ -e /usr/bin/cc-run ]
END
like($out, qr/^cc-run \Q$version\E/m, 'the client alone, without nginx');

$out = contained(<<"END");
get /in/$module curl
ls /etc/nginx/modules-enabled
nginx -t
sh /tests/smoke
get /in/$client
sh /tests/smoke
apt-get -q remove -y libnginx-mod-http-cc-executor > /dev/null
nginx -t && echo removed
get /in/$module
sh /tests/smoke
apt-get -q purge -y libnginx-mod-http-cc-executor cc-executor-client > /dev/null
nginx -t && echo purged
find /etc /lib /usr /var/lib -xdev '(' -name '*cc[-_]executor*' -o -name 'cc-*' ')' -not -path '/var/lib/apt/*' -not -path '*/ca-cert*'
END
like($out, qr/^50-mod-http-cc-executor\.conf$/m, 'the module is enabled');
is(() = $out =~ /^works$/mg, 3, 'commands run: module, both, and once more');
like($out, qr/^removed$/m, 'nginx goes on without it');
like($out, qr/^purged\n\z/m, 'nothing is left');

# every subset: what is in it is there, what is not is not; purged, nothing is left

$out = contained(<<"END");
get nginx libssl3 libyajl2 adduser
for subset in 1 2 3 4 5 6 7; do
    names= files=
    [ \$((subset & 1)) = 0 ] || { names="\$names libnginx-mod-http-cc-executor"; files="\$files /in/$module"; }
    [ \$((subset & 2)) = 0 ] || { names="\$names cc-executor-client"; files="\$files /in/$client"; }
    [ \$((subset & 4)) = 0 ] || { names="\$names cc-executor-service"; files="\$files /in/$service"; }
    get \$files
    nginx -t 2> /dev/null
    has=
    for file in /usr/lib/nginx/modules/ngx_cc_executor_module.so /usr/bin/cc-run /usr/sbin/cc-executord; do
        if [ -e \$file ]; then has=\${has}1; else has=\${has}0; fi
    done
    [ ! -e /usr/bin/cc-run ] || cc-run --version > /dev/null
    [ ! -e /usr/sbin/cc-executord ] || cc-executord -v > /dev/null
    apt-get -q purge -y \$names > /dev/null
    nginx -t 2> /dev/null
    left=\$(find /etc /lib /usr /var/lib -xdev '(' -name '*cc[-_]executor*' -o -name 'cc-run*' -o -name 'cc-token*' ')' -not -path '/var/lib/apt/*')
    echo "subset \$has\$left"
done
END
is(join(' ', $out =~ /^subset (.*)/mg), '100 010 110 001 101 011 111',
    'all seven subsets are installed and purged');

# the page: whatever it needs is in the package, each file twice (gzip_static)

$out = contained(<<"END");
get /in/$client /in/$module curl
cat > /etc/nginx/conf.d/page.conf << 'CONF'
server {
    listen 127.0.0.1:18998;
    server_name localhost;
    location /console/ { alias /usr/share/cc-executor/console/; gzip_static on; }
}
CONF
nginx
cd /usr/share/cc-executor/console
for file in \$(find . -type f ! -name '*.gz' ! -name components.json); do
    gzip -cd \$file.gz | cmp - \$file
    curl -fsS http://127.0.0.1:18998/console/\$file | cmp - \$file
    echo file \$file
done
for name in \$(grep -o 'assets/[A-Za-z0-9.-]*' index.html); do ls \$name; done
grep -c 'xterm' licences.txt
nginx -s quit
apt-get -q purge -y cc-executor-client > /dev/null
! [ -e /usr/share/cc-executor ]
END
like($out, qr{^file \./index\.html$}m, 'the page is there');
cmp_ok(scalar(() = $out =~ m{^assets/[\w.-]+$}mg), '>=', 2, 'and what it names');
like($out, qr{^file \./assets/screen-\w+\.js$}m, 'and what is loaded later');

# an upgrade: nginx serves meanwhile, what runs goes on

$out = contained(<<"END");
get /in/$module /in/$client curl procps
mkdir /commands
chown www-data /commands
cat > /etc/nginx/conf.d/commands.conf << 'CONF'
cc_executor_path /var/lib/nginx/commands;
server {
    listen 127.0.0.1:18998;
    server_name localhost;
    location /ws/mcp { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_cwd /commands; }
}
CONF
nginx
url=ws://127.0.0.1:18998/ws/mcp
id=\$(cc-run -d \$url -- 'until [ -e go ]; do sleep 0.1; done; echo went on; exit 6')
dpkg-deb -R /in/$module /tmp/new
sed -i 's/^Version: .*/Version: $version-2/' /tmp/new/DEBIAN/control
dpkg-deb -b /tmp/new /tmp/new.deb > /dev/null
apt-get -q install -y /tmp/new.deb
cc-run \$url -- 'echo served'
touch /commands/go
cc-run \$url attach \$id || echo exit \$?
nginx -s reload
cc-run \$url -- 'echo served again'
nginx -s quit
END
like($out, qr/goes on with the module that it has loaded/, 'an upgrade says what it does');
like($out, qr/^served$/m, 'nginx serves');
like($out, qr/^went on\nexit 6$/m, 'a kept command goes on');
like($out, qr/^served again$/m, 'a reload');

# the service: nobody is served before there is a line for him, and who he is

$out = contained(<<"END");
get /in/$module /in/$client /in/$service procps
id -u cc-executor cc-commands
install -d /run/cc-executor
cc-executord -u cc-executor -l /run/cc-executor/socket -g www-data 2> /tmp/service &
service=\$!
until [ -S /run/cc-executor/socket ]; do sleep 0.1; done
cat > /etc/nginx/conf.d/commands.conf << 'CONF'
cc_executor_path /var/lib/nginx/commands;
cc_executor_service unix:/run/cc-executor/socket;
cc_executor_user cc-commands;
server {
    listen 127.0.0.1:18998;
    server_name localhost;
    location /ws/mcp { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; }
}
CONF
nginx
cc-run ws://127.0.0.1:18998/ws/mcp -- 'echo I am \$(id -un) in \$(pwd)'
nginx -s quit
kill \$service
wait \$service
apt-get -q purge -y cc-executor-service > /dev/null
! [ -e /usr/sbin/cc-executord ]
! [ -e /etc/cc-executor ]
END
like($out, qr{^I am cc-commands in /var/lib/cc-commands$}m, 'a command is somebody else');

# its units (the base image has no manual pages)

$out = contained(<<"END");
get /in/$service systemd
systemd-analyze verify /lib/systemd/system/cc-executor.socket /lib/systemd/system/cc-executor.service 2>&1 | grep -v "Command 'man " | grep cc-executor || echo verified
systemd-analyze security --offline=true --threshold=40 cc-executor.service > /tmp/security || { cat /tmp/security; exit 1; }
tail -n 1 /tmp/security
END
like($out, qr/^verified$/m, 'systemd has nothing to say about the units');
diag $out =~ /(Overall exposure.*)/;

done_testing;
