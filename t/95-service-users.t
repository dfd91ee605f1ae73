# Several users of commands by one executor service: each location names its own,
# the service's table says which of them nginx may have; nobody gets at what
# another user has.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use CC::Kept qw(attach begin output);
use CC::Metrics qw(json);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $each = 'cc_executor_allow any; cc_executor_shell /bin/sh; cc_executor_fence off;
    cc_executor_keep on; cc_executor_kill_grace 500ms; cc_executor_start_timeout 20s;';

sub nginx {
    my ($service, %o) = @_;
    my $t = CC::Nginx->new(location => $each, server => "
        location /list { cc_executor on; cc_executor_user list; $each }
        location /news { cc_executor on; cc_executor_user news; $each }
        location /health { cc_executor_status json; }", %o);
    $service //= "unix:${\$t->dir}/service.sock";
    $t->{http} = "cc_executor_service $service; cc_executor_user backup;
        cc_executor_helpers min=1 max=8;";
    return $t;
}

my $who = 'id -un; echo "$USER $LOGNAME"; stat -c %U "$TMPDIR"';
sub is_user {
    my ($t, $path, $name, $what) = @_;
    my $c = $t->client(path => $path);
    my $r = $c->run($who);
    is($r->{stdout}, "$name\n$name $name\n$name\n", $what) or diag explain $r, $t->log;
    $c->close;
    return;
}

my $t = nginx();
my $s = CC::Service->new($t, policy => "nobody backup list\n")
    ->start;
my $dir = $t->dir;
$t->start;

is_user($t, '/ws/mcp', 'backup', 'the user of all locations');
is_user($t, '/list', 'list', 'a location with another one');
my $r = $t->client(path => '/news')->run('true');
is($r->{answer}{error}{code}, -32603, 'one that is not in the table: refused');
like($r->{answer}{error}{message}, qr/^executor service: Permission denied/,
    'and why');
like($t->log, qr/starts no commands as "news": \S/, 'the log names him');
is(json($t)->{status}, 'unhealthy', 'health says that one of them is missing');
is_user($t, '/list', 'list', 'the others go on');

# each has helpers of his own, and nothing of another

is(scalar(my @spawners = $s->spawners), 2, 'two spawners');
my ($c, $d) = ($t->client, $t->client(path => '/list'));
my $id = begin($c, 'umask 077; echo secret > $TMPDIR/file; echo $$ $TMPDIR/file;'
    . ' read line; echo "got $line"', open_stdin => JSON::PP::true);
my $said = $c->notification('process.output', 30)->{params}{data};
my ($pid, $file) = split ' ', $said;
$r = $d->run("kill -0 $pid; kill $pid; cat $file; cat /proc/$pid/environ; rm -f $file;"
    . " ls ${\($file =~ s{/[^/]*/[^/]*$}{}r)}");
is($r->{stdout}, '', 'a command of the other user gets nothing')
    or diag explain $r;
is(scalar(() = $r->{stderr} =~ /not permitted|Permission denied/g), 6,
    'each time he is not permitted') or diag $r->{stderr};

# a kept command is its owner's, by whatever location of the realm, and after a reload

is(scalar(grep { -e "/proc/$_" } $pid), 1, 'it lives');
my ($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30), 'a reload');
my ($e, $m) = attach($t, $id, mode => 'write');
is($m->{result}{state}, 'running', 'the next worker finds it') or diag explain $m;
$e->call('input', { execution_id => $id, data => "news\n" });
like((output($e, $id))[0], qr/^got news$/m, 'and talks to it, to its end');
$_->close for $c, $d, $e;

# commands of either are no clients of the server that started them

my $dial = 'perl -MIO::Socket::INET -e \'my $s = IO::Socket::INET->new($ARGV[0]) or die $!;'
    . ' print $s "GET $ARGV[1] HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
    . 'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
    . 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"; print <$s> =~ / (\d+)/\' '
    . '127.0.0.1';
