package CC::Cases;

# Small inputs with what has to come of them, t/cases/AREA.jsonl: one JSON object
# a line, so that the next report is one line.  Empty lines and lines that begin
# with "#" are comments.  What the members mean is said at the top of each file;
# every object has a "name", which becomes the name of the test.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use JSON::PP ();

our @EXPORT_OK = qw(cases);

my $root = abs_path(dirname(__FILE__) . '/../../..');

# The objects of t/cases/AREA.jsonl, in order; dies of one that is broken, has
# no name, or has another one's.
sub cases {
    my ($area) = @_;
    my $file = "$root/t/cases/$area.jsonl";
    my $json = JSON::PP->new->utf8->allow_nonref;
    my (@cases, %seen);
    open my $f, '<', $file or die "$file: $!\n";
    while (my $line = <$f>) {
        next if $line =~ /^\s*(?:#|$)/;
        my $case = eval { $json->decode($line) };
        die "$file:$.: $@" if !defined $case;
        die "$file:$.: not an object with a name\n"
            if ref $case ne 'HASH' || !length($case->{name} // '');
        die "$file:$.: the name is that of line $seen{ $case->{name} }\n"
            if $seen{ $case->{name} };
        $seen{ $case->{name} } = $.;
        push @cases, { %$case, line => $. };
    }
    return @cases;
}

1;
