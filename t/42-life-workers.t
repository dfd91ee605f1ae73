# Workers come and go: one, four, none but the master; reload, quit, stop.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

sub policy {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return "$pid: $!";
    return (split ' ', <$f> =~ s/.*\) //r)[38];
}

# one and four

for my $n (1, 4) {
    my $t = CC::Nginx->new(workers => $n)->start;
    ok($t->wait_until(sub { (my @w = $t->workers) == $n }), "$n workers");
    ok($t->wait_until(sub { (my @h = $t->helpers) == 4 * $n }),
        'four helpers each');
    is(scalar(my @s = $t->spawners), $n, 'one spawner each');
    is(join(' ', map { policy($_) } $t->helpers), join(' ', (3) x (4 * $n)),
        'helpers are batch processes');
    my @c = map { $t->client } 1 .. 4 * $n;
    my %parents;
    for (@c) {
        my $r = $_->run('echo $PPID');
        is($r->{completed}{exit_code}, 0, 'a command');
    }
    $_->close for @c;
    $t->finish;
}

# no master: start, run, stop

my $single = CC::Nginx->new(main => 'master_process off;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_allow_root on;')->start;
my $c = $single->client;
is($c->run('echo alone')->{stdout}, "alone\n", 'master_process off: run');
$c->send('execute', { command => "trap '' TERM; setsid sleep 4201 & sleep 4202" });
$c->notification('process.started');
ok($single->wait_until(sub {
    (my @p = grep { /^\d+ sleep 420[12]/ } $single->processes) == 2 }), 'a tree');
$single->stop('TERM');
ok($single->wait_until(sub {
    !grep { /sleep|sh -c/ } $single->processes }, 5), 'stop: it is gone');
$single->finish;

# descriptors: exactly one process holds the write end of the deathwatch

my $t = CC::Nginx->new(workers => 2, http => 'proxy_cache_path %%DIR%%/cache
    keys_zone=c:1m;', server => <<'EOC')->start;
location /cached { proxy_cache c; proxy_pass http://127.0.0.1:%%PORT%%; }
location /new { cc_executor on; cc_executor_allow any; cc_executor_env A=old; }
EOC
ok($t->wait_until(sub { (my @h = $t->helpers) == 8 }), 'eight helpers');
SKIP: {
    skip 'only root sees the descriptors of helpers', 1 if $> != 0;
    skip 'a service has it from its keeper', 1 if $t->{apart};
    is(join(' ', $t->deathwatch_holders), $t->{master},
        'the master alone holds the deathwatch');
}
is(scalar(grep { /cache (?:manager|loader)/ && 1 }
    map { CC::Nginx::title($_) } CC::Nginx::children($t->{master}, qr/cache/)),
    scalar(my @caches = CC::Nginx::children($t->{master}, qr/cache/)),
    'there are cache processes');
is(scalar(map { CC::Nginx::children($_, qr/spawner/) } @caches), 0,
    'which have no spawner');

# reload: idle sessions are told to go, busy ones may end

my $idle = $t->client;
my $busy = $t->client;
$busy->send('execute', { command =>
    'i=0; while [ ! -e go ]; do sleep 0.02; done; seq 1 1000; echo end' });
$busy->notification('process.started');
my @old = $t->workers;

my $text = $t->config;
$text =~ s/A=old/A=new/ or die;
$t->write_config($text);
$t->signal('HUP');

is($idle->ws->read_close, 1001, 'reload: an idle session is closed with 1001');
ok($idle->ws->read_eof(5), 'and its connection ended');
ok($t->wait_until(sub {
    !grep { -e "/proc/$_" && CC::Nginx::title($_) !~ /shutting down/ } @old }),
    'all old workers know that they have to go');
my $late = $busy->call('execute', { command => 'true' });
is($late->{error}{code}, -32603, 'no new command on an old worker');
like($late->{error}{message}, qr/reloading, connect again/, 'says why');
my $new = $t->client(path => '/new');
like($new->run('/usr/bin/env')->{stdout}, qr{^A=new\nTMPDIR=/[^\n]+\n\z},
    'new sessions have the new rules');
$new->close;
open my $go, '>', $t->dir . '/work/go' or die $!;
my $cwd = readlink '/proc/' . $busy->call('list')->{result}{commands}[0]{pid}
    . '/cwd';
open $go, '>', "$cwd/go" or die $!;
my $done = $busy->notification('process.completed');
is($done->{params}{exit_code}, 0, 'the command of the busy session ends well');
my $out = join '', map { $_->{params}{data} }
    grep { ($_->{method} // '') eq 'process.output' } @{ $busy->{queue} };
is($out, join('', map { "$_\n" } 1 .. 1000, 'end'), 'all its output arrives');
is($busy->ws->read_close, 1001, 'then its session is closed');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @old }, 10),
    'and the old workers are gone');

for (1 .. 3) {
    @old = $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { !grep { -e "/proc/$_" } @old }, 10), "reload $_");
}
ok($t->wait_until(sub { (my @h = $t->helpers) == 8 }),
    'still eight helpers');
SKIP: {
    skip 'only root sees the descriptors of helpers', 1 if $> != 0;
    skip 'a service has it from its keeper', 1 if $t->{apart};
    is(join(' ', $t->deathwatch_holders), $t->{master},
        'and one holder of the deathwatch');
}

# stop: nothing survives

$c = $t->client;
$c->send('execute', { command => "trap '' TERM; setsid sleep 4203 & sleep 4204" });
$c->notification('process.started');
ok($t->wait_until(sub {
    (my @p = grep { /^\d+ sleep 420[34]/ } $t->processes) == 2 }), 'a tree');
my $t0 = time;
$t->stop('TERM');
ok($t->wait_until(sub { !$t->processes }, 20), 'stop: all of it is gone');
cmp_ok(time - $t0, '<', 15, 'within the grace time');
$t->finish;

# the master is killed: the deathwatch ends everything

$t = CC::Nginx->new->start;
$c = $t->client;
$c->send('execute', { command => "trap '' TERM; setsid sleep 4205 & sleep 4206" });
$c->notification('process.started');
my ($worker) = $t->workers;
my @helpers = $t->helpers;
kill 'KILL', $t->{master};
waitpid delete $t->{master}, 0;
ok($t->wait_until(sub { !grep { /sleep|sh -c/ } $t->processes }, 10),
    'kill -9 of the master: the commands are gone');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @helpers }, 10),
    'so are the helpers');
kill 'KILL', $worker;
ok($t->wait_until(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $t->port) }, 5), 'and the orphaned worker');
$t->finish;

done_testing;
