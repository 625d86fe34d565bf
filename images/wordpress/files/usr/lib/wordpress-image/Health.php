<?php

declare(strict_types=1);

namespace WordPressImage;

/** The site seen from its database, without WordPress. */
final class Health
{
    private const WAIT_S = 2;

    /** @return array<string, mixed> */
    public static function look(Site $site): array
    {
        [$version, $codeSchema] = self::code();
        $link = Database::open($site, self::WAIT_S, self::WAIT_S);
        $schema = self::schema($link, $site);
        if ($schema === null) {
            throw new Failure('not-installed', 'the database holds no site yet');
        }

        return [
            'version' => $version,
            'db_version' => $schema,
            'code_db_version' => $codeSchema,
            'upgrade_needed' => $schema < $codeSchema,
        ];
    }

    /** The schema version a whole site has; null when there is none. */
    public static function schema(\mysqli $link, Site $site): ?int
    {
        $options = $link->query("SELECT option_value FROM `{$site->tablePrefix}options` WHERE option_name = 'db_version'");
        if ($options === false && $link->errno !== 1146) {
            throw Database::failure($site->database, $link->errno);
        }
        $users = $options === false ? false : $link->query("SELECT 1 FROM `{$site->tablePrefix}users` LIMIT 1");
        if ($users === false) {
            return null;
        }
        $row = $options->fetch_row();

        return $row === null || $users->num_rows === 0 ? null : (int) $row[0];
    }

    /** @return array{string, int} version and schema of the code in the image */
    public static function code(): array
    {
        require '/usr/share/wordpress/wp-includes/version.php';

        return [(string) $wp_version, (int) $wp_db_version];
    }
}
