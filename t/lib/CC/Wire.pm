package CC::Wire;

# What a test that speaks with helpers or with the executor service itself has to
# know of their messages (src/lib/ngx_cc_wire.h).

use strict;
use warnings;

use CC::Nginx;

open my $file, '<', "$CC::Nginx::ROOT/src/lib/ngx_cc_wire.h" or die $!;
our $HEADER = do { local $/; <$file> };
close $file;

our ($VERSION) = $HEADER =~ /^#define\s+NGX_CC_WIRE_VERSION\s+(\d+)/m;

1;
