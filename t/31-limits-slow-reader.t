# A client that does not read: memory stays bounded, control acts at once,
# nothing is lost.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

# a sanitizer keeps what was freed for a while
my $mib = $ENV{CC_SANITIZE} ? 16384 : 1024;

use constant { PERIOD => 65537, SIZE => 1 << 30 };

my $t = CC::Nginx->new->start;
system('cp', "$CC::Nginx::ROOT/build/fixtures/flood", $t->dir) == 0 or die;
chmod 0755, $t->dir . '/flood';

my $pattern = join '', map { $_ % 64 == 63 ? "\n" : chr(97 + $_ * 7 % 26) }
    0 .. PERIOD - 1;
$pattern x= 3;

# { anonymous, shared } memory of a process in KiB
sub memory {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/status" or return {};
    my %m;
    while (<$f>) {
        $m{anon} = $1 if /^RssAnon:\s+(\d+)/;
        $m{shared} = $1 if /^RssShmem:\s+(\d+)/;
    }
    return \%m;
}

my $c = $t->client;

# warm: every helper and the worker have done everything once

$c->run({ args => [$t->dir . '/flood', '3000000'], output => 'chunk' },
    lean => 1) for 1 .. 4;

my ($worker) = $t->workers;
my $before = memory($worker);

my $pid = $c->call('execute', { args => [$t->dir . '/flood', '' . SIZE],
    output => 'chunk' })->{result}{pid};
open my $f, '<', "/proc/$pid/stat" or die $!;
my ($helper) = <$f> =~ /^\d+ \(.*\) \S (\d+)/s;
close $f;
is_deeply([grep { $_ == $helper } $t->helpers], [$helper],
    'the command is the child of a helper');
my $helper_before = memory($helper);

sub cpu {
    open my $f, '<', "/proc/$_[0]/stat" or return 0;
    my @f = split / /, <$f> =~ s/^.*\) //sr;
    return $f[11] + $f[12];
}

# the client sleeps for three seconds; that is what is tested
my $cpu = cpu($worker) + cpu($helper);
select undef, undef, undef, 3;
$cpu = cpu($worker) + cpu($helper) - $cpu;
cmp_ok($cpu, '<', 50, 'nobody spins while nobody reads');

my $worker_then = memory($worker);
my $helper_then = memory($helper);
cmp_ok($worker_then->{anon} - $before->{anon}, '<=', $mib,
    'the worker has grown by at most 1 MiB');
cmp_ok($worker_then->{shared} - $before->{shared}, '<=', 2 * 256,
    'and a ring, which is mapped twice');
cmp_ok($helper_then->{anon} - $helper_before->{anon}, '<=', $mib,
    'so has the helper');

# control acts although its answer waits

my $state = sub {
    open my $f, '<', "/proc/$pid/stat" or return '-';
    return <$f> =~ /^\d+ \(.*\) (\S)/s ? $1 : '-';
};
my $id = $c->send('control', { type => 'PAUSE' });
ok($t->wait_until(sub { $state->() eq 'T' }, 5),
    'PAUSE acts while the output is stuck');
my $resume = $c->send('control', { type => 'RESUME' });
ok($t->wait_until(sub { $state->() ne 'T' }, 5), 'RESUME, too');

# everything arrives

my ($offset, $bad, $completed, %answered) = (0, 0);
my $t0 = time;
while (my $m = $c->next) {
    if (($m->{method} // '') eq 'process.output') {
        my $p = $m->{params};
        my $n = length $p->{data};
        $bad++ if $p->{offset} != $offset || $p->{next} != $offset + $n
            || $p->{data} ne substr $pattern, $offset % PERIOD, $n;
        $offset += $n;
    } elsif (($m->{method} // '') eq 'process.completed') {
        $completed = $m->{params};
        last;
    } elsif (defined $m->{id}) {
        $answered{ $m->{id} } = $m->{result}{status};
    }
}
is($bad, 0, 'every byte stands where it belongs');
is($offset, SIZE, 'all of them');
is_deeply(\%answered, { $id => 'paused', $resume => 'resumed' },
    'control was answered');
is($completed->{exit_code}, 0, 'completed');
is($completed->{stdout_bytes}, SIZE, 'stdout_bytes');
diag sprintf '%.0f MiB/s, this client included', SIZE / 1048576 / (time - $t0);

cmp_ok(memory($worker)->{anon} - $before->{anon}, '<=', $mib,
    'the worker has not grown by the whole of it');
cmp_ok(memory($helper)->{anon} - $helper_before->{anon}, '<=', $mib,
    'nor has the helper');

# a slow reader on one side does not slow the other

$c->send('execute', { args => [$t->dir . '/flood', '50000000'],
    output => 'chunk' });
$c->notification('process.started');
my $other = $t->client;
is($other->run('echo quick')->{stdout}, "quick\n",
    'others are served meanwhile');
$other->close;

# and leaves while everything is stuck

$c->close;
ok($t->wait_until(sub { !grep { /flood/ } $t->processes }, 5),
    'a stuck command ends with its client');

$t->finish;
done_testing;
