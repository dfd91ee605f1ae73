# A real agent end to end: Claude Code (npm) against a scripted stand-in of its
# model endpoint, over http and over ws.  As root in a network namespace that
# has loopback only.  "make e2e-agent" runs it.

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Agent;
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
}

like($t->slurp('logs/cc.log'), qr/^GET 101 \S+ mcp \d+$/m,
    'the second kind was a WebSocket');

$t->finish;
done_testing;
