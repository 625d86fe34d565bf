#!/usr/bin/perl
# Every hook tool of a machine: asks the unit's agent what to print, under the name that it was called by.
#
# A charm may call hundreds of tools in one hook, so what counts is the start: perl without modules starts in a
# fifth of the time that python3 needs (2 ms against 11 ms of processor time), and perl-base is essential on Debian
# and Ubuntu. A message is a list of byte strings, each as "length:bytes", and a line feed.
use strict;

my ($AF_UNIX, $SOCK_STREAM) = (1, 1);    # Linux's numbers; the module that names them costs more than all the rest

my $tool = $0;
$tool =~ s{.*/}{};
my @call = ('call', defined $ENV{JUJU_CONTEXT_ID} ? $ENV{JUJU_CONTEXT_ID} : '', $tool, @ARGV);
my $address = $ENV{JUJU_AGENT_SOCKET_ADDRESS};
if ($tool =~ /\Ajuju-(?:exec|run)\z/) {
    my $folder = readlink($0) || $0;
    $folder =~ s{/[^/]*\z}{};
    my $arguments = do "$folder/juju-exec.pl" or complain("cannot read juju-exec.pl: $!");
    ($address, @call) = $arguments->($folder, @ARGV);
}
complain('JUJU_AGENT_SOCKET_ADDRESS is not set; hook tools work only in hooks')
    unless defined $address && length $address;

my $peer;
socket($peer, $AF_UNIX, $SOCK_STREAM, 0) && connect($peer, pack('S a108', $AF_UNIX, $address))
    or complain("cannot ask the unit agent: $!");
send_fields(@call);
while (1) {
    my ($kind, @fields) = receive();
    finish(@fields) if $kind eq 'done';
    send_file($fields[0]);
}

sub finish {
    my ($code, $stdout, $stderr, $output) = @_;
    if (length $output) {
        open(my $target, '>', $output) or complain("cannot write $output: $!");
        write_all($target, $stdout);
        close($target) or complain("cannot write $output: $!");
    }
    else {
        write_all(\*STDOUT, $stdout);
    }
    write_all(\*STDERR, $stderr);
    exit $code;
}

sub send_file {
    my ($path) = @_;
    my $source = \*STDIN;
    if ($path ne '-') {
        undef $source;
        return send_fields('nofile', $path, "open $path: " . lc $!) unless open($source, '<', $path);
    }
    my $content = '';
    while (1) {
        my $got = sysread($source, $content, 1 << 20, length $content);
        return send_fields('nofile', $path, "read $path: " . lc $!) unless defined $got;
        last unless $got;
    }
    return send_fields('file', $path, $content);
}

sub send_fields {
    return write_all($peer, join('', map { length($_) . ":$_" } @_) . "\n");
}

sub receive {
    my ($data, @fields) = ('');
    while (1) {
        return @fields if substr($data, 0, 1) eq "\n";
        if ($data =~ /\A(\d+):/ && length($data) >= $1 + $+[0]) {
            push @fields, substr($data, $+[0], $1);
            substr($data, 0, $+[0] + $1) = '';
            next;
        }
        my $got = sysread($peer, $data, 1 << 20, length $data);
        complain('cannot ask the unit agent: ' . (defined $got ? 'it closed the connection' : $!)) unless $got;
    }
}

sub write_all {
    my ($target, $data) = @_;
    my $done = 0;
    while ($done < length $data) {
        my $wrote = syswrite($target, $data, length($data) - $done, $done);
        exit 1 unless defined $wrote;
        $done += $wrote;
    }
    return;
}

sub complain {
    my ($text) = @_;
    write_all(\*STDERR, "ERROR $tool: $text\n");
    exit 1;
}
