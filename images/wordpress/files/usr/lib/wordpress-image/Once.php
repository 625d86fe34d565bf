<?php

declare(strict_types=1);

namespace WordPressImage;

/** Names that one of all units has for a while: of two who want the same one gets it. */
final class Once
{
    private const PREFIX = 'hoodoo_once_';

    /** Take *what* for so many seconds; false when somebody has it. */
    public static function take(string $what, int $seconds): bool
    {
        global $wpdb;
        // Not transients: with Redis WordPress takes none of those that are over out of its table.
        $over = "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s AND CAST(option_value AS UNSIGNED) < %d";
        $wpdb->query($wpdb->prepare($over, $wpdb->esc_like(self::PREFIX) . '%', time()));
        // Nor add_option(), which would overwrite what another unit wrote a moment ago; the table's own key does not.
        $ask = "INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')";

        return $wpdb->query($wpdb->prepare($ask, self::name($what), (string) (time() + $seconds))) === 1;
    }

    /** Whoever wants *what* may have it. */
    public static function free(string $what): void
    {
        global $wpdb;
        $wpdb->delete($wpdb->options, ['option_name' => self::name($what)]);
    }

    private static function name(string $what): string
    {
        return self::PREFIX . substr(hash('sha256', $what), 0, 40);
    }
}
