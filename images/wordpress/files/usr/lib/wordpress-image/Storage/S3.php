<?php

declare(strict_types=1);

namespace WordPressImage\Storage;

use WordPressImage\Storage;

/** S3 by signature version 4. */
final class S3 extends Storage
{
    private const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    private const SIGNED_S = 900;

    protected function reach(string $method, string $name): array
    {
        return [$this->url($name), $this->signed($method, $name, self::EMPTY)];
    }

    protected function ownAddress(string $name, string $method): string
    {
        [$time, $day, $scope] = $this->now();
        $query = [
            'X-Amz-Algorithm' => 'AWS4-HMAC-SHA256',
            'X-Amz-Credential' => $this->text('access_key') . '/' . $scope,
            'X-Amz-Date' => $time,
            'X-Amz-Expires' => (string) self::SIGNED_S,
            'X-Amz-SignedHeaders' => 'host',
        ];
        $text = http_build_query($query, '', '&', PHP_QUERY_RFC3986);
        $signature = $this->sign($method, $name, $text, ['host' => $this->host()], 'UNSIGNED-PAYLOAD', $time, $day, $scope);

        return $this->url($name) . "?$text&X-Amz-Signature=$signature";
    }

    protected function send(string $name, mixed $file, int $size, string $type, string $sha256): int
    {
        $headers = $this->signed('PUT', $name, $sha256, ['content-type' => $type]);

        return $this->http->ask('PUT', $this->url($name), $headers, '', $file, $size)[0];
    }

    protected function request(string $method, string $name): array
    {
        return $this->http->ask($method, $this->url($name), $this->signed($method, $name, self::EMPTY));
    }

    /**
     * @param array<string, string> $more
     *
     * @return array<string, string>
     */
    private function signed(string $method, string $name, string $sha256, array $more = []): array
    {
        [$time, $day, $scope] = $this->now();
        $headers = $more + ['host' => $this->host(), 'x-amz-content-sha256' => $sha256, 'x-amz-date' => $time];
        ksort($headers);
        $signature = $this->sign($method, $name, '', $headers, $sha256, $time, $day, $scope);
        $names = implode(';', array_keys($headers));
        $headers['Authorization'] = "AWS4-HMAC-SHA256 Credential={$this->text('access_key')}/$scope, "
            . "SignedHeaders=$names, Signature=$signature";

        return $headers;
    }

    /** @param array<string, string> $headers */
    private function sign(
        string $method,
        string $name,
        string $query,
        array $headers,
        string $sha256,
        string $time,
        string $day,
        string $scope,
    ): string {
        $lines = '';
        foreach ($headers as $header => $value) {
            $lines .= "$header:$value\n";
        }
        $request = implode("\n", [$method, $this->path($name), $query, $lines, implode(';', array_keys($headers)), $sha256]);
        $text = "AWS4-HMAC-SHA256\n$time\n$scope\n" . hash('sha256', $request);
        $key = 'AWS4' . $this->text('secret_key');
        foreach ([$day, $this->text('region', 'us-east-1'), 's3', 'aws4_request'] as $part) {
            $key = hash_hmac('sha256', $part, $key, true);
        }

        return hash_hmac('sha256', $text, $key);
    }

    /** @return array{string, string, string} time, day and scope of a signature */
    private function now(): array
    {
        $time = gmdate('Ymd\THis\Z');
        $day = substr($time, 0, 8);

        return [$time, $day, "$day/" . $this->text('region', 'us-east-1') . '/s3/aws4_request'];
    }

    private function endpoint(): string
    {
        return rtrim($this->text('endpoint', 'https://s3.' . $this->text('region', 'us-east-1') . '.amazonaws.com'), '/');
    }

    private function host(): string
    {
        $host = preg_replace('~^https?://~', '', $this->endpoint());

        return $this->is('path_style', true) ? $host : $this->text('bucket') . '.' . $host;
    }

    private function path(string $name): string
    {
        $bucket = $this->is('path_style', true) ? '/' . rawurlencode($this->text('bucket')) : '';

        return $bucket . '/' . $this->key($name);
    }

    private function url(string $name): string
    {
        return strtok($this->endpoint(), ':') . '://' . $this->host() . $this->path($name);
    }
}
