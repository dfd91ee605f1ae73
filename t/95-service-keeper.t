# An executor service that nginx's root master starts itself: it is there when
# nginx is, comes again when it dies, survives reloads, and leaves with its
# master, whatever ends that.
#
# tags: asan

use strict;
use warnings;

use IO::Select;
use Socket qw(AF_UNIX pack_sockaddr_un);
use Test::More;
use CC::Kept qw(begin completed);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my ($nginx) = grep { -x } map { "$_/nginx" } split /:/, "$ENV{PATH}:/usr/sbin";
my $n = "952$$";
sub sleeps { return grep { CC::Nginx::title($_) =~ /sleep $n\d'?\s*$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }

my $tree = "setsid sleep ${n}1 & (setsid sh -c 'trap : TERM; sleep ${n}2 & "
    . "exec sleep ${n}3' &); echo go; exec sleep ${n}4";

sub fresh {
    my (%o) = @_;
    return CC::Nginx->new(nginx => $ENV{TEST_NGINX_BINARY} // $nginx,
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
            cc_executor_kill_grace 500ms; cc_executor_keep on;
            cc_executor_start_timeout 20s;',
        http => "cc_executor_service $CC::Service::PROGRAM;
            cc_executor_user backup; cc_executor_helpers min=1 max=8;", %o);
}

# keepers and services whose sockets are in that directory
sub sockets { my ($t) = @_; return glob $t->dir . '/runtime/service.*' }

sub services {
    my ($t) = @_;
    my $dir = $t->dir;
    return grep { CC::Nginx::title($_) =~ m{^cc-executord -k .*\Q$dir\E} }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub keepers { my ($t) = @_; return map { CC::Nginx::parent($_) } services($t) }

# everything of one service
sub below {
    my ($pid) = @_;
    my @all = my @level = $pid;
    push @all, @level = map { CC::Nginx::children($_, qr/./) } @level for 1 .. 4;
    return @all;
}

sub gone {
    my ($t, $what, @pids) = @_;
    ok($t->wait_until(sub { !grep { -e "/proc/$_"
        && CC::Nginx::title($_) =~ /executord|keeper|sleep/ } @pids }, 30),
        "$what: nothing is left") or diag join "\n",
        map { "$_ " . CC::Nginx::title($_) } @pids;
    ok($t->wait_until(sub { !sleeps() }, 30), "$what: and no command");
    is(join(' ', sockets($t)), '', "$what: no socket");
    return;
}

sub runs {
    my ($t, $what, $as) = @_;
    my $c;
    $t->wait_until(sub { $c = eval { $t->client } }, 20);
    my $r = $c->run('id -un; echo $PPID');
    my ($who, $helper) = split /\n/, $r->{stdout};
    is($who, $as // 'backup', "$what: commands run as the other user")
        or diag explain $r->{answer}, $t->log;
    $c->close;
    return $helper;
}

# -t leaves nothing

my $t = fresh();
my ($rc) = $t->test_config($t->config);
is($rc, 0, 'nginx -t');
is(join(' ', services($t), sockets($t)), '', 'starts nothing');

# start, reload

$t->start;
runs($t, 'start');
my ($keeper) = keepers($t);
my ($service) = services($t);
is(scalar(my @one = services($t)), 1, 'one service');
is((stat "/proc/$service")[4], getpwnam 'nobody',
    'which runs as nginx\'s workers do');
my ($socket) = sockets($t);
is((sprintf '%o', (stat $socket)[2] & 0777), '700', 'its socket is for one');
is((stat _)[4], getpwnam 'nobody', 'the workers\' user');

for (1, 2) {
    my ($old) = $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30),
        'a reload');
}
runs($t, 'reload');
is((keepers($t))[0], $keeper, 'the keeper is the same');
is((services($t))[0], $service, 'the service, too');

# the service dies: what ran ends, there is another one

my $c = $t->client;
my $id = begin($c, "exec sleep ${n}5");
$c->send('execute', { command => $tree });
is($c->notification('process.output', 30)->{params}{data}, "go\n", 'a tree');
my @all = below($service);
kill 'KILL', $service;
ok($t->wait_until(sub { !sleeps() }, 30), 'service killed: nothing of it runs');
ok($t->wait_until(sub { my ($s) = services($t); $s && $s != $service }, 30),
    'there is another');
$c->close;
runs($t, 'killed');
is((keepers($t))[0], $keeper, 'of the same keeper');

# the keeper dies: the service leaves; a reload brings another one

my @before = below((services($t))[0]);
kill 'KILL', $keeper;
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @before }, 30),
    'keeper killed: the service leaves');
