<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** What has to be remembered while a browser is at its provider: in a signed cookie, so that every unit knows it. */
final class Trip
{
    private const COOKIE = 'hoodoo_sso';
    private const LASTS_S = 900;

    /** @param array<string, string> $facts */
    public static function begin(string $kind, array $facts): void
    {
        $text = self::encode(json_encode(['kind' => $kind, 'until' => time() + self::LASTS_S] + $facts, JSON_THROW_ON_ERROR));
        self::cookie($text . '.' . self::seal($text), 0);
    }

    /** @return array<string, string> */
    public static function end(string $kind): array
    {
        [$text, $seal] = explode('.', (string) ($_COOKIE[self::COOKIE] ?? ''), 2) + [1 => ''];
        self::cookie('', 1);
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

    private static function cookie(string $value, int $until): void
    {
        setcookie(self::COOKIE, $value, [
            'expires' => $until, 'path' => '/', 'secure' => is_ssl(), 'httponly' => true, 'samesite' => 'Lax',
        ]);
    }
}
