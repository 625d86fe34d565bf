<?php

declare(strict_types=1);

namespace WordPressImage;

/** What stdin said; errors name the key and never the value. */
final class Input
{
    public function __construct(private readonly array $given)
    {
    }

    public function text(string $key): string
    {
        $value = $this->given[$key] ?? null;
        if (!is_string($value) || $value === '') {
            throw new Failure('bad-input', "$key has to be a text that is not empty");
        }

        return $value;
    }

    public function flag(string $key): bool
    {
        $value = $this->given[$key] ?? false;
        if (!in_array($value, [true, false, 1, 0], true)) {
            throw new Failure('bad-input', "$key has to be true or false");
        }

        return (bool) $value;
    }

    public function seconds(string $key): float
    {
        $value = $this->given[$key] ?? 0;
        if (!is_int($value) && !is_float($value)) {
            throw new Failure('bad-input', "$key has to be a number");
        }

        return (float) $value;
    }

    public function map(string $key): array
    {
        $value = $this->given[$key] ?? [];
        if (!is_array($value) || ($value !== [] && array_is_list($value))) {
            throw new Failure('bad-input', "$key has to be an object");
        }

        return $value;
    }

    /** @return list<string> */
    public function names(string $key, ?array $from = null): array
    {
        $value = ($from ?? $this->given)[$key] ?? [];
        if (!is_array($value) || array_filter($value, is_string(...)) !== $value) {
            throw new Failure('bad-input', "$key has to be a list of names");
        }

        return array_values($value);
    }

    public function name(string $key): string
    {
        $value = $this->given[$key] ?? '';
        if (!is_string($value)) {
            throw new Failure('bad-input', "$key has to be a name");
        }

        return $value;
    }
}
