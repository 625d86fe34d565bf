<?php
/*
 * Plugin Name: Downloads of the image
 * Description: Themes that were downloaded beside those of the image. Downloaded plugins need nothing of this.
 */

declare(strict_types=1);

use WordPressImage\Downloads;
use WordPressImage\Site;

(static function (string $tree): void {
    if ($tree === '') {
        return;
    }
    register_theme_directory("$tree/themes");
    // WordPress keeps in the database where its themes are, but that is a fact of this disk.
    foreach (['template', 'stylesheet'] as $which) {
        add_filter("pre_option_{$which}_root", static fn (): string => Downloads::rootOf($tree, (string) get_option($which)));
    }
    add_filter('pre_site_transient_theme_roots', static function () use ($tree): array {
        $themes = array_map(basename(...), [...glob(WP_CONTENT_DIR . '/themes/*', GLOB_ONLYDIR), ...glob("$tree/themes/*", GLOB_ONLYDIR)]);

        return array_combine($themes, array_map(static fn (string $theme): string => Downloads::rootOf($tree, $theme), $themes));
    });
    add_filter('theme_root_uri', static fn (string $uri): string => $uri === "$tree/themes" ? content_url('themes') : $uri);
})(Downloads::tree(Site::load()));
