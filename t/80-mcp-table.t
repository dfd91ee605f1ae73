# The arguments of MCP tools: schema, check and docs/mcp.md say the same.  All is
# generated from tools/list, so that a new argument is tested as soon as it is
# there.
#
# tags: coverage

use strict;
use warnings;
use utf8;

use Test::More;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(
    server => 'location /free { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_client_cwd beneath;'
        . ' cc_executor_client_env ONE TWO; }',
)->start;

sub mcp { return CC::Mcp->new(port => $t->port, @_) }

my %at = ('' => mcp(), '/free' => mcp(path => '/free'));
$_->initialize for values %at;

sub schemas {
    my ($where) = @_;
    return map { $_->{name} => $_->{inputSchema} }
        @{ $at{$where}->call('tools/list', {})->{result}{tools} };
}

my %free = schemas('/free');
my %plain = schemas('');
is_deeply([sort keys %free], ['execute'], 'the tools');
my ($schema, $plain) = ($free{execute}, $plain{execute});
my %arg = %{ $schema->{properties} };
my %required = map { $_ => 1 } @{ $schema->{required} };
cmp_ok(scalar keys %arg, '>=', 8, 'arguments');

# the document: what is different in it

sub form {
    my ($name, $p, $required) = @_;
    my $form = $p->{type};
    $form .= ' of strings' if $form eq 'object';
    $form .= $p->{enum} ? ': ' . join(', ', map { "\"$_\"" } @{ $p->{enum} }) : '';
    $form .= exists $p->{maximum} ? ", $p->{minimum} to $p->{maximum}"
        : ", at least $p->{minimum}" if exists $p->{minimum};
    return $form . ($required ? ', required' : '');
}

sub differs {
    my ($section, $schema, $plain) = @_;
    my %arg = %{ $schema->{properties} };
    my %required = map { $_ => 1 } @{ $schema->{required} };
    my %row;
    while ($section =~ /^\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$/gm) {
        my $name = $1;
        @{ $row{$name} }{qw(form default meaning)} = map { s/^ +| +$//gr } $2, $3, $4;
    }
    my @differs = map { "$_: no such argument" } grep { !$arg{$_} } sort keys %row;
    for my $name (sort keys %arg) {
        my ($p, $row) = ($arg{$name}, $row{$name});
        if (!$row) {
            push @differs, "$name: no row";
            next;
        }
        push @differs, "$name: type and limits"
            if $row->{form} =~ tr/`//dr ne form($name, $p, $required{$name});
        push @differs, "$name: default" if exists $p->{default}
            ? $row->{default} =~ tr/`//dr ne "\"$p->{default}\""
            : grep { ($p->{description} // '') !~ /\b$_\b/ } $row->{default} =~ /(\d+)/g;
        push @differs, "$name: where it is offered"
            if !$plain->{properties}{$name} != ($row->{meaning} =~ /only offered/);
    }
    return @differs;
}

open my $f, '<:encoding(UTF-8)', "$CC::Nginx::ROOT/docs/mcp.md" or die $!;
my ($section) = do { local $/; <$f> } =~ /^## Arguments\n(.*?)^## /ms;
is_deeply([differs($section, $schema, $plain)], [],
    'docs/mcp.md has the arguments of the schema');

# one more argument, or another limit, is noticed (that the one list is enough for
# schema and check is tested in t/unit/mcp.c)

my %more = (%$schema, properties => { %arg, colour => { type => 'string' } });
is_deeply([differs($section, \%more, { properties => { %{ $plain->{properties} },
    colour => 1 } })], ['colour: no row'], 'an argument without a row');
%more = (%$schema, properties => { %arg, timeout_ms =>
    { %{ $arg{timeout_ms} }, minimum => 2 } });
is_deeply([differs($section, \%more, $plain)], ['timeout_ms: type and limits'],
    'a row with another limit');
(my $longer = $section) =~ s/^(\| `command` \|)/| `colour` | string | | |\n$1/m;
is_deeply([differs($longer, $schema, $plain)], ['colour: no such argument'],
    'a row without an argument');

# the check

sub told {
    my ($where, $name, $arguments, $what) = @_;
    my $r = $at{$where}->execute({ command => 'true', %$arguments })->{result};
    ok($r->{isError}, "$name: $what: an error");
    like($r->{content}[0]{text}, qr/^\[not started: arguments\.\Q$name\E\b/,
        "$name: $what: its text");
    return;
}

for my $name (sort keys %arg) {
    my $p = $arg{$name};
    my %by_type = (
        string => { array => [1], number => 1 },
        integer => { word => 'x', array => [1], bool => $CC::Mcp::json->decode('[true]')->[0] },
        object => { number => 7, string => 'x', 'number inside' => { ONE => 7 } },
    );
    my %wrong = %{ $by_type{ $p->{type} } };
    $wrong{'another value'} = 'no such value' if $p->{enum};
    $wrong{minimum} = $p->{minimum} - 1 if exists $p->{minimum};
    $wrong{maximum} = $p->{maximum} + 1 if exists $p->{maximum};
    $wrong{null} = undef if $required{$name};
    $wrong{empty} = '' if $required{$name};
    told('/free', $name, { $name => $wrong{$_} }, $_) for sort keys %wrong;

    if (!$plain->{properties}{$name}) {
        told('', $name, { $name => $p->{type} eq 'object' ? { ONE => 'x' } : 'x' },
            'not offered');
    }
    for my $value (@{ $p->{enum} // [] }, exists $p->{maximum} ? $p->{maximum} : ()) {
        ok(!$at{'/free'}->execute({ command => 'true', $name => $value })->{result}{isError},
            "$name: $value is taken");
    }
}

done_testing;
