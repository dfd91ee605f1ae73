#!/usr/bin/perl

# What the fence's filter for system calls denies: limits, priority and
# scheduling of others, interfaces of the kernel that no usual tool needs, new
# namespaces where files are confined, ways round Landlock's rules for TCP.
# Each attempt is made without the fence, too, so that it is known to work.
#
# tags: coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use Test::More;

use CC::Attack qw(abi instance attack);
use CC::Nginx alone => 'what the fence alone holds off';

my $abi = abi();
plan skip_all => "Landlock $abi: no fence here" if $abi < 2;

# limits, niceness, policy, processors: what an attack would have changed
sub state_of {
    my ($pid) = @_;
    my $text = '';
    for my $name (qw(limits sched status)) {
        open my $f, '<', "/proc/$pid/$name" or next;
        $text .= join '', grep { $name eq 'limits'
            || /^(?:policy|prio) |^Cpus_allowed:/ } <$f>;
    }
    open my $f, '<', "/proc/$pid/stat" or return;
    my @field = split ' ', <$f> =~ s/.*\)//sr;
    return $text . $field[16];
}

my @others = ('file size 0', '3 descriptors', 'priority',
    'priority of a group', 'priority of a user', 'io priority of a user',
    'scheduler parameters', 'scheduler', 'scheduler attributes', 'affinity',
    'io priority');
my @own = grep { !/ of a / } @others;
my $bits32 = `uname -m` eq "x86_64\n";

my @calls = ('keyctl', 'add_key', 'request_key', 'perf_event_open', 'bpf',
    'userfaultfd', 'io_uring_setup', 'io_uring_enter', 'io_uring_register',
    'TIOCSTI', 'TIOCSTI, upper half set', 'TIOCLINUX');

# Without a fence: a command does it to another command.  All that its user has
# is slow from then on: so it is a user whom no other test has, and what comes
# afterwards has a new instance of the usual one.

{
    my $t = instance(fence => 'cc_executor_fence off;', user => 'games');
    my $c = $t->client;
    my $other = $c->call('execute', { command => 'exec sleep 600' });
    my $pid = $other->{result}{pid};
    my $before = state_of($pid);
    my %r = attack($t, $c, 'limits', $pid);
    is($r{$_}, 'done', "no fence: $_") for grep { !/user/ } @others;
    isnt(state_of($pid), $before, 'and it has happened');
    # some kernels, of virtual machines for instance, have no such interface
    $bits32 = 0 if $r{'priority, 32 bits'} eq 'not here';
    if ($bits32) {
        is($r{'priority, 32 bits'}, 'done', 'no fence: by int 0x80');
    }
    $c->close;
    $t->finish;
}

{
    my $t = instance(fence => 'cc_executor_fence off;');
    my $c = $t->client;
    my %r = attack($t, $c, 'calls');
    is($r{$_}, 'Inappropriate ioctl for device', "no fence: $_")
        for grep { /^TIOC/ } @calls;
    is($r{keyctl}, 'done', 'no fence: keyctl');
    %r = attack($t, $c, 'listen', $t->port(2));
    is($r{listen}, 'done', 'no fence: listen');
    $c->close;
    $t->finish;
}

# with one: in the oldest and the newest form, by the helper's filter (all
# locations are alike) and by one for the command alone (they are not)