for my $from ('/ws/mcp', '/list') {
    for my $to ('/ws/mcp', '/list') {
        my $f = $t->client(path => $from);
        is($f->run("$dial:${\$t->port} $to")->{stdout}, 403, "from a command of $from to $to: refused");
        $f->close;
    }
}

# the table changes: it is read when a worker asks again

$s->write("nobody backup list news\n");
ok($t->wait_until(sub { $t->client(path => '/news')->run('true')->{completed} }, 30),
    'the table has him: his commands run');
is_user($t, '/news', 'news', 'as himself');
ok($t->wait_until(sub { json($t)->{status} eq 'healthy' }, 30), 'healthy');

# one is killed: only his commands end

$c = $t->client;
$d = $t->client(path => '/list');
$_->send('execute', { command => 'echo go; exec sleep 300' }) for $c, $d;
is($_->notification('process.output', 30)->{params}{data}, "go\n", 'it runs') for $c, $d;
my ($killed) = grep { (stat "/proc/" . (CC::Nginx::children($_, qr/sleep 300/))[0])[4]
    == getpwnam 'list' } grep { CC::Nginx::children($_, qr/sleep 300/) } $s->helpers;
kill 'KILL', $killed;
is($d->notification('process.completed', 30)->{params}{cause}, 'lost',
    'a helper of one user is killed: his command is lost');
$c->call('control', { type => 'CANCEL' });
is($c->notification('process.completed', 30)->{params}{cause}, 'cancel',
    'that of the other one was running');
$_->close for $c, $d;
$t->finish;
$s->finish;

# the same by a service of nginx's master

$t = nginx($CC::Service::PROGRAM)->start;
$dir = $t->dir;
is_user($t, '/ws/mcp', 'backup', 'by nginx\'s master: the user of all locations');
is_user($t, '/list', 'list', 'another one');
is_user($t, '/news', 'news', 'a third one');
is(json($t)->{status}, 'healthy', 'healthy');
my @services;
ok($t->wait_until(sub {
    @services = grep { CC::Nginx::title($_) =~ m{^cc-executord -k .*\Q$dir\E} }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
    @services == 1 }, 20), 'by one service');
like(CC::Nginx::title($services[0]), qr/ -a \d+:backup,list,news /, 'for all of them');

# another set of users is another service; a kept command of one who has gone is
# still no client

$c = $t->client(path => '/news');
$id = begin($c, "read line; $dial:${\$t->port} /ws/mcp", open_stdin => JSON::PP::true);
$c->close;
$t->{server} =~ s/cc_executor_user news;/cc_executor_user list;/;
$t->write_config;
($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30), 'a reload');
is_user($t, '/news', 'list', 'a location gets another user');
is_user($t, '/ws/mcp', 'backup', 'the others are as before');
($e, $m) = attach($t, $id, mode => 'write', path => '/news');
$e->call('input', { execution_id => $id, data => "go\n" });
my @said = output($e, $id);
is($said[0], 403, 'he whom no location has any more: refused')
    or diag explain \@said, $m;
$e->close;

# a single process has helpers of one user only, who need not be the first one

my ($rc, $says) = $t->test_config("master_process off;\n" . $t->config
    =~ s/cc_executor_service \S+;/cc_executor_service unix:$dir\/s;/r);
isnt($rc, 0, 'a single process: refused');
like($says, qr/a single process .* has one user for commands, not 2/, 'and why');
$t->allow(qr/a single process/, 1);
$t->finish;

$t = nginx();
$t->{main} = 'master_process off;';
$t->{location} .= ' cc_executor_user list;';
$t->{server} =~ s/cc_executor_user news;/cc_executor_user list;/;
$s = CC::Service->new($t, policy => "root backup list\n")->start;
$t->start;
is_user($t, '/ws/mcp', 'list', 'one who is named second');
$t->finish;
$s->finish;

done_testing;
