<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Database;
use WordPressImage\Failure;
use WordPressImage\Site;
use WordPressImage\Verb;

final class AwaitDatabase extends Verb
{
    public function begin(): bool
    {
        return false;
    }

    public function finish(): array
    {
        $limit = $this->input->seconds('timeout_s');
        $end = microtime(true) + ($limit > 0 ? $limit : INF);
        $said = '';
        while (true) {
            try {
                return ['server' => Database::open(Site::fresh(), 3, 3)->server_info];
            } catch (Failure $failure) {
                if (microtime(true) > $end) {
                    throw $failure;
                }
                if ($failure->getMessage() !== $said) {
                    $said = $failure->getMessage();
                    fwrite(STDERR, $said . "\n");
                }
            }
            usleep(500_000);
        }
    }
}
