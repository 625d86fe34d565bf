<?php

// An upload that is not on this unit's disk: from object storage, when the site has one.

declare(strict_types=1);

use WordPressImage\Failure;
use WordPressImage\Site;
use WordPressImage\Storage;

require '/usr/lib/wordpress-image/autoload.php';

(static function (): void {
    $path = rawurldecode((string) parse_url('http://h/' . ltrim((string) $_SERVER['REQUEST_URI'], '/'), PHP_URL_PATH));
    $name = preg_replace('~^/wp-content/uploads/~', '', $path);
    $method = $_SERVER['REQUEST_METHOD'] ?? 'GET';
    $wrong = preg_match('~(^|/)\.|//|[\x00-\x1F]|\.(php\d?|phtml|phar)(\.|/|$)~i', $name) || !in_array($method, ['GET', 'HEAD'], true);
    try {
        $storage = $wrong ? null : Storage::of(Site::load());
        if ($storage === null || $storage->serve() === 'local') {
            http_response_code(404);
            echo 'not found';
        } elseif ($storage->serve() === 'redirect') {
            header('Cache-Control: private, max-age=300');
            header('Location: ' . $storage->address($name, $method), true, 302);
        } else {
            $headers = [];
            foreach (['Range', 'If-None-Match', 'If-Modified-Since', 'If-Range'] as $header) {
                $value = (string) ($_SERVER['HTTP_' . strtoupper(strtr($header, '-', '_'))] ?? '');
                if ($value !== '') {
                    $headers[$header] = $value;
                }
            }
            header("Content-Security-Policy: default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox");
            header('Cache-Control: public, max-age=86400');
            if (!$storage->relay($method, $name, $headers) && !headers_sent()) {
                throw new Failure('storage-error', 'the object storage does not answer');
            }
        }
    } catch (Failure $failure) {
        error_log('wordpress: uploads: ' . $failure->getMessage());
        header('Cache-Control: no-store');
        http_response_code(503);
        echo 'not available';
    }
})();
