<?php

declare(strict_types=1);

namespace WordPressImage;

/** Bounded requests of the image's own plugins; nothing is followed, certificates are checked. */
final class Http
{
    private const MOST_BYTES = 4 << 20;

    public function __construct(
        private readonly string $ca = '',
        private readonly int $seconds = 15,
        private readonly string $proxy = '',
        private readonly string $noProxy = '',
    ) {
    }

    /**
     * @param array<string, string> $headers
     * @param resource|null $upload
     *
     * @return array{int, array<string, string>, string, string} status (0: no answer), headers by lower-case name, body, what went wrong
     */
    public function ask(string $method, string $url, array $headers = [], string $body = '', mixed $upload = null, int $size = 0): array
    {
        $got = [];
        $text = '';
        $handle = $this->handle($method, $url, $headers);
        curl_setopt($handle, CURLOPT_HEADERFUNCTION, static function ($handle, string $line) use (&$got): int {
            if (str_contains($line, ':')) {
                [$name, $value] = explode(':', $line, 2);
                $got[strtolower(trim($name))] = trim($value);
            }

            return strlen($line);
        });
        curl_setopt($handle, CURLOPT_WRITEFUNCTION, static function ($handle, string $part) use (&$text): int {
            $text .= $part;

            return strlen($text) > self::MOST_BYTES ? 0 : strlen($part);
        });
        if ($upload !== null) {
            curl_setopt_array($handle, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $upload, CURLOPT_INFILESIZE => $size]);
            curl_setopt($handle, CURLOPT_TIMEOUT, 600);
        } elseif ($method === 'POST') {
            curl_setopt($handle, CURLOPT_POSTFIELDS, $body);
        }
        $done = curl_exec($handle);

        return [$done === false ? 0 : (int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $got, $text, curl_error($handle)];
    }

    /**
     * Write an answer of up to *most* bytes into a file, for as long as it comes.
     *
     * @param resource $file
     * @param array<string, string> $headers
     *
     * @return array{int, string} status (0: no answer), what went wrong
     */
    public function save(string $url, mixed $file, int $most, array $headers = []): array
    {
        $left = $most;
        $handle = $this->handle('GET', $url, $headers);
        curl_setopt_array($handle, [
            CURLOPT_TIMEOUT => 1800,
            CURLOPT_LOW_SPEED_LIMIT => 1024,
            CURLOPT_LOW_SPEED_TIME => $this->seconds,
            CURLOPT_WRITEFUNCTION => static function ($handle, string $part) use ($file, &$left): int {
                $left -= strlen($part);

                return $left < 0 ? 0 : (int) fwrite($file, $part);
            },
        ]);
        $done = curl_exec($handle);
        $why = $left < 0 ? "more than $most bytes" : curl_error($handle);

        return [$done === false ? 0 : (int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $why];
    }

    /**
     * Pass an answer on to the client as it comes; false when there was none.
     *
     * @param array<string, string> $headers
     */
    public function relay(string $method, string $url, array $headers): bool
    {
        $passed = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'];
        $status = 0;
        $handle = $this->handle($method, $url, $headers);
        curl_setopt($handle, CURLOPT_TIMEOUT, 600);
        curl_setopt($handle, CURLOPT_HEADERFUNCTION, static function ($handle, string $line) use (&$status, $passed): int {
            if (preg_match('~^HTTP/\S+ (\d+)~', $line, $parts)) {
                $status = (int) $parts[1];
                http_response_code(in_array($status, [200, 206, 304, 416], true) ? $status : ($status < 500 ? 404 : 502));
                if (!in_array($status, [200, 206, 304], true)) {
                    // It may be there in a moment.
                    header('Cache-Control: no-store');
                }
            } elseif (in_array($status, [200, 206, 304], true) && in_array(strtolower(strtok($line, ':')), $passed, true)) {
                header(trim($line));
            }

            return strlen($line);
        });
        curl_setopt($handle, CURLOPT_WRITEFUNCTION, static function ($handle, string $part) use (&$status): int {
            if (in_array($status, [200, 206], true)) {
                echo $part;
            }

            return strlen($part);
        });

        return curl_exec($handle) !== false;
    }

    /** @param array<string, string> $headers */
    private function handle(string $method, string $url, array $headers): \CurlHandle
    {
        $handle = curl_init($url);
        $lines = ['Expect:'];
        foreach ($headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        curl_setopt_array($handle, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_NOBODY => $method === 'HEAD',
            CURLOPT_HTTPHEADER => $lines,
            CURLOPT_CONNECTTIMEOUT => 3,
            CURLOPT_TIMEOUT => $this->seconds,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS_STR => 'http,https',
            CURLOPT_USERAGENT => 'wordpress-image',
            CURLOPT_PROXY => $this->proxy,
            CURLOPT_NOPROXY => $this->noProxy,
        ]);
        curl_setopt($handle, CURLOPT_CAINFO, $this->ca === '' ? '/etc/ssl/certs/ca-certificates.crt' : Files::authorities($this->ca));

        return $handle;
    }
}
