<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Verb;

final class Cron extends Verb
{
    private const MOST_S = 300;

    public function begin(): bool
    {
        // Before WordPress reads the list: two who read it run everything on it twice.
        $this->lock('cron');
        $this->needSite();

        return true;
    }

    public function before(): void
    {
        define('DOING_CRON', true);
    }

    public function finish(): array
    {
        $ran = 0;
        $failed = [];
        $end = microtime(true) + self::MOST_S;
        foreach (wp_get_ready_cron_jobs() as $time => $hooks) {
            foreach ($hooks as $hook => $events) {
                foreach ($events as $event) {
                    if (microtime(true) > $end) {
                        break 3;
                    }
                    $ran += $this->run((int) $time, (string) $hook, $event, $failed);
                }
            }
        }

        return ['ran' => $ran, 'failed' => $failed];
    }

    private function run(int $time, string $hook, array $event, array &$failed): int
    {
        if ($event['schedule'] !== false) {
            wp_reschedule_event($time, $event['schedule'], $hook, $event['args']);
        }
        // Off the list first: what ends the process is not begun again and again.
        if (wp_unschedule_event($time, $hook, $event['args']) !== true) {
            return 0;
        }
        try {
            do_action_ref_array($hook, $event['args']);
        } catch (\Throwable $error) {
            fwrite(STDERR, "cron $hook: " . $error::class . ' at ' . $error->getFile() . ':' . $error->getLine() . "\n");
            $failed[] = $hook;
        }

        return 1;
    }
}
