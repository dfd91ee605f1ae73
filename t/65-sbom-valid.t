# The bill of materials (.ci/sbom): what CycloneDX's own library says of it, for
# all packages of this system and for what is built here.
#
# tags:

use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $checks = "$root/build/sbom-check";
my $components = "$root/build/console/components.json";
my $dir = tempdir(CLEANUP => 1);

plan skip_all => 'no client library (make clients)'
    unless -d "$checks/node_modules";

sub put {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f;
    return "$dir/$name";
}

# what the script prints
sub sbom { return scalar `$root/.ci/sbom @_` }

# what the library says of each
sub check { return scalar `cd $checks && node check.js @_ 2>&1` }

my @built = grep { -e } $ENV{CC_MODULE}
    || "$root/build/ngx_cc_executor_module.so", "$root/build/cc-run";
my @packages = split ' ', `$root/.ci/sbom libraries @built`;
is(scalar(grep { /^(?:libc6|libyajl2)$/ } @packages), 2,
    'what is linked: of these packages') or diag "@packages";

my $all = put('all.json', sbom('1.2.3'));
my $built = put('built.json',
    sbom('1.2.3', '-c', $components, 'nginx', @packages));
is(check($all, $built), "$all: valid\n$built: valid\n",
    'everything here, and what is built: valid');
is(sbom('1.2.3', '-c', $components, reverse 'nginx', @packages),
    do { local (@ARGV, $/) = $built; <> }, 'the same again, in any order');

my $b = JSON::PP::decode_json(do { local (@ARGV, $/) = $built; <> });
my %known = map { $_->{name} => $_ } @{ $b->{components} };
is($b->{metadata}{component}{version}, '1.2.3', 'the version is the one given');
my $nginx = `dpkg-query -W -f '\${Version}' nginx`;
is($known{nginx}{version}, $nginx, 'nginx as it is installed');
is_deeply([sort @{ $b->{dependencies}[0]{dependsOn} }],
    [sort map { $_->{'bom-ref'} } @{ $b->{components} }], 'we need all of them');
SKIP: {
    skip 'no console (make console)', 2 if !-s $components;
    is($known{'@xterm/xterm'}{licenses}[0]{license}{id}, 'MIT',
        'the page: with its licence');
    like($known{'@xterm/xterm'}{hashes}[0]{content}, qr/^[0-9a-f]{128}$/,
        'and its digest');
}

# what is wrong is found

my $text = do { local (@ARGV, $/) = $built; <> };
my %wrong = (
    'an unknown field' => $text =~ s/"name"/"surname":"x","name"/r,
    'a wrong type' => $text =~ s/"version":1,/"version":"1",/r,
    'no name' => $text =~ s/"name":"nginx",//r,
    'no version of the format' => $text =~ s/"specVersion":"1\.6",//r,
    'a licence that is none' => $text =~ s/"BSD-2-Clause"/"Free"/r,
    'twice the same' => $text =~ s/("components":\[)(\{.*?\}\]\}),/$1$2,$2,/sr,
);
my $n = 0;
my %file = map { $_ => put('wrong' . $n++, $wrong{$_}) } sort keys %wrong;
my $said = check(sort values %file);
for my $what (sort keys %wrong) {
    isnt($wrong{$what}, $text, "$what: planted");
    like($said, qr/^\Q$file{$what}\E: \[/m, "$what: found");
}

done_testing;