for my $case (
    ["abi=2", ''],
    ["abi=$abi", ''],
    ["abi=$abi", 'location /off { cc_executor on; cc_executor_allow any;
        cc_executor_fence off; }'],
    ["abi=$abi", 'single'],
) {
    my ($form, $server) = @$case;
    my $name = $server =~ /off/ ? "$form, beside one without"
        : $server ? "$form, single process" : $form;
    my $t = $server eq 'single'
        ? instance(fence => "cc_executor_fence required $form;",
            main => 'master_process off;', server => 'cc_executor_allow_root on;')
        : instance(fence => "cc_executor_fence required $form;",
            server => $server);
    my $c = $t->client;
    like($t->log, qr{"/ws/mcp" of "localhost": fence=landlock-\d \(.*\) nnp=on seccomp=on },
        "$name: start-up line");

    my $other = $c->call('execute', { command => 'exec sleep 600' });
    my ($worker) = $server eq 'single' ? $t->{master} : $t->workers;
    my ($keeper) = CC::Nginx::children($worker, qr{.});
    my ($spawner) = CC::Nginx::children($keeper, qr{.});
    my $parent = $c->run('echo $PPID')->{stdout} + 0;
    my %victim = (worker => $worker, keeper => $keeper,
        spawner => $spawner,
        'the own helper' => $parent,
        'another command' => $other->{result}{pid});
    my %before = map { $_ => state_of($victim{$_}) } keys %victim;

    for my $who (sort keys %victim) {
        my %r = attack($t, $c, 'limits', $victim{$who});
        is($r{$_}, 'refused', "$name: $_ of $who") for @others;
        is($r{'read a limit'}, 'done', "$name: limits of $who may be read")
            if $who =~ /command/;
        if ($bits32) {
            is($r{'priority, 32 bits'}, 'refused', "$name: $who, int 0x80");
            is($r{'priority, x32'}, 'Function not implemented',
                "$name: $who, x32");
        }
        is(state_of($victim{$who}), $before{$who}, "$name: $who is as before");
    }

    my %r = attack($t, $c, 'limits', 0);
    is($r{$_}, 'done', "$name: own $_") for @own;
    %r = attack($t, $c, 'calls');
    is($r{$_}, 'refused', "$name: $_") for @calls;
    is($r{'another ioctl'}, 'done', "$name: other requests get through");

    # by everybody's tools
    my $r = $c->run("ulimit -f 100; ulimit -n 50; nice -n 5 nice;"
        . ' taskset -c 0 nproc; ionice -c 3 echo x; chrt -b 0 echo y');
    is($r->{stdout}, "5\n1\nx\ny\n", "$name: own limits by the usual tools")
        or diag explain $r;
    like($c->run("prlimit --fsize=0 --pid $worker")->{stderr},
        qr/not permitted/, "$name: prlimit --pid");

    # a location without a fence beside it has no filter
    if ($server =~ /off/) {
        my $off = $t->client(path => '/off');
        my $filters = sub { $_[0]->run({ args => ['/bin/grep', 'Seccomp_filters',
            '/proc/self/status'] })->{stdout} =~ /(\d+)$/ };
        my ($n) = $filters->($off);
        is(($filters->($c))[0], $n + 1, "$name: one filter more than without");
        is(($filters->($off))[0], $n, "$name: and none stays behind");
        $off->close;
    }
    $c->close;
    $t->finish;
}

# files confined: no namespaces, where nothing could be mounted in them

{
    my $user_namespaces = system('unshare -r true 2> /dev/null') == 0;
    for my $case (
        ['cc_executor_fence on;', 0],
        ["cc_executor_fence on; cc_executor_fence_write %%DIR%%/work;", 1],
        ["cc_executor_fence on; cc_executor_fence_read / ;", 1],
    ) {
        my ($fence, $confined) = @$case;
        my $t = instance(fence => $fence);
        my $c = $t->client;
        my %r = attack($t, $c, 'spaces');
        SKIP: {
            skip 'no user namespaces on this machine', 3
                if !$confined && !$user_namespaces;
            is($r{'unshare of a user namespace'},
                $confined ? 'refused' : 'done', "$fence unshare");
            is($r{'clone of a user namespace'},
                $confined ? 'refused' : 'done', "$fence clone");
            is($r{'clone3 of a user namespace'}, $confined
                ? 'Function not implemented' : 'done', "$fence clone3");
        }
        is($r{setns}, 'refused', "$fence setns (not by us: no capability)")
            if !$confined;
        is($r{setns}, 'refused', "$fence setns") if $confined;
        is($r{'unshare of a time namespace'}, 'refused', "$fence time");
        is($r{'unshare of descriptors'}, 'done',
            "$fence unshare of what is one's own");
        # threads and processes of the library that would take clone3
        is($c->run("python3 -c 'import threading, subprocess; "
            . 't = threading.Thread(target=lambda: print("x")); t.start(); '
            . 't.join(); subprocess.run(["echo", "y"])' . "'")->{stdout},
            "x\ny\n", "$fence threads and processes");
        $c->close;
        $t->finish;
    }
}

