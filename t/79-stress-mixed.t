# Mixed life: 200 clients with short commands, long output, pauses, cancels,
# input, who leave in the middle; meanwhile nginx is reloaded every few seconds
# and a worker killed now and then.  At the end every command has exactly one
# completion or its client was gone, every byte is accounted for, and processes,
# descriptors and memory are back where they were.
#
# 60 seconds; "make stress" sets STRESS_TIME.
#
# tags: stress

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $seconds = $ENV{STRESS_TIME} // 60;
my ($processes, $each) = (10, 20);
my $json = eval { require JSON::XS; JSON::XS->new } || JSON::PP->new;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;
    cc_executor_start_timeout 60s; cc_executor_max_sessions 1000;
    cc_executor_max_commands 1000;', http => 'cc_executor_helpers min=4 max=300;',
    main => 'worker_rlimit_nofile 8192;')->start;
my $visitor = $t->visitor;

sub footprint {
    my ($memory, $descriptors) = (0, 0);
    for my $pid ($t->workers, $t->spawners) {
        my @fds = glob "/proc/$pid/fd/*";
        $descriptors += @fds;
        $memory += $t->slurp("../../../proc/$pid/smaps_rollup")
            =~ /^Pss:\s+(\d+)/m ? $1 : 0;
    }
    return ($memory, $descriptors);
}

# what clients do: a command, how many bytes it writes (undef: any number), and
# what is done meanwhile

my @life = (
    [8, sub { my $n = int rand 1e6; return ("echo $n", 1 + length $n) }],
    [4, sub { my $n = 1 + int rand 30000;
        return ("seq 1 $n", length join "\n", 1 .. $n, '') }],
    [2, sub { return ('seq 1 2000; sleep 0.3; seq 1 2000', 17786), 'pause' }],
    [2, sub { return ('setsid sleep 7901 & echo x; exec sleep 7902', 2),
        'cancel' }],
    [1, sub { return ('sleep 7903 & yes', undef), 'leave' }],
    [1, sub { return ('exit 3', 0) }],
);

sub pick {
    my $n = int rand 18;
    for (@life) { return $_->[1]->() if ($n -= $_->[0]) < 0 }
    return;
}

# one process with its clients

