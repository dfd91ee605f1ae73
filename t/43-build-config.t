# The build script of the module: dynamic is what all other tests use; here
# static, and what it says when yajl is missing.
#
# tags:

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $tree = '/usr/share/nginx/src';
my $dir = tempdir('cc_build_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);

# static, in a nginx with nothing in it that can be left out

my $without = join ' ', '--without-pcre', map { "--without-http_${_}_module" }
    qw(charset gzip ssi userid access auth_basic mirror autoindex geo map
    split_clients referer rewrite proxy fastcgi uwsgi scgi grpc memcached
    limit_conn limit_req empty_gif browser upstream_hash upstream_ip_hash
    upstream_least_conn upstream_random upstream_keepalive upstream_zone);
my $out = `cd $tree && bash ./configure $without --builddir=$dir/static \\
    --add-module=$root 2>&1`;
is($?, 0, 'configure --add-module') or diag $out;
like($out, qr/yajl 2 .*found/, 'yajl is looked for');

open my $f, '<', "$dir/static/Makefile" or die $!;
my %objects;
while (<$f>) {
    $objects{$1} = 1 if m{(\S+/addon/\S+\.o)\b};
}
close $f;
my @sources = ("$root/ngx_cc_executor_module.c", split /\n/, `$root/.ci/sources c`);
is(scalar keys %objects, scalar @sources, 'every source file is there once');

# with our warnings; what an optimiser sees, the module of all tests shows.  All
# files take a minute of two processors, so that is nightly.

my $warnings = '-O0 -Wall -Wextra -Werror -Wno-unused-parameter';
system('sed', '-i', '-e', "s/^CFLAGS = .*/& $warnings/", '-e',
    's/-I src\//-isystem src\//', "$dir/static/Makefile") == 0 or die;
my @few = grep { $ENV{CC_NIGHTLY} || /executor_module|_conf/ } sort keys %objects;
cmp_ok(scalar @few, '>', 5, 'the module, its configuration');
$out = `cd $tree && make -s -j2 -f $dir/static/Makefile @few 2>&1`;
is($?, 0, 'compiles into nginx') or diag $out;
is($out, '', 'without a warning');
like(join('', map { slurp("$dir/static/$_") } 'ngx_modules.c'),
    qr/&ngx_cc_executor_module/, 'is in the list of modules');

sub slurp {
    my ($name) = @_;
    open my $in, '<', $name or return '';
    local $/;
    return <$in>;
}

# yajl is missing: a compiler that does not find it

open my $cc, '>', "$dir/cc" or die $!;
print $cc <<'EOC';
#!/bin/sh
for f; do
    case $f in
        *.c) if grep -q 'yajl/' "$f"; then exit 1; fi ;;
    esac
done
exec gcc "$@"
EOC
close $cc;
chmod 0755, "$dir/cc";
$out = `cd $tree && bash -c '. auto/options; . auto/init; CC=$dir/cc
    NGX_AUTOCONF_ERR=$dir/err; NGX_OBJS=$dir; ngx_module_link=DYNAMIC
    ngx_addon_dir=$root; . $root/config' 2>&1`;
isnt($?, 0, 'configure without yajl fails');
like($out, qr/the cc_executor module requires the yajl library, version 2\s+\(Debian: apt-get install libyajl-dev\)/,
    'and says what to install');

# nothing is built twice

$out = `make -C '$root' 2>&1`;
is($?, 0, 'make');
unlike($out, qr/gcc|cc -/, 'has nothing to do');
my $so = "$root/build/ngx_cc_executor_module.so";
my $before = (stat $so)[9];
system("make -s -C '$root' > /dev/null 2>&1");
is((stat $so)[9], $before, 'and leaves the module alone');

# nothing of the module can be confused with another's

my @symbols = `nm -D --defined-only '$so'`;
is(join('', grep { !/ (?:ngx_cc_\w+|ngx_modules?|ngx_module_names|ngx_module_order)$/ }
    @symbols), '', 'every symbol has our prefix');

done_testing;
