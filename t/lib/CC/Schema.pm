package CC::Schema;

# JSON Schema, as much of it as our contracts use.  A keyword that is not known
# here is an error, so that nothing looks checked that is not.
#
#     my @wrong = CC::Schema::check($schema, $value, root => $document,
#         closed => 1);
#
# "root": where "$ref": "#/..." points into; "closed": members that an object's
# schema does not name are wrong, unless additionalProperties says otherwise.
# Values as JSON::PP decodes them.

use strict;
use warnings;

use B ();
use JSON::PP ();

my %nothing = map { $_ => 1 } qw(title description default examples
    contentEncoding);

my %check = (
    enum => sub {
        my ($list, $v) = @_;
        return (grep { same($_, $v) } @$list) ? () : 'none of its values';
    },
    const => sub { return same($_[0], $_[1]) ? () : 'another value' },
    type => sub {
        my ($type, $v) = @_;
        my $is = type($v);
        my @types = ref $type ? @$type : $type;
        return (grep { $_ eq $is || $_ eq 'number' && $is eq 'integer' } @types)
            ? () : "is $is, not " . join ' or ', @types;
    },
    minimum => sub { return number($_[1]) && $_[1] < $_[0] ? 'too small' : () },
    maximum => sub { return number($_[1]) && $_[1] > $_[0] ? 'too large' : () },
    exclusiveMinimum => sub {
        return number($_[1]) && $_[1] <= $_[0] ? 'too small' : () },
    minLength => sub {
        return type($_[1]) eq 'string' && length $_[1] < $_[0] ? 'too short' : () },
    pattern => sub {
        return type($_[1]) eq 'string' && $_[1] !~ /$_[0]/ ? 'another form' : () },
    minItems => sub {
        return ref $_[1] eq 'ARRAY' && @{ $_[1] } < $_[0] ? 'too few' : () },
    maxItems => sub {
        return ref $_[1] eq 'ARRAY' && @{ $_[1] } > $_[0] ? 'too many' : () },
    required => sub {
        my ($names, $v) = @_;
        return if ref $v ne 'HASH';
        return map { "$_ is missing" } grep { !exists $v->{$_} } @$names;
    },
    anyOf => sub {
        my ($list, $v, $o, $at) = @_;
        return (grep { !run($_, $v, $o, $at) } @$list) ? () : 'none of anyOf';
    },
    items => sub {
        my ($schema, $v, $o, $at) = @_;
        return if ref $v ne 'ARRAY';
        return map { run($schema, $v->[$_], $o, "$at\[$_]") } 0 .. $#$v;
    },
    properties => sub { return },          # see members()
    additionalProperties => sub { return },
);

sub type {
    my ($v) = @_;
    return 'null' if !defined $v;
    return 'boolean' if JSON::PP::is_bool($v);
    return ref $v eq 'HASH' ? 'object' : 'array' if ref $v;
    my $flags = B::svref_2object(\$v)->FLAGS;
    return 'string' if $flags & B::SVf_POK
        || !($flags & (B::SVp_IOK | B::SVp_NOK));
    return $v == int $v ? 'integer' : 'number';
}

sub number { return type($_[0]) =~ /^(?:integer|number)$/ }

sub same {
    my $json = JSON::PP->new->canonical->allow_nonref;
    return $json->encode($_[0]) eq $json->encode($_[1]);
}

sub members {
    my ($schema, $v, $o, $at) = @_;
    my $more = $schema->{additionalProperties};
    $more //= JSON::PP::false if $o->{closed} && $schema->{properties};
    my @wrong;
    for my $name (sort keys %$v) {
        my $known = ($schema->{properties} // {})->{$name};
        if ($known) {
            push @wrong, run($known, $v->{$name}, $o, "$at.$name");
        } elsif (ref $more eq 'HASH') {
            push @wrong, run($more, $v->{$name}, $o, "$at.$name");
        } elsif (defined $more && !$more) {
            push @wrong, "$at.$name: is not described";
        }
    }
    return @wrong;
}

sub run {
    my ($schema, $v, $o, $at) = @_;
    if (my $ref = $schema->{'$ref'}) {
        my $to = $o->{root};
        $to = $to->{$_} // die "$ref leads nowhere\n"
            for grep { length && $_ ne '#' } split m{/}, $ref;
        return run($to, $v, $o, $at);
    }
    my @wrong;
    for my $keyword (sort keys %$schema) {
        next if $nothing{$keyword};
        my $check = $check{$keyword} // die "keyword $keyword is not known\n";
        push @wrong, map { /^\Q$at\E[.\[:]/ ? $_ : "$at: $_" }
            $check->($schema->{$keyword}, $v, $o, $at);
    }
    push @wrong, members($schema, $v, $o, $at) if ref $v eq 'HASH';
    return @wrong;
}

sub check {
    my ($schema, $v, %o) = @_;
    return run($schema, $v, \%o, 'value');
}

1;
