#!/usr/bin/perl

# The fence: what a command tries to do to nginx, to its helpers and to other
# commands; and that ordinary work is possible behind it.  In the forms for an
# old and for a new kernel, and without any.
#
# tags: coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;

use CC::Attack qw(abi instance attack);
use CC::Nginx alone => 'what the fence alone holds off';

my $abi = abi();
note "Landlock ABI of this kernel: $abi";

my @processes = ('memory', 'memory for writing', 'environ', 'maps',
    'descriptors', 'reopen of a descriptor', 'cwd', 'ptrace',
    'process_vm_readv');
my @signals = ('signal 0', 'SIGCONT');

# a page of nginx's heap
sub heap {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/maps" or return;
    while (<$f>) { return $1 if /^([0-9a-f]+)-\S+ rw.*\[heap\]/ }
    return;
}

# without: this is what the fence is for
{
    my $t = instance(fence => 'cc_executor_fence off;');
    my $c = $t->client;
    my ($worker) = $t->workers;
    my %r = attack($t, $c, $worker, heap($worker));
    is($r{$_}, 'done', "no fence: $_ of the worker") for @signals;
    SKIP: {
        my $scope = 0;
        if (open my $f, '<', '/proc/sys/kernel/yama/ptrace_scope') {
            $scope = <$f>;
        }
        skip 'Yama protects processes on this machine', 3 if $scope > 0;
        is($r{$_}, 'done', "no fence: $_ of the worker")
            for 'memory', 'ptrace', 'process_vm_readv';
    }
    like($t->log, qr{\[notice\] .* location "/ws/mcp" of "localhost": fence=off nnp=on seccomp=off shell=/bin/sh allow=any remote=deny$}m,
        'the start-up line says so');
    $c->close;
    $t->finish;
}

