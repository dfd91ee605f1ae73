# Bad requests: every row of the table of errors, and what JSON can do to one.
#
# tags: asan coverage smoke

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC')->start;
location /one { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_commands_per_session 1; }
EOC

my $c = $t->client;

# text of a message, code, id (as JSON), what the message says

my @bad = (
    '' => -32700, 'null', '',
    '{' => -32700, 'null', '',
    '{"id":1,"method":"list"' => -32700, 'null', '',
    '{"id":1,"method":"list"} x' => -32700, 'null', '',
    '{"id":1,"method":"list"}{}' => -32700, 'null', '',
    'not json' => -32700, 'null', '',
    '{"id":1,"method":"li\qst"}' => -32700, 'null', '',
    "{\"id\":1,\"method\":\"li\nst\"}" => -32700, 'null', '',
    '{"id":1,"method":"list",}' => -32700, 'null', '',
    '{id:1}' => -32700, 'null', '',
    '{"id":01,"method":"list"}' => -32700, 'null', '',
    '[]' => -32600, 'null', 'batch',
    '[{"jsonrpc":"2.0","id":1,"method":"list"}]' => -32600, 'null', 'batch',
    '"text"' => -32600, 'null', 'object',
    '42' => -32600, 'null', 'object',
    'null' => -32600, 'null', 'object',
    '{}' => -32600, 'null', 'method',
    '{"id":1}' => -32600, '1', 'method',
    '{"id":1,"method":7}' => -32600, '1', 'method',
    '{"id":{},"method":"list"}' => -32600, 'null', 'id',
    '{"id":[1],"method":"list"}' => -32600, 'null', 'id',
    '{"id":true,"method":"list"}' => -32600, 'null', 'id',
    '{"jsonrpc":"1.0","id":1,"method":"list"}' => -32600, '1', 'jsonrpc',
    '{"id":1,"method":"fly"}' => -32601, '1', "'fly'",
    '{"id":1,"method":""}' => -32601, '1', "''",
    '{"id":1,"method":"execute"}' => -32602, '1', 'params.command',
    '{"id":1,"method":"execute","params":null}' => -32602, '1', 'params',
    '{"id":1,"method":"execute","params":[1]}' => -32602, '1', 'params',
    '{"id":1,"method":"execute","params":"x"}' => -32602, '1', 'params',
    (map { my ($params, $what) = @$_;
        ("{\"id\":1,\"method\":\"execute\",\"params\":{$params}}" =>
            -32602, '1', $what) }
        ['"command":1', 'params.command'],
        ['"command":null', 'params.command'],
        ['"command":""', 'params.command'],
        ['"command":"x","args":["y"]', 'params.args'],
        ['"args":[]', 'params.args'],
        ['"args":"ls"', 'params.args'],
        ['"args":["ls",1]', 'params.args[1]'],
        ['"args":[""]', 'name of the program'],
        ['"command":"x","timeout":"1"', 'params.timeout'],
        ['"command":"x","timeout":0', 'params.timeout'],
        ['"command":"x","timeout":-1', 'params.timeout'],
        ['"command":"x","cwd":"/"', 'params.cwd'],
        ['"command":"x","env":{"A":"b"}', 'params.env'],
        ['"command":"x","tty":{"cols":80}', 'params.tty'],
        ['"command":"x","stdin":1', 'params.stdin'],
        ['"command":"x","open_stdin":1', 'params.open_stdin'],
        ['"command":"x","output":"word"', 'params.output'],
        ['"command":"x","output":1', 'params.output'],
        ['"command":"x","encoding":"latin1"', 'params.encoding'],
        ['"command":"x","on_disconnect":"keep"', 'params.on_disconnect'],
        ['"command":"x","on_disconnect":"stay"', 'params.on_disconnect'],
        ['"command":"a\u0000b"', 'NUL'],
        ['"args":["a","b\u0000"]', 'NUL'],
        ['"command":"x","command":"y"', 'given twice'],
        ['"command":"x","comm\u0061nd":"y"', 'given twice']),
    '{"id":1,"id":2,"method":"list"}' => -32602, '1', 'given twice',
    '{"id":"a\u0000","method":"list"}' => -32602, 'null', 'NUL',
    '{"id":1,"method":"list","x":{"a\u0000":1}}' => -32602, '1', 'NUL',
    '{"id":1,"method":"control","params":{}}' => -32602, '1', 'params.type',
    '{"id":1,"method":"control","params":{"type":"STOP"}}' => -32602, '1',
        'STOP',
    '{"id":1,"method":"control","params":{"type":1}}' => -32602, '1',
        'params.type',
    '{"id":1,"method":"control","params":{"type":"PAUSE"}}' => -32003, '1',
        'process',
    '{"id":1,"method":"control","params":{"type":"PAUSE",'
        . '"execution_id":7}}' => -32602, '1', 'params.execution_id',
    '{"id":1,"method":"status","params":{"execution_id":"'
        . 'a' x 48 . '"}}' => -32003, '1', 'process',
    '{"id":1,"method":"input","params":{}}' => -32602, '1', 'params.data',
    '{"id":1,"method":"input","params":{"data":1}}' => -32602, '1',
        'params.data',
    '{"id":1,"method":"input","params":{"data":"x","data_base64":"eA=="}}'
        => -32602, '1', 'params.data_base64',
    '{"id":1,"method":"input","params":{"data_base64":"!"}}' => -32602, '1',
        'params.data_base64',
    '{"id":1,"method":"input","params":{"eof":1}}' => -32602, '1',
        'params.eof',
    '{"id":1,"method":"input","params":{"data":"x"}}' => -32003, '1',
        'process',
);

