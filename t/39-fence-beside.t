#!/usr/bin/perl

# Locations with and without a fence beside each other, on the same helpers: one
# whose commands have been alike denies itself what they are denied (the filter
# for system calls), which none of them can undo.  Whoever has no fence never gets
# such a helper, whatever came before, and always gets one.
#
# tags: asan

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

my $abi = syscall(444, 0, 0, 1);
plan skip_all => "Landlock $abi: no fence here" if $abi < 2;

my $t = CC::Nginx->new(
    http => 'cc_executor_helpers min=1 max=2;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;',
    server => <<'EOC');
location /open { cc_executor on; cc_executor_allow any; cc_executor_fence off; }
location /files { cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_fence_read /; }
EOC
$t->start;

my %c = (fenced => $t->client, open => $t->client(path => '/open'),
    files => $t->client(path => '/files'));

# how many filters a process has
sub filters {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/status" or return 'it is gone';
    return (join('', <$f>) =~ /^Seccomp_filters:\s+(\d+)$/m)[0];
}

my $begin = filters($$);
plan skip_all => 'this kernel does not count filters' unless defined $begin;

# of a command, and its helper
sub run {
    my ($who) = @_;
    my $r = $c{$who}->run({ args => ['/bin/grep', '-E',
        '^(PPid|Seccomp_filters):', '/proc/self/status'] });
    my ($helper, $n) = $r->{stdout} =~ /^PPid:\s+(\d+)\nSeccomp_filters:\s+(\d+)$/m
        or diag explain $r;
    return ($helper, $n - $begin);
}

# the helper that served them settles

my ($helper, $n, $settled);
for (1 .. 20) {
    ($helper, $n) = run('fenced');
    is($n, 1, 'a fenced command has one filter');
    last if $settled = filters($helper) > $begin;
}
ok($settled, 'which its helper has by now, too');
is((run('fenced'))[1], 1, 'so the next one has no second one');

# and others do without it

for my $turn (1 .. 3) {
    my ($other, $none) = run('open');
    is($none, 0, "turn $turn: a command without a fence has no filter");
    is(filters($other), $begin, '... nor has its helper');
    is((run('fenced'))[1], 1, '... one with a fence has its own') for 1 .. 12;
}

# what denies more stands on what denies less

for my $turn (1 .. 3) {
    is((run('files'))[1] > 0, 1, "turn $turn: files confined: filtered") for 1 .. 12;
    like($c{files}->run('unshare -U true')->{stderr}, qr/not permitted/,
        '... no namespaces');
    is((run('fenced'))[1], 1, '... a fence without paths: one filter');
    is((run('open'))[1], 0, '... without a fence: none');
}

# more of both kinds than there are helpers: all begin, and end

my @list = map { $t->client(path => $_ % 2 ? '/open' : '/ws/mcp') } 1 .. 12;
for my $turn (1 .. 10) {
    $_->send('execute', { args => ['/bin/grep', 'Seccomp_filters',
        '/proc/self/status'] }) for @list;
    my @wrong = grep { said($list[$_]) ne ($_ % 2 ? 1 : 0) } 0 .. $#list;
    is("@wrong", '', "turn $turn: two helpers serve twelve clients of both kinds");
}

# how many filters the command of this client had, as it said
sub said {
    my ($c) = @_;
    my $text = '';
    while (my $m = $c->next) {
        $text .= $m->{params}{data} if ($m->{method} // '') eq 'process.output';
        last if $m->{error} || ($m->{method} // '') =~ /^process\.(?:completed|error)$/;
    }
    return $text =~ /(\d+)$/m ? $1 - $begin : "nothing: $text";
}

$_->close for values %c, @list;
$t->finish;
done_testing;