for my $form (2, 6, 7) {
    SKIP: {
        skip "form $form: this kernel has Landlock $abi", 1 if $abi < $form;
        my $t = instance(fence => "cc_executor_fence on abi=$form;");
        my $c = $t->client;
        my $name = "form $form";
        like($t->log, $form < 6 ? qr/fence=landlock-$form \(ptrace\) nnp=on seccomp=on/
            : qr/fence=landlock-$form \(ptrace, signals, abstract sockets\) nnp=on seccomp=on/,
            "$name: start-up line");

        my $other = $c->call('execute', { command => 'exec sleep 600' });
        my ($worker) = $t->workers;
        my ($spawner) = $t->spawners;
        my %victim = (worker => $worker, spawner => $spawner,
            helper => ($t->helpers)[0],
            'another command' => $other->{result}{pid});
        for my $who (sort keys %victim) {
            my %r = attack($t, $c, $victim{$who}, heap($victim{$who}) // ());
            is($r{$_}, 'refused', "$name: $_ of $who") for @processes;
            is($r{$_}, $form < 6 ? 'done' : 'refused', "$name: $_ to $who")
                for @signals;
        }

        # the same by the tools of everybody
        if ($form >= 6) {
            my $r = $c->run("kill -9 $worker; kill -9 $spawner;"
                . " kill -9 $victim{'another command'}; kill -9 -1; echo alive");
            is($r->{stdout}, "alive\n", "$name: kill -9 -1 reaches nobody");
            ok(kill(0, $_), "$name: $_ lives")
                for $worker, $spawner, $victim{'another command'};
            like($r->{stderr}, qr/not permitted/, 'and it was told');
        }

        # abstract sockets: no name in the file system protects them
        my $socket = 'cc_test_' . $t->port;
        my $server = IO::Socket::UNIX->new(Local => "\0$socket", Listen => 5,
            Type => SOCK_STREAM) or die "abstract socket: $!";
        my %r = attack($t, $c, 'abstract', $socket);
        is($r{'abstract socket'}, $form < 6 ? 'done' : 'refused',
            "$name: abstract socket of somebody else");

        # but we can still end the command, and it its own children
        $c->call('control', { type => 'CANCEL',
            execution_id => $other->{result}{execution_id} });
        is($c->notification('process.completed')->{params}{signal}, 'SIGTERM',
            "$name: CANCEL gets through");
        my $r = $c->run('sleep 600 & kill $!; wait $!; echo $?');
        is($r->{stdout}, "143\n", "$name: own children can be ended");
        $c->close;
        $t->finish;
    }
}

# ordinary work

my %work = (
    rename => 'mkdir -p a b; echo x > a/f; mv a/f b/g; cat b/g',
    'hard link' => 'mkdir -p a b; echo x > a/f; ln a/f b/h; cat b/h',
    'move of a directory' => 'mkdir -p a/d b; echo x > a/d/f; mv a/d b/d; cat b/d/f',
    'clone of a local repository' => 'git init -q r && cd r &&'
        . ' git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x &&'
        . ' cd .. && git clone -q r s && git -C s log --format=%s',
    'make -j' => 'for i in 1 2 3 4 5 6; do echo "int f$i(void) { return $i; }"'
        . ' > f$i.c; done; printf "all: f1.o f2.o f3.o f4.o f5.o f6.o\\n'
        . '%%.o: %%.c\\n\\tgcc -c -o \\$@ \\$<\\n" > Makefile;'
        . ' make -s -j4 && ls f?.o | wc -l | sed "s/6/x/"',
    pipes => 'echo y | tr y x | cat',
    'a session of its own' => 'setsid sh -c "echo x"',
    'a shell that dies' => 'sh -c "kill -9 \\$\\$"; echo x',
    timeout => 'timeout 0.1 sleep 600; [ $? = 124 ] && echo x',
    'its own /proc' => '[ -n "$(cat /proc/self/environ /proc/$$/maps)" ]'
        . ' && echo x',
    'its own abstract socket' => q(python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("\0cc_test_own"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("\0cc_test_own"); print("x")'),
    'a server' => q(python3 -c 'import socket, threading
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
threading.Thread(target=lambda: s.accept()[0].sendall(b"x")).start()
print(socket.create_connection(s.getsockname()).recv(1).decode())'),
    strace => 'strace -f -o log sh -c "true; true" && grep -q execve log'
        . ' && echo x',
    ps => 'ps -e > /dev/null && echo x',
);

for my $form (2, 7) {
    SKIP: {
        skip "form $form: this kernel has Landlock $abi", 1 if $abi < $form;
        my $t = instance(fence => "cc_executor_fence required abi=$form;");
        my $c = $t->client;
        for my $what (sort keys %work) {
            my $r = $c->run("mkdir -p w && cd w && rm -rf * && { $work{$what}; }",
                timeout => 60);
            is($r->{stdout}, "x\n", "form $form: $what")
                or diag explain $r;
        }

        # set-user-id programs (sudo, su, ping) gain nothing
        SKIP: {
            skip 'only root can make one', 1 if $> != 0;
            system('cp', '/usr/bin/id', $t->dir . '/suid') == 0 or die;
            chmod 04755, $t->dir . '/suid';
            unlike($c->run($t->dir . '/suid')->{stdout}, qr/root/,
                "form $form: set-user-id has no effect");
        }
        my $r = $c->run('grep NoNewPrivs /proc/self/status');
        is($r->{stdout}, "NoNewPrivs:\t1\n", "form $form: no_new_privs");
        $c->close;
        $t->finish;
    }
}

# files, and connections

SKIP: {
    skip "Landlock $abi cannot confine files", 1 if $abi < 2;
    my $t = CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work;
        cc_executor_fence required;
        cc_executor_fence_read /usr /bin /lib /lib64 /etc %%DIR%%/shown;
        cc_executor_fence_write %%DIR%%/work;'
        . ($abi < 4 ? '' : 'cc_executor_fence_connect off;'));
    my $dir = $t->dir;
    mkdir "$dir/$_" for 'shown', 'hidden';
    for ('shown', 'hidden') {
        open my $f, '>', "$dir/$_/file" or die $!;
        print $f "$_\n";
        close $f;
    }
    system('cp', "$CC::Nginx::ROOT/build/fixtures/attack", "$dir/shown") == 0
        or die;
    chmod 0777, "$dir/shown", "$dir/shown/file", "$dir/hidden";
    chmod 0755, "$dir/shown/attack";
    $t->start;
    my $c = $t->client;
    is($c->run("cat $dir/shown/file")->{stdout}, "shown\n",
        'fence_read: what is named');
    like($c->run("cat $dir/hidden/file")->{stderr}, qr/Permission denied/,
        'and nothing else');
    like($c->run("cat $dir/nginx.conf")->{stderr}, qr/Permission denied/,
        'not the configuration');
    like($c->run("cp /bin/true $dir/hidden/x")->{stderr}, qr/Permission denied/,
        'no program to run from elsewhere');
    like($c->run("echo x > $dir/shown/file")->{stderr}, qr/Permission denied/,
        'fence_read does not write');
    is($c->run('echo x > f; mkdir d; mv f d/g; cat d/g; rm -r d')->{stdout},
        "x\n", 'fence_write: reads, writes, moves, removes');
    is($c->run('echo x > /dev/null && echo y')->{stdout}, "y\n", '/dev/null');
    like($c->run('ls /proc/self')->{stderr}, qr/denied/, 'no /proc');
    like($c->run('cat < ../hidden/file')->{stderr}, qr/denied/, 'relative');
    like($c->run('ln -s ../hidden/file l; cat l')->{stderr}, qr/denied/,
        'by a symbolic link');
    SKIP: {
        skip "Landlock $abi cannot deny TCP", 3 if $abi < 4;
        my $server = IO::Socket::INET->new(Listen => 5,
            LocalAddr => '127.0.0.1') or die $!;
        my $r = $c->run("$dir/shown/attack connect " . $server->sockport);
        is($r->{stdout}, "connect: refused\n", 'fence_connect off');
        $r = $c->run("$dir/shown/attack connect " . $t->port);
        is($r->{stdout}, "connect: refused\n", 'not to this server either');
    }
    # a path that goes away afterwards: no command rather than no fence
    rename "$dir/shown", "$dir/gone" or die $!;
    my $e = $c->run('true')->{answer}{error};
    is($e->{code}, -32603, 'a path of the fence is gone');
    like($e->{message}, qr/^fence: No such file/, 'and that is said');
    rename "$dir/gone", "$dir/shown" or die $!;
    is($c->run("cat $dir/shown/file")->{stdout}, "shown\n", 'it is back');
    $c->close;
    $t->finish;
}

# no kernel for it

{
    my $t = instance(fence => 'cc_executor_fence on abi=1;');
    like($t->log, qr/\[warn\] .* commands have no fence: it needs version 2 of Landlock/,
        'on, without Landlock: one warning');
    my @warnings = $t->log =~ /have no fence/g;
    is(scalar @warnings, 1, 'one');
    my $c = $t->client;
    is($c->run('echo x')->{stdout}, "x\n", 'and it goes on');
    $c->close;
    $t->finish;

    my $conf = sub { return "events { }\nhttp {\n"
        . "cc_executor_path %%DIR%%/runtime; server { listen 127.0.0.1:%%PORT%%;"
        . "\nlocation / { cc_executor on; cc_executor_allow any; $_[0] } } }" };
    my $u = CC::Nginx->new;
    for (
        ['cc_executor_fence required abi=1;', 1,
            qr/\[emerg\] no fence for commands here: it needs version 2 of Landlock \(Linux 5\.19\), there is 1/],
        ['cc_executor_fence required abi=0;', 1, qr/there is 0/],
        ['cc_executor_fence on abi=1; cc_executor_fence_read /usr;', 0,
            qr/\[warn\] no fence for commands here/],
        ['cc_executor_fence on abi=3; cc_executor_fence_connect off;', 0,
            qr/\[warn\] "cc_executor_fence_connect off" has no effect here: it needs version 4/],
        ['cc_executor_fence required abi=3; cc_executor_fence_connect off;', 1,
            qr/\[emerg\] "cc_executor_fence_connect off" has no effect/],
        ['cc_executor_fence maybe;', 1,
            qr/invalid value "maybe": "cc_executor_fence" is "on", "off" or "required"/],
        ['cc_executor_fence on x;', 1,
            qr/invalid parameter "x": it must be "abi=n" with n from 0 to 7/],
        ['cc_executor_fence on abi=8;', 1, qr/n from 0 to 7/],
        ['cc_executor_fence on abi=;', 1, qr/n from 0 to 7/],
        ['cc_executor_fence on; cc_executor_fence off;', 1, qr/is duplicate/],
        ['cc_executor_fence_read usr;', 1,
            qr/"cc_executor_fence_read" takes absolute paths, not "usr"/],
        ['cc_executor_fence_write /nonexistent;', 0,
            qr/\[warn\] "cc_executor_fence_write" "\/nonexistent" cannot be used now: no command will start there \(2: No such/],
        ['cc_executor_fence_connect maybe;', 1, qr/it must be "on" or "off"/],
    ) {
        my ($text, $want, $message) = @$_;
        SKIP: {
            skip "Landlock $abi", 2 if $text =~ /abi=3|nonexistent/ && $abi < 3;
            my ($rc, $out) = $u->test_config($conf->($text));
            is($rc, $want, "nginx -t: $text") or diag $out;
            like($out, $message, 'says why');
        }
    }
}

done_testing();
