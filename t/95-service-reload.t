# An executor service that is replaced while it serves: SIGHUP, as after an
# upgrade of its package.  What runs goes on, whoever comes meanwhile is served
# afterwards, a program that cannot take over does not.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use CC::Kept qw(attach begin completed output);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;
    cc_executor_keep on; cc_executor_cwd /tmp; cc_executor_start_timeout 20s;');
$t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";

# the program as a package installs it, and what an upgrade puts in its place

my $built = $CC::Service::PROGRAM;
my $program = $t->dir . '/cc-executord';

sub install {
    my ($text, $mode) = @_;
    open my $f, '>', "$program.new" or die $!;
    print $f $text;
    close $f;
    chmod $mode // 0755, "$program.new";
    rename "$program.new", $program or die $!;
    return;
}

my $image = do { local $/; open my $f, '<', $built or die $!; <$f> };

# with the number of a version
sub version {
    my ($n) = @_;
    return $image =~ s/(?<=version )\d+\.\d+\.\d+(?= has taken over)/0.0.$n/r;
}

install(version(1));
local $CC::Service::PROGRAM = $program;
my $s = CC::Service->new($t)->start;
my $service = $s->{pid};
$t->start;

sub status {
    open my $f, '<', "/proc/$service/status" or return {};
    return { map { /^(\w+):\s*(.*)/ ? ($1 => $2) : () } <$f> };
}

sub descriptors { return scalar(() = glob "/proc/$service/fd/*") }

sub said { my ($re) = @_; return scalar(() = $s->log =~ /$re/g) }

# HUP, and then what the service says of it, once more than before
sub reload {
    my ($re, $what) = @_;
    my $before = said($re);
    kill 'HUP', $service;
    ok($t->wait_until(sub { said($re) > $before }, 30), $what) or diag $s->log;
    return;
}

my $taken = qr/^cc-executord: version 0\.0\.\d+ has taken over, workers: \d+$/m;

# what runs goes on, under the new program

my $c = $t->client;
my $r = $c->send('execute', { open_stdin => JSON::PP::true, command =>
    'trap "echo interrupted" INT; read line; echo "got $line"; read line; exit 5' });
my $started = $c->notification('process.started', 30)->{params};
my $kept = begin($c, 'read line; echo "kept $line"; exit 6',
    open_stdin => JSON::PP::true);
my $before = status();
my $open = descriptors();

install(version(2));
reload(qr/version 0\.0\.2 has taken over, workers: 1$/m, 'the new program takes over');
is(readlink "/proc/$service/exe", $program, 'in the same process');
my $after = status();
is($after->{$_}, $before->{$_}, "$_ is as before")
    for qw(Uid Gid Groups CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp);
is((stat "/proc/$service/status")[4], 0, 'it is not dumpable');
ok($t->wait_until(sub { descriptors() == $open }, 30),
    'and has as many descriptors');

$c->call('input', { execution_id => $started->{execution_id}, data => "news\n" });
is($c->notification('process.output', 30)->{params}{data}, "got news\n",
    'a command goes on');
is($t->client->run('env | grep -c EXECUTORD; echo another')->{stdout},
    "0\nanother\n", 'others begin, and know nothing of it');
$c->call('input', { execution_id => $started->{execution_id}, data => "end\n" });
is(completed($c, $started->{execution_id})->{exit_code}, 5, 'and end');
$c->close;

# kept ones, too, and other workers are served

my $serves = said(qr/serves uid/);
kill 'HUP', $t->{master};
ok($t->wait_until(sub { said(qr/serves uid/) > $serves }, 30),
    'workers that come are served by the new program') or diag $s->log;
my $m;
($c, $m) = attach($t, $kept, mode => 'write');
is($m->{result}{state}, 'running', 'a kept command goes on');
$c->call('input', { execution_id => $kept, data => "news\n" });
is((output($c, $kept))[0], "kept news\n", 'with its input');

# who has connected and says nothing delays it, who connects then is served

my $silent = $s->connect;
reload($taken, 'somebody is silent: it takes over all the same');
is(sysread($silent, my $buf, 1), 0, 'he had to go');
kill 'HUP', $service for 1 .. 5;
$t->client->run('true') for 1 .. 3;
reload($taken, 'several at once');
ok($t->wait_until(sub { descriptors() == $open }, 30),
    'no descriptor is left over');

