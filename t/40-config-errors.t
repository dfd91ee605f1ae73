# Wrong configurations: nginx -t says in which file and line, what is wrong
# and what would be right.  And what right ones mean.
#
# tags: asan slow coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new;

my $digest = 'ab' x 32;
for (
    ['tokens', "# a comment\n\n a\t$digest \nb @{['cd' x 32]}", 0600],
    ['open', "a $digest\n", 0606],
    ['twice', "a $digest\nb @{['cd' x 32]}\na @{['ef' x 32]}\n", 0600],
    ['same', "a $digest\nb \U$digest\E\n", 0600],
    ['large', '#' x 1048577, 0600],
) {
    my ($name, $text, $mode) = @$_;
    my $file = $t->dir . "/$name";
    open my $f, '>', $file or die $!;
    print $f $text;
    close $f;
    chmod $mode, $file;
}

# a configuration whose line 100 is the one in question
sub test {
    my ($http, $location, $server) = @_;
    my $text = <<"EOC";
events { }
http {
    cc_executor_path %%DIR%%/runtime;
    $http
    server {
        listen 127.0.0.1:%%PORT%%;
        @{[$server // '']}
        location /ws/mcp { cc_executor on; cc_executor_allow any;
            $location
        }
    }
}
EOC
    return $t->test_config($text);
}

# what is refused: [directive, where, message]

my @bad = (
    # cc_executor
    ['cc_executor maybe;', 'own',
        qr/invalid value "maybe" in "cc_executor" directive, it must be "on" or "off"/],
    ['cc_executor;', 'own', qr/invalid number of arguments in "cc_executor"/],
    ['cc_executor on;', 'server', qr/"cc_executor" directive is not allowed here/],

    ['cc_executor_allow bin/ls;', 'list',
        qr/takes "any" or the absolute path of a program; "bin\/ls"/],
    ['cc_executor_allow /usr/../bin/ls;', 'list', qr/"\/usr\/\.\.\/bin\/ls": /],
    ['cc_executor_allow;', 'list', qr/invalid number of arguments/],
    ['cc_executor_allow /bin/ls;', 'location',
        qr/"cc_executor_allow any" allows every program already: remove/],

    ['cc_executor_shell sh;', 'location',
        qr/"cc_executor_shell" must be "off" or an absolute path, not "sh"/],
    ['cc_executor_shell /nonexistent/sh;', 'location',
        qr/"cc_executor_shell" "\/nonexistent\/sh" cannot be executed \(2: No such file/],
    ['cc_executor_allow /bin/ls; cc_executor_shell /bin/sh;', 'list',
        qr/cannot be used with a list of allowed programs: use "cc_executor_allow any" or "cc_executor_shell off"/],

    ['cc_executor_env 1A=b;', 'location',
        qr/invalid name of an environment variable in "1A=b": it must be NAME or NAME=value/],
    ['cc_executor_env =b;', 'location', qr/invalid name .* "=b"/],
    ['cc_executor_env A-B;', 'location', qr/invalid name .* "A-B"/],
    ['cc_executor_env A=1 A=2;', 'location',
        qr/environment variable "A" is given twice/],
    ['cc_executor_env A; cc_executor_env A=2;', 'location',
        qr/environment variable "A" is given twice/],

    ['cc_executor_cwd work;', 'location',
        qr/"cc_executor_cwd" takes an absolute path, not "work"/],

    (map { ["cc_executor_allowed_hosts $_;", 'location',
        qr/invalid host "\Q$_\E" in "cc_executor_allowed_hosts": it must be/] }
        '*', '*.a', 'a:80', 'http://a', '::1', 'a/b', '.a'x200),
    ['cc_executor_allowed_hosts;', 'location', qr/invalid number of arguments/],
    (map { ["cc_executor_allowed_origins $_;", 'location',
        qr/invalid origin "\Q$_\E" in "cc_executor_allowed_origins": it must be/] }
        '*', 'any', 'http://a/', 'http://*.a', 'a', 'http://a:0'),
    (map { ["cc_executor_allowed_origins $_;", 'location',
        qr/"cc_executor_allowed_origins" directive has "none" beside other origins/] }
        'none auto', 'auto; cc_executor_allowed_origins none',
        'none; cc_executor_allowed_origins auto'),
    ['cc_executor_remote yes;', 'location',
        qr/invalid value "yes"/],
    ['cc_executor_trace yes;', 'own',
        qr/invalid value "yes" in "cc_executor_trace" directive, it must be "on" or "off"/],
    ['cc_executor_remote trust; cc_executor_remote deny;', 'location',
        qr/"cc_executor_remote" directive is duplicate/],

    ['cc_executor_remote token;', 'location',
        qr/"cc_executor_remote token" needs a "cc_executor_token_file"/],
    ['cc_executor_token_file /nonexistent/tokens;', 'location',
        qr/"cc_executor_token_file" "\/nonexistent\/tokens" cannot be read \(2: No such file/],
    ['cc_executor_token_file /etc;', 'location',
        qr/"cc_executor_token_file" "\/etc" is not a file/],
    ['cc_executor_token_file /etc/passwd;', 'location',
        qr/"cc_executor_token_file" \/etc\/passwd:1: /],
    ['cc_executor_token_file open;', 'location',
        qr/"cc_executor_token_file" ".*\/open" is writable by all users/],
    ['cc_executor_token_file twice;', 'location',
        qr/"cc_executor_token_file" .*\/twice:3: the name or token of "a" is a duplicate/],
    ['cc_executor_token_file same;', 'location',
        qr/"cc_executor_token_file" .*\/same:2: the name or token of "b" is a duplicate/],
    ['cc_executor_token_file large;', 'location',
        qr/"cc_executor_token_file" ".*\/large" is larger than 1048576 bytes/],

    ['cc_executor_audit_log;', 'location', qr/invalid number of arguments/],
    ['cc_executor_audit_log off argv=full;', 'location',
        qr/"cc_executor_audit_log" directive has a parameter behind "off"/],
    ['cc_executor_audit_log a.log argv=none;', 'location',
        qr/invalid parameter "argv=none": "cc_executor_audit_log" takes "argv=full" or "argv=hash"/],
    ['cc_executor_audit_log a.log; cc_executor_audit_log off;', 'location',
        qr/"cc_executor_audit_log" directive is duplicate/],

    ['cc_executor_helpers 4;', 'http',
        qr/invalid parameter "4": "cc_executor_helpers" takes "min=n" and "max=n"/],
    ['cc_executor_helpers min=0;', 'http',
        qr/invalid number of helpers in "min=0", it must be between 1 and 1024/],
    ['cc_executor_helpers max=x;', 'http', qr/invalid number of helpers in "max=x"/],
    ['cc_executor_helpers max=1025;', 'http', qr/between 1 and 1024/],
    ['cc_executor_helpers min=9 max=8;', 'http', qr/min=9 is more than max=8/],
    ['cc_executor_helpers min=1; cc_executor_helpers max=2;', 'http',
        qr/"cc_executor_helpers" directive is duplicate/],
    ['cc_executor_helpers min=1;', 'server', qr/not allowed here/],

    ['cc_executor_zone 1x;', 'http', qr/"cc_executor_zone" directive invalid value/],
    ['cc_executor_zone 4k;', 'http', qr/"cc_executor_zone" must be at least/],
    ['cc_executor_zone 1m;', 'server', qr/not allowed here/],
    ['cc_executor_path a b c d e;', 'other', qr/invalid number of arguments/],
    ['cc_executor_path /tmp;', 'http', qr/"cc_executor_path" directive is duplicate/],
);

# times, sizes and numbers: bad syntax, duplicate, out of bounds
for (
    ['start_timeout', '0', 'between 1ms and 24d, it is "0"'],
    ['ping_interval', '0', 'between 1ms and 24d, it is "0"'],
    ['ping_timeout', '0', 'between 1ms and 24d, it is "0"'],
    ['timeout', undef], ['silence_timeout', undef], ['kill_grace', undef],
    ['buffer', '63k', 'between 64k and 64m, it is "63k"'],
    ['buffer', '65m', 'between 64k and 64m, it is "65m"'],
    ['max_message', '1023', 'between 1k and 2047m, it is "1023"'],
    ['max_message', '3g', undef],
    ['max_sessions', '0', 'between 1 and 1000000, it is "0"'],
    ['max_sessions', '1000001', 'between 1 and 1000000'],
    ['max_sessions_per_address', '1000001', 'between 0 and 1000000'],
    ['max_sessions_per_owner', '1000001', 'between 0 and 1000000'],
    ['frame_timeout', '0', 'between 1ms and 24d, it is "0"'],
    ['idle_timeout', undef],
    ['max_commands', '0', 'between 1 and 1000000, it is "0"'],
    ['max_commands_per_session', '0', 'between 1 and 512, it is "0"'],
    ['max_commands_per_session', '513', 'between 1 and 512, it is "513"'],
) {
    my ($name, $value, $bounds) = @$_;
    push @bad, ["cc_executor_$name -1;", 'location',
        qr/"cc_executor_$name" directive invalid (?:value|number)/];
    push @bad, ["cc_executor_$name 100k;\ncc_executor_$name 100k;", 'location',
        qr/"cc_executor_$name" directive (?:is duplicate|invalid)/];
    push @bad, ["cc_executor_$name;", 'location',
        qr/invalid number of arguments in "cc_executor_$name" directive/];
    next if !defined $value;
    push @bad, ["cc_executor_$name $value;", 'location', defined $bounds
        ? qr/"cc_executor_$name" must be $bounds/
        : qr/"cc_executor_$name" directive invalid value/];
}

for (@bad) {
    my ($text, $where, $message) = @$_;
    my ($rc, $out) =
        $where eq 'http' ? test($text, '')
        : $where eq 'server' ? test('', '', $text)
        : $where eq 'own' ? $t->test_config("events { }\nhttp { server { "
            . "location / { $text } } }")
        : $where eq 'list' ? $t->test_config("events { }\nhttp { "
            . "cc_executor_path %%DIR%%/runtime;\nserver { "
            . "location / { cc_executor on; $text } } }")
        : $where eq 'other' ? $t->test_config("events { }\nhttp { $text }")
        : test('', $text);
    (my $short = $text) =~ s/\n/ /g;
    is($rc, 1, "$short is refused") or diag $out;
    like($out, $message, 'why');
    like($out, qr{\Q@{[$t->dir]}\E/nginx\.conf:\d+}, 'where');
}

# the limits of all locations have to fit into the zone

my ($rc, $out) = test('cc_executor_zone 32k;', 'cc_executor_max_sessions 100000;');
is($rc, 1, 'a zone that is too small is refused');
like($out, qr/cc_executor_zone/, 'the directive to change is named');

# what is only warned of

($rc, $out) = $t->test_config('events { } http { cc_executor_path '
    . '%%DIR%%/runtime; server { location / { cc_executor on; } } }');
is($rc, 0, 'a location without cc_executor_allow');
like($out, qr/\[warn\].*no "cc_executor_allow" .* nothing may run there/,
    'is warned of');
($rc, $out) = test('', '', 'location /b { cc_executor on;
    cc_executor_allow /nonexistent/program; }');
is($rc, 0, 'a program that is not there');
like($out, qr/\[warn\].*"\/nonexistent\/program" cannot be executed now/,
    'is warned of');
($rc, $out) = $t->test_config('events { worker_connections 100; } http {
    cc_executor_path %%DIR%%/runtime; server { location / { cc_executor on;
    cc_executor_allow any; } } }');
is($rc, 0, 'more helpers than a quarter of the connections');
like($out, qr/\[warn\].*max=64 is more than a quarter of worker_connections/,
    'are warned of');

# places of an executor service: 96, half of them for a reload's new workers

for ([48, 1, 0], [49, 1, 1], [12, 4, 0], [13, 4, 1], [4, 12, 0], [4, 13, 1]) {
    my ($workers, $users, $warns) = @$_;
    ($rc, $out) = $t->test_config("worker_processes $workers; events { } http {
        cc_executor_path %%DIR%%/runtime; cc_executor_helpers min=1 max=2;
        cc_executor_service unix:/nonexistent/socket; server { "
        . join(' ', map { "location /$_ { cc_executor on; cc_executor_allow /bin/ls;
            cc_executor_user u$_; }" } 1 .. $users) . '} }');
    is($rc, 0, "$workers workers, $users users of commands");
    is(scalar(() = $out =~ /\[warn\].* are ${\($workers * $users)} places /g), $warns,
        $warns ? 'more than the service serves: warned of' : 'it serves them')
        or diag $out;
}

for (['/nonexistent', 'cannot be used now: no command will start there \(2: No'],
    ['/etc/passwd', 'is not a directory: no command will start there'])
{
    ($rc, $out) = test('', "cc_executor_cwd $_->[0];");
    is($rc, 0, "cc_executor_cwd $_->[0]");
    like($out, qr/\[warn\] "cc_executor_cwd" "$_->[0]" $_->[1]/, 'is warned of');
}

# what is right

($rc, $out) = test(<<'EOH', <<'EOL');
    cc_executor_zone 2m; cc_executor_helpers min=2 max=10;
    cc_executor_allow /bin/ls; cc_executor_shell off; cc_executor_env A B=1;
    cc_executor_env C=; cc_executor_cwd /tmp; cc_executor_timeout 0;
EOH
    cc_executor_shell /bin/sh; cc_executor_env PATH; cc_executor_cwd /;
    cc_executor_timeout 1h; cc_executor_silence_timeout 5m;
    cc_executor_kill_grace 0; cc_executor_start_timeout 500ms;
    cc_executor_buffer 64m; cc_executor_max_message 16m;
    cc_executor_max_sessions 1; cc_executor_max_commands 1;
    cc_executor_max_commands_per_session 512; cc_executor_ping_interval 1;
    cc_executor_ping_timeout 100ms;
    cc_executor_allowed_hosts auto a.example [::1]; cc_executor_remote trust;
    cc_executor_audit_log logs/audit.log argv=hash;
    cc_executor_token_file tokens; cc_executor_frame_timeout 1ms;
    cc_executor_idle_timeout 0; cc_executor_max_sessions_per_address 1;
    cc_executor_max_sessions_per_owner 0;
    cc_executor_allowed_origins auto null https://a.example:8443;
EOL
is($rc, 0, 'every directive with a good value') or diag $out;
unlike($out, qr/\[warn\]/, 'nothing to warn of');

is(join(' ', $t->processes), '', 'a configuration test starts nothing');

# nothing is on: nothing is made

my $off = CC::Nginx->new(conf => <<'EOC')->start;
events { }
http {
    access_log off;
    server {
        listen 127.0.0.1:%%PORT%%;
        location / { cc_executor off; return 200 "off"; }
    }
}
EOC
my $worker;
ok($off->wait_until(sub { ($worker) = $off->workers; $worker }), 'a worker');
is(scalar(my @none = $off->spawners), 0, 'no location is on: no spawner');
ok(!-e $off->dir . '/cc_executor_temp', 'no directory');
my %ours = map { readlink($_) // '' => 1 } glob "/proc/$$/fd/*";
my @fds = grep { /memfd|pipe/ && !$ours{$_} } map { readlink // '' } glob "/proc/$worker/fd/*";
is("@fds", '', 'no pipe, no ring');
$off->finish;

# inheritance

my $on = CC::Nginx->new(conf => <<'EOC')->start;
events { }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_cwd %%DIR%%/work;
    cc_executor_env A=http;
    server {
        listen 127.0.0.1:%%PORT%%;
        cc_executor_shell /bin/sh;
        location /inherits { cc_executor on; location /inherits/not { } }
        location /own { cc_executor on; cc_executor_shell off;
            cc_executor_env A=own; cc_executor_cwd /; }
        location /list { cc_executor on; cc_executor_shell off;
            cc_executor_allow /bin/echo; }
        location /methods { cc_executor on; limit_except POST { allow all; } }
        location /if { cc_executor on; if ($arg_a) { set $b 1; } }
        location /ifon { if ($arg_on) { cc_executor on; } return 204; }
    }
}
EOC
my %want = (
    '/inherits' => ['echo $A; pwd', "http\n" . $on->dir . "/work\n"],
    '/methods' => ['echo $A', "http\n"],
    '/if' => ['echo $A', "http\n"],
    '/if?a=1' => ['echo $A', "http\n"],
    '/own' => ['env', "A=own\n"],
    '/list' => ['echo x', "x\n"],
);
for my $path (sort keys %want) {
    my $c = $on->client(path => $path);
    my $r = $c->run($want{$path}[0]);
    # its name is another one each time
    $r->{stdout} =~ s/^TMPDIR=\S+\n//m;
    is($r->{stdout}, $want{$path}[1], $path) or diag explain $r->{answer};
    $c->close;
}
is($on->ws(path => '/inherits/not/')->{status}, 404,
    'a nested location does not inherit "on"');
my $c = $on->client(path => '/list');
is($c->call('execute', { command => 'ls' })->{error}{code}, -32002,
    'a list replaces the list of the level above');
$c->close;
$on->finish;

done_testing;
