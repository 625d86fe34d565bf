<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Dump;
use WordPressImage\Redis;
use WordPressImage\Verb;

final class Import extends Verb
{
    public function begin(): bool
    {
        $this->input->text('path');
        $this->lock();

        return false;
    }

    public function finish(): array
    {
        $read = Dump::read($this->link(), $this->site->tablePrefix, $this->input->text('path'));
        Redis::forget($this->site);

        return $read;
    }
}
