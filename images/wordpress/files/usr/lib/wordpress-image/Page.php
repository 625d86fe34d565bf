<?php

declare(strict_types=1);

namespace WordPressImage;

/** Small pages that need neither a theme nor a database. */
final class Page
{
    public static function unavailable(string $text): never
    {
        if (!headers_sent()) {
            http_response_code(503);
            header('Retry-After: 10');
        }
        self::show('Not available', $text);
    }

    public static function show(string $title, string $text): never
    {
        if (!headers_sent()) {
            header('Content-Type: text/html; charset=utf-8');
            header('Cache-Control: no-store');
        }
        [$title, $text] = [htmlspecialchars($title), htmlspecialchars($text)];
        echo "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>$title</title></head>",
            "<body><h1>$title</h1><p>$text</p></body></html>\n";
        exit(1);
    }
}
