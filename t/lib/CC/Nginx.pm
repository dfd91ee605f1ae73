package CC::Nginx;

# One nginx for one test file: its own directory, ports and processes; and the
# checks that every file ends with: no unexpected alert, no sanitizer report,
# no process, port or zombie left.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(time sleep);

use CC::Client;
use CC::WebSocket;

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');

# TEST_FORM=2 ("make integration FORM=2"): commands keep the user that they have
# in the tests, nginx's workers get another one, and an executor service of the
# master starts them; but for configurations that say who does.  A test that makes
# no sense then says so: use CC::Nginx alone => 'why'.
our $APART = $> == 0 && ($ENV{TEST_FORM} // 1) == 2 ? 'www-data' : undef;

sub import {
    my ($class, %o) = @_;
    plan(skip_all => "not by a service: $o{alone}") if $APART && $o{alone};
    return;
}

# Options: location, server, http, main: text put into the configuration;
# conf: the whole configuration; user: of the workers, where there is a choice;
# daemon: in the background, as in life.
# In all of them %%DIR%%, %%PORT%%, %%PORT_n%% and %%WORKERS%% (4, or what the
# environment says in TEST_WORKERS) are replaced.
sub new {
    my ($class, %o) = @_;
    # the worker's user has to reach the directory, wherever the checkout is
    my $dir = tempdir('cc_test_XXXXXX', DIR => '/var/tmp', CLEANUP => 0);
    chmod 0755, $dir;
    my $self = bless {
        dir => $dir,
        nginx => $ENV{TEST_NGINX_BINARY} // binary(),
        module => $ENV{CC_MODULE}
            // "$ROOT/build/ngx_cc_executor_module.so",
        allowed => [],
        user => 'nobody',
        pid => $$,
        %o,
    }, $class;
    mkdir "$dir/$_" for qw(logs temp work reports);
    chmod 0777, "$dir/reports";
    if ($> == 0) {
        my @user = getpwnam $self->{user} or die "$self->{user}: no user\n";
        chown $user[2], $user[3], "$dir/work";
    }
    return $self;
}

# nginx by its path, which a new binary (USR2) is started by, too
sub binary {
    my ($path) = grep { -x } map { "$_/nginx" } split /:/,
        "$ENV{PATH}:/usr/sbin";
    return $path // die "no nginx\n";
}

sub dir { return $_[0]{dir} }

# A free port of loopback; n tells several apart.  It is below those that the
# kernel gives to clients, and a name that only one can have keeps other tests
# from it as long as this object lives.
sub port {
    my ($self, $n) = @_;
    $n //= 1;
    return $self->{port}{$n} //= do {
        my $port;
        for (1 .. 1000) {
            my $try = 12000 + int rand 18000;
            my $lock = IO::Socket::UNIX->new(Listen => 1,
                Local => "\0cc_test_port_$try") or next;
            IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                LocalPort => $try, ReuseAddr => 1) or next;
            push @{ $self->{locks} }, $lock;
            $port = $try;
            last;
        }
        $port // die "no free port\n";
    };
}

sub expand {
    my ($self, $text) = @_;
    $text =~ s/%%DIR%%/$self->{dir}/g;
    $text =~ s/%%WORKERS%%/$ENV{TEST_WORKERS} || 4/ge;
    $text =~ s/%%PORT%%/$self->port(1)/ge;
    $text =~ s/%%PORT_(\d+)%%/$self->port($1)/ge;
    return $text;
}

sub config {
    my ($self) = @_;
    my %d = (main => '', http => '', server => '', workers => 1,
        location => "cc_executor_allow any; cc_executor_shell /bin/sh;", %$self);
    return $self->expand($self->{conf} // <<"EOC");
worker_processes $d{workers};
$d{main}
events { worker_connections 1024; }
http {
    access_log %%DIR%%/logs/access.log;
    cc_executor_path %%DIR%%/runtime;
    $d{http}
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;
        $d{server}
        location /ws/mcp { cc_executor on; $d{location} }
        location /other { return 200 "other\\n"; }
    }
}
EOC
}

