# The machine-readable contracts, docs/native.openrpc.json and docs/mcp.schema.json:
# they are what "make contract" writes (CC_RECORD=1: this test does), every
# message of a session is as they say, and a value is refused where they say so.
#
# tags: coverage

use strict;
use warnings;
use utf8;

use Encode ();
use JSON::PP ();
use Test::More;
use CC::Contract;
use CC::Mcp;
use CC::Nginx;
use CC::Schema;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# the validator itself: what it must not let pass

for ([{ type => 'integer' }, '"1"'], [{ type => 'string' }, '1'],
    [{ type => 'boolean' }, '1'], [{ type => ['number', 'null'] }, '"x"'],
    [{ type => 'integer' }, '1.5'], [{ enum => ['a', undef] }, '"b"'],
    [{ const => 'a' }, 'null'], [{ minimum => 1 }, '0'], [{ maximum => 1 }, '2'],
    [{ exclusiveMinimum => 0 }, '0'], [{ minLength => 1 }, '""'],
    [{ pattern => '^a$' }, '"ab"'], [{ items => { type => 'string' } }, '["x",1]'],
    [{ minItems => 1 }, '[]'], [{ maxItems => 0 }, '[1]'],
    [{ required => ['a'] }, '{"b":1}'], [{ anyOf => [{ type => 'null' }] }, '1'],
    [{ properties => { a => { type => 'null' } } }, '{"a":1}'],
    [{ properties => { a => {} } }, '{"b":1}'],
    [{ additionalProperties => { type => 'string' } }, '{"b":1}'],
    [{ '$ref' => '#/here' }, '1'])
{
    my ($schema, $value) = @$_;
    is(scalar(() = CC::Schema::check($schema, $json->decode($value), closed => 1,
        root => { here => { type => 'null' } })), 1,
        'refused: ' . $json->encode($schema) . " $value");
}
ok(!eval { CC::Schema::check({ minimun => 1 }, 1); 1 }, 'a keyword that is not known');

# the files are what the server says

my $t = CC::Nginx->new(
    location => 'cc_executor_allow any;',
    http => 'cc_executor_kill_grace 200ms;',
    server => 'location /free { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_client_cwd beneath;'
        . ' cc_executor_client_env ONE; cc_executor_stdin_buffer 64k;'
        . ' cc_executor_tty on; }'
        . ' location /far { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_wrapper /usr/bin/env;'
        . ' cc_executor_control /bin/false "%{id}"; }'
        . ' location /jobs { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_keep on; cc_executor_tty on; }',
)->start;

my %document = CC::Contract::documents($t);
for my $file (sort keys %document) {
    my $path = "$CC::Nginx::ROOT/$file";
    if ($ENV{CC_RECORD}) {
        open my $f, '>', $path or die "$path: $!\n";
        print $f $document{$file};
        close $f or die "$path: $!\n";
    }
    open my $f, '<', $path or die "$path: $!\n";
    local $/;
    ok(<$f> eq $document{$file}, "$file is what \"make contract\" writes");
    $document{$file} = $json->decode($document{$file});
}
my ($mcp, $rpc) = @document{qw(docs/mcp.schema.json docs/native.openrpc.json)};
my $schemas = $rpc->{components}{schemas};
my %method = map { $_->{name} => $_ } @{ $rpc->{methods} };
my %told = map { $_->{name} => $_->{params} } @{ $rpc->{'x-notifications'} };
my %codes = map { $_->{code} => 1 } values %{ $rpc->{components}{errors} };

sub wrong { my ($schema, $value) = @_;
    return CC::Schema::check($schema, $value, root => $rpc, closed => 1) }

# Looks at a message of the server; %$asked has the methods of the requests by
# id.  What was seen is counted.

my %seen;

sub look {
    my ($m, $asked) = @_;
    if (my $name = $m->{method}) {
        $seen{$name}++;
        my $schema = $told{$name} or return "$name is not described";
        return map { "$name: $_" } wrong($schema, $m->{params});
    }
    if ($m->{error}) {
        $seen{error}++;
        return map({ "error: $_" } wrong({ '$ref' => '#/components/schemas/Error' },
            $m->{error})), $codes{ $m->{error}{code} } ? ()
            : "error $m->{error}{code} is not described";
    }
    my $name = $asked->{$m->{id}} // return 'an answer to nothing';
    my $result = $method{$name}{result} or return "$name: has no result";
    $seen{"$name.result"}++;
    return map { "$name.result: $_" } wrong($result->{schema}, $m->{result});
}

