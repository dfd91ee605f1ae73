# The browser console when things break: workers are killed and reloaded under it
# and it goes on, byte for byte; gaps are exact; a missing and a wrong token.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Console qw(console drive);
use CC::Nginx;

my $t = console(workers => 2, server => <<'EOC');
location /guarded/ws/mcp {
    cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_keep on; cc_executor_token_file %%DIR%%/tokens;
}
location /guarded/console/ {
    alias %%DIR%%/console/;
    types { text/css css; text/html html; text/javascript js; }
}
EOC
my $dir = $t->dir;
chomp(my $token = `$CC::Nginx::ROOT/conf/cc-token test '$dir/tokens'`);
$t->allow(qr/worker process \d+ exited on signal 9/, 8);
$t->start;
drive($t, 'resume', 28, "$dir/nginx.pid",
    'http://127.0.0.1:' . $t->port . '/guarded/console/', $token, "$dir/work");
unlike($t->slurp('logs/access.log'), qr/\Q$token\E/, 'no token in the access log');
$t->finish;
done_testing;
