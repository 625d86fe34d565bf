<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Failure;
use WordPressImage\Health;
use WordPressImage\Redis;
use WordPressImage\Verb;

final class Upgrade extends Verb
{
    private int $from = 0;

    private int $to = 0;

    public function begin(): bool
    {
        $dry = $this->input->flag('dry_run');
        if (!$dry) {
            $this->lock();
        }
        $this->needSite();
        $this->from = (int) Health::schema($this->link(), $this->site);
        $this->to = Health::code()[1];

        return !$dry && $this->from < $this->to;
    }

    public function before(): void
    {
        define('WP_INSTALLING', true);
        $this->isolate();
    }

    public function finish(): array
    {
        $needed = $this->from < $this->to;
        $upgraded = false;
        if ($needed && !$this->input->flag('dry_run')) {
            require_once ABSPATH . 'wp-admin/includes/upgrade.php';
            wp_upgrade();
            wp_cache_flush();
            Redis::forget($this->site);
            if ((int) get_option('db_version') !== $this->to) {
                throw new Failure('wordpress-error', 'the schema is still at ' . (int) get_option('db_version'));
            }
            $upgraded = true;
        }

        return [
            'from' => $this->from,
            'to' => $this->to,
            'upgraded' => $upgraded,
            'upgrade_needed' => $needed && !$upgraded,
        ];
    }
}
