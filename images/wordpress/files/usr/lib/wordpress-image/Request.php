<?php

declare(strict_types=1);

namespace WordPressImage;

/** What a request may say about itself: plain decisions over $_SERVER. */
final class Request
{
    /**
     * The corrected variables, and where the client is sent instead ('' = nowhere).
     *
     * @param array<string, mixed> $server
     *
     * @return array{array<string, mixed>, string}
     */
    public static function settle(Site $site, array $server): array
    {
        $peer = (string) ($server['REMOTE_ADDR'] ?? '');
        $trusted = self::within($peer, $site->trustedProxies);
        $https = in_array(strtolower((string) ($server['HTTPS'] ?? '')), ['on', '1'], true);
        $said = $trusted ? strtolower(trim(explode(',', (string) ($server['HTTP_X_FORWARDED_PROTO'] ?? ''))[0])) : '';
        $scheme = $https ? 'https' : ($said !== '' ? $said : ($site->https ? 'https' : 'http'));
        if ($trusted) {
            $server['REMOTE_ADDR'] = self::client($peer, $server, $site->trustedProxies);
        }
        $asked = strtolower((string) ($server['HTTP_HOST'] ?? ''));
        $to = '';
        if (in_array(preg_replace('/:\d+$/D', '', $asked), $site->additionalHosts, true) || ($site->https && $scheme === 'http')) {
            $to = $site->url . self::target((string) ($server['REQUEST_URI'] ?? '/'));
        }
        foreach (['HTTP_X_FORWARDED_HOST', 'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_PROTO', 'HTTP_FORWARDED', 'HTTP_CLIENT_IP', 'HTTP_X_REAL_IP'] as $name) {
            unset($server[$name]);
        }
        unset($server['HTTPS']);
        if ($scheme === 'https') {
            $server['HTTPS'] = 'on';
        }
        $server['HTTP_HOST'] = $site->host;
        $server['SERVER_NAME'] = preg_replace('/:\d+$/D', '', $site->host);
        $server['SERVER_PORT'] = preg_match('/:(\d+)$/D', $site->host, $m) ? $m[1] : ($site->https ? '443' : '80');

        return [$server, $to];
    }

    /** Whether an address lies in one of the networks. */
    public static function within(string $address, array $networks): bool
    {
        $packed = @inet_pton($address);
        if ($packed === false) {
            return false;
        }
        foreach ($networks as $network) {
            [$base, $bits] = explode('/', $network, 2) + [1 => ''];
            $start = @inet_pton($base);
            if ($start === false || strlen($start) !== strlen($packed)) {
                continue;
            }
            $most = strlen($start) * 8;
            if (!preg_match('/^\d{0,3}$/D', $bits) || (int) $bits > $most) {
                continue;
            }
            $bits = $bits === '' ? $most : (int) $bits;
            $whole = intdiv($bits, 8);
            $mask = (0xFF00 >> ($bits % 8)) & 0xFF;
            if (
                substr($packed, 0, $whole) === substr($start, 0, $whole)
                && ($mask === 0 || (ord($packed[$whole]) & $mask) === (ord($start[$whole]) & $mask))
            ) {
                return true;
            }
        }

        return false;
    }

    /** The last address of X-Forwarded-For that no proxy of ours has. */
    private static function client(string $peer, array $server, array $trusted): string
    {
        $hops = array_map(trim(...), explode(',', (string) ($server['HTTP_X_FORWARDED_FOR'] ?? '')));
        foreach (array_reverse($hops) as $hop) {
            if (@inet_pton($hop) === false) {
                break;
            }
            $peer = $hop;
            if (!self::within($hop, $trusted)) {
                break;
            }
        }

        return $peer;
    }

    /** A path and query that cannot lead to another host or end the header. */
    private static function target(string $uri): string
    {
        $uri = preg_replace('/[\x00-\x20\x7F]/', '', $uri) ?? '';

        return '/' . ltrim(preg_match('~^[a-z]+://[^/]*(/.*)?$~i', $uri, $m) ? ($m[1] ?? '/') : $uri, '/');
    }
}
