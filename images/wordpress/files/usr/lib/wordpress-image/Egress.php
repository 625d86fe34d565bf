<?php

declare(strict_types=1);

namespace WordPressImage;

/** Which hosts WordPress and its plugins may ask: a plain decision. */
final class Egress
{
    public static function allows(Site $site, string $url): bool
    {
        $host = strtolower((string) parse_url($url, PHP_URL_HOST));
        // Its plugin sends key and comment in the clear when TLS fails, be it for a forged certificate.
        if (preg_match('/(^|\.)rest\.akismet\.com$/', $host) && stripos($url, 'https://') !== 0) {
            return false;
        }
        if (!$site->blocksEgress()) {
            return true;
        }
        foreach ($site->allowedHosts() as $allowed) {
            if ($host === $allowed || (str_starts_with($allowed, '*.') && str_ends_with($host, substr($allowed, 1)))) {
                return $host !== '';
            }
        }

        return false;
    }
}