# one session that has everything

my $c = CC::Client->new(port => $t->port, path => '/free');
my (%asked, @wrong);
push @wrong, look($c->{connected});

sub ask {
    my ($method, $params, %o) = @_;
    my $id = $c->send($method, $params, %o);
    $asked{$id} = $method unless $o{notify};
    return $id;
}

# reads until a message is as "until" says; all are looked at
sub read_until {
    my ($until) = @_;
    while (my $m = $c->next) {
        push @wrong, look($m, \%asked);
        return $m if $until->($m);
    }
    return undef;
}
sub until_answer { my ($id) = @_; return read_until(sub { ($_[0]{id} // '') eq $id }) }
sub until_told { my ($name) = @_; return read_until(sub { ($_[0]{method} // '') eq $name }) }

ask(execute => { command => 'echo out; echo err >&2; printf "\377"; exit 3',
    unknown => 1 });
until_told('process.completed');
ask(execute => { command => 'head -c 70000 /dev/zero | tr "\0" a' });
until_told('process.completed');
ask(execute => { args => ['cat'], open_stdin => $true });
until_told('process.started');
until_answer(ask(input => { data => "text\n" }));
until_answer(ask('list'));
until_answer(ask(status => { execution_id => undef }));
until_answer(ask(control => { type => 'PAUSE' }));
until_told('process.paused');
until_answer(ask('list'));
until_answer(ask(control => { type => 'RESUME' }));
until_told('process.resumed');
until_answer(ask(input => { data => 'x', offset => 99 }));
ask(input => { data => 'x', offset => 99 }, notify => 1);
until_told('process.error');
ask('pong');
until_answer(ask(control => { type => 'CANCEL' }));
until_told('process.canceled');
until_told('process.completed');
ask(execute => { command => 'sleep 600', timeout => 0.1 });
until_told('process.completed');
ask(execute => { command => 'echo ready; sleep 600', tty => $true });
until_told('process.output');
until_answer(ask('list'));
until_answer(ask('status'));
until_answer(ask(resize => { cols => 100, rows => 30 }));
until_answer(ask(signal => { signal => 'INT', to => 'foreground' }));
until_told('process.completed');
until_answer(ask('fly'));
until_answer(ask(execute => { args => ['/nonexistent'] }));
until_answer(ask('list'));

my $free = $c;
$c = CC::Client->new(port => $t->port, path => '/far');
ask(execute => { args => ['sleep', '600'] });
until_told('process.started');
until_answer(ask(signal => { signal => 'HUP' }));
until_told('process.unpassed');
$c->close;
$c = $free;

is_deeply(\@wrong, [], 'a session is as the contract says');
is_deeply([sort keys %seen], [sort 'error', keys %told,
    map { "$_.result" } grep { $method{$_}{result} } keys %method],
    'and had all notifications and results');

# what was recorded, with values in the place of what t/56 replaced

my ($messages, @odd) = (0);
for my $file (sort glob "$CC::Nginx::ROOT/t/cases/sessions/native-*.jsonl") {
    my %asked;
    open my $f, '<', $file or die "$file: $!\n";
    while (my $line = <$f>) {
        next if $line !~ /^\{/;
        my $step = $json->decode($line);
        if (defined $step->{send}) {
            my $m = eval { $json->decode(Encode::encode_utf8($step->{send})) };
            $asked{ $m->{id} } = $m->{method}
                if ref $m eq 'HASH' && defined $m->{id} && !ref $m->{id};
        }
        my $text = $step->{receive} // next;
        next if $text !~ /^\{/;
        $text =~ s/<pid \d+>/4711/g;
        $text =~ s/<number>/1/g;
        $text =~ s/<id \d+>/'0' x 48/ge;
        $text =~ s/<session \d+>/00000000-0000-4000-8000-000000000000/g;
        $messages++;
        my $m = $json->decode(Encode::encode_utf8($text));
        push @odd, map { "$file: $_: $text" } look($m, \%asked);
    }
}
cmp_ok($messages, '>', 100, 'recorded messages');
is_deeply(\@odd, [], 'are as the contract says');

# A value is refused, and its param named, where the schema does not have it.
# One that is in the schema may be wrong for another reason, which is listed.

# Stdin of the process may have been closed before: then no offset is right.

my %fine = map { $_ => 1 } 'input offset 0', 'input offset 7',
    map { "input data_base64 \"$_\"" } qw(x line kill PAUSE base64 binary);
$fine{"signal signal \"$_\""} = 1
    for '', qw(x line kill PAUSE base64 binary);
my @values = map { $json->encode($_) } undef, $true, 0, 7, 1.5, -1, '', 'x', [],
    ['x'], [7], {}, { ONE => 'x' }, { ONE => 7 };
@values = (@values, '"line"', '"base64"', '"binary"', '"kill"', '"PAUSE"');

# what needs a kept command is tried in t/57-kept-life.t: here nothing is kept

my %kept = map { $_ => 1 } qw(attach detach credit read wait remove),
    map { "execute $_" } qw(label overflow keep_ttl flow);

for my $name (grep { @{ $method{$_}{params} } && !$kept{$_} } sort keys %method) {
    for my $param (grep { !$kept{"$name $_->{name}"} } @{ $method{$name}{params} }) {
        my @differs;
        for my $value (@values) {
            my %params = ($param->{name} => $json->decode($value));
            if ($name eq 'execute') {
                $params{args} = ['true']
                    unless $param->{name} =~ /^(?:command|args)$/;
            } elsif ($name eq 'control') {
                $params{type} //= 'RESUME' if $param->{name} ne 'type';
            } elsif ($name eq 'signal') {
                $params{signal} = 'INT' if $param->{name} ne 'signal';
            } elsif ($name eq 'list') {
                $params{scope} = 'owner' if $param->{name} ne 'scope';
            } elsif ($name eq 'resize') {
                $params{$_} //= 80 for grep { $_ ne $param->{name} } qw(cols rows);
            } elsif ($name eq 'input') {
                $params{eof} = $true unless $param->{name} =~ /^(?:eof|data)/;
                $params{data} = '' if $param->{name} eq 'eof';
            }
            my $id = ask($name => \%params);
            my $m = $c->answer($id);
            my $text = $m->{error} ? $m->{error}{message} : '';
            my $refused = $text =~ /^params\.\Q$param->{name}\E\b/ ? 1 : 0;
            my $expected = wrong($param->{schema}, $json->decode($value)) ? 1 : 0;
            push @differs, "$value: $text" if $refused != $expected
                && !($refused && $fine{"$name $param->{name} $value"});
            $c->notification('process.completed')
                if $name eq 'execute' && $m->{result};
        }
        is_deeply(\@differs, [], "$name: $param->{name}: types");
    }
}
$c->close;

# MCP: the schema of results is that of real ones

my $agent = CC::Mcp->new(port => $t->port);
$agent->initialize;
my ($tool) = @{ $mcp->{tools} };
for ({ command => 'true' }, { command => 'false' }, { command => 'cat', stdin => 'x' },
    { command => 'sleep 600', timeout_ms => 100 }, { command => '/nonexistent' },
    { command => 'sh -c "kill $$; sleep 9"' },
    { command => 'printf \\\\377' }, { command => 'echo ;' }, {})
{
    my $r = $agent->execute($_)->{result};
    my $structured = $json->decode($json->encode($r->{structuredContent}));
    is_deeply([CC::Schema::check($tool->{outputSchema}, $structured, closed => 1)],
        [], 'tools/call ' . $json->encode($_));
}
$agent->close;

$agent = CC::Mcp->new(port => $t->port, path => '/jobs');
$agent->initialize;
my %schema = map { $_->{name} => $_->{outputSchema} } @{ $mcp->{tools_with_jobs} };
my $job = '';
for (['execute', { command => 'cat', background => $true, open_stdin => $true }],
    ['execute', { command => 'true' }], ['execute', {}],
    ['job_write', { data => 'x', enter => $true }], ['job_signal', { signal => 'STOP' }],
    ['job_list', {}], ['job_signal', { signal => 'KILL', wait_ms => 60000 }],
    ['job_read', {}], ['job_write', { data => 'x' }], ['job_list', { status => 'finished' }])
{
    my ($name, $arguments) = @$_;
    $arguments->{job_id} = $job if $name =~ /^job_[rws]/;
    my $r = $agent->call('tools/call', { name => $name, arguments => $arguments })->{result};
    my $structured = $json->decode($json->encode($r->{structuredContent}));
    is_deeply([CC::Schema::check($schema{$name}, $structured, closed => 1)],
        [], "tools/call $name") or diag(explain($r));
    $job ||= $structured->{job_id} // '';
}
$agent->close;

$t->finish;
done_testing;
