# Health and metrics: numbers of all workers that survive each of them.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Metrics qw(request body json metrics);

my $t = CC::Nginx->new(workers => 2, http => 'cc_executor_helpers min=2;',
    server => <<'EOC')->start;
location = /health { cc_executor_status json; }
location = /healthz { cc_executor_status health; }
location = /metrics { cc_executor_status prometheus; }
location = /part { cc_executor_status health; }
location = /whole { ssi on; ssi_types text/plain; root %%DIR%%; }
location /list { cc_executor on; cc_executor_allow /bin/echo;
    cc_executor_max_sessions 1; cc_executor_max_commands 1;
    if ($arg_x) { cc_executor on; } }
location ~ "^/quo\"te\\d" { cc_executor on; }
EOC

sub eventually {
    my ($is, $name) = @_;
    return ok($t->wait_until($is, 20), $name) || diag body($t, '/health');
}

# health

eventually(sub { request($t, '/healthz')->{status} == 200 }, 'it gets healthy');
eventually(sub { json($t)->{helpers}{idle} == 4 }, 'all helpers are there');
is(body($t, '/healthz'), "ok\n", 'healthz: a word');

my $r = request($t, '/health');
is($r->{status}, 200, 'health');
is($r->{headers}{'content-type'}, 'application/json', 'health: type');
is($r->{headers}{'cache-control'}, 'no-store', 'health: not to be kept');
my $h = json($t);
like(delete $h->{uptime_seconds}, qr/^\d+\.?\d*$/, 'health: uptime');
my $build = delete $h->{build};
like($build, qr/^(?:[0-9a-f]{2}){8,32}$/, 'health: which build');
is(delete $h->{installed_build}, length $t->{module} ? $build : '',
    'health: it is the one that is installed');
is_deeply($h, { status => 'healthy', service => 'cc_executor',
    version => '0.1.0', active_sessions => 0, max_sessions => 201,
    active_commands => 0, max_commands => 129, workers => 2,
    helpers => { idle => 4, busy => 0 }, waiting_commands => 0,
    cgroup => JSON::PP::false },
    'health: everything else');

