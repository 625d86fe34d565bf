<?php

// The same in every site: what differs is in /run/wordpress/site.json.

use WordPressImage\Downloads;
use WordPressImage\Failure;
use WordPressImage\Page;
use WordPressImage\Request;
use WordPressImage\Site;

require_once '/usr/lib/wordpress-image/autoload.php';

(static function (): void {
    try {
        $site = Site::load();
    } catch (Failure $failure) {
        if (PHP_SAPI === 'cli') {
            throw $failure;
        }
        error_log('wordpress: ' . $failure->reason . ': ' . $failure->getMessage());
        Page::unavailable('This site is not configured yet.');
    }
    if (PHP_SAPI !== 'cli') {
        [$_SERVER, $to] = Request::settle($site, $_SERVER);
        if ($to !== '') {
            header('Location: ' . $to, true, 301);
            exit;
        }
    }
    $database = $site->database;
    $fixed = [
        'WP_HOME' => $site->url,
        'WP_SITEURL' => $site->url,
        'DB_NAME' => $database['name'],
        'DB_USER' => $database['user'],
        'DB_PASSWORD' => $database['password'],
        'DB_HOST' => $database['socket'] !== '' ? 'localhost:' . $database['socket'] : $database['host'] . ':' . $database['port'],
        'DB_CHARSET' => 'utf8mb4',
        'DB_COLLATE' => '',
        'WP_CONTENT_DIR' => '/usr/share/wordpress/wp-content',
        'WP_CONTENT_URL' => $site->url . '/wp-content',
        'WP_TEMP_DIR' => '/tmp',
        'FS_METHOD' => 'direct',
        'FORCE_SSL_ADMIN' => $site->forceSslAdmin(),
        'DISALLOW_FILE_EDIT' => true,
        'DISALLOW_FILE_MODS' => true,
        'AUTOMATIC_UPDATER_DISABLED' => true,
        'WP_AUTO_UPDATE_CORE' => false,
        'DISABLE_WP_CRON' => true,
        'WP_ALLOW_REPAIR' => false,
        'WP_DEBUG' => false,
        'WP_DEBUG_DISPLAY' => false,
        'WP_CACHE_KEY_SALT' => hash('sha256', $site->url . $database['name'] . $site->tablePrefix),
    ];
    if ($site->blocksEgress()) {
        $fixed['WP_HTTP_BLOCK_EXTERNAL'] = true;
        $fixed['WP_ACCESSIBLE_HOSTS'] = implode(',', $site->allowedHosts());
    }
    if (($downloads = Downloads::tree($site)) !== '') {
        $fixed['WP_PLUGIN_DIR'] = "$downloads/plugins";
    }
    if ($site->text('akismet_key') !== '') {
        $fixed['WPCOM_API_KEY'] = $site->text('akismet_key');
    }
    foreach ($fixed + $site->keys + $site->constants() as $name => $value) {
        defined($name) || define($name, $value);
    }
})();

$table_prefix = Site::load()->tablePrefix;

defined('ABSPATH') || define('ABSPATH', '/usr/share/wordpress/');

require_once ABSPATH . 'wp-settings.php';
