<?php

declare(strict_types=1);

namespace WordPressImage;

/** Small files that outlive a request: written whole or not at all, readable by us only. */
final class Files
{
    public static function cached(string $name): ?string
    {
        $text = @file_get_contents(Site::CACHE . '/' . $name);

        return $text === false ? null : $text;
    }

    public static function cache(string $name, string $text): string
    {
        if (!is_dir(Site::CACHE)) {
            @mkdir(Site::CACHE, 0700, true);
        }
        $path = Site::CACHE . '/' . $name;
        $part = $path . '.' . bin2hex(random_bytes(6));
        $mask = umask(0077);
        $written = @file_put_contents($part, $text) === strlen($text);
        umask($mask);
        if (!$written || !@rename($part, $path)) {
            @unlink($part);
            throw new Failure('bad-configuration', 'cannot write below ' . Site::CACHE);
        }

        return $path;
    }

    /** The path of a file with these certificates, for programs that take no text. */
    public static function authorities(string $pem): string
    {
        $name = 'ca-' . hash('sha256', $pem) . '.pem';
        $path = Site::CACHE . '/' . $name;

        return is_file($path) ? $path : self::cache($name, $pem);
    }
}
