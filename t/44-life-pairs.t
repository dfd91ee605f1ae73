# Any two of our processes are killed, in any order, while a command runs whose
# daemons have gone to sessions of their own: nothing of it outlives its helper
# or nginx.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

# two daemons, one of which has a child, and a process of the session
my $command = 'setsid -f sleep 4441; (setsid sh -c "sleep 4442 & '
    . 'exec sleep 4443" &) ; echo ready; exec sleep 4444';

my @kinds = qw(master worker keeper spawner helper);

for my $first (@kinds) {
    for my $second (@kinds) {
        next if $first eq $second;
        my $t = CC::Nginx->new(location => 'cc_executor_allow any;
            cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;',
            http => 'cc_executor_helpers min=1 max=4;')->start;
        my $c = $t->client;
        my $sleeps = sub { grep { /^\d+ sleep 444\d/ } $t->processes };
        my $run = $c->call('execute', { command => $command })->{result};
        my $ready = $c->notification('process.output')
            && $t->wait_until(sub { 4 == (my @s = $sleeps->()) }, 20);
        my %pid = (master => $t->{master}, worker => ($t->workers)[0],
            keeper => ($t->keepers)[0], spawner => ($t->spawners)[0],
            helper => CC::Nginx::parent($run->{pid}));
        my $name = "$first, then $second";
        ok($ready && 5 == grep({ $_ && -e "/proc/$_" } values %pid),
            "$name: all are there") or diag explain \%pid;

        kill 'KILL', $pid{$first};
        kill 'KILL', $pid{$second};

        # whoever is left cleans up; without a helper at once
        if ($first eq 'helper' || $second eq 'helper') {
            ok($t->wait_until(sub { !$sleeps->() }, 15),
                "$name: the tree goes with its helper");
        }
        if ($first ne 'master' && $second ne 'master') {
            $t->stop('TERM');
        } else {
            # it is a zombie of ours; its worker does not notice, but serves
            waitpid delete $t->{master}, 0;
            kill 'TERM', grep { CC::Nginx::title($_) =~ /worker process/ }
                $pid{worker};
        }
        ok($t->wait_until(sub { !$sleeps->() }, 15),
            "$name: nothing outlives nginx") or diag join "\n", $sleeps->();
        ok($t->wait_until(sub { !grep {
            CC::Nginx::title($_) =~ /^nginx/ } values %pid }, 15),
            "$name: none of us is left");
        $c->close;
    }
}

done_testing;
