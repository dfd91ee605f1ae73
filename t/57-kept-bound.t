# Bound commands where cc_executor_observe is set: who may observe, and their owner
# from another connection, list them once they have run for a while, and attach to
# read only; they end with their starter all the same, and whoever watches is told.
# Calls of MCP are seen like them.  Elsewhere nothing of it is there.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Kept qw(completed output);
use CC::Mcp;
use CC::Nginx alone => 'it kills the workers above helpers';

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my %token = map { $_ => "$_-token-" x 8 } qw(agent watch guard);
my %bearer = map { $_ => { Authorization => "Bearer $token{$_}" } } keys %token;
my $on = 'cc_executor on; cc_executor_token_file tokens;';
my $observe = 'cc_executor_observe watch guard:signal;';
my $mark = 493000000 + $$ % 100000 * 100;
my ($t, $workers);

sub server {
    ($workers) = @_;
    $t = CC::Nginx->new(conf => <<"EOC");
worker_processes $workers;
events { worker_connections 512; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    cc_executor_kill_grace 1s;
    cc_executor_tty on;
    cc_executor_audit_log logs/audit.log;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /agents { $on cc_executor_realm team; $observe }
        location /plain { $on cc_executor_realm team; }
        location /other { $on cc_executor_realm other; $observe }
    }
}
EOC
    open my $f, '>', $t->dir . '/tokens' or die $!;
    print $f map { "$_ " . sha256_hex($token{$_}) . "\n" } sort keys %token;
    close $f or die $!;
    $t->start;
    return;
}

