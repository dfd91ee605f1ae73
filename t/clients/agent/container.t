# A real agent end to end: Claude Code (npm) on this machine, the module in the
# container of docker/compose.yml, the agent's files in the mounted workspace.
# The model is a script, see model.mjs.  "make e2e-agent" runs it.

use strict;
use warnings;

use Test::More;
use CC::Agent;
use CC::Container;

plan skip_all => 'Claude Code could not be had from npm (build/agent)'
    if CC::Agent::missing();

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

# lets the agent run these commands, one after the other
sub agent {
    my ($kind, @commands) = @_;
    my $path = $kind eq 'ws' ? 'ws/mcp' : 'mcp';
    return CC::Agent->start($dir, { type => $kind,
        url => "$kind://127.0.0.1:$t->{port}/$path",
        headers => { Authorization => "Bearer $t->{secret}" } }, @commands);
}

for my $kind (qw(http ws)) {

    # a file of the host, edited by the agent in the container

    write_file('workspace/notes.txt', "colour: grey\n");
    chown $CC::Container::UID, $CC::Container::GID,
        "$dir/workspace/notes.txt";
    my ($said, @r) = agent($kind,
        "sed -i s/grey/green/ notes.txt && echo by $kind >> notes.txt",
        'cat notes.txt')->finish;
    is($t->slurp('workspace/notes.txt'), "colour: green\nby $kind\n",
        "$kind: a file of the workspace is edited");
    like($said, qr/the tool said: .*colour: green/s,
        "$kind: and the agent read it") or diag $said;

    # long, with progress on the way

    ($said, @r) = agent($kind,
        'for i in 1 2 3 4 5 6; do echo step $i; sleep 0.5; done')->finish;
    like($r[0]{text}, qr/step 1\b.*step 6\b/s, "$kind: a long command");

    # 50 there and 50 back, nothing lost, in order

    ($said, @r) = agent($kind, map { "echo message $_ of 50" } 1 .. 50)->finish;
    is_deeply([map { $_->{text} =~ /(message \d+ of 50)/ } @r],
        [map { "message $_ of 50" } 1 .. 50], "$kind: 50 messages each way")
        or diag $said;

    # cancelled: the tree in the container is gone

    my $mark = 470000000 + $$;
    my $run = agent($kind, "setsid sleep $mark & exec sleep $mark");
    my $sleeps = sub { scalar grep { /^sleep $mark/ }
        split /\n/, $t->exec('bash', '-c',
            'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " < $f; echo; done') };
    ok($t->wait_until(sub { $sleeps->() == 2 }, 90), "$kind: it runs");
    $run->interrupt;
    ok($t->wait_until(sub { $sleeps->() == 0 }),
        "$kind: interrupted, it is gone");
    $run->finish(1);
}

# the server is restarted in the middle

my $gate = "$dir/gate";
my $run = agent('http', 'echo before', "\@$gate echo after");
like($run->result->{text}, qr/before/, 'restart: before it');
$t->podman('restart', '-t', 15, $t->{container});
ok($t->healthy, 'restart: it is back') or diag $t->{why};
write_file('gate', '');
like($run->result->{text}, qr/after/, 'restart: the agent goes on');
my ($said) = $run->finish;
like($said, qr/the tool said: .*after/s, 'restart: to its end');

done_testing;
