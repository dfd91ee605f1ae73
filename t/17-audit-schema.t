# The audit log: every line of a hostile run fits the schema in docs/operation.md,
# nothing is missing, nothing is raw, secrets are not there.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $json = JSON::PP->new->allow_nonref;

# the schema

open my $doc, '<', "$root/docs/operation.md" or die $!;
my $text = do { local $/; <$doc> };
my (%event, %type);

for ($text =~ /<!-- audit: events -->\n\n.*?\n.*?\n((?:\|.*\n)+)/g) {
    for (split /\n/) {
        my ($name, $fields) = /^\| `?([\w.]+)`? \| (.*) \|$/ or die $_;
        my @optional = map { /`(\w+)`/g } $fields =~ /\[([^]]*)\]/g;
        (my $rest = $fields) =~ s/\[[^]]*\]//g;
        $event{$name} = { need => [$rest =~ /`(\w+)`/g],
            may => \@optional };
    }
}
for ($text =~ /<!-- audit: fields -->\n\n.*?\n.*?\n((?:\|.*\n)+)/g) {
    for (split /\n/) {
        my ($names, $type) = /^\| (.*?) \| (.*?) \|/ or die $_;
        my @names = $names =~ /`(\w+)`/g;
        my @types = split /, /, $type;
        $type{ $names[$_] } = $types[$_] // $types[0] for 0 .. $#names;
    }
}
is(scalar(keys %event), 11, 'ten events and what all have');
cmp_ok(scalar(keys %type), '>', 30, 'fields');

