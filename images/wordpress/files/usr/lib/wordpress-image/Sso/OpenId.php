<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

use WordPressImage\Http;
use WordPressImage\Once;

/** OpenID 2.0 with one provider that chooses the identity; answers are verified with the provider directly. */
final class OpenId
{
    private const NS = 'http://specs.openid.net/auth/2.0';
    private const SELECT = 'http://specs.openid.net/auth/2.0/identifier_select';
    private const TEAMS = 'http://ns.launchpad.net/2007/openid-teams';
    private const SREG = 'http://openid.net/extensions/sreg/1.1';
    private const NONCE_S = 600;

    private readonly Http $http;

    public function __construct(private readonly array $set, private readonly string $callback, private readonly string $realm)
    {
        $this->http = new Http((string) ($set['ca'] ?? ''));
    }

    /** Where the browser goes. */
    public function begin(string $after): string
    {
        $endpoint = $this->discover((string) $this->set['provider'])['endpoint'];
        $state = bin2hex(random_bytes(16));
        Trip::begin('openid', ['state' => $state, 'after' => $after]);
        $ask = [
            'openid.ns' => self::NS,
            'openid.mode' => 'checkid_setup',
            'openid.claimed_id' => self::SELECT,
            'openid.identity' => self::SELECT,
            'openid.return_to' => $this->callback . '?state=' . $state,
            'openid.realm' => $this->realm,
            'openid.ns.sreg' => self::SREG,
            'openid.sreg.optional' => 'nickname,email,fullname',
            'openid.ns.lp' => self::TEAMS,
            'openid.lp.query_membership' => implode(',', array_diff(array_keys($this->set['team_map'] ?? []), ['*'])),
        ];

        return $endpoint . (str_contains($endpoint, '?') ? '&' : '?') . http_build_query($ask);
    }

    /** @return array{Person, string} who came back, and where it wanted to go */
    public function finish(string $query, string $body): array
    {
        $trip = Trip::end('openid');
        $got = self::fields($body !== '' ? $body : $query);
        $asked = self::fields($query);
        if (!hash_equals($trip['state'], (string) ($asked['state'] ?? ''))) {
            throw new Refused('This answer belongs to another login. Please begin again.');
        }
        if (($got['openid.mode'] ?? '') !== 'id_res') {
            throw new Refused('The provider did not confirm the login.');
        }
        $this->check($got, $trip['state']);
        $signed = array_flip(explode(',', $got['openid.signed']));
        $sreg = self::extension($got, self::SREG, $signed);
        $teams = self::extension($got, self::TEAMS, $signed)['is_member'] ?? '';
        $groups = $teams === '' ? [] : explode(',', $teams);

        return [
            new Person($got['openid.claimed_id'], $sreg['nickname'] ?? '', $sreg['email'] ?? '', $sreg['fullname'] ?? '', $groups),
            $trip['after'],
        ];
    }

    private function check(array $got, string $state): void
    {
        $needed = ['op_endpoint', 'return_to', 'response_nonce', 'assoc_handle', 'claimed_id', 'identity'];
        $signed = explode(',', (string) ($got['openid.signed'] ?? ''));
        foreach ($needed as $name) {
            if (!in_array($name, $signed, true) || !isset($got["openid.$name"])) {
                throw new Refused("The provider's answer does not vouch for its $name.");
            }
        }
        $provider = $this->discover((string) $this->set['provider']);
        if (
            ($got['openid.ns'] ?? '') !== self::NS
            || $got['openid.return_to'] !== $this->callback . '?state=' . $state
            || $got['openid.op_endpoint'] !== $provider['endpoint']
        ) {
            throw new Refused("The provider's answer is for another address.");
        }
        $this->checkIdentity($got, $provider['endpoint']);
        $this->checkNonce($got['openid.response_nonce']);
        $this->verify($got, $provider['endpoint']);
    }

    /** Only who has an identity may name the provider that vouches for it. */
    private function checkIdentity(array $got, string $endpoint): void
    {
        $claimed = preg_replace('/#.*$/', '', $got['openid.claimed_id']);
        if (self::origin($claimed) !== self::origin((string) $this->set['provider'])) {
            throw new Refused('The identity is not one of this provider.');
        }
        $found = $this->discover($claimed);
        $local = $found['local'] === '' ? $claimed : $found['local'];
        if ($found['endpoint'] !== $endpoint || !in_array($got['openid.identity'], [$local, $got['openid.claimed_id']], true)) {
            throw new Refused('The provider may not vouch for this identity.');
        }
    }