while (my ($text, $code, $id, $says) = splice @bad, 0, 4) {
    (my $name = length $text > 70 ? substr($text, 0, 70) . '...' : $text)
        =~ s/[^ -~]/?/g;
    $c->raw($text);
    my $f = $c->ws->read_frame;
    my $m = JSON::PP->new->utf8->decode($f->{data});
    is($m->{error}{code}, $code, "$code: $name");
    like($f->{data}, qr/"id":\Q$id\E,/, "id $id");
    like($m->{error}{message}, qr/\Q$says\E/, "says '$says'")
        if length $says;
}

# deep and wide

for my $n (33, 10000) {
    $c->raw('{"id":7,"method":"list","params":{"x":' . '[' x $n . ']' x $n
        . '}}');
    my $m = $c->next;
    is($m->{error}{code}, -32602, "$n nested arrays");
    like($m->{error}{message}, qr/32/, 'the limit is named');
    is($m->{id}, 7, 'with the id');
}
$c->raw('[' x 10000);
is($c->next->{error}{code}, -32600, '10,000 arrays that begin: a batch');
$c->raw('{"id":8,"method":"list","params":{"x":[' . join(',', (1) x 50000)
    . ']}}');
is($c->next->{error}{code}, -32602, '50,000 values');
$c->raw('{"id":9,"method":"list","x":{' . join(',', map { "\"k$_\":1" }
    1 .. 300) . '}}');
is($c->next->{error}{code}, -32602, '300 members');

# ids come back as they were sent

for my $id ('1', '-1', '1.0', '1e2', '123456789012345678901234567890',
    '"text"', '""', '"\u00e9 \" \\\\ \n"', 'null', '"' . 'i' x 1000 . '"')
{
    $c->raw("{\"jsonrpc\":\"2.0\",\"id\":$id,\"method\":\"list\"}");
    my $data = $c->ws->read_frame->{data};
    if ($id =~ /u00e9/) {
        is(JSON::PP->new->utf8->decode($data)->{id}, "\x{e9} \" \\ \n",
            'an id with escapes');
    } else {
        like($data, qr/"id":\Q$id\E,/, 'id ' . substr $id, 0, 40);
    }
}
$c->raw('{"id":"' . 'i' x 5000 . '","method":"list"}');
is($c->next->{error}{code}, -32600, 'an id of 5000 bytes');

# what is not answered

$c->raw('{"method":"pong"}');
$c->raw('{"method":"pong","params":{}}');
$c->raw('{"id":11,"method":"list"}');
is($c->next->{id}, 11, 'pong is ignored, jsonrpc may be missing');
$c->send('control', { type => 'STOP' }, notify => 1);
$c->send('fly', {}, notify => 1);
my $id = $c->send('list');
is($c->next->{id}, $id, 'no answer to a wrong notification');

# limits

my $one = $t->client(path => '/one');
$one->call('execute', { command => 'sleep 10' });
my $m = $one->call('execute', { command => 'true' });
is($m->{error}{code}, -32001, 'limit of one command');
is($m->{error}{message}, 'A process is already running', 'in the known words');
$one->close;

my @ids = map { $c->send('execute', { command => 'sleep 10' }) } 1 .. 9;
is((grep { $c->answer($_)->{result} } @ids[0 .. 7]), 8, '8 commands run');
$m = $c->answer($ids[8]);
is($m->{error}{code}, -32001, 'the ninth does not');
like($m->{error}{message}, qr/\b8\b/, 'the limit is named');
$m = $c->call('control', { type => 'PAUSE' });
is($m->{error}{code}, -32602, 'which of 8 is meant?');
like($m->{error}{message}, qr/[0-9a-f]{48}, [0-9a-f]{48}/, 'they are listed');
$c->close;

$t->finish;
done_testing;
