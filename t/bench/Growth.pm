package Growth;

# What a command costs us beside n running ones, and beside n idle sessions,
# against the same of another nginx that has none, by turns; and a chart of it.

use strict;
use warnings;

use CC::Metrics;
use CC::Nginx;

my $SLEEP = Bench::execute('/bin/sleep', 3600);
my $TRUE = Bench::execute('/bin/true');

my @WHAT = (
    { name => 'running commands', at => [1, 10, 100, 1000], color => '#c2410c',
        start => [-s => $SLEEP] },
    { name => 'idle sessions', at => [10, 100, 1000, 10000], color => '#1d4ed8',
        start => [] },
);

# [{ name, color, points => [[n, us, us of the other one, ratio], ...] }, ...],
# medians of as many rounds as the bench has
sub measure {
    my ($bench, $time, $most) = @_;
    my ($loaded, $other) = map { nginx() } 1, 2;
    my @found;
    for my $what (@WHAT) {
        my @points;
        for my $n (grep { $_ <= $most } @{ $what->{at} }) {
            my $load = $bench->background('load', 'idle', $loaded->port,
                '-p', '/direct', '-c', $n, '-d', 'connected', @{ $what->{start} });
            await($loaded, $what->{start}[0] ? $n : 0);
            my $r = $bench->rounds(sub {
                my %us;
                for ([with => $loaded], [without => $other],
                    [without => $other], [with => $loaded])
                {
                    $us{ $_->[0] } += $bench->call($_->[1], '/direct', 8, $TRUE,
                        $time)->{cpu} / 2;
                }
                return (%us, ratio => $us{with} / $us{without});
            });
            $bench->background_end($load);
            push @points, { n => $n, map { $_ => $r->{$_} }
                qw(with without ratio disturbed) };
        }
        push @found, { %$what, points => \@points };
    }
    $_->stop for $loaded, $other;
    return @found;
}

# until so many commands run there
sub await {
    my ($nginx, $n) = @_;
    my $is = -1;
    $nginx->wait_until(sub {
        $is = CC::Metrics::metrics($nginx)->{'helpers{state="busy"}'};
        return $is == $n }, 60) or die "$is commands run, not $n\n";
    return;
}

sub nginx {
    my $nginx = CC::Nginx->new(log => 'error', conf => <<'EOC')->start;
worker_processes 1;
worker_rlimit_nofile 30000;
events { worker_connections 24000; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_zone 8m;
    cc_executor_helpers min=8 max=1024;
    access_log off;
    server {
        listen 127.0.0.1:%%PORT%% backlog=511;
        location /metrics { cc_executor_status prometheus; }
        location /direct { cc_executor on; cc_executor_allow any;
            cc_executor_timeout 1h; cc_executor_start_timeout 60s;
            cc_executor_max_sessions 16000; cc_executor_max_commands 1200; }
    }
}
EOC
    return $nginx;
}

# 1 to 10,000 from left to right, each power as far; nothing to twice the cost
# from the bottom up
my ($WIDTH, $HEIGHT, $LEFT, $TOP) = (560, 240, 60, 40);

sub across { my ($n) = @_; return sprintf '%.1f', $LEFT + $WIDTH * log($n) / log(10000) }
sub up { my ($r) = @_; return sprintf '%.1f',
    $TOP + $HEIGHT * (1 - ($r > 2 ? 2 : $r) / 2) }

sub svg {
    my @found = @_;
    my ($right, $bottom) = ($LEFT + $WIDTH, $TOP + $HEIGHT);
    my @out = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 340"'
        . ' font-family="sans-serif" font-size="12" fill="#333">',
        '<title>CPU of a command beside others, against one that is alone</title>',
        '<rect width="660" height="340" fill="#fff"/>',
        text($LEFT, 20, 'our CPU for a command, against the same with nothing beside it'));
    for my $r (0, 0.5, 1, 1.5, 2) {
        push @out, line($LEFT, up($r), $right, up($r), $r == 1 ? '#888' : '#ddd'),
            text($LEFT - 8, up($r) + 4, sprintf('%.1f', $r), 'end');
    }
    for my $n (1, 10, 100, 1000, 10000) {
        push @out, line(across($n), $TOP, across($n), $bottom, '#eee'),
            text(across($n), $bottom + 18, $n, 'middle');
    }
    my $row = 0;
    for my $what (@found) {
        my @at = map { [across($_->{n}), up($_->{with} / $_->{without})] } @{ $what->{points} };
        push @out, sprintf('<polyline points="%s" fill="none" stroke="%s"'
            . ' stroke-width="2"/>', join(' ', map { "$_->[0],$_->[1]" } @at),
            $what->{color});
        push @out, map { sprintf '<circle cx="%s" cy="%s" r="3" fill="%s"/>',
            @$_, $what->{color} } @at;
        push @out, sprintf('<rect x="%s" y="%s" width="12" height="3" fill="%s"/>',
            $LEFT + 200 * $row, $bottom + 36, $what->{color}),
            text($LEFT + 18 + 200 * $row++, $bottom + 41, $what->{name});
    }
    return join "\n", @out, "</svg>\n";
}

sub line {
    my ($x1, $y1, $x2, $y2, $color) = @_;
    return qq{<line x1="$x1" y1="$y1" x2="$x2" y2="$y2" stroke="$color"/>};
}

sub text {
    my ($x, $y, $text, $anchor) = @_;
    $anchor = $anchor ? qq{ text-anchor="$anchor"} : '';
    return qq{<text x="$x" y="$y"$anchor>$text</text>};
}

1;
