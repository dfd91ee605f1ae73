# What is secret about kept commands comes out nowhere: the secret part of their
# ids, what is typed, what they write, tokens.  Logs (error log at debug, too),
# audit log, status and metrics may have the first 16 digits of an id.
#
# tags: asan

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Http;
use CC::Kept qw(begin completed);
use CC::Mcp;
use CC::Nginx;

my $true = JSON::PP::true;
my $token = 'canary-token-' x 4;

my $t = CC::Nginx->new(workers => 2, log => 'debug',
    http => 'cc_executor_audit_log logs/audit.log argv=hash;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_keep on; cc_executor_tty on;',
    server => 'location /status { cc_executor_status json; }
        location /metrics { cc_executor_status prometheus; }')->start;
my %who = (headers => { Authorization => "Bearer $token" });

# a session with everything in it

my $c = $t->client(%who);
my $cat = begin($c, 'stty -echo 2>/dev/null; cat', open_stdin => $true,
    label => 'canary-label');
my $tty = begin($c, 'cat', tty => { cols => 80, rows => 24 });
my $over = begin($c, 'echo canary-output; echo canary-output >&2');
is(completed($c, $over)->{exit_code}, 0, 'one is over');

my $d = $t->client(%who);
for my $id ($cat, $tty) {
    is($d->call('attach', { execution_id => $id, mode => 'write' })
        ->{result}{mode}, 'write', 'attached');
    ok($d->call('input', { execution_id => $id, data => "canary-typed\n" })
        ->{result}, 'typed');
    is($d->call('wait', { execution_id => $id, until => 'output',
        patterns => ['canary-typed'], from => 0, timeout_ms => 60000 })
        ->{result}{reason}, 'pattern', 'and found');
}
is($d->call('read', { execution_id => $over, stream => 'stdout', offset => 0 })
    ->{result}{data}, "canary-output\n", 'read');
(my $wrong = $cat) =~ s/(.)\z/$1 eq '0' ? '1' : '0'/e;
for my $method (qw(attach read wait signal remove)) {
    is($d->call($method, { execution_id => $wrong, signal => 'TERM',
        stream => 'stdout', offset => 0 })->{error}{code}, -32003,
        "$method with a wrong secret");
}
cmp_ok(scalar @{ $d->owned->{commands} },
    '>=', 3, 'listed');
ok($d->call('resize', { execution_id => $tty, cols => 90, rows => 30 })
    ->{result}, 'resized');

my $m = CC::Mcp->new(port => $t->port, %who);
$m->initialize;
my $job = sub {
    my ($name, %arguments) = @_;
    my $r = $m->call('tools/call', { name => $name, arguments => \%arguments },
        timeout => 60)->{result};
    ok(!$r->{isError}, $name) or diag(explain($r));
    return $r->{structuredContent};
};
my $id = $job->('execute', command => 'cat', background => $true,
    open_stdin => $true)->{job_id};
like($job->('job_write', job_id => $id, data => 'canary-typed', enter => $true,
    wait_ms => 30000, pattern => 'canary-typed')->{output} // '',
    qr/canary-typed/, 'a job has taken it');
$job->('job_read', job_id => $id, cursor => 'start');
$job->('job_list');
my $post = CC::Http->new(port => $t->port)->post('{"jsonrpc":"2.0","id":1,'
    . '"method":"tools/call","params":{"name":"job_read","arguments":{"job_id":"'
    . $wrong . '"}}}', %who);
is($post->{status}, 200, 'a POST with a wrong secret');
$job->('job_signal', job_id => $id, signal => 'KILL');

my $port = $t->port;
my @shown = map { scalar `curl -s http://127.0.0.1:$port$_` }
    qw(/status /metrics);
like($shown[1], qr/_total/, 'status and metrics');

for ($cat, $tty) {
    ok($d->call('signal', { execution_id => $_, signal => 'KILL' })->{result},
        'signal');
    ok(completed($d, $_)->{cause}, 'over');
}
ok($d->call('remove', { execution_id => $_ })->{result}, 'removed')
    for $cat, $over;
$_->close for $c, $d, $m;
my $audit = 'logs/audit.log';
ok($t->wait_until(sub { 4 <= (() = $t->slurp($audit) =~ /"command.ended"/g) },
    60), 'four ends in the audit log');
$t->stop;

# where it has come to

my %text = (status => $shown[0], metrics => $shown[1]);
for my $file (glob $t->dir . '/logs/*') {
    open my $f, '<', $file or die $!;
    local $/;
    $text{ $file =~ s{.*/}{}r } = <$f> // '';
}
cmp_ok(scalar keys %text, '>=', 4, 'logs: ' . join ', ', sort keys %text);
like($text{'error.log'}, qr/\[debug\]/, 'the error log has everything')
    if `/usr/sbin/nginx -V 2>&1` =~ /--with-debug/;
# at debug nginx itself writes down each header
$text{'error.log'} =~ s/^.* http header: .*\n//mg;
my ($name) = $cat =~ /^(.{16})/;
like($text{'audit.log'}, qr/$name/, 'the audit log has the name');
for my $where (sort keys %text) {
    for my $what (qw(canary-typed canary-output canary-token),
        map { substr $_, 16 } $cat, $tty, $over, $id, $wrong)
    {
        is(index($text{$where}, $what), -1, "$where has no $what");
    }
}

$t->finish;
done_testing;
