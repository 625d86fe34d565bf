<?php
/*
 * Plugin Name: Object storage of the image
 * Description: Copies uploads to Swift or S3 when they are saved and deletes the copies with them.
 */

declare(strict_types=1);

use WordPressImage\Failure;
use WordPressImage\Gone;
use WordPressImage\Once;
use WordPressImage\Site;
use WordPressImage\Storage;

(static function (): void {
    $storage = Storage::of(Site::load());
    if ($storage === null || !$storage->is('copy', true)) {
        return;
    }
    $copied = [];
    $copy = static function (string $path) use ($storage, &$copied): void {
        clearstatcache(true, $path);
        $name = Storage::nameOf($path);
        $mark = $name . filemtime($path) . filesize($path);
        if ($name !== '' && !isset($copied[$mark])) {
            $storage->put($name);
            $copied[$mark] = true;
        }
    };
    // The files of an attachment: itself, its sizes, what it was before it was scaled or edited.
    $files = static function (int $id, array $metadata): array {
        $main = get_attached_file($id, true);
        if (!is_string($main) || $main === '') {
            return [];
        }
        $names = [basename($main), $metadata['original_image'] ?? ''];
        foreach ([$metadata['sizes'] ?? [], get_post_meta($id, '_wp_attachment_backup_sizes', true) ?: []] as $sizes) {
            foreach ($sizes as $size) {
                $names[] = $size['file'] ?? '';
            }
        }

        return array_map(static fn (string $name): string => dirname($main) . '/' . $name, array_unique(array_filter($names)));
    };
    $tell = static function (string $name, Failure $failure): string {
        error_log('wordpress: object storage: ' . $name . ': ' . $failure->getMessage());

        return sprintf('%s was not copied to the object storage: %s. The file is kept on this unit.', $name, $failure->getMessage());
    };

    add_filter('wp_handle_upload', static function (array $upload) use ($copy, $tell): array {
        try {
            $copy($upload['file']);
        } catch (Failure $failure) {
            return ['error' => $tell(basename($upload['file']), $failure)];
        }

        return $upload;
    }, 99);
    add_filter('wp_update_attachment_metadata', static function ($metadata, int $id) use ($copy, $files, $tell) {
        foreach (is_array($metadata) ? $files($id, $metadata) : [] as $path) {
            try {
                is_file($path) && $copy($path);
                delete_post_meta($id, '_hoodoo_not_copied', basename($path));
            } catch (Failure $failure) {
                $tell(basename($path), $failure);
                add_post_meta($id, '_hoodoo_not_copied', basename($path));
            }
        }

        return $metadata;
    }, 99, 2);
    add_filter('wp_generate_attachment_metadata', static function ($metadata, int $id) use ($storage, $copy, $files) {
        if (is_array($metadata) && $storage->is('remove_local', false)) {
            try {
                $present = array_filter($files($id, $metadata), is_file(...));
                array_map($copy, $present);
                array_map(unlink(...), $present);
            } catch (Failure) {
                // Told by the copy; what is here stays.
            }
        }

        return $metadata;
    }, 999, 2);
    add_action('delete_attachment', static function (int $id) use ($storage, $files, $tell): void {
        $names = array_filter(array_map(Storage::nameOf(...), $files($id, wp_get_attachment_metadata($id, true) ?: [])));
        foreach ($names as $name) {
            try {
                $storage->delete($name);
                Once::free("upload $name");
            } catch (Failure $failure) {
                $tell(basename($name), $failure);
            }
        }
        Gone::tell(array_values($names));
    });
    add_action('shutdown', static fn () => Gone::follow($storage));
    // What is edited may have been saved on another unit, or be in the storage alone.
    add_filter('load_image_to_edit_path', static function ($path) use ($storage, $tell) {
        $name = is_string($path) ? Storage::nameOf($path) : '';
        if ($name === '' || is_file($path)) {
            return $path;
        }
        try {
            $isHere = $storage->bring($name);
            if ($isHere && $storage->is('remove_local', false)) {
                register_shutdown_function(static fn () => @unlink($path));
            }
        } catch (Failure $failure) {
            error_log('wordpress: object storage: ' . $name . ': ' . $failure->getMessage());
        }

        return $path;
    });
    // Another unit may have saved a file of the same name, or may be about to.
    $mine = [];
    $isTaken = static function (string $name) use ($storage, &$mine): bool {
        if ($storage->size($name) !== null || is_file(Storage::UPLOADS . $name)) {
            return true;
        }

        return !($mine[$name] ??= Once::take("upload $name", 900));
    };
    add_filter('wp_unique_filename', static function (string $file, string $extension, string $folder) use ($isTaken): string {
        if (Storage::nameOf("$folder/$file") === '') {
            return $file;
        }
        try {
            $stem = substr($file, 0, strlen($file) - strlen($extension));
            for ($number = 1; $isTaken(Storage::nameOf("$folder/$file")); $number++) {
                $file = "$stem-$number$extension";
            }
        } catch (Failure) {
            // The copy will say why.
        }

        return $file;
    }, 10, 3);
    add_action('admin_notices', static function (): void {
        global $wpdb;
        $count = (int) $wpdb->get_var("SELECT COUNT(*) FROM {$wpdb->postmeta} WHERE meta_key = '_hoodoo_not_copied'");
        if ($count > 0 && get_current_screen()?->id === 'upload') {
            printf('<div class="notice notice-error"><p>%d files are not in the object storage yet; '
                . 'they are kept on the unit where they were saved (run media-sync there).</p></div>', $count);
        }
    });
})();
