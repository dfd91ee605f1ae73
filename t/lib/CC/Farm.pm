package CC::Farm;

# Several nodes: one nginx each, on loopback, with the same key, realm and token
# file, each of which hands over to the others; and a client of MCP by POST that
# asks whichever it likes.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use CC::Client;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

our $TOKEN = 'x' x 43;
our $MOVED = 'y' x 43;          # of the same name, in another file
our $HOST = 'localhost';

# Options: workers; names (a, b, c); peer: lines of /ws/mcp instead of "any
# other node"; location, http, server: more text of the configuration.
sub new {
    my ($class, %o) = @_;
    my $self = bless { names => $o{names} // [qw(a b c)], seq => 0 }, $class;
    my $peer = $o{peer} // 'cc_executor_peer * @nodes;';
    for my $name (@{ $self->{names} }) {
        my $t = $self->{node}{$name} = CC::Nginx->new(user => $o{user} // 'nobody');
        $t->port;
    }
    my $dead = $self->{node}{ $self->{names}[0] }->port(9);
    my $map = join '', map { "$_ 127.0.0.1:$self->{node}{$_}{port}{1};" }
        @{ $self->{names} };
    delete $self->{node}{ $self->{names}[0] }{port}{9};
    for my $name (@{ $self->{names} }) {
        my $t = $self->{node}{$name};
        my $dir = $t->dir;
        my $workers = $o{workers} // 1;
        my %text = map { $_ => ref $o{$_} ? $o{$_}->($name) : $o{$_} // '' }
            qw(http location server);
        put("$dir/secret", 0600, '5' x 64 . "\n");
        put("$dir/tokens", 0644, 'me ' . sha256_hex($TOKEN) . "\n");
        put("$dir/moved", 0644, 'me ' . sha256_hex($MOVED) . "\n"
            . 'you ' . sha256_hex($TOKEN) . "\n");
        # they have one user, and one address: for each the others are its commands
        my $own = "cc_executor on; cc_executor_allow any;
            cc_executor_commands_as_clients on;
            cc_executor_shell /bin/sh; cc_executor_keep on;
            cc_executor_realm farm; cc_executor_remote token;
            cc_executor_env PATH NODE=$name; $text{location}";
        $t->{conf} = <<"EOC";
worker_processes $workers;
events { worker_connections 1024; }
http {
    log_format hop '\$request_method \$status node=\$cc_executor_node '
        'hop="\$http_cc_executor_hop" length=\$content_length';
    access_log %%DIR%%/logs/access.log hop;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_secret %%DIR%%/secret;
    cc_executor_node $name;
    cc_executor_helpers min=2 max=32;
    client_body_buffer_size 16k;
    map \$cc_executor_node \$upstream { $map default 127.0.0.1:$dead; }
    $text{http}
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;
        client_max_body_size 2m;
        $text{server}
        location /ws/mcp { $own cc_executor_token_file %%DIR%%/tokens; $peer }
        location /moved { $own
            cc_executor_token_file %%DIR%%/@{[$name eq 'c' ? 'moved' : 'tokens']};
            cc_executor_peer * \@nodes; }
        location /alone { $own cc_executor_token_file %%DIR%%/tokens; }
        location /some { $own cc_executor_token_file %%DIR%%/tokens;
            cc_executor_peer a \@nodes; cc_executor_peer b \@nodes; }
        location \@nodes {
            proxy_pass http://\$upstream;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host localhost;
            proxy_buffering off;
            proxy_connect_timeout 2s;
            proxy_read_timeout 60s;
            proxy_next_upstream off;
            error_page 502 504 = \@unreachable;
        }
        location \@unreachable { cc_executor_unreachable; }
    }
}
EOC
    }
    return $self;
}

sub put {
    my ($file, $mode, $text) = @_;
    open my $f, '>', $file or die "$file: $!";
    print $f $text;
    close $f or die $!;
    chmod $mode, $file;
    return;
}

sub start { my ($self) = @_; $_->start for $self->all; return $self }

sub finish { my ($self) = @_; $_->finish for $self->all; return }

sub all { my ($self) = @_; return map { $self->{node}{$_} } @{ $self->{names} } }

sub node { my ($self, $name) = @_; return $self->{node}{$name} }

# the port of a node, or of whoever was put into {port}
sub port {
    my ($self, $name) = @_;
    return $self->{port}{$name} // $self->node($name)->port;
}

# where a node is; fronts are on loopback
sub address {
    my ($self, $name) = @_;
    return $self->{node}{$name} && $self->{address} ? $self->{address}{$name} : '127.0.0.1';
}

sub http {
    my ($self, $name, %o) = @_;
    return CC::Http->new(port => $self->port($name), host => $self->address($name),
        path => $o{path} // '/ws/mcp', ssl => $o{ssl});
}

sub headers {
    my (%o) = @_;
    return { Host => $HOST, Authorization => 'Bearer ' . ($o{token} // $TOKEN),
        (defined $o{session} ? ('Mcp-Session-Id' => $o{session}) : ()),
        %{ $o{headers} // {} } };
}

# One message on a connection of its own: the answer as of CC::Http::post.
# Options: session, notify, id, path, token, headers, modern.
sub ask {
    my ($self, $name, $method, $params, %o) = @_;
    my $h = $self->http($name, %o);
    my $r = $h->post($self->message($method, $params, %o),
        headers => headers(%o, $self->modern($method, $params, %o)),
        timeout => $o{timeout} // 60);
    $h->close;
    return $r;
}

# The same over HTTP/2, to the second port of a node ("listen %%PORT_2%% http2"), by
# curl: { status, version, message }.
sub http2 {
    my ($self, $name, $message, %o) = @_;
    my $t = $self->node($name);
    my $file = $t->dir . '/message';
    put($file, 0600, $CC::Mcp::json->encode($message));
    my %h = (%{ headers(%o) }, 'Content-Type' => 'application/json',
        Accept => 'application/json');
    open my $p, '-|', 'curl', '-sN', '--http2-prior-knowledge', '-m', 60,
        '--data-binary', "\@$file", '-w', '\n%{http_code} %{http_version}',
        (map { ('-H', "$_: $h{$_}") } sort keys %h),
        'http://127.0.0.1:' . $t->port(2) . '/ws/mcp' or die "curl: $!";
    my $said = do { local $/; <$p> };
    CORE::close $p;
    my ($body, $status, $version) = $said =~ /\A(.*)\n(\d+) (\S+)\z/s or die $said;
    return { status => $status, version => $version,
        message => length $body ? $CC::Mcp::json->decode($body) : undef };
}

sub message {
    my ($self, $method, $params, %o) = @_;
    return { jsonrpc => '2.0', method => $method,
        ($params || $o{modern} ? (params => { %{ $params // {} },
            ($o{modern} ? (_meta => CC::Mcp::meta(
            'io.modelcontextprotocol/clientCapabilities' => { extensions => {
            'io.modelcontextprotocol/tasks' => {} } })) : ()) }) : ()),
        ($o{notify} ? () : (id => $o{id} // ++$self->{seq})) };
}

sub modern {
    my ($self, $method, $params, %o) = @_;
    return () if !$o{modern};
    my $name = $params->{taskId} // $params->{name};
    return (headers => { %{ $o{headers} // {} }, 'Mcp-Method' => $method,
        'MCP-Protocol-Version' => $CC::Mcp::MODERN,
        (defined $name ? ('Mcp-Name' => $name) : ()) });
}

# the result of a call of a tool
sub tool {
    my ($self, $node, $tool, $arguments, %o) = @_;
    my $r = $self->ask($node, 'tools/call', { name => $tool,
        arguments => $arguments }, %o);
    return $r->{message} ? $r->{message}{result} // $r->{message} : $r;
}

# a job that runs on a node: its id
sub job {
    my ($self, $node, $command, %o) = @_;
    return $self->tool($node, 'execute', { command => $command,
        background => JSON::PP::true(), %{ $o{arguments} // {} } }, %o)
        ->{structuredContent}{job_id};
}

sub session {
    my ($self, $node, %o) = @_;
    my $r = $self->ask($node, 'initialize', { protocolVersion => '2025-11-25',
        capabilities => {}, clientInfo => { name => 'test', version => '1' } },
        %o);
    return $r->{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi ? $1 : undef;
}

# a request without a body: its connection, and the head of the answer
sub bare {
    my ($self, $node, $method, %o) = @_;
    my $h = $self->http($node, %o);
    $h->write($h->head(method => $method, headers => headers(%o,
        headers => { 'Content-Type' => undef, ($method eq 'GET'
            ? (Accept => 'text/event-stream') : ()), %{ $o{headers} // {} } })));
    return ($h, $h->read_head(60));
}

# The same by conf/node.conf, which the names a, b, c stand in, and another nginx
# that is their front by conf/front-nginx.conf: {front}, by TLS {tls}.  Option: address,
# of each node, which then listens on all that it has, with {front} for the front's.
sub shipped {
    my ($class, %o) = @_;
    my $self = $class->new(%o);
    $self->{address} = $o{address};
    $HOST = 'cc.example';
    my %port = map { $_ => $self->node($_)->port } @{ $self->{names} };
    my $local = sub {
        my ($text) = @_;
        my $n = 0;
        for my $name (qw(a b c)) {
            $n++;
            my $at = $self->address($name) . ":$port{$name}";
            $text =~ s/\b10\.0\.0\.$n:8003/$at/g;
        }
        $text =~ s/^worker_processes auto;/worker_processes 2;/m;
        return $text;
    };
    for my $name (@{ $self->{names} }) {
        my $text = $local->(file('node.conf'));
        for (["cc_executor_node            a;", "cc_executor_node $name;
            cc_executor_path %%DIR%%/runtime; cc_executor_env PATH NODE=$name;
            cc_executor_commands_as_clients on;
            access_log %%DIR%%/logs/access.log;
            cc_executor_helpers min=2 max=32;"],
            ['/etc/nginx/cc-executor.secret', '%%DIR%%/secret'],
            ['/etc/nginx/cc-executor.tokens', '%%DIR%%/tokens'],
            ['listen 8003;', 'listen ' . ($o{address} ? '' : '127.0.0.1:') . '%%PORT%%;'],
            ['10.0.0.254', $o{address} ? $o{address}{front} : '127.0.0.1'])
        {
            my ($from, $to) = @$_;
            $text =~ s/\Q$from/$to/ or die "no $from in conf/node.conf";
        }
        $self->node($name)->{conf} = $text;
    }
    my $front = $self->{front} = CC::Nginx->new(module => '');
    my $text = $local->(file('front-nginx.conf'));
    $text =~ s{listen 443 ssl http2;}{listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%PORT_2%% ssl http2;
        access_log %%DIR%%/logs/access.log;} or die;
    $text =~ s{/etc/nginx/front}{%%DIR%%/front}g;
    $front->{conf} = $text;
    my $dir = $front->dir;
    system("cd '$dir' && openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
        . '-subj /CN=cc.example -keyout front.key -out front.pem 2> /dev/null') == 0
        or die 'openssl';
    @{ $self->{port} }{qw(front tls)} = ($front->port, $front->port(2));
    return $self;
}

# Another front of the same nodes: HAProxy by conf/front-haproxy.cfg, {haproxy};
# its pid.
sub haproxy {
    my ($self) = @_;
    my $front = $self->{front};
    my $dir = $front->dir;
    my $port = $self->{port}{haproxy} = $front->port(3);
    my $tls = $self->{port}{haproxy_tls} = $front->port(4);
    delete @{ $front->{port} }{3, 4};
    my $text = file('front-haproxy.cfg');
    my $n = 0;
    for my $name (qw(a b c)) {
        $n++;
        my $at = $self->address($name) . ':' . $self->port($name);
        $text =~ s/\b10\.0\.0\.$n:8003/$at/g;
    }
    for (['bind :443 ssl crt /etc/haproxy/front.pem', "bind 127.0.0.1:$port\n"
        . "    bind 127.0.0.1:$tls ssl crt $dir/both.pem"],
        ['/run/haproxy/admin.sock', "$dir/admin.sock"],
        ['log global', 'log stdout format raw local0'])
    {
        my ($from, $to) = @$_;
        $text =~ s/\Q$from/$to/ or die "no $from in conf/front-haproxy.cfg";
    }
    put("$dir/haproxy.cfg", 0644, $text);
    put("$dir/both.pem", 0600, $front->slurp('front.pem') . $front->slurp('front.key'));
    my $pid = fork // die $!;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/logs/haproxy.log";
        open STDERR, '>&', \*STDOUT;
        exec 'haproxy', '-db', '-f', "$dir/haproxy.cfg" or POSIX::_exit(127);
    }
    $self->{haproxy} = $pid;
    $front->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port) }, 20) or die $front->slurp('logs/haproxy.log');
    return $pid;
}

# a word to HAProxy's socket: what it answers
sub told {
    my ($self, $word) = @_;
    my $s;
    $self->{front}->wait_until(sub { $s = IO::Socket::UNIX->new(Peer =>
        $self->{front}->dir . '/admin.sock') }, 20)
        or die "HAProxy is gone:\n" . $self->{front}->slurp('logs/haproxy.log');
    print $s "$word\n";
    local $/;
    return <$s> // '';
}

# master and workers of a node by SIGKILL; what they had started sees that, and goes
sub kill_node {
    my ($self, $name) = @_;
    my $t = $self->node($name);
    # a master that runs may be starting a worker just now, which would be left
    kill 'STOP', $t->{master};
    $t->wait_until(sub { $t->slurp("../../../proc/$t->{master}/stat") =~ /\) T / }, 10);
    my @workers = CC::Nginx::children($t->{master}, qr/./);
    # workers first: they would say that the server is shutting down
    my @all = (@workers, $t->{master});
    my @below = map { CC::Nginx::children($_, qr/./) } @workers;
    kill 'KILL', @all;
    waitpid delete $t->{master}, 0;
    $t->wait_until(sub { !grep { length CC::Nginx::title($_) } @all, @below }, 30);
    # a process that ends loses its command line before its sockets
    $t->wait_until(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port) }, 30);
    return;
}

# one worker of a node by SIGKILL: its master starts another one
sub kill_worker {
    my ($self, $name) = @_;
    my $t = $self->node($name);
    my @all = $t->workers;
    my $pid = $all[rand @all] // return;
    kill 'KILL', $pid;
    $self->{killed}{$name}++;
    $t->wait_until(sub { my @now = $t->workers;
        @now == @all && !grep { $_ == $pid } @now }, 30);
    return;
}

# the workers of a node are replaced
sub reload_node {
    my ($self, $name) = @_;
    my $t = $self->node($name);
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    $t->wait_until(sub { my @now = $t->workers;
        @now == keys %old && !grep { $old{$_} } @now }, 30);
    return;
}

# what 1,000 kills are: one in 50 is a whole node, one in 10 a reload
sub killing {
    my ($i) = @_;
    return $i % 50 == 0 ? 'restart_node' : $i % 10 == 0 ? 'reload_node' : 'kill_worker';
}

sub restart_node {
    my ($self, $name) = @_;
    $self->kill_node($name);
    $self->node($name)->start;
    return;
}

# Four clients work through a front until "calls" of theirs were answered and all kills
# are done; one that got no answer tries again.  Meanwhile nodes are killed and started
# again, "kills" times.  Every try has a number of its own, which its command writes down:
# { good, twice, never }: how many were answered, what ran more than once, what was
# answered and has not run.  Options: time, seconds for it all (300); wait, seconds that
# each command takes (0); how, a sub that says of the kill of that number what it is, a
# method with the name of the node (restart_node); victims, names of nodes (all);
# session: all calls belong to it.
sub hammer {
    my ($self, $front, $calls, $kills, %o) = @_;
    my $t = $self->{front} // $self->node($front);
    my $dir = $t->dir . "/runs-$front";
    mkdir $dir;
    chmod 0777, $dir;
    my @clients = map { $self->hammerer($front, $_, $calls / 4, $dir, %o) } 1 .. 4;
    my @names = @{ $o{victims} // $self->{names} };
    for my $i (1 .. $kills) {
        my $enough = $calls * $i / ($kills + 1);
        $t->wait_until(sub { entries($dir) >= $enough }, 120);
        my $how = $o{how} ? $o{how}->($i) : 'restart_node';
        $self->$how($names[$i % @names]);
    }
    put("$dir.stop", 0644, '');
    my %good;
    for (@clients) {
        my ($pid, $file) = @$_;
        waitpid $pid, 0;
        open my $from, '<', $file or die "$file: $!";
        while (my $line = <$from>) {
            $good{$1} = $2 if $line =~ /^(\S+) (\w+)/;
        }
    }
    for my $name (keys %{ $self->{killed} // {} }) {
        $self->node($name)->allow(qr/worker process \d+ exited on signal 9/,
            delete $self->{killed}{$name});
    }
    # a job that was answered may have been killed with its node before it wrote
    return { good => scalar keys %good, tries => entries($dir),
        twice => join(' ', grep { -s $_ > 2 } glob "$dir/*"),
        never => join(' ', grep { $good{$_} ne 'job' && !-s "$dir/$_" }
            sort keys %good) };
}

sub entries {
    my ($dir) = @_;
    opendir my $d, $dir or die "$dir: $!";
    return scalar grep { !/^\./ } readdir $d;
}

sub hammerer {
    my ($self, $front, $client, $calls, $dir, %o) = @_;
    my $file = "$dir.good.$client";
    put($file, 0600, '');
    my $pid = fork // die $!;
    return [$pid, $file] if $pid;
    open my $to, '>>', $file or POSIX::_exit(1);
    my ($number, $good, $session) = (0, 0, $o{session});
    my $until = time + ($o{time} // 300);
    while (($good < $calls || !-e "$dir.stop") && time < $until) {
        my $name = "$client-" . ++$number;
        my $kind = $o{session} ? 'session' : (qw(session job plain))[$number % 3];
        my $r = eval {
            $session //= $self->session($front) if $kind eq 'session';
            $self->tool($front, 'execute', { command =>
                "echo x >> $dir/$name; " . ($o{wait} ? "sleep $o{wait}; " : '') . 'echo ran', ($kind eq 'job'
                ? (background => JSON::PP::true()) : ()) },
                ($kind eq 'session' ? (session => $session) : ()));
        };
        my $s = $r && ref $r eq 'HASH' ? $r->{structuredContent} : undef;
        if ($s && (($s->{stdout} // '') eq "ran\n" || $s->{job_id})) {
            $good++;
            syswrite $to, "$name $kind\n";
        } else {
            $session = $o{session};
            select undef, undef, undef, 0.05;
        }
    }
    POSIX::_exit(0);
}

sub file {
    my ($name) = @_;
    open my $f, '<', "$CC::Nginx::ROOT/conf/$name" or die "$name: $!";
    local $/;
    return <$f>;
}

# a client of the native dialect, or of MCP, by WebSocket
sub native {
    my ($self, $name, %o) = @_;
    return CC::Client->new(port => $self->port($name), host => $self->address($name), path => '/ws/mcp', %o,
        headers => { Authorization => "Bearer $TOKEN" });
}

sub mcp {
    my ($self, $name, %o) = @_;
    return CC::Mcp->new(port => $self->port($name), host => $self->address($name), path => '/ws/mcp', %o,
        headers => { Authorization => "Bearer $TOKEN" });
}

1;
