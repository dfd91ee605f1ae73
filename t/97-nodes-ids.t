# Ids that name their node (cc_executor_node): those of kept commands, jobs, tasks
# and legacy sessions; those from before there were nodes; what a client is told
# of an id of another node.  Without the directive nothing changes.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Farm;
use CC::Mcp;
use CC::Run;

my ($true, $hex) = (JSON::PP::true, qr/[0-9a-f]/);
my $other = 'b.' . '5' x 48;

# every method that takes the id of a kept command
my %native = (attach => {}, read => {}, wait => { until => 'exit', timeout_ms => 50 },
    remove => {}, detach => {}, signal => { signal => 'SIGCONT' },
    resize => { cols => 80, rows => 24 }, status => {},
    control => { type => 'RESUME' }, input => { data => 'x' });

for my $workers (1, 4) {
    my $farm = CC::Farm->new(names => ['a', 'b'], workers => $workers,
        peer => '');
    my $t = $farm->node('a');
    $t->start;
    my $w = "$workers worker(s)";

    # native

    my $c = $farm->native('a');
    my $bound = $c->run('echo bound');
    like($bound->{started}{execution_id}, qr/^$hex{48}$/,
        "$w: what is not kept has a plain id");
    my $m = $c->call('execute', { command => 'echo kept; read x; echo "got $x"',
        on_disconnect => 'keep', open_stdin => $true });
    my $id = $m->{result}{execution_id};
    like($id, qr/^a\.$hex{48}$/, 'what is kept has one with the name of the node');
    my ($plain) = $id =~ /^a\.(.*)/;
    for my $method (qw(process.started process.output)) {
        is($c->notification($method)->{params}{execution_id}, $id, $method);
    }
    my $list = $farm->native('a')->owned;
    is($list->{commands}[0]{execution_id}, $id, 'list: its id');
    is($list->{commands}[0]{name}, substr($plain, 0, 16), 'its name is as ever');
    is($c->call('status', { execution_id => $id })->{result}{command}{execution_id}
        // $id, $id, 'status');
    is($c->call('input', { execution_id => $plain, data => "here\n" })->{error},
        undef, 'the id from before, without the name, is good in its session');
    like($c->notification('process.output')->{params}{data}, qr/^got here/, 'it is');
    is($c->notification('process.completed')->{params}{execution_id}, $id,
        'process.completed');

    for my $same ($id, $plain) {
        my $d = $farm->native('a');
        is($d->call('attach', { execution_id => $same })->{result}{execution_id},
            $id, 'attach, with the name and without');
        is($d->call('read', { execution_id => $same })->{result}{data},
            "kept\ngot here\n", 'read');
        $d->close;
    }

    # of another node: at once, by whatever method

    my $d = $farm->native('a');
    for my $method (sort keys %native) {
        my $error = $d->call($method, { execution_id => $other,
            %{ $native{$method} } })->{error};
        is($error->{code}, -32006, "$method of another node's: -32006");
        is_deeply($error->{data}, { node => 'b' }, 'names it');
        like($error->{message}, qr/belongs to the node b\b/, 'in words, too');
    }
    for my $bad ("b.$plain" . '0', 'B.' . $plain, "b.x", ".$plain", 'a.a.' . $plain,
        'x' x 33 . ".$plain", "a.$plain.", 'a.' . '5' x 48)
    {
        is($d->call('read', { execution_id => $bad })->{error}{code}, -32003,
            "no id: $bad");
    }
    # cc-run: by the name in "ps", with the node's and without

    {
        local $ENV{CC_URL} = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';
        local $ENV{CC_TOKEN} = $CC::Farm::TOKEN;
        my $run = sub { return CC::Run->run([@_], dir => $t->dir)->{out} };
        like($run->('ps'), qr/^@{[substr $plain, 0, 12]} /m, 'cc-run ps');
        is($run->('logs', $_), "kept\ngot here\n", "cc-run logs $_")
            for $id, $plain, substr($id, 0, 12), substr($plain, 0, 12);
    }
    is($d->call('remove', { execution_id => $id })->{error}, undef, 'remove');
    $d->close;
    $c->close;

    # jobs and tasks

    my $mcp = $farm->mcp('a');
    $mcp->initialize;
    my $r = $mcp->execute({ command => 'echo job; exec sleep 300',
        background => $true })->{result};
    my $job = $r->{structuredContent}{job_id};
    like($job, qr/^a\.$hex{48}$/, 'job_id');
    like($r->{content}[-1]{text} . $r->{content}[0]{text}, qr/job \Q$job\E /,
        'the text has the same');
    my $call = sub { return $mcp->call('tools/call', { name => $_[0],
        arguments => $_[1] })->{result} };
    is($call->('job_list', {})->{structuredContent}{jobs}[0]{job_id}, $job,
        'job_list');
    for my $same ($job, $job =~ s/^a\.//r) {
        is($call->('job_read', { job_id => $same, wait_ms => 20000,
            pattern => 'job', cursor => 'start' })->{structuredContent}{job_id},
            $job, 'job_read, with the name and without');
    }
    my %asks = (job_read => {}, job_write => { data => 'x' },
        job_signal => { signal => 'TERM' });
    for my $tool (sort keys %asks) {
        $r = $call->($tool, { job_id => $other, %{ $asks{$tool} } });
        ok($r->{isError}, "$tool of another node's: an error");
        like($r->{content}[0]{text}, qr/the node b\b/, 'that names the node');
        $r = $farm->tool('a', $tool, { job_id => $other, %{ $asks{$tool} } });
        ok($r->{isError}, "the same by POST, where there is no peer");
        like($r->{content}[0]{text}, qr/the node b\b/, 'names it');
    }
    for my $method (qw(tasks/get tasks/cancel tasks/update)) {
        $r = $farm->ask('a', $method, { taskId => $other, inputResponses => {} },
            modern => 1)->{message}{error};
        is($r->{code}, -32602, "$method of another node's: an error");
        like($r->{message}, qr/the node b\b/, 'that names the node');
    }
    $r = $farm->ask('a', 'tasks/get', { taskId => $job }, modern => 1)->{message};
    is($r->{result}{taskId}, $job, 'tasks/get of our own')
        or diag(explain($r));
    $call->('job_signal', { job_id => $job, signal => 'KILL',
        wait_ms => 20000 });
    $mcp->close;

    # sessions

    my $session = $farm->session('a');
    like($session, qr/^a\.$hex{118}$/, 'the id of a session');
    my ($rest) = $session =~ /^a\.(.*)/;
    for my $good ($session, $rest, "b.$rest") {
        is($farm->ask('a', 'ping', undef, session => $good)->{status}, 200,
            'a session is good whatever stands before it: ' . substr $good, 0, 4);
    }
    for my $bad ("A.$rest", ".$rest", "a.a.$rest", "b.$rest" . '0', 'x' x 33 . $rest) {
        is($farm->ask('a', 'ping', undef, session => $bad)->{status}, 404,
            'this is none: ' . substr $bad, 0, 4);
    }

    unlike($t->log, qr/$hex{48}/, 'no whole id stands in the log');

    # the name is taken away again: ids of both forms are still good

    $job = $farm->job('a', 'echo still; exec sleep 300');
    (my $text = $t->config) =~ s/cc_executor_node a;|cc_executor_peer \S+ \S+;//g;
    $t->write_config($text);
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { my @now = $t->workers;
        @now == $workers && !grep { $old{$_} } @now }, 60), 'reloaded');
    $r = $farm->tool('a', 'job_read', { job_id => $job, wait_ms => 20000,
        pattern => 'still', cursor => 'start' });
    is($r->{structuredContent}{job_id}, $job =~ s/^a\.//r,
        'without cc_executor_node ids are as they were, and others are still read');
    $r = $farm->tool('a', 'job_read', { job_id => $job =~ s/^a/b/r });
    is($r->{structuredContent}{status}, 'running',
        'whatever name they have: nobody else is there');
    like($farm->session('a'), qr/^$hex{118}$/, 'a session');
    is($farm->ask('a', 'ping', undef, session => $session)->{status}, 200,
        'that of before is still good');
    $farm->tool('a', 'job_signal', { job_id => $job, signal => 'KILL',
        wait_ms => 20000 });
    $t->finish;
}

done_testing;
