<?php

declare(strict_types=1);

namespace WordPressImage;

/** Plugins and themes that the image does not have: whoever serves the site only reads them. */
final class Downloads
{
    public const FOLDER = '/var/lib/wordpress/downloads';
    public const KINDS = ['plugins', 'themes'];

    /** The folder of this site's plugins/ and themes/, empty when it has none. */
    public static function tree(Site $site): string
    {
        $name = $site->text('downloads');
        $path = self::FOLDER . "/trees/$name";

        return preg_match('/^[0-9a-f]{16}$/D', $name) && is_dir($path) ? $path : '';
    }

    /** WordPress's word for the folder that holds a theme: relative when it is the image's. */
    public static function rootOf(string $tree, string $theme): string
    {
        return $theme !== '' && is_dir("$tree/themes/$theme") ? "$tree/themes" : '/themes';
    }
}
