# Nginx stops, quits, is killed, while several kept commands run and others are
# over: who watches is told, all get TERM and their grace, and nothing is left.
# A new binary beside the old one: they belong to the old master.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Kept qw(begin attach completed detached);
use CC::Nginx;

sub nginx {
    return CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on;
        cc_executor_kill_grace 500ms;',
        http => 'cc_executor_helpers min=1 max=8;', @_)->start;
}

# one that says good-bye, one that does not listen, one that nobody watches,
# one that is over, a bound one
sub commands {
    my ($t) = @_;
    my $c = $t->client;
    my %id = (
        polite => begin($c, 'trap "echo bye > ' . $t->dir
            . '/work/bye; exit 3" TERM; echo ready;'
            . ' while :; do sleep 0.05; done'),
        deaf => begin($c, 'trap "" TERM; echo ready;'
            . ' while :; do sleep 0.05; done'),
        over => begin($c, 'true'),
    );
    completed($c, $id{over});
    my $d = $t->client;
    begin($d, 'setsid -f sleep 5731; exec sleep 5732') for 1, 2;
    my ($w) = attach($t, $id{deaf});
    for my $p (qw(polite deaf)) {
        ok($c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id{$p}
            && $_[0]{method} eq 'process.output' }, 30), "$p is ready");
    }
    ok($t->wait_until(sub { 4 == grep { /^\d+ sleep 573/ } $t->processes },
        20), 'all run');
    $d->close;
    return ($c, $w, %id);
}

sub gone {
    my ($t, $what, $t0) = @_;
    my @left;
    ok($t->wait_until(sub { !(@left = $t->processes) }, 20),
        "$what: no process is left") or diag(join "\n", @left);
    cmp_ok(time - $t0, '<', 10.5, 'within grace and 10 s');
    is($t->slurp('work/bye'), "bye\n", 'TERM came first');
    return;
}

for my $signal (qw(TERM QUIT)) {
    my $t = nginx();
    my ($c, $w, %id) = commands($t);
    my $t0 = time;
    $t->signal($signal);
    is(detached($c, $id{$_})->{reason}, 'shutdown', "$signal: told of $_")
        for qw(polite deaf);
    is(detached($w, $id{deaf})->{reason}, 'shutdown', 'a watcher, too');
    for ($c, $w) {
        1 while $_->receive(10);
        is($_->{closed}, 1001, 'then the close');
    }
    ok($t->wait_until(sub { $t->ended($t->{master}) }, 20), 'nginx is gone');
    delete $t->{master};
    gone($t, $signal, $t0);
    $t->finish;
}

# the master is killed: workers stay until somebody ends them, commands do not

{
    my $t = nginx();
    my ($c, $w, %id) = commands($t);
    my @workers = $t->workers;
    my $t0 = time;
    kill 'KILL', $t->{master};
    is(completed($c, $id{$_})->{cause}, 'shutdown', "master killed: $_ ends")
        for qw(polite deaf);
    is(completed($w, $id{deaf})->{signal}, 'SIGKILL', 'after its grace');
    my ($x, $m) = attach($t, $id{over});
    isnt($m->{result}{state} // '', 'running', 'nothing stays');
    $_->close for $c, $w, $x;
    ok($t->wait_until(sub { !grep { /sleep|sh -c/ } $t->processes }, 20),
        'no command is left') or diag(join "\n", $t->processes);
    waitpid delete $t->{master}, 0;
    kill 'TERM', @workers;
    ok($t->wait_until(sub { !grep { CC::Nginx::title($_) =~ /worker/ }
        @workers }, 20), 'nor a worker, when told');
    gone($t, 'master killed', $t0);
    $t->finish;
}

# another binary

{
    my ($binary) = grep { -x } map { "$_/nginx" } split /:/,
        "$ENV{PATH}:/usr/sbin";
    my $t = nginx(nginx => $ENV{TEST_NGINX_BINARY} // $binary, daemon => 1);
    my $pid = sub { $t->slurp($_[0]) =~ /^(\d+)$/m ? $1 : 0 };
    my ($c, $w, %id) = commands($t);
    my $old = $t->{master} = $pid->('nginx.pid');
    kill 'USR2', $old;
    ok($t->wait_until(sub { $pid->('nginx.pid.oldbin') && $pid->('nginx.pid')
        && $pid->('nginx.pid') != $old }, 20), 'a second master')
        or diag($t->log);
    my $new = $t->{master} = $pid->('nginx.pid');
    ok($t->wait_until(sub { 2 == CC::Nginx::children($new, qr/worker/) }, 20),
        'with workers');

    is($w->call('read', { execution_id => $id{deaf}, offset => 0 })
        ->{result}{state}, 'running', 'the old workers serve them still');

    my $t0 = time;
    kill 'QUIT', $old;
    is(detached($c, $id{$_})->{reason}, 'shutdown', "QUIT to the old: $_")
        for qw(polite deaf);
    ok($t->wait_until(sub { !-e "/proc/$old" }, 20), 'it goes');
    my @left;
    ok($t->wait_until(sub { !(@left = grep { /sleep|sh -c/ } $t->processes) },
        20), 'they with it') or diag(join "\n", @left);
    cmp_ok(time - $t0, '<', 10.5, 'in time');

    my ($x, $m) = attach($t, $id{polite});
    is($m->{error}{code}, -32003, 'the new one does not know them');
    my $next = begin($x, 'exit 7');
    is(completed($x, $next)->{exit_code}, 7, 'and has its own');
    $x->close;
    kill 'QUIT', $new;
    ok($t->wait_until(sub { !-e "/proc/$new" }, 20), 'it stops');
    delete $t->{master};
    $t->finish;
}

done_testing;
