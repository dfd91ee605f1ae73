# A worker and an executor service may be of two builds, and only compare
# NGX_CC_WIRE_VERSION: whoever changes what is in a message has to raise it.
# The fields of all messages (offset, size), the enumerations and the numbers
# are compared with what is recorded for that version in t/wire.
#
# tags:

use strict;
use warnings;

use Config;
use File::Temp qw(tempdir);
use Test::More;
use CC::Nginx;

plan skip_all => 'recorded where pointers have 64 bits' if $Config{ptrsize} != 8;

my $root = $CC::Nginx::ROOT;

# what is said between them stands here; the second is which numbers count

my @heads = (
    ['lib/ngx_cc_wire.h', qr/^(?!NGX_CC_WIRE_VERSION$)/],
    ['lib/ngx_cc_wire_kept.h', qr/./],
    ['lib/ngx_cc_handle.h', qr/^NGX_CC_HANDLE_SIZE$/],
    ['lib/ngx_cc_ring.h', qr/^NGX_CC_(?:RING_HEADER|STD\w+)$/],
    ['lib/ngx_cc_script.h', qr/./],
    ['lib/ngx_cc_door.h', qr/./],
    ['helper/ngx_cc_fence.h', qr/./],
    ['helper/ngx_cc_seccomp.h', qr/^(?!NGX_CC_SECCOMP_MAX$)/],
);

# structures in there that are not sent

my %inner = map { $_ => 1 } qw(ngx_cc_wire_strings_t ngx_cc_ring_writer_t
    ngx_cc_ring_reader_t ngx_cc_ring_record_t ngx_cc_seccomp_t ngx_cc_fence_t);

sub slurp {
    my ($file) = @_;
    open my $f, '<', $file or die "$file: $!\n";
    local $/;
    return <$f>;
}

# lines of C that print what a header says
sub probes {
    my ($text, $numbers) = @_;
    $text =~ s{/\*.*?\*/}{}gs;
    $text =~ s/\\\n//g;
    my @print;
    while ($text =~ /^#define\s+(NGX_CC_\w+)[ \t]+(\S.*)$/gm) {
        my ($name, $value) = ($1, $2);
        next if $name !~ $numbers;
        push @print, $value =~ /^"/ ? "printf(\"$name %s\\n\", $name);"
            : "printf(\"$name %lld\\n\", (long long) ($name));";
    }
    while ($text =~ /typedef\s+enum\s*\{([^{}]*)\}\s*\w+;/g) {
        push @print, map { "printf(\"$_ %d\\n\", (int) $_);" }
            grep { /^NGX_CC_/ } map { /(\w+)/ ? $1 : () } split /,/, $1;
    }
    while ($text =~ /typedef\s+struct\s*\{([^{}]*)\}\s*(\w+);/g) {
        my ($fields, $struct) = ($1, $2);
        next if $inner{$struct};
        push @print, "printf(\"$struct %zu\\n\", sizeof($struct));";
        for my $field (grep { /\S/ } split /;/, $fields) {
            my ($name) = $field =~ /(\w+)\s*(?:\[[^]]*\]\s*)*$/
                or die "$struct: what is \"$field\"?\n";
            die "$struct.$name: two in one declaration\n" if $field =~ /,/;
            push @print, "printf(\"$struct.$name %zu %zu\\n\", "
                . "offsetof($struct, $name), sizeof((($struct *) 0)->$name));";
        }
    }
    return @print;
}

my $dir = tempdir(CLEANUP => 1);
open my $c, '>', "$dir/layout.c" or die $!;
print $c "#include <stdio.h>\n", (map { "#include \"$root/src/$_->[0]\"\n" } @heads),
    "int main(void)\n{\n",
    (map { "$_\n" } map { probes(slurp("$root/src/$_->[0]"), $_->[1]) } @heads),
    "return 0;\n}\n";
close $c or die $!;
is(system('gcc', '-w', "-I$root/src/lib", "-I$root/src/helper", '-o', "$dir/layout",
    "$dir/layout.c"), 0, 'the headers are understood') or BAIL_OUT('no layout');
my $is = `$dir/layout`;

my ($version) = slurp("$root/src/lib/ngx_cc_wire.h")
    =~ /^#define\s+NGX_CC_WIRE_VERSION\s+(\d+)/m;
my $file = "t/wire/$version";
my $was = -e "$root/$file" ? slurp("$root/$file") : '';

cmp_ok(scalar(() = $is =~ /^ngx_cc_wire_\w+_t /gm), '>', 25, 'all messages');
like($is, qr/^ngx_cc_wire_start_t\.confine \d+ \d+$/m, 'and their fields');

if (!ok($is eq $was, "messages are those of version $version")) {
    my (%is, %was);
    $is{$_} = 1 for split /\n/, $is;
    $was{$_} = 1 for split /\n/, $was;
    diag(length $was
        ? "What is said between workers and helpers is not what version $version"
        . " says: raise\nNGX_CC_WIRE_VERSION in src/lib/ngx_cc_wire.h, and record"
        . " the new one (CC_RECORD=1).\nNever record a version again that was"
        . " released: both would be taken for one."
        : "Version $version is not recorded yet: CC_RECORD=1 does.");
    diag($_) for (map { "- $_" } grep { !$is{$_} } sort keys %was),
        map { "+ $_" } grep { !$was{$_} } sort keys %is;
    if ($ENV{CC_RECORD} && !length $was) {
        open my $out, '>', "$root/$file" or die "$file: $!\n";
        print $out $is;
        close $out;
        diag("recorded in $file");
    }
}

# by these two, and by their heads, they find out that they differ

sub greeting { return join '', grep {
    /^(?:ngx_cc_wire_(?:head|connect(?:ed)?)_t|NGX_CC_WIRE_(?:MAGIC|CONNECT))/ }
    split /^/, $_[0] }
like(greeting($is), qr/ngx_cc_wire_connected_t/, 'how they begin');
for my $other (glob "$root/t/wire/*") {
    is(greeting(slurp($other)), greeting($is),
        'is the same in version ' . $other =~ s{.*/}{}r);
}

done_testing;
