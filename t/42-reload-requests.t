# A reload under clients that ask as soon as they are answered: no request is
# lost.  Each is served, or refused by its id, or (a Close crossed it) was never
# started: the client connects again and sends it again.  A Close crosses only
# the request of a client that was quiet for a while before it.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Client;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(workers => 2)->start;
my $dir = $t->dir . '/work';
chmod 0777, $dir;

# who asked this long ago (s) is at work: NGX_CC_WS_QUIET, less a way's time
my $quiet = 0.4;

# clients in turn: one request each at a time, round after round

sub clients {
    my ($protocol) = @_;
    return $protocol eq 'mcp' ? CC::Mcp->new(port => $t->port)
        : $t->client;
}

for my $protocol ('native', 'mcp') {
    my $mcp = $protocol eq 'mcp';
    my (%c, %n, %asked, %gap, @lost);
    my %count = map { $_ => 0 } qw(done refused crossed hasty);
    my $ask = sub {
        my ($i) = @_;
        my $now = time;
        $gap{$i} = $now - ($asked{$i} // $now);
        $asked{$i} = $now;
        $n{$i}++;
        my $command = "echo x >> $dir/$protocol-$i-$n{$i}";
        $c{$i}{id} = $mcp ? $c{$i}{c}->send('tools/call',
                CC::Mcp::execute_params($command))
            : $c{$i}{c}->send('execute', { command => $command });
    };
    for my $i (1 .. 9) {
        $c{$i}{c} = clients($protocol);
        $c{$i}{c}->initialize if $mcp;
        $ask->($i);
    }
    my $deadline = time + 60;
    my $reload = 4;
    my $rounds = 0;

    # where all are so slow that each seems to be quiet, one of them hurries

    while (($reload > 0 || $rounds < 12 || !$count{refused}) && time < $deadline) {
        $rounds++;
        my @turn = $reload > 0 || $rounds < 12 ? sort keys %c : 1;
        if ($rounds % 3 == 0 && ($reload > 0 || !$count{refused})) {
            $reload--;
            my @old = $t->workers;
            $t->signal('HUP');
            $t->wait_until(sub { my %is = map { $_ => 1 } @old;
                grep { !$is{$_} } $t->workers }, 5) if @turn > 1;
        }
        for my $i (@turn) {
            my ($c, $id) = ($c{$i}{c}, $c{$i}{id});
            my ($answered, $refused);
            while (my $m = $c->next(10)) {
                if (defined $m->{id} && $m->{id} == $id) {
                    $answered = 1;
                    $refused = $m->{error};
                    last if $mcp || $refused;
                }
                last if ($m->{method} // '') eq 'process.completed';
            }
            my $file = "$dir/$protocol-$i-$n{$i}";
            if ($refused) {
                $count{refused}++;
                like($refused->{message}, qr/reload/, 'a refusal says why');
                ok(!-e $file, 'what is refused was not started');
                is($c->next(10), undef, 'a Close follows');
                is($c->{closed}, 1001, 'of 1001');
            } elsif (!$answered) {
                $count{crossed}++;
                $count{hasty}++ if $gap{$i} < $quiet;
                is($c->{closed}, 1001, 'no answer: Close 1001');
                ok(!-e $file, 'what is not answered was not started');
            } else {
                $count{done}++;
                push @lost, $file unless -s $file == 2;
            }
            if (defined $c->{closed} || $refused) {
                $c->close;
                $c{$i}{c} = clients($protocol);
                $c{$i}{c}->initialize if $mcp;
            }
            $ask->($i);
        }
    }
    is("@lost", '', "$protocol: what was answered ran once");
    is($count{hasty}, 0, "$protocol: no Close crossed a client at work");
    cmp_ok($count{refused}, '>', 0, "$protocol: some were refused by their id");
    diag "$protocol: $rounds rounds, $count{done} served, "
        . "$count{refused} refused, $count{crossed} crossed";
    $_->{c}->close for values %c;
}

# who has been quiet is closed at once, who was just answered half a second later;
# on a busy machine a reload itself may take as long, so there are several

my ($at_once, $least) = (0, 60);
for my $round (1 .. 10) {
    # no reload is on its way
    $t->wait_until(sub { my @w = map { CC::Nginx::title($_) } $t->workers;
        @w == 2 && !grep { /shutting down/ } @w }, 30);
    my ($quiet, $busy) = map { $t->client } 1, 2;
    $quiet->run('echo x');
    select undef, undef, undef, 0.7;
    my $t0 = time;
    $busy->run('echo x');
    $t->signal('HUP');
    is($quiet->next(20), undef, 'a quiet session');
    is($quiet->{closed}, 1001, 'is closed');
    $at_once = (time - $t0 < 0.45);
    is($busy->next(20), undef, 'and one that is not');
    is($busy->{closed}, 1001, 'is closed, too');
    $least = time - $t0 if time - $t0 < $least;
    $_->close for $quiet, $busy;
    last if $at_once;
}
cmp_ok($least, '>=', 0.5, 'not before it has been quiet for half a second');
ok($at_once, 'the other one at once');

$t->finish;
done_testing;
