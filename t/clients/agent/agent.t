# A real agent end to end: Claude Code (npm) against a scripted stand-in of its
# model endpoint, over http and over ws.  As root in a network namespace that
# has loopback only.  "make e2e-agent" runs it.

use strict;
use warnings;

use JSON::PP qw(decode_json);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $from = "$root/build/agent";
my $claude = "$from/node_modules/.bin/claude";

plan skip_all => 'Claude Code could not be had from npm (build/agent)'
    unless -x $claude;

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

sub write_file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f;
    return "$dir/$name";
}

sub running {
    return grep { CC::Nginx::title($_) =~ /^sleep $mark\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

# starts the stand-in; its port and a handle to what it prints
sub model {
    my ($command) = @_;
    my $pid = open my $out, '-|', 'node', "$root/t/clients/agent/model.mjs",
        $command or die $!;
    my ($port) = readline($out) =~ /^port (\d+)/ or die 'no stand-in';
    return { pid => $pid, out => $out, port => $port };
}

# what the model was given as result, once the agent is done
sub results {
    my ($model) = @_;
    kill 'TERM', $model->{pid};
    my @lines = readline $model->{out};
    close $model->{out};
    return map { decode_json($_) } @lines;
}

# starts the agent in an environment and a home of its own
sub agent {
    my ($model, $config) = @_;
    mkdir "$dir/home";
    my $pid = open my $out, '-|', 'sh', '-c', 'cd "$1" && shift && exec "$@"'
        . ' < /dev/null 2>&1', 'sh', "$dir/home", 'env', '-i',
        "PATH=$ENV{PATH}", "HOME=$dir/home",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:$model->{port}",
        'ANTHROPIC_API_KEY=none', 'ENABLE_TOOL_SEARCH=false',
        'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1', 'DISABLE_AUTOUPDATER=1',
        'DISABLE_TELEMETRY=1', 'timeout', 90, $claude, '-p', 'run it',
        '--mcp-config', $config, '--strict-mcp-config', '--allowedTools',
        'mcp__cc__execute' or die $!;
    return { pid => $pid, out => $out };
}

sub output {
    my ($agent) = @_;
    my $text = join '', readline $agent->{out};
    close $agent->{out};
    return $text;
}

for my $kind (qw(http ws)) {
    my $config = write_file("$kind.json",
        qq({"mcpServers":{"cc":{"type":"$kind","url":"$kind://$at"}}}));

    # a command that fails: the agent is told how

    my $model = model('echo from $((20 + 22)); echo oops >&2; exit 3');
    my $said = output(agent($model, $config));
    like($said, qr/the tool said: from 42/, "$kind: the agent runs a command");
    my ($r) = results($model);
    is($r->{text} =~ s/\d\.\d s/0.0 s/r,
        "from 42\n[stderr]\noops\n[exit code 3, 0.0 s]",
        "$kind: what the model reads");
    is($r->{is_error}, JSON::PP::true, "$kind: as an error");
    like($r->{description}, qr{shell /bin/sh}, "$kind: what it was told");

    # one that works

    $model = model('echo fine');
    output(agent($model, $config));
    ($r) = results($model);
    like($r->{text}, qr/fine/, "$kind: a command that works");
    is($r->{is_error}, JSON::PP::false, "$kind: no error");

    # a longer one, with progress on the way

    $model = model('for i in 1 2 3 4 5 6; do echo step $i; sleep 0.5; done');
    output(agent($model, $config));
    ($r) = results($model);
    like($r->{text}, qr/step 6/, "$kind: a longer command");
    like($t->slurp('logs/cc.log'), qr{^POST 200 text/event-stream mcp 1$}m,
        'http: it asked for progress, and got it') if $kind eq 'http';

    # SIGINT while it runs: the command is gone

    $model = model("exec sleep $mark");
    my $agent = agent($model, $config);
    ok($t->wait_until(sub { running() }, 60), "$kind: a command that stays");
    kill 'INT', map { CC::Nginx::children($_, qr/./) } $agent->{pid};
    ok($t->wait_until(sub { !running() }, 20),
        "$kind: interrupted, it is gone");
    kill 'TERM', $agent->{pid};
    output($agent);
    results($model);
}

like($t->slurp('logs/cc.log'), qr/^GET 101 \S+ mcp \d+$/m,
    'the second kind was a WebSocket');

$t->finish;
done_testing;
