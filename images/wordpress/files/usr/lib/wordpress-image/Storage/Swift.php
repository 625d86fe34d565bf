<?php

declare(strict_types=1);

namespace WordPressImage\Storage;

use WordPressImage\Failure;
use WordPressImage\Files;
use WordPressImage\Storage;

/** Swift with a token of Keystone v3 or of its own v1; the token is shared by the processes of a unit. */
final class Swift extends Storage
{
    protected function reach(string $method, string $name): array
    {
        // A token that has just ended is noticed before anything is sent on.
        $this->request('HEAD', $name);

        return [$this->url($name), ['X-Auth-Token' => $this->access()['token']]];
    }

    protected function ownAddress(string $name, string $method): string
    {
        return $this->url($name);
    }

    protected function send(string $name, mixed $file, int $size, string $type, string $sha256): int
    {
        $try = function (bool $fresh) use ($name, $file, $size, $type): int {
            rewind($file);
            $headers = ['X-Auth-Token' => $this->access($fresh)['token'], 'Content-Type' => $type];

            return $this->http->ask('PUT', $this->url($name), $headers, '', $file, $size)[0];
        };
        $status = $try(false);

        return $status === 401 ? $try(true) : $status;
    }

    protected function request(string $method, string $name): array
    {
        $try = fn (bool $fresh): array => $this->http->ask(
            $method,
            $this->url($name),
            ['X-Auth-Token' => $this->access($fresh)['token']],
        );
        $answer = $try(false);

        return $answer[0] === 401 ? $try(true) : $answer;
    }

    private function url(string $name): string
    {
        return $this->access()['url'] . '/' . rawurlencode($this->text('container')) . '/' . $this->key($name);
    }

    /** @return array{token: string, url: string, until: int} */
    private function access(bool $fresh = false): array
    {
        $cache = 'swift-' . hash('sha256', json_encode($this->set, JSON_THROW_ON_ERROR)) . '.json';
        $known = $fresh ? null : json_decode(Files::cached($cache) ?? '', true);
        if (is_array($known) && $known['until'] > time()) {
            return $known;
        }
        $version = $this->text('auth_version', preg_match('~/v1(\.0)?/?$~D', $this->text('auth_url')) ? '1' : '3');
        $access = $version === '1' ? $this->first() : $this->third();
        Files::cache($cache, json_encode($access, JSON_THROW_ON_ERROR));

        return $access;
    }

    private function first(): array
    {
        $headers = ['X-Auth-User' => $this->text('username'), 'X-Auth-Key' => $this->text('password')];
        [$status, $got] = $this->http->ask('GET', $this->text('auth_url'), $headers);
        if ($status < 200 || $status > 299 || !isset($got['x-auth-token'], $got['x-storage-url'])) {
            throw new Failure('storage-error', self::reason($status));
        }

        return ['token' => $got['x-auth-token'], 'url' => rtrim($got['x-storage-url'], '/'), 'until' => time() + 3600];
    }

    private function third(): array
    {
        $user = [
            'name' => $this->text('username'),
            'password' => $this->text('password'),
            'domain' => ['name' => $this->text('user_domain', 'Default')],
        ];
        $project = ['name' => $this->text('project'), 'domain' => ['name' => $this->text('project_domain', 'Default')]];
        $wish = ['auth' => [
            'identity' => ['methods' => ['password'], 'password' => ['user' => $user]],
            'scope' => ['project' => $project],
        ]];
        $url = rtrim($this->text('auth_url'), '/') . '/auth/tokens';
        $headers = ['Content-Type' => 'application/json'];
        [$status, $got, $body] = $this->http->ask('POST', $url, $headers, json_encode($wish, JSON_THROW_ON_ERROR));
        $token = json_decode($body, true)['token'] ?? null;
        if ($status !== 201 || !is_array($token) || !isset($got['x-subject-token'])) {
            throw new Failure('storage-error', self::reason($status));
        }
        $until = min(time() + 3600, (int) strtotime((string) ($token['expires_at'] ?? '')) - 60);

        return ['token' => $got['x-subject-token'], 'url' => $this->endpoint($token['catalog'] ?? []), 'until' => $until];
    }

    private function endpoint(array $catalog): string
    {
        foreach ($catalog as $service) {
            foreach (($service['type'] ?? '') === 'object-store' ? $service['endpoints'] : [] as $endpoint) {
                $region = $endpoint['region'] ?? $endpoint['region_id'] ?? '';
                if (
                    $endpoint['interface'] === $this->text('interface', 'public')
                    && in_array($this->text('region'), ['', $region], true)
                ) {
                    return rtrim($endpoint['url'], '/');
                }
            }
        }
        throw new Failure('storage-error', 'the catalogue of Keystone has no object-store for this region and interface');
    }
}
