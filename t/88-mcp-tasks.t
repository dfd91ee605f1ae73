# MCP tasks (extension io.modelcontextprotocol/tasks, SEP-2663): execute that
# takes longer than cc_executor_task_after is a task for those who know tasks;
# tasks/get, tasks/cancel, tasks/update and subscriptions, by POST and over a
# WebSocket, in any worker.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my ($true, $false) = ($JSON::PP::true, $JSON::PP::false);

my $EXTENSION = 'io.modelcontextprotocol/tasks';
my $DECLARED = 'io.modelcontextprotocol/clientCapabilities';

my $keep = 'cc_executor_allow any; cc_executor_shell /bin/sh;'
    . ' cc_executor_keep on;';
my $t = CC::Nginx->new(workers => 4,
    location => "$keep cc_executor_task_after 300ms; cc_executor_keep_ttl 100s;"
        . ' cc_executor_max_kept 100; cc_executor_max_kept_per_owner 90;',
    server => "location /once { cc_executor on; $keep cc_executor_task_after 0;"
        . ' cc_executor_max_kept 1; }'
        . " location /else { cc_executor on; $keep }"
        . " location /one { cc_executor on; $keep cc_executor_max_kept 1;"
        . ' cc_executor_task_after 100ms; }'
        . ' location /off { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; }',
)->start;

