<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Database;
use WordPressImage\Verb;

final class Ping extends Verb
{
    public function begin(): bool
    {
        return false;
    }

    public function finish(): array
    {
        return ['server' => Database::open($this->site, 3, 3)->server_info];
    }
}