sub crowd {
    my ($to) = @_;
    my ($stop, %n, @wrong, %client) = (0);
    local $SIG{TERM} = sub { $stop = 1 };
    srand $$;
    my $end = time + $seconds + 120;

    my $gone = sub {
        my ($key, $why) = @_;
        my $c = delete $client{$key} or return;
        if ($c->{run} && $c->{run}{begun}) {
            # busy sessions are only ever ended by the death of their worker
            push @wrong, "closed with $c->{closed} while a command ran"
                if $c->{closed} && $why eq 'server';
            $n{"gone ($why)"}++;
        } elsif ($c->{run}) {
            # asked at the moment in which an idle session was closed
            $n{unheard}++;
        }
        $c->{ws}->close;
    };

    my $begin = sub {
        my ($c) = @_;
        my ($command, $bytes, $act) = pick();
        $c->{run} = { bytes => $bytes, act => $act // '', got => 0, id =>
            ++$c->{seq}, since => time };
        $c->{ws}->send_text($json->encode({ jsonrpc => '2.0', id => $c->{seq},
            method => 'execute', params => { command => $command,
                output => 'chunk' } }));
    };

    my $control = sub {
        my ($c, $type) = @_;
        $c->{ws}->send_text($json->encode({ jsonrpc => '2.0', id => 'c',
            method => 'control', params => { type => $type } }));
    };

    my $message = sub {
        my ($key, $m) = @_;
        my $c = $client{$key};
        my $r = $c->{run};
        my $method = $m->{method} // 'answer';
        if ($method eq 'connected') {
            $begin->($c);
        } elsif ($method eq 'answer') {
            return if ($m->{id} // '') eq 'c';
            if (my $e = $m->{error}) {
                push @wrong, $e->{message}
                    if $e->{message} !~ /reloading, connect again/;
                delete $c->{run};
                $n{refused}++;
                return $gone->($key, 'client');
            }
            $n{begun}++;
            $r->{begun} = $m->{result}{execution_id};
            $n{slowest} = time - $r->{since}
                if time - $r->{since} > ($n{slowest} // 0);
        } elsif (!$r || !$r->{begun}
            || $m->{params}{execution_id} ne $r->{begun})
        {
            push @wrong, "$method that belongs to nothing";
        } elsif ($method eq 'process.output') {
            push @wrong, 'a gap' if $m->{params}{offset} != $r->{got};
            $r->{got} = $m->{params}{next};
            $n{bytes} += length $m->{params}{data};
            if ($r->{act} eq 'pause') {
                $control->($c, 'PAUSE');
                $control->($c, 'RESUME');
            } elsif ($r->{act} eq 'cancel') {
                $control->($c, 'CANCEL');
            } elsif ($r->{act} eq 'leave' && rand() < 0.3) {
                return $gone->($key, 'client');
            }
            $r->{act} = '' if $r->{act} ne 'leave';
        } elsif ($method eq 'process.completed') {
            $n{ended}++;
            my $p = $m->{params};
            push @wrong, "cause $p->{cause}"
                if $p->{cause} !~ /^(?:exit|cancel)$/;
            push @wrong, "$r->{got} bytes of " . ($r->{bytes} // 'any')
                if $r->{got} != $p->{stdout_bytes}
                || defined $r->{bytes} && $r->{got} != $r->{bytes};
            delete $c->{run};
            $begin->($c) unless $stop;
        }
    };

    while (1) {
        if ($stop) {
            # what never ends by itself is left
            $gone->($_, 'client') for grep { my $r = $client{$_}{run};
                !$r || !defined $r->{bytes} } keys %client;
            last if !%client;
        }
        last if time > $end;
        while (!$stop && keys %client < $each) {
            my $ws = eval { CC::WebSocket->new(port => $t->port) } or last;
            if ($ws->{status} != 101) { $ws->close; last }
            $n{sessions}++;
            $client{ fileno $ws->{sock} } = { ws => $ws, seq => 0 };
        }
        my $select = IO::Select->new(map { $_->{ws}{sock} } values %client);
        my @ready = map { fileno $_ } $select->can_read(0.2);
        # a frame may have come together with the handshake
        push @ready, grep { length $client{$_}{ws}{buf} } keys %client;
        for my $key (@ready) {
            my $c = $client{$key} or next;
            $c->{ws}->fill(time + 0.01)
                if IO::Select->new($c->{ws}{sock})->can_read(0);
            while ($client{$key} && (my $f = $c->{ws}->read_frame(0))) {
                if ($f->{op} == CC::WebSocket::TEXT) {
                    $message->($key, $json->decode($f->{data}));
                } elsif ($f->{op} == CC::WebSocket::PING) {
                    $c->{ws}->send_frame(CC::WebSocket::PONG, $f->{data});
                } elsif ($f->{op} == CC::WebSocket::CLOSE) {
                    $c->{closed} = unpack 'n', $f->{data};
                    $gone->($key, 'server');
                }
            }
            $gone->($key, 'server') if $client{$key} && $c->{ws}{eof};
        }
    }
    push @wrong, keys(%client) . ' clients never got an end' if %client;
    $n{wrong} = \@wrong;
    print $to $json->encode(\%n);
    close $to;
    POSIX::_exit(0);
}

$t->wait_until(sub { (my @h = $t->helpers) == 8 });
my ($memory, $descriptors) = footprint();

my @crowds;
for (1 .. $processes) {
    pipe my $from, my $to or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) { close $from; crowd($to) }
    close $to;
    push @crowds, [$pid, $from];
}

my ($reloads, $kills, $round) = (0, 0, 0);
my $end = time + $seconds;
while (time < $end) {
    sleep 2;
    if (++$round % 4 == 0) {
        my ($worker) = grep { CC::Nginx::title($_) !~ /shutting/ } $t->workers;
        next if !$worker;
        kill 'KILL', $worker;
        # one that was about to leave, after a reload, may be faster
        $t->wait_until(sub { $t->log =~ /worker process $worker exited/ }, 30);
        $kills++ if $t->log =~ /worker process $worker exited on signal 9/;
    } else {
        $t->signal('HUP');
        $reloads++;
    }
}
kill 'TERM', $_->[0] for @crowds;

my (%sum, @wrong);
for (@crowds) {
    my ($pid, $from) = @$_;
    local $/;
    my $said = <$from>;
    waitpid $pid, 0;
    my $n = $said ? $json->decode($said) : { wrong => ['a client died'] };
    push @wrong, @{ delete $n->{wrong} };
    my $slowest = delete $n->{slowest} // 0;
    $sum{slowest} = $slowest if $slowest > ($sum{slowest} // 0);
    $sum{$_} += $n->{$_} for keys %$n;
}

my %seen;
$seen{$_}++ for @wrong;
is(join("\n", map { "$_ ($seen{$_} times)" } sort keys %seen), '',
    'nothing went wrong for 200 clients');
my $server = $sum{'gone (server)'} // 0;
my $client = $sum{'gone (client)'} // 0;
cmp_ok($sum{begun} // 0, '>=', 200, 'commands began');
is($sum{ended}, $sum{begun} - $server - $client,
    'every command has its completion, or its client was gone');
ok($kills || !$server, 'clients only lose their session with its worker');
is($visitor->(), '', 'other locations answered all the time');

ok($t->wait_until(sub {
    !grep { !/nginx/ } $t->processes }, 30), 'no command is left')
    or diag join "\n", grep { !/nginx/ } $t->processes;
ok($t->wait_until(sub { (my @w = $t->workers) == 2
    && (my @s = $t->spawners) == 2 }, 60), 'two workers, two spawners');
my @h;
ok($t->wait_until(sub { (@h = $t->helpers) <= 40 }, 60), 'few helpers')
    or diag scalar @h;
my ($now, $open);
ok($t->wait_until(sub {
    ($now, $open) = footprint();
    $open <= $descriptors + 2 * @h + 8 }, 30), 'descriptors are back')
    or diag "$descriptors, then $open";
cmp_ok($now, '<', 2 * $memory + 16384, 'so is the memory');
diag sprintf "%d s: %d sessions, %d commands, %d ended, %d left by clients, "
    . "%d lost with a worker, %d refused, %d unheard, %.1f MiB of output, "
    . "slowest start %.2f s; %d reloads, %d workers killed; %d -> %d KiB, "
    . "%d -> %d descriptors", $seconds, $sum{sessions}, $sum{begun}, $sum{ended},
    $client, $server, $sum{refused} // 0, $sum{unheard} // 0, ($sum{bytes} // 0) / 1048576,
    $sum{slowest}, $reloads, $kills, $memory, $now, $descriptors, $open;

$t->allow(qr/worker process \d+ exited on signal 9/, $kills);
$t->finish;
done_testing;