# TCP

SKIP: {
    skip "Landlock $abi cannot deny TCP", 1 if $abi < 4;
    my $server = IO::Socket::INET->new(Listen => 50,
        LocalAddr => '127.0.0.1') or die $!;
    my $mptcp = -e '/proc/sys/net/mptcp/enabled';
    my $ipv6 = -e '/proc/net/if_inet6'
        && do { local (@ARGV, $/) = '/proc/net/if_inet6'; <> =~ /\blo\b/ };

    for my $case (
        ['', { connect => 'done', listen => 'done' }],
        ['cc_executor_fence_listen off;',
            { connect => 'done', listen => 'refused' }],
        ['cc_executor_fence_connect off;',
            { connect => 'refused', listen => 'done' }],
        ['cc_executor_fence_connect off; cc_executor_fence_listen off;',
            { connect => 'refused', listen => 'refused' }],
    ) {
        my ($fence, $want) = @$case;
        my $t = instance(fence => "cc_executor_fence required; $fence");
        my $c = $t->client;
        my $name = $fence || 'neither';
        my %r = attack($t, $c, 'connect', $server->sockport);
        is($r{connect}, $want->{connect}, "$name: connect");
        if ($want->{connect} eq 'refused') {
            %r = attack($t, $c, 'fastopen', $server->sockport);
            is($r{fastopen}, 'Operation not supported', "$name: MSG_FASTOPEN");
        }
        my $off = $fence ? 'Protocol not supported' : 'done';
        SKIP: {
            skip 'no MPTCP on this machine', 1 if !$mptcp && !$fence;
            %r = attack($t, $c, 'mptcp', $server->sockport);
            is($r{mptcp}, $off, "$name: MPTCP");
        }
        %r = attack($t, $c, 'listen', $t->port(2));
        is($r{listen}, $want->{listen}, "$name: listen");
        SKIP: {
            skip 'no IPv6 on loopback', 1 if !$ipv6;
            is($r{'listen on ::1'}, $want->{listen}, "$name: listen on ::1");
            # beside nginx, which has 127.0.0.1 only
            my %beside = attack($t, $c, 'listen', $t->port);
            is($beside{'listen on ::1'}, $want->{listen},
                "$name: on ::1 beside nginx");
        }
        SKIP: {
            skip 'no MPTCP on this machine', 1 if !$mptcp && !$fence;
            is($r{'listen by mptcp'}, $off, "$name: listen by MPTCP");
        }
        # unix sockets are no matter of it
        is($c->run(q(python3 -c 'import socket; s = socket.socket(socket.AF_UNIX)
s.bind("s"); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect("s"); print("x")'))
            ->{stdout}, "x\n", "$name: unix sockets");
        $c->close;
        $t->finish;
    }
}

# configuration

{
    my $conf = sub { return "events { }\nhttp {\n"
        . "cc_executor_path %%DIR%%/runtime; server { listen 127.0.0.1:%%PORT%%;"
        . "\nlocation / { cc_executor on; cc_executor_allow any; $_[0] } } }" };
    my $u = CC::Nginx->new;
    for (
        ['cc_executor_fence_listen maybe;', 1, qr/it must be "on" or "off"/],
        ['cc_executor_fence_listen off; cc_executor_fence_listen on;', 1,
            qr/is duplicate/],
        ['cc_executor_fence on abi=3; cc_executor_fence_listen off;', 0,
            qr/\[warn\] "cc_executor_fence_listen off" has no effect here: it needs version 4/],
        ['cc_executor_fence required abi=3; cc_executor_fence_listen off;', 1,
            qr/\[emerg\] "cc_executor_fence_listen off" has no effect/],
    ) {
        my ($text, $want, $message) = @$_;
        SKIP: {
            skip "Landlock $abi", 2 if $text =~ /abi=3/ && $abi < 3;
            my ($rc, $out) = $u->test_config($conf->($text));
            is($rc, $want, "nginx -t: $text") or diag $out;
            like($out, $message, 'says why');
        }
    }
}

done_testing();
