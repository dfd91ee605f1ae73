# The packages in a virtual machine: all that the units say is in force, systemd
# delegates control groups, and the kernel has controllers for them.  Memory that is
# too much, forks, processors; what outlives what, as in t/e2e/55-systemd.t.

use strict;
use warnings;

use Test::More;
use CC::Guest;
use CC::Systemd qw(installed upgraded ended);

my ($dir, $root) = @ENV{qw(VM_DIR VM_ROOT)};
my $version = `$root/.ci/version`;
chomp $version;

my $begun = time;
my $guest = CC::Guest->machine(dir => $dir, kernel => "$dir/kernel",
    root => "$dir/root.cpio") or BAIL_OUT('qemu does not start');
ok($guest->ready(1200), 'the machine runs')
    or BAIL_OUT("see build/vm/console.log");
diag(sprintf 'after %d s', time - $begun);

installed($guest, $version);

# the units

my $out = $guest->run(<<'END');
systemd-analyze verify --man=no /lib/systemd/system/cc-executor.service \
    /lib/systemd/system/cc-executor.socket > /tmp/verify 2>&1 || echo failed
grep -i cc-executor /tmp/verify || echo nothing to say
systemd-analyze security --no-pager --threshold=40 cc-executor.service | tail -n 1
END
like($out, qr/^nothing to say$/m, 'systemd-analyze verify');
like($out, qr/Overall exposure level for cc-executor.service: [0-3]\.\d/,
    'systemd-analyze security');

# control groups

$out = $guest->run(<<'END');
adduser --quiet --system --group --home /nonexistent --no-create-home cc-others
sed -i 's/cc-commands$/cc-commands cc-others/' /etc/cc-executor/policy
cat > /etc/nginx/conf.d/groups.conf << 'CONF'
server {
    listen 127.0.0.1:18996;
    server_name localhost;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    cc_executor_cwd /var/lib/cc-commands;
    cc_executor_audit_log /var/log/nginx/audit.log;
    location /ws/mcp { cc_executor on;
        cc_executor_cgroup memory=64m swap=0 pids=20 cpu=50% weight=50 required; }
    location /others { cc_executor on; cc_executor_user cc-others; }
    location /status { cc_executor_status json; }
}
CONF
nginx -t 2>&1 | grep -v 'syntax is ok\|test is successful' || :
systemctl reload nginx
url=ws://127.0.0.1:18996/ws/mcp
until_ 'cc-run $url -- true 2> /dev/null'
base=/sys/fs/cgroup/system.slice/cc-executor.service
cat $base/cgroup.subtree_control
cc-run $url -- 'exec 2>&1; cat /proc/self/cgroup; d=/sys/fs/cgroup$(cut -c4- /proc/self/cgroup)
    cat $d/memory.max $d/memory.swap.max $d/pids.max $d/cpu.max $d/cpu.weight \
        $d/memory.oom.group
    echo 1000m > $d/memory.max || echo not its own'
echo oom:
cc-run $url -- 'sleep 1000 & head -c 200m /dev/zero | tail -c 150m > /dev/null; echo alive' 2>&1 \
    || echo exit $?
echo forks:
cc-run $url -- 'for i in $(seq 30); do sleep 1000 & done; echo all' 2>&1 || echo exit $?
until_ '! ls -d $base/c[0-9]* 2> /dev/null'
echo no group is left
grep -o '"event":"command.ended".*' /var/log/nginx/audit.log | grep oom \
    | grep -o '"cause":"[a-z]*"\|"exit_code":[-0-9]*\|"memory_peak":[0-9]*'
END
like($out, qr/^(?=.*\bcpu\b)(?=.*\bmemory\b)(?=.*\bpids\b)/m, 'controllers are on');
like($out, qr{^0::/system\.slice/cc-executor\.service/c\d+\n67108864\n0\n20\n50000 100000\n50\n1\n}m,
    'a command has its limits');
like($out, qr/^not its own$/m, 'and cannot change them');
my ($oom) = $out =~ /^oom:\n(.*)^forks:/ms;
like($oom // '', qr/cause: oom/, 'too much memory: it is told why');
unlike($oom // '', qr/alive/, 'all of the command was killed');
like($out, qr/^"cause":"oom"$/m, 'the audit log has the cause');
like($out, qr/^"exit_code":-9$/m, 'the exit code');
my ($peak) = $out =~ /^"memory_peak":(\d+)$/m;
cmp_ok($peak // 0, '>', 60_000_000, 'and how much it was');
cmp_ok($peak // 0, '<=', 67_108_864, 'which is not more than it may');
like($out, qr/^forks:\n.*[Cc]annot fork/ms, 'too many processes: fork fails');
like($out, qr/^no group is left$/m, 'nothing is left');

# one user's processes are no more than the unit says; another one goes on

$out = $guest->run(<<'END');
cc-run $url -- 'grep processes /proc/self/limits'
drop=/etc/systemd/system/cc-executor.service.d
mkdir $drop
printf '[Service]\nLimitNPROC=64\n' > $drop/processes.conf
again_() { systemctl daemon-reload; systemctl restart cc-executor.service
    until_ 'cc-run $url -- true 2> /dev/null'; }
again_
cc-run $url -- "exec perl -e '1 while defined fork or select undef, undef, undef, 1 or 1'" \
    > /tmp/out 2>&1 &
client=$!
until_ '[ $(pgrep -c -u cc-commands) = 64 ]'
# who becomes a user may be one more than his limit
cc-run $url -- 'exec sleep 1000' > /dev/null 2>&1 &
one=$!
until_ 'pgrep -u cc-commands sleep > /dev/null'
cc-run $url -- true 2>&1 && echo begun || echo refused
cc-run ws://127.0.0.1:18996/others -- 'id -un' 2>&1
kill $client $one
until_ '! pgrep -u cc-commands > /dev/null'
cc-run $url -- 'echo mine again'
rm -r $drop
again_
END
like($out, qr/^Max processes +4096 +4096 /m, 'the limit of processes that the unit has');
like($out, qr/temporarily unavailable\n.*^refused$/ms, 'who has them all gets no more');
like($out, qr/^cc-others$/m, 'another user does');
like($out, qr/^mine again$/m, 'and he, when they are gone');

upgraded($guest, $version);

# a service that is killed: systemd ends what it had, and groups with it

$out = $guest->run(<<'END');
url=ws://127.0.0.1:18996/ws/mcp
base=/sys/fs/cgroup/system.slice/cc-executor.service
cc-run $url -- 'trap "" TERM; setsid sleep 9561 & exec sleep 9562' > /tmp/out 2>&1 &
client=$!
until_ 'pgrep -u cc-commands -f "sleep 9561" > /dev/null && pgrep -u cc-commands -f "^sleep 9562" > /dev/null'
kill -9 $(main)
wait $client || echo exit $?
until_ '! pgrep -u cc-commands sleep > /dev/null'
until_ 'cc-run $url -- "echo again" 2> /dev/null'
until_ '! ls -d $base/c[0-9]* 2> /dev/null'
echo no group is left
END
like($out, qr/^exit \d+\n/m, 'the service is killed');
like($out, qr/^again\n.*^no group is left$/ms, 'the next one has its groups');

ended($guest);

done_testing;