sub client {
    my ($who, $path) = @_;
    return $t->client(path => '/' . ($path // 'agents'), headers => $bearer{$who});
}

# starts a bound command that sleeps in the end; its id and what ps shows of it
sub start {
    my ($c, $command, %o) = @_;
    my $n = $mark++;
    my $m = $c->call('execute', { command => "$command exec sleep $n", %o });
    is($m->{error}, undef, "started: $command") or diag explain $m;
    return ($m->{result}{execution_id}, $n);
}

sub gone {
    my ($n) = @_;
    return $t->wait_until(sub { !grep { /sleep $n\b/ } $t->processes }, 30);
}

# what somebody sees: id => entry
sub seen {
    my ($c, $scope) = @_;
    my $r = $c->owned(scope => $scope // 'realm') // return {};
    return { map { ($_->{execution_id} // '') => $_ } @{ $r->{commands} } };
}

sub appears {
    my ($c, $id, $scope) = @_;
    my $entry;
    $t->wait_until(sub { $entry = seen($c, $scope)->{$id} }, 30);
    return $entry;
}

# the first delta with an entry, or without it, that is like that
sub told {
    my ($c, $is) = @_;
    return $c->wait_for(sub { ($_[0]{method} // '') eq 'process.listed'
        && $is->($_[0]{params}) }, 30);
}

sub removed {
    my ($c, $id) = @_;
    my $name = substr $id, 0, 16;
    return told($c, sub { grep { $_ eq $name } @{ $_[0]{removed} } });
}

sub watcher {
    my ($who) = @_;
    my $c = client($who);
    is($c->owned(scope => 'realm', watch => $true)->{watching}, $true,
        "$who watches the list");
    return $c;
}

# seen, read, not written to; what others may is refused by the helper
sub observed {
    my $list = watcher('watch');
    my $agent = client('agent');
    my ($id, $n) = start($agent, 'echo hello; read x; echo "got $x";',
        open_stdin => $true);
    my $entry;
    told($list, sub { ($entry) = grep { ($_->{execution_id} // '') eq $id }
        @{ $_[0]{commands} } });
    is_deeply([@$entry{qw(kept state owner own name expires_in)}],
        [$false, 'running', 'token:agent', $false, substr($id, 0, 16), undef],
        'process.listed tells of a bound command') or diag explain $entry;
    like($entry->{command}, qr/^echo hello;/, 'with its command line');

    my $watch = client('watch');
    my $m = $watch->call('attach', { execution_id => $id, mode => 'write',
        flow => 'lossless', exclusive => $true });
    is_deeply([@{ $m->{result} }{qw(state mode flow)}], [qw(running read lossy)],
        'an observer attaches, to read') or diag explain $m;
    is($watch->notification('process.output')->{params}{data}, "hello\n",
        'and reads from the beginning');
    is($watch->call('read', { execution_id => $id })->{result}{data}, "hello\n", 'read');
    is($watch->call('wait', { execution_id => $id, until => 'output', from => 0,
        timeout_ms => 20_000 })->{result}{reason}, 'output', 'wait');
    my $other = client('agent');
    is_deeply([@{ appears($other, $id, 'owner') }{qw(kept state)}], [$false, 'running'],
        'its owner has it in his list elsewhere');
    $m = $other->call('attach', { execution_id => $id, mode => 'write' });
    is_deeply([@{ $m->{result} }{qw(mode flow)}], [qw(read lossy)], 'and reads, too');
    for my $c ($watch, $other) {
        for (['input', data => "x\n"], ['control', type => 'CANCEL'],
            ['signal', signal => 'KILL'])
        {
            my ($method, %o) = @$_;
            my $r = $c->call($method, { execution_id => $id, %o });
            like($r->{error}{message} // '', qr/only observes/, "no $method");
        }
    }
    my $third = client('agent');
    for my $c ($third, client('watch')) {
        for (['signal', signal => 'KILL'], ['remove', force => $true], ['remove']) {
            my ($method, %o) = @$_;
            ok($c->call($method, { execution_id => $id, %o })->{error},
                "not attached, no $method, either");
        }
    }

    is($agent->call('input', { execution_id => $id, data => "word\n" })
        ->{result}{accepted}, 5, 'its starter writes as before');
    for ($agent, $watch, $other) {
        $m = $_->wait_for(sub { ($_[0]{params}{data} // '') =~ /got/ }, 30);
        is($m->{params}{data}, "got word\n", 'and all read it');
    }
    is(seen(client('watch', 'other'))->{$id}, undef, 'no other realm sees it');
    is(client('guard', 'other')->call('attach', { execution_id => $id })
        ->{error}{code}, -32003, 'or attaches');

    # signals: by who may

    my $guard = client('guard');
    is($guard->call('signal', { execution_id => $id, signal => 'STOP' })
        ->{result}{status}, 'signaled', 'one who may signal: STOP');
    ok($t->wait_until(sub { (seen($guard)->{$id}{state} // '') eq 'paused' }, 30),
        'it is paused');
    is($guard->call('attach', { execution_id => $id })->{result}{mode}, 'read',
        'attached');
    is($guard->call('control', { execution_id => $id, type => 'RESUME' })
        ->{result}{status}, 'resumed', 'RESUME');
    like($guard->call('input', { execution_id => $id, data => "x\n" })
        ->{error}{message} // '', qr/only observes/, 'no input');

    # the starter goes

    $agent->close;
    is(completed($_, $id)->{cause}, 'disconnect', 'its starter goes: it is told')
        for $watch, $other, $guard;
    ok(gone($n), 'it has ended');
    ok(removed($list, $id), 'and is gone from the list');
    is($third->call('attach', { execution_id => $id })->{error}{code}, -32003,
        'nothing is left of it');
    $_->close for $list, $watch, $other, $third, $guard;
    return $id;
}

# what is over before its time was never seen; where nobody observes nothing is
sub unseen {
    my $list = watcher('watch');
    my $agent = client('agent');
    my $plain = client('agent', 'plain');
    my ($hidden, $n) = start($plain, '');
    my %long;
    for (1 .. 20) {
        my $begun = time;
        my $id = $agent->send('execute', { command => '/bin/true' });
        my $m = $agent->answer($id);
        completed($agent, $m->{result}{execution_id});
        $long{ $m->{result}{execution_id} } = 1 if time - $begun >= 0.19;
    }
    my ($id) = start($agent, '');
    my %told;
    told($list, sub {
        $told{ $_->{execution_id} // '' } = 1 for @{ $_[0]{commands} };
        return $told{$id};
    });
    delete @told{$id, keys %long};
    is_deeply(\%told, {}, 'nothing that was over soon, or is elsewhere, was told');
    my $mine = seen(client('agent', 'plain'), 'owner');
    ok($mine->{$id} && !$mine->{$hidden},
        'of his own the owner sees there what can be seen');
    is(client('guard')->call('attach', { execution_id => $hidden })->{error}{code},
        -32003, 'what runs where nobody observes has no socket');
    $_->close for $agent, $plain;
    ok(gone($n), 'it ends with its connection');
    ok(removed($list, $id), 'as what is seen does');
    $list->close;
    return;
}

# its end: who attached has all of it; the helper takes the next command
sub ended {
    my $list = watcher('watch');
    my $agent = client('agent');
    my $file = $t->dir . "/work/go$workers";
    my $m = $agent->call('execute', { window => 4096, output => 'chunk', command =>
        "while ! [ -e $file ]; do sleep 0.02; done; seq 9000; echo end >&2; exit 3" });
    my $id = $m->{result}{execution_id};
    ok(told($list, sub { grep { ($_->{execution_id} // '') eq $id }
        @{ $_[0]{commands} } }), 'one that ends by itself');
    my $watch = client('watch');
    $watch->call('attach', { execution_id => $id, output => 'chunk' });
    open my $f, '>', $file or die $!;
    close $f or die $!;
    my ($text, $end) = output($watch, $id);
    is($end->{params}{exit_code}, 3, 'an observer is told how');
    is($text, join('', map { "$_\n" } 1 .. 9000), 'after all of its output');

    # its starter reads slowly: it is not over before he is done

    ok(seen($list)->{$id}, 'it is there as long as its starter reads');
    my $all = '';
    while (my $m = $agent->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id }, 30)) {
        my $p = $m->{params};
        if ($m->{method} eq 'process.completed') {
            is($p->{exit_code}, 3, 'he is told how, too');
            last;
        }
        next if $m->{method} ne 'process.output';
        $all .= $p->{data} if $p->{type} eq 'stdout';
        $agent->send('credit', { execution_id => $id, $p->{type} =>
            $p->{offset} + length $p->{data} }, notify => 1);
    }
    is($all, $text, 'after all of it');
    ok(removed($list, $id), 'then it is gone');
    is($agent->run('echo next')->{stdout}, "next\n", 'its starter goes on');

    # one on a terminal, which has its size of its starter

    my ($tty, $m1) = start($agent, 'stty size; read x; stty size;',
        tty => { cols => 81, rows => 25 }, open_stdin => $true);
    ok(appears($watch, $tty), 'one on a terminal');
    is_deeply($watch->call('attach', { execution_id => $tty })->{result}{tty},
        { cols => 81, rows => 25 }, 'and its size');
    $agent->call('resize', { execution_id => $tty, cols => 99, rows => 30 });
    is($watch->notification('process.resized', 30)->{params}{cols}, 99,
        'its next one is told');
    $agent->call('input', { execution_id => $tty, data => "x\n" });
    ok($watch->wait_for(sub { ($_[0]{params}{data} // '') =~ /^30 99/ }, 30),
        'what comes then, too');
    $agent->call('control', { execution_id => $tty, type => 'CANCEL' });
    is(completed($watch, $tty)->{cause}, 'cancel', 'its end');
    ok(gone($m1), 'which it was');

    # by somebody who may

    my ($other, $n) = start($agent, '');
    my $guard = client('guard');
    ok(appears($guard, $other), 'another one');
    $guard->call('attach', { execution_id => $other });
    is($guard->call('control', { execution_id => $other, type => 'CANCEL' })
        ->{result}{status}, 'canceled', 'CANCEL by one who may');
    is(completed($_, $other)->{cause}, 'cancel', 'is told') for $agent, $guard;
    ok(gone($n), 'and has ended it');
    $_->close for $list, $agent, $watch, $guard;
    return;
}

# calls of MCP: on a WebSocket, by POST, in a legacy session
sub calls {
    my $list = watcher('guard');
    my $watch = client('watch');
    my $http = sub { return CC::Http->new(port => $t->port, path => '/agents') };
    my $h = $http->();
    my $r = $h->post({ jsonrpc => '2.0', id => 1, method => 'initialize',
        params => { protocolVersion => '2025-11-25' } }, headers => $bearer{agent});
    my ($session) = $r->{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi;
    $h->close;
    my $ws = CC::Mcp->new(port => $t->port, path => '/agents', headers => $bearer{agent});
    $ws->initialize;
    my %begin = (
        'on a WebSocket' => sub {
            $ws->send('tools/call', CC::Mcp::execute_params($_[0]));
            return sub { $ws->close };
        },
        'by POST' => sub {
            my $h = $http->();
            $h->send({ jsonrpc => '2.0', id => 2, method => 'tools/call',
                params => CC::Mcp::execute_params($_[0], %{ CC::Mcp::meta() }) },
                headers => { %{ $bearer{agent} }, 'MCP-Protocol-Version' => $CC::Mcp::MODERN,
                    'Mcp-Method' => 'tools/call', 'Mcp-Name' => 'execute' });
            return sub { $h->close };
        },
        'of a legacy session' => sub {
            my $h = $http->();
            $h->send({ jsonrpc => '2.0', id => 3, method => 'tools/call',
                params => CC::Mcp::execute_params($_[0]) },
                headers => { %{ $bearer{agent} }, 'Mcp-Session-Id' => $session });
            return sub {
                my $d = $http->();
                $d->post('', method => 'DELETE', headers => { %{ $bearer{agent} },
                    'Content-Type' => undef, 'Mcp-Session-Id' => $session });
                $_->close for $d, $h;
            };
        },
    );
    for my $how (sort keys %begin) {
        my $n = $mark++;
        my $end = $begin{$how}->("echo \"call\"; exec sleep $n");
        my $entry;
        told($list, sub { ($entry) = grep { ($_->{command} // '') =~ /sleep $n$/ }
            @{ $_[0]{commands} } });
        is_deeply([@$entry{qw(command label kept state own)}],
            ["echo \"call\"; exec sleep $n", '', $false, 'running', $false],
            "a call $how is told") or diag explain $entry;
        my $id = $entry->{execution_id};
        my $m = $watch->call('attach', { execution_id => $id, mode => 'write' });
        is($m->{result}{mode}, 'read', 'and attached to');
        is($watch->notification('process.output')->{params}{data}, "call\n", 'and read');
        my $owner = client('agent');
        is($owner->call('attach', { execution_id => $id, mode => 'write',
            exclusive => $true })->{result}{mode}, 'read', 'by its owner, too');
        $owner->close;
        $end->();
        ok(gone($n), 'it ends');
        like($watch->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
            && $_[0]{method} =~ /^process\.(?:completed|detached)$/ }, 30)->{method} // '',
            qr/^process/, 'which is told');
        ok(removed($list, $id), 'and it is gone from the list');
    }
    $_->close for $list, $watch;
    return;
}

# the worker of its starter is killed: told by the helper itself
sub killed {
    my $agent = client('agent');
    my ($id, $n) = start($agent, 'echo hello;');
    my @watch = map { client('watch') } 1 .. 6;
    ok(appears($watch[0], $id), 'one whose worker will be killed');
    $_->owned(scope => 'realm', watch => $true) for @watch;
    for (@watch) {
        $_->call('attach', { execution_id => $id });
        $_->notification('process.output');
    }
    my ($pid) = map { m{(\d+)} } grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
    my %worker = map { $_ => 1 } $t->workers;
    $pid = CC::Nginx::parent($pid) while $pid && !$worker{$pid};
    ok($pid, 'that is its worker');
    $t->allow(qr/worker process \d+ exited on signal 9/, 1);
    kill KILL => $pid;
    ok(gone($n), 'it ends');
    my @told = grep { $_ } map { my $c = $_; eval { $c->wait_for(sub {
        ($_[0]{method} // '') eq 'process.completed' }, 30) } } @watch;
    is(scalar(grep { $_->{params}{cause} ne 'disconnect' } @told), 0,
        'who is at another worker is told why');
    my $name = substr $id, 0, 16;
    my @removed = grep { $_ } map { my $c = $_; eval { $c->wait_for(sub {
        ($_[0]{method} // '') eq 'process.listed'
        && grep { $_ eq $name } @{ $_[0]{params}{removed} } }, 30) } } @watch;
    is(scalar @removed, scalar @told, 'and that it is gone');
    my $after;
    ok($t->wait_until(sub { $after = eval { client('watch') } }, 30), 'afterwards');
    ok($t->wait_until(sub { !seen($after)->{$id} }, 30), 'it is in no list');
    eval { $_->close } for $agent, @watch, $after;
    return;
}

# after a reload it is seen, and ended, from the new workers
sub reloaded {
    my $agent = client('agent');
    my ($id, $n) = start($agent, 'echo hello;');
    my $before = client('watch');
    ok(appears($before, $id), 'one that runs');
    $before->close;
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { $workers == grep { !$old{$_} } $t->workers }, 30), 'a reload');
    ok($t->wait_until(sub { !grep { CC::Nginx::title($_) =~ /worker process(?! is)/ }
        keys %old }, 30), 'the old workers take no new clients');
    my $watch = client('watch');
    my $m = $watch->call('attach', { execution_id => $id });
    is($m->{result}{mode}, 'read', 'attaches to what runs in an old one')
        or diag explain $m;
    ok(seen($watch)->{$id}, 'and lists it');
    $agent->close;
    is(completed($watch, $id)->{cause}, 'disconnect', 'it ends with its starter');
    ok(gone($n), 'and is gone');
    ok($t->wait_until(sub { !grep { -e "/proc/$_" } keys %old }, 30),
        'so are the old workers');
    $watch->close;
    return;
}

for (1, 4) {
    server($_);
    note "$_ workers";
    my $id = observed();
    unseen();
    if ($_ == 4) {
        ended();
        calls();
        reloaded();
        killed();
    }
    my $name = substr $id, 0, 16;
    my @done = map { "$_->{owner} " . ($_->{action} // $_->{signal}) }
        grep { ($_->{execution} // '') eq $name
            && $_->{event} =~ /^command\.(?:observed|signalled)$/
            && $_->{owner} ne 'token:agent' } $t->records('logs/audit.log');
    is_deeply(\@done, ['token:watch attach', 'token:watch read', 'token:watch wait',
        'token:guard SIGSTOP', 'token:guard attach', 'token:guard RESUME'],
        'audit log: what observers did with it') or diag explain \@done;
    $t->finish;
}
done_testing;
