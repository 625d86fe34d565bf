<?php

declare(strict_types=1);

namespace WordPressImage;

/** Files that were deleted on one unit: the others hear of it by the database, and take their copies off their disks. */
final class Gone
{
    private const PREFIX = 'hoodoo_gone_';
    private const TOLD_S = 604800;
    private const PAUSE_S = 10;
    private const SEEN = 'gone-seen';

    /** @param list<string> $names below uploads */
    public static function tell(array $names): void
    {
        global $wpdb;
        // In order of time, because names of one length are.
        $name = sprintf('%s%013d_%s', self::PREFIX, (int) (microtime(true) * 1000), bin2hex(random_bytes(4)));
        $wpdb->insert($wpdb->options, ['option_name' => $name, 'option_value' => (string) json_encode($names), 'autoload' => 'no']);
        $over = sprintf('%s%013d', self::PREFIX, (time() - self::TOLD_S) * 1000);
        $old = "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s AND option_name < %s";
        $wpdb->query($wpdb->prepare($old, $wpdb->esc_like(self::PREFIX) . '%', $over));
    }

    /** Do on this disk what others did on theirs; looks no more often than every few seconds. */
    public static function follow(Storage $storage): void
    {
        global $wpdb;
        if (wp_installing()) {
            return;
        }
        [$looked, $last] = explode(' ', Files::cached(self::SEEN) ?? '', 2) + ['0', ''];
        $now = time();
        if ((int) $looked > $now - self::PAUSE_S) {
            return;
        }
        $ask = "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s AND option_name > %s ORDER BY option_name LIMIT 100";
        $rows = $wpdb->get_results($wpdb->prepare($ask, $wpdb->esc_like(self::PREFIX) . '%', $last)) ?: [];
        try {
            foreach ($rows as $row) {
                $told = intdiv((int) substr($row->option_name, strlen(self::PREFIX), 13), 1000);
                foreach ((array) json_decode($row->option_value, true) as $name) {
                    self::remove($storage, (string) $name, $told);
                }
                // What two units wrote at once may be seen in another order than it was written in.
                $last = $told < $now - 60 ? $row->option_name : $last;
            }
            Files::cache(self::SEEN, "$now $last");
        } catch (Failure $failure) {
            error_log('wordpress: object storage: deleted files: ' . $failure->getMessage());
        }
    }

    /** Never the only copy of what was saved under the same name since. */
    private static function remove(Storage $storage, string $name, int $told): void
    {
        $path = Storage::UPLOADS . $name;
        if (is_file($path) && !is_link($path) && filemtime($path) < $told && $storage->size($name) === null) {
            @unlink($path);
        }
    }
}
