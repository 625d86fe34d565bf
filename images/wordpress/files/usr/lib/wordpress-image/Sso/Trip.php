<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** What has to be remembered while a browser is at its provider: in a signed cookie, so that every unit knows it. */
final class Trip
{
    private const COOKIE = 'hoodoo_sso';
    private const LASTS_S = 900;
    private const LONGEST_AFTER = 1024;

    /** @param array<string, string> $facts */
    public static function begin(string $kind, array $facts): void
    {
        if (strlen($facts['after']) > self::LONGEST_AFTER) {
            // A browser drops a cookie of more than 4 kB.
            $facts['after'] = '';
        }
        $text = self::encode(json_encode(['kind' => $kind, 'until' => time() + self::LASTS_S] + $facts, JSON_THROW_ON_ERROR));
        self::cookie($kind, $text . '.' . self::seal($text), 0);
    }

    /** @return array<string, string> */
    public static function end(string $kind): array
    {
        [$text, $seal] = explode('.', (string) ($_COOKIE[self::name()] ?? ''), 2) + [1 => ''];
        self::cookie($kind, '', 1);
        $facts = hash_equals(self::seal($text), $seal) ? json_decode((string) self::decode($text), true) : null;
        if (!is_array($facts) || $facts['kind'] !== $kind || $facts['until'] < time()) {
            throw new Refused('This login was not begun in this browser, or too long ago. Please begin again.');
        }

        return $facts;
    }

    public static function encode(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    public static function decode(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'), true);
    }

    private static function seal(string $text): string
    {
        return hash_hmac('sha256', 'sso|' . $text, AUTH_KEY . AUTH_SALT);
    }

    /** By this name a browser takes it from nobody but the site itself, not even from a neighbour of its domain. */
    private static function name(): string
    {
        return (is_ssl() ? '__Host-' : '') . self::COOKIE;
    }

    private static function cookie(string $kind, string $value, int $until): void
    {
        // A long answer of OpenID 2.0 comes as a form that the provider's page posts.
        $from = $kind === 'openid' && is_ssl() ? 'None' : 'Lax';
        setcookie(self::name(), $value, [
            'expires' => $until, 'path' => '/', 'secure' => is_ssl(), 'httponly' => true, 'samesite' => $from,
        ]);
    }
}
