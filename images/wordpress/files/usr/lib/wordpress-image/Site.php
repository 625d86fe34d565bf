<?php

declare(strict_types=1);

namespace WordPressImage;

/** What /run/wordpress/site.json says, checked and with its defaults. */
final class Site
{
    public const KEYS = [
        'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
        'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT',
    ];
    public const CACHE = '/run/wordpress/cache';

    private static ?self $loaded = null;

    /**
     * @param array<string, mixed> $database
     * @param array<string, string> $keys
     * @param list<string> $additionalHosts
     * @param list<string> $trustedProxies
     * @param array<string, mixed> $raw
     */
    private function __construct(
        public readonly string $url,
        public readonly string $host,
        public readonly bool $https,
        public readonly string $tablePrefix,
        public readonly array $database,
        public readonly array $keys,
        public readonly array $additionalHosts,
        public readonly array $trustedProxies,
        private readonly array $raw,
    ) {
    }

    /** The configuration, read once a process (a request under mod_php). */
    public static function load(): self
    {
        return self::$loaded ??= self::read(self::path());
    }

    /** The configuration as it is now, for whoever waits for another one. */
    public static function fresh(): self
    {
        return self::$loaded = self::read(self::path());
    }

    /** For the rest of this process the configuration is another one. */
    public static function pretend(self $other): void
    {
        self::$loaded = $other;
    }

    /** The same site with its tables in another place. */
    public function at(string $database, string $prefix): self
    {
        return new self(
            $this->url,
            $this->host,
            $this->https,
            $prefix,
            ['name' => $database] + $this->database,
            $this->keys,
            $this->additionalHosts,
            $this->trustedProxies,
            $this->raw,
        );
    }

    public static function path(): string
    {
        $other = PHP_SAPI === 'cli' ? getenv('WORDPRESS_SITE') : false;

        return $other === false || $other === '' ? '/run/wordpress/site.json' : $other;
    }

    /** A section that may be left out: null then. */
    public function section(string $name): ?array
    {
        $value = $this->raw[$name] ?? null;

        return is_array($value) && $value !== [] ? $value : null;
    }

    public function text(string $name): string
    {
        return is_string($this->raw[$name] ?? null) ? $this->raw[$name] : '';
    }

    public function forceSslAdmin(): bool
    {
        return (bool) ($this->raw['force_ssl_admin'] ?? $this->https);
    }

    /** @return array<string, scalar> */
    public function constants(): array
    {
        $constants = [];
        foreach ($this->section('constants') ?? [] as $name => $value) {
            if (is_string($name) && preg_match('/^[A-Za-z_][A-Za-z0-9_]*$/D', $name) && is_scalar($value)) {
                $constants[$name] = $value;
            }
        }

        return $constants;
    }

    public function blocksEgress(): bool
    {
        return (bool) (($this->section('egress') ?? [])['block'] ?? true);
    }

    /** @return list<string> */
    public function allowedHosts(): array
    {
        $hosts = self::strings(($this->section('egress') ?? [])['allow'] ?? []);
        if ($this->text('akismet_key') !== '') {
            array_push($hosts, 'rest.akismet.com', '*.rest.akismet.com');
        }

        return array_map(strtolower(...), $hosts);
    }

    private static function read(string $path): self
    {
        $text = @file_get_contents($path);
        if ($text === false) {
            throw new Failure('no-configuration', 'there is no readable site.json');
        }
        $raw = json_decode($text, true, 32);
        if (!is_array($raw)) {
            throw new Failure('bad-configuration', 'site.json is not a JSON object');
        }

        return self::checked($raw);
    }

    private static function checked(array $raw): self
    {
        $url = is_string($raw['url'] ?? null) ? rtrim($raw['url'], '/') : '';
        if (!preg_match('~^(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?$~D', $url, $parts)) {
            throw new Failure('bad-configuration', 'url in site.json is not scheme://host[:port]');
        }
        $prefix = $raw['table_prefix'] ?? 'wp_';
        if (!is_string($prefix) || !preg_match('/^[A-Za-z0-9_]{1,32}$/D', $prefix)) {
            throw new Failure('bad-configuration', 'table_prefix in site.json may hold letters, digits and _ only');
        }

        return new self(
            url: strtolower($url),
            host: strtolower($parts[2] . ($parts[3] ?? '')),
            https: $parts[1] === 'https',
            tablePrefix: $prefix,
            database: self::database($raw['database'] ?? null),
            keys: self::keys($raw['keys'] ?? null),
            additionalHosts: array_map(strtolower(...), self::strings($raw['additional_hosts'] ?? [])),
            trustedProxies: self::strings($raw['trusted_proxies'] ?? []),
            raw: $raw,
        );
    }

    private static function database(mixed $given): array
    {
        if (!is_array($given)) {
            throw new Failure('bad-configuration', 'site.json names no database');
        }
        $known = $given + ['host' => '', 'port' => 3306, 'socket' => '', 'password' => '', 'tls' => false, 'ca' => ''];
        foreach (['name', 'user'] as $key) {
            if (!is_string($known[$key] ?? null) || $known[$key] === '') {
                throw new Failure('bad-configuration', "site.json has no database.$key");
            }
        }
        if (($known['host'] ?? '') === '' && ($known['socket'] ?? '') === '') {
            throw new Failure('bad-configuration', 'site.json has neither database.host nor database.socket');
        }

        return [
            'host' => (string) $known['host'],
            'port' => (int) $known['port'] ?: 3306,
            'socket' => (string) $known['socket'],
            'name' => $known['name'],
            'user' => $known['user'],
            'password' => (string) $known['password'],
            'tls' => (bool) $known['tls'],
            'ca' => (string) $known['ca'],
        ];
    }

    private static function keys(mixed $given): array
    {
        $keys = [];
        foreach (self::KEYS as $name) {
            $value = is_array($given) ? ($given[$name] ?? '') : '';
            if (!is_string($value) || strlen($value) < 32) {
                throw new Failure('keys-missing', "site.json has no $name of 32 characters or more");
            }
            $keys[$name] = $value;
        }

        return $keys;
    }

    /** @return list<string> */
    private static function strings(mixed $given): array
    {
        return is_array($given) ? array_values(array_filter($given, is_string(...))) : [];
    }
}
