# A real agent end to end: Claude Code (npm) on this machine, the module in the
# container of docker/compose.yml, the agent's files in the mounted workspace.
# The model is a script, see model.mjs.  "make e2e-agent" runs it.

use strict;
use warnings;

use JSON::PP qw(decode_json encode_json);
use Test::More;
use CC::Container;

my $root = $CC::Container::ROOT;
my $claude = "$root/build/agent/node_modules/.bin/claude";

plan skip_all => 'Claude Code could not be had from npm (build/agent)'
    unless -x $claude;

my $t = CC::Container->new(compose => 1, token => 1)->start;
ok($t->healthy, 'the container serves') or BAIL_OUT($t->{why});
my $dir = $t->{dir};

sub write_file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f;
    return "$dir/$name";
}

# Lets the agent run these commands, one after the other.  Returns a handle;
# "@FILE command": the model waits until FILE is there.
sub begin {
    my ($kind, @commands) = @_;
    my $port = $t->{port};
    my $path = $kind eq 'ws' ? 'ws/mcp' : 'mcp';
    my $config = write_file("$kind.json", encode_json({ mcpServers => { cc => {
        type => $kind, url => "$kind://127.0.0.1:$port/$path",
        headers => { Authorization => "Bearer $t->{secret}" } } } }));
    my $pid = open my $model, '-|', 'node', "$root/t/clients/agent/model.mjs",
        @commands or die $!;
    my ($at) = readline($model) =~ /^port (\d+)/ or die 'no stand-in';
    mkdir "$dir/home";
    my $agent = open my $out, '-|', 'sh', '-c', 'cd "$1" && shift && exec "$@"'
        . ' < /dev/null 2>&1', 'sh', "$dir/home", 'env', '-i',
        "PATH=$ENV{PATH}", "HOME=$dir/home",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:$at",
        'ANTHROPIC_API_KEY=none', 'ENABLE_TOOL_SEARCH=false',
        'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1', 'DISABLE_AUTOUPDATER=1',
        'DISABLE_TELEMETRY=1', 'timeout', 900, $claude, '-p', 'do it',
        '--mcp-config', $config, '--strict-mcp-config', '--allowedTools',
        'mcp__cc__execute' or die $!;
    return { model => $model, pid => $pid, out => $out, agent => $agent };
}

# the next result that the model was given
sub result {
    my ($run) = @_;
    my $line = readline $run->{model} // return {};
    return decode_json($line);
}

# the end of the agent: what it said, and the results that were not taken yet
sub finish {
    my ($run) = @_;
    my $said = join '', readline $run->{out};
    close $run->{out};
    kill 'TERM', $run->{pid};
    my @results = map { decode_json($_) } readline $run->{model};
    close $run->{model};
    return ($said, @results);
}

for my $kind (qw(http ws)) {

    # a file of the host, edited by the agent in the container

    write_file('workspace/notes.txt', "colour: grey\n");
    chown $CC::Container::UID, $CC::Container::GID,
        "$dir/workspace/notes.txt";
    my ($said, @r) = finish(begin($kind,
        "sed -i s/grey/green/ notes.txt && echo by $kind >> notes.txt",
        'cat notes.txt'));
    is($t->slurp('workspace/notes.txt'), "colour: green\nby $kind\n",
        "$kind: a file of the workspace is edited");
    like($said, qr/the tool said: .*colour: green/s,
        "$kind: and the agent read it") or diag $said;

    # long, with progress on the way

    ($said, @r) = finish(begin($kind,
        'for i in 1 2 3 4 5 6; do echo step $i; sleep 0.5; done'));
    like($r[0]{text}, qr/step 1\b.*step 6\b/s, "$kind: a long command");

    # 50 there and 50 back, nothing lost, in order

    ($said, @r) = finish(begin($kind, map { "echo message $_ of 50" } 1 .. 50));
    is_deeply([map { $_->{text} =~ /(message \d+ of 50)/ } @r],
        [map { "message $_ of 50" } 1 .. 50], "$kind: 50 messages each way")
        or diag $said;

    # cancelled: the tree in the container is gone

    my $mark = 470000000 + $$;
    my $run = begin($kind, "setsid sleep $mark & exec sleep $mark");
    my $sleeps = sub { scalar grep { /^sleep $mark/ }
        split /\n/, $t->exec('bash', '-c',
            'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " < $f; echo; done') };
    ok($t->wait_until(sub { $sleeps->() == 2 }, 90), "$kind: it runs");
    open my $children, '<', "/proc/$run->{agent}/task/$run->{agent}/children"
        or die $!;
    kill 'INT', split ' ', readline($children) // '';
    ok($t->wait_until(sub { $sleeps->() == 0 }),
        "$kind: interrupted, it is gone");
    kill 'TERM', $run->{agent};
    finish($run);
}

# the server is restarted in the middle

my $gate = "$dir/gate";
my $run = begin('http', 'echo before', "\@$gate echo after");
like(result($run)->{text}, qr/before/, 'restart: before it');
$t->podman('restart', '-t', 15, $t->{container});
ok($t->healthy, 'restart: it is back') or diag $t->{why};
write_file('gate', '');
like(result($run)->{text}, qr/after/, 'restart: the agent goes on');
my ($said) = finish($run);
like($said, qr/the tool said: .*after/s, 'restart: to its end');

done_testing;
