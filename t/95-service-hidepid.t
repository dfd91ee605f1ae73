# /proc that hides the processes of other users (hidepid=2): an executor service
# does not see what its commands have started.  A process of theirs inside of
# their domain signals the tree then, which needs no /proc; whatever dies, nothing
# is left.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my @hidden = ('unshare', '-m', 'sh', '-c',
    'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh');
plan skip_all => 'there can be no /proc of its own here'
    if system(@hidden, qw(setpriv --reuid=nobody --regid=nogroup --clear-groups sh -c),
        '! test -d /proc/1') != 0;

my $n = "956$$";
sub sleeps { return grep { CC::Nginx::title($_) =~ /^sleep $n\d\s*$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }

# in which state they are: T for each that is stopped
sub states {
    my $text = '';
    for (sleeps()) {
        open my $f, '<', "/proc/$_/stat" or next;
        $text .= $1 if <$f> =~ /\) (\S)/;
    }
    return $text;
}

my $tree = "setsid sleep ${n}1 & (setsid sh -c 'trap : TERM; sleep ${n}2 & exec sleep ${n}3' &);"
    . " echo go; exec sleep ${n}4";

sub fresh {
    my ($fence, %o) = @_;
    return CC::Nginx->new(location => "cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 500ms; cc_executor_fence $fence;
        cc_executor_start_timeout 20s;", %o);
}

sub tree {
    my ($t, $what) = @_;
    my $c = $t->client;
    $c->send('execute', { command => $tree });
    is($c->notification('process.output', 30)->{params}{data}, "go\n", "$what: a tree");
    ok($t->wait_until(sub { (my @p = sleeps()) == 4 }, 20), 'of four');
    return $c;
}

sub gone {
    my ($t, $what) = @_;
    ok($t->wait_until(sub { !sleeps() }, 30), "$what: nothing is left")
        or kill 'KILL', sleeps();
    return;
}

sub trees {
    my ($t, $what, $helpers) = @_;
    my $c = $t->client;
    is($c->run('id -un; test -d /proc/$PPID || echo hidden')->{stdout}, "backup\nhidden\n",
        "$what: others are hidden");
    $c->close;

    $c = tree($t, $what);
    is($c->call('control', { type => 'PAUSE' })->{result}{status}, 'paused', 'PAUSE');
    is(states(), 'TTTT', 'stops all of them');
    is($c->call('control', { type => 'RESUME' })->{result}{status}, 'resumed', 'RESUME');
    ok($t->wait_until(sub { states() !~ /T/ }, 20), 'all go on');
    $c->call('control', { type => 'CANCEL' });
    is($c->notification('process.completed', 30)->{params}{cause}, 'cancel', 'CANCEL');
    gone($t, 'cancelled');
    $c->close;

    $c = tree($t, $what);
    my ($busy) = grep { CC::Nginx::children($_, qr/sleep $n/) } $helpers->();
    kill 'KILL', $busy;
    is($c->notification('process.completed', 30)->{params}{cause}, 'lost', 'its helper dies');
    gone($t, 'lost');
    $c->close;

    $c = tree($t, $what);
    $c->close;
    gone($t, 'disconnected');
    return;
}

for my $fence ('on', 'off') {
    my $t = fresh($fence);
    $t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock; cc_executor_user backup;
        cc_executor_helpers min=1 max=4;";
    my $s = CC::Service->new($t, before => \@hidden)->start;
    $t->start;
    trees($t, "a service, fence $fence", sub { $s->helpers });
    my $c = tree($t, 'the service is told to leave');
    ok($s->stop, 'it leaves');
    is($s->{status}, 0, 'with 0');
    gone($t, 'stopped');
    $c->close;
    $t->finish;
}

# nginx, too, and the service is its master's

my $t = fresh('on', http => "cc_executor_service $CC::Service::PROGRAM;
    cc_executor_user backup; cc_executor_helpers min=1 max=4;");
my $nginx = $t->{nginx};
$t->{nginx} = $t->dir . '/hidden';
open my $f, '>', $t->{nginx} or die $!;
print $f "#!/bin/sh\nexec " . join(' ', map { /[ "]/ ? "'$_'" : $_ } @hidden) . " $nginx \"\$@\"\n";
close $f;
chmod 0755, $t->{nginx};
$t->start;
my ($service) = grep { CC::Nginx::title($_) =~ m{^cc-executord -k .*\Q${\$t->dir}\E} }
    map { m{(\d+)$} } glob '/proc/[0-9]*';
trees($t, 'a service of the master', sub {
    my @all = $service;
    @all = map { CC::Nginx::children($_, qr/cc-executord/) } @all for 1 .. 3;
    return @all;
});
my $c = tree($t, 'nginx is stopped');
$t->stop('TERM');
gone($t, 'nginx has left');
$c->close;
$t->finish;

done_testing;
