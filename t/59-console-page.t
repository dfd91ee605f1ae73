# The browser console in a real browser: a command's lines, a terminal, control,
# search, copy, download, a second tab, the keyboard alone, axe, the content
# security policy; how it is served, and how large it is.  Pictures of it are left
# in build/console-pictures.
#
# tags:

use strict;
use warnings;

use File::Path qw(make_path);
use HTTP::Tiny;
use Test::More;
use CC::Console qw(console drive $PAGE);
use CC::Nginx;

my $t = console(workers => 2);
mkdir $t->dir . '/work/here';
$t->start;

# how it is served

my $at = 'http://127.0.0.1:' . $t->port;
my $http = HTTP::Tiny->new(max_redirect => 0);
my $page = $http->get("$at/console/");
is($page->{status}, 200, 'the page');
is($page->{headers}{'content-security-policy'}, "default-src 'none';"
    . " script-src 'self'; style-src 'self'; connect-src 'self';"
    . " img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    . " form-action 'none'", 'its policy');
is($page->{headers}{'x-content-type-options'}, 'nosniff', 'nosniff');
is($page->{headers}{'referrer-policy'}, 'no-referrer', 'no referrer');
is($page->{headers}{'cache-control'}, 'no-store', 'no cache');
unlike($page->{content}, qr/<script(?![^>]*src=)|<style|\bstyle=|\bon\w+=/i,
    'nothing inline');
is($http->get("$at/console")->{headers}{location}, "$at/console/",
    'and its short name');

my @assets = $page->{content} =~ m{"(assets/[\w.-]+)"}g;
is(scalar @assets, 2, 'a script and a style sheet');
my $gzipped = 0;
$gzipped += -s for "$PAGE/index.html.gz", glob "$PAGE/assets/*.gz";
for (@assets) {
    my $r = $http->get("$at/console/$_", { headers => { 'Accept-Encoding' => 'gzip' } });
    is($r->{headers}{'cache-control'}, 'public, max-age=31536000, immutable',
        "$_: for ever");
    is($r->{headers}{'content-encoding'}, 'gzip', "$_: gzip");
    like($r->{headers}{'content-type'}, qr{^text/(?:css|javascript)$}, "$_: type");
}
cmp_ok($gzipped, '<=', 120 * 1024, 'at most 120 KiB with gzip');
like($http->get("$at/console/licences.txt")->{content}, qr/\@xterm\/xterm 6\./,
    'the licences of what is in it');

# what one does with it

my $pictures = "$CC::Nginx::ROOT/build/console-pictures";
make_path($pictures);
drive($t, 'run', 51, $pictures);
$t->finish;
done_testing;
