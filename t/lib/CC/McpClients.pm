package CC::McpClients;

# Client programs of t/clients/mcp, run side by side; each prints its checks as
# TAP, and "done" at its end.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use CC::Nginx;

our @EXPORT_OK = qw(client finished $FROM $NODE);

our $FROM = "$CC::Nginx::ROOT/build/mcp";
our $NODE = "$FROM/node_modules/.bin/node";

# seconds that one may take
our $LIMIT = 300;

my $mark = 480000000 + $$ % 100000 * 100;

# Starts one, for nginx $t, that makes so many checks.  What it starts as a
# command can be told by its mark ("sleep MARK").
sub client {
    my ($t, $name, $expected, @command) = @_;
    my $dir = $t->dir;
    my %c = (t => $t, name => $name, mark => $mark++, expected => $expected);
    my @env = ("HOME=$dir/home", "CC_MARK=$c{mark}", 'NO_COLOR=1');
    push @env, "NODE_EXTRA_CA_CERTS=$dir/cert.pem" if -e "$dir/cert.pem";
    open $c{out}, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'env', @env,
        'timeout', $LIMIT, $NODE, @command or die "$name: $!";
    return \%c;
}

# Its checks as ours; and nothing of it runs any more.  Returns the lines that
# it said beside.
sub finished {
    my ($c) = @_;
    my ($n, $done, @said) = (0, 0);
    while (my $line = readline $c->{out}) {
        chomp $line;
        if ($line =~ /^(not )?ok - (.*?)(?: # TODO (.*))?$/) {
            local our $TODO = $3;
            ok(!$1, "$c->{name}: $2");
            $n++;
        } elsif ($line eq 'done') {
            $done = 1;
        } else {
            note "$c->{name}: $line";
            push @said, $line;
        }
    }
    my $whole = ok(close $c->{out}, "$c->{name}: no failure");
    $whole &= ok($done, "$c->{name}: to the end");
    diag map { "$c->{name}: $_\n" } @said if !$whole;
    is($n, $c->{expected}, "$c->{name}: every check has been made");
    ok($c->{t}->wait_until(sub {
        !grep { CC::Nginx::title($_) =~ /^sleep $c->{mark}\b/ }
            map { m{/proc/(\d+)} } glob '/proc/[0-9]*' }, 15),
        "$c->{name}: no command is left");
    return @said;
}

1;
