package CC::Attack;

# The program of t/fixtures that tries to do to others what a fence is against.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use CC::Nginx;

our @EXPORT_OK = qw(abi instance attack);

# what this kernel has: landlock_create_ruleset(NULL, 0, VERSION); 0: no Landlock
sub abi {
    my $abi = syscall(444, 0, 0, 1);
    return $abi < 0 ? 0 : $abi;
}

# nginx with the program in its directory; fence: directives of the location,
# and options of CC::Nginx
sub instance {
    my (%o) = @_;
    my $t = CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work;'
        . ($o{fence} // ''), %o);
    system('cp', "$CC::Nginx::ROOT/build/fixtures/attack", $t->dir) == 0
        or die;
    chmod 0755, $t->dir . '/attack';
    return $t->start;
}

# what came of each attempt, by its name
sub attack {
    my ($t, $c, @args) = @_;
    my $r = $c->run({ args => [$t->dir . '/attack', map { "$_" } @args] });
    my %r = map { /^(.*?): (.*)$/ ? ($1 => $2) : () } split /\n/, $r->{stdout};
    diag explain $r if !%r;
    return %r;
}

1;
