<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Copy;
use WordPressImage\Failure;
use WordPressImage\Health;
use WordPressImage\Site;
use WordPressImage\Verb;

/** The upgrade of the schema, on a copy that is gone afterwards. */
final class Rehearse extends Verb
{
    private ?Copy $copy = null;

    private int $from = 0;

    private int $to = 0;

    /** @var array<string, string> */
    private array $before = [];

    /** @var array<string, mixed> */
    private array $told = [];

    private float $began = 0.0;

    public function begin(): bool
    {
        $this->lock('rehearsal');
        $this->needSite();
        $this->from = (int) Health::schema($this->link(), $this->site);
        $this->to = Health::code()[1];
        $this->copy = Copy::place($this->link(), $this->site);
        $this->began = microtime(true);
        $this->told = $this->copy->fill() + ['copy_s' => $this->seconds()];
        $this->before = $this->copy->definitions();
        $this->began = microtime(true);
        Site::pretend($this->copy->site);

        return true;
    }

    public function before(): void
    {
        define('WP_INSTALLING', true);
        $this->isolate();
    }

    public function finish(): array
    {
        global $wpdb, $EZSQL_ERROR;
        if ($wpdb->dbname !== $this->copy->site->database['name'] || $wpdb->prefix !== $this->copy->site->tablePrefix) {
            throw new Failure('wordpress-error', 'WordPress does not use the copy: nothing was upgraded');
        }
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $posts = (int) wp_count_posts()->publish;
        wp_upgrade();
        wp_cache_flush();
        $after = $this->copy->definitions();
        $reached = (int) get_option('db_version');
        $errors = array_column($EZSQL_ERROR ?? [], 'error_str');
        $this->told += [
            'upgrade_s' => $this->seconds(),
            'where' => $this->copy->hasDatabase() ? 'database' : 'prefix',
            'from' => $this->from,
            'to' => $this->to,
            'reached' => $reached,
            'upgrade_needed' => $this->from < $this->to,
            'changed_tables' => array_keys(array_diff_assoc($after, $this->before)),
            'lost_tables' => array_keys(array_diff_key($this->before, $after)),
            'lost_posts' => $posts - (int) wp_count_posts()->publish,
            // What is quoted may be somebody's own words.
            'errors' => array_values(array_unique(preg_replace("/'[^']*'/", "'...'", $errors))),
        ];
        $this->end();

        return $this->told + ['good' => $this->isGood()];
    }

    public function end(): void
    {
        $this->copy?->remove();
        $this->copy = null;
    }

    private function isGood(): bool
    {
        $told = $this->told;

        return $told['reached'] === $this->to && $told['lost_tables'] === [] && $told['lost_posts'] === 0 && $told['errors'] === [];
    }

    private function seconds(): float
    {
        return round(microtime(true) - $this->began, 2);
    }
}
