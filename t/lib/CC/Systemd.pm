package CC::Systemd;

# The packages under a systemd that runs, whatever machine that is in (CC::Guest):
# units are started as they are installed, module and service are upgraded under
# commands, nginx is restarted under a kept one, the service is told to stop, and
# dies.  The packages are in its directory /in.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

our @EXPORT_OK = qw(installed upgraded ended);

# the installation starts what it should
sub installed {
    my ($guest, $version) = @_;
    my $out = $guest->run(<<"END");
get /in/libnginx-mod-http-cc-executor_$version-1_*.deb \\
    /in/cc-executor-client_$version-1_*.deb /in/cc-executor-service_$version-1_*.deb
systemctl is-active nginx.service cc-executor.socket cc-executor.service
stat -c '%U %a %s' /etc/cc-executor/secret
cat > /etc/nginx/conf.d/commands.conf << 'CONF'
cc_executor_service unix:/run/cc-executor/socket;
cc_executor_user cc-commands;
cc_executor_secret /etc/cc-executor/secret;
server {
    listen 127.0.0.1:18997;
    server_name localhost;
    location /ws/mcp { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on;
        cc_executor_cwd /var/lib/cc-commands; }
}
CONF
systemctl reload nginx
until_ 'cc-run \$url -- true 2> /dev/null'
cc-run \$url -- 'id -un; pwd; grep -c "^Cap[IPEA].*:\\s0*\$" /proc/self/status'
END
    like($out, qr/^active\nactive\nactive\n/, 'nginx, the socket and the service run');
    like($out, qr/^root 600 64$/m, 'there is a secret');
    like($out, qr{^cc-commands\n/var/lib/cc-commands\n4$}m,
        'commands are somebody else, without capabilities');
    return;
}

# an upgrade of module and service under a bound and a kept command
sub upgraded {
    my ($guest, $version) = @_;
    my $out = $guest->run(<<"END");
cc-run \$url -- 'until [ -e go1 ]; do sleep 0.1; done; echo bound; exit 5' > /tmp/bound 2>&1 &
bound=\$!
id=\$(cc-run -d \$url -- 'until [ -e go2 ]; do sleep 0.1; done; echo kept; exit 6')
until_ 'pgrep -u cc-commands -f "until.*go1" > /dev/null'
before=\$(main)
for package in libnginx-mod-http-cc-executor cc-executor-service; do
    dpkg-deb -R /in/\${package}_$version-1_*.deb /tmp/new
    sed -i 's/^Version: .*/Version: $version-2/' /tmp/new/DEBIAN/control
    [ ! -e /tmp/new/usr/sbin/cc-executord ] \\
        || sed -i 's/version \\([0-9.]*\\).\\( has taken over\\)/version \\19\\2/' /tmp/new/usr/sbin/cc-executord
    quiet dpkg-deb -b /tmp/new /tmp/\$package.deb
    rm -r /tmp/new
done
get /tmp/libnginx-mod-http-cc-executor.deb /tmp/cc-executor-service.deb
until_ 'journalctl -q -u cc-executor | grep "version .*9 has taken over"'
until_ '[ "\$(systemctl is-active cc-executor.service)" = active ]'
[ "\$(main)" = \$before ] && echo same process
systemctl show -p NRestarts cc-executor.service
cc-run \$url -- 'echo served'
cd /var/lib/cc-commands
touch go1
wait \$bound || echo exit \$?
cat /tmp/bound
quiet systemctl restart nginx
until_ 'cc-run \$url -- true 2> /dev/null'
touch go2
cc-run \$url attach \$id || echo exit \$?
END
    like($out, qr{has taken over.*\nsame process\nNRestarts=0$}m,
        'the service that is installed now has taken over');
    like($out, qr/^served\n/m, 'others begin');
    like($out, qr/^exit 5\nbound$/m, 'a command goes on over the upgrade');
    like($out, qr/^kept\nexit 6$/m, 'a kept one also over a restart of nginx');
    return;
}

# its end: told, and not; the socket waits for the next one; purged
sub ended {
    my ($guest) = @_;
    my $out = $guest->run(<<"END");
cc-run \$url -- 'trap "" TERM; setsid sleep 9551 & exec sleep 9552' > /tmp/out 2>&1 &
client=\$!
until_ 'pgrep -u cc-commands -f "sleep 9551" > /dev/null && pgrep -u cc-commands -f "^sleep 9552" > /dev/null'
systemctl stop cc-executor.service
wait \$client || echo exit \$?
pgrep -u cc-commands sleep || echo nobody
systemctl show -p Result cc-executor.service
until_ 'cc-run \$url -- "echo socket" 2> /dev/null'
cc-run \$url -- 'setsid sleep 9553 & exec sleep 9554' > /tmp/out 2>&1 &
client=\$!
until_ 'pgrep -u cc-commands -f "sleep 9553" > /dev/null && pgrep -u cc-commands -f "^sleep 9554" > /dev/null'
kill -9 \$(main)
wait \$client || echo exit \$?
until_ '! pgrep -u cc-commands sleep > /dev/null'
echo nobody again
until_ 'cc-run \$url -- "echo restarted" 2> /dev/null'
quiet apt-get -q purge -y cc-executor-service
systemctl is-active cc-executor.service cc-executor.socket || :
[ -e /etc/cc-executor ] || echo nothing
END
    like($out, qr/^exit \d+\nnobody\nResult=success\n/m, 'stopped: nothing of it is left');
    like($out, qr/^socket$/m, 'whoever asks starts it again');
    like($out, qr/^exit \d+\nnobody again\nrestarted$/m, 'killed: nothing left, started again');
    like($out, qr/^inactive\ninactive\nnothing$/m, 'purged: nothing is left');
    return;
}

1;
