# Signals reach every process of a command, whatever group or session it went
# to: TERM comes with the time to use it, PAUSE stops all, RESUME wakes all; with
# a fence (where the helper's own domain does it in one step) and without (a
# walk).
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Cases qw(cases);
use CC::Mcp;
use CC::Nginx;

my @cases = cases('tree');

sub state_of {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return '-';
    return (<$f> // '') =~ /^\d+ \(.*\) (\S)/s ? $1 : '-';
}

# all descendants of a process
sub below {
    my ($top) = @_;
    my %children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $f, '<', $stat or next;
        my ($pid, $parent) = (<$f> // '') =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @{ $children{$parent} }, $pid;
    }
    my @found = my @todo = @{ $children{$top} // [] };
    while (defined(my $pid = shift @todo)) {
        push @found, @{ $children{$pid} // [] };
        push @todo, @{ $children{$pid} // [] };
    }
    return @found;
}

my $n = 0;

for my $fence ('on', 'off') {
    my $t = CC::Nginx->new(location => "cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_fence $fence;
        cc_executor_kill_grace 20s; cc_executor_max_commands 64;
        cc_executor_max_commands_per_session 32;")->start;
    my $dir = $t->dir . '/work';

    # a program file: its quotes are its own
    open my $f, '>', "$dir/save" or die $!;
    print $f <<'EOS';
#!/bin/sh
trap 'echo saved >> $1; exit' TERM
sleep 50 &
: > $1.ready
wait
EOS
    close $f;
    chmod 0755, "$dir/save";

    my $commands = sub {
        my $round = ++$n;
        return map {
            my %c = (%$_, file => "$dir/$round." . $_->{line});
            $c{command} =~ s/%SAVE%/$dir\/save $c{file}/;
            \%c;
        } @cases;
    };
    # a shell that has forked and not yet executed may lose a signal
    my $ready = sub {
        my (@c) = @_;
        my $sleeps = @c + grep { $_->{command} =~ /sleep 50/ } @c;
        $t->wait_until(sub { !grep { !-e "$_->{file}.ready" } @c }, 20)
            && $t->wait_until(sub {
                $sleeps <= grep { /^\d+ sleep 50/ } $t->processes }, 20);
    };
    my $saved = sub {
        my ($how, @c) = @_;
        ok($t->wait_until(sub { !grep { !-s $_->{file} } @c }, 10),
            "fence $fence, $how: TERM has reached all, and there was time")
            or diag join ', ', map { $_->{name} } grep { !-s $_->{file} } @c;
        ok($t->wait_until(sub { !grep { /$dir\/save|sleep 50/ }
            $t->processes }, 10), "fence $fence, $how: and nobody is left");
    };

    my $causes = sub {
        my ($client, @c) = @_;
        my %cause;
        for (@c) {
            my $told = $client->notification('process.completed') or last;
            $cause{ $told->{params}{cause} }++;
        }
        return \%cause;
    };

    # what is told, and that nobody waited for the grace time

    my @c = $commands->();
    my $c = $t->client;
    my $t0 = time;
    $c->send('execute', { command => $_->{command} }) for @c;
    ok($ready->(@c), "fence $fence, cancel: ready");
    $c->send('control', { type => 'CANCEL',
        execution_id => $_->{execution_id} })
        for @{ $c->call('list')->{result}{commands} };
    is_deeply($causes->($c, @c), { cancel => scalar @c },
        "fence $fence, cancel: cause");
    cmp_ok(time - $t0, '<', 15, "fence $fence, cancel: no time was wasted");
    $saved->('cancel', @c);

    # both kinds of time limits in one go

    @c = $commands->();
    my @d = $commands->();
    my $m = CC::Mcp->new(port => $t->port);
    $m->initialize;
    $c->send('execute', { command => $_->{command}, timeout => 4 }) for @c;
    my @ids = map { $m->send('tools/call', CC::Mcp::execute_params({
        command => $_->{command}, timeout_ms => 4000 })) } @d;
    ok($ready->(@c, @d), "fence $fence, timeout: ready");
    is_deeply($causes->($c, @c), { timeout => scalar @c },
        "fence $fence, timeout: cause");
    is(scalar(grep { $m->answer($_)->{result}{isError} } @ids), scalar @d,
        "fence $fence, MCP timeout: is an error");
    $saved->('timeout', @c, @d);

    # somebody asks for an end, or leaves

    @c = $commands->();
    $c->send('execute', { command => $_->{command} }) for @c;
    ok($ready->(@c), "fence $fence, disconnect: ready");
    $c->close;
    $saved->('disconnect', @c);

    @c = $commands->();
    @ids = map { $m->send('tools/call', CC::Mcp::execute_params(
        $_->{command})) } @c;
    ok($ready->(@c), "fence $fence, MCP: ready");
    $m->send('notifications/cancelled', { requestId => $_ }, notify => 1)
        for @ids;
    $saved->('MCP cancel', @c);

    $m->close;

    # the shell behind the pause: all stop, all go on, and none of them takes
    # what was stopped for suspended

    @c = $commands->();
    for my $case (@c) {
        my $name = "fence $fence, $case->{name}";
        $c = $t->client;
        my $id = $c->send('execute', { command => $case->{command} });
        my $run = $c->answer($id)->{result};
        $ready->($case);
        my $helper = CC::Nginx::parent($run->{pid});
        my @tree;
        ok($t->wait_until(sub { @tree = below($helper);
            grep { CC::Nginx::title($_) =~ /^sleep 50/ } @tree }),
            "$name: runs");
        my $p = $c->call('control', { type => 'PAUSE' });
        is_deeply($p->{result}, { status => 'paused' }, "$name: paused");
        is(join('', map { state_of($_) } below($helper)), 'T' x @tree,
            "$name: all of them");
        is_deeply($c->call('control', { type => 'RESUME' })->{result},
            { status => 'resumed' }, "$name: resumed");
        ok($t->wait_until(sub { !grep { state_of($_) ne 'S' }
            below($helper) }), "$name: all of them");
        is_deeply([sort { $a <=> $b } below($helper)],
            [sort { $a <=> $b } @tree], "$name: nobody took it for an end");
        $c->call('control', { type => 'PAUSE' });
        $c->call('control', { type => 'CANCEL' });
        is($c->notification('process.completed')->{params}{cause}, 'cancel',
            "$name: canceled while paused");
        ok(-s $case->{file}, "$name: and told so");
        $c->close;
    }

    # births all the time: nobody escapes the pause

    $c = $t->client;
    my $run = $c->call('execute', { command =>
        'while :; do (setsid sleep 0.02 &) ; sleep 0.01; done' })->{result};
    my $helper = CC::Nginx::parent($run->{pid});
    my $bad = 0;
    for (1 .. 20) {
        select undef, undef, undef, 0.03;
        my $r = $c->call('control', { type => 'PAUSE' })->{result};
        my @states = map { state_of($_) } below($helper);
        $bad++ if $r->{left} || grep { !/[TZ-]/ } @states;
        $c->call('control', { type => 'RESUME' });
    }
    is($bad, 0, "fence $fence: births are no way out");
    $c->close;
    $t->finish;
}

done_testing;
