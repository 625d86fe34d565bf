<?php

declare(strict_types=1);

namespace WordPressImage;

/** Connections with bounded waits, and what their errors mean. */
final class Database
{
    public const CONNECT_S = 3;
    public const READ_S = 10;

    public static function open(Site $site, int $connect = self::CONNECT_S, int $read = self::READ_S): \mysqli
    {
        mysqli_report(MYSQLI_REPORT_OFF);
        $link = self::link($site->database, $connect, $read);
        $link->set_charset('utf8mb4');

        return $link;
    }

    /** A connected handle or a Failure that says why there is none. */
    public static function link(array $to, int $connect, int $read, bool $select = true): \mysqli
    {
        $link = mysqli_init();
        $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, $connect);
        $link->options(MYSQLI_OPT_READ_TIMEOUT, $read);
        $flags = 0;
        if ($to['tls']) {
            $flags = MYSQLI_CLIENT_SSL;
            $link->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, 1);
            $ca = $to['ca'] === '' ? '/etc/ssl/certs/ca-certificates.crt' : Files::authorities($to['ca']);
            $link->ssl_set(null, null, $ca, null, null);
        }
        $host = $to['socket'] !== '' ? 'localhost' : self::bracketed($to['host']);
        $connected = @$link->real_connect(
            $host,
            $to['user'],
            $to['password'],
            $select ? $to['name'] : null,
            $to['socket'] !== '' ? null : $to['port'],
            $to['socket'] !== '' ? $to['socket'] : null,
            $flags,
        );
        if (!$connected) {
            throw self::failure($to, $link->connect_errno);
        }

        return $link;
    }

    public static function failure(array $to, int $number): Failure
    {
        $where = $to['socket'] !== '' ? $to['socket'] : $to['host'] . ':' . $to['port'];

        return match ($number) {
            1045, 1698, 1251, 1130 => new Failure(
                'access-denied',
                "database $where: user {$to['user']} is not let in (error $number)",
            ),
            1044 => new Failure('access-denied', "database $where: user {$to['user']} may not use {$to['name']}"),
            1049 => new Failure('no-such-database', "database $where: there is no database {$to['name']}"),
            default => new Failure('database-unreachable', "database $where does not answer (error $number)"),
        };
    }

    private static function bracketed(string $host): string
    {
        return str_contains($host, ':') && $host[0] !== '[' ? "[$host]" : $host;
    }
}
