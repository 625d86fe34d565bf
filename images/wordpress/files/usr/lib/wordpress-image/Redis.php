<?php

declare(strict_types=1);

namespace WordPressImage;

/** A connection to Redis for one request: waits are bounded, and the first failure ends it. */
final class Redis
{
    public const GENERATION = ':generation';
    private const CONNECT_S = 0.3;
    private const ANSWER_S = 1;
    private const REST_S = 5;
    private const MOST_BYTES = 64 << 20;
    private const MOST_VALUES = 100_000;
    private const DOWN = 'redis-down';

    /** @var resource|null */
    private mixed $stream = null;

    private bool $ended = false;

    public function __construct(
        private readonly string $host,
        private readonly int $port,
        private readonly string $password,
    ) {
    }

    /** Values are kept in Redis for this site. */
    public static function wanted(Site $site): bool
    {
        return (($site->section('redis') ?? [])['host'] ?? '') !== '';
    }

    public static function of(Site $site): self
    {
        $given = $site->section('redis') + ['port' => 6379, 'password' => ''];

        return new self((string) $given['host'], (int) $given['port'], (string) $given['password']);
    }

    /** What the names of all values of this site begin with. */
    public static function prefix(Site $site): string
    {
        $whose = $site->url . "\0" . $site->database['name'] . "\0" . $site->tablePrefix;

        return 'wp:' . substr(hash('sha256', $whose), 0, 16);
    }

    /** Forget everything that is kept: the database is another than before. */
    public static function forget(Site $site): void
    {
        if (self::wanted($site)) {
            self::of($site)->ask('SET', self::prefix($site) . self::GENERATION, bin2hex(random_bytes(8)));
        }
    }

    /** The answer to a command; null too when there is none to be had. */
    public function ask(string ...$words): mixed
    {
        if ($this->ended || ($this->stream === null && !$this->open())) {
            return null;
        }
        try {
            return $this->exchange($words);
        } catch (Failure $failure) {
            $this->end($failure->getMessage());

            return null;
        }
    }

    /** No answer can be had in this request. */
    public function isDown(): bool
    {
        return $this->ended;
    }

    private function open(): bool
    {
        // Others found it silent a moment ago: not every request waits for that.
        if ((int) Files::cached(self::DOWN) > time() - self::REST_S) {
            $this->ended = true;

            return false;
        }
        $host = str_contains($this->host, ':') ? "[$this->host]" : $this->host;
        $stream = @stream_socket_client("tcp://$host:$this->port", $number, $text, self::CONNECT_S);
        if ($stream === false) {
            $this->end('it does not answer');

            return false;
        }
        stream_set_timeout($stream, self::ANSWER_S);
        $this->stream = $stream;
        try {
            if ($this->password !== '') {
                $this->exchange(['AUTH', $this->password]);
            }
        } catch (Failure $failure) {
            $this->end($failure->getMessage());

            return false;
        }

        return true;
    }

    private function end(string $why): void
    {
        $this->ended = true;
        $this->stream = null;
        error_log("wordpress: redis $this->host:$this->port: $why; pages go on without it");
        try {
            Files::cache(self::DOWN, (string) time());
        } catch (Failure) {
            // Only the next requests lose by it.
        }
    }

    /** @param list<string> $words */
    private function exchange(array $words): mixed
    {
        $text = '*' . count($words) . "\r\n";
        foreach ($words as $word) {
            $text .= '$' . strlen($word) . "\r\n$word\r\n";
        }
        for ($sent = 0; $sent < strlen($text); $sent += $count) {
            $count = @fwrite($this->stream, substr($text, $sent));
            if ($count === false || $count === 0) {
                throw new Failure('redis', 'the connection broke');
            }
        }

        return $this->answer();
    }

    private function answer(bool $isOne = false): mixed
    {
        $line = @fgets($this->stream, 1024);
        if ($line === false || !str_ends_with($line, "\r\n")) {
            throw new Failure('redis', 'it does not answer');
        }
        $rest = substr($line, 1, -2);

        return match ($line[0]) {
            '+' => $rest,
            ':' => (int) $rest,
            '$' => $rest === '-1' ? null : $this->bytes((int) $rest),
            '*' => $isOne ? throw self::nonsense() : $this->answers((int) $rest),
            default => throw new Failure('redis', 'it refuses: ' . strtok($rest, ' ')),
        };
    }

    /** @return list<mixed> */
    private function answers(int $count): array
    {
        if ($count < 0 || $count > self::MOST_VALUES) {
            throw self::nonsense();
        }
        $found = [];
        while (count($found) < $count) {
            $found[] = $this->answer(isOne: true);
        }

        return $found;
    }

    private static function nonsense(): Failure
    {
        return new Failure('redis', 'its answer is not one to what was asked');
    }

    private function bytes(int $count): string
    {
        if ($count > self::MOST_BYTES) {
            throw self::nonsense();
        }
        $text = $count < 0 ? false : @stream_get_contents($this->stream, $count + 2);
        if ($text === false || strlen($text) !== $count + 2) {
            throw new Failure('redis', 'the connection broke');
        }

        return substr($text, 0, -2);
    }
}