# what every configuration of a test has
sub globals {
    my ($self) = @_;
    my $name = $self->{apart} ? $APART : $self->{user};
    my $user = $> == 0 ? "user $name " . getgrgid((getpwnam $name)[3]) . ';' : '';
    my $debug = $self->{log} // 'info';
    # they have to survive the way to a new binary, too
    my $env = $ENV{CC_SANITIZE} ? 'env LD_PRELOAD; env ASAN_OPTIONS;'
        . ' env UBSAN_OPTIONS;' : '';
    # where what was counted goes ("make coverage")
    $env .= " env GCOV_PREFIX=$ENV{CC_COVERAGE};" if $ENV{CC_COVERAGE};
    # an empty CC_MODULE: it is built in ("make matrix")
    my $load = length $self->{module} ? "load_module $self->{module};" : '';
    return <<"EOC";
$env
$load
$user
pid $self->{dir}/nginx.pid;
error_log $self->{dir}/logs/error.log $debug;
EOC
}

# what every http block of a test has: nothing outside its directory

sub http_paths {
    my ($self) = @_;
    return "access_log $self->{dir}/logs/default.log;\n" . join '',
        map { "${_}_temp_path $self->{dir}/temp/$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);
}

sub write_config {
    my ($self, $text) = @_;
    $text //= $self->config;
    my $paths = $self->http_paths;
    $self->{apart} = $APART && !$self->{tested} && $self->{user} ne $APART
        && $self->{user} ne 'root' && $text =~ /cc_executor +on/
        && $text !~ /cc_executor_(?:service|allow_root)|master_process +off|^user /m;
    if ($self->{apart}) {
        my $program = $ENV{CC_EXECUTORD} // "$ROOT/build/cc-executord";
        $paths .= "cc_executor_service $program; cc_executor_user $self->{user};\n";
        # where they start by default without a service
        my $work = "$self->{dir}/runtime/work";
        if (!-e "$self->{dir}/runtime") {
            mkdir "$self->{dir}/runtime", 0711;
            mkdir $work, 0700;
            chown((getpwnam $self->{user})[2, 3], $work);
        }
        $paths .= "cc_executor_cwd $work;\n" if $text !~ /^\s*cc_executor_cwd/m;
    }
    $text =~ s/\bhttp \{/http {\n$paths/;
    open my $f, '>', "$self->{dir}/nginx.conf" or die $!;
    print $f $self->globals, $text;
    CORE::close $f;
    return;
}

sub command {
    my ($self, @args) = @_;
    return ($self->{nginx}, '-p', $self->{dir}, '-c',
        "$self->{dir}/nginx.conf", '-e', "$self->{dir}/logs/error.log",
        @args);
}

# What nginx needs to load a module with sanitizers: their libraries first, and
# a place for what they find (a helper's standard error is /dev/null).
sub sanitize {
    my ($self) = @_;
    my $from = $ENV{CC_SANITIZE} or return;
    open my $f, '<', "$ROOT/$from/libraries" or die "$from: $!\n";
    chomp(my @libraries = <$f>);
    my $log = "log_path=$self->{dir}/reports/report";
    $ENV{LD_PRELOAD} = join ' ', map { abs_path($_) } @libraries;
    $ENV{ASAN_OPTIONS} = "$log:detect_leaks=0:detect_odr_violation=0"
        . ':quarantine_size_mb=4';
    $ENV{UBSAN_OPTIONS} = "$log:print_stacktrace=1";
    return;
}

# nginx -t: (exit code, what it said)
sub test_config {
    my ($self, $text) = @_;
    local @$self{qw(tested apart)} = 1;
    $self->write_config($self->expand($text));
    my @c = map { quotemeta } $self->command('-t');
    local %ENV = %ENV;
    $self->sanitize;
    my $out = `@c 2>&1`;
    return ($? >> 8, $out);
}

sub start {
    my ($self) = @_;
    $self->write_config;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/logs/stdout.log";
        open STDERR, '>&', \*STDOUT;
        $self->sanitize;
        exec $self->command($self->{daemon} ? () : ('-g', 'daemon off;'))
            or POSIX::_exit(127);
    }
    $self->{master} = $pid;
    if ($self->{daemon}) {
        waitpid $pid, 0;
        $self->wait_until(sub { $self->slurp('nginx.pid') =~ /^(\d+)\n/ });
        $self->adopt($pid = $self->slurp('nginx.pid') + 0);
    }
    for my $port (values %{ $self->{port} }) {
        $self->wait_until(sub {
            die "nginx did not start:\n" . $self->slurp('logs/stdout.log')
                . $self->log if $self->ended($pid);
            IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        }, 10) or die "nginx does not listen on $port\n" . $self->log;
    }
    # a signal before that would wait for the next one
    $self->wait_until(sub { $self->workers }, 20)
        if $self->slurp('nginx.conf') !~ /master_process off/;
    die "nginx runs without the sanitizers\n" if $ENV{CC_SANITIZE}
        && $self->slurp("../../../proc/$pid/maps") !~ /libasan/;
    return $self;
}

# true as soon as the sub says so, false when it has not within the time
sub wait_until {
    my ($self, $is, $timeout) = @_;
    my $deadline = time + ($timeout // 10);
    until ($is->()) {
        return 0 if time > $deadline;
        select undef, undef, undef, 0.01;
    }
    return 1;
}

sub slurp {
    my ($self, $name) = @_;
    open my $f, '<', "$self->{dir}/$name" or return '';
    local $/;
    return <$f> // '';
}

# The JSON objects of a file with one in each line.  Whoever writes it may be in
# the middle of a line: that one is not there yet.
sub records {
    my ($self, $name) = @_;
    return map { JSON::PP->new->allow_nonref->decode($_) }
        $self->slurp($name) =~ /(.*)\n/g;
}

sub log { return $_[0]->slurp('logs/error.log') }

sub client { my ($self, %o) = @_; return CC::Client->new(
    port => $self->port, %o) }

sub ws { my ($self, %o) = @_; return CC::WebSocket->new(
    port => $self->port, %o) }

sub signal { my ($self, $sig) = @_; return kill $sig, $self->{master} }

# pids of a process' children whose title matches
sub children {
    my ($pid, $title) = @_;
    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $f, '<', $stat or next;
        my $line = <$f> // next;
        my ($child, $parent) = $line =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        next if $parent != $pid;
        push @found, $child if title($child) =~ $title;
    }
    return @found;
}

sub title {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/cmdline" or return '';
    local $/;
    my $t = <$f> // '';
    $t =~ tr/\0/ /;
    return $t =~ s{ \z}{}r;
}

sub parent {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return 0;
    return (<$f> // '') =~ /^\d+ \(.*\) \S (\d+)/s ? $1 : 0;
}

# A visitor of another location, who asks again and again from now on; the sub
# that is returned sends him away and returns what he complains about: an
# answer that did not come in time, or two in a row that did not come at all
# (one is lost with a worker that is killed while it reads the question).
sub visitor {
    my ($self, $path) = @_;
    my $port = $self->port;
    pipe my $from, my $to or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) {
        my ($failed, $asked, $stop, @said) = (0, 0);
        local $SIG{TERM} = sub { $stop = 1 };
        until ($stop || getppid != $self->{pid}) {
            sleep 0.02;
            my $t0 = time;
            my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                PeerPort => $port, Timeout => 10);
            my $answer = '';
            if ($s) {
                local $SIG{PIPE} = 'IGNORE';
                print $s 'GET ', $path // '/other',
                    " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                $s->flush;
                while (IO::Select->new($s)->can_read(10)) {
                    sysread $s, $answer, 4096, length $answer or last;
                }
            }
            $asked++;
            $failed = $answer =~ /^HTTP\/1\.1 200/ ? 0 : $failed + 1;
            push @said, 'no answer' if $failed == 2;
            push @said, sprintf 'an answer after %.1f s', time - $t0
                if time - $t0 > 8;
        }
        print $to $asked ? join(', ', @said) : 'never asked';
        close $to;
        POSIX::_exit(0);
    }
    close $to;
    return sub {
        kill 'TERM', $pid;
        local $/;
        my $said = <$from>;
        waitpid $pid, 0;
        return $said // 'he died';
    };
}

sub workers { return children($_[0]{master}, qr/worker process/) }

# of the master, where it has one
sub service {
    my ($self) = @_;
    return unless $self->{apart};
    return grep { title($_) =~ m{^cc-executord -k .*\Q$self->{dir}\E} }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
}

# above each spawner stands its keeper
sub keepers { my ($self) = @_; return map { children($_, qr/(?:cc|cc-executord:) keeper/) }
    $self->{apart} ? $self->service : $self->workers }

sub spawners { return map { children($_, qr/(?:cc|cc-executord:) spawner/) }
    $_[0]->keepers }

sub helpers { return map { children($_, qr/(?:cc|cc-executord:) helper/) }
    $_[0]->spawners }

# Who holds the write end of the pipe whose end tells spawners and helpers that
# the master is gone.
sub deathwatch_holders {
    my ($self) = @_;
    my %pipes;
    for my $pid ($self->{master},
        children($self->{master}, qr/nginx/), $self->keepers, $self->spawners,
        $self->helpers)
    {
        for my $fd (glob "/proc/$pid/fd/*") {
            my $to = readlink $fd // next;
            next if $to !~ /^pipe:/;
            my ($n) = $fd =~ /(\d+)$/;
            open my $f, '<', "/proc/$pid/fdinfo/$n" or next;
            my ($flags) = join('', <$f>) =~ /^flags:\s+(\d+)/m;
            $pipes{$to}{ oct($flags) & 3 ? 'write' : 'read' }{$pid} = 1;
        }
    }
    # the one that spawners read
    my ($spawner) = $self->spawners;
    my $keeper = parent($spawner);
    my ($watch) = grep { $pipes{$_}{read}{$spawner}
        && !$pipes{$_}{write}{$keeper} } keys %pipes;
    return keys %{ $pipes{$watch}{write} };
}

# what belongs to this test: works below its directory
sub processes {
    my ($self) = @_;
    my @found;
    for my $proc (glob '/proc/[0-9]*') {
        my $cwd = readlink "$proc/cwd" // next;
        my ($pid) = $proc =~ /(\d+)$/;
        next if $pid == $$;
        push @found, $pid . ' ' . title($pid)
            if index($cwd, $self->{dir}) == 0;
    }
    return @found;
}

sub zombies {
    my ($self) = @_;
    my @found;
    for my $w ($self->workers, $self->keepers, $self->spawners,
        $self->helpers)
    {
        for my $stat (glob '/proc/[0-9]*/stat') {
            open my $f, '<', $stat or next;
            my $line = <$f> // next;
            push @found, $1 if $line =~ /^(\d+) \(.*\) Z $w /s;
        }
    }
    return @found;
}

# from now on that process is the master; it is not our child
sub adopt { my ($self, $pid) = @_; $self->{master} = $pid;
    $self->{adopted} = 1; return }

# true when the master has ended
sub ended {
    my ($self, $pid) = @_;
    return waitpid($pid, WNOHANG) == $pid unless $self->{adopted};
    open my $f, '<', "/proc/$pid/stat" or return 1;
    return (<$f> // '') =~ /^\d+ \(.*\) Z/s;
}

# error log lines that are expected: so many that match
sub allow { my ($self, $re, $n) = @_; push @{ $self->{allowed} }, [$re, $n];
    return }

sub stop {
    my ($self, $sig) = @_;
    my $pid = delete $self->{master} or return;
    my @tree = ($pid, children($pid, qr/./));
    my @level = @tree[1 .. $#tree];
    push @tree, @level = map { children($_, qr/nginx: cc|cc-executord/) } @level
        for 1 .. 4;
    push @tree, $self->service;
    kill $sig // 'QUIT', $pid;
    $self->{clean} = $self->wait_until(
        sub { $self->ended($pid) }, 15);
    kill 'KILL', $pid unless $self->{clean};
    $self->{tree_gone} = $self->wait_until(
        sub { !grep { -e "/proc/$_" && title($_) =~ /nginx|cc-executord/ } @tree },
        15);
    return;
}

# what the descriptors of a process refer to, without those of the test itself
sub descriptors {
    my ($pid) = @_;
    my %ours = map { (readlink($_) // '') => 1 }
        grep { !m{/[012]$} } glob "/proc/$$/fd/*";
    my @found;
    for my $fd (glob "/proc/$pid/fd/*") {
        my $to = readlink $fd // next;
        next if $to =~ /^pipe/ && $ours{$to};
        $to =~ s/\d+(?:-\d+)*/N/g;
        push @found, $to;
    }
    return sort @found;
}

# Descriptors that nobody needs: every idle helper has the same few (and the
# fence of its last command), spawners, keepers and workers hold no pipe of a
# command and no ring.
sub leaks {
    my ($self) = @_;
    my (@found, %helper);
    my %may = map { $_ => 2 } $self->spawners;   # deathwatch, keeper
    for my $w ($self->workers, $self->keepers, keys %may) {
        my @pipes = grep { /^pipe|memfd:(?!cc_reopen)/ }
            descriptors($w);
        push @found, "$w has @pipes" if @pipes > ($may{$w} // 1);
    }
    for my $h ($self->helpers) {
        next if children($h, qr/./);
        # one that is about to go shows none
        my $list = join(', ', descriptors($h)) or next;
        # one whose command is kept listens, and has other things to wait for
        next if $list =~ /eventpoll/;
        $list =~ s/anon_inode:\[landlock-ruleset\], //;
        # its own directory for TMPDIR is made later where it cannot be now
        $list =~ s{[^ ]+/tmp(?:/N)?, }{}g;
        $helper{$list} = $h;
    }
    push @found, map { "a helper has $_" } keys %helper if keys %helper > 1;
    return @found;
}

# stops nginx and makes the seven checks of every file
sub finish {
    my ($self) = @_;
    my @zombies;
    $self->wait_until(sub { !(@zombies = $self->zombies) }, 10)
        if $self->{master};
    is("@zombies", '', 'no zombie');
    my @leaks;
    $self->wait_until(sub { !(@leaks = $self->leaks) }, 5) if $self->{master};
    is(join("\n", @leaks), '', 'no descriptor left open');
    $self->stop if $self->{master};
    ok($self->{clean} // 1, 'nginx stopped when it was told to');
    ok($self->{tree_gone} // 1, 'worker, spawner and helpers are gone');

    my @left;
    $self->wait_until(sub { !(@left = $self->processes) }, 5);
    is("@left", '', 'no process left') or kill 'KILL',
        map { /^(\d+)/ } @left;

    my @bad = grep { /\[(?:alert|emerg|crit)\]|Sanitizer|runtime error/ }
        split /\n/, $self->log . $self->slurp('logs/stdout.log');
    for (@{ $self->{allowed} }) {
        my ($re, $n) = @$_;
        my @hit = grep { $_ =~ $re } @bad;
        is(scalar @hit, $n, "expected alerts: $re");
        @bad = grep { $_ !~ $re } @bad;
    }
    is(join("\n", @bad), '', 'no unexpected alert in the log');

    is(join("\n", map { $self->slurp($_) } map { "reports/$_" }
        map { m{([^/]+)$} } glob "$self->{dir}/reports/*"), '',
        'no report of a sanitizer') if $ENV{CC_SANITIZE};

    # a process that ends loses its command line before its sockets

    my @open;
    $self->wait_until(sub { !(@open = grep { IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $_) }
        values %{ $self->{port} // {} }) }, 5);
    is("@open", '', 'no port left open');
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{pid};
    local ($?, $@, $!);
    if ($self->{master}) {
        kill 'TERM', $self->{master};
        waitpid $self->{master}, 0;
    }
    remove_tree($self->{dir}) unless $ENV{TEST_NGINX_LEAVE};
    return;
}

1;
