# The documents against the source: every directive and variable is described and
# in the index, every link leads somewhere, every test that is named is there, every
# message that the troubleshooting quotes is in the source; the README stays short.
# And every test has a name of the form NN-area-topic.t, and tags.
#
# tags:

use strict;
use warnings;

use File::Basename qw(dirname);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

binmode $_, ':encoding(UTF-8)'
    for map { Test::More->builder->$_ } qw(output failure_output todo_output);

sub text {
    my ($file) = @_;
    open my $f, '<:encoding(UTF-8)', "$root/$file" or die "$file: $!\n";
    local $/;
    return <$f>;
}

my @documents = map { s{^\Q$root\E/}{}r } "$root/README.md",
    "$root/SECURITY.md", "$root/CHANGES.md", sort glob "$root/docs/*.md";

cmp_ok(scalar(() = text('README.md') =~ /\n/g), '<=', 250,
    'README.md has 250 lines at most');

# links; an anchor is made of a heading as GitHub does it

sub anchors {
    my ($text) = @_;
    $text =~ s/^```.*?^```//gms;
    my %anchor;
    while ($text =~ /^#+ +(.*)$/gm) {
        my $slug = lc $1;
        $slug =~ s/[^\w\- ]//g;
        $slug =~ s/ /-/g;
        $anchor{$slug} = 1;
    }
    return \%anchor;
}

for my $document (@documents) {
    (my $text = text($document)) =~ s/^```.*?^```//gms;
    my @broken;
    while ($text =~ /\]\(([^)\s]+)\)/g) {
        my $link = $1;
        next if $link =~ /^[a-z]+:/;
        my ($file, $anchor) = split /#/, $link, 2;
        my $there = length $file
            ? (dirname($document) eq '.' ? '' : dirname($document) . '/') . $file
            : $document;
        1 while $there =~ s{[^/]+/\.\./}{};
        push @broken, $link
            if !-e "$root/$there"
            || defined $anchor && !anchors(text($there))->{$anchor};
    }
    is_deeply(\@broken, [], "$document: links");
}

# tests that a document names are there, by their whole name or its beginning

for my $document (@documents) {
    my @missing;
    for my $name (text($document) =~ m{`(t/[\w./-]+)`}g) {
        push @missing, $name
            unless -e "$root/$name" || (() = glob "$root/$name-*.t $root/$name.t");
    }
    is_deeply(\@missing, [], "$document: tests");
}

# every test has an area and a topic in its name, and says where else it runs

my %tag = map { $_ => 1 } qw(asan coverage slow smoke stress nightly);
for my $file (map { s{^\Q$root\E/}{}r } sort glob "$root/t/*.t") {
    my ($first) = text($file) =~ /\A(?:#!.*\n\n)?((?:#.*\n)+)/;
    my ($tags) = $first =~ /^# tags:(.*)\n\z/m;
    is_deeply([$file =~ m{^t/\d\d(?:-[a-z]+){2,}\.t$} ? () : 'name',
        defined $tags ? grep({ !$tag{$_} } split ' ', $tags) : 'no tags'], [],
        "$file: name and tags");
}

# the map

my $map = text('docs/architecture.md');
my ($room, %mapped);
for (split /\n/, $map) {
    $room = $1 if m{^### src/(\S+): };
    $mapped{"$room/ngx_cc_$1"} = 1 if defined $room && /^\| `(\w+)` \|/;
    last if /^## How to add/;
}
is_deeply([sort keys %mapped], [sort keys %{ { map { s{^src/}{}r => 1 }
    map { s/\.[ch]$//r } split /\n/, `$root/.ci/sources; $root/.ci/sources client executord fence` } }],
    'docs/architecture.md: the map has every source file');

# directives

my $module = text('ngx_cc_executor_module.c');
my %have = map { $_ => 1 }
    $module =~ /\{ ngx_string\("(cc_executor\w*)"\),\s*NGX_/g;
cmp_ok(scalar keys %have, '>', 45, 'directives of the module');

my $directives = text('docs/directives.md');
my ($index) = $directives =~ /^## Index\n(.*?)^## /ms;
my %row = map { $_ => 1 } $index =~ /^\| \[`(\w+)`\]/gm;
is_deeply([sort keys %row], [sort keys %have],
    'docs/directives.md: the index has all directives, and no other');

my %described;
while ($directives =~ /^### ([^\n]+)\n\n(.*?)(?=^##)/gms) {
    my ($heading, $body) = ($1, $2);
    my @names = split /, /, $heading;
    my ($family) = $names[0] =~ /^(cc_executor_\w+?)_[^_]+$/;
    $described{ /^_/ ? "$family$_" : $_ } = 1 for @names;
    for my $field (qw(syntax default context since)) {
        like($body, qr/^\*$field:\* /m, "$heading: $field");
    }
}
is_deeply([sort keys %described], [sort keys %have],
    'docs/directives.md: each has its section');

# variables

my %variable = map { $_ => 1 }
    $module =~ /ngx_string\("(cc_executor\w*)"\),\s*NULL,\s*ngx_cc_/g;
my ($variables) = $directives =~ /^## Variables\n(.*)/ms;
my %told = map { $_ => 1 } $variables =~ /^\| `\$(\w+)`/gm;
is_deeply([sort keys %told], [sort keys %variable],
    'docs/directives.md: all variables') or diag join ' ', sort keys %variable;

# messages in quotes; "..." in one stands for anything

my $source = join '', map { text($_) } 'ngx_cc_executor_module.c',
    split(/\n/, `$root/.ci/sources`), 'docker/entrypoint',
    map { s{^\Q$root\E/}{}r } glob "$root/.ci/*";
$source =~ s/"\s*\n\s*"//g;
my ($trouble, $tested) = text('docs/operation.md')
    =~ /^## Troubleshooting\n(.*)^### What `nginx -t` says\n(.*)/ms;
while ($trouble =~ /^\| (.*?) \|/gm) {
    my $seen = $1;
    while ($seen =~ /"([^"]+)"/g) {
        my $quoted = $1;
        my @missing = grep { index($source, $_) < 0 }
            grep { length } split / ?\x{2026} ?/, $quoted;
        is_deeply(\@missing, [], "Troubleshooting: \"$quoted\"");
    }
}

# and of the table of nginx -t, where messages are code

(my $said = $source) =~ s/\\"/"/g;
my @messages = $tested =~ /^\| `(.*?)` \|/gm;
cmp_ok(scalar @messages, '>', 20, 'messages of nginx -t');
for my $message (@messages) {
    my @missing = grep { index($said, $_) < 0 }
        grep { length } split /\x{2026}/, $message;
    is_deeply(\@missing, [], "nginx -t: $message");
}

# one version, wherever it is told

is(`$root/.ci/release versions` =~ s/^(?:version|ok) .*\n//mgr, '',
    'the version is the same everywhere');

done_testing;
