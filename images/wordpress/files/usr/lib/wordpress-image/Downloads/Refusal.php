<?php

declare(strict_types=1);

namespace WordPressImage\Downloads;

/** Why something is not fetched; nobody can do anything about what is only unreachable now. */
final class Refusal extends \RuntimeException
{
    public const UNREACHABLE = 'unreachable';
    public const UNKNOWN = 'unknown';
    public const DIFFERENT = 'different';
    public const UNSAFE = 'unsafe';

    public function __construct(public readonly string $reason, string $message)
    {
        parent::__construct($message);
    }
}
