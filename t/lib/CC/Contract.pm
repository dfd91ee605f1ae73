package CC::Contract;

# The machine-readable contracts: docs/native.openrpc.json (OpenRPC 1.3) and
# docs/mcp.schema.json.  Names of methods and their params, and the tools of
# MCP, are what a running server says; causes and codes are read from the
# source; texts from docs/protocol.md.  Types are written here, and
# t/63-docs-contract.t compares them with answers.

use strict;
use warnings;
use utf8;

use JSON::PP ();
use CC::Mcp;
use CC::Nginx;

my $true = JSON::PP::true;
my $null = undef;

sub text {
    my ($file) = @_;
    open my $f, '<:encoding(UTF-8)', "$CC::Nginx::ROOT/$file" or die "$file: $!\n";
    local $/;
    return <$f>;
}

# the first words of the rows of a table in C

sub words {
    my ($file, $table) = @_;
    my ($list) = text($file) =~ /\b\Q$table\E\[\w*\] = \{(.*?)\n\};/s
        or die "$file: no $table\n";
    my @words = $list =~ /= \{ "([^"]*)"/g or die "$file: $table is empty\n";
    return @words;
}

# the rows of a table in a section of docs/protocol.md: first cell => the others

sub rows {
    my ($section) = @_;
    my ($body) = text('docs/protocol.md') =~ /^## \Q$section\E\n(.*?)(?=^## )/ms
        or die "docs/protocol.md: no $section\n";
    my %row;
    while ($body =~ /^\| ([^|\n]*?) \|(.*)\|$/gm) {
        my ($names, @cells) = ($1, map { s/^ +| +$//gr } split /\|/, $2);
        next if $names =~ /^-+$|^[a-z]+$/;      # the head
        $row{$_} = \@cells for map { tr/`//dr } split /, /, $names;
    }
    return \%row;
}

sub string { return { type => 'string', @_ } }
sub or_null { my ($s) = @_; return { %$s, type => [$s->{type}, 'null'],
    $s->{enum} ? (enum => [@{ $s->{enum} }, $null]) : () } }
sub object {
    my ($required, %properties) = @_;
    return { type => 'object', required => [sort @$required],
        properties => \%properties };
}
sub ref_to { return { '$ref' => "#/components/schemas/$_[0]" } }

my $count = { type => 'integer', minimum => 0 };
my $seconds = { type => 'number', minimum => 0 };
my $bool = { type => 'boolean' };
my $side = { type => 'integer', minimum => 1, maximum => 1000 };
my @targets = qw(tree group foreground);
my $offset = { type => 'integer', minimum => 0, maximum => 999_999_999_999_999 };

my $from = { type => ['integer', 'null'],
    description => 'offset; negative: so many bytes before the end' };
my $window = { type => ['integer', 'null'], minimum => 4096,
    description => 'bytes that may be on their way without credit' };
my $flow = { %{ or_null(string(enum => [qw(lossless lossy)])) },
    description => 'whether a slow client slows the command down' };
my $stream = or_null(string(enum => [qw(stdout stderr)]));

# types of params; all but the required may be left out

my %type = (
    execute => {
        command => string(minLength => 1),
        args => { type => 'array', minItems => 1, items => string() },
        cwd => or_null(string(minLength => 1)),
        env => { type => ['object', 'null'], additionalProperties => string() },
        timeout => { type => ['number', 'null'], exclusiveMinimum => 0 },
        stdin => or_null(string()),
        open_stdin => { type => ['boolean', 'null'] },
        output => or_null(string(enum => [qw(line chunk)])),
        encoding => or_null(string(enum => [qw(utf-8 base64 binary)])),
        tty => { anyOf => [{ type => ['boolean', 'null'] }, { type => 'object',
            properties => { cols => or_null($side), rows => or_null($side),
                echo => { type => ['boolean', 'null'] } },
            additionalProperties => {} }] },
        stderr => or_null(string(enum => [qw(separate merge)])),
        on_disconnect => { %{ or_null(string(enum => [qw(kill keep)])) },
            description => 'keep: it outlives the connection, see jobs.md' },
        label => { %{ or_null(string()) },
            description => 'of a kept command, for lists' },
        overflow => { %{ or_null(string(enum => [qw(block drop)])) },
            description => 'of a kept command whose ring is full and unread' },
        keep_ttl => { type => ['number', 'null'], exclusiveMinimum => 0,
            description => 'seconds that a kept command stays after its end' },
        window => $window, flow => $flow,
    },
    attach => {
        stdout => $from, stderr => $from,
        mode => { %{ or_null(string(enum => [qw(read write)])) },
            description => 'what it is attached for' },
        flow => $flow, window => $window,
        output => { %{ or_null(string(enum => [qw(line chunk)])) },
            description => 'as for execute' },
        encoding => { %{ or_null(string(enum => [qw(utf-8 base64 binary)])) },
            description => 'as for execute' },
        exclusive => { type => ['boolean', 'null'],
            description => 'nobody else may write from now on' },
        redraw => { type => ['boolean', 'null'],
            description => 'its terminal draws once more; with mode write' },
    },
    detach => {},
    credit => {
        stdout => { %$offset, description => 'consumed up to here' },
        stderr => { %$offset, description => 'consumed up to here' },
        flow => $flow,
    },
    read => {
        stream => { %$stream, description => 'which one to read' },
        offset => $from,
        max_bytes => { type => ['integer', 'null'], minimum => 1,
            maximum => 65536, description => 'at most' },
        wait_ms => { type => ['integer', 'null'], minimum => 0,
            maximum => 100_000, description => 'for output, if there is none' },
        encoding => { %{ or_null(string(enum => [qw(utf-8 base64)])) },
            description => 'as for execute' },
    },
    wait => {
        until => { %{ or_null(string(enum => [qw(exit output idle)])) },
            description => 'what to wait for' },
        patterns => { type => ['array', 'null'], maxItems => 8,
            items => string(minLength => 1), description => 'plain texts' },
        stream => { %$stream, description => 'which one to look at' },
        from => $from,
        idle_ms => { type => ['integer', 'null'], minimum => 1,
            maximum => 100_000, description => 'without output' },
        timeout_ms => { type => ['integer', 'null'], minimum => 1,
            maximum => 100_000, description => 'how long at most' },
    },
    remove => {
        force => { type => ['boolean', 'null'],
            description => 'also one that runs' },
    },
    list => {
        scope => { %{ or_null(string(enum => [qw(session owner realm)])) },
            description => 'owner: all kept commands of this owner; realm: those of '
                . 'others, too, that it may observe' },
        state => { %{ or_null(string(enum => [qw(running exited lost)])) },
            description => 'only those' },
        label => { %{ or_null(string()) }, description => 'only those' },
        after => { %{ or_null(string()) }, description => 'the next page' },
        limit => { type => ['integer', 'null'], minimum => 1, maximum => 100,
            description => 'at most' },
        watch => { type => ['boolean', 'null'], description =>
            'process.listed is told from now on, or (false) no more' },
    },
    control => {
        type => string(enum => [qw(PAUSE RESUME CANCEL)]),
    },
    input => {
        data => string(description => 'text for stdin'),
        data_base64 => string(contentEncoding => 'base64',
            description => 'bytes for stdin, instead of data'),
        eof => { %$bool, description => 'close stdin after them' },
        offset => { %$offset, type => ['integer', 'null'],
            description => 'the position of stdin that they are for' },
    },
    signal => {
        signal => { anyOf => [string(),
            { type => 'integer', minimum => 1, maximum => 64 }],
            description => 'a name such as INT or SIGINT, or a number' },
        to => { %{ or_null(string(enum => \@targets)) },
            description => 'which of its processes get it' },
    },
    resize => {
        cols => { %$side, description => 'columns of its terminal' },
        rows => { %$side, description => 'rows of its terminal' },
    },
);
my %required = (control => { type => 1 },
    map({ $_ => { execution_id => 1 } } qw(attach detach credit read wait remove)),
    signal => { signal => 1 },
    resize => { cols => 1, rows => 1 });
my $execution = or_null(string(description =>
    'which command; without it the only one of the session is meant'));

sub schemas {
    my @causes = words('src/lib/ngx_cc_names.c', 'ngx_cc_names_causes');
    my %id = (execution_id => ref_to('ExecutionId'));
    my %process = (pid => ref_to('Pid'), pgid => ref_to('Pid'), %id);
    my $warnings = { type => 'array', items => string(), minItems => 1,
        description => 'params that were not known and ignored' };
    my $state = sub {
        my ($word, %more) = @_;
        return object([qw(status pid pgid exit_code error execution_id)],
            status => string(const => $word), %process,
            exit_code => { type => 'null' }, error => { type => 'null' }, %more);
    };
    my %described = (
        state => string(enum => [qw(starting running paused canceling exited)]),
        pid => ref_to('Pid'), %id,
        started => { type => ['number', 'null'], description => 'seconds since 1970' },
        exit_code => ref_to('ExitCode'),
    );
    my %terminal = (tty => { %{ object([qw(cols rows)], cols => $side,
        rows => $side) }, description => 'the size of its terminal' });
    return {
        SessionId => string(pattern => '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
        ExecutionId => string(pattern => '^([a-z0-9-]{1,32}\\.)?[0-9a-f]{48}$'),
        Pid => { type => ['integer', 'null'], minimum => 1,
            description => 'null: it was never started' },
        ExitCode => { type => ['integer', 'null'], minimum => -64, maximum => 255,
            description => 'minus the number of the signal that ended it; null: '
                . 'it has not ended, or is not known' },
        Error => object([qw(code message)], code => { type => 'integer' },
            message => string(),
            data => object([], offset => $count, node => string(
                description => 'the node that has it'))),
        Command => object([keys %described], %described, %terminal),

        'execute.result' => object([qw(status pid pgid execution_id)],
            status => string(enum => [qw(started canceled)]), %process,
            channel => { type => 'integer', minimum => 1, maximum => 4_294_967_295,
                description => 'of binary messages, with encoding binary' },
            warnings => $warnings),
        'control.result' => object(['status'],
            status => string(enum => [qw(paused resumed canceled)]),
            left => { %$count, minimum => 1, description =>
                'processes that have not stopped' },
            warnings => $warnings),
        'input.result' => object([qw(accepted offset)],
            accepted => { %$count, description => 'bytes that the command took' },
            offset => { %$count, description => 'its position in stdin after them' },
            warnings => $warnings),
        'signal.result' => object([qw(status signal to state)],
            status => string(const => 'signaled'), signal => string(),
            to => string(enum => \@targets), state => $described{state},
            warnings => $warnings),
        'resize.result' => object([qw(status cols rows)],
            status => string(const => 'resized'), cols => $side, rows => $side,
            warnings => $warnings),
        'list.result' => object(['commands'],
            commands => { type => 'array', items => ref_to('Command') },
            warnings => $warnings),
        'status.result' => object([keys %described], %described, %terminal,
            warnings => $warnings),

        'connected' => object([qw(session_id version capabilities)],
            session_id => ref_to('SessionId'), version => string(),
            capabilities => { type => 'array', items => string() }),
        'process.started' => $state->('started'),
        'process.paused' => $state->('paused', left => { %$count, minimum => 1 }),
        'process.resumed' => $state->('resumed'),
        'process.resized' => object([qw(cols rows execution_id)], cols => $side,
            rows => $side, %id),
        'process.canceled' => $state->('canceled'),
        'process.output' => object([qw(type data truncated execution_id offset next seq)],
            type => string(enum => [qw(stdout stderr)]), data => string(), %id,
            truncated => { %$bool, description => 'the line goes on in the next message' },
            partial => { %$bool, description => 'a line without its end' },
            lossy => { %$bool, description => 'what was not UTF-8 is replaced by U+FFFD' },
            offset => $count, next => $count, seq => { %$count,
                description => 'the order over both streams' }),
        'process.error' => object([qw(error code execution_id)],
            error => string(), code => { type => 'integer' }, %id, offset => $count),
        'process.unpassed' => object([qw(signal error execution_id)],
            signal => string(), error => string(), %id),
        'process.completed' => object([qw(status pid pgid exit_code error execution_id
            signal cause execution_time stdout_bytes stderr_bytes descendants_killed
            pipes_open max_rss_kb user_time system_time)],
            status => string(enum => [qw(completed failed)]), %process,
            exit_code => ref_to('ExitCode'), error => { type => ['string', 'null'] },
            signal => { type => ['string', 'null'] }, cause => string(enum => \@causes),
            truncated => { %$bool, description => 'the rest of the output was dropped' },
            execution_time => $seconds, user_time => $seconds, system_time => $seconds,
            stdout_bytes => $count, stderr_bytes => $count, max_rss_kb => $count,
            memory_peak => { %$count, description => 'bytes; with a control group' },
            pids_peak => { %$count, description => 'with a control group' },
            descendants_killed => $count, pipes_open => $bool),
    };
}

my %summary = (
    execute => 'Start a command', control => 'Pause, resume or cancel a command',
    input => 'Write to the stdin of a command', list => 'The commands of this session',
    signal => 'Send a signal to a command',
    resize => 'Give the terminal of a command another size',
    attach => 'Watch a kept command', detach => 'Watch it no more',
    credit => 'Output that was consumed (a notification)',
    read => 'Output of a kept command', wait => 'Wait for a kept command',
    remove => 'Forget a kept command',
    status => 'One command of this session', pong => 'Accepted and ignored',
);

# [name, names of its params] of each method: the names are those of the table,
# the params what the server says

sub methods {
    my ($client) = @_;
    my @found;
    my ($table) = text('src/rpc/native/ngx_cc_native_methods.c')
        =~ /\bngx_cc_native_methods_table\[\] = \{(.*?)\n\};/s or die "no table\n";
    for my $name ($table =~ /ngx_string\("(\w+)"\)/g) {
        my $says = $client->call($name, [1])->{error}{message};
        my ($takes) = $says =~ /^params must be an object: \w+ takes (.*)$/
            or die "$name: $says\n";
        push @found, [$name, $takes eq 'none' ? () : split /, /, $takes];
    }
    return @found;
}

sub param {
    my ($method, $name, $rows) = @_;
    my $schema = $type{$method}{$name}
        // ($name eq 'execution_id' ? $execution
            : die "t/lib/CC/Contract.pm: which type has $name of $method?\n");
    my %schema = %$schema;
    my $meaning = delete $schema{description};
    my $row = $method eq 'execute' ? $rows->{$name} : undef;
    $meaning = $row->[1] if $row;
    return { name => $name, schema => \%schema,
        (defined $meaning ? (description => $meaning =~ tr/`//dr) : ()),
        required => $required{$method}{$name} ? $true : JSON::PP::false };
}

sub openrpc {
    my ($client) = @_;
    my $rows = rows('execute');
    my $when = rows('Errors');
    my $schemas = schemas();
    my %errors = map { ("E$_" =~ tr/-//dr => { code => 0 + $_,
        message => $when->{$_}[0] =~ tr/`//dr }) } keys %$when;
    my @methods;
    for (methods($client)) {
        my ($name, @params) = @$_;
        my $result = $schemas->{"$name.result"};
        $summary{$name} // die "t/lib/CC/Contract.pm: what does $name do?\n";
        push @methods, {
            name => $name, summary => $summary{$name}, paramStructure => 'by-name',
            params => [map { param($name, $_, $rows) } @params],
            ($result ? (result => { name => "$name.result",
                schema => ref_to("$name.result") }) : ()),
            errors => [map { { '$ref' => "#/components/errors/$_" } } sort keys %errors],
        };
    }
    my @notifications = map { { name => $_, params => ref_to($_) } }
        sort grep { /^connected$|^process\./ } keys %$schemas;
    return {
        openrpc => '1.3.2',
        info => { title => 'ngx_cc_executor_module, native dialect',
            version => $client->{connected}{params}{version},
            description => 'JSON-RPC 2.0 over WebSocket, one message per text message. '
                . 'With encoding binary, output (process.output) and input may go as '
                . 'binary messages, whose layout is in protocol.md. '
                . 'See protocol.md. A client has to accept members that are not '
                . 'described here: later versions may add some.' },
        servers => [{ name => 'default', url => 'ws://127.0.0.1:8003/ws/mcp' }],
        methods => \@methods,
        # what the server sends by itself: OpenRPC has no word for it
        'x-notifications' => \@notifications,
        components => { schemas => $schemas, errors => \%errors },
    };
}

sub mcp {
    my ($mcp, $jobs) = @_;
    return { '$comment' => 'The result of tools/list at a location with '
            . '"cc_executor on; cc_executor_allow any;"; tools_with_jobs: where '
            . '"cc_executor_keep on; cc_executor_tty on;" is there, too. See mcp.md.',
        tools => $mcp->call('tools/list', {})->{result}{tools},
        tools_with_jobs => $jobs->call('tools/list', {})->{result}{tools} };
}

sub encode {
    return JSON::PP->new->canonical->pretty->indent_length(2)->utf8->encode($_[0]);
}

# file => what should be in it; at /jobs commands are kept

sub documents {
    my ($t) = @_;
    my $client = $t->client;
    my ($mcp, $jobs) = map { CC::Mcp->new(port => $t->port, @$_) } [],
        [path => '/jobs'];
    $_->initialize for $mcp, $jobs;
    my %document = (
        'docs/native.openrpc.json' => encode(openrpc($client)),
        'docs/mcp.schema.json' => encode(mcp($mcp, $jobs)),
    );
    $_->close for $client, $mcp->{ws}, $jobs->{ws};
    return %document;
}

1;
