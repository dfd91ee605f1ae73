package Page;

# The browser console in Chromium: how soon it is there, how soon a key is seen.
# Browser, nginx and the command share this machine.

use strict;
use warnings;

use JSON::PP ();
use List::Util qw(sum0);
use CC::Console ();
use CC::McpClients ();
use CC::Nginx;

my $from = "$CC::Nginx::ROOT/build/browser";
my $xterm = "$CC::Nginx::ROOT/build/console-src/node_modules/\@xterm/xterm";

# { paint, usable, echo, control => [ms, each], size => KiB with gzip }, and of the
# browser alone { text, bare => [ms, each] }: a page of text is painted, a terminal that
# writes what is typed shows it; undef: what it needs is not built ("make clients")
sub measure {
    my ($loads, $keys) = @_;
    for my $file ("$CC::Console::PAGE/index.html", "$from/figures.mjs",
        "$xterm/lib/xterm.js", $CC::McpClients::NODE, '/usr/bin/chromium')
    {
        next if -e $file;
        print STDERR "not measured, $file is missing: make clients\n";
        return;
    }
    my $nginx = CC::Console::console(log => 'error')->start;
    local $ENV{TMPDIR} = $nginx->dir;
    local $ENV{HOME} = $nginx->dir . '/home';
    open my $out, '-|', $CC::McpClients::NODE, "$from/figures.mjs",
        'http://127.0.0.1:' . $nginx->port . '/console/', $loads, $keys, $xterm
        or die "figures.mjs: $!\n";
    my $said = do { local $/; <$out> };
    close $out or die "figures.mjs failed\n";
    my $r = JSON::PP::decode_json($said);
    $r->{size} = sum0(map { -s } "$CC::Console::PAGE/index.html.gz",
        glob "$CC::Console::PAGE/assets/*.gz") / 1024;
    return $r;
}

1;