# what cannot take over

my @bad = (
    ['fails', "#!/bin/sh\necho no such luck >&2\nexit 3\n"],
    ['is killed', "#!/bin/sh\nkill -9 \$\$\n"],
    ['is no program', "\x7fELF nothing\n"],
    ['may not be executed', version(3), 0644],
    ['knows another form', "#!/bin/sh\nexport CC_EXECUTORD_TAKEOVER=\"3 \$\$ x\"\n"
        . "exec $built \"\$@\"\n", undef, qr/is not understood: restart it/],
    ['is given something else', "#!/bin/sh\nexport CC_EXECUTORD_TAKEOVER=\"2 \$\$ 0 1 2\"\n"
        . "exec $built \"\$@\"\n", undef, qr/a descriptor is not what it should be/],
);
for (@bad) {
    my ($what, $text, $mode, $says) = @$_;
    install($text, $mode);
    reload(qr/cannot take over.*: this one goes on$/m, "one that $what does not");
    like($s->log, $says, 'and says why') if $says;
}
unlink $program;
reload(qr/cannot take over.*: this one goes on$/m, 'one that is gone does not');
install(version(4));
chmod 0666, "${\$t->dir}/policy/table";
reload(qr/cannot take over.*: this one goes on$/m, 'nor one whose table anybody may write');
chmod 0644, "${\$t->dir}/policy/table";
is($t->client->run('echo still')->{stdout}, "still\n", 'the old one serves');
reload(qr/version 0\.0\.4 has taken over/, 'until one can');

# its end is that of all, as before

my $n = "954$$";
sub sleeps { return grep { CC::Nginx::title($_) =~ /sleep $n\d$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }
my $tree = "setsid sleep ${n}1 & (setsid sh -c 'trap : TERM; sleep ${n}2 & "
    . "exec sleep ${n}3' &); exec sleep ${n}4";
for my $sig (qw(TERM KILL)) {
    my $d = $t->client;
    $d->send('execute', { command => $tree });
    $d->notification('process.started', 30);
    ok($t->wait_until(sub { (my @p = sleeps()) >= 4 }, 30), "$sig: a tree runs");
    $service = $s->{pid};
    reload($taken, "$sig: taken over");
    kill 'HUP', $service;
    ok($s->stop($sig), "$sig: it and what it had is gone") or diag $s->log;
    is($s->{status}, 0, 'it left with 0') if $sig eq 'TERM';
    ok($t->wait_until(sub { !sleeps() }, 30), "$sig: also its commands");
    $s->start;
}
is($t->client->run('echo again')->{stdout}, "again\n", 'and again');
$_->close for grep { $_ } $c;

# -n is for anybody

is(system($built, '-n', '-u', CC::Service::USER, '-p', "${\$t->dir}/policy/table",
    '-l', "${\$t->dir}/nowhere"), 0, '-n: it could serve');
ok(!-e "${\$t->dir}/nowhere", 'but does not listen');

$t->finish;
$s->finish;

# one that nginx's master has started; "leave when it does" holds afterwards

$t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh;', http => "cc_executor_service $built;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;");
$t->start;
$c = $t->client;
is($c->run('echo first')->{stdout}, "first\n", 'by a master: it serves');
my $dir = $t->dir;
($service) = grep { CC::Nginx::title($_) =~ m{^cc-executord -k .*\Q$dir\E} }
    map { m{(\d+)$} } glob '/proc/[0-9]*';
my ($keeper) = CC::Nginx::parent($service);
$c->send('execute', { command => 'read line; exit 7',
    open_stdin => JSON::PP::true });
my $id = $c->notification('process.started', 30)->{params}{execution_id};
kill 'HUP', $service;
ok($t->wait_until(sub { $t->log =~ /cc-executord: version \S+ has taken over/ },
    30), 'it is replaced');
$c->call('input', { execution_id => $id, data => "end\n" });
is(completed($c, $id)->{exit_code}, 7, 'what runs goes on');
$t->allow(qr{unknown process \d+ exited on signal 9}, 1);
kill 'KILL', $keeper;
ok($t->wait_until(sub { CC::Nginx::title($service) !~ /executord/ }, 30),
    'it leaves when its keeper does');
$c->close;
$t->finish;

done_testing;
