<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Dump;
use WordPressImage\ObjectCache;
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
        ObjectCache::forget($this->site);

        return $read;
    }
}