for my $path (qw(/health /healthz /metrics)) {
    is(request($t, $path, 'POST', content => 'x' x 100000)->{status}, 405,
        "$path: POST is refused");
    $r = request($t, $path, 'HEAD');
    is($r->{status} . ($r->{content} // ''), '200', "$path: HEAD has no body");
    cmp_ok($r->{headers}{'content-length'}, '>', 2, "$path: but its length");
}

open my $f, '>', $t->dir . '/whole' or die $!;
print $f '<!--#include virtual="/part" -->and more';
close $f;
is(body($t, '/whole'), "ok\nand more", 'part of a page');

# a format that tools understand

sub promtool {
    open my $p, '|-', "promtool check metrics > $t->{dir}/promtool 2>&1"
        or die $!;
    print $p body($t, '/metrics');
    close $p;
    return ($? >> 8) . ' ' . $t->slurp('promtool');
}

$r = request($t, '/metrics');
is($r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8',
    'metrics: type');
is(promtool(), '0 ', 'promtool has nothing to say');
my $m = metrics($t);
my $at = 'server="localhost",listen="127.0.0.1:' . $t->port . '",location=';
is($m->{"sessions_limit{$at\"/list\"}"}, 1,
    'a location with an "if" is one');
is($m->{"sessions_limit{$at" . '"~ ^/quo\\"te\\\\d"}'}, 100,
    'labels are escaped');
is((grep { /^sessions_limit/ } keys %$m), 3, 'three locations');
is($m->{healthy}, 1, 'healthy');
is($m->{workers}, 2, 'workers');
is($m->{"info{version=\"0.1.0\",build=\"$build\"}"}, 1, 'version and build');
is($m->{replaced}, 0, 'of the module that is installed');
cmp_ok(abs($m->{start_time_seconds} - (stat $t->dir . '/nginx.conf')[9]), '<',
    30, 'start time');

# docs/operation.md has them all

open my $doc, '<', "$CC::Nginx::ROOT/docs/operation.md" or die $!;
my ($table) = join('', <$doc>) =~ /^(\| metric .*?)^## /ms;
my %told = map { $_ => 1 } map { /`(\w+)`/g }
    map { /^(\|[^|]+\|)/ ? $1 : () } split /\n/, $table;
my %have;
for (keys %$m) {
    my ($name) = /^(\w+)/;
    $name =~ s/_(?:bucket|sum|count)$//;
    $have{$name} = 1;
    $have{$1} = 1 if /reason="(\w+)"/;
}
is_deeply([sort keys %have], [sort keys %told], 'docs/operation.md has all metrics');

is_deeply([grep { $m->{$_} != 0 } grep { /_total|_count|_sum/ } keys %$m], [],
    'all totals are zero');

# what is counted

sub grows {
    my ($what, $name, %by) = @_;
    my ($old, $new, @wrong) = metrics($t);
    $what->();
    my $ok = $t->wait_until(sub {
        $new = metrics($t);
        @wrong = grep { $new->{$_} - $old->{$_} != $by{$_} } keys %by;
        !@wrong }, 20);
    return ok($ok, $name) || diag join "\n",
        map { "$_: $old->{$_} -> $new->{$_}, by $by{$_}" } @wrong;
}

my $c = $t->client;
my $here = "{$at\"/ws/mcp\"}";
eventually(sub { metrics($t)->{"sessions$here"} == 1 }, 'a session');

grows(sub { $c->run('echo four; echo two >&2') }, 'a command',
    sessions_opened_total => 0, commands_started_total => 1,
    'commands_ended_total{cause="exit"}' => 1,
    'output_bytes_total{stream="stdout"}' => 5,
    'output_bytes_total{stream="stderr"}' => 4,
    command_start_seconds_count => 1, command_run_seconds_count => 1,
    'command_run_seconds_bucket{le="+Inf"}' => 1,
    'command_run_seconds_bucket{le="14400"}' => 1);

# CPU time of what has ended, and of nothing that has not run

grows(sub { $c->run({ args => ['/nonexistent/program'] }) }, 'no command',
    map { ("commands_cpu_seconds_total{mode=\"$_\"}" => 0) } qw(user system));
$m = metrics($t);
my $done = $c->run('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done')->{completed};
cmp_ok($done->{user_time}, '>', 0.01, 'a command takes its time');
my $cpu;
ok($t->wait_until(sub { $cpu = metrics($t);
    $cpu->{command_run_seconds_count} > $m->{command_run_seconds_count} }, 20),
    'which is counted');
for (['user', 'user_time'], ['system', 'system_time']) {
    my ($mode, $field) = @$_;
    my $name = "commands_cpu_seconds_total{mode=\"$mode\"}";
    cmp_ok(abs($cpu->{$name} - $m->{$name} - $done->{$field}), '<', 0.002,
        "$mode: as process.completed says");
}

# units: half a second

$m = metrics($t);
$c->run('sleep 0.5');
my $n;
ok($t->wait_until(sub { $n = metrics($t);
    $n->{command_run_seconds_count} > $m->{command_run_seconds_count} }),
    'half a second is over');
for (['command_run_seconds', 0.5, 15], ['command_start_seconds', 0, 15]) {
    my ($name, $min, $max) = @$_;
    my $time = $n->{"${name}_sum"} - $m->{"${name}_sum"};
    cmp_ok($time, '>=', $min, "$name: not less than $min");
    cmp_ok($time, '<', $max, "$name: in seconds");
}
is($n->{'command_run_seconds_bucket{le="0.1"}'},
    $m->{'command_run_seconds_bucket{le="0.1"}'}, 'and not in a small bucket');

my $id = $c->send('execute', { command => 'sleep 600' });
$c->notification('process.started');
eventually(sub { $m = metrics($t);
    $m->{"commands$here"} == 1 && $m->{'helpers{state="busy"}'} == 1 },
    'a command that runs');
$h = json($t);
is("$h->{active_sessions} $h->{active_commands} $h->{helpers}{busy}", '1 1 1',
    'health has it too');
grows(sub { $c->call('control', { type => 'CANCEL' });
    $c->notification('process.completed') }, 'cancel',
    'commands_ended_total{cause="cancel"}' => 1, commands_started_total => 0,
    'commands_ended_total{cause="exit"}' => 0);
grows(sub { $c->run({ command => 'sleep 600', timeout => 0.2 }) }, 'timeout',
    'commands_ended_total{cause="timeout"}' => 1);
grows(sub { $c->run('kill -9 $$') }, 'signal',
    'commands_ended_total{cause="signal"}' => 1);
grows(sub { $c->run({ args => ['/nonexistent'] }) }, 'not started',
    commands_failed_total => 1, commands_started_total => 0);
grows(sub { $c->raw('{'); $c->next; $c->call('fly') }, 'no requests',
    'refused_total{reason="request"}' => 2);
grows(sub { $c->send('execute', { command => 'sleep 600' }) for 1 .. 9;
    $c->wait_for(sub { $_[0]{error} }) }, 'one too many for a session',
    'refused_total{reason="commands_per_session"}' => 1,
    commands_started_total => 8);
grows(sub { $c->close }, 'the client is gone',
    'commands_ended_total{cause="disconnect"}' => 8,
    'sessions_closed_total{code="1006"}' => 1);
eventually(sub { $h = json($t);
    $h->{active_sessions} + $h->{active_commands} + $h->{helpers}{busy} == 0 },
    'nothing is left');

for my $close ([1000, 1000], [3999, 'other']) {
    $c = $t->client;
    grows(sub { $c->ws->send_frame(CC::WebSocket::CLOSE,
        pack 'n', $close->[0]) }, "close code $close->[0]",
        "sessions_closed_total{code=\"$close->[1]\"}" => 1);
}
$c = $t->client;
grows(sub { $c->ws->send_frame(CC::WebSocket::BINARY, 'x') }, 'a binary frame',
    'sessions_closed_total{code="1003"}' => 1);

$c = $t->client(path => '/list');
grows(sub { $t->ws(path => '/list')->read_close }, 'one session too many',
    'refused_total{reason="sessions"}' => 1, sessions_opened_total => 0,
    'sessions_closed_total{code="1008"}' => 1);
grows(sub { $c->run({ args => ['/bin/ls'] }) }, 'not on the list',
    'refused_total{reason="policy"}' => 1, commands_failed_total => 0);
$c->close;

grows(sub { $t->ws(headers => { Origin => 'http://evil' }) }, 'an origin',
    'refused_total{reason="origin"}' => 1);
grows(sub { request($t, '/ws/mcp') }, 'no handshake',
    'refused_total{reason="handshake"}' => 1);

is(promtool(), '0 ', 'promtool still has nothing to say');

# a worker that is killed takes nothing with it

$c = $t->client;
my $started = $c->run('echo $PPID')->{completed} && metrics($t);
$c->send('execute', { command => 'sleep 600' }) for 1 .. 2;
$c->notification('process.started') for 1 .. 2;
grows(sub { kill 'KILL', $_ for $t->workers }, 'workers are killed',
    'commands_ended_total{cause="lost"}' => 2,
    'sessions_closed_total{code="1006"}' => 1,
    'commands_ended_total{cause="exit"}' => 0);
$m = metrics($t);
my $ended = 0;
$ended += $m->{$_} for grep { /^commands_ended_total/ } keys %$m;
is($ended, $m->{commands_started_total}, 'all that was started has ended');
$t->allow(qr/worker process \d+ exited on signal 9/, 2);

# a reload: the same numbers, and old workers that still have something to do

$c = $t->client;
$c->send('execute', { command => 'sleep 600' });
$c->notification('process.started');
eventually(sub { json($t)->{helpers}{idle} == 4 }, 'all helpers are back');
$m = metrics($t);
my %old = map { $_ => 1 } $t->workers;
$t->signal('HUP');
eventually(sub { my @new = grep { !$old{$_} } $t->workers; @new == 2 }, 'reload');
eventually(sub { my $h = json($t);
    $h->{status} eq 'healthy' && $h->{workers} == 3 && $h->{helpers}{busy} == 1
        && $h->{active_sessions} == 1 && $h->{helpers}{idle} == 4 },
    'the old worker with its command is counted');
is(metrics($t)->{commands_started_total}, $m->{commands_started_total},
    'totals stay');
$c->close;
eventually(sub { json($t)->{workers} == 2 }, 'the old worker is gone');

# what dies and is replaced

grows(sub { kill 'KILL', ($t->helpers)[0] }, 'a helper is killed',
    helpers_lost_total => 1, spawners_lost_total => 0);
eventually(sub { json($t)->{helpers}{idle} == 4 }, 'another one is there');
grows(sub { kill 'KILL', ($t->spawners)[0] }, 'a spawner is killed',
    helpers_lost_total => 0, spawners_lost_total => 1);
eventually(sub { json($t)->{helpers}{idle} == 4 && $t->spawners == 2 },
    'another one is there, too');

# no helper can be had: a spawner that is stopped makes none

eventually(sub { (my @h = $t->helpers) == 4 }, 'four helpers');
my ($spawner) = $t->spawners;
kill 'STOP', $spawner;
kill 'KILL', CC::Nginx::children($spawner, qr/helper/);
eventually(sub { request($t, '/healthz')->{status} == 503 },
    'healthz: one of two workers has no helpers');
is(body($t, '/healthz'), "no helpers\n", 'healthz: a word');
$r = request($t, '/health');
is("$r->{status} " . JSON::PP::decode_json($r->{content})->{status},
    '503 unhealthy', 'health says so');
is(metrics($t)->{healthy}, 0, 'metrics can still be read');
kill 'CONT', $spawner;
eventually(sub { request($t, '/healthz')->{status} == 200
    && json($t)->{helpers}{idle} == 4 }, 'it recovers by itself');

$t->finish;

# connections that are too few for any helper

my $few = CC::Nginx->new(http => 'cc_executor_helpers min=1 max=16;',
    server => 'location /health { cc_executor_status json; }');
my $text = $few->config;
$text =~ s/worker_connections 1024/worker_connections 18/ or die;
$few->{conf} = $text;
$few->start;
$t = $few;
eventually(sub { $few->log =~ /worker_connections are not enough/ },
    'worker_connections for none');
is(json($few)->{status}, 'unhealthy', 'unhealthy');
$few->finish;

# wrong configurations

for (['cc_executor_status;', qr/invalid number of arguments/],
    ['cc_executor_status xml;',
        qr/"cc_executor_status" takes "health", "json" or "prometheus", not "xml"/],
    ['proxy_pass http://127.0.0.1:1; cc_executor_status json;',
        qr/"cc_executor_status" directive cannot share a location/],
    ['cc_executor_status json; cc_executor_status json;', qr/cannot share/],
    ['cc_executor_status json;', qr/without a location that has/])
{
    my ($text, $error) = @$_;
    my ($rc, $out) = CC::Nginx->new->test_config(
        "events { } http { server { location / { $text } } }");
    is($rc, 1, "refused: $text");
    like($out, $error, "said why: $text");
}

done_testing();