my $r = $t->client->run('true');
like($r->{answer}{error}{message}, qr/executor service: /,
    'and commands are refused');
my ($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30),
    'until a reload');
runs($t, 'reloaded');
ok(!-e $socket, 'and the socket of the old one is gone');
$t->allow(qr/unknown process \d+ exited on signal 9/, 1);

# another user: another service, until the master ends

$t->{http} =~ s/backup/list/;
$t->write_config;
($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30),
    'a reload with another user');
runs($t, 'another user', 'list');
is(scalar(@one = services($t)), 2, 'by another service');

# quit

@all = (keepers($t), map { below($_) } services($t));
$t->finish;
gone($t, 'quit', @all);

# Root makes no socket where others could replace it.  Then nobody is asked:
# what anybody can listen on is no service.

socket my $anybody, AF_UNIX, CC::Service::SEQPACKET, 0 or die $!;
ok($t->wait_until(sub { bind $anybody, pack_sockaddr_un("\0" x 108) }, 60),
    'the name that an empty path stands for') or diag $!;
listen $anybody, 8 or die $!;

for my $case (['the workers\' user', 'nobody', 'runtime'],
    ['the commands\' user', 'backup', 'runtime'],
    ['the commands\' user above it', 'backup', '.'])
{
    my ($what, $user, $place) = @$case;
    $t = fresh();
    mkdir "${\$t->dir}/runtime", 0711;
    chown((getpwnam $user)[2, 3], "${\$t->dir}/$place");
    $t->start;
    like($t->client->run('true')->{answer}{error}{message},
        qr/executor service: No such file/, "a directory of $what: refused");
    like($t->log, qr/no executor service is started: .* must belong to root/,
        'and why');
    is(join(' ', services($t), sockets($t)), '', 'there is none');
    chown 0, 0, $t->dir;
    $t->finish;
}
ok(!IO::Select->new($anybody)->can_read(0), 'who listens there hears nothing');
close $anybody;

# the program is nobody else's either, and cannot be replaced

sub program {
    my ($to) = @_;
    system('cp', $CC::Service::PROGRAM, $to) == 0 or die "$to: $?";
    chmod 0755, $to;
    return $to;
}

