package CC::Agent;

# A real agent: Claude Code (build/agent, from npm), whose model is a script
# (t/clients/agent/model.mjs) that lets it run commands one after the other.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP qw(decode_json encode_json);

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');
our $CLAUDE = "$ROOT/build/agent/node_modules/.bin/claude";

sub missing { return !-x $CLAUDE }

# Starts it with one MCP server (type, url, headers) in a home below "dir".  A
# command "@FILE command": the model waits until FILE is there; 'job_read {...}':
# another tool and its arguments, see t/clients/agent/model.mjs.
sub start {
    my ($class, $dir, $server, @commands) = @_;
    my $config = "$dir/$server->{type}.json";
    open my $f, '>', $config or die $!;
    print $f encode_json({ mcpServers => { cc => $server } });
    close $f;
    mkdir "$dir/home";

    my $model_pid = open my $model, '-|', 'node',
        "$ROOT/t/clients/agent/model.mjs", @commands or die $!;
    my ($port) = readline($model) =~ /^port (\d+)/ or die 'no stand-in';

    my $pid = open my $out, '-|', 'sh', '-c', 'cd "$1" && shift && exec "$@"'
        . ' < /dev/null 2>&1', 'sh', "$dir/home", 'env', '-i',
        "PATH=$ENV{PATH}", "HOME=$dir/home",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:$port",
        'ANTHROPIC_API_KEY=none', 'ENABLE_TOOL_SEARCH=false',
        'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1', 'DISABLE_AUTOUPDATER=1',
        'DISABLE_TELEMETRY=1', 'timeout', 900, $CLAUDE, '-p', 'do it',
        '--mcp-config', $config, '--strict-mcp-config', '--allowedTools',
        join(',', map { "mcp__cc__$_" } qw(execute job_read job_write job_signal
            job_list)) or die $!;
    return bless { pid => $pid, out => $out, model_pid => $model_pid,
        model => $model }, $class;
}

# the next result that the model was given
sub result {
    my ($self) = @_;
    my $line = readline $self->{model} // return {};
    return decode_json($line);
}

# SIGINT, as from a terminal
sub interrupt {
    my ($self) = @_;
    open my $f, '<', "/proc/$self->{pid}/task/$self->{pid}/children" or die $!;
    kill 'INT', split ' ', readline($f) // '';
    return;
}

# its end, by force if need be: what it said, and the results not taken yet
sub finish {
    my ($self, $force) = @_;
    kill 'TERM', $self->{pid} if $force;
    my $said = join '', readline $self->{out};
    close $self->{out};
    kill 'TERM', $self->{model_pid};
    my @results = map { decode_json($_) } readline $self->{model};
    close $self->{model};
    return ($said, @results);
}

1;
