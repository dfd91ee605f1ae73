# The trace of a request (W3C Trace Context) reaches the command, the audit log and
# the access log, by whatever way it was named; what is not well-formed is not there.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $json = JSON::PP->new->allow_nonref;

my $t = CC::Nginx->new(http => <<'EOC', location => <<'EOL', server => <<'EOS');
log_format trace '$uri:$cc_executor_dialect:$cc_executor_trace_id.';
cc_executor_audit_log logs/audit.log;
EOC
cc_executor_allow any; cc_executor_shell /bin/sh; cc_executor_trace on;
EOL
location /off { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; }
location /env { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_trace on;
    cc_executor_env PATH TRACEPARENT=theirs TRACESTATE=theirs TRACE=other;
    cc_executor_client_env TRACEPARENT TRACESTATE; }
location /last { access_log %%DIR%%/logs/trace.log trace;
    cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_trace on; }
location /list { cc_executor on; cc_executor_allow /bin/echo;
    cc_executor_trace on; }
EOS
$t->start;

my $id = '0af7651916cd43dd8448eb211c80319c';
my $span = 'b7ad6b7169203331';
my $parent = "00-$id-$span-01";
my $other = '4bf92f3577b34da6a3ce929d0e0e4736';
my $another = "00-$other-00f067aa0ba902b7-00";
my $env = 'echo "${TRACEPARENT-none} ${TRACESTATE-none} ${BAGGAGE-none}'
    . ' ${baggage-none}"';

# one command's line, by each of the ways; %o: headers, meta, path