$t = fresh();
my $dir = $t->dir;
mkdir "$dir/$_", 0755 for qw(bin bin/deep);
chown((getpwnam 'backup')[2, 3], "$dir/bin");
program("$dir/own");
chown((getpwnam 'backup')[2, 3], "$dir/own");
symlink program("$dir/bin/deep/executord"), "$dir/link";
for my $case (["$dir/own", qr/must be a program that belongs to root/],
    ["$dir/bin/deep/executord", qr{others than root can write "$dir/bin"}],
    ["$dir/link", qr{others than root can write "$dir/bin"}],
    ["$dir/nothing", qr/No such file/])
{
    my ($path, $why) = @$case;
    my ($bad, $said) = $t->test_config($t->config
        =~ s/cc_executor_service \S+;/cc_executor_service $path;/r);
    isnt($bad, 0, "$path: refused");
    like($said, $why, 'and why');
}
$t->allow(qr/"cc_executor_service" "/, 4);
$t->finish;

# what commands' user could replace is told of, and not opened by root

$t = fresh(server => 'location /c { cc_executor on; cc_executor_allow any;
    cc_executor_cwd %%DIR%%/closed; cc_executor_audit_log %%DIR%%/log/audit; }');
$dir = $t->dir;
mkdir "$dir/$_" for qw(closed log);
chmod 0700, "$dir/closed";
chown((getpwnam 'nobody')[2, 3], "$dir/closed");
chown((getpwnam 'backup')[2, 3], "$dir/log");
my ($good, $says) = $t->test_config($t->config);
is($good, 0, 'nginx -t');
like($says, qr{"cc_executor_audit_log" .* can write "$dir/log"},
    'a directory of the commands\' user');
ok(!-e "$dir/log/audit", 'root makes nothing there');
like($says, qr{"cc_executor_cwd" "$dir/closed" .* cannot enter "$dir/closed"},
    'and one that it cannot enter, though workers can');
($good, $says) = $t->test_config($t->config
    =~ s/(cc_executor_service )/cc_executor_audit_log $dir\/log\/audit; $1/r);
isnt($good, 0, 'a log that was opened before its user was named: refused');
like($says, qr{"$dir/log/audit" stands before "cc_executor_user", who can},
    'and why');
$t->allow(qr/"cc_executor_audit_log" "/, 1);
$t->finish;

# one that does not come up is told of, and nobody waits for it

$t = fresh();
open my $bad, '>', "${\$t->dir}/bad" or die $!;
print $bad "no program\n";
close $bad;
chmod 0755, "${\$t->dir}/bad";
$t->{http} =~ s/\Q$CC::Service::PROGRAM\E/%%DIR%%\/bad/;
$t->start;
my $client = $t->client;
ok($t->wait_until(sub { $client->run('true')->{answer}{error}{message}
    =~ /executor service: Connection reset/ }, 60), 'it does not come up');
like($t->log, qr{^cc-executord: \S+/bad: Exec format error$}m, 'why');
like($t->log, qr{^cc-executord: keeper \d+: service \d+ ended with status 1, }m,
    'and that it was so');
$client->close;
$t->finish;

# what it says goes where nginx's errors go, also to the terminal

$t = fresh(log => 'notice', main => 'error_log stderr info;')->start;
runs($t, 'stderr');
like($t->slurp('logs/stdout.log'), qr/^cc-executord: serves uid/m,
    'what the service says is there');
$t->finish;

# who cannot start one says so

$t = fresh(main => 'master_process off;');
$t->write_config;
my @c = map { quotemeta } $t->command;
my $said = do { local %ENV = %ENV; $t->sanitize; `@c 2>&1` };
isnt($?, 0, 'a single process');
like($t->log . $said, qr/needs a master that is root/, 'does not start, and why');
is(join(' ', services($t), sockets($t)), '', 'nothing is left of it');

# master kill -9 with a tree and a kept command

$t = fresh()->start;
$c = $t->client;
begin($c, "exec sleep ${n}6");
$c->send('execute', { command => $tree });
is($c->notification('process.output', 30)->{params}{data}, "go\n", 'a tree');
@all = (keepers($t), below((services($t))[0]));
my @workers = $t->workers;
kill 'KILL', $t->{master};
$t->wait_until(sub { $t->ended($t->{master}) }, 20);
gone($t, 'master killed', @all);
kill 'TERM', @workers;
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @workers }, 20),
    'its workers go');
delete $t->{master};
$t->finish;

# a new binary: two masters, each with its own

$t = fresh(daemon => 1)->start;
runs($t, 'as a daemon');
my ($first) = services($t);
my $master = $t->{master};
kill 'USR2', $master;
sub pid { my ($name) = @_; my ($pid) = $t->slurp($name) =~ /^(\d+)$/m;
    return $pid }
ok($t->wait_until(sub { pid('nginx.pid.oldbin') && pid('nginx.pid')
    && pid('nginx.pid') != $master }, 30), 'a second master') or diag $t->log;
ok($t->wait_until(sub { (my @s = services($t)) == 2 }, 30), 'two services');
@all = (CC::Nginx::parent($first), below($first));
kill 'QUIT', $master;
ok($t->wait_until(sub { !-e "/proc/$master" }, 30), 'the old master leaves');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @all }, 30),
    'and its service with it');
$t->adopt(pid('nginx.pid'));
runs($t, 'the new one');
@all = (keepers($t), below((services($t))[0]));
$t->finish;
gone($t, 'quit', @all);

# root in a container that lets it do too little

{
    my $t = fresh();
    for (['-kill', 'CAP_KILL'], ['-setuid,-setgid', 'CAP_SETUID CAP_SETGID']) {
        my ($caps, $names) = @$_;
        local $t->{nginx} = "$t->{dir}/less";
        open my $f, '>', $t->{nginx} or die $!;
        print $f "#!/bin/sh\nexec setpriv --bounding-set=$caps --inh-caps=$caps"
            . ' ' . ($ENV{TEST_NGINX_BINARY} // $nginx) . " \"\$@\"\n";
        close $f;
        chmod 0755, $t->{nginx};
        my ($rc, $said) = $t->test_config($t->config);
        is($rc, 1, "nginx -t without $names: refused");
        like($said, qr/this root lacks $names in /, 'and it is named');
    }
}

done_testing;
