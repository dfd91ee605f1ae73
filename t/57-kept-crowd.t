# A crowd on one busy command: fifty pages of its owner and of observers, which read
# as they can, and one that is asleep.  They do not hold it up, each of them knows to
# the byte what it has missed, and neither worker nor helper grows with what is
# written.  CC_NIGHTLY: 200 MB instead of 8.
#
# tags: coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Select;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);
use CC::Kept qw(begin);
use CC::Nginx;

my $pages = 50;
my $rounds = $ENV{CC_NIGHTLY} ? 200 : 8;
my $watchers = $pages + 2;              # the owner who reads all, and who sleeps

my $t = CC::Nginx->new(workers => 2, location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_token_file tokens;
    cc_executor_max_watchers $watchers; cc_executor_observe person;");
my $dir = $t->dir;
my %token = map { $_ => "$_-token-" x 8 } qw(agent person);

sub write_file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die "$name: $!";
    print $f $text;
    close $f or die $!;
    return;
}
write_file('tokens', join '', map { "$_ " . sha256_hex($token{$_}) . "\n" }
    sort keys %token);

# the source: a million bytes, again and again, of which each is known by its offset

my $piece = join '', map { sprintf "%09d\n", $_ } 0 .. 99_999;
write_file('work/piece', $piece);
my $twice = $piece . substr $piece, 0, 100_000;
my $total = $rounds * length $piece;
$t->start;

sub client {
    my ($who, %o) = @_;
    return $t->client(%o, headers => { Authorization => "Bearer $token{$who}" });
}

# what a page knows: where it is, what it lost, what was wrong
sub page {
    my ($c, $id, %o) = @_;
    return { c => $c, id => $id, next => 0, data => 0, lost => 0, wrong => [], %o };
}

