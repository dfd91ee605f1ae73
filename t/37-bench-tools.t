#!/usr/bin/perl

# The load generator of the benchmark tells the truth: it counts what came, and
# what is lost or wrong ends it.  How fast anything is, is not tested.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Attack qw(abi);
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $t = CC::Nginx->new(location => 'cc_executor_allow any; cc_executor_env '
    . 'PATH=/usr/bin:/bin;');
my $bin = $t->dir . '/bench';
mkdir $bin;

for my $name (qw(bare lines load)) {
    my %of = (load => [qw(lib/ngx_cc_packet lib/ngx_cc_ws_frame lib/ngx_cc_utf8)],
        bare => [qw(helper/ngx_cc_fence helper/ngx_cc_seccomp)]);
    my @lib = map { "$root/src/$_.c" } @{ $of{$name} // [] };
    is(system('gcc', '-O1', '-std=gnu11', "-I$root/src/lib",
        "-I$root/src/helper", '-o', "$bin/$name", "$root/t/bench/$name.c", "$root/t/bench/bench.c", @lib),
        0, "$name is built");
}

$t->start;

# (exit code, what was printed)
sub program {
    my (@args) = @_;
    my $command = join ' ', map { quotemeta } @args;
    my $text = `$bin/$command 2>&1`;
    return ($? >> 8, $text);
}

sub execute {
    my ($params) = @_;
    return '{"jsonrpc":"2.0","id":1,"method":"execute","params":'
        . "{$params}}";
}

my ($rc, $text) = program('load', 'call', $t->port, '-c', 2, '-t', 0.2, '-s',
    execute('"args":["/bin/true"]'), '-d', 'process.completed');
is($rc, 0, 'call');
like($text, qr/count=[1-9]\d* .*p50=[\d.]+/, 'commands are counted');

for my $mode ('line', 'chunk') {
    ($rc, $text) = program('load', 'output', $t->port, '-c', 2, '-s', execute(
        qq("args":["$bin/lines","65536","1000000"],"output":"$mode")));
    is($rc, 0, "output, $mode");
    like($text, qr/bytes=2000000 /, 'every byte is counted');
}

($rc, $text) = program('load', 'output', $t->port, '-x', '-s',
    execute(qq("args":["$bin/lines","1000","300000","0"])));
is($rc, 0, 'the alphabet is recognized');
($rc, $text) = program('load', 'output', $t->port, '-x', '-s',
    execute('"args":["/bin/echo","abdc"]'));
is($rc, 1, 'and what is something else, too');
like($text, qr/not what was written/, 'by name');

($rc, $text) = program('load', 'session', $t->port, '-c', 2, '-t', 0.2, '-d',
    'connected');
is($rc, 0, 'session');
like($text, qr/count=[1-9]/, 'sessions are counted');

($rc, $text) = program('load', 'call', $t->port, '-p', '/other', '-s', 'x');
is($rc, 1, 'a handshake that is refused');

($rc, $text) = program('bare', 2, 2, 0.1, '/bin/true');
is($rc, 0, 'bare');
like($text, qr/count=[1-9]\d* rate=[\d.]+ .*p50=[\d.]+/, 'and its figures');
($rc) = program('bare', 1, 1, 0.1, '/bin/false');
is($rc, 1, 'a command that fails is noticed');

# with the set-up of a command

my $looks = "$bin/looks";
open my $f, '>', $looks or die "$looks: $!";
print $f <<'EOS';
#!/bin/sh -e
[ "$(ls /proc/self/fd | tr '\n' ' ')" = '0 1 2 3 ' ]
[ -p /proc/self/fd/1 ]
[ -p /proc/self/fd/2 ]
[ "$(pwd -P)" = "$(cd "${0%/*}/place" && pwd -P)" ]
[ "$(umask)" = 0022 ]
[ "$(cut -d ' ' -f 5 /proc/$$/stat)" = $$ ]
EOS
print $f <<'EOS' if abi() >= 2;         # there is a fence, and the filter with it
grep -q '^NoNewPrivs:.1' /proc/self/status
grep -q '^Seccomp:.2' /proc/self/status
EOS
close $f;
chmod 0755, $looks;
mkdir "$bin/place";
$rc = system("$bin/bare -s $bin/place 2 2 0.1 $looks > $bin/said 2>&1");
open $f, '<', "$bin/said" or die "$bin/said: $!";
$text = do { local $/; <$f> };
is($rc, 0, 'bare -s: pipes, directory, group, mask, fence and filter') or diag $text;
like($text, qr/count=[1-9]\d* rate=[\d.]+ .*p50=[\d.]+/, 'and its figures');
is_deeply([glob "$bin/place/*"], [], 'nothing is left');
($rc) = program('bare', '-s', "$bin/none", 1, 1, 0.1, '/bin/true');
is($rc, 1, 'no such directory');

$t->finish;
done_testing;
