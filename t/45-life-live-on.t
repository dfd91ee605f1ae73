# nginx lives on: a hundred reloads under load, quit, stop, shutdown timeout,
# new log files, a new binary; with cache processes beside it, bound to
# processors, and without a master.
#
# tags: asan slow coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $rules = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_kill_grace 500ms;';

# A customer in a process of his own: runs commands whose output he knows until
# he is stopped; says how many began, ended as they should, and what went wrong.

sub customer {
    my ($t) = @_;
    pipe my $from, my $to or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) {
        srand $$;
        my ($begun, $ended, $c, $stop, @wrong) = (0, 0);
        local $SIG{TERM} = sub { $stop = 1 };
        until ($stop || getppid != $t->{pid}) {
            $c //= eval { $t->client };
            if (!$c || !$c->{connected}) {
                # the session was closed before it was opened: reloading
                $c = undef;
                next;
            }
            my $n = 1 + int rand 8000;
            my $r = eval { $c->run({ command => "seq 1 $n; sleep 0.0"
                . int(rand 5), output => rand() < 0.5 ? 'line' : 'chunk' }) };
            if (!$r || !$r->{answer} || $r->{answer}{error}) {
                my $text = $r && $r->{answer} ? $r->{answer}{error}{message} : '';
                push @wrong, "refused: $text"
                    if $text && $text !~ /reloading, connect again/;
                # closed with 1001 while it was idle, or refused: again
                push @wrong, 'closed with ' . ($c->{closed} // 'nothing')
                    if !$text && ($c->{closed} // 0) != 1001;
                $c->close;
                $c = undef;
                next;
            }
            $begun++;
            my $want = join '', map { "$_\n" } 1 .. $n;
            if (!$r->{completed}) {
                push @wrong, 'no completion';
            } elsif ($r->{stdout} ne $want) {
                push @wrong, 'other output';
            } elsif ($r->{completed}{stdout_bytes} != length $want) {
                push @wrong, 'other sum';
            } else {
                $ended++;
            }
            if (!$r->{completed}) { $c->close; $c = undef }
        }
        # a second completion would come now
        if ($c) {
            while (my $m = $c->receive(0.2)) {
                push @wrong, "after the end: $m->{method}";
            }
        }
        print $to JSON::PP::encode_json([$begun, $ended, \@wrong]);
        close $to;
        POSIX::_exit(0);
    }
    close $to;
    return sub {
        kill 'TERM', $pid;
        local $/;
        my $said = <$from>;
        waitpid $pid, 0;
        return @{ JSON::PP::decode_json($said || '[0, 0, ["died"]]') };
    };
}

# a hundred reloads under load; each configuration is told by its environment

my $t = CC::Nginx->new(workers => 2, location => $rules . 'cc_executor_env A=0;',
    main => 'worker_cpu_affinity auto;',
    http => 'proxy_cache_path %%DIR%%/cache keys_zone=c:1m;',
    daemon => 1)->start;
my $visitor = $t->visitor;
my @customers = map { customer($t) } 1 .. 5;
my $reloads = 0;
my $rounds = $ENV{CC_SANITIZE} ? 10 : 100;
for my $n (1 .. $rounds) {
    my $text = $t->config;
    $text =~ s/A=0/A=$n/ or die;
    $t->write_config($text);
    $t->signal('HUP');
    $t->wait_until(sub {
        my $c = eval { $t->client } or return 0;
        my $r = $c->{connected} ? eval { $c->run('echo $A') } : undef;
        $c->close;
        return $r && ($r->{stdout} // '') eq "$n\n";
    }, 60) or last;
    $reloads++;
}
is($reloads, $rounds, "$rounds reloads, each in force for new connections");
my ($begun, $ended, @wrong) = (0, 0);
for (@customers) {
    my ($b, $e, $w) = $_->();
    $begun += $b;
    $ended += $e;
    push @wrong, @$w;
}
is(join(', ', @wrong), '', 'five customers have nothing to complain about');
is($ended, $begun, "every command that began ended as it should: $begun");
cmp_ok($begun, '>=', $rounds, 'and there were many');
is($visitor->(), '', 'other locations answered all the time');
my @w;
ok($t->wait_until(sub {
    !grep { CC::Nginx::title($_) =~ /shutting down/ } $t->workers }, 15),
    'old workers are gone');
ok($t->wait_until(sub { (@w = $t->workers) == 2 }), 'two are left');
ok($t->wait_until(sub { (my @s = $t->spawners) == 2 }), 'and their spawners');
SKIP: {
    skip 'only root sees the descriptors of helpers', 1 if $> != 0;
    skip 'a service has it from its keeper', 1 if $t->{apart};
    is(join(' ', $t->deathwatch_holders), $t->{master},
        'one holder of the deathwatch');
}

# commands are not bound to the processor of their worker

my $c = $t->client;
my ($all) = $t->slurp('../../../proc/self/status')
    =~ /^Cpus_allowed:\s+(\S+)/m;
my ($now) = $c->run('grep Cpus_allowed: /proc/self/status')->{stdout} =~ /(\S+)$/;
is($now, $all, 'worker_cpu_affinity is for workers only');

# USR1: new log files

$c->send('execute', { command => 'while [ ! -e go ]; do sleep 0.02; done; echo end',
    });
$c->notification('process.started');
my $dir = $t->dir;
rename "$dir/logs/error.log", "$dir/logs/error.1" or die $!;
$t->signal('USR1');
ok($t->wait_until(sub { -e "$dir/logs/error.log" }), 'USR1: a new log');
# a worker does so when it has heard of it
ok($t->wait_until(sub { $t->client->close; $t->log =~ /session opened/ }),
    'workers write to it');
my $cwd = readlink '/proc/' . $c->call('list')->{result}{commands}[0]{pid}
    . '/cwd';
open my $go, '>', "$cwd/go" or die $!;
is($c->notification('process.completed')->{params}{exit_code}, 0,
    'a running command does not notice');
unlink "$cwd/go";

# USR2: a new binary takes over, the old one ends what it has begun

$c->send('execute', { command => 'while [ ! -e go ]; do sleep 0.02; done; echo end',
    });
$c->notification('process.started');
my $old = $t->{master};
$t->signal('USR2');
ok($t->wait_until(sub { -e "$dir/nginx.pid.oldbin" && -s "$dir/nginx.pid"
    && $t->slurp('nginx.pid') != $old }, 20), 'USR2: a new master');
chomp(my $new = $t->slurp('nginx.pid'));
ok($t->wait_until(sub {
    (my @n = CC::Nginx::children($new, qr/worker process/)) == 2 }, 20),
    'with workers');
kill 'WINCH', $old;
ok($t->wait_until(sub {
    grep { CC::Nginx::title($_) =~ /shutting down/ } $t->workers }),
    'WINCH: the old workers leave');
my $d;
ok($t->wait_until(sub {
    $d = eval { $t->client } or return 0;
    return $d->{connected} && $d->run('echo new')->{stdout} eq "new\n" }),
    'the new ones serve');
open $go, '>', "$cwd/go" or die $!;
my $done = $c->notification('process.completed');
is($done->{params}{exit_code}, 0, 'what the old ones had begun ends well');
unlink "$cwd/go";
kill 'QUIT', $old;
ok($t->wait_until(sub { $t->ended($old) }, 20),
    'the old master leaves');
is($d->run('echo still')->{stdout}, "still\n", 'the new one serves on');
$d->close;
$t->adopt($new);
SKIP: {
    skip 'only root sees the descriptors of helpers', 1 if $> != 0;
    skip 'a service has it from its keeper', 1 if $t->{apart};
    is(join(' ', $t->deathwatch_holders), $new, 'and holds the deathwatch alone');
}
$t->finish;

# quit and stop while output floods

for my $how (['QUIT', 'quit'], ['TERM', 'stop']) {
    $t = CC::Nginx->new(workers => 2, location => $rules,
        main => 'worker_shutdown_timeout 1s;')->start;
    my @c = map { $t->client } 1 .. 6;
    $_->send('execute', { command => 'setsid sleep 4501 & yes', output => 'chunk'
        }) for @c;
    $_->notification('process.output') for @c;
    $t->stop($how->[0]);
    ok($t->wait_until(sub { !$t->processes }, 10), "$how->[1] in a flood");
    ok($_->ws->read_eof, 'the client sees the end') for @c;
    $t->finish;
}

# worker_shutdown_timeout: a reload waits that long for a session, not longer

$t = CC::Nginx->new(workers => 1, location => $rules,
    main => 'worker_shutdown_timeout 1s;')->start;
$c = $t->client;
my $idle = $t->client;
$c->send('execute', { command => 'setsid sleep 4502 & echo up; exec sleep 4503' });
$c->notification('process.output');
my ($worker) = $t->workers;
$t->signal('HUP');
is($idle->ws->read_close, 1001, 'reload: an idle session ends at once');
ok($c->ws->read_eof, 'a busy one after worker_shutdown_timeout');
ok($t->wait_until(sub { !grep { /sleep 450/ } $t->processes }),
    'its commands are gone');
ok($t->wait_until(sub { !-e "/proc/$worker" }), 'and the worker');
is($t->client->run('echo new')->{stdout}, "new\n", 'the new one serves');
$t->finish;

# neither a start nor a reload that cannot have its directory ends nginx

SKIP: {
    skip 'only root changes the owner of directories', 5 if $> != 0;
    skip 'a service does not start commands there', 5 if $CC::Nginx::APART;
    my $v = CC::Nginx->new(location => $rules)->start;
    my $path = $v->dir . '/other';
    mkdir $path or die $!;
    symlink '/nonexistent', "$path/work" or die $!;
    $v->{conf} = $v->config =~ s{(cc_executor_path) \S+;}{$1 $path;}r;
    my ($rc, $out) = $v->test_config($v->{conf});
    is($rc, 0, 'a directory that cannot be made does not keep nginx from it');
    like($out, qr{\[warn\].*/other/work" cannot be created or used}, 'but it is told');
    my ($before) = $v->workers;
    $v->write_config;
    $v->signal('HUP');
    ok($v->wait_until(sub { my @w = $v->workers; @w == 1 && $w[0] != $before },
        20), 'reload: nginx lives on');
    $c = $v->client;
    is($c->run('echo x')->{answer}{error}{code}, -32603,
        'a command that needs the directory is refused');
    $c->close;
    like($v->log, qr/command not started, stage working directory/, 'and it says why');
    $v->finish;
}

# without a master: reload and quit

$t = CC::Nginx->new(location => "$rules cc_executor_allow_root on;",
    main => 'master_process off;')->start;
$c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", 'master_process off: runs');
$c->send('execute', { command => 'exec sleep 4504' });
$c->notification('process.started');
$t->signal('HUP');
ok($t->wait_until(sub { $t->log =~ /reconfiguring/ }), 'reloads');
# new connections are none of ours: nginx itself does not serve them any more
is($c->run('echo two')->{stdout}, "two\n", 'sessions run on');
ok((grep { /sleep 4504/ } $t->processes), 'and what ran runs');
$c->close;
ok($t->wait_until(sub { !grep { /sleep 4504/ } $t->processes }),
    'until its client leaves');
$t->stop('QUIT');
ok($t->wait_until(sub { !$t->processes }), 'quits');
$t->finish;

done_testing;
