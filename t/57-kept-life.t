# kept commands and deaths around them: workers, helpers, reloads; waits, reads,
# lists, credit.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $true = JSON::PP::true;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;')->start;
$t->allow(qr/worker process \d+ exited on signal 9/, 2);

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

sub completed {
    my ($c, $id) = @_;
    my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
        && ($_[0]{method} // '') eq 'process.completed' }, 30);
    return $m ? $m->{params} : {};
}

# the questions

{
    my $c = $t->client;
    my $id = start($c, 'echo ready; read x; echo got $x; exec sleep 30',
        label => 'questions', open_stdin => $true);
    my $d = $t->client;
    my $ask = sub { my ($method, %o) = @_;
        my $m = $d->call($method, { execution_id => $id, %o });
        return $m->{result} // $m };

    is($ask->('wait', patterns => ['nothing', 'ady'], from => 0,
        stream => 'stdout')->{reason}, 'pattern', 'wait: a pattern');
    is($ask->('wait', until => 'output', stream => 'stdout',
        from => 0)->{reason}, 'output', 'wait: output');
    is($ask->('wait', timeout_ms => 50)->{reason}, 'timeout',
        'wait: its time');
    is($ask->('wait', until => 'idle', idle_ms => 50)->{reason}, 'idle',
        'wait: silence');

    my $r = $ask->('read', offset => 2);
    is_deeply([@$r{qw(data from next dropped state)}],
        ["ady\n", 2, 6, 0, 'running'], 'read') or diag(explain($r));
    is($ask->('read', offset => -3)->{data}, "dy\n", 'the last three bytes');
    is($ask->('read', offset => 6, wait_ms => 50)->{data}, '', 'and no more');

    is($d->call('attach', { execution_id => $id })->{result}{watchers}, 2,
        'two watch it');
    is($d->call('input', { execution_id => $id, data => "x\n" })->{error}{code},
        -32602, 'who only reads does not write');
    is($d->call('detach', { execution_id => $id })->{result}{status},
        'detached', 'detached');
    my $m = $d->call('attach', { execution_id => $id, mode => 'write' });
    is($m->{result}{mode}, 'write', 'who asks for it may write');
    is($d->call('input', { execution_id => $id, data => "me\n" })
        ->{result}{accepted}, 3, 'and does');
    ok($d->wait_for(sub { ($_[0]{params}{data} // '') eq "got me\n" }, 20),
        'it reads that');

    my ($e) = @{ $d->owned(label => 'questions')->{commands} };
    is($e->{execution_id}, $id, 'list: the owner has the id');
    is($e->{state}, 'running', 'list: its state');
    is($e->{watchers}, 2, 'list: its watchers');
    like($e->{command}, qr/^echo ready/, 'list: the command');
    is(scalar @{ $d->owned(label => 'none')->{commands} }, 0, 'list: another label');

    is($ask->('signal', signal => 'TERM')->{status}, 'signaled', 'a signal');
    is($ask->('wait', until => 'exit')->{reason}, 'exit', 'wait: its end');
    is(completed($c, $id)->{signal}, 'SIGTERM', 'the starter hears it');
    is(completed($d, $id)->{signal}, 'SIGTERM', 'the other one, too');
    is($ask->('remove')->{status}, 'removed', 'it is forgotten');
    is($d->call('attach', { execution_id => $id })->{error}{code}, -32003,
        'by everybody');
    $_->close for $c, $d;
}

# credit: not more than the window is on its way

{
    my $c = $t->client;
    my $id = start($c, 'seq 1 20000');
    my $d = $t->client;
    $d->call('attach', { execution_id => $id, window => 8192,
        output => 'chunk' });
    my ($next, $all, $stalls) = (0, '', 0);
    while (1) {
        my $m = $d->next(0.3);
        if (!$m) {
            last if ++$stalls > 60;
            $d->send('credit', { execution_id => $id, stdout => $next },
                notify => 1);
            next;
        }
        last if ($m->{method} // '') eq 'process.completed';
        next if ($m->{method} // '') ne 'process.output';
        $all .= $m->{params}{data};
        $next = $m->{params}{next};
        $stalls == 0 and cmp_ok($next, '<=', 8192, 'within the window');
        # from now on as a client should
        $d->send('credit', { execution_id => $id, stdout => $next },
            notify => 1) if $stalls;
    }
    is($all, join('', map { "$_\n" } 1 .. 20000), 'all of it, in the end');
    cmp_ok($stalls, '>=', 1, 'it waited for credit');
    $_->close for $c, $d;
}

# the same of a message for each line, whatever else is said meanwhile

{
    my $c = $t->client;
    my $id = start($c, 'seq -f %0899g 1 200');
    completed($c, $id);
    my $d = $t->client;
    $d->call('attach', { execution_id => $id, window => 4096,
        output => 'line' });
    my ($next, $credit, $over) = (0, 0);
    my $said = sub {
        my ($m) = @_;
        $next = $m->{params}{next} if ($m->{method} // '') eq 'process.output';
        $over = 1 if ($m->{method} // '') eq 'process.completed';
    };
    my $most = 0;
    my $end = time + 60;
    while (time < $end) {
        for (1 .. 3) {
            # what is on the way stands before the answer
            $d->send('list', {});
            while (my $m = $d->next(20)) { last if defined $m->{id}; $said->($m) }
        }
        $most = $next - $credit if $next - $credit > $most;
        last if $over;
        $credit = $next;
        $d->send('credit', { execution_id => $id, stdout => $next }, notify => 1);
    }
    cmp_ok($most, '<=', 4096, 'lines: within the window');
    cmp_ok($most, '>=', 1800, 'and more than one of them');
    is($next, 200 * 900, 'all of them, in the end');
    $_->close for $c, $d;
}

# a worker is killed: what it started goes on, and its end is told

{
    my $c = $t->client;
    my $id = start($c, 'echo before; sleep 2; echo after; exit 7');
    my @before = $t->workers;
    kill 'KILL', @before;
    ok($t->wait_until(sub {
        my %old = map { $_ => 1 } @before;
        my @new = grep { !$old{$_} } $t->workers;
        return @new == 2;
    }, 20), 'both workers are new');
    my $d = $t->client;
    my $m = $d->call('attach', { execution_id => $id });
    is($m->{error}, undef, 'a new worker finds it') or diag(explain($m));
    is(completed($d, $id)->{exit_code}, 7, 'its end');
    ok($t->wait_until(sub {
        my ($e) = grep { ($_->{execution_id} // '') eq $id }
            @{ $d->owned(state => 'exited')->{commands} };
        return $e && $e->{exit_code} == 7;
    }, 20), 'and the index knows it');
    $_->close for $c, $d;
}

# a reload: whoever watches is sent away, waits are answered, nothing is lost

{
    my $c = $t->client;
    my $id = start($c, 'sleep 3; echo done');
    my $w = $c->send('wait', { execution_id => $id, until => 'exit' });
    sleep 0.2;
    $t->signal('HUP');
    my $m = $c->wait_for(sub { ($_[0]{method} // '') eq 'process.detached' },
        20);
    is($m->{params}{reason}, 'reload', 'detached');
    $m = $c->wait_for(sub { ($_[0]{id} // 0) eq $w }, 5);
    is($m->{result}{reason}, 'reload', 'the wait is answered');
    1 while $c->receive(5);
    is($c->{closed}, 1001, 'and closed with 1001');
    my $d = $t->client;
    $m = $d->call('attach', { execution_id => $id });
    is($m->{result}{state}, 'running', 'it runs on');
    is(completed($d, $id)->{stdout_bytes}, 5, 'to its end');
    $_->close for $c, $d;
}

# its helper is killed: lost, for everybody, as long as it would have stayed

{
    my $c = $t->client;
    my $id = start($c, 'sleep 60');
    my $d = $t->client;
    my $pid = $d->call('attach', { execution_id => $id })->{result}{pid};
    my ($helper) = CC::Nginx::parent($pid);
    kill 'KILL', $helper;
    is(completed($c, $id)->{cause}, 'lost', 'the starter is told');
    is(completed($d, $id)->{cause}, 'lost', 'so is the watcher');
    my $e = $t->client;
    my $m = $e->call('attach', { execution_id => $id });
    is($m->{result}{state}, 'lost', 'and whoever comes later')
        or diag(explain($m));
    is(completed($e, $id)->{cause}, 'lost', 'is told, too');
    $_->close for $c, $d, $e;
}

$t->finish;
done_testing;