sub take {
    my ($page, $m) = @_;
    my $p = $m->{params};
    my $method = $m->{method} // '';
    return if ($p->{execution_id} // '') ne $page->{id};
    my $at = $page->{next};
    if ($method eq 'process.output') {
        my $n = length $p->{data};
        push @{ $page->{wrong} }, "data at $p->{offset}, not $at" if $p->{offset} != $at;
        push @{ $page->{wrong} }, "other bytes at $at"
            if $p->{data} ne substr $twice, $at % length $piece, $n;
        $page->{data} += $n;
        $page->{next} = $at + $n;
    } elsif ($method eq 'process.gap') {
        push @{ $page->{wrong} }, "a gap from $p->{from} to $p->{to}, not from $at"
            if $p->{from} != $at || $p->{to} <= $at;
        $page->{lost} += $p->{to} - $p->{from};
        $page->{next} = $p->{to};
    } elsif ($method eq 'process.completed') {
        $page->{end} = $p;
    }
    $page->{c}->send('credit', { execution_id => $page->{id}, stdout => $page->{next} },
        notify => 1) if $page->{window} && !$page->{end};
    return;
}

# all that has come for these pages, until none of them waits for its end
sub watch {
    my ($until, @pages) = @_;
    my $deadline = time + 300;
    my $select = IO::Select->new;
    my %of;
    for my $page (@pages) {
        $of{ fileno $page->{c}->ws->{sock} } = $page;
        $select->add($page->{c}->ws->{sock});
        take($page, shift @{ $page->{c}{queue} }) while @{ $page->{c}{queue} };
    }
    until ($until->() || time > $deadline) {
        for my $sock ($select->can_read(1)) {
            my $page = $of{ fileno $sock };
            $page->{c}->ws->fill(time + 1) or $select->remove($sock);
            while (my $m = $page->{c}->receive(0)) {
                take($page, $m);
            }
        }
    }
    return;
}

sub exact {
    my ($page, $what) = @_;
    is_deeply($page->{wrong}, [], "$what: every byte at its offset or in a gap");
    is($page->{next}, $total, "$what: to the end");
    is($page->{data} + $page->{lost}, $total, "$what: nothing twice");
    is(($page->{end} // {})->{exit_code}, 5, "$what: and is told how it ended");
    return;
}

# private memory, KiB
sub private {
    my $sum = 0;
    for my $pid (@_) {
        $sum += $_ for $t->slurp("../../../proc/$pid/smaps_rollup")
            =~ /^Private_\w+:\s+(\d+)/mg;
    }
    return $sum;
}

# they come to a command that waits for a file to begin

my $owner = client('agent');
my $go = "$dir/work/go";
my $busy = "until [ -e $go ]; do sleep 0.02; done; "
    . "i=0; while [ \$i -lt $rounds ]; do cat $dir/work/piece; i=\$((i+1)); done; exit 5";
my $id = begin($owner, $busy, output => 'chunk');
my @pages = map {
    my $who = $_ % 2 ? 'agent' : 'person';
    my $c = client($who);
    my $m = $c->call('attach', { execution_id => $id, output => 'chunk', flow => 'lossy',
        window => 16384 });
    is(($m->{result} // {})->{flow}, 'lossy', "page $_, $who") or diag explain $m;
    page($c, $id, window => 1);
} 1 .. $pages;
my $asleep = page(client('person', room => 4096), $id);
is($asleep->{c}->call('attach', { execution_id => $id, output => 'chunk' })->{result}{watchers},
    $watchers, 'and one who will sleep');
my $m = client('agent')->call('attach', { execution_id => $id });
is($m->{error}{code}, -32001, 'there is no room for another one');

my ($entry) = grep { $_->{execution_id} eq $id } @{ client('agent')->owned->{commands} };
my ($helper) = grep { my $h = $_; grep { $_ == $entry->{pid} } CC::Nginx::children($h, qr/./) }
    $t->helpers;
my @workers = $t->workers;
my @before = (private(@workers), private($helper));
my @most = @before;

# the owner takes everything, the pages what they can, one nothing

my $reader = page($owner, $id);
open my $f, '>', $go or die $!;
close $f;
my $looks = 0;
watch(sub {
    if ($looks++ % 4 == 0 || $reader->{end}) {
        my @now = (private(@workers), private($helper));
        @most = map { max($most[$_], $now[$_]) } 0, 1;
    }
    return $reader->{end};
}, $reader, @pages);
exact($reader, 'the owner, lossless');
is($reader->{lost}, 0, 'who lost nothing');

# it is over, and one has not read a byte; what is still on its way to the others

watch(sub { !grep { !$_->{end} } @pages }, @pages);
exact($pages[$_ - 1], "page $_") for 1 .. $pages;
watch(sub { $asleep->{end} }, $asleep);
exact($asleep, 'who slept');
cmp_ok($asleep->{lost}, '>', 0, 'and has missed something');

# The helper holds the ring, head and tail; a worker for each watcher one copy of at
# most 64 KiB and one message in JSON: whatever was written

my @grown = map { $most[$_] - $before[$_] } 0, 1;
note("private memory, $looks times looked at: workers $before[0] + $grown[0] KiB, helper $before[1] + $grown[1] KiB");
cmp_ok($grown[0], '<', $watchers * 256, 'the workers have not grown');
cmp_ok($grown[1], '<', 1024, 'nor has the helper');
$_->{c}->close for $reader, $asleep, @pages;

# nobody reads at all: it does not wait for those who may lose something

$owner = client('agent');
unlink $go;
$id = begin($owner, $busy, output => 'chunk', overflow => 'drop');
@pages = map { my $c = client($_ % 2 ? 'agent' : 'person', room => 4096);
    $c->call('attach', { execution_id => $id, output => 'chunk', flow => 'lossy' });
    page($c, $id) } 1 .. $pages;
$owner->call('detach', { execution_id => $id });
open $f, '>', $go or die $!;
close $f;
is($owner->answer($owner->send('wait', { execution_id => $id, timeout_ms => 100_000 }), 120)
    ->{result}{reason}, 'exit', 'fifty who are asleep: it goes on to its end');
watch(sub { !grep { !$_->{end} } @pages }, @pages);
exact($pages[$_ - 1], "sleeper $_") for 1 .. $pages;

$t->finish;
done_testing;
