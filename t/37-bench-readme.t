# The table of README.md is made of rows that "make bench" prints, and t/bench/readme
# puts what was measured into it.
#
# tags:

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/..";
my $dir = tempdir(CLEANUP => 1);

sub slurp {
    my ($name) = @_;
    open my $f, '<', $name or die "$name: $!";
    local $/;
    return <$f>;
}

sub write_to {
    my ($name, $text) = @_;
    open my $f, '>', $name or die "$name: $!";
    print $f $text;
    close $f or die "$name: $!";
    return $name;
}

# what stands in the README: rows that the benchmark has

my ($table) = slurp("$root/README.md")
    =~ /^<!-- bench: begin -->\n(.*?)^<!-- bench: end -->$/ms;
my ($head, $rule, @rows) = split /\n/, $table // '';
my $run = slurp("$root/t/bench/run");
ok(index($run =~ s/"\s*\. "//gr, "$head\\n$rule\\n") >= 0,
    'the heading of README.md is that of t/bench/run');
cmp_ok(scalar @rows, '>=', 10, 'ten rows');

my @calls = $run =~ /^\s+row\((.*?\));?$/msg;
for my $row (@rows) {
    my ($figure, $measured, $what, $ratio, $target, $verdict) = $row
        =~ /^\| (\S.*?) \| (\S.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$/;
    ok($figure, "a row: $row") or next;
    my ($reference, $number) = $what =~ /^(.*?) ?([\d.]*)$/;
    my @of = grep {
        # its name is the second argument, with variables in it
        my ($quoted) = /^[^,]+,\s*(["'].*?["']),/s;
        my $name = join '.+', map { quotemeta }
            split /\$\w+/, substr($quoted // '', 1, -1), -1;
        $figure =~ /^$name$/ && ($reference eq '' ? /,\s*''/ : /'\Q$reference\E'/)
    } @calls;
    ok(scalar @of, "$figure: a row of the benchmark, against '$reference'");
    like($measured, qr{^[\d.]+ (?:/s|us|ms|s|s/GB|MB/s|KiB|KiB each)$}, 'measured');
    like($number . $ratio, $reference eq '' ? qr/^$/ : qr/^[\d.]+\d\.\d\d$/,
        'compared');
    like($target, qr/^[<>]= [\d.]+(?: \([\d.]+\))?$/, 'target');
    like($verdict, qr/^(?:MISSED|reached|stretch)(?:, disturbed)?$/, 'verdict');
}

# what t/bench/readme does

my $readme = write_to("$dir/README.md", <<'EOR');
before
<!-- bench: begin -->
| figure | measured | compared with | ratio | target (stretch) | |
|---|---|---|---|---|---|
| one | 1.00 us | bare 2.00 | 0.50 | <= 1.00 | reached |
| one | 1.00 us | other thing 4.00 | 0.25 | <= 1.00 | reached |
| yes \| two | 7.00 KiB |  |  | <= 1.00 | MISSED |
<!-- bench: end -->
after | one | 5
EOR
my $first = write_to("$dir/first.md", <<'EOT');
| figure | measured | compared with | ratio | target (stretch) | |
|---|---|---|---|---|---|
| other | 3 us |  |  |  |  |
| one | 30.0 us | other thing 31.0 | 0.97 | <= 1.00 | reached, disturbed |
| one | 20.0 us | bare 21 | 0.95 | <= 1.00 | reached |
EOT
my $second = write_to("$dir/second.md", <<'EOT');
| figure | measured | compared with | ratio | target (stretch) | |
|---|---|---|---|---|---|
| yes \| two | 0.50 KiB |  |  | <= 1.00 | stretch |
| one | 25.0 us | bare 26.0 | 0.96 | <= 1.00 | reached |
EOT

my $was = slurp($readme);
my $said = `$root/t/bench/readme -f $readme $first 2>&1`;
isnt($?, 0, 'a row was not measured');
is($said, "not measured: yes \\| two\n", 'which is said');
is(slurp($readme), $was, 'and nothing is changed');
is(system("$root/t/bench/readme", '-f', $readme, $first, $second), 0, 'all were');
is(slurp($readme), <<'EOR', 'those rows are replaced, in their order');
before
<!-- bench: begin -->
| figure | measured | compared with | ratio | target (stretch) | |
|---|---|---|---|---|---|
| one | 25.0 us | bare 26.0 | 0.96 | <= 1.00 | reached |
| one | 30.0 us | other thing 31.0 | 0.97 | <= 1.00 | reached, disturbed |
| yes \| two | 0.50 KiB |  |  | <= 1.00 | stretch |
<!-- bench: end -->
after | one | 5
EOR
write_to($readme, "no table\n");
system("$root/t/bench/readme -f $readme $second 2> $dir/said");
isnt($?, 0, 'no comments');
is(slurp($readme), "no table\n", 'no change');

done_testing;