my $mark = 490000 + $$ % 10000;
sub sleeps {
    my ($n) = @_;
    return grep { CC::Nginx::title($_) =~ /^sleep $mark$n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}
sub flag { my ($n) = @_; return $t->dir . "/work/$n" }
sub touch { open my $f, '>', flag($_[0]) or die $!; return }
sub until_flag { return "until [ -e " . flag($_[0]) . ' ]; do sleep 0.05; done' }

# who asks: a function of method and params that returns the whole answer, with
# the status of HTTP where there is one

sub meta {
    my ($declared) = @_;
    return CC::Mcp::meta($declared
        ? ($DECLARED => { extensions => { $EXTENSION => {} } }) : ());
}

sub ws {
    my (%o) = @_;
    my $c = CC::Mcp->new(port => $t->port, path => $o{path} // '/ws/mcp');
    return sub {
        my ($method, $params, %more) = @_;
        my $m = $c->call($method, { %$params,
            _meta => meta($more{declared} // 1) }, timeout => 60);
        diag("$method: no answer") if !$m;
        return $m // {};
    };
}

# each request on another connection: whichever worker takes it
sub http {
    my (%o) = @_;
    return sub {
        my ($method, $params, %more) = @_;
        my $c = CC::Http->new(port => $t->port, path => $o{path} // '/ws/mcp');
        my $name = $params->{name} // $params->{taskId};
        my $r = $c->post({ jsonrpc => '2.0', id => 1, method => $method,
            params => { %$params, _meta => meta($more{declared} // 1) } },
            timeout => 60, headers => {
                'MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => $method,
                (defined $name ? ('Mcp-Name' => $name) : ()),
                %{ $more{headers} // {} } });
        $c->close;
        return { %{ $r->{message} // {} }, status => $r->{status} };
    };
}

sub execute {
    my ($ask, $command, %more) = @_;
    my $declared = delete $more{declared} // 1;
    return $ask->('tools/call', { name => 'execute',
        arguments => { command => $command, %more } }, declared => $declared);
}

# the members that every task has
sub is_task {
    my ($task, $what) = @_;
    my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    my @wrong = grep { ($task->{$_} // '') !~ $time } qw(createdAt lastUpdatedAt);
    push @wrong, 'taskId' if ($task->{taskId} // '') !~ /^[0-9a-f]{48}$/;
    push @wrong, 'ttlMs' if !exists $task->{ttlMs} || (defined $task->{ttlMs}
        && $task->{ttlMs} !~ /^[1-9]\d*$/);
    push @wrong, 'pollIntervalMs' if ($task->{pollIntervalMs} // '') !~ /^[1-9]\d*$/;
    push @wrong, grep { exists $task->{$_} } qw(ttl pollInterval task requestState);
    is("@wrong", '', "$what: its members") or diag(explain($task));
    cmp_ok($task->{lastUpdatedAt} // '', 'ge', $task->{createdAt} // '~',
        "$what: updated after it was created");
    return $task;
}

sub finished {
    my ($ask, $id) = @_;
    my $r;
    $t->wait_until(sub { $r = $ask->('tasks/get', { taskId => $id })->{result};
        return ($r->{status} // '') ne 'working' }, 60);
    return $r;
}

# who declares what

for my $path ('', '/off') {
    my $ask = http($path ? (path => $path) : ());
    my $r = $ask->('server/discover', {})->{result}{capabilities};
    is_deeply($r->{extensions}, $path ? undef : { $EXTENSION => {} },
        "$path: declared");
    ok(!exists $r->{tasks}, "$path: not as it was before");
    my $c = CC::Mcp->new(port => $t->port, path => $path || '/ws/mcp');
    my $i = $c->initialize->{result}{capabilities};
    ok(!exists $i->{extensions} && !exists $i->{tasks},
        "$path: not in a handshake");
    for my $method (qw(tasks/get tasks/cancel tasks/update tasks/list tasks/result)) {
        next if !$path && $method !~ /list|result/;
        my $m = $ask->($method, { taskId => 'x', inputResponses => {} });
        is_deeply([$m->{error}{code}, $m->{status}], [-32601, 404],
            "$path: no $method");
    }
    is($c->call('tasks/get', { taskId => 'x' })->{error}{code}, -32601,
        "$path: none with a handshake");
}

my $n = 0;
sub contract {
    my ($who, $ask) = @_;
    $n++;

    my $r = execute($ask, 'echo quick')->{result};
    is_deeply([@$r{qw(resultType taskId)}, $r->{structuredContent}{stdout}],
        ['complete', undef, "quick\n"], "$who: over before");
    $r = execute($ask, 'sleep 0.6; echo slow', declared => 0)->{result};
    is_deeply([@$r{qw(resultType taskId)}, $r->{structuredContent}{stdout}],
        ['complete', undef, "slow\n"], "$who: not for those who know no tasks");

    $r = execute($ask, "echo one; echo two; printf thr; " . until_flag("go$n")
        . '; echo ee; echo bad >&2; exit 3')->{result};
    is_task($r, "$who: created");
    my $id = $r->{taskId};
    is_deeply([@$r{qw(resultType status ttlMs pollIntervalMs)}],
        ['task', 'working', undef, 1000], "$who: as a task");
    is($r->{statusMessage}, 'thr', "$who: its last line");
    ok(!(grep { exists $r->{$_} } qw(content result)), "$who: and no result");
    my $created = $r->{createdAt};
    $r = $ask->('tasks/get', { taskId => $id })->{result};
    is_task($r, "$who: got");
    is_deeply([@$r{qw(resultType taskId status ttlMs createdAt statusMessage)}],
        ['complete', $id, 'working', undef, $created, 'thr'], "$who: it works");
    ok(!exists $r->{result}, "$who: no result yet");
    touch("go$n");
    $r = finished($ask, $id);
    is_task($r, "$who: over");
    is_deeply([@$r{qw(resultType status createdAt)}],
        ['complete', 'completed', $created], "$who: completed");
    my $result = $r->{result};
    is_deeply([$result->{resultType}, $result->{isError},
        @{ $result->{structuredContent} }{qw(exit_code stdout stderr)}],
        ['complete', $true, 3, "one\ntwo\nthree\n", "bad\n"],
        "$who: with a result that is an error") or diag(explain($r));
    like($result->{content}[0]{text}, qr/exited with code 3.*^three\n.*^bad\n/ms,
        "$who: as text");
    cmp_ok($r->{ttlMs}, '>', 100_000, "$who: it is held for a while");
    cmp_ok($r->{ttlMs}, '<', 200_000, "$who: from its creation on");
    is($ask->('tasks/get', { taskId => $id })->{result}{ttlMs}, $r->{ttlMs},
        "$who: which does not change");
    $r = $ask->('tools/call', { name => 'job_read', arguments =>
        { job_id => $id, cursor => 'start' } })->{result};
    is($r->{structuredContent}{stdout}, "one\ntwo\nthree\n", "$who: it is a job");

    # cancel, also when it is over; update

    $id = execute($ask, "setsid sleep ${mark}1 & exec sleep ${mark}1")
        ->{result}{taskId};
    $r = $ask->('tasks/update', { taskId => $id, inputResponses => { x => {} } });
    is_deeply([$r->{result}{resultType}, exists $r->{result}{taskId}],
        ['complete', ''], "$who: updated");
    $r = $ask->('tasks/update', { taskId => $id });
    is($r->{error}{code}, -32602, "$who: with nothing");
    for my $when ('running', 'over') {
        $r = $ask->('tasks/cancel', { taskId => $id })->{result};
        is_deeply([$r->{resultType}, grep { exists $r->{$_} }
            qw(taskId status result error)], ['complete'],
            "$who: canceled, $when");
        $r = finished($ask, $id);
        is_deeply([$r->{status}, exists $r->{result}], ['cancelled', ''],
            "$who: so it is");
    }
    ok($t->wait_until(sub { !sleeps(1) }, 30), "$who: the whole tree");

    # what is wrong

    my $unknown = $ask->('tasks/get', { taskId => 'f' x 48 })->{error};
    is($unknown->{code}, -32602, "$who: unknown");
    my $foreign = execute(http(path => '/else'), 'echo x', background => $true)
        ->{result}{structuredContent}{job_id};
    for my $method (qw(tasks/get tasks/cancel tasks/update)) {
        for my $is ($foreign, 'nonsense') {
            is_deeply($ask->($method, { taskId => $is, inputResponses => {} })
                ->{error}, $unknown, "$who: $method of " . substr $is, 0, 8);
        }
        my $m = $ask->($method, { taskId => $id, inputResponses => {} },
            declared => 0);
        is($m->{error}{code}, -32021, "$who: $method: not declared");
        is_deeply($m->{error}{data}{requiredCapabilities}{extensions},
            { $EXTENSION => {} }, "$who: $method: what is missing");
        is($m->{status}, 400, "$who: $method: status") if exists $m->{status};
        $m = $ask->($method, { taskId => 7, inputResponses => {} });
        is($m->{error}{code}, -32602, "$who: $method: no string");
    }
    return;
}

my ($post, $ws) = (http(), ws());
contract('POST', $post);
contract('WebSocket', $ws);

# Mcp-Name

my $id = execute($post, 'echo x; sleep 0.5')->{result}{taskId};
for my $method (qw(tasks/get tasks/cancel tasks/update)) {
    my %params = (taskId => $id, inputResponses => {});
    for my $name (undef, 'f' x 48) {
        my $m = $post->($method, \%params, headers => { 'Mcp-Name' => $name });
        is_deeply([$m->{error}{code}, $m->{status}], [-32020, 400],
            "$method: Mcp-Name is " . ($name ? 'another' : 'missing'));
    }
    my $m = $post->($method, \%params, headers => {
        'Mcp-Name' => '=?base64?' . encode_base64($id, '') . '?=' });
    is($m->{result}{resultType}, 'complete', "$method: in base64");
}

# at once; what is asked for in another way; no place

my $once = http(path => '/once');
my $r = execute($once, 'echo x; ' . until_flag('once'))->{result};
is_task($r, 'cc_executor_task_after 0');
is($r->{resultType}, 'task', 'at once');
$id = $r->{taskId};
$r = execute($once, 'echo y')->{result};
is_deeply([$r->{resultType}, $r->{structuredContent}{stdout}],
    ['complete', "y\n"], 'without a place it stays a call');
touch('once');
$r = finished($once, $id);
is($r->{result}{structuredContent}{stdout}, "x\n", 'its result');
ok(!$r->{result}{isError}, 'which is none of an error');
for my $how ([background => $true], [wait_ms => 700]) {
    $r = execute($post, "exec sleep ${mark}2", @$how)->{result};
    is_deeply([$r->{resultType}, $r->{structuredContent}{status}],
        ['complete', 'running'], "a job, if that is wanted: $how->[0]");
    $post->('tasks/cancel', { taskId => $r->{structuredContent}{job_id} });
}
{
    my $one = http(path => '/one');
    $id = execute($one, "exec sleep ${mark}3")->{result}{taskId};
    ok($id, 'the only place');
    $r = execute($one, 'sleep 0.4; echo done')->{result};
    is_deeply([$r->{resultType}, $r->{structuredContent}{stdout}],
        ['complete', "done\n"], 'without a place it stays a call');
    $one->('tasks/cancel', { taskId => $id });
    finished($one, $id);
}

# a long result has its first and its last part; one that is lost is completed

$id = execute($post, 'seq 100000; echo end')->{result};
$id = execute($post, 'seq 30000; sleep 1; seq 30001 100000; echo end')
    ->{result}{taskId};
$r = finished($post, $id)->{result};
my $s = $r->{structuredContent};
like($s->{stdout}, qr/^1\n2\n3\n/, 'long: its beginning');
like($s->{stdout}, qr/\n99999\n100000\nend\n\z/, 'and its end');
is($s->{truncated}, $true, 'what is between is missing');
is($s->{new_bytes} + $s->{dropped_bytes}, $s->{stdout_bytes}, 'exactly so much');
cmp_ok($s->{new_bytes}, '<=', 30000, 'not more than that');
like($r->{content}[0]{text}, qr/bytes dropped/, 'and the text says so');

$id = execute($post, "echo x; exec sleep ${mark}4")->{result}{taskId};
$t->wait_until(sub { sleeps(4) }, 30);
my ($pid) = sleeps(4);
kill 'KILL', CC::Nginx::parent($pid);
$r = finished($post, $id);
is_deeply([$r->{status}, $r->{result}{isError},
    $r->{result}{structuredContent}{status}], ['completed', $true, 'lost'],
    'lost') or diag(explain($r));

# more stdin than a job takes

$r = execute($post, 'wc -c; sleep 0.5', stdin => 'x' x 70_000);
is_deeply([$r->{result}{resultType}, $r->{result}{structuredContent}{stdout}],
    ['complete', "70000\n"], 'a call as ever') or diag(explain($r));

# who goes away before it is a task ends it

{
    my $h = CC::Http->new(port => $t->port, path => '/else');
    $h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call', params => {
        name => 'execute', arguments => { command => "exec sleep ${mark}5" },
        _meta => meta(1) } }, headers => {
            'MCP-Protocol-Version' => '2026-07-28',
            'Mcp-Method' => 'tools/call', 'Mcp-Name' => 'execute' });
    $t->wait_until(sub { sleeps(5) }, 30);
    $h->close;
    ok($t->wait_until(sub { !sleeps(5) }, 30), 'nobody knows of it');
}

# subscriptions

sub listen_params {
    my ($ids, $declared) = @_;
    return { notifications => { taskIds => $ids }, _meta => meta($declared // 1) };
}

is($post->('subscriptions/listen', { notifications => { taskIds => ['x'] } },
    declared => 0)->{error}{code}, -32021, 'listen: not declared');
is($post->('subscriptions/listen', { notifications => { taskIds => 'x' } })
    ->{error}{code}, -32602, 'listen: no list');

sub told { return $_[0]{params}{_meta}{'io.modelcontextprotocol/subscriptionId'} }

sub listens {
    my ($who, $begin, $next) = @_;
    my @id = map { execute($post, 'echo up; ' . until_flag("$who$_")
        . "; exit $_")->{result}{taskId} } 1, 2;
    $begin->('s1', [@id, 'f' x 48, 'nonsense', $id[0]]);
    my $m = $next->();
    is($m->{method}, 'notifications/subscriptions/acknowledged', "$who: first");
    is_deeply([$m->{params}{notifications}, told($m)],
        [{ taskIds => \@id }, 's1'], "$who: those that there are");
    for my $i (1, 0) {
        touch($who . ($i + 1));
        $m = $next->();
        is($m->{method}, 'notifications/tasks', "$who: of one of them");
        is_task($m->{params}, "$who: notification");
        is_deeply([@{ $m->{params} }{qw(taskId status)},
            $m->{params}{result}{structuredContent}{exit_code}, told($m)],
            [$id[$i], 'completed', $i + 1, 's1'], "$who: how it ended");
    }
    return @id;
}

{
    my $c = CC::Mcp->new(port => $t->port);
    my $begin = sub { $c->send('subscriptions/listen', listen_params($_[1]),
        id => $_[0]) };
    my $next = sub { $c->receive(60) // {} };
    my @over = listens('ws', $begin, $next);

    $begin->('s2', [$over[0]]);
    is(told($next->()), 's2', 'another one');
    my $m = $next->();
    is_deeply([told($m), $m->{params}{status}], ['s2', 'completed'],
        'of one that is over at once');
    my $id = execute($post, "exec sleep ${mark}6")->{result}{taskId};
    $begin->($_, [$id]) for qw(s3 s4);
    my @told = sort map { told($next->()) } 1, 2;
    is_deeply(\@told, ['s3', 's4'], 'two of the same');
    $c->send('notifications/cancelled', { requestId => 's3' }, notify => 1);
    $c->call('tools/list', { _meta => meta(1) });
    $post->('tasks/cancel', { taskId => $id });
    $m = $next->();
    is_deeply([told($m), $m->{params}{status}], ['s4', 'cancelled'],
        'one that is canceled is no more');

    my @many = map { execute($post, "exec sleep ${mark}7", background => $true)
        ->{result}{structuredContent}{job_id} } 1 .. 18;
    $begin->('s5', \@many);
    is(scalar @{ $next->()->{params}{notifications}{taskIds} }, 16,
        'not more than that');
    $post->('tasks/cancel', { taskId => $_ }) for @many;
    my %ended = map { $next->()->{params}{taskId} => 1 } 1 .. 16;
    is(scalar keys %ended, 16, 'all of these are told');
    $begin->("m$_", []) for 1 .. 16;
    my @refused = grep { $_->{error} } map { $next->() } 1 .. 16;
    is(scalar @refused, 4, 'so many subscriptions, with the four before');
    $c->close;
}

my $h = CC::Http->new(port => $t->port);
sub begin_http {
    my ($id, $ids) = @_;
    $h->send({ jsonrpc => '2.0', id => $id, method => 'subscriptions/listen',
        params => listen_params($ids) }, headers => {
            'MCP-Protocol-Version' => '2026-07-28',
            'Mcp-Method' => 'subscriptions/listen' });
    $h->read_head(60);
    return;
}
listens('post', \&begin_http, sub { $h->next(60) // {} });
$h->close;

# reload ends them gracefully; tasks go on

$id = execute($post, until_flag('reload'))->{result}{taskId};
$h = CC::Http->new(port => $t->port);
begin_http('s6', [$id]);
is(told($h->next(60)), 's6', 'a subscription');
my $c = CC::Mcp->new(port => $t->port);
$c->send('subscriptions/listen', listen_params([$id]), id => 's7');
is(told($c->receive(60)), 's7', 'and another one');
my %old = map { $_ => 1 } $t->workers;
$t->signal('HUP');
for my $m ($h->next(60), $c->receive(60)) {
    is($m->{result}{resultType}, 'complete', 'reload: it is answered')
        or diag(explain($m));
}
is($h->next(60), undef, 'and over');
ok($t->wait_until(sub { !grep { $old{$_} } $t->workers }, 60),
    'the old workers are gone');
touch('reload');
is(finished($post, $id)->{status}, 'completed', 'its task went on');

$t->finish;
done_testing;
