package CC::Metrics;

# HTTP requests to the status locations, and what /metrics says as a hash.

use strict;
use warnings;

use Exporter 'import';
use HTTP::Tiny;
use JSON::PP ();

our @EXPORT_OK = qw(request body json metrics);

# a request; returns HTTP::Tiny's response
sub request {
    my ($t, $path, $method, %o) = @_;
    return HTTP::Tiny->new(timeout => 20)->request($method // 'GET',
        'http://127.0.0.1:' . $t->port . $path, \%o);
}

sub body { return request(@_)->{content} }

sub json { return JSON::PP::decode_json(body($_[0], $_[1] // '/health')) }

# { 'name{label="x"}' => value }, the prefix "cc_executor_" left out
sub metrics {
    my ($t, $path) = @_;
    my %m;
    for (split /\n/, body($t, $path // '/metrics')) {
        $m{$1} = $2 if /^cc_executor_(\S+|\S+\{.*\}) (\S+)$/;
    }
    return \%m;
}

1;
