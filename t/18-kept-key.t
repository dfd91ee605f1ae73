# The key of kept commands is where it is needed and nowhere else: in workers,
# whose memory a command of their user cannot read, and in no spawner, helper,
# command, environment or log.  It stays the same over reloads.
#
# tags: coverage

use strict;
use warnings;
no warnings 'portable';      # addresses have 64 bits

use Digest::SHA qw(sha256);
use Test::More;
use CC::Nginx alone => "what a worker's own user can read of it";

plan skip_all => 'needs root' if $> != 0;

my $secret = 'canary-secret-' . 'k' x 40;
my $key = sha256("cc_executor_secret$secret");

my $location = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_fence off; ';

sub fresh {
    my ($with, $http) = @_;
    my $t = CC::Nginx->new(workers => 1, http => $http // '',
        location => $location . $with);
    mkdir $t->dir . '/root' or die $!;
    write_secret($t, $secret);
    return $t->start;
}

sub write_secret {
    my ($t, $text) = @_;
    my $file = $t->dir . '/root/secret';
    open my $fh, '>', $file or die "$file: $!";
    chmod 0600, $file;
    print $fh "$text\n";
    close $fh or die $!;
    return;
}

# how often the bytes stand in what a process can read and write of its own
sub copies {
    my ($pid, $bytes) = @_;
    local $_;
    open my $maps, '<', "/proc/$pid/maps" or return -1;
    open my $mem, '<:raw', "/proc/$pid/mem" or return -1;
    my $n = 0;
    while (<$maps>) {
        my ($from, $to) = /^(\w+)-(\w+) rw/ or next;
        ($from, $to) = (hex $from, hex $to);
        next if $to - $from > 64 * 1024 * 1024;
        sysseek $mem, $from, 0 or next;
        my $got = sysread $mem, my $data, $to - $from;
        next unless $got;
        $n++ while $data =~ /\Q$bytes\E/g;
    }
    return $n;
}

sub output {
    my ($t, $command) = @_;
    my $c = $t->client;
    $c->call('execute', { command => $command });
    my $text = '';
    while (my $m = $c->next(10)) {
        my $p = $m->{params} // {};
        $text .= $p->{data} // '' if ($m->{method} // '') eq 'process.output';
        last if ($m->{method} // '') eq 'process.completed';
    }
    $c->close;
    return $text;
}

my $read = "cat /proc/\$W/maps > /dev/null 2>&1 && echo maps;"
    . " dd if=/proc/\$W/mem of=/dev/null bs=1 count=1 skip=\$A"
    . " iflag=skip_bytes 2> /dev/null && echo memory; echo done";

sub attempt {
    my ($pid) = @_;
    local $_;
    open my $fh, '<', "/proc/$pid/maps" or die $!;
    my ($start) = map { /^(\w+)-\w+ rw/ ? hex $1 : () } <$fh>;
    return "W=$pid; A=$start; $read";
}

# a process of the same user, as others are: what the rest of this file shows
# would be seen

my $t = fresh('');
my $c = $t->client;
$c->call('execute', { command => 'exec perl -e "sleep 1802"' });
my $pid;
ok($t->wait_until(sub { ($pid) = map { /^(\d+) perl -e sleep 1802/ } $t->processes;
    $pid }), 'a command runs');
is(output($t, attempt($pid)), "maps\nmemory\ndone\n", 'another one can read it');
$c->close;

# a worker that keeps nothing is one of them

my ($worker) = $t->workers;
is(output($t, attempt($worker)), "maps\nmemory\ndone\n",
    'a worker that keeps nothing can be read by its own user');
is(copies($worker, $key), 0, 'one without the file has not its key');
$t->finish;

# with

$t = fresh('cc_executor_keep on;', 'cc_executor_secret %%DIR%%/root/secret;');
($worker) = $t->workers;
is(output($t, attempt($worker)), "done\n", 'one that keeps commands cannot');
is(copies($worker, $key), 1, 'it has the key, once');
is(copies($t->{master}, $key), 1, 'so has the master');

my @others = ($t->keepers, $t->spawners, $t->helpers);
cmp_ok(scalar @others, '>', 2, 'there are others');
is_deeply([grep { copies($_, $key) != 0 } @others], [], 'that have none');
is_deeply([grep { copies($_, $secret) != 0 } $worker, @others], [],
    'nobody has the text of the file');

# whatever the master has drawn at random, each worker draws its own

{
    my $w = CC::Nginx->new(workers => 4, location => $location
        . 'cc_executor_keep on;')->start;
    my (%id, %pid);
    for (1 .. 60) {
        my $c = $w->client;
        my $m = $c->call('execute', { command => 'echo $PPID' });
        my ($pid) = $c->notification('process.output')->{params}{data} =~ /(\d+)/;
        $pid{CC::Nginx::parent(CC::Nginx::parent(CC::Nginx::parent($pid)))}++;
        $id{$_}++ for $c->{connected}{params}{session_id},
            $m->{result}{execution_id};
        $c->close;
    }
    cmp_ok(scalar keys %pid, '>', 1, 'several workers have served');
    is(scalar keys %id, 120, 'no id comes twice');
    $w->finish;
}

# the page

open my $smaps, '<', "/proc/$worker/smaps" or die $!;
my @flags = map { /^VmFlags: (.*)/ ? $1 : () } <$smaps>;
is(scalar(grep { /\blo\b/ && /\bdd\b/ && /\bdc\b/ } @flags), 1,
    'locked, not dumped, not inherited');

# they are as willing to be killed as ever

sub oom { my ($pid) = @_; open my $fh, '<', "/proc/$pid/oom_score_adj" or die;
    chomp(my $n = <$fh>); return $n }
my ($helper) = $t->helpers;
my $expected = oom($worker) + 200;
is(oom($helper), $expected > 1000 ? 1000 : $expected,
    'helpers are killed before the worker');

# a command

$c = $t->client;
$c->call('execute', { command => 'exec sleep 1801' });
$pid = undef;
ok($t->wait_until(sub { ($pid) = map { /^(\d+) sleep 1801/ } $t->processes;
    $pid }), 'a command runs');
is(copies($pid, $key), 0, 'without the key');
my $env = do { open my $fh, '<', "/proc/$pid/environ" or die; local $/; <$fh> };
unlike($env, qr/canary/, 'nor anything of it in its environment');
$c->close;

# the life of the key is that of the master

write_secret($t, 'another-secret-' . 'z' x 40);
$t->signal('HUP');
my $new;
ok($t->wait_until(sub { ($new) = grep { $_ != $worker } $t->workers;
    $new && copies($new, $key) == 1 }, 20), 'a reload does not change it');
like($t->log, qr/is not the key that nginx was started with/, 'and says so');

# a worker that dies is followed by one that has it, too

kill 'KILL', $new;
my $next;
ok($t->wait_until(sub { ($next) = grep { $_ != $new && $_ != $worker }
    $t->workers; $next && copies($next, $key) == 1 }, 20),
    'the next worker has it');
is(output($t, attempt($next)), "done\n", 'and cannot be read');

my $hex = unpack 'H*', $key;
unlike($t->log . $t->slurp('logs/access.log'), qr/canary|$hex/,
    'nothing in the logs');
$t->allow(qr/exited on signal 9/, 1);
$t->finish;

done_testing;
