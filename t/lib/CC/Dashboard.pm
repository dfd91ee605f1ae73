package CC::Dashboard;

# A dashboard of Grafana, looked at without Grafana: is it whole, can Prometheus
# read its expressions, are the metrics in them there?

use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP ();

# panels with queries, those of rows included
sub panels {
    my ($list) = @_;
    return map { ($_, panels($_->{panels} // [])) } @$list;
}

# [panel's title, expression] of all
sub expressions {
    my ($d) = @_;
    return map { my $p = $_; map { [$p->{title}, $_->{expr} // ''] }
        @{ $p->{targets} // [] } } panels($d->{panels} // []);
}

# what Grafana puts in for its variables
sub plain {
    my ($expr, $interval) = @_;
    $expr =~ s/\$__(?:rate_interval|interval|range)\b/$interval/g;
    $expr =~ s/\$\{?\w+\}?/.*/g;
    return $expr;
}

# '' or what promtool says of expressions, as rules of a file
sub promtool {
    my (@expressions) = @_;
    my $dir = tempdir(CLEANUP => 1);
    my $i = 0;
    open my $f, '>', "$dir/rules.json" or die $!;
    print $f JSON::PP->new->canonical->encode({ groups => [{ name => 'x',
        rules => [map { { record => 'x:' . $i++, expr => $_ } }
            @expressions] }] });
    close $f;
    my $out = `promtool check rules $dir/rules.json 2>&1`;
    return $? == 0 ? '' : $out;
}

# does it ask Prometheus, whichever is chosen?
sub source {
    my ($o, $variables) = @_;
    my $source = ref $o->{datasource} ? $o->{datasource} : {};
    my ($name) = ($source->{uid} // '') =~ /^\$\{(\w+)\}$/;
    return ($source->{type} // '') eq 'prometheus' && defined $name
        && ($variables->{$name}{type} // '') eq 'datasource';
}

# the findings; %$names: metrics that there are
sub findings {
    my ($d, $names) = @_;
    my (@found, %id, %square, %variable);
    my $say = sub { push @found, join ' ', @_ };

    for my $field (qw(uid title schemaVersion panels time templating)) {
        $say->("no $field") unless defined $d->{$field};
    }
    $variable{ $_->{name} } = $_ for @{ $d->{templating}{list} // [] };

    for my $p (panels($d->{panels} // [])) {
        my $title = $p->{title} // '';
        $say->('a panel without title') if $title eq '';
        $say->("$title: no type") unless $p->{type};
        $say->("$title: no id, or twice: " . ($p->{id} // ''))
            if !$p->{id} || $id{ $p->{id} }++;
        my $g = $p->{gridPos} // {};
        if (grep { !defined $g->{$_} } qw(x y w h)) {
            $say->("$title: no place");
        } else {
            $say->("$title: wider than the page") if $g->{x} + $g->{w} > 24;
            for my $x ($g->{x} .. $g->{x} + $g->{w} - 1) {
                for my $y ($g->{y} .. $g->{y} + $g->{h} - 1) {
                    my $other = $square{"$x $y"};
                    $say->("$title: on top of $other"), last if $other
                        && $other ne $title;
                    $square{"$x $y"} = $title;
                }
            }
        }
        next if $p->{type} eq 'row';
        $say->("$title: no queries") unless @{ $p->{targets} // [] };
        my %ref;
        $say->("$title: no data source of type prometheus")
            if grep { !source($_, \%variable) } $p, @{ $p->{targets} // [] };
        for my $q (@{ $p->{targets} // [] }) {
            $say->("$title: no refId, or twice") if !$q->{refId}
                || $ref{ $q->{refId} }++;
        }
    }

    my @asked = grep { $_->{type} eq 'query' } values %variable;
    $say->("$_->{name}: no data source of type prometheus")
        for grep { !source($_, \%variable) } @asked;

    my @all = expressions($d);
    for (@all, map { [$_->{name}, $_->{definition}] } @asked) {
        my ($title, $expr) = @$_;
        for my $name ($expr =~ /\$\{?(?!__)(\w+)/g) {
            $say->("$title: no variable \$$name") unless $variable{$name};
        }
        for my $name ($expr =~ /\b(cc_executor[\w:]*)/g) {
            $say->("$title: no metric $name") unless $names->{$name};
        }
    }
    my $said = promtool(map { plain($_->[1], '5m') } @all);
    $say->($said) if $said ne '';
    return @found;
}

1;
