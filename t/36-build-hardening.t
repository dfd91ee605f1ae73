#!/usr/bin/perl

# How the module is compiled: what the compiler and the linker can do against
# mistakes is on.
#
# tags: asan

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

my $so = $ENV{CC_MODULE}
    // "$CC::Nginx::ROOT/build/ngx_cc_executor_module.so";
plan skip_all => 'a build with sanitizers' if qx(nm -D $so) =~ /__asan_init/;

my $dynamic = qx(readelf -dW $so);
my $program = qx(readelf -lW $so);
my $symbols = qx(nm -D --undefined-only $so);

like($program, qr/GNU_RELRO/, 'relocations are read-only after loading');
like($dynamic, qr/BIND_NOW/, 'all of them: nothing is bound later');
unlike($dynamic, qr/TEXTREL/, 'no relocation in the code');
unlike($dynamic, qr/R(?:UN)?PATH/, 'no path to load from');
like($program, qr/GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+RW\s/,
    'the stack is not executable');
unlike($program, qr/LOAD.*RWE/, 'no memory is writable and executable');
like($symbols, qr/__stack_chk_fail/, 'the stack is guarded');
like($symbols, qr/__\w+_chk\b/, 'copies are checked');

open my $f, '<', "$CC::Nginx::ROOT/build/obj/Makefile" or die $!;
my ($flags) = grep { /^CFLAGS =/ } <$f>;
like($flags, qr/-D_FORTIFY_SOURCE=3(?!.*_FORTIFY_SOURCE)/,
    'by all means of _FORTIFY_SOURCE');

# and of the programs

for my $name (qw(cc-run cc-executord)) {
    my $path = "$CC::Nginx::ROOT/build/$name";
    my $head = qx(readelf -hldW $path);
    like($head, qr/^\s*Type:\s+DYN/m, "$name: at any address");
    like($head, qr/GNU_RELRO/, "$name: relocations are read-only");
    like($head, qr/BIND_NOW|FLAGS_1.*\bNOW\b/, "$name: nothing is bound later");
    unlike($head, qr/LOAD.*RWE/, "$name: no memory is writable and executable");
    like(scalar qx(nm -D --undefined-only $path), qr/__stack_chk_fail[^\0]*__\w+_chk\b|__\w+_chk\b[^\0]*__stack_chk_fail/,
        "$name: the stack is guarded, copies are checked");
}
my $make = do { local (@ARGV, $/) = "$CC::Nginx::ROOT/Makefile"; <> };
my ($programs) = $make =~ /^CLIENT_CFLAGS\s*=(.*?[^\\])$/ms;
like($programs, qr/-D_FORTIFY_SOURCE=3(?!.*_FORTIFY_SOURCE)/s,
    'by all means, too');

done_testing();
