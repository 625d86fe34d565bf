<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** Signed tokens: RS256 and ES256 by the keys of a provider. */
final class Jwt
{
    private const LEAST_RSA_BYTES = 256;

    /**
     * The claims of a token whose signature is good.
     *
     * @param array<mixed> $keys as the provider lists them
     *
     * @return array<string, mixed>
     */
    public static function claims(string $token, array $keys): array
    {
        $parts = explode('.', $token);
        $head = count($parts) === 3 ? json_decode(Trip::decode($parts[0]), true) : null;
        if (!is_array($head) || !in_array($head['alg'] ?? '', ['RS256', 'ES256'], true) || isset($head['crit'])) {
            throw new Refused("The provider's token is not signed in a way that is known here.");
        }
        $signature = Trip::decode($parts[2]);
        foreach ($keys as $key) {
            if (!is_array($key) || isset($head['kid'], $key['kid']) && $head['kid'] !== $key['kid'] || ($key['use'] ?? 'sig') !== 'sig') {
                continue;
            }
            if (self::good("$parts[0].$parts[1]", $signature, $key, $head['alg'])) {
                return (array) json_decode(Trip::decode($parts[1]), true);
            }
        }
        throw new Refused("The signature of the provider's token is wrong.");
    }

    private static function good(string $text, string $signature, array $key, string $algorithm): bool
    {
        $part = static fn (string $name): string => ltrim(Trip::decode(is_string($key[$name] ?? null) ? $key[$name] : ''), "\0");
        if ($algorithm === 'RS256' && ($key['kty'] ?? '') === 'RSA' && strlen($part('n')) >= self::LEAST_RSA_BYTES) {
            $pem = self::rsa($part('n'), $part('e'));
        } elseif ($algorithm === 'ES256' && ($key['crv'] ?? '') === 'P-256' && strlen($signature) === 64) {
            $pem = self::ec($part('x'), $part('y'));
            $signature = self::tag(0x30, self::integer(substr($signature, 0, 32)) . self::integer(substr($signature, 32)));
        } else {
            return false;
        }
        $public = openssl_pkey_get_public($pem);

        return $public !== false && openssl_verify($text, $signature, $public, OPENSSL_ALGO_SHA256) === 1;
    }

    private static function rsa(string $n, string $e): string
    {
        $key = self::tag(0x30, self::integer($n) . self::integer($e));
        $kind = self::tag(0x30, hex2bin('06092a864886f70d010101') . hex2bin('0500'));

        return self::pem(self::tag(0x30, $kind . self::tag(0x03, "\0" . $key)));
    }

    private static function ec(string $x, string $y): string
    {
        $kind = self::tag(0x30, hex2bin('06072a8648ce3d0201') . hex2bin('06082a8648ce3d030107'));
        $point = "\0\4" . str_pad($x, 32, "\0", STR_PAD_LEFT) . str_pad($y, 32, "\0", STR_PAD_LEFT);

        return self::pem(self::tag(0x30, $kind . self::tag(0x03, $point)));
    }

    private static function integer(string $bytes): string
    {
        $bytes = ltrim($bytes, "\0");
        $bytes = $bytes === '' || ord($bytes[0]) > 0x7F ? "\0" . $bytes : $bytes;

        return self::tag(0x02, $bytes);
    }

    private static function tag(int $tag, string $content): string
    {
        $length = strlen($content);
        $size = $length < 0x80 ? chr($length) : ltrim(pack('N', $length), "\0");

        return chr($tag) . ($length < 0x80 ? $size : chr(0x80 | strlen($size)) . $size) . $content;
    }

    private static function pem(string $der): string
    {
        return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END PUBLIC KEY-----\n";
    }
}
