# The lives of an executor service: it, nginx and its workers die or are told to
# leave; what was bound ends, what is kept goes on where it shall, nothing is
# left, and starts are refused with a reason until the service is there again.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use CC::Kept qw(attach begin completed output);
use CC::Metrics qw(json);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;
    cc_executor_keep on; cc_executor_cwd /tmp; cc_executor_start_timeout 20s;',
    server => 'location /health { cc_executor_status json; }');
$t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;
    cc_executor_secret ${\$t->dir}/secret;";
my $s = CC::Service->new($t);

open my $f, '>', "${\$t->dir}/secret" or die $!;
print $f 's' x 64;
close $f;
chmod 0600, "${\$t->dir}/secret";

# everything that this test starts sleeps for a time of its own
my $n = "951$$";
sub sleeps { return grep { CC::Nginx::title($_) =~ /sleep $n\d'?\s*$/
    && CC::Nginx::title($_) !~ /read line/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }

# a tree that kill by group or session does not reach
my $tree = "setsid sleep ${n}1 & (setsid sh -c 'trap : TERM; sleep ${n}2 & "
    . "exec sleep ${n}3' &); echo go; exec sleep ${n}4";

sub tree {
    my ($c, $what, %o) = @_;
    $c->send('execute', { command => $tree, %o });
    my $m = $c->notification('process.output', 30);
    is($m->{params}{data}, "go\n", "$what: a tree runs");
    return $t->wait_until(sub { (my @p = sleeps()) >= 4 }, 20);
}

# without a service: refused at once, and why

$t->start;
my $c = $t->client;
my $r = $c->run('true');
is($r->{answer}{error}{code}, -32603, 'no service yet: refused');
like($r->{answer}{error}{message}, qr/executor service: No such file/,
    'with the reason');
is(json($t)->{status}, 'unhealthy', 'and health says so');
my $lines = () = $t->log =~ /no executor service at/g;
is($c->run('true')->{answer}{error}{code}, -32603, 'the next one, too');
is(scalar(() = $t->log =~ /no executor service at/g), $lines,
    'the log has said it once');

$s->start;
is($c->run('echo there')->{stdout}, "there\n",
    'the service has come: the next command runs') or diag $t->log, $s->log;
is(json($t)->{status}, 'healthy', 'healthy again');

# a command ends by itself and by its worker's death

tree($c, 'worker');
my ($worker) = $t->workers;
kill 'KILL', $worker;
ok($t->wait_until(sub { !sleeps() }, 30), 'worker killed: its tree is gone');
$t->allow(qr/worker process \d+ exited on signal 9/, 1);
ok($t->wait_until(sub { my ($w) = $t->workers; $w && $w != $worker }, 20),
    'there is another');
$t->wait_until(sub { $c = eval { $t->client } }, 20);
is($c->run('echo next')->{stdout}, "next\n", 'which the service serves');

# a helper, a spawner and a keeper are killed

tree($c, 'helper');
my ($busy) = grep { CC::Nginx::children($_, qr/sleep/) } $s->helpers;
kill 'KILL', $busy;
is($c->notification('process.completed', 30)->{params}{cause}, 'lost',
    'helper killed: its command is lost');
ok($t->wait_until(sub { !sleeps() }, 30), 'and its tree gone');

for my $what (qw(spawners keepers)) {
    tree($c, $what);
    my ($pid) = $s->$what;
    kill 'KILL', $pid;
    ok($t->wait_until(sub { my @now = $s->$what;
        @now && !grep { $_ == $pid } @now }, 30), "$what: another one");
    is($t->client->run('echo next')->{stdout}, "next\n",
        "$what: the next command runs");
    $c->call('control', { type => 'CANCEL' });
    is($c->notification('process.completed', 30)->{params}{cause}, 'cancel',
        "$what: what ran is still obedient");
    ok($t->wait_until(sub { !sleeps() }, 30), "$what: and leaves nothing");
}

# nginx is restarted: what is bound ends, what is kept goes on and is found

my $id = begin($c, "read line; echo \"got \$line\"; exec sleep ${n}5",
    open_stdin => JSON::PP::true);
tree($c, 'restart');
my ($kept) = grep { CC::Nginx::title($_) =~ /read line/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*';
ok($kept, 'a kept one');
{
    my $pid = delete $t->{master};
    kill 'TERM', $pid;
    ok($t->wait_until(sub { $t->ended($pid) }, 30), 'nginx has stopped');
}
ok($t->wait_until(sub { !sleeps() }, 30), 'the bound tree is gone');
ok(-e "/proc/$kept", 'the kept one is not');
$t->start;
my $m;
($c, $m) = attach($t, $id, mode => 'write');
is($m->{result}{state}, 'running', 'the new nginx finds it')
    or diag explain $m;
$c->call('input', { execution_id => $id, data => "news\n" });
is($c->notification('process.output', 30)->{params}{data}, "got news\n",
    'and talks to it');

# the service is told to leave: everything ends and is told why

my $d = $t->client;
tree($d, 'stop');
my @all = $s->tree;
kill 'STOP', $s->spawners, $s->keepers;
ok($s->stop, 'the service leaves, also when spawners and keepers were stopped');
is($s->{status}, 0, 'with 0');
is($d->notification('process.completed', 30)->{params}{cause}, 'shutdown',
    'what was bound is told that it was a shutdown');
is(completed($c, $id)->{cause}, 'shutdown', 'what was kept, too');
ok($t->wait_until(sub { !sleeps() }, 30), 'nothing is left');
$r = $d->run('true');
like($r->{answer}{error}{message}, qr/executor service: /,
    'the next one is refused');
$s->start;
is($d->run('echo again')->{stdout}, "again\n", 'until there is one again')
    or diag $t->log, $s->log;

# it is killed

$id = begin($c, "exec sleep ${n}6");
tree($d, 'kill');
@all = $s->tree;
cmp_ok(scalar @all, '>=', 4, 'keepers, spawners, helpers');
$s->stop('KILL');
ok($t->wait_until(sub { !sleeps() }, 30), 'service killed: nothing is left');
ok($t->wait_until(sub { !grep { CC::Nginx::title($_) =~ /cc-executord/ } @all },
    30), 'also none of its processes');
like($d->notification('process.completed', 30)->{params}{cause},
    qr/shutdown|lost/, 'its command has ended');
$r = $d->run('true');
like($r->{answer}{error}{message}, qr/executor service: Connection refused/,
    'the next one is refused');
$s->start;
is($d->run('echo again')->{stdout}, "again\n", 'until it is there again')
    or diag $t->log, $s->log;
$_->close for $c, $d;

is(join("\n", grep { /\[(?:alert|emerg|crit)\]/ && !/signal 9/ } split /\n/,
    $t->log), '', 'no alert');
$t->finish;
$s->finish;

done_testing;
