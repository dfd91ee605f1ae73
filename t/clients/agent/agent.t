# A real agent end to end: Claude Code (npm) against a scripted stand-in of its
# model endpoint, over http and over ws.  As root in a network namespace that
# has loopback only.  "make e2e-agent" runs it.

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Agent;
use CC::Mcp;
use CC::Nginx;

plan skip_all => 'Claude Code could not be had from npm (build/agent)'
    if CC::Agent::missing();

# nothing but loopback, where that can be had

if ($> == 0 && !$ENV{CC_ALONE}) {
    $ENV{CC_ALONE} = 1;
    my $script = 'ip link set lo up && exec "$@"';
    exec 'unshare', '--net', 'sh', '-c', $script, 'sh', $^X,
        (map { "-I$_" } grep { !ref } @INC), $0
        if system('unshare --net ip link set lo up 2>/dev/null') == 0;
}
diag 'alone with loopback' if $ENV{CC_ALONE};

my $t = CC::Nginx->new(
    http => 'log_format cc "$request_method $status $sent_http_content_type'
        . ' $cc_executor_dialect $cc_executor_commands";'
        . ' access_log %%DIR%%/logs/cc.log cc;',
    server => 'location /jobs { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on; }',
)->start;
my $dir = $t->dir;
my $at = '127.0.0.1:' . $t->port . '/ws/mcp';
my $mark = 460000000 + $$;

sub running {
    return grep { CC::Nginx::title($_) =~ /^sleep $mark\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

for my $kind (qw(http ws)) {
    my $agent = sub { return CC::Agent->start($dir,
        { type => $kind, url => "$kind://$at" }, @_) };

    # a command that fails: the agent is told how

    my ($said, $r) = $agent->('echo from $((20 + 22)); echo oops >&2; exit 3')
        ->finish;
    like($said, qr/the tool said: from 42/, "$kind: the agent runs a command");
    is($r->{text} =~ s/\d\.\d s/0.0 s/r,
        "from 42\n[stderr]\noops\n[exit code 3, 0.0 s]",
        "$kind: what the model reads");
    is($r->{is_error}, JSON::PP::true, "$kind: as an error");
    like($r->{description}, qr{shell /bin/sh}, "$kind: what it was told");

    # one that works

    ($said, $r) = $agent->('echo fine')->finish;
    like($r->{text}, qr/fine/, "$kind: a command that works");
    is($r->{is_error}, JSON::PP::false, "$kind: no error");

    # a longer one, with progress on the way

    ($said, $r) = $agent->('for i in 1 2 3 4 5 6; do echo step $i; sleep 0.5; '
        . 'done')->finish;
    like($r->{text}, qr/step 6/, "$kind: a longer command");
    like($t->slurp('logs/cc.log'), qr{^POST 200 text/event-stream mcp 1$}m,
        'http: it asked for progress, and got it') if $kind eq 'http';

    # SIGINT while it runs: the command is gone

    my $run = $agent->("exec sleep $mark");
    ok($t->wait_until(sub { running() }, 60), "$kind: a command that stays");
    $run->interrupt;
    ok($t->wait_until(sub { !running() }, 20),
        "$kind: interrupted, it is gone");
    $run->finish(1);

    # a job that it asks for until it is over; another connection, another job

    my $jobs = sub { return CC::Agent->start($dir,
        { type => $kind, url => "$kind://127.0.0.1:" . $t->port . '/jobs' }, @_) };
    my $call = sub { my ($tool, %arguments) = @_;
        return "$tool " . JSON::PP->new->canonical->encode(\%arguments) };
    my ($true, %job) = (JSON::PP::true, job_id => '<job>');

    my @r;
    ($said, @r) = $jobs->($call->('execute', background => $true, label => 'build',
            command => 'for i in 1 2 3; do echo "step $i"; sleep 0.5; done; exit 3'),
        $call->('job_read', %job, until => 'output'),
        $call->('job_read', %job, pattern => 'step 3', wait_ms => 60000,
            cursor => 'start'),
        $call->('job_read', %job, until => 'exit', wait_ms => 60000),
        $call->('job_list', label => 'build'))->finish;
    is(scalar @r, 5, "$kind: a job, and four looks at it") or diag explain \@r;
    like($r[0]{text}, qr/\brunning\b.*job_read tells/s, "$kind: it has begun");
    like($r[1]{text}, qr/step 1/, "$kind: its first output");
    like($r[2]{text}, qr/step 3/, "$kind: what was waited for");
    like($r[3]{text}, qr/"exit_code":3\b|exited with code 3/, "$kind: its end");
    like($r[4]{text}, qr/build/, "$kind: the list");
    is_deeply([grep { $_->{is_error} } @r], [], "$kind: no call failed");

    # a REPL that it drives

    ($said, @r) = $jobs->($call->('execute', background => $true, tty => $true,
            command => 'exec sh -i'),
        $call->('job_write', %job, data => 'x=$((6 * 7))', enter => $true,
            wait_ms => 20000),
        $call->('job_write', %job, data => 'echo "it is $x"', enter => $true,
            pattern => "it is 42", wait_ms => 60000),
        $call->('job_write', %job, data => 'exit 5', enter => $true,
            pattern => 'nothing like that', wait_ms => 60000))->finish;
    is(scalar @r, 4, "$kind: a shell, driven") or diag explain \@r;
    like($r[2]{text}, qr/it is 42/, "$kind: it keeps its state");
    like($r[3]{text}, qr/"exit_code":5\b|exited with code 5/, "$kind: and ends");

    # SIGINT while it waits for a job: the job goes on

    $run = $jobs->($call->('execute', background => $true,
            command => "echo up; exec sleep $mark"),
        $call->('job_read', %job, until => 'output'),
        $call->('job_read', %job, until => 'exit', wait_ms => 100000));
    my $id = $run->result->{text} =~ /\b([0-9a-f]{48})\b/ ? $1 : '';
    like($run->result->{text}, qr/\bup\b/, "$kind: a job that stays");
    $run->interrupt;
    $run->finish(1);
    ok(running(), "$kind: the agent was interrupted, its job goes on");
    my $other = CC::Mcp->new(port => $t->port, path => '/jobs');
    $other->initialize;
    like($other->call('tools/call', { name => 'job_signal', arguments => { job_id => $id,
        signal => 'TERM', wait_ms => 60000 } }, timeout => 70)->{result}{content}[0]{text},
        qr/canceled by SIGTERM/, "$kind: another session ends it");
    $other->{ws}->close;

    # longer than any call of the agent may take: as a job it is no matter

    next if !$ENV{CC_NIGHTLY};
    ($said, @r) = $jobs->($call->('execute', wait_ms => 100000,
            command => 'echo begun; sleep 130; echo finished'),
        $call->('job_read', %job, until => 'exit', wait_ms => 100000))->finish;
    like($r[0]{text}, qr/begun.*running|running.*begun/s, "$kind: 130 s: it goes on");
    like($r[1]{text}, qr/finished/, "$kind: 130 s: and is awaited");

    # and without a job, with progress on the way

    ($said, $r) = $agent->('echo begun; sleep 130; echo finished')->finish;
    like($r->{text}, qr/finished/, "$kind: 130 s in one call");
}

like($t->slurp('logs/cc.log'), qr/^GET 101 \S+ mcp \d+$/m,
    'the second kind was a WebSocket');

$t->finish;
done_testing;