    private function checkNonce(string $nonce): void
    {
        $time = preg_match('/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)[\x21-\x7E]{0,235}$/D', $nonce, $m) ? strtotime($m[1]) : false;
        if ($time === false || abs(time() - $time) > self::NONCE_S) {
            throw new Refused("The provider's answer is too old, or its clock or ours is wrong.");
        }
        if (!Once::take('sso_' . $nonce, 2 * self::NONCE_S)) {
            throw new Refused("The provider's answer was used before.");
        }
    }

    private static function origin(string $url): array
    {
        $parts = (parse_url($url) ?: []) + ['scheme' => '', 'host' => ''];
        $scheme = strtolower($parts['scheme']);

        return [$scheme, strtolower($parts['host']), $parts['port'] ?? ($scheme === 'https' ? 443 : 80)];
    }

    private function verify(array $got, string $endpoint): void
    {
        $ask = ['openid.mode' => 'check_authentication'] + array_filter($got, static fn (string $k) => str_starts_with($k, 'openid.'), ARRAY_FILTER_USE_KEY);
        $headers = ['Content-Type' => 'application/x-www-form-urlencoded'];
        [$status, , $text] = $this->http->ask('POST', $endpoint, $headers, http_build_query($ask));
        if ($status !== 200 || !preg_match('/^is_valid:true\s*$/m', $text)) {
            throw new Refused('The provider does not stand by its answer.');
        }
    }

    /** @return array{endpoint: string, local: string} */
    private function discover(string $url): array
    {
        [$status, $headers, $text] = $this->http->ask('GET', $url, ['Accept' => 'application/xrds+xml']);
        if ($status === 200 && !str_contains($headers['content-type'] ?? '', 'application/xrds+xml')) {
            $link = $headers['x-xrds-location'] ?? '';
            if ($link === '' && preg_match('~<meta[^>]+x-xrds-location[^>]+content="([^"]+)"~i', $text, $m)) {
                $link = html_entity_decode($m[1]);
            }
            if (parse_url($link, PHP_URL_HOST) === parse_url($url, PHP_URL_HOST)) {
                [$status, , $text] = $this->http->ask('GET', $link, ['Accept' => 'application/xrds+xml']);
            }
        }
        $document = new \DOMDocument();
        if ($status !== 200 || !@$document->loadXML($text, LIBXML_NONET)) {
            throw new Refused('The provider cannot be reached at the moment. Please try again later.');
        }
        $path = new \DOMXPath($document);
        $path->registerNamespace('x', 'xri://$xrd*($v*2.0)');
        foreach (['/server', '/signon'] as $type) {
            $service = $path->query("//x:Service[x:Type='" . self::NS . "$type']")->item(0);
            if ($service !== null) {
                $read = static fn (string $name): string => trim((string) $path->evaluate("string(x:$name)", $service));

                return ['endpoint' => $read('URI'), 'local' => $read('LocalID')];
            }
        }
        throw new Refused('The provider does not speak OpenID 2.0.');
    }

    /** Fields of a query with their dots, which PHP's own arrays lose. */
    private static function fields(string $query): array
    {
        $fields = [];
        foreach (array_filter(explode('&', $query)) as $pair) {
            [$name, $value] = explode('=', $pair, 2) + [1 => ''];
            $fields[urldecode($name)] = urldecode($value);
        }

        return $fields;
    }

    /** What is signed of an extension, whatever the provider calls it. */
    private static function extension(array $got, string $namespace, array $signed): array
    {
        $found = [];
        foreach ($got as $name => $value) {
            if ($value !== $namespace || !preg_match('/^openid\.ns\.(\w+)$/D', $name, $m) || !isset($signed["ns.$m[1]"])) {
                continue;
            }
            foreach ($got as $other => $text) {
                $short = substr($other, 7);
                if (str_starts_with($short, "$m[1].") && isset($signed[$short])) {
                    $found[substr($short, strlen($m[1]) + 1)] = $text;
                }
            }
        }

        return $found;
    }
}
