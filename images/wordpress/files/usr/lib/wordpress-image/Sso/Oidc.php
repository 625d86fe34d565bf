<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

use WordPressImage\Http;

/** OpenID Connect: authorization code with PKCE. */
final class Oidc
{
    private const SKEW_S = 120;

    private readonly Http $http;

    public function __construct(private readonly array $set, private readonly string $callback)
    {
        $this->http = new Http((string) ($set['ca'] ?? ''));
    }

    /** Where the browser goes. */
    public function begin(string $after): string
    {
        $provider = $this->discover();
        $trip = ['state' => bin2hex(random_bytes(16)), 'nonce' => bin2hex(random_bytes(16)), 'verifier' => bin2hex(random_bytes(32))];
        Trip::begin('oidc', $trip + ['after' => $after]);
        $ask = [
            'response_type' => 'code',
            'client_id' => (string) $this->set['client_id'],
            'redirect_uri' => $this->callback,
            'scope' => (string) ($this->set['scopes'] ?? 'openid profile email groups'),
            'state' => $trip['state'],
            'nonce' => $trip['nonce'],
            'code_challenge' => Trip::encode(hash('sha256', $trip['verifier'], true)),
            'code_challenge_method' => 'S256',
        ];
        $to = $provider['authorization_endpoint'];

        return $to . (str_contains($to, '?') ? '&' : '?') . http_build_query($ask);
    }

    /** @return array{Person, string} who came back, and where it wanted to go */
    public function finish(array $query): array
    {
        $trip = Trip::end('oidc');
        if (!hash_equals($trip['state'], (string) ($query['state'] ?? ''))) {
            throw new Refused('This answer belongs to another login. Please begin again.');
        }
        if (!is_string($query['code'] ?? null)) {
            throw new Refused('The provider did not confirm the login.');
        }
        $provider = $this->discover();
        if (isset($query['iss']) && $query['iss'] !== $provider['issuer']) {
            throw new Refused('The answer comes from another provider.');
        }
        $tokens = $this->redeem($provider, $query['code'], $trip['verifier']);
        $claims = $this->check($provider, (string) ($tokens['id_token'] ?? ''), $trip['nonce']);
        $claims = $this->completed($provider, $claims, (string) ($tokens['access_token'] ?? ''));

        return [$this->person($provider['issuer'], $claims), $trip['after']];
    }

    /** @param array<string, mixed> $claims */
    private function person(string $issuer, array $claims): Person
    {
        $groups = $claims[(string) ($this->set['groups_claim'] ?? 'groups')] ?? [];
        $text = static fn (string $name): string => is_string($claims[$name] ?? null) ? $claims[$name] : '';
        $email = in_array($claims['email_verified'] ?? true, [false, 'false', 0], true) ? '' : $text('email');

        return new Person(
            $issuer . ' ' . $claims['sub'],
            $text('preferred_username') !== '' ? $text('preferred_username') : explode('@', $email)[0],
            $email,
            $text('name'),
            array_values(array_filter(is_array($groups) ? $groups : explode(' ', (string) $groups), is_string(...))),
        );
    }

    /** @return array<string, mixed> */
    private function discover(): array
    {
        $issuer = rtrim((string) $this->set['issuer'], '/');
        $known = $this->json('GET', $issuer . '/.well-known/openid-configuration');
        if (rtrim((string) ($known['issuer'] ?? ''), '/') !== $issuer) {
            throw new Refused('The provider calls itself by another name.');
        }

        return $known;
    }

    /** @return array<string, mixed> */
    private function redeem(array $provider, string $code, string $verifier): array
    {
        $form = ['grant_type' => 'authorization_code', 'code' => $code, 'redirect_uri' => $this->callback, 'code_verifier' => $verifier];
        $headers = ['Content-Type' => 'application/x-www-form-urlencoded', 'Accept' => 'application/json'];
        [$id, $secret] = [(string) $this->set['client_id'], (string) ($this->set['client_secret'] ?? '')];
        $methods = $provider['token_endpoint_auth_methods_supported'] ?? ['client_secret_basic'];
        if ($secret !== '' && in_array('client_secret_basic', $methods, true)) {
            $headers['Authorization'] = 'Basic ' . base64_encode(urlencode($id) . ':' . urlencode($secret));
        } else {
            $form += ['client_id' => $id] + ($secret === '' ? [] : ['client_secret' => $secret]);
        }

        return $this->json('POST', (string) $provider['token_endpoint'], $headers, http_build_query($form));
    }

    /** @return array<string, mixed> */
    private function check(array $provider, string $token, string $nonce): array
    {
        $keys = $this->json('GET', (string) $provider['jwks_uri'])['keys'] ?? [];
        $claims = Jwt::claims($token, is_array($keys) ? $keys : []);
        $id = (string) $this->set['client_id'];
        $audience = (array) ($claims['aud'] ?? []);
        $fits = ($claims['iss'] ?? '') === $provider['issuer']
            && in_array($id, $audience, true)
            && (count($audience) === 1 || ($claims['azp'] ?? '') === $id)
            && ($claims['azp'] ?? $id) === $id
            && (int) ($claims['exp'] ?? 0) > time() - self::SKEW_S
            && (int) ($claims['iat'] ?? 0) < time() + self::SKEW_S
            && hash_equals($nonce, (string) ($claims['nonce'] ?? ''))
            && is_string($claims['sub'] ?? null) && $claims['sub'] !== '';
        if (!$fits) {
            throw new Refused("The provider's token is not for this login.");
        }

        return $claims;
    }

    /** What the token leaves out the provider may tell. */
    private function completed(array $provider, array $claims, string $access): array
    {
        if (isset($claims[(string) ($this->set['groups_claim'] ?? 'groups')], $claims['email'], $claims['preferred_username']) || !isset($provider['userinfo_endpoint'])) {
            return $claims;
        }
        $more = $this->json('GET', (string) $provider['userinfo_endpoint'], ['Authorization' => "Bearer $access"]);

        if (($more['sub'] ?? '') !== $claims['sub']) {
            // Without its groups a person would lose the role.
            throw new Refused('The provider speaks of somebody else than who logged in.');
        }

        return $claims + $more;
    }

    /** @return array<string, mixed> */
    private function json(string $method, string $url, array $headers = [], string $body = ''): array
    {
        [$status, , $text] = $this->http->ask($method, $url, $headers, $body);
        $data = json_decode($text, true);
        if ($status !== 200 || !is_array($data)) {
            throw new Refused('The provider cannot be reached at the moment. Please try again later.');
        }

        return $data;
    }
}