sub native {
    my (%o) = @_;
    my $c = $t->client(headers => $o{headers} // {}, path => $o{path}
        // '/ws/mcp');
    my $r = $c->run({ command => $o{command} // $env,
        ($o{env} ? (env => $o{env}) : ()) });
    $c->close;
    return $r->{stdout};
}

sub mcp_ws {
    my (%o) = @_;
    my $c = CC::Mcp->new(port => $t->port, headers => $o{headers} // {},
        path => $o{path} // '/ws/mcp');
    $c->initialize;
    my @out = map { $c->execute($env, %$_)->{result}{structuredContent}{stdout} }
        $o{metas} ? @{ $o{metas} } : $o{meta} // {};
    $c->close;
    return wantarray ? @out : $out[0];
}

sub mcp_http {
    my (%o) = @_;
    my $params = CC::Mcp::execute_params($o{command} // $env,
        ($o{modern} ? %{ CC::Mcp::meta() } : ()), %{ $o{meta} // {} });
    my $c = CC::Http->new(port => $t->port, path => $o{path} // '/ws/mcp');
    my $r = $c->post({ jsonrpc => '2.0', id => 1, method => 'tools/call',
        params => $params }, headers => {
        ($o{modern} ? ('MCP-Protocol-Version' => $CC::Mcp::MODERN,
            'Mcp-Method' => 'tools/call', 'Mcp-Name' => 'execute') : ()),
        %{ $o{headers} // {} } });
    $c->close;
    return $r->{message}{result}{structuredContent}{stdout};
}

my %way = (native => \&native, 'MCP by WebSocket' => \&mcp_ws,
    'MCP by HTTP' => \&mcp_http,
    'modern MCP by HTTP' => sub { mcp_http(@_, modern => 1) });
my @messages = grep { $_ ne 'native' } sort keys %way;
my %header = (traceparent => $parent, tracestate => 'rojo=1, congo=t61',
    baggage => 'secret=1');

# headers

for my $name (sort keys %way) {
    is($way{$name}->(headers => { %header }),
        "$parent rojo=1,congo=t61 none none\n", "$name: by header");
    is($way{$name}->(headers => { Traceparent => $parent }),
        "$parent none none none\n", "$name: no state");
    is($way{$name}->(), "none none none none\n", "$name: no trace");
    is($way{$name}->(headers => { traceparent => $parent,
        tracestate => ['a=1', 'b=2,c=3'] }), "$parent a=1,b=2,c=3 none none\n",
        "$name: a state in two headers");
    is($way{$name}->(headers => { traceparent => [$parent, $parent] }),
        "none none none none\n", "$name: two parents are none");
    is($way{$name}->(headers => { tracestate => 'a=1' }),
        "none none none none\n", "$name: a state alone is nothing");
}

# what is not well-formed; t/unit/trace.c has more of it

for (["00-\U$id\E-$span-01", 'upper case'], ["00-$id-$span-01-x", 'longer'],
    ["ff-$id-$span-01", 'version ff'], ['00-' . 0 x 32 . "-$span-01", 'no id'],
    ["00-$id-" . 0 x 16 . '-01', 'no span'], ["00-$id-$span", 'short'],
    ['x' x 4000, 'very long'], ["00-$id-$span-0\x7f", 'not ASCII'], ['', 'empty'])
{
    my ($value, $what) = @$_;
    is(native(headers => { traceparent => $value, tracestate => 'a=1' }),
        "none none none none\n", "a header that is wrong: $what");
    is(mcp_http(meta => { traceparent => $value, tracestate => 'a=1' }),
        "none none none none\n", "a member that is wrong: $what");
}
for (['a=' . 'x' x 511, 'too long'], ['a=1,a=2', 'a key twice'],
    ['A=1', 'upper case'], [join(',', map { "k$_=v" } 1 .. 33), 'too many'])
{
    my ($value, $what) = @$_;
    is(native(headers => { traceparent => $parent, tracestate => $value }),
        "$parent none none none\n", "a state that is wrong: $what");
}
is(native(headers => { traceparent => "cc-$id-$span-01-more" }),
    "$parent none none none\n", 'a later version');

# messages of MCP: before the headers

for my $name (@messages) {
    is($way{$name}->(meta => { traceparent => $another, tracestate => 'x=y',
        baggage => 'secret=1' }), "$another x=y none none\n",
        "$name: by message");
    is($way{$name}->(headers => { %header }, meta => { traceparent => $another }),
        "$another none none none\n", "$name: the message goes first");
    is($way{$name}->(headers => { %header },
        meta => { traceparent => 'wrong', tracestate => 'x=y' }),
        "$parent rojo=1,congo=t61 none none\n",
        "$name: a wrong one is as if it were not there");
    for my $wrong (1, JSON::PP::true, undef, [$parent], { a => $parent }) {
        my $text = $json->encode($wrong);
        is($way{$name}->(meta => { traceparent => $another,
            tracestate => $wrong }), "$another none none none\n",
            "$name: a state that is $text");
        is($way{$name}->(meta => { traceparent => $wrong }),
            "none none none none\n", "$name: a parent that is $text");
    }
}
is_deeply([mcp_ws(headers => { %header }, metas => [
    { traceparent => $another }, {}, { traceparent => $another,
    tracestate => 'z=1' }])], ["$another none none none\n",
    "$parent rojo=1,congo=t61 none none\n", "$another z=1 none none\n"],
    'each message of a WebSocket has its own');

# off; a configuration and a client that set the variables

is(native(path => '/off', headers => { %header }), "none none none none\n",
    'off: not by header');
is(mcp_http(path => '/off', meta => { traceparent => $parent }),
    "none none none none\n", 'off: not by message');
is(native(path => '/env'), "theirs theirs none none\n",
    'without a trace the configured environment stays');
is(native(path => '/env', headers => { traceparent => $parent }),
    "$parent none none none\n", 'with one it is replaced, the state too');
is(native(path => '/env', headers => { traceparent => $parent },
    env => { TRACESTATE => 'mine', TRACEPARENT => 'mine' }),
    "$parent none none none\n", 'and so is what the client sets');
is(native(path => '/env', headers => { traceparent => $parent },
    command => 'env | grep -c ^TRACE'), "2\n", 'each once, others stay');

# records

my $audit = sub { my ($id) = @_; grep { ($_->{span_id} // '') eq $id }
    $t->records('logs/audit.log') };
native(headers => { traceparent => "00-$id-1111111111111111-01" });
my @of;
ok($t->wait_until(sub { (@of = $audit->('1' x 16)) == 2 }),
    'the audit log has it');
is_deeply([map { $_->{event} } @of], ['command.started', 'command.ended'],
    'at the start and the end of the command');
is($of[0]{trace_id}, $id, 'by its trace');

native(path => '/list', command => 'id',
    headers => { traceparent => "00-$id-2222222222222222-01" });
mcp_http(path => '/list', command => 'id',
    meta => { traceparent => "00-$id-2222222222222222-01" });
ok($t->wait_until(sub { (@of = $audit->('2' x 16)) == 2 }),
    'what is refused, too');
is("$of[0]{event} $of[0]{dialect} $of[1]{event} $of[1]{dialect}",
    'command.refused native command.refused mcp', 'as refused');

native(path => '/off', headers => { traceparent => "00-$id-3333333333333333-01" });
native(headers => { traceparent => "00-$id-4444444444444444-01" });
ok($t->wait_until(sub { $audit->('4' x 16) == 2 }),
    'the log goes on');
is(scalar $audit->('3' x 16), 0, 'off: no trace in the audit log');

# the access log has one line of each session, when it is over

my $lines = 0;
sub logged {
    my ($what, $expected, $name) = @_;
    my @lines;
    $what->();
    ok($t->wait_until(sub { @lines = grep { m{^/last:} } split /\n/,
        $t->slurp('logs/trace.log'); @lines > $lines }), "$name: a line");
    is("$#lines $lines[-1]", "$lines /last:$expected.", $name);
    return $lines++;
}
my %last = (path => '/last');
logged(sub { native(%last, headers => { traceparent => $parent }) },
    "native:$id", '$cc_executor_trace_id: by header');
logged(sub { native(%last, headers => { traceparent => 'wrong' }) }, 'native:',
    'empty without a trace');
logged(sub { mcp_http(%last, meta => { traceparent => $another }) },
    "mcp:$other", 'by message');
logged(sub { mcp_http(%last, headers => { traceparent => $another }) },
    "mcp:$other", 'MCP by header');
logged(sub { mcp_http(%last) }, 'mcp:', 'MCP without one');
logged(sub { mcp_ws(%last, metas => [{ traceparent => $parent },
    { traceparent => $another }, {}]) }, "mcp:$other",
    'of several the last one');

$t->finish;
done_testing();