my %is = (
    string => sub { !ref $_[0] && $_[1] =~ /^"/ },
    integer => sub { $_[1] =~ /^-?\d+$/ },
    number => sub { $_[1] =~ /^-?\d+(\.\d+)?$/ },
    null => sub { $_[1] eq 'null' },
    'array of strings' => sub { ref $_[0] eq 'ARRAY'
        && !grep { ref || $json->encode($_) !~ /^"/ } @{ $_[0] } },
);

# '' or what is wrong with a line
sub wrong {
    my ($line) = @_;
    return 'not printable ASCII' if $line =~ /[^\x20-\x7e]/;
    my $o = eval { $json->decode($line) } or return "no JSON: $@";
    my $event = $event{ $o->{event} // '' } or return 'no such event';
    my %known = map { $_ => 1 } @{ $event{all}{need} }, @{ $event->{need} },
        @{ $event->{may} };
    for (@{ $event{all}{need} }, @{ $event->{need} }) {
        return "$_ is missing" unless exists $o->{$_};
    }
    for my $field (keys %$o) {
        return "$field does not belong there" unless $known{$field};
        my $value = $json->encode($o->{$field});
        return "$field is no $type{$field}: $value" unless
            grep { $is{$_}->($o->{$field}, $value) }
            split / or /, $type{$field};
    }
    return 'bad time' if $o->{time}
        !~ /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    return length $line > 65536 ? 'too long' : '';
}

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes 2;
events { worker_connections 256; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_audit_log logs/audit.log;
    cc_executor_env PATH SECRET_VARIABLE=canary-env;
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;
        location /ws/mcp { cc_executor on; cc_executor_allow any;
            cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms; }
        location /list { cc_executor on; cc_executor_allow /bin/echo;
            cc_executor_cwd /tmp; }
        location /hash { cc_executor on; cc_executor_allow any;
            cc_executor_audit_log logs/hash.log argv=hash; }
        location /off { cc_executor on; cc_executor_allow any;
            cc_executor_audit_log off; }
        location /token { cc_executor on; cc_executor_allow any;
            cc_executor_token_file tokens; cc_executor_observe laptop; }
        location /two { cc_executor on; cc_executor_allow any;
            cc_executor_max_sessions_per_owner 2;
            cc_executor_max_commands 1; }
        location /far { cc_executor on; cc_executor_allow any;
            cc_executor_wrapper /usr/bin/env;
            cc_executor_control /bin/false "%{id}"; }
        location /full { cc_executor on; cc_executor_allow any;
            cc_executor_audit_log /dev/full; }
        location = /mirror { mirror /ws/mcp; alias %%DIR%%/file; }
        location ~ ^/re(?<name>.*)$ { cc_executor on; cc_executor_allow any; }
    }
}
EOC
my $dir = $t->dir;
open my $file, '>', "$dir/file" or die $!;
close $file;
chomp(my $token = `$root/conf/cc-token laptop '$dir/tokens'`);
$t->start;

sub lines { return $t->records($_[0] // 'logs/audit.log') }

# waits for lines that match, returns them
sub found {
    my ($n, $is, $file) = @_;
    my @found;
    $t->wait_until(sub { (@found = grep { $is->($_) } lines($file)) >= $n })
        or diag substr $t->slurp($file // 'logs/audit.log'), -4000;
    return @found;
}

# an ordinary session

my $c = $t->client;
my $session = $c->{connected}{params}{session_id};
my $r = $c->run("printf out; printf error >&2; exit 3");
my $execution = substr $r->{answer}{result}{execution_id}, 0, 16;
my $pid = $r->{started}{pid};
$c->ws->send_frame(8, pack 'n', 1000);
$c->ws->read_close;

my @story = found(4, sub { ($_[0]{session} // '') eq $session });
is_deeply([map { $_->{event} } @story], [qw(session.opened command.started
    command.ended session.closed)], 'a session in four lines');
my ($opened, $started, $ended, $closed) = @story;
for (@story) {
    is($_->{owner}, 'addr:127.0.0.1', "$_->{event}: owner");
    is($_->{peer}, '127.0.0.1', 'peer');
    is("$_->{server}$_->{location}", 'localhost/ws/mcp', 'server, location');
    is($_->{dialect}, 'native', 'dialect');
}
is($started->{execution}, $execution, 'execution');
is($started->{pid}, $pid, 'pid');
is_deeply($started->{argv},
    ['/bin/sh', '-c', 'printf out; printf error >&2; exit 3'], 'argv');
is($started->{program}, '/bin/sh', 'program');
is($started->{cwd}, "$dir/runtime/work", 'cwd');
is($started->{timeout}, 600, 'timeout');
is("$ended->{execution} $ended->{pid}", "$execution $pid", 'the same ends');
is($ended->{exit_code}, 3, 'exit code');
is($ended->{cause}, 'exit', 'cause');
is($ended->{stdout_bytes}, 3, 'stdout');
is($ended->{stderr_bytes}, 5, 'stderr');
is($closed->{code}, 1000, 'code');
is($closed->{commands}, 1, 'commands');
cmp_ok($closed->{bytes_out}, '>', 500, 'bytes_out');

# signals, refusals, what cannot be executed, what nobody waits for

$c = $t->client;
$session = $c->{connected}{params}{session_id};
my $run = $c->call('execute', { command => 'sleep 600' });
$c->notification('process.started');
$c->call('control', { type => $_ }) for qw(PAUSE RESUME CANCEL);
$c->notification('process.completed');
$c->call('execute', { command => 'sleep 601', timeout => 0.2 });
$c->notification('process.completed');
$c->call('execute', { command => 'kill -9 $$' });
$c->notification('process.completed');
$c->call('execute', { command => "sleep 602" });
$c->notification('process.started');
$c->ws->close;
@story = found(13, sub { ($_[0]{session} // '') eq $session });
is_deeply([map { $_->{signal} } grep { $_->{event} =~ /signalled/ } @story],
    [qw(PAUSE RESUME CANCEL)], 'signals');
is_deeply([sort map { $_->{cause} } grep { $_->{event} =~ /ended/ } @story],
    [qw(cancel disconnect signal timeout)], 'causes');
my ($gone) = grep { ($_->{cause} // '') eq 'disconnect' } @story;
is($gone->{exit_code}, -15, 'a command that nobody waits for is told of');
is((grep { $_->{event} eq 'session.closed' } @story)[0]{code}, 1006,
    'the connection broke');

$c = $t->client(path => '/list');
$c->call('execute', { args => ['/bin/cat', '/etc/passwd'] });
$c->call('execute', { command => 'echo a; id' });
$c->call('execute', { command => 'echo "open' });
$c->call('execute', { args => [] });
$c->call('execute', { args => ['echo', 'x' x 140_000] });
$c->call('execute', { args => ['echo', ('y' x 1000) x 10] });
my @refused = found(4, sub { $_[0]{event} eq 'command.refused' });
is_deeply($refused[0]{argv}, ['/bin/cat', '/etc/passwd'],
    'a refused command: argv');
like($refused[0]{error}, qr/is not on the allow-list/, 'and why');
is($refused[1]{command}, 'echo a; id', 'a line that was not split');
like($refused[1]{error}, qr/operator ';' is not allowed/, 'and why');
my ($long) = found(1, sub { ($_[0]{argv_bytes} // 0) == 5 + 10 * 1001 });
is(length join('', @{ $long->{argv} }), 4096 - 5, 'argv is cut');
my ($longer) = found(1, sub { ($_[0]{argv_bytes} // 0) > 140_000 });
is($longer->{event}, 'command.refused', 'too long a one is refused');
$c->close;

$c = $t->client(path => '/off');
$c->run({ args => ['echo', 'nothing-is-written'] });
$c->close;
$c = $t->client(path => '/two');
$c->call('execute', { args => ['/nonexistent/program', 'a'] });
my ($failed) = found(1, sub { $_[0]{event} eq 'command.failed' });
is("$failed->{stage} $failed->{errno}", 'exec 2', 'failed at exec');
$c->call('execute', { args => ['sleep', '60'] });
$c->call('execute', { args => ['sleep', '61'] });
found(1, sub { ($_[0]{error} // '') eq 'the limit of 1 commands is reached' });
my $second = $t->client(path => '/two');
my $third = $t->client(path => '/two');
my ($over) = found(1, sub { ($_[0]{reason} // '') eq 'sessions_per_owner' });
is($over->{status}, 503, 'over a limit of sessions');
$_->close for $c, $second, $third;

# MCP: the same lines, over a WebSocket and from a POST

my $m = CC::Mcp->new(port => $t->port, path => '/list');
$m->initialize;
$m->execute('echo mcp-ws');
$m->execute('cat /etc/passwd');
my $post = CC::Http->new(port => $t->port, path => '/list')->post({
    jsonrpc => '2.0', id => 1, method => 'tools/call', params =>
    CC::Mcp::execute_params('echo mcp-post') });
is($post->{status}, 200, 'a POST');
for my $what ('mcp-ws', 'mcp-post') {
    my ($line) = found(1, sub { $_[0]{event} eq 'command.started'
        && ($_[0]{argv}[1] // '') eq $what });
    is($line->{dialect}, 'mcp', "$what: dialect");
    is($line->{location}, '/list', 'location');
    my @story = found(4, sub { ($_[0]{session} // '') eq $line->{session} });
    is(scalar(grep { $_->{event} eq 'command.ended' } @story), 1, 'it ended');
}
ok(found(1, sub { $_[0]{event} eq 'command.refused'
    && $_[0]{dialect} eq 'mcp' }), 'a refusal');
$m->close;

# refused at the door, with anything in the headers

my @nasty = ("a\e[31mb", "\x9b31m", "\xe2\x80\xae", '"},{"event":"x"', '\\',
    "\xff\xfe", "\x7f", "\t", 'x' x 3000, '%s%n', "\xf0\x9f\x98\x80",
    '${jndi:ldap://x}', "\xc2\x9b2J", "\xed\xa0\x80");
for my $nasty (@nasty) {
    $t->ws(headers => { Origin => $nasty })->close;
    $t->ws(headers => { Host => 'localhost', Origin => "http://$nasty" })
        ->close;
    $t->ws(headers => { Authorization => "Basic $nasty" }, path => '/token')
        ->close;
    $t->ws(headers => { Authorization => "Bearer $nasty" }, path => '/token')
        ->close;
    $t->ws(path => "/re" . join '', map { sprintf '%%%02x', ord }
        split //, substr $nasty, 0, 50)->close;
}
$t->ws(headers => { Host => 'evil.example' });
$t->ws(headers => { Via => 'x' });
$t->ws(path => '/token');
$t->ws(path => "/token?t=$token");
$t->ws(method => 'PUT');
$t->ws(method => 'POST');
$t->ws(headers => { 'Sec-WebSocket-Version' => 1 });
$t->ws(path => '/mirror', headers => { Upgrade => undef });
my %reason;                              # two workers write, in any order
$t->wait_until(sub {
    $reason{ $_->{reason} }{ $_->{status} } = 1 for grep { $_->{reason} } lines();
    return $reason{subrequest} && keys %{ $reason{handshake} // {} } == 3;
});
is_deeply({ map { $_ => join ' ', sort keys %{ $reason{$_} } } keys %reason },
    { host => 421, remote => 403, origin => 403, token => 401,
    handshake => '405 415 426', sessions_per_owner => 503, subrequest => 403 },
    'reasons and statuses') or diag explain \%reason;

# anything in a command

$c = $t->client;
for my $nasty (@nasty[0 .. $#nasty - 1], "a\nb", "a\r\n{\"time\":\"x\"}", "\x{2028}",
    "\x{10ffff}", "\x{202e}abc")
{
    my $copy = $nasty;
    utf8::encode($copy) if utf8::is_utf8($copy);
    utf8::decode($copy);
    utf8::upgrade($copy);
    $c->run({ args => ['echo', $copy, '-n', ''] });
}
my @echoed = found(@nasty + 4, sub { ($_[0]{argv} // [''])->[0] eq 'echo'
    && $_[0]{event} eq 'command.started' && $_[0]{location} eq '/ws/mcp' });
is_deeply($echoed[-5]{argv}, ['echo', "a\nb", '-n', ''],
    'what is printable or not comes back whole');
is_deeply($echoed[-1]{argv}, ['echo', "\x{202e}abc", '-n', ''],
    'characters beyond ASCII, too');
$c->close;

# an owner with a token, and secrets

$c = $t->client(path => '/token', headers => {
    'Sec-WebSocket-Protocol' => "cc-executor, bearer.$token" });
$c->run({ args => ['cat'], stdin => 'canary-stdin' });
$c->run({ args => ['env'] });
my ($mine) = found(1, sub { ($_[0]{owner} // '') eq 'token:laptop' });
ok($mine, 'the owner of a token');
$c->call('list', { scope => 'realm' });
($mine) = found(1, sub { $_[0]{event} eq 'command.observed' });
is("$mine->{owner} $mine->{action}", 'token:laptop list', 'an observer');
$c->close;

# hashes

$c = $t->client(path => '/hash');
$c->run({ args => ['echo', 'canary-argument'] });
my ($hash) = found(1, sub { $_[0]{event} eq 'command.started' },
    'logs/hash.log');
is($hash->{argv_sha256}, sha256_hex("echo\0canary-argument\0"),
    'argv=hash');
$c->call('execute', { command => 'canary-argument | x' });
($hash) = found(1, sub { $_[0]{event} eq 'command.refused' },
    'logs/hash.log');
is($hash->{command_sha256}, sha256_hex('canary-argument | x'),
    'of a refused line, too');
$c->close;

# reopened

rename "$dir/logs/audit.log", "$dir/logs/audit.1" or die $!;
$t->ws(headers => { Origin => 'http://before.example' });
ok($t->wait_until(sub { $t->slurp('logs/audit.1') =~ /before\.example/ }),
    'the old file until');
$t->signal('USR1');
ok($t->wait_until(sub { -e "$dir/logs/audit.log" }), 'USR1 makes a new one');
my $n = 0;
ok($t->wait_until(sub { $n++; $t->ws(headers => { Origin => "http://n$n" });
    $t->slurp('logs/audit.log') =~ /http:\/\/n\d/ }), 'that gets the lines');

# a disk that is full

$c = $t->client(path => '/full');
is($c->run({ args => ['echo', 'on'] })->{stdout}, "on\n",
    'a full disk stops no command');
$c->close;
ok($t->wait_until(sub { $t->log =~
    /\[crit\].*\d+ lines of the audit log "\/dev\/full" are lost \(28/ }),
    'and the error log says so');
my @lost = $t->log =~ /lines of the audit log/g;
cmp_ok(scalar @lost, '<=', 2, 'not for every line');
$t->allow(qr/lines of the audit log "\/dev\/full" are lost/, scalar @lost);

# a signal for a command that lives elsewhere does not get there

my $far = $t->client(path => '/far');
$far->call('execute', { args => ['sleep', '600'] });
$far->notification('process.started');
$far->call('signal', { signal => 'HUP' });
ok($far->notification('process.unpassed'), 'a signal is not passed on');
$far->call('control', { type => 'CANCEL' });
ok($far->notification('process.completed'), 'it ends all the same');
$far->close;

$t->signal('QUIT');
$t->finish;

# every line of all that

my $all = $t->slurp('logs/audit.1') . $t->slurp('logs/audit.log')
    . $t->slurp('logs/hash.log');
my @all = split /\n/, $all;
my %wrong;
for (@all) {
    my $why = wrong($_);
    $wrong{$why} //= $_ if $why;
}
is(join("\n", map { "$_: $wrong{$_}" } sort keys %wrong), '',
    scalar(@all) . ' lines fit the schema');
is(substr($all, -1), "\n", 'the last one is whole');
my %seen = map { $_->{event} => 1 } map { $json->decode($_) } @all;
is_deeply([sort keys %seen], [sort grep { $_ ne 'all' } keys %event],
    'every event was there');
my %life;
for my $o (map { $json->decode($_) } @all) {
    $life{ $o->{execution} }{ $o->{event} }++ if $o->{execution};
}
is(join(' ', grep { ($life{$_}{'command.started'} // 0)
    != ($life{$_}{'command.ended'} // 0) } keys %life), '',
    'what was started has ended, once');
for my $secret ($token, 'canary-env', 'canary-stdin', 'canary-argument',
    'nothing-is-written')
{
    unlike($all, qr/\Q$secret\E/, "not there: $secret");
    unlike($t->log, qr/\Q$secret\E/, 'nor in the error log')
        if $secret ne $token;
}

# one file for it and for the access log, as a container has with /dev/stdout

for my $buffer ('', 'buffer=64k flush=1s') {
    my $one = CC::Nginx->new(workers => 2, http => 'log_format one'
        . ' \'{"status":$status,"session":"$cc_executor_session"}\';',
        location => 'cc_executor_allow any;'
            . " access_log %%DIR%%/logs/one.log one $buffer;"
            . ' cc_executor_audit_log %%DIR%%/logs/one.log;')->start;
    for (1 .. 20) {
        my $c = $one->client;
        $c->run('echo one');
        $c->close;
    }
    my @lines;
    ok($one->wait_until(sub {
        @lines = $one->slurp('logs/one.log') =~ /(.*)\n/g;
        (grep { /"status":101/ } @lines) == 20
            && (grep { /"session\.closed"/ } @lines) == 20 }),
        "both write to one file $buffer") or diag scalar @lines;
    is((grep { !eval { $json->decode($_) } } @lines), 0,
        'and each of their lines is whole');
    $one->finish;
}

done_testing;
