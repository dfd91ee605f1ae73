package CC::Console;

# The browser console as the bundled configuration serves it, and programs of
# t/clients/browser that use it in a real browser.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use CC::McpClients ();
use CC::Nginx;

our @EXPORT_OK = qw(console drive $PAGE);

our $PAGE = "$CC::Nginx::ROOT/build/console";

# What conf/nginx.conf says of the console: its map, and its locations.
sub bundled {
    open my $f, '<', "$CC::Nginx::ROOT/conf/nginx.conf" or die $!;
    my $text = do { local $/; <$f> };
    my ($map) = $text =~ /^(    map \$uri \$cc_console_cache .*?^    \}\n)/ms;
    my ($locations) = $text
        =~ m{^(        location = /console .*?^        \}\n\n        location /console/ .*?^        \}\n)}ms;
    die 'conf/nginx.conf: no console' if !$map || !$locations;
    $locations =~ s{\balias +console/}{alias %%DIR%%/console/};
    return ($map, $locations);
}

# An nginx that serves it, with options of CC::Nginx->new; not started.
sub console {
    my (%o) = @_;
    my ($map, $locations) = bundled();
    $o{server} = ($o{server} // '') . $locations;
    $o{http} = ($o{http} // '') . $map;
    $o{location} //= 'cc_executor_allow any; cc_executor_shell /bin/sh;'
        . ' cc_executor_keep on; cc_executor_tty on;'
        . ' cc_executor_client_cwd beneath; cc_executor_cwd %%DIR%%/work;';
    my $t = CC::Nginx->new(%o);
    my $dir = $t->dir;
    -e "$PAGE/index.html" or die "$PAGE: make console\n";
    system('cp', '-r', $PAGE, "$dir/console") == 0 or die "$PAGE: no page";
    system('chmod', '-R', 'a+rX', "$dir/console");
    mkdir "$dir/home";
    return $t;
}

# Runs t/clients/browser/NAME.mjs for it, with so many checks, and these
# arguments.
sub drive {
    my ($t, $name, $expected, @arguments) = @_;
    local $ENV{TMPDIR} = $t->dir;
    return CC::McpClients::finished(CC::McpClients::client($t, $name, $expected,
        "$CC::Nginx::ROOT/build/browser/$name.mjs",
        'http://127.0.0.1:' . $t->port . '/console/', @arguments));
}

1;
