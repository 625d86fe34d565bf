<?php

declare(strict_types=1);

namespace WordPressImage;

/** An error with a code that callers act on; its message never holds a secret. */
final class Failure extends \RuntimeException
{
    public function __construct(public readonly string $reason, string $message)
    {
        parent::__construct($message);
    }
}
