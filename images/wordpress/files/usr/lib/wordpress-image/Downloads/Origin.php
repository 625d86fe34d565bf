<?php

declare(strict_types=1);

namespace WordPressImage\Downloads;

use WordPressImage\Http;

/** What wordpress.org says and has, asked by https alone; it redirects nobody, so nothing is followed. */
final class Origin
{
    private const API = 'https://api.wordpress.org';
    private const FILES = 'https://downloads.wordpress.org';
    private const MOST_ARCHIVE = 256 << 20;
    private const MOST_CHECKSUMS = 32 << 20;
    private const VERSION = '/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/D';

    private readonly Http $http;

    public function __construct(string $proxy, string $noProxy)
    {
        $this->http = new Http(proxy: $proxy, noProxy: $noProxy);
    }

    /** @return array{string, string} the newest version, and the name of its file */
    public function newest(string $kind, string $slug): array
    {
        $one = rtrim($kind, 's');
        $query = http_build_query([
            'action' => "{$one}_information",
            'request' => ['slug' => $slug, 'fields' => ['sections' => 0, 'versions' => 0, 'screenshots' => 0, 'reviews' => 0]],
        ]);
        [$status, , $text, $why] = $this->http->ask('GET', self::API . "/$kind/info/1.2/?$query");
        if ($status !== 200 && $status !== 404) {
            throw self::unanswered('api.wordpress.org', $status, $why);
        }
        $said = json_decode($text, true, 32);
        if ($status === 200 && $said === null) {
            throw new Refusal(Refusal::UNREACHABLE, 'api.wordpress.org gives no answer that can be read');
        }
        if (!is_array($said) || isset($said['error']) || $status === 404) {
            $closed = is_array($said) && ($said['error'] ?? '') === 'closed';
            throw new Refusal(Refusal::UNKNOWN, $closed ? "wordpress.org has closed this $one" : "wordpress.org has no $one of this name");
        }
        $version = $said['version'] ?? null;
        $link = $said['download_link'] ?? null;
        $pattern = '~^' . preg_quote(self::FILES . "/$one/", '~') . '(' . preg_quote($slug, '~') . '\.([0-9A-Za-z.+_-]{1,80}\.)?zip)(\?.*)?$~D';
        if (!is_string($version) || !preg_match(self::VERSION, $version) || !is_string($link) || !preg_match($pattern, $link, $parts)) {
            throw new Refusal(Refusal::UNSAFE, 'what api.wordpress.org says of its version or file cannot be right');
        }

        return [$version, $parts[1]];
    }

    /** Fetch an archive into a new file at *path*. */
    public function save(string $kind, string $file, string $path): void
    {
        $this->saveFrom(self::FILES . '/' . rtrim($kind, 's') . "/$file", $path, self::MOST_ARCHIVE) || throw new Refusal(
            Refusal::UNKNOWN,
            "wordpress.org has no file $file",
        );
    }

    /** @return array<string, list<string>>|null the digests that a plugin's files may have; null when none are offered */
    public function checksums(string $slug, string $version, string $path): ?array
    {
        if (!$this->saveFrom(self::FILES . "/plugin-checksums/$slug/" . rawurlencode($version) . '.json', $path, self::MOST_CHECKSUMS)) {
            return null;
        }
        $said = json_decode((string) file_get_contents($path), true, 8);
        if (!is_array($said) || !is_array($said['files'] ?? null)) {
            throw new Refusal(Refusal::UNREACHABLE, 'downloads.wordpress.org gives no checksums that can be read');
        }
        $found = [];
        foreach ($said['files'] as $name => $digests) {
            $found[(string) $name] = array_values(array_filter((array) ($digests['sha256'] ?? []), is_string(...)));
        }

        return $found;
    }

    /** Whether there is such a file. */
    private function saveFrom(string $url, string $path, int $most): bool
    {
        $file = @fopen($path, 'wb');
        if ($file === false) {
            throw new Refusal(Refusal::UNREACHABLE, 'cannot write below ' . dirname($path));
        }
        try {
            [$status, $why] = $this->http->save($url, $file, $most);
        } finally {
            fclose($file);
        }
        if ($status === 404) {
            return false;
        }
        if ($status !== 200 || $why !== '') {
            throw self::unanswered('downloads.wordpress.org', $status, $why);
        }

        return true;
    }

    private static function unanswered(string $host, int $status, string $why): Refusal
    {
        $text = $why !== '' ? "$host does not answer: $why" : "$host answers $status";

        return new Refusal(Refusal::UNREACHABLE, $text);
    }
}
