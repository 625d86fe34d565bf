<?php

declare(strict_types=1);

namespace WordPressImage;

/** Where copies of uploads live; names are relative to the uploads folder. */
abstract class Storage
{
    public const UPLOADS = '/var/lib/wordpress/uploads/';
    private const TYPES = [
        'jpg' => 'image/jpeg', 'jpeg' => 'image/jpeg', 'png' => 'image/png', 'gif' => 'image/gif', 'webp' => 'image/webp',
        'avif' => 'image/avif', 'ico' => 'image/x-icon', 'pdf' => 'application/pdf', 'mp4' => 'video/mp4', 'webm' => 'video/webm',
        'mp3' => 'audio/mpeg', 'ogg' => 'audio/ogg', 'txt' => 'text/plain', 'csv' => 'text/csv', 'zip' => 'application/zip',
    ];

    // What a storage says that has too much to do at the moment.
    private const BUSY = [429, 500, 502, 503, 504];
    private const PAUSE_US = 500_000;

    protected readonly Http $http;

    public function __construct(protected readonly array $set)
    {
        $this->http = new Http((string) ($set['ca'] ?? ''));
    }

    /** The site's storage; null when it has none. */
    public static function of(Site $site): ?self
    {
        $set = $site->section('object_storage');

        return match ($set['kind'] ?? '') {
            's3' => new Storage\S3($set),
            'swift' => new Storage\Swift($set),
            default => null,
        };
    }

    /** The name below uploads of a path on disk; '' when it lies elsewhere. */
    public static function nameOf(string $path): string
    {
        foreach ([self::UPLOADS, '/usr/share/wordpress/wp-content/uploads/'] as $folder) {
            if (str_starts_with($path, $folder) && !str_contains($path, '/../')) {
                return ltrim(substr($path, strlen($folder)), '/');
            }
        }

        return '';
    }

    /** Copy one file; a Failure says in plain words why it could not be. */
    public function put(string $name): void
    {
        $path = self::UPLOADS . $name;
        $file = @fopen($path, 'rb');
        if ($file === false) {
            throw new Failure('storage-error', "$name cannot be read");
        }
        $type = self::TYPES[strtolower(pathinfo($name, PATHINFO_EXTENSION))] ?? 'application/octet-stream';
        try {
            [$size, $digest] = [(int) filesize($path), hash_file('sha256', $path)];
            $status = $this->send($name, $file, $size, $type, $digest);
            if (in_array($status, self::BUSY, true)) {
                usleep(self::PAUSE_US);
                rewind($file);
                $status = $this->send($name, $file, $size, $type, $digest);
            }
        } finally {
            fclose($file);
        }
        if ($status < 200 || $status > 299) {
            throw new Failure('storage-error', self::reason($status));
        }
    }

    /** Size in bytes, null when it is not there. */
    public function size(string $name): ?int
    {
        [$status, $headers] = $this->request('HEAD', $name);
        if ($status === 404) {
            return null;
        }
        if ($status !== 200) {
            throw new Failure('storage-error', self::reason($status));
        }

        return (int) ($headers['content-length'] ?? 0);
    }

    /** Have a file here again that was saved on another unit; false when there is none. */
    public function bring(string $name): bool
    {
        $path = self::UPLOADS . $name;
        $size = is_file($path) ? 0 : $this->size($name);
        if ($size === null || is_file($path)) {
            return $size !== null;
        }
        is_dir(dirname($path)) || @mkdir(dirname($path), 0755, true);
        $part = dirname($path) . '/.' . bin2hex(random_bytes(8));
        $file = @fopen($part, 'xb');
        if ($file === false) {
            throw new Failure('storage-error', "$name cannot be written");
        }
        try {
            [$url, $headers] = $this->reach('GET', $name);
            [$status, $why] = $this->http->save($url, $file, $size, $headers);
        } finally {
            fclose($file);
        }
        if ($status !== 200 || $why !== '' || filesize($part) !== $size || !rename($part, $path)) {
            @unlink($part);
            throw new Failure('storage-error', self::reason($status === 200 ? 0 : $status));
        }

        return true;
    }

    public function delete(string $name): void
    {
        [$status] = $this->request('DELETE', $name);
        if ($status !== 404 && ($status < 200 || $status > 299)) {
            throw new Failure('storage-error', self::reason($status));
        }
    }

    public function is(string $option, bool $default): bool
    {
        return (bool) ($this->set[$option] ?? $default);
    }

    public function serve(): string
    {
        return (string) ($this->set['serve'] ?? 'redirect');
    }

    /** Where a browser gets an object from by *method*. */
    public function address(string $name, string $method): string
    {
        $public = (string) ($this->set['public_url'] ?? '');

        return $public === '' ? $this->ownAddress($name, $method) : rtrim($public, '/') . '/' . $this->key($name);
    }

    /** @param array<string, string> $headers */
    public function relay(string $method, string $name, array $headers): bool
    {
        [$url, $own] = $this->reach($method, $name);

        return $this->http->relay($method, $url, $own + $headers);
    }

    /** @return array{string, array<string, string>} the address of an object, and the headers that open it */
    abstract protected function reach(string $method, string $name): array;

    abstract protected function ownAddress(string $name, string $method): string;

    /** @param resource $file */
    abstract protected function send(string $name, mixed $file, int $size, string $type, string $sha256): int;

    /** @return array{int, array<string, string>, string} */
    abstract protected function request(string $method, string $name): array;

    /** The object's name as it stands in an address. */
    protected function key(string $name): string
    {
        return implode('/', array_map(rawurlencode(...), explode('/', ($this->set['prefix'] ?? '') . $name)));
    }

    protected function text(string $option, string $default = ''): string
    {
        $value = (string) ($this->set[$option] ?? '');

        return $value === '' ? $default : $value;
    }

    protected static function reason(int $status): string
    {
        return match (true) {
            $status === 0 => 'the object storage does not answer',
            $status === 401 || $status === 403 => "the object storage refuses our key ($status)",
            $status === 404 => 'the object storage has no such bucket (404)',
            default => "the object storage answers $status",
        };
    }
}
