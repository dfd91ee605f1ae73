# A real Prometheus scrapes the metrics with the rules of conf/prometheus, which have
# tests of their own; each metric that a rule or the dashboard of conf/grafana names
# is there, each expression has a value.
#
# tags: coverage

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP ();
use POSIX ();
use Test::More;
use CC::Dashboard;
use CC::Metrics qw(body);
use CC::Nginx;

my $conf = "$CC::Nginx::ROOT/conf";
my $json = JSON::PP->new->utf8;

sub slurp { open my $f, '<', $_[0] or die "$_[0]: $!"; local $/; return <$f> }

# the tests of the rules: all pass, and every rule has one

is(`cd '$conf/prometheus' && promtool test rules rules_test.yml 2>&1` =~ s/\s+\z//r,
    "Unit Testing:  rules_test.yml\n  SUCCESS", 'promtool test rules');
my $rules = slurp("$conf/prometheus/rules.yml");
my $tests = slurp("$conf/prometheus/rules_test.yml");
my @alerts = $rules =~ /^ *- alert: (\S+)$/mg;
my @records = $rules =~ /^ *- record: (\S+)$/mg;
cmp_ok(scalar @alerts, '>=', 12, 'alerts');
for my $alert (@alerts) {
    like($tests, qr/alertname: $alert\n *eval_time: \w+\n *exp_alerts:\n *- exp/,
        "$alert: a test that it fires");
}
for my $record (@records) {
    like($tests, qr/expr: (?:round\()?\Q$record\E\b/, "$record: a test");
}

# a server that has everything, and an audit log that takes nothing

my $t = CC::Nginx->new(http => 'cc_executor_audit_log /dev/full;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_keep on;',
    server => 'location = /metrics { cc_executor_status prometheus; }')->start;
my $at = '127.0.0.1:' . $t->port;
my $api = 'http://127.0.0.1:' . $t->port(2);

open my $f, '>', "$t->{dir}/prometheus.yml" or die $!;
print $f <<"EOC";
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$conf/prometheus/rules.yml']
scrape_configs:
  - job_name: cc_executor
    static_configs: [{targets: ['$at']}]
EOC
close $f;

my $pid = fork // die $!;
if ($pid == 0) {
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', "$t->{dir}/logs/prometheus.log";
    open STDERR, '>&', \*STDOUT;
    exec 'prometheus', "--config.file=$t->{dir}/prometheus.yml",
        "--storage.tsdb.path=$t->{dir}/prometheus", '--log.level=warn',
        '--web.listen-address=127.0.0.1:' . $t->port(2)
            or POSIX::_exit(127);
}
END { if ($pid) { kill 'KILL', $pid; waitpid $pid, 0; } }

sub ask {
    my ($path, %form) = @_;
    my $http = HTTP::Tiny->new(timeout => 20);
    my $r = %form ? $http->post_form("$api/api/v1/$path", \%form)
        : $http->get("$api/api/v1/$path");
    my $m = eval { $json->decode($r->{content}) } // {};
    return $m->{data} // {};
}

# the result of a query: [labels, value] of each series
sub value { return map { [$_->{metric}, $_->{value}[1]] }
    @{ ask('query', query => $_[0])->{result} // [] } }

my $c = $t->client;
sub eventually {
    my ($is, $name) = @_;
    return ok($t->wait_until(sub { $c->run('echo x; echo y >&2'); $is->() }, 60),
        $name) || diag $t->slurp('logs/prometheus.log');
}

eventually(sub { (value('up'))[0] }, 'it scrapes');
is_deeply([map { [@{ $_->[0] }{qw(instance job)}, $_->[1]] } value('up')],
    [[$at, 'cc_executor', 1]], 'the target is up');
is((value('cc_executor_healthy'))[0][1], 1, 'and what it says is stored');

# every rule has been evaluated, and each metric in it is there

my %have = map { $_ => 1 } (map { /^(\w+)/ } body($t, '/metrics') =~ /^([^#\s]+)/mg),
    @records, 'up';
my @groups;
eventually(sub {
    @groups = @{ ask('rules')->{groups} // [] };
    @groups == 2 && !grep { $_->{health} eq 'unknown' }
        map { @{ $_->{rules} } } @groups }, 'all rules are evaluated');
for my $rule (map { @{ $_->{rules} } } @groups) {
    is("$rule->{health} " . ($rule->{lastError} // ''), 'ok ',
        "$rule->{name}: no error");
    is_deeply([grep { !$have{$_} } $rule->{query} =~ /\b(cc_executor[\w:]*|up)\b(?!["(])/g],
        [], "$rule->{name}: its metrics are there");
}
is(scalar(map { @{ $_->{rules} } } @groups), @alerts + @records, 'none is missing');
my @empty;
eventually(sub { @empty = grep { !value($_) } @records; !@empty },
    'every record has a value') or diag "@empty";

# an alert that is true

my %firing;
eventually(sub {
    %firing = map { $_->{labels}{alertname} => $_ } grep { $_->{state} eq 'firing' }
        @{ ask('alerts')->{alerts} // [] };
    $firing{CcExecutorAuditFails} }, 'an audit log that fails is told of');
is_deeply([keys %firing], ['CcExecutorAuditFails'], 'nothing else is');
is(($firing{CcExecutorAuditFails} // {})->{annotations}{summary},
    "$at: lines of an audit log are lost; the error log says why", 'with its text');

# the dashboard: whole, and no panel is empty

my $text = slurp("$conf/grafana/cc_executor.json");
my $d = $json->decode($text);
is_deeply([CC::Dashboard::findings($d, \%have)], [], 'the dashboard is whole');
my @missing;
eventually(sub {
    @missing = grep { !value(CC::Dashboard::plain($_->[1], '10s')) }
        CC::Dashboard::expressions($d);
    !@missing }, 'every expression of the dashboard has a value')
    or diag map { "$_->[0]: $_->[1]\n" } @missing;
cmp_ok(scalar(CC::Dashboard::expressions($d)), '>', 20, 'expressions');

# a metric that nobody looks at is missing in the dashboard

my %shown = map { $_ => 1 } $text =~ /\b(cc_executor_\w+)/g;
is_deeply([sort grep { my $n = $_; $n =~ s/_(?:sum|count)$/_bucket/; !$shown{$n} }
    grep { /^cc_executor_/ } keys %have],
    [qw(cc_executor_cgroup cc_executor_commands_cpu_seconds_total cc_executor_replaced
        cc_executor_start_time_seconds cc_executor_workers)],
    'the dashboard shows all metrics but five');

# mistakes are found

for (['no metric cc_executor_comands', sub { s/cc_executor_commands\{/cc_executor_comands{/ }],
    ['parse error', sub { s/sum\(cc_executor_kept/sum((cc_executor_kept/ }],
    ['twice: 3', sub { s/"id": 2,/"id": 3,/ }],
    ['no refId', sub { s/"refId": "B"/"refId": "A"/ }],
    ['no variable \$node', sub { s/\$instance/\$node/ }],
    ['no data source', sub { s/"type": "prometheus"/"type": "loki"/ }],
    ['on top of', sub { s/"y": 5/"y": 4/ }],
    ['wider than the page', sub { s/"x": 20/"x": 21/ }],
    ['no uid', sub { s/"uid": "cc-executor",//  }],
    ['no queries', sub { s/"targets":/"target":/ }])
{
    my ($what, $change) = @$_;
    local $_ = $text;
    $change->() or die "not changed: $what";
    my @found = CC::Dashboard::findings($json->decode($_), \%have);
    ok(grep({ /$what/ } @found), "a mistake is found: $what") or diag "@found";
}

kill 'TERM', $pid;
waitpid $pid, 0;
is($?, 0, 'Prometheus ends');
$pid = 0;

# the error log says it, once a minute

$c->close;
$t->stop;
my $told = () = $t->log =~ /(lines of the audit log)/g;
cmp_ok($told, '>', 0, 'the error log says so');
$t->allow(qr/lines of the audit log "\/dev\/full" are lost/, $told);
$t->finish;
done_testing();
