# The command line of juju-exec: returns the address of a unit's agent and what to ask it.
use strict;

my $usage = 'juju-exec [options] [-u] <unit-name> <commands>';

sub wrong {
    print STDERR "ERROR $_[0]\n";
    exit 2;
}

sub arguments {
    my ($folder, @words) = @_;
    wrong("juju-exec cannot be called from within a hook, have context \"$ENV{JUJU_CONTEXT_ID}\"")
        if length($ENV{JUJU_CONTEXT_ID} || '');
    my %text = ('-r' => 'relation', '--relation' => 'relation', '--remote-unit' => 'remote',
        '-u' => 'unit', '--unit' => 'unit');
    my %switch = ('--force-remote-unit' => 'force', '--no-context' => 'bare', '--operator' => 'operator');
    my (%given, @rest);
    while (@words) {
        my $word = shift @words;
        last if $word eq '--';
        # What follows the first word of the command is the command's own.
        if ($word !~ /\A-./) {
            push @rest, $word;
            last if @rest > 1 || defined $given{unit} || $given{bare};
            next;
        }
        if ($word =~ /\A(?:-h|--help)\z/) { print "Usage: $usage\n"; exit 0 }
        my ($name, $value) = $word =~ /\A(--?[^=]+)=(.*)\z/s ? ($1, $2) : ($word, undef);
        if (exists $text{$name}) {
            $value = shift @words unless defined $value;
            wrong("option needs an argument: $name") unless defined $value;
            $given{$text{$name}} = $value;
        }
        elsif (exists $switch{$name}) { $given{$switch{$name}} = 1 }
        else { wrong("option provided but not defined: $name") }
    }
    push @rest, @words;
    my $unit = $given{unit};
    if (!defined $unit && !$given{bare}) {
        wrong('missing unit-name') unless @rest;
        $unit = shift @rest;
    }
    wrong('missing commands') unless @rest;
    # One word is a piece of shell; several are the words of a command.
    my $command = @rest == 1 ? $rest[0] : join ' ', map { my $w = $_; $w =~ s/'/'\\''/g; "'$w'" } @rest;
    if ($given{bare}) {
        exec '/bin/bash', '-c', $command;
        wrong("cannot run bash: $!");
    }
    my ($application, $number) = $unit =~ m{\A(?:unit-)?([a-z][a-z0-9-]*)[/-](\d+)\z};
    wrong("\"$unit\" is not a valid unit name") unless defined $number;
    my $address = "$folder/unit-$application-$number.socket";
    unless (-e $address) {
        print STDERR "ERROR unit \"$application/$number\" not found on this machine\n";
        exit 1;
    }
    return ($address, 'exec', $given{relation} || '', $given{remote} || '', $given{force} ? 'force' : '', $command);
}

\&arguments;
